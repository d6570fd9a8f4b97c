// SPDX-License-Identifier: MIT
//
// resources.cpp: a library to be preloaded, that lets the n-th request of a program for a resource
// fail.
//
//     TORTURE_RESOURCE=     memory      malloc and what stands beside it: ENOMEM
//                           map         mmap: ENOMEM
//                           thread      pthread_create: EAGAIN
//                           descriptor  open: EMFILE
//                           meta        a write through to the disk (O_DSYNC), as of a meta page:
//                           EIO
//     TORTURE_AT=N          which request, from 1; without it all are only counted
//     TORTURE_MANY=M        so many in a row; by default one
//     TORTURE_REPORT=FILE   gets "request N" when one fails, and "count N" at exit
//
// Nothing is counted before the program calls torture_plan_on(), nor after torture_plan_off().
// Threads: any; requests are numbered in the order in which they come.
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
}

namespace {

enum class resource { none, memory, map, thread, descriptor, meta };

std::atomic<resource> wanted{resource::none};
std::atomic<long> requests{0};
long first = 0;
long last = 0;
char const* report = nullptr;
constexpr int descriptors_most = 4096;
std::atomic<bool> writes_through[descriptors_most];

// By bare system calls: nothing here may ask for memory.
void tell(char const* what, long number) {
    if (report == nullptr) return;
    char line[64];
    int const size = std::snprintf(line, sizeof line, "%s %ld\n", what, number);
    long const file = ::syscall(SYS_openat, AT_FDCWD, report, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (file < 0) return;
    ::syscall(SYS_write, file, line, static_cast<std::size_t>(size));
    ::syscall(SYS_close, file);
}

// Counts the request and says whether it fails.
bool fails(resource kind) {
    if (wanted.load(std::memory_order_relaxed) != kind) return false;
    long const number = ++requests;
    if (number < first || number > last) return false;
    if (number == first) tell("request", number);
    return true;
}

template <class Function>
Function real(char const* name) {
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

struct count_at_exit {
    ~count_at_exit() {
        if (requests > 0) tell("count", requests.load());
    }
} const counter_at_exit;

int open_call(char const* path, int flags, mode_t mode) {
    static auto const call = real<int (*)(int, char const*, int, ...)>("openat");
    if (fails(resource::descriptor)) {
        errno = EMFILE;
        return -1;
    }
    int const made = call(AT_FDCWD, path, flags, mode);
    if (made >= 0 && made < descriptors_most) writes_through[made] = (flags & O_DSYNC) != 0;
    return made;
}

mode_t mode_in(int flags, va_list rest) {
    return (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
}

}  // namespace

extern "C" {

void torture_plan_off() { wanted = resource::none; }

void torture_plan_on() {
    constexpr std::string_view names[] = {"none", "memory", "map", "thread", "descriptor", "meta"};
    char const* const name = ::getenv("TORTURE_RESOURCE");
    char const* const at = ::getenv("TORTURE_AT");
    char const* const many = ::getenv("TORTURE_MANY");
    report = ::getenv("TORTURE_REPORT");
    first = at == nullptr ? 0 : std::atol(at);
    last = first == 0 ? -1 : first + (many == nullptr ? 1 : std::atol(many)) - 1;
    requests = 0;
    for (int i = 0; name != nullptr && i < 6; ++i)
        if (names[i] == name) wanted = static_cast<resource>(i);
}

void* malloc(std::size_t size) {
    if (!fails(resource::memory)) return __libc_malloc(size);
    errno = ENOMEM;
    return nullptr;
}
void* calloc(std::size_t count, std::size_t size) {
    if (!fails(resource::memory)) return __libc_calloc(count, size);
    errno = ENOMEM;
    return nullptr;
}
void* realloc(void* old, std::size_t size) {
    if (!fails(resource::memory)) return __libc_realloc(old, size);
    errno = ENOMEM;
    return nullptr;
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    if (!fails(resource::memory)) return __libc_memalign(alignment, size);
    errno = ENOMEM;
    return nullptr;
}
int posix_memalign(void** to, std::size_t alignment, std::size_t size) {
    if (fails(resource::memory)) return ENOMEM;
    *to = __libc_memalign(alignment, size);
    return *to == nullptr ? ENOMEM : 0;
}

void* mmap(void* at, std::size_t size, int rights, int flags, int file, off_t offset) {
    static auto const call = real<void* (*)(void*, std::size_t, int, int, int, off_t)>("mmap");
    if (!fails(resource::map)) return call(at, size, rights, flags, file, offset);
    errno = ENOMEM;
    return MAP_FAILED;
}
void* mmap64(void* at, std::size_t size, int rights, int flags, int file, off_t offset) {
    return mmap(at, size, rights, flags, file, offset);
}

int pthread_create(pthread_t* made, pthread_attr_t const* how, void* (*run)(void*), void* with) {
    static auto const call =
        real<int (*)(pthread_t*, pthread_attr_t const*, void* (*)(void*), void*)>("pthread_create");
    return fails(resource::thread) ? EAGAIN : call(made, how, run, with);
}

int open(char const* path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t const mode = mode_in(flags, rest);
    va_end(rest);
    return open_call(path, flags, mode);
}
int open64(char const* path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t const mode = mode_in(flags, rest);
    va_end(rest);
    return open_call(path, flags, mode);
}

ssize_t pwrite(int descriptor, void const* from, std::size_t size, off_t at) {
    static auto const call = real<ssize_t (*)(int, void const*, std::size_t, off_t)>("pwrite");
    bool const through =
        descriptor >= 0 && descriptor < descriptors_most && writes_through[descriptor];
    if (!through || !fails(resource::meta)) return call(descriptor, from, size, at);
    errno = EIO;
    return -1;
}
ssize_t pwrite64(int descriptor, void const* from, std::size_t size, off_t at) {
    return pwrite(descriptor, from, size, at);
}

}  // extern "C"

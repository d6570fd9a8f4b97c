// SPDX-License-Identifier: MIT
//
// faults.cpp: a library to be preloaded, that counts the system calls a program makes on the files
// of one directory and lets the n-th of them go wrong.
//
//     TORTURE_UNDER=DIR     calls on paths that begin so, and on descriptors opened on them, count
//     TORTURE_AT=N          which call goes wrong, from 1; without it all are only counted
//     TORTURE_KIND=         kill    dies before the call
//                           torn    dies after a part of a write (before any other call)
//                           eio     the call fails with EIO and does nothing
//                           enospc  ... with ENOSPC
//                           late    the call is done and then said to have failed with EIO
//                           short   a write writes a part and says so (other calls: eio)
//                           sticky  eio from that call on, every call
//                           dying   late, and from then on eio, every call
//                           lie     from that call on syncs do nothing and say they did
//                           lose    a write does nothing and says it did
//     TORTURE_PART=P        how much of a torn or short write is done, in 1/256
//     TORTURE_REPORT=FILE   gets "call N NAME" when one goes wrong, and "count N" at exit
//
// A program that forks for each of its runs (batch.hpp) calls torture_plan_anew() when the child's
// environment is set. A program that is run with it may also call torture_outage(1): until
// torture_outage(0) every write to a data.mdb fails with ENOSPC, beside the one call that goes
// wrong, and is not counted.
//
// `lie` and `lose` are no faults of a machine that keeps its word: with them the battery shows that
// it sees a loss.
// Calls that reading a map makes in the kernel cannot be met here.
// Threads: any; calls are numbered in the order in which they come.
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

enum class fault { none, kill, torn, eio, enospc, late, short_write, sticky, dying, lie, lose };

struct plan {
    std::string_view under{};
    long at = 0;
    fault kind = fault::none;
    unsigned part = 128;
    char const* report = nullptr;
};

fault fault_named(std::string_view name) {
    constexpr std::string_view names[] = {"none",  "kill",   "torn",  "eio", "enospc", "late",
                                          "short", "sticky", "dying", "lie", "lose"};
    for (int i = 0; i < 11; ++i)
        if (names[i] == name) return static_cast<fault>(i);
    return fault::none;
}

plan read_plan() {
    plan made;
    auto const text = [](char const* name) -> char const* {
        char const* const value = ::getenv(name);
        return value == nullptr ? "" : value;
    };
    made.under = text("TORTURE_UNDER");
    made.at = std::atol(text("TORTURE_AT"));
    made.kind = made.at > 0 ? fault_named(text("TORTURE_KIND")) : fault::none;
    if (*text("TORTURE_PART") != '\0')
        made.part = static_cast<unsigned>(std::atol(text("TORTURE_PART"))) & 255U;
    if (*text("TORTURE_REPORT") != '\0') made.report = text("TORTURE_REPORT");
    return made;
}

plan& the_plan() {
    static plan made = read_plan();
    return made;
}

constexpr int descriptors_most = 4096;
std::atomic<bool> watched[descriptors_most];
std::atomic<bool> is_data[descriptors_most];
std::atomic<long> calls{0};
std::atomic<bool> outage{false};

bool meets_outage(int descriptor) {
    return outage && descriptor >= 0 && descriptor < descriptors_most && is_data[descriptor];
}

bool is_watched(int descriptor) {
    return descriptor >= 0 && descriptor < descriptors_most && watched[descriptor];
}
bool is_watched(char const* path) {
    auto const under = the_plan().under;
    return path != nullptr && !under.empty() && std::string_view(path).starts_with(under);
}
void watch(int descriptor, bool on, bool data = false) {
    if (descriptor < 0 || descriptor >= descriptors_most) return;
    watched[descriptor] = on;
    is_data[descriptor] = on && data;
}

// By bare system calls: nothing here may meet itself.
void report_line(char const* format, long number, char const* name) {
    if (the_plan().report == nullptr) return;
    char line[128];
    int const size = std::snprintf(line, sizeof line, format, number, name);
    long const file =
        ::syscall(SYS_openat, AT_FDCWD, the_plan().report, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (file < 0) return;
    ::syscall(SYS_write, file, line, static_cast<std::size_t>(size));
    ::syscall(SYS_close, file);
}

struct count_at_exit {
    ~count_at_exit() { report_line("count %ld%s\n", calls.load(), ""); }
} const counter_at_exit;

// Counts the call and says what shall become of it.
fault next(char const* name) {
    plan const& how = the_plan();
    long const number = ++calls;
    bool const on = how.kind == fault::sticky || how.kind == fault::dying || how.kind == fault::lie;
    if (how.kind == fault::none || number < how.at || (number > how.at && !on)) return fault::none;
    if (number == how.at) report_line("call %ld %s\n", number, name);
    if (how.kind == fault::kill) ::raise(SIGKILL);
    if (how.kind == fault::dying) return number == how.at ? fault::late : fault::eio;
    return how.kind;
}

int failure_of(fault kind) { return kind == fault::enospc ? ENOSPC : EIO; }

// How much of a write is done where it is not done whole.
std::size_t part_of(std::size_t size) { return size * the_plan().part / 256; }

template <class Function>
Function real(char const* name) {
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

// do_call(): the call itself. For calls that are no writes: what a part of them would be is none.
template <class Call>
auto other_call(char const* name, bool counted, Call do_call) -> decltype(do_call()) {
    using value = decltype(do_call());
    switch (counted ? next(name) : fault::none) {
    case fault::none:
    case fault::lie:
    case fault::lose: return do_call();
    case fault::kill:
    case fault::torn: ::raise(SIGKILL); return do_call();
    case fault::late:
        if (auto const done = do_call(); done < value{0}) return done;
        errno = EIO;
        return static_cast<value>(-1);
    case fault::enospc:
        // Only calls that may need room know this error; the rest would be tested for nothing.
        errno = ENOSPC;
        return static_cast<value>(-1);
    case fault::eio:
    case fault::short_write:
    case fault::dying:
    case fault::sticky: break;
    }
    errno = EIO;
    return static_cast<value>(-1);
}

// Syncs can also be lied about.
template <class Call>
int sync_call(char const* name, bool counted, Call do_call) {
    plan const& how = the_plan();
    if (counted && how.kind == fault::lie && calls.load() + 1 >= how.at) {
        (void)next(name);
        return 0;
    }
    return other_call(name, counted, do_call);
}

// do_write(bytes): writes that many of them.
template <class Write>
ssize_t write_call(char const* name, bool counted, std::size_t size, Write do_write) {
    fault const kind = counted ? next(name) : fault::none;
    switch (kind) {
    case fault::none:
    case fault::lie: return do_write(size);
    case fault::lose: return static_cast<ssize_t>(size);
    case fault::kill:
    case fault::torn:
        (void)do_write(part_of(size));
        ::raise(SIGKILL);
        return -1;
    case fault::short_write:
        if (part_of(size) > 0) return do_write(part_of(size));
        break;
    case fault::late: (void)do_write(size); break;
    case fault::eio:
    case fault::enospc:
    case fault::dying:
    case fault::sticky: break;
    }
    errno = failure_of(kind);
    return -1;
}

int no_room() {
    errno = ENOSPC;
    return -1;
}

int open_call(char const* name, char const* path, int flags, mode_t mode, int directory) {
    using function = int (*)(int, char const*, int, ...);
    static auto const call = real<function>("openat");
    bool const ours = is_watched(path);
    int const made = other_call(name, ours, [&] { return call(directory, path, flags, mode); });
    watch(made, ours, ours && std::string_view(path).ends_with("/data.mdb"));
    return made;
}

}  // namespace

extern "C" {

void torture_outage(int on) { outage = on != 0; }

void torture_plan_anew() {
    the_plan() = read_plan();
    calls = 0;
}

int open(char const* path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t const mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open_call("open", path, flags, mode, AT_FDCWD);
}
int open64(char const* path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t const mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return open_call("open", path, flags, mode, AT_FDCWD);
}
int close(int descriptor) {
    static auto const call = real<int (*)(int)>("close");
    watch(descriptor, false);
    return call(descriptor);
}

ssize_t pread(int descriptor, void* to, std::size_t size, off_t at) {
    static auto const call = real<ssize_t (*)(int, void*, std::size_t, off_t)>("pread");
    return other_call("pread", is_watched(descriptor),
                      [&] { return call(descriptor, to, size, at); });
}
ssize_t pread64(int descriptor, void* to, std::size_t size, off_t at) {
    return pread(descriptor, to, size, at);
}
ssize_t pwrite(int descriptor, void const* from, std::size_t size, off_t at) {
    if (meets_outage(descriptor)) return no_room();
    static auto const call = real<ssize_t (*)(int, void const*, std::size_t, off_t)>("pwrite");
    return write_call("pwrite", is_watched(descriptor), size,
                      [&](std::size_t part) { return call(descriptor, from, part, at); });
}
ssize_t pwrite64(int descriptor, void const* from, std::size_t size, off_t at) {
    return pwrite(descriptor, from, size, at);
}
ssize_t write(int descriptor, void const* from, std::size_t size) {
    if (meets_outage(descriptor)) return no_room();
    static auto const call = real<ssize_t (*)(int, void const*, std::size_t)>("write");
    return write_call("write", is_watched(descriptor), size,
                      [&](std::size_t part) { return call(descriptor, from, part); });
}
ssize_t writev(int descriptor, iovec const* pieces, int count) {
    if (meets_outage(descriptor)) return no_room();
    static auto const call = real<ssize_t (*)(int, iovec const*, int)>("writev");
    std::size_t size = 0;
    for (int i = 0; i < count; ++i) size += pieces[i].iov_len;
    return write_call("writev", is_watched(descriptor), size, [&](std::size_t part) -> ssize_t {
        if (part == size) return call(descriptor, pieces, count);
        static auto const write_one = real<ssize_t (*)(int, void const*, std::size_t)>("write");
        ssize_t done = 0;
        for (int i = 0; i < count && part > 0; ++i) {
            std::size_t const piece = pieces[i].iov_len < part ? pieces[i].iov_len : part;
            if (write_one(descriptor, pieces[i].iov_base, piece) < 0) return -1;
            done += static_cast<ssize_t>(piece);
            part -= piece;
        }
        return done;
    });
}

int fsync(int descriptor) {
    static auto const call = real<int (*)(int)>("fsync");
    return sync_call("fsync", is_watched(descriptor), [&] { return call(descriptor); });
}
int fdatasync(int descriptor) {
    static auto const call = real<int (*)(int)>("fdatasync");
    return sync_call("fdatasync", is_watched(descriptor), [&] { return call(descriptor); });
}
int ftruncate(int descriptor, off_t size) {
    if (meets_outage(descriptor)) return no_room();
    static auto const call = real<int (*)(int, off_t)>("ftruncate");
    return other_call("ftruncate", is_watched(descriptor), [&] { return call(descriptor, size); });
}
int ftruncate64(int descriptor, off_t size) { return ftruncate(descriptor, size); }
int fallocate(int descriptor, int mode, off_t at, off_t size) {
    if (meets_outage(descriptor)) return no_room();
    static auto const call = real<int (*)(int, int, off_t, off_t)>("fallocate");
    return other_call("fallocate", is_watched(descriptor),
                      [&] { return call(descriptor, mode, at, size); });
}
int fallocate64(int descriptor, int mode, off_t at, off_t size) {
    return fallocate(descriptor, mode, at, size);
}
int rename(char const* from, char const* to) {
    static auto const call = real<int (*)(char const*, char const*)>("rename");
    return other_call("rename", is_watched(from), [&] { return call(from, to); });
}
int mkdir(char const* path, mode_t mode) {
    static auto const call = real<int (*)(char const*, mode_t)>("mkdir");
    return other_call("mkdir", is_watched(path), [&] { return call(path, mode); });
}
int mknod(char const* path, mode_t mode, dev_t device) {
    static auto const call = real<int (*)(char const*, mode_t, dev_t)>("mknod");
    return other_call("mknod", is_watched(path), [&] { return call(path, mode, device); });
}
int unlink(char const* path) {
    static auto const call = real<int (*)(char const*)>("unlink");
    return other_call("unlink", is_watched(path), [&] { return call(path); });
}
int rmdir(char const* path) {
    static auto const call = real<int (*)(char const*)>("rmdir");
    return other_call("rmdir", is_watched(path), [&] { return call(path); });
}

}  // extern "C"

// SPDX-License-Identifier: MIT
//
// clock.cpp: a library to be preloaded, whose wall clock is off by so many seconds as the file
// TORTURE_CLOCK says (eight bytes, a signed number in the machine's order), from one moment to the
// next. Clocks that only go forward are left alone.
// Threads: any.
#include <cstdint>
#include <cstdlib>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

namespace {

std::int64_t const volatile* map_file() {
    static std::int64_t const none = 0;
    char const* const path = ::getenv("TORTURE_CLOCK");
    int const file = path == nullptr ? -1 : ::open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return &none;
    void* const made = ::mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, file, 0);
    ::close(file);
    return made == MAP_FAILED ? &none : static_cast<std::int64_t const*>(made);
}

time_t off_by() {
    static std::int64_t const volatile* const seconds = map_file();
    return static_cast<time_t>(*seconds);
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* to) {
    int const failed = static_cast<int>(::syscall(SYS_clock_gettime, clock, to));
    bool const wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
    if (failed == 0 && wall) to->tv_sec += off_by();
    return failed;
}
int gettimeofday(timeval* to, void*) {
    timespec now{};
    int const failed = clock_gettime(CLOCK_REALTIME, &now);
    *to = {now.tv_sec, now.tv_nsec / 1000};
    return failed;
}
time_t time(time_t* to) {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    if (to != nullptr) *to = now.tv_sec;
    return now.tv_sec;
}

}  // extern "C"

// SPDX-License-Identifier: MIT
//
// process_safety.cpp: a ledger inside somebody else's process: too few threads, signals, forks, and
// little address space.
#include <aiaudit/alerts.hpp>
#include <aiaudit/ledger.hpp>

#include "engine/support/child_process.hpp"
#include "engine/support/ledger_testing.hpp"
#include "engine/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(process_safety)

using namespace aiaudit;
using namespace aiaudit_tests;

namespace {

constexpr std::uint64_t mib = std::uint64_t{1} << 20;

std::uint64_t address_space_in_use() {
    std::uint64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// For the process, from now on.
void limit_address_space(std::uint64_t further_bytes) {
    rlimit limit{};
    ::getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = address_space_in_use() + further_bytes;
    ::setrlimit(RLIMIT_AS, &limit);
}
void lift_address_space_limit() {
    rlimit limit{};
    ::getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_AS, &limit);
}

// The process can begin so many threads more.
void limit_threads(unsigned count) {
    constexpr std::size_t stack = 512 * mib;
    pthread_attr_t large;
    ::pthread_attr_init(&large);
    ::pthread_attr_setstacksize(&large, stack);
    ::pthread_setattr_default_np(&large);
    ::pthread_attr_destroy(&large);
    limit_address_space(count * stack + stack / 2);
}

// 0: opening says no_thread, and once there are threads it works.
int open_with_threads(unsigned count, std::string const& path) {
    limit_threads(count);
    auto const refused = ledger::open({.path = path, .map_bytes = 16 * mib});
    lift_address_space_limit();
    if (refused) return 1;
    if (refused.error().code != errc::no_thread) return 2;
    auto opened = ledger::open({.path = path});
    if (!opened) return 3;
    return opened->append(sample(0)).has_value() ? 0 : 4;
}

// The same as another user, who may have so many processes.
int open_as_nobody(rlim_t processes, std::string const& path) {
    constexpr uid_t nobody = 65534;
    rlimit const most{processes, processes};
    if (::setrlimit(RLIMIT_NPROC, &most) != 0 || ::setuid(nobody) != 0) return 10;
    auto const refused = ledger::open({.path = path});
    if (refused) return 1;
    return refused.error().code == errc::no_thread ? 0 : 2;
}

// 0: the ledger opens by itself, rotates, and every segment can be read.
int open_with_address_space(std::uint64_t further_bytes, std::string const& path) {
    limit_address_space(further_bytes);
    auto log = ledger::open({.path = path});
    if (!log) return 1;
    for (int i = 0; i < 20; ++i) {
        if (!log->append(sample(i)) || !log->rotate()) return 2;
    }
    int count = 0;
    auto const read = log->read(sequence{1}, [&count](sequence, record&&) { return ++count > 0; });
    return read && count == 20 && log->report({}).has_value() ? 0 : 3;
}

// 0: a map that is too large says what can be done.
int open_too_large(std::string const& path) {
    limit_address_space(1024 * mib);
    auto const refused = ledger::open({.path = path, .map_bytes = 4096 * mib});
    if (refused || refused.error().code != errc::storage_failed) return 1;
    return refused.error().where.find("map_bytes of ledger_options") != std::string::npos ? 0 : 2;
}

// 0: a reader whose map is small follows a log that outgrows it, or says why it cannot.
int follow_larger_map(std::string const& path) {
    auto log = ledger::open({.path = path, .read_only = true, .map_bytes = mib});
    if (!log) return 1;
    auto const write = [&path] {
        auto large = ledger::open({.path = path});
        if (!large) return 1;
        for (int i = 0; i < 40'000; ++i) {
            record entry = sample(i);
            entry.tags = {{"padding", std::to_string(i * 7919) + std::string(200, 'x')}};
            if (!large->append(entry, durability::relaxed)) return 2;
        }
        return large->flush().has_value() ? 0 : 3;
    };
    if (int const failed = run_in_child(write); failed != 0) return 10 + failed;
    limit_address_space(2048 * mib);
    auto const last = log->last_sequence();
    return last && value_of(*last) == 40'000 ? 0 : 2;
}

// The signals that a thread of this process blocks, by number.
std::uint64_t blocked_signals(std::filesystem::path const& task) {
    std::ifstream status(task / "status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("SigBlk:")) return std::stoull(line.substr(7), nullptr, 16);
    }
    return 0;
}

// All signals but those that cannot be blocked, are the C library's, or say that a thread failed.
std::uint64_t signals_of_applications() {
    std::uint64_t all = ~std::uint64_t{0};
    for (int const each :
         {SIGKILL, SIGSTOP, 32, 33, 34, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS})
        all &= ~(std::uint64_t{1} << (each - 1));
    return all;
}

// 0: every thread but the first blocks what an application may want to have.
int check_signal_masks(unsigned threads_least) {
    unsigned threads = 0;
    for (auto const& each : std::filesystem::directory_iterator("/proc/self/task")) {
        if (each.path().filename() == std::to_string(::getpid())) continue;
        ++threads;
        std::uint64_t const wanted = signals_of_applications();
        if ((blocked_signals(each.path()) & wanted) != wanted) return 20;
    }
    return threads >= threads_least ? 0 : 21;
}

// 0: a SIGTERM that the first thread blocks waits for it.
int receive_signal() {
    sigset_t term;
    ::sigemptyset(&term);
    ::sigaddset(&term, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &term, nullptr);
    ::kill(::getpid(), SIGTERM);
    timespec const most{5, 0};
    return ::sigtimedwait(&term, nullptr, &most) == SIGTERM ? 0 : 30;
}

}  // namespace

BOOST_AUTO_TEST_CASE(opening_without_a_thread_is_an_error) {
    for (unsigned const count : {0U, 1U}) {
        temporary_directory const directory;
        int const status =
            run_in_child([&] { return open_with_threads(count, directory / "ledger"); });
        BOOST_TEST(status == 0, "with " << count << " threads: " << status);
    }
}

BOOST_AUTO_TEST_CASE(opening_at_the_limit_of_processes_is_an_error) {
    if (::geteuid() != 0) {
        BOOST_TEST_MESSAGE("not run: only root can become a user without processes");
        return;
    }
    for (rlim_t const processes : {rlim_t{1}, rlim_t{2}}) {
        temporary_directory const directory;
        std::filesystem::permissions(directory.path(), std::filesystem::perms::all);
        int const status =
            run_in_child([&] { return open_as_nobody(processes, directory / "ledger"); });
        BOOST_TEST(status == 0, "with " << processes << " processes: " << status);
    }
}

BOOST_AUTO_TEST_CASE(a_ledger_opens_where_address_space_is_short) {
    for (std::uint64_t const further : {1024 * mib, 4096 * mib, 65'536 * mib}) {
        temporary_directory const directory;
        int const status =
            run_in_child([&] { return open_with_address_space(further, directory / "ledger"); });
        BOOST_TEST(status == 0, further << " bytes: " << status);
    }
}

BOOST_AUTO_TEST_CASE(a_map_that_does_not_fit_names_the_option) {
    temporary_directory const directory;
    BOOST_TEST(run_in_child([&] { return open_too_large(directory / "ledger"); }) == 0);
}

BOOST_AUTO_TEST_CASE(a_small_map_follows_a_process_with_a_larger_one) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    BOOST_REQUIRE(ledger::open({.path = path}).has_value());
    BOOST_TEST(run_in_child([&] { return follow_larger_map(path); }) == 0);
}

BOOST_AUTO_TEST_CASE(threads_of_the_ledger_leave_signals_to_the_application) {
    temporary_directory const directory;
    int const status = run_in_child([&] {
        auto log = ledger::open({.path = directory / "ledger"});
        if (!log) return 1;
        auto watch = alert_watch::open(*log, {});
        if (!watch) return 2;
        int const masks = check_signal_masks(3);
        return masks != 0 ? masks : receive_signal();
    });
    BOOST_TEST(status == 0);
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: MIT
//
// process_safety.cpp: a ledger inside somebody else's process: too few threads, signals, forks, and
// little address space.
#include <aiaudit/alerts.hpp>
#include <aiaudit/ledger.hpp>
#include <aiaudit/storage/process_lock.hpp>

#include "engine/support/ledger_testing.hpp"
#include "engine/support/process_limits.hpp"
#include "engine/support/signal_masks.hpp"
#include "engine/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(process_safety)

using namespace aiaudit;
using namespace aiaudit_tests;

namespace {

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

// 0: opening says why it cannot, or works; and it works once there is more of what was short.
int open_where_short(std::string const& path, ledger_options with) {
    with.path = path;
    {
        auto log = ledger::open(with);
        if (!log && log.error().message().empty()) return 1;
        if (log && !log->probe()) return 2;
    }
    lift_address_space_limit();
    lift_descriptor_limit();
    auto log = ledger::open(with);
    return log && log->append(sample(0)) ? 0 : 3;
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

// 0: every member of a parent's ledger says that it is closed; else which does not.
int use_ledger_of_parent(ledger& log, ticket const& pending) {
    record intent = sample(1);
    intent.kind = record_kind::intent;
    intent.attempt = 1;
    int number = 0;
    for (bool const closed : {
             is_closed(log.append(sample(1))),
             is_closed(log.append(sample(1), durability::relaxed)),
             is_closed(log.enqueue(sample(1))),
             is_closed(log.wait(pending)),
             is_closed(log.admit(intent)),
             is_closed(log.set_budget({.name = "b", .limit = 1})),
             is_closed(log.remove_budget("b")),
             is_closed(log.budgets()),
             is_closed(log.budget_states()),
             is_closed(log.open_reservations()),
             is_closed(log.reconcile({})),
             is_closed(log.take_crossings()),
             is_closed(log.append_once(sample(1))),
             is_closed(log.alerts([](detail::alert_book const&) { return 0; })),
             is_closed(log.flush()),
             is_closed(log.probe()),
             is_closed(log.report({})),
             is_closed(log.spent_today()),
             is_closed(log.last_sequence()),
             is_closed(log.first_sequence()),
             is_closed(log.read(sequence{1}, [](sequence, record&&) { return true; })),
             is_closed(log.rotate()),
             is_closed(log.save()),
         }) {
        ++number;
        if (!closed) return number;
    }
    static_cast<void>(log.has_budgets());
    return log.bytes_on_disk() == 0 ? 0 : number + 1;
}

}  // namespace

BOOST_AUTO_TEST_CASE(opening_without_a_thread_is_an_error) {
    for (unsigned const count : {0U, 1U}) {
        temporary_directory const directory;
        int const status =
            run_in_hasty_child([&] { return open_with_threads(count, directory / "ledger"); });
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
            run_in_hasty_child([&] { return open_as_nobody(processes, directory / "ledger"); });
        BOOST_TEST(status == 0, "with " << processes << " processes: " << status);
    }
}

BOOST_AUTO_TEST_CASE(a_ledger_opens_where_address_space_is_short) {
    for (std::uint64_t const further : {1024 * mib, 4096 * mib, 65'536 * mib}) {
        temporary_directory const directory;
        int const status = run_in_hasty_child(
            [&] { return open_with_address_space(further, directory / "ledger"); });
        BOOST_TEST(status == 0, further << " bytes: " << status);
    }
}

// At every place at which opening needs one.
BOOST_AUTO_TEST_CASE(opening_without_a_descriptor_is_an_error) {
    for (bool const is_there : {false, true}) {
        for (rlim_t descriptors = 0; descriptors < 40; ++descriptors) {
            temporary_directory const directory;
            auto const path = directory / "ledger";
            if (is_there) BOOST_REQUIRE(ledger::open({.path = path}).has_value());
            int const status = run_in_hasty_child([&] {
                limit_descriptors(descriptors);
                return open_where_short(path, {});
            });
            BOOST_TEST(status == 0, descriptors << " descriptors: " << status);
        }
    }
}

// The map, the sums of what is in the log, the stacks of the threads: whichever comes first.
BOOST_AUTO_TEST_CASE(opening_without_memory_is_an_error) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    {
        auto log = ledger::open({.path = path}).value();
        for (int i = 0; i < 3000; ++i) {
            record entry = sample(i);
            entry.user = std::string(6000, 'u') + std::to_string(i);
            BOOST_REQUIRE(log.append(entry, durability::relaxed).has_value());
        }
        BOOST_REQUIRE(log.flush().has_value());
    }
    for (std::uint64_t further = mib; further < 96 * mib; further += 2 * mib) {
        int const status = run_in_hasty_child([&] {
            limit_memory(further);
            return open_where_short(path, {.map_bytes = 16 * mib});
        });
        BOOST_TEST(status == 0, further << " bytes more: " << status);
    }
}

BOOST_AUTO_TEST_CASE(a_map_that_does_not_fit_names_the_option) {
    temporary_directory const directory;
    BOOST_TEST(run_in_hasty_child([&] { return open_too_large(directory / "ledger"); }) == 0);
}

BOOST_AUTO_TEST_CASE(a_small_map_follows_a_process_with_a_larger_one) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    BOOST_REQUIRE(ledger::open({.path = path}).has_value());
    BOOST_TEST(run_in_hasty_child([&] { return follow_larger_map(path); }) == 0);
}

BOOST_AUTO_TEST_CASE(threads_of_the_ledger_leave_signals_to_the_application) {
    temporary_directory const directory;
    int const status = run_in_hasty_child([&] {
        auto log = ledger::open({.path = directory / "ledger"});
        if (!log) return 1;
        auto watch = alert_watch::open(*log, {});
        if (!watch) return 2;
        int const masks = check_signal_masks(3);
        return masks != 0 ? masks : receive_signal();
    });
    BOOST_TEST(status == 0);
}

BOOST_AUTO_TEST_CASE(a_forked_child_is_told_that_the_ledger_is_closed) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    std::optional<ledger> log(ledger::open({.path = path}).value());
    BOOST_REQUIRE(log->append(sample(0)).has_value());
    auto const pending = log->enqueue(sample(1)).value();
    BOOST_TEST(run_in_hasty_child([&] { return use_ledger_of_parent(*log, pending); }) == 0);
    BOOST_TEST(run_in_hasty_child([&] {
                   log.reset();
                   auto own = ledger::open({.path = path});
                   return own && own->append(sample(2)) ? 0 : 1;
               }) == 0);
    // Nothing of the parent's was written twice, dropped or unlocked.
    BOOST_TEST(log->wait(pending).has_value());
    BOOST_TEST(value_of(log->append(sample(3)).value()) == 4U);
    BOOST_TEST((recount(*log) == log->report({}).value().sum));
    BOOST_TEST((ledger::open({.path = path}).error().code == errc::already_open));
}

// At any moment: with mutexes held, and a commit under way.
BOOST_AUTO_TEST_CASE(a_child_forked_while_records_are_written_hangs_nowhere,
                     *boost::unit_test::enable_if<can_fork_beside_threads>()) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    std::optional<ledger> log(ledger::open({.path = path}).value());
    auto const pending = log->enqueue(sample(0)).value();
    std::atomic<bool> done{false};
    std::atomic<std::uint64_t> appended{1};
    std::vector<std::thread> writers;
    for (int i = 0; i < 3; ++i) {
        writers.emplace_back([&, i] {
            while (!done) {
                if (log->append(sample(i), i == 0 ? durability::committed : durability::relaxed))
                    ++appended;
                static_cast<void>(log->report({}));
            }
        });
    }
    for (int i = 0; i < 30; ++i) {
        int const status = run_in_hasty_child([&] {
            int const failed = use_ledger_of_parent(*log, pending);
            log.reset();
            return failed;
        });
        BOOST_TEST(status == 0);
    }
    done = true;
    for (std::thread& each : writers) each.join();
    BOOST_REQUIRE(log->flush().has_value());
    BOOST_TEST(value_of(log->last_sequence().value()) == appended);
    BOOST_TEST((recount(*log) == log->report({}).value().sum));
}

BOOST_AUTO_TEST_CASE(a_forked_child_is_told_by_a_store_without_files_too) {
    std::optional<basic_ledger<in_memory>> log(basic_ledger<in_memory>::open({}).value());
    BOOST_REQUIRE(log->append(sample(0)).has_value());
    BOOST_TEST(run_in_hasty_child([&] {
                   bool const told = is_closed(log->append(sample(1))) && is_closed(log->flush());
                   log.reset();
                   return told ? 0 : 1;
               }) == 0);
    BOOST_TEST(value_of(log->append(sample(1)).value()) == 2U);
}

BOOST_AUTO_TEST_CASE(a_forked_child_leaves_an_alert_watch_alone) {
    temporary_directory const directory;
    ledger log = ledger::open({.path = directory / "ledger"}).value();
    std::optional<alert_watch> watch(alert_watch::open(log, {}).value());
    BOOST_TEST(run_in_hasty_child([&] {
                   auto const why = watch->last_error();
                   bool const told = is_closed(watch->poll_once()) && is_closed(watch->raise({})) &&
                                     is_closed(watch->failures()) && why &&
                                     why->code == errc::closed;
                   watch.reset();
                   return told ? 0 : 1;
               }) == 0);
    BOOST_TEST(watch->poll_once().has_value());
}

// The child inherits the description that is locked.
BOOST_AUTO_TEST_CASE(a_child_that_lives_on_keeps_no_lock_of_its_parents) {
    temporary_directory const directory;
    ledger_options options{.path = directory / "ledger", .budgets = budget_mode::exclusive};
    std::optional<ledger> log(ledger::open(options).value());
    child_process sleeper([] {
        ::pause();
        return 0;
    });
    log.reset();
    auto const again = ledger::open(options);
    BOOST_TEST(again.has_value(), (again ? "" : again.error().message()));
    sleeper.kill();
}

// A second copy of the library in this process has a registry of its own: all that the copies share
// is the lock (.ci/run plugin has a real one).
BOOST_AUTO_TEST_CASE(another_copy_of_the_library_is_seen) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    auto const marker = path + "/aiaudit-ledger";
    {
        auto const log = ledger::open({.path = path}).value();
        BOOST_TEST((detail::process_lock::take(marker).error().code == errc::already_open));
        // In another process it is another's.
        BOOST_TEST(run_in_hasty_child([&] {
                       return detail::process_lock::take(marker).has_value() ? 0 : 1;
                   }) == 0);
    }
    {
        auto const other = detail::process_lock::take(marker);
        BOOST_REQUIRE(other.has_value());
        BOOST_TEST((ledger::open({.path = path}).error().code == errc::already_open));
    }
    BOOST_TEST(ledger::open({.path = path}).has_value());
}

BOOST_AUTO_TEST_CASE(another_copy_is_seen_where_nothing_can_be_written) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    auto const marker = path + "/aiaudit-ledger";
    BOOST_REQUIRE(ledger::open({.path = path}).has_value());
    using std::filesystem::perms;
    auto const enter = perms::owner_all | perms::group_exec | perms::others_exec;
    std::filesystem::permissions(directory.path(), enter);
    std::filesystem::permissions(path, enter);
    std::filesystem::permissions(marker,
                                 perms::owner_read | perms::group_read | perms::others_read);
    int const status = run_in_hasty_child([&] {
        if (::geteuid() == 0 && ::setuid(65534) != 0) return 1;
        if (::access(marker.c_str(), W_OK) == 0) return 2;
        auto const first = detail::process_lock::take(marker);
        if (!first) return 3;
        auto const second = detail::process_lock::take(marker);
        return !second && second.error().code == errc::already_open ? 0 : 4;
    });
    BOOST_TEST(status == 0);
}

BOOST_AUTO_TEST_CASE(a_watch_keeps_the_log_open) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    std::optional<ledger> log(ledger::open({.path = path}).value());
    std::optional<alert_watch> watch(
        alert_watch::open(*log, {.poll_every = std::chrono::milliseconds{0}}).value());
    { ledger const moved(std::move(*log)); }
    log.reset();
    BOOST_TEST(watch->poll_once().has_value());
    BOOST_TEST((ledger::open({.path = path}).error().code == errc::already_open));
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: MIT
//
// admission_locks.cpp: the right to decide about budgets, where its file is removed or replaced,
// and where who had it was killed.
#include <aiaudit/engine/admission_lock.hpp>
#include <aiaudit/ledger.hpp>

#include "engine/support/child_process.hpp"
#include "engine/support/ledger_testing.hpp"
#include "engine/support/process_limits.hpp"
#include "engine/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

BOOST_AUTO_TEST_SUITE(admission_locks)

using namespace aiaudit;
using namespace aiaudit_tests;
namespace fs = std::filesystem;

namespace {

record intent(std::uint32_t number) {
    record entry = sample(static_cast<int>(number));
    entry.kind = record_kind::intent;
    entry.attempt = number;
    return entry;
}

// Looks of the lock are a tick of the system's clock apart.
void pass_ticks() { std::this_thread::sleep_for(std::chrono::milliseconds(30)); }

struct removal {
    char const* name;
    void (*work)(std::string const& file);
};
constexpr removal removals[] = {
    {"removed", [](std::string const& file) { fs::remove(file); }},
    {"moved", [](std::string const& file) { fs::rename(file, file + ".away"); }},
    {"replaced",
     [](std::string const& file) {
         fs::remove(file);
         std::ofstream(file).flush();
     }},
};

template <class Result>
bool is_moved(Result const& answer) {
    return !answer && answer.error().code == errc::moved;
}

}  // namespace

BOOST_AUTO_TEST_CASE(who_decides_sees_that_the_file_of_its_right_is_gone) {
    for (budget_mode const mode : {budget_mode::exclusive, budget_mode::shared}) {
        for (removal const& each : removals) {
            temporary_directory const directory;
            auto const path = directory / "ledger";
            auto log = ledger::open({.path = path, .budgets = mode}).value();
            BOOST_REQUIRE(log.admit(intent(1)).has_value());
            BOOST_REQUIRE(log.admit(intent(2), durability::relaxed).has_value());
            BOOST_REQUIRE(log.probe().has_value());
            each.work(path + "/" + detail::admission_lock::file_name);
            BOOST_TEST(is_moved(log.probe()), each.name);
            BOOST_TEST(is_moved(log.admit(intent(3))), each.name);
            BOOST_TEST(is_moved(log.admit(intent(4), durability::relaxed)), each.name);
            BOOST_TEST(is_moved(log.claim_budgets()), each.name);
            // The log itself is where it was.
            BOOST_TEST(log.append(sample(5)).has_value());
        }
    }
}

// Without a look from outside.
BOOST_AUTO_TEST_CASE(an_admission_looks_by_itself) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    auto log = ledger::open({.path = path, .budgets = budget_mode::exclusive}).value();
    BOOST_REQUIRE(log.admit(intent(1)).has_value());
    fs::remove(path + "/" + detail::admission_lock::file_name);
    pass_ticks();
    BOOST_TEST(is_moved(log.admit(intent(2), durability::relaxed)));
    // Another process may decide now; this one does not any more.
    BOOST_TEST(run_in_hasty_child([&] {
                   auto other = ledger::open({.path = path, .budgets = budget_mode::exclusive});
                   return other && other->admit(intent(3)) ? 0 : 1;
               }) == 0);
    BOOST_TEST(is_moved(log.admit(intent(4))));
}

BOOST_AUTO_TEST_CASE(a_right_that_nobody_took_cannot_be_gone) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    auto log = ledger::open({.path = path}).value();
    BOOST_TEST(log.probe().has_value());
    BOOST_TEST(log.admit(intent(1)).has_value());
    BOOST_TEST(log.probe().has_value());
}

BOOST_AUTO_TEST_CASE(a_child_that_outlives_its_killed_parent_does_not_keep_the_right) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    shared_counter child;
    child_process parent([&] {
        auto const log = ledger::open({.path = path, .budgets = budget_mode::exclusive});
        if (!log) return 1;
        pid_t const forked = ::fork();
        if (forked == 0) {
            for (;;) ::pause();
        }
        child.set(static_cast<std::uint64_t>(forked));
        for (;;) ::pause();
        return 0;
    });
    while (child.get() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    BOOST_TEST((ledger::open({.path = path, .budgets = budget_mode::exclusive}).error().code ==
                errc::already_open));
    BOOST_TEST(parent.kill() == -SIGKILL);
    auto const again = ledger::open({.path = path, .budgets = budget_mode::exclusive});
    BOOST_TEST(again.has_value(), (again ? "" : again.error().message()));
    ::kill(static_cast<pid_t>(child.get()), SIGKILL);
}

BOOST_AUTO_TEST_SUITE_END()

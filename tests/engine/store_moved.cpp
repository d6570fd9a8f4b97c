// SPDX-License-Identifier: MIT
//
// store_moved.cpp: a ledger that is moved, replaced or removed while it is open.
#include <aiaudit/ledger.hpp>

#include "engine/support/ledger_testing.hpp"
#include "engine/support/lmdb_testing.hpp"
#include "engine/support/process_limits.hpp"
#include "engine/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

BOOST_AUTO_TEST_SUITE(store_moved)

namespace {

using namespace aiaudit_tests;
namespace fs = std::filesystem;

// Another file with the same bytes.
void replace_by_copy(std::string const& path) {
    fs::copy(path, path + ".copy", fs::copy_options::recursive);
    fs::rename(path, path + ".old");
    fs::rename(path + ".copy", path);
}

struct change {
    char const* name;
    void (*make)(std::string const& ledger);
    bool is_whole_after;      // a ledger stands there that can be opened
    bool data_stays = false;  // what is committed is in the file at its path
};

constexpr change changes[] = {
    {"the ledger moved away", [](auto& at) { fs::rename(at, at + ".away"); }, false},
    {"a copy in its place", [](auto& at) { replace_by_copy(at); }, true},
    {"the ledger removed", [](auto& at) { fs::remove_all(at); }, false},
    {"the directory of segments moved",
     [](auto& at) { fs::rename(at + "/segments", at + "/elsewhere"); }, false},
    {"the directory of segments replaced", [](auto& at) { replace_by_copy(at + "/segments"); },
     true},
    {"the segment moved", [](auto& at) { fs::rename(at + "/segments/00000001", at + "/gone"); },
     false},
    {"the segment replaced",
     [](auto& at) {
         fs::copy(at + "/segments/00000001", at + ".1");
         fs::remove_all(at + "/segments/00000001");
         fs::rename(at + ".1", at + "/segments/00000001");
     },
     true},
    {"the data file removed", [](auto& at) { fs::remove(data_file(at)); }, false},
    {"the data file replaced",
     [](auto& at) {
         fs::copy_file(data_file(at), at + ".data");
         fs::rename(at + ".data", data_file(at));
     },
     true},
    {"the lock file removed", [](auto& at) { fs::remove(at + "/segments/00000001/lock.mdb"); },
     true, true},
    {"the writers' lock removed", [](auto& at) { fs::remove(at + "/segments/write.lock"); }, true,
     true},
    {"the marker removed", [](auto& at) { fs::remove(at + "/aiaudit-ledger"); }, false, true},
    {"the marker replaced",
     [](auto& at) {
         fs::copy_file(at + "/aiaudit-ledger", at + ".marker");
         fs::rename(at + ".marker", at + "/aiaudit-ledger");
     },
     true, true},
};

template <class Result>
bool is_moved(Result const& answer) {
    return !answer && answer.error().code == errc::moved;
}

// Readers look again when the system's clock has ticked.
void wait_for_tick() {
    auto const now = [] {
        timespec at{};
        ::clock_gettime(CLOCK_MONOTONIC_COARSE, &at);
        return at.tv_nsec;
    };
    for (auto const begin = now(); now() == begin;) std::this_thread::yield();
}

void make_samples(std::string const& path) {
    auto log = ledger::open({.path = path}).value();
    append_samples(log, 0, 5);
}

// 0: each member says that the ledger was moved; else which does not.
int check_all_say_moved(ledger& log) {
    record intent = sample(1);
    intent.kind = record_kind::intent;
    intent.attempt = 1;
    int number = 0;
    for (bool const moved : {
             is_moved(log.append(sample(1))),
             is_moved(log.probe()),
             is_moved(log.admit(intent)),
             is_moved(log.set_budget({.name = "b", .limit = 1})),
             is_moved(log.budgets()),
             is_moved(log.report({})),
             is_moved(log.spent_today()),
             is_moved(log.last_sequence()),
             is_moved(log.first_sequence()),
             is_moved(log.read(sequence{1}, [](sequence, record&&) { return true; })),
             is_moved(log.rotate()),
             is_moved(log.save()),
         }) {
        ++number;
        if (!moved) return number;
    }
    return 0;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_ledger_whose_files_are_not_in_their_place_takes_and_tells_nothing) {
    for (change const& each : changes) {
        BOOST_TEST_CONTEXT(each.name) {
            temporary_directory const directory;
            auto const path = directory / "ledger";
            std::optional<ledger> log(ledger::open({.path = path}).value());
            append_samples(*log, 0, 5);
            BOOST_TEST(log->report({}).value().sum.requests == 5U);
            BOOST_TEST(log->probe().has_value());
            each.make(path);
            if (each.data_stays) wait_for_tick();
            BOOST_TEST(is_moved(log->append(sample(5))));
            BOOST_TEST(check_all_say_moved(*log) == 0);
            log.reset();
            if (!each.is_whole_after) continue;
            auto again = ledger::open({.path = path}).value();
            BOOST_TEST(value_of(again.last_sequence().value()) == 5U);
            BOOST_TEST(value_of(again.append(sample(5)).value()) == 6U);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_reader_tells_nothing_that_is_not_there) {
    for (change const& each : changes) {
        if (std::string(each.name) == "the writers' lock removed")
            continue;  // it is not a reader's
        BOOST_TEST_CONTEXT(each.name) {
            temporary_directory const directory;
            auto const path = directory / "ledger";
            make_samples(path);
            auto log = ledger::open({.path = path, .read_only = true}).value();
            BOOST_TEST(log.report({}).value().sum.requests == 5U);
            each.make(path);
            wait_for_tick();
            BOOST_TEST(is_moved(log.report({})));
            BOOST_TEST(is_moved(log.last_sequence()));
            BOOST_TEST(is_moved(log.read(sequence{1}, [](sequence, record&&) { return true; })));
            BOOST_TEST(is_moved(log.report({})));
        }
    }
}

BOOST_AUTO_TEST_CASE(what_was_moved_away_and_back_is_opened_anew) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    std::optional<ledger> log(ledger::open({.path = path}).value());
    append_samples(*log, 0, 5);
    fs::rename(path, path + ".away");
    BOOST_TEST(is_moved(log->append(sample(5))));
    fs::rename(path + ".away", path);
    BOOST_TEST(is_moved(log->append(sample(6))));
    BOOST_TEST(is_moved(log->report({})));
    BOOST_TEST(is_moved(log->probe()));
    log.reset();
    auto again = ledger::open({.path = path}).value();
    BOOST_TEST(again.append(sample(7)).has_value());
    BOOST_TEST((recount(again) == again.report({}).value().sum));
}

// Between the look at the beginning of a transaction and its end.
BOOST_AUTO_TEST_CASE(a_commit_is_not_told_that_went_into_files_which_were_moved_under_it) {
    for (change const& each : changes) {
        BOOST_TEST_CONTEXT(each.name) {
            temporary_directory const directory;
            auto const path = directory / "ledger";
            auto store = open_at(path).value();
            auto const written = store.write([&](auto& view) -> result<void> {
                auto ok = view.insert(table::blocks, "k", "v");
                each.make(path);
                return ok;
            });
            BOOST_TEST((is_moved(written) || each.data_stays));
            if (each.data_stays) wait_for_tick();
            BOOST_TEST(is_moved(store.write([](auto&) -> result<void> { return {}; })));
            BOOST_TEST(is_moved(store.read(only_look)));
            BOOST_TEST(is_moved(store.read(1, only_look)));
            BOOST_TEST(is_moved(store.segments()));
            BOOST_TEST(store.generation() == 0U);
        }
    }
}

BOOST_AUTO_TEST_CASE(rotation_and_history_are_watched_too) {
    for (bool const rotates : {false, true}) {
        temporary_directory const directory;
        auto const path = directory / "ledger";
        auto store = open_at(path).value();
        put(store, table::blocks, "k", "v");
        auto const add = [](auto& view) { return view.replace(table::meta, "k", "v"); };
        BOOST_TEST(bool(store.write_history(add)));
        auto const moves = [&](auto&...) -> result<void> {
            fs::rename(path, path + ".away");
            return {};
        };
        if (rotates) {
            BOOST_TEST(!store.rotate(moves));  // the next segment finds no place
            BOOST_TEST(is_moved(store.rotate(enter_nothing)));
        } else {
            BOOST_TEST(is_moved(store.write_history(moves)));
            BOOST_TEST(is_moved(store.write_history(add)));
        }
        BOOST_TEST(is_moved(store.probe()));
    }
}

// Nothing that was acknowledged is missing from what stands at the path when all is over.
BOOST_AUTO_TEST_CASE(records_that_were_acknowledged_are_where_the_ledger_is) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    std::atomic<std::uint64_t> acknowledged{0};
    std::optional<ledger> log(ledger::open({.path = path}).value());
    std::vector<std::thread> writers;
    for (int i = 0; i < 4; ++i) {
        writers.emplace_back([&] {
            while (log->append(sample(1))) ++acknowledged;
        });
    }
    while (acknowledged < 50) std::this_thread::yield();
    fs::rename(path, path + ".away");
    for (auto& each : writers) each.join();
    log.reset();
    auto const away = ledger::open({.path = path + ".away"}).value();
    BOOST_TEST(value_of(away.last_sequence().value()) >= acknowledged);
    // The batch that was on its way, one record of each thread at the most, and what was before it.
    BOOST_TEST(value_of(away.last_sequence().value()) <= acknowledged + 8);
}

BOOST_AUTO_TEST_CASE(a_spilling_ledger_that_was_moved_keeps_nothing_twice) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    auto const spill = directory / "spill";
    fs::create_directory(spill);
    ledger_options options{.path = path};
    options.log_failure = {.what = on_log_failure::spill, .spill_directory = spill};
    auto log = ledger::open(options).value();
    BOOST_REQUIRE(log.append(sample(0)).has_value());
    fs::rename(path, path + ".away");
    BOOST_TEST(is_moved(log.append(sample(1))));
    BOOST_TEST(fs::is_empty(spill));
}

// Segments come and go: that is no move.
BOOST_AUTO_TEST_CASE(a_segment_that_another_process_dropped_is_no_move) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    auto store = open_at(path).value();
    put(store, table::blocks, "k", "v");
    BOOST_TEST(bool(store.read(1, only_look)));
    auto const rotate_and_drop = [&] {
        auto own = open_at(path);
        if (!own || !own->rotate(enter_nothing) || !own->drop_oldest(1)) return 1;
        return 0;
    };
    BOOST_TEST(run_in_child(rotate_and_drop) == 0);
    for (int i = 0; i < 3; ++i) {
        wait_for_tick();
        auto const looked = store.read(1, only_look);
        BOOST_TEST((looked || looked.error().code == errc::not_found));
        BOOST_TEST(bool(store.read(only_look)));
        put(store, table::blocks, "k", "v");
    }
    BOOST_TEST(bool(store.probe()));
}

BOOST_AUTO_TEST_CASE(a_process_may_leave_the_directory_in_which_it_opened) {
    temporary_directory const directory;
    int const status = run_in_hasty_child([&] {
        if (::chdir(directory.path().c_str()) != 0) return 1;
        auto log = ledger::open({.path = "ledger"});
        if (!log || !log->append(sample(0)) || ::chdir("/") != 0) return 2;
        if (!log->append(sample(1)) || !log->rotate() || !log->append(sample(2))) return 3;
        wait_for_tick();
        return log->report({}) && log->probe() ? 0 : 4;
    });
    BOOST_TEST(status == 0);
    auto const log = ledger::open({.path = directory / "ledger"}).value();
    BOOST_TEST(value_of(log.last_sequence().value()) == 3U);
}

BOOST_AUTO_TEST_SUITE_END()

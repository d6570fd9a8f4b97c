// SPDX-License-Identifier: MIT
//
// store_segments.cpp: segments on disk among threads, processes and crashes.

#include "support/child_process.hpp"
#include "support/lmdb_testing.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <filesystem>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <sys/resource.h>
#include <time.h>

BOOST_AUTO_TEST_SUITE(store_segments)

namespace {

using namespace aiaudit_tests;
using aiaudit::history;
namespace fs = std::filesystem;

// The segments there are, by name.
[[nodiscard]] std::set<std::string> names_in(std::string const& path) {
    std::set<std::string> names;
    for (auto const& entry : fs::directory_iterator(path)) names.insert(entry.path().filename());
    names.erase("write.lock");
    return names;
}

[[nodiscard]] std::size_t data_files_open() {
    std::size_t count = 0;
    for (auto const& entry : fs::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        auto const target = fs::read_symlink(entry.path(), gone);
        count += target.filename() == "lock.mdb" ? 1 : 0;
    }
    return count;
}

// Readers look at a file's size once in a tick of this clock.
void wait_for_next_tick() {
    auto const tick = [] {
        struct timespec now {};
        ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
        return now.tv_nsec;
    };
    auto const before = tick();
    while (tick() == before) std::this_thread::yield();
}

// All segments but the newest are sealed, each with the number of the next.
void check_whole(aiaudit::lmdb_store const& store) {
    auto const there = store.segments().value();
    for (auto number = there.oldest; number <= there.newest; ++number) {
        std::optional<std::string> sealed;
        store
            .read(number,
                  [&](auto const& view) -> result<void> {
                      sealed = value_in(view, table::meta, aiaudit::sealed_key);
                      return {};
                  })
            .value();
        auto const expected =
            number == there.newest ? std::nullopt : std::optional(std::to_string(number + 1));
        BOOST_REQUIRE((sealed == expected));
    }
}

}  // namespace

BOOST_AUTO_TEST_CASE(segments_have_names_of_eight_digits) {
    using namespace aiaudit::detail;
    BOOST_TEST(segment_name(1) == "00000001");
    BOOST_TEST(segment_name(aiaudit::limits::storage_segments) == "16777215");
    BOOST_TEST(segment_name(history) == "history");
    BOOST_TEST((parse_segment_name("00000012") == 12U));
    for (char const* const other : {"00000000", "1", "000000012", "0000001x", "-0000001",
                                    "00000001.new", "16777216", "history", "", "+0000001"}) {
        BOOST_TEST((parse_segment_name(other) == std::nullopt), other);
    }
    temporary_directory const directory;
    auto const path = directory / "ledger";
    auto store = open_at(path).value();
    store.rotate(enter_nothing).value();
    BOOST_TEST((names_in(path + "/segments") == std::set<std::string>{"00000001", "00000002"}));
    put(store, table::blocks, "k", std::string(100'000, 'v'));
    store.write_history([](auto& view) { return view.insert(table::meta, "k", "v"); }).value();
    store.drop_oldest(1).value();
    BOOST_TEST((names_in(path + "/segments") == std::set<std::string>{"00000002", "history"}));
    auto const check_sizes = [&](segment_range there) {
        std::uint64_t sum = 0;
        for (auto number = there.oldest; number <= there.newest; ++number) {
            BOOST_TEST(store.bytes_on_disk(number) == fs::file_size(data_file(path, number)));
            sum += store.bytes_on_disk(number);
        }
        BOOST_TEST(store.bytes_on_disk() == sum + fs::file_size(data_file(path, history)));
    };
    check_sizes({2, 2});
    for (int i = 0; i < 2; ++i) store.rotate(enter_nothing).value();
    check_sizes({2, 4});
    put(store, table::blocks, "k", std::string(300'000, 'v'));
    check_sizes({2, 4});
    store.drop_oldest(2).value();
    check_sizes({3, 4});
    BOOST_TEST(store.bytes_on_disk(2) == 0U);
}

BOOST_AUTO_TEST_CASE(few_old_segments_stay_open) {
    temporary_directory const directory;
    auto store = open_at(directory / "ledger").value();
    constexpr segment_number count = 14;
    for (segment_number number = 1; number < count; ++number) {
        put(store, table::blocks, "in", std::to_string(number));
        store.rotate(enter_nothing).value();
    }
    store.write_history([](auto& view) { return view.insert(table::meta, "k", "v"); }).value();
    auto const most = aiaudit::limits::storage_old_segments_open + 2;
    BOOST_TEST(data_files_open() <= most);
    std::mt19937 random(1);
    for (int i = 0; i < 200; ++i) {
        auto const number = static_cast<segment_number>(1 + random() % (count - 1));
        entry_list const expected{{"in", std::to_string(number)}};
        BOOST_REQUIRE((entries_of(store, number, table::blocks) == expected));
        BOOST_REQUIRE(data_files_open() <= most);
    }
    // Those that are read just now stay open, however many; they are closed when others are opened.
    std::vector<std::thread> threads;
    std::atomic<segment_number> inside = 0;
    for (segment_number number = 1; number < count; ++number) {
        threads.emplace_back([&, number] {
            auto const wait_for_all = [&](auto const&) -> result<void> {
                for (++inside; inside < count - 1;) std::this_thread::yield();
                return {};
            };
            store.read(number, wait_for_all).value();
        });
    }
    for (auto& thread : threads) thread.join();
    for (segment_number number = 1; number < count; ++number) {
        BOOST_TEST(entries_of(store, number, table::blocks).size() == 1U);
    }
    put(store, table::blocks, "k", "v");
    store.rotate(enter_nothing).value();
    BOOST_TEST(entries_of(store, table::blocks).empty());
    BOOST_TEST(data_files_open() <= most);
}

// Each way in which a rotation can be cut off leaves the old segment the newest.
BOOST_AUTO_TEST_CASE(a_rotation_that_was_cut_off_is_made_anew) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    std::optional<aiaudit::lmdb_store> store(open_at(path).value());
    put(*store, table::blocks, "k", "v");
    auto const leave = [&](auto const&, auto& next) -> result<void> {
        fail_next_commit(path);  // of the first one, once the next has its name
        return next.insert(table::blocks, "left", "over");
    };
    auto const expect_no_rotation = [&] {
        BOOST_TEST((store->segments().value() == segment_range{1, 1}));
        BOOST_TEST((code_of(store->read(2, only_look)) == errc::not_found));
        BOOST_TEST((value_of(*store, table::blocks, "k") == "v"));
    };
    BOOST_TEST((code_of(store->rotate(leave)) == errc::disk_full));
    BOOST_TEST(fs::exists(path + "/segments/00000002"));
    expect_no_rotation();
    store.reset();
    fs::create_directory(path + "/segments/00000002.new");
    write_text(path + "/segments/00000002.new/data.mdb", "torn");
    store.emplace(open_at(path, false, true).value());
    expect_no_rotation();
    store.reset();
    store.emplace(open_at(path).value());
    expect_no_rotation();
    put(*store, table::blocks, "l", "w");
    store->rotate(enter_nothing).value();
    BOOST_TEST((store->segments().value() == segment_range{1, 2}));
    BOOST_TEST(entries_of(*store, table::blocks).empty());
    BOOST_TEST(entries_of(*store, 1, table::blocks).size() == 2U);
    BOOST_TEST((names_in(path + "/segments") == std::set<std::string>{"00000001", "00000002"}));
}

BOOST_AUTO_TEST_CASE(a_drop_that_was_cut_off_is_finished_later) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    auto const segments = path + "/segments";
    {
        auto store = open_at(path).value();
        for (int i = 0; i < 3; ++i) store.rotate(enter_nothing).value();
    }
    fs::rename(segments + "/00000001", segments + "/00000001.dropped");
    BOOST_TEST((open_at(path, false, true).value().segments().value() == segment_range{2, 4}));
    BOOST_TEST(fs::exists(segments + "/00000001.dropped"));
    auto store = open_at(path).value();
    BOOST_TEST(!fs::exists(segments + "/00000001.dropped"));
    BOOST_TEST((store.segments().value() == segment_range{2, 4}));
    fs::create_directory(segments + "/00000001.dropped");
    write_text(segments + "/00000001.dropped/lock.mdb", "");
    store.drop_oldest(2).value();
    BOOST_TEST((names_in(segments) == std::set<std::string>{"00000003", "00000004"}));
}

BOOST_AUTO_TEST_CASE(a_ledger_without_one_of_its_segments_is_corrupt) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    auto const segments = path + "/segments";
    {
        auto store = open_at(path).value();
        for (int i = 0; i < 3; ++i) store.rotate(enter_nothing).value();
    }
    fs::rename(segments + "/00000004", directory / "away");
    BOOST_TEST((code_of(open_at(path)) == errc::corrupt));
    fs::rename(directory / "away", segments + "/00000004");
    fs::rename(segments + "/00000002/data.mdb", directory / "away");
    auto const store = open_at(path).value();
    BOOST_TEST((code_of(store.read(2, only_look)) == errc::corrupt));
    BOOST_TEST(bool(store.read(3, only_look)));
}

// Old segments and the history are looked at when they are first opened; the others read on.
BOOST_AUTO_TEST_CASE(damage_in_an_old_segment_is_told_when_it_is_read) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    auto const fill = [](auto& view) { return view.insert(table::blocks, "k", "v"); };
    {
        auto store = open_at(path).value();
        store.write(fill).value();
        store.rotate(enter_nothing).value();
        store.write(fill).value();
        store.rotate(enter_nothing).value();
        store.write_history(fill).value();
    }
    for (segment_number const number : {history, 1U}) {
        auto damaged = bytes_of(data_file(path, number));
        // The first entry of every leaf lies far behind the page, and the file.
        for (std::size_t page = 2 * 4096; page < damaged.size(); page += 4096) {
            if (damaged[page + 10] == 2) damaged.replace(page + 16, 2, 2, '\xF0');
        }
        write_text(data_file(path, number), damaged);
    }
    auto const use = [&] {
        auto store = open_at(path).value();
        for (int round = 0; round < 2; ++round) {
            if (code_of(store.read(1, only_look)) != errc::corrupt) return 1;
            if (code_of(store.read(history, only_look)) != errc::corrupt) return 2;
            if (code_of(store.write_history(only_look)) != errc::corrupt) return 3;
            if (entries_of(store, 2, table::blocks).size() != 1) return 4;
            put(store, table::blocks, "k", "w");
        }
        return 0;
    };
    BOOST_TEST(run_in_child(use) == 0);
}

// It reads on what was dropped under it; whoever comes later finds nothing.
BOOST_AUTO_TEST_CASE(a_transaction_on_a_dropped_segment_goes_on) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    auto store = open_at(path).value();
    put(store, table::blocks, "k", std::string(100'000, 'v'));
    store.rotate(enter_nothing).value();
    shared_counter step;
    child_process reader([&] {
        auto const own = open_at(path).value();
        if (value_of(own, table::blocks, "k")) return 1;
        auto const read_slowly = [&](auto const& view) -> result<void> {
            step.set(1);
            while (step.get() != 2) ::usleep(100);
            return value_in(view, table::blocks, "k") ? result<void>{}
                                                      : aiaudit::fail(errc::corrupt);
        };
        if (!own.read(1, read_slowly)) return 2;
        if (own.segments().value() != segment_range{2, 2}) return 3;
        return own.read(1, only_look) ? 0 : 4;  // it has it open
    });
    while (step.get() != 1) ::usleep(100);
    store
        .read(1,
              [&](auto const& view) -> result<void> {
                  std::thread([&] { store.drop_oldest(1).value(); }).join();
                  BOOST_TEST(value_in(view, table::blocks, "k")->size() == 100'000U);
                  return {};
              })
        .value();
    BOOST_TEST((code_of(store.read(1, only_look)) == errc::not_found));
    step.set(2);
    BOOST_TEST(reader.wait() == 0);
}

BOOST_AUTO_TEST_CASE(processes_write_while_one_rotates) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    { auto const made = open_at(path).value(); }
    constexpr int rounds = 40;
    shared_counter stop;
    auto const write_on = [&](std::string const& name) {
        auto own = open_at(path, false).value();
        for (int i = 0; i < rounds; ++i) {
            auto const done = own.write([&](auto& view) -> result<void> {
                if (view.get(table::meta, aiaudit::sealed_key).value()) {
                    return aiaudit::fail(errc::corrupt, "written after it was sealed");
                }
                auto const key = name + std::to_string(i);
                return view.insert(table::blocks, key, std::to_string(view.segment()));
            });
            if (!done) return 1;
        }
        return 0;
    };
    auto const rotate_on = [&] {
        auto own = open_at(path, false).value();
        for (int i = 0; i < 12 && stop.get() == 0; ++i) {
            if (!own.rotate(enter_nothing)) return 1;
        }
        return 0;
    };
    auto store = open_at(path, false).value();
    auto const before = store.generation();
    child_process first([&] { return write_on("first"); });
    child_process second([&] { return write_on("second"); });
    child_process rotating(rotate_on);
    child_process rotating_too(rotate_on);
    BOOST_TEST(first.wait() == 0);
    BOOST_TEST(second.wait() == 0);
    stop.set(1);
    BOOST_TEST(rotating.wait() == 0);
    BOOST_TEST(rotating_too.wait() == 0);
    BOOST_TEST(store.generation() != before);
    check_whole(store);
    std::set<std::string> found;
    auto const there = store.segments().value();
    for (auto number = there.oldest; number <= there.newest; ++number) {
        for (auto const& [key, value] : entries_of(store, number, table::blocks)) {
            BOOST_REQUIRE(found.insert(key).second);
            BOOST_REQUIRE(value == std::to_string(number));
        }
    }
    BOOST_TEST(found.size() == std::size_t{2} * rounds);
}

// All that it knew was dropped while it looked away.
BOOST_AUTO_TEST_CASE(a_process_that_looked_away_catches_up) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    auto store = open_at(path).value();
    auto const before = store.generation();
    auto const others = [&] {
        auto own = open_at(path).value();
        for (segment_number number = 1; number <= 5; ++number) {
            own.rotate(enter_nothing).value();
            own.drop_oldest(number).value();
        }
        put(own, table::blocks, "k", "v");
        return 0;
    };
    BOOST_TEST(run_in_child(others) == 0);
    BOOST_TEST(store.generation() != before);
    BOOST_TEST((value_of(store, table::blocks, "k") == "v"));
    BOOST_TEST((store.segments().value() == segment_range{6, 6}));
    BOOST_TEST((code_of(store.read(3, only_look)) == errc::not_found));
    put(store, table::blocks, "k", "w");
    BOOST_TEST((entries_of(store, 6, table::blocks) == entry_list{{"k", "w"}}));
}

BOOST_AUTO_TEST_CASE(a_forked_child_has_none_of_its_parents_segments) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    auto store = open_at(path).value();
    store.rotate(enter_nothing).value();
    store.read(1, only_look).value();
    store.write_history([](auto& view) { return view.insert(table::meta, "k", "v"); }).value();
    auto const child = [&] {
        auto inherited = std::move(store);
        for (segment_number const number : {history, 1U, 2U}) {
            if (code_of(inherited.read(number, only_look)) != errc::closed) return 1;
        }
        if (code_of(inherited.rotate(enter_nothing)) != errc::closed) return 2;
        if (code_of(inherited.write_history(only_look)) != errc::closed) return 3;
        if (code_of(inherited.drop_oldest(1)) != errc::closed) return 4;
        if (code_of(inherited.segments()) != errc::closed) return 5;
        auto own = open_at(path);
        if (!own || !own->rotate(enter_nothing) || !own->drop_oldest(1)) return 6;
        return own->read(history, only_look) ? 0 : 7;
    };
    BOOST_TEST(run_in_child(child) == 0);
    BOOST_TEST((store.segments().value() == segment_range{2, 3}));
    put(store, table::blocks, "k", "v");
    BOOST_TEST(entries_of(store, 3, table::blocks).size() == 1U);
}

// Killed at any instant of writing, rotating and dropping: what was acknowledged is so, and the
// ledger is as usable as before.
BOOST_AUTO_TEST_CASE(killed_while_it_rotates_and_drops_it_is_whole) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    { auto const made = open_at(path).value(); }
    std::mt19937 random(20261124);
    std::uint64_t next = 0;
    for (int round = 0; round < 15; ++round) {
        shared_counter written;
        shared_counter rotated;
        shared_counter dropped;
        shared_counter steps;
        written.set(next);
        child_process child([&] {
            auto own = open_at(path, false).value();
            for (auto i = next;; ++i) {
                auto const key = std::to_string(1'000'000 + i);
                own.write([&](auto& view) { return view.insert(table::blocks, key, "v"); }).value();
                written.set(i + 1);
                steps.set(steps.get() + 1);
                own.rotate([&](auto const&, auto& begun) {
                       return begun.insert(table::meta, "after", key);
                   })
                    .value();
                auto const there = own.segments().value();
                rotated.set(there.newest);
                steps.set(steps.get() + 1);
                if (there.newest - there.oldest < 3) continue;
                own.drop_oldest(there.oldest).value();
                dropped.set(there.oldest);
                steps.set(steps.get() + 1);
            }
            return 0;
        });
        auto const some = random() % 5;
        auto const spins = random() % 2000;
        while (steps.get() < some) ::usleep(50);
        for (std::uint64_t i = 0; i < spins; ++i) (void)::getppid();  // some microseconds
        BOOST_REQUIRE(child.kill() == -SIGKILL);
        auto store = open_at(path, false).value();
        auto const there = store.segments().value();
        BOOST_TEST(there.oldest > dropped.get());
        BOOST_TEST(there.newest >= rotated.get());
        check_whole(store);
        std::uint64_t last = 0;
        for (auto number = there.oldest; number <= there.newest; ++number) {
            auto const after = entries_of(store, number, table::meta);
            if (number > 1) BOOST_TEST(after.front().first == "after");
            for (auto const& [key, value] : entries_of(store, number, table::blocks)) {
                if (last != 0) BOOST_REQUIRE(std::stoull(key) == last + 1);
                last = std::stoull(key);
            }
        }
        if (last != 0) {
            next = last - 1'000'000 + 1;
            BOOST_TEST(next >= written.get());
            BOOST_TEST(next <= written.get() + 1);
        }
        BOOST_TEST(bool(store.rotate([&](auto const&, auto& begun) {
            return begun.insert(table::meta, "after", "the test");
        })));
    }
}

BOOST_AUTO_TEST_CASE(a_file_size_limit_in_a_rotation_is_survived) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    auto store = open_at(path).value();
    put(store, table::blocks, "k", std::string(50'000, 'v'));
    auto const handler = std::signal(SIGXFSZ, SIG_IGN);
    struct rlimit before {};
    ::getrlimit(RLIMIT_FSIZE, &before);
    auto const limit_to = [&](rlim_t bytes) {
        struct rlimit tight = before;
        tight.rlim_cur = bytes;
        ::setrlimit(RLIMIT_FSIZE, &tight);
    };
    std::string const large(200'000, 'L');
    auto const enter = [&](auto const&, auto& next) {
        return next.insert(table::blocks, "large", large);
    };
    for (rlim_t const bytes : {0U, 4096U, 8192U, 16384U, 65536U, 131072U}) {
        limit_to(bytes);
        auto const refused = store.rotate(enter);
        BOOST_TEST((code_of(refused) == errc::disk_full), refused.error().where);
        limit_to(before.rlim_cur);
        BOOST_TEST((store.segments().value() == segment_range{1, 1}));
        put(store, table::blocks, "l", std::to_string(bytes));
    }
    BOOST_TEST(bool(store.rotate(enter)));
    BOOST_TEST((value_of(store, table::blocks, "large") == large));
    BOOST_TEST(entries_of(store, 1, table::blocks).size() == 2U);
    std::signal(SIGXFSZ, handler);
}

BOOST_AUTO_TEST_CASE(a_segment_without_any_room_can_be_sealed) {
    temporary_directory const directory;
    auto options = store_options_in(directory / "ledger");
    options.map_bytes = std::uint64_t{1} << 20;
    std::optional<aiaudit::lmdb_store> store(aiaudit::lmdb_store::open(options).value());
    for (int round = 1; round <= 3; ++round) {
        int written = 0;
        // Smaller and smaller, until not even a byte finds room.
        for (std::size_t bytes : {100'000U, 4000U, 1U}) {
            for (;; ++written) {
                auto const key = std::to_string(1000 + written);
                auto const done = store->write([&](auto& view) {
                    // The last of them where the entry goes that seals it.
                    auto const in = bytes == 1 ? table::meta : table::blocks;
                    return view.insert(in, key, std::string(bytes, 'v'));
                });
                if (done) continue;
                BOOST_REQUIRE((code_of(done) == errc::log_full));
                break;
            }
        }
        auto const full = static_cast<segment_number>(round);
        if (round == 2) {
            // Opened again its map is as long as the file, and so as full.
            { auto const closed = std::move(*store); }
            store.emplace(aiaudit::lmdb_store::open(options).value());
        }
        BOOST_TEST(bool(store->rotate(enter_nothing)));
        BOOST_TEST((store->segments().value().newest == full + 1));
        auto const kept = entries_of(*store, full, table::blocks).size() +
                          entries_of(*store, full, table::meta).size();
        BOOST_TEST(kept == static_cast<std::size_t>(written) + 1);  // and the one that seals it
    }
}

// Every place among the readers is taken, by a process that is dead.
BOOST_AUTO_TEST_CASE(places_of_dead_readers_are_given_away) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    auto store = open_at(path).value();
    put(store, table::blocks, "k", "v");
    store.rotate(enter_nothing).value();
    constexpr auto places = aiaudit::limits::storage_readers;
    shared_counter count;
    child_process child([&] {
        auto const own =
            aiaudit::detail::lmdb_handle::open(path + "/segments/00000001", {}).value();
        std::uint64_t taken = 0;
        for (MDB_txn* txn = nullptr; own->begin_read(&txn) == 0;) ++taken;
        count.set(taken);
        for (;;) ::pause();
        return 0;
    });
    while (count.get() == 0) ::usleep(100);
    BOOST_TEST(count.get() == places - 1);  // the store keeps one
    auto const read_beside = [&](auto const&) -> result<void> {
        result<void> beside;
        std::thread([&] { beside = store.read(1, only_look); }).join();
        return beside;
    };
    BOOST_TEST((code_of(store.read(1, read_beside)) == errc::storage_failed));
    BOOST_TEST(child.kill() == -SIGKILL);
    BOOST_TEST(bool(store.read(1, read_beside)));
}

// A reader of another thread keeps the environment until it is done; then it is opened anew.
BOOST_AUTO_TEST_CASE(a_failed_commit_leaves_readers_alone) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    auto store = open_at(path).value();
    put(store, table::blocks, "k", "kept");
    std::atomic<int> step = 0;
    std::thread reader([&] {
        store
            .read([&](auto const& view) -> result<void> {
                step = 1;
                while (step != 2) std::this_thread::yield();
                BOOST_TEST((value_in(view, table::blocks, "k") == "kept"));
                return {};
            })
            .value();
    });
    while (step != 1) std::this_thread::yield();
    fail_next_commit(path);
    auto const change = [](auto& view) { return view.replace(table::blocks, "k", "lost"); };
    BOOST_TEST((code_of(store.write(change)) == errc::disk_full));
    std::thread writer([&] { put(store, table::blocks, "k", "new"); });
    step = 2;
    reader.join();
    writer.join();
    BOOST_TEST((value_of(store, table::blocks, "k") == "new"));
}

// In a child, which a SIGBUS would end.
BOOST_AUTO_TEST_CASE(a_file_cut_short_while_it_is_open_is_an_error) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    auto const cut_to = [&](std::uintmax_t bytes, bool by_writing) {
        return run_in_child([&] {
            auto store = open_at(path).value();
            put(store, table::blocks, "k", std::string(500'000, 'v'));
            store.rotate(enter_nothing).value();
            put(store, table::blocks, "k", std::string(500'000, 'v'));
            store.read(1, only_look).value();
            auto const size = fs::file_size(data_file(path, 2));
            auto const whole = bytes_of(data_file(path, 2));
            fs::resize_file(data_file(path, 1), bytes);
            fs::resize_file(data_file(path, 2), bytes);
            auto const touch = [](auto& view) { return view.replace(table::blocks, "l", "w"); };
            if (by_writing && code_of(store.write(touch)) != errc::corrupt) return 1;
            wait_for_next_tick();
            auto const before = store.generation();
            if (code_of(store.read(only_look)) != errc::corrupt) return 2;
            if (code_of(store.read(1, only_look)) != errc::corrupt) return 3;
            if (code_of(store.rotate(enter_nothing)) != errc::corrupt) return 4;
            if (code_of(store.segments()) != errc::corrupt) return 5;
            if (before == 0) return 6;
            fs::resize_file(data_file(path, 2), size);  // longer again, and empty there
            write_text(data_file(path, 2), whole);
            return value_of(store, table::blocks, "k")->size() == 500'000 ? 0 : 7;
        });
    };
    for (bool const by_writing : {false, true}) {
        for (std::uintmax_t const bytes : {0U, 4096U, 12'288U, 400'000U}) {
            BOOST_TEST(cut_to(bytes, by_writing) == 0);
            fs::remove_all(path);
        }
    }
}

// Another process made the file longer, and cut it to what this one knew.
BOOST_AUTO_TEST_CASE(a_file_cut_to_what_was_seen_of_it_is_an_error) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    auto const look = [&] {
        auto store = open_at(path).value();
        put(store, table::blocks, "k", std::string(50'000, 'v'));
        store.read(only_look).value();
        auto const size = fs::file_size(data_file(path));
        auto const grow = [&] {
            auto own = open_at(path).value();
            put(own, table::blocks, "l", std::string(500'000, 'v'));
            return 0;
        };
        if (run_in_child(grow) != 0) return 1;
        fs::resize_file(data_file(path), size);
        if (code_of(store.read(only_look)) != errc::corrupt) return 2;
        return code_of(store.write(only_look)) == errc::corrupt ? 0 : 3;
    };
    BOOST_TEST(run_in_child(look) == 0);
}

BOOST_AUTO_TEST_SUITE_END()

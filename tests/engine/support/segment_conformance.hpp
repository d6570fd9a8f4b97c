// SPDX-License-Identifier: MIT
//
// segment_conformance.hpp: what aiaudit::storage_policy promises of segments and the history, as
// checks that run on any store. store_conformance.hpp says how.
#ifndef AIAUDIT_TESTS_ENGINE_SUPPORT_SEGMENT_CONFORMANCE_HPP
#define AIAUDIT_TESTS_ENGINE_SUPPORT_SEGMENT_CONFORMANCE_HPP

#include "store_testing.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstddef>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace aiaudit_tests {

template <class Store>
void check_erase() {
    opened_store<Store> store;
    auto const done = store->write([](auto& view) -> result<void> {
        for (char const* const key : {"k1", "k2", "k3"}) {
            BOOST_TEST(bool(view.insert(table::blocks, key, "v")));
        }
        BOOST_TEST(bool(view.erase(table::blocks, "k3")));
        BOOST_TEST(bool(view.erase(table::blocks, "k9")));  // was never there
        BOOST_TEST((code_of(view.erase(table::blocks, "")) == errc::bad_argument));
        return {};
    });
    BOOST_TEST(bool(done));
    auto const again = store->write([](auto& view) -> result<void> {
        BOOST_TEST(bool(view.erase(table::blocks, "k1")));
        BOOST_TEST((value_in(view, table::blocks, "k1") == std::nullopt));
        BOOST_TEST(bool(view.insert(table::blocks, "k1", "again")));
        BOOST_TEST(bool(view.erase(table::blocks, "k2")));
        BOOST_TEST((view.last_key(table::blocks).value() == "k1"));
        return view.erase(table::meta, "k1");  // of another table
    });
    BOOST_TEST(bool(again));
    BOOST_TEST((entries_of(*store, table::blocks) == entry_list{{"k1", "again"}}));
    BOOST_TEST(bool(store->write([](auto& view) { return view.erase(table::blocks, "k1"); })));
    BOOST_TEST(entries_of(*store, table::blocks).empty());
    store
        ->read([](auto const& view) -> result<void> {
            BOOST_TEST((view.last_key(table::blocks).value() == std::nullopt));
            return {};
        })
        .value();
}

// The old segment reads on, the next has what the body entered, and writes go there.
template <class Store>
void check_rotation() {
    opened_store<Store> store;
    BOOST_TEST((store->segments().value() == segment_range{1, 1}));
    put(*store, table::blocks, "k", "first");
    auto const rotated = store->rotate([](auto const& old, auto& next) -> result<void> {
        BOOST_TEST(old.segment() == 1U);
        BOOST_TEST(next.segment() == 2U);
        BOOST_TEST((value_in(old, table::blocks, "k") == "first"));
        BOOST_TEST(entries_in(next, table::blocks).empty());
        BOOST_TEST(bool(next.insert(table::snapshots, "begin", "entered")));
        return next.replace(table::meta, "from", "1");
    });
    BOOST_TEST(bool(rotated));
    BOOST_TEST((store->segments().value() == segment_range{1, 2}));
    BOOST_TEST((value_of(*store, table::snapshots, "begin") == "entered"));
    auto const written = store->write([](auto& view) -> result<void> {
        BOOST_TEST(view.segment() == 2U);
        BOOST_TEST((value_in(view, table::meta, "from") == "1"));
        return view.insert(table::blocks, "k", "second");
    });
    BOOST_TEST(bool(written));
    auto const looked = store->read([](auto const& view) -> result<void> {
        BOOST_TEST(view.segment() == 2U);
        return {};
    });
    BOOST_TEST(bool(looked));
    BOOST_TEST((entries_of(*store, 1, table::blocks) == entry_list{{"k", "first"}}));
    BOOST_TEST(entries_of(*store, 1, table::snapshots).empty());
    BOOST_TEST((entries_of(*store, 1, table::meta) ==
                entry_list{{std::string(aiaudit::sealed_key), "2"}}));
    BOOST_TEST((entries_of(*store, 2, table::blocks) == entry_list{{"k", "second"}}));
    BOOST_TEST((entries_of(*store, 2, table::meta) == entry_list{{"from", "1"}}));
    BOOST_TEST((code_of(store->read(3, only_look)) == errc::not_found));
}

// Neither a failed nor a thrown body leaves a trace; the next one that succeeds begins anew.
template <class Store>
void check_failed_rotation() {
    opened_store<Store> store;
    put(*store, table::blocks, "k", "v");
    auto const before = store->generation();
    auto const failed = store->rotate([](auto const&, auto& next) -> result<void> {
        BOOST_TEST(bool(next.insert(table::blocks, "left over", "x")));
        return aiaudit::fail(errc::bad_input, "on purpose");
    });
    BOOST_TEST((code_of(failed) == errc::bad_input));
    auto const thrower = [](auto const&, auto& next) -> result<void> {
        BOOST_TEST(bool(next.insert(table::blocks, "left over", "x")));
        throw std::runtime_error("on purpose");
    };
    BOOST_CHECK_THROW((void)store->rotate(thrower), std::runtime_error);
    BOOST_TEST((store->segments().value() == segment_range{1, 1}));
    BOOST_TEST(store->generation() == before);
    BOOST_TEST((code_of(store->read(2, only_look)) == errc::not_found));
    put(*store, table::blocks, "l", "w");
    BOOST_TEST((entries_of(*store, 1, table::blocks) == entry_list{{"k", "v"}, {"l", "w"}}));
    BOOST_TEST(entries_of(*store, 1, table::meta).empty());
    BOOST_TEST(bool(store->rotate(enter_nothing)));
    BOOST_TEST((store->segments().value() == segment_range{1, 2}));
    BOOST_TEST(entries_of(*store, 2, table::blocks).empty());
}

template <class Store>
void check_rotation_lasts() {
    opened_store<Store> store;
    for (segment_number number = 1; number <= 12; ++number) {
        put(*store, table::blocks, "in", std::to_string(number));
        if (number < 12) BOOST_TEST(bool(store->rotate(enter_nothing)));
    }
    for (int round = 0; round < 2; ++round) {
        BOOST_TEST((store->segments().value() == segment_range{1, 12}));
        for (segment_number number = 1; number <= 12; ++number) {
            entry_list const expected{{"in", std::to_string(number)}};
            BOOST_TEST((entries_of(*store, number, table::blocks) == expected));
        }
        if (!store_lasts<Store>) return;
        store.reopen();
    }
}

template <class Store>
void check_drop() {
    opened_store<Store> store;
    BOOST_TEST((code_of(store->drop_oldest(1)) == errc::bad_argument));  // the only one
    for (int i = 0; i < 3; ++i) BOOST_TEST(bool(store->rotate(enter_nothing)));
    put(*store, table::blocks, "k", "in the fourth");
    for (segment_number const wrong : {0U, 2U, 4U, 5U, 77U}) {
        BOOST_TEST((code_of(store->drop_oldest(wrong)) == errc::bad_argument));
    }
    BOOST_TEST(bool(store->read(1, only_look)));
    BOOST_TEST(bool(store->drop_oldest(1)));
    BOOST_TEST((code_of(store->read(1, only_look)) == errc::not_found));
    BOOST_TEST((code_of(store->drop_oldest(1)) == errc::not_found));
    BOOST_TEST((store->segments().value() == segment_range{2, 4}));
    BOOST_TEST(bool(store->drop_oldest(2)));
    BOOST_TEST(bool(store->drop_oldest(3)));
    BOOST_TEST((code_of(store->drop_oldest(4)) == errc::bad_argument));
    if (store_lasts<Store>) store.reopen();
    BOOST_TEST((store->segments().value() == segment_range{4, 4}));
    BOOST_TEST((value_of(*store, table::blocks, "k") == "in the fourth"));
    // Numbers are not used again.
    BOOST_TEST(bool(store->rotate(enter_nothing)));
    BOOST_TEST((store->segments().value() == segment_range{4, 5}));
    BOOST_TEST((code_of(store->read(1, only_look)) == errc::not_found));
}

// Empty until it is written, apart from every segment, and still there when they are gone.
template <class Store>
void check_history() {
    using aiaudit::history;
    opened_store<Store> store;
    auto const empty = store->read(history, [](auto const& view) -> result<void> {
        BOOST_TEST(view.segment() == history);
        BOOST_TEST((view.last_key(table::tiles).value() == std::nullopt));
        BOOST_TEST((value_in(view, table::tiles, "k") == std::nullopt));
        BOOST_TEST((code_of(view.get(table::tiles, "")) == errc::bad_argument));
        BOOST_TEST(entries_in(view, table::tiles).empty());
        return {};
    });
    BOOST_TEST(bool(empty));
    auto const failed = store->write_history([](auto& view) -> result<void> {
        BOOST_TEST(bool(view.insert(table::tiles, "k", "x")));
        return aiaudit::fail(errc::bad_input, "on purpose");
    });
    BOOST_TEST((code_of(failed) == errc::bad_input));
    BOOST_TEST(entries_of(*store, history, table::tiles).empty());
    auto const written = store->write_history([](auto& view) -> result<void> {
        BOOST_TEST(view.segment() == history);
        return view.insert(table::tiles, "k", "v");
    });
    BOOST_TEST(bool(written));
    BOOST_TEST(bool(store->rotate(enter_nothing)));
    BOOST_TEST(bool(store->drop_oldest(1)));
    if (store_lasts<Store>) store.reopen();
    BOOST_TEST((entries_of(*store, history, table::tiles) == entry_list{{"k", "v"}}));
    BOOST_TEST(entries_of(*store, history, table::meta).empty());
    BOOST_TEST(entries_of(*store, 2, table::tiles).empty());
}

// Never the same number twice, whatever was committed.
template <class Store>
void check_generation() {
    opened_store<Store> store;
    std::set<std::uint64_t> seen{store->generation()};
    for (int round = 0; round < 5; ++round) {
        for (int i = 0; i < 3; ++i) {
            put(*store, table::blocks, "k", std::to_string(i));
            BOOST_TEST(seen.insert(store->generation()).second);
            BOOST_TEST(!seen.insert(store->generation()).second);
        }
        BOOST_TEST(bool(store->rotate(enter_nothing)));
        BOOST_TEST(seen.insert(store->generation()).second);
        store->read(only_look).value();
        seen.insert(store->generation());
    }
    BOOST_TEST(seen.count(0) == 0U);
}

// A view on the newest segment has the store's, until there is a commit after it; no other has.
template <class Store>
void check_generation_of_views() {
    opened_store<Store> store;
    auto const of = [&](segment_number segment) {
        std::uint64_t found = 0;
        auto const look = [&](auto const& view) -> result<void> {
            found = view.generation();
            return {};
        };
        store->read(segment, look).value();
        return found;
    };
    for (segment_number newest = 1; newest <= 3; ++newest) {
        put(*store, table::blocks, "k", "v");
        auto const before = store->generation();
        BOOST_TEST(of(newest) == before);
        auto const written = store->write([&](auto& view) -> result<void> {
            BOOST_TEST(view.generation() == before);
            return view.replace(table::blocks, "k", "w");
        });
        BOOST_TEST(bool(written));
        BOOST_TEST(of(newest) != before);
        BOOST_TEST(of(newest) == store->generation());
        store->write_history([](auto& view) { return view.replace(table::blocks, "k", "v"); })
            .value();
        for (segment_number other = aiaudit::history; other < newest; ++other) {
            BOOST_TEST(of(other) != store->generation());
        }
        BOOST_TEST(bool(store->rotate(enter_nothing)));
    }
}

template <class Store>
void check_segments_read_only() {
    opened_store<Store> store;
    BOOST_TEST(bool(store->rotate(enter_nothing)));
    store.reopen(true);
    BOOST_TEST((code_of(store->rotate(enter_nothing)) == errc::read_only));
    BOOST_TEST((code_of(store->drop_oldest(1)) == errc::read_only));
    BOOST_TEST((code_of(store->write_history(only_look)) == errc::read_only));
    segment_range const expected{1, store_lasts<Store> ? 2U : 1U};
    BOOST_TEST((store->segments().value() == expected));
    BOOST_TEST(bool(store->read(1, only_look)));
    BOOST_TEST(bool(store->read(aiaudit::history, only_look)));
}

template <class Store>
void check_segments_moved_from() {
    opened_store<Store> store;
    Store const moved(std::move(*store));
    BOOST_TEST((code_of(store->segments()) == errc::closed));
    BOOST_TEST((code_of(store->read(1, only_look)) == errc::closed));
    BOOST_TEST((code_of(store->rotate(enter_nothing)) == errc::closed));
    BOOST_TEST((code_of(store->write_history(only_look)) == errc::closed));
    BOOST_TEST((code_of(store->drop_oldest(1)) == errc::closed));
}

// Some threads write, one rotates, others read all there is: nothing is lost or seen twice, and
// what was once read in a segment that is sealed stays as it is.
template <class Store>
void check_threads_rotate() {
    opened_store<Store> store;
    constexpr int writers = 3;
    constexpr int rounds = 30;
    std::atomic<bool> stop = false;
    std::atomic<int> wrong = 0;
    auto const read_all = [&] {
        while (!stop) {
            auto const there = store->segments();
            if (!there) ++wrong;
            for (auto number = there->oldest; number <= there->newest; ++number) {
                bool const last = number == there->newest;
                auto const looked = store->read(number, [&](auto const& view) -> result<void> {
                    if (view.segment() != number) ++wrong;
                    bool const sealed = bool(value_in(view, table::meta, aiaudit::sealed_key));
                    if (!sealed && !last) ++wrong;
                    return {};
                });
                if (!looked) ++wrong;
            }
            std::this_thread::yield();
        }
    };
    std::vector<std::thread> readers;
    for (int i = 0; i < 2; ++i) readers.emplace_back(read_all);
    std::vector<std::thread> threads;
    for (int i = 0; i < writers; ++i) {
        threads.emplace_back([&, i] {
            for (int round = 0; round < rounds; ++round) {
                auto const key = std::to_string(i) + ":" + std::to_string(round);
                auto const done = store->write([&](auto& view) {
                    return view.insert(table::blocks, key, std::to_string(view.segment()));
                });
                if (!done) ++wrong;
            }
        });
    }
    threads.emplace_back([&] {
        for (int round = 0; round < 15; ++round) {
            if (!store->rotate(enter_nothing)) ++wrong;
        }
    });
    for (auto& thread : threads) thread.join();
    stop = true;
    for (auto& thread : readers) thread.join();
    BOOST_TEST(wrong == 0);
    BOOST_TEST((store->segments().value() == segment_range{1, 16}));
    std::set<std::string> found;
    for (segment_number number = 1; number <= 16; ++number) {
        for (auto const& [key, value] : entries_of(*store, number, table::blocks)) {
            BOOST_TEST(found.insert(key).second);
            BOOST_TEST(value == std::to_string(number));
        }
    }
    BOOST_TEST(found.size() == std::size_t{writers} * rounds);
}

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_ENGINE_SUPPORT_SEGMENT_CONFORMANCE_HPP

// SPDX-License-Identifier: MIT
//
// store_conformance.hpp: what aiaudit::storage_policy promises, as checks that run on any store.
//
// To run them on your own store, in a Boost.Test program:
//
//     BOOST_AUTO_TEST_CASE(my_store_conforms) { aiaudit_tests::check_store<my_store>(); }
//
// and, before it, for a store that keeps nothing when it is closed:
//
//     template <>
//     inline constexpr bool aiaudit_tests::store_lasts<my_store> = false;
//
// Every check opens its own store in a directory of its own.
#ifndef AIAUDIT_TESTS_ENGINE_SUPPORT_STORE_CONFORMANCE_HPP
#define AIAUDIT_TESTS_ENGINE_SUPPORT_STORE_CONFORMANCE_HPP

#include <aiaudit/limits.hpp>
#include "segment_conformance.hpp"
#include "store_testing.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace aiaudit_tests {

// insert refuses a key that is there, replace does not, and the transaction goes on.
template <class Store>
void check_insert_and_replace() {
    opened_store<Store> store;
    auto const done = store->write([](auto& view) -> result<void> {
        BOOST_TEST(bool(view.insert(table::blocks, "k2", "two")));
        BOOST_TEST(bool(view.insert(table::blocks, "k3", "three")));
        BOOST_TEST(bool(view.insert(table::blocks, "k1", "one")));  // not in order
        for (char const* const key : {"k1", "k2", "k3"}) {
            auto const again = view.insert(table::blocks, key, "other");
            BOOST_TEST((code_of(again) == errc::storage_failed));
            BOOST_TEST(again.error().message().find("key exists") != std::string::npos);
            BOOST_TEST((code_of(view.reserve(table::blocks, key, 3)) == errc::storage_failed));
        }
        BOOST_TEST(bool(view.insert(table::meta, "k1", "in another table")));
        return view.replace(table::blocks, "k2", "");
    });
    BOOST_TEST(bool(done));
    entry_list const expected{{"k1", "one"}, {"k2", ""}, {"k3", "three"}};
    BOOST_TEST((entries_of(*store, table::blocks) == expected));
    BOOST_TEST((value_of(*store, table::meta, "k1") == "in another table"));
    BOOST_TEST((value_of(*store, table::blocks, "k4") == std::nullopt));
    BOOST_TEST(entries_of(*store, table::tiles).empty());
}

template <class Store>
void check_reserve() {
    opened_store<Store> store;
    std::string const large(300'000, 'L');
    auto const done = store->write([&](auto& view) -> result<void> {
        for (auto const& [key, value] : entry_list{{"a", "small"}, {"b", large}, {"c", ""}}) {
            auto const room = view.reserve(table::snapshots, key, value.size());
            if (!room) return room.error();
            BOOST_TEST(room->size() == value.size());
            value.copy(room->data(), value.size());
        }
        return {};
    });
    BOOST_TEST(bool(done));
    entry_list const expected{{"a", "small"}, {"b", large}, {"c", ""}};
    BOOST_TEST((entries_of(*store, table::snapshots) == expected));
}

template <class Store>
void check_key_and_value_limits() {
    opened_store<Store> store;
    std::string const longest(aiaudit::limits::storage_key_bytes, '\xFF');
    auto const done = store->write([&](auto& view) -> result<void> {
        for (std::string const& key : {std::string(), longest + "x"}) {
            BOOST_TEST((code_of(view.insert(table::meta, key, "v")) == errc::bad_argument));
            BOOST_TEST((code_of(view.reserve(table::meta, key, 1)) == errc::bad_argument));
            BOOST_TEST((code_of(view.replace(table::meta, key, "v")) == errc::bad_argument));
            BOOST_TEST((code_of(view.get(table::meta, key)) == errc::bad_argument));
        }
        auto const too_large = aiaudit::limits::storage_value_bytes + 1;
        BOOST_TEST((code_of(view.reserve(table::meta, "k", too_large)) == errc::too_large));
        return view.insert(table::meta, longest, "v");
    });
    BOOST_TEST(bool(done));
    BOOST_TEST((value_of(*store, table::meta, longest) == "v"));
    // scan takes any start.
    BOOST_TEST(entries_of(*store, table::meta, longest + std::string(600, 'x')).empty());
    BOOST_TEST(entries_of(*store, table::meta, std::string(600, 'a')).size() == 1);
}

template <class Store>
void check_scan_order() {
    opened_store<Store> store;
    using namespace std::string_literals;
    std::vector<std::string> keys{"\0"s, "\0\0"s, "a"s,    "a\0"s, "ab"s,
                                  "b"s,  "\x7F"s, "\x80"s, "\xFF"s};
    std::sort(keys.begin(), keys.end());
    auto shuffled = keys;
    std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(7));
    for (auto const& key : shuffled) put(*store, table::tiles, key, "=" + key);
    for (std::size_t from = 0; from <= keys.size(); ++from) {
        entry_list expected;
        for (std::size_t i = from; i < keys.size(); ++i)
            expected.emplace_back(keys[i], "=" + keys[i]);
        auto const start = from < keys.size() ? keys[from] : "\xFF\x01"s;
        BOOST_TEST((entries_of(*store, table::tiles, start) == expected));
    }
    BOOST_TEST(entries_of(*store, table::tiles, "aa").front().first == "ab");
    BOOST_TEST(entries_of(*store, table::tiles).size() == keys.size());
    store
        ->read([&](auto const& view) -> result<void> {
            int visits = 0;
            auto const stop_at_two = [&](std::string_view, std::string_view) {
                return ++visits < 2;
            };
            BOOST_TEST(bool(view.scan(table::tiles, "", stop_at_two)));
            BOOST_TEST(visits == 2);
            BOOST_TEST((view.last_key(table::tiles).value() == "\xFF"));
            BOOST_TEST((view.last_key(table::meta).value() == std::nullopt));
            return {};
        })
        .value();
}

// A failed or thrown body leaves nothing, and the store can be used on.
template <class Store>
void check_atomic() {
    opened_store<Store> store;
    put(*store, table::meta, "kept", "old");
    auto const before = store->generation();
    auto const change = [](auto& view) {
        BOOST_TEST(bool(view.insert(table::blocks, "new", "x")));
        BOOST_TEST(bool(view.replace(table::meta, "kept", "changed")));
        BOOST_TEST((value_in(view, table::meta, "kept") == "changed"));  // sees itself
    };
    auto const failed = store->write([&](auto& view) -> result<void> {
        change(view);
        return aiaudit::fail(errc::bad_argument, "on purpose");
    });
    BOOST_TEST((code_of(failed) == errc::bad_argument));
    auto const thrower = [&](auto& view) -> result<void> {
        change(view);
        throw std::runtime_error("on purpose");
    };
    BOOST_CHECK_THROW((void)store->write(thrower), std::runtime_error);
    BOOST_TEST((value_of(*store, table::meta, "kept") == "old"));
    BOOST_TEST(entries_of(*store, table::blocks).empty());
    BOOST_TEST(store->generation() == before);
    auto const nothing = store->write([](auto&) -> result<void> { return {}; });
    BOOST_TEST(bool(nothing));
    put(*store, table::meta, "kept", "new");
    BOOST_TEST(store->generation() != before);
    BOOST_TEST((value_of(*store, table::meta, "kept") == "new"));
}

// A read that began before a commit does not see it; one that fails hands its error on.
template <class Store>
void check_snapshot() {
    opened_store<Store> store;
    put(*store, table::meta, "k", "1");
    std::optional<std::string> during;
    auto const done = store->write([&](auto& view) -> result<void> {
        auto ok = view.replace(table::meta, "k", "2");
        std::thread([&] { during = value_of(*store, table::meta, "k"); }).join();
        return ok;
    });
    BOOST_TEST(bool(done));
    BOOST_TEST((during == "1"));
    BOOST_TEST((value_of(*store, table::meta, "k") == "2"));
    auto const failed = store->read(
        [](auto const&) -> result<void> { return aiaudit::fail(errc::bad_input, "on purpose"); });
    BOOST_TEST((code_of(failed) == errc::bad_input));
}

// Writers of many threads take turns; each reader sees whole transactions.
template <class Store>
void check_threads() {
    opened_store<Store> store;
    constexpr int writers = 4;
    constexpr int rounds = 25;
    std::atomic<bool> stop = false;
    std::atomic<int> torn = 0;
    auto const add_one = [](auto& view) -> result<void> {
        auto const now = value_in(view, table::meta, "count").value_or("0");
        auto const next = std::to_string(std::stoi(now) + 1);
        if (auto ok = view.replace(table::meta, "count", next); !ok) return ok;
        return view.replace(table::snapshots, "count", next);
    };
    auto const compare = [&](auto const& view) -> result<void> {
        if (value_in(view, table::meta, "count") != value_in(view, table::snapshots, "count")) {
            ++torn;
        }
        return {};
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
        threads.emplace_back([&] {
            while (!stop) {
                store->read(compare).value();
                std::this_thread::yield();
            }
        });
    }
    for (int i = 0; i < writers; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < rounds; ++round) store->write(add_one).value();
        });
    }
    for (int i = 0; i < writers; ++i) {
        threads.back().join();
        threads.pop_back();
    }
    stop = true;
    for (auto& thread : threads) thread.join();
    BOOST_TEST(torn == 0);
    BOOST_TEST((value_of(*store, table::meta, "count") == std::to_string(writers * rounds)));
}

// Random transactions, some failing, against a map; opened again now and then.
template <class Store>
void check_against_model() {
    opened_store<Store> store;
    std::map<std::string, std::string> model;
    std::mt19937 random(20260815);
    for (int round = 0; round < 200; ++round) {
        auto next = model;
        bool const fails = random() % 5 == 0;
        auto const done = store->write([&](auto& view) -> result<void> {
            for (auto changes = random() % 8; changes > 0; --changes) {
                auto const key = "key" + std::to_string(random() % 60);
                auto const size = random() % 10 == 0 ? random() % 60'000 : random() % 900;
                std::string const value(size, static_cast<char>(random() % 256));
                auto const kind = random() % 5;
                if (kind == 0) {
                    BOOST_REQUIRE(bool(view.erase(table::blocks, key)));
                    next.erase(key);
                } else if (kind <= 2) {
                    BOOST_REQUIRE(bool(view.replace(table::blocks, key, value)));
                    next[key] = value;
                } else {
                    bool const added = bool(view.insert(table::blocks, key, value));
                    BOOST_REQUIRE(added == next.emplace(key, value).second);
                }
            }
            BOOST_REQUIRE(
                (entries_in(view, table::blocks) == entry_list(next.begin(), next.end())));
            auto const last = next.empty() ? std::nullopt : std::optional(next.rbegin()->first);
            BOOST_REQUIRE((view.last_key(table::blocks).value() == last));
            if (fails) return aiaudit::fail(errc::bad_input, "on purpose");
            return {};
        });
        BOOST_REQUIRE(bool(done) != fails);
        if (!fails) model = next;
        if (store_lasts<Store> && round % 50 == 49) store.reopen();
        entry_list const expected(model.begin(), model.end());
        BOOST_REQUIRE((entries_of(*store, table::blocks) == expected));
    }
}

template <class Store>
void check_reopen_and_read_only() {
    opened_store<Store> store;
    put(*store, table::blocks, "k", "v");
    auto const generation = store->generation();
    store.reopen(true);
    if (store_lasts<Store>) {
        BOOST_TEST((value_of(*store, table::blocks, "k") == "v"));
        BOOST_TEST(store->generation() == generation);
        BOOST_TEST(store->bytes_on_disk() > 0U);
    }
    auto const refused =
        store->write([](auto& view) { return view.replace(table::blocks, "k", "w"); });
    BOOST_TEST((code_of(refused) == errc::read_only));
}

template <class Store>
void check_moved_from() {
    opened_store<Store> store;
    put(*store, table::blocks, "k", "v");
    Store moved(std::move(*store));
    BOOST_TEST((value_of(moved, table::blocks, "k") == "v"));
    auto const read = store->read([](auto const&) -> result<void> { return {}; });
    auto const written = store->write([](auto&) -> result<void> { return {}; });
    BOOST_TEST((code_of(read) == errc::closed));
    BOOST_TEST((code_of(written) == errc::closed));
    BOOST_TEST(store->generation() == 0U);
    *store = std::move(moved);
    BOOST_TEST((value_of(*store, table::blocks, "k") == "v"));
}

template <class Store>
void check_store() {
    check_insert_and_replace<Store>();
    check_reserve<Store>();
    check_key_and_value_limits<Store>();
    check_scan_order<Store>();
    check_atomic<Store>();
    check_snapshot<Store>();
    check_threads<Store>();
    check_against_model<Store>();
    check_reopen_and_read_only<Store>();
    check_moved_from<Store>();
    check_erase<Store>();
    check_rotation<Store>();
    check_failed_rotation<Store>();
    check_rotation_lasts<Store>();
    check_drop<Store>();
    check_history<Store>();
    check_generation<Store>();
    check_generation_of_views<Store>();
    check_segments_read_only<Store>();
    check_segments_moved_from<Store>();
    check_threads_rotate<Store>();
}

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_ENGINE_SUPPORT_STORE_CONFORMANCE_HPP

// SPDX-License-Identifier: MIT
//
// cache_conformance.hpp: what every model of cache_policy that keeps anything must do. Run it over
// your own: instantiate each check.
#ifndef AIAUDIT_TESTS_ENGINE_SUPPORT_CACHE_CONFORMANCE_HPP
#define AIAUDIT_TESTS_ENGINE_SUPPORT_CACHE_CONFORMANCE_HPP

#include "temporary_directory.hpp"

#include <aiaudit/cache/cache_entry.hpp>
#include <aiaudit/cache/response_cache.hpp>
#include <aiaudit/detail/sha256.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace aiaudit_tests {

using aiaudit::cache_key;
using aiaudit::cache_options;
using aiaudit::cached_response;
using aiaudit::errc;
using aiaudit::result;
using aiaudit::timestamp;

[[nodiscard]] inline cache_key key_number(std::uint64_t number) {
    return {aiaudit::detail::sha256(std::to_string(number))};
}

[[nodiscard]] inline timestamp second(std::int64_t at) { return timestamp::from_seconds(at); }

[[nodiscard]] inline cached_response answer_of(std::string body) {
    cached_response answer;
    answer.status = 200;
    answer.content_type = "application/json";
    answer.headers = {{"x-request-id", "req_1"}, {"openai-version", "2020-10-01"}};
    answer.body = std::move(body);
    answer.cost = aiaudit::money::from_pico(123'456'789);
    answer.paid_by = "01890a5d-ac96-774b-bcce-b302099a8057";
    return answer;
}

// In a directory of its own.
template <class Cache>
class opened_cache {
public:
    explicit opened_cache(cache_options options = {}) : options_(std::move(options)) {
        options_.path = directory_ / "cache";
        cache_.emplace(Cache::open(options_).value());
    }
    Cache& operator*() noexcept { return *cache_; }
    Cache* operator->() noexcept { return &*cache_; }
    [[nodiscard]] std::string const& path() const noexcept { return options_.path; }
    [[nodiscard]] cache_options const& options() const noexcept { return options_; }
    void close() { cache_.reset(); }
    void reopen() {
        cache_.reset();
        cache_.emplace(Cache::open(options_).value());
    }

private:
    temporary_directory directory_{};
    cache_options options_;
    std::optional<Cache> cache_{};
};

// The body that a get answers; nothing where it is a miss.
template <class Cache>
[[nodiscard]] std::optional<std::string> body_of(Cache const& cache, cache_key const& key,
                                                 timestamp now) {
    auto const answer = cache.get(key, now).value();
    return answer ? std::optional(answer->body) : std::nullopt;
}

template <class Cache>
void check_what_is_put_is_given() {
    opened_cache<Cache> cache;
    BOOST_TEST(!cache->get(key_number(1), second(100)).value());
    auto answer = answer_of(std::string("a\0b\xFF", 4));
    answer.cost = aiaudit::money::from_pico(-5);
    cache->put(key_number(1), answer, second(100)).value();
    auto const given = cache->get(key_number(1), second(101)).value();
    BOOST_REQUIRE(given.has_value());
    answer.stored_at = second(100);
    BOOST_TEST((*given == answer));
    BOOST_TEST(!cache->get(key_number(2), second(101)).value());
    cached_response const empty{0, "", {}, "", {}, "", second(100)};
    cache->put(key_number(2), empty, second(100)).value();
    BOOST_TEST((cache->get(key_number(2), second(101)).value() == empty));
    BOOST_TEST(cache->size().value().entries == 2U);
    BOOST_TEST(cache->size().value().damaged == 0U);
}

template <class Cache>
void check_put_replaces() {
    opened_cache<Cache> cache;
    cache->put(key_number(1), answer_of("old"), second(100)).value();
    auto const before = cache->size().value();
    cache->put(key_number(1), answer_of("new"), second(200)).value();
    BOOST_TEST(body_of(*cache, key_number(1), second(200)).value() == "new");
    BOOST_TEST(cache->size().value().entries == 1U);
    BOOST_TEST(cache->size().value().bytes == before.bytes);
    // Also in the same instant, and with one that is larger.
    cache->put(key_number(1), answer_of(std::string(5000, 'x')), second(200)).value();
    BOOST_TEST(body_of(*cache, key_number(1), second(200)).value() == std::string(5000, 'x'));
    BOOST_TEST(cache->size().value().entries == 1U);
    BOOST_TEST(cache->size().value().bytes == before.bytes + 4997);
}

template <class Cache>
void check_erase_and_clear() {
    opened_cache<Cache> cache;
    for (std::uint64_t i = 0; i < 50; ++i)
        cache->put(key_number(i), answer_of("b"), second(100)).value();
    cache->erase(key_number(7)).value();
    cache->erase(key_number(7)).value();
    cache->erase(key_number(1000)).value();
    BOOST_TEST(!body_of(*cache, key_number(7), second(100)));
    BOOST_TEST(body_of(*cache, key_number(8), second(100)).value() == "b");
    BOOST_TEST(cache->size().value().entries == 49U);
    cache->clear().value();
    BOOST_TEST(!body_of(*cache, key_number(8), second(100)));
    BOOST_TEST(cache->size().value().entries == 0U);
    BOOST_TEST(cache->size().value().bytes == 0U);
    cache->put(key_number(8), answer_of("again"), second(100)).value();
    BOOST_TEST(body_of(*cache, key_number(8), second(100)).value() == "again");
    BOOST_TEST(cache->size().value().entries == 1U);
}

template <class Cache>
void check_expiry() {
    cache_options options;
    options.ttl = std::chrono::seconds(60);
    opened_cache<Cache> cache(options);
    cache->put(key_number(1), answer_of("b"), second(1000)).value();
    BOOST_TEST(body_of(*cache, key_number(1), second(1000)).has_value());
    timestamp const last{second(1060).ns - 1};
    BOOST_TEST(body_of(*cache, key_number(1), last).has_value());
    BOOST_TEST(!body_of(*cache, key_number(1), second(1060)));
    BOOST_TEST(!body_of(*cache, key_number(1), second(9999)));
    BOOST_TEST(body_of(*cache, key_number(1), second(900)).has_value());  // a clock set back
    BOOST_TEST(cache->size().value().entries == 1U);
    // Puts remove what has expired, a few at a time.
    for (std::uint64_t i = 100; i < 140; ++i)
        cache->put(key_number(i), answer_of("b"), second(1000)).value();
    BOOST_TEST(cache->size().value().entries == 41U);
    cache->put(key_number(2), answer_of("b"), second(2000)).value();
    BOOST_TEST(cache->size().value().entries ==
               42U - std::size_t{aiaudit::detail::expired_removed_at_once});
    for (std::uint64_t i = 3; i < 6; ++i)
        cache->put(key_number(i), answer_of("b"), second(2000)).value();
    BOOST_TEST(cache->size().value().entries == 4U);
    // Before 1970 too, and never when the sum is beyond time.
    cache->put(key_number(6), answer_of("b"), second(-1000)).value();
    BOOST_TEST(!body_of(*cache, key_number(6), second(-940)));
    BOOST_TEST(body_of(*cache, key_number(6), second(-941)).has_value());
    options.ttl = std::chrono::seconds::max();
    opened_cache<Cache> for_ever(options);
    for_ever->put(key_number(1), answer_of("b"), second(1000)).value();
    BOOST_TEST(body_of(*for_ever, key_number(1), second(9'000'000'000)).has_value());
    options.ttl = std::chrono::seconds(0);
    opened_cache<Cache> not_at_all(options);
    not_at_all->put(key_number(1), answer_of("b"), second(1000)).value();
    BOOST_TEST(!body_of(*not_at_all, key_number(1), second(1000)));
}

template <class Cache>
void check_what_expires_first_makes_room() {
    cache_options options;
    options.bytes_max = 100'000;
    options.entry_bytes_max = 50'000;
    opened_cache<Cache> cache(options);
    for (std::uint64_t i = 0; i < 9; ++i) {
        auto const at = second(1000 + static_cast<std::int64_t>(i * 5 % 9));
        cache->put(key_number(i), answer_of(std::string(10'000, 'b')), at).value();
    }
    // Each of these needs the room of the one that was put first: 0, then 2 (at 1001), 4, 6.
    for (std::uint64_t round = 0; round < 4; ++round) {
        auto const at = second(1100 + static_cast<std::int64_t>(round));
        cache->put(key_number(100 + round), answer_of(std::string(10'000, 'n')), at).value();
        for (std::uint64_t i = 0; i < 9; ++i) {
            bool const gone = i % 2 == 0 && i < 2 * round + 2;
            BOOST_TEST(body_of(*cache, key_number(i), at).has_value() == !gone, "entry " << i);
        }
    }
    // Too large: nothing is changed.
    auto const before = cache->size().value();
    auto const refused = cache->put(key_number(1), answer_of(std::string(50'000, 'b')), second(1));
    BOOST_TEST((refused.error().code == errc::too_large));
    BOOST_TEST(cache->size().value().bytes == before.bytes);
    BOOST_TEST(body_of(*cache, key_number(1), second(1100)).value() == std::string(10'000, 'b'));
    options.bytes_max = 1000;
    opened_cache<Cache> small(options);
    BOOST_TEST(
        (small->put(key_number(1), answer_of(std::string(1000, 'b')), second(1)).error().code ==
         errc::too_large));
}

// Thousands of puts, gets and erasures of random sizes against a map with the same rules.
template <class Cache>
void check_against_model(int steps) {
    struct kept {
        std::string body;
        std::int64_t expires_at;
        std::uint64_t bytes;
    };
    cache_options options;
    options.bytes_max = 300'000;
    options.entry_bytes_max = 40'000;
    options.ttl = std::chrono::seconds(500);
    opened_cache<Cache> cache(options);
    std::map<cache_key, kept> model;
    auto const sum = [&model] {
        std::uint64_t bytes = 0;
        for (auto const& [key, entry] : model) bytes += entry.bytes;
        return bytes;
    };
    std::mt19937_64 random(20'260'815);
    std::int64_t now = 1000;
    for (int step = 0; step < steps; ++step) {
        now += static_cast<std::int64_t>(random() % 5);
        auto const key = key_number(random() % 200);
        auto const what = random() % 16;
        if (what < 8) {
            auto const size = random() % 8 == 0 ? random() % 45'000 : random() % 3000;
            auto const answer =
                answer_of(std::string(size, static_cast<char>('a' + random() % 26)));
            auto const expires_at = second(now + 500);
            auto const bytes = aiaudit::detail::charged_bytes(
                aiaudit::detail::encode_entry(key, answer, second(now), expires_at));
            auto const put = cache->put(key, answer, second(now));
            BOOST_REQUIRE(put.has_value() == (bytes <= options.entry_bytes_max));
            if (!put) continue;
            model.erase(key);
            int removed = 0;
            for (; !model.empty(); ++removed) {
                auto const first =
                    std::min_element(model.begin(), model.end(), [](auto const& a, auto const& b) {
                        return std::pair(a.second.expires_at, a.first) <
                               std::pair(b.second.expires_at, b.first);
                    });
                bool const expired = first->second.expires_at <= now && removed < 16;
                if (!expired && sum() + bytes <= options.bytes_max) break;
                model.erase(first);
            }
            model[key] = {answer.body, now + 500, bytes};
        } else if (what < 15) {
            auto const found = model.find(key);
            auto const body = body_of(*cache, key, second(now));
            bool const expected = found != model.end() && found->second.expires_at > now;
            BOOST_REQUIRE(body.has_value() == expected);
            if (expected) BOOST_REQUIRE(*body == found->second.body);
        } else {
            cache->erase(key).value();
            model.erase(key);
        }
        auto const size = cache->size().value();
        BOOST_REQUIRE(size.bytes <= options.bytes_max);
        BOOST_REQUIRE(size.entries == model.size());
        BOOST_REQUIRE(size.bytes == sum());
    }
}

// No assertion in the threads: the framework's are not made for that.
template <class Cache>
void check_threads(int rounds) {
    cache_options options;
    options.bytes_max = 60'000;
    opened_cache<Cache> cache(options);
    std::atomic<int> wrong = 0;
    std::atomic<int> hits = 0;
    std::vector<std::thread> threads;
    for (std::uint64_t id = 0; id < 16; ++id) {
        threads.emplace_back([&, id] {
            std::mt19937_64 random(id);
            for (int i = 0; i < rounds; ++i) {
                auto const number = random() % 20;
                auto const key = key_number(number);
                std::string const right(1000 + number, static_cast<char>('a' + number));
                if (id % 4 == 0) {
                    if (!cache->put(key, answer_of(right), second(100 + i))) ++wrong;
                    if (i % 50 == 49 && !cache->erase(key)) ++wrong;
                    auto const size = cache->size();
                    if (!size || size->bytes > options.bytes_max) ++wrong;
                    continue;
                }
                auto const answer = cache->get(key, second(100 + i));
                if (!answer) ++wrong;
                if (answer && *answer) ++((*answer)->body == right ? hits : wrong);
            }
        });
    }
    for (auto& thread : threads) thread.join();
    BOOST_TEST(wrong == 0);
    for (std::uint64_t i = 0; i < 20; ++i)
        cache->put(key_number(i), answer_of("last"), second(5000)).value();
    for (std::uint64_t i = 0; i < 20; ++i)
        BOOST_TEST(body_of(*cache, key_number(i), second(5000)).value() == "last");
    BOOST_TEST(cache->size().value().entries >= 20U);
}

template <class Cache>
void check_moved_from_cache() {
    opened_cache<Cache> cache;
    cache->put(key_number(1), answer_of("b"), second(1)).value();
    Cache taken = std::move(*cache);
    BOOST_TEST(body_of(taken, key_number(1), second(1)).value() == "b");
    BOOST_TEST((cache->get(key_number(1), second(1)).error().code == errc::closed));
    BOOST_TEST((cache->put(key_number(1), answer_of("b"), second(1)).error().code == errc::closed));
    BOOST_TEST((cache->erase(key_number(1)).error().code == errc::closed));
    BOOST_TEST((cache->clear().error().code == errc::closed));
    BOOST_TEST((cache->size().error().code == errc::closed));
}

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_ENGINE_SUPPORT_CACHE_CONFORMANCE_HPP

// SPDX-License-Identifier: MIT
//
// One client, many threads, all kinds of calls at once: every attempt is in the log, once.

#include "support/client_stand.hpp"

#include <boost/test/unit_test.hpp>

#include <aiaudit/cache/memory_cache.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <latch>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(client_threads)

namespace {

using namespace aiaudit_tests;

struct cached : client_in_memory {
    using cache = memory_cache;
};

constexpr int threads = 64;
constexpr int rounds = 6;

// What one thread has seen of its calls; only looked at when all are over.
struct tally {
    std::uint64_t calls = 0;
    std::uint64_t answered = 0;
    std::uint64_t from_cache = 0;
    std::uint64_t refused = 0;
    std::uint64_t wrong = 0;
    std::uint64_t attempts = 0;  // of answered calls
    money cost{};
    std::set<std::string> operations{};
};

void note(tally& seen, std::string const& wanted, result<chat_reply> const& got) {
    ++seen.calls;
    if (!got) {
        ++seen.wrong;
        return;
    }
    ++seen.answered;
    seen.attempts += got->attempts;
    seen.from_cache += got->from_cache() ? 1 : 0;
    seen.cost += got->cost;
    seen.wrong += got->text == wanted ? 0 : 1;
    seen.operations.insert(got->operation_id.to_string());
}

// Answers with the question; "fail" is refused, and "again" is refused every other time.
struct echo {
    std::map<std::string, int> asked{};

    chaos_step operator()(seen_request const& request) {
        auto const body = boost::json::parse(request.body);
        std::string const text{body.at("messages").at(0).at("content").as_string()};
        if (text == "fail") return error_step(provider_error::openai_bad_request);
        bool const first = ++asked[std::string(request.header("idempotency-key"))] == 1;
        if (text.starts_with("again") && first)
            return error_step(provider_error::openai_server_error);
        auto const* stream = body.as_object().if_contains("stream");
        if (stream == nullptr) return json_step(openai_chat_body("gpt-4.1", text, {100, 10}));
        return stream_step(
            openai_chat_stream("gpt-4.1", {text.substr(0, 2), text.substr(2)}, body_usage{100, 10}),
            11);
    }
};

template <class Client>
void make_calls(Client& ai, int number, tally& seen) {
    call_options const who{.user = "user" + std::to_string(number % 4)};
    auto const ask = [](std::string const& text) {
        chat_request request = hello();
        request.messages = {{"user", text}};
        return request;
    };
    for (int round = 0; round < rounds; ++round) {
        auto const own = std::to_string(number) + "-" + std::to_string(round);
        note(seen, "chat " + own, ai.chat(ask("chat " + own), who));
        note(seen, "again " + own, ai.chat(ask("again " + own), who));
        std::string heard;
        auto const streamed = ai.stream(
            ask("stream " + own), [&](answer_delta const& piece) { heard += piece.text; }, who);
        note(seen, heard, streamed);
        chat_request shared = ask("shared " + std::to_string(round));
        shared.temperature = 0;
        note(seen, "shared " + std::to_string(round), ai.chat(shared, who));
        ++seen.calls;
        auto const failed = ai.chat(ask("fail"), who);
        seen.refused += !failed && failed.error().code == errc::provider_error ? 1 : 0;
        seen.wrong += ai.circuits().size() == 1 ? 0 : 1;
    }
}

}  // namespace

BOOST_AUTO_TEST_CASE(sixty_four_threads_leave_a_record_of_each_attempt_and_no_other) {
    client_options options;
    options.cache.path = "in memory";
    options.breaker.failure_percent = 101;  // half of the attempts of "again" fail
    policy_stand<cached> at(options);
    at.provider.answer(echo{});
    std::vector<tally> tallies(threads);
    {
        std::latch ready(threads);
        std::vector<std::jthread> running;
        for (int i = 0; i < threads; ++i) {
            running.emplace_back([&, i] {
                ready.arrive_and_wait();
                make_calls(at.ai, i, tallies[static_cast<std::size_t>(i)]);
            });
        }
    }
    tally all;
    for (tally& each : tallies) {
        all.calls += each.calls;
        all.answered += each.answered;
        all.from_cache += each.from_cache;
        all.refused += each.refused;
        all.wrong += each.wrong;
        all.attempts += each.attempts;
        all.cost += each.cost;
        all.operations.merge(each.operations);
    }
    constexpr std::uint64_t of_each = std::uint64_t{threads} * rounds;
    BOOST_TEST(all.wrong == 0U);
    BOOST_TEST(all.calls == 5 * of_each);
    BOOST_TEST(all.answered == 4 * of_each);
    BOOST_TEST(all.refused == of_each);
    BOOST_TEST(all.operations.size() == all.answered);                 // no two calls share an id
    constexpr std::uint64_t shared_asked = std::uint64_t{4} * rounds;  // once for each user
    BOOST_TEST(all.from_cache == of_each - shared_asked);
    BOOST_TEST(all.attempts ==
               4 * of_each - all.from_cache + of_each);  // one more for each "again"

    std::uint64_t const sent = at.asked();
    BOOST_TEST(sent == all.attempts + all.refused);
    at.log.flush().value();
    std::uint64_t next = 1;
    std::uint64_t gaps = 0;
    std::map<record_kind, std::uint64_t> kinds;
    std::set<std::pair<std::string, std::uint32_t>> begun;
    std::uint64_t without_intent = 0;
    std::uint64_t twice = 0;
    std::set<std::pair<std::string, std::uint32_t>> ended;
    totals recount;
    at.log
        .read(sequence{1},
              [&](sequence number, record&& entry) {
                  gaps += value_of(number) == next++ ? 0 : 1;
                  ++kinds[entry.kind];
                  std::pair const attempt{entry.operation_id.to_string(), entry.attempt};
                  if (entry.kind == record_kind::intent) begun.insert(attempt);
                  if (entry.kind != record_kind::outcome) return true;
                  recount.add(totals::of(entry));
                  twice += ended.insert(attempt).second ? 0 : 1;
                  if (!entry.saved) without_intent += begun.contains(attempt) ? 0 : 1;
                  return true;
              })
        .value();
    BOOST_TEST(gaps == 0U);
    BOOST_TEST(without_intent == 0U);
    BOOST_TEST(twice == 0U);
    BOOST_TEST(kinds[record_kind::intent] == sent);
    BOOST_TEST(kinds[record_kind::outcome] == sent + all.from_cache);
    BOOST_TEST(kinds[record_kind::circuit] == 0U);
    auto const sums = at.sums();
    BOOST_TEST(sums.requests == all.calls);
    BOOST_TEST(sums.attempts == recount.attempts);
    BOOST_TEST(sums.errors == recount.errors);
    BOOST_TEST((sums.counts == recount.counts));
    BOOST_TEST((sums.cost == recount.cost));
    BOOST_TEST((sums.cost == all.cost));
}

BOOST_AUTO_TEST_SUITE_END()

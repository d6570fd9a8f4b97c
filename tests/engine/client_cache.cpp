// SPDX-License-Identifier: MIT
//
// Answers from the cache, and identical calls in flight: what they cost, what is recorded, and who
// may be given them.

#include "engine/support/temporary_directory.hpp"
#include "support/client_stand.hpp"

#include <boost/test/unit_test.hpp>

#include <aiaudit/cache/lmdb_cache.hpp>
#include <aiaudit/cache/memory_cache.hpp>

#include <chrono>
#include <cstddef>
#include <future>
#include <latch>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

BOOST_AUTO_TEST_SUITE(client_cache)

namespace {

using namespace aiaudit_tests;
using namespace std::chrono_literals;

struct on_disk : client_in_memory {
    using clock = manual_clock;
};
struct in_this_process : on_disk {
    using cache = memory_cache;
};

// Has nothing, keeps nothing and says so.
struct broken_cache : no_cache {
    [[nodiscard]] static result<broken_cache> open(cache_options const&) { return broken_cache{}; }
    [[nodiscard]] result<std::optional<cached_response>> get(cache_key const&, timestamp) const {
        return fail(errc::corrupt, "broken");
    }
    result<void> put(cache_key const&, cached_response const&, timestamp) {
        return fail(errc::disk_full, "broken");
    }
};
struct broken : on_disk {
    using cache = broken_cache;
};

constexpr timestamp start{1'767'225'600'000'000'000};  // 2026-01-01

template <class Policies>
struct stand {
    explicit stand(client_options options = {}) : at(with_path(std::move(options))) { set(0s); }
    client_options with_path(client_options options) {
        options.cache.path = directory / "cache";
        options.retry.attempts_max = 1;
        return options;
    }
    void set(std::chrono::seconds after) {
        at.log.time().set({start.ns + std::chrono::nanoseconds{after}.count()});
    }
    result<chat_reply> ask(call_options options = {}) { return at.ai.chat(question(), options); }
    static chat_request question() {
        chat_request request = hello();
        request.temperature = 0;
        return request;
    }
    // Each answer says how many there were before.
    void count_answers() {
        at.provider.answer([n = 0](seen_request const&) mutable {
            return json_step(openai_chat_body("gpt-4.1", std::to_string(n++), {100, 10}));
        });
    }

    temporary_directory const directory{};
    policy_stand<Policies> at;
};

template <class Policies, class Body>
void for_one(Body body, client_options options = {}) {
    stand<Policies> one(std::move(options));
    body(one);
}
// With each of the two caches.
template <class Body>
void for_each_cache(Body body, client_options options = {}) {
    for_one<in_this_process>(body, options);
    for_one<on_disk>(body, options);
}

std::string const raw_stream = R"({"model":"gpt-4.1","messages":[],"temperature":0,"stream":true})";
std::string const raw_stream_with_usage =
    R"({"model":"gpt-4.1","messages":[],"temperature":0,"stream":true,)"
    R"("stream_options":{"include_usage":true}})";

// Calls `call(i)` in threads that begin together.
template <class Call>
void in_threads(int count, Call call) {
    std::latch ready(count);
    std::vector<std::jthread> threads;
    for (int i = 0; i < count; ++i) {
        threads.emplace_back([&, i] {
            ready.arrive_and_wait();
            call(i);
        });
    }
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_answer_from_the_cache_costs_nothing_and_counts_as_one_request) {
    for_each_cache([](auto& one) {
        one.count_answers();
        auto const paid = one.ask({.user = "ana"}).value();
        auto const given = one.ask({.user = "ana"}).value();
        BOOST_TEST(!paid.from_cache());
        BOOST_TEST(given.from_cache());
        BOOST_TEST(given.text == "0");
        BOOST_TEST(given.body == paid.body);
        BOOST_TEST(given.model == "gpt-4.1");
        BOOST_TEST(given.provider == "openai");
        BOOST_TEST(given.status == 200);
        BOOST_TEST((given.cost == money{}));
        BOOST_TEST((given.cost_status == cost_status::no_charge));
        BOOST_TEST((given.usage == usage{}));
        BOOST_TEST(given.attempts == 0U);
        BOOST_TEST((given.operation_id != paid.operation_id));
        BOOST_TEST(one.at.asked() == 1U);
        auto const ends = one.at.outcomes();
        BOOST_REQUIRE(ends.size() == 2U);
        BOOST_TEST(one.at.records(record_kind::intent).size() == 1U);
        BOOST_TEST((ends[1].operation_id == given.operation_id));
        BOOST_TEST((ends[1].cost == money{}));
        BOOST_TEST((ends[1].saved == paid.cost));
        BOOST_TEST((ends[1].usage == usage{}));
        BOOST_TEST(ends[1].user == "ana");
        BOOST_TEST(ends[1].model_served == "gpt-4.1");
        auto const sums = one.at.sums();
        BOOST_TEST(sums.requests == 2U);
        BOOST_TEST(sums.count(unit::input_tokens) == 100U);
        BOOST_TEST((sums.cost == paid.cost));
        BOOST_TEST(sums.uncosted == 0U);
    });
}

BOOST_AUTO_TEST_CASE(a_stream_from_the_cache_comes_piece_by_piece) {
    for_each_cache([](auto& one) {
        one.at.provider.script(
            chat_path,
            {stream_step(openai_chat_stream("gpt-4.1", {"Hel", "lo"}, body_usage{100, 10}), 5)});
        for (int i = 0; i < 2; ++i) {
            std::vector<std::string> heard;
            auto const reply =
                one.at.ai
                    .stream(one.question(),
                            [&](answer_delta const& piece) { heard.push_back(piece.text); })
                    .value();
            BOOST_TEST(reply.from_cache() == (i == 1));
            BOOST_TEST(heard == (std::vector<std::string>{"Hel", "lo"}),
                       boost::test_tools::per_element());
            BOOST_TEST(reply.text == "Hello");
            BOOST_TEST(reply.complete);
        }
        std::string heard;
        auto const ended = one.at.ai
                               .stream(one.question(),
                                       [&](answer_delta const& piece) {
                                           heard += piece.text;
                                           return false;
                                       })
                               .value();
        BOOST_TEST(heard == "Hel");
        BOOST_TEST(!ended.complete);
        BOOST_CHECK_THROW(
            one.at.ai
                .stream(one.question(), [](answer_delta const&) { throw std::logic_error("x"); })
                .value(),
            std::logic_error);
        BOOST_TEST(one.at.asked() == 1U);
        BOOST_TEST(one.at.outcomes().size() == 4U);
    });
}

BOOST_AUTO_TEST_CASE(only_what_has_one_likeliest_answer_is_cached_unless_asked_for) {
    chat_request const varying = hello();
    for_each_cache([&](auto& one) {
        one.count_answers();
        BOOST_TEST(one.at.ai.chat(varying).value().text == "0");
        BOOST_TEST(one.at.ai.chat(varying).value().text == "1");
    });
    client_options options;
    options.cache_varying = true;
    for_each_cache(
        [&](auto& one) {
            one.count_answers();
            BOOST_TEST(one.at.ai.chat(varying).value().text == "0");
            BOOST_TEST(one.at.ai.chat(varying).value().text == "0");
        },
        options);
}

BOOST_AUTO_TEST_CASE(an_answer_is_given_to_who_is_in_the_same_scope_only) {
    struct expectation {
        cache_scope scope;
        std::string texts;  // of ana in a, ben in a, ben in b, ana in a
    };
    for (auto const& [scope, texts] :
         {expectation{cache_scope::per_user, "0110"}, expectation{cache_scope::per_project, "0010"},
          expectation{cache_scope::everyone, "0000"}}) {
        client_options options;
        options.cache_scope = scope;
        for_one<in_this_process>(
            [&, expected = texts](auto& one) {
                one.count_answers();
                std::string got;
                for (auto const& [user, project] : {std::pair{"ana", "a"}, std::pair{"ben", "a"},
                                                    std::pair{"ben", "b"}, std::pair{"ana", "a"}})
                    got += one.ask({.user = user, .project = project}).value().text;
                BOOST_TEST(got == expected);
            },
            options);
    }
}

BOOST_AUTO_TEST_CASE(an_answer_is_given_until_its_time_is_over) {
    client_options options;
    options.cache.ttl = 60s;
    for_each_cache(
        [](auto& one) {
            one.count_answers();
            BOOST_TEST(one.ask().value().text == "0");
            one.set(59s);
            BOOST_TEST(one.ask().value().text == "0");
            one.set(60s);
            BOOST_TEST(one.ask().value().text == "1");
            one.set(119s);
            BOOST_TEST(one.ask().value().text == "1");
        },
        options);
}

BOOST_AUTO_TEST_CASE(a_refresh_asks_and_keeps_and_none_does_neither) {
    for_each_cache([](auto& one) {
        one.count_answers();
        BOOST_TEST(one.ask().value().text == "0");
        BOOST_TEST(one.ask({.cache = cache_mode::refresh}).value().text == "1");
        BOOST_TEST(one.ask().value().text == "1");
        BOOST_TEST(one.ask({.cache = cache_mode::none}).value().text == "2");
        BOOST_TEST(one.ask().value().text == "1");
        one.at.ai.cache()->clear().value();
        BOOST_TEST(one.ask().value().text == "3");
    });
}

BOOST_AUTO_TEST_CASE(what_failed_or_was_cut_is_not_kept) {
    for_each_cache([](auto& one) {
        one.at.provider.script(chat_path,
                               {error_step(provider_error::openai_bad_request),
                                json_step(openai_chat_body("gpt-4.1", "at last", {100, 10}))});
        BOOST_TEST(!one.ask());
        BOOST_TEST(!one.ask().value().from_cache());
        BOOST_TEST(one.ask().value().from_cache());

        auto const whole =
            stream_step(openai_chat_stream("gpt-4.1", {"Hel", "lo"}, body_usage{100, 10}));
        auto cut = whole;
        cut.body = openai_chat_stream("gpt-4.1", {"Hel", "lo"}, std::nullopt, false);
        one.at.provider.script(chat_path, {cut, whole});
        auto const hear = [](answer_delta const&) {};
        BOOST_TEST(!one.at.ai.stream(one.question(), hear));
        // Nor what its caller ended.
        auto const ended =
            one.at.ai.stream(one.question(), [](answer_delta const&) { return false; });
        BOOST_TEST(!ended.value().complete);
        BOOST_TEST(!one.at.ai.stream(one.question(), hear).value().from_cache());
        BOOST_TEST(one.at.ai.stream(one.question(), hear).value().from_cache());
    });
}

BOOST_AUTO_TEST_CASE(the_chunk_of_an_injected_usage_is_hidden_and_one_asked_for_is_shown) {
    for_each_cache([](auto& one) {
        one.at.provider.script(
            chat_path,
            {stream_step(openai_chat_stream("gpt-4.1", {"Hel", "lo"}, body_usage{100, 10}), 3)});
        auto const heard = [&](std::string const& json, bool cached) {
            std::vector<std::string> events;
            auto const reply =
                one.at.ai
                    .send_stream("openai", "/chat/completions", json,
                                 [&](std::string_view event) { events.emplace_back(event); })
                    .value();
            BOOST_TEST(reply.from_cache() == cached);
            BOOST_TEST((reply.usage.count(unit::input_tokens) == 100U) == !cached);
            return events;
        };
        auto const shows_usage = [](std::vector<std::string> const& events) {
            return events.back().find("prompt_tokens") != std::string::npos;
        };
        auto const hidden = heard(raw_stream, false);
        BOOST_TEST(!shows_usage(hidden));
        BOOST_TEST(one.at.provider.requests()[0].body.find("include_usage") != std::string::npos);
        BOOST_TEST((heard(raw_stream, true) == hidden));
        // The same bytes were sent for both, so both have the same answer.
        auto const shown = heard(raw_stream_with_usage, true);
        BOOST_TEST(shows_usage(shown));
        BOOST_TEST(shown.size() == hidden.size() + 1);
        one.at.ai.cache()->clear().value();
        BOOST_TEST((heard(raw_stream_with_usage, false) == shown));
        BOOST_TEST((heard(raw_stream, true) == hidden));
        BOOST_TEST(one.at.asked() == 2U);
    });
}

BOOST_AUTO_TEST_CASE(a_header_may_change_the_answer_unless_it_only_names_the_call) {
    for_one<in_this_process>([](auto& one) {
        one.count_answers();
        BOOST_TEST(one.ask().value().text == "0");
        BOOST_TEST(one.ask({.headers = {{"OpenAI-Beta", "x"}}}).value().text == "1");
        BOOST_TEST(one.ask({.headers = {{"openai-beta", "x"}}}).value().text == "1");
        BOOST_TEST(one.ask({.headers = {{"OpenAI-Beta", "y"}}}).value().text == "2");
        BOOST_TEST(one.ask({.headers = {{"Traceparent", "00-1"}}}).value().text == "0");
        BOOST_TEST(one.ask({.headers = {{"X-Request-Id", "7"}}}).value().text == "0");
    });
}

BOOST_AUTO_TEST_CASE(embeddings_are_given_again) {
    for_each_cache([](auto& one) {
        one.at.provider.script("/v1/embeddings",
                               {json_step(embeddings_body("text-embedding-3-small", 5))});
        embedding_request const request{
            .provider = "openai", .model = "text-embedding-3-small", .inputs = {"word"}};
        auto const paid = one.at.ai.embed(request).value();
        auto const given = one.at.ai.embed(request).value();
        BOOST_TEST(given.from_cache());
        BOOST_TEST((given.vectors == paid.vectors));
        BOOST_TEST(given.vectors.at(0).size() == 8U);
    });
}

BOOST_AUTO_TEST_CASE(a_cache_that_fails_never_fails_a_call) {
    for_one<broken>([](auto& one) {
        one.count_answers();
        BOOST_TEST(one.ask().value().text == "0");
        BOOST_TEST(one.ask().value().text == "1");
        BOOST_TEST(one.at.asked() == 2U);
    });
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_too_large_to_be_kept_is_given_all_the_same) {
    client_options options;
    options.cache.entry_bytes_max = 100;
    for_each_cache(
        [](auto& one) {
            one.count_answers();
            BOOST_TEST(one.ask().value().text == "0");
            BOOST_TEST(one.ask().value().text == "1");
            BOOST_TEST(one.at.ai.cache()->size().value().entries == 0U);
        },
        options);
}

// --- identical calls in flight ---

BOOST_AUTO_TEST_CASE(a_thousand_that_ask_the_same_at_once_are_one_request) {
    client_options options;
    options.cache_scope = cache_scope::everyone;
    for_each_cache(
        [](auto& one) {
            constexpr int threads = 1000;
            one.count_answers();
            std::vector<std::string> texts(threads);
            in_threads(threads, [&](int i) {
                auto const reply = one.ask({.user = "user" + std::to_string(i % 10)});
                texts[static_cast<std::size_t>(i)] = reply ? reply->text : reply.error().message();
            });
            BOOST_TEST(one.at.asked() == 1U);
            std::size_t right = 0;
            for (auto const& text : texts) right += text == "0" ? 1 : 0;
            BOOST_TEST(right == 1000U);
            std::size_t priced = 0;
            std::size_t given = 0;
            totals recount;
            money saved;
            for (record const& end : one.at.outcomes()) {
                recount.add(totals::of(end));
                priced += end.cost_status == cost_status::priced ? 1 : 0;
                bool const free = end.cost_status == cost_status::no_charge && end.saved;
                given += free ? 1 : 0;
                if (free) saved += *end.saved;
            }
            BOOST_TEST(priced == 1U);
            BOOST_TEST(given == 999U);
            BOOST_TEST(saved.to_string() == "0.27972");  // 999 * 0.00028
            auto const sums = one.at.sums();
            BOOST_TEST(sums.requests == 1000U);
            BOOST_TEST(sums.attempts == recount.attempts);
            BOOST_TEST(sums.latency_ns == recount.latency_ns);
            BOOST_TEST((sums.counts == recount.counts));
            BOOST_TEST((sums.cost == recount.cost));
            BOOST_TEST(sums.cost.to_string() == "0.00028");
            auto const users = one.at.log.report({.kind = report_kind::users}).value();
            BOOST_REQUIRE(users.rows.size() == 10U);
            for (auto const& row : users.rows) BOOST_TEST(row.sum.requests == 100U);
        },
        options);
}

// The first call is held at the provider until the others have had time to join it. Where one is
// late nonetheless it asks for itself: what is tested holds for it too.
template <class Stand, class Call>
void behind_a_leader(Stand& one, chaos_step const& answer, Call call) {
    std::promise<void> go;
    one.at.provider.answer([=, waited = go.get_future().share()](seen_request const&) {
        waited.wait();
        return answer;
    });
    std::jthread const first([&] { call(); });
    BOOST_TEST(one.at.provider.wait_for_requests(1));
    std::vector<std::jthread> others;
    for (int i = 0; i < 20; ++i) others.emplace_back([&] { call(); });
    std::this_thread::sleep_for(100ms);
    go.set_value();
}

BOOST_AUTO_TEST_CASE(a_provider_that_refuses_refuses_all_who_asked_at_once) {
    for_one<in_this_process>([](auto& one) {
        std::atomic<int> refused = 0;
        behind_a_leader(one, error_step(provider_error::openai_bad_request), [&] {
            auto const reply = one.ask();
            bool const so = !reply && reply.error().code == errc::provider_error &&
                            reply.error().remote == "Unsupported value for a parameter.";
            refused += so ? 1 : 0;
        });
        BOOST_TEST(refused == 21);
        BOOST_TEST(one.at.asked() <= 21U);
        BOOST_TEST(one.at.outcomes().size() == one.at.asked());  // who only waited asked nothing
    });
}

BOOST_AUTO_TEST_CASE(who_waits_goes_on_where_the_first_is_cancelled_or_throws) {
    enum class way { stop, time, exception, ended };
    for (way const how : {way::stop, way::time, way::exception, way::ended}) {
        for_one<in_this_process>([how](auto& one) {
            bool const by_listener = how == way::exception || how == way::ended;
            auto whole =
                stream_step(openai_chat_stream("gpt-4.1", {"Hel", "lo"}, body_usage{100, 10}));
            auto stuck = whole;
            stuck.trouble =
                by_listener ? chaos_trouble::stall_mid_body : chaos_trouble::stall_before_head;
            stuck.body_bytes_sent = stuck.body.rfind("data:", stuck.body.find("\"lo\""));
            one.at.provider.script(chat_path, {stuck, whole});
            std::stop_source stop;
            std::promise<void> joined;
            auto const may_end = joined.get_future().share();
            bool thrown = false;
            result<chat_reply> first = fail(errc::closed);
            std::jthread leading([&] {
                call_options options;
                options.stop = stop.get_token();
                if (how == way::time) options.timeout = 300ms;
                try {
                    first = one.at.ai.stream(
                        one.question(),
                        [&](answer_delta const&) {
                            may_end.wait();
                            if (how == way::exception) throw std::logic_error("x");
                            return false;
                        },
                        options);
                } catch (std::logic_error const&) {
                    thrown = true;
                }
            });
            BOOST_TEST(one.at.provider.wait_for_requests(1));
            result<chat_reply> second = fail(errc::closed);
            std::jthread following(
                [&] { second = one.at.ai.stream(one.question(), [](answer_delta const&) {}); });
            std::this_thread::sleep_for(30ms);
            joined.set_value();
            if (how == way::stop) stop.request_stop();
            leading.join();
            following.join();
            BOOST_TEST(second.value().text == "Hello");
            BOOST_TEST(!second.value().from_cache());
            BOOST_TEST(thrown == (how == way::exception));
            if (how == way::stop) BOOST_TEST((first.error().code == errc::cancelled));
            if (how == way::time) BOOST_TEST((first.error().code == errc::timed_out));
            if (how == way::ended) BOOST_TEST(first.value().text == "Hel");
            BOOST_TEST(one.at.asked() == 2U);
            BOOST_TEST(one.at.outcomes().size() == 2U);
        });
    }
}

BOOST_AUTO_TEST_CASE(who_waits_may_give_up_before_the_first_has_its_answer) {
    for_one<in_this_process>([](auto& one) {
        std::promise<void> go;
        one.at.provider.answer([waited = go.get_future().share()](seen_request const&) {
            waited.wait();
            return json_step(openai_chat_body("gpt-4.1", "late", {100, 10}));
        });
        result<chat_reply> first = fail(errc::closed);
        std::jthread leading([&] { first = one.ask(); });
        BOOST_TEST(one.at.provider.wait_for_requests(1));
        BOOST_TEST((one.ask({.timeout = 20ms}).error().code == errc::timed_out));
        std::stop_source stop;
        stop.request_stop();
        BOOST_TEST((one.ask({.stop = stop.get_token()}).error().code == errc::cancelled));
        go.set_value();
        leading.join();
        BOOST_TEST(first.value().text == "late");
        BOOST_TEST(one.at.asked() == 1U);
    });
}

BOOST_AUTO_TEST_CASE(what_a_fallback_answered_is_given_to_who_waits_in_its_words_and_not_kept) {
    client_options options;
    options.fallback.to = {{"anthropic", "claude-sonnet-4-5"}};
    for_one<in_this_process>(
        [](auto& one) {
            one.at.provider.script(
                messages_path,
                {json_step(anthropic_message_body("claude-sonnet-4-5", "Salut", {100, 10}))});
            std::atomic<int> right = 0;
            std::atomic<int> given = 0;
            behind_a_leader(one, error_step(provider_error::openai_server_error), [&] {
                auto const reply = one.ask();
                bool const so = reply && reply->text == "Salut" && reply->provider == "anthropic" &&
                                reply->model == "claude-sonnet-4-5";
                right += so ? 1 : 0;
                given += so && reply->from_cache() ? 1 : 0;
            });
            BOOST_TEST(right == 21);
            BOOST_TEST(given > 0);
            for (record const& end : one.at.outcomes()) {
                if (!end.saved) continue;
                BOOST_TEST(end.provider == "anthropic");
                BOOST_TEST(end.model_served == "claude-sonnet-4-5");
                BOOST_TEST(end.path == messages_path);
            }
            BOOST_TEST(one.at.ai.cache()->size().value().entries == 0U);
            BOOST_TEST(!one.ask().value().from_cache());
        },
        options);
}

BOOST_AUTO_TEST_CASE(who_wants_no_fallback_is_not_given_what_one_answered) {
    client_options options;
    options.fallback.to = {{"anthropic", "claude-sonnet-4-5"}};
    for_one<in_this_process>(
        [](auto& one) {
            one.at.provider.script(
                messages_path,
                {json_step(anthropic_message_body("claude-sonnet-4-5", "Salut", {100, 10}))});
            std::promise<void> go;
            one.at.provider.answer([waited = go.get_future().share()](seen_request const&) {
                waited.wait();
                return error_step(provider_error::openai_server_error);
            });
            result<chat_reply> first = fail(errc::closed);
            result<chat_reply> second = fail(errc::closed);
            std::jthread leading([&] { first = one.ask(); });
            BOOST_TEST(one.at.provider.wait_for_requests(1));
            std::jthread other([&] { second = one.ask({.fallback = fallback_policy{}}); });
            bool const asked_itself = one.at.provider.wait_for_requests(2);
            go.set_value();
            leading.join();
            other.join();
            BOOST_TEST(asked_itself);
            BOOST_TEST(first.value().text == "Salut");
            BOOST_TEST((second.error().code == errc::provider_error));
        },
        options);
}

BOOST_AUTO_TEST_SUITE_END()

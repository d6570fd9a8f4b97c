// SPDX-License-Identifier: MIT
//
// attempts_sent.cpp: an attempt is charged for by whether it was sent, whatever the words are.
#include "support/client_stand.hpp"
#include "support/gateway_stand.hpp"
#include "support/throwaway_ca.hpp"

#include <aiaudit/client/attempt.hpp>
#include <aiaudit/pricing/builtin.hpp>
#include <aiaudit/templates.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

BOOST_AUTO_TEST_SUITE(attempts_sent)

namespace {

using namespace aiaudit_tests;
using namespace std::chrono_literals;

// What every exchange of the test's thread ends with.
thread_local error next_failure{};

struct failing_transport {
    template <class OnHead, class OnBody>
    [[nodiscard]] result<void> exchange(http_request const&, transfer_limits const&,
                                        std::stop_token const&, OnHead&&, OnBody&&) {
        return next_failure;
    }
};

struct failing_policies : client_in_memory {
    using transport = failing_transport;
};

constexpr std::array failures{errc::connect_failed,  errc::tls_failed,   errc::timed_out,
                              errc::connection_lost, errc::bad_response, errc::cancelled,
                              errc::bad_argument,    errc::not_found,    errc::too_large};
constexpr std::array texts{"",
                           "connect: ",
                           "connect: nothing within 40 ms",
                           "first byte: no answer",
                           "nothing was sent",
                           "the request was sent, and the connection broke"};

// Ends an attempt with every failure, in every text, sent and unsent. end_with(error const&)
// returns the outcome's record.
template <class EndWith>
void require_charged_by_sent(EndWith const& end_with) {
    std::optional<money> bound;
    for (errc const code : failures) {
        for (char const* text : texts) {
            for (bool const sent : {false, true}) {
                BOOST_TEST_CONTEXT(name_of(code) << ": '" << text << "', sent " << sent) {
                    record const outcome = end_with({.code = code, .where = text, .sent = sent});
                    BOOST_TEST((outcome.cost_status ==
                                (sent ? cost_status::estimated : cost_status::no_charge)));
                    if (sent && !bound) bound = outcome.cost;
                    BOOST_TEST((outcome.cost == (sent ? *bound : money{})));
                }
            }
        }
    }
    BOOST_REQUIRE(bound);
    BOOST_TEST((*bound > money{}));
}

client_options once() {
    client_options options;
    options.retry.attempts_max = 1;
    options.breaker.enabled = false;
    return options;
}

gateway_options at_limits(gateway_options options, std::chrono::milliseconds limit) {
    options.upstream.connect = limit;
    options.upstream.first_byte = limit;
    return options;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_words_of_a_transport_decide_nothing_in_a_client) {
    auto log = basic_ledger<failing_policies>::open({}).value();
    auto ai =
        basic_client<failing_policies>::open(log, options_at("http://127.0.0.1:9", once())).value();
    require_charged_by_sent([&](error const& failure) {
        next_failure = failure;
        auto const reply = ai.chat(hello());
        BOOST_REQUIRE(!reply);
        BOOST_TEST((reply.error().code == failure.code));
        BOOST_TEST(reply.error().sent == failure.sent);
        log.flush().value();
        record outcome;
        log.read(sequence{1},
                 [&](sequence, record&& entry) {
                     if (entry.kind == record_kind::outcome) outcome = std::move(entry);
                     return true;
                 })
            .value();
        return outcome;
    });
}

// A transport that knows nothing of the field.
BOOST_AUTO_TEST_CASE(what_a_transport_does_not_say_is_taken_for_sent) {
    for (errc const code : failures) {
        bool const connected = code != errc::connect_failed && code != errc::tls_failed;
        BOOST_TEST(fail(code, "connect: ").sent == connected, name_of(code));
        BOOST_TEST((error{code, "nothing was sent"}.sent == connected), name_of(code));
        BOOST_TEST(!unsent(fail(code)).sent, name_of(code));
    }
}

// The gateway and the client end an attempt by the same function; the gateway passes the words of
// its own connections.
BOOST_AUTO_TEST_CASE(the_words_of_a_connection_decide_nothing_in_a_gateway) {
    auto const prices = builtin_book();
    provider_entry const provider{
        .name = "openai", .origin = "http://127.0.0.1:9", .prefix = "/v1"};
    auto const request = prepare(hello(), provider, false).value();
    auto const where = endpoint_of("openai", request.target).value();
    api_key const key{"openai", "sk-of-the-provider", "id"};
    call_options const options;
    detail::attempt_plan plan;
    plan.to = &provider;
    plan.key = &key;
    plan.request = &request;
    plan.where = &where;
    plan.model = "gpt-4.1";
    plan.who = &options;
    auto const instant = timestamp::parse("2026-08-15T12:00:00Z").value();
    require_charged_by_sent([&](error const& failure) {
        detail::stream_listener const nobody{};
        detail::response_follower follower(detail::exchange_of(plan), request, where, nobody, 0,
                                           answer_text::passed);
        detail::stream_meter const meter({}, true);
        return detail::end_of(plan, follower, failure,
                              detail::record_of_attempt(plan, record_kind::outcome, instant), meter,
                              1'000, prices)
            .outcome;
    });
}

BOOST_AUTO_TEST_CASE(a_gateway_charges_nothing_for_an_upstream_that_does_not_shake_hands) {
    chaos_provider const deaf(
        {.tls = throwaway_ca::self_signed(), .on_accept = connection_trouble::silence});
    gateway_stand stand([&](gateway_options& options) {
        options.upstreams[0].entry.origin = deaf.origin();
        options = at_limits(std::move(options), 50ms);
    });
    BOOST_TEST(status_of(stand.exchange(gateway_stand::post(gateway_question))) == 504);
    auto const records = stand.outcomes();
    BOOST_REQUIRE(records.size() == 1U);
    BOOST_TEST(records[0].error_type == "timed_out");
    BOOST_TEST((records[0].cost_status == cost_status::no_charge));
    BOOST_TEST((records[0].cost == money{}));
}

BOOST_AUTO_TEST_CASE(a_gateway_charges_the_bound_for_an_upstream_that_does_not_answer) {
    gateway_stand stand(
        [](gateway_options& options) { options = at_limits(std::move(options), 50ms); });
    chaos_step silent;
    silent.trouble = chaos_trouble::stall_before_head;
    stand.provider.script(chat_path, {silent});
    BOOST_TEST(status_of(stand.exchange(gateway_stand::post(gateway_question))) == 504);
    auto const records = stand.outcomes();
    BOOST_REQUIRE(records.size() == 1U);
    BOOST_TEST(records[0].error_type == "timed_out");
    BOOST_TEST((records[0].cost_status == cost_status::estimated));
    BOOST_TEST((records[0].cost > money{}));
}

BOOST_AUTO_TEST_CASE(a_gateway_charges_nothing_for_a_client_that_leaves_before_the_handshake) {
    chaos_provider deaf(
        {.tls = throwaway_ca::self_signed(), .on_accept = connection_trouble::silence});
    gateway_stand stand([&](gateway_options& options) {
        options.upstreams[0].entry.origin = deaf.origin();
        options.on_client_gone = client_gone::cut;
    });
    {
        auto socket = stand.connect();
        boost::asio::write(socket, boost::asio::buffer(gateway_stand::post(gateway_question)));
        BOOST_TEST(deaf.wait_for_open_connections(1));
    }
    BOOST_TEST(deaf.wait_for_open_connections(0));
    auto const records = stand.outcomes();
    BOOST_REQUIRE(records.size() == 1U);
    BOOST_TEST(records[0].error_type == "cancelled");
    BOOST_TEST((records[0].cost_status == cost_status::no_charge));
}

BOOST_AUTO_TEST_SUITE_END()

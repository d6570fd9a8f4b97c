// SPDX-License-Identifier: MIT
//
// Every recorded stream, sent again in random pieces over a real connection: what the client counts
// and charges is what reading it in one piece gives.

#include <aiaudit/pricing/builtin.hpp>
#include <aiaudit/pricing/priced_record.hpp>
#include <aiaudit/pricing/pricing_policy.hpp>
#include <aiaudit/providers/exchange.hpp>
#include <aiaudit/providers/reader.hpp>
#include "support/client_stand.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(client_streams)

namespace {

using namespace aiaudit_tests;

std::vector<exchange> recorded_streams() {
    std::vector<exchange> streams;
    std::ifstream file(AIAUDIT_SHARED_DIR "/corpus/exchanges.jsonl");
    for (std::string line; std::getline(file, line);) {
        auto row = parse_exchange(line).value();
        if (row.content_type.find("event-stream") != std::string::npos)
            streams.push_back(std::move(row));
    }
    return streams;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_recorded_stream_costs_the_same_however_its_bytes_come) {
    auto const streams = recorded_streams();
    if (streams.empty()) {
        BOOST_TEST_MESSAGE("skipped: no corpus at " AIAUDIT_SHARED_DIR "/corpus/exchanges.jsonl");
        return;
    }
    constexpr std::uint32_t ways = 3;
    chaos_provider provider;
    auto log = basic_ledger<client_in_memory>::open({}).value();
    client_options options;
    options.retry.attempts_max = 1;
    for (exchange const& each : streams) {
        // The recorded paths are whole, so there is no prefix; and no key is wanted.
        options.providers.push_back({.name = each.provider, .origin = provider.origin()});
    }
    auto ai = basic_client<client_in_memory>::open(log, options).value();
    price_book const prices = builtin_book();
    std::size_t priced = 0;
    std::size_t failed = 0;
    for (exchange const& each : streams) {
        reading const whole = describe_exchange(each);
        BOOST_TEST(!whole.problem.has_value(), each.id);
        for (std::uint32_t way = 1; way <= ways; ++way) {
            auto step = stream_step(each.response, way);
            step.piece_bytes = way == 1 ? 7 : way == 2 ? 300 : 5000;
            provider.script(each.path, {step});
            std::string heard;
            auto const reply = ai.send_stream(each.provider, each.path, each.request,
                                              [&](std::string_view event) { heard += event; });
            BOOST_TEST(!heard.empty(), each.id);
            BOOST_TEST(reply.has_value() == whole.facts.error_type.empty(), each.id);
            if (reply) {
                BOOST_TEST(reply->complete, each.id);
                BOOST_TEST((reply->usage == whole.facts.usage), each.id);
                BOOST_TEST(reply->model == whole.facts.model_served, each.id);
            } else {
                ++failed;
                BOOST_TEST((reply.error().code == errc::provider_error), each.id);
            }
            record kept;
            log.read(log.last_sequence().value(),
                     [&](sequence, record&& entry) {
                         kept = std::move(entry);
                         return false;
                     })
                .value();
            BOOST_TEST((kept.kind == record_kind::outcome), each.id);
            BOOST_TEST((kept.usage == whole.facts.usage), each.id);
            BOOST_TEST(kept.finish_reason == whole.facts.finish_reason, each.id);
            record expected;
            expected.provider = each.provider;
            expected.started_at = kept.started_at;
            set_facts(expected, whole.facts);
            price_book::lookup_cache cache;
            auto const problem = set_cost(expected, whole.facts, prices, cache);
            BOOST_TEST(name_of(kept.cost_status) == name_of(expected.cost_status), each.id);
            if (problem) continue;
            ++priced;
            if (reply) BOOST_TEST((reply->cost == expected.cost), each.id);
            BOOST_TEST((kept.cost == expected.cost), each.id);
            bool const free = kept.model_served.ends_with(":free");
            BOOST_TEST((free ? kept.cost == money{} : kept.cost > money{}), each.id);
        }
    }
    BOOST_TEST_MESSAGE(streams.size() << " streams, " << ways << " ways each; " << priced
                                      << " priced, " << failed << " with an error in the stream");
    BOOST_TEST(provider.requests().size() == streams.size() * ways);
    BOOST_TEST(priced >= streams.size());
}

BOOST_AUTO_TEST_SUITE_END()

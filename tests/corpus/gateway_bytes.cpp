// SPDX-License-Identifier: MIT
//
// Every recorded exchange, played again behind a gateway: the client gets the bytes that the
// provider gave, however they come, and the ledger has the usage and the cost that reading the
// exchange gives.

#include <aiaudit/pricing/builtin.hpp>
#include <aiaudit/pricing/priced_record.hpp>
#include <aiaudit/providers/exchange.hpp>
#include <aiaudit/providers/reader.hpp>
#include <aiaudit/providers/usage_asked.hpp>
#include "support/gateway_stand.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(gateway_bytes)

namespace {

using namespace aiaudit_tests;
namespace http = boost::beast::http;
using answer = http::response<http::string_body>;

struct recorded {
    exchange what;
    std::string upstream;   // its name in the gateway
    std::string target;     // where the gateway has it
    bool passes = false;    // it is of an API that the gateway lets through
    bool by_model = false;  // its own path leads there as well
};

bool is_stream(exchange const& of) {
    return of.content_type.find("event-stream") != std::string::npos;
}
std::string first_segment(std::string const& path) { return path.substr(0, path.find('/', 1)); }

// An upstream for each provider and prefix: Google has two, one of them Vertex.
class corpus_upstreams {
public:
    explicit corpus_upstreams(std::string origin) : origin_(std::move(origin)) {}

    recorded place(exchange of) {
        recorded made;
        auto const known = provider_named(of.provider);
        provider_entry entry = known ? *known : provider_entry{.name = of.provider};
        bool const own = !entry.prefix.empty() && detail::after(of.path, entry.prefix);
        if (!own && !entry.prefix.empty()) entry.prefix = first_segment(of.path);
        if (entry.origin.empty()) entry.prefix = first_segment(of.path);
        made.upstream = name_of(std::move(entry));
        auto const& prefix = upstreams_[names_.at(made.upstream)].entry.prefix;
        made.target = "/" + made.upstream + (prefix.empty() ? "/v1" : "") + of.path;
        auto const api = dialect_of(of.provider, of.path);
        made.passes = api && *api != dialect::bedrock_converse && *api != dialect::cohere;
        made.by_model =
            made.passes && own &&
            (of.provider == "openai" || of.provider == "anthropic" || of.provider == "google");
        made.what = std::move(of);
        return made;
    }
    std::vector<gateway_upstream> all() const { return upstreams_; }

private:
    std::string name_of(provider_entry entry) {
        std::string const known = entry.name + entry.prefix;
        if (auto const found = by_prefix_.find(known); found != by_prefix_.end())
            return found->second;
        gateway_upstream made;
        made.name = entry.name;
        if (names_.contains(made.name)) made.name += "-" + std::to_string(upstreams_.size());
        made.entry = std::move(entry);
        made.entry.origin = origin_;
        names_.emplace(made.name, upstreams_.size());
        by_prefix_.emplace(known, made.name);
        upstreams_.push_back(made);
        return made.name;
    }

    std::string origin_;
    std::vector<gateway_upstream> upstreams_{};
    std::map<std::string, std::size_t> names_{};
    std::map<std::string, std::string> by_prefix_{};
};

// A connection that stays, to the gateway or to the provider itself.
class one_peer {
public:
    explicit one_peer(std::uint16_t port) : port_(port) {}

    answer ask(std::string const& target, std::string const& body) {
        std::string const bytes = "POST " + target + " HTTP/1.1\r\nHost: here\r\nContent-Length: " +
                                  std::to_string(body.size()) + "\r\n\r\n" + body;
        if (!socket_) {
            socket_ = std::make_unique<boost::asio::ip::tcp::socket>(io_);
            socket_->connect({boost::asio::ip::address_v4::loopback(), port_});
        }
        boost::asio::write(*socket_, boost::asio::buffer(bytes));
        http::response_parser<http::string_body> parser;
        parser.body_limit(boost::none);
        http::read(*socket_, buffer_, parser);
        if (!parser.get().keep_alive()) socket_.reset();
        return parser.release();
    }

private:
    std::uint16_t port_;
    boost::asio::io_context io_{};
    std::unique_ptr<boost::asio::ip::tcp::socket> socket_{};
    boost::beast::flat_buffer buffer_{};
};

struct corpus_stand {
    corpus_stand() {
        std::ifstream file(AIAUDIT_SHARED_DIR "/corpus/exchanges.jsonl");
        std::vector<exchange> rows;
        for (std::string line; std::getline(file, line);)
            rows.push_back(parse_exchange(line).value());
        corpus_upstreams places(provider.origin());
        // What stands first of its API gets what is asked by model alone.
        for (std::string_view const first : {"openai", "anthropic", "google"}) {
            for (exchange const& each : rows) {
                auto const entry = provider_named(first).value();
                if (each.provider != first || !detail::after(each.path, entry.prefix)) continue;
                static_cast<void>(places.place(each));
                break;
            }
        }
        for (exchange& each : rows) all.push_back(places.place(std::move(each)));
        if (all.empty()) return;
        gateway_options options;
        options.upstreams = places.all();
        options.listen.port = 0;
        options.keys_required = false;
        options.threads = 2;
        options.calls.intent = intent_mode::none;
        at.emplace(basic_gateway<client_in_memory>::open(log, options).value());
        at->start().value();
    }

    std::map<operation_id, record> outcomes() {
        at->stop();
        log.flush().value();
        std::map<operation_id, record> kept;
        log.read(sequence{1},
                 [&](sequence, record&& entry) {
                     if (entry.kind == record_kind::outcome)
                         kept.emplace(entry.operation_id, std::move(entry));
                     return true;
                 })
            .value();
        return kept;
    }

    chaos_provider provider{};
    basic_ledger<client_in_memory> log = basic_ledger<client_in_memory>::open({}).value();
    std::vector<recorded> all{};
    std::optional<basic_gateway<client_in_memory>> at{};
};

chaos_step step_of(exchange const& of, std::uint32_t seed) {
    chaos_step step;
    step.status = of.status;
    step.content_type = of.content_type;
    step.body = of.response;
    step.piece_seed = seed;
    step.piece_bytes = seed % 3 == 0 ? 7 : seed % 3 == 1 ? 300 : 5000;
    step.chunked = is_stream(of) || seed % 2 == 1;
    return step;
}
operation_id operation_of(answer const& from) {
    auto const id = operation_id::parse(std::string(from["x-aiaudit-operation"]));
    return id ? *id : operation_id{};
}
// The request, with what makes a stream report its usage asked for by the client himself.
std::string with_usage(exchange const& of) {
    auto const api = endpoint_of(of.provider, of.path).value();
    return with_usage_asked(api.dialect, api.vendor, of.request).value().body;
}
bool is_filtered(exchange const& of) {
    auto const api = endpoint_of(of.provider, of.path);
    return api && is_stream(of) && must_ask_for_usage(api->dialect, api->vendor);
}
// The stream without the event that is there for the usage alone.
std::string without_usage_event(std::string_view stream) {
    std::string kept;
    while (!stream.empty()) {
        auto const end = stream.find("\n\n");
        std::string_view const event = stream.substr(0, end == stream.npos ? end : end + 2);
        stream.remove_prefix(event.size());
        bool const counts =
            event.find(R"("choices":[])") != event.npos && event.find(R"("usage":{)") != event.npos;
        if (!counts) kept += event;
    }
    return kept;
}

void check_outcome(record const& kept, exchange const& of, price_book const& prices) {
    reading const whole = describe_exchange(of);
    BOOST_TEST(kept.model_served == (whole.facts.model_served.empty() ? kept.model_requested
                                                                      : whole.facts.model_served),
               of.id);
    BOOST_TEST(kept.finish_reason == whole.facts.finish_reason, of.id);
    BOOST_TEST(kept.http_status == of.status, of.id);
    if (of.status >= 300) {
        BOOST_TEST((kept.cost_status == cost_status::no_charge), of.id);
        BOOST_TEST((kept.cost == money{}), of.id);
        return;
    }
    BOOST_TEST(kept.complete == whole.facts.complete, of.id);
    if (!kept.complete) return;  // work in the background, say: what it will cost is a guess
    BOOST_TEST((kept.usage == whole.facts.usage), of.id);
    record expected;
    expected.provider = of.provider;
    expected.started_at = kept.started_at;
    set_facts(expected, whole.facts);
    price_book::lookup_cache cache;
    static_cast<void>(set_cost(expected, whole.facts, prices, cache));
    BOOST_TEST(name_of(kept.cost_status) == name_of(expected.cost_status), of.id);
    BOOST_TEST((kept.cost == expected.cost), of.id);
    BOOST_TEST((kept.computed_cost == expected.computed_cost), of.id);
    BOOST_TEST(kept.unread == expected.unread, of.id);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_recorded_exchange_passes_byte_for_byte_and_costs_what_it_costs) {
    corpus_stand one;
    if (one.all.empty()) {
        BOOST_TEST_MESSAGE("skipped: no corpus at " AIAUDIT_SHARED_DIR "/corpus/exchanges.jsonl");
        return;
    }
    one_peer gateway(one.at->port());
    one_peer provider(one.provider.port());
    std::map<operation_id, exchange> expected;
    std::size_t held = 0;
    std::size_t streams = 0;
    std::size_t refused = 0;
    std::uint32_t seed = 0;
    for (recorded const& each : one.all) {
        if (!each.passes) {
            std::size_t const asked = one.provider.requests().size();
            auto const told = gateway.ask(each.target, each.what.request);
            // The body of one was recorded without its last brace; bodies are looked at first.
            unsigned const status = detail::parse_json(each.what.request, "request") ? 404U : 400U;
            BOOST_TEST(told.result_int() == status, each.what.id << ": " << told.body());
            BOOST_TEST(one.provider.requests().size() == asked, each.what.id);
            ++refused;
            continue;
        }
        exchange sent = each.what;
        sent.request = with_usage(sent);
        for (int way = 0; way < (is_stream(sent) ? 3 : 1); ++way) {
            one.provider.script(sent.path, {step_of(sent, ++seed)});
            answer const straight = provider.ask(sent.path, sent.request);
            bool const by_model = each.by_model && seed % 2 == 0;
            answer const passed = gateway.ask(by_model ? sent.path : each.target, sent.request);
            BOOST_TEST((straight.body() == sent.response), sent.id);
            BOOST_TEST((passed.body() == straight.body()), sent.id);
            BOOST_TEST(passed.result_int() == straight.result_int(), sent.id);
            BOOST_TEST(passed[http::field::content_type] == straight[http::field::content_type]);
            auto const seen = one.provider.requests();
            BOOST_TEST((seen.back().body == sent.request), sent.id);
            BOOST_TEST(seen.back().target == sent.path);
            ++held;
            if (is_stream(sent)) ++streams;
            if (endpoint_of(sent.provider, sent.path)->billable)
                expected.emplace(operation_of(passed), sent);
        }
    }
    auto const outcomes = one.outcomes();
    BOOST_TEST(outcomes.size() == expected.size());
    price_book const prices = builtin_book();
    std::size_t priced = 0;
    for (auto const& [id, sent] : expected) {
        auto const found = outcomes.find(id);
        BOOST_REQUIRE_MESSAGE(found != outcomes.end(), sent.id);
        check_outcome(found->second, sent, prices);
        if (found->second.cost_status == cost_status::priced) ++priced;
    }
    BOOST_TEST_MESSAGE(one.all.size() << " exchanges: " << held << " answers held, " << streams
                                      << " of them streams; " << priced << " priced; " << refused
                                      << " of other APIs refused");
    BOOST_TEST(held >= one.all.size() - refused);
    BOOST_TEST(streams > 0U);
    BOOST_TEST(priced * 5 >= outcomes.size() * 4);
    BOOST_TEST(refused < held);
}

BOOST_AUTO_TEST_CASE(a_stream_that_was_not_asked_for_its_usage_lacks_that_event_and_no_other_byte) {
    corpus_stand one;
    if (one.all.empty()) return;
    one_peer gateway(one.at->port());
    std::map<operation_id, exchange> expected;
    std::size_t shortened = 0;
    std::uint32_t seed = 0;
    for (recorded const& each : one.all) {
        if (!is_filtered(each.what)) continue;
        exchange const& sent = each.what;
        auto request = boost::json::parse(sent.request).as_object();
        request.erase("stream_options");
        std::string const without = without_usage_event(sent.response);
        for (int way = 0; way < 3; ++way) {
            one.provider.script(sent.path, {step_of(sent, ++seed)});
            answer const passed = gateway.ask(each.target, boost::json::serialize(request));
            BOOST_TEST((passed.body() == without), sent.id);
            expected.emplace(operation_of(passed), sent);
        }
        if (without != sent.response) ++shortened;
    }
    auto const outcomes = one.outcomes();
    BOOST_TEST(outcomes.size() == expected.size());
    price_book const prices = builtin_book();
    for (auto const& [id, sent] : expected) {
        BOOST_REQUIRE(outcomes.contains(id));
        check_outcome(outcomes.at(id), sent, prices);
    }
    BOOST_TEST_MESSAGE(expected.size() / 3 << " streams, " << shortened << " with such an event");
    BOOST_TEST(shortened > 0U);
}

BOOST_AUTO_TEST_SUITE_END()

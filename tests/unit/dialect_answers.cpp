// SPDX-License-Identifier: MIT
//
// One hand-made exchange for each way in which a provider counts, in
// tests/fixtures/exchanges/handmade.jsonl: each line holds what is expected of it.
#include "support/exchange_fixtures.hpp"

#include <aiaudit/providers/reader.hpp>

#include <boost/test/unit_test.hpp>

#include <map>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(dialect_answers)

namespace {

using namespace aiaudit;
using aiaudit::detail::at_path;
using aiaudit::detail::text_at;

using fixture_row = aiaudit_tests::exchange_fixture;

std::vector<fixture_row> const& fixture_rows() {
    static auto const rows = aiaudit_tests::read_exchange_fixtures("handmade.jsonl");
    return rows;
}

std::string shown(usage const& counts) {
    std::map<std::string, std::uint64_t> sorted;
    for_each_count(counts, [&](unit which, std::uint64_t count) {
        sorted[std::string(name_of(which))] = count;
    });
    std::string text;
    for (auto const& [name, count] : sorted) text += name + "=" + std::to_string(count) + " ";
    return text;
}

std::string shown(boost::json::value const* expected) {
    usage counts;
    if (expected != nullptr) {
        for (auto const& pair : expected->as_object()) {
            counts.set(unit_named(std::string(pair.key())).value(),
                       pair.value().to_number<std::uint64_t>());
        }
    }
    return shown(counts);
}

// A member of the expectation, where it has one.
void check_text(boost::json::value const& expected, char const* name, std::string const& got) {
    if (at_path(&expected, name) != nullptr) {
        BOOST_TEST(got == std::string(text_at(&expected, name)), name << " is '" << got << "'");
    }
}

std::string bytes_32(std::size_t value) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift));
    return bytes;
}

std::string aws_frame(std::string const& type, std::string const& payload,
                      std::string const& message = "event") {
    std::string headers;
    for (auto const& [name, value] :
         {std::pair<std::string, std::string>{":message-type", message},
          {message == "event" ? ":event-type" : ":exception-type", type}}) {
        headers += static_cast<char>(name.size()) + name + '\7' + '\0' +
                   static_cast<char>(value.size()) + value;
    }
    return bytes_32(16 + headers.size() + payload.size()) + bytes_32(headers.size()) + "CRC." +
           headers + payload + "CRC.";
}

bool same(reading const& left, reading const& right) {
    bool const both = left.problem.has_value() == right.problem.has_value();
    return both && left.facts == right.facts &&
           (!left.problem || left.problem->message() == right.problem->message());
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_fixture_reads_as_it_expects) {
    for (auto const& [input, expected] : fixture_rows()) {
        BOOST_TEST_CONTEXT(input.id) {
            reading const read = describe_exchange(input);
            std::string const problem =
                read.problem ? std::string(name_of(read.problem->code)) : "";
            BOOST_TEST(problem == std::string(text_at(&expected, "error")),
                       (read.problem ? read.problem->message() : std::string("no problem")));
            BOOST_TEST(shown(read.facts.usage) == shown(at_path(&expected, "usage")));
            auto const* complete = at_path(&expected, "complete");
            BOOST_TEST(read.facts.complete == (complete == nullptr));
            check_text(expected, "service_tier", read.facts.service_tier);
            check_text(expected, "region", read.facts.region);
            check_text(expected, "speed", read.facts.speed);
            check_text(expected, "model", read.facts.model_served);
            check_text(expected, "asked", read.facts.model_requested);
            check_text(expected, "finish_reason", read.facts.finish_reason);
            check_text(expected, "request_id", read.facts.provider_request_id);
            BOOST_TEST(read.facts.error_type == std::string(text_at(&expected, "error_type")));
            std::string const cost =
                read.facts.provider_cost ? read.facts.provider_cost->to_string() : "";
            BOOST_TEST(cost == std::string(text_at(&expected, "cost")));
        }
    }
}

BOOST_AUTO_TEST_CASE(iterations_are_listed_with_the_model_that_ran_them_and_add_up) {
    for (auto const& [input, expected] : fixture_rows()) {
        BOOST_TEST_CONTEXT(input.id) {
            attempt_facts const facts = describe_exchange(input).facts;
            auto const* list = at_path(&expected, "iterations");
            BOOST_REQUIRE_EQUAL(facts.iterations.size(),
                                list == nullptr ? 0U : list->as_array().size());
            if (list == nullptr) continue;
            usage sum;
            for (std::size_t i = 0; i < facts.iterations.size(); ++i) {
                iteration const& run = facts.iterations[i];
                auto const& wanted = list->as_array()[i].as_array();
                BOOST_TEST(run.kind == std::string(wanted[0].as_string()));
                BOOST_TEST(run.model == std::string(wanted[1].as_string()));
                BOOST_TEST(run.usage.count(unit::input_tokens) == wanted[2].to_number<unsigned>());
                BOOST_TEST(run.usage.count(unit::output_tokens) == wanted[3].to_number<unsigned>());
                BOOST_TEST(run.usage.count(unit::output_reasoning_tokens) <=
                           run.usage.count(unit::output_tokens));
                for_each_count(run.usage,
                               [&](unit which, std::uint64_t count) { sum.add(which, count); });
            }
            BOOST_TEST(shown(sum) == shown(facts.usage));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_body_reads_the_same_wherever_it_is_cut) {
    for (auto const& row : fixture_rows()) {
        reading const whole = describe_exchange(row.input);
        std::string_view const body = row.input.response;
        for (std::size_t at = 0; at <= body.size(); ++at) {
            stream_reader halves{row.input};
            BOOST_REQUIRE(halves.feed(body.substr(0, at)));
            BOOST_REQUIRE(halves.feed(body.substr(at)));
            BOOST_TEST(same(halves.finish(), whole), row.input.id << " cut at " << at);
        }
    }
}

BOOST_AUTO_TEST_CASE(no_message_holds_what_a_provider_said_in_prose) {
    for (auto const& row : fixture_rows()) {
        reading const read = describe_exchange(row.input);
        if (!read.problem) continue;
        BOOST_TEST(read.problem->message().find("secret") == std::string::npos);
        BOOST_TEST(read.problem->message().find("sk-123") == std::string::npos);
        BOOST_TEST(read.problem->message().find('\n') == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(a_message_is_one_line_whatever_the_path_holds) {
    for (char const* path : {"/v1/fi\nles", "/v1/\n/messages/count_tokens?key=secret"}) {
        auto const read = describe_exchange({.provider = "a\nb", .path = path, .response = "{}"});
        BOOST_REQUIRE(read.problem);
        BOOST_TEST(read.problem->message().find('\n') == std::string::npos);
        BOOST_TEST(read.problem->message().find("secret") == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(bedrock_frames_are_read_wherever_they_are_cut) {
    exchange input;
    input.provider = "aws";
    input.path = "/model/us.anthropic.claude-x-v1%3A0/converse-stream";
    input.status = 200;
    input.content_type = "application/vnd.amazon.eventstream";
    input.response = aws_frame("messageStop", R"({"stopReason":"end_turn","p":"abc"})") +
                     aws_frame("metadata", R"({"usage":{"inputTokens":5,"outputTokens":6}})");
    reading const whole = describe_exchange(input);
    BOOST_REQUIRE(!whole.problem);
    BOOST_TEST(shown(whole.facts.usage) == "input_tokens=5 output_tokens=6 ");
    BOOST_TEST(whole.facts.finish_reason == "end_turn");
    BOOST_TEST(whole.facts.complete);
    std::string_view const body = input.response;
    for (std::size_t at = 0; at <= body.size(); ++at) {
        stream_reader halves{input};
        BOOST_REQUIRE(halves.feed(body.substr(0, at)));
        BOOST_REQUIRE(halves.feed(body.substr(at)));
        BOOST_TEST(same(halves.finish(), whole), "cut at " << at);
    }
}

BOOST_AUTO_TEST_CASE(a_bedrock_exception_names_its_type_and_bytes_that_are_no_frames_are_refused) {
    exchange input;
    input.provider = "aws";
    input.path = "/model/m/converse-stream";
    input.content_type = "application/vnd.amazon.eventstream";
    input.response = aws_frame("throttlingException", R"({"message":"slow down"})", "exception");
    reading const thrown = describe_exchange(input);
    BOOST_TEST(thrown.facts.error_type == "throttlingException");
    BOOST_TEST(thrown.facts.error_message == "slow down");
    BOOST_TEST((thrown.problem && thrown.problem->code == errc::provider_error));
    input.response = "{\"message\":\"not frames, but long enough for one\"}";
    reading const refused = describe_exchange(input);
    BOOST_TEST((refused.problem && refused.problem->code == errc::bad_input));
}

BOOST_AUTO_TEST_CASE(the_request_says_what_drives_the_cost) {
    exchange input;
    input.provider = "openai";
    input.path = "/v1/chat/completions";
    input.request = R"({"model":"m","stream":true,"n":3,"max_completion_tokens":77})";
    attempt_facts const facts = describe_exchange(input).facts;
    BOOST_TEST(facts.model_requested == "m");
    BOOST_TEST(facts.parameters.stream);
    BOOST_TEST(facts.parameters.choices.value_or(0) == 3U);
    BOOST_TEST(facts.parameters.max_output_tokens.value_or(0) == 77U);
    BOOST_TEST((facts.operation == operation::chat));
}

BOOST_AUTO_TEST_CASE(an_amount_is_the_digits_that_were_printed_rounded_half_to_even) {
    struct printed {
        char const* json;
        char const* usd;
    };
    for (auto const& [json, usd] :
         {printed{"0.1", "0.1"}, printed{"0.0160614", "0.0160614"}, printed{"3", "3"},
          printed{"0.0000000000005", "0"}, printed{"0.0000000000015", "0.000000000002"},
          printed{"2.5e-12", "0.000000000002"}, printed{"3.5e-12", "0.000000000004"},
          printed{"1.0000000000025", "1.000000000002"},
          printed{"1.0000000000035", "1.000000000004"},
          printed{"0.00009625000000000001", "0.00009625"}, printed{"1e-30", "0"},
          printed{"1.2345678901234567e-12", "0.000000000001"},
          printed{"999999999.5", "999999999.5"}}) {
        auto const amount = detail::printed_amount(boost::json::parse(json));
        BOOST_REQUIRE(amount);
        BOOST_TEST(amount->to_string() == usd, json << " is " << amount->to_string());
    }
    for (char const* json : {"-0.1", "-1", "1e300", "\"0.1\"", "true"}) {
        BOOST_TEST(!detail::printed_amount(boost::json::parse(json)), json);
    }
}

BOOST_AUTO_TEST_CASE(an_arn_in_a_path_is_the_profile_it_ends_in) {
    auto const found = endpoint_of(
        "aws",
        "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.m-v1%3A0/converse");
    BOOST_REQUIRE(found);
    BOOST_TEST(found->model == "us.m-v1:0");
}

BOOST_AUTO_TEST_CASE(a_line_carries_who_and_when_or_says_what_is_wrong_with_it) {
    auto const read = parse_exchange(
        R"({"id":"1","provider":"p","path":"/x","response":{"a":1},"status":200,)"
        R"("request":{"metadata":{"user_id":"ann"}},"timestamp":"2026-08-15T12:00:00Z",)"
        R"("project":"p1","key":"k1","duration_ms":12,"ttft_ms":3,"trace_id":"t",)"
        R"("operation_id":"o","attempt":2,"tags":{"team":"x","n":4},"expected":{}})");
    BOOST_REQUIRE(read);
    BOOST_TEST(read->response == R"({"a":1})");
    BOOST_TEST(read->context.user == "ann");
    BOOST_TEST((read->context.timestamp == timestamp::parse("2026-08-15T12:00:00Z").value()));
    BOOST_TEST(read->context.duration_ms.value_or(0) == 12U);
    BOOST_TEST(read->context.attempt.value_or(0) == 2U);
    BOOST_REQUIRE_EQUAL(read->context.tags.size(), 2U);
    BOOST_TEST(read->context.tags[1].second == "4");
    auto const unanswered = parse_exchange(
        R"({"provider":"openai","path":"/v1/chat/completions","response":null,"ttft_ms":1.5,)"
        R"("duration_ms":812.4})");
    BOOST_REQUIRE(unanswered);
    BOOST_TEST(unanswered->context.duration_ms.value_or(0) == 812U);
    BOOST_TEST(unanswered->context.ttft_ms.value_or(0) == 2U);
    auto const silent = describe_exchange(*unanswered);
    BOOST_TEST((silent.problem && silent.problem->code == errc::no_usage));
    struct bad_line {
        char const* text;
        errc code;
        char const* says;
    };
    for (bad_line const& bad :
         {bad_line{"{", errc::bad_json, "exchange"}, bad_line{"[]", errc::bad_input, "object"},
          bad_line{R"({"provider":"p","path":"/x"})", errc::bad_input, "response"},
          bad_line{R"({"provider":1,"path":"/x","response":""})", errc::bad_input, "provider"},
          bad_line{R"({"provider":null,"path":"/x","response":""})", errc::bad_input, "provider"},
          bad_line{R"({"provider":"p","path":"/x","response":"","ttft_ms":-1})", errc::bad_input,
                   "ttft_ms"},
          bad_line{R"({"provider":"p","path":"/x","response":"","status":-1})", errc::bad_input,
                   "status"},
          bad_line{R"({"provider":"p","path":"/x","response":"","timestamp":"noon"})",
                   errc::bad_time, ""}}) {
        auto const refused = parse_exchange(bad.text);
        BOOST_REQUIRE(!refused);
        BOOST_TEST((refused.error().code == bad.code), bad.text);
        BOOST_TEST(refused.error().where.find(bad.says) != std::string::npos, bad.text);
    }
}

BOOST_AUTO_TEST_SUITE_END()

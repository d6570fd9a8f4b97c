// SPDX-License-Identifier: MIT
//
// dashboard_openapi.cpp: every answer of the dashboard's API is held to its OpenAPI document: the
// fields that it names are there, and no others.
#include "support/ledger_testing.hpp"

#include <aiaudit/core/alert.hpp>
#include <aiaudit/gateway/dashboard.hpp>
#include <aiaudit/gateway/openapi.hpp>
#include <aiaudit/impl/gateway/dashboard.tpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(dashboard_openapi)

namespace {

using namespace aiaudit;
using namespace aiaudit_tests;
namespace json = boost::json;

using memory_ledger = basic_ledger<in_memory>;

constexpr std::string_view token = "a-token-of-the-test-0123456789";
timestamp const noon = timestamp::parse("2026-08-15T12:00:00Z").value();

std::string text_of(json::value const& of) { return std::string(of.as_string()); }

// As much of JSON Schema 2020-12 as the document uses. A keyword that it does not know is a finding
// too, so that nothing is left unchecked.
class schema_checker {
public:
    explicit schema_checker(json::value const& document) : document_(document) {}

    void check(json::value const& schema, json::value const& value, std::string const& where) {
        names evaluated;
        check(schema, value, where, evaluated);
    }
    // What was found wrong.
    std::vector<std::string> findings{};

    json::value const& resolved(json::value const& of) {
        auto const* const reference = of.as_object().if_contains("$ref");
        if (reference == nullptr) return of;
        std::string const path = text_of(*reference);
        BOOST_REQUIRE(path.starts_with("#/"));
        referred_.insert(path);
        return document_.at_pointer(path.substr(1));
    }
    // Properties that no value had, and parts that nothing refers to.
    [[nodiscard]] std::vector<std::string> never_seen() const {
        std::vector<std::string> missing;
        for (char const* const part : {"schemas", "parameters", "responses"}) {
            for (auto const& [name, schema] : document_.at("components").at(part).as_object()) {
                std::string const path =
                    "#/components/" + std::string(part) + "/" + std::string(name);
                if (!referred_.contains(path)) missing.push_back(path);
                auto const* const properties = schema.as_object().if_contains("properties");
                if (properties == nullptr) continue;
                for (auto const& [property, unused] : properties->as_object()) {
                    if (!seen_.contains({&schema, std::string(property)}))
                        missing.push_back(path + "/" + std::string(property));
                }
            }
        }
        return missing;
    }

private:
    using names = std::set<std::string>;

    void find(std::string const& where, std::string const& what) {
        findings.push_back(where + ": " + what);
    }

    void check(json::value const& given, json::value const& value, std::string const& where,
               names& evaluated) {
        json::value const& schema = resolved(given);
        auto const& object = schema.as_object();
        for (auto const& [keyword, says] : object) {
            if (keyword == "type")
                check_type(says, value, where);
            else if (keyword == "enum")
                check_enum(says, value, where);
            else if (keyword == "pattern")
                check_pattern(says, value, where);
            else if (keyword == "minimum" || keyword == "maximum")
                check_bound(keyword == "minimum", says, value, where);
            else if (keyword == "required")
                check_required(says, value, where);
            else if (keyword == "properties")
                check_properties(schema, says, value, where, evaluated);
            else if (keyword == "items")
                check_items(says, value, where);
            else if (keyword == "additionalProperties")
                check_values(says, value, where, evaluated);
            else if (keyword == "allOf")
                for (auto const& part : says.as_array()) check(part, value, where, evaluated);
            else if (keyword != "unevaluatedProperties" && keyword != "description")
                find(where, "the keyword " + std::string(keyword) + " is not known");
        }
        if (!object.contains("unevaluatedProperties") || !value.is_object()) return;
        BOOST_REQUIRE(!object.at("unevaluatedProperties").as_bool());
        for (auto const& [name, unused] : value.as_object()) {
            if (!evaluated.contains(std::string(name)))
                find(where, "there is an undocumented " + std::string(name));
        }
    }
    [[nodiscard]] static bool is_of_type(std::string_view type, json::value const& value) {
        if (type == "object") return value.is_object();
        if (type == "array") return value.is_array();
        if (type == "string") return value.is_string();
        if (type == "boolean") return value.is_bool();
        if (type == "null") return value.is_null();
        if (type == "number") return value.is_number();
        return type == "integer" && (value.is_int64() || value.is_uint64());
    }
    void check_type(json::value const& says, json::value const& value, std::string const& where) {
        json::array const types = says.is_array() ? says.as_array() : json::array{says};
        if (std::none_of(types.begin(), types.end(),
                         [&](auto const& each) { return is_of_type(text_of(each), value); }))
            find(where, "it is not of type " + json::serialize(says));
    }
    void check_enum(json::value const& says, json::value const& value, std::string const& where) {
        auto const& all = says.as_array();
        if (std::find(all.begin(), all.end(), value) == all.end())
            find(where, json::serialize(value) + " is none of the words");
    }
    void check_pattern(json::value const& says, json::value const& value,
                       std::string const& where) {
        if (value.is_string() && !std::regex_search(text_of(value), std::regex(text_of(says))))
            find(where, json::serialize(value) + " does not match " + text_of(says));
    }
    void check_bound(bool is_least, json::value const& says, json::value const& value,
                     std::string const& where) {
        auto const bound = says.to_number<double>();
        if (!value.is_number()) return;
        auto const number = value.to_number<double>();
        if (is_least ? number < bound : number > bound) find(where, "it is out of bounds");
    }
    void check_required(json::value const& says, json::value const& value,
                        std::string const& where) {
        if (!value.is_object()) return;
        for (auto const& name : says.as_array()) {
            if (!value.as_object().contains(name.as_string()))
                find(where, "there is no " + text_of(name));
        }
    }
    void check_properties(json::value const& schema, json::value const& says,
                          json::value const& value, std::string const& where, names& evaluated) {
        if (!value.is_object()) return;
        for (auto const& [name, part] : says.as_object()) {
            auto const* const found = value.as_object().if_contains(name);
            if (found == nullptr) continue;
            evaluated.insert(std::string(name));
            seen_.insert({&schema, std::string(name)});
            check(part, *found, where + "." + std::string(name));
        }
    }
    void check_items(json::value const& says, json::value const& value, std::string const& where) {
        if (!value.is_array()) return;
        for (std::size_t i = 0; i < value.as_array().size(); ++i)
            check(says, value.as_array()[i], where + "[" + std::to_string(i) + "]");
    }
    void check_values(json::value const& says, json::value const& value, std::string const& where,
                      names& evaluated) {
        if (!value.is_object()) return;
        for (auto const& [name, each] : value.as_object()) {
            evaluated.insert(std::string(name));
            check(says, each, where + "." + std::string(name));
        }
    }

    json::value const& document_;
    std::set<std::string> referred_{};
    std::set<std::pair<json::value const*, std::string>> seen_{};
};

// A record with a value in every field.
record full_record() {
    record entry = sample(1);
    entry.user = "ada";
    entry.project = "project";
    entry.key_id = "key";
    entry.model_requested = "gpt-4.1";
    entry.model_served = "gpt-4.1-2025-04-14";
    entry.path = "/v1/chat/completions";
    entry.service_tier = "flex";
    entry.region = "eu";
    entry.speed = "fast";
    entry.parameters.max_output_tokens = 100;
    entry.parameters.choices = 1;
    entry.parameters.stream = true;
    entry.parameters.batch = true;
    entry.started_at = noon;
    entry.duration_ns = 1'500'000'000;
    entry.time_to_first_token_ns = 200'000'000;
    entry.finish_reason = "stop";
    entry.error_type = "timed_out";
    entry.complete = false;
    entry.iterations.push_back({"advisor", "gpt-4.1-mini", entry.usage});
    entry.cost_low = money::from_pico(1);
    entry.saved = money::from_pico(2);
    entry.provider_cost = money::from_pico(3);
    entry.upstream_cost = money::from_pico(1);
    entry.computed_cost = money::from_pico(2);
    entry.price_basis = price_basis::provider;
    entry.unread = "tools.runs";
    entry.price_entry = "gpt-4.1";
    entry.price_book.bytes[0] = 1;
    entry.operation_id.bytes[0] = 1;
    entry.provider_request_id = "req_1";
    entry.trace_id.bytes[0] = 1;
    entry.tags = {{"team", "search"}};
    return entry;
}

dashboard_shipping full_shipping() {
    dashboard_shipping made;
    made.sinks = [] {
        ship_status one;
        one.state = ship_state::retrying;
        one.mark_name = "jsonl-1";
        one.error = "no room";
        return std::vector<ship_status>{one};
    };
    made.logs = []() -> result<std::vector<shipped_log>> {
        shipped_log one;
        one.origin = "node-1";
        one.newest = noon;
        one.updated = noon;
        one.forked_at = 7;
        return std::vector<shipped_log>{one, {}};
    };
    return made;
}

struct stand {
    memory_ledger log = memory_ledger::open({}).value();
    basic_dashboard<memory_ledger> board =
        basic_dashboard<memory_ledger>::open(log, {std::string(token), false, full_shipping()})
            .value();
    json::value document = json::parse(aiaudit::dashboard_openapi());
    schema_checker checker{document};

    stand() {
        log.time().set(noon);
        BOOST_REQUIRE(log.append(full_record()).has_value());
        for (int i = 0; i < 3; ++i) {
            auto entry = full_record();
            entry.started_at.ns -= i * seconds_per_day * nanoseconds_per_second;
            if (i == 2) entry.cost_status = cost_status::unpriced;
            BOOST_REQUIRE(log.append(entry).has_value());
        }
        raise_alert();
        budget total;
        total.name = "all";
        total.limit = money::parse("10").value().pico();
        total.window.period = budget_period::total;
        BOOST_REQUIRE(log.set_budget(total).has_value());
        total.name = "month";
        total.window.period = budget_period::month;
        BOOST_REQUIRE(log.set_budget(total).has_value());
    }
    void raise_alert() {
        alert const raised{"key", alert_kind::anomaly, "odd", noon, {{"spent", "3"}}};
        BOOST_REQUIRE(log.append_once(to_record(raised).value()).has_value());
        for (auto const stage : {alert_stage::claimed, alert_stage::failed}) {
            alert_event event{stage, "key", "mail", "watch", noon, 1, "", ""};
            if (stage == alert_stage::failed) event.error = "timed_out";
            BOOST_REQUIRE(log.append_once(to_record(event).value()).value().has_value());
        }
    }

    // Calls visit(path, method, operation) for each operation.
    template <class Visitor>
    void for_each_operation(Visitor&& visit) {
        for (auto const& [path, methods] : document.at("paths").as_object()) {
            for (auto const& [method, operation] : methods.as_object())
                visit(std::string(path), std::string(method), operation.as_object());
        }
    }
    [[nodiscard]] static gateway_request request_of(std::string path, std::string_view method) {
        if (auto const at = path.find("{sequence}"); at != std::string::npos)
            path.replace(at, 10, "1");
        gateway_request made{method == "get" ? "GET" : "POST", std::move(path), {}, {}, "::1"};
        made.headers = {{"Authorization", "Bearer " + std::string(token)}};
        if (made.target == "/login") {
            made.headers = {{"Content-Type", "application/json"}};
            made.body = "{\"token\": \"" + std::string(token) + "\"}";
        }
        return made;
    }
    // Asks, and holds the answer to what the document says of its status.
    gateway_response ask(gateway_request const& request, json::object const& operation) {
        auto const answer = board.answer(request);
        std::string const where = request.method + " " + request.target;
        auto const* const said =
            operation.at("responses").as_object().if_contains(std::to_string(answer.status));
        BOOST_TEST_REQUIRE(said != nullptr, where << " answered " << answer.status);
        auto const& content = checker.resolved(*said).at("content").as_object();
        std::string_view const type = header_of(answer.headers, "content-type");
        auto const* const media = content.if_contains(type.substr(0, type.find(';')));
        BOOST_TEST_REQUIRE(media != nullptr, where << " answered " << type);
        bool const is_json = type.find("json") != std::string_view::npos;
        checker.check(media->at("schema"),
                      is_json ? json::parse(answer.body) : json::value(answer.body), where);
        return answer;
    }
    void no_findings() {
        for (std::string const& each : checker.findings) BOOST_TEST_ERROR(each);
    }
};

// The query with a documented parameter's example.
void add_example(gateway_request& to, json::value const& parameter) {
    json::value const& example = parameter.at("example");
    std::string const value = example.is_string() ? text_of(example) : json::serialize(example);
    std::string const name = text_of(parameter.at("name"));
    if (parameter.at("in") == "header") to.headers.emplace_back(name, value);
    if (parameter.at("in") != "query") return;
    to.target += (to.target.find('?') == std::string::npos ? "?" : "&") + name + "=" + value;
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(every_answer_has_the_documented_fields_and_no_others, stand) {
    for_each_operation([&](std::string const& path, std::string const& method, auto const& of) {
        auto const answer = ask(request_of(path, method), of);
        BOOST_TEST(answer.status == 200, path);
    });
    // The document itself is one of the answers, and so is a problem with and without a parameter.
    auto const& records = document.at("paths").at("/api/v1/records").at("get").as_object();
    BOOST_TEST(ask(request_of("/api/v1/records?limit=0", "get"), records).status == 400);
    no_findings();
}

BOOST_FIXTURE_TEST_CASE(every_documented_parameter_is_taken_and_no_other, stand) {
    for_each_operation([&](std::string const& path, std::string const& method, auto const& of) {
        auto all = request_of(path, method);
        if (auto const* const parameters = of.if_contains("parameters")) {
            for (auto const& each : parameters->as_array()) {
                auto const& parameter = checker.resolved(each);
                checker.check(parameter.at("schema"), parameter.at("example"), path);
                auto alone = request_of(path, method);
                add_example(alone, parameter);
                BOOST_TEST(ask(alone, of).status == 200, alone.target);
                add_example(all, parameter);
            }
            BOOST_TEST(ask(all, of).status == 200, all.target);
        }
        if (method != "get") return;
        all.target += all.target.find('?') == std::string::npos ? "?other=1" : "&other=1";
        auto const refused = ask(all, of);
        BOOST_TEST(refused.status == 400, all.target);
        BOOST_TEST(json::parse(refused.body).at("parameter") == "other");
    });
    no_findings();
}

BOOST_FIXTURE_TEST_CASE(each_documented_word_is_taken, stand) {
    for_each_operation([&](std::string const& path, std::string const& method, auto const& of) {
        auto const* const parameters = of.if_contains("parameters");
        if (parameters == nullptr) return;
        for (auto const& each : parameters->as_array()) {
            json::value parameter = checker.resolved(each);
            auto const* const words = parameter.at("schema").as_object().if_contains("enum");
            if (words == nullptr) continue;
            for (json::value const& word : json::array(words->as_array())) {
                parameter.as_object()["example"] = word;
                auto request = request_of(path, method);
                add_example(request, parameter);
                BOOST_TEST(ask(request, of).status == 200, request.target);
            }
        }
    });
    no_findings();
}

BOOST_FIXTURE_TEST_CASE(no_operation_takes_the_parameter_of_another, stand) {
    for_each_operation([&](std::string const& path, std::string const& method, auto const& of) {
        if (method != "get") return;
        std::set<std::string> taken;
        if (auto const* const parameters = of.if_contains("parameters")) {
            for (auto const& each : parameters->as_array())
                taken.insert(text_of(checker.resolved(each).at("name")));
        }
        for (auto const& [name, parameter] :
             document.at("components").at("parameters").as_object()) {
            if (parameter.at("in") != "query" || taken.contains(text_of(parameter.at("name"))))
                continue;
            auto request = request_of(path, method);
            add_example(request, parameter);
            BOOST_TEST(ask(request, of).status == 400, request.target);
        }
    });
    no_findings();
}

BOOST_FIXTURE_TEST_CASE(files_are_documented_where_they_are_given, stand) {
    for_each_operation([&](std::string const& path, std::string const& method, auto const& of) {
        if (method != "get") return;
        auto const request = request_of(path + "?format=csv", method);
        auto const& content = of.at("responses").at("200").at("content").as_object();
        BOOST_TEST(ask(request, of).status == (content.contains("text/csv") ? 200 : 400), path);
    });
    no_findings();
}

BOOST_FIXTURE_TEST_CASE(who_is_not_logged_in_gets_what_is_documented, stand) {
    for_each_operation([&](std::string const& path, std::string const& method, auto const& of) {
        auto request = request_of(path, method);
        bool const is_open = of.contains("security");
        if (path != "/login") request.headers.clear();
        BOOST_TEST(ask(request, of).status == (is_open ? 200 : 401), path);
    });
    no_findings();
}

BOOST_FIXTURE_TEST_CASE(every_problem_of_a_login_is_documented, stand) {
    auto const& login = document.at("paths").at("/login").at("post").as_object();
    auto request = request_of("/login", "post");
    request.body = "{}";
    BOOST_TEST(ask(request, login).status == 400);
    request.body = std::string(5'000, ' ');
    BOOST_TEST(ask(request, login).status == 413);
    request.headers = {{"Sec-Fetch-Site", "cross-site"}};
    BOOST_TEST(ask(request, login).status == 403);
    request.headers.clear();
    BOOST_TEST(ask(request, login).status == 415);
    request = request_of("/login", "post");
    request.body = "{\"token\": \"wrong\"}";
    for (int i = 0; i < 10; ++i) BOOST_TEST(ask(request, login).status == 401);
    BOOST_TEST(ask(request, login).status == 429);
    request = request_of("/api/v1/session", "get");
    auto const& session = document.at("paths").at("/api/v1/session").at("get").as_object();
    request.headers = {{"Authorization", "Bearer wrong"}};
    BOOST_TEST(ask(request, session).status == 429);
    auto const& one = document.at("paths").at("/api/v1/records/{sequence}").at("get").as_object();
    request = request_of("/api/v1/records/999", "get");
    request.remote = "127.0.0.1";
    BOOST_TEST(ask(request, one).status == 404);
    no_findings();
}

BOOST_FIXTURE_TEST_CASE(nothing_is_documented_that_is_never_there, stand) {
    for_each_operation([&](std::string const& path, std::string const& method, auto const& of) {
        auto request = request_of(path, method);
        if (auto const* const parameters = of.if_contains("parameters")) {
            for (auto const& each : parameters->as_array()) {
                auto const& parameter = checker.resolved(each);
                if (parameter.at("name") == "by") add_example(request, parameter);
            }
        }
        if (auto const* const body = of.if_contains("requestBody"))
            checker.check(body->at("content").at("application/json").at("schema"),
                          json::parse(request.body), path);
        static_cast<void>(ask(request, of));
        request.target += "?other=1";
        if (method == "get") static_cast<void>(ask(request, of));
    });
    for (std::string const& each : checker.never_seen()) BOOST_TEST_ERROR(each);
    no_findings();
}

BOOST_FIXTURE_TEST_CASE(every_report_is_documented, stand) {
    auto const& paths = document.at("paths").as_object();
    for (int i = 0; i < 8; ++i) {
        auto const kind = static_cast<report_kind>(i);
        if (kind == report_kind::user) continue;
        BOOST_TEST(paths.contains("/api/v1/" + std::string(name_of(kind))), name_of(kind));
    }
}

BOOST_FIXTURE_TEST_CASE(every_state_and_kind_is_documented, stand) {
    auto const words_of = [this](std::string const& schema) {
        std::vector<std::string> words;
        for (auto const& each :
             document.at("components").at("schemas").at(schema).at("enum").as_array())
            words.push_back(text_of(each));
        return words;
    };
    auto const names_of = [](auto last) {
        std::vector<std::string> names;
        for (int i = 0; i <= static_cast<int>(last); ++i)
            names.emplace_back(name_of(static_cast<decltype(last)>(i)));
        return names;
    };
    BOOST_TEST(words_of("ship_state") == names_of(ship_state::stopped),
               boost::test_tools::per_element());
    BOOST_TEST(words_of("log_state") == names_of(log_state::forked),
               boost::test_tools::per_element());
    BOOST_TEST(words_of("alert_kind") == names_of(static_cast<alert_kind>(alert_kind_count - 1)),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_checker_finds_what_is_wrong) {
    auto const document = json::parse(R"({"components": {"schemas": {"a": {"type": "object",
        "required": ["n"], "properties": {"n": {"type": "integer", "minimum": 1}}}}}})");
    auto const schema = json::parse(R"({"allOf": [{"$ref": "#/components/schemas/a"}],
        "properties": {"s": {"type": ["string", "null"], "pattern": "^x"},
        "list": {"items": {"enum": ["p", "q"]}}}, "unevaluatedProperties": false})");
    auto const count_of = [&](std::string_view value) {
        schema_checker checker(document);
        checker.check(schema, json::parse(value), "");
        return checker.findings.size();
    };
    BOOST_TEST(count_of(R"({"n": 1, "s": "xy", "list": ["p", "q"]})") == 0U);
    BOOST_TEST(count_of(R"({"n": 1, "s": null})") == 0U);
    BOOST_TEST(count_of(R"({"s": "xy"})") == 1U);
    BOOST_TEST(count_of(R"({"n": 0})") == 1U);
    BOOST_TEST(count_of(R"({"n": 1.5})") == 1U);
    BOOST_TEST(count_of(R"({"n": "1"})") == 1U);
    BOOST_TEST(count_of(R"({"n": 1, "s": "y"})") == 1U);
    BOOST_TEST(count_of(R"({"n": 1, "s": 1})") == 1U);
    BOOST_TEST(count_of(R"({"n": 1, "list": ["p", "r", 1]})") == 2U);
    BOOST_TEST(count_of(R"({"n": 1, "more": 1, "other": 2})") == 2U);
    BOOST_TEST(count_of("[]") == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

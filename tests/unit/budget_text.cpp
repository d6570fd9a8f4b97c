// SPDX-License-Identifier: MIT
#include <aiaudit/budget/budget_record.hpp>

#include <aiaudit/codec/record_codec.hpp>
#include <aiaudit/timezone/tzdb.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(budget_text)

namespace {

using namespace aiaudit;

budget daily_budget() {
    budget made;
    made.name = "team-red";
    made.limit = parse_budget_limit("50.00", budget_unit::usd).value();
    made.scope = parse_budget_scope("tag:team=red").value();
    made.window = parse_budget_window("day", find_time_zone("America/New_York").value()).value();
    return made;
}

timestamp const budget_set_at = timestamp::parse("2026-11-26T12:00:00Z").value();

template <class T>
void refuses(result<T> const& parsed, std::string const& word) {
    BOOST_REQUIRE(!parsed.has_value());
    BOOST_TEST((parsed.error().code == errc::bad_argument));
    BOOST_TEST(parsed.error().where.find(word) != std::string::npos, parsed.error().where);
    BOOST_TEST(parsed.error().where.find('\n') == std::string::npos);
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_scope_is_written_as_it_is_read) {
    for (char const* const text :
         {"everyone", "each-user", "each-model", "each-provider", "each-project", "each-key",
          "each-tag:team", "user=alice", "user=a=b", "model=gpt-5.1", "provider=openai",
          "project=p 1", "key=k-1", "tag:team=red", "tag:team=a=b:c"}) {
        auto const scope = parse_budget_scope(text);
        BOOST_TEST_CONTEXT(text) {
            BOOST_REQUIRE(scope.has_value());
            BOOST_TEST(scope_text(*scope) == text);
        }
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_scope_is_refused_in_one_line) {
    for (char const* const text :
         {"", "nobody", "user", "user=", "each-", "each-everyone", "each-tag",
          "each-tag:", "each-user=alice", "tag=red", "tag:=red", "tag:team",
          "tag:team=", "user:alice", "everyone=x", "user=a\nb", "each-tag:a=b"})
        BOOST_TEST_CONTEXT(text) { refuses(parse_budget_scope(text), "scope"); }
}

BOOST_AUTO_TEST_CASE(every_window_is_written_as_it_is_read) {
    for (char const* const text :
         {"day", "month", "total", "minute", "1h", "24h", "8784h", "week", "week@sunday", "quarter",
          "quarter@02-15", "year", "year@04-06", "month@15"})
        BOOST_TEST(window_text(parse_budget_window(text).value()) == text);
    for (char const* const text : {"",           "weeks",      "0h",
                                   "8785h",      "h",          "-1h",
                                   "1.5h",       "24H",        "24",
                                   "day@1",      "week@",      "week@Sunday",
                                   "week@7",     "month@29",   "month@0",
                                   "month@015",  "quarter@15", "year@02-29",
                                   "year@13-01", "year@0-01",  "year@04-06-01",
                                   "total@2",    "24h@2"})
        BOOST_TEST_CONTEXT(text) { refuses(parse_budget_window(text), "window"); }
}

BOOST_AUTO_TEST_CASE(a_beginning_that_is_the_usual_one_is_not_written) {
    for (auto const& [text, written] :
         std::vector<std::pair<std::string, std::string>>{{"week@monday", "week"},
                                                          {"month@1", "month"},
                                                          {"quarter@01-01", "quarter"},
                                                          {"quarter@10-01", "quarter"},
                                                          {"quarter@5-3", "quarter@02-03"},
                                                          {"year@1-1", "year"},
                                                          {"year@4-6", "year@04-06"}})
        BOOST_TEST(window_text(parse_budget_window(text).value()) == written);
}

BOOST_AUTO_TEST_CASE(limits_are_exact) {
    BOOST_TEST(
        (parse_budget_limit("50.00", budget_unit::usd).value() == int128{50} * 1'000'000'000'000));
    BOOST_TEST((parse_budget_limit("0.000000000001", budget_unit::usd).value() == 1));
    BOOST_TEST((parse_budget_limit("1e3", budget_unit::tokens).value() == 1'000));
    BOOST_TEST((parse_budget_limit("0", budget_unit::requests).value() == 0));
    refuses(parse_budget_limit("-1", budget_unit::usd), "negative");
    refuses(parse_budget_limit("0.0000000000001", budget_unit::usd), "12 decimal places");
    refuses(parse_budget_limit("1.5", budget_unit::tokens), "whole number");
    refuses(parse_budget_limit("fifty", budget_unit::usd), "not a number");
    refuses(parse_budget_limit("", budget_unit::usd), "not a number");
    refuses(parse_budget_limit("1e40", budget_unit::tokens), "too large");
    refuses(parse_budget_limit("1e25", budget_unit::tokens), "too large");
}

BOOST_AUTO_TEST_CASE(every_action_is_written_as_it_is_read) {
    for (char const* const text :
         {"refuse", "warn", "downgrade=a", "downgrade=gpt-5-mini,gpt-5-nano", "wait=1500",
          "refuse;hold=2.5", "downgrade=a,b;hold=0.01", "refuse;reserve=stepwise",
          "downgrade=a,b;hold=0.01;reserve=stepwise"}) {
        budget made;
        BOOST_REQUIRE(parse_budget_action(text, made).has_value());
        BOOST_TEST(action_text(made) == text);
    }
    std::string many = "downgrade=a";
    for (int i = 0; i < 16; ++i) many += ",m";
    for (std::string const& text :
         {std::string{}, std::string{"stop"}, std::string{"downgrade="}, std::string{"wait=0"},
          std::string{"wait=x"}, std::string{"downgrade=a,,b"}, std::string{"wait=3600001"},
          many}) {
        budget made;
        BOOST_TEST_CONTEXT(text) { refuses(parse_budget_action(text, made), "action"); }
        BOOST_TEST((made.then == budget_action::refuse));
    }
    budget made;
    made.unit = budget_unit::tokens;
    for (char const* const text :
         {"refuse;hold=", "refuse;hold=0", "refuse;hold=-1", "refuse;hold=1.5", ";hold=5",
          "refuse;reserve=", "refuse;reserve=half", "refuse;reserve=stepwise;hold=2"}) {
        BOOST_TEST(!parse_budget_action(text, made), text);
        BOOST_TEST((made.reserve == budget_reserve::full));
        BOOST_TEST((made.unbounded_hold == 0));
    }
}

BOOST_AUTO_TEST_CASE(alerts_ascend) {
    BOOST_TEST(
        (parse_alert_percents("50,80,100").value() == std::vector<std::uint32_t>{50, 80, 100}));
    BOOST_TEST(parse_alert_percents("").value().empty());
    for (char const* const text :
         {"0", "80,50", "50,50", "1001", "x", "1,2,3,4,5,6,7,8,9", "50,", "-1"})
        BOOST_TEST_CONTEXT(text) { refuses(parse_alert_percents(text), "alerts"); }
}

BOOST_AUTO_TEST_CASE(a_budget_that_contradicts_itself_is_refused) {
    BOOST_TEST(validate(daily_budget()).has_value());
    auto const broken = [](std::string const& word, auto&& change) {
        budget made = daily_budget();
        change(made);
        BOOST_TEST_CONTEXT(word) { refuses(validate(made), word); }
        BOOST_TEST(!to_record(made, budget_set_at).has_value());
    };
    broken("name", [](budget& made) { made.name = ""; });
    broken("name", [](budget& made) { made.name = "two words"; });
    broken("name", [](budget& made) { made.name = std::string(65, 'a'); });
    broken("negative", [](budget& made) { made.limit = -1; });
    broken("too large", [](budget& made) { made.limit = detail::budget_amount_most + 1; });
    broken("hours", [](budget& made) { made.window.hours = 1; });
    broken("8784", [](budget& made) { made.window.period = budget_period::rolling; });
    broken("needs a name", [](budget& made) { made.scope.name = ""; });
    broken("scope of one", [](budget& made) { made.scope.each = true; });
    broken("key", [](budget& made) { made.scope.tag = "a=b"; });
    broken("models", [](budget& made) { made.then = budget_action::downgrade; });
    broken("comma", [](budget& made) {
        made.then = budget_action::downgrade;
        made.models = {"a,b"};
    });
    broken("minute", [](budget& made) {
        made.then = budget_action::wait;
        made.wait_ms_most = 1;
    });
    broken("percents", [](budget& made) { made.alert_percents = {80, 50}; });
    broken("zone", [](budget& made) {
        made.window.zone = time_zone("here", 0, {{10, 3'600}, {10, 0}});
    });
}

BOOST_AUTO_TEST_CASE(a_definition_comes_back_from_its_record) {
    budget made = daily_budget();
    made.then = budget_action::downgrade;
    made.models = {"gpt-5-mini", "gpt-5-nano"};
    made.alert_percents = {10, 100};
    auto const entry = to_record(made, budget_set_at).value();
    auto const stored = decode_record(encode_record(entry)).value();
    auto const change = read_budget_change(stored).value();
    BOOST_REQUIRE(change.set.has_value());
    BOOST_TEST(change.set->name == made.name);
    BOOST_TEST((change.set->limit == made.limit));
    BOOST_TEST((change.set->scope == made.scope));
    BOOST_TEST(action_text(*change.set) == action_text(made));
    BOOST_TEST((change.set->alert_percents == made.alert_percents));
    BOOST_TEST(change.set->window.zone.name() == "America/New_York");
    // It needs no zone database: the days are the same until 2099.
    for (int day = 20'100; day < 47'000; day += 7)
        BOOST_REQUIRE(change.set->window.zone.start_seconds({day}) ==
                      made.window.zone.start_seconds({day}));
}

BOOST_AUTO_TEST_CASE(a_removal_names_the_budget) {
    auto const change = read_budget_change(to_removal_record("team-red", budget_set_at)).value();
    BOOST_TEST(!change.set.has_value());
    BOOST_TEST(change.removed == "team-red");
}

BOOST_AUTO_TEST_CASE(a_record_that_defines_nothing_is_corrupt) {
    auto const entry = to_record(daily_budget(), budget_set_at).value();
    BOOST_TEST((read_budget_change(record{}).error().code == errc::corrupt));
    for (std::size_t i = 0; i < entry.tags.size(); ++i) {
        record damaged = entry;
        damaged.tags[i].second = "\n?";
        BOOST_TEST_CONTEXT(entry.tags[i].first) {
            auto const change = read_budget_change(damaged);
            // The name of a zone is any name.
            BOOST_REQUIRE(!change.has_value());
            BOOST_TEST((change.error().code == errc::corrupt));
            BOOST_TEST(change.error().where.find('\n') == std::string::npos);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_refusal_says_all_in_one_line_and_in_its_record) {
    budget_refusal refused;
    refused.budget = "team-red";
    refused.subject = "tag:team=red";
    refused.limit = parse_budget_limit("50", budget_unit::usd).value();
    refused.spent = parse_budget_limit("49.5", budget_unit::usd).value();
    refused.reserved = parse_budget_limit("0.25", budget_unit::usd).value();
    refused.asked = parse_budget_limit("0.5", budget_unit::usd).value();
    refused.resets_at = timestamp::parse("2026-11-27T05:00:00Z").value();
    BOOST_TEST(refusal_text(refused) ==
               "budget 'team-red' of tag:team=red: limit 50 USD, spent 49.5 USD, "
               "reserved 0.25 USD, asked 0.5 USD, resets at 2026-11-27T05:00:00Z");
    record intent;
    intent.kind = record_kind::intent;
    intent.user = "alice";
    intent.cost_status = cost_status::priced;
    intent.cost = money::from_pico(refused.asked);
    auto const entry = refusal_record(intent, refused);
    BOOST_TEST((entry.kind == record_kind::refusal));
    BOOST_TEST((entry.cost_status == cost_status::no_charge));
    BOOST_TEST((entry.cost == money{}));
    BOOST_TEST(entry.user == "alice");
    BOOST_TEST(entry.error_type == "budget_exceeded");
    BOOST_TEST(entry.tags.size() == 8U);
    refused.period = budget_period::minute;
    BOOST_TEST(refusal_record(intent, refused).error_type == "rate_limited");
    refused.reason = refusal_reason::unpriced;
    refused.because = "'tools[0]: web_search' has no limit";
    auto const unpriced = refusal_record(intent, refused);
    BOOST_TEST(unpriced.error_type == "unbounded");
    BOOST_TEST(
        (unpriced.tags.at(7) == std::pair<std::string, std::string>{"because", refused.because}));
    // What was spent has no part in it, and nothing was asked for.
    BOOST_TEST(refusal_text(refused) ==
               "budget 'team-red' of tag:team=red cannot hold a call whose model has no price: "
               "'tools[0]: web_search' has no limit (its limit is 50 USD)");
    BOOST_TEST((decode_record(encode_record(entry)).value() == entry));
}

BOOST_AUTO_TEST_SUITE_END()

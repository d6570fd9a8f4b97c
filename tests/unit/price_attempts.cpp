// SPDX-License-Identifier: MIT
//
// price_attempts.cpp: what an exchange costs, its iterations each at the model that ran them.
#include <aiaudit/pricing/builtin.hpp>
#include <aiaudit/pricing/priced_record.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>

BOOST_AUTO_TEST_SUITE(price_attempts)

namespace {

using namespace aiaudit;

usage tokens(std::uint64_t in, std::uint64_t out) {
    usage counts;
    counts.set(unit::input_tokens, in);
    counts.set(unit::output_tokens, out);
    return counts;
}

price_entry model(std::string id, char const* in, char const* out) {
    price_entry made;
    made.match = model_match::text(model_match::rule::equals, id);
    made.id = std::move(id);
    made.cards.emplace_back();
    rate const high = rate::parse("100", 6).value();
    made.cards.front().rates.set(unit::input_tokens,
                                 tiered_rate{rate::parse(in, 6).value(), {{200'000, high}}});
    made.cards.front().rates.set(unit::output_tokens, rate::parse(out, 6).value());
    made.cards.front().rates.set(unit::web_searches, rate::parse("10", 3).value());
    return made;
}

price_book anthropic() {
    price_provider provider;
    provider.id = "anthropic";
    provider.entries = {model("sonnet", "3", "15"), model("opus", "5", "25")};
    price_book_builder builder;
    builder.add(std::move(provider)).value();
    return std::move(builder).build();
}

std::string cost(attempt_facts const& facts) {
    auto const priced = price_attempt(anthropic(), "anthropic", facts, {});
    return priced ? priced->cost().to_string() : priced.error().message();
}

// A cent for each call, whatever it counts.
struct cent_a_call {
    struct lookup_cache {};

    [[nodiscard]] result<quote> price(price_query const&) const {
        quote answer;
        answer.entry_id = "call";
        if (auto done = answer.exact.total.add(money::parse("0.01").value()); !done)
            return done.error();
        return answer;
    }
    [[nodiscard]] result<quote> price(price_query const& query, lookup_cache&) const {
        return price(query);
    }
    [[nodiscard]] digest const& revision() const noexcept { return revision_; }

    digest revision_{};
};

}  // namespace

// A real body: its top level says 220 in and 8 out, which would be a 216th of what was billed.
BOOST_AUTO_TEST_CASE(every_iteration_is_charged_where_the_provider_reports_them) {
    attempt_facts facts;
    facts.model_served = "sonnet";
    facts.iterations = {{"compaction", "sonnet", tokens(55'196, 125)},
                        {"message", "sonnet", tokens(220, 8)}};
    facts.usage = tokens(55'416, 133);
    BOOST_TEST(cost(facts) == "0.168243");
}

BOOST_AUTO_TEST_CASE(an_iteration_is_charged_at_the_model_that_ran_it) {
    attempt_facts facts;
    facts.model_served = "sonnet";
    facts.iterations = {{"message", "", tokens(1'128, 110)},
                        {"message", "sonnet", tokens(1'262, 11)},
                        {"advisor_message", "opus", tokens(2'518, 22)}};
    BOOST_TEST(cost(facts) == "0.022125");
}

BOOST_AUTO_TEST_CASE(the_context_length_of_an_iteration_is_its_own) {
    attempt_facts facts;
    facts.model_served = "sonnet";
    facts.iterations = {{"message", "sonnet", tokens(150'000, 0)},
                        {"message", "sonnet", tokens(150'000, 0)}};
    facts.usage = tokens(300'000, 0);
    BOOST_TEST(cost(facts) == "0.9");
    facts.iterations.clear();
    BOOST_TEST(cost(facts) == "30");
}

BOOST_AUTO_TEST_CASE(searches_reported_for_the_attempt_alone_are_charged_once) {
    attempt_facts facts;
    facts.model_served = "sonnet";
    facts.iterations = {{"message", "sonnet", tokens(1'000'000, 0)}};
    facts.iterations.front().usage.set(unit::web_searches, 1);
    facts.usage = tokens(1'000'000, 0);
    facts.usage.set(unit::web_searches, 3);
    BOOST_TEST(cost(facts) == "100.03");
}

BOOST_AUTO_TEST_CASE(iterations_are_summed_before_the_one_rounding) {
    rate_table rates;
    rates.set(unit::input_tokens, rate::from_yocto(500'000'000'000));  // half a pico-USD
    rates.set(unit::output_tokens, rate{});
    attempt_facts facts;
    facts.model_served = "m";
    facts.iterations = {{"message", "m", tokens(1, 0)}, {"message", "m", tokens(1, 0)}};
    auto const priced = price_attempt(flat_rate{rates}, "self", facts, {});
    BOOST_TEST(priced->cost().to_string() == "0.000000000001");
    BOOST_TEST(priced->input_cost().to_string() == "0.000000000001");
}

BOOST_AUTO_TEST_CASE(billing_goes_by_the_model_that_served_and_else_by_the_one_asked_for) {
    attempt_facts facts;
    facts.usage = tokens(1'000, 0);
    facts.model_requested = "opus";
    facts.model_served = "sonnet";
    BOOST_TEST(cost(facts) == "0.003");
    facts.model_served = "";
    BOOST_TEST(cost(facts) == "0.005");
}

// A router may have sent it anywhere, so what the asked model costs says nothing.
BOOST_AUTO_TEST_CASE(an_unknown_model_that_served_is_not_priced_as_the_one_asked_for) {
    attempt_facts facts;
    facts.usage = tokens(1'000, 0);
    facts.model_requested = "opus";
    facts.model_served = "served";
    BOOST_TEST(cost(facts) == "unknown_model: anthropic/served");
}

BOOST_AUTO_TEST_CASE(an_attempt_without_usage_has_no_cost) {
    attempt_facts facts;
    facts.model_served = "sonnet";
    BOOST_TEST(cost(facts) == "no_usage: anthropic/sonnet");
}

BOOST_AUTO_TEST_CASE(one_iteration_that_cannot_be_priced_is_an_error_for_all) {
    attempt_facts facts;
    facts.model_served = "sonnet";
    facts.iterations = {{"message", "sonnet", tokens(1, 1)},
                        {"advisor_message", "x", tokens(1, 1)}};
    BOOST_TEST(cost(facts) == "unknown_model: anthropic/x");
}

BOOST_AUTO_TEST_CASE(a_batch_request_is_priced_as_such) {
    attempt_facts facts;
    facts.usage = tokens(1, 1);
    facts.model_served = "sonnet";
    facts.parameters.batch = true;
    BOOST_TEST(price_attempt(anthropic(), "anthropic", facts, {})->standard_tier_used);
    // Its answer calls the tier "default".
    facts.service_tier = "default";
    BOOST_TEST(price_attempt(anthropic(), "anthropic", facts, {})->standard_tier_used);
    facts.parameters.batch = false;
    BOOST_TEST(!price_attempt(anthropic(), "anthropic", facts, {})->standard_tier_used);
}

BOOST_AUTO_TEST_CASE(a_flat_rate_prices_every_model_alike_and_has_a_revision_of_its_own) {
    auto const one = flat_rate::per_token(rate::parse("1", 6).value());
    auto const two = flat_rate::per_token(rate::parse("2", 6).value());
    usage const used = tokens(1'000'000, 1'000'000);
    BOOST_TEST(one.price({"any", "thing", used})->cost().to_string() == "2");
    BOOST_TEST(two.price({"", "", used})->cost().to_string() == "4");
    BOOST_TEST((one.revision() != two.revision()));
    BOOST_TEST((one.revision() == flat_rate::per_token(rate::parse("1.0", 6).value()).revision()));
    usage const none;
    BOOST_TEST((one.price({"a", "b", none}).error().code == errc::no_usage));
}

BOOST_AUTO_TEST_CASE(a_price_for_the_whole_call_counts_for_every_iteration) {
    attempt_facts facts;
    facts.model_served = "sonnet";
    facts.usage = tokens(2, 2);
    BOOST_TEST(price_attempt(cent_a_call{}, "any", facts, {})->cost().to_string() == "0.01");
    facts.iterations = {{"message", "sonnet", tokens(1, 1)}, {"message", "sonnet", tokens(1, 1)}};
    BOOST_TEST(price_attempt(cent_a_call{}, "any", facts, {})->cost().to_string() == "0.02");
    cent_a_call::lookup_cache cache;
    auto const most = most_of_attempt(cent_a_call{}, "any", "m", tokens(1, 1), {}, {}, cache);
    BOOST_TEST(most->cost().to_string() == "0.01");
}

BOOST_AUTO_TEST_CASE(the_most_of_a_flat_rate_has_an_exact_cost) {
    auto const rates = flat_rate::per_token(rate::parse("1", 6).value());
    flat_rate::lookup_cache cache;
    auto const most = most_of_attempt(rates, "any", "m", tokens(1, 2), {}, {}, cache);
    BOOST_TEST(most->exact.total.rounded().to_string() == "0.000003");
    BOOST_TEST(most->cost().to_string() == "0.000003");
}

BOOST_AUTO_TEST_CASE(money_that_is_too_much_to_be_exact_is_an_error) {
    exact_cost sum;
    BOOST_TEST(sum.add(money::parse("-12.000000000001").value()).has_value());
    BOOST_TEST(sum.rounded().to_string() == "-12.000000000001");
    auto const most = money::from_pico(~(int128{1} << 127));
    BOOST_TEST((sum.add(most).error().code == errc::money_overflow));
    BOOST_TEST(sum.rounded().to_string() == "-12.000000000001");
}

BOOST_AUTO_TEST_CASE(a_charge_of_nothing_is_believed_of_what_costs_nothing_alone) {
    attempt_facts facts;
    facts.usage.set(unit::input_tokens, 1000);
    facts.usage.set(unit::output_tokens, 100);
    facts.provider_cost = money{};
    auto const priced = [&](char const* provider, char const* model) {
        record entry;
        entry.provider = provider;
        facts.model_served = model;
        price_book::lookup_cache cache;
        price_book const book = builtin_book();
        static_cast<void>(set_cost(entry, facts, book, cache));
        return entry;
    };
    auto const paid = priced("xai", "grok-4");
    BOOST_TEST(name_of(paid.cost_status) == "partial");
    BOOST_TEST((paid.cost > money{}));
    auto const free = priced("openrouter", "deepseek/deepseek-r1:free");
    BOOST_TEST(name_of(free.cost_status) == "priced");
    BOOST_TEST(name_of(free.price_basis) == "provider");
    BOOST_TEST(name_of(priced("openrouter", "nobody/knows").cost_status) == "unpriced");
    facts.provider_cost = money::parse("0.5").value();
    auto const stated = priced("openrouter", "nobody/knows");
    BOOST_TEST(stated.cost.to_string() == "0.5");
    BOOST_TEST(!stated.computed_cost.has_value());
}

BOOST_AUTO_TEST_SUITE_END()

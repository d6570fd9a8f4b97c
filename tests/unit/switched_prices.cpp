// SPDX-License-Identifier: MIT
#include <aiaudit/gateway/switched_prices.hpp>
#include <aiaudit/pricing/load.hpp>
#include <aiaudit/pricing/priced_record.hpp>

#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>
#include <thread>

BOOST_AUTO_TEST_SUITE(switched_prices)

using namespace aiaudit;

namespace {

using prices = detail::switched_prices<price_book>;

price_book book_at(std::string const& dollars) {
    return load_price_book(
               "{\"gpt-x\":{\"litellm_provider\":\"openai\",\"mode\":\"chat\","
               "\"input_cost_per_token\":" +
                   dollars + ",\"output_cost_per_token\":" + dollars + "}}",
               "book")
        .value();
}

attempt_facts hundred_tokens() {
    attempt_facts facts;
    facts.model_served = "gpt-x";
    facts.usage.set(unit::input_tokens, 60);
    facts.usage.set(unit::output_tokens, 40);
    return facts;
}

record priced_by(prices const& book, prices::lookup_cache& cache) {
    record entry;
    entry.provider = "openai";
    BOOST_REQUIRE(!set_cost(entry, hundred_tokens(), book, cache));
    return entry;
}

}  // namespace

static_assert(pricing_policy<prices>);

BOOST_AUTO_TEST_CASE(what_is_priced_after_a_switch_has_the_new_prices_and_says_so) {
    price_book const one = book_at("1e-6");
    price_book const two = book_at("2e-6");
    prices book(one);
    prices::lookup_cache cache;
    record const before = priced_by(book, cache);
    prices const copy = book;
    book.set(two);
    record const after = priced_by(copy, cache);
    BOOST_TEST((before.cost == money::parse("0.0001").value()));
    BOOST_TEST((after.cost == money::parse("0.0002").value()));
    BOOST_TEST((before.price_book == one.revision()));
    BOOST_TEST((after.price_book == two.revision()));
}

BOOST_AUTO_TEST_CASE(a_thread_names_the_prices_that_it_asked_last) {
    price_book const one = book_at("1e-6");
    price_book const two = book_at("2e-6");
    prices book(one);
    prices other(two);
    prices::lookup_cache cache;
    attempt_facts const facts = hundred_tokens();
    auto const quoted = price_attempt(book, "openai", facts, {}, cache);
    BOOST_REQUIRE(quoted.has_value());
    book.set(two);
    // Between a price and its revision nothing changes for who asked.
    BOOST_TEST((book.revision() == one.revision()));
    BOOST_TEST(quoted->entry_id == "gpt-x");
    std::thread([&] { BOOST_TEST((book.revision() == two.revision())); }).join();
    BOOST_TEST((other.revision() == two.revision()));
    BOOST_TEST((book.now().revision() == two.revision()));
    static_cast<void>(price_attempt(book, "openai", facts, {}, cache));
    BOOST_TEST((book.revision() == two.revision()));
}

BOOST_AUTO_TEST_CASE(prices_that_follow_others_are_no_mistake_for_them) {
    // The second may stand where the first stood.
    price_book const one = book_at("1e-6");
    price_book const two = book_at("2e-6");
    prices::lookup_cache cache;
    for (price_book const* each : {&one, &two, &one}) {
        prices const book(*each);
        BOOST_TEST((book.revision() == each->revision()));
        BOOST_TEST((priced_by(book, cache).price_book == each->revision()));
    }
}

BOOST_AUTO_TEST_CASE(every_record_names_the_prices_that_made_its_cost_while_they_switch) {
    price_book const one = book_at("1e-6");
    price_book const two = book_at("2e-6");
    prices book(one);
    int wrong = 0;
    std::thread asking([&] {
        prices::lookup_cache cache;
        for (int i = 0; i < 20'000; ++i) {
            record const entry = priced_by(book, cache);
            bool const is_one = entry.cost == money::parse("0.0001").value();
            if (entry.price_book != (is_one ? one : two).revision()) ++wrong;
        }
    });
    for (int i = 0; i < 5'000; ++i) book.set(i % 2 == 0 ? two : one);
    asking.join();
    BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: MIT
//
// recent_prompts.cpp: what a key just sent lowers the estimate of what its next request costs, and
// never a bound.

#include <aiaudit/client/intent.hpp>
#include <aiaudit/pricing/builtin.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(recent_prompts)

namespace {

using namespace aiaudit;
using prompts = detail::recent_prompts;

constexpr timestamp begin = timestamp::from_seconds(1'800'000'000);
constexpr std::size_t block = prompts::block_bytes;

timestamp after(std::int64_t seconds) { return {begin.ns + seconds * nanoseconds_per_second}; }

// Words that do not repeat.
std::string words(std::size_t from, std::size_t bytes) {
    std::string text;
    for (std::size_t i = from; text.size() < bytes; ++i) text += "w" + std::to_string(i) + " ";
    text.resize(bytes);
    return text;
}

struct asked {
    explicit asked(std::string prompt) : to(provider_named("anthropic").value()) {
        request.body =
            R"({"model":"claude-opus-4-8","max_tokens":100,"messages":[{"role":"user","content":")" +
            prompt + R"("}]})";
        request.dialect = dialect::anthropic_messages;
        request.target = "/v1/messages";
        request.facts =
            facts_of_request(boost::json::parse(request.body), dialect::anthropic_messages);
        where = endpoint_of("anthropic", "/v1/messages").value();
        plan.to = &to;
        plan.key = &key;
        plan.request = &request;
        plan.where = &where;
        plan.model = "claude-opus-4-8";
        plan.who = &options;
        plan.id.bytes[0] = 1;
    }
    record intent(input_estimator const* learned, prompts const* recent) const {
        return detail::intent_of(plan, begin, {}, {0, true, learned, recent, false}, prices);
    }

    provider_entry to;
    price_book prices = builtin_book();
    api_key key{"anthropic", "sk", "id"};
    prepared_request request{};
    endpoint where{};
    call_options options{};
    detail::attempt_plan plan{};
};

}  // namespace

BOOST_AUTO_TEST_CASE(both_ends_of_a_body_are_compared_for_five_minutes) {
    prompts of;
    std::string const tools = words(90'000, 4 * block);
    std::string const talk = words(0, 8 * block);
    of.note("ana", talk + tools, begin);
    BOOST_TEST(of.known_bytes("ana", talk + tools, begin) == 12 * block);
    BOOST_TEST(of.known_bytes("ana", talk + words(500, 2 * block) + tools, after(300)) ==
               12 * block);
    BOOST_TEST(of.known_bytes("ana", talk + words(500, 100) + tools, begin) == 12 * block);
    BOOST_TEST(of.known_bytes("ana", words(500, 8 * block) + tools, begin) == 4 * block);
    BOOST_TEST(of.known_bytes("ana", words(500, 8 * block), begin) == 0U);
    BOOST_TEST(of.known_bytes("ana", talk + tools, after(301)) == 0U);
    BOOST_TEST(of.known_bytes("bob", talk + tools, begin) == 0U);
    BOOST_TEST(of.known_bytes("ana", "", begin) == 0U);
    of.note("long", std::string(prompts::body_bytes_max + 1, 'x'), begin);
    BOOST_TEST(of.known_bytes("long", std::string(prompts::body_bytes_max + 1, 'x'), begin) == 0U);
}

BOOST_AUTO_TEST_CASE(so_many_senders_are_known_and_old_ones_make_room) {
    prompts of;
    std::string const body = words(0, 2 * block);
    for (std::size_t i = 0; i < prompts::senders_max; ++i) of.note(std::to_string(i), body, begin);
    of.note("more", body, after(1));
    BOOST_TEST(of.known_bytes("more", body, after(1)) == 0U);
    of.note("more", body, after(301));
    BOOST_TEST(of.known_bytes("more", body, after(301)) == 2 * block);
}

BOOST_AUTO_TEST_CASE(what_was_just_sent_lowers_the_estimate_and_never_the_bound) {
    asked const one(words(0, 40'000));
    input_estimator learned;
    prompts recent;
    recent.note(detail::sender_of(one.plan), one.request.body, begin);
    auto const bound = one.intent(nullptr, nullptr);
    // Nothing is learned: the bound stands.
    BOOST_TEST((one.intent(&learned, &recent).cost == bound.cost));
    BOOST_TEST(!one.intent(&learned, &recent).usage.has(unit::cache_read_tokens));
    for (std::uint32_t i = 0; i < input_estimator::outcomes_min; ++i)
        learned.learn("anthropic", "claude-opus-4-8", 40'000, 10'000);
    prompts const nothing;
    auto const estimate = one.intent(&learned, &nothing);
    auto const lowered = one.intent(&learned, &recent);
    BOOST_TEST((estimate.cost < bound.cost));
    // A token of the cache costs a tenth, and is counted twice.
    BOOST_TEST((lowered.cost.pico() * 3 < estimate.cost.pico()));
    auto const& used = lowered.usage;
    BOOST_TEST(used.count(unit::input_tokens) == estimate.usage.count(unit::input_tokens));
    BOOST_TEST(used.count(unit::cache_read_tokens) <= used.count(unit::input_tokens));
    BOOST_TEST((one.intent(nullptr, nullptr).cost == bound.cost));
}

BOOST_AUTO_TEST_SUITE_END()

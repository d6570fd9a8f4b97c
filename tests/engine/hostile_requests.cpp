// SPDX-License-Identifier: MIT
//
// Hostile requests through a gateway under a budget, before providers that each read JSON in a lax
// way of its own: of no request that is let through may the bill pass what was held for it.
// AIAUDIT_HOSTILE_ROUNDS is how many (3,000), AIAUDIT_HOSTILE_SEED the first seed (1).

#include "support/gateway_stand.hpp"
#include "support/lax_provider.hpp"

#include <aiaudit/budget/budget_text.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(hostile_requests)

namespace {

using namespace aiaudit_tests;

std::uint64_t number_from(char const* name, std::uint64_t otherwise) {
    char const* const text = std::getenv(name);
    if (text == nullptr) return otherwise;
    std::uint64_t number = otherwise;
    std::string_view const all(text);
    std::from_chars(all.data(), all.data() + all.size(), number);
    return number;
}

// A member, with values of the right type, as JSON.
struct member_plan {
    std::string_view name{};
    std::vector<std::string_view> values{};
    std::vector<member_plan> inside{};  // of an object; "name[]" is a list of one
    unsigned percent = 20;              // how often it stands there
};
struct api_plan {
    std::vector<std::string_view> targets{};
    std::vector<member_plan> members{};
};

std::vector<std::string_view> const limits{"1", "16", "1024", "4096", "30000", "64000", "100000"};
std::vector<std::string_view> const small{"1", "2", "3", "8"};
std::vector<std::string_view> const flags{"true", "false"};
std::vector<std::string_view> const tiers{R"("auto")", R"("default")",       R"("priority")",
                                          R"("flex")", R"("standard_only")", R"("Priority")"};
std::vector<std::string_view> const open_ai_models{R"("gpt-4.1")", R"("gpt-4.1-nano")"};

std::vector<std::string_view> const chats{
    R"([{"role":"user","content":"Hello"}])",
    R"([{"role":"system","content":"Be kind, \u00fc \ud83d\ude00."},{"role":"user","content":"Hi"}])",
    R"([{"role":"user","content":[{"type":"text","text":"What is it?"},{"type":"image_url",)"
    R"("image_url":{"url":"https://example.com/a.png"}}]}])",
    R"([])",
};
std::vector<std::string_view> const questions{
    R"([{"role":"user","content":"Hello"}])",
    R"([{"role":"user","content":[{"type":"text","text":"Hi","cache_control":)"
    R"({"type":"ephemeral","ttl":"1h"}}]}])",
    R"([{"role":"user","content":[{"type":"image","source":{"type":"url",)"
    R"("url":"https://example.com/a.png"}}]}])",
};
std::vector<std::string_view> const inputs{
    R"("Hello")", R"([{"role":"user","content":"Hello"}])",
    R"([{"role":"user","content":[{"type":"input_image","image_url":"https://example.com/a"}]}])"};
std::vector<std::string_view> const contents{
    R"([{"role":"user","parts":[{"text":"Hello"}]}])", R"({"parts":[{"text":"Hello"}]})",
    R"([{"parts":[{"fileData":{"fileUri":"https://example.com/a.pdf"}}]}])"};

std::array<api_plan, 4> const plans{
    api_plan{{"/v1/chat/completions"},
             {{"model", open_ai_models, {}, 97},
              {"messages", chats, {}, 97},
              {"max_tokens", limits, {}, 40},
              {"max_completion_tokens", limits, {}, 40},
              {"n", small, {}},
              {"best_of", small, {}, 5},
              {"stream", flags, {}, 40},
              {"stream_options", {}, {{"include_usage", flags, {}, 90}}, 10},
              {"service_tier", tiers, {}},
              {"reasoning", {}, {{"effort", {R"("high")"}, {}}, {"max_tokens", limits, {}}}, 5},
              {"thinking", {}, {{"type", {R"("enabled")"}, {}}, {"budget_tokens", limits, {}}}, 5},
              {"temperature", {"0", "1.5"}, {}},
              {"tools", {R"([{"type":"function","function":{"name":"f","parameters":{}}}])"}, {}},
              {"models", {R"(["gpt-4.1"])"}, {}, 3},
              {"metadata", {}, {{"max_tokens", limits, {}, 50}, {"n", small, {}, 50}}}}},
    api_plan{{"/v1/responses"},
             {{"model", open_ai_models, {}, 97},
              {"input", inputs, {}, 97},
              {"instructions", {R"("Be kind.")"}, {}},
              {"max_output_tokens", limits, {}, 50},
              {"stream", flags, {}, 40},
              {"service_tier", tiers, {}},
              {"reasoning", {}, {{"effort", {R"("high")"}, {}, 60}}, 10},
              {"tools",
               {R"([{"type":"web_search"}])",
                R"([{"type":"function","name":"f","parameters":{"a":{"type":"web_search"}}}])"},
               {}},
              {"max_tool_calls", small, {}},
              {"previous_response_id", {R"("resp_1")"}, {}, 10},
              {"store", flags, {}},
              {"background", {"false"}, {}, 5},
              {"prompt", {}, {{"id", {R"("pmpt_1")"}, {}, 80}}, 5},
              {"metadata", {}, {{"max_output_tokens", limits, {}, 50}}}}},
    api_plan{{"/v1/messages"},
             {{"model", {R"("claude-opus-4-5")", R"("claude-haiku-4-5")"}, {}, 97},
              {"messages", questions, {}, 97},
              {"max_tokens", limits, {}, 90},
              {"stream", flags, {}, 40},
              {"system", {R"("Be kind.")", R"([{"type":"text","text":"Be kind."}])"}, {}},
              {"service_tier", tiers, {}},
              {"thinking", {}, {{"type", {R"("enabled")"}, {}}, {"budget_tokens", limits, {}}}, 10},
              {"cache_control", {R"({"type":"ephemeral","ttl":"1h"})"}, {}, 5},
              {"tools[]",
               {},
               {{"type", {R"("web_search_20250305")"}, {}, 90},
                {"name", {R"("web_search")"}, {}, 90},
                {"max_uses", small, {}, 60}}},
              {"metadata", {}, {{"user_id", {R"("ana")"}, {}, 50}, {"max_tokens", limits, {}}}}}},
    api_plan{{"/v1beta/models/gemini-2.5-flash:generateContent",
              "/v1beta/models/gemini-2.5-flash-lite:generateContent",
              "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"},
             {{"contents", contents, {}, 97},
              {"systemInstruction", {R"({"parts":[{"text":"Be kind."}]})"}, {}},
              {"generationConfig",
               {},
               {{"maxOutputTokens", limits, {}, 60},
                {"max_output_tokens", limits, {}, 5},
                {"candidateCount", small, {}},
                {"thinkingConfig", {}, {{"thinkingBudget", limits, {}, 60}}},
                {"temperature", {"0", "1.5"}, {}}},
               70},
              {"generation_config", {}, {{"maxOutputTokens", limits, {}, 60}}, 5},
              {"serviceTier", tiers, {}},
              {"cachedContent", {R"("cachedContents/1")"}, {}, 5},
              {"labels", {}, {{"maxOutputTokens", limits, {}, 50}}}}},
};

class generator {
public:
    explicit generator(std::uint64_t seed) : random_(seed) {}

    struct request {
        std::string target{};
        std::string body{};
    };
    [[nodiscard]] request next() {
        api_plan const& plan = plans[pick(plans.size())];
        std::string_view const target = plan.targets[pick(plan.targets.size())];
        // Most have one or two faults, so that each of them meets an otherwise sound request.
        faults_ = pick(4);
        return {std::string(target), object(plan.members)};
    }

private:
    static constexpr std::array<std::string_view, 22> odd_values{
        "0",
        "-1",
        R"("5")",
        R"("100000")",
        "5.5",
        "1e5",
        "2147483648",
        "[5]",
        "[]",
        "{}",
        "null",
        R"({"n":9})",
        "true",
        "99999999999999999999",
        R"("")",
        "1.0",
        "1E2",
        R"("true")",
        R"("gpt-4.1")",
        "[[]]",
        R"(["gpt-4.1"])",
        R"([[[[[[[[{"max_tokens":100000}]]]]]]]])"};

    [[nodiscard]] std::size_t pick(std::size_t below) { return random_() % below; }
    [[nodiscard]] bool chance(unsigned percent) { return pick(100) < percent; }
    // Whether a fault is made here.
    [[nodiscard]] bool errs() {
        if (faults_ == 0 || !chance(8)) return false;
        --faults_;
        return true;
    }
    [[nodiscard]] std::string object(std::vector<member_plan> const& plan) {
        std::vector<std::string> all;
        for (member_plan const& each : plan) {
            if (!chance(each.percent)) continue;
            all.push_back(member(each));
            if (errs()) all.push_back(member(each));
        }
        if (errs()) {
            // Of another place or API.
            auto const& other = plans[pick(plans.size())].members;
            all.push_back(member(other[pick(other.size())]));
        }
        if (errs()) all.push_back(R"("extra_body":)" + object(plan));
        for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[pick(i)]);
        std::string text = "{";
        for (std::string const& each : all) {
            if (text.size() > 1) text += chance(10) ? " ,\n\t" : ",";
            text += each;
        }
        return text + "}";
    }
    [[nodiscard]] std::string member(member_plan const& plan) {
        bool const list = plan.name.ends_with("[]");
        std::string_view const name = plan.name.substr(0, plan.name.size() - (list ? 2 : 0));
        std::string value = errs() ? std::string(odd_values[pick(odd_values.size())])
                            : plan.inside.empty()
                                ? std::string(plan.values[pick(plan.values.size())])
                                : object(plan.inside);
        if (list) value = "[" + value + "]";
        std::string const spelled = errs() ? misspelled(name) : std::string(name);
        return "\"" + (chance(3) ? escaped(spelled) : spelled) + "\":" + value;
    }
    // With letters that fold to the same, an underline more or fewer, a blank, or another order.
    [[nodiscard]] std::string misspelled(std::string_view name) {
        std::string spelling;
        std::size_t const way = pick(6);
        for (char const c : name) {
            bool const letter = c >= 'a' && c <= 'z';
            if (way == 0 && letter && pick(2) == 0)
                spelling.push_back(static_cast<char>(c - 'a' + 'A'));
            else if (way == 1 && c == 's')
                spelling += "\xC5\xBF";
            else if (way == 1 && c == 'k')
                spelling += "\xE2\x84\xAA";
            else if (way == 2 && c == '_')
                spelling += "";
            else if (way == 3 && c >= 'A' && c <= 'Z')
                spelling.append("_").push_back(static_cast<char>(c - 'A' + 'a'));
            else
                spelling.push_back(c);
        }
        if (way == 4) spelling.push_back(' ');
        if (way == 5 && !spelling.empty() && spelling[0] >= 'a' && spelling[0] <= 'z')
            spelling[0] = static_cast<char>(spelling[0] - 'a' + 'A');
        return spelling;
    }
    [[nodiscard]] std::string escaped(std::string_view name) {
        constexpr std::string_view digits = "0123456789abcdef";
        std::string spelling;
        for (char const c : name) {
            if (c >= 'a' && c <= 'z' && pick(3) == 0) {
                auto const code = static_cast<unsigned char>(c);
                spelling += "\\u00";
                spelling.push_back(digits[code >> 4U]);
                spelling.push_back(digits[code & 15U]);
            } else {
                spelling.push_back(c);
            }
        }
        return spelling;
    }

    std::mt19937_64 random_;
    std::size_t faults_ = 0;
};

// A connection that is opened again when the gateway has closed it.
class sender {
public:
    explicit sender(gateway_stand const& stand) : stand_(stand) {}

    // The answer's status.
    [[nodiscard]] unsigned send(generator::request const& what, std::string const& user) {
        namespace http = boost::beast::http;
        for (int tries = 0; tries < 2; ++tries) {
            if (!peer_) peer_.emplace(stand_.connect());
            http::request<http::string_body> request{http::verb::post, what.target, 11};
            request.set(http::field::host, "here");
            request.set("x-aiaudit-user", user);
            request.set("anthropic-version", "2023-06-01");
            request.body() = what.body;
            request.prepare_payload();
            boost::system::error_code failed;
            http::write(*peer_, request, failed);
            http::response<http::string_body> answer;
            if (!failed) http::read(*peer_, buffer_, answer, failed);
            if (failed || !answer.keep_alive()) {
                peer_.reset();
                buffer_.clear();
            }
            if (!failed) return answer.result_int();
        }
        return 0;
    }

private:
    gateway_stand const& stand_;
    std::optional<boost::asio::ip::tcp::socket> peer_{};
    boost::beast::flat_buffer buffer_{};
};

struct tally {
    std::map<unsigned, std::uint64_t> statuses{};
    std::uint64_t bills = 0;
};

void under_a_budget(basic_ledger<client_in_memory>& log) {
    budget all;
    all.name = "all";
    all.limit = parse_budget_limit("1000000000", all.unit).value();
    all.window = parse_budget_window("total").value();
    log.set_budget(all).value();
}

// The seeds from `first` on, before one provider; each seed is the user's name.
void send_all(lax_reader reader, std::uint64_t first, std::uint64_t count, tally& to) {
    lax_provider const provider(reader);
    gateway_stand at([&](gateway_options& options) {
        options.upstreams.clear();
        for (std::string_view const name : {"openai", "anthropic", "google"}) {
            gateway_upstream each;
            each.name = name;
            each.entry = provider_named(name).value();
            each.entry.origin = provider.origin();
            each.key = "sk-of-the-provider";
            options.upstreams.push_back(std::move(each));
        }
    });
    under_a_budget(at.log);
    std::array<std::map<unsigned, std::uint64_t>, 2> statuses;
    std::array<std::thread, 2> senders;
    for (std::size_t i = 0; i < senders.size(); ++i) {
        senders[i] = std::thread([&, i] {
            sender connection(at);
            for (std::uint64_t seed = first + i; seed < first + count; seed += senders.size())
                ++statuses[i][connection.send(generator(seed).next(), std::to_string(seed))];
        });
    }
    for (std::thread& each : senders) each.join();
    for (auto const& some : statuses)
        for (auto const& [status, times] : some) to.statuses[status] += times;

    std::map<std::string, int128> held;
    auto const bills = provider.bills();
    std::uint64_t judged = 0;
    at.at.stop();
    at.log.flush().value();
    at.log
        .read(sequence{1},
              [&](sequence, record&& entry) {
                  std::string const user(entry.user);
                  if (entry.kind == record_kind::intent && entry.cost.pico() > held[user])
                      held[user] = entry.cost.pico();
                  if (entry.kind != record_kind::outcome || entry.http_status != 200) return true;
                  auto const bill = bills.at(std::stoull(std::string(entry.provider_request_id)));
                  ++judged;
                  if (held[user] < bill) {
                      auto const what = generator(std::stoull(user)).next();
                      BOOST_ERROR("seed " << user << ": a bill of " << bill
                                          << " pico-dollars, of which were held "
                                          << static_cast<std::uint64_t>(held[user]) << "\n"
                                          << what.target << "\n"
                                          << what.body);
                  }
                  return true;
              })
        .value();
    BOOST_TEST(judged == bills.size());
    to.bills += judged;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_lax_provider_reads_members_in_its_own_way) {
    std::string const text = R"({"max_tokens":5,"Max_Tokens":"70","max_tokens":[6],"a":{"n":2.5}})";
    auto const body = lax_parse(text).value();
    auto const most = [&](lax_reader reader) {
        return lax_request(body, reader, false).number("max_tokens").value_or(0);
    };
    BOOST_TEST(most(lax_reader::first_wins) == 5U);
    BOOST_TEST(most(lax_reader::last_wins) == 6U);
    BOOST_TEST(most(lax_reader::any_case) == 70U);
    BOOST_TEST(lax_request(body, lax_reader::last_wins, false).number("a.n").value() == 3U);
    auto const google = lax_parse(R"({"generation_config":{"maxOutputTokens":7}})").value();
    lax_request const request(google, lax_reader::first_wins, true);
    BOOST_TEST(request.number("generationConfig.maxOutputTokens").value() == 7U);
    // 8 bytes and 10 tokens, each at the dearest.
    auto const question =
        lax_parse(R"({"model":"gpt-4.1","messages":["12345678"],"max_tokens":10,"n":2})").value();
    lax_bill const bill("/v1/chat/completions", question, lax_reader::last_wins);
    BOOST_TEST(bill.amount().value() == 8U * 3'500'000 + 20U * 14'000'000);
}

BOOST_AUTO_TEST_CASE(no_bill_passes_what_was_held_for_its_request) {
    std::uint64_t const rounds = number_from("AIAUDIT_HOSTILE_ROUNDS", 3'000);
    std::uint64_t seed = number_from("AIAUDIT_HOSTILE_SEED", 1);
    constexpr std::uint64_t batch = 50'000;  // a ledger in memory holds no more
    std::uint64_t const last = seed + rounds;
    tally all;
    while (seed < last) {
        for (lax_reader const reader :
             {lax_reader::first_wins, lax_reader::last_wins, lax_reader::any_case}) {
            std::uint64_t const count =
                (std::min)({batch, last - seed, (std::max)(rounds / 3, std::uint64_t{1})});
            if (count == 0) break;
            send_all(reader, seed, count, all);
            seed += count;
        }
    }
    for (auto const& [status, times] : all.statuses)
        BOOST_TEST_MESSAGE("status " << status << ": " << times);
    BOOST_TEST_MESSAGE(all.bills << " bills of " << rounds << " requests");
    BOOST_TEST(all.statuses[0] == 0U);
    BOOST_TEST(all.statuses[500] == 0U);
    BOOST_TEST(all.statuses[200] == all.bills);
    BOOST_TEST(all.bills > rounds / 5);
    BOOST_TEST(all.statuses[400] > rounds / 5);
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: MIT
//
// Hostile requests before servers that read JSON each in its own way: of what the strict reading
// lets through, none of them may make more answers, or longer ones, than it was held for.
#include <aiaudit/providers/deciding_members.hpp>
#include <aiaudit/providers/json_fields.hpp>
#include <aiaudit/providers/request_facts.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(fuzz_requests)

namespace {

using namespace aiaudit;
using members = std::vector<std::pair<std::string, boost::json::value>>;  // as they are written

constexpr unsigned rounds = 20'000;

class generator {
public:
    explicit generator(std::uint64_t seed) : random_(seed) {}

    struct request {
        members said{};
        std::string text{};
    };
    [[nodiscard]] request next() {
        request made;
        made.text = "{";
        for (std::size_t count = 1 + pick(6); count > 0; --count) {
            std::string const name = spelled(names[pick(names.size())]);
            std::string const value{values[pick(values.size())]};
            made.said.emplace_back(name, boost::json::parse(value));
            if (made.text.size() > 1) made.text += pick(4) == 0 ? " ,\n" : ",";
            made.text += "\"" + written(name) + "\":" + value;
        }
        made.text += "}";
        return made;
    }

private:
    static constexpr std::array<std::string_view, 9> names{
        "model", "max_tokens", "max_completion_tokens",       "n", "best_of", "stream",
        "tools", "metadata",   "max_tokens_of_something_else"};
    static constexpr std::array<std::string_view, 21> values{
        "1",    "2",    "50",    "100000", "\"5\"",      "\"100000\"",
        "5.5",  "1e5",  "-1",    "0",      "2147483648", "99999999999999999999",
        "null", "true", "false", "[5]",    "[]",         "{\"n\":100}",
        "{}",   "\"\"", "\"m\""};

    [[nodiscard]] std::size_t pick(std::size_t below) { return random_() % below; }
    // In some case, now and then with letters that fold to it.
    [[nodiscard]] std::string spelled(std::string_view name) {
        std::string made;
        std::size_t const way = pick(8);
        for (char const c : name) {
            bool const letter = c >= 'a' && c <= 'z';
            if (way == 0 && letter && pick(2) == 0) {
                made.push_back(static_cast<char>(c - 'a' + 'A'));
            } else if (way == 1 && c == 's') {
                made += "\xC5\xBF";
            } else if (way == 1 && c == 'k') {
                made += "\xE2\x84\xAA";
            } else {
                made.push_back(c);
            }
        }
        return made;
    }
    // With escapes, now and then.
    [[nodiscard]] std::string written(std::string const& name) {
        std::string made;
        bool const escapes = pick(6) == 0;
        for (char const c : name) {
            if (escapes && c >= 'a' && c <= 'z' && pick(3) == 0) {
                constexpr std::string_view digits = "0123456789abcdef";
                auto const code = static_cast<unsigned char>(c);
                made += "\\u00";
                made.push_back(digits[code >> 4U]);
                made.push_back(digits[code & 15U]);
            } else {
                made.push_back(c);
            }
        }
        return made;
    }

    std::mt19937_64 random_;
};

enum class server { first_wins, last_wins, any_case };

// As a lax server takes a number: text and fractions too.
std::optional<std::uint64_t> lax_number(boost::json::value const& value) {
    if (auto const exact = detail::whole_number(value)) return exact;
    if (value.is_double() && value.get_double() >= 0 && value.get_double() < 1e15)
        return static_cast<std::uint64_t>(value.get_double()) + 1;
    if (value.is_string()) {
        std::string const text(value.get_string());
        if (!text.empty() && text.size() < 12 &&
            std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
            return std::stoull(text);
    }
    if (value.is_array() && value.get_array().size() == 1) return lax_number(value.get_array()[0]);
    if (value.is_bool()) return value.get_bool() ? 1 : 0;
    return std::nullopt;
}
std::string folded(std::string_view name) {
    std::string made;
    for (std::size_t at = 0; at < name.size(); ++at) {
        if (name.substr(at, 2) == "\xC5\xBF") {
            made.push_back('s');
            ++at;
        } else if (name.substr(at, 3) == "\xE2\x84\xAA") {
            made.push_back('k');
            at += 2;
        } else {
            made.push_back(detail::ascii_lower(name[at]));
        }
    }
    return made;
}
std::optional<std::uint64_t> number_of(members const& said, std::string_view name, server who) {
    std::optional<std::uint64_t> found;
    for (auto const& [own, value] : said) {
        if (who == server::any_case ? folded(own) != name : own != name) continue;
        if (value.is_null()) continue;
        auto const number = lax_number(value);
        if (number && (!found || who != server::first_wins)) found = number;
    }
    return found;
}
// The most that a server would write; what sets no limit writes a model's own most.
constexpr std::uint64_t models_own = 1000;
std::uint64_t output_of(members const& said, server who) {
    auto const limit = number_of(said, "max_tokens", who);
    auto const newer = number_of(said, "max_completion_tokens", who);
    std::uint64_t const each =
        limit || newer ? (std::max)(limit.value_or(0), newer.value_or(0)) : models_own;
    std::uint64_t const answers = (std::max)(number_of(said, "n", who).value_or(1),
                                             number_of(said, "best_of", who).value_or(1));
    return each * (std::max)(answers, std::uint64_t{1});
}

}  // namespace

BOOST_AUTO_TEST_CASE(no_server_writes_more_than_a_request_that_is_let_through_was_held_for) {
    std::size_t sound = 0;
    std::size_t refused = 0;
    for (unsigned seed = 1; seed <= rounds; ++seed) {
        auto const made = generator{seed}.next();
        auto const body = boost::json::parse(made.text);
        auto const read = read_strictly(made.text, dialect::openai_chat);
        if (!read.fault.empty()) {
            ++refused;
            continue;
        }
        ++sound;
        auto const facts = facts_of_request(body, dialect::openai_chat);
        auto const held = bounds_of({}, made.text, facts.shape, facts.parameters, models_own)
                              .upper.count(unit::output_tokens);
        for (server const who : {server::first_wins, server::last_wins, server::any_case})
            BOOST_TEST(output_of(made.said, who) <= held, "seed " << seed << ": " << made.text);
    }
    BOOST_TEST(sound > rounds / 20);
    BOOST_TEST(refused > rounds / 20);
}

// Pictures are billed by what a server takes for their size and quality; a word that it does not
// know it refuses.
BOOST_AUTO_TEST_CASE(no_server_bills_more_for_pictures_than_was_held_for_them) {
    constexpr std::array<std::string_view, 10> names{
        "n",       "N",   "size", "Size", "quality", "QUALITY", "partial_images", "PARTIAL_IMAGES",
        "\\u006e", "user"};
    constexpr std::array<std::string_view, 15> values{
        "1",       "3",          "\"9\"",         "2.5",           "null",
        "\"low\"", "\"medium\"", "\"high\"",      "\"auto\"",      "\"1024x1024\"",
        "\"max\"", "[\"high\"]", "\"1024x1536\"", "\"1536x1024\"", "{}"};
    auto const word_of = [](members const& said, std::string_view name, server who) {
        std::string found;
        for (auto const& [own, value] : said) {
            if (who == server::any_case ? folded(own) != name : own != name) continue;
            auto const* inside = value.if_array() ? &value.get_array()[0] : &value;
            bool const word = inside->is_string() && inside->get_string() != "auto";
            if (word && (found.empty() || who != server::first_wins))
                found = std::string(inside->get_string());
        }
        return found;
    };
    std::size_t sound = 0;
    for (unsigned seed = 1; seed <= rounds; ++seed) {
        std::mt19937_64 random(seed);
        members said;
        std::string text = "{\"model\":\"gpt-image-1\"";
        for (std::size_t count = 1 + random() % 5; count > 0; --count) {
            std::string const name{names[random() % names.size()]};
            std::string const value{values[random() % values.size()]};
            text += ",\"" + name + "\":" + value;
            said.emplace_back(name == "\\u006e" ? "n" : name, boost::json::parse(value));
        }
        text += "}";
        if (!read_strictly(text, dialect::openai_images).fault.empty()) continue;
        auto const facts = facts_of_request(boost::json::parse(text), dialect::openai_images);
        auto const most = most_picture_tokens("gpt-image-1", facts.picture);
        if (!most) continue;  // refused by name
        ++sound;
        auto const held = bounds_of({}, text, facts.shape, facts.parameters, *most)
                              .upper.count(unit::output_tokens);
        for (server const who : {server::first_wins, server::last_wins, server::any_case}) {
            picture_wish const taken{word_of(said, "size", who), word_of(said, "quality", who),
                                     number_of(said, "partial_images", who).value_or(0)};
            auto const each = most_picture_tokens("gpt-image-1", taken).value_or(0);
            BOOST_TEST(each * number_of(said, "n", who).value_or(1) <= held,
                       "seed " << seed << ": " << text);
        }
    }
    BOOST_TEST(sound > rounds / 20);
}

// Google's limits stand in an object, and both are spelled in two ways.
BOOST_AUTO_TEST_CASE(no_server_of_google_s_api_writes_more_than_was_held_for) {
    constexpr std::array<std::string_view, 4> outer{"generationConfig", "generation_config",
                                                    "GenerationConfig", "generationconfig"};
    constexpr std::array<std::string_view, 6> inner{"maxOutputTokens", "max_output_tokens",
                                                    "MaxOutputTokens", "candidateCount",
                                                    "candidate_count", "candidatecount"};
    constexpr std::array<std::string_view, 8> values{"1",    "7",   "100000", "\"9\"",
                                                     "null", "1.5", "0",      "{}"};
    std::size_t sound = 0;
    for (unsigned seed = 1; seed <= rounds; ++seed) {
        std::mt19937_64 random(seed);
        auto const pick = [&random](std::size_t below) { return random() % below; };
        std::uint64_t most_tokens = 0;
        std::uint64_t most_answers = 1;
        std::string text = "{";
        for (std::size_t objects = 1 + pick(3); objects > 0; --objects) {
            if (text.size() > 1) text += ',';
            text.append("\"").append(outer[pick(pick(2) == 0 ? 1 : outer.size())]).append("\":{");
            for (std::size_t count = pick(4); count > 0; --count) {
                std::string_view const name = inner[pick(inner.size())];
                std::string_view const value = values[pick(values.size())];
                text.append("\"").append(name).append("\":").append(value);
                if (count > 1) text += ',';
                // The laxest of readers takes the largest, wherever and however it is written.
                auto const number = lax_number(boost::json::parse(value)).value_or(0);
                auto& most = detail::ascii_lower(name[0]) == 'm' ? most_tokens : most_answers;
                most = (std::max)(most, number);
            }
            text += '}';
        }
        text += '}';
        if (!read_strictly(text, dialect::gemini).fault.empty()) continue;
        ++sound;
        auto const facts = facts_of_request(boost::json::parse(text), dialect::gemini);
        auto const held = bounds_of({}, text, facts.shape, facts.parameters, models_own)
                              .upper.count(unit::output_tokens);
        std::uint64_t const wrote = (most_tokens == 0 ? models_own : most_tokens) * most_answers;
        BOOST_TEST(wrote <= held, "seed " << seed << ": " << text);
    }
    BOOST_TEST(sound > rounds / 20);
}

BOOST_AUTO_TEST_SUITE_END()

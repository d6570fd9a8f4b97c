// SPDX-License-Identifier: MIT
#include <aiaudit/codec/json_canonical.hpp>
#include <aiaudit/limits.hpp>

#define LLVMFuzzerTestOneInput fuzz_json_canonical
#include "fuzz/json_canonical.cpp"
#undef LLVMFuzzerTestOneInput

#include "unit/support/fuzz_replay.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(json_canonical)

namespace {

using aiaudit::canonical_json;
using aiaudit::errc;

// The canonical text, or "refused: " and why.
std::string canonical(std::string_view json) {
    auto const text = canonical_json(json);
    if (text) return *text;
    BOOST_TEST((text.error().code == errc::bad_json));
    return "refused: " + text.error().where;
}

bool is_refused(std::string_view json) { return canonical(json).starts_with("refused: "); }

std::string number(std::uint64_t bits) {
    std::string text;
    aiaudit::detail::append_canonical_number(text, std::bit_cast<double>(bits));
    return text;
}

}  // namespace

// RFC 8785, appendix B.
BOOST_AUTO_TEST_CASE(numbers_are_those_of_the_standard) {
    constexpr std::pair<std::uint64_t, char const*> samples[] = {
        {0x0000000000000000, "0"},
        {0x8000000000000000, "0"},
        {0x0000000000000001, "5e-324"},
        {0x8000000000000001, "-5e-324"},
        {0x7fefffffffffffff, "1.7976931348623157e+308"},
        {0xffefffffffffffff, "-1.7976931348623157e+308"},
        {0x4340000000000000, "9007199254740992"},
        {0xc340000000000000, "-9007199254740992"},
        {0x4340000000000001, "9007199254740994"},
        {0x4340000000000002, "9007199254740996"},
        {0x4430000000000000, "295147905179352830000"},
        {0x44b52d02c7e14af5, "9.999999999999997e+22"},
        {0x44b52d02c7e14af6, "1e+23"},
        {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
        {0x444b1ae4d6e2ef4e, "999999999999999700000"},
        {0x444b1ae4d6e2ef4f, "999999999999999900000"},
        {0x444b1ae4d6e2ef50, "1e+21"},
        {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
        {0x3eb0c6f7a0b5ed8d, "0.000001"},
        {0x41b3de4355555553, "333333333.3333332"},
        {0x41b3de4355555554, "333333333.33333325"},
        {0x41b3de4355555555, "333333333.3333333"},
        {0x41b3de4355555556, "333333333.3333334"},
        {0x41b3de4355555557, "333333333.33333343"},
        {0xbecbf647612f3696, "-0.0000033333333333333333"},
        {0x43143ff3c1cb0959, "1424953923781206.2"},
    };
    for (auto const& [bits, text] : samples) {
        BOOST_TEST(number(bits) == text);
        BOOST_TEST(canonical(text) == text);
    }
}

BOOST_AUTO_TEST_CASE(any_double_reads_back_as_itself_and_is_not_changed_again) {
    std::mt19937_64 random(8785);
    for (int i = 0; i < 20'000; ++i) {
        auto const bits = random();
        double const value = std::bit_cast<double>(bits);
        if (!std::isfinite(value)) continue;
        auto const text = number(bits);
        BOOST_REQUIRE(std::bit_cast<std::uint64_t>(std::strtod(text.c_str(), nullptr)) == bits);
        BOOST_REQUIRE(canonical(text) == text);
    }
}

BOOST_AUTO_TEST_CASE(a_number_has_one_text) {
    for (char const* const one : {"1", "1.0", "1e0", "10E-1", "0.1e+1", "1.00000", "0.01e2"})
        BOOST_TEST(canonical(one) == "1");
    for (char const* const zero : {"0", "-0", "0.0", "-0.0", "0e5", "-0e-5"})
        BOOST_TEST(canonical(zero) == "0");
    BOOST_TEST(canonical("1E30") == "1e+30");
    BOOST_TEST(canonical("4.50") == "4.5");
    BOOST_TEST(canonical("333333333.33333329") == "333333333.3333333");
    BOOST_TEST(canonical("2e-3") == "0.002");
    BOOST_TEST(canonical("0.000000000000000000000000001") == "1e-27");
    BOOST_TEST(canonical("-123456789012") == "-123456789012");
    // Boost.JSON's own double of these is off by a bit.
    BOOST_TEST(canonical("1.8284623333333334") == "1.8284623333333334");
    BOOST_TEST(canonical("[9007199254740992,-9007199254740992]") ==
               "[9007199254740992,-9007199254740992]");
}

BOOST_AUTO_TEST_CASE(numbers_that_a_double_would_change_or_cannot_hold_are_refused) {
    std::string_view const beyond = "refused: a number beyond 2^53 has no canonical form";
    for (char const* const lost :
         {"9007199254740993", "-9007199254740993", "9007199254740993.0", "9.007199254740993e15",
          "9223372036854775807", "-9223372036854775808", "18446744073709551615",
          "100000000000000000000001", "[1,{\"seed\":12345678901234567891}]"}) {
        BOOST_TEST(canonical(lost) == beyond);
    }
    for (char const* const kept :
         {"9007199254740994", "100000000000000000000", "9223372036854776000", "1e22", "1.5e300"})
        BOOST_TEST(!is_refused(kept), kept);
    for (char const* const out_of_range : {"1e400", "-1e400", "1e-400", "1e99999999999"})
        BOOST_TEST(is_refused(out_of_range), out_of_range);
}

// The published vectors of the standard's authors.
BOOST_AUTO_TEST_CASE(values_are_those_of_the_standard) {
    BOOST_TEST(canonical(R"({
        "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]
    })") == "{\"literals\":[null,true,false],"
            "\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
            "\"string\":\"\xE2\x82\xAC$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
    BOOST_TEST(canonical(R"([56, {"d": true, "10": null, "1": [ ]}])") ==
               R"([56,{"1":[],"10":null,"d":true}])");
    BOOST_TEST(canonical(R"({"1": {"f": {"f": "hi","F": 5}, "\n": 56.0}, "10": { },
                             "": "empty", "a": { }, "111": [ {"e": "yes", "E": "no" } ],
                             "A": { }})") ==
               R"({"":"empty","1":{"\n":56,"f":{"F":5,"f":"hi"}},"10":{},)"
               R"("111":[{"E":"no","e":"yes"}],"A":{},"a":{}})");
    BOOST_TEST(canonical("{\"peach\":\"a\",\"p\xC3\xA9"
                         "ch\xC3\xA9\":\"b\",\"p\xC3\xAA"
                         "che\":\"c\",\"sin\":\"d\"}") ==
               "{\"peach\":\"a\",\"p\xC3\xA9"
               "ch\xC3\xA9\":\"b\",\"p\xC3\xAA"
               "che\":\"c\",\"sin\":\"d\"}");
    // Not normalised: A and a ring stay two characters.
    BOOST_TEST(canonical(R"({"Unnormalized Unicode":"A\u030a"})") ==
               "{\"Unnormalized Unicode\":\"A\xCC\x8A\"}");
}

// Section 3.2.3: by UTF-16 code units, in which U+1F600 comes before U+FB33.
BOOST_AUTO_TEST_CASE(members_are_in_the_order_of_utf16) {
    BOOST_TEST(canonical(R"({"\u20ac": "Euro Sign", "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
        "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis"})") ==
               "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xC2\x80\":\"Control\","
               "\"\xC3\xB6\":\"Latin Small Letter O With Diaeresis\","
               "\"\xE2\x82\xAC\":\"Euro Sign\",\"\xF0\x9F\x98\x80\":\"Emoji: Grinning Face\","
               "\"\xEF\xAC\xB3\":\"Hebrew Letter Dalet With Dagesh\"}");
    // Against the definition, for all pairs of some code points of every length.
    std::vector<std::pair<std::string, std::u16string>> const texts{
        {"", u""},
        {"a", u"a"},
        {"ab", u"ab"},
        {"\x7F", u"\u007F"},
        {"\xC2\x80", u"\u0080"},
        {"\xDF\xBF", u"\u07FF"},
        {"\xE0\xA0\x80", u"\u0800"},
        {"\xED\x9F\xBF", u"\uD7FF"},
        {"\xEE\x80\x80", u"\uE000"},
        {"\xEE\x80\x80z", u"\uE000z"},
        {"\xEF\xBF\xBF", u"\uFFFF"},
        {"\xF0\x90\x80\x80", u"\U00010000"},
        {"\xF4\x8F\xBF\xBF", u"\U0010FFFF"},
        {"a\xF0\x90\x80\x80", u"a\U00010000"},
        {"a\xEF\xBF\xBF", u"a\uFFFF"},
    };
    for (auto const& [left, left16] : texts) {
        for (auto const& [right, right16] : texts)
            BOOST_TEST(aiaudit::detail::utf16_less(left, right) == (left16 < right16));
    }
}

BOOST_AUTO_TEST_CASE(escapes_are_the_fewest) {
    std::string all;
    for (int i = 0; i < 0x80; ++i) {
        constexpr std::string_view hex = "0123456789abcdef";
        all.append("\\u00").append(1, hex[static_cast<std::size_t>(i) >> 4]);
        all.push_back(hex[static_cast<std::size_t>(i) & 15]);
    }
    BOOST_TEST(canonical("\"" + all + "\"") ==
               "\"\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r"
               "\\u000e\\u000f\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018"
               "\\u0019\\u001a\\u001b\\u001c\\u001d\\u001e\\u001f !\\\"#$%&'()*+,-./0123456789:;"
               "<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\\\]^_`abcdefghijklmnopqrstuvwxyz{|}~\x7F\"");
    BOOST_TEST(canonical(R"("\/\u0041\ud83d\ude00")") == "\"/A\xF0\x9F\x98\x80\"");
}

BOOST_AUTO_TEST_CASE(names_that_stand_twice_are_refused) {
    std::string_view const twice = "refused: a member name stands twice";
    BOOST_TEST(canonical(R"({"a":1,"a":1})") == twice);
    BOOST_TEST(canonical(R"({"b":0,"a":1,"b":1})") == twice);
    BOOST_TEST(canonical(R"({"a":1,"\u0061":2})") == twice);
    BOOST_TEST(canonical(R"([{"x":{"c":1,"b":2,"c":3}}])") == twice);
    BOOST_TEST(canonical(R"({"":1,"":2})") == twice);
    BOOST_TEST(canonical(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]})") ==
               R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]})");
}

BOOST_AUTO_TEST_CASE(what_is_not_json_is_refused) {
    for (std::string_view const bad :
         {"",    " ",    "{",   "[1,]",     "{\"a\":1,}", "{a:1}",         "// no\n1",
          "01",  "+1",   ".5",  "1.",       "NaN",        "Infinity",      "nul",
          "1 2", "{} x", "\"a", "\"\x01\"", "\"\\x\"",    "\xEF\xBB\xBF{}"}) {
        BOOST_TEST(is_refused(bad), bad);
    }
    for (std::string_view const bad :
         {R"("\ud800")", R"("\udc00")", R"("\ud800\ud800")", R"("\ud83dx")", "\"\xFF\"",
          "\"\xC0\x80\"", "\"\xED\xA0\x80\"", "\"\xF4\x90\x80\x80\"", "\"\xE2\x82\""}) {
        BOOST_TEST(is_refused(bad));
    }
    BOOST_TEST(canonical(" \t\r\n{ } \n") == "{}");
}

BOOST_AUTO_TEST_CASE(nesting_is_followed_to_a_limit) {
    auto const nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    constexpr auto most = aiaudit::limits::json_depth;
    BOOST_TEST(canonical(nested(most)) == nested(most));
    BOOST_TEST(is_refused(nested(most + 1)));
    BOOST_TEST(is_refused(std::string(100'000, '[')));
}

BOOST_AUTO_TEST_CASE(members_of_the_outermost_object_can_be_left_out) {
    constexpr std::array<std::string_view, 2> without{"user", "metadata"};
    auto const left = [&](std::string_view json) { return canonical_json(json, without).value(); };
    BOOST_TEST(left(R"({"user":"a","model":"m","metadata":{"k":1}})") == R"({"model":"m"})");
    BOOST_TEST(left(R"({"a":{"user":1},"user":2})") == R"({"a":{"user":1}})");
    BOOST_TEST(left(R"({"user":2})") == "{}");
    BOOST_TEST(left(R"({"z":1,"\u0075ser":2,"b":3})") == R"({"b":3,"z":1})");
    BOOST_TEST(left(R"([{"user":2}])") == R"([{"user":2}])");
    BOOST_TEST(!canonical_json(R"({"user":1,"user":2})", without));
}

BOOST_AUTO_TEST_CASE(outermost_members_are_found_by_name) {
    auto const document =
        aiaudit::canonicalize(
            R"({"z":[1, 2],"temperature":0.0,"tem":"x","stream":true,"o":{"b":1}})")
            .value();
    BOOST_TEST(document.value_of("temperature") == "0");
    BOOST_TEST(document.value_of("z") == "[1,2]");
    BOOST_TEST(document.value_of("tem") == "\"x\"");
    BOOST_TEST(document.value_of("stream") == "true");
    BOOST_TEST(document.value_of("o") == R"({"b":1})");
    for (char const* const none : {"b", "", "te", "temperatures", "x"})
        BOOST_TEST(document.value_of(none) == "");
    BOOST_TEST(aiaudit::canonicalize("[1]").value().value_of("") == "");
    BOOST_TEST(aiaudit::canonicalize(R"({"":7})").value().value_of("") == "7");
}

BOOST_AUTO_TEST_CASE(the_order_of_members_does_not_matter) {
    std::mt19937 random(1);
    std::vector<std::string> members;
    for (int i = 0; i < 60; ++i)
        members.push_back("\"k" + std::to_string(i * 7919) + "\":{\"b\":[" + std::to_string(i) +
                          "],\"a\":\"" + std::string(static_cast<std::size_t>(i), 'x') + "\"}");
    std::string first;
    for (int round = 0; round < 20; ++round) {
        std::shuffle(members.begin(), members.end(), random);
        std::string json = "{";
        for (auto const& one : members) json += (json.size() > 1 ? " ,\n" : "") + one;
        auto const text = canonical(json + "}");
        if (round == 0) first = text;
        BOOST_TEST(text == first);
        BOOST_TEST(canonical(text) == text);
    }
}

BOOST_AUTO_TEST_CASE(what_a_fuzzer_found_is_refused_or_stays_as_it_is) {
    BOOST_TEST(aiaudit_tests::replay(fuzz_json_canonical, "json_canonical") > 20U);
}

BOOST_AUTO_TEST_SUITE_END()

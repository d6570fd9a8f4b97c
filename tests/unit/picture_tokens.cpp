// SPDX-License-Identifier: MIT
//
// How many tokens a picture may have that a model makes.
#include <aiaudit/providers/picture_tokens.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <string>
#include <utility>

BOOST_AUTO_TEST_SUITE(picture_tokens)

namespace {

using namespace aiaudit;

std::uint64_t tokens(char const* model, std::string size, std::string quality,
                     std::uint64_t partial = 0) {
    return most_picture_tokens(model, {std::move(size), std::move(quality), partial}).value_or(0);
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_first_models_have_the_table_of_the_guide) {
    BOOST_TEST(tokens("gpt-image-1", "1024x1024", "low") == 272U);
    BOOST_TEST(tokens("gpt-image-1", "1536x1024", "medium") == 1'568U);
    BOOST_TEST(tokens("gpt-image-1", "1024x1536", "high") == 6'240U);
    BOOST_TEST(tokens("gpt-image-1.5-2025-12-16", "1024x1024", "high") ==
               4'160U + picture_words_max);
    BOOST_TEST(tokens("chatgpt-image-latest", "1024x1024", "low") == 272U + picture_words_max);
    BOOST_TEST(tokens("gpt-image-1-mini", "1024x1024", "low") == 688U + picture_words_max);
}

BOOST_AUTO_TEST_CASE(what_is_left_open_is_the_dearest) {
    BOOST_TEST(tokens("gpt-image-1", "", "") == 6'240U);
    BOOST_TEST(tokens("gpt-image-1", "1024x1024", "") == 4'160U);
    BOOST_TEST(tokens("gpt-image-1", "auto", "low") == 408U);
    BOOST_TEST(tokens("gpt-image-1", "4096x4096", "medium") == 1'584U);
    BOOST_TEST(tokens("gpt-image-2", "", "auto") == tokens("gpt-image-2", "2880x2880", "high"));
    BOOST_TEST(tokens("gpt-image-2.5-flare", "", "") ==
               tokens("gpt-image-2.5-flare", "2880x2880", "max"));
    // No square, and no size that is none, is more than the largest.
    for (char const* size : {"3840x2160", "3840x3840", "5000x10", "0x16", "16x", "x", "16x16x16"})
        BOOST_TEST(tokens("gpt-image-2", size, "high") <= tokens("gpt-image-2", "", ""), size);
}

// As the calculator of the guide shows them.
BOOST_AUTO_TEST_CASE(the_later_models_count_patches) {
    BOOST_TEST(tokens("gpt-image-2", "1024x1024", "high") == 7'024U + picture_words_max);
    BOOST_TEST(tokens("gpt-image-2-2026-04-21", "1536x1024", "high") == 5'488U + picture_words_max);
    BOOST_TEST(tokens("gpt-image-2", "1792x1024", "high") == 5'063U + picture_words_max);
    BOOST_TEST(tokens("gpt-image-2", "3584x2048", "high") == 12'329U + picture_words_max);
    struct {
        char const* quality;
        std::uint64_t tokens;
    } const rows[]{
        {"low", 196}, {"medium", 439}, {"high", 1'756}, {"xhigh", 3'122}, {"max", 7'024}};
    for (auto const& row : rows)
        BOOST_TEST(tokens("gpt-image-2.5-sunburst", "1024x1024", row.quality) ==
                       row.tokens + picture_words_max,
                   row.quality);
}

BOOST_AUTO_TEST_CASE(each_earlier_state_adds_its_tokens_and_none_wraps) {
    BOOST_TEST(tokens("gpt-image-1", "1024x1024", "low", 3) == 572U);
    BOOST_TEST(!most_picture_tokens("gpt-image-1", {"", "", ~std::uint64_t{0}}));
}

BOOST_AUTO_TEST_CASE(a_picture_that_a_model_is_shown_has_the_most_of_its_vendor_s_guide) {
    struct {
        vendor who;
        char const* model;
        std::uint64_t tokens;
    } const rows[]{
        {vendor::openai, "gpt-4.1", 1'445},
        {vendor::openai, "gpt-4o-2024-08-06", 1'445},
        {vendor::openai, "gpt-5", 1'190},
        {vendor::openai, "gpt-4.1-mini", 2'489},
        {vendor::openai, "gpt-4.1-nano-2025-04-14", 3'779},
        {vendor::openai, "o4-mini", 2'642},
        {vendor::anthropic, "claude-opus-4-8", 8'464},
        {vendor::google, "claude-sonnet-4-5@20250929", 8'464},
        {vendor::aws, "us.anthropic.claude-sonnet-4-5-20250929-v1:0", 8'464},
        {vendor::aws, "arn:aws:bedrock:x/anthropic.claude-3-haiku-20240307-v1:0", 8'464},
        {vendor::google, "models/gemini-3-pro", 2'240},
        // What no guide gives, and names that may stand for anything.
        {vendor::openai, "gpt-4o-mini", picture_tokens_max},
        {vendor::openai, "gpt-5.4", picture_tokens_max},
        {vendor::openai, "", picture_tokens_max},
        {vendor::azure, "gpt-4.1", picture_tokens_max},
        {vendor::openrouter, "anthropic/claude-opus-4.5", picture_tokens_max},
        {vendor::anthropic, "claude-opus-6", picture_tokens_max},
        {vendor::google, "gemini-2.5-flash", picture_tokens_max},
        {vendor::other, "gpt-4.1", picture_tokens_max},
    };
    for (auto const& row : rows)
        BOOST_TEST(shown_picture_tokens(row.who, row.model) == row.tokens, row.model);
}

BOOST_AUTO_TEST_CASE(a_model_or_a_quality_without_a_source_has_no_most) {
    for (char const* model : {"", "gpt-4.1", "gpt-image", "gpt-image-1x", "gpt-image-2.6-flare",
                              "gpt-image-3", "dall-e-3", "GPT-IMAGE-1", "gpt-image-2.5"})
        BOOST_TEST(!most_picture_tokens(model, {}), model);
    BOOST_TEST(!most_picture_tokens("gpt-image-1", {"1024x1024", "max", 0}));
    BOOST_TEST(!most_picture_tokens("gpt-image-2", {"1024x1024", "xhigh", 0}));
    BOOST_TEST(!most_picture_tokens("gpt-image-1", {"1024x1024", "High", 0}));
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: MIT
//
// Pictures that a model makes, through a gateway with budgets: what is held for them, what they
// cost in the end, and what is refused.

#include "support/gateway_stand.hpp"

#include <boost/test/unit_test.hpp>

#include <aiaudit/budget/budget_text.hpp>
#include <aiaudit/providers/picture_tokens.hpp>
#include <aiaudit/providers/usage_bounds.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(gateway_pictures)

namespace {

using namespace aiaudit_tests;

constexpr char const* images_path = "/v1/images/generations";
constexpr char const* edits_path = "/v1/images/edits";
constexpr char const* responses_path = "/v1/responses";

struct picture_stand : gateway_stand {
    explicit picture_stand(char const* dollars) {
        if (*dollars == '\0') return;
        budget made;
        made.name = "all";
        made.limit = parse_budget_limit(dollars, budget_unit::usd).value();
        made.window = parse_budget_window("total").value();
        log.set_budget(made).value();
    }
    std::string draw(std::string const& members, char const* path = images_path) {
        return exchange(post("{\"prompt\":\"a cat\"," + members + "}", "", path));
    }
    std::vector<record> all(record_kind of) {
        at.stop();
        log.flush().value();
        std::vector<record> found;
        log.read(sequence{1},
                 [&](sequence, record&& entry) {
                     if (entry.kind == of) found.push_back(std::move(entry));
                     return true;
                 })
            .value();
        return found;
    }
};

std::string pictures(std::uint64_t output) {
    return R"({"created":1,"data":[{"b64_json":"AA=="}],"usage":{"input_tokens":22,)"
           R"("input_tokens_details":{"text_tokens":22,"image_tokens":0},"output_tokens":)" +
           std::to_string(output) + R"(,"total_tokens":)" + std::to_string(output + 22) + "}}";
}

std::string with_tool(std::string const& members) {
    return R"({"model":"gpt-4.1","input":"draw","max_output_tokens":90,"tools":[{)"
           R"("type":"image_generation")" +
           members + "}]}";
}

// Of gpt-4.1 and, where it is named, the model of the tool.
std::string drawn(std::string const& model, std::uint64_t output) {
    std::string const named = model.empty() ? "" : R"(,"model":")" + model + "\"";
    return R"({"id":"r","status":"completed","model":"gpt-4.1","output":[{"type":)"
           R"("image_generation_call","result":"AA=="}],"tools":[{"type":"image_generation")" +
           named +
           R"(}],"usage":{"input_tokens":100,"output_tokens":46,"total_tokens":146},"tool_usage":)"
           R"({"image_gen":{"input_tokens":30,"input_tokens_details":{"text_tokens":30,)"
           R"("image_tokens":0},"output_tokens":)" +
           std::to_string(output) + R"(,"total_tokens":)" + std::to_string(output + 30) + "}}}";
}

}  // namespace

BOOST_AUTO_TEST_CASE(pictures_are_held_by_count_and_size_and_cost_what_they_are) {
    picture_stand one("1");
    one.provider.script(images_path, {json_step(pictures(544))});
    std::string const asked =
        R"("model":"gpt-image-1","n":2,"size":"1024x1024","quality":"low","background":"auto")";
    BOOST_TEST(status_of(one.draw(asked)) == 200);
    auto const body = one.provider.requests().at(0).body;
    BOOST_TEST(body == "{\"prompt\":\"a cat\"," + asked + "}");
    auto const intent = one.all(record_kind::intent).at(0);
    BOOST_TEST(intent.usage.count(unit::output_tokens) == 2U * 272U);
    BOOST_TEST(intent.usage.count(unit::input_tokens) == 2 * (body.size() + template_tokens_max));
    auto const outcome = one.all(record_kind::outcome).at(0);
    BOOST_TEST((outcome.cost_status == cost_status::priced));
    BOOST_TEST(outcome.cost.to_string() == "0.02187");
    BOOST_TEST((intent.cost > outcome.cost));
    BOOST_TEST((one.log.budget_states().value().at(0).spent == outcome.cost.pico()));
}

BOOST_AUTO_TEST_CASE(what_a_request_leaves_open_is_held_as_the_dearest) {
    picture_stand one("0.2");
    one.provider.script(images_path, {json_step(pictures(272))});
    // 6,240 tokens at 40 dollars for a million.
    auto const answer = one.draw(R"("model":"gpt-image-1")");
    BOOST_TEST(status_of(answer) == 429);
    BOOST_TEST(has(answer, "insufficient_quota"));
    BOOST_TEST(status_of(one.draw(R"("model":"gpt-image-1","quality":"auto")")) == 429);
    BOOST_TEST(status_of(one.draw(R"("model":"gpt-image-1","quality":"low","n":13)")) == 429);
    BOOST_TEST(one.provider.requests().empty());
    BOOST_TEST(status_of(one.draw(R"("model":"gpt-image-1","quality":"low")")) == 200);
}

BOOST_AUTO_TEST_CASE(pictures_to_make_others_of_are_input_at_the_rate_of_pictures) {
    picture_stand one("100");
    one.provider.script(edits_path, {json_step(pictures(272))});
    std::string const data(4'000, 'A');
    std::string const asked =
        R"("model":"gpt-image-1","quality":"low","images":[{"image_url":"data:image/png;base64,)" +
        data + R"("},{"file_id":"f"}],"mask":{"file_id":"m"})";
    BOOST_TEST(status_of(one.draw(asked, edits_path)) == 200);
    auto const intent = one.all(record_kind::intent).at(0);
    auto const input = intent.usage.count(unit::input_tokens);
    BOOST_TEST(input >= 3 * original_tokens_max);
    BOOST_TEST(input < 3 * original_tokens_max + 1'000);
    // 10 dollars for a million tokens of pictures, 40 for those of the answer.
    BOOST_TEST(
        (intent.cost.pico() == static_cast<int128>(input) * 10'000'000 + int128{408} * 40'000'000));
}

BOOST_AUTO_TEST_CASE(a_stream_of_pictures_that_is_cut_costs_what_was_held) {
    picture_stand one("100");
    std::string const partial =
        "data: {\"type\":\"image_generation.partial_image\",\"b64_json\":\"AA==\"}\n\n";
    one.provider.script(images_path, {stream_step(partial)});
    BOOST_TEST(status_of(one.draw(
                   R"("model":"gpt-image-1.5","stream":true,"size":"1024x1024","quality":"low",)"
                   R"("partial_images":2)")) == 200);
    auto const intent = one.all(record_kind::intent).at(0);
    BOOST_TEST(intent.usage.count(unit::output_tokens) == 272U + picture_words_max + 200U);
    auto const outcome = one.all(record_kind::outcome).at(0);
    BOOST_TEST(!outcome.complete);
    BOOST_TEST((outcome.cost_status == cost_status::estimated));
    BOOST_TEST((outcome.cost == intent.cost));
}

BOOST_AUTO_TEST_CASE(what_has_no_price_or_no_most_is_refused_by_name) {
    picture_stand one("100");
    struct {
        char const* members;
        char const* words;
    } const rows[]{
        {R"("model":"dall-e-3")", "dall-e-3"},
        {R"("model":"gpt-image-2.6-flare")",
         "nothing says how many tokens a picture of model 'gpt-image-2.6-flare'"},
        {R"("model":"gpt-image-1","quality":"max")", "a picture of quality 'max'"},
        {R"("model":"gpt-image-1","from":"elsewhere")", "'from'"},
    };
    for (auto const& row : rows) {
        auto const answer = one.draw(row.members);
        BOOST_TEST(status_of(answer) == 400, row.members);
        BOOST_TEST(has(answer, row.words), answer);
    }
    BOOST_TEST(one.provider.requests().empty());
}

BOOST_AUTO_TEST_CASE(members_that_decide_what_pictures_cost_are_read_strictly) {
    picture_stand one("100");
    for (char const* member :
         {R"("n":"2")", R"("n":2.5)", R"("n":1,"n":9)", R"("N":9)", R"("partial_images":"3")",
          R"("partial_images":-1)", R"("size":1024)", R"("quality":["low"])", R"("Quality":"low")",
          R"("size":"1024x1024","size":"auto")", R"("images":"x")"}) {
        auto const answer = one.draw(R"("model":"gpt-image-1",)" + std::string(member));
        BOOST_TEST(status_of(answer) == 400, member);
        BOOST_TEST(has(answer, "bad_member"), answer);
    }
    BOOST_TEST(one.provider.requests().empty());
}

BOOST_AUTO_TEST_CASE(pictures_of_a_tool_are_held_by_its_calls_and_billed_by_their_model) {
    picture_stand one("100");
    one.provider.script(responses_path, {json_step(drawn("gpt-image-1", 272))});
    auto const asked = with_tool(R"(,"model":"gpt-image-1","size":"1024x1024","quality":"low")");
    BOOST_TEST(status_of(one.exchange(gateway_stand::post(asked, "", responses_path))) == 200);
    BOOST_TEST(has(one.provider.requests().at(0).body, R"("max_tool_calls":4)"));
    auto const intent = one.all(record_kind::intent).at(0);
    // Four pictures, each of a prompt and at the most of the other four, a mask among them.
    std::uint64_t const prompts = 4 * drawing_prompt_tokens_max;
    std::uint64_t const originals = 4U * 5U * original_tokens_max;
    BOOST_TEST(intent.usage.count(unit::output_tokens) == 90U + 4U * 272U);
    BOOST_TEST(intent.usage.count(unit::input_tokens) == 5U * 1'047'576U + prompts + originals);
    // gpt-4.1 in the tier "priority", in Europe; 5, 10 and 40 dollars for a million of the other's.
    BOOST_TEST((intent.cost.pico() == int128{5 * 1'047'576} * 3'850'000 + 90 * 15'400'000 +
                                          static_cast<int128>(prompts) * 5'000'000 +
                                          static_cast<int128>(originals) * 10'000'000 +
                                          int128{4 * 272} * 40'000'000));
    auto const outcome = one.all(record_kind::outcome).at(0);
    BOOST_TEST((outcome.cost_status == cost_status::priced));
    BOOST_TEST(outcome.cost.to_string() == "0.011598");
    BOOST_TEST(outcome.usage.count(unit::output_tokens) == 46U + 272U);
    BOOST_TEST(outcome.usage.count(unit::output_images) == 1U);
    BOOST_TEST(outcome.unread == "");
    BOOST_REQUIRE(outcome.iterations.size() == 2U);
    BOOST_TEST(outcome.iterations[1].model == "gpt-image-1");
    BOOST_TEST((one.log.budget_states().value().at(0).spent == outcome.cost.pico()));
}

BOOST_AUTO_TEST_CASE(pictures_whose_model_is_not_told_stay_charged_at_what_was_held) {
    picture_stand one("100");
    one.provider.script(responses_path, {json_step(drawn("", 272))});
    BOOST_TEST(status_of(one.exchange(gateway_stand::post(with_tool(""), "", responses_path))) ==
               200);
    auto const intent = one.all(record_kind::intent).at(0);
    auto const outcome = one.all(record_kind::outcome).at(0);
    BOOST_TEST((outcome.cost_status == cost_status::unpriced));
    BOOST_TEST((one.log.budget_states().value().at(0).spent == intent.cost.pico()));
    // The model that may serve is the dearest: 23,719 tokens, words, at 30 dollars for a million.
    BOOST_TEST(intent.usage.count(unit::output_tokens) == 90U + 4U * (23'719U + picture_words_max));
}

BOOST_AUTO_TEST_CASE(a_call_with_a_tool_for_pictures_that_is_cut_costs_what_was_held) {
    picture_stand one("100");
    one.provider.script(responses_path,
                        {stream_step("data: {\"type\":\"response.created\",\"response\":{\"id\":"
                                     "\"r\",\"model\":\"gpt-4.1\"}}\n\n")});
    std::string asked = with_tool(R"(,"model":"gpt-image-1.5","quality":"low")");
    asked.insert(1, R"("stream":true,)");
    BOOST_TEST(status_of(one.exchange(gateway_stand::post(asked, "", responses_path))) == 200);
    auto const intent = one.all(record_kind::intent).at(0);
    auto const outcome = one.all(record_kind::outcome).at(0);
    BOOST_TEST((outcome.cost_status == cost_status::estimated));
    BOOST_TEST((outcome.cost == intent.cost));
    BOOST_TEST((outcome.usage == intent.usage));
}

BOOST_AUTO_TEST_CASE(a_tool_for_pictures_without_a_bound_is_refused_by_name) {
    picture_stand one("100");
    auto const refused = [&](char const* members, std::string const& words) {
        auto const answer =
            one.exchange(gateway_stand::post(with_tool(members), "", responses_path));
        BOOST_TEST(status_of(answer) == 400, members);
        BOOST_TEST(has(answer, words), answer);
    };
    refused(R"(,"model":"gpt-image-9")", "tools[0]: image_generation");
    refused(R"(,"from":"x")", "tools[0]: image_generation.from");
    for (char const* member : {R"(,"size":7)", R"(,"quality":"low","quality":"high")",
                               R"(,"partial_images":"3")", R"(,"n":"1")", R"(,"Model":"x")"})
        refused(member, "bad_member");
    BOOST_TEST(one.provider.requests().empty());
}

BOOST_AUTO_TEST_CASE(without_budgets_any_picture_passes) {
    picture_stand one("");
    one.provider.script(images_path, {json_step(R"({"created":1,"data":[{"url":"u"}]})")});
    BOOST_TEST(status_of(one.draw(R"("model":"dall-e-3","quality":"hd")")) == 200);
}

BOOST_AUTO_TEST_SUITE_END()

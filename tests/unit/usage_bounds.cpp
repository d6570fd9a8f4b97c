// SPDX-License-Identifier: MIT
//
// The least and the most that an attempt can have used.
#include <aiaudit/providers/request_facts.hpp>
#include <aiaudit/providers/usage_bounds.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(usage_bounds)

namespace {

using namespace aiaudit;

std::string const plain = R"({"messages":[{"role":"user","content":"Hello"}]})";

usage_range range_of(std::string const& body) { return bounds_of({}, body, {}, 1000); }

bool bounded(std::string const& members) { return range_of("{" + members + "}").bounded; }

}  // namespace

BOOST_AUTO_TEST_CASE(an_attempt_that_said_nothing_used_from_nothing_to_its_bytes_and_its_limit) {
    usage_range const range = range_of(plain);
    BOOST_TEST(range.bounded);
    for (unit const which : {unit::input_tokens, unit::output_tokens}) {
        BOOST_TEST(range.lower.count(which) == 0U);
        BOOST_TEST((range.lower.provenance_of(which) == provenance::estimated));
        BOOST_TEST((range.upper.provenance_of(which) == provenance::estimated));
    }
    BOOST_TEST(range.upper.count(unit::input_tokens) == plain.size() + template_tokens_max);
    BOOST_TEST(range.upper.count(unit::output_tokens) == 1000U);
    BOOST_TEST(!range.upper.has(unit::cache_write_tokens));
}

BOOST_AUTO_TEST_CASE(tools_add_what_a_provider_writes_about_them) {
    std::string const body = R"({"tools":[{"type":"function","function":{"name":"f"}}]})";
    BOOST_TEST(range_of(body).bounded);
    BOOST_TEST(range_of(body).upper.count(unit::input_tokens) ==
               body.size() + template_tokens_max + tool_prompt_tokens_max);
}

BOOST_AUTO_TEST_CASE(the_limit_asked_for_counts_for_each_choice_and_never_wraps) {
    request_parameters asked;
    asked.max_output_tokens = 50;
    auto const output = [&] {
        return bounds_of({}, plain, asked, 1000).upper.count(unit::output_tokens);
    };
    BOOST_TEST(output() == 50U);
    asked.choices = 3;
    BOOST_TEST(output() == 150U);
    asked.choices = 0;
    BOOST_TEST(output() == 50U);
    asked.choices = 0xFFFFFFFFU;
    asked.max_output_tokens = usage::count_max;
    BOOST_TEST(output() == usage::count_max);
    asked.max_output_tokens.reset();
    asked.choices = 2;
    BOOST_TEST(output() == 2000U);
    BOOST_TEST(bounds_of({}, plain, asked, ~std::uint64_t{0}).upper.count(unit::output_tokens) ==
               usage::count_max);
}

BOOST_AUTO_TEST_CASE(nothing_falls_below_what_was_reported) {
    usage known;
    known.set(unit::input_tokens, 5000);
    known.set(unit::cache_read_tokens, 4000);
    known.set(unit::output_tokens, 3);
    usage_range const range = bounds_of(known, plain, {}, 1000);
    BOOST_TEST((range.lower == known));
    BOOST_TEST(range.upper.count(unit::input_tokens) == 5000U);
    BOOST_TEST((range.upper.provenance_of(unit::input_tokens) == provenance::reported));
    BOOST_TEST(range.upper.count(unit::cache_read_tokens) == 4000U);
    BOOST_TEST(range.upper.count(unit::output_tokens) == 1000U);
    BOOST_TEST((range.upper.provenance_of(unit::output_tokens) == provenance::estimated));
    BOOST_TEST(bounds_of(known, plain, {}, 0).upper.count(unit::output_tokens) == 3U);
}

BOOST_AUTO_TEST_CASE(a_request_to_write_a_cache_may_have_written_all_that_it_did_not_read) {
    std::string body = R"({"system":[{"type":"text","text":"long",
                           "cache_control":{"type":"ephemeral"}}]})";
    usage known;
    known.set(unit::input_tokens, 5000);
    known.set(unit::cache_read_tokens, 4000);
    usage_range range = bounds_of(known, body, {}, 10);
    BOOST_TEST(range.bounded);
    BOOST_TEST(range.upper.count(unit::cache_write_tokens) == 1000U);
    BOOST_TEST(!range.upper.has(unit::cache_write_1h_tokens));
    body.replace(body.find("\"ephemeral\""), 11, R"("ephemeral","ttl":"1h")");
    known.set(unit::cache_write_tokens, 300);
    known.set(unit::cache_write_5m_tokens, 300);
    range = bounds_of(known, body, {}, 10);
    BOOST_TEST(range.upper.count(unit::cache_write_tokens) == 1000U);
    BOOST_TEST(range.upper.count(unit::cache_write_5m_tokens) == 300U);
    BOOST_TEST(range.upper.count(unit::cache_write_1h_tokens) == 700U);
}

BOOST_AUTO_TEST_CASE(what_a_function_gave_may_be_pictures_and_files) {
    auto const shape_with = [](char const* name, std::string const& parts) {
        return shape_of(R"({"contents":[{"parts":[{")" + std::string(name) +
                        R"(":{"name":"f","response":{"type":"x"},"parts":[)" + parts + "]}}]}]}");
    };
    for (char const* const name : {"functionResponse", "function_response"}) {
        BOOST_TEST(shape_with(name, R"({"text":"x"})").bounded);
        auto const picture =
            shape_with(name, R"({"inlineData":{"mimeType":"image/png","data":"AAAA"}})");
        BOOST_TEST(picture.bounded);
        BOOST_TEST(picture.pictures == 1U);
        auto const file = shape_with(name, R"({"fileData":{"fileUri":"gs://a/b.mp4"}})");
        BOOST_TEST(!file.bounded);
        BOOST_TEST(file.outside ==
                   "contents[0].parts[0]." + std::string(name) + ".parts[0].fileData");
    }
}

BOOST_AUTO_TEST_CASE(nothing_bounds_what_another_model_costs) {
    for (std::string const name : {"models", "fallbacks", "fallback", "fallback_model"}) {
        auto const shape = shape_of(R"({"messages":[],")" + name + R"(":["a-dear-one"]})");
        BOOST_TEST(shape.endless, name);
        BOOST_TEST(shape.outside == name);
    }
}

BOOST_AUTO_TEST_CASE(each_prompt_of_a_list_has_its_answers) {
    auto const choices_of = [](std::string const& members) {
        auto const body = boost::json::parse("{" + members + "}");
        return facts_of_request(body, dialect::openai_chat).parameters.choices.value_or(1);
    };
    BOOST_TEST(choices_of(R"("prompt":"a")") == 1U);
    BOOST_TEST(choices_of(R"("prompt":["a"])") == 1U);
    BOOST_TEST(choices_of(R"("prompt":[1,2,3])") == 1U);
    BOOST_TEST(choices_of(R"("prompt":["a","b","c"])") == 3U);
    BOOST_TEST(choices_of(R"("prompt":[[1,2],[3]],"n":4)") == 8U);
    BOOST_TEST(choices_of(R"("prompt":["a","b"],"n":2,"best_of":5)") == 10U);
    BOOST_TEST(choices_of(R"("prompt":["a","b"],"n":4294967295)") == 0xFFFFFFFFU);
}

BOOST_AUTO_TEST_CASE(text_of_every_api_is_bounded) {
    BOOST_TEST(bounded(R"("input":"x","previous_response_id":null)"));
    BOOST_TEST(bounded(R"("input":[{"type":"message","role":"user","content":[
        {"type":"input_text","text":"x"}]},{"type":"function_call","arguments":"{}"}])"));
    BOOST_TEST(bounded(R"("messages":[{"role":"assistant","content":[{"type":"tool_use",
        "input":{"type":"image"}}]},{"role":"user","content":[{"type":"tool_result",
        "content":[{"type":"text","text":"x"}]}]}],"tools":[{"input_schema":{}}])"));
    BOOST_TEST(bounded(R"("contents":[{"parts":[{"text":"x"},
        {"functionCall":{"name":"f","args":{"inlineData":1}}}]}],
        "tools":[{"functionDeclarations":[]}])"));
    BOOST_TEST(bounded(R"("input":["a","b"],"model":"embed")"));
    BOOST_TEST(bounded(R"("input":[{"type":"reasoning","id":"r","encrypted_content":"AA"}])"));
    BOOST_TEST(bounded(R"("messages":[{"role":"assistant","tool_calls":[{"id":"c","function":
        {"name":"f","arguments":"{}"}}]}])"));
}

BOOST_AUTO_TEST_CASE(
    images_files_stored_text_and_tools_of_the_provider_s_are_not_bounded_by_bytes) {
    for (char const* members : {
             R"("messages":[{"content":[{"type":"image_url","image_url":{"url":"u"}}]}])",
             R"("messages":[{"content":[{"type":"text","text":"x"},{"type":"image"}]}])",
             R"("messages":[{"content":[{"type":"tool_result","content":[{"type":"image"}]}]}])",
             R"("messages":[{"content":[{"type":"input_audio"}]}])",
             R"("input":[{"content":[{"type":"input_file","file_id":"f"}]}])",
             R"("contents":[{"parts":[{"inlineData":{"data":"AA"}}]}])",
             R"("contents":[{"parts":[{"fileData":{"fileUri":"u"}}]}])",
             R"("input":"x","previous_response_id":"r")",
             R"("input":"x","prompt":{"id":"p"})",
             R"("messages":[],"tools":[{"type":"web_search"}])",
             R"("contents":[],"tools":[{"googleSearch":{}}])",
             R"("contents":[],"tools":[{"functionDeclarations":[],"googleSearch":{}}])",
             R"("contents":[],"cachedContent":"c")",
             R"("messages":[],"mcp_servers":[])",
             R"("messages":[],"tools":7)",
             R"("messages":[],"models":["a","b"])",
             R"("messages":[],"prediction":{"type":"content","content":"x"})",
         }) {
        BOOST_TEST(!bounded(members), members);
    }
    for (char const* body : {"", "[]", "not JSON"}) BOOST_TEST(!range_of(body).bounded, body);
}

BOOST_AUTO_TEST_CASE(the_context_bounds_what_bytes_do_not_and_the_member_is_named) {
    constexpr std::uint64_t context = 200'000;
    struct {
        char const* members;
        char const* outside;
        std::uint64_t input;  // 0: no bound
    } const rows[]{
        {R"("messages":[{"content":"x"},{"content":[{"type":"text"},{"type":"image_url"}]}])",
         "messages[1].content[1]: image_url", context},
        {R"("contents":[{"parts":[{"text":"x"},{"inlineData":{"data":"AA"}}]}])",
         "contents[0].parts[1].inlineData", context},
        {R"("messages":[{"content":[{"Type":"image"}]}])", "messages[0].content[0].Type", context},
        {R"("messages":[{"content":[{"type":["image"]}]}])", "messages[0].content[0].type",
         context},
        {R"("input":"x","previous_response_id":"r")", "previous_response_id", context},
        {R"("input":"x","conversation":{"id":"c"})", "conversation", context},
        {R"("contents":[],"cachedContent":"c")", "cachedContent", context},
        {R"("input":[{"id":"rs_1"}])", "input[0].id", context},
        {R"("input":[{"type":"reasoning","id":"rs_1","summary":[]}])", "input[0].id", context},
        {R"("messages":[{"role":"assistant","audio":{"id":"audio_1"}}])", "messages[0].audio.id",
         context},
        {R"("messages":[],"a_new_member":1)", "a_new_member", context},
        {R"("messages":[],"tools":[{"type":"web_search_20250305","max_uses":2}])",
         "tools[0]: web_search_20250305", 3 * context},
        {R"("input":"x","max_tool_calls":4,"tools":[{"type":"web_search"},{"type":"mcp"}])",
         "tools[0]: web_search", 5 * context},
        {R"("messages":[],"context_management":{"edits":[{"type":"compact_20260112"}]})",
         "context_management.edits[0]", 2 * context},
        {R"("messages":[{"content":[{"type":"image"}]}],"tools":[{"type":"web_search"}])",
         "tools[0]: web_search", 0},
        {R"("messages":[],"tools":[{"type":"image_generation"}])", "tools[0]: image_generation", 0},
        {R"("contents":[],"tools":[{"googleSearch":{}}])", "tools[0].googleSearch", 0},
        {R"("messages":[],"models":["a","b"])", "models", 0},
        {R"("input":"x","prompt":{"id":"p"})", "prompt.id", 0},
        {R"("messages":[],"context_management":{"edits":[{"type":"grow"}]})",
         "context_management.edits[0]", 0},
        {R"("messages":[],"context_management":{"edits":[],"more":1})", "context_management", 0},
    };
    for (auto const& row : rows) {
        std::string const body = "{" + std::string(row.members) + "}";
        auto const shape = shape_of(body);
        auto const range = bounds_of({}, body, shape, {}, 1000, context);
        BOOST_TEST_CONTEXT(body) {
            BOOST_TEST(!shape.bounded);
            BOOST_TEST(shape.outside == row.outside);
            BOOST_TEST(range.bounded == (row.input != 0));
            BOOST_TEST(shape.endless == (row.input == 0));
            if (row.input != 0) BOOST_TEST(range.upper.count(unit::input_tokens) == row.input);
            BOOST_TEST(!bounds_of({}, body, shape, {}, 1000).bounded);
        }
    }
}

BOOST_AUTO_TEST_CASE(edits_that_only_take_away_and_groups_of_functions_add_nothing) {
    BOOST_TEST(bounded(R"("messages":[],"context_management":{"edits":[
        {"type":"clear_thinking_20251015","keep":"all"},{"type":"clear_tool_uses_20250919"}]})"));
    BOOST_TEST(bounded(R"("messages":[],"context_management":{})"));
    BOOST_TEST(bounded(R"("input":"x","tools":[{"type":"function","name":"f"},{"type":"namespace",
        "name":"agents","tools":[{"type":"function","name":"g"},{"type":"custom"}]}])"));
    BOOST_TEST(!bounded(R"("input":"x","tools":[{"type":"namespace","tools":[
        {"type":"web_search"}]}])"));
    // What the caller runs is text, and what a provider writes about it.
    std::string const body = R"({"messages":[],"tools":[{"type":"bash_20250124"},
        {"type":"text_editor_20250728"}]})";
    BOOST_TEST(range_of(body).bounded);
    BOOST_TEST(range_of(body).upper.count(unit::input_tokens) ==
               body.size() + template_tokens_max + 3 * tool_prompt_tokens_max);
}

BOOST_AUTO_TEST_CASE(tools_that_stand_in_the_prompt_are_tools) {
    std::string const body = R"({"input":[{"type":"additional_tools","id":"at_1","role":"developer",
        "tools":[{"type":"namespace","name":"functions","tools":[{"type":"custom","name":"exec",
        "format":{"type":"grammar"}}]}]},{"type":"message","role":"user","content":"x",
        "internal_chat_message_metadata_passthrough":{"content_item_metadata":[{"provenance":
        {"type":"harness"}}]}}]})";
    BOOST_TEST(range_of(body).bounded);
    BOOST_TEST(range_of(body).upper.count(unit::input_tokens) ==
               body.size() + template_tokens_max + tool_prompt_tokens_max);
    // Behind a picture, too, which bytes do not bound.
    for (std::string const before : {"", R"({"type":"input_image","image_url":"u"},)"}) {
        std::string const members =
            "\"input\":[" + before +
            R"({"type":"additional_tools","tools":[{"type":"web_search"}]}])";
        request_shape const none = shape_of(std::string_view{"{" + members + "}"});
        BOOST_TEST(none.endless);
        BOOST_TEST(none.outside.ends_with("].tools[0]: web_search"), none.outside);
        std::string const limited = "{\"max_tool_calls\":3," + members + "}";
        auto const range = bounds_of({}, limited, shape_of(limited), {}, 1000, 100);
        BOOST_TEST(range.upper.count(unit::web_searches) == 3U);
        BOOST_TEST(range.upper.count(unit::input_tokens) == 400U);
    }
}

BOOST_AUTO_TEST_CASE(a_picture_in_the_body_counts_as_the_largest_that_a_vendor_bills) {
    std::string const data(4000, 'A');
    std::string const url = "\"data:image/png;base64," + data + "\"";
    for (
        std::string const& members :
        {R"("messages":[{"content":[{"type":"image_url","image_url":{"url":)" + url + "}}]}]",
         R"("input":[{"content":[{"type":"input_image","image_url":)" + url + "}]}]",
         R"("input":[{"type":"function_call_output","output":[{"type":"input_image","image_url":)" +
             url + "}]}]",
         R"("messages":[{"content":[{"type":"tool_result","content":[{"type":"image","source":
              {"type":"base64","media_type":"image/jpeg","data":")" +
             data + "\"}}]}]}]",
         R"("contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":")" + data +
             "\"}}]}]",
         R"("contents":[{"parts":[{"inline_data":{"mime_type":"image/png","data":")" + data +
             "\"}}]}]"}) {
        std::string const body = "{" + members + "}";
        auto const shape = shape_of(body);
        auto const input = [&](std::uint64_t context) {
            return bounds_of({}, body, shape, {}, 1000, context).upper.count(unit::input_tokens);
        };
        BOOST_TEST_CONTEXT(body.substr(0, 100)) {
            BOOST_TEST(shape.bounded);
            BOOST_TEST(shape.pictures == 1U);
            std::uint64_t const text = body.size() - shape.picture_bytes;
            BOOST_TEST(text < 200U);
            BOOST_TEST(input(0) == text + template_tokens_max + picture_tokens_max);
            BOOST_TEST(input(1'000'000) == input(0));
            BOOST_TEST(input(20'000) == 20'000U);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_request_for_pictures_has_its_input_once_for_each) {
    auto const shape = [](std::string const& members) {
        return shape_of(boost::json::parse(R"({"prompt":"a cat",)" + members + "}"),
                        apis::pictures);
    };
    auto const plainly = shape(R"("size":"auto","quality":"low","background":"auto",)"
                               R"("output_format":"png","output_compression":9,"moderation":"low",)"
                               R"("partial_images":2,"style":"vivid","response_format":"url")");
    BOOST_TEST(plainly.bounded);
    BOOST_TEST(plainly.draws);
    BOOST_TEST(!plainly.tools);
    request_parameters asked;
    asked.choices = 3;
    auto const range = bounds_of({}, plain, plainly, asked, 500);
    BOOST_TEST(range.upper.count(unit::input_tokens) == 3 * (plain.size() + template_tokens_max));
    BOOST_TEST(range.upper.count(unit::output_tokens) == 1'500U);
    auto const edit = shape(R"("images":[{"image_url":"data:image/png;base64,AAAA"},)"
                            R"({"file_id":"f"},"https://a.test/x.png"],"mask":{"file_id":"m"})");
    BOOST_TEST(edit.bounded);
    BOOST_TEST(edit.pictures == 4U);
    BOOST_TEST(edit.picture_bytes == 26U);
    BOOST_TEST(!shape(R"("from":"elsewhere")").bounded);
    // Elsewhere these members may bring in anything.
    BOOST_TEST(!bounded(R"("messages":[],"size":"auto")"));
    BOOST_TEST(!bounded(R"("messages":[],"images":[])"));
}

BOOST_AUTO_TEST_CASE(the_tool_that_makes_pictures_is_bounded_by_its_calls) {
    auto const shape = [](std::string const& members) {
        return shape_of(boost::json::parse("{" + members + "}"), apis::responses);
    };
    std::string const tool =
        R"("tools":[{"type":"image_generation","model":"gpt-image-1","quality":"low","size":"auto",)"
        R"("partial_images":2,"n":1,"background":"auto","new":null}])";
    auto const limited = shape(R"("max_tool_calls":3,"input":"x",)" + tool);
    BOOST_TEST(!limited.bounded);
    BOOST_TEST(!limited.endless);
    BOOST_TEST(limited.outside == "tools[0]: image_generation");
    BOOST_TEST(limited.tool_uses == 3U);
    BOOST_TEST(limited.drawings == 3U);
    BOOST_TEST(limited.originals == 4U);
    BOOST_TEST(limited.drawing_model == "gpt-image-1");
    BOOST_TEST((limited.drawing == picture_wish{"", "low", 2}));
    BOOST_TEST(shape(tool).tool_limit_missing);
    // With pictures of the conversation, which may come behind it, and with any of them.
    std::string const picture =
        R"("input":[{"content":[{"type":"input_image","image_url":"data:image/png;base64,AA"}]}])";
    BOOST_TEST(shape(tool + R"(,"max_tool_calls":3,)" + picture).originals == 5U);
    BOOST_TEST(shape(picture + R"(,"max_tool_calls":3,)" + tool).originals == 5U);
    BOOST_TEST(shape(R"("max_tool_calls":3,"previous_response_id":"r",)" + tool).originals ==
               originals_max + 1);
    BOOST_TEST(shape(R"("max_tool_calls":60,"input":"x",)" + tool).originals == originals_max + 1);
}

BOOST_AUTO_TEST_CASE(a_tool_for_pictures_that_nothing_bounds_is_named) {
    for (char const* const tool :
         {R"({"type":"image_generation","model":"gpt-image-9"})",
          R"({"type":"image_generation","quality":"ultra"})",
          R"({"type":"image_generation","n":2})", R"({"type":"image_generation","n":"1"})",
          R"({"type":"image_generation","from":"x"})",
          R"({"type":"image_generation"},{"type":"image_generation"})"}) {
        auto const shape =
            shape_of(boost::json::parse(R"({"input":"x","max_tool_calls":1,"tools":[)" +
                                        std::string(tool) + "]}"),
                     apis::responses);
        BOOST_TEST(shape.endless, tool);
        BOOST_TEST(!shape.tool_limit_missing, tool);
        BOOST_TEST(shape.outside.find("image_generation") != std::string::npos, tool);
    }
}

BOOST_AUTO_TEST_CASE(a_picture_elsewhere_counts_as_one_here_where_its_model_has_a_most) {
    for (
        char const* const part :
        {R"({"type":"image_url","image_url":{"url":"https://a.test/x.png"}})",
         R"({"type":"input_image","image_url":"http://a.test/x.png"})",
         R"({"type":"input_image","file_id":"f"})",
         R"({"type":"image","source":{"type":"file","file_id":"f"}})",
         R"({"type":"image","source":{"type":"url","url":"https://a.test/x.png"}})",
         R"({"type":"tool_result","content":[{"type":"image","source":{"type":"url","url":"u"}}]})"}) {
        std::string const body = R"({"messages":[{"content":[)" + std::string(part) + "]}]}";
        auto const shape = shape_of(body);
        auto const near = bounds_of({}, body, shape, {}, 9, 200'000, 1'445);
        BOOST_TEST_CONTEXT(body) {
            BOOST_TEST(!shape.bounded);
            BOOST_TEST(shape.distant_pictures == 1U);
            BOOST_TEST(shape.outside.find("[0].content[0]") != std::string::npos);
            BOOST_TEST(near.bounded);
            BOOST_TEST(near.upper.count(unit::input_tokens) ==
                       body.size() + template_tokens_max + 1'445U);
            BOOST_TEST(bounds_of({}, body, shape, {}, 9, 0, 1'445).bounded);
            BOOST_TEST(bounds_of({}, body, shape, {}, 9, 200'000).upper.count(unit::input_tokens) ==
                       200'000U);
        }
    }
    // Beside anything else that bytes do not bound, and where they may be documents.
    for (char const* const members :
         {R"("messages":[{"content":[{"type":"image_url","image_url":{"url":"https://a/x"}},
             {"type":"file"}]}])",
          R"("input":[{"content":[{"type":"input_image","file_id":"f"}]}],"conversation":"c")",
          R"("input":[{"content":[{"type":"input_image","file_id":"f"}]}],"max_tool_calls":1,
             "tools":[{"type":"image_generation","model":"gpt-image-1"}])",
          R"("messages":[{"content":[{"type":"image_url","image_url":{"url":"ftp://a/x"}}]}])",
          R"("input":[{"content":[{"type":"input_image","file_id":"f","image_url":"https://a"}]}])",
          R"("messages":[{"content":[{"type":"image","source":{"type":"text","data":"x"}}]}])"}) {
        std::string const body = "{" + std::string(members) + "}";
        auto const shape = shape_of(boost::json::parse(body), apis::responses);
        auto const range = bounds_of({}, body, shape, {}, 9, 200'000, 1'445);
        BOOST_TEST(range.upper.count(unit::input_tokens) >= 200'000U, body);
        BOOST_TEST(!bounds_of({}, body, shape, {}, 9, 0, 1'445).bounded, body);
    }
}

BOOST_AUTO_TEST_CASE(what_may_be_no_picture_is_held_at_the_context) {
    for (char const* const part :
         {R"({"type":"image_url","image_url":{"url":"https://a.test/x.png"}})",
          R"({"type":"input_image","image_url":"data:application/pdf;base64,AA"})",
          R"({"type":"input_image","image_url":"data:image/png,AA"})",
          R"({"type":"input_image","image_url":"data:image/png;base64,AA","file_id":"f"})",
          R"({"type":"image","source":{"type":"file","file_id":"f"}})",
          R"({"type":"image","source":{"type":"base64","media_type":"video/mp4","data":"A"}})",
          R"({"inlineData":{"mimeType":"video/mp4","data":"AA"}})",
          R"({"inlineData":{"mimeType":"image/png"}})",
          R"({"image_url":{"url":"https://a.test/x.png"}})", R"({"audio_url":"https://a.test/x"})",
          R"({"Video_URL":"https://a.test/x"})", R"({"file":{"file_id":"f"}})"}) {
        auto const shape = shape_of(R"({"messages":[{"content":[)" + std::string(part) + "]}]}");
        BOOST_TEST(!shape.bounded, part);
        BOOST_TEST(shape.pictures == 0U, part);
    }
}

BOOST_AUTO_TEST_CASE(uses_of_tools_are_counted_by_their_limit) {
    std::string const body = R"({"tools":[{"type":"web_search_20250305","max_uses":2},
        {"type":"web_fetch_20250910","max_uses":3}]})";
    auto const range = bounds_of({}, body, shape_of(body), {}, 1000, 100);
    BOOST_TEST(range.upper.count(unit::web_searches) == 2U);
    BOOST_TEST(range.upper.count(unit::input_tokens) == 600U);
    auto const shape = shape_of(std::string_view{
        R"({"max_tool_calls":7,"tools":[{"type":"file_search"},{"type":"web_search"}]})"});
    BOOST_TEST(shape.file_searches == 7U);
    BOOST_TEST(shape.web_searches == 7U);
    BOOST_TEST(shape.tool_uses == 7U);
    auto const missing = shape_of(std::string_view{R"({"tools":[{"type":"web_search"}]})"});
    BOOST_TEST(missing.endless);
    BOOST_TEST(missing.tool_limit_missing);
    // A limit of its own would not help this one.
    auto const hopeless = shape_of(
        std::string_view{R"({"tools":[{"type":"web_search"},{"type":"image_generation"}]})"});
    BOOST_TEST(!hopeless.tool_limit_missing);
}

BOOST_AUTO_TEST_CASE(what_is_billed_by_other_things_than_tokens_is_known) {
    BOOST_TEST(is_billed_by_tokens(operation::chat, vendor::openai, "gpt-4.1"));
    BOOST_TEST(is_billed_by_tokens(operation::embeddings, vendor::other, "e"));
    for (operation const what :
         {operation::images, operation::audio, operation::rerank, operation::other}) {
        BOOST_TEST(!is_billed_by_tokens(what, vendor::openai, "m"));
    }
    BOOST_TEST(!is_billed_by_tokens(operation::chat, vendor::perplexity, "sonar"));
    BOOST_TEST(!is_billed_by_tokens(operation::chat, vendor::openai, "gpt-4o-search-preview"));
}

BOOST_AUTO_TEST_CASE(a_stored_prompt_is_not_bounded_by_its_bytes_however_it_is_named) {
    auto const shape = [](std::string_view body) { return shape_of(body); };
    BOOST_TEST(!shape(R"({"prompt":{"Id":"pmpt_1"}})").bounded);
    BOOST_TEST(!shape(R"({"prompt":{"Id":"pmpt_1"}})").endless);
    BOOST_TEST(shape(R"({"prompt":{"id":"pmpt_1"}})").endless);
    BOOST_TEST(shape(R"({"prompt":"Hello"})").bounded);
}

BOOST_AUTO_TEST_CASE(words_with_rates_count_in_any_case_and_behind_escapes) {
    auto const words = [](std::string_view body) { return shape_of(body).rates; };
    rate_words const for_minutes{true, false, false};
    rate_words const for_an_hour{true, true, false};
    BOOST_TEST((words(R"({"cache_control":{"ttl":"5m"}})") == for_minutes));
    BOOST_TEST((words(R"({"messages":[{"Cache_Control":{"ttl":"1H"}}]})") == for_an_hour));
    BOOST_TEST((words(R"({"c\u0061che_control":{"ttl":"\u0031h"}})") == for_an_hour));
    BOOST_TEST(
        (words(R"({"x":[{"cachePoint":{}},{"Speed":"fast"}]})") == rate_words{true, false, true}));
    BOOST_TEST((words(R"({"speed":"standard"})") == rate_words{}));
    // Text is none.
    BOOST_TEST((words(R"({"messages":[{"content":"\"cache_control\" speed"}]})") == rate_words{}));
}

BOOST_AUTO_TEST_SUITE_END()

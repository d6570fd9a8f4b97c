// SPDX-License-Identifier: MIT
//
// What a model said, out of whole bodies and out of streams, and the vectors of embeddings.
#include <aiaudit/providers/answer_reader.hpp>
#include <aiaudit/providers/embeddings.hpp>
#include <aiaudit/providers/reader.hpp>

#include <boost/test/unit_test.hpp>

#include <limits>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(answers)

namespace {

using namespace aiaudit;

struct heard {
    answer said{};
    answer from_deltas{};  // text, reasoning, refusal and calls, put together from the pieces
};

heard hear(dialect which, std::vector<std::string> const& documents) {
    heard to;
    answer_reader reader{which};
    for (std::string const& document : documents) {
        answer_delta const delta = reader.take(boost::json::parse(document));
        to.from_deltas.text += delta.text;
        to.from_deltas.reasoning += delta.reasoning;
        to.from_deltas.refusal += delta.refusal;
        for (tool_call_piece const& piece : delta.tool_calls) {
            auto& calls = to.from_deltas.tool_calls;
            if (piece.index == calls.size()) calls.emplace_back();
            BOOST_REQUIRE(piece.index < calls.size());
            calls[piece.index].id += piece.id;
            calls[piece.index].name += piece.name;
            calls[piece.index].arguments_json += piece.arguments_json;
        }
    }
    BOOST_TEST((reader.so_far().text == to.from_deltas.text));
    to.said = reader.finish();
    BOOST_TEST(to.said.text == to.from_deltas.text);
    BOOST_TEST(to.said.reasoning == to.from_deltas.reasoning);
    BOOST_TEST(to.said.refusal == to.from_deltas.refusal);
    BOOST_TEST(to.said.tool_calls.size() == to.from_deltas.tool_calls.size());
    BOOST_TEST(!to.said.truncated);
    return to;
}

answer said(dialect which, std::vector<std::string> const& documents) {
    return hear(which, documents).said;
}

void check(answer const& got, answer const& expected) {
    BOOST_TEST(got.text == expected.text);
    BOOST_TEST(got.reasoning == expected.reasoning);
    BOOST_TEST(got.finish_reason == expected.finish_reason);
    BOOST_TEST(got.refusal == expected.refusal);
    BOOST_TEST(got.model == expected.model);
    BOOST_REQUIRE(got.tool_calls.size() == expected.tool_calls.size());
    for (std::size_t i = 0; i < got.tool_calls.size(); ++i) {
        BOOST_TEST(got.tool_calls[i].id == expected.tool_calls[i].id);
        BOOST_TEST(got.tool_calls[i].name == expected.tool_calls[i].name);
        BOOST_TEST(got.tool_calls[i].arguments_json == expected.tool_calls[i].arguments_json);
        BOOST_TEST(got.tool_calls[i].signature == expected.tool_calls[i].signature);
    }
}

answer const expected_in_full{.text = "Hello",
                              .reasoning = "Think",
                              .tool_calls = {{"c1", "f", R"({"a":1})", ""}, {"c2", "g", "{}", ""}},
                              .finish_reason = "tool_calls",
                              .model = "m-1"};

answer expected_with(char const* finish_reason) {
    answer expected = expected_in_full;
    expected.finish_reason = finish_reason;
    return expected;
}

std::string chat_delta(std::string const& delta) {
    return R"({"model":"m-1","choices":[{"index":0,"delta":)" + delta + "}]}";
}

errc code_of(result<std::vector<std::vector<float>>> const& got) {
    BOOST_REQUIRE(!got);
    return got.error().code;
}

}  // namespace

BOOST_AUTO_TEST_CASE(openai_chat_says_the_same_whole_and_in_pieces) {
    check(said(dialect::openai_chat, {R"({"model":"m-1","choices":[
              {"index":0,"finish_reason":"tool_calls","message":{"content":"Hello",
               "reasoning_content":"Think","tool_calls":[
                {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},
                {"id":"c2","type":"function","function":{"name":"g","arguments":"{}"}}]}},
              {"index":1,"message":{"content":"Other"}}]})"}),
          expected_in_full);
    check(said(dialect::openai_chat,
               {chat_delta(R"({"role":"assistant","content":""})"),
                chat_delta(R"({"reasoning_content":"Thi"})"),
                chat_delta(R"({"reasoning_content":"nk"})"), chat_delta(R"({"content":"Hel"})"),
                R"({"choices":[{"index":1,"delta":{"content":"Other"}}]})",
                chat_delta(R"({"content":"lo"})"),
                chat_delta(R"({"tool_calls":[{"index":0,"id":"c1","type":"function",
                           "function":{"name":"f","arguments":""}}]})"),
                chat_delta(R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}}]})"),
                chat_delta(R"({"tool_calls":[{"index":1,"id":"c2",
                           "function":{"name":"g","arguments":"{"}}]})"),
                chat_delta(R"({"tool_calls":[{"index":0,"function":{"arguments":":1}"}},
                                             {"index":1,"function":{"arguments":"}"}}]})"),
                R"({"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]})",
                R"({"choices":[],"usage":{"prompt_tokens":1}})"}),
          expected_in_full);
}

BOOST_AUTO_TEST_CASE(openai_responses_says_the_same_whole_and_in_pieces_and_nothing_twice) {
    std::string const output = R"("model":"m-1","status":"completed","output":[
        {"type":"reasoning","summary":[{"type":"summary_text","text":"Think"}]},
        {"type":"message","content":[{"type":"output_text","text":"Hello"}]},
        {"type":"function_call","call_id":"c1","name":"f","arguments":"{\"a\":1}"},
        {"type":"web_search_call","id":"ws"},
        {"type":"function_call","call_id":"c2","name":"g","arguments":"{}"}])";
    answer const expected = expected_with("completed");
    check(said(dialect::openai_responses, {"{" + output + "}"}), expected);
    std::string const completed = R"({"type":"response.completed","response":{)" + output + "}}";
    std::vector<std::string> const events{
        R"({"type":"response.created","response":{"model":"m-1","status":"in_progress"}})",
        R"({"type":"response.reasoning_summary_text.delta","output_index":0,"delta":"Think"})",
        R"({"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning",
            "summary":[{"text":"Think"}]}})",
        R"({"type":"response.output_item.added","output_index":1,"item":{"type":"message"}})",
        R"({"type":"response.output_text.delta","output_index":1,"delta":"Hel"})",
        R"({"type":"response.output_text.delta","output_index":1,"delta":"lo"})",
        R"({"type":"response.output_text.done","output_index":1,"text":"Hello"})",
        R"({"type":"response.output_item.done","output_index":1,"item":{"type":"message",
            "content":[{"type":"output_text","text":"Hello"}]}})",
        R"({"type":"response.output_item.added","output_index":2,"item":{"type":"function_call",
            "call_id":"c1","name":"f","arguments":""}})",
        R"({"type":"response.function_call_arguments.delta","output_index":2,"delta":"{\"a\""})",
        R"({"type":"response.function_call_arguments.delta","output_index":2,"delta":":1}"})",
        R"({"type":"response.output_item.done","output_index":2,"item":{"type":"function_call",
            "call_id":"c1","name":"f","arguments":"{\"a\":1}"}})",
        R"({"type":"response.output_item.done","output_index":4,"item":{"type":"function_call",
            "call_id":"c2","name":"g","arguments":"{}"}})",
        completed};
    check(said(dialect::openai_responses, events), expected);
    // A relay that sends the last event alone.
    check(said(dialect::openai_responses, {completed}), expected);
}

BOOST_AUTO_TEST_CASE(anthropic_says_the_same_whole_and_in_pieces) {
    answer const expected = expected_with("tool_use");
    check(said(dialect::anthropic_messages, {R"({"model":"m-1","stop_reason":"tool_use","content":[
              {"type":"thinking","thinking":"Think","signature":"s"},
              {"type":"text","text":"Hel"},
              {"type":"server_tool_use","id":"x","name":"web_search","input":{"q":1}},
              {"type":"text","text":"lo"},
              {"type":"tool_use","id":"c1","name":"f","input":{"a":1}},
              {"type":"tool_use","id":"c2","name":"g","input":{}}]})"}),
          expected);
    auto const start = [](int index, std::string const& block) {
        return R"({"type":"content_block_start","index":)" + std::to_string(index) +
               R"(,"content_block":)" + block + "}";
    };
    auto const piece = [](int index, std::string const& delta) {
        return R"({"type":"content_block_delta","index":)" + std::to_string(index) +
               R"(,"delta":)" + delta + "}";
    };
    auto const stop = [](int index) {
        return R"({"type":"content_block_stop","index":)" + std::to_string(index) + "}";
    };
    check(said(dialect::anthropic_messages,
               {R"({"type":"message_start","message":{"model":"m-1","content":[]}})",
                start(0, R"({"type":"thinking","thinking":""})"),
                piece(0, R"({"type":"thinking_delta","thinking":"Think"})"),
                piece(0, R"({"type":"signature_delta","signature":"s"})"),
                stop(0),
                start(1, R"({"type":"text","text":""})"),
                R"({"type":"ping"})",
                piece(1, R"({"type":"text_delta","text":"Hel"})"),
                stop(1),
                start(2, R"({"type":"server_tool_use","id":"x","name":"web_search","input":{}})"),
                piece(2, R"({"type":"input_json_delta","partial_json":"{\"q\":1}"})"),
                stop(2),
                start(3, R"({"type":"text","text":"l"})"),
                piece(3, R"({"type":"text_delta","text":"o"})"),
                stop(3),
                start(4, R"({"type":"tool_use","id":"c1","name":"f","input":{}})"),
                piece(4, R"({"type":"input_json_delta","partial_json":""})"),
                piece(4, R"({"type":"input_json_delta","partial_json":"{\"a\""})"),
                piece(4, R"({"type":"input_json_delta","partial_json":":1}"})"),
                stop(4),
                start(5, R"({"type":"tool_use","id":"c2","name":"g","input":{}})"),
                stop(5),
                R"({"type":"message_delta","delta":{"stop_reason":"tool_use"}})",
                R"({"type":"message_stop"})"}),
          expected);
}

BOOST_AUTO_TEST_CASE(gemini_says_the_same_whole_in_pieces_and_in_an_array) {
    answer expected = expected_with("STOP");
    expected.tool_calls[0].signature = "sig";
    expected.tool_calls[1].id = "g";  // it gives none
    std::string const call_1 =
        R"({"functionCall":{"id":"c1","name":"f","args":{"a":1}},"thoughtSignature":"sig"})";
    std::string const call_2 = R"({"functionCall":{"name":"g"}})";
    auto const chunk = [](std::string const& parts, char const* more = "") {
        return R"({"candidates":[{"content":{"parts":[)" + parts + "]}" + more +
               R"(}],"modelVersion":"m-1"})";
    };
    check(said(dialect::gemini, {chunk(R"({"text":"Think","thought":true},{"text":"Hello"},
                         {"executableCode":{"code":"1"}},)" +
                                           call_1 + "," + call_2,
                                       R"(,"finishReason":"STOP")")}),
          expected);
    std::vector<std::string> const chunks{
        chunk(R"({"text":"Thi","thought":true})"),
        chunk(R"({"text":"nk","thought":true})"),
        chunk(R"({"text":"Hel"})"),
        R"({"candidates":[{"index":1,"content":{"parts":[{"text":"Other"}]}}]})",
        chunk(R"({"text":"lo"})"),
        chunk(call_1),
        chunk(call_2, R"(,"finishReason":"STOP")")};
    check(said(dialect::gemini, chunks), expected);
    std::string array = "[";
    for (std::string const& one : chunks) array += one + ",";
    array.back() = ']';
    check(said(dialect::gemini, {array}), expected);
    check(said(dialect::gemini, {R"({"promptFeedback":{"blockReason":"SAFETY"}})"}),
          {.finish_reason = "SAFETY"});
}

BOOST_AUTO_TEST_CASE(a_refusal_stands_apart) {
    answer const expected{.finish_reason = "stop", .refusal = "I will not"};
    check(said(dialect::openai_chat, {R"({"choices":[{"finish_reason":"stop",
                 "message":{"content":null,"refusal":"I will not"}}]})"}),
          expected);
    check(said(dialect::openai_chat,
               {chat_delta(R"({"refusal":"I will"})"), chat_delta(R"({"refusal":" not"})")}),
          {.refusal = "I will not", .model = "m-1"});
    check(said(dialect::openai_responses,
               {R"({"type":"response.refusal.delta","output_index":0,"delta":"I will not"})",
                R"({"type":"response.incomplete","response":{"status":"incomplete",
                    "incomplete_details":{"reason":"content_filter"},"output":[{"type":"message",
                    "content":[{"type":"refusal","refusal":"I will not"}]}]}})"}),
          {.finish_reason = "content_filter", .refusal = "I will not"});
}

BOOST_AUTO_TEST_CASE(what_compatible_servers_do_their_own_way) {
    // Perplexity repeats the whole message beside each delta, and once more at the end.
    check(said(dialect::openai_chat,
               {R"({"choices":[{"delta":{"content":"a"},"message":{"content":"a"}}]})",
                R"({"choices":[{"delta":{"content":"b"},"message":{"content":"ab"}}]})",
                R"({"choices":[{"message":{"content":"ab"},"finish_reason":"stop"}]})"}),
          {.text = "ab", .finish_reason = "stop"});
    // Mistral's content in parts.
    check(said(dialect::openai_chat, {chat_delta(R"({"content":[{"type":"thinking",
                                "thinking":[{"type":"text","text":"hm"}]},
                               {"type":"text","text":"yes"}]})")}),
          {.text = "yes", .reasoning = "hm", .model = "m-1"});
    // Every call numbered 0, each in one piece.
    check(said(dialect::openai_chat, {chat_delta(R"({"tool_calls":[{"index":0,"id":"c1",
                           "function":{"name":"f","arguments":"{\"a\":1}"}}]})"),
                                      chat_delta(R"({"tool_calls":[{"index":0,"id":"c2",
                           "function":{"name":"g","arguments":"{}"}}]})")}),
          {.tool_calls = expected_in_full.tool_calls, .model = "m-1"});
    // No number; arguments as an object; a name that comes late, and is repeated; no id.
    check(said(dialect::openai_chat,
               {chat_delta(R"({"tool_calls":[{"id":"c1"}]})"),
                chat_delta(R"({"tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]})"),
                chat_delta(R"({"tool_calls":[{"id":"c1","function":{"name":"f"}}]})")}),
          {.tool_calls = {{"c1", "f", R"({"a":1})", ""}}, .model = "m-1"});
    check(said(dialect::openai_chat, {R"({"choices":[{"message":{"tool_calls":[
                 {"function":{"name":"f","arguments":null}},
                 {"index":0,"function":{"name":"g","arguments":"{}"}}]}}]})"}),
          {.tool_calls = {{"f", "f", "{}", ""}, {"g", "g", "{}", ""}}});
    // The older completions.
    check(said(dialect::openai_chat, {R"({"choices":[{"text":"a"}]})",
                                      R"({"choices":[{"text":"b","finish_reason":"length"}]})"}),
          {.text = "ab", .finish_reason = "length"});
}

BOOST_AUTO_TEST_CASE(documents_of_any_shape_say_nothing) {
    for (dialect const which : {dialect::openai_chat, dialect::openai_responses,
                                dialect::anthropic_messages, dialect::gemini, dialect::cohere}) {
        for (char const* document :
             {"null", "[]", "7", "{}", R"({"choices":{}})", R"({"choices":[7,null,{"delta":3}]})",
              R"({"candidates":[{"content":{"parts":[null,{"functionCall":1}]}}]})",
              R"({"type":"content_block_delta","index":99,"delta":{"partial_json":"{"}})",
              R"({"type":"response.function_call_arguments.delta","delta":"{"})",
              R"({"type":"response.output_item.done","item":{"type":"message","content":3}})",
              R"({"error":{"message":"m"}})", R"([[{"choices":[{"delta":{"content":"x"}}]}]])"}) {
            check(said(which, {document}), {});
        }
    }
}

BOOST_AUTO_TEST_CASE(an_answer_past_its_bounds_says_so_and_goes_on_in_pieces) {
    answer_reader reader{dialect::openai_chat};
    auto const call = boost::json::parse(
        chat_delta(R"({"tool_calls":[{"id":"x","index":0,"function":{"name":"f"}},
                                     {"id":"y","index":0,"function":{"name":"f"}}]})"));
    for (std::size_t i = 0; i < tool_calls_max / 2; ++i) reader.take(call);
    BOOST_TEST(!reader.so_far().truncated);
    reader.take(call);
    BOOST_TEST(reader.so_far().truncated);
    BOOST_TEST(reader.so_far().tool_calls.size() == tool_calls_max);

    answer_reader talker{dialect::openai_chat};
    boost::json::value much = boost::json::parse(chat_delta(R"({"content":""})"));
    much.at("choices").at(0).at("delta").at("content") = std::string(answer_bytes_max / 4, 'a');
    for (int i = 0; i < 4; ++i) talker.take(much);
    BOOST_TEST(!talker.so_far().truncated);
    BOOST_TEST(talker.take(much).text.size() == answer_bytes_max / 4);
    BOOST_TEST(talker.so_far().truncated);
    BOOST_TEST(talker.so_far().text.size() == answer_bytes_max);
}

BOOST_AUTO_TEST_CASE(a_listener_hears_each_document_once_parsed_and_raw) {
    exchange head;
    head.provider = "openai";
    head.path = "/v1/chat/completions";
    head.status = 200;
    auto const heard_in = [&](std::string_view body, std::size_t size) {
        std::vector<std::string> documents;
        stream_reader reader{head};
        reader.listen([&](boost::json::value const& document, std::string_view text) {
            BOOST_TEST((boost::json::parse(text) == document));
            documents.emplace_back(text);
        });
        for (std::size_t at = 0; at < body.size(); at += size) {
            BOOST_REQUIRE(reader.feed(body.substr(at, size)));
        }
        static_cast<void>(reader.finish());
        return documents;
    };
    std::vector<std::string> const two{R"({"a": 1})", R"({"b": 2})"};
    for (std::size_t const size : {1U, 5U, 100U}) {
        BOOST_TEST(
            (heard_in("data: {\"a\": 1}\n\ndata: {\"b\": 2}\n\ndata: [DONE]\n\n", size) == two));
        BOOST_TEST((heard_in("data: {\"a\": 1}\n\ndata: {\"b\": 2}", size) == two));
        BOOST_TEST((heard_in(" {\"a\": 1}", size) == std::vector<std::string>{two[0]}));
        BOOST_TEST((heard_in("data: {\"a\"\n\n", size).empty()));
    }
    // A model behind InvokeModel wraps its events in base64: heard is what is inside.
    head.provider = "aws";
    head.path = "/model/anthropic.m/invoke-with-response-stream";
    BOOST_TEST((heard_in(R"({"bytes":"eyJhIjogMX0="})", 7) == std::vector<std::string>{two[0]}));
}

BOOST_AUTO_TEST_CASE(embeddings_are_read_as_numbers_as_base64_and_in_the_order_of_the_inputs) {
    using vectors = std::vector<std::vector<float>>;
    vectors const expected{{1.0F, -0.5F}, {0.0F, 2.0F}};
    BOOST_TEST((read_embeddings(R"({"data":[{"index":1,"embedding":[0,2e0]},
                                            {"index":0,"embedding":[1.0,-0.5]}]})")
                    .value() == expected));
    BOOST_TEST((read_embeddings(R"({"data":[{"index":0,"embedding":"AACAPwAAAL8="},
                                            {"index":1,"embedding":"AAAAAAAAAEA="}]})")
                    .value() == expected));
    BOOST_TEST(
        (read_embeddings(R"({"embeddings":[{"values":[1,-0.5]},{"values":[0,2]}]})").value() ==
         expected));
    BOOST_TEST(
        (read_embeddings(R"({"embedding":{"values":[1,-0.5]}})").value() == vectors{expected[0]}));
}

BOOST_AUTO_TEST_CASE(broken_embeddings_are_an_error) {
    for (char const* body :
         {"", "{", "{}", "[]", R"({"data":[]})", R"({"data":[{}]})",
          R"({"data":[{"embedding":7}]})", R"({"data":[{"embedding":["a"]}]})",
          R"({"data":[{"embedding":[1e300]}]})", R"({"data":[{"embedding":"AACAP"}]})",
          R"({"data":[{"index":1,"embedding":[1]}]})", R"({"data":[{"index":-1,"embedding":[1]}]})",
          R"({"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]})",
          R"({"embedding":{"values":{}}})"}) {
        BOOST_TEST((code_of(read_embeddings(body)) == errc::bad_json), body);
    }
}

BOOST_AUTO_TEST_CASE(what_is_only_passed_through_is_handed_on_as_ever_and_not_kept) {
    std::string_view const responses[] = {
        R"({"type":"response.output_item.added","output_index":0,)"
        R"("item":{"type":"function_call","call_id":"c1","name":"weather","arguments":""}})",
        R"({"type":"response.function_call_arguments.delta","output_index":0,"delta":"{\"a\":"})",
        R"({"type":"response.function_call_arguments.delta","output_index":0,"delta":"1}"})",
        R"({"type":"response.output_item.done","output_index":0,)"
        R"("item":{"type":"function_call","call_id":"c1","arguments":"{\"a\":1}"}})",
        R"({"type":"response.output_text.delta","output_index":1,"delta":"Good day"})"};
    answer_reader kept{dialect::openai_responses};
    answer_reader passed{dialect::openai_responses, answer_text::passed};
    for (std::string_view const each : responses) {
        auto const document = boost::json::parse(each);
        auto const one = kept.take(document);
        auto const other = passed.take(document);
        BOOST_TEST(one.text == other.text);
        BOOST_REQUIRE(one.tool_calls.size() == other.tool_calls.size());
        for (std::size_t i = 0; i < one.tool_calls.size(); ++i)
            BOOST_TEST(one.tool_calls[i].arguments_json == other.tool_calls[i].arguments_json);
    }
    BOOST_TEST(kept.so_far().text == "Good day");
    BOOST_TEST(kept.so_far().tool_calls.at(0).arguments_json == R"({"a":1})");
    BOOST_TEST(passed.so_far().text == "");
    BOOST_TEST(passed.so_far().tool_calls.at(0).arguments_json == "");
}

BOOST_AUTO_TEST_SUITE_END()

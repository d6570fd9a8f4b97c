// SPDX-License-Identifier: MIT
//
// Any exchange line, and any body for a path that the first two bytes choose: no crash, a stream
// reads the same cut in two, parts never exceed their sum, and no message holds a line break. The
// answers of its documents are what their pieces make, and its bounds are in order.
#include "require.hpp"

#include <aiaudit/providers/answer_reader.hpp>
#include <aiaudit/providers/embeddings.hpp>
#include <aiaudit/providers/reader.hpp>
#include <aiaudit/providers/usage_asked.hpp>
#include <aiaudit/providers/usage_bounds.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

using namespace aiaudit;
using namespace aiaudit_fuzz;

struct target {
    char const* provider;
    char const* path;
    char const* content_type;
};

constexpr std::array targets{
    target{"openai", "/v1/chat/completions", "text/event-stream"},
    target{"xai", "/v1/chat/completions", "application/json"},
    target{"openrouter", "/api/v1/chat/completions", "text/event-stream"},
    target{"perplexity", "/chat/completions", "application/json"},
    target{"openai", "/v1/responses", "text/event-stream"},
    target{"openai", "/v1/images/generations", "application/json"},
    target{"openai", "/v1/audio/transcriptions", "application/json"},
    target{"anthropic", "/v1/messages", "text/event-stream"},
    target{"google", "/v1beta/models/g:streamGenerateContent", "application/json"},
    target{"aws", "/model/m/converse-stream", "application/vnd.amazon.eventstream"},
    target{"aws", "/model/m/converse-stream", "application/json"},
    target{"aws", "/model/anthropic.m/invoke-with-response-stream", "application/json"},
    target{"aws", "/model/meta.m/invoke", "application/json"},
    target{"cohere", "/v2/chat", "text/event-stream"},
    target{"openai", "/v1/embeddings", "application/json"},
    target{"openai", "/v1/audio/speech", "text/event-stream"},
    target{"google", "/v1beta/interactions", "application/json"},
    target{"ollama", "/api/chat", "application/x-ndjson"},
    target{"dashscope", "/services/aigc/text-generation/generation", "text/event-stream"},
};

exchange exchange_with(std::uint8_t choice, std::string_view body) {
    target const& chosen = targets[choice % targets.size()];
    exchange made;
    made.provider = chosen.provider;
    made.path = chosen.path;
    made.content_type = chosen.content_type;
    made.status = 200;
    made.response = body;
    return made;
}

void check(reading const& read) {
    if (read.problem) require(read.problem->message().find('\n') == std::string::npos);
    if (read.problem) return;
    usage const& counts = read.facts.usage;
    require(!counts.empty());
    require(counts.count(unit::cache_read_tokens) <= counts.count(unit::input_tokens));
    usage sum;
    for (iteration const& run : read.facts.iterations) {
        for_each_count(run.usage, [&](unit which, std::uint64_t count) { sum.add(which, count); });
    }
    require(read.facts.iterations.empty() || sum == counts);
}

// Every dialect reads every document: a server may answer in another's words.
struct listeners {
    static constexpr std::array dialects{dialect::openai_chat, dialect::openai_responses,
                                         dialect::anthropic_messages, dialect::gemini};
    std::array<answer_reader, 4> readers{answer_reader{dialects[0]}, answer_reader{dialects[1]},
                                         answer_reader{dialects[2]}, answer_reader{dialects[3]}};
    std::array<answer, 4> from_pieces{};

    void take(boost::json::value const& document) {
        for (std::size_t i = 0; i < readers.size(); ++i) {
            static_cast<void>(is_usage_only(dialects[i], document));
            answer_delta const delta = readers[i].take(document);
            from_pieces[i].text += delta.text;
            from_pieces[i].reasoning += delta.reasoning;
            from_pieces[i].refusal += delta.refusal;
            for (tool_call_piece const& piece : delta.tool_calls) {
                auto& calls = from_pieces[i].tool_calls;
                if (piece.index == calls.size()) calls.emplace_back();
                require(piece.index < calls.size());
                calls[piece.index].id += piece.id;
                calls[piece.index].name += piece.name;
                calls[piece.index].arguments_json += piece.arguments_json;
            }
        }
    }
    void check() {
        for (std::size_t i = 0; i < readers.size(); ++i) {
            answer const& said = readers[i].so_far();
            answer const& pieces = from_pieces[i];
            if (said.truncated) continue;
            require(said.text == pieces.text && said.reasoning == pieces.reasoning);
            require(said.refusal == pieces.refusal);
            require(said.tool_calls.size() == pieces.tool_calls.size());
            for (std::size_t c = 0; c < said.tool_calls.size(); ++c) {
                require(said.tool_calls[c].id == pieces.tool_calls[c].id);
                require(said.tool_calls[c].name == pieces.tool_calls[c].name);
                require(said.tool_calls[c].arguments_json == pieces.tool_calls[c].arguments_json);
            }
        }
    }
};

// The body of a request, as the bytes may be as well.
void check_request(std::string_view bytes, usage const& known) {
    static_cast<void>(read_embeddings(bytes));
    if (auto const asked = with_usage_asked(dialect::openai_chat, vendor::other, bytes)) {
        auto const again = with_usage_asked(dialect::openai_chat, vendor::other, asked->body);
        require(again.has_value() && !again->injected && again->body == asked->body);
    }
    usage_range const range = bounds_of(known, bytes, {}, 1000);
    for_each_count(known, [&](unit which, std::uint64_t count) {
        require(range.upper.count(which) >= count && range.lower.count(which) == count);
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size < 2) return 0;
    std::string_view const bytes{reinterpret_cast<char const*>(data) + 2, size - 2};
    if (auto const line = parse_exchange(bytes)) {
        check(describe_exchange(*line));
    } else {
        require(line.error().message().find('\n') == std::string::npos);
    }
    exchange const input = exchange_with(data[0], bytes);
    reading const whole = describe_exchange(input);
    check(whole);
    std::size_t const at = data[1] % (bytes.size() + 1);
    stream_reader halves{input};
    listeners heard;
    halves.listen(
        [&](boost::json::value const& document, std::string_view) { heard.take(document); });
    static_cast<void>(halves.feed(bytes.substr(0, at)));
    static_cast<void>(halves.feed(bytes.substr(at)));
    reading const cut = halves.finish();
    require(cut.facts == whole.facts && cut.problem.has_value() == whole.problem.has_value());
    heard.check();
    check_request(bytes, whole.facts.usage);
    return 0;
}

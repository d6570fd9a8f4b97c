// SPDX-License-Identifier: MIT
//
// Any exchange line, and any body for a path that the first two bytes choose: no crash, a stream
// reads the same cut in two, parts never exceed their sum, and no message holds a line break.
#include <aiaudit/providers/reader.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using namespace aiaudit;

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
};

void require(bool held) {
    if (!held) std::abort();
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size < 2) return 0;
    std::string_view const bytes{reinterpret_cast<char const*>(data) + 2, size - 2};
    if (auto const line = parse_exchange(bytes)) {
        check(describe_exchange(*line));
    } else {
        require(line.error().message().find('\n') == std::string::npos);
    }
    target const& chosen = targets[data[0] % targets.size()];
    exchange input;
    input.provider = chosen.provider;
    input.path = chosen.path;
    input.content_type = chosen.content_type;
    input.status = 200;
    input.response = bytes;
    reading const whole = describe_exchange(input);
    check(whole);
    std::size_t const at = data[1] % (bytes.size() + 1);
    stream_reader halves{input};
    static_cast<void>(halves.feed(bytes.substr(0, at)));
    static_cast<void>(halves.feed(bytes.substr(at)));
    reading const cut = halves.finish();
    require(cut.facts == whole.facts && cut.problem.has_value() == whole.problem.has_value());
    return 0;
}

// SPDX-License-Identifier: MIT
//
// Any bytes, cut in two at a place that the first byte chooses: the same events as uncut.
#include <aiaudit/providers/aws_event_stream.hpp>
#include <aiaudit/providers/sse.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

std::string events_of(std::string_view head, std::string_view tail) {
    aiaudit::sse_parser parser;
    std::string text;
    auto const take = [&](aiaudit::sse_event const& event) {
        text += event.name + '\1' + event.data + '\1' + event.id + (event.complete ? '\2' : '\3');
    };
    if (!parser.feed(head, take) || !parser.feed(tail, take)) std::abort();
    parser.finish(take);
    return text;
}

std::string frames_of(std::string_view head, std::string_view tail) {
    aiaudit::aws_event_parser parser;
    std::string text;
    auto const take = [&](aiaudit::aws_event const& event) {
        text.append(event.message_type).append("\1").append(event.event_type).append("\1");
        text.append(event.payload).append("\2");
    };
    bool const good = parser.feed(head, take) && parser.feed(tail, take);
    return text + (good ? "good" : "bad");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view const bytes{reinterpret_cast<char const*>(data) + 1, size - 1};
    std::size_t const at = data[0] % (bytes.size() + 1);
    if (events_of(bytes, {}) != events_of(bytes.substr(0, at), bytes.substr(at))) std::abort();
    if (frames_of(bytes, {}) != frames_of(bytes.substr(0, at), bytes.substr(at))) std::abort();
    return 0;
}

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
#include <vector>

namespace {

using piece_list = std::vector<std::string_view>;

std::string events_of(piece_list const& pieces) {
    aiaudit::sse_parser parser;
    std::string text;
    auto const take = [&](aiaudit::sse_event const& event) {
        text += event.name + '\1' + event.data + '\1' + event.id + (event.complete ? '\2' : '\3');
    };
    for (std::string_view const piece : pieces)
        if (!parser.feed(piece, take)) std::abort();
    parser.finish(take);
    return text;
}

std::string frames_of(piece_list const& pieces) {
    aiaudit::aws_event_parser parser;
    std::string text;
    auto const take = [&](aiaudit::aws_event const& event) {
        text.append(event.message_type).append("\1").append(event.event_type).append("\1");
        text.append(event.payload).append("\2");
    };
    bool good = true;
    for (std::string_view const piece : pieces) good = good && parser.feed(piece, take);
    return text + (good ? "good" : "bad");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view const bytes{reinterpret_cast<char const*>(data) + 1, size - 1};
    std::size_t const at = data[0] % (bytes.size() + 1);
    piece_list const halves{bytes.substr(0, at), bytes.substr(at)};
    if (events_of({bytes}) != events_of(halves)) std::abort();
    if (frames_of({bytes}) != frames_of(halves)) std::abort();
    return 0;
}

// SPDX-License-Identifier: MIT
//
// aws_event_stream.ipp: the definitions of aws_event_stream.hpp.
#ifndef AIAUDIT_IMPL_PROVIDERS_AWS_EVENT_STREAM_IPP
#define AIAUDIT_IMPL_PROVIDERS_AWS_EVENT_STREAM_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/providers/aws_event_stream.hpp>

#include <array>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::uint32_t big_endian_32(std::string_view bytes, std::size_t at) noexcept {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        value = (value << 8) | static_cast<std::uint8_t>(bytes[at + i]);
    }
    return value;
}

AIAUDIT_INLINE bool read_aws_headers(std::string_view headers, aws_event& to) noexcept {
    // Bytes of a value by its type: true, false, byte, short, int, long, (bytes, text), time, uuid.
    constexpr std::array<std::size_t, 10> sizes{0, 0, 1, 2, 4, 8, 0, 0, 8, 16};
    while (!headers.empty()) {
        std::size_t const name_size = static_cast<std::uint8_t>(headers[0]);
        if (headers.size() < 2 + name_size) return false;
        std::string_view const name = headers.substr(1, name_size);
        std::size_t const type = static_cast<std::uint8_t>(headers[1 + name_size]);
        headers.remove_prefix(2 + name_size);
        if (type >= sizes.size()) return false;
        std::size_t size = sizes[type];
        if (type == 6 || type == 7) {
            if (headers.size() < 2) return false;
            size = static_cast<std::size_t>(static_cast<std::uint8_t>(headers[0])) << 8 |
                   static_cast<std::uint8_t>(headers[1]);
            headers.remove_prefix(2);
        }
        if (headers.size() < size) return false;
        std::string_view const value = headers.substr(0, size);
        headers.remove_prefix(size);
        if (name == ":message-type") to.message_type = value;
        if (name == ":event-type" || name == ":exception-type" || name == ":error-code") {
            to.event_type = value;
        }
    }
    return true;
}

AIAUDIT_INLINE std::string from_base64(std::string_view text) {
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    std::uint32_t bits = 0;
    int count = 0;
    for (char const c : text) {
        auto const digit = alphabet.find(c);
        if (digit == std::string_view::npos) continue;
        bits = (bits << 6 | static_cast<std::uint32_t>(digit)) & 0xFFFFFFU;
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes.push_back(static_cast<char>(static_cast<std::uint8_t>(bits >> count)));
    }
    return bytes;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_AWS_EVENT_STREAM_IPP

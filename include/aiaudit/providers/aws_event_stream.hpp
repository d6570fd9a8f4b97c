// SPDX-License-Identifier: MIT
//
// aws_event_stream.hpp: the frames of application/vnd.amazon.eventstream, as Bedrock streams them.
//
// A frame is: total length (4 bytes, big endian), length of the headers (4), a checksum of those
// (4), headers, payload, a checksum of it all (4). A header is: length of its name (1), name, type
// (1), value. The checksums are not verified: TLS already guards the bytes, and a broken length is
// caught by the bounds.
// Threads: one parser by one thread at a time; no I/O.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_AWS_EVENT_STREAM_HPP
#define AIAUDIT_PROVIDERS_AWS_EVENT_STREAM_HPP

#include <aiaudit/error.hpp>  // result

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// AWS allows a payload of 24 MiB and headers of 128 KiB.
inline constexpr std::size_t aws_frame_bytes_max = (std::size_t{24} << 20) + (128 << 10) + 16;

struct aws_event {
    std::string_view message_type{};  // "event", "exception" or "error"
    std::string_view event_type{};    // "metadata", "chunk", "throttlingException"
    std::string_view payload{};
};

namespace detail {

[[nodiscard]] std::uint32_t big_endian_32(std::string_view bytes, std::size_t at) noexcept;

// Reads the headers that matter; false where they do not fit together.
[[nodiscard]] bool read_aws_headers(std::string_view headers, aws_event& to) noexcept;

// The bytes of base64 text; what is not of its alphabet is skipped.
[[nodiscard]] std::string from_base64(std::string_view text);

}  // namespace detail

class aws_event_parser {
public:
    // Takes the next bytes and calls on_event(aws_event const&) for every frame that they complete.
    // bad_input where the bytes are no frames: the parser then takes nothing more.
    template <class OnEvent>
    [[nodiscard]] result<void> feed(std::string_view bytes, OnEvent&& on_event) {
        if (failed_) return not_frames();
        buffer_.append(bytes);
        std::string_view rest = buffer_;
        while (rest.size() >= prelude_bytes) {
            std::size_t const total = detail::big_endian_32(rest, 0);
            std::size_t const headers = detail::big_endian_32(rest, 4);
            bool fits = total <= aws_frame_bytes_max && total >= prelude_bytes + checksum_bytes &&
                        headers <= total - prelude_bytes - checksum_bytes;
            if (fits && rest.size() < total) break;
            aws_event event;
            fits = fits && detail::read_aws_headers(rest.substr(prelude_bytes, headers), event);
            if (!fits) {
                failed_ = true;
                return not_frames();
            }
            event.payload = rest.substr(prelude_bytes + headers,
                                        total - prelude_bytes - headers - checksum_bytes);
            on_event(static_cast<aws_event const&>(event));
            rest.remove_prefix(total);
        }
        buffer_.erase(0, buffer_.size() - rest.size());
        return {};
    }

    // True where the stream ended inside a frame.
    [[nodiscard]] bool cut() const noexcept { return !buffer_.empty(); }

private:
    static constexpr std::size_t prelude_bytes = 12;
    static constexpr std::size_t checksum_bytes = 4;

    static error not_frames() {
        return fail(errc::bad_input, "not an application/vnd.amazon.eventstream frame");
    }

    std::string buffer_{};
    bool failed_ = false;
};

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/providers/aws_event_stream.ipp>
#endif

#endif  // AIAUDIT_PROVIDERS_AWS_EVENT_STREAM_HPP

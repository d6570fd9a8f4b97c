// SPDX-License-Identifier: MIT
//
// sse.hpp: server-sent events out of bytes, as they come.
//
// The event stream of the WHATWG HTML standard: lines end in LF, CR or CRLF; a blank line ends an
// event; a line that starts with a colon is a comment; several data lines are joined by LF. The
// bytes may be cut anywhere, even inside CRLF or the byte order mark. One departure: the standard
// drops an event that the stream ends in the middle of; finish() hands it over, marked, because it
// may carry the usage of a provider that leaves the last blank line out.
// Threads: one parser by one thread at a time; no I/O.
// Floor 4.
#ifndef AIAUDIT_PROVIDERS_SSE_HPP
#define AIAUDIT_PROVIDERS_SSE_HPP

#include <aiaudit/error.hpp>  // result

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

// The largest event, and so the memory of a parser. An image that comes in one event is some tens
// of MiB in base64; more than this is not an answer but an attack or a defect.
inline constexpr std::size_t sse_event_bytes_max = std::size_t{64} << 20;

struct sse_event {
    std::string name{};  // of the `event` field; empty means "message"
    std::string data{};
    std::string id{};      // the last one seen in the stream
    bool complete = true;  // false where the stream ended before the event's blank line
};

class sse_parser {
public:
    // Takes the next bytes and calls on_event(sse_event const&) for every event that they complete.
    // too_large past sse_event_bytes_max: the parser then takes nothing more.
    template <class OnEvent>
    [[nodiscard]] result<void> feed(std::string_view bytes, OnEvent&& on_event) {
        if (failed_) return too_large();
        bytes = skip_byte_order_mark(bytes);
        while (!bytes.empty()) {
            if (skip_line_feed_ && bytes.front() == '\n') bytes.remove_prefix(1);
            skip_line_feed_ = false;
            auto const end = end_of_line(bytes);
            std::string_view const piece = bytes.substr(0, end);
            if (line_.size() + event_.data.size() + piece.size() > sse_event_bytes_max) {
                failed_ = true;
                return too_large();
            }
            line_.append(piece);
            if (end == std::string_view::npos) break;
            skip_line_feed_ = bytes[end] == '\r';
            bytes.remove_prefix(end + 1);
            take_line(on_event);
        }
        return {};
    }

    // Call once at the end of the stream: hands over an event that was cut, with complete = false.
    template <class OnEvent>
    void finish(OnEvent&& on_event) {
        if (failed_) return;
        if (!line_.empty()) take_field();
        event_.complete = false;
        if (has_data_) dispatch(on_event);
    }

private:
    static constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    static constexpr std::size_t mark_done = 3;

    static error too_large() { return fail(errc::too_large, "server-sent event over 64 MiB"); }

    // Not find_first_of: libstdc++ calls a function for each byte of it.
    static std::size_t end_of_line(std::string_view bytes) noexcept;

    // Drops a byte order mark at the start of the stream, and only there.
    std::string_view skip_byte_order_mark(std::string_view bytes);

    template <class OnEvent>
    void take_line(OnEvent&& on_event) {
        if (!line_.empty()) {
            take_field();
        } else if (has_data_) {
            dispatch(on_event);
        } else {
            event_.name.clear();
        }
        line_.clear();
    }

    template <class OnEvent>
    void dispatch(OnEvent&& on_event) {
        on_event(std::as_const(event_));
        event_.name.clear();
        event_.data.clear();
        has_data_ = false;
    }

    void take_field();

    sse_event event_{};
    std::string line_{};
    std::size_t mark_seen_ = 0;    // bytes of the byte order mark so far
    bool skip_line_feed_ = false;  // the last line ended in CR: an LF right after belongs to it
    bool has_data_ = false;
    bool failed_ = false;
};

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/providers/sse.ipp>
#endif

#endif  // AIAUDIT_PROVIDERS_SSE_HPP

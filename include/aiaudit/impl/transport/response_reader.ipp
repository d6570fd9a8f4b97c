// SPDX-License-Identifier: MIT
//
// response_reader.ipp: the definitions of response_reader.hpp.
#ifndef AIAUDIT_IMPL_TRANSPORT_RESPONSE_READER_IPP
#define AIAUDIT_IMPL_TRANSPORT_RESPONSE_READER_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/transport/response_reader.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <system_error>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE ssize_t response_stream::read(char* to, std::size_t size) {
    if (failure_) return -1;
    if (from_.unread().empty()) {
        if (received_ != 0) timer_.start_between_bytes();
        auto const more = from_.receive(timer_);
        if (!more) return give_up(more.error());
        if (!*more) {
            ended_ = true;
            return 0;
        }
    }
    auto const taken = from_.unread().substr(0, size);
    std::memcpy(to, taken.data(), taken.size());
    from_.take(taken.size());
    received_ += taken.size();
    if (!in_body_ && (received_ > response_head_bytes_max || !short_lines(taken)))
        return give_up(fail(errc::bad_response, "the head is too long"));
    // Chunks of one byte are allowed; an endless chunk header is not.
    if (in_body_ && received_ / 8 > bytes_max_ + response_head_bytes_max / 8)
        return give_up(too_large(bytes_max_));
    last_.append(taken.substr(taken.size() - std::min<std::size_t>(taken.size(), 4)));
    last_.erase(0, last_.size() - std::min<std::size_t>(last_.size(), 4));
    return static_cast<ssize_t>(taken.size());
}

AIAUDIT_INLINE bool response_stream::short_lines(std::string_view bytes) noexcept {
    for (char const c : bytes) {
        if (line_ < 5) status_line_ = (line_ == 0 || status_line_) && c == "HTTP/"[line_];
        foreign_ = foreign_ || (first_line_ && line_ < 5 && !status_line_);
        first_line_ = first_line_ && c != '\n';
        line_ = c == '\n' ? 0 : line_ + 1;
        if (line_ > (status_line_ ? status_line_bytes_max : header_line_bytes_max)) return false;
    }
    return true;
}

AIAUDIT_INLINE httplib_parser::httplib_parser(httplib::Stream& from, bool decompress)
    : httplib_parser_for_release(from) {
    set_keep_alive(true);
    set_follow_location(false);
    set_decompress(decompress);
    // Of sockets, which it has none of.
    set_read_timeout(0, 1000);
    set_write_timeout(0, 1000);
}

AIAUDIT_INLINE ssize_t fixed_stream::read(char* to, std::size_t size) {
    size = (std::min)(size, bytes_.size());
    std::memcpy(to, bytes_.data(), size);
    bytes_.remove_prefix(size);
    return static_cast<ssize_t>(size);
}

AIAUDIT_INLINE bool httplib_abilities::reads_ok(std::string_view response, bool decompress) {
    fixed_stream from(response);
    httplib_parser parser(from, decompress);
    httplib::Request request;
    request.method = "GET";
    request.path = "/";
    httplib::Response got;
    httplib::Error why{};
    return parser.send(request, got, why) && got.status == 200 && got.body == "ok";
}

AIAUDIT_INLINE httplib_abilities httplib_abilities::probe() {
    using namespace std::string_view_literals;
    httplib_abilities found;
    found.reads_our_stream = reads_ok("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false);
    found.decodes_gzip =
        found.reads_our_stream &&
        reads_ok(
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 22\r\n\r\n"
            "\x1f\x8b\x08\0\0\0\0\0\x02\xff\xcb\xcf\x06\0\x47\xdd\xdc\x79\x02\0\0\0"sv,
            true);
    return found;
}

// Errors: bad_response.
AIAUDIT_INLINE result<response_framing> framing_of(httplib::Response const& head) {
    response_framing framing;
    bool close = head.version != "HTTP/1.1";
    for (auto const& [name, value] : head.headers) {
        if (same_name(name, "Transfer-Encoding")) {
            if (framing.chunked || !same_name(value, "chunked"))
                return fail(errc::bad_response, "an unknown Transfer-Encoding");
            framing.chunked = true;
        } else if (same_name(name, "Content-Length")) {
            std::uint64_t length = 0;
            auto const end = value.data() + value.size();
            auto const [stop, failed] = std::from_chars(value.data(), end, length);
            if (failed != std::errc{} || stop != end || framing.length.value_or(length) != length)
                return fail(errc::bad_response, "Content-Length is not one number");
            framing.length = length;
        } else if (same_name(name, "Content-Encoding")) {
            bool const known =
                httplib_abilities::get().decodes_gzip && (value == "gzip" || value == "deflate");
            if (!known && !same_name(value, "identity"))
                return fail(errc::bad_response, "an unknown Content-Encoding");
        } else if (same_name(name, "Connection")) {
            close = close || !same_name(value, "keep-alive");
        }
    }
    framing.keep_alive = !close;
    return framing;
}

AIAUDIT_INLINE http_response_head head_of(httplib::Response const& from) {
    http_response_head head;
    head.status = from.status;
    for (auto const& [name, value] : from.headers) {
        auto& made = head.headers.emplace_back(name, value);
        // One release of cpp-httplib decodes %0A and the like.
        std::replace_if(made.second.begin(), made.second.end(), is_control, '?');
    }
    return head;
}

AIAUDIT_INLINE bool response_reader::begin(httplib::Response const& head) {
    auto framing = framing_of(head);
    if (!framing) return refuse(framing.error());
    framing_ = *framing;
    if (head.status < 200) return refuse(fail(errc::bad_response, "no final status"));
    if (framing_.length.value_or(0) > bytes_max_) return refuse(too_large(bytes_max_));
    stream_.start_body();
    if (on_head_(head_of(head))) return true;
    return refuse(fail(errc::cancelled, "the caller wanted no more than the head"));
}

AIAUDIT_INLINE bool response_reader::hand_over(std::string_view piece) {
    body_bytes_ += piece.size();
    if (body_bytes_ > bytes_max_) return refuse(too_large(bytes_max_));
    if (piece.empty() || on_body_(piece)) return true;
    return refuse(fail(errc::cancelled, "the caller wanted no more of the body"));
}

AIAUDIT_INLINE error response_reader::failure() const {
    if (stream_.failure()) return *stream_.failure();
    if (stream_.ended() && !stream_.foreign()) {
        return fail(errc::connection_lost, stream_.in_body() ? "it ended within the body"
                                           : has_begun()     ? "it ended within the head"
                                                             : "it ended without a response");
    }
    return fail(errc::bad_response,
                stream_.in_body() ? "the body cannot be decoded" : "the head is no HTTP/1.1");
}

AIAUDIT_INLINE result<bool> response_reader::read(std::string const& method) {
    auto const& abilities = httplib_abilities::get();
    if (!abilities.reads_our_stream)
        return fail(errc::bad_response, "cpp-httplib " CPPHTTPLIB_VERSION
                                        " does not read from the stream that it is given, so no "
                                        "response can be read: use another release of it");
    httplib::Request request;
    request.method = method;
    request.path = "/";
    bool not_modified = false;
    request.response_handler = [&](httplib::Response const& head) {
        not_modified = head.status == 304;  // the length is that of a body which does not come
        return begin(head) && !not_modified;
    };
    // Of which type the two numbers are depends on the release.
    request.content_receiver = [this](char const* bytes, std::size_t size, auto, auto) {
        return hand_over({bytes, size});
    };
    httplib::Response response;
    httplib::Error why{};  // none
    httplib_parser parser(stream_, abilities.decodes_gzip);
    bool const read = parser.send(request, response, why);
    if (refusal_) return *refusal_;
    if (!read && !not_modified) return failure();
    bool const has_body = stream_.in_body() && !not_modified;
    // cpp-httplib announces no response that has no body.
    if (!stream_.in_body() && !begin(response)) return *refusal_;
    if (has_body && framing_.chunked && !stream_.at_empty_line())
        return fail(errc::bad_response, "a chunk is not as long as it says");
    auto const after = from_.listen();
    if (after == connection::silence::unasked)
        return fail(errc::bad_response, "more came than the head promises");
    // With both lengths, or with none, nobody can be sure where the next response begins.
    bool const delimited = !has_body || framing_.chunked != framing_.length.has_value();
    return framing_.keep_alive && delimited && after == connection::silence::quiet;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_TRANSPORT_RESPONSE_READER_IPP

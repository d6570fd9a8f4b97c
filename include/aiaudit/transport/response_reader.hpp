// SPDX-License-Identifier: MIT
//
// response_reader.hpp: reads one HTTP response from a connection, by cpp-httplib.
//
// cpp-httplib parses and decodes; what it asks for comes from our connection, so that every limit
// holds and nothing that was received is lost between two responses. Its releases differ in what
// they overlook, so what matters is checked here: the framing headers, the end of the last chunk,
// the length of lines (one release matches the status line by a recursive regular expression).
//
// Threads: one.
// Floor 5.
#ifndef AIAUDIT_TRANSPORT_RESPONSE_READER_HPP
#define AIAUDIT_TRANSPORT_RESPONSE_READER_HPP

#include <aiaudit/core/http.hpp>                 // http_response_head
#include <aiaudit/error.hpp>                     // result
#include <aiaudit/transport/connection.hpp>      // connection
#include <aiaudit/transport/transfer_timer.hpp>  // transfer_timer

#include <httplib.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Whether this build of cpp-httplib decodes gzip.
#ifdef CPPHTTPLIB_ZLIB_SUPPORT
inline constexpr bool decodes_gzip = true;
#else
inline constexpr bool decodes_gzip = false;
#endif

inline constexpr std::size_t status_line_bytes_max = 512;
inline constexpr std::size_t header_line_bytes_max = 8192;  // cpp-httplib's own
inline constexpr std::size_t response_head_bytes_max = std::size_t{256} << 10;

[[nodiscard]] inline error too_large(std::size_t bytes_max) {
    return fail(errc::too_large,
                "the response has more than " + std::to_string(bytes_max) + " bytes");
}

// The connection as cpp-httplib sees it. Its functions override those of the base, which is why
// some releases lack some of them and none is marked.
// NOLINTBEGIN(modernize-use-override)
class response_stream final : public httplib::Stream {
public:
    response_stream(connection& from, transfer_timer& timer, std::size_t bytes_max)
        : from_(from), timer_(timer), bytes_max_(bytes_max) {}

    bool is_readable() const { return true; }
    bool is_writable() const { return true; }
    bool wait_readable() const { return true; }
    bool wait_writable() const { return true; }
    time_t duration() const { return 0; }
    void get_remote_ip_and_port(std::string&, int&) const {}
    void get_local_ip_and_port(std::string&, int&) const {}
    socket_t socket() const { return INVALID_SOCKET; }

    // The request has been sent; what cpp-httplib makes of one goes nowhere.
    ssize_t write(char const*, std::size_t size) { return static_cast<ssize_t>(size); }

    ssize_t read(char* to, std::size_t size) {
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

    void start_body() noexcept { in_body_ = true; }
    [[nodiscard]] std::optional<error> const& failure() const noexcept { return failure_; }
    [[nodiscard]] bool ended() const noexcept { return ended_; }
    // It began with what no response of HTTP begins with.
    [[nodiscard]] bool foreign() const noexcept { return foreign_; }
    [[nodiscard]] std::size_t received() const noexcept { return received_; }
    [[nodiscard]] bool in_body() const noexcept { return in_body_; }
    // How the last chunk ends, and nothing else does.
    [[nodiscard]] bool at_empty_line() const noexcept { return last_ == "\r\n\r\n"; }

private:
    ssize_t give_up(error why) {
        failure_ = std::move(why);
        return -1;
    }
    [[nodiscard]] bool short_lines(std::string_view bytes) noexcept {
        for (char const c : bytes) {
            if (line_ < 5) status_line_ = (line_ == 0 || status_line_) && c == "HTTP/"[line_];
            foreign_ = foreign_ || (first_line_ && line_ < 5 && !status_line_);
            first_line_ = first_line_ && c != '\n';
            line_ = c == '\n' ? 0 : line_ + 1;
            if (line_ > (status_line_ ? status_line_bytes_max : header_line_bytes_max))
                return false;
        }
        return true;
    }

    connection& from_;
    transfer_timer& timer_;
    std::size_t bytes_max_;
    std::size_t received_ = 0;
    std::size_t line_ = 0;
    bool first_line_ = true;
    bool status_line_ = false;
    bool foreign_ = false;
    bool in_body_ = false;
    bool ended_ = false;
    std::string last_{};
    std::optional<error> failure_{};
};
// NOLINTEND(modernize-use-override)

// cpp-httplib's client, given our stream in place of a socket.
class httplib_parser final : public httplib::ClientImpl {
public:
    explicit httplib_parser(response_stream& from)
        : httplib::ClientImpl("localhost", 80), from_(from) {
        set_keep_alive(true);
        set_follow_location(false);
        set_decompress(decodes_gzip);
    }

private:
    // No descriptor has this number; what is done with it fails without harm.
    static constexpr int no_socket = -2;

    // NOLINTBEGIN(modernize-use-override,performance-unnecessary-value-param): as they are there
    bool create_and_connect_socket(Socket& socket, httplib::Error&) {
        socket.sock = no_socket;
        return true;
    }
    // One of these overrides, by release.
    bool process_socket(Socket const&, std::function<bool(httplib::Stream&)> use) {
        return use(from_);
    }
    bool process_socket(Socket const&, std::chrono::steady_clock::time_point,
                        std::function<bool(httplib::Stream&)> use) {
        return use(from_);
    }
    // NOLINTEND(modernize-use-override,performance-unnecessary-value-param)

    response_stream& from_;
};

// What the head says of the body's end, of its encoding and of the connection's future.
struct response_framing {
    bool keep_alive = false;
    bool chunked = false;
    std::optional<std::uint64_t> length{};
};

// Errors: bad_response.
[[nodiscard]] inline result<response_framing> framing_of(httplib::Response const& head) {
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
            bool const known = decodes_gzip && (value == "gzip" || value == "deflate");
            if (!known && !same_name(value, "identity"))
                return fail(errc::bad_response, "an unknown Content-Encoding");
        } else if (same_name(name, "Connection")) {
            close = close || !same_name(value, "keep-alive");
        }
    }
    framing.keep_alive = !close;
    return framing;
}

[[nodiscard]] inline http_response_head head_of(httplib::Response const& from) {
    http_response_head head;
    head.status = from.status;
    for (auto const& [name, value] : from.headers) {
        auto& made = head.headers.emplace_back(name, value);
        // One release of cpp-httplib decodes %0A and the like.
        std::replace_if(made.second.begin(), made.second.end(), is_control, '?');
    }
    return head;
}

// Hands one response over to its caller.
class response_reader {
public:
    using head_receiver = std::function<bool(http_response_head const&)>;
    using body_receiver = std::function<bool(std::string_view)>;

    response_reader(connection& from, transfer_timer& timer, std::size_t bytes_max,
                    head_receiver on_head, body_receiver on_body)
        : from_(from),
          bytes_max_(bytes_max),
          stream_(from, timer, bytes_max),
          on_head_(std::move(on_head)),
          on_body_(std::move(on_body)) {}

    // Whether the connection can be used for another request. Errors: those of transport_policy.
    [[nodiscard]] result<bool> read(std::string const& method);
    // False: not one byte of it came.
    [[nodiscard]] bool has_begun() const noexcept { return stream_.received() != 0; }

private:
    bool refuse(error why) {
        refusal_ = std::move(why);
        return false;
    }
    bool begin(httplib::Response const& head) {
        auto framing = framing_of(head);
        if (!framing) return refuse(framing.error());
        framing_ = *framing;
        if (head.status < 200) return refuse(fail(errc::bad_response, "no final status"));
        if (framing_.length.value_or(0) > bytes_max_) return refuse(too_large(bytes_max_));
        stream_.start_body();
        if (on_head_(head_of(head))) return true;
        return refuse(fail(errc::cancelled, "the caller wanted no more than the head"));
    }
    bool hand_over(std::string_view piece) {
        body_bytes_ += piece.size();
        if (body_bytes_ > bytes_max_) return refuse(too_large(bytes_max_));
        if (piece.empty() || on_body_(piece)) return true;
        return refuse(fail(errc::cancelled, "the caller wanted no more of the body"));
    }
    [[nodiscard]] error failure() const {
        if (stream_.failure()) return *stream_.failure();
        if (stream_.ended() && !stream_.foreign()) {
            return fail(errc::connection_lost, stream_.in_body() ? "it ended within the body"
                                               : has_begun()     ? "it ended within the head"
                                                                 : "it ended without a response");
        }
        return fail(errc::bad_response,
                    stream_.in_body() ? "the body cannot be decoded" : "the head is no HTTP/1.1");
    }

    connection& from_;
    std::size_t bytes_max_;
    std::size_t body_bytes_ = 0;
    response_stream stream_;
    response_framing framing_{};
    std::optional<error> refusal_{};
    head_receiver on_head_;
    body_receiver on_body_;
};

inline result<bool> response_reader::read(std::string const& method) {
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
    httplib_parser parser(stream_);
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

#endif  // AIAUDIT_TRANSPORT_RESPONSE_READER_HPP

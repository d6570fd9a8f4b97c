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

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
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

    ssize_t read(char* to, std::size_t size);

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
    [[nodiscard]] bool short_lines(std::string_view bytes) noexcept;

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

[[nodiscard]] http_response_head head_of(httplib::Response const& from);

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
    bool begin(httplib::Response const& head);
    bool hand_over(std::string_view piece);
    [[nodiscard]] error failure() const;

    connection& from_;
    std::size_t bytes_max_;
    std::size_t body_bytes_ = 0;
    response_stream stream_;
    response_framing framing_{};
    std::optional<error> refusal_{};
    head_receiver on_head_;
    body_receiver on_body_;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/transport/response_reader.ipp>
#endif

#endif  // AIAUDIT_TRANSPORT_RESPONSE_READER_HPP

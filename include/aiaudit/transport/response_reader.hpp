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

// The layout of cpp-httplib's classes depends on CPPHTTPLIB_OPENSSL_SUPPORT; Debian's library is
// built with it. Where nobody has said how theirs is built, it is taken to be so; a build that
// knows (CMake's and Meson's files of this project do) defines AIAUDIT_HTTPLIB_AS_IS. No class
// depends on the macros for compression. docs/decisions/0011-httplib-macros.md.
#if !defined(AIAUDIT_HTTPLIB_AS_IS) && !defined(CPPHTTPLIB_OPENSSL_SUPPORT) && \
    !defined(CPPHTTPLIB_MBEDTLS_SUPPORT) && !defined(CPPHTTPLIB_WOLFSSL_SUPPORT)
#ifdef CPPHTTPLIB_HTTPLIB_H
#error \
    "httplib.h was included before aiaudit, without CPPHTTPLIB_OPENSSL_SUPPORT. \
Compile all sources with that macro if your cpp-httplib is a library built with it, as Debian's is; \
define AIAUDIT_HTTPLIB_AS_IS if it is without TLS everywhere in your program."
#endif
#define CPPHTTPLIB_OPENSSL_SUPPORT
#endif
#include <httplib.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

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

// cpp-httplib's client, given our stream in place of a socket. What it overrides is private there:
// `override` makes a release that has renamed it an error of the compiler.
template <class Client>
class httplib_parser_base : public Client {
protected:
    // Port 0 cannot be connected to, if a release comes to do so all the same.
    explicit httplib_parser_base(httplib::Stream& from) : Client("127.0.0.1", 0), from_(from) {}

    [[nodiscard]] httplib::Stream& from() const noexcept { return from_; }

private:
    // No descriptor has this number; what is done with it fails without harm.
    static constexpr int no_socket = -2;

    bool create_and_connect_socket(typename Client::Socket& socket, httplib::Error&) override {
        socket.sock = no_socket;
        return true;
    }

    httplib::Stream& from_;
};

// NOLINTBEGIN(performance-unnecessary-value-param): as they are there
// Before 0.19.
template <class Client>
class untimed_httplib_parser : public httplib_parser_base<Client> {
protected:
    using httplib_parser_base<Client>::httplib_parser_base;

private:
    bool process_socket(typename Client::Socket const&,
                        std::function<bool(httplib::Stream&)> use) override {
        return use(this->from());
    }
};

// From 0.19 on, which limits the time of a request.
template <class Client>
class timed_httplib_parser : public httplib_parser_base<Client> {
protected:
    using httplib_parser_base<Client>::httplib_parser_base;

private:
    bool process_socket(typename Client::Socket const&, std::chrono::steady_clock::time_point,
                        std::function<bool(httplib::Stream&)> use) override {
        return use(this->from());
    }
};
// NOLINTEND(performance-unnecessary-value-param)

template <class Client>
concept times_requests = requires(Client& client) {
    client.set_max_timeout(std::chrono::milliseconds{1});
};

using httplib_parser_for_release = std::conditional_t<times_requests<httplib::ClientImpl>,
                                                      timed_httplib_parser<httplib::ClientImpl>,
                                                      untimed_httplib_parser<httplib::ClientImpl>>;

class httplib_parser final : public httplib_parser_for_release {
public:
    httplib_parser(httplib::Stream& from, bool decompress);
};

// One response from memory.
// NOLINTBEGIN(modernize-use-override): see response_stream
class fixed_stream final : public httplib::Stream {
public:
    explicit fixed_stream(std::string_view bytes) : bytes_(bytes) {}

    bool is_readable() const { return true; }
    bool is_writable() const { return true; }
    bool wait_readable() const { return true; }
    bool wait_writable() const { return true; }
    time_t duration() const { return 0; }
    void get_remote_ip_and_port(std::string&, int&) const {}
    void get_local_ip_and_port(std::string&, int&) const {}
    socket_t socket() const { return INVALID_SOCKET; }
    ssize_t write(char const*, std::size_t size) { return static_cast<ssize_t>(size); }
    ssize_t read(char* to, std::size_t size);

private:
    std::string_view bytes_;
};
// NOLINTEND(modernize-use-override)

// What the cpp-httplib that is linked does, found out by two responses of which the body is "ok".
// Its macros in this source say nothing of how a library was built.
struct httplib_abilities {
    bool reads_our_stream = false;  // else it does not ask process_socket any more
    bool decodes_gzip = false;

    [[nodiscard]] static httplib_abilities const& get() {
        static httplib_abilities const found = probe();
        return found;
    }

private:
    [[nodiscard]] static bool reads_ok(std::string_view response, bool decompress);
    [[nodiscard]] static httplib_abilities probe();
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

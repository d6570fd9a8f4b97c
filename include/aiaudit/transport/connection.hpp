// SPDX-License-Identifier: MIT
//
// connection.hpp: a TCP connection, with TLS or without, whose every wait has an end.
//
// The socket never blocks: all waiting is one poll(2), which the timer's limits and the stop token
// end. Only the resolution of a name cannot be interrupted (getaddrinfo has no such means); the
// limits are looked at again as soon as it is done.
//
// Threads: one at a time; wake() from any.
// Floor 5.
#ifndef AIAUDIT_TRANSPORT_CONNECTION_HPP
#define AIAUDIT_TRANSPORT_CONNECTION_HPP

#include <aiaudit/error.hpp>                     // result
#include <aiaudit/transport/tls.hpp>             // tls_session
#include <aiaudit/transport/transfer_timer.hpp>  // transfer_timer

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class unique_fd {
public:
    unique_fd() = default;
    explicit unique_fd(int fd) noexcept : fd_(fd) {}
    unique_fd(unique_fd&& from) noexcept : fd_(std::exchange(from.fd_, -1)) {}
    unique_fd& operator=(unique_fd&& from) noexcept {
        std::swap(fd_, from.fd_);
        return *this;
    }
    ~unique_fd() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int get() const noexcept { return fd_; }

private:
    int fd_ = -1;
};

class connection {
public:
    connection() = default;
    connection(connection const&) = delete;
    connection& operator=(connection const&) = delete;

    // Ends the wait of another thread, and all waits to come.
    void wake() const noexcept {
        [[maybe_unused]] auto const written = ::write(wake_in_.get(), "", 1);
    }

    // Before the rest. Errors: connect_failed (no descriptors left).
    [[nodiscard]] result<void> prepare();

    // `name` is what errors call the peer. Errors: connect_failed, timed_out, cancelled.
    [[nodiscard]] result<void> open(std::string const& host, std::string const& port,
                                    std::string const& name, transfer_timer const& timer);

    // Errors: tls_failed, timed_out, cancelled.
    [[nodiscard]] result<void> start_tls(SSL_CTX* context, std::string const& host,
                                         transfer_timer const& timer);

    // Errors: connection_lost, timed_out, cancelled; sent() then tells how much of the request was
    // handed to the operating system.
    [[nodiscard]] result<void> write(std::string_view bytes, transfer_timer const& timer);
    // What a proxy or an earlier request was sent no longer counts.
    void begin_request() noexcept { sent_ = 0; }
    [[nodiscard]] std::size_t sent() const noexcept { return sent_; }

    // What has been received and not taken.
    [[nodiscard]] std::string_view unread() const noexcept {
        return {buffer_.data() + begin_, end_ - begin_};
    }
    void take(std::size_t size) noexcept { begin_ += size; }

    // Receives something; false: the peer has ended the connection. Precondition: unread() is
    // empty. Errors: connection_lost, timed_out, cancelled.
    [[nodiscard]] result<bool> receive(transfer_timer const& timer);

    enum class silence { quiet, ended, unasked };
    // Whether the peer has closed the connection or sent what nobody asked for, without waiting.
    [[nodiscard]] silence listen();

    // Fit for another request: a child process must not write into its parent's connection.
    [[nodiscard]] bool reusable() { return process_ == ::getpid() && listen() == silence::quiet; }

private:
    static constexpr std::size_t buffer_size = 16'384;  // a TLS record

    [[nodiscard]] static std::string reason_of(int code) {
        return std::generic_category().message(code);
    }

    [[nodiscard]] result<void> wait(short events, transfer_timer const& timer) const;

    [[nodiscard]] result<void> connect(addrinfo const& to, transfer_timer const& timer);

    [[nodiscard]] result<std::size_t> plain_write(std::string_view bytes,
                                                  transfer_timer const& timer);
    [[nodiscard]] result<std::size_t> plain_read(transfer_timer const& timer);

    // Calls libssl until it has done something: over 0; 0 at the end of the session; below 0 where
    // it failed, with the reason in its queue.
    template <class Call>
    [[nodiscard]] result<int> tls_call(transfer_timer const& timer, Call call) {
        for (;;) {
            if (auto why = timer.expired()) return *why;
            ERR_clear_error();
            int const done = call();
            if (done > 0) return done;
            int const why = SSL_get_error(tls_.get(), done);
            if (why == SSL_ERROR_ZERO_RETURN) return 0;
            if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) return -1;
            short const events = why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
            if (auto const waited = wait(events, timer); !waited) return waited.error();
        }
    }
    [[nodiscard]] result<std::size_t> tls_write(std::string_view bytes,
                                                transfer_timer const& timer);
    // An end without TLS's own farewell is a broken connection: anyone can make it.
    [[nodiscard]] result<std::size_t> tls_read(transfer_timer const& timer);

    unique_fd wake_out_{};
    unique_fd wake_in_{};
    unique_fd socket_{};
    tls_session tls_{};  // before the socket it stands on
    pid_t process_ = 0;
    std::size_t sent_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::array<char, buffer_size> buffer_{};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/transport/connection.ipp>
#endif

#endif  // AIAUDIT_TRANSPORT_CONNECTION_HPP

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

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
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

[[nodiscard]] inline bool set_nonblocking(int fd) noexcept {
    int const flags = ::fcntl(fd, F_GETFL);
    return flags >= 0 && ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           ::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

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
    [[nodiscard]] result<void> prepare() {
        int ends[2];
        if (::pipe(ends) != 0) return fail(errc::connect_failed, "pipe: " + reason_of(errno));
        wake_out_ = unique_fd{ends[0]};
        wake_in_ = unique_fd{ends[1]};
        if (!set_nonblocking(ends[0]) || !set_nonblocking(ends[1]))
            return fail(errc::connect_failed, "fcntl: " + reason_of(errno));
        process_ = ::getpid();
        return {};
    }

    // `name` is what errors call the peer. Errors: connect_failed, timed_out, cancelled.
    [[nodiscard]] result<void> open(std::string const& host, std::string const& port,
                                    std::string const& name, transfer_timer const& timer);

    // Errors: tls_failed, timed_out, cancelled.
    [[nodiscard]] result<void> start_tls(SSL_CTX* context, std::string const& host,
                                         transfer_timer const& timer) {
        auto session = make_tls_session(context, socket_.get(), host);
        if (!session) return session.error();
        tls_ = std::move(*session);
        auto const shaken = tls_call(timer, [this] { return SSL_do_handshake(tls_.get()); });
        if (!shaken) return shaken.error();
        if (*shaken <= 0) return tls_failure(tls_.get());
        return {};
    }

    // Errors: connection_lost, timed_out, cancelled; sent() then tells how much was handed to the
    // operating system.
    [[nodiscard]] result<void> write(std::string_view bytes, transfer_timer const& timer) {
        while (!bytes.empty()) {
            auto const size = tls_ ? tls_write(bytes, timer) : plain_write(bytes, timer);
            if (!size) return size.error();
            sent_ += *size;
            bytes.remove_prefix(*size);
        }
        return {};
    }
    [[nodiscard]] std::size_t sent() const noexcept { return sent_; }

    // What has been received and not taken.
    [[nodiscard]] std::string_view unread() const noexcept {
        return {buffer_.data() + begin_, end_ - begin_};
    }
    void take(std::size_t size) noexcept { begin_ += size; }

    // Receives something; false: the peer has ended the connection. Precondition: unread() is
    // empty. Errors: connection_lost, timed_out, cancelled.
    [[nodiscard]] result<bool> receive(transfer_timer const& timer) {
        auto const size = tls_ ? tls_read(timer) : plain_read(timer);
        if (!size) return size.error();
        begin_ = 0;
        end_ = *size;
        return *size != 0;
    }

    enum class silence { quiet, ended, unasked };
    // Whether the peer has closed the connection or sent what nobody asked for, without waiting.
    [[nodiscard]] silence listen() {
        if (!unread().empty()) return silence::unasked;
        char byte = 0;
        if (tls_) {
            // What can be read may be a session ticket, so libssl has to look.
            ERR_clear_error();
            int const size = SSL_peek(tls_.get(), &byte, 1);
            int const why = SSL_get_error(tls_.get(), size);
            ERR_clear_error();
            return size > 0                     ? silence::unasked
                   : why == SSL_ERROR_WANT_READ ? silence::quiet
                                                : silence::ended;
        }
        auto const size = ::recv(socket_.get(), &byte, 1, MSG_PEEK);
        if (size > 0) return silence::unasked;
        return size < 0 && errno == EAGAIN ? silence::quiet : silence::ended;
    }

    // Fit for another request: a child process must not write into its parent's connection.
    [[nodiscard]] bool reusable() {
        sent_ = 0;
        return process_ == ::getpid() && listen() == silence::quiet;
    }

private:
    static constexpr std::size_t buffer_size = 16'384;  // a TLS record

    [[nodiscard]] static std::string reason_of(int code) {
        return std::generic_category().message(code);
    }

    [[nodiscard]] result<void> wait(short events, transfer_timer const& timer) const {
        for (;;) {
            if (auto why = timer.expired()) return *why;
            pollfd watched[] = {{socket_.get(), events, 0}, {wake_out_.get(), POLLIN, 0}};
            int const ready = ::poll(watched, 2, timer.poll_ms());
            if (ready < 0 && errno != EINTR)
                return fail(errc::connection_lost, "poll: " + reason_of(errno));
            if (ready <= 0) continue;
            if (watched[1].revents != 0) {
                // The timer knows whether that was while connecting, when nothing is sent.
                if (auto why = timer.expired()) return *why;
                return fail(errc::cancelled, "stopped by the caller");
            }
            return {};
        }
    }

    [[nodiscard]] result<void> connect(addrinfo const& to, transfer_timer const& timer);

    [[nodiscard]] result<std::size_t> plain_write(std::string_view bytes,
                                                  transfer_timer const& timer) {
        for (;;) {
            if (auto why = timer.expired()) return *why;
            auto const size = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (size >= 0) return static_cast<std::size_t>(size);
            if (errno != EAGAIN && errno != EINTR)
                return fail(errc::connection_lost, "send: " + reason_of(errno));
            if (auto const waited = wait(POLLOUT, timer); !waited) return waited.error();
        }
    }
    [[nodiscard]] result<std::size_t> plain_read(transfer_timer const& timer) {
        for (;;) {
            if (auto why = timer.expired()) return *why;
            auto const size = ::recv(socket_.get(), buffer_.data(), buffer_.size(), 0);
            if (size >= 0) return static_cast<std::size_t>(size);
            if (errno != EAGAIN && errno != EINTR)
                return fail(errc::connection_lost, "recv: " + reason_of(errno));
            if (auto const waited = wait(POLLIN, timer); !waited) return waited.error();
        }
    }

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
                                                transfer_timer const& timer) {
        auto const size = tls_call(timer, [&] {
            return SSL_write(tls_.get(), bytes.data(),
                             static_cast<int>((std::min)(bytes.size(), buffer_size)));
        });
        if (!size) return size.error();
        ERR_clear_error();
        if (*size <= 0) return fail(errc::connection_lost, "the TLS session broke");
        return static_cast<std::size_t>(*size);
    }
    // An end without TLS's own farewell is a broken connection: anyone can make it.
    [[nodiscard]] result<std::size_t> tls_read(transfer_timer const& timer) {
        auto const size = tls_call(timer, [this] {
            return SSL_read(tls_.get(), buffer_.data(), static_cast<int>(buffer_.size()));
        });
        if (!size) return size.error();
        ERR_clear_error();
        if (*size < 0) return fail(errc::connection_lost, "the TLS session broke");
        return static_cast<std::size_t>(*size);
    }

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

inline result<void> connection::connect(addrinfo const& to, transfer_timer const& timer) {
    socket_ = unique_fd{::socket(to.ai_family, to.ai_socktype, to.ai_protocol)};
    int const on = 1;
    if (socket_.get() < 0 || !set_nonblocking(socket_.get()) ||
        ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        return fail(errc::connect_failed, reason_of(errno));
    if (::connect(socket_.get(), to.ai_addr, to.ai_addrlen) == 0) return {};
    if (errno != EINPROGRESS && errno != EINTR) return fail(errc::connect_failed, reason_of(errno));
    if (auto const waited = wait(POLLOUT, timer); !waited) return waited.error();
    int code = 0;
    socklen_t size = sizeof code;
    if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &code, &size) != 0) code = errno;
    if (code != 0) return fail(errc::connect_failed, reason_of(code));
    return {};
}

inline result<void> connection::open(std::string const& host, std::string const& port,
                                     std::string const& name, transfer_timer const& timer) {
    if (auto why = timer.expired()) return *why;
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    int const failed = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
    if (failed != 0) return fail(errc::connect_failed, name + ": " + ::gai_strerror(failed));
    std::unique_ptr<addrinfo, void (*)(addrinfo*)> const addresses{found, &::freeaddrinfo};
    std::size_t left = 0;
    for (auto const* at = found; at != nullptr; at = at->ai_next) ++left;
    error last = fail(errc::connect_failed, name + ": no address");
    for (auto const* at = found; at != nullptr; at = at->ai_next, --left) {
        // An address that does not answer must not use up the time of the next.
        auto const done = connect(*at, timer.share(left));
        if (done) return {};
        if (auto why = timer.expired()) return *why;
        last = done.error();
        if (last.code == errc::connect_failed) last.where = name + ": " + last.where;
    }
    return last;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_TRANSPORT_CONNECTION_HPP

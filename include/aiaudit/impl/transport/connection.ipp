// SPDX-License-Identifier: MIT
//
// connection.ipp: the definitions of connection.hpp.
#ifndef AIAUDIT_IMPL_TRANSPORT_CONNECTION_IPP
#define AIAUDIT_IMPL_TRANSPORT_CONNECTION_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/transport/connection.hpp>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE bool set_nonblocking(int fd) noexcept {
    int const flags = ::fcntl(fd, F_GETFL);
    return flags >= 0 && ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           ::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

AIAUDIT_INLINE result<void> connection::prepare() {
    int ends[2];
    if (::pipe(ends) != 0) return fail(errc::connect_failed, "pipe: " + reason_of(errno));
    wake_out_ = unique_fd{ends[0]};
    wake_in_ = unique_fd{ends[1]};
    if (!set_nonblocking(ends[0]) || !set_nonblocking(ends[1]))
        return fail(errc::connect_failed, "fcntl: " + reason_of(errno));
    process_ = ::getpid();
    return {};
}

AIAUDIT_INLINE result<void> connection::start_tls(SSL_CTX* context, std::string const& host,
                                                  transfer_timer const& timer) {
    auto session = make_tls_session(context, socket_.get(), host);
    if (!session) return session.error();
    tls_ = std::move(*session);
    auto const shaken = tls_call(timer, [this] { return SSL_do_handshake(tls_.get()); });
    if (!shaken) return shaken.error();
    if (*shaken <= 0) return tls_failure(tls_.get());
    return {};
}

AIAUDIT_INLINE result<void> connection::write(std::string_view bytes, transfer_timer const& timer) {
    while (!bytes.empty()) {
        auto const size = tls_ ? tls_write(bytes, timer) : plain_write(bytes, timer);
        if (!size) return size.error();
        sent_ += *size;
        bytes.remove_prefix(*size);
    }
    return {};
}

AIAUDIT_INLINE result<bool> connection::receive(transfer_timer const& timer) {
    auto const size = tls_ ? tls_read(timer) : plain_read(timer);
    if (!size) return size.error();
    begin_ = 0;
    end_ = *size;
    return *size != 0;
}

AIAUDIT_INLINE connection::silence connection::listen() {
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

AIAUDIT_INLINE result<void> connection::wait(short events, transfer_timer const& timer) const {
    for (;;) {
        if (auto why = timer.expired()) return *why;
        pollfd watched[] = {{socket_.get(), events, 0}, {wake_out_.get(), POLLIN, 0}};
        int const ready = ::poll(watched, 2, timer.poll_ms());
        if (ready < 0 && errno != EINTR)
            return fail(errc::connection_lost, "poll: " + reason_of(errno));
        if (ready <= 0) continue;
        if (watched[1].revents != 0) {
            // The timer knows whether that was while connecting.
            if (auto why = timer.expired()) return *why;
            return fail(errc::cancelled, "stopped by the caller");
        }
        return {};
    }
}

AIAUDIT_INLINE result<std::size_t> connection::plain_write(std::string_view bytes,
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

AIAUDIT_INLINE result<std::size_t> connection::plain_read(transfer_timer const& timer) {
    for (;;) {
        if (auto why = timer.expired()) return *why;
        auto const size = ::recv(socket_.get(), buffer_.data(), buffer_.size(), 0);
        if (size >= 0) return static_cast<std::size_t>(size);
        if (errno != EAGAIN && errno != EINTR)
            return fail(errc::connection_lost, "recv: " + reason_of(errno));
        if (auto const waited = wait(POLLIN, timer); !waited) return waited.error();
    }
}

AIAUDIT_INLINE result<std::size_t> connection::tls_write(std::string_view bytes,
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

AIAUDIT_INLINE result<std::size_t> connection::tls_read(transfer_timer const& timer) {
    auto const size = tls_call(timer, [this] {
        return SSL_read(tls_.get(), buffer_.data(), static_cast<int>(buffer_.size()));
    });
    if (!size) return size.error();
    ERR_clear_error();
    if (*size < 0) return fail(errc::connection_lost, "the TLS session broke");
    return static_cast<std::size_t>(*size);
}

AIAUDIT_INLINE result<void> connection::connect(addrinfo const& to, transfer_timer const& timer) {
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

AIAUDIT_INLINE result<void> connection::open(std::string const& host, std::string const& port,
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

#endif  // AIAUDIT_IMPL_TRANSPORT_CONNECTION_IPP

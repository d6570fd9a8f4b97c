// SPDX-License-Identifier: MIT
//
// chaos_wire.hpp: the bytes of one accepted connection, TCP or TLS, and the requests in them.
//
// Sockets are never blocking: every wait is a poll() that also ends when the server stops or its
// patience does.
#ifndef AIAUDIT_TESTS_SUPPORT_CHAOS_WIRE_HPP
#define AIAUDIT_TESTS_SUPPORT_CHAOS_WIRE_HPP

#include "support/chaos_step.hpp"
#include "support/openssl_owner.hpp"
#include "support/throwaway_ca.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace aiaudit_tests {
namespace provider_detail {

class owned_fd {
public:
    explicit owned_fd(int fd = -1) noexcept : fd_(fd) {}
    owned_fd(owned_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    owned_fd& operator=(owned_fd&&) = delete;
    ~owned_fd() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int get() const noexcept { return fd_; }

private:
    int fd_;
};

// Once raised it stays so, and any number of threads can poll for it.
class stop_event {
public:
    stop_event() : fd_(::eventfd(0, EFD_CLOEXEC)) {
        if (fd_.get() < 0) throw std::runtime_error("no eventfd");
    }
    void raise() const noexcept { ::eventfd_write(fd_.get(), 1); }
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }

private:
    owned_fd fd_;
};

enum class wake { ready, stopped, timed_out };

// Waits until one of `events` (or an error) is there; `events` 0 waits for nothing but the time.
[[nodiscard]] inline wake wait_for(int fd, short events, stop_event const& stop,
                                   std::chrono::milliseconds at_most) {
    auto const until = std::chrono::steady_clock::now() + at_most;
    for (;;) {
        auto const left =
            std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        std::array<pollfd, 2> polled{{{stop.fd(), POLLIN, 0}, {events != 0 ? fd : -1, events, 0}}};
        int const found = ::poll(polled.data(), polled.size(),
                                 static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
        if (found < 0 && errno == EINTR) continue;
        if (found < 0 || polled[0].revents != 0) return wake::stopped;
        return found == 0 ? wake::timed_out : wake::ready;
    }
}

// One connection. Every call gives up, with false or 0, when the peer is gone, when the server
// stops, or when `patience` has passed without progress.
class chaos_wire {
public:
    chaos_wire(owned_fd socket, stop_event const& stop, std::chrono::milliseconds patience)
        : socket_(std::move(socket)), stop_(stop), patience_(patience) {
        int const on = 1;
        ::setsockopt(fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }

    [[nodiscard]] bool start_tls(SSL_CTX* context) {
        tls_.reset(SSL_new(context));
        return tls_ != nullptr && SSL_set_fd(tls_.get(), fd()) == 1 &&
               again([&] { return SSL_accept(tls_.get()); }) == 1;
    }
    [[nodiscard]] bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            std::size_t const count = send_some(bytes);
            if (count == 0) return false;
            bytes.remove_prefix(count);
        }
        return true;
    }
    // At least one byte, or 0 at the end.
    [[nodiscard]] std::size_t receive(char* to, std::size_t size) {
        if (tls_ != nullptr) {
            std::size_t count = 0;
            return again([&] { return SSL_read_ex(tls_.get(), to, size, &count); }) == 1 ? count
                                                                                         : 0;
        }
        return receive_plain(to, size);
    }
    // False where the server stops.
    [[nodiscard]] bool pause(std::chrono::milliseconds span) const {
        return span.count() <= 0 || wait_for(fd(), 0, stop_, span) == wake::timed_out;
    }
    // As pause(), but ends early when the peer hangs up.
    [[nodiscard]] bool stall(std::chrono::milliseconds span) const {
        return span.count() <= 0 || wait_for(fd(), POLLRDHUP, stop_, span) != wake::stopped;
    }
    // The last call.
    void end(chaos_ending ending) {
        bool const in_order = ending == chaos_ending::close || ending == chaos_ending::half_close;
        if (tls_ != nullptr && in_order) {
            ERR_clear_error();
            static_cast<void>(SSL_shutdown(tls_.get()));
        }
        if (ending == chaos_ending::half_close) {
            ::shutdown(fd(), SHUT_WR);
            std::array<char, 4096> dropped{};
            while (receive_plain(dropped.data(), dropped.size()) != 0) {
            }
        }
        if (ending == chaos_ending::reset) {
            linger const at_once{1, 0};
            ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        }
    }
    // Until the peer hangs up.
    void stay_silent() const { static_cast<void>(wait_for(fd(), POLLRDHUP, stop_, patience_)); }

private:
    [[nodiscard]] int fd() const noexcept { return socket_.get(); }
    [[nodiscard]] bool wait(short events) const {
        return wait_for(fd(), events, stop_, patience_) == wake::ready;
    }
    // Calls `step` of OpenSSL until it is through; its last answer.
    template <class Step>
    [[nodiscard]] int again(Step step) {
        for (;;) {
            ERR_clear_error();
            int const done = step();
            if (done == 1) return 1;
            int const problem = SSL_get_error(tls_.get(), done);
            bool const reading = problem == SSL_ERROR_WANT_READ;
            if (!reading && problem != SSL_ERROR_WANT_WRITE) return done;
            if (!wait(reading ? POLLIN : POLLOUT)) return 0;
        }
    }
    [[nodiscard]] std::size_t send_some(std::string_view bytes) {
        if (tls_ != nullptr) {
            std::size_t count = 0;
            auto const write = [&] {
                return SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &count);
            };
            return again(write) == 1 ? count : 0;
        }
        for (;;) {
            ssize_t const count = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count > 0) return static_cast<std::size_t>(count);
            if (!worth_another_try(POLLOUT)) return 0;
        }
    }
    [[nodiscard]] std::size_t receive_plain(char* to, std::size_t size) {
        for (;;) {
            ssize_t const count = ::recv(fd(), to, size, 0);
            if (count >= 0) return static_cast<std::size_t>(count);
            if (!worth_another_try(POLLIN)) return 0;
        }
    }
    [[nodiscard]] bool worth_another_try(short events) const {
        return errno == EINTR || (errno == EAGAIN && wait(events));
    }

    owned_fd socket_;
    tls_owner tls_{};
    stop_event const& stop_;
    std::chrono::milliseconds patience_;
};

// Reads requests, one after the other. What it cannot read ends the connection, as does a head of
// more than 1 MiB or a body of more than 64 MiB.
class request_reader {
public:
    explicit request_reader(chaos_wire& wire) : wire_(wire) {}

    [[nodiscard]] std::optional<seen_request> next() {
        std::size_t end = 0;
        while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
            bool const wrong = !buffer_.empty() && (buffer_[0] < 'A' || buffer_[0] > 'Z');
            if (wrong || buffer_.size() > (std::size_t{1} << 20) || !read_more()) return {};
        }
        seen_request request;
        bool const read = read_head(std::string_view{buffer_}.substr(0, end + 2), request);
        buffer_.erase(0, end + 4);
        if (!read) return {};
        if (aiaudit::detail::same_name(request.header("Expect"), "100-continue") &&
            !wire_.send("HTTP/1.1 100 Continue\r\n\r\n"))
            return {};
        if (!read_body(request)) return {};
        return request;
    }

private:
    static constexpr std::size_t body_bytes_max = std::size_t{64} << 20;

    [[nodiscard]] bool read_more() {
        std::array<char, 16'384> part{};
        std::size_t const count = wire_.receive(part.data(), part.size());
        buffer_.append(part.data(), count);
        return count != 0;
    }
    [[nodiscard]] static bool read_head(std::string_view head, seen_request& to) {
        std::string_view line = head.substr(0, head.find("\r\n"));
        std::size_t const first = line.find(' ');
        std::size_t const second = line.rfind(' ');
        if (first == second || !line.substr(second).starts_with(" HTTP/1.")) return false;
        to.method = line.substr(0, first);
        to.target = line.substr(first + 1, second - first - 1);
        for (;;) {
            head.remove_prefix(line.size() + 2);
            if (head.empty()) return true;
            line = head.substr(0, head.find("\r\n"));
            std::size_t const colon = line.find(':');
            if (colon == std::string_view::npos) return false;
            std::size_t const from = line.find_first_not_of(" \t", colon + 1);
            std::size_t const to_last = line.find_last_not_of(" \t");
            to.headers.emplace_back(line.substr(0, colon),
                                    from == std::string_view::npos
                                        ? std::string_view{}
                                        : line.substr(from, to_last - from + 1));
        }
    }
    [[nodiscard]] static std::optional<std::size_t> number(std::string_view text, int base) {
        std::size_t value = 0;
        auto const read = std::from_chars(text.data(), text.data() + text.size(), value, base);
        if (read.ec != std::errc{} || value > body_bytes_max) return {};
        return value;
    }
    // Moves `count` bytes of the buffer to the end of `to`.
    [[nodiscard]] bool take(std::size_t count, std::string& to) {
        while (buffer_.size() < count) {
            if (!read_more()) return false;
        }
        to.append(buffer_, 0, count);
        buffer_.erase(0, count);
        return true;
    }
    [[nodiscard]] bool take_line(std::string& to) {
        std::size_t end = 0;
        while ((end = buffer_.find("\r\n")) == std::string::npos) {
            if (buffer_.size() > 8192 || !read_more()) return false;
        }
        to = buffer_.substr(0, end);
        buffer_.erase(0, end + 2);
        return true;
    }
    [[nodiscard]] bool read_body(seen_request& request) {
        if (!aiaudit::detail::same_name(request.header("Transfer-Encoding"), "chunked")) {
            std::string_view const length = request.header("Content-Length");
            auto const count = length.empty() ? 0 : number(length, 10);
            return count && take(*count, request.body);
        }
        std::string line;
        while (take_line(line)) {
            auto const size = number(line, 16);
            if (!size || request.body.size() + *size > body_bytes_max) return false;
            if (!take(*size, request.body)) return false;
            if (*size == 0) break;
            if (!take_line(line)) return false;
        }
        while (take_line(line)) {  // trailers, until an empty line
            if (line.empty()) return true;
        }
        return false;
    }

    chaos_wire& wire_;
    std::string buffer_{};
};

}  // namespace provider_detail
}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_SUPPORT_CHAOS_WIRE_HPP

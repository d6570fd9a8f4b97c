// SPDX-License-Identifier: MIT
//
// transport_testing.hpp: servers on loopback that do what they are told, and a call that keeps all.
#ifndef AIAUDIT_TESTS_TRANSPORT_TESTING_HPP
#define AIAUDIT_TESTS_TRANSPORT_TESTING_HPP

#include <aiaudit/core/http.hpp>
#include <aiaudit/transport/transport.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace aiaudit_tests {

// Stands in every request: in a header, the query and the body. No error may show it.
inline constexpr std::string_view secret = "sk-this-is-a-secret";

// One accepted connection, blocking.
class peer {
public:
    explicit peer(int fd) : fd_(fd) {}

    // A whole request, or nothing where the client has gone.
    [[nodiscard]] std::string read_request() const {
        std::string text;
        std::size_t whole = std::string::npos;
        char bytes[4096];
        while (text.size() < whole) {
            auto const size = ::recv(fd_, bytes, sizeof bytes, 0);
            if (size <= 0) return {};
            text.append(bytes, static_cast<std::size_t>(size));
            auto const end = text.find("\r\n\r\n");
            if (whole != std::string::npos || end == std::string::npos) continue;
            auto const at = text.find("Content-Length: ");
            whole = end + 4;
            if (at < end) whole += std::strtoull(text.c_str() + at + 16, nullptr, 10);
        }
        return text;
    }
    bool write(std::string_view text) const {
        while (!text.empty()) {
            auto const size = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
            if (size <= 0) return false;
            text.remove_prefix(static_cast<std::size_t>(size));
        }
        return true;
    }
    // True: the client closed within the time.
    [[nodiscard]] bool closed_within(int ms) const {
        pollfd watched{fd_, POLLIN, 0};
        char bytes[4096];
        while (::poll(&watched, 1, ms) > 0) {
            if (::recv(fd_, bytes, sizeof bytes, 0) <= 0) return true;
        }
        return false;
    }
    void wait_closed() const { static_cast<void>(closed_within(10'000)); }
    [[nodiscard]] int fd() const { return fd_; }

private:
    int fd_;
};

// Runs `serve` in a thread for each connection, and closes it afterwards.
class scripted_server {
public:
    using service = std::function<void(peer const&)>;

    explicit scripted_server(service serve) : serve_(std::move(serve)) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const any = reinterpret_cast<sockaddr*>(&address);
        BOOST_REQUIRE(::bind(listener_, any, size) == 0 && ::listen(listener_, 128) == 0 &&
                      ::getsockname(listener_, any, &size) == 0);
        port_ = ntohs(address.sin_port);
        accepter_ = std::thread([this] { accept_all(); });
    }
    scripted_server(scripted_server const&) = delete;
    ~scripted_server() {
        ::shutdown(listener_, SHUT_RDWR);
        accepter_.join();
        {
            std::lock_guard const lock(mutex_);
            for (int const fd : open_) ::shutdown(fd, SHUT_RDWR);
        }
        for (auto& thread : threads_) thread.join();
        ::close(listener_);
    }

    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] std::string origin() const { return "http://127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] int connections() const { return connections_; }

private:
    void accept_all() {
        for (;;) {
            int const fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) return;
            ++connections_;
            std::lock_guard const lock(mutex_);
            open_.push_back(fd);
            threads_.emplace_back([this, fd] {
                // libssl writes without MSG_NOSIGNAL.
                sigset_t pipe_signal;
                sigemptyset(&pipe_signal);
                sigaddset(&pipe_signal, SIGPIPE);
                ::pthread_sigmask(SIG_BLOCK, &pipe_signal, nullptr);
                serve_(peer{fd});
                std::lock_guard const closing(mutex_);
                open_.erase(std::find(open_.begin(), open_.end(), fd));
                ::close(fd);
            });
        }
    }

    service serve_;
    int listener_ = -1;
    int port_ = 0;
    std::atomic<int> connections_{0};
    std::thread accepter_{};
    std::mutex mutex_{};
    std::vector<int> open_{};
    std::vector<std::thread> threads_{};
};

inline std::string response(std::string_view body, std::string_view more_headers = {}) {
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n" + std::string{more_headers} + "\r\n" +
           std::string{body};
}

// Answers each request of a connection with the same text.
inline scripted_server::service always(std::string text) {
    return [text](peer const& client) {
        while (!client.read_request().empty()) {
            if (!client.write(text)) return;
        }
    };
}

inline aiaudit::http_request request_to(std::string origin) {
    aiaudit::http_request made;
    made.origin = std::move(origin);
    made.target = "/v1/test?key=" + std::string{secret};
    made.headers = {{"Authorization", "Bearer " + std::string{secret}},
                    {"Content-Type", "application/json"}};
    made.body = "{\"prompt\":\"" + std::string{secret} + "\"}";
    return made;
}

// What a call brought. Not to be checked with Boost.Test before its thread has ended.
struct outcome {
    int heads = 0;
    aiaudit::http_response_head head{};
    std::string body{};
    int pieces = 0;
    bool body_before_head = false;
    std::optional<aiaudit::error> failure{};

    [[nodiscard]] bool failed_as(aiaudit::errc code) const {
        return failure && failure->code == code;
    }
    [[nodiscard]] bool says(std::string_view text) const {
        return failure && failure->where.find(text) != std::string::npos;
    }
};

inline std::ostream& operator<<(std::ostream& to, outcome const& what) {
    return to << (what.failure ? what.failure->message() : "success, " + what.body.substr(0, 80));
}

template <class Transport>
outcome call(Transport& by, aiaudit::http_request const& request,
             aiaudit::transfer_limits const& limits = {}, std::stop_token stop = {},
             bool takes_head = true, bool takes_body = true) {
    outcome got;
    auto const done = by.exchange(
        request, limits, stop,
        [&](aiaudit::http_response_head const& head) {
            ++got.heads;
            got.head = head;
            return takes_head;
        },
        [&](std::string_view piece) {
            got.body_before_head = got.body_before_head || got.heads == 0;
            got.body += piece;
            ++got.pieces;
            return takes_body;
        });
    if (!done) got.failure = done.error();
    if (got.failure && got.failure->message().find(secret) != std::string::npos)
        got.failure->where = "THE SECRET STANDS IN AN ERROR";
    return got;
}

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_TRANSPORT_TESTING_HPP

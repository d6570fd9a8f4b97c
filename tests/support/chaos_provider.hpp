// SPDX-License-Identifier: MIT
//
// chaos_provider.hpp: a real server on loopback that speaks like an AI API and misbehaves on
// purpose.
//
// It is written on sockets, because no HTTP library can be made to send wrong HTTP. One thread
// accepts, each connection has a thread of its own; the destructor ends all waits at once and joins
// all threads.
// Threads: all members may be called from any thread at once.
#ifndef AIAUDIT_TESTS_SUPPORT_CHAOS_PROVIDER_HPP
#define AIAUDIT_TESTS_SUPPORT_CHAOS_PROVIDER_HPP

#include "support/chaos_step.hpp"
#include "support/chaos_wire.hpp"
#include "support/openssl_owner.hpp"
#include "support/throwaway_ca.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <csignal>

namespace aiaudit_tests {

enum class connection_trouble {
    none,
    close_at_once,  // accepted, then ended before a byte
    silence,        // accepted, and never read or written: no TLS handshake, no answer
};

struct chaos_options {
    std::optional<pem_identity> tls{};  // HTTPS with this certificate
    std::string host = "127.0.0.1";     // as origin() says it; "localhost" is the other one
    chaos_step default_step{};          // for paths without a script, where answer() is not set
    connection_trouble on_accept = connection_trouble::none;
    std::chrono::milliseconds patience{30'000};  // with a peer that neither sends nor takes
};

namespace provider_detail {

// A socket bound to a free port of 127.0.0.1.
class loopback_port {
public:
    loopback_port() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const plain = reinterpret_cast<sockaddr*>(&address);
        if (::bind(fd(), plain, size) != 0 || ::getsockname(fd(), plain, &size) != 0)
            throw std::runtime_error("no port on loopback");
        port_ = ntohs(address.sin_port);
    }
    [[nodiscard]] int fd() const noexcept { return socket_.get(); }
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

private:
    owned_fd socket_;
    std::uint16_t port_ = 0;
};

}  // namespace provider_detail

// A port at which nobody listens, and which nobody else can take: connections are refused.
class refusing_port {
public:
    [[nodiscard]] std::string origin() const {
        return "http://127.0.0.1:" + std::to_string(port_.port());
    }

private:
    provider_detail::loopback_port port_{};
};

class chaos_provider {
public:
    explicit chaos_provider(chaos_options options = {}) : options_(std::move(options)) {
        if (options_.tls) {
            tls_ = server_context_of(*options_.tls);
            // What is on the wire is the answer, no more.
            SSL_CTX_set_num_tickets(tls_.get(), 0);
        }
        if (::listen(port_.fd(), 128) != 0) throw std::runtime_error("listen failed");
        acceptor_ = std::thread([this] { accept_all(); });
    }
    chaos_provider(chaos_provider const&) = delete;
    chaos_provider& operator=(chaos_provider const&) = delete;
    ~chaos_provider() {
        stop_.raise();
        acceptor_.join();
    }

    // "http://127.0.0.1:PORT" or "https://127.0.0.1:PORT".
    [[nodiscard]] std::string origin() const {
        return (options_.tls ? "https://" : "http://") + options_.host + ":" +
               std::to_string(port());
    }
    [[nodiscard]] std::uint16_t port() const noexcept { return port_.port(); }

    // The next request whose path (without query) this is gets the first step, the one after it the
    // second, ...; after the last step it is the last again. Replaces an earlier script of the
    // path.
    void script(std::string path, std::vector<chaos_step> steps) {
        if (steps.empty()) throw std::invalid_argument("a script without steps");
        std::lock_guard const lock(mutex_);
        scripts_.insert_or_assign(std::move(path), progress{std::move(steps), 0});
    }
    // Computes the answer to every request without a script. It is called by one thread at a time,
    // and must not call this object.
    void answer(std::function<chaos_step(seen_request const&)> compute) {
        std::lock_guard const lock(compute_mutex_);
        compute_ = std::move(compute);
    }

    // In the order in which they were read to their end.
    [[nodiscard]] std::vector<seen_request> requests() const {
        std::lock_guard const lock(mutex_);
        return requests_;
    }
    [[nodiscard]] std::size_t connections() const {
        std::lock_guard const lock(mutex_);
        return connections_;
    }
    // Those which neither side has ended so far.
    [[nodiscard]] std::size_t open_connections() const {
        std::lock_guard const lock(mutex_);
        return open_connections_;
    }
    // Waits until `count` requests have been read, so that a test need not sleep.
    [[nodiscard]] bool wait_for_requests(
        std::size_t count, std::chrono::milliseconds at_most = std::chrono::seconds(5)) const {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, at_most, [&] { return requests_.size() >= count; });
    }
    [[nodiscard]] bool wait_for_open_connections(
        std::size_t count, std::chrono::milliseconds at_most = std::chrono::seconds(5)) const {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, at_most, [&] { return open_connections_ == count; });
    }

private:
    struct progress {
        std::vector<chaos_step> steps;
        std::size_t next;
    };
    struct worker {
        std::atomic<bool> done{false};
        std::thread thread{};
    };

    // Owns the connections' threads; joins those that are done as it goes, and all at the end.
    void accept_all() {
        std::list<worker> workers;
        while (provider_detail::wait_for(port_.fd(), POLLIN, stop_, std::chrono::hours(1)) !=
               provider_detail::wake::stopped) {
            provider_detail::owned_fd socket(
                ::accept4(port_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (socket.get() < 0) continue;
            std::size_t const number = count_connection();
            auto& added = workers.emplace_back();
            added.thread =
                std::thread([this, number, &done = added.done, fd = std::move(socket)]() mutable {
                    serve(std::move(fd), number);
                    done = true;
                });
            workers.remove_if([](worker& each) {
                if (each.done) each.thread.join();
                return !each.thread.joinable();
            });
        }
        for (auto& each : workers) each.thread.join();
    }
    [[nodiscard]] std::size_t count_connection() {
        std::lock_guard const lock(mutex_);
        ++open_connections_;
        changed_.notify_all();
        return connections_++;
    }

    void serve(provider_detail::owned_fd socket, std::size_t number) {
        sigset_t pipe_signal;  // OpenSSL writes without MSG_NOSIGNAL
        sigemptyset(&pipe_signal);
        sigaddset(&pipe_signal, SIGPIPE);
        ::pthread_sigmask(SIG_BLOCK, &pipe_signal, nullptr);
        {
            provider_detail::chaos_wire wire(std::move(socket), stop_, options_.patience);
            if (options_.on_accept == connection_trouble::silence) wire.stay_silent();
            bool const speaks = options_.on_accept == connection_trouble::none &&
                                (tls_ == nullptr || wire.start_tls(tls_.get()));
            if (speaks) wire.end(converse(wire, number));
        }
        std::lock_guard const lock(mutex_);
        --open_connections_;
        changed_.notify_all();
    }
    // How the connection is to end.
    [[nodiscard]] chaos_ending converse(provider_detail::chaos_wire& wire, std::size_t number) {
        provider_detail::request_reader reader(wire);
        while (auto request = reader.next()) {
            request->connection = number;
            request->arrived_at = std::chrono::steady_clock::now();
            auto const plan = plan_of(step_for(*request), *request);
            if (!play(plan, wire)) return chaos_ending::cut;
            if (plan.ending != chaos_ending::keep_open) return plan.ending;
        }
        return chaos_ending::close;
    }
    [[nodiscard]] static bool play(chaos_plan const& plan, provider_detail::chaos_wire& wire) {
        for (auto const& piece : plan.pieces) {
            if (!wire.pause(piece.delay_before) || !wire.stall(piece.stall_before) ||
                !wire.send(piece.bytes))
                return false;
        }
        for (std::size_t sent = 0; sent < plan.repeat_last_bytes;) {
            if (!wire.send(plan.pieces.back().bytes)) return false;
            sent += plan.pieces.back().bytes.size();
        }
        return true;
    }
    [[nodiscard]] chaos_step step_for(seen_request const& request) {
        {
            std::lock_guard const lock(mutex_);
            requests_.push_back(request);
            changed_.notify_all();
            if (auto const found = scripts_.find(request.path()); found != scripts_.end()) {
                auto& [steps, next] = found->second;
                return steps[std::min(next++, steps.size() - 1)];
            }
        }
        std::lock_guard const lock(compute_mutex_);
        return compute_ ? compute_(request) : options_.default_step;
    }

    chaos_options const options_;
    tls_context_owner tls_{};
    provider_detail::stop_event stop_{};
    provider_detail::loopback_port port_{};

    mutable std::mutex mutex_{};  // protects what follows
    mutable std::condition_variable changed_{};
    std::map<std::string, progress> scripts_{};
    std::vector<seen_request> requests_{};
    std::size_t connections_ = 0;
    std::size_t open_connections_ = 0;

    std::mutex compute_mutex_{};  // protects what follows
    std::function<chaos_step(seen_request const&)> compute_{};

    std::thread acceptor_{};  // the last, as it uses the rest
};

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_SUPPORT_CHAOS_PROVIDER_HPP

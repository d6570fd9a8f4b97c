// SPDX-License-Identifier: MIT
//
// gateway_options.hpp: how a gateway behaves.
//
// Threads: plain values.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_GATEWAY_OPTIONS_HPP
#define AIAUDIT_GATEWAY_GATEWAY_OPTIONS_HPP

#include <aiaudit/client/options.hpp>  // client_options
#include <aiaudit/gateway/router.hpp>  // gateway_upstream

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// What becomes of an answer whose client has gone away. Its cost is recorded in any case: of one
// that was cut, the most that it may have been.
enum class client_gone : std::uint8_t {
    cut,         // the connection to the provider is closed at once
    drain,       // the rest is read, so that its cost is known exactly
    drain_some,  // up to gateway_options::drain_bytes_max of it, then it is cut
};

// An address and a port of this machine; port 0: any that is free.
struct listen_address {
    std::string host{};  // empty: nobody listens
    std::uint16_t port = 0;
};

// Of what clients may do. Times are of the whole thing, so that a client that sends a byte now and
// then does not hold a connection for ever.
struct gateway_limits {
    std::size_t head_bytes_max = std::size_t{32} << 10;
    std::size_t body_bytes_max = std::size_t{32} << 20;
    // Of all bodies at one time; what has no room is told 503. At least body_bytes_max.
    std::size_t bodies_bytes_max = std::size_t{256} << 20;
    // Of what a body in chunks has beside its data and their sizes: extensions and trailers.
    std::size_t framing_bytes_max = std::size_t{16} << 10;
    std::size_t connections_max = 8192;
    std::chrono::milliseconds head_time{10'000};
    std::chrono::milliseconds body_time{60'000};
    std::chrono::milliseconds idle_time{120'000};  // between two requests
    std::chrono::milliseconds write_time{60'000};  // until the client takes a piece of the answer
};

struct gateway_options {
    std::vector<gateway_upstream> upstreams{};
    listen_address listen{"127.0.0.1", 8080};
    listen_address metrics{};  // for /metrics alone; empty: it is at `listen`

    // The file with the gateway's keys (gateway/key_file.hpp); empty: there are none.
    std::string key_file{};
    // False: who has no key of the gateway's may come too. He is nobody's user, and where the
    // upstream has no key of its own, his own key is passed on.
    bool keys_required = true;

    // Whether a call may go on from a stored answer or conversation of which the log does not know
    // whose it is: made before, or by others with the provider's key. To read or delete one it
    // never may.
    bool continues_unknown = true;

    unsigned threads = 0;  // that serve connections; 0: as many as the machine has
    // That wait for the disk where an intent must be on it first; 0: those that serve wait.
    unsigned waiting_threads = 64;

    gateway_limits limits{};
    transfer_limits upstream{};                          // of one attempt; the deadline is not used
    std::chrono::milliseconds upstream_time{1'800'000};  // of one attempt, from its first byte sent
    std::size_t upstream_idle_max = 1024;                // connections that are kept, a thread
    std::chrono::milliseconds upstream_idle_time{30'000};  // that one is kept without use
    std::string upstream_ca_file{};  // trusted certificates in PEM, in place of the system's

    client_gone on_client_gone = client_gone::cut;
    std::size_t drain_bytes_max = std::size_t{1} << 20;
    std::chrono::milliseconds shutdown_time{30'000};  // that answers under way have to end

    // Of these: intent, output_tokens_max, output_caps, output_most, when_over_cap,
    // output_tokens_budgeted, input_estimate, on_overrun, breaker. The others are the client's.
    client_options calls{};
};

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_GATEWAY_OPTIONS_HPP

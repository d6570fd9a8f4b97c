// SPDX-License-Identifier: MIT
//
// gateway_stand.hpp: a gateway on loopback with its ledger in memory, before a provider that does
// as it is told.
#ifndef AIAUDIT_TESTS_SUPPORT_GATEWAY_STAND_HPP
#define AIAUDIT_TESTS_SUPPORT_GATEWAY_STAND_HPP

#include "client_stand.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <aiaudit/gateway.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

// Compiled once, by the main.cpp of each program.
extern template class aiaudit::basic_gateway<aiaudit_tests::client_in_memory>;

namespace aiaudit_tests {

inline std::string const gateway_question =
    R"({"model":"gpt-4.1","messages":[{"role":"user","content":"Hello"}]})";
inline std::string const stream_question =
    R"({"model":"gpt-4.1","stream":true,"messages":[{"role":"user","content":"Hello"}]})";

struct gateway_stand {
    explicit gateway_stand(std::function<void(gateway_options&)> const& change = {})
        : log(basic_ledger<client_in_memory>::open({.budgets = budget_mode::exclusive}).value()),
          at(basic_gateway<client_in_memory>::open(log, options(change)).value()) {
        at.start().value();
    }
    gateway_upstream upstream(std::string name, std::string const& origin) const {
        gateway_upstream made;
        made.name = name;
        made.entry = {.name = "openai", .origin = origin, .prefix = "/v1"};
        made.key = "sk-of-the-provider";
        return made;
    }
    gateway_options options(std::function<void(gateway_options&)> const& change) const {
        gateway_options made;
        made.upstreams = {upstream("openai", provider.origin())};
        made.listen.port = 0;
        made.keys_required = false;
        made.threads = 2;
        made.calls.intent = intent_mode::none;
        made.shutdown_time = std::chrono::milliseconds(2'000);
        if (change) change(made);
        return made;
    }
    boost::asio::ip::tcp::socket connect() const {
        boost::asio::ip::tcp::socket socket(io);
        socket.connect({boost::asio::ip::address_v4::loopback(), at.port()});
        return socket;
    }
    static std::string post(std::string const& body, std::string const& headers = "",
                            std::string const& path = chat_path) {
        return "POST " + path + " HTTP/1.1\r\nHost: here\r\nConnection: close\r\n" + headers +
               "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    }
    // All that comes back until the gateway closes.
    std::string exchange(std::string const& bytes) const {
        auto socket = connect();
        boost::system::error_code ended;
        boost::asio::write(socket, boost::asio::buffer(bytes), ended);
        std::string all;
        boost::asio::read(socket, boost::asio::dynamic_buffer(all), ended);
        return all;
    }
    std::vector<record> outcomes() {
        at.stop();
        log.flush().value();
        std::vector<record> all;
        log.read(sequence{1},
                 [&](sequence, record&& entry) {
                     if (entry.kind == record_kind::outcome) all.push_back(std::move(entry));
                     return true;
                 })
            .value();
        return all;
    }

    mutable boost::asio::io_context io{};
    chaos_provider provider{};
    basic_ledger<client_in_memory> log;
    basic_gateway<client_in_memory> at;
};

[[nodiscard]] inline int status_of(std::string const& answer) {
    return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
}
[[nodiscard]] inline std::string body_of(std::string const& answer) {
    return answer.substr(std::min(answer.find("\r\n\r\n"), answer.size() - 4) + 4);
}
// Of an answer in chunks.
[[nodiscard]] inline std::string unchunked(std::string const& answer) {
    std::string const body = body_of(answer);
    std::string text;
    for (std::size_t at = 0; at < body.size();) {
        std::size_t const size = std::stoul(body.substr(at), nullptr, 16);
        at = body.find("\r\n", at) + 2;
        if (size == 0) break;
        text += body.substr(at, size);
        at += size + 2;
    }
    return text;
}
[[nodiscard]] inline bool has(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_SUPPORT_GATEWAY_STAND_HPP

// SPDX-License-Identifier: MIT
//
// served.hpp: `aiaudit serve` as users run it, and requests to it on loopback.
#ifndef AIAUDIT_TESTS_TOOL_SERVED_HPP
#define AIAUDIT_TESTS_TOOL_SERVED_HPP

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace test_support {

// The program, from its start to SIGTERM.
class served {
public:
    // Its errors go to a file; `variables` ("NAME=VALUE") are its whole environment.
    served(std::string const& errors, std::vector<std::string> words,
           std::vector<std::string> variables = {}) {
        auto const has = [&words](char const* word) {
            return std::find(words.begin(), words.end(), word) != words.end();
        };
        bool const has_gateway = words.front() == "serve";
        bool const has_site = has("--dashboard");
        bool const has_log = has("--tlog");
        words.insert(words.begin(), AIAUDIT_PROGRAM);
        std::vector<char*> arguments;
        for (std::string& each : words) arguments.push_back(each.data());
        arguments.push_back(nullptr);
        std::vector<char*> environment;
        for (std::string& each : variables) environment.push_back(each.data());
        environment.push_back(nullptr);
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
        out_ = ends[0];
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
        ::posix_spawn_file_actions_addopen(&actions, 2, errors.c_str(), O_WRONLY | O_CREAT, 0600);
        int const failed = ::posix_spawn(&id_, AIAUDIT_PROGRAM, &actions, nullptr, arguments.data(),
                                         environment.data());
        ::posix_spawn_file_actions_destroy(&actions);
        ::close(ends[1]);
        if (failed != 0) throw std::runtime_error("the program does not start");
        if (!has_gateway) {
            witness_port_ = port_after("witness at http://127.0.0.1:");
            return;
        }
        port_ = port_after("gateway at http://127.0.0.1:");
        if (has_site) site_port_ = port_after("dashboard at http://127.0.0.1:");
        if (has_log) log_port_ = port_after("log at http://127.0.0.1:");
    }
    served(served const&) = delete;
    served& operator=(served const&) = delete;
    ~served() {
        if (id_ > 0) static_cast<void>(end());
        ::close(out_);
    }
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    [[nodiscard]] std::uint16_t site_port() const noexcept { return site_port_; }
    [[nodiscard]] std::uint16_t log_port() const noexcept { return log_port_; }
    [[nodiscard]] std::uint16_t witness_port() const noexcept { return witness_port_; }
    [[nodiscard]] std::string const& said() const noexcept { return said_; }
    [[nodiscard]] pid_t id() const noexcept { return id_; }
    void hang_up() const { ::kill(id_, SIGHUP); }
    // As a machine's failure would; the status that waitpid() gives.
    int end_by(int signal) {
        ::kill(id_, signal);
        int status = 0;
        ::waitpid(std::exchange(id_, -1), &status, 0);
        return status;
    }
    // The exit status.
    int end() {
        ::kill(id_, SIGTERM);
        while (read_more()) {
        }
        int status = 0;
        ::waitpid(std::exchange(id_, -1), &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

private:
    bool read_more() {
        std::array<char, 4096> room;
        auto const got = ::read(out_, room.data(), room.size());
        if (got > 0) said_.append(room.data(), static_cast<std::size_t>(got));
        return got > 0;
    }
    std::uint16_t port_after(std::string const& words) {
        for (;;) {
            auto const at = said_.find(words);
            if (at != std::string::npos && said_.find('\n', at) != std::string::npos) {
                std::uint16_t port = 0;
                std::from_chars(said_.data() + at + words.size(), said_.data() + said_.size(),
                                port);
                return port;
            }
            if (!read_more()) throw std::runtime_error("the program ended: " + said_);
        }
    }

    pid_t id_ = -1;
    int out_ = -1;
    std::string said_{};
    std::uint16_t port_ = 0;
    std::uint16_t site_port_ = 0;
    std::uint16_t log_port_ = 0;
    std::uint16_t witness_port_ = 0;  // of `aiaudit audit`, which is no gateway
};

inline std::string ask(std::uint16_t port, std::string const& bytes) {
    boost::asio::io_context io;
    boost::asio::ip::tcp::socket socket(io);
    socket.connect({boost::asio::ip::address_v4::loopback(), port});
    boost::system::error_code ended;
    boost::asio::write(socket, boost::asio::buffer(bytes), ended);
    std::string all;
    boost::asio::read(socket, boost::asio::dynamic_buffer(all), ended);
    return all;
}
inline std::string request(std::string const& method, std::string const& target,
                           std::string const& headers, std::string const& body = {}) {
    return method + " " + target + " HTTP/1.1\r\nHost: here\r\nConnection: close\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
}  // namespace test_support

#endif  // AIAUDIT_TESTS_TOOL_SERVED_HPP

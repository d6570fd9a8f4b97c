// SPDX-License-Identifier: MIT
//
// postgres_server.hpp: a real PostgreSQL server on loopback, in a folder of its own. Debian's
// package has it; where it is not installed, is_installed() says so, and the tests are skipped.
#ifndef AIAUDIT_TESTS_SUPPORT_POSTGRES_SERVER_HPP
#define AIAUDIT_TESTS_SUPPORT_POSTGRES_SERVER_HPP

#include <aiaudit/transport/pq_connection.hpp>

#include "engine/support/temporary_directory.hpp"

#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace aiaudit_tests {

class postgres_server {
public:
    // The folder of its programs; empty where there is none.
    [[nodiscard]] static std::string programs() {
        std::string found;
        std::error_code ignored;
        for (auto const& each : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored))
            if (std::filesystem::exists(each.path() / "bin" / "postgres"))
                found = (std::max)(found, (each.path() / "bin").string());
        return found;
    }
    // A precondition of tests: Boost says which were skipped, and why.
    [[nodiscard]] static boost::test_tools::assertion_result is_installed(
        boost::unit_test::test_unit_id) {
        boost::test_tools::assertion_result found(!programs().empty());
        found.message() << "no PostgreSQL server (Debian: postgresql)";
        return found;
    }
    // The only one of this process, and its database "postgres" without our tables.
    [[nodiscard]] static std::string fresh_url() {
        static postgres_server server;
        auto to = aiaudit::pq_connection::open({server.url("aiaudit")}).value();
        BOOST_REQUIRE(to.run("set client_min_messages = error").has_value());
        BOOST_REQUIRE(to.run("drop schema if exists aiaudit cascade").has_value());
        return server.url("aiaudit");
    }

    postgres_server() : port_(free_port()) {
        user_ = ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr;  // it refuses to run as root
        if (user_ != nullptr && ::chown(folder_.path().c_str(), user_->pw_uid, user_->pw_gid) != 0)
            throw std::runtime_error("chown failed");
        std::string const data = folder_ / "data";
        int status = 0;
        ::waitpid(start({programs() + "/initdb", "-A", "trust", "--no-sync", "-E", "UTF8",
                         "--locale=C.UTF-8", "-U", "aiaudit", "-D", data}),
                  &status, 0);
        if (status != 0) throw std::runtime_error("initdb failed");
        id_ = start({programs() + "/postgres", "-D", data, "-p", std::to_string(port_), "-k",
                     folder_.path(), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"});
        auto const deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
        while (!aiaudit::pq_connection::open({url("aiaudit")}).has_value()) {
            if (std::chrono::steady_clock::now() > deadline)
                throw std::runtime_error("PostgreSQL did not start");
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    }
    postgres_server(postgres_server const&) = delete;
    postgres_server& operator=(postgres_server const&) = delete;
    ~postgres_server() {
        ::kill(id_, SIGQUIT);  // at once: nothing of it is kept
        ::waitpid(id_, nullptr, 0);
    }

    [[nodiscard]] std::string url(std::string const& user) const {
        return "postgresql://" + user + "@127.0.0.1:" + std::to_string(port_) + "/postgres";
    }

private:
    [[nodiscard]] static int free_port() {
        int const probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        if (::bind(probe, generic, size) != 0 || ::getsockname(probe, generic, &size) != 0)
            throw std::runtime_error("no port");
        ::close(probe);
        return ntohs(address.sin_port);
    }
    [[nodiscard]] pid_t start(std::vector<std::string> words) const {
        std::vector<char*> arguments;
        for (std::string& each : words) arguments.push_back(each.data());
        arguments.push_back(nullptr);
        std::string const log = folder_ / "log";
        pid_t const id = ::fork();
        if (id < 0) throw std::runtime_error("fork failed");
        if (id != 0) return id;
        if (user_ != nullptr && (::setgroups(0, nullptr) != 0 || ::setgid(user_->pw_gid) != 0 ||
                                 ::setuid(user_->pw_uid) != 0))
            ::_exit(126);
        int const out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
        if (out >= 0) ::dup2(out, 1);
        if (out >= 0) ::dup2(out, 2);
        if (::chdir("/") != 0) ::_exit(126);
        ::execv(arguments[0], arguments.data());
        ::_exit(127);
    }

    temporary_directory folder_{};
    passwd const* user_ = nullptr;
    int port_ = 0;
    pid_t id_ = -1;
};

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_SUPPORT_POSTGRES_SERVER_HPP

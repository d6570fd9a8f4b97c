// SPDX-License-Identifier: MIT
//
// smtp_server.hpp: a real SMTP server on loopback: aiosmtpd in a process of its own, which keeps
// the mails that it takes in a file.
#ifndef AIAUDIT_TESTS_SUPPORT_SMTP_SERVER_HPP
#define AIAUDIT_TESTS_SUPPORT_SMTP_SERVER_HPP

#include "engine/support/temporary_directory.hpp"
#include "support/throwaway_ca.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <boost/json/parse.hpp>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace aiaudit_tests {

// Of a mail that the server took.
struct received_mail {
    std::string from{};
    std::vector<std::string> to{};
    std::string user{};  // who had logged in
    bool tls = false;
    std::string subject{};  // decoded
    std::string text{};     // decoded
    std::string message_id{};
    std::vector<std::string> headers{};  // their names
};

enum class smtp_mode : std::uint8_t {
    starttls,  // and no mail without it, nor without a login as "ana" by "geheim"
    tls,       // from the first byte; the same login
    plain,     // no TLS, no login
    full,      // as plain, but answers 452 to every mail
};

class smtp_server {
public:
    smtp_server(smtp_mode mode, pem_identity const& identity) {
        std::ofstream(directory_ / "cert.pem") << identity.certificate_pem;
        std::ofstream(directory_ / "key.pem") << identity.key_pem;
        int ends[2];
        if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
        std::string const number = std::to_string(static_cast<int>(mode));
        id_ = ::fork();
        if (id_ < 0) throw std::runtime_error("fork failed");
        if (id_ == 0) {
            ::dup2(ends[1], 1);
            ::close(ends[0]);
            // Its complaints of what the tests do to it are kept apart.
            int const log = ::open((directory_ / "log").c_str(), O_WRONLY | O_CREAT, 0600);
            if (log >= 0) ::dup2(log, 2);
            // Debian's own first: its packages are for that one alone.
            ::execl("/usr/bin/python3", "python3", "-c", script, directory_.path().c_str(),
                    number.c_str(), static_cast<char*>(nullptr));
            ::execlp("python3", "python3", "-c", script, directory_.path().c_str(), number.c_str(),
                     static_cast<char*>(nullptr));
            ::_exit(127);
        }
        ::close(ends[1]);
        char digit = 0;
        std::string port;
        while (::read(ends[0], &digit, 1) == 1 && digit != '\n') port.push_back(digit);
        ::close(ends[0]);
        port_ = static_cast<std::uint16_t>(std::strtoul(port.c_str(), nullptr, 10));
        if (port_ != 0) return;
        end();
        throw std::runtime_error("no SMTP server: is python3-aiosmtpd installed?");
    }
    smtp_server(smtp_server const&) = delete;
    smtp_server& operator=(smtp_server const&) = delete;
    ~smtp_server() { end(); }

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    // What it answered 250 to is in the file.
    [[nodiscard]] std::vector<received_mail> mails() const {
        std::vector<received_mail> all;
        std::ifstream in(directory_ / "mails");
        for (std::string line; std::getline(in, line);) {
            auto const parsed = boost::json::parse(line);
            auto const& one = parsed.as_object();
            auto const text = [&one](char const* name) {
                return std::string(one.at(name).as_string());
            };
            received_mail& mail = all.emplace_back();
            mail.from = text("from");
            mail.user = text("user");
            mail.subject = text("subject");
            mail.text = text("text");
            mail.message_id = text("message_id");
            mail.tls = one.at("tls").as_bool();
            for (auto const& each : one.at("to").as_array()) mail.to.emplace_back(each.as_string());
            for (auto const& each : one.at("headers").as_array())
                mail.headers.emplace_back(each.as_string());
        }
        return all;
    }

private:
    static constexpr char const* script = R"(
import asyncio, email, email.policy, json, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult

place, mode = sys.argv[1], int(sys.argv[2])
logins = mode < 2

class Keeper:
    async def handle_DATA(self, server, session, envelope):
        if mode == 3:
            return "452 no room for what begins with secret"
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        with open(place + "/mails", "a") as to:
            to.write(json.dumps({
                "from": envelope.mail_from, "to": envelope.rcpt_tos,
                "tls": mode == 1 or session.ssl is not None,
                "user": (session.auth_data.login.decode() if session.auth_data else ""),
                "subject": mail["Subject"], "message_id": mail["Message-ID"],
                "headers": mail.keys(), "text": mail.get_content()}) + "\n")
        return "250 kept"

def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == b"ana" and data.password == b"geheim", auth_data=data)

async def serve():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(place + "/cert.pem", place + "/key.pem")
    make = lambda: SMTP(Keeper(), hostname="localhost", tls_context=context if mode == 0 else None,
                        require_starttls=mode == 0, authenticator=authenticate if logins else None,
                        auth_required=logins, auth_require_tls=mode == 0)
    server = await asyncio.get_running_loop().create_server(
        make, "127.0.0.1", 0, ssl=context if mode == 1 else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(serve())
)";

    void end() noexcept {
        if (id_ <= 0) return;
        ::kill(id_, SIGKILL);
        while (::waitpid(id_, nullptr, 0) < 0) {
        }
        id_ = -1;
    }

    temporary_directory directory_{};
    pid_t id_ = -1;
    std::uint16_t port_ = 0;
};

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_SUPPORT_SMTP_SERVER_HPP

// SPDX-License-Identifier: MIT
//
// cpp-httplib with TLS: a server answers, a client asks.
#ifndef CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_OPENSSL_SUPPORT
#endif
#include <httplib.h>

int main() {
    httplib::Server server;
    server.Post("/v1/chat/completions", [](httplib::Request const& asked, httplib::Response& to) {
        to.set_content(asked.body, "application/json");
    });
    server.stop();
    httplib::SSLClient client("localhost", 8443);
    client.enable_server_certificate_verification(true);
    auto const answer = client.Post("/v1/chat/completions", "{}", "application/json");
    return answer && answer->status == 200 ? 0 : 1;
}

// SPDX-License-Identifier: MIT
//
// tls.hpp: TLS for a client by libssl: whom to trust, and a socket that raises no SIGPIPE.
//
// cpp-httplib has TLS too, but the one that Debian ships reads all root certificates for each
// connection, takes a host's name from the common name, and has no limit for the handshake.
//
// Threads: a context may be used by any number of connections at once.
// Floor 5.
#ifndef AIAUDIT_TRANSPORT_TLS_HPP
#define AIAUDIT_TRANSPORT_TLS_HPP

#include <aiaudit/error.hpp>  // result

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <memory>
#include <string>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

struct tls_deleter {
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
    void operator()(SSL* session) const noexcept { SSL_free(session); }
    void operator()(BIO_METHOD* method) const noexcept { BIO_meth_free(method); }
};
using tls_context = std::unique_ptr<SSL_CTX, tls_deleter>;
using tls_session = std::unique_ptr<SSL, tls_deleter>;

// `ca_file`: trusted certificates in PEM; empty for those of the system.
[[nodiscard]] result<tls_context> make_tls_context(std::string const& ca_file, bool verify);

// libssl's own BIO for sockets raises SIGPIPE where the peer is gone. The number of the socket is
// its data.
[[nodiscard]] inline int socket_of(BIO* bio) noexcept {
    return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}
inline long control_bio(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH; }

// The peer's certificate must name `host`, a DNS name or a numeric address, where the context
// verifies at all; it is told which name is wanted. Errors: tls_failed.
[[nodiscard]] result<void> set_tls_host(SSL* session, std::string const& host);

// A session over a connected socket, which stays the caller's.
[[nodiscard]] result<tls_session> make_tls_session(SSL_CTX* context, int fd,
                                                   std::string const& host);

// Why a handshake failed, in libssl's words; the peer's own are not among them.
[[nodiscard]] error tls_failure(SSL const* session);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/transport/tls.ipp>
#endif

#endif  // AIAUDIT_TRANSPORT_TLS_HPP

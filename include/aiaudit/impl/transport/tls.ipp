// SPDX-License-Identifier: MIT
//
// tls.ipp: the definitions of tls.hpp.
#ifndef AIAUDIT_IMPL_TRANSPORT_TLS_IPP
#define AIAUDIT_IMPL_TRANSPORT_TLS_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/transport/tls.hpp>

#include <arpa/inet.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<tls_context> make_tls_context(std::string const& ca_file, bool verify) {
    ERR_clear_error();
    tls_context context{SSL_CTX_new(TLS_client_method())};
    if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1)
        return fail(errc::tls_failed, "libssl cannot be used");
    // A write that could not be finished is taken up again from another address.
    SSL_CTX_set_mode(context.get(),
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    unsigned char const protocols[] = "\x08http/1.1";
    SSL_CTX_set_alpn_protos(context.get(), protocols, sizeof protocols - 1);
    SSL_CTX_set_verify(context.get(), verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    if (!verify) return context;
    bool const trusted = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context.get()) == 1
                                         : SSL_CTX_load_verify_locations(
                                               context.get(), ca_file.c_str(), nullptr) == 1;
    ERR_clear_error();
    if (!trusted) return fail(errc::tls_failed, "the file of trusted certificates cannot be read");
    return context;
}

AIAUDIT_INLINE int send_by_bio(BIO* bio, char const* bytes, int size) {
    BIO_clear_retry_flags(bio);
    auto const sent = ::send(socket_of(bio), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
    return static_cast<int>(sent);
}

AIAUDIT_INLINE int receive_by_bio(BIO* bio, char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    auto const received = ::recv(socket_of(bio), bytes, static_cast<std::size_t>(size), 0);
    if (received < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
    return static_cast<int>(received);
}

AIAUDIT_INLINE BIO_METHOD const* socket_bio_method() {
    static std::unique_ptr<BIO_METHOD, tls_deleter> const method{[] {
        BIO_METHOD* made = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");
        if (made != nullptr) {
            BIO_meth_set_write(made, send_by_bio);
            BIO_meth_set_read(made, receive_by_bio);
            BIO_meth_set_ctrl(made, control_bio);
        }
        return made;
    }()};
    return method.get();
}

AIAUDIT_INLINE result<void> set_tls_host(SSL* session, std::string const& host) {
    unsigned char address[sizeof(in6_addr)];
    bool const numeric = ::inet_pton(AF_INET, host.c_str(), address) == 1 ||
                         ::inet_pton(AF_INET6, host.c_str(), address) == 1;
    SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    bool const named =
        numeric ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str()) == 1
                : SSL_set1_host(session, host.c_str()) == 1 &&
                      SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                               const_cast<char*>(host.c_str())) == 1;
    if (!named) return fail(errc::tls_failed, "no certificate can name this host");
    return {};
}

AIAUDIT_INLINE result<tls_session> make_tls_session(SSL_CTX* context, int fd,
                                                    std::string const& host) {
    ERR_clear_error();
    tls_session session{SSL_new(context)};
    BIO_METHOD const* method = socket_bio_method();
    BIO* bio = session && method != nullptr ? BIO_new(method) : nullptr;
    if (bio == nullptr) return fail(errc::tls_failed, "no memory for a session");
    // NOLINTNEXTLINE(performance-no-int-to-ptr): a number is what it is to keep
    BIO_set_data(bio, reinterpret_cast<void*>(std::intptr_t{fd}));
    BIO_set_init(bio, 1);
    SSL_set_bio(session.get(), bio, bio);
    if (auto named = set_tls_host(session.get(), host); !named) return named.error();
    SSL_set_connect_state(session.get());
    return session;
}

AIAUDIT_INLINE error tls_failure(SSL const* session) {
    long const verified = SSL_get_verify_result(session);
    if (verified != X509_V_OK) {
        ERR_clear_error();
        return fail(errc::tls_failed,
                    std::string{"certificate: "} + X509_verify_cert_error_string(verified));
    }
    char const* reason = ERR_reason_error_string(ERR_get_error());
    ERR_clear_error();
    return fail(errc::tls_failed,
                std::string{"handshake: "} + (reason != nullptr ? reason : "the peer ended it"));
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_TRANSPORT_TLS_IPP

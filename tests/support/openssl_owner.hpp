// SPDX-License-Identifier: MIT
//
// openssl_owner.hpp: owners of what OpenSSL makes, so that nothing leaks where a test throws.
#ifndef AIAUDIT_TESTS_SUPPORT_OPENSSL_OWNER_HPP
#define AIAUDIT_TESTS_SUPPORT_OPENSSL_OWNER_HPP

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>

namespace aiaudit_tests {

template <auto Free>
struct openssl_freer {
    template <class Object>
    void operator()(Object* object) const noexcept {
        Free(object);
    }
};
using key_owner = std::unique_ptr<EVP_PKEY, openssl_freer<EVP_PKEY_free>>;
using certificate_owner = std::unique_ptr<X509, openssl_freer<X509_free>>;
using bio_owner = std::unique_ptr<BIO, openssl_freer<BIO_free_all>>;
using tls_context_owner = std::unique_ptr<SSL_CTX, openssl_freer<SSL_CTX_free>>;
using tls_owner = std::unique_ptr<SSL, openssl_freer<SSL_free>>;

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_SUPPORT_OPENSSL_OWNER_HPP

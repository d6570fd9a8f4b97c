// SPDX-License-Identifier: MIT
//
// throwaway_ca.hpp: a certificate authority that lives for one test, and server certificates that
// it signed: good ones and bad ones. Keys are EC P-256, which are made in a moment.
#ifndef AIAUDIT_TESTS_SUPPORT_THROWAWAY_CA_HPP
#define AIAUDIT_TESTS_SUPPORT_THROWAWAY_CA_HPP

#include "engine/support/temporary_directory.hpp"
#include "support/openssl_owner.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <fstream>
#include <stdexcept>
#include <string>

namespace aiaudit_tests {

// A server's certificate and its private key, both as PEM.
struct pem_identity {
    std::string certificate_pem{};
    std::string key_pem{};
};

namespace provider_detail {

inline void require(bool right, char const* what) {
    if (!right) throw std::runtime_error(std::string("throwaway_ca: ") + what);
}

[[nodiscard]] inline key_owner new_key() {
    key_owner key(EVP_EC_gen("P-256"));
    require(key != nullptr, "no key");
    return key;
}

// The PEM text that `write(BIO*)` writes.
template <class Write>
[[nodiscard]] std::string pem_text(Write write) {
    bio_owner const memory(BIO_new(BIO_s_mem()));
    require(memory != nullptr && write(memory.get()) == 1, "no PEM");
    std::string text;
    std::array<char, 512> part{};
    for (int count = 0; (count = BIO_read(memory.get(), part.data(), 512)) > 0;)
        text.append(part.data(), static_cast<std::size_t>(count));
    return text;
}
[[nodiscard]] inline std::string pem_of(X509* certificate) {
    return pem_text([&](BIO* to) { return PEM_write_bio_X509(to, certificate); });
}
[[nodiscard]] inline std::string pem_of(EVP_PKEY* key) {
    return pem_text([&](BIO* to) {
        return PEM_write_bio_PrivateKey(to, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
}

// What a certificate says. Times are seconds from now.
struct certificate_wish {
    std::string common_name{};
    std::string alternative_names{};  // as OpenSSL writes them: "IP:127.0.0.1,DNS:localhost"
    bool authority = false;
    long from_seconds = -86'400;
    long to_seconds = 86'400;
};

inline void add_extension(X509* certificate, X509* issuer, int which, std::string const& value) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_nconf_nid(nullptr, &context, which, value.c_str());
    require(extension != nullptr, "a bad extension");
    int const added = X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    require(added == 1, "an extension was refused");
}

// A certificate for `key`, signed by `issuer` with its key; by itself where there is none.
[[nodiscard]] inline certificate_owner new_certificate(certificate_wish const& wish, EVP_PKEY* key,
                                                       X509* issuer, EVP_PKEY* issuer_key) {
    static std::atomic<std::uint64_t> serial{0};
    certificate_owner certificate(X509_new());
    X509* const made = certificate.get();
    require(made != nullptr, "no certificate");
    X509_NAME* const name = X509_get_subject_name(made);
    auto const* const text = reinterpret_cast<unsigned char const*>(wish.common_name.c_str());
    require(X509_set_version(made, X509_VERSION_3) == 1 &&
                ASN1_INTEGER_set_uint64(X509_get_serialNumber(made), ++serial) == 1 &&
                X509_gmtime_adj(X509_getm_notBefore(made), wish.from_seconds) != nullptr &&
                X509_gmtime_adj(X509_getm_notAfter(made), wish.to_seconds) != nullptr &&
                X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1 &&
                X509_set_issuer_name(
                    made, issuer != nullptr ? X509_get_subject_name(issuer) : name) == 1 &&
                X509_set_pubkey(made, key) == 1,
            "a certificate's field was refused");
    X509* const signer = issuer != nullptr ? issuer : made;
    add_extension(made, signer, NID_basic_constraints,
                  wish.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    add_extension(made, signer, NID_key_usage,
                  wish.authority ? "critical,keyCertSign" : "critical,digitalSignature");
    if (!wish.alternative_names.empty())
        add_extension(made, signer, NID_subject_alt_name, wish.alternative_names);
    require(X509_sign(made, issuer_key != nullptr ? issuer_key : key, EVP_sha256()) > 0,
            "not signed");
    return certificate;
}

}  // namespace provider_detail

// What a server speaks TLS by.
[[nodiscard]] inline tls_context_owner server_context_of(pem_identity const& identity) {
    auto const memory = [](std::string const& text) {
        return bio_owner(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    };
    tls_context_owner context(SSL_CTX_new(TLS_server_method()));
    certificate_owner const certificate(
        PEM_read_bio_X509(memory(identity.certificate_pem).get(), nullptr, nullptr, nullptr));
    key_owner const key(
        PEM_read_bio_PrivateKey(memory(identity.key_pem).get(), nullptr, nullptr, nullptr));
    provider_detail::require(context != nullptr &&
                                 SSL_CTX_use_certificate(context.get(), certificate.get()) == 1 &&
                                 SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1,
                             "a bad certificate or key");
    return context;
}

class throwaway_ca {
public:
    throwaway_ca()
        : key_(provider_detail::new_key()),
          certificate_(provider_detail::new_certificate(
              {.common_name = "Throwaway Test Authority", .authority = true}, key_.get(), nullptr,
              nullptr)),
          certificate_pem_(provider_detail::pem_of(certificate_.get())) {
        std::ofstream(file()) << certificate_pem_;
    }

    [[nodiscard]] std::string const& certificate_pem() const noexcept { return certificate_pem_; }
    // A file with the authority's certificate, for clients that trust it; gone with this object.
    [[nodiscard]] std::string file() const { return directory_ / "ca.pem"; }

    // For 127.0.0.1 and localhost.
    [[nodiscard]] pem_identity good() const { return signed_one({"good", here_names()}); }
    [[nodiscard]] pem_identity expired() const {
        return signed_one({"expired", here_names(), false, -2 * 86'400, -86'400});
    }
    [[nodiscard]] pem_identity not_yet_valid() const {
        return signed_one({"early", here_names(), false, 86'400, 2 * 86'400});
    }
    // Whose common name may say another one.
    [[nodiscard]] pem_identity for_host(std::string const& host,
                                        std::string const& common_name = {}) const {
        return signed_one({common_name.empty() ? host : common_name, "DNS:" + host});
    }
    // For the right names, by nobody whom a client could trust.
    [[nodiscard]] static pem_identity self_signed() {
        auto const key = provider_detail::new_key();
        auto const made =
            provider_detail::new_certificate({"self", here_names()}, key.get(), nullptr, nullptr);
        return {provider_detail::pem_of(made.get()), provider_detail::pem_of(key.get())};
    }

private:
    [[nodiscard]] static std::string here_names() { return "IP:127.0.0.1,DNS:localhost"; }
    [[nodiscard]] pem_identity signed_one(provider_detail::certificate_wish const& wish) const {
        auto const key = provider_detail::new_key();
        auto const made =
            provider_detail::new_certificate(wish, key.get(), certificate_.get(), key_.get());
        return {provider_detail::pem_of(made.get()), provider_detail::pem_of(key.get())};
    }

    temporary_directory directory_{};
    key_owner key_;
    certificate_owner certificate_;
    std::string certificate_pem_;
};

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_SUPPORT_THROWAWAY_CA_HPP

// SPDX-License-Identifier: MIT
//
// gateway_key.ipp: the definitions of gateway_key.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_GATEWAY_KEY_IPP
#define AIAUDIT_IMPL_GATEWAY_GATEWAY_KEY_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/gateway/gateway_key.hpp>
#include <aiaudit/gateway/request_target.hpp>  // query_of
#include <aiaudit/providers/dialect.hpp>       // percent_decoded

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<void> check_key(gateway_key const& key) {
    auto const bad = [](std::string why) { return fail(errc::bad_argument, std::move(why)); };
    if (!is_key_id(key.id)) return bad("the id of a key is 1 to 64 of A-Z a-z 0-9 _ -");
    std::string const where = "key '" + key.id + "': ";
    if (!is_owner_name(key.user) || !is_owner_name(key.project))
        return bad(where + "a user or project is at most 1024 bytes of UTF-8 on one line");
    if (!is_owner_name(key.team) || !is_owner_name(key.organisation))
        return bad(where + "a team or organisation is at most 1024 bytes of UTF-8 on one line");
    if (!is_owner_name(key.note))
        return bad(where + "a note is at most 1024 bytes of UTF-8 on one line");
    for (auto const* const list : {&key.models, &key.denied_models}) {
        if (list->size() > key_models_most) return bad(where + "it has more than 256 models");
        for (std::string const& model : *list) {
            if (!is_model_pattern(model) || !is_plain_text(model))
                return bad(where + "'" + printable(model) +
                           "' is no model, and no beginning of one with a '*' after it");
        }
    }
    return {};
}

// RFC 4648, section 5, without padding.
AIAUDIT_INLINE std::string base64url_of(std::string_view bytes) {
    std::string text = base64_encode(bytes);
    while (text.ends_with('=')) text.pop_back();
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    return text;
}

}  // namespace detail

namespace detail {

// Gives the key another salt and secret. Errors: storage_failed.
AIAUDIT_INLINE result<issued_key> with_new_secret(gateway_key key) {
    std::string random(key_random_bytes, '\0');
    auto* const bytes = reinterpret_cast<unsigned char*>(random.data());
    if (RAND_priv_bytes(bytes, static_cast<int>(random.size())) != 1 ||
        RAND_bytes(key.salt.data(), static_cast<int>(key.salt.size())) != 1)
        return fail(errc::storage_failed, "the operating system gave no random bytes");
    issued_key issued;
    issued.secret = std::string(key_secret_prefix) + key.id + ".";
    std::string encoded = base64url_of(random);
    issued.secret += encoded;
    wipe(random);
    wipe(encoded);
    key.secret_digest = digest_of_secret(key.salt, issued.secret);
    issued.kept = std::move(key);
    return issued;
}

[[nodiscard]] AIAUDIT_INLINE bool is_secret_of(kept_secret const& kept, std::string_view secret) {
    digest const given = digest_of_secret(kept.salt, secret);
    return CRYPTO_memcmp(given.bytes.data(), kept.of.bytes.data(), given.bytes.size()) == 0;
}

}  // namespace detail

AIAUDIT_INLINE result<void> check_team(std::vector<gateway_key> const& others,
                                       gateway_key const& wish) {
    for (gateway_key const& each : others) {
        bool const meets = !wish.team.empty() && each.team == wish.team && each.id != wish.id &&
                           !each.revoked_at && each.organisation != wish.organisation;
        if (!meets) continue;
        return fail(errc::bad_argument,
                    "team '" + detail::printable(wish.team) + "' of key '" + each.id + "' is of " +
                        (each.organisation.empty()
                             ? std::string("no organisation")
                             : "organisation '" + detail::printable(each.organisation) + "'") +
                        ": a team has one");
    }
    return {};
}

AIAUDIT_INLINE result<issued_key> issue_key(gateway_key wish, timestamp now) {
    if (auto const fit = detail::check_key(wish); !fit) return fit.error();
    if (wish.expires_at && *wish.expires_at <= now)
        return fail(errc::bad_argument, "key '" + wish.id + "': it would have expired at " +
                                            wish.expires_at->to_string() + ", before it is made");
    wish.created_at = now;
    wish.revoked_at.reset();
    wish.former.reset();
    return detail::with_new_secret(std::move(wish));
}

AIAUDIT_INLINE result<issued_key> rotate_key(gateway_key key, timestamp now,
                                             std::chrono::nanoseconds grace) {
    auto const bad = [&key](std::string why) {
        return fail(errc::bad_argument, "key '" + key.id + "' " + std::move(why));
    };
    if (key.revoked_at) return bad("was revoked at " + key.revoked_at->to_string());
    if (!is_live(key, now)) return bad("expired at " + key.expires_at->to_string());
    if (grace.count() < 0 || grace > detail::key_grace_most)
        return bad("is rotated with a time of grace of at most 366 days");
    key.former.reset();
    if (grace.count() > 0)
        key.former = former_secret{{key.salt, key.secret_digest}, {now.ns + grace.count()}};
    return detail::with_new_secret(std::move(key));
}

AIAUDIT_INLINE result<void> revoke_key(gateway_key& key, timestamp now) {
    if (key.revoked_at)
        return fail(errc::bad_argument,
                    "key '" + key.id + "' was revoked at " + key.revoked_at->to_string());
    key.revoked_at = now;
    key.former.reset();
    return {};
}

AIAUDIT_INLINE bool opens(gateway_key const& key, std::string_view secret, timestamp now) {
    static kept_secret const none{};  // whose digest no secret has
    bool const is_present = detail::is_secret_of({key.salt, key.secret_digest}, secret);
    bool const is_former = detail::is_secret_of(key.former ? key.former->kept : none, secret);
    bool const in_grace = key.former && now < key.former->until;
    return (is_present || (is_former && in_grace)) && is_live(key, now);
}

AIAUDIT_INLINE std::string secret_in(header_list const& headers, std::string_view target) {
    constexpr std::string_view bearer = "bearer ";
    std::string_view const authorization = header_of(headers, "authorization");
    if (detail::same_name(authorization.substr(0, bearer.size()), bearer)) {
        std::string_view text = authorization.substr(bearer.size());
        text.remove_prefix((std::min)(text.find_first_not_of(' '), text.size()));
        text = text.substr(0, text.find_last_not_of(' ') + 1);
        if (!text.empty()) return std::string(text);
    }
    for (std::string_view const name : {"x-api-key", "x-goog-api-key", "api-key"}) {
        if (auto const value = header_of(headers, name); !value.empty()) return std::string(value);
    }
    std::string found;
    detail::for_each_parameter(detail::query_of(target), [&found](std::string_view parameter) {
        auto const equals = parameter.find('=');
        if (parameter.substr(0, equals) != "key" || equals == std::string_view::npos) return true;
        found = detail::percent_decoded(parameter.substr(equals + 1));
        return found.empty();
    });
    return found;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_GATEWAY_KEY_IPP

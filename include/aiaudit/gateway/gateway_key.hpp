// SPDX-License-Identifier: MIT
//
// gateway_key.hpp: a key of the gateway: what it may do, and what is kept of its secret.
//
// A secret is "aia-ID." and 43 characters of base64url: 256 bits from the operating system. Nobody
// guesses those, so one salted SHA-256 is enough; hashes that are slow on purpose are for what
// people choose, and would slow down every call. The secret names its key, so that it is found
// without an index of secrets, and only one hash is compared, in constant time.
// Threads: plain values; functions without state.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_GATEWAY_KEY_HPP
#define AIAUDIT_GATEWAY_GATEWAY_KEY_HPP

#include <aiaudit/core/digest.hpp>            // digest
#include <aiaudit/core/http.hpp>              // header_of
#include <aiaudit/core/timestamp.hpp>         // timestamp
#include <aiaudit/detail/bytes.hpp>           // view_of
#include <aiaudit/detail/sha256.hpp>          // sha256_joined
#include <aiaudit/gateway/model_pattern.hpp>  // matches_any_model
#include <aiaudit/integrity/text_form.hpp>    // base64_encode, wipe

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// What is kept of a secret.
struct kept_secret {
    std::array<std::uint8_t, 16> salt{};
    digest of{};  // SHA-256 of the salt and the secret

    friend bool operator==(kept_secret const&, kept_secret const&) = default;
};

// The secret that a key had before it was rotated, and how long it opens too.
struct former_secret {
    kept_secret kept{};
    timestamp until{};

    friend bool operator==(former_secret const&, former_secret const&) = default;
};

struct gateway_key {
    std::string id{};                          // 1 to 64 of A-Z a-z 0-9 _ -
    std::string user{};                        // whose calls these are; may be empty
    std::string project{};                     // as well
    std::string team{};                        // as well; the tag "team" of records
    std::string organisation{};                // the team's
    std::vector<std::string> models{};         // names, or "prefix*"; empty: all
    std::vector<std::string> denied_models{};  // as well: none of these, whatever `models` has
    bool names_users = false;                  // may give user and tags by header and body
    std::string note{};  // the administrator's words, on one line; no record has them
    timestamp created_at{};
    std::optional<timestamp> expires_at{};  // from then on it opens nothing
    std::optional<timestamp> revoked_at{};
    std::array<std::uint8_t, 16> salt{};
    digest secret_digest{};  // SHA-256 of the salt and the secret
    std::optional<former_secret> former{};

    friend bool operator==(gateway_key const&, gateway_key const&) = default;
};

struct issued_key {
    gateway_key kept{};
    std::string secret{};  // shown once, and kept nowhere
};

namespace detail {

inline constexpr std::string_view key_secret_prefix = "aia-";
inline constexpr std::size_t key_id_bytes = 64;
inline constexpr std::size_t key_name_bytes = 1'024;  // as budgets have them
inline constexpr std::size_t key_models_most = 256;
inline constexpr std::chrono::hours key_grace_most{366 * 24};
inline constexpr std::size_t key_random_bytes = 32;
inline constexpr std::size_t key_random_characters = 43;
inline constexpr std::size_t key_secret_bytes =
    key_secret_prefix.size() + key_id_bytes + 1 + key_random_characters;

[[nodiscard]] constexpr bool is_key_id(std::string_view id) noexcept {
    return !id.empty() && id.size() <= key_id_bytes &&
           std::all_of(id.begin(), id.end(),
                       [](char c) { return is_letter_or_digit(c) || c == '_' || c == '-'; });
}

// Of a user or a project: it may be empty, but not spoil a line or a JSON text.
[[nodiscard]] constexpr bool is_owner_name(std::string_view name) noexcept {
    return name.size() <= key_name_bytes && is_plain_text(name) &&
           std::none_of(name.begin(), name.end(), is_control_byte);
}

// All but the secret. Errors: bad_argument.
[[nodiscard]] result<void> check_key(gateway_key const& key);

[[nodiscard]] inline digest digest_of_secret(std::array<std::uint8_t, 16> const& salt,
                                             std::string_view secret) {
    return {sha256_joined({view_of(salt), secret})};
}

// The id that a secret names; nothing where it has not the form of a secret.
[[nodiscard]] constexpr std::optional<std::string_view> id_in_secret(
    std::string_view secret) noexcept {
    if (secret.size() > key_secret_bytes || !secret.starts_with(key_secret_prefix))
        return std::nullopt;
    secret.remove_prefix(key_secret_prefix.size());
    auto const dot = secret.find('.');
    if (dot == std::string_view::npos || secret.size() - dot - 1 != key_random_characters ||
        !is_key_id(secret.substr(0, dot)))
        return std::nullopt;
    return secret.substr(0, dot);
}

}  // namespace detail

// Whether a team would be of two organisations, so that the limit of a parent did not hold for all
// of it. Keys that were revoked do not count. Errors: bad_argument, which names the other key.
[[nodiscard]] result<void> check_team(std::vector<gateway_key> const& others,
                                      gateway_key const& wish);

// A new secret for the key that is wished for. Errors: bad_argument where the key is not
// well-formed; storage_failed where the operating system has no random bytes.
[[nodiscard]] result<issued_key> issue_key(gateway_key wish, timestamp now);

// A new secret for a key that there is. The former one opens it too for the time of `grace`; what
// was its former one before does not any more. Errors: bad_argument for a key that was revoked or
// has expired, or a time below zero; storage_failed as above.
[[nodiscard]] result<issued_key> rotate_key(gateway_key key, timestamp now,
                                            std::chrono::nanoseconds grace);

// Errors: bad_argument for a key that was revoked before.
[[nodiscard]] result<void> revoke_key(gateway_key& key, timestamp now);

// Whether the key was neither revoked nor has expired.
[[nodiscard]] constexpr bool is_live(gateway_key const& key, timestamp now) noexcept {
    return !key.revoked_at && (!key.expires_at || now < *key.expires_at);
}

// Whether that is the key's secret, or its former one while that may be used, and the key is live.
// It takes the same time wherever the secret is wrong.
[[nodiscard]] bool opens(gateway_key const& key, std::string_view secret, timestamp now);

// Whether a call of the key must name its model.
[[nodiscard]] inline bool has_model_list(gateway_key const& key) noexcept {
    bool const may_all = key.models.empty() ||
                         std::find(key.models.begin(), key.models.end(), "*") != key.models.end();
    return !may_all || !key.denied_models.empty();
}
[[nodiscard]] inline bool may_use(gateway_key const& key, std::string_view model) {
    return (key.models.empty() || detail::matches_any_model(key.models, model)) &&
           (key.denied_models.empty() || !detail::denies_model(key.denied_models, model));
}

// The key that a request carries, where any of the APIs has it: Authorization: Bearer, x-api-key,
// x-goog-api-key, api-key, or the query's "key". Empty where there is none.
[[nodiscard]] std::string secret_in(header_list const& headers, std::string_view target);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/gateway_key.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_GATEWAY_KEY_HPP

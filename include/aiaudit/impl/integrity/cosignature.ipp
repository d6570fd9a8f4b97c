// SPDX-License-Identifier: MIT
//
// cosignature.ipp: the definitions of cosignature.hpp.
#ifndef AIAUDIT_IMPL_INTEGRITY_COSIGNATURE_IPP
#define AIAUDIT_IMPL_INTEGRITY_COSIGNATURE_IPP

#include <aiaudit/config.hpp>                // AIAUDIT_INLINE
#include <aiaudit/integrity/checkpoint.hpp>  // checkpoint
#include <aiaudit/integrity/cosignature.hpp>
#include <aiaudit/limits.hpp>  // note_bytes

#include <algorithm>
#include <cstddef>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr std::uint64_t cosignature_time_most = (std::uint64_t{1} << 63) - 1;

AIAUDIT_INLINE std::string cosigned_text(std::string_view note_text, std::uint64_t time) {
    std::string text = "cosignature/v1\ntime " + std::to_string(time) + '\n';
    return text.append(note_text);
}

AIAUDIT_INLINE std::string signature_line(std::string_view name, note_key_id const& id,
                                          std::string_view bytes) {
    std::string blob{view_of(id)};
    blob += bytes;
    std::string line{note_signature_mark};
    line.append(name).append(1, ' ').append(base64_encode(blob)).append(1, '\n');
    return line;
}

AIAUDIT_INLINE std::uint64_t big_endian_of(std::string_view bytes) noexcept {
    std::uint64_t value = 0;
    for (char const byte : bytes.substr(0, 8)) value = value << 8 | static_cast<std::uint8_t>(byte);
    return value;
}

AIAUDIT_INLINE std::string big_endian_text(std::uint64_t value) {
    std::string bytes(8, '\0');
    for (std::size_t i = 8; i-- > 0; value >>= 8) bytes[i] = static_cast<char>(value & 0xFF);
    return bytes;
}

}  // namespace detail

AIAUDIT_INLINE result<cosigner_verification_key> cosigner_verification_key::parse(
    std::string_view text) {
    auto const parts = detail::split_key_text(text);
    auto const bytes = detail::base64_decode(parts.base64.substr(0, 4096));
    if (bytes && !bytes->empty() && bytes->front() == detail::cosigner_ml_dsa)
        return fail(errc::bad_argument,
                    "a cosigner's key with ML-DSA-44 (type 6), which this release cannot verify; "
                    "one with Ed25519 (type 4) can be");
    if (bytes && !bytes->empty() && bytes->front() == detail::note_ed25519)
        return fail(errc::bad_argument, "the key of a log (type 1), where a cosigner's is wanted");
    if (!detail::is_key_name(parts.name) || parts.base64.size() != 44 || !bytes ||
        bytes->size() != 33 || bytes->front() != detail::cosigner_ed25519)
        return fail(errc::bad_argument, "not the text of a cosigner's Ed25519 verification key");
    detail::ed25519_public point{};
    std::copy(bytes->begin() + 1, bytes->end(), point.begin());
    cosigner_verification_key key{std::string(parts.name), point};
    if (detail::to_hex(key.id_) != parts.id)
        return fail(errc::bad_argument, "the id of a verification key is not that of its name");
    return key;
}

AIAUDIT_INLINE std::string cosigner_verification_key::to_string() const {
    std::string bytes(1, detail::cosigner_ed25519);
    bytes += detail::view_of(point_);
    return name_ + '+' + detail::to_hex(id_) + '+' + detail::base64_encode(bytes);
}

AIAUDIT_INLINE std::optional<std::uint64_t> cosigner_verification_key::time_of(
    std::string_view note_text, std::string_view signature) const {
    if (signature.size() != 8 + 64) return std::nullopt;
    std::uint64_t const time = detail::big_endian_of(signature);
    if (time > detail::cosignature_time_most) return std::nullopt;
    if (!detail::ed25519_verify(point_, detail::cosigned_text(note_text, time),
                                signature.substr(8)))
        return std::nullopt;
    return time;
}

AIAUDIT_INLINE result<cosigner_signing_key> cosigner_signing_key::generate(std::string name) {
    if (!detail::is_key_name(name))
        return fail(errc::bad_argument, "a key's name is text without spaces and '+'");
    return cosigner_signing_key{std::move(name), detail::ed25519_generate()};
}

AIAUDIT_INLINE result<cosigner_signing_key> cosigner_signing_key::parse(std::string_view text) {
    auto const wrong = [] {
        return fail(errc::bad_argument, "not the text of a cosigner's Ed25519 signing key");
    };
    if (!text.starts_with(prefix)) return wrong();
    auto const parts = detail::split_key_text(text.substr(prefix.size()));
    if (!detail::is_key_name(parts.name) || parts.base64.size() != 44) return wrong();
    auto bytes = detail::base64_decode(parts.base64);
    if (!bytes) return wrong();
    bool const of_log = bytes->size() == 33 && bytes->front() == detail::note_ed25519;
    bool const is_seed = bytes->size() == 33 && bytes->front() == detail::cosigner_ed25519;
    detail::ed25519_seed seed;
    if (is_seed) std::copy(bytes->begin() + 1, bytes->end(), seed.bytes.begin());
    detail::wipe(*bytes);
    if (of_log)
        return fail(errc::bad_argument,
                    "the signing key of a log, where a cosigner's is wanted: each role has its own "
                    "(aiaudit audit --new-key)");
    if (!is_seed) return wrong();
    cosigner_signing_key key{std::string(parts.name), detail::ed25519_from_seed(seed)};
    if (detail::to_hex(key.public_.id()) != parts.id)
        return fail(errc::bad_argument, "the id of a signing key is not that of its name");
    return key;
}

AIAUDIT_INLINE std::string cosigner_signing_key::to_secret_string() const {
    detail::ed25519_seed seed;
    detail::ed25519_copy_seed(secret_, seed);
    std::string bytes;
    bytes.reserve(1 + seed.bytes.size());
    bytes.push_back(detail::cosigner_ed25519);
    bytes += detail::view_of(seed.bytes);
    std::string base64 = detail::base64_encode(bytes);
    detail::wipe(bytes);
    std::string text{prefix};
    text.append(name()).append(1, '+').append(detail::to_hex(public_.id())).append(1, '+');
    text.append(base64);
    detail::wipe(base64);
    return text;
}

AIAUDIT_INLINE result<std::string> cosigner_signing_key::cosign(std::string_view note_text,
                                                                std::uint64_t time) const {
    if (auto const state = checkpoint::parse(note_text); !state)
        return fail(errc::bad_argument, "what is cosigned is no checkpoint");
    if (time == 0 || time > detail::cosignature_time_most)
        return fail(errc::bad_argument, "the time of a cosignature is 1 to 2^63 - 1");
    auto const signature = detail::ed25519_sign(secret_, detail::cosigned_text(note_text, time));
    return detail::signature_line(
        name(), public_.id(),
        detail::big_endian_text(time) + std::string(detail::view_of(signature)));
}

AIAUDIT_INLINE result<std::vector<cosignature>> cosignatures_of(
    std::string_view note, std::span<cosigner_verification_key const> keys) {
    auto const parts = detail::split_note(note);
    if (!parts) return parts.error();
    std::vector<cosignature> found;
    for (detail::note_signature const& signature : parts->signatures) {
        auto const known =
            std::find_if(keys.begin(), keys.end(), [&](cosigner_verification_key const& key) {
                return key.name() == signature.name && key.id() == signature.id;
            });
        if (known == keys.end()) continue;
        auto const time = known->time_of(parts->text, signature.bytes);
        if (!time)
            return fail(errc::verification_failed, "a cosignature of " +
                                                       detail::printable(known->name()) +
                                                       " does not match its checkpoint");
        auto const place = static_cast<std::size_t>(known - keys.begin());
        auto const earlier = std::find_if(
            found.begin(), found.end(), [&](cosignature const& each) { return each.key == place; });
        if (earlier == found.end())
            found.push_back({place, *time});
        else
            earlier->time = (std::max)(earlier->time, *time);
    }
    return found;
}

AIAUDIT_INLINE result<std::string> with_signature_lines(std::string_view note,
                                                        std::string_view lines) {
    auto const parts = detail::split_note(note);
    if (!parts) return parts.error();
    std::vector<detail::note_signature> all;
    if (lines.empty()) return std::string(note);
    std::string const carrier = std::string(parts->text) + '\n' + std::string(lines);
    auto const added = detail::split_note(carrier);
    if (!added) return added.error();
    auto const same_key = [](detail::note_signature const& one, detail::note_signature const& two) {
        return one.name == two.name && one.id == two.id;
    };
    for (detail::note_signature const& each : parts->signatures) {
        bool const newer =
            std::any_of(added->signatures.begin(), added->signatures.end(),
                        [&](detail::note_signature const& other) { return same_key(each, other); });
        if (!newer) all.push_back(each);
    }
    all.insert(all.end(), added->signatures.begin(), added->signatures.end());
    if (all.size() > limits::note_signatures)
        return fail(errc::too_large, "a note has too many signatures");
    std::string made = std::string(parts->text) + '\n';
    for (detail::note_signature const& each : all)
        made += detail::signature_line(each.name, each.id, each.bytes);
    if (made.size() > limits::note_bytes) return fail(errc::too_large, "a note is too long");
    return made;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_INTEGRITY_COSIGNATURE_IPP

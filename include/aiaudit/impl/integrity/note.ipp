// SPDX-License-Identifier: MIT
//
// note.ipp: the definitions of note.hpp.
#ifndef AIAUDIT_IMPL_INTEGRITY_NOTE_IPP
#define AIAUDIT_IMPL_INTEGRITY_NOTE_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/integrity/note.hpp>
#include <aiaudit/limits.hpp>  // note_bytes

#include <algorithm>
#include <cstddef>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE note_key_text split_key_text(std::string_view text) noexcept {
    std::size_t const first = text.find('+');
    if (first == std::string_view::npos) return {};
    std::size_t const second = text.find('+', first + 1);
    if (second == std::string_view::npos) return {};
    return {text.substr(0, first), text.substr(first + 1, second - first - 1),
            text.substr(second + 1)};
}

}  // namespace detail

AIAUDIT_INLINE result<note_verification_key> note_verification_key::parse(std::string_view text) {
    auto const parts = detail::split_key_text(text);
    auto const bytes = detail::base64_decode(parts.base64.substr(0, 64));
    if (!detail::is_key_name(parts.name) || parts.base64.size() != 44 || !bytes ||
        bytes->size() != 33 || bytes->front() != detail::note_ed25519)
        return fail(errc::bad_argument, "not the text of an Ed25519 verification key");
    detail::ed25519_public point{};
    std::copy(bytes->begin() + 1, bytes->end(), point.begin());
    note_verification_key key{std::string(parts.name), point};
    if (detail::to_hex(key.id_) != parts.id)
        return fail(errc::bad_argument, "the id of a verification key is not that of its name");
    return key;
}

AIAUDIT_INLINE result<note_signing_key> note_signing_key::parse(std::string_view text) {
    auto const wrong = [] {
        return fail(errc::bad_argument, "not the text of an Ed25519 signing key");
    };
    if (!text.starts_with(prefix)) return wrong();
    auto const parts = detail::split_key_text(text.substr(prefix.size()));
    if (!detail::is_key_name(parts.name) || parts.base64.size() != 44) return wrong();
    auto bytes = detail::base64_decode(parts.base64);
    if (!bytes) return wrong();
    bool const is_seed = bytes->size() == 33 && bytes->front() == detail::note_ed25519;
    detail::ed25519_seed seed;
    if (is_seed) std::copy(bytes->begin() + 1, bytes->end(), seed.bytes.begin());
    detail::wipe(*bytes);
    if (!is_seed) return wrong();
    note_signing_key key{std::string(parts.name), detail::ed25519_from_seed(seed)};
    if (detail::to_hex(key.verification_key().id()) != parts.id)
        return fail(errc::bad_argument, "the id of a signing key is not that of its name");
    return key;
}

AIAUDIT_INLINE std::string note_signing_key::to_secret_string() const {
    detail::ed25519_seed seed;
    detail::ed25519_copy_seed(secret_, seed);
    std::string bytes;
    bytes.reserve(1 + seed.bytes.size());
    bytes.push_back(detail::note_ed25519);
    bytes += detail::view_of(seed.bytes);
    std::string base64 = detail::base64_encode(bytes);
    detail::wipe(bytes);
    std::string text{prefix};
    text.append(name()).append(1, '+').append(detail::to_hex(public_.id())).append(1, '+');
    text.append(base64);
    detail::wipe(base64);
    return text;
}
namespace detail {

AIAUDIT_INLINE result<note_signature> split_note_signature(std::string_view line) {
    auto const wrong = [] {
        return fail(errc::bad_input, "a note has a malformed signature line");
    };
    if (!line.starts_with(note_signature_mark)) return wrong();
    line.remove_prefix(note_signature_mark.size());
    std::size_t const space = line.find(' ');
    if (space == std::string_view::npos) return wrong();
    auto const bytes = base64_decode(line.substr(space + 1));
    if (!bytes || bytes->size() <= 4 || !is_key_name(line.substr(0, space))) return wrong();
    note_signature signature{line.substr(0, space), {}, bytes->substr(4)};
    std::copy_n(bytes->begin(), 4, signature.id.begin());
    return signature;
}

AIAUDIT_INLINE result<note_parts> split_note(std::string_view note) {
    if (note.size() > limits::note_bytes) return fail(errc::too_large, "a note is too long");
    if (!is_plain_text(note)) return fail(errc::bad_input, "a note is not plain text in UTF-8");
    std::size_t const gap = note.rfind("\n\n");
    if (gap == std::string_view::npos)
        return fail(errc::bad_input, "a note has no empty line before its signatures");
    note_parts parts{note.substr(0, gap + 1), {}};
    std::string_view rest = note.substr(gap + 2);
    while (!rest.empty()) {
        auto const line = take_line(rest);
        if (!line) return fail(errc::bad_input, "a note does not end with a line feed");
        if (parts.signatures.size() == limits::note_signatures)
            return fail(errc::too_large, "a note has too many signatures");
        auto signature = split_note_signature(*line);
        if (!signature) return signature.error();
        parts.signatures.push_back(std::move(*signature));
    }
    if (parts.signatures.empty()) return fail(errc::bad_input, "a note has no signatures");
    return parts;
}

}  // namespace detail

AIAUDIT_INLINE result<std::string> sign_note(std::string_view text,
                                             std::span<note_signing_key const> keys) {
    if (!text.ends_with('\n') || !detail::is_plain_text(text))
        return fail(errc::bad_argument, "the text of a note is lines of plain text in UTF-8");
    if (keys.empty()) return fail(errc::bad_argument, "a note needs a key to sign it");
    if (keys.size() > limits::note_signatures)
        return fail(errc::too_large, "too many keys to sign a note");
    std::string note{text};
    note += '\n';
    for (note_signing_key const& key : keys) {
        std::string bytes{detail::view_of(key.verification_key().id())};
        bytes += detail::view_of(key.sign(text));
        note.append(detail::note_signature_mark).append(key.name()).append(1, ' ');
        note.append(detail::base64_encode(bytes)).append(1, '\n');
    }
    if (note.size() > limits::note_bytes) return fail(errc::too_large, "a note is too long");
    return note;
}

AIAUDIT_INLINE result<opened_note> open_note(std::string_view note,
                                             std::span<note_verification_key const> keys) {
    auto const parts = detail::split_note(note);
    if (!parts) return parts.error();
    opened_note opened{std::string(parts->text), {}};
    std::vector<bool> verified(keys.size());
    for (detail::note_signature const& signature : parts->signatures) {
        auto const known =
            std::find_if(keys.begin(), keys.end(), [&](note_verification_key const& key) {
                return key.name() == signature.name && key.id() == signature.id;
            });
        if (known == keys.end()) continue;
        if (!known->verifies(parts->text, signature.bytes))
            return fail(errc::verification_failed, "a signature of a note does not match its text");
        auto const place = static_cast<std::size_t>(known - keys.begin());
        if (!verified[place]) opened.signers.push_back(known->name());
        verified[place] = true;
    }
    if (opened.signers.empty())
        return fail(errc::verification_failed, "no known key has signed the note");
    return opened;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_INTEGRITY_NOTE_IPP

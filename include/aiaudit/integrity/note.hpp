// SPDX-License-Identifier: MIT
//
// note.hpp: signed notes (c2sp.org/signed-note) with Ed25519: a text that people can read, an empty
// line, and a line for each signature.
//
// A note is believed only after open_note() with keys that the reader had before.
// Threads: keys may be used by many threads at once; the rest are plain values.
// Floor 4.
#ifndef AIAUDIT_INTEGRITY_NOTE_HPP
#define AIAUDIT_INTEGRITY_NOTE_HPP

#include <aiaudit/detail/bytes.hpp>         // view_of
#include <aiaudit/detail/sha256.hpp>        // sha256_joined
#include <aiaudit/error.hpp>                // result
#include <aiaudit/integrity/ed25519.hpp>    // ed25519_sign, ed25519_verify
#include <aiaudit/integrity/text_form.hpp>  // base64, names
#include <aiaudit/limits.hpp>               // note_bytes

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

namespace detail {

using note_key_id = std::array<std::uint8_t, 4>;

// Stands before a key in its text, and goes into its id.
inline constexpr char note_ed25519 = '\1';

[[nodiscard]] inline note_key_id note_key_id_of(std::string_view name, ed25519_public const& key) {
    auto const hash = sha256_joined({name, "\n", {&note_ed25519, 1}, view_of(key)});
    return {hash[0], hash[1], hash[2], hash[3]};
}

// A key's text: NAME+ID+BASE64, where the base64 may have '+' in it and the others may not.
struct note_key_text {
    std::string_view name{};
    std::string_view id{};
    std::string_view base64{};
};
[[nodiscard]] inline note_key_text split_key_text(std::string_view text) noexcept {
    std::size_t const first = text.find('+');
    if (first == std::string_view::npos) return {};
    std::size_t const second = text.find('+', first + 1);
    if (second == std::string_view::npos) return {};
    return {text.substr(0, first), text.substr(first + 1, second - first - 1),
            text.substr(second + 1)};
}

}  // namespace detail

// Who is believed: a name and a public key. Its text, "NAME+ID+BASE64", is what is given to those
// who verify.
class note_verification_key {
public:
    // Errors: bad_argument, also for a key of another kind than Ed25519.
    [[nodiscard]] static result<note_verification_key> parse(std::string_view text) {
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

    [[nodiscard]] std::string const& name() const noexcept { return name_; }
    [[nodiscard]] detail::note_key_id const& id() const noexcept { return id_; }
    [[nodiscard]] std::string to_string() const {
        std::string bytes(1, detail::note_ed25519);
        bytes += detail::view_of(point_);
        return name_ + '+' + detail::to_hex(id_) + '+' + detail::base64_encode(bytes);
    }
    [[nodiscard]] bool verifies(std::string_view text, std::string_view signature) const {
        return detail::ed25519_verify(point_, text, signature);
    }

    friend bool operator==(note_verification_key const&,
                           note_verification_key const&) noexcept = default;

private:
    friend class note_signing_key;
    note_verification_key(std::string name, detail::ed25519_public const& point)
        : name_(std::move(name)), point_(point), id_(detail::note_key_id_of(name_, point_)) {}

    std::string name_;
    detail::ed25519_public point_;
    detail::note_key_id id_;
};

// Who signs. The secret is in libcrypto's memory alone, is overwritten when the key goes, and
// stands in no error.
class note_signing_key {
public:
    // Errors: bad_argument for a name that is empty or has spaces or '+'.
    [[nodiscard]] static result<note_signing_key> generate(std::string name) {
        if (!detail::is_key_name(name))
            return fail(errc::bad_argument, "a key's name is text without spaces and '+'");
        return note_signing_key{std::move(name), detail::ed25519_generate()};
    }

    // Reads "PRIVATE+KEY+NAME+ID+BASE64". Errors: bad_argument.
    [[nodiscard]] static result<note_signing_key> parse(std::string_view text) {
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

    [[nodiscard]] note_verification_key const& verification_key() const noexcept { return public_; }
    [[nodiscard]] std::string const& name() const noexcept { return public_.name(); }

    // The text that parse() reads: whoever has it can sign. The caller keeps it from others.
    [[nodiscard]] std::string to_secret_string() const {
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

    [[nodiscard]] detail::ed25519_signature sign(std::string_view text) const {
        return detail::ed25519_sign(secret_, text);
    }

private:
    static constexpr std::string_view prefix = "PRIVATE+KEY+";

    note_signing_key(std::string name, detail::libcrypto_key secret)
        : secret_(std::move(secret)),
          public_(std::move(name), detail::ed25519_public_of(secret_)) {}

    detail::libcrypto_key secret_;
    note_verification_key public_;
};

namespace detail {

inline constexpr std::string_view note_signature_mark = "\xE2\x80\x94 ";  // an em dash and a space

struct note_signature {
    std::string_view name{};
    note_key_id id{};
    std::string bytes{};
};

// A note in its parts, unverified. The views are into what was split.
struct note_parts {
    std::string_view text{};
    std::vector<note_signature> signatures{};
};

[[nodiscard]] inline result<note_signature> split_note_signature(std::string_view line) {
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

// Checks the form alone. Errors: bad_input; too_large.
[[nodiscard]] inline result<note_parts> split_note(std::string_view note) {
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

// The note of a text, signed with each key. Errors: bad_argument for a text that does not end with
// a line feed or is not plain text, or no keys; too_large.
[[nodiscard]] inline result<std::string> sign_note(std::string_view text,
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

struct opened_note {
    std::string text{};
    std::vector<std::string> signers{};  // names of the keys whose signatures were verified
};

// The text, if a key that is known has signed it. Signatures of unknown keys are ignored; one of a
// known key that does not verify spoils the note, whatever else is on it. Errors: bad_input and
// too_large for the form; verification_failed.
[[nodiscard]] inline result<opened_note> open_note(std::string_view note,
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

#endif  // AIAUDIT_INTEGRITY_NOTE_HPP

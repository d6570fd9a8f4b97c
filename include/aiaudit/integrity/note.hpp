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

#include <array>
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

[[nodiscard]] inline note_key_id note_key_id_of(std::string_view name, ed25519_public const& key,
                                                char type = note_ed25519) {
    auto const hash = sha256_joined({name, "\n", {&type, 1}, view_of(key)});
    return {hash[0], hash[1], hash[2], hash[3]};
}

// A key's text: NAME+ID+BASE64, where the base64 may have '+' in it and the others may not.
struct note_key_text {
    std::string_view name{};
    std::string_view id{};
    std::string_view base64{};
};
[[nodiscard]] note_key_text split_key_text(std::string_view text) noexcept;

}  // namespace detail

// Who is believed: a name and a public key. Its text, "NAME+ID+BASE64", is what is given to those
// who verify.
class note_verification_key {
public:
    // Errors: bad_argument, also for a key of another kind than Ed25519.
    [[nodiscard]] static result<note_verification_key> parse(std::string_view text);

    [[nodiscard]] std::string const& name() const noexcept { return name_; }
    [[nodiscard]] detail::note_key_id const& id() const noexcept { return id_; }
    [[nodiscard]] detail::ed25519_public const& point() const noexcept { return point_; }
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
    [[nodiscard]] static result<note_signing_key> parse(std::string_view text);

    [[nodiscard]] note_verification_key const& verification_key() const noexcept { return public_; }
    [[nodiscard]] std::string const& name() const noexcept { return public_.name(); }

    // The text that parse() reads: whoever has it can sign. The caller keeps it from others.
    [[nodiscard]] std::string to_secret_string() const;

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

// Checks the form alone. Errors: bad_input; too_large.
[[nodiscard]] result<note_parts> split_note(std::string_view note);

}  // namespace detail

// The note of a text, signed with each key. Errors: bad_argument for a text that does not end with
// a line feed or is not plain text, or no keys; too_large.
[[nodiscard]] result<std::string> sign_note(std::string_view text,
                                            std::span<note_signing_key const> keys);

struct opened_note {
    std::string text{};
    std::vector<std::string> signers{};  // names of the keys whose signatures were verified
};

// The text, if a key that is known has signed it. Signatures of unknown keys are ignored; one of a
// known key that does not verify spoils the note, whatever else is on it. Errors: bad_input and
// too_large for the form; verification_failed.
[[nodiscard]] result<opened_note> open_note(std::string_view note,
                                            std::span<note_verification_key const> keys);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/integrity/note.ipp>
#endif

#endif  // AIAUDIT_INTEGRITY_NOTE_HPP

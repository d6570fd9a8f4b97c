// SPDX-License-Identifier: MIT
//
// cosignature.hpp: what witnesses and mirrors put on a checkpoint (c2sp.org/tlog-cosignature), with
// Ed25519: that they know of no larger tree of that log, nor of one that this does not continue, at
// an instant that they state.
//
// The kind with ML-DSA-44 is not made, and a key of it is refused by name; a signature of it on a
// note is one of an unknown key, which is passed over.
// Threads: keys may be used by many threads at once; the rest are plain values.
// Floor 4.
#ifndef AIAUDIT_INTEGRITY_COSIGNATURE_HPP
#define AIAUDIT_INTEGRITY_COSIGNATURE_HPP

#include <aiaudit/error.hpp>              // result
#include <aiaudit/integrity/ed25519.hpp>  // ed25519_public, libcrypto_key
#include <aiaudit/integrity/note.hpp>     // note_key_id_of

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr char cosigner_ed25519 = '\4';
inline constexpr char cosigner_ml_dsa = '\6';

// What is signed: the note's text after the time. A cosigner's name is not in it, so that each has
// a key of its own.
[[nodiscard]] std::string cosigned_text(std::string_view note_text, std::uint64_t time);

// A line of a note: the key's id and these bytes.
[[nodiscard]] std::string signature_line(std::string_view name, note_key_id const& id,
                                         std::string_view bytes);

}  // namespace detail

// Who is believed as a witness or a mirror. Its text is "NAME+ID+BASE64", as that of a log's key.
class cosigner_verification_key {
public:
    // Errors: bad_argument, also for a key of another kind than a cosigner's Ed25519.
    [[nodiscard]] static result<cosigner_verification_key> parse(std::string_view text);

    [[nodiscard]] std::string const& name() const noexcept { return name_; }
    [[nodiscard]] detail::note_key_id const& id() const noexcept { return id_; }
    [[nodiscard]] detail::ed25519_public const& point() const noexcept { return point_; }
    [[nodiscard]] std::string to_string() const;
    // The time of a cosignature, in seconds since 1970, where `signature` (what follows the key's
    // id) is one of this key on that text.
    [[nodiscard]] std::optional<std::uint64_t> time_of(std::string_view note_text,
                                                       std::string_view signature) const;

    friend bool operator==(cosigner_verification_key const&,
                           cosigner_verification_key const&) noexcept = default;

private:
    friend class cosigner_signing_key;
    cosigner_verification_key(std::string name, detail::ed25519_public const& point)
        : name_(std::move(name)),
          point_(point),
          id_(detail::note_key_id_of(name_, point_, detail::cosigner_ed25519)) {}

    std::string name_;
    detail::ed25519_public point_;
    detail::note_key_id id_;
};

// Who cosigns, in one role: its key is neither a log's nor another cosigner's, because what is
// signed has no name in it. The secret is kept as that of note_signing_key.
class cosigner_signing_key {
public:
    // Errors: bad_argument for a name that is empty or has spaces or '+'.
    [[nodiscard]] static result<cosigner_signing_key> generate(std::string name);
    // Reads "PRIVATE+KEY+NAME+ID+BASE64". Errors: bad_argument, also for a log's key.
    [[nodiscard]] static result<cosigner_signing_key> parse(std::string_view text);

    [[nodiscard]] cosigner_verification_key const& verification_key() const noexcept {
        return public_;
    }
    [[nodiscard]] std::string const& name() const noexcept { return public_.name(); }
    // It holds the secret.
    [[nodiscard]] std::string to_secret_string() const;

    // The signature line, with its line feed, that goes behind the note of a checkpoint.
    // Errors: bad_argument for a text that is no checkpoint, and for a time of 0 or over 2^63 - 1.
    [[nodiscard]] result<std::string> cosign(std::string_view note_text, std::uint64_t time) const;

private:
    static constexpr std::string_view prefix = "PRIVATE+KEY+";

    cosigner_signing_key(std::string name, detail::libcrypto_key secret)
        : secret_(std::move(secret)),
          public_(std::move(name), detail::ed25519_public_of(secret_)) {}

    detail::libcrypto_key secret_;
    cosigner_verification_key public_;
};

struct cosignature {
    std::size_t key = 0;     // its place among the keys that were asked for
    std::uint64_t time = 0;  // seconds since 1970
};

// Those of the keys that cosigned a note, each once, with its latest time. Others are passed over;
// a known key's that does not verify spoils the note. Errors: bad_input and too_large for the form;
// verification_failed.
[[nodiscard]] result<std::vector<cosignature>> cosignatures_of(
    std::string_view note, std::span<cosigner_verification_key const> keys);

// The note with these signature lines, each in the place of one that the same key had on it.
// Nothing is verified. Errors: bad_input, too_large.
[[nodiscard]] result<std::string> with_signature_lines(std::string_view note,
                                                       std::string_view lines);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/integrity/cosignature.ipp>
#endif

#endif  // AIAUDIT_INTEGRITY_COSIGNATURE_HPP

// SPDX-License-Identifier: MIT
//
// checkpoint.hpp: a log's size and Merkle root (c2sp.org/tlog-checkpoint), signed as a note.
//
// Threads: plain values.
// Floor 4.
#ifndef AIAUDIT_INTEGRITY_CHECKPOINT_HPP
#define AIAUDIT_INTEGRITY_CHECKPOINT_HPP

#include <aiaudit/integrity/note.hpp>  // sign_note, open_note

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

struct checkpoint {
    std::string origin{};  // the log's name, best that of its key: "example.com/log"
    std::uint64_t size = 0;
    digest root{};

    friend bool operator==(checkpoint const&, checkpoint const&) noexcept = default;

    // The text of its note: three lines. Errors: bad_argument for an origin that is no line of
    // text, a size over the maximum, or an empty tree with another root than empty_root().
    [[nodiscard]] result<std::string> to_text() const;
    // Lines after the third (extensions of others) are passed over. Errors: bad_input.
    [[nodiscard]] static result<checkpoint> parse(std::string_view text);
};

namespace detail {

[[nodiscard]] bool is_sound(checkpoint const& state);

}  // namespace detail

inline result<std::string> checkpoint::to_text() const {
    if (!detail::is_sound(*this))
        return fail(errc::bad_argument, "not the origin, size and root of a log");
    return origin + '\n' + std::to_string(size) + '\n' + detail::base64_of(root) + '\n';
}

// Whom a reader believes, given beforehand and never taken from what is to be verified: the name of
// a log, and its keys. Each key may speak for the log alone; there is more than one while keys
// change.
struct trusted_log {
    std::string origin;
    std::vector<note_verification_key> keys;

    // A log that is named like its key, as logs should be. Implicit, because one key is all that
    // most readers have.
    trusted_log(note_verification_key key) : origin(key.name()), keys{std::move(key)} {}
    trusted_log(std::string origin_name, std::vector<note_verification_key> log_keys)
        : origin(std::move(origin_name)), keys(std::move(log_keys)) {}
};

// A checkpoint of a trusted log. Only open_checkpoint() makes one, so whatever asks for one cannot
// be given a size or a root that nobody signed.
class verified_checkpoint {
public:
    [[nodiscard]] checkpoint const& value() const noexcept { return state_; }
    [[nodiscard]] std::string const& origin() const noexcept { return state_.origin; }
    [[nodiscard]] std::uint64_t size() const noexcept { return state_.size; }
    [[nodiscard]] digest const& root() const noexcept { return state_.root; }
    // Names of the trusted keys that signed it.
    [[nodiscard]] std::vector<std::string> const& signers() const noexcept { return signers_; }

private:
    friend result<verified_checkpoint> open_checkpoint(std::string_view note,
                                                       trusted_log const& log);
    verified_checkpoint(checkpoint state, std::vector<std::string> signers)
        : state_(std::move(state)), signers_(std::move(signers)) {}

    checkpoint state_;
    std::vector<std::string> signers_;
};

// Errors: as open_note; bad_input for a note that is no checkpoint; verification_failed for one of
// another log.
[[nodiscard]] result<verified_checkpoint> open_checkpoint(std::string_view note,
                                                          trusted_log const& log);

// The note of a checkpoint. A log must sign no two that are inconsistent: that is the caller's to
// see to. Errors: as checkpoint::to_text and sign_note.
[[nodiscard]] result<std::string> sign_checkpoint(checkpoint const& state,
                                                  std::span<note_signing_key const> keys);
[[nodiscard]] inline result<std::string> sign_checkpoint(checkpoint const& state,
                                                         note_signing_key const& key) {
    return sign_checkpoint(state, std::span(&key, 1));
}

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/integrity/checkpoint.ipp>
#endif

#endif  // AIAUDIT_INTEGRITY_CHECKPOINT_HPP

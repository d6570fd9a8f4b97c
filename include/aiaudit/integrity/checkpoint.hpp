// SPDX-License-Identifier: MIT
//
// checkpoint.hpp: a log's size and Merkle root (c2sp.org/tlog-checkpoint), signed as a note.
//
// Threads: plain values.
// Floor 4.
#ifndef AIAUDIT_INTEGRITY_CHECKPOINT_HPP
#define AIAUDIT_INTEGRITY_CHECKPOINT_HPP

#include <aiaudit/integrity/merkle.hpp>  // empty_root, limits::tree_size
#include <aiaudit/integrity/note.hpp>    // sign_note, open_note

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

[[nodiscard]] inline bool is_sound(checkpoint const& state) {
    bool const is_line = !state.origin.empty() && is_plain_text(state.origin) &&
                         state.origin.find('\n') == std::string::npos;
    return is_line && state.size <= limits::tree_size &&
           (state.size != 0 || state.root == empty_root());
}

}  // namespace detail

inline result<std::string> checkpoint::to_text() const {
    if (!detail::is_sound(*this))
        return fail(errc::bad_argument, "not the origin, size and root of a log");
    return origin + '\n' + std::to_string(size) + '\n' + detail::base64_of(root) + '\n';
}

inline result<checkpoint> checkpoint::parse(std::string_view text) {
    auto const wrong = [](char const* what) {
        return fail(errc::bad_input, std::string("a checkpoint ") + what);
    };
    auto const first = detail::take_line(text);
    auto const second = detail::take_line(text);
    auto const third = detail::take_line(text);
    if (!third) return wrong("has three lines: origin, size and root");
    auto const size = detail::decimal_of(*second);
    auto const root = detail::digest_of_base64(*third);
    if (!size) return wrong("has its size in decimal on its second line");
    if (!root) return wrong("has its root in base64 on its third line");
    while (!text.empty()) {
        auto const extension = detail::take_line(text);
        if (!extension || extension->empty()) return wrong("has no empty lines");
    }
    checkpoint state{std::string(*first), *size, *root};
    if (!detail::is_sound(state)) return wrong("has no usable origin, size and root");
    return state;
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

// The note of a checkpoint. A log must sign no two that are inconsistent: that is the caller's to
// see to. Errors: as checkpoint::to_text and sign_note.
[[nodiscard]] inline result<std::string> sign_checkpoint(checkpoint const& state,
                                                         std::span<note_signing_key const> keys) {
    auto const text = state.to_text();
    if (!text) return text.error();
    return sign_note(*text, keys);
}
[[nodiscard]] inline result<std::string> sign_checkpoint(checkpoint const& state,
                                                         note_signing_key const& key) {
    return sign_checkpoint(state, std::span(&key, 1));
}

// Errors: as open_note; bad_input for a note that is no checkpoint; verification_failed for one of
// another log.
[[nodiscard]] inline result<verified_checkpoint> open_checkpoint(std::string_view note,
                                                                 trusted_log const& log) {
    auto opened = open_note(note, log.keys);
    if (!opened) return opened.error();
    auto state = checkpoint::parse(opened->text);
    if (!state) return state.error();
    if (state->origin != log.origin)
        return fail(errc::verification_failed,
                    "a checkpoint is of another log, " + detail::printable(state->origin));
    return verified_checkpoint{std::move(*state), std::move(opened->signers)};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_INTEGRITY_CHECKPOINT_HPP

// SPDX-License-Identifier: MIT
//
// checkpoint.ipp: the definitions of checkpoint.hpp.
#ifndef AIAUDIT_IMPL_INTEGRITY_CHECKPOINT_IPP
#define AIAUDIT_IMPL_INTEGRITY_CHECKPOINT_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/integrity/checkpoint.hpp>
#include <aiaudit/integrity/merkle.hpp>  // empty_root, limits::tree_size

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE bool is_sound(checkpoint const& state) {
    bool const is_line = !state.origin.empty() && is_plain_text(state.origin) &&
                         state.origin.find('\n') == std::string::npos;
    return is_line && state.size <= limits::tree_size &&
           (state.size != 0 || state.root == empty_root());
}

}  // namespace detail

AIAUDIT_INLINE result<checkpoint> checkpoint::parse(std::string_view text) {
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

AIAUDIT_INLINE result<std::string> sign_checkpoint(checkpoint const& state,
                                                   std::span<note_signing_key const> keys) {
    auto const text = state.to_text();
    if (!text) return text.error();
    return sign_note(*text, keys);
}

AIAUDIT_INLINE result<verified_checkpoint> open_checkpoint(std::string_view note,
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

#endif  // AIAUDIT_IMPL_INTEGRITY_CHECKPOINT_IPP

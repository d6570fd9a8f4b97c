// SPDX-License-Identifier: MIT
//
// add_checkpoint.ipp: the definitions of add_checkpoint.hpp.
#ifndef AIAUDIT_IMPL_INTEGRITY_ADD_CHECKPOINT_IPP
#define AIAUDIT_IMPL_INTEGRITY_ADD_CHECKPOINT_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/integrity/add_checkpoint.hpp>
#include <aiaudit/integrity/text_form.hpp>  // decimal_of, digest_of_base64

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE std::string add_checkpoint_body::to_text() const {
    std::string text = "old " + std::to_string(old_size) + '\n';
    for (digest const& hash : proof) text.append(detail::base64_of(hash)).append(1, '\n');
    return text.append(1, '\n').append(note);
}

AIAUDIT_INLINE result<add_checkpoint_body> add_checkpoint_body::parse(std::string_view text) {
    constexpr std::string_view old = "old ";
    if (text.size() > bytes_max) return fail(errc::too_large, "the body is too long");
    auto const first = detail::take_line(text);
    auto const size = first && first->starts_with(old)
                          ? detail::decimal_of(first->substr(old.size()))
                          : std::nullopt;
    if (!size) return fail(errc::bad_input, "the first line is 'old SIZE'");
    add_checkpoint_body body;
    body.old_size = *size;
    for (;;) {
        auto const line = detail::take_line(text);
        if (!line) return fail(errc::bad_input, "there is no empty line before a checkpoint");
        if (line->empty()) break;
        auto const hash = detail::digest_of_base64(*line);
        if (!hash) return fail(errc::bad_input, "a line of the proof is not a hash");
        if (body.proof.size() == hashes_max)
            return fail(errc::bad_input, "a proof has at most 63 hashes");
        body.proof.push_back(*hash);
    }
    body.note = text;
    return body;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_INTEGRITY_ADD_CHECKPOINT_IPP

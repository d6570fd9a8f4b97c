// SPDX-License-Identifier: MIT
//
// witness_client.ipp: the definitions of witness_client.hpp.
#ifndef AIAUDIT_IMPL_AUDIT_WITNESS_CLIENT_IPP
#define AIAUDIT_IMPL_AUDIT_WITNESS_CLIENT_IPP

#include <aiaudit/audit/witness_client.hpp>
#include <aiaudit/config.hpp>                    // AIAUDIT_INLINE
#include <aiaudit/integrity/add_checkpoint.hpp>  // add_checkpoint_body
#include <aiaudit/integrity/text_form.hpp>       // decimal_of
#include <aiaudit/limits.hpp>                    // note_bytes

#include <array>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE result<witness_client> witness_client::open(cosigner_verification_key key,
                                                           std::string_view url,
                                                           log_source_options const& options) {
    auto at = detail::parse_log_url(url);
    if (!at) return at.error();
    return witness_client{std::move(key), std::move(*at), detail::make_exchange(options)};
}

AIAUDIT_INLINE result<std::string> witness_client::read_answer(detail::fetched const& answer,
                                                               std::string_view note) const {
    auto const signed_note = with_signature_lines(note, answer.body);
    if (!signed_note) return fail(errc::bad_response, "the witness's answer is no signature lines");
    std::array<cosigner_verification_key, 1> const keys{key_};
    auto const by = cosignatures_of(*signed_note, keys);
    if (!by) return by.error();
    if (by->empty())
        return fail(errc::verification_failed, "the witness's answer is not signed by its key");
    // Other lines of it are of keys that nobody here knows.
    std::string carrier = "-\n\n" + answer.body;
    auto const lines = detail::split_note(carrier);
    if (!lines) return fail(errc::bad_response, "the witness's answer is no signature lines");
    std::string own;
    for (detail::note_signature const& each : lines->signatures)
        if (each.name == key_.name() && each.id == key_.id())
            own = detail::signature_line(each.name, each.id, each.bytes);
    return own;
}

AIAUDIT_INLINE result<std::string> witness_client::cosign(std::string_view note, std::uint64_t size,
                                                          prove_function const& prove) {
    constexpr int tries_most = 3;
    for (int tries = 0; tries < tries_most; ++tries) {
        if (known_ > size)
            return fail(errc::verification_failed,
                        "the witness knows of " + std::to_string(known_) +
                            " records of this log, which has " + std::to_string(size) +
                            ": an older ledger was put back, or another one signs with its key");
        add_checkpoint_body body{known_, {}, std::string(note)};
        if (known_ != 0) {
            auto proof = prove(known_);
            if (!proof) return proof.error();
            body.proof = std::move(*proof);
        }
        http_request request{"POST", at_.origin, at_.prefix + std::string(body.path), {}, {}};
        request.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
        request.body = body.to_text();
        auto const answer = exchange_(request, limits::note_bytes);
        if (!answer) return answer.error();
        if (answer->status == 200) {
            auto line = read_answer(*answer, note);
            if (line) known_ = size;
            return line;
        }
        if (answer->status == 422)
            return fail(errc::verification_failed,
                        "the witness refuses the proof from " + std::to_string(known_) +
                            " records on: this log is not the one that it cosigned");
        if (answer->status != 409)
            return fail(errc::bad_response,
                        "the witness answers " + std::to_string(answer->status) +
                            (answer->status == 404   ? ", it does not know this log"
                             : answer->status == 403 ? ", it knows another key"
                                                     : ""));
        std::string_view said = answer->body;
        auto const line = detail::take_line(said);
        auto const other = line && said.empty() ? detail::decimal_of(*line) : std::nullopt;
        if (!other) return fail(errc::bad_response, "the witness answers 409 without a size");
        known_ = *other;
    }
    return fail(errc::bad_response, "the witness's size changes from answer to answer");
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_AUDIT_WITNESS_CLIENT_IPP

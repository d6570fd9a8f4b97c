// SPDX-License-Identifier: MIT
//
// response_follower.ipp: the definitions of response_follower.hpp.
#ifndef AIAUDIT_IMPL_CLIENT_RESPONSE_FOLLOWER_IPP
#define AIAUDIT_IMPL_CLIENT_RESPONSE_FOLLOWER_IPP

#include <aiaudit/client/response_follower.hpp>
#include <aiaudit/config.hpp>                 // AIAUDIT_INLINE
#include <aiaudit/providers/text_tokens.hpp>  // high_token_count
#include <aiaudit/providers/usage_asked.hpp>  // is_usage_only

#include <algorithm>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE void response_follower::begin(http_response_head const& head) {
    exchange_.status = head.status;
    exchange_.content_type = header_of(head.headers, "content-type");
    exchange_.headers = head.headers;
    counts_ = where_.stream || request_.facts.parameters.stream || is_stream();
    start();
}

AIAUDIT_INLINE bool response_follower::feed(std::string_view bytes) {
    keep(bytes);
    // What the reader cannot follow it says at the end.
    static_cast<void>(reader_->feed(bytes));
    return !ended_by_caller_;
}

AIAUDIT_INLINE usage response_follower::used_so_far() const {
    usage used = reader_ ? reader_->usage_so_far() : usage{};
    std::uint64_t const seen =
        (std::min)((std::max)(seen_.pieces, seen_.bytes / 8), usage::count_max);
    if (seen > used.count(unit::output_tokens))
        used.set(unit::output_tokens, seen, provenance::estimated);
    return used;
}

AIAUDIT_INLINE void response_follower::count(answer_delta const& added) noexcept {
    if (added.empty()) return;
    ++seen_.pieces;
    bool const sums_up = request_.dialect == dialect::anthropic_messages ||
                         request_.dialect == dialect::openai_responses;
    bool const thought = added.text.empty() && added.refusal.empty() && added.tool_calls.empty();
    if (!sums_up || !thought) ++seen_.whole_pieces;
    auto const add = [this](std::string_view text) {
        seen_.bytes += text.size();
        seen_.tokens += high_token_count(text);
    };
    for (std::string_view const text : {added.text, added.reasoning, added.refusal}) add(text);
    constexpr std::uint64_t call_tokens = 16;  // what a model writes around a call
    for (tool_call_piece const& each : added.tool_calls) {
        add(each.arguments_json);
        add(each.name);
        if (each.name.empty()) continue;
        seen_.bytes += call_tokens;
        seen_.tokens += call_tokens;
    }
}

AIAUDIT_INLINE void response_follower::start() {
    reader_.emplace(exchange_, request_.facts, where_);
    reader_->listen([this](boost::json::value const& document, std::string_view text) {
        hear(document, text);
    });
}

AIAUDIT_INLINE void response_follower::keep(std::string_view bytes) {
    whole_ = whole_ && body_.size() + bytes.size() <= body_bytes_kept_;
    if (whole_) {
        body_.append(bytes);
    } else {
        body_ = {};
    }
}

AIAUDIT_INLINE void response_follower::hear(boost::json::value const& document,
                                            std::string_view text) {
    if (exchange_.status >= 300 || ended_by_caller_) return;
    answer_delta const added = answer_.take(document);
    begun_ = begun_ || !added.empty() || to_.on_event;
    if (counts_) count(added);
    if (!to_.hears()) return;
    try {
        bool more = true;
        // He who did not ask for the usage chunk does not hear it.
        bool const unasked = request_.usage_injected && is_usage_only(request_.dialect, document);
        if (to_.on_event && !unasked) {
            handed_on_ = true;
            more = to_.on_event(text);
        }
        if (to_.on_delta && !added.empty()) {
            handed_on_ = true;
            more = to_.on_delta(added) && more;
        }
        ended_by_caller_ = !more;
    } catch (...) {  // it must not unwind through the transport, nor past the record
        thrown_ = std::current_exception();
        ended_by_caller_ = true;
    }
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_CLIENT_RESPONSE_FOLLOWER_IPP

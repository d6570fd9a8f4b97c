// SPDX-License-Identifier: MIT
//
// cost_headers.ipp: the definitions of cost_headers.hpp.
#ifndef AIAUDIT_IMPL_GATEWAY_COST_HEADERS_IPP
#define AIAUDIT_IMPL_GATEWAY_COST_HEADERS_IPP

#include <aiaudit/config.hpp>               // AIAUDIT_INLINE
#include <aiaudit/gateway/asio_result.hpp>  // header_names
#include <aiaudit/gateway/cost_headers.hpp>

#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE header_list cost_headers(record const& outcome) {
    header_list made;
    bool const is_known =
        outcome.cost_status != cost_status::unknown && outcome.cost_status != cost_status::unpriced;
    if (is_known) made.emplace_back(cost_header, outcome.cost.to_string());
    made.emplace_back(cost_status_header, name_of(outcome.cost_status));
    return made;
}

AIAUDIT_INLINE bool takes_trailers(header_list const& headers) {
    return header_names(header_of(headers, "te"), "trailers");
}

AIAUDIT_INLINE bool held_answer::add(std::string_view piece) {
    if (body.size() + piece.size() > bytes_most) return false;
    body.append(piece);
    return true;
}

AIAUDIT_INLINE void held_answer::complete(header_list const& cost) {
    headers.insert(headers.end(), cost.begin(), cost.end());
    length = body.size();
}

AIAUDIT_INLINE std::string begin_held(std::optional<held_answer>& held, client_connection& client) {
    if (!held) return {};
    client.begin(held->status, held->headers, held->length);
    std::string body = std::move(held->body);
    held.reset();
    return body;
}

AIAUDIT_INLINE bool is_whole_type(std::string_view content_type) {
    std::string_view type = content_type.substr(0, content_type.find(';'));
    while (type.ends_with(' ')) type.remove_suffix(1);
    return same_name(type, "application/json");
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_GATEWAY_COST_HEADERS_IPP

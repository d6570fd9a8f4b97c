// SPDX-License-Identifier: MIT
//
// record_text.ipp: the definitions of record_text.hpp.
#ifndef AIAUDIT_IMPL_EXPORT_RECORD_TEXT_IPP
#define AIAUDIT_IMPL_EXPORT_RECORD_TEXT_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/export/record_text.hpp>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE std::string to_json(usage const& counts) {
    detail::json_writer out;
    for_each_count(counts,
                   [&out](unit which, std::uint64_t count) { out.number(name_of(which), count); });
    return out.finish();
}

AIAUDIT_INLINE std::string to_json(sequence number, record const& entry) {
    detail::json_writer out;
    out.number("sequence", value_of(number));
    out.text("kind", name_of(entry.kind));
    out.text("at", entry.started_at.to_string());
    out.text_if("user", entry.user);
    out.text_if("project", entry.project);
    out.text_if("key", entry.key_id);
    out.text_if("provider", entry.provider);
    out.text_if("model_requested", entry.model_requested);
    out.text_if("model_served", entry.model_served);
    out.text("operation", name_of(entry.operation));
    out.text_if("path", entry.path);
    out.text_if("service_tier", entry.service_tier);
    out.text_if("region", entry.region);
    out.text_if("speed", entry.speed);
    if (entry.parameters.max_output_tokens)
        out.number("max_output_tokens", *entry.parameters.max_output_tokens);
    if (entry.parameters.choices) out.number("choices", *entry.parameters.choices);
    if (entry.parameters.stream) out.raw("stream", "true");
    if (entry.parameters.batch) out.raw("batch", "true");
    if (entry.duration_ns) out.number("duration_ns", *entry.duration_ns);
    if (entry.time_to_first_token_ns)
        out.number("time_to_first_token_ns", *entry.time_to_first_token_ns);
    if (entry.http_status != 0) out.number("http_status", entry.http_status);
    out.text_if("finish_reason", entry.finish_reason);
    out.text_if("error", entry.error_type);
    if (!entry.complete) out.raw("complete", "false");
    if (!entry.usage.empty()) out.raw("usage", to_json(entry.usage));
    if (!entry.iterations.empty()) {
        std::string list = "[";
        for (iteration const& run : entry.iterations) {
            detail::json_writer one;
            one.text("kind", run.kind);
            one.text("model", run.model);
            one.raw("usage", to_json(run.usage));
            if (list.size() > 1) list.push_back(',');
            list.append(one.finish());
        }
        out.raw("iterations", list + "]");
    }
    out.text("cost_status", name_of(entry.cost_status));
    bool const known =
        entry.cost_status != cost_status::unpriced && entry.cost_status != cost_status::unknown;
    out.raw("cost_usd", known ? detail::json_string(entry.cost.to_string()) : "null");
    if (entry.cost_low) out.text("cost_low_usd", entry.cost_low->to_string());
    if (entry.saved) out.text("saved_usd", entry.saved->to_string());
    if (entry.provider_cost) out.text("provider_cost_usd", entry.provider_cost->to_string());
    if (entry.upstream_cost) out.text("upstream_cost_usd", entry.upstream_cost->to_string());
    if (entry.computed_cost) out.text("computed_cost_usd", entry.computed_cost->to_string());
    if (entry.price_basis != price_basis::listed)
        out.text("price_basis", name_of(entry.price_basis));
    out.text_if("unread", entry.unread);
    out.text_if("price_entry", entry.price_entry);
    if (!entry.price_book.is_zero()) out.text("price_book", entry.price_book.to_string());
    if (!entry.operation_id.is_zero()) out.text("operation_id", entry.operation_id.to_string());
    out.number("attempt", entry.attempt);
    out.text_if("provider_request_id", entry.provider_request_id);
    if (!entry.trace_id.is_zero()) out.text("trace_id", entry.trace_id.to_string());
    if (!entry.tags.empty()) {
        detail::json_writer tags;
        for (auto const& [key, value] : entry.tags) tags.text(key, value);
        out.raw("tags", tags.finish());
    }
    return out.finish();
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_EXPORT_RECORD_TEXT_IPP

// SPDX-License-Identifier: MIT
//
// alert.ipp: the definitions of alert.hpp.
#ifndef AIAUDIT_IMPL_CORE_ALERT_IPP
#define AIAUDIT_IMPL_CORE_ALERT_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/core/alert.hpp>
#include <aiaudit/detail/bytes.hpp>   // append_field
#include <aiaudit/detail/sha256.hpp>  // sha256

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE std::string make_alert_key(alert_kind kind,
                                          std::span<std::string_view const> parts) {
    std::string whole;
    for (std::string_view const part : parts) detail::append_field(whole, part);
    auto const hash = detail::sha256(whole);
    return std::string(name_of(kind)) + "-" + detail::to_hex(hash).substr(0, 32);
}

AIAUDIT_INLINE result<record> to_record(alert const& of) {
    if (!detail::is_alert_name(of.key, alert_key_bytes))
        return fail(errc::bad_argument, "an alert's key is 1 to 128 printable characters");
    record made;
    made.kind = record_kind::alert;
    made.path = of.key;
    made.started_at = of.at;
    made.finish_reason = name_of(alert_stage::raised);
    made.cost_status = cost_status::no_charge;
    made.tags.emplace_back("kind", name_of(of.kind));
    made.tags.emplace_back("text", of.text.substr(0, alert_text_bytes));
    for (auto const& [name, value] : of.facts) {
        if (made.tags.size() == 2 + alert_facts) break;
        std::string const kept = name.substr(0, alert_fact_bytes);
        made.tags.emplace_back(kept, value.substr(0, alert_fact_bytes - kept.size()));
    }
    return made;
}

AIAUDIT_INLINE result<record> to_record(alert_event const& of) {
    if (of.stage == alert_stage::raised || !detail::is_alert_name(of.key, alert_key_bytes) ||
        !detail::is_alert_name(of.sink, alert_name_bytes) ||
        !detail::is_alert_name(of.by, alert_name_bytes))
        return fail(errc::bad_argument,
                    "an alert's sink is 1 to 64 printable characters without spaces");
    record made;
    made.kind = record_kind::alert;
    made.path = of.key;
    made.started_at = of.at;
    made.finish_reason = name_of(of.stage);
    made.cost_status = cost_status::no_charge;
    if (of.held_ns != 0) made.duration_ns = of.held_ns;
    made.error_type = of.error;
    made.tags = {{"sink", of.sink}, {"by", of.by}};
    if (!of.why.empty()) made.tags.emplace_back("why", of.why.substr(0, alert_fact_bytes));
    return made;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_CORE_ALERT_IPP

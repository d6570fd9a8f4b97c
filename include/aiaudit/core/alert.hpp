// SPDX-License-Identifier: MIT
//
// alert.hpp: something that somebody should know, and the records by which the log keeps what was
// raised, who is about to deliver it, and where it has arrived.
//
// Stage by stage, each a record of kind alert with the alert's key as its path:
//   raised     finish_reason "raised"; when, in started_at; tags kind, text and the facts
//   claimed    tags sink and by; duration_ns: until when nobody else may deliver it there
//   delivered  tags sink and by
//   failed     tags sink, by and why; error_type: the error's name; duration_ns: until when nobody
//              should try again
// Threads: plain values.
// Floor 2.
#ifndef AIAUDIT_CORE_ALERT_HPP
#define AIAUDIT_CORE_ALERT_HPP

#include <aiaudit/core/record.hpp>  // record

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// Stored in records by its name: a name is never changed or used again.
enum class alert_kind : std::uint8_t {
    budget_threshold,  // a budget passed one of its alert_percents
    anomaly,           // far from what is usual
    price_missing,     // records have no cost, since no price is known
    log_nearly_full,   // the file system or the map of the log
    circuit_open,      // a provider's model fails, and is not asked any more
    price_drift,       // a provider charges another amount than the price book says
    custom,            // of the application
    log_damaged,       // what is saved beside the records is damaged, or of another log
    clock_jump,        // the clock stood ahead, or stands behind
    sink_behind,       // a sink has not had all of the log for long, or is not shipped to any more
};
inline constexpr std::size_t alert_kind_count = 10;

[[nodiscard]] constexpr std::string_view name_of(alert_kind kind) noexcept {
    switch (kind) {
    case alert_kind::budget_threshold: return "budget_threshold";
    case alert_kind::anomaly: return "anomaly";
    case alert_kind::price_missing: return "price_missing";
    case alert_kind::log_nearly_full: return "log_nearly_full";
    case alert_kind::circuit_open: return "circuit_open";
    case alert_kind::price_drift: return "price_drift";
    case alert_kind::custom: return "custom";
    case alert_kind::log_damaged: return "log_damaged";
    case alert_kind::clock_jump: return "clock_jump";
    case alert_kind::sink_behind: return "sink_behind";
    }
    return "unknown";
}

struct alert {
    // What makes it this alert and no other, 1 to alert_key_bytes of printable ASCII without
    // spaces: one key is raised once. make_alert_key() makes one.
    std::string key{};
    alert_kind kind = alert_kind::custom;
    std::string text{};  // one line, for people
    timestamp at{};
    // The same for programs: names and values, in order.
    std::vector<std::pair<std::string, std::string>> facts{};

    friend bool operator==(alert const&, alert const&) = default;
};

inline constexpr std::size_t alert_key_bytes = 128;
inline constexpr std::size_t alert_text_bytes = 4'096;
inline constexpr std::size_t alert_facts = 32;
inline constexpr std::size_t alert_fact_bytes = 1'024;  // of a name and its value together
inline constexpr std::size_t alert_name_bytes = 64;     // of a sink, and of who claims

enum class alert_stage : std::uint8_t { raised, claimed, delivered, failed };

[[nodiscard]] constexpr std::string_view name_of(alert_stage stage) noexcept {
    switch (stage) {
    case alert_stage::raised: return "raised";
    case alert_stage::claimed: return "claimed";
    case alert_stage::delivered: return "delivered";
    case alert_stage::failed: return "failed";
    }
    return "unknown";
}

// What became of an alert at one sink.
struct alert_event {
    alert_stage stage = alert_stage::claimed;  // not raised
    std::string key{};
    std::string sink{};
    std::string by{};  // the watch that delivers: unlike any other's
    timestamp at{};
    std::uint64_t held_ns = 0;  // claimed, failed: for how long nobody else should try
    std::string error{};        // failed: the name of an errc
    std::string why{};          // failed: in words, without secrets

    friend bool operator==(alert_event const&, alert_event const&) = default;
};

// A key for what these parts say together: "anomaly-" and 32 hexadecimal digits. Whatever the parts
// hold, it can stand in a header and in a file's name.
[[nodiscard]] std::string make_alert_key(alert_kind kind, std::span<std::string_view const> parts);
[[nodiscard]] inline std::string make_alert_key(alert_kind kind,
                                                std::initializer_list<std::string_view> parts) {
    return make_alert_key(kind, std::span(parts.begin(), parts.size()));
}

namespace detail {

[[nodiscard]] constexpr bool is_alert_name(std::string_view text, std::size_t bytes_max) noexcept {
    if (text.empty() || text.size() > bytes_max) return false;
    for (char const c : text) {
        if (c <= ' ' || c > '~') return false;
    }
    return true;
}

[[nodiscard]] constexpr std::optional<alert_kind> alert_kind_named(std::string_view name) noexcept {
    for (std::size_t i = 0; i < alert_kind_count; ++i) {
        auto const kind = static_cast<alert_kind>(i);
        if (name_of(kind) == name) return kind;
    }
    return std::nullopt;
}

}  // namespace detail

// The stage that an alert's record is of; none where it is of no stage that this release knows.
template <class String>
[[nodiscard]] std::optional<alert_stage> alert_stage_of(basic_record<String> const& entry) {
    if (entry.kind != record_kind::alert || !detail::is_alert_name(entry.path, alert_key_bytes))
        return std::nullopt;
    for (auto const stage :
         {alert_stage::raised, alert_stage::claimed, alert_stage::delivered, alert_stage::failed}) {
        if (std::string_view(entry.finish_reason) == name_of(stage)) return stage;
    }
    return std::nullopt;
}

// The record that raises an alert. A text and facts over their bounds are cut. Errors:
// bad_argument for a key that is none.
[[nodiscard]] result<record> to_record(alert const& of);

// Errors: bad_argument for a key or names that are none, or a stage that is of no sink.
[[nodiscard]] result<record> to_record(alert_event const& of);

// Errors: corrupt where the record raises no alert that this release knows.
template <class String>
[[nodiscard]] result<alert> read_alert(basic_record<String> const& entry) {
    auto const kind = detail::alert_kind_named(detail::tag_of(entry, "kind"));
    if (alert_stage_of(entry) != alert_stage::raised || !kind || entry.tags.size() < 2)
        return fail(errc::corrupt, "the record raises no alert");
    alert made;
    made.key = entry.path;
    made.kind = *kind;
    made.text = detail::tag_of(entry, "text").substr(0, alert_text_bytes);
    made.at = entry.started_at;
    for (std::size_t i = 2; i < entry.tags.size() && i < 2 + alert_facts; ++i) {
        auto const& [name, value] = entry.tags[i];
        if (name.size() + value.size() <= alert_fact_bytes)
            made.facts.emplace_back(std::string(name), std::string(value));
    }
    return made;
}

// Errors: corrupt where the record says of no sink what became of an alert.
template <class String>
[[nodiscard]] result<alert_event> read_alert_event(basic_record<String> const& entry) {
    auto const stage = alert_stage_of(entry);
    std::string_view const sink = detail::tag_of(entry, "sink");
    std::string_view const by = detail::tag_of(entry, "by");
    if (!stage || stage == alert_stage::raised || !detail::is_alert_name(sink, alert_name_bytes) ||
        !detail::is_alert_name(by, alert_name_bytes))
        return fail(errc::corrupt, "the record says of no sink what became of an alert");
    alert_event made;
    made.stage = *stage;
    made.key = entry.path;
    made.sink = sink;
    made.by = by;
    made.at = entry.started_at;
    made.held_ns = entry.duration_ns.value_or(0);
    made.error = entry.error_type;
    made.why = detail::tag_of(entry, "why").substr(0, alert_fact_bytes);
    return made;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/core/alert.ipp>
#endif

#endif  // AIAUDIT_CORE_ALERT_HPP

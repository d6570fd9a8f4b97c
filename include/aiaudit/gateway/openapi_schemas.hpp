// SPDX-License-Identifier: MIT
//
// openapi_schemas.hpp: what the answers of the dashboard's API hold: the schemas of its
// description (JSON Schema 2020-12).
//
// Threads: constants, and functions without state.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_OPENAPI_SCHEMAS_HPP
#define AIAUDIT_GATEWAY_OPENAPI_SCHEMAS_HPP

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Those of single values: members of "schemas".
inline constexpr std::string_view openapi_values = R"json(
      "count": {"type": "integer", "minimum": 0},
      "usd": {"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]{1,12})?$",
        "description": "USD, exact"},
      "decimal": {"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$"},
      "day": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
      "day_or_null": {"type": ["string", "null"], "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
      "instant": {"type": "string", "description": "ISO 8601, UTC",
        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?Z$"},
      "hash": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SHA-256"},
      "leaf": {"type": "string",
        "description": "Base64; leaf_hash is SHA-256 of a zero byte and of this (RFC 9162)"},
      "budget_state": {"enum": ["ok", "alert", "full", "over"]},
      "alert_kind": {"enum": ["budget_threshold", "anomaly", "price_missing", "log_nearly_full",
        "circuit_open", "price_drift", "custom", "log_damaged", "clock_jump", "sink_behind"]},
      "ship_state": {"enum": ["starting", "current", "behind", "retrying", "stopped"]},
      "log_state": {"enum": ["current", "behind", "silent", "forked"]},
      "record_kind": {"enum": ["intent", "outcome", "retention", "circuit", "budget", "refusal",
        "alert", "correction", "prices", "key", "storage"]},
      "cost_status": {"enum": ["priced", "estimated", "unpriced", "no_charge", "unknown",
        "partial"]},
      "usage": {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/count"}},
      "tags": {"type": "object", "additionalProperties": {"type": "string"}},
      "document": {"type": "object", "required": ["openapi", "paths"]},)json";

// An object: its fields, "name:type" with a space between. The type is one of JSON's, with or
// without "|null", or another schema; "[]" after it: a list of these. "name?:": it may be missing.
struct api_object {
    std::string_view name{};
    std::string_view fields{};
    std::string_view parts{};  // objects whose fields it has too
    bool is_part = false;      // of others, which have more fields
};

inline constexpr std::array<api_object, 37> openapi_objects{{
    {"problem", "type:string title:string status:count detail:string parameter?:string"},
    {"login", "token:string"},
    {"session", "logged_in:boolean version:string"},
    {"sums",
     "requests:count errors:count input_tokens:count cache_read_tokens:count "
     "cache_write_tokens:count cache_write_5m_tokens:count cache_write_1h_tokens:count "
     "output_tokens:count output_reasoning_tokens:count input_audio_tokens:count "
     "output_audio_tokens:count output_image_tokens:count web_searches:count total_tokens:count "
     "cost_usd:usd avg_cost_usd:usd uncosted:count attempts:count cost_low_usd:usd "
     "estimated_cost_usd:usd unsure:count corrected_cost_usd:usd unsplit:count "
     "avg_latency_ms:number",
     "", true},
    {"percentiles",
     "p50_latency_ms:number|null p95_latency_ms:number|null p99_latency_ms:number|null", "", true},
    {"figures", "", "sums percentiles"},
    {"summary",
     "now:instant today:figures yesterday:figures month:figures month_forecast:string|null "
     "first_day:day_or_null"},
    {"day_model", "provider:string model:string cost_usd:usd requests:count"},
    {"day_figures", "day:day models?:day_model[]", "sums percentiles"},
    {"daily", "days:day_figures[]"},
    {"model_row", "provider:string model:string", "sums percentiles"},
    {"models", "rows:model_row[] row_count:count total:figures"},
    {"user_row", "user:string", "sums"},
    {"users", "rows:user_row[] row_count:count total:figures"},
    {"project_row", "project:string", "sums"},
    {"projects", "rows:project_row[] row_count:count total:figures"},
    {"key_row", "key:string", "sums"},
    {"keys", "rows:key_row[] row_count:count total:figures"},
    {"provider_row", "provider:string", "sums"},
    {"providers", "rows:provider_row[] row_count:count total:figures"},
    {"status_row", "status:string", "sums"},
    {"statuses", "rows:status_row[] row_count:count total:figures"},
    {"budget",
     "budget:string subject:string window:string zone:string|null unit:string limit:decimal "
     "spent:decimal reserved:decimal left:decimal open:count window_begins:string|null "
     "resets_at:string|null forecast:string|null then:string state:budget_state "
     "alert_percent:count added:decimal advance:decimal "
     "ceiling:string|null"},
    {"budgets", "budgets:budget[]"},
    {"fact", "name:string value:string"},
    {"undelivered", "sink:string failures:count error:string why:string"},
    {"alert",
     "key:string kind:alert_kind at:instant text:string facts:fact[] undelivered:undelivered[]"},
    {"alerts", "alerts:alert[]"},
    {"ship_sink",
     "name:string address:string origin:string state:ship_state shipped:count log_size:count "
     "lag_ms:count error:string"},
    {"shipped_log",
     "name:string state:log_state shipped:count log_size:count last_record:string|null "
     "heard_at:instant silent_s:count forked_at:integer|null"},
    {"shipping", "sinks:ship_sink[] logs:shipped_log[] log_count:count"},
    {"recent",
     "outcomes:count since:string|null from_cache:count saved_usd:usd streamed:count "
     "p50_time_to_first_token_ms:number|null p95_time_to_first_token_ms:number|null "
     "p99_time_to_first_token_ms:number|null"},
    {"iteration", "kind:string model:string usage:usage"},
    {"record",
     "sequence:count kind:record_kind at:instant user?:string project?:string key?:string "
     "provider?:string model_requested?:string model_served?:string operation:string path?:string "
     "service_tier?:string region?:string speed?:string max_output_tokens?:count choices?:count "
     "stream?:boolean batch?:boolean duration_ns?:count time_to_first_token_ns?:count "
     "http_status?:count finish_reason?:string error?:string complete?:boolean usage?:usage "
     "iterations?:iteration[] cost_status:cost_status cost_usd:string|null cost_low_usd?:usd "
     "saved_usd?:usd provider_cost_usd?:usd upstream_cost_usd?:usd computed_cost_usd?:usd "
     "price_basis?:string unread?:string price_entry?:string price_book?:hash "
     "operation_id?:string attempt:count provider_request_id?:string trace_id?:string tags?:tags"},
    {"records", "records:record[] next_before:integer|null"},
    {"proof",
     "index:count tree_size:count root:hash leaf_hash:hash hashes:hash[] leaf_base64:leaf"},
    {"record_with_proof", "record:record proof:proof"},
}};

// Calls visit(word) for each of a text's words.
template <class Visitor>
void for_each_word(std::string_view text, Visitor&& visit) {
    while (!text.empty()) {
        auto const end = (std::min)(text.find(' '), text.size());
        visit(text.substr(0, end));
        text.remove_prefix((std::min)(end + 1, text.size()));
    }
}

[[nodiscard]] inline std::string openapi_reference(std::string_view part, std::string_view name) {
    std::string text = "{\"$ref\":\"#/components/";
    return text.append(part).append("/").append(name).append("\"}");
}

[[nodiscard]] std::string schema_of(api_object const& of);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/openapi_schemas.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_OPENAPI_SCHEMAS_HPP

// SPDX-License-Identifier: MIT
//
// openapi.hpp: what the dashboard's API can be asked: the table by which requests are routed, and
// the description that is made of it (OpenAPI 3.1).
//
// A test holds every answer to the description: the parameters and the fields that it names are
// there, and no others.
// Threads: constants, and functions without state.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_OPENAPI_HPP
#define AIAUDIT_GATEWAY_OPENAPI_HPP

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

enum class api_resource : std::uint8_t {
    // For everybody.
    log_in,
    log_out,
    session,
    // For who has logged in.
    summary,
    daily,
    rows,  // of a report: which one is the operation's id
    budgets,
    alerts,
    shipping,
    recent,
    records,
    one_record,
    events,
    document,
};

struct api_operation {
    api_resource resource{};
    std::string_view path{};  // up to '{', if it has one: what follows says which
    std::string_view id{};
    std::string_view summary{};
    std::string_view answer{};      // its schema; empty: a stream of events
    std::string_view parameters{};  // by the names of the components
    std::string_view problems = "400 401 429 500";

    [[nodiscard]] constexpr bool needs_login() const noexcept {
        return resource > api_resource::session;
    }
    [[nodiscard]] constexpr bool is_post() const noexcept {
        return resource == api_resource::log_in || resource == api_resource::log_out;
    }
    // What stands in the place of the braces.
    [[nodiscard]] constexpr std::string_view rest_of(std::string_view asked) const noexcept {
        return asked.substr(path.substr(0, path.find('{')).size());
    }
};

namespace detail {

inline constexpr std::string_view row_parameters = "from to tz row_limit row_offset format";

inline constexpr std::array<api_operation, 19> dashboard_operations{{
    {api_resource::log_in, "/login", "logIn", "Begins a session, whose cookie it sets", "session",
     "", "400 401 403 413 415 429 500"},
    {api_resource::log_out, "/logout", "logOut", "Ends the session", "session", "", "403"},
    {api_resource::session, "/api/v1/session", "session", "Whether there is a session", "session",
     "", "400 429"},
    {api_resource::summary, "/api/v1/summary", "summary",
     "Today, yesterday, this month and its forecast", "summary", "tz"},
    {api_resource::daily, "/api/v1/daily", "daily",
     "Every day of a range, at most 400, oldest first", "daily", "from to tz user by format"},
    {api_resource::rows, "/api/v1/models", "models", "By model, dearest first", "models",
     "from to tz row_limit row_offset format user"},
    {api_resource::rows, "/api/v1/users", "users", "By user, dearest first", "users",
     row_parameters},
    {api_resource::rows, "/api/v1/projects", "projects", "By project, dearest first", "projects",
     row_parameters},
    {api_resource::rows, "/api/v1/keys", "keys", "By key, dearest first", "keys", row_parameters},
    {api_resource::rows, "/api/v1/providers", "providers", "By provider, dearest first",
     "providers", row_parameters},
    {api_resource::rows, "/api/v1/statuses", "statuses", "By how it ended, dearest first",
     "statuses", row_parameters},
    {api_resource::budgets, "/api/v1/budgets", "budgets", "The present window of each budget",
     "budgets"},
    {api_resource::alerts, "/api/v1/alerts", "alerts", "Alerts that were raised, newest first",
     "alerts", "alert_limit"},
    {api_resource::shipping, "/api/v1/shipping", "shipping",
     "The sinks that the log is shipped to, or the logs that came to a database; the worst first",
     "shipping"},
    {api_resource::recent, "/api/v1/recent", "recent",
     "Of the last 20,000 records: savings, and times to the first token", "recent"},
    {api_resource::records, "/api/v1/records", "records",
     "Records, newest first; looks back at most 20,000", "records",
     "before record_limit user model kind"},
    {api_resource::one_record, "/api/v1/records/{sequence}", "record",
     "A record, and the proof that the log has it", "record_with_proof", "sequence",
     "400 401 404 429 500"},
    {api_resource::events, "/api/v1/events", "events",
     "Records as they come (server-sent events: record, gap)", "", "last_event_id"},
    {api_resource::document, "/api/v1/openapi.json", "openapi", "This document", "document"},
}};

// Null where there is none.
[[nodiscard]] constexpr api_operation const* operation_at(std::string_view path) noexcept {
    for (api_operation const& each : dashboard_operations) {
        auto const brace = each.path.find('{');
        bool const is_it = brace == std::string_view::npos
                               ? path == each.path
                               : path.starts_with(each.path.substr(0, brace));
        if (is_it) return &each;
    }
    return nullptr;
}

inline constexpr std::string_view openapi_head = R"json({
  "openapi": "3.1.0",
  "info": {"title": "aiaudit dashboard", "version": "1",
    "description": "Figures have the names and the text that aiaudit report gives them."},
  "security": [{"session": []}, {"token": []}],
  "paths": )json";

inline constexpr std::string_view openapi_components = R"json(,
  "components": {
    "securitySchemes": {
      "session": {"type": "apiKey", "in": "cookie", "name": "aiaudit_session"},
      "token": {"type": "http", "scheme": "bearer"}
    },
    "responses": {
      "problem": {"description": "What was wrong (RFC 9457)", "content": {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/problem"}}}}
    },
    "parameters": {
      "from": {"name": "from", "in": "query",
        "description": "The first day; by default 29 days before the last",
        "schema": {"$ref": "#/components/schemas/day"}, "example": "2026-08-01"},
      "to": {"name": "to", "in": "query",
        "description": "The last day; by default today",
        "schema": {"$ref": "#/components/schemas/day"}, "example": "2026-08-15"},
      "tz": {"name": "tz", "in": "query",
        "description": "Whose calendar days count: an IANA name; by default UTC",
        "schema": {"type": "string"}, "example": "Asia/Kathmandu"},
      "user": {"name": "user", "in": "query",
        "description": "Of this user alone; empty: of those without a name",
        "schema": {"type": "string"}, "example": "ada"},
      "model": {"name": "model", "in": "query",
        "description": "That was asked for, or that answered",
        "schema": {"type": "string"}, "example": "gpt-4.1"},
      "by": {"name": "by", "in": "query",
        "description": "Adds the models of each day",
        "schema": {"enum": ["", "model"]}, "example": "model"},
      "format": {"name": "format", "in": "query",
        "description": "csv: a file with all rows",
        "schema": {"enum": ["json", "csv"]}, "example": "json"},
      "kind": {"name": "kind", "in": "query",
        "description": "Of this kind alone",
        "schema": {"enum": ["", "intent", "outcome", "retention", "circuit", "budget", "refusal",
          "alert", "correction", "prices", "key", "storage"]}, "example": "outcome"},
      "before": {"name": "before", "in": "query",
        "description": "Older than this sequence: next_before of the page before",
        "schema": {"type": "integer", "minimum": 1}, "example": 3},
      "row_limit": {"name": "limit", "in": "query",
        "description": "At most so many rows; by default 10,000, of a csv 50,000",
        "schema": {"type": "integer", "minimum": 1, "maximum": 50000}, "example": 10},
      "row_offset": {"name": "offset", "in": "query",
        "description": "Behind the first so many rows",
        "schema": {"type": "integer", "minimum": 0, "maximum": 998576}, "example": 0},
      "alert_limit": {"name": "limit", "in": "query",
        "description": "By default 200",
        "schema": {"type": "integer", "minimum": 1, "maximum": 1024}, "example": 10},
      "record_limit": {"name": "limit", "in": "query",
        "description": "By default 50",
        "schema": {"type": "integer", "minimum": 1, "maximum": 200}, "example": 10},
      "sequence": {"name": "sequence", "in": "path", "required": true,
        "description": "The record",
        "schema": {"type": "integer", "minimum": 1}, "example": 1},
      "last_event_id": {"name": "Last-Event-ID", "in": "header",
        "description": "Goes on after this record; by default after the last",
        "schema": {"type": "integer", "minimum": 0}, "example": 1}
    },
    "schemas": {)json";

}  // namespace detail

// The whole document.
[[nodiscard]] std::string dashboard_openapi();

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/openapi.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_OPENAPI_HPP

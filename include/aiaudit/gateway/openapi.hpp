// SPDX-License-Identifier: MIT
//
// openapi.hpp: the description of the dashboard's API (OpenAPI 3.1), as it is served.
//
// It does not come from the code that answers, and a test holds every answer to it: the fields that
// it names are there, and no others.
// Threads: a constant.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_OPENAPI_HPP
#define AIAUDIT_GATEWAY_OPENAPI_HPP

#include <aiaudit/gateway/openapi_schemas.hpp>  // openapi_schemas

#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v1 {
namespace detail {

// Up to the schemas.
inline constexpr std::string_view openapi_paths = R"json({
  "openapi": "3.1.0",
  "info": {"title": "aiaudit dashboard", "version": "1",
    "description": "Figures have the names and the text that aiaudit report gives them."},
  "security": [{"session": []}, {"token": []}],
  "paths": {
    "/login": {"post": {
      "operationId": "logIn",
      "summary": "Begins a session, whose cookie it sets",
      "security": [],
      "requestBody": {"required": true, "content": {"application/json": {
        "schema": {"$ref": "#/components/schemas/login"}}}},
      "responses": {
        "200": {"description": "The answer", "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/session"}}}},
        "400": {"$ref": "#/components/responses/problem"},
        "401": {"$ref": "#/components/responses/problem"},
        "403": {"$ref": "#/components/responses/problem"},
        "413": {"$ref": "#/components/responses/problem"},
        "415": {"$ref": "#/components/responses/problem"},
        "429": {"$ref": "#/components/responses/problem"},
        "500": {"$ref": "#/components/responses/problem"}
      }
    }},
    "/logout": {"post": {
      "operationId": "logOut",
      "summary": "Ends the session",
      "security": [],
      "responses": {
        "200": {"description": "The answer", "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/session"}}}},
        "403": {"$ref": "#/components/responses/problem"}
      }
    }},
    "/api/v1/session": {"get": {
      "operationId": "session",
      "summary": "Whether there is a session",
      "security": [],
      "responses": {
        "200": {"description": "The answer", "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/session"}}}},
        "400": {"$ref": "#/components/responses/problem"},
        "429": {"$ref": "#/components/responses/problem"},
        "500": {"$ref": "#/components/responses/problem"}
      }
    }},
    "/api/v1/summary": {"get": {
      "operationId": "summary",
      "summary": "Today, yesterday, this month and its forecast",
      "parameters": [
        {"$ref": "#/components/parameters/tz"}
      ],
      "responses": {
        "200": {"description": "The answer", "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/summary"}}}},
        "400": {"$ref": "#/components/responses/problem"},
        "401": {"$ref": "#/components/responses/problem"},
        "429": {"$ref": "#/components/responses/problem"},
        "500": {"$ref": "#/components/responses/problem"}
      }
    }},
    "/api/v1/daily": {"get": {
      "operationId": "daily",
      "summary": "Every day of a range, at most 400, oldest first",
      "parameters": [
        {"$ref": "#/components/parameters/from"}, {"$ref": "#/components/parameters/to"},
        {"$ref": "#/components/parameters/tz"}, {"$ref": "#/components/parameters/user"},
        {"$ref": "#/components/parameters/by"}, {"$ref": "#/components/parameters/format"}
      ],
      "responses": {
        "200": {"description": "The answer", "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/daily"}},
            "text/csv": {"schema": {"type": "string"}}}},
        "400": {"$ref": "#/components/responses/problem"},
        "401": {"$ref": "#/components/responses/problem"},
        "429": {"$ref": "#/components/responses/problem"},
        "500": {"$ref": "#/components/responses/problem"}
      }
    }},
    "/api/v1/models": {"get": {
      "operationId": "models",
      "summary": "By model, dearest first",
      "parameters": [
        {"$ref": "#/components/parameters/from"}, {"$ref": "#/components/parameters/to"},
        {"$ref": "#/components/parameters/tz"}, {"$ref": "#/components/parameters/row_limit"},
        {"$ref": "#/components/parameters/format"}, {"$ref": "#/components/parameters/user"}
      ],
      "responses": {
        "200": {"description": "The answer", "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/models"}},
            "text/csv": {"schema": {"type": "string"}}}},
        "400": {"$ref": "#/components/responses/problem"},
        "401": {"$ref": "#/components/responses/problem"},
        "429": {"$ref": "#/components/responses/problem"},
        "500": {"$ref": "#/components/responses/problem"}
      }
    }},
    "/api/v1/users": {"get": {
      "operationId": "users",
      "summary": "By user, dearest first",
      "parameters": [
        {"$ref": "#/components/parameters/from"}, {"$ref": "#/components/parameters/to"},
        {"$ref": "#/components/parameters/tz"}, {"$ref": "#/components/parameters/row_limit"},
        {"$ref": "#/components/parameters/format"}
      ],
      "responses": {
        "200": {"description": "The answer", "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/users"}},
            "text/csv": {"schema": {"type": "string"}}}},
        "400": {"$ref": "#/components/responses/problem"},
        "401": {"$ref": "#/components/responses/problem"},
        "429": {"$ref": "#/components/responses/problem"},
        "500": {"$ref": "#/components/responses/problem"}
      }
    }},
    "/api/v1/projects": {"get": {
      "operationId": "projects",
      "summary": "By project, dearest first",
      "parameters": [
        {"$ref": "#/components/parameters/from"}, {"$ref": "#/components/parameters/to"},
        {"$ref": "#/components/parameters/tz"}, {"$ref": "#/components/parameters/row_limit"},
        {"$ref": "#/components/parameters/format"}
      ],
      "responses": {
        "200": {"description": "The answer", "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/projects"}},
            "text/csv": {"schema": {"type": "string"}}}},
        "400": {"$ref": "#/components/responses/problem"},
        "401": {"$ref": "#/components/responses/problem"},
        "429": {"$ref": "#/components/responses/problem"},
        "500": {"$ref": "#/components/responses/problem"}
      }
    }},
    "/api/v1/keys": {"get": {
      "operationId": "keys",
      "summary": "By key, dearest first",
      "parameters": [
        {"$ref": "#/components/parameters/from"}, {"$ref": "#/components/parameters/to"},
        {"$ref": "#/components/parameters/tz"}, {"$ref": "#/components/parameters/row_limit"},
        {"$ref": "#/components/parameters/format"}
      ],
      "responses": {
        "200": {"description": "The answer", "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/keys"}},
            "text/csv": {"schema": {"type": "string"}}}},
        "400": {"$ref": "#/components/responses/problem"},
        "401": {"$ref": "#/components/responses/problem"},
        "429": {"$ref": "#/components/responses/problem"},
        "500": {"$ref": "#/components/responses/problem"}
      }
    }},
    "/api/v1/providers": {"get": {
      "operationId": "providers",
      "summary": "By provider, dearest first",
      "parameters": [
        {"$ref": "#/components/parameters/from"}, {"$ref": "#/components/parameters/to"},
        {"$ref": "#/components/parameters/tz"}, {"$ref": "#/components/parameters/row_limit"},
        {"$ref": "#/components/parameters/format"}
      ],
      "responses": {
        "200": {"description": "The answer", "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/providers"}},
            "text/csv": {"schema": {"type": "string"}}}},
        "400": {"$ref": "#/components/responses/problem"},
        "401": {"$ref": "#/components/responses/problem"},
        "429": {"$ref": "#/components/responses/problem"},
        "500": {"$ref": "#/components/responses/problem"}
      }
    }},
    "/api/v1/statuses": {"get": {
      "operationId": "statuses",
      "summary": "By how it ended, dearest first",
      "parameters": [
        {"$ref": "#/components/parameters/from"}, {"$ref": "#/components/parameters/to"},
        {"$ref": "#/components/parameters/tz"}, {"$ref": "#/components/parameters/row_limit"},
        {"$ref": "#/components/parameters/format"}
      ],
      "responses": {
        "200": {"description": "The answer", "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/statuses"}},
            "text/csv": {"schema": {"type": "string"}}}},
        "400": {"$ref": "#/components/responses/problem"},
        "401": {"$ref": "#/components/responses/problem"},
        "429": {"$ref": "#/components/responses/problem"},
        "500": {"$ref": "#/components/responses/problem"}
      }
    }},
    "/api/v1/budgets": {"get": {
      "operationId": "budgets",
      "summary": "The present window of each budget",
      "responses": {
        "200": {"description": "The answer", "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/budgets"}}}},
        "400": {"$ref": "#/components/responses/problem"},
        "401": {"$ref": "#/components/responses/problem"},
        "429": {"$ref": "#/components/responses/problem"},
        "500": {"$ref": "#/components/responses/problem"}
      }
    }},
    "/api/v1/alerts": {"get": {
      "operationId": "alerts",
      "summary": "Alerts that were raised, newest first",
      "parameters": [
        {"$ref": "#/components/parameters/alert_limit"}
      ],
      "responses": {
        "200": {"description": "The answer", "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/alerts"}}}},
        "400": {"$ref": "#/components/responses/problem"},
        "401": {"$ref": "#/components/responses/problem"},
        "429": {"$ref": "#/components/responses/problem"},
        "500": {"$ref": "#/components/responses/problem"}
      }
    }},
    "/api/v1/recent": {"get": {
      "operationId": "recent",
      "summary": "Of the last 20,000 records: savings, and times to the first token",
      "responses": {
        "200": {"description": "The answer", "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/recent"}}}},
        "400": {"$ref": "#/components/responses/problem"},
        "401": {"$ref": "#/components/responses/problem"},
        "429": {"$ref": "#/components/responses/problem"},
        "500": {"$ref": "#/components/responses/problem"}
      }
    }},
    "/api/v1/records": {"get": {
      "operationId": "records",
      "summary": "Records, newest first; looks back at most 20,000",
      "parameters": [
        {"$ref": "#/components/parameters/before"},
        {"$ref": "#/components/parameters/record_limit"}, {"$ref": "#/components/parameters/user"},
        {"$ref": "#/components/parameters/model"}, {"$ref": "#/components/parameters/kind"}
      ],
      "responses": {
        "200": {"description": "The answer", "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/records"}}}},
        "400": {"$ref": "#/components/responses/problem"},
        "401": {"$ref": "#/components/responses/problem"},
        "429": {"$ref": "#/components/responses/problem"},
        "500": {"$ref": "#/components/responses/problem"}
      }
    }},
    "/api/v1/records/{sequence}": {"get": {
      "operationId": "record",
      "summary": "A record, and the proof that the log has it",
      "parameters": [
        {"$ref": "#/components/parameters/sequence"}
      ],
      "responses": {
        "200": {"description": "The answer", "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/record_with_proof"}}}},
        "400": {"$ref": "#/components/responses/problem"},
        "401": {"$ref": "#/components/responses/problem"},
        "404": {"$ref": "#/components/responses/problem"},
        "429": {"$ref": "#/components/responses/problem"},
        "500": {"$ref": "#/components/responses/problem"}
      }
    }},
    "/api/v1/events": {"get": {
      "operationId": "events",
      "summary": "Records as they come (server-sent events: record, gap)",
      "parameters": [
        {"$ref": "#/components/parameters/last_event_id"}
      ],
      "responses": {
        "200": {"description": "The answer", "content": {
            "text/event-stream": {"schema": {"type": "string"}}}},
        "400": {"$ref": "#/components/responses/problem"},
        "401": {"$ref": "#/components/responses/problem"},
        "429": {"$ref": "#/components/responses/problem"},
        "500": {"$ref": "#/components/responses/problem"}
      }
    }},
    "/api/v1/openapi.json": {"get": {
      "operationId": "openapi",
      "summary": "This document",
      "responses": {
        "200": {"description": "The answer", "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/document"}}}},
        "400": {"$ref": "#/components/responses/problem"},
        "401": {"$ref": "#/components/responses/problem"},
        "429": {"$ref": "#/components/responses/problem"},
        "500": {"$ref": "#/components/responses/problem"}
      }
    }}
  },
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
          "alert"]}, "example": "outcome"},
      "before": {"name": "before", "in": "query",
        "description": "Older than this sequence: next_before of the page before",
        "schema": {"type": "integer", "minimum": 1}, "example": 3},
      "row_limit": {"name": "limit", "in": "query",
        "description": "The first so many rows alone; by default 10,000; not with csv",
        "schema": {"type": "integer", "minimum": 1, "maximum": 10000}, "example": 10},
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
[[nodiscard]] inline std::string dashboard_openapi() {
    std::string text(detail::openapi_paths);
    return text.append(detail::openapi_schemas).append("\n    }\n  }\n}\n");
}

}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_OPENAPI_HPP

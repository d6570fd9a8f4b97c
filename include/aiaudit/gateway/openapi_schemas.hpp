// SPDX-License-Identifier: MIT
//
// openapi_schemas.hpp: what the answers of the dashboard's API hold: the schemas of its
// description (JSON Schema 2020-12).
//
// Threads: a constant.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_OPENAPI_SCHEMAS_HPP
#define AIAUDIT_GATEWAY_OPENAPI_SCHEMAS_HPP

#include <string_view>

namespace aiaudit {
inline namespace v1 {
namespace detail {

// The members of "schemas".
inline constexpr std::string_view openapi_schemas =
    R"json(
      "count": {"type": "integer", "minimum": 0},
      "usd": {"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]{1,12})?$",
        "description": "USD, exact"},
      "decimal": {"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$"},
      "day": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
      "instant": {"type": "string", "description": "ISO 8601, UTC",
        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?Z$"},
      "hash": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SHA-256"},
      "document": {"type": "object", "required": ["openapi", "paths"]},
      "problem": {"type": "object", "required": [
          "type", "title", "status", "detail"],
        "properties": {
          "type": {"type": "string"}, "title": {"type": "string"},
          "status": {"$ref": "#/components/schemas/count"}, "detail": {"type": "string"},
          "parameter": {"type": "string", "description": "the one to blame"}},
        "unevaluatedProperties": false},
      "login": {"type": "object", "required": [
          "token"],
        "properties": {
          "token": {"type": "string"}},
        "unevaluatedProperties": false},
      "session": {"type": "object", "required": [
          "logged_in", "version"],
        "properties": {
          "logged_in": {"type": "boolean"}, "version": {"type": "string"}},
        "unevaluatedProperties": false},
      "sums": {"type": "object", "required": [
          "requests", "errors", "input_tokens", "cache_read_tokens", "cache_write_tokens",
          "cache_write_5m_tokens", "cache_write_1h_tokens", "output_tokens",
          "output_reasoning_tokens", "input_audio_tokens", "output_audio_tokens",
          "output_image_tokens", "web_searches", "total_tokens", "cost_usd", "avg_cost_usd",
          "uncosted", "attempts", "avg_latency_ms"],
        "properties": {
          "requests": {"$ref": "#/components/schemas/count"},
          "errors": {"$ref": "#/components/schemas/count"},
          "input_tokens": {"$ref": "#/components/schemas/count"},
          "cache_read_tokens": {"$ref": "#/components/schemas/count"},
          "cache_write_tokens": {"$ref": "#/components/schemas/count"},
          "cache_write_5m_tokens": {"$ref": "#/components/schemas/count"},
          "cache_write_1h_tokens": {"$ref": "#/components/schemas/count"},
          "output_tokens": {"$ref": "#/components/schemas/count"},
          "output_reasoning_tokens": {"$ref": "#/components/schemas/count"},
          "input_audio_tokens": {"$ref": "#/components/schemas/count"},
          "output_audio_tokens": {"$ref": "#/components/schemas/count"},
          "output_image_tokens": {"$ref": "#/components/schemas/count"},
          "web_searches": {"$ref": "#/components/schemas/count"},
          "total_tokens": {"$ref": "#/components/schemas/count"},
          "cost_usd": {"$ref": "#/components/schemas/usd"},
          "avg_cost_usd": {"$ref": "#/components/schemas/usd"},
          "uncosted": {"$ref": "#/components/schemas/count"},
          "attempts": {"$ref": "#/components/schemas/count"},
          "avg_latency_ms": {"type": "number"}}},
      "percentiles": {"type": "object", "required": [
          "p50_latency_ms", "p95_latency_ms", "p99_latency_ms"],
        "properties": {
          "p50_latency_ms": {"type": ["number", "null"]},
          "p95_latency_ms": {"type": ["number", "null"]},
          "p99_latency_ms": {"type": ["number", "null"]}}},
      "figures": {
        "allOf": [{"$ref": "#/components/schemas/sums"},
          {"$ref": "#/components/schemas/percentiles"}],
        "unevaluatedProperties": false},
      "day_or_null": {"type": ["string", "null"], "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
      "summary": {"type": "object", "required": [
          "now", "today", "yesterday", "month", "month_forecast", "first_day"],
        "properties": {
          "now": {"$ref": "#/components/schemas/instant"},
          "today": {"$ref": "#/components/schemas/figures"},
          "yesterday": {"$ref": "#/components/schemas/figures"},
          "month": {"$ref": "#/components/schemas/figures"},
          "month_forecast": {"type": ["string", "null"]},
          "first_day": {"$ref": "#/components/schemas/day_or_null"}},
        "unevaluatedProperties": false},
      "day_model": {"type": "object", "required": [
          "provider", "model", "cost_usd", "requests"],
        "properties": {
          "provider": {"type": "string"}, "model": {"type": "string"},
          "cost_usd": {"$ref": "#/components/schemas/usd"},
          "requests": {"$ref": "#/components/schemas/count"}},
        "unevaluatedProperties": false},
      "day_figures": {
        "allOf": [{"$ref": "#/components/schemas/sums"},
          {"$ref": "#/components/schemas/percentiles"}],
        "type": "object", "required": [
          "day"],
        "properties": {
          "day": {"$ref": "#/components/schemas/day"},
          "models": {"type": "array", "items": {"$ref": "#/components/schemas/day_model"}}},
        "unevaluatedProperties": false},
      "daily": {"type": "object", "required": [
          "days"],
        "properties": {
          "days": {"type": "array", "items": {"$ref": "#/components/schemas/day_figures"}}},
        "unevaluatedProperties": false},
      "model_row": {
        "allOf": [{"$ref": "#/components/schemas/sums"},
          {"$ref": "#/components/schemas/percentiles"}],
        "type": "object", "required": [
          "provider", "model"],
        "properties": {
          "provider": {"type": "string"}, "model": {"type": "string"}},
        "unevaluatedProperties": false},
      "models": {"type": "object", "required": [
          "rows", "row_count"],
        "properties": {
          "rows": {"type": "array", "items": {"$ref": "#/components/schemas/model_row"}},
          "row_count": {"$ref": "#/components/schemas/count"}},
        "unevaluatedProperties": false},
      "user_row": {"allOf": [{"$ref": "#/components/schemas/sums"}],
        "type": "object", "required": [
          "user"],
        "properties": {
          "user": {"type": "string"}},
        "unevaluatedProperties": false},
      "users": {"type": "object", "required": [
          "rows", "row_count"],
        "properties": {
          "rows": {"type": "array", "items": {"$ref": "#/components/schemas/user_row"}},
          "row_count": {"$ref": "#/components/schemas/count"}},
        "unevaluatedProperties": false},
      "project_row": {"allOf": [{"$ref": "#/components/schemas/sums"}],
        "type": "object", "required": [
          "project"],
        "properties": {
          "project": {"type": "string"}},
        "unevaluatedProperties": false},
      "projects": {"type": "object", "required": [
          "rows", "row_count"],
        "properties": {
          "rows": {"type": "array", "items": {"$ref": "#/components/schemas/project_row"}},
          "row_count": {"$ref": "#/components/schemas/count"}},
        "unevaluatedProperties": false},
      "key_row": {"allOf": [{"$ref": "#/components/schemas/sums"}],
        "type": "object", "required": [
          "key"],
        "properties": {
          "key": {"type": "string"}},
        "unevaluatedProperties": false},
      "keys": {"type": "object", "required": [
          "rows", "row_count"],
        "properties": {
          "rows": {"type": "array", "items": {"$ref": "#/components/schemas/key_row"}},
          "row_count": {"$ref": "#/components/schemas/count"}},
        "unevaluatedProperties": false},
      "provider_row": {"allOf": [{"$ref": "#/components/schemas/sums"}],
        "type": "object", "required": [
          "provider"],
        "properties": {
          "provider": {"type": "string"}},
        "unevaluatedProperties": false},
      "providers": {"type": "object", "required": [
          "rows", "row_count"],
        "properties": {
          "rows": {"type": "array", "items": {"$ref": "#/components/schemas/provider_row"}},
          "row_count": {"$ref": "#/components/schemas/count"}},
        "unevaluatedProperties": false},
      "status_row": {"allOf": [{"$ref": "#/components/schemas/sums"}],
        "type": "object", "required": [
          "status"],
        "properties": {
          "status": {"type": "string"}},
        "unevaluatedProperties": false},
      "statuses": {"type": "object", "required": [
          "rows", "row_count"],
        "properties": {
          "rows": {"type": "array", "items": {"$ref": "#/components/schemas/status_row"}},
          "row_count": {"$ref": "#/components/schemas/count"}},
        "unevaluatedProperties": false},
      "budget": {"type": "object", "required": [
          "budget", "subject", "window", "zone", "unit", "limit", "spent", "reserved", "left",
          "open", "window_begins", "resets_at", "forecast", "then", "state", "alert_percent"],
        "properties": {
          "budget": {"type": "string"}, "subject": {"type": "string"},
          "window": {"type": "string"}, "zone": {"type": ["string", "null"]},
          "unit": {"type": "string"}, "limit": {"$ref": "#/components/schemas/decimal"},
          "spent": {"$ref": "#/components/schemas/decimal"},
          "reserved": {"$ref": "#/components/schemas/decimal"},
          "left": {"$ref": "#/components/schemas/decimal"},
          "open": {"$ref": "#/components/schemas/count"},
          "window_begins": {"type": ["string", "null"]},
          "resets_at": {"type": ["string", "null"]}, "forecast": {"type": ["string", "null"]},
          "then": {"type": "string"}, "state": {"enum": ["ok", "alert", "full", "over"]},
          "alert_percent": {"$ref": "#/components/schemas/count"}},
        "unevaluatedProperties": false},
      "budgets": {"type": "object", "required": [
          "budgets"],
        "properties": {
          "budgets": {"type": "array", "items": {"$ref": "#/components/schemas/budget"}}},
        "unevaluatedProperties": false},
      "fact": {"type": "object", "required": [
          "name", "value"],
        "properties": {
          "name": {"type": "string"}, "value": {"type": "string"}},
        "unevaluatedProperties": false},
      "undelivered": {"type": "object", "required": [
          "sink", "failures", "error", "why"],
        "properties": {
          "sink": {"type": "string"}, "failures": {"$ref": "#/components/schemas/count"},
          "error": {"type": "string"}, "why": {"type": "string"}},
        "unevaluatedProperties": false},
      "alert": {"type": "object", "required": [
          "key", "kind", "at", "text", "facts", "undelivered"],
        "properties": {
          "key": {"type": "string"},
          "kind": {"enum": ["budget_threshold", "anomaly", "price_missing", "log_nearly_full",
          "circuit_open", "custom"]},
          "at": {"$ref": "#/components/schemas/instant"}, "text": {"type": "string"},
          "facts": {"type": "array", "items": {"$ref": "#/components/schemas/fact"}},
          "undelivered": {"type": "array", "items": {"$ref": "#/components/schemas/undelivered"}}},
        "unevaluatedProperties": false},
      "alerts": {"type": "object", "required": [
          "alerts"],
        "properties": {
          "alerts": {"type": "array", "items": {"$ref": "#/components/schemas/alert"}}},
        "unevaluatedProperties": false},
      "recent": {"type": "object", "required": [
          "outcomes", "since", "from_cache", "saved_usd", "streamed",
          "p50_time_to_first_token_ms", "p95_time_to_first_token_ms",
          "p99_time_to_first_token_ms"],
        "properties": {
          "outcomes": {"$ref": "#/components/schemas/count"},
          "since": {"type": ["string", "null"]},
          "from_cache": {"$ref": "#/components/schemas/count"},
          "saved_usd": {"$ref": "#/components/schemas/usd"},
          "streamed": {"$ref": "#/components/schemas/count"},
          "p50_time_to_first_token_ms": {"type": ["number", "null"]},
          "p95_time_to_first_token_ms": {"type": ["number", "null"]},
          "p99_time_to_first_token_ms": {"type": ["number", "null"]}},
        "unevaluatedProperties": false},
      "usage": {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/count"}},
      "iteration": {"type": "object", "required": [
          "kind", "model", "usage"],
        "properties": {
          "kind": {"type": "string"}, "model": {"type": "string"},
          "usage": {"$ref": "#/components/schemas/usage"}},
        "unevaluatedProperties": false},
      "record": {"type": "object", "required": [
          "sequence", "kind", "at", "operation", "cost_status", "cost_usd", "attempt"],
        "properties": {
          "sequence": {"$ref": "#/components/schemas/count"},
          "kind": {"enum": ["intent", "outcome", "retention", "circuit", "budget", "refusal",
          "alert"]},
          "at": {"$ref": "#/components/schemas/instant"}, "user": {"type": "string"},
          "project": {"type": "string"}, "key": {"type": "string"},
          "provider": {"type": "string"}, "model_requested": {"type": "string"},
          "model_served": {"type": "string"}, "operation": {"type": "string"},
          "path": {"type": "string"}, "service_tier": {"type": "string"},
          "region": {"type": "string"}, "speed": {"type": "string"},
          "max_output_tokens": {"$ref": "#/components/schemas/count"},
          "choices": {"$ref": "#/components/schemas/count"}, "stream": {"type": "boolean"},
          "batch": {"type": "boolean"}, "duration_ns": {"$ref": "#/components/schemas/count"},
          "time_to_first_token_ns": {"$ref": "#/components/schemas/count"},
          "http_status": {"$ref": "#/components/schemas/count"},
          "finish_reason": {"type": "string"}, "error": {"type": "string"},
          "complete": {"type": "boolean"}, "usage": {"$ref": "#/components/schemas/usage"},
          "iterations": {"type": "array", "items": {"$ref": "#/components/schemas/iteration"}},
          "cost_status": {"enum": ["priced", "estimated", "unpriced", "no_charge", "unknown",
          "partial"]},
          "cost_usd": {"type": ["string", "null"]},
          "cost_low_usd": {"$ref": "#/components/schemas/usd"},
          "saved_usd": {"$ref": "#/components/schemas/usd"},
          "provider_cost_usd": {"$ref": "#/components/schemas/usd"},
          "price_entry": {"type": "string"},
          "price_book": {"$ref": "#/components/schemas/hash"},
          "operation_id": {"type": "string"}, "attempt": {"$ref": "#/components/schemas/count"},
          "provider_request_id": {"type": "string"}, "trace_id": {"type": "string"},
          "tags": {"type": "object", "additionalProperties": {"type": "string"}}},
        "unevaluatedProperties": false},
      "records": {"type": "object", "required": [
          "records", "next_before"],
        "properties": {
          "records": {"type": "array", "items": {"$ref": "#/components/schemas/record"}},
          "next_before": {"type": ["integer", "null"]}},
        "unevaluatedProperties": false},
      "proof": {"type": "object", "required": [
          "index", "tree_size", "root", "leaf_hash", "hashes", "leaf_base64"],
        "properties": {
          "index": {"$ref": "#/components/schemas/count"},
          "tree_size": {"$ref": "#/components/schemas/count"},
          "root": {"$ref": "#/components/schemas/hash"},
          "leaf_hash": {"$ref": "#/components/schemas/hash"},
          "hashes": {"type": "array", "items": {"$ref": "#/components/schemas/hash"}},
          "leaf_base64": {"type": "string",
          "description": "leaf_hash is SHA-256 of a zero byte and of this (RFC 9162)"}},
        "unevaluatedProperties": false},
      "record_with_proof": {"type": "object", "required": [
          "record", "proof"],
        "properties": {
          "record": {"$ref": "#/components/schemas/record"},
          "proof": {"$ref": "#/components/schemas/proof"}},
        "unevaluatedProperties": false})json";

}  // namespace detail
}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_OPENAPI_SCHEMAS_HPP

// SPDX-License-Identifier: MIT
//
// record_codec.hpp: a record to bytes and back. The layout is docs/format.md.
//
// The encoding is canonical: one record has one encoding, and bytes that are not the encoding of
// the record they decode to are refused. `Output` and `Input` decide how names and instants are
// written, so that a block can replace a name by its number in a dictionary and a time by the step
// from the one before, while a record alone carries both in full.
// Threads: plain functions.
// Floor 3.
#ifndef AIAUDIT_CODEC_RECORD_CODEC_HPP
#define AIAUDIT_CODEC_RECORD_CODEC_HPP

#include <aiaudit/core/record.hpp>   // record
#include <aiaudit/detail/bytes.hpp>  // varints, byte_reader

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v1 {
namespace detail {

// Which optional fields an encoded record holds; they follow one another in this order. Stored:
// never changed.
enum class record_field : unsigned {
    user = 0,
    project,
    key_id,
    provider,
    model_requested,
    model_served,
    path,
    service_tier,
    region,
    speed,
    max_output_tokens,
    choices,
    stream,  // no bytes follow: the bit is the value
    batch,   // no bytes follow
    duration_ns,
    time_to_first_token_ns,
    http_status,
    finish_reason,
    error_type,
    incomplete,  // no bytes follow
    usage_reported,
    usage_estimated,
    iterations,
    cost,
    provider_cost,
    price_entry,
    price_book,
    operation_id,
    attempt,
    provider_request_id,
    trace_id,
    tags,
};
inline constexpr unsigned record_field_count = 32;

[[nodiscard]] constexpr std::uint64_t field_bit(record_field field) noexcept {
    return std::uint64_t{1} << static_cast<unsigned>(field);
}

[[nodiscard]] inline std::uint64_t fields_of(record const& entry) noexcept {
    std::uint64_t mask = 0;
    auto const note = [&mask](record_field field, bool present) {
        if (present) mask |= field_bit(field);
    };
    using f = record_field;
    note(f::user, !entry.user.empty());
    note(f::project, !entry.project.empty());
    note(f::key_id, !entry.key_id.empty());
    note(f::provider, !entry.provider.empty());
    note(f::model_requested, !entry.model_requested.empty());
    note(f::model_served, !entry.model_served.empty());
    note(f::path, !entry.path.empty());
    note(f::service_tier, !entry.service_tier.empty());
    note(f::region, !entry.region.empty());
    note(f::speed, !entry.speed.empty());
    note(f::max_output_tokens, entry.parameters.max_output_tokens.has_value());
    note(f::choices, entry.parameters.choices.has_value());
    note(f::stream, entry.parameters.stream);
    note(f::batch, entry.parameters.batch);
    note(f::duration_ns, entry.duration_ns.has_value());
    note(f::time_to_first_token_ns, entry.time_to_first_token_ns.has_value());
    note(f::http_status, entry.http_status != 0);
    note(f::finish_reason, !entry.finish_reason.empty());
    note(f::error_type, !entry.error_type.empty());
    note(f::incomplete, !entry.complete);
    note(f::usage_reported, entry.usage.reported_mask() != 0);
    note(f::usage_estimated, entry.usage.estimated_mask() != 0);
    note(f::iterations, !entry.iterations.empty());
    note(f::cost, entry.cost != money{});
    note(f::provider_cost, entry.provider_cost.has_value());
    note(f::price_entry, !entry.price_entry.empty());
    note(f::price_book, !entry.price_book.is_zero());
    note(f::operation_id, !entry.operation_id.is_zero());
    note(f::attempt, entry.attempt != 1);
    note(f::provider_request_id, !entry.provider_request_id.empty());
    note(f::trace_id, !entry.trace_id.is_zero());
    note(f::tags, !entry.tags.empty());
    return mask;
}

template <class Bytes>
[[nodiscard]] std::string_view view_of(Bytes const& bytes) noexcept {
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

// Writes names and instants in full.
struct plain_output {
    std::string& bytes;

    void name(std::string_view text) {
        append_varint(bytes, text.size());
        bytes.append(text);
    }
    void instant(timestamp at) { append_little_endian(bytes, at.ns); }
};

// The counterpart of plain_output.
struct plain_input {
    byte_reader bytes;

    std::string_view name() { return bytes.take(bytes.varint()); }
    timestamp instant() { return {bytes.little_endian<std::int64_t>()}; }
};

template <class Output>
void encode_counts(usage const& counts, std::uint64_t mask, Output& out) {
    append_varint(out.bytes, mask);
    for (std::size_t i = 0; i < unit_count; ++i) {
        if ((mask >> i & 1) != 0) append_varint(out.bytes, counts.count(static_cast<unit>(i)));
    }
}

template <class Output>
void encode_iterations(std::vector<iteration> const& iterations, Output& out) {
    append_varint(out.bytes, iterations.size());
    for (iteration const& run : iterations) {
        out.name(run.kind);
        out.name(run.model);
        encode_counts(run.usage, run.usage.reported_mask(), out);
    }
}

template <class Output>
void encode_text(std::string_view text, Output& out) {
    append_varint(out.bytes, text.size());
    out.bytes.append(text);
}

template <class Output>
void encode_amounts(record const& entry, std::uint64_t mask, Output& out) {
    using f = record_field;
    if ((mask & field_bit(f::usage_reported)) != 0)
        encode_counts(entry.usage, entry.usage.reported_mask(), out);
    if ((mask & field_bit(f::usage_estimated)) != 0)
        encode_counts(entry.usage, entry.usage.estimated_mask(), out);
    if ((mask & field_bit(f::iterations)) != 0) encode_iterations(entry.iterations, out);
    if ((mask & field_bit(f::cost)) != 0) append_varint128(out.bytes, entry.cost.pico());
    if ((mask & field_bit(f::provider_cost)) != 0)
        append_varint128(out.bytes, entry.provider_cost->pico());
    if ((mask & field_bit(f::price_entry)) != 0) out.name(entry.price_entry);
    if ((mask & field_bit(f::price_book)) != 0) out.name(view_of(entry.price_book.bytes));
}

template <class Output>
void encode_identity(record const& entry, std::uint64_t mask, Output& out) {
    using f = record_field;
    if ((mask & field_bit(f::operation_id)) != 0)
        out.bytes.append(view_of(entry.operation_id.bytes));
    if ((mask & field_bit(f::attempt)) != 0) append_varint(out.bytes, entry.attempt);
    if ((mask & field_bit(f::provider_request_id)) != 0)
        encode_text(entry.provider_request_id, out);
    if ((mask & field_bit(f::trace_id)) != 0) out.bytes.append(view_of(entry.trace_id.bytes));
    if ((mask & field_bit(f::tags)) != 0) {
        append_varint(out.bytes, entry.tags.size());
        for (auto const& [key, value] : entry.tags) {
            out.name(key);
            out.name(value);
        }
    }
}

template <class Output>
void encode_record_to(record const& entry, Output& out) {
    using f = record_field;
    std::uint64_t const mask = fields_of(entry);
    out.bytes.push_back(static_cast<char>(entry.kind));
    out.bytes.push_back(static_cast<char>(entry.operation));
    out.bytes.push_back(static_cast<char>(entry.cost_status));
    append_varint(out.bytes, mask);
    out.instant(entry.started_at);
    for (std::string const* const name :
         {&entry.user, &entry.project, &entry.key_id, &entry.provider, &entry.model_requested,
          &entry.model_served, &entry.path, &entry.service_tier, &entry.region, &entry.speed}) {
        if (!name->empty()) out.name(*name);
    }
    if ((mask & field_bit(f::max_output_tokens)) != 0)
        append_varint(out.bytes, *entry.parameters.max_output_tokens);
    if ((mask & field_bit(f::choices)) != 0) append_varint(out.bytes, *entry.parameters.choices);
    if ((mask & field_bit(f::duration_ns)) != 0) append_varint(out.bytes, *entry.duration_ns);
    if ((mask & field_bit(f::time_to_first_token_ns)) != 0)
        append_varint(out.bytes, *entry.time_to_first_token_ns);
    if ((mask & field_bit(f::http_status)) != 0) append_varint(out.bytes, entry.http_status);
    if ((mask & field_bit(f::finish_reason)) != 0) out.name(entry.finish_reason);
    if ((mask & field_bit(f::error_type)) != 0) out.name(entry.error_type);
    encode_amounts(entry, mask, out);
    encode_identity(entry, mask, out);
}

// Reads one record field by field; `ok` turns false where the bytes are not canonical.
template <class Input>
class record_decoder {
public:
    explicit record_decoder(Input& in) : in_(in) {}

    [[nodiscard]] result<record> decode() {
        record entry;
        entry.kind = static_cast<record_kind>(byte());
        entry.operation = static_cast<aiaudit::operation>(byte());
        entry.cost_status = static_cast<aiaudit::cost_status>(byte());
        mask_ = in_.bytes.varint();
        entry.started_at = in_.instant();
        ok_ = ok_ && mask_ >> record_field_count == 0 &&
              (entry.kind == record_kind::intent || entry.kind == record_kind::outcome) &&
              static_cast<unsigned>(entry.operation) <= 7 &&
              static_cast<unsigned>(entry.cost_status) <= 5;
        decode_names(entry);
        decode_course(entry);
        decode_amounts(entry);
        decode_identity(entry);
        if (!ok_ || !in_.bytes.ok() || fields_of(entry) != mask_)
            return fail(errc::corrupt, "a record cannot be decoded");
        return entry;
    }

private:
    using f = record_field;

    [[nodiscard]] bool has(f field) const noexcept {
        return ok_ && in_.bytes.ok() && (mask_ & field_bit(field)) != 0;
    }
    std::uint8_t byte() { return in_.bytes.template little_endian<std::uint8_t>(); }

    template <class Integer>
    Integer small() {
        std::uint64_t const value = in_.bytes.varint();
        ok_ = ok_ && value <= std::numeric_limits<Integer>::max();
        return static_cast<Integer>(value);
    }
    std::string text() { return std::string(in_.bytes.take(in_.bytes.varint())); }
    std::string name() { return std::string(in_.name()); }

    template <class Array>
    void fill(Array& to) {
        std::string_view const bytes = in_.bytes.take(to.size());
        for (std::size_t i = 0; i < bytes.size(); ++i) to[i] = static_cast<std::uint8_t>(bytes[i]);
    }

    void decode_names(record& entry) {
        if (has(f::user)) entry.user = name();
        if (has(f::project)) entry.project = name();
        if (has(f::key_id)) entry.key_id = name();
        if (has(f::provider)) entry.provider = name();
        if (has(f::model_requested)) entry.model_requested = name();
        if (has(f::model_served)) entry.model_served = name();
        if (has(f::path)) entry.path = name();
        if (has(f::service_tier)) entry.service_tier = name();
        if (has(f::region)) entry.region = name();
        if (has(f::speed)) entry.speed = name();
    }

    void decode_course(record& entry) {
        if (has(f::max_output_tokens)) entry.parameters.max_output_tokens = in_.bytes.varint();
        if (has(f::choices)) entry.parameters.choices = small<std::uint32_t>();
        entry.parameters.stream = has(f::stream);
        entry.parameters.batch = has(f::batch);
        if (has(f::duration_ns)) entry.duration_ns = in_.bytes.varint();
        if (has(f::time_to_first_token_ns)) entry.time_to_first_token_ns = in_.bytes.varint();
        if (has(f::http_status)) entry.http_status = small<std::uint16_t>();
        if (has(f::finish_reason)) entry.finish_reason = name();
        if (has(f::error_type)) entry.error_type = name();
        entry.complete = !has(f::incomplete);
    }

    void decode_counts(usage& counts, provenance from) {
        std::uint64_t const mask = in_.bytes.varint();
        ok_ = ok_ && mask >> unit_count == 0;
        for (std::size_t i = 0; ok_ && i < unit_count; ++i) {
            if ((mask >> i & 1) == 0) continue;
            std::uint64_t const count = in_.bytes.varint();
            ok_ = ok_ && count <= usage::count_max && !counts.has(static_cast<unit>(i));
            if (ok_) counts.set(static_cast<unit>(i), count, from);
        }
    }

    void decode_amounts(record& entry) {
        if (has(f::usage_reported)) decode_counts(entry.usage, provenance::reported);
        if (has(f::usage_estimated)) decode_counts(entry.usage, provenance::estimated);
        if (has(f::iterations)) {
            std::uint64_t const count = in_.bytes.varint();
            for (std::uint64_t i = 0; i < count && ok_ && in_.bytes.ok(); ++i) {
                iteration& run = entry.iterations.emplace_back();
                run.kind = name();
                run.model = name();
                decode_counts(run.usage, provenance::reported);
            }
        }
        if (has(f::cost)) entry.cost = money::from_pico(in_.bytes.varint128());
        if (has(f::provider_cost)) entry.provider_cost = money::from_pico(in_.bytes.varint128());
        if (has(f::price_entry)) entry.price_entry = name();
        if (has(f::price_book)) {
            std::string_view const bytes = in_.name();
            ok_ = ok_ && bytes.size() == entry.price_book.bytes.size();
            for (std::size_t i = 0; ok_ && i < bytes.size(); ++i) {
                entry.price_book.bytes[i] = static_cast<std::uint8_t>(bytes[i]);
            }
        }
    }

    void decode_identity(record& entry) {
        if (has(f::operation_id)) fill(entry.operation_id.bytes);
        if (has(f::attempt)) entry.attempt = small<std::uint32_t>();
        if (has(f::provider_request_id)) entry.provider_request_id = text();
        if (has(f::trace_id)) fill(entry.trace_id.bytes);
        if (has(f::tags)) {
            std::uint64_t const count = in_.bytes.varint();
            for (std::uint64_t i = 0; i < count && ok_ && in_.bytes.ok(); ++i) {
                std::string key = name();
                entry.tags.emplace_back(std::move(key), name());
            }
        }
    }

    Input& in_;
    std::uint64_t mask_ = 0;
    bool ok_ = true;
};

}  // namespace detail

// The canonical bytes of one record, complete in themselves.
[[nodiscard]] inline std::string encode_record(record const& entry) {
    std::string bytes;
    detail::plain_output out{bytes};
    detail::encode_record_to(entry, out);
    return bytes;
}

// Errors: corrupt, for anything but the whole canonical encoding of one record.
[[nodiscard]] inline result<record> decode_record(std::string_view bytes) {
    detail::plain_input in{detail::byte_reader{bytes}};
    auto entry = detail::record_decoder<detail::plain_input>{in}.decode();
    if (entry && !in.bytes.at_end()) return fail(errc::corrupt, "bytes follow a record");
    return entry;
}

}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_CODEC_RECORD_CODEC_HPP

// SPDX-License-Identifier: MIT
//
// record_codec.hpp: a record to bytes and back. The layout is docs/format.md.
//
// The encoding is canonical: one record has one encoding, and bytes that are not the encoding of
// the record they decode to are refused. A record is written in two parts. Its shape is what recurs
// from record to record (kind, models, path, status, prices), its values are the rest. `Output` and
// `Input` decide how names and instants among the values are written: a record alone has its shape,
// its names and its instant in full; in a block the shape and the names are numbers in the block's
// dictionary and the instant is the step from the one before.
// Threads: plain functions.
// Floor 3.
#ifndef AIAUDIT_CODEC_RECORD_CODEC_HPP
#define AIAUDIT_CODEC_RECORD_CODEC_HPP

#include <aiaudit/core/record.hpp>   // record
#include <aiaudit/detail/bytes.hpp>  // varints, byte_reader

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Which optional fields an encoded record holds. Stored: never changed.
enum class record_field : unsigned {
    // Of the shape, in this order; the four flags have no bytes: the bit is the value.
    provider = 0,
    model_requested,
    model_served,
    path,
    service_tier,
    region,
    speed,
    http_status,
    finish_reason,
    error_type,
    usage_reported,   // which units; the counts are values
    usage_estimated,  // as well
    price_entry,
    price_book,
    stream,
    batch,
    incomplete,
    // Of the values, in this order.
    user,
    project,
    key_id,
    duration_ns,
    time_to_first_token_ns,
    cost,
    operation_id,
    provider_request_id,
    max_output_tokens,
    choices,
    iterations,
    provider_cost,
    attempt,
    trace_id,
    tags,
    cost_low,
    saved,
    // Of the shape, behind the price book.
    price_basis,
    unread,
    // Of the values.
    computed_cost,
    upstream_cost,
};
inline constexpr unsigned record_field_count = 38;

[[nodiscard]] constexpr std::uint64_t field_bit(record_field field) noexcept {
    return std::uint64_t{1} << static_cast<unsigned>(field);
}

template <class String>
[[nodiscard]] std::uint64_t fields_of(basic_record<String> const& entry) noexcept {
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
    note(f::cost_low, entry.cost_low.has_value());
    note(f::saved, entry.saved.has_value());
    note(f::price_basis, entry.price_basis != price_basis::listed);
    note(f::unread, !entry.unread.empty());
    note(f::computed_cost, entry.computed_cost.has_value());
    note(f::upstream_cost, entry.upstream_cost.has_value());
    return mask;
}

// The most bytes that a record takes when names are written in full.
template <class String>
[[nodiscard]] std::size_t encoded_size_most(basic_record<String> const& entry) noexcept {
    // Kind, operation, status, mask, instant, and every number, id and digest there can be.
    constexpr std::size_t counts_most = varint_bytes * (1 + unit_count);
    constexpr std::size_t fixed = 3 + 8 + 13 * varint_bytes + 2 * counts_most +
                                  6 * varint128_bytes + 16 + 16 + varint_bytes + 32;
    std::size_t names = 0;
    for (String const* const name :
         {&entry.user, &entry.project, &entry.key_id, &entry.provider, &entry.model_requested,
          &entry.model_served, &entry.path, &entry.service_tier, &entry.region, &entry.speed,
          &entry.finish_reason, &entry.error_type, &entry.price_entry, &entry.provider_request_id,
          &entry.unread})
        names += varint_bytes + name->size();
    for (auto const& run : entry.iterations)
        names += 2 * varint_bytes + run.kind.size() + run.model.size() + counts_most;
    for (auto const& [key, value] : entry.tags)
        names += 2 * varint_bytes + key.size() + value.size();
    return fixed + names;
}

// Writes names and instants in full.
struct plain_output : byte_writer {
    using byte_writer::byte_writer;
    void name(std::string_view text_of_name) { text(text_of_name); }
    void instant(timestamp at) { little_endian(at.ns); }
};

// The counterpart of plain_output.
struct plain_input {
    byte_reader bytes;

    [[nodiscard]] std::string_view name() { return bytes.take(bytes.varint()); }
    [[nodiscard]] timestamp instant() { return {bytes.little_endian<std::int64_t>()}; }
};

template <class String, class Output>
void encode_shape(basic_record<String> const& entry, std::uint64_t mask, Output& out) {
    using f = record_field;
    auto const has = [mask](f field) { return (mask & field_bit(field)) != 0; };
    out.byte(static_cast<std::uint8_t>(entry.kind));
    out.byte(static_cast<std::uint8_t>(entry.operation));
    out.byte(static_cast<std::uint8_t>(entry.cost_status));
    out.varint(mask);
    for (String const* const text : {&entry.provider, &entry.model_requested, &entry.model_served,
                                     &entry.path, &entry.service_tier, &entry.region, &entry.speed})
        if (!text->empty()) out.text(*text);
    if (has(f::http_status)) out.varint(entry.http_status);
    if (has(f::finish_reason)) out.text(entry.finish_reason);
    if (has(f::error_type)) out.text(entry.error_type);
    if (has(f::usage_reported)) out.varint(entry.usage.reported_mask());
    if (has(f::usage_estimated)) out.varint(entry.usage.estimated_mask());
    if (has(f::price_entry)) out.text(entry.price_entry);
    if (has(f::price_book)) out.raw(view_of(entry.price_book.bytes));
    if (has(f::price_basis)) out.varint(static_cast<std::uint64_t>(entry.price_basis));
    if (has(f::unread)) out.text(entry.unread);
}

template <class Output>
void encode_counts(usage const& counts, std::uint64_t mask, Output& out) {
    for (; mask != 0; mask &= mask - 1)
        out.varint(counts.count(static_cast<unit>(std::countr_zero(mask))));
}

template <class String, class Output>
void encode_tags(basic_record<String> const& entry, Output& out) {
    out.varint(entry.tags.size());
    for (auto const& [key, value] : entry.tags) {
        out.name(key);
        out.name(value);
    }
}

template <class String, class Output>
void encode_iterations(basic_record<String> const& entry, Output& out) {
    out.varint(entry.iterations.size());
    for (auto const& run : entry.iterations) {
        out.name(run.kind);
        out.name(run.model);
        out.varint(run.usage.reported_mask());
        encode_counts(run.usage, run.usage.reported_mask(), out);
    }
}

template <class String, class Output>
void encode_values(basic_record<String> const& entry, std::uint64_t mask, Output& out) {
    using f = record_field;
    auto const has = [mask](f field) { return (mask & field_bit(field)) != 0; };
    out.instant(entry.started_at);
    encode_counts(entry.usage, entry.usage.reported_mask(), out);
    encode_counts(entry.usage, entry.usage.estimated_mask(), out);
    for (String const* const name : {&entry.user, &entry.project, &entry.key_id})
        if (!name->empty()) out.name(*name);
    if (has(f::duration_ns)) out.varint(*entry.duration_ns);
    if (has(f::time_to_first_token_ns)) out.varint(*entry.time_to_first_token_ns);
    if (has(f::cost)) out.varint128(entry.cost.pico());
    if (has(f::operation_id)) out.raw(view_of(entry.operation_id.bytes));
    if (has(f::provider_request_id)) out.text(entry.provider_request_id);
    if (has(f::max_output_tokens)) out.varint(*entry.parameters.max_output_tokens);
    if (has(f::choices)) out.varint(*entry.parameters.choices);
    if (has(f::iterations)) encode_iterations(entry, out);
    if (has(f::provider_cost)) out.varint128(entry.provider_cost->pico());
    if (has(f::attempt)) out.varint(entry.attempt);
    if (has(f::trace_id)) out.raw(view_of(entry.trace_id.bytes));
    if (has(f::tags)) encode_tags(entry, out);
    if (has(f::cost_low)) out.varint128(entry.cost_low->pico());
    if (has(f::saved)) out.varint128(entry.saved->pico());
    if (has(f::computed_cost)) out.varint128(entry.computed_cost->pico());
    if (has(f::upstream_cost)) out.varint128(entry.upstream_cost->pico());
}

// The shape of a record: its recurring fields, and which others it has.
template <class String>
struct record_shape {
    basic_record<String> fields{};
    std::uint64_t mask = 0;
    std::uint64_t reported = 0;  // units
    std::uint64_t estimated = 0;
};

template <class Integer>
[[nodiscard]] bool take_small(byte_reader& in, Integer& to) {
    std::uint64_t const value = in.varint();
    to = static_cast<Integer>(value);
    return value <= (std::numeric_limits<Integer>::max)();
}

// Bytes of a fixed size. Where they are missing the reader has failed, and `to` is as it was.
template <class Array>
void take_array(byte_reader& in, Array& to) {
    std::string_view const bytes = in.take(to.size());
    if (!bytes.empty()) std::memcpy(to.data(), bytes.data(), bytes.size());
}

template <class String>
[[nodiscard]] String take_text(byte_reader& in) {
    return String(in.take(in.varint()));
}

// False where the bytes are not the front of a canonical encoding.
template <class String>
[[nodiscard]] bool decode_shape(byte_reader& in, record_shape<String>& to) {
    using f = record_field;
    basic_record<String>& entry = to.fields;
    entry.kind = static_cast<record_kind>(in.little_endian<std::uint8_t>());
    entry.operation = static_cast<operation>(in.little_endian<std::uint8_t>());
    entry.cost_status = static_cast<cost_status>(in.little_endian<std::uint8_t>());
    std::uint64_t const mask = to.mask = in.varint();
    bool fits = mask >> record_field_count == 0 && entry.kind >= record_kind::intent &&
                entry.kind <= record_kind::storage && entry.operation <= operation::rerank &&
                entry.cost_status <= cost_status::partial;
    auto const has = [mask, &in](f field) { return in.ok() && (mask & field_bit(field)) != 0; };
    auto const text = [&](f field, String& name) {
        if (!has(field)) return;
        name = take_text<String>(in);
        fits = fits && !name.empty();
    };
    text(f::provider, entry.provider);
    text(f::model_requested, entry.model_requested);
    text(f::model_served, entry.model_served);
    text(f::path, entry.path);
    text(f::service_tier, entry.service_tier);
    text(f::region, entry.region);
    text(f::speed, entry.speed);
    if (has(f::http_status))
        fits = take_small(in, entry.http_status) && entry.http_status != 0 && fits;
    text(f::finish_reason, entry.finish_reason);
    text(f::error_type, entry.error_type);
    if (has(f::usage_reported)) fits = (to.reported = in.varint()) != 0 && fits;
    if (has(f::usage_estimated)) fits = (to.estimated = in.varint()) != 0 && fits;
    text(f::price_entry, entry.price_entry);
    if (has(f::price_book)) {
        take_array(in, entry.price_book.bytes);
        fits = fits && !entry.price_book.is_zero();
    }
    if (has(f::price_basis)) {
        std::uint64_t const basis = in.varint();
        fits = fits && basis != 0 && basis <= static_cast<std::uint64_t>(price_basis::provider);
        entry.price_basis = static_cast<price_basis>(basis);
    }
    text(f::unread, entry.unread);
    entry.parameters.stream = has(f::stream);
    entry.parameters.batch = has(f::batch);
    entry.complete = !has(f::incomplete);
    return in.ok() && fits && (to.reported | to.estimated) >> unit_count == 0 &&
           (to.reported & to.estimated) == 0;
}

// What must be known of a shape to go through the values behind it.
struct shape_outline {
    std::uint64_t mask = 0;
    unsigned counts = 0;  // units reported and estimated
};

// Moves past the shape of a record that encode_record() made.
[[nodiscard]] shape_outline skip_shape(byte_reader& in) noexcept;

// Reads the values of a record whose shape is known.
template <class Input, class String>
class values_decoder {
public:
    explicit values_decoder(Input& in) : in_(in) {}

    // False where the bytes are not canonical; `entry` is then of no use.
    [[nodiscard]] bool decode(record_shape<String> const& shape, basic_record<String>& entry) {
        entry = shape.fields;
        mask_ = shape.mask;
        entry.started_at = in_.instant();
        decode_counts(entry.usage, shape.reported, provenance::reported);
        decode_counts(entry.usage, shape.estimated, provenance::estimated);
        name(f::user, entry.user);
        name(f::project, entry.project);
        name(f::key_id, entry.key_id);
        decode_course(entry);
        if (has(f::iterations)) decode_iterations(entry);
        if (has(f::provider_cost)) entry.provider_cost = money::from_pico(in_.bytes.varint128());
        if (has(f::attempt)) ok_ = take_small(in_.bytes, entry.attempt) && entry.attempt != 1;
        if (has(f::trace_id)) {
            take_array(in_.bytes, entry.trace_id.bytes);
            ok_ = ok_ && !entry.trace_id.is_zero();
        }
        if (has(f::tags)) decode_tags(entry);
        if (has(f::cost_low)) entry.cost_low = money::from_pico(in_.bytes.varint128());
        if (has(f::saved)) entry.saved = money::from_pico(in_.bytes.varint128());
        if (has(f::computed_cost)) entry.computed_cost = money::from_pico(in_.bytes.varint128());
        if (has(f::upstream_cost)) entry.upstream_cost = money::from_pico(in_.bytes.varint128());
        return ok_ && in_.bytes.ok();
    }

private:
    using f = record_field;

    [[nodiscard]] bool has(f field) const noexcept {
        return ok_ && in_.bytes.ok() && (mask_ & field_bit(field)) != 0;
    }
    void name(f field, String& to) {
        if (!has(field)) return;
        to = String(in_.name());
        ok_ = !to.empty();
    }

    void decode_course(basic_record<String>& entry) {
        if (has(f::duration_ns)) entry.duration_ns = in_.bytes.varint();
        if (has(f::time_to_first_token_ns)) entry.time_to_first_token_ns = in_.bytes.varint();
        if (has(f::cost)) {
            entry.cost = money::from_pico(in_.bytes.varint128());
            ok_ = entry.cost != money{};
        }
        if (has(f::operation_id)) {
            take_array(in_.bytes, entry.operation_id.bytes);
            ok_ = ok_ && !entry.operation_id.is_zero();
        }
        if (has(f::provider_request_id)) {
            entry.provider_request_id = take_text<String>(in_.bytes);
            ok_ = ok_ && !entry.provider_request_id.empty();
        }
        if (has(f::max_output_tokens)) entry.parameters.max_output_tokens = in_.bytes.varint();
        if (has(f::choices)) ok_ = take_small(in_.bytes, entry.parameters.choices.emplace()) && ok_;
    }

    void decode_counts(usage& counts, std::uint64_t mask, provenance from) {
        for (; ok_ && mask != 0; mask &= mask - 1) {
            std::uint64_t const count = in_.bytes.varint();
            ok_ = count <= usage::count_max;
            if (ok_) counts.set(static_cast<unit>(std::countr_zero(mask)), count, from);
        }
    }

    void decode_iterations(basic_record<String>& entry) {
        std::uint64_t const count = in_.bytes.varint();
        ok_ = ok_ && count != 0;
        for (std::uint64_t i = 0; i < count && ok_ && in_.bytes.ok(); ++i) {
            auto& run = entry.iterations.emplace_back();
            run.kind = String(in_.name());
            run.model = String(in_.name());
            std::uint64_t const mask = in_.bytes.varint();
            ok_ = mask >> unit_count == 0;
            decode_counts(run.usage, mask, provenance::reported);
        }
    }

    void decode_tags(basic_record<String>& entry) {
        std::uint64_t const count = in_.bytes.varint();
        ok_ = ok_ && count != 0;
        for (std::uint64_t i = 0; i < count && ok_ && in_.bytes.ok(); ++i) {
            String key(in_.name());
            entry.tags.emplace_back(std::move(key), String(in_.name()));
        }
    }

    Input& in_;
    std::uint64_t mask_ = 0;
    bool ok_ = true;
};

}  // namespace detail

// The canonical bytes of one record, complete in themselves. They lie in `room`, which only grows:
// used again and again it costs no allocation.
template <class String>
[[nodiscard]] std::string_view encode_record(basic_record<String> const& entry, std::string& room) {
    std::size_t const most = detail::encoded_size_most(entry);
    if (room.size() < most) room.resize(most);
    detail::plain_output out{room.data()};
    std::uint64_t const mask = detail::fields_of(entry);
    detail::encode_shape(entry, mask, out);
    detail::encode_values(entry, mask, out);
    return std::string_view(room).substr(0, static_cast<std::size_t>(out.position() - room.data()));
}

template <class String>
[[nodiscard]] std::string encode_record(basic_record<String> const& entry) {
    std::string room;
    return std::string(encode_record(entry, room));
}

// Into `entry`, whose texts lie in `bytes` where it is a view. Errors: corrupt, for anything but
// the whole canonical encoding of one record.
template <class String>
[[nodiscard]] result<void> decode_record(std::string_view bytes, basic_record<String>& entry) {
    detail::plain_input in{detail::byte_reader{bytes}};
    detail::record_shape<String> shape;
    if (!detail::decode_shape(in.bytes, shape) ||
        !detail::values_decoder<detail::plain_input, String>{in}.decode(shape, entry))
        return fail(errc::corrupt, "a record cannot be decoded");
    if (!in.bytes.at_end()) return fail(errc::corrupt, "bytes follow a record");
    return {};
}

[[nodiscard]] result<record> decode_record(std::string_view bytes);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/codec/record_codec.ipp>
#endif

#endif  // AIAUDIT_CODEC_RECORD_CODEC_HPP

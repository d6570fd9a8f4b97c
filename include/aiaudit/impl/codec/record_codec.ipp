// SPDX-License-Identifier: MIT
//
// record_codec.ipp: the definitions of record_codec.hpp.
#ifndef AIAUDIT_IMPL_CODEC_RECORD_CODEC_IPP
#define AIAUDIT_IMPL_CODEC_RECORD_CODEC_IPP

#include <aiaudit/codec/record_codec.hpp>
#include <aiaudit/config.hpp>  // AIAUDIT_INLINE

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE shape_outline skip_shape(byte_reader& in) noexcept {
    using f = record_field;
    shape_outline found;
    in.take(3);
    found.mask = in.varint();
    auto const skip_texts = [&](f from, f to) {
        for (auto bit = static_cast<unsigned>(from); bit <= static_cast<unsigned>(to); ++bit)
            if ((found.mask >> bit & 1) != 0) in.take(in.varint());
    };
    auto const has = [&found](f field) { return (found.mask & field_bit(field)) != 0; };
    skip_texts(f::provider, f::speed);
    if (has(f::http_status)) in.varint();
    skip_texts(f::finish_reason, f::error_type);
    for (f const units : {f::usage_reported, f::usage_estimated})
        if (has(units)) found.counts += static_cast<unsigned>(std::popcount(in.varint()));
    skip_texts(f::price_entry, f::price_entry);
    if (has(f::price_book)) in.take(32);
    if (has(f::price_basis)) in.varint();
    skip_texts(f::unread, f::unread);
    return found;
}

}  // namespace detail

AIAUDIT_INLINE result<record> decode_record(std::string_view bytes) {
    record entry;
    auto const decoded = decode_record(bytes, entry);
    if (!decoded) return decoded.error();
    return entry;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_CODEC_RECORD_CODEC_IPP

// SPDX-License-Identifier: MIT
//
// block.ipp: the definitions of block.hpp.
#ifndef AIAUDIT_IMPL_CODEC_BLOCK_IPP
#define AIAUDIT_IMPL_CODEC_BLOCK_IPP

#include <aiaudit/codec/block.hpp>
#include <aiaudit/config.hpp>         // AIAUDIT_INLINE
#include <aiaudit/detail/crc32c.hpp>  // crc32c

#include <algorithm>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE void block_output::instant(timestamp at) {
    auto const step = static_cast<std::uint64_t>(at.ns) - static_cast<std::uint64_t>(previous_ns);
    varint(zigzag(static_cast<std::int64_t>(step)));
    previous_ns = at.ns;
}

}  // namespace detail

AIAUDIT_INLINE void block_builder::add_encoded(std::string_view encoded) {
    using f = detail::record_field;
    detail::byte_reader in{encoded};
    auto const [mask, counts] = detail::skip_shape(in);
    if ((mask & (field_bit(f::iterations) | field_bit(f::tags))) != 0) {
        auto const decoded = decode_record(encoded, scratch_);
        AIAUDIT_ASSERT(decoded.has_value());
        return add(scratch_);
    }
    timestamp const at{in.little_endian<std::int64_t>()};
    count_in(at);
    detail::block_output out = room_for(encoded.size() + names_grow_most);
    out.name(encoded.substr(0, encoded.size() - in.rest().size() - sizeof at.ns));
    out.instant(at);
    std::string_view const numbers = in.rest();
    for (unsigned i = 0; i < counts; ++i) in.varint();
    out.raw(numbers.substr(0, numbers.size() - in.rest().size()));
    for (f const name : {f::user, f::project, f::key_id})
        if ((mask & field_bit(name)) != 0) out.name(in.take(in.varint()));
    out.raw(in.rest());
    used_ = static_cast<std::size_t>(out.position() - records_.data());
}

AIAUDIT_INLINE void block_builder::write(sequence first, char* to) const {
    AIAUDIT_ASSERT(header_.count > 0);
    detail::byte_writer out{to};
    out.raw("AIB");
    out.byte(block_version);
    out.little_endian(std::uint32_t{0});  // the checksum's place
    out.little_endian(value_of(first));
    out.little_endian(header_.count);
    out.little_endian(static_cast<std::uint32_t>(used_));
    out.little_endian(static_cast<std::uint32_t>(names_.bytes().size()));
    out.little_endian(names_.size());
    out.little_endian(header_.earliest.ns);
    out.little_endian(header_.latest.ns);
    out.raw(std::string_view(records_).substr(0, used_));
    out.raw(names_.bytes());
    std::string_view const covered(to + 8, size() - 8);
    detail::store_little_endian(to + 4, detail::crc32c(covered));
}

AIAUDIT_INLINE void block_builder::clear() {
    header_ = {};
    used_ = 0;
    names_.clear();
    previous_ns_ = 0;
}

AIAUDIT_INLINE std::string block_builder::finish(sequence first) {
    std::string block(size(), '\0');
    write(first, block.data());
    clear();
    return block;
}

AIAUDIT_INLINE void block_builder::count_in(timestamp at) noexcept {
    if (header_.count == 0) header_.earliest = header_.latest = at;
    header_.earliest = (std::min)(header_.earliest, at);
    header_.latest = (std::max)(header_.latest, at);
    ++header_.count;
}

AIAUDIT_INLINE result<block_header> read_block_header(std::string_view block) {
    if (block.size() < block_header::size || block.substr(0, 3) != "AIB") {
        return fail(errc::corrupt, "a block has no header");
    }
    if (static_cast<std::uint8_t>(block[3]) != block_version) {
        return fail(errc::newer_format,
                    "block version " + std::to_string(static_cast<std::uint8_t>(block[3])));
    }
    detail::byte_reader in{block.substr(4)};
    auto const checksum = in.little_endian<std::uint32_t>();
    if (checksum != detail::crc32c(in.rest()))
        return fail(errc::corrupt, "a block's checksum does not match");
    block_header header;
    header.first = sequence{in.little_endian<std::uint64_t>()};
    header.count = in.little_endian<std::uint32_t>();
    header.records_size = in.little_endian<std::uint32_t>();
    header.names_size = in.little_endian<std::uint32_t>();
    header.names_count = in.little_endian<std::uint32_t>();
    header.earliest.ns = in.little_endian<std::int64_t>();
    header.latest.ns = in.little_endian<std::int64_t>();
    bool const fits = std::uint64_t{header.records_size} + header.names_size == in.rest().size();
    if (!fits || header.count == 0 || header.names_count > header.names_size ||
        value_of(header.first) == 0) {
        return fail(errc::corrupt, "a block's sizes do not match");
    }
    return header;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_CODEC_BLOCK_IPP

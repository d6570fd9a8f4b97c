// SPDX-License-Identifier: MIT
//
// block.hpp: the records of one group commit as one stored value. The layout is docs/format.md.
//
// A block stands alone: names that recur in it are kept once, in a dictionary at its end, and times
// as steps. Its header says what it holds without decoding it, and a CRC-32C covers every byte.
// Threads: one builder for one thread; reading is pure.
// Floor 3.
#ifndef AIAUDIT_CODEC_BLOCK_HPP
#define AIAUDIT_CODEC_BLOCK_HPP

#include <aiaudit/codec/record_codec.hpp>  // encode_record_to, record_decoder
#include <aiaudit/detail/crc32c.hpp>       // crc32c
#include <aiaudit/detail/string_hash.hpp>  // string_hash

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace aiaudit {
inline namespace v1 {

// Stored in every block: never changed. A reader refuses a higher one.
inline constexpr std::uint8_t block_version = 1;

struct block_header {
    static constexpr std::size_t size = 48;

    sequence first{};         // of its first record
    std::uint32_t count = 0;  // of records, at least 1
    timestamp earliest{};     // started_at of its records
    timestamp latest{};
    std::uint32_t records_size = 0;  // bytes of encoded records, after the header
    std::uint32_t names_size = 0;    // bytes of the dictionary, after the records
    std::uint32_t names_count = 0;

    [[nodiscard]] constexpr std::uint64_t last() const noexcept {
        return value_of(first) + count - 1;
    }
};

namespace detail {

// Writes a name as its number in the block's dictionary and an instant as the step from the one
// before.
struct block_output {
    std::string& bytes;
    std::unordered_map<std::string, std::uint32_t, string_hash, std::equal_to<>>& numbers;
    std::string& dictionary;
    std::int64_t& previous_ns;

    void name(std::string_view text) {
        auto found = numbers.find(text);
        if (found == numbers.end()) {
            found = numbers.emplace(std::string(text), static_cast<std::uint32_t>(numbers.size()))
                        .first;
            append_varint(dictionary, text.size());
            dictionary.append(text);
        }
        append_varint(bytes, found->second);
    }
    void instant(timestamp at) {
        auto const step =
            static_cast<std::uint64_t>(at.ns) - static_cast<std::uint64_t>(previous_ns);
        append_varint(bytes, zigzag(static_cast<std::int64_t>(step)));
        previous_ns = at.ns;
    }
};

struct block_input {
    byte_reader bytes;
    std::vector<std::string_view> const& names;
    std::int64_t previous_ns = 0;

    std::string_view name() {
        std::uint64_t const number = bytes.varint();
        return number < names.size() ? names[static_cast<std::size_t>(number)] : bytes.fail_read();
    }
    timestamp instant() {
        auto const step = static_cast<std::uint64_t>(unzigzag(bytes.varint()));
        previous_ns = static_cast<std::int64_t>(static_cast<std::uint64_t>(previous_ns) + step);
        return {previous_ns};
    }
};

}  // namespace detail

// Gathers records into one block; used again after finish().
class block_builder {
public:
    [[nodiscard]] std::uint32_t count() const noexcept { return header_.count; }
    // Bytes gathered so far, header not counted.
    [[nodiscard]] std::size_t bytes() const noexcept {
        return records_.size() + dictionary_.size();
    }

    void add(record const& entry) {
        if (header_.count == 0) header_.earliest = header_.latest = entry.started_at;
        header_.earliest = std::min(header_.earliest, entry.started_at);
        header_.latest = std::max(header_.latest, entry.started_at);
        ++header_.count;
        detail::block_output out{records_, numbers_, dictionary_, previous_ns_};
        detail::encode_record_to(entry, out);
    }

    // The block's bytes; the builder is empty afterwards. Precondition: count() > 0.
    [[nodiscard]] std::string finish(sequence first) {
        AIAUDIT_ASSERT(header_.count > 0);
        std::string block;
        block.reserve(block_header::size + bytes());
        block.append("AIB");
        block.push_back(static_cast<char>(block_version));
        block.append(4, '\0');  // the checksum's place
        detail::append_little_endian(block, value_of(first));
        detail::append_little_endian(block, header_.count);
        detail::append_little_endian(block, static_cast<std::uint32_t>(records_.size()));
        detail::append_little_endian(block, static_cast<std::uint32_t>(dictionary_.size()));
        detail::append_little_endian(block, static_cast<std::uint32_t>(numbers_.size()));
        detail::append_little_endian(block, header_.earliest.ns);
        detail::append_little_endian(block, header_.latest.ns);
        AIAUDIT_ASSERT(block.size() == block_header::size);
        block.append(records_).append(dictionary_);
        detail::store_little_endian(block.data() + 4,
                                    detail::crc32c(std::string_view(block).substr(8)));
        records_.clear();
        dictionary_.clear();
        numbers_.clear();
        previous_ns_ = 0;
        header_ = {};
        return block;
    }

private:
    block_header header_{};
    std::string records_{};
    std::string dictionary_{};
    std::unordered_map<std::string, std::uint32_t, detail::string_hash, std::equal_to<>> numbers_{};
    std::int64_t previous_ns_ = 0;
};

// Checks the checksum and the sizes. Errors: corrupt; newer_format for a version this release does
// not know.
[[nodiscard]] inline result<block_header> read_block_header(std::string_view block) {
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

// Calls visit(sequence, record&&) for each record in order; false from it stops. Errors: as
// read_block_header.
template <class Visitor>
[[nodiscard]] result<block_header> read_block(std::string_view block, Visitor&& visit) {
    auto header = read_block_header(block);
    if (!header) return header;
    auto const corrupt = [&] {
        return fail(errc::corrupt, "the block of record " +
                                       std::to_string(value_of(header->first)) +
                                       " cannot be decoded");
    };
    std::string_view const body = block.substr(block_header::size);
    std::vector<std::string_view> names;
    detail::byte_reader dictionary{body.substr(header->records_size)};
    for (std::uint32_t i = 0; i < header->names_count; ++i)
        names.push_back(dictionary.take(dictionary.varint()));
    if (!dictionary.ok() || !dictionary.at_end()) return corrupt();
    detail::block_input in{detail::byte_reader{body.substr(0, header->records_size)}, names};
    for (std::uint32_t i = 0; i < header->count; ++i) {
        auto entry = detail::record_decoder<detail::block_input>{in}.decode();
        if (!entry) return corrupt();
        if (!visit(sequence{value_of(header->first) + i}, std::move(*entry))) return header;
    }
    if (!in.bytes.at_end()) return corrupt();
    return header;
}

}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_CODEC_BLOCK_HPP

// SPDX-License-Identifier: MIT
//
// block.hpp: the records of one group commit as one stored value. The layout is docs/format.md.
//
// A block stands alone: shapes and names that recur in it are kept once, in a dictionary at its
// end, and times as steps. Its header says what it holds without decoding it, and a CRC-32C covers
// every byte.
// Threads: one builder for one thread; reading is pure.
// Floor 3.
#ifndef AIAUDIT_CODEC_BLOCK_HPP
#define AIAUDIT_CODEC_BLOCK_HPP

#include <aiaudit/codec/name_dictionary.hpp>  // name_dictionary
#include <aiaudit/codec/record_codec.hpp>     // encode_shape, encode_values

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

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
struct block_output : byte_writer {
    block_output(char* to, name_dictionary& all_names, std::int64_t& before_ns) noexcept
        : byte_writer(to), names(all_names), previous_ns(before_ns) {}

    name_dictionary& names;
    std::int64_t& previous_ns;

    void name(std::string_view text) { varint(names.number_of(text)); }
    void instant(timestamp at);
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

// Gathers records into one block; used again after clear().
class block_builder {
public:
    [[nodiscard]] std::uint32_t count() const noexcept { return header_.count; }
    // Of the block as it is now.
    [[nodiscard]] std::size_t size() const noexcept {
        return block_header::size + used_ + names_.bytes().size();
    }

    template <class String>
    void add(basic_record<String> const& entry) {
        count_in(entry.started_at);
        std::size_t const size_most = detail::encoded_size_most(entry);
        if (shape_.size() < size_most) shape_.resize(size_most);
        std::uint64_t const mask = detail::fields_of(entry);
        detail::plain_output shape{shape_.data()};
        detail::encode_shape(entry, mask, shape);
        auto const shape_size = static_cast<std::size_t>(shape.position() - shape_.data());
        detail::block_output out = room_for(size_most);
        out.name(std::string_view(shape_).substr(0, shape_size));
        detail::encode_values(entry, mask, out);
        used_ = static_cast<std::size_t>(out.position() - records_.data());
    }
    // The same for the bytes that encode_record() made of it, without decoding them: the values of
    // most records are in a block as they are alone, but for the instant and the names.
    void add_encoded(std::string_view encoded);

    // Writes the block, size() bytes. Precondition: count() > 0.
    void write(sequence first, char* to) const;
    void clear();
    // The block's bytes; the builder is empty afterwards. Precondition: count() > 0.
    [[nodiscard]] std::string finish(sequence first);

private:
    // A name's number may be longer than a short name, and a step longer than an instant.
    static constexpr std::size_t names_grow_most = 64;

    void count_in(timestamp at) noexcept;
    [[nodiscard]] detail::block_output room_for(std::size_t bytes) {
        if (records_.size() < used_ + bytes) records_.resize((used_ + bytes) * 2);
        return {records_.data() + used_, names_, previous_ns_};
    }

    block_header header_{};
    record_view scratch_{};
    std::string shape_{};    // scratch
    std::string records_{};  // the first used_ bytes are
    std::size_t used_ = 0;
    detail::name_dictionary names_{};
    std::int64_t previous_ns_ = 0;
};

// Checks the checksum and the sizes. Errors: corrupt; newer_format for a version this release does
// not know.
[[nodiscard]] result<block_header> read_block_header(std::string_view block);

namespace detail {

// The shapes of a block, each decoded when it is first met.
template <class String>
class block_shapes {
public:
    explicit block_shapes(std::vector<std::string_view> const& names)
        : names_(names), places_(names.size()) {}

    // Null where there is no such shape.
    [[nodiscard]] record_shape<String> const* at(std::uint64_t number) {
        if (number >= places_.size()) return nullptr;
        auto& place = places_[static_cast<std::size_t>(number)];
        if (place == nullptr) {
            auto made = std::make_unique<record_shape<String>>();
            byte_reader in{names_[static_cast<std::size_t>(number)]};
            if (!decode_shape(in, *made) || !in.at_end()) return nullptr;
            place = std::move(made);
        }
        return place.get();
    }

private:
    std::vector<std::string_view> const& names_;
    std::vector<std::unique_ptr<record_shape<String>>> places_;  // by number
};

// Calls visit(sequence, basic_record<String>&) for each record in order, the same object each time;
// false from it stops.
template <class String, class Visitor>
[[nodiscard]] result<block_header> read_block_as(std::string_view block, Visitor&& visit) {
    auto header = read_block_header(block);
    if (!header) return header;
    auto const corrupt = [&] {
        return fail(errc::corrupt, "the block of record " +
                                       std::to_string(value_of(header->first)) +
                                       " cannot be decoded");
    };
    std::string_view const body = block.substr(block_header::size);
    std::vector<std::string_view> names;
    byte_reader dictionary{body.substr(header->records_size)};
    for (std::uint32_t i = 0; i < header->names_count; ++i)
        names.push_back(dictionary.take(dictionary.varint()));
    if (!dictionary.ok() || !dictionary.at_end()) return corrupt();
    block_input in{byte_reader{body.substr(0, header->records_size)}, names};
    block_shapes<String> shapes{names};
    basic_record<String> entry;
    for (std::uint32_t i = 0; i < header->count; ++i) {
        auto const* const shape = shapes.at(in.bytes.varint());
        if (shape == nullptr || !values_decoder<block_input, String>{in}.decode(*shape, entry))
            return corrupt();
        if (!visit(sequence{value_of(header->first) + i}, entry)) return header;
    }
    if (!in.bytes.at_end()) return corrupt();
    return header;
}

}  // namespace detail

// Calls visit(sequence, record&&) for each record in order; false from it stops. Errors: as
// read_block_header.
template <class Visitor>
[[nodiscard]] result<block_header> read_block(std::string_view block, Visitor&& visit) {
    return detail::read_block_as<std::string>(block, [&visit](sequence number, record& entry) {
        return visit(number, std::move(entry));
    });
}

// The same without a copy of the texts: visit(sequence, record_view const&). A view is good until
// visit returns.
template <class Visitor>
[[nodiscard]] result<block_header> view_block(std::string_view block, Visitor&& visit) {
    return detail::read_block_as<std::string_view>(
        block,
        [&visit](sequence number, record_view const& entry) { return visit(number, entry); });
}

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/codec/block.ipp>
#endif

#endif  // AIAUDIT_CODEC_BLOCK_HPP

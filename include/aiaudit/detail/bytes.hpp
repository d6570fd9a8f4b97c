// SPDX-License-Identifier: MIT
//
// bytes.hpp: little-endian integers and varints: appended to a string, written into room that was
// measured before, and read by a cursor that cannot run past the end.
//
// Threads: plain values.
// Floor 1.
#ifndef AIAUDIT_DETAIL_BYTES_HPP
#define AIAUDIT_DETAIL_BYTES_HPP

#include <aiaudit/config.hpp>  // int128

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

template <class Bytes>
[[nodiscard]] std::string_view view_of(Bytes const& bytes) noexcept {
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

// The bytes of a fixed-size integer, least significant first, whatever the machine's order.
template <class Integer>
constexpr void store_little_endian(char* to, Integer value) noexcept {
    for (std::size_t i = 0; i < sizeof(Integer); ++i) {
        to[i] = static_cast<char>(
            static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (8 * i)));
    }
}

template <class Integer>
[[nodiscard]] constexpr Integer load_little_endian(char const* from) noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(Integer); ++i) {
        value |= std::uint64_t{static_cast<std::uint8_t>(from[i])} << (8 * i);
    }
    return static_cast<Integer>(value);
}

template <class Integer>
void append_little_endian(std::string& out, Integer value) {
    char bytes[sizeof(Integer)];
    store_little_endian(bytes, value);
    out.append(bytes, sizeof bytes);
}

// A text behind its length, so that texts that follow each other can be told apart in a hash.
inline void append_field(std::string& out, std::string_view field) {
    append_little_endian(out, std::uint64_t{field.size()});
    out.append(field);
}

// Seven bits a byte, least significant first; the high bit says that more follow.
void append_varint(std::string& out, std::uint64_t value);

// A text behind its length.
inline void append_text(std::string& out, std::string_view text) {
    append_varint(out, text.size());
    out.append(text);
}

// Small magnitudes of either sign become value varints.
[[nodiscard]] constexpr std::uint64_t zigzag(std::int64_t value) noexcept {
    return (static_cast<std::uint64_t>(value) << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0);
}
[[nodiscard]] constexpr std::int64_t unzigzag(std::uint64_t value) noexcept {
    return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

void append_varint128(std::string& out, int128 value);

// The most bytes that a varint takes.
inline constexpr std::size_t varint_bytes = 10;
inline constexpr std::size_t varint128_bytes = 19;

// Writes forward from a place that has room for all that is written: whoever makes one has counted.
class byte_writer {
public:
    explicit byte_writer(char* to) noexcept : at_(to) {}

    [[nodiscard]] char* position() const noexcept { return at_; }
    void byte(std::uint8_t value) noexcept { *at_++ = static_cast<char>(value); }
    void raw(std::string_view bytes) noexcept {
        if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
        at_ += bytes.size();
    }
    template <class Integer>
    void little_endian(Integer value) noexcept {
        store_little_endian(at_, value);
        at_ += sizeof(Integer);
    }
    void varint(std::uint64_t value) noexcept;
    // A length and the bytes.
    void text(std::string_view bytes) noexcept {
        varint(bytes.size());
        raw(bytes);
    }
    void varint128(int128 value) noexcept;

private:
    char* at_;
};

// Reads from the front of a byte string. After the first failure every read yields zero and ok() is
// false, so a decoder checks once at its end.
class byte_reader {
public:
    constexpr explicit byte_reader(std::string_view bytes) noexcept : rest_(bytes) {}

    [[nodiscard]] constexpr bool ok() const noexcept { return ok_; }
    [[nodiscard]] constexpr std::string_view rest() const noexcept { return rest_; }
    [[nodiscard]] constexpr bool at_end() const noexcept { return rest_.empty(); }

    constexpr std::string_view take(std::uint64_t size) noexcept {
        if (size > rest_.size()) return fail_read();
        std::string_view const taken = rest_.substr(0, static_cast<std::size_t>(size));
        rest_.remove_prefix(static_cast<std::size_t>(size));
        return taken;
    }

    template <class Integer>
    constexpr Integer little_endian() noexcept {
        std::string_view const bytes = take(sizeof(Integer));
        return bytes.empty() ? Integer{} : load_little_endian<Integer>(bytes.data());
    }

    // Rejects an encoding longer than it need be: one value has one encoding.
    constexpr std::uint64_t varint() noexcept {
        if (!rest_.empty() && static_cast<std::uint8_t>(rest_[0]) < 0x80) {
            auto const value = static_cast<std::uint8_t>(rest_[0]);
            rest_.remove_prefix(1);
            return value;
        }
        return long_varint();
    }

    constexpr int128 varint128() noexcept {
        uint128 value = 0;
        for (unsigned shift = 0, i = 0; i < rest_.size() && i < 19; ++i, shift += 7) {
            auto const byte = static_cast<std::uint8_t>(rest_[i]);
            if (shift == 126 && byte > 3) break;
            value |= uint128{byte & 0x7FU} << shift;
            if ((byte & 0x80U) != 0) continue;
            if (byte == 0 && i > 0) break;
            rest_.remove_prefix(i + 1);
            return static_cast<int128>(value >> 1) ^ -static_cast<int128>(value & 1);
        }
        fail_read();
        return 0;
    }

    constexpr std::string_view fail_read() noexcept {
        ok_ = false;
        rest_ = {};
        return {};
    }

private:
    constexpr std::uint64_t long_varint() noexcept {
        std::uint64_t value = 0;
        for (unsigned shift = 0, i = 0; i < rest_.size() && i < 10; ++i, shift += 7) {
            auto const byte = static_cast<std::uint8_t>(rest_[i]);
            if (shift == 63 && byte > 1) break;
            value |= std::uint64_t{byte & 0x7FU} << shift;
            if ((byte & 0x80U) != 0) continue;
            if (byte == 0 && i > 0) break;
            rest_.remove_prefix(i + 1);
            return value;
        }
        fail_read();
        return 0;
    }

    std::string_view rest_;
    bool ok_ = true;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/detail/bytes.ipp>
#endif

#endif  // AIAUDIT_DETAIL_BYTES_HPP

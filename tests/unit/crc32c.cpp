// SPDX-License-Identifier: MIT
#include <aiaudit/detail/crc32c.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(crc32c)

using namespace aiaudit;

// The vectors of RFC 3720, B.4.
BOOST_AUTO_TEST_CASE(known_vectors) {
    std::string ascending;
    std::string descending;
    for (char i = 0; i < 32; ++i) {
        ascending.push_back(i);
        descending.push_back(static_cast<char>(31 - i));
    }
    constexpr std::string_view read_command(
        "\x01\xC0\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
        "\x14\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00\x14\x00\x00\x00\x18"
        "\x28\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00",
        48);
    struct {
        std::string_view bytes;
        std::uint32_t checksum;
    } const cases[] = {{"", 0},
                       {"123456789", 0xE3069283},
                       {std::string_view("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                         "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
                                         32),
                        0x8A9136AA},
                       {ascending, 0x46DD794E},
                       {descending, 0x113FDB5C},
                       {read_command, 0xD9963A56}};
    for (auto const& [bytes, checksum] : cases) {
        BOOST_TEST(detail::crc32c(bytes) == checksum);
        BOOST_TEST(detail::crc32c_tables(bytes) == checksum);
    }
    std::string const ones(32, '\xFF');
    BOOST_TEST(detail::crc32c(ones) == 0x62A8AB43U);
    BOOST_TEST(detail::crc32c_tables(ones) == 0x62A8AB43U);
}

// Bit by bit, as the checksum is defined.
std::uint32_t checksum_by_bits(std::string_view bytes) {
    std::uint32_t state = 0xFFFFFFFF;
    for (char const byte : bytes) {
        state ^= static_cast<unsigned char>(byte);
        for (int bit = 0; bit < 8; ++bit)
            state = (state & 1) != 0 ? (state >> 1) ^ 0x82F63B78 : state >> 1;
    }
    return ~state;
}

BOOST_AUTO_TEST_CASE(both_paths_agree_at_each_length_and_alignment) {
    std::mt19937_64 random{20261};
    std::string bytes(4'096, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    std::string_view const all = bytes;
    for (std::size_t begin = 0; begin < 9; ++begin) {
        for (std::size_t size = 0; size < 80; ++size) {
            auto const part = all.substr(begin, size);
            std::uint32_t const expected = checksum_by_bits(part);
            BOOST_REQUIRE(detail::crc32c_tables(part) == expected);
            BOOST_REQUIRE(detail::crc32c(part) == expected);
        }
    }
    BOOST_TEST(detail::crc32c(all) == checksum_by_bits(all));
    BOOST_TEST(detail::crc32c_tables(all) == checksum_by_bits(all));
}

BOOST_AUTO_TEST_SUITE_END()

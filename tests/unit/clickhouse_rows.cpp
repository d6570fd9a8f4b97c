// SPDX-License-Identifier: MIT
#include <aiaudit/codec/record_codec.hpp>
#include <aiaudit/detail/bytes.hpp>
#include <aiaudit/integrity/merkle.hpp>
#include <aiaudit/sinks/clickhouse_rows.hpp>

#include <boost/test/unit_test.hpp>

#include <map>

BOOST_AUTO_TEST_SUITE(clickhouse_rows)

using namespace aiaudit;

namespace {

// Reads RowBinary by the types of the table, as a server does: each value as text, NULL as "NULL".
class row_reader {
public:
    explicit row_reader(std::string_view bytes) : rest_(bytes) {}

    std::map<std::string, std::string> read() {
        std::map<std::string, std::string> values;
        for (auto const& column : detail::clickhouse_columns())
            values[column.name] = value(column.type);
        return values;
    }
    [[nodiscard]] std::string_view rest() const { return rest_; }

private:
    std::string_view take(std::size_t size) {
        BOOST_REQUIRE(rest_.size() >= size);
        std::string_view const piece = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return piece;
    }
    template <class Integer>
    std::string whole() {
        return std::to_string(detail::load_little_endian<Integer>(take(sizeof(Integer)).data()));
    }
    std::uint64_t length() {
        std::uint64_t value = 0;
        for (unsigned shift = 0;; shift += 7) {
            auto const byte = static_cast<unsigned char>(take(1).front());
            value |= std::uint64_t{byte & 0x7FU} << shift;
            if (byte < 0x80) return value;
        }
    }
    std::string value(std::string_view type) {
        if (type.starts_with("Nullable(")) {
            if (take(1).front() == 1) return "NULL";
            return value(type.substr(9, type.size() - 10));
        }
        if (type.starts_with("FixedString("))
            return detail::to_hex(take(type.find("32") == std::string_view::npos ? 16 : 32));
        if (type == "Array(String)") {
            std::string all;
            for (std::uint64_t i = length(); i > 0; --i) all += std::string(take(length())) + ";";
            return all;
        }
        if (type == "String") return std::string(take(length()));
        if (type == "UInt8") return whole<std::uint8_t>();
        if (type == "Date") return whole<std::uint16_t>();
        if (type == "DateTime('UTC')") return whole<std::uint32_t>();
        if (type == "Int64") return whole<std::int64_t>();
        if (type == "UInt64") return whole<std::uint64_t>();
        BOOST_REQUIRE(type == "Decimal(38, 12)");
        uint128 bits = detail::load_little_endian<std::uint64_t>(take(8).data());
        bits |= uint128{detail::load_little_endian<std::uint64_t>(take(8).data())} << 64U;
        return money::from_pico(static_cast<int128>(bits)).to_string();
    }

    std::string_view rest_;
};

result<std::string> bytes_of(record const& entry) {
    std::string const encoded = encode_record(entry);
    record_view view;
    decode_record(encoded, view).value();
    std::string bytes;
    auto const done = detail::append_clickhouse_row(
        "log-1", {sequence{7}, &view, leaf_hash(encoded), encoded}, bytes);
    if (!done) return done.error();
    return bytes;
}

std::map<std::string, std::string> values_of(record const& entry) {
    std::string const bytes = bytes_of(entry).value();
    row_reader reader(bytes);
    auto values = reader.read();
    BOOST_TEST(reader.rest().empty());
    return values;
}

record priced(char const* cost) {
    record entry;
    entry.cost_status = cost_status::priced;
    entry.cost = money::parse(cost).value();
    return entry;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_row_has_one_value_for_each_column_of_the_table) {
    record entry = priced("0.004425000001");
    entry.user = "ana";
    entry.started_at = timestamp::parse("2026-08-15T12:00:00.123456789Z").value();
    entry.duration_ns = 1'500'000'000;
    entry.http_status = 200;
    entry.usage.set(unit::input_tokens, 1200);
    entry.iterations.push_back({"message", "a-model", {}});
    entry.price_book.bytes[31] = 9;
    entry.trace_id.bytes[0] = 7;
    auto const values = values_of(entry);
    BOOST_TEST(values.at("origin") == "log-1");
    BOOST_TEST(values.at("seq") == "7");
    BOOST_TEST(values.at("leaf") == leaf_hash(encode_record(entry)).to_string());
    BOOST_TEST(values.at("encoded") == encode_record(entry));
    BOOST_TEST(values.at("day") == std::to_string(1'786'795'200 / 86'400));
    BOOST_TEST(values.at("started_at") == "1786795200");
    BOOST_TEST(values.at("started_at_ns") == "1786795200123456789");
    BOOST_TEST(values.at("user_name") == "ana");
    BOOST_TEST(values.at("duration_ns") == "1500000000");
    BOOST_TEST(values.at("cost") == "0.004425000001");
    BOOST_TEST(values.at("spent") == "0.004425000001");
    BOOST_TEST(values.at("input_tokens") == "1200");
    BOOST_TEST(values.at("price_book") == std::string(62, '0') + "09");
    BOOST_TEST(values.at("trace_id") == "07" + std::string(30, '0'));
    BOOST_TEST(values.at("ver") == "1");
}

BOOST_AUTO_TEST_CASE(what_is_not_known_is_null_and_what_is_none_is_zero) {
    auto const values = values_of(record{});
    for (char const* name :
         {"cost", "duration_ns", "http_status", "usage", "price_book", "trace_id"})
        BOOST_TEST(values.at(name) == "NULL");
    for (char const* name : {"input_tokens", "spent", "stream"}) BOOST_TEST(values.at(name) == "0");
    for (char const* name : {"user_name", "tag_k", "tag_v"}) BOOST_TEST(values.at(name).empty());
}

BOOST_AUTO_TEST_CASE(money_is_exact_from_one_pico_dollar_to_the_most_that_a_decimal_holds) {
    for (char const* amount : {"0.000000000001", "-0.000000000001", "-12.5", "0",
                               "99999999999999999999999999.999999999999"})
        BOOST_TEST(values_of(priced(amount)).at("cost") == amount);
    auto const refused = bytes_of(priced("100000000000000000000000000"));
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::too_large));
    BOOST_TEST(refused.error().where.find("record 7") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(tags_are_two_arrays_of_the_same_length) {
    record entry;
    entry.tags = {{"team", "green"}, {"empty", ""}, {"bad\xFF", "a\nb"}};
    auto const values = values_of(entry);
    BOOST_TEST(values.at("tag_k") == "team;empty;bad\\xff;");
    BOOST_TEST(values.at("tag_v") == "green;;a\nb;");
}

BOOST_AUTO_TEST_CASE(an_instant_that_a_datetime_cannot_hold_stands_at_its_border) {
    record entry;
    entry.started_at = {-1};
    auto values = values_of(entry);
    BOOST_TEST(values.at("started_at") == "0");
    BOOST_TEST(values.at("day") == "0");
    BOOST_TEST(values.at("started_at_ns") == "-1");
    entry.started_at = timestamp::parse("2200-01-01").value();
    values = values_of(entry);
    BOOST_TEST(values.at("started_at") == "4294967295");
    BOOST_TEST(values.at("started_at_ns") == "7258118400000000000");
}

BOOST_AUTO_TEST_CASE(a_cursor_keeps_its_slot_by_its_last_record) {
    for (auto const& [size, slot] : {std::pair{1U, 0U}, {65'536U, 0U}, {65'537U, 1U}}) {
        std::string bytes;
        detail::append_clickhouse_cursor("a", {size, empty_root(), 1}, "note", bytes);
        BOOST_TEST(bytes.size() == 2 + 8 + 8 + 32 + 8 + 5);
        BOOST_TEST(detail::load_little_endian<std::uint64_t>(bytes.data() + 2) == slot);
        BOOST_TEST(detail::load_little_endian<std::uint64_t>(bytes.data() + 10) == size);
    }
}

BOOST_AUTO_TEST_CASE(a_literal_cannot_end_early) {
    BOOST_TEST(detail::clickhouse_literal(R"(it's \)") == R"('it\'s \\')");
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: MIT
#include <aiaudit/codec/block.hpp>

#include <boost/test/unit_test.hpp>

#include <random>

BOOST_AUTO_TEST_SUITE(record_codec)

using namespace aiaudit;

namespace {

// A record that has a value in each field.
record full_record() {
    record entry;
    entry.user = "ana";
    entry.project = "search";
    entry.key_id = "key-1";
    entry.provider = "anthropic";
    entry.model_requested = "claude-sonnet-4-5";
    entry.model_served = "claude-sonnet-4-5-20250929";
    entry.path = "/v1/messages";
    entry.parameters = {1000, 2, true, true};
    entry.service_tier = "batch";
    entry.region = "us";
    entry.speed = "fast";
    entry.started_at = timestamp::parse("2026-08-15T12:00:00.123456789Z").value();
    entry.duration_ns = 1'500'000'000;
    entry.time_to_first_token_ns = 300'000'000;
    entry.http_status = 200;
    entry.finish_reason = "end_turn";
    entry.error_type = "overloaded_error";
    entry.complete = false;
    entry.usage.set(unit::input_tokens, 1200);
    entry.usage.set(unit::cache_read_tokens, 0);
    entry.usage.set(unit::output_tokens, 55, provenance::estimated);
    entry.iterations.push_back({"message", "claude-sonnet-4-5", {}});
    entry.iterations.back().usage.set(unit::input_tokens, 1200);
    entry.cost_status = cost_status::estimated;
    entry.cost = money::parse("0.004425000001").value();
    entry.provider_cost = money::parse("0").value();
    entry.price_entry = "claude-sonnet-4-5";
    entry.price_book.bytes[31] = 9;
    entry.operation_id = make_operation_id(entry.started_at, 1, 2);
    entry.attempt = 3;
    entry.provider_request_id = "req_011CdufXo8Y2LVfY2veyuQWG";
    entry.trace_id.bytes[0] = 7;
    entry.tags = {{"team", "green"}, {"empty", ""}};
    entry.cost_low = money::parse("0.000000000002").value();
    entry.saved = money{};
    return entry;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_record_with_all_fields_comes_back_equal) {
    record const entry = full_record();
    BOOST_TEST((decode_record(encode_record(entry)).value() == entry));
    BOOST_TEST((decode_record(encode_record(record{})).value() == record{}));
}

BOOST_AUTO_TEST_CASE(the_bytes_of_a_small_record_are_those_of_the_format_document) {
    record entry;
    entry.user = "ana";
    entry.provider = "openai";
    entry.started_at = {0x0102030405060708};
    entry.usage.set(unit::input_tokens, 300);
    entry.cost_status = cost_status::priced;
    entry.cost = money::from_pico(1);
    // Shape: kind, operation, cost status; fields (bits 0, 10, 17, 22) as a varint; provider;
    // units. Values: time, 300, user, zigzag cost.
    BOOST_TEST(detail::to_hex(detail::view_of(encode_record(entry))) ==
               "020100"
               "81888802"
               "066f70656e6169"
               "01"
               "0807060504030201"
               "ac02"
               "03616e61"
               "02");
}

BOOST_AUTO_TEST_CASE(every_cut_of_an_encoding_is_refused) {
    std::string const bytes = encode_record(full_record());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        BOOST_TEST(
            (decode_record(std::string_view(bytes).substr(0, size)).error().code == errc::corrupt));
    }
    BOOST_TEST((decode_record(bytes + '\0').error().code == errc::corrupt));
}

BOOST_AUTO_TEST_CASE(what_decodes_at_all_encodes_to_the_same_bytes) {
    std::string const original = encode_record(full_record());
    std::mt19937 random(3);
    int accepted = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::string bytes = original;
        bytes[random() % bytes.size()] = static_cast<char>(random());
        auto const entry = decode_record(bytes);
        if (!entry) continue;
        ++accepted;
        if (encode_record(*entry) != bytes) BOOST_ERROR("not canonical: mutation " << i);
    }
    BOOST_TEST(accepted > 0);
}

BOOST_AUTO_TEST_CASE(a_view_says_the_same_and_encodes_to_the_same_bytes) {
    std::string const bytes = encode_record(full_record());
    record_view view;
    BOOST_REQUIRE(decode_record(bytes, view).has_value());
    BOOST_TEST(view.user == "ana");
    BOOST_TEST(encode_record(view) == bytes);
    // Used again for a smaller record it keeps nothing of the larger.
    std::string const smaller = encode_record(record{});
    BOOST_REQUIRE(decode_record(smaller, view).has_value());
    BOOST_TEST((view == record_view{}));
}

BOOST_AUTO_TEST_CASE(a_block_writes_a_shape_once) {
    block_builder builder;
    record entry = full_record();
    entry.tags.clear();
    builder.add(entry);
    std::size_t const one = builder.size();
    entry.started_at.ns += 1;
    builder.add(entry);
    BOOST_TEST(builder.size() - one < 100U);
    BOOST_TEST(encode_record(entry).size() > 200U);
}

BOOST_AUTO_TEST_CASE(a_block_of_encoded_records_is_that_of_the_records) {
    std::vector<record> entries{record{}, full_record(), full_record(), full_record()};
    entries[2].tags.clear();
    entries[2].iterations.clear();
    entries[3] = entries[2];
    entries[3].usage = {};
    entries[3].user = "u";  // shorter than its number may be
    entries[3].project.clear();
    entries[3].price_book = {};
    entries[3].started_at.ns = -1;
    std::mt19937 random(5);
    for (int i = 0; i < 300; ++i) {
        record entry = entries[random() % 4];
        entry.user = "user" + std::to_string(random() % 200);
        if (random() % 2 == 0) entry.finish_reason.clear();
        if (random() % 2 == 0) entry.http_status = 0;
        if (random() % 2 == 0) entry.duration_ns.reset();
        if (random() % 2 == 0) entry.usage.set(unit::web_searches, random());
        entries.push_back(std::move(entry));
    }
    block_builder plain;
    block_builder encoded;
    for (record const& entry : entries) {
        plain.add(entry);
        encoded.add_encoded(encode_record(entry));
    }
    BOOST_TEST(encoded.finish(sequence{9}) == plain.finish(sequence{9}));
}

BOOST_AUTO_TEST_CASE(a_block_gives_back_its_records_in_order) {
    block_builder builder;
    std::vector<record> entries;
    for (int i = 0; i < 500; ++i) {
        record entry = full_record();
        entry.user = "user" + std::to_string(i % 7);
        entry.started_at.ns += (i % 2 == 0 ? 1 : -1) * i * 1'000'000;
        entries.push_back(entry);
        builder.add(entry);
    }
    std::string const block = builder.finish(sequence{41});
    BOOST_TEST(builder.count() == 0U);
    std::vector<record> back;
    auto const header = read_block(block, [&](sequence number, record&& entry) {
        BOOST_TEST(value_of(number) == 41 + back.size());
        back.push_back(std::move(entry));
        return true;
    });
    BOOST_REQUIRE(header.has_value());
    BOOST_TEST((back == entries));
    BOOST_TEST(header->last() == 540U);
    BOOST_TEST((header->earliest < header->latest));
    BOOST_TEST(block.size() < 500 * 180U);
}

BOOST_AUTO_TEST_CASE(every_flipped_bit_of_a_block_is_noticed) {
    block_builder builder;
    for (int i = 0; i < 3; ++i) builder.add(full_record());
    std::string const block = builder.finish(sequence{1});
    for (std::size_t bit = 0; bit < block.size() * 8; ++bit) {
        std::string bytes = block;
        bytes[bit / 8] =
            static_cast<char>(static_cast<unsigned char>(bytes[bit / 8]) ^ (1U << (bit % 8)));
        if (read_block_header(bytes).has_value()) BOOST_ERROR("bit " << bit);
    }
}

BOOST_AUTO_TEST_CASE(a_block_of_a_later_version_is_left_alone) {
    block_builder builder;
    builder.add(record{});
    std::string block = builder.finish(sequence{1});
    block[3] = 2;
    BOOST_TEST((read_block_header(block).error().code == errc::newer_format));
}

BOOST_AUTO_TEST_CASE(varints_of_all_sizes_come_back_and_long_forms_are_refused) {
    std::mt19937_64 random(5);
    for (unsigned shift = 0; shift < 64; ++shift) {
        for (std::uint64_t const value :
             {std::uint64_t{1} << shift, (std::uint64_t{1} << shift) - 1, random() >> shift}) {
            std::string bytes;
            detail::append_varint(bytes, value);
            detail::byte_reader in{bytes};
            BOOST_TEST(in.varint() == value);
            BOOST_TEST((in.ok() && in.at_end()));
            auto const whole = static_cast<std::int64_t>(value);
            BOOST_TEST(detail::unzigzag(detail::zigzag(whole)) == whole);
            std::string wide;
            int128 const amount = static_cast<int128>(whole) * static_cast<int128>(random());
            detail::append_varint128(wide, amount);
            detail::byte_reader wide_in{wide};
            BOOST_TEST((wide_in.varint128() == amount));
            BOOST_TEST((wide_in.ok() && wide_in.at_end()));
        }
    }
    for (std::string_view const bytes :
         {std::string_view("\x80\x00", 2),
          std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10)}) {
        detail::byte_reader in{bytes};
        (void)in.varint();
        BOOST_TEST(!in.ok());
    }
}

BOOST_AUTO_TEST_CASE(operation_ids_sort_by_their_time_and_carry_version_7) {
    auto const early = make_operation_id({1'700'000'000'000'000'000}, ~0ULL, ~0ULL);
    auto const late = make_operation_id({1'700'000'000'001'000'000}, 0, 0);
    BOOST_TEST((early < late));
    BOOST_TEST(early.to_string() == "018bcfe5-6800-7fff-bfff-ffffffffffff");
    BOOST_TEST((operation_id::parse(early.to_string()).value() == early));
    BOOST_TEST((operation_id::parse("018bcfe5-6800-7fff-bfff").error().code == errc::bad_argument));
    BOOST_TEST((make_operation_id({0}) != make_operation_id({0})));
}

BOOST_AUTO_TEST_SUITE_END()

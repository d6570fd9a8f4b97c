// SPDX-License-Identifier: MIT
#include <aiaudit/codec/record_codec.hpp>
#include <aiaudit/integrity/merkle.hpp>
#include <aiaudit/sinks/mongodb_document.hpp>
#include <aiaudit/sinks/mongodb_sink.hpp>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(mongodb_document)

using namespace aiaudit;

namespace {

result<detail::bson_owner> document_of(record const& entry) {
    std::string const encoded = encode_record(entry);
    record_view view;
    decode_record(encoded, view).value();
    detail::bson_owner document;
    auto const done = detail::append_mongodb_row(
        "log-1", {sequence{7}, &view, leaf_hash(encoded), encoded}, *document);
    if (!done) return done.error();
    return document;
}

// A field as extended JSON has it; empty where there is none.
std::string field(detail::bson_owner const& document, char const* name) {
    bson_iter_t found;
    if (!bson_iter_init_find(&found, document.get(), name)) return {};
    detail::bson_owner const alone;
    bson_append_iter(alone.get(), "v", 1, &found);
    char* const text = bson_as_canonical_extended_json(alone.get(), nullptr);
    std::string const json = text;
    bson_free(text);
    return json.substr(8, json.size() - 10);  // without { "v" : and }
}

record priced(char const* cost) {
    record entry;
    entry.cost_status = cost_status::priced;
    entry.cost = money::parse(cost).value();
    return entry;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_document_is_named_by_its_log_and_its_sequence) {
    auto const document = document_of(record{}).value();
    BOOST_TEST(field(document, "_id") == R"("log-1/000000000007")");
    BOOST_TEST(field(document, "seq") == R"({ "$numberLong" : "7" })");
    BOOST_TEST(detail::mongodb_id("a", 1'234'567'890'123) == "a/1234567890123");
}

BOOST_AUTO_TEST_CASE(money_stands_twice_and_is_exact) {
    auto const document = document_of(priced("-0.004425000001")).value();
    BOOST_TEST(field(document, "cost") == R"({ "$numberDecimal" : "-0.004425000001" })");
    BOOST_TEST(field(document, "cost_pico") == R"({ "$numberLong" : "-4425000001" })");
    auto const largest = document_of(priced("9223372.036854775807")).value();
    BOOST_TEST(field(largest, "cost") == R"({ "$numberDecimal" : "9223372.036854775807" })");
    BOOST_TEST(field(largest, "cost_pico") == R"({ "$numberLong" : "9223372036854775807" })");
}

BOOST_AUTO_TEST_CASE(an_amount_that_64_bits_do_not_hold_is_refused) {
    for (char const* amount : {"9223372.036854775808", "-9223372.036854775808", "1e20"}) {
        auto const document = document_of(priced(amount));
        BOOST_REQUIRE(!document);
        BOOST_TEST((document.error().code == errc::too_large));
        BOOST_TEST(document.error().where.find("record 7") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(what_a_record_does_not_have_is_left_out) {
    auto const document = document_of(record{}).value();
    for (char const* name : {"cost", "cost_pico", "user_name", "usage", "tags", "input_tokens"})
        BOOST_TEST(field(document, name).empty());
    BOOST_TEST(field(document, "stream") == "false");
}

BOOST_AUTO_TEST_CASE(lists_objects_and_instants_are_those_of_bson) {
    record entry;
    entry.started_at = timestamp::parse("2026-08-15T12:00:00.123456789Z").value();
    entry.usage.set(unit::input_tokens, 5'000'000'000);
    entry.tags = {{"team", "green"}, {"$oid", "bad\xFF"}};
    auto const document = document_of(entry).value();
    BOOST_TEST(field(document, "started_at") ==
               R"({ "$date" : { "$numberLong" : "1786795200123" } })");
    BOOST_TEST(field(document, "started_at_ns") == R"({ "$numberLong" : "1786795200123456789" })");
    BOOST_TEST(field(document, "usage") ==
               R"({ "input_tokens" : { "$numberLong" : "5000000000" } })");
    BOOST_TEST(field(document, "tags") ==
               R"([ { "k" : "team", "v" : "green" }, { "k" : "$oid", "v" : "bad\\xff" } ])");
}

BOOST_AUTO_TEST_CASE(an_address_that_cannot_be_is_refused_without_its_password) {
    for (char const* address :
         {"mongodb://a:secret@", "mongodb://a:sec/secret@h", "mongodb:secret"}) {
        auto const sink = mongodb_sink(address);
        BOOST_REQUIRE(!sink);
        BOOST_TEST((sink.error().code == errc::bad_argument));
        BOOST_TEST(sink.error().where.find("secret") == std::string::npos);
    }
    BOOST_TEST(mongodb_sink("mongodb://a:secret@h.example:27018,i.example/d").value()->name() ==
               "mongodb://h.example:27018,i.example:27017/d");
    BOOST_TEST(mongodb_sink("mongodb://h.example").value()->name() ==
               "mongodb://h.example:27017/aiaudit");
}

BOOST_AUTO_TEST_SUITE_END()

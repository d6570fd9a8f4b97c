// SPDX-License-Identifier: MIT
#define LLVMFuzzerTestOneInput fuzz_sse
#include "fuzz/sse.cpp"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_dialect
#include "fuzz/dialect.cpp"
#undef LLVMFuzzerTestOneInput

#include "unit/support/fuzz_replay.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <set>
#include <string>

BOOST_AUTO_TEST_SUITE(fuzz_dialects)

namespace {

constexpr int cuttings = 25;

// Pieces of no byte, of one, and of many; the same in every run.
piece_list cut_at_random(std::string_view bytes, std::mt19937& random) {
    piece_list pieces;
    while (!bytes.empty()) {
        std::size_t const most = random() % 3 == 0 ? 100 : 4;
        pieces.push_back(bytes.substr(0, random() % (most + 1)));
        bytes.remove_prefix(pieces.back().size());
    }
    return pieces;
}

std::string_view bytes_behind(std::size_t head, std::uint8_t const* data, std::size_t size) {
    return {reinterpret_cast<char const*>(data) + head, size - head};
}

int cut_events(std::uint8_t const* data, std::size_t size) {
    BOOST_REQUIRE(size >= 1);
    std::string_view const bytes = bytes_behind(1, data, size);
    std::mt19937 random{1};
    for (int i = 0; i < cuttings; ++i) {
        piece_list const pieces = cut_at_random(bytes, random);
        BOOST_TEST(events_of(pieces) == events_of({bytes}));
        BOOST_TEST(frames_of(pieces) == frames_of({bytes}));
    }
    return 0;
}

// What a response says, and every document that it was heard to say it in.
struct heard {
    reading read{};
    std::string documents{};

    heard(exchange const& head, piece_list const& pieces) {
        stream_reader reader{head};
        reader.listen([this](boost::json::value const&, std::string_view text) {
            documents.append(text).append("\n");
        });
        for (std::string_view const piece : pieces) static_cast<void>(reader.feed(piece));
        read = reader.finish();
    }
    [[nodiscard]] std::string problem() const {
        return read.problem ? read.problem->message() : "none";
    }
};

void compare_cuttings(exchange const& of) {
    heard const whole(of, {of.response});
    std::mt19937 random{2};
    for (int i = 0; i < cuttings; ++i) {
        heard const cut(of, cut_at_random(of.response, random));
        BOOST_TEST((cut.read.facts == whole.read.facts), of.response);
        BOOST_TEST(cut.problem() == whole.problem(), of.response);
        BOOST_TEST(cut.documents == whole.documents);
    }
}

int cut_responses(std::uint8_t const* data, std::size_t size) {
    BOOST_REQUIRE(size >= 2);
    std::string_view const bytes = bytes_behind(2, data, size);
    compare_cuttings(exchange_with(data[0], bytes));
    if (auto const line = parse_exchange(bytes)) compare_cuttings(*line);
    return 0;
}

// The dialects of which an input is billed, and of which one is not.
std::set<dialect> read_well;
std::set<dialect> refused;

int note_dialect(std::uint8_t const* data, std::size_t size) {
    exchange const input = exchange_with(data[0], bytes_behind(2, data, size));
    auto& to = read_exchange(input) ? read_well : refused;
    to.insert(endpoint_of(input.provider, input.path).value().dialect);
    return 0;
}

}  // namespace

BOOST_AUTO_TEST_CASE(streams_that_a_fuzzer_begins_with_keep_its_promises) {
    BOOST_TEST(aiaudit_tests::replay(fuzz_sse, "sse") > 20U);
}

BOOST_AUTO_TEST_CASE(responses_that_a_fuzzer_begins_with_keep_its_promises) {
    BOOST_TEST(aiaudit_tests::replay(fuzz_dialect, "dialect") > 60U);
}

BOOST_AUTO_TEST_CASE(events_and_frames_are_the_same_however_they_are_cut) {
    BOOST_TEST(aiaudit_tests::replay(cut_events, "sse") > 20U);
}

BOOST_AUTO_TEST_CASE(responses_and_their_documents_are_the_same_however_they_are_cut) {
    BOOST_TEST(aiaudit_tests::replay(cut_responses, "dialect") > 60U);
}

BOOST_AUTO_TEST_CASE(of_every_dialect_an_input_is_billed_and_another_refused) {
    aiaudit_tests::replay(note_dialect, "dialect");
    auto const last = static_cast<int>(dialect::dashscope);
    for (int i = 0; i <= last; ++i) {
        BOOST_TEST(read_well.count(static_cast<dialect>(i)) == 1U,
                   name_of(static_cast<dialect>(i)));
        BOOST_TEST(refused.count(static_cast<dialect>(i)) == 1U, name_of(static_cast<dialect>(i)));
    }
}

BOOST_AUTO_TEST_SUITE_END()

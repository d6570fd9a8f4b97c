// SPDX-License-Identifier: MIT
#define LLVMFuzzerTestOneInput fuzz_record
#include "fuzz/record.cpp"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_block
#include "fuzz/block.cpp"
#undef LLVMFuzzerTestOneInput

#include "unit/support/fuzz_replay.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(fuzz_records)

BOOST_AUTO_TEST_CASE(records_that_a_fuzzer_found_are_refused_or_come_back_as_they_were) {
    BOOST_TEST(aiaudit_tests::replay(fuzz_record, "record") > 20U);
}

BOOST_AUTO_TEST_CASE(blocks_that_a_fuzzer_found_are_refused_or_come_back_as_they_were) {
    BOOST_TEST(aiaudit_tests::replay(fuzz_block, "block") > 20U);
}

BOOST_AUTO_TEST_SUITE_END()

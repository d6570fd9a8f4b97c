// SPDX-License-Identifier: MIT
#define LLVMFuzzerTestOneInput fuzz_add_checkpoint
#include "fuzz/add_checkpoint.cpp"
#undef LLVMFuzzerTestOneInput

#include "unit/support/fuzz_replay.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(fuzz_witness_bodies)

BOOST_AUTO_TEST_CASE(bodies_that_a_fuzzer_begins_with_are_written_back_the_same) {
    BOOST_TEST(aiaudit_tests::replay(fuzz_add_checkpoint, "add_checkpoint") >= 8U);
}

BOOST_AUTO_TEST_SUITE_END()

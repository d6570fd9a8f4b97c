// SPDX-License-Identifier: MIT
#define LLVMFuzzerTestOneInput fuzz_checkpoint
#include "fuzz/checkpoint.cpp"
#undef LLVMFuzzerTestOneInput

#include "unit/support/fuzz_replay.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(fuzz_checkpoints)

BOOST_AUTO_TEST_CASE(notes_that_a_fuzzer_found_open_only_where_the_key_signed_them) {
    BOOST_TEST(aiaudit_tests::replay(fuzz_checkpoint, "checkpoint") > 20U);
}

BOOST_AUTO_TEST_SUITE_END()

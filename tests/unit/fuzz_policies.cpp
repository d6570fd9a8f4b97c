// SPDX-License-Identifier: MIT
#define LLVMFuzzerTestOneInput fuzz_log_policy
#include "fuzz/log_policy.cpp"
#undef LLVMFuzzerTestOneInput

#include "unit/support/fuzz_replay.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(fuzz_policies)

BOOST_AUTO_TEST_CASE(policies_that_a_fuzzer_begins_with_hold_what_the_standard_demands) {
    BOOST_TEST(aiaudit_tests::replay(fuzz_log_policy, "log_policy") >= 8U);
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: MIT
#define LLVMFuzzerTestOneInput fuzz_proof
#include "fuzz/proof.cpp"
#undef LLVMFuzzerTestOneInput

#include "unit/support/fuzz_replay.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(fuzz_proofs)

BOOST_AUTO_TEST_CASE(proof_files_that_a_fuzzer_found_prove_only_what_is_true) {
    BOOST_TEST(aiaudit_tests::replay(fuzz_proof, "proof") > 20U);
}

BOOST_AUTO_TEST_SUITE_END()

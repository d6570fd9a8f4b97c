// SPDX-License-Identifier: MIT
//
// The entry point of the test program "corpus". Its tests are in the files beside it, a suite a
// file.
#define BOOST_TEST_MODULE aiaudit_corpus
#include <boost/test/unit_test.hpp>

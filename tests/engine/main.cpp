// SPDX-License-Identifier: MIT
//
// The entry point of the test program "engine". Its tests are in the files beside it, a suite a
// file.
#define BOOST_TEST_MODULE aiaudit_engine
#include <boost/test/unit_test.hpp>

// SPDX-License-Identifier: MIT
//
// The entry point of the test program "unit". Its tests are in the files beside it, a suite a file.
#define BOOST_TEST_MODULE aiaudit_unit
#include <boost/test/unit_test.hpp>

// Its own, since no library has them.
#include <aiaudit/impl/clickhouse.hpp>
#include <aiaudit/impl/fleet.hpp>
#include <aiaudit/impl/mongodb.hpp>
#include <aiaudit/impl/postgres.hpp>
#include <aiaudit/impl/sinks.hpp>

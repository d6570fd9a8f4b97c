// SPDX-License-Identifier: MIT
//
// The entry point of the test program "engine". Its tests are in the files beside it, a suite a
// file.
#define BOOST_TEST_MODULE aiaudit_engine
#include <boost/test/unit_test.hpp>

#include "engine/support/ledger_testing.hpp"
#include "support/client_stand.hpp"
#include "support/gateway_stand.hpp"

#include <aiaudit/impl/gateway.tpp>
#include <aiaudit/impl/postgres.hpp>
#include <aiaudit/impl/sinks.hpp>
#include <aiaudit/templates.hpp>

// What the tests' policies make of the templates.
template class aiaudit::basic_ledger<aiaudit_tests::in_memory>;
template class aiaudit::basic_ledger<aiaudit_tests::on_disk>;
template class aiaudit::basic_ledger<aiaudit_tests::client_in_memory>;
template class aiaudit::basic_client<aiaudit_tests::client_in_memory>;
template class aiaudit::basic_gateway<aiaudit_tests::client_in_memory>;

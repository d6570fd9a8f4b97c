// SPDX-License-Identifier: MIT
//
// store_conformance.cpp: both models of storage_policy keep its promises.

#include "support/store_conformance.hpp"

#include <aiaudit/storage/lmdb_store.hpp>
#include <aiaudit/storage/memory_store.hpp>

#include <boost/test/unit_test.hpp>

#include <tuple>

template <>
inline constexpr bool aiaudit_tests::store_lasts<aiaudit::memory_store> = false;

namespace {

using namespace aiaudit_tests;
using models = std::tuple<aiaudit::memory_store, aiaudit::lmdb_store>;

}  // namespace

BOOST_AUTO_TEST_SUITE(store_conformance)

BOOST_AUTO_TEST_CASE_TEMPLATE(insert_refuses_what_replace_changes, Store, models) {
    check_insert_and_replace<Store>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_reserved_value_is_written_in_place, Store, models) {
    check_reserve<Store>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(keys_and_values_have_limits, Store, models) {
    check_key_and_value_limits<Store>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_scan_is_in_bytewise_order, Store, models) {
    check_scan_order<Store>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_failed_body_leaves_nothing, Store, models) {
    check_atomic<Store>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_reader_sees_a_snapshot, Store, models) { check_snapshot<Store>(); }

BOOST_AUTO_TEST_CASE_TEMPLATE(threads_write_in_turn, Store, models) { check_threads<Store>(); }

BOOST_AUTO_TEST_CASE_TEMPLATE(random_transactions_equal_a_map, Store, models) {
    check_against_model<Store>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_read_only_store_is_not_written, Store, models) {
    check_reopen_and_read_only<Store>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_moved_from_store_is_closed, Store, models) {
    check_moved_from<Store>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_erased_entry_is_gone, Store, models) { check_erase<Store>(); }

BOOST_AUTO_TEST_CASE_TEMPLATE(a_rotation_seals_one_segment_and_begins_the_next, Store, models) {
    check_rotation<Store>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_failed_rotation_leaves_nothing, Store, models) {
    check_failed_rotation<Store>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(every_segment_can_be_read_later, Store, models) {
    check_rotation_lasts<Store>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(only_the_oldest_segment_is_dropped, Store, models) {
    check_drop<Store>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_history_outlives_segments, Store, models) {
    check_history<Store>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(generations_are_never_the_same, Store, models) {
    check_generation<Store>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_view_knows_its_generation, Store, models) {
    check_generation_of_views<Store>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_read_only_store_keeps_its_segments, Store, models) {
    check_segments_read_only<Store>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_moved_from_store_has_no_segments, Store, models) {
    check_segments_moved_from<Store>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(threads_write_read_and_rotate, Store, models) {
    check_threads_rotate<Store>();
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: MIT
//
// The index of whose the answers are that providers keep: made of the log, and made again.

#include "engine/support/ledger_testing.hpp"
#include "engine/support/temporary_directory.hpp"

#include <aiaudit/gateway/answer_index.hpp>
#include <aiaudit/storage/lmdb_store.hpp>

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <string>

BOOST_AUTO_TEST_SUITE(answer_owners)

namespace {

using namespace aiaudit;
using namespace aiaudit_tests;
using detail::answer_owner;
using on_disk_ledger = basic_ledger<on_disk>;
using index_type = detail::answer_index<on_disk_ledger>;

record answer_of(std::string id, std::string key, std::string user) {
    record entry = sample(1);
    entry.operation = operation::responses;
    entry.provider_request_id = std::move(id);
    entry.key_id = std::move(key);
    entry.user = std::move(user);
    entry.http_status = 200;
    return entry;
}
on_disk_ledger opened(std::string const& path) {
    return on_disk_ledger::open({.path = path, .create = true}).value();
}
bool is_of(index_type& index, std::string const& id, answer_owner const& owner) {
    return index.find("openai", id).value() == owner;
}

}  // namespace

BOOST_AUTO_TEST_CASE(who_made_an_answer_is_found_in_the_log_by_whatever_process_wrote_it) {
    temporary_directory const directory;
    auto log = opened(directory / "log");
    log.append(answer_of("resp_1", "k1", "ana")).value();
    log.append(sample(2)).value();
    auto const index = index_type::open(log).value();
    auto const ana = answer_owner::of("k1", "ana", "");
    BOOST_TEST(is_of(*index, "resp_1", ana));
    BOOST_TEST(!index->find("openai", "resp_2").value().has_value());
    BOOST_TEST(!index->find("other", "resp_1").value().has_value());
    // What comes later, and a second answer by the same id, which is still the first one's.
    log.append(answer_of("resp_2", "k2", "bob")).value();
    log.append(answer_of("resp_1", "k2", "bob")).value();
    BOOST_TEST(is_of(*index, "resp_2", answer_owner::of("k2", "bob", "")));
    BOOST_TEST(is_of(*index, "resp_1", ana));
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_still_coming_is_its_callers_already) {
    temporary_directory const directory;
    auto log = opened(directory / "log");
    auto const index = index_type::open(log).value();
    auto const ana = answer_owner::of("k1", "ana", "");
    auto const bob = answer_owner::of("k2", "bob", "");
    index->note("openai", "resp_1", ana);
    index->note("openai", "resp_1", bob);
    BOOST_TEST(is_of(*index, "resp_1", ana));
    // The log has it for ever, and memory no more.
    log.append(answer_of("resp_1", "k1", "ana")).value();
    index->catch_up().value();
    BOOST_TEST(is_of(*index, "resp_1", ana));
    index->note("openai", "resp_1", bob);
    BOOST_TEST(is_of(*index, "resp_1", ana));
}

BOOST_AUTO_TEST_CASE(the_index_lasts_and_is_made_again_where_it_is_missing_or_of_another_log) {
    temporary_directory const directory;
    std::string const path = directory / "log";
    auto const ana = answer_owner::of("k1", "ana", "");
    {
        auto log = opened(path);
        log.append(answer_of("resp_1", "k1", "ana")).value();
        index_type::open(log).value()->catch_up().value();
    }
    {
        auto log = opened(path);
        auto const index = index_type::open(log).value();
        BOOST_TEST(is_of(*index, "resp_1", ana));
        // Two gateways of one process.
        auto const other = index_type::open(log).value();
        BOOST_TEST(is_of(*other, "resp_1", ana));
    }
    std::filesystem::remove_all(path + "/gateway-answers");
    {
        auto log = opened(path);
        BOOST_TEST(is_of(*index_type::open(log).value(), "resp_1", ana));
    }
    std::ofstream(path + "/gateway-answers/segments/00000001/data.mdb", std::ios::binary)
        << std::string(64'000, 'x');
    {
        auto log = opened(path);
        BOOST_TEST(is_of(*index_type::open(log).value(), "resp_1", ana));
    }
    // Another log of as many records comes into its place.
    std::string const other_path = directory / "other";
    {
        auto log = opened(other_path);
        log.append(answer_of("resp_1", "k2", "bob")).value();
    }
    std::filesystem::rename(path + "/gateway-answers", other_path + "/gateway-answers");
    auto log = opened(other_path);
    BOOST_TEST(is_of(*index_type::open(log).value(), "resp_1", answer_owner::of("k2", "bob", "")));
}

BOOST_AUTO_TEST_SUITE_END()

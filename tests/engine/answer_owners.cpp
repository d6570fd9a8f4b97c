// SPDX-License-Identifier: MIT
//
// The index of whose the answers are that providers keep: made of the log, and made again.

#include "engine/support/ledger_testing.hpp"
#include "engine/support/temporary_directory.hpp"

#include <aiaudit/gateway/answer_check.hpp>
#include <aiaudit/gateway/answer_index.hpp>
#include <aiaudit/storage/lmdb_store.hpp>

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

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

// An index of 30 answers, by ten users, one of them by an id that another one had before.
struct checked_index {
    temporary_directory directory{};
    std::string path = directory / "log";
    std::vector<std::string> findings{};
    std::vector<std::string> unvouched{};

    checked_index() {
        auto log = opened(path);
        for (int i = 0; i < 30; ++i) {
            std::string const number = std::to_string(i);
            log.append(answer_of("resp_" + number, "k" + number, "u" + std::to_string(i % 10)))
                .value();
            log.append(sample(i)).value();
        }
        log.append(answer_of("resp_3", "k7", "u7")).value();
        index_type::open(log).value()->catch_up().value();
        log.append(answer_of("resp_30", "k1", "u1")).value();  // not in the index yet
    }
    template <class Body>
    void change(Body body) const {
        auto store = lmdb_store::open({.path = path + "/gateway-answers"}).value();
        BOOST_REQUIRE(store.write(body).has_value());
    }
    void check(std::uint64_t dropped = 0, std::size_t range = 7) {
        findings.clear();
        unvouched.clear();
        auto log = opened(path);
        auto made =
            detail::answer_check<on_disk_ledger>::open(log, path + "/gateway-answers", range)
                .value();
        BOOST_REQUIRE(log.log()
                          .views(1,
                                 [&](sequence number, record_view const& entry) {
                                     made.see(number, entry);
                                     return true;
                                 })
                          .has_value());
        BOOST_REQUIRE(made.end(dropped, findings, unvouched).has_value());
    }
    bool finds(std::string const& what) const {
        return findings.size() == 1 && findings[0].find(what) != std::string::npos;
    }
};

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

BOOST_AUTO_TEST_CASE(an_index_that_is_what_the_records_say_has_nothing_to_find) {
    checked_index index;
    for (std::size_t const range : {1U, 7U, 30U, 31U, 1'000U}) {
        index.check(0, range);
        BOOST_TEST(index.findings.empty());
        BOOST_TEST(index.unvouched.empty());
    }
}

BOOST_AUTO_TEST_CASE(an_owner_that_was_changed_taken_away_or_put_in_is_found) {
    auto const bob = answer_owner::of("k9", "bob", "").to_bytes();
    for (char const* const id : {"resp_0", "resp_3", "resp_29"}) {
        auto const key = detail::answer_key("openai", id);
        checked_index index;
        index.change([&](auto& view) { return view.replace(table::snapshots, key, bob); });
        index.check();
        BOOST_TEST(index.finds(": 1 answers are another's than the records say, the first"));
        index.change([&](auto& view) { return view.replace(table::snapshots, key, "x"); });
        index.check();
        BOOST_TEST(index.findings.size() == 2U);  // damaged, and so missing
        index.change([&](auto& view) { return view.erase(table::snapshots, key); });
        index.check();
        BOOST_TEST(index.finds(" records' answers are missing, the first that of record "));
    }
    // Whose it would be by the second answer of that id.
    checked_index second;
    second.change([](auto& view) {
        return view.replace(table::snapshots, detail::answer_key("openai", "resp_3"),
                            answer_owner::of("k7", "u7", "").to_bytes());
    });
    second.check();
    BOOST_TEST(
        second.finds(": 1 answers are another's than the records say, the first that of "
                     "record 7;"));
}

BOOST_AUTO_TEST_CASE(an_answer_of_no_record_is_found_unless_records_were_dropped) {
    checked_index index;
    index.change([](auto& view) {
        return view.insert(table::snapshots, detail::answer_key("openai", "resp_x"),
                           answer_owner::of("k9", "bob", "").to_bytes());
    });
    index.check();
    BOOST_TEST(index.finds(": 1 answers are of no record"));
    index.check(1);
    BOOST_TEST(index.findings.empty());
    BOOST_REQUIRE(index.unvouched.size() == 1U);
    BOOST_TEST(index.unvouched[0].find("whose 1 answers are") == 0U);
}

BOOST_AUTO_TEST_CASE(an_index_of_another_log_vouches_for_nothing) {
    checked_index index;
    index.change(
        [](auto& view) { return view.replace(table::meta, "root", std::string(32, 'x')); });
    index.check();
    BOOST_TEST(index.findings.empty());
    BOOST_TEST(index.unvouched.size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: MIT
//
// Changes of keys on record, and files of keys that the log does not know.
#include "engine/support/temporary_directory.hpp"
#include "support/gateway_stand.hpp"

#include <aiaudit/gateway/key_log.hpp>
#include <aiaudit/gateway/key_ring.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <sys/stat.h>

BOOST_AUTO_TEST_SUITE(gateway_key_log)

namespace {

using namespace aiaudit;
using aiaudit_tests::client_in_memory;

timestamp const noon = timestamp::parse("2026-08-15T12:00:00Z").value();

struct with_log {
    aiaudit_tests::temporary_directory directory{};
    key_file file{directory / "keys.json"};
    basic_ledger<client_in_memory> log = basic_ledger<client_in_memory>::open({}).value();

    std::string add(std::string id) {
        gateway_key wish;
        wish.id = std::move(id);
        wish.user = "ana";
        wish.note = "a note is no business of the log";
        auto const issued = issue_key(wish, noon).value();
        add_key(log, file, issued.kept, "root").value();
        return issued.secret;
    }
    result<void> revoke(std::string const& id) {
        key_change const of{"revoked", "root"};
        return update_key(log, file, id, of,
                          [](gateway_key& key) { return revoke_key(key, noon); });
    }
    std::string text() const {
        std::ifstream from(file.path(), std::ios::binary);
        return {std::istreambuf_iterator<char>(from), {}};
    }
    void write(std::string const& text) const {
        std::ofstream(file.path(), std::ios::binary | std::ios::trunc) << text;
        ::chmod(file.path().c_str(), 0600);
    }
    // Why a gateway does not start; empty where it would.
    std::string why_not() {
        gateway_upstream upstream;
        upstream.name = "openai";
        upstream.entry = {.name = "openai", .origin = "http://127.0.0.1:9", .prefix = "/v1"};
        gateway_options options;
        options.upstreams = {std::move(upstream)};
        options.key_file = file.path();
        auto const made = basic_gateway<client_in_memory>::open(log, options);
        return made ? std::string{} : made.error().where;
    }
    std::vector<record> changes() {
        std::vector<record> all;
        log.read(sequence{1},
                 [&](sequence, record&& entry) {
                     if (entry.kind == record_kind::key) all.push_back(std::move(entry));
                     return true;
                 })
            .value();
        return all;
    }
    void call() {
        record entry;
        entry.provider = "openai";
        entry.started_at = noon;
        log.append(entry).value();
    }
};

bool says(std::string const& text, std::string const& part) {
    BOOST_TEST_INFO(text);
    return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(each_change_of_a_key_is_a_record_without_a_secret, with_log) {
    std::string const secret = add("a");
    key_change const rotated{"rotated", "bob"};
    update_key(log, file, "a", rotated, [](gateway_key& key) -> result<void> {
        key = rotate_key(key, noon, std::chrono::hours(1)).value().kept;
        return {};
    }).value();
    revoke("a").value();
    auto const kept = changes();
    BOOST_REQUIRE(kept.size() == 3U);
    char const* const words[]{"created", "rotated", "revoked"};
    for (std::size_t i = 0; i < kept.size(); ++i) {
        BOOST_TEST(kept[i].key_id == "a");
        BOOST_TEST(kept[i].user == "ana");
        BOOST_TEST(detail::tag_of(kept[i], "change") == words[i]);
        for (auto const& [name, value] : kept[i].tags) {
            BOOST_TEST(value.find(secret.substr(6)) == std::string::npos);
            BOOST_TEST(value.find("no business") == std::string::npos);
        }
    }
    BOOST_TEST(detail::tag_of(kept[1], "by") == "bob");
    BOOST_TEST(detail::tag_of(kept[1], "former_secret_until") == "2026-08-15T13:00:00Z");
    BOOST_TEST(detail::tag_of(kept[2], "keys") == file.read().value().of_keys.to_string());
    BOOST_TEST(file.read().value().recorded == 3U);
    BOOST_TEST(!revoke("a"));
    BOOST_TEST(changes().size() == 3U);  // what is refused is no change
    BOOST_TEST(why_not().empty());
}

BOOST_FIXTURE_TEST_CASE(an_old_copy_of_the_file_opens_nothing, with_log) {
    add("a");
    add("b");
    call();
    std::string const before = text();
    revoke("a").value();
    call();
    BOOST_TEST(why_not().empty());
    write(before);
    BOOST_TEST(says(why_not(), "is older than the log: it lacks record 4 (revoked key 'a')"));
    BOOST_TEST(says(why_not(), "aiaudit key accept"));
    // Nor does a change make it good.
    BOOST_TEST(says(revoke("b").error().where, "is older than the log"));
    BOOST_TEST(text() == before);
    // From before there were records, or none at all, is older too.
    write(detail::key_file_text(file.list().value()));
    BOOST_TEST(says(why_not(), "is older than the log"));
    BOOST_REQUIRE(std::remove(file.path().c_str()) == 0);
    BOOST_TEST(says(why_not(), "is older than the log"));
    write(before);
    key_change const accepted{"accepted", "root"};
    accept_keys(log, file, accepted).value();
    BOOST_TEST(why_not().empty());
    BOOST_TEST(detail::tag_of(changes().back(), "change") == "accepted");
}

BOOST_FIXTURE_TEST_CASE(a_file_that_was_edited_opens_nothing_until_it_is_accepted, with_log) {
    add("a");
    revoke("a").value();
    std::string const good = text();
    std::string edited = good;
    auto const at = edited.find(R"("revoked_at":"2026-08-15T12:00:00Z",)");
    BOOST_REQUIRE(at != std::string::npos);
    edited.erase(at, 36);
    write(edited);
    BOOST_TEST(file.list().has_value());
    BOOST_TEST(says(why_not(), "is not what record 2 says that it is"));
    std::string named = good;
    named.replace(named.find(R"("recorded":2)"), 12, R"("recorded":9)");
    write(named);
    BOOST_TEST(says(why_not(), "names record 9, which the log does not have"));
    call();
    named.replace(named.find(R"("recorded":9)"), 12, R"("recorded":3)");
    write(named);
    BOOST_TEST(says(why_not(), "names record 3, which is of no change of keys"));
    write(good);
    BOOST_TEST(why_not().empty());
    // Without a record, as a program may that knows no log.
    file.add(issue_key({.id = "b"}, noon).value().kept).value();
    BOOST_TEST(says(why_not(), "is not what record 2 says that it is"));
}

BOOST_FIXTURE_TEST_CASE(a_file_from_before_there_were_records_is_taken_and_then_known, with_log) {
    call();
    BOOST_TEST(why_not().empty());
    file.add(issue_key({.id = "a"}, noon).value().kept).value();
    BOOST_TEST(why_not().empty());
    std::string const before = text();
    add("b");
    BOOST_TEST(why_not().empty());
    write(before);
    BOOST_TEST(says(why_not(), "it lacks record 2 (created key 'b')"));
}

BOOST_FIXTURE_TEST_CASE(an_id_is_not_given_again_after_the_file_was_lost_or_put_back, with_log) {
    add("a");
    std::string const before = text();
    add("b");
    revoke("b").value();
    key_change const accepted{"accepted", "root"};
    auto const refused = [&](std::string const& id) {
        auto const issued = issue_key({.id = id}, noon).value();
        auto const made = add_key(log, file, issued.kept, "root");
        return !made && made.error().code == errc::bad_argument &&
               says(made.error().where, "key '" + id + "' was there already");
    };
    write(before);  // an old copy, which does not know of b
    accept_keys(log, file, accepted).value();
    BOOST_TEST(refused("b"));
    BOOST_REQUIRE(std::remove(file.path().c_str()) == 0);
    accept_keys(log, file, accepted).value();
    BOOST_TEST(refused("a"));
    BOOST_TEST(refused("b"));
    // The file remembers it, also over changes of other keys.
    add("c");
    revoke("c").value();
    BOOST_TEST(refused("b"));
    BOOST_TEST(why_not().empty());
    BOOST_TEST((file.read().value().former_ids == std::vector<std::string>{"a", "b"}));
    std::string edited = text();
    edited.erase(edited.find(R"(,"former_ids":["a","b"])"), 23);
    write(edited);
    BOOST_TEST(says(why_not(), "is not what record"));
}

BOOST_FIXTURE_TEST_CASE(an_id_of_calls_alone_is_not_given_to_a_first_key, with_log) {
    record entry;
    entry.provider = "openai";
    entry.started_at = noon;
    entry.key_id = "a";
    log.append(entry).value();
    auto const unknown = file.read().value();
    BOOST_TEST(says(check_key_id(log, unknown, "a").error().where, "'a' was there already"));
    BOOST_TEST(check_key_id(log, unknown, "b").has_value());
    add("b");
    BOOST_TEST(!check_key_id(log, file.read().value(), "a"));
}

BOOST_FIXTURE_TEST_CASE(a_gateway_that_runs_takes_no_older_file, with_log) {
    std::string const secret = add("a");
    std::string const before = text();
    std::atomic<std::int64_t> now_ms{1'000'000};
    auto const ring = key_ring::open(file.path(), [&] {
                          return steady_time{std::chrono::milliseconds{now_ms}};
                      }).value();
    BOOST_TEST(ring.find(secret));
    revoke("a").value();
    now_ms += 250;
    BOOST_TEST(!ring.find(secret));
    write(before);
    now_ms += 250;
    BOOST_TEST(!ring.find(secret));
    BOOST_TEST(says(ring.state().error().where, "is older than the one before"));
}

BOOST_AUTO_TEST_SUITE_END()

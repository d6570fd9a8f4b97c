// SPDX-License-Identifier: MIT
//
// Gateway keys on disk, and in memory as they are on disk.
#include "engine/support/temporary_directory.hpp"

#include <aiaudit/gateway/key_ring.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(gateway_key_ring)

namespace {

using aiaudit::errc;
using aiaudit::gateway_key;
using aiaudit::issued_key;
using aiaudit::key_file;
using aiaudit::key_ring;
using aiaudit::steady_time;
using aiaudit::timestamp;

timestamp const noon = timestamp::parse("2026-08-15T12:00:00Z").value();

issued_key issue(std::string id) {
    gateway_key wish;
    wish.id = std::move(id);
    wish.user = "ana";
    return aiaudit::issue_key(wish, noon).value();
}

struct with_keys {
    aiaudit_tests::temporary_directory directory{};
    key_file file = key_file::of_ledger(directory.path());
    std::atomic<std::int64_t> now_ms{1'000'000};
    std::atomic<std::int64_t> today_ns{noon.ns};

    issued_key add(std::string id) const {
        auto issued = issue(std::move(id));
        file.add(issued.kept).value();
        return issued;
    }
    key_ring ring() {
        return key_ring::open(
                   file.path(), [this] { return steady_time{std::chrono::milliseconds{now_ms}}; },
                   [this] { return timestamp{today_ns}; })
            .value();
    }
    void write(std::string const& text) const {
        std::ofstream(file.path(), std::ios::binary | std::ios::trunc) << text;
    }
    std::string text() const {
        std::ifstream from(file.path(), std::ios::binary);
        return {std::istreambuf_iterator<char>(from), {}};
    }
};

unsigned mode_of(std::string const& path) {
    struct stat status {};
    BOOST_REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 0777U;
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(keys_are_kept_in_order_for_their_owner_alone, with_keys) {
    BOOST_TEST(file.list().value().empty());
    auto const first = add("a");
    auto const second = add("b");
    auto const kept = file.list().value();
    BOOST_TEST((kept == std::vector<gateway_key>{first.kept, second.kept}));
    BOOST_TEST(mode_of(file.path()) == 0600U);
    BOOST_TEST(!std::filesystem::exists(file.path() + ".new"));
    BOOST_TEST(text().find(first.secret.substr(6)) == std::string::npos);
    ::chmod(file.path().c_str(), 0644);
    add("c");
    BOOST_TEST(mode_of(file.path()) == 0600U);
}

BOOST_FIXTURE_TEST_CASE(an_id_is_used_once_for_ever_and_a_key_is_revoked_once, with_keys) {
    add("a");
    auto const again = file.add(issue("a").kept);
    BOOST_TEST((again.error().code == errc::bad_argument));
    BOOST_TEST(again.error().where == "key 'a' is there already; an id is never used again");
    file.revoke("a", noon).value();
    BOOST_TEST(file.add(issue("a").kept).error().where ==
               "key 'a' was there already; an id is never used again");
    auto const twice = file.revoke("a", noon);
    BOOST_TEST(twice.error().where == "key 'a' was revoked at 2026-08-15T12:00:00Z");
    auto const none = file.revoke("nobody\n", noon);
    BOOST_TEST((none.error().code == errc::not_found));
    BOOST_TEST(none.error().where == "key 'nobody?' is not there");
    BOOST_TEST((file.list().value().at(0).revoked_at == noon));
}

BOOST_FIXTURE_TEST_CASE(what_was_left_of_a_writer_that_died_is_replaced, with_keys) {
    std::ofstream(file.path() + ".new") << "half";
    ::chmod((file.path() + ".new").c_str(), 0644);
    auto const issued = add("a");
    BOOST_TEST(mode_of(file.path()) == 0600U);
    BOOST_TEST((file.list().value().at(0) == issued.kept));
}

BOOST_FIXTURE_TEST_CASE(a_file_that_is_not_ours_is_neither_read_nor_written_over, with_keys) {
    write("{\"other\":1}");
    BOOST_TEST(file.list().error().where == file.path() + ": is no file of gateway keys");
    BOOST_TEST(!file.add(issue("a").kept));
    BOOST_TEST(text() == "{\"other\":1}");
    write(aiaudit::detail::key_file_text({}));
    ::chmod(file.path().c_str(), 0620);
    BOOST_TEST((file.list().error().code == errc::bad_input));
    BOOST_TEST(file.list().error().where.find("others may write to it") != std::string::npos);
    std::filesystem::remove(file.path());
    std::filesystem::create_directory(file.path());
    BOOST_TEST(!file.list());
    auto const nowhere = key_file::of_ledger(directory / "none").add(issue("a").kept);
    BOOST_TEST((nowhere.error().code == errc::not_found));
}

BOOST_FIXTURE_TEST_CASE(writers_at_once_lose_no_key, with_keys) {
    std::vector<std::thread> writers;
    for (int writer = 0; writer < 4; ++writer) {
        writers.emplace_back([this, writer] {
            for (int i = 0; i < 10; ++i)
                add("k" + std::to_string(writer) + "-" + std::to_string(i));
        });
    }
    for (auto& each : writers) each.join();
    BOOST_TEST(file.list().value().size() == 40U);
}

BOOST_FIXTURE_TEST_CASE(a_secret_finds_its_key_and_a_wrong_one_none, with_keys) {
    auto const first = add("a");
    auto const second = add("b");
    auto const keys = ring();
    BOOST_TEST(keys.size() == 2U);
    auto const found = keys.find(second.secret);
    BOOST_REQUIRE(found);
    BOOST_TEST((*found == second.kept));
    std::string const of_another = "aia-a." + second.secret.substr(6);
    for (std::string const& wrong :
         {std::string{}, of_another, issue("a").secret, issue("nobody").secret, first.secret + "x",
          std::string(1 << 20, 'x'), std::string("aia-a."), first.kept.secret_digest.to_string()}) {
        BOOST_TEST(!keys.find(wrong));
    }
}

BOOST_FIXTURE_TEST_CASE(a_key_opens_once_created_and_is_shut_within_a_second, with_keys) {
    auto const keys = ring();
    BOOST_TEST(!keys.find(issue("a").secret));
    auto const issued = add("a");
    auto const found = keys.find(issued.secret);  // no time passes between
    BOOST_REQUIRE(found);
    file.revoke("a", noon).value();
    BOOST_TEST(keys.find(issued.secret));
    now_ms += 250;
    BOOST_TEST(!keys.find(issued.secret));
    BOOST_TEST(keys.size() == 0U);
    BOOST_TEST(found->id == "a");  // who holds one goes on with it
}

BOOST_FIXTURE_TEST_CASE(a_file_that_cannot_be_read_leaves_the_last_good_set_and_is_told,
                        with_keys) {
    auto const issued = add("a");
    std::string const good = text();
    auto const keys = ring();
    BOOST_TEST(keys.state().has_value());
    struct {
        char const* name;
        std::function<void()> spoil;
        char const* said;
    } const cases[]{
        {"half of it", [&] { write(good.substr(0, good.size() / 2)); }, ": is no JSON"},
        {"another file", [&] { write("{}"); }, ": is no file of gateway keys"},
        {"empty", [&] { write(""); }, ": is no JSON"},
        {"open to others", [&] { ::chmod(file.path().c_str(), 0666); }, "others may write to it"},
        {"gone", [&] { std::filesystem::remove(file.path()); }, "the file of keys is gone"},
    };
    for (auto const& each : cases) {
        BOOST_TEST_CONTEXT(each.name) {
            each.spoil();
            now_ms += 250;
            BOOST_TEST(keys.find(issued.secret));
            BOOST_TEST(keys.size() == 1U);
            BOOST_REQUIRE(!keys.state());
            BOOST_TEST(keys.state().error().where.find(each.said) != std::string::npos,
                       keys.state().error().where);
            BOOST_TEST(!keys.find("aia-a." + std::string(43, 'x')));
            now_ms += 10'000;
            BOOST_TEST(keys.find(issued.secret));
            // Mended, it counts again at once.
            std::filesystem::remove(file.path());
            write(good);
            ::chmod(file.path().c_str(), 0600);
            now_ms += 250;
            BOOST_TEST(keys.find(issued.secret));
            BOOST_TEST(keys.state().has_value());
        }
    }
    // At its start there is no good set yet.
    write("{}");
    BOOST_TEST(!key_ring::open(file.path()));
    // What was mended without the key takes it away.
    write(aiaudit::detail::key_file_text({}));
    now_ms += 250;
    BOOST_TEST(!keys.find(issued.secret));
    BOOST_TEST(keys.state().has_value());
}

BOOST_FIXTURE_TEST_CASE(a_file_of_somebody_else_is_not_believed, with_keys) {
    if (::geteuid() != 0) return;  // only root can give it away
    auto const issued = add("a");
    auto const keys = ring();
    BOOST_REQUIRE(::chown(file.path().c_str(), 12'345, static_cast<gid_t>(-1)) == 0);
    BOOST_TEST(file.list().error().where.find("belongs to user 12345") != std::string::npos);
    now_ms += 250;
    BOOST_TEST(keys.find(issued.secret));
    BOOST_TEST((keys.state().error().code == errc::bad_input));
    // Root's commands on the ledger of a service leave it its file.
    BOOST_REQUIRE(::chown(directory.path().c_str(), 12'345, static_cast<gid_t>(-1)) == 0);
    BOOST_TEST(file.list().has_value());
    add("b");
    struct stat status {};
    BOOST_REQUIRE(::stat(file.path().c_str(), &status) == 0);
    BOOST_TEST(status.st_uid == 12'345U);
}

BOOST_FIXTURE_TEST_CASE(a_link_in_the_place_of_the_file_is_not_followed, with_keys) {
    auto const issued = add("a");
    auto const keys = ring();
    std::string const elsewhere = directory / "elsewhere";
    std::filesystem::rename(file.path(), elsewhere);
    std::filesystem::create_symlink(elsewhere, file.path());
    BOOST_TEST((file.list().error().code == errc::bad_input));
    BOOST_TEST(file.list().error().where.find("is a symbolic link") != std::string::npos);
    BOOST_TEST(!file.add(issue("b").kept));
    now_ms += 250;
    BOOST_TEST(keys.find(issued.secret));
    BOOST_TEST((keys.state().error().code == errc::bad_input));
    std::filesystem::remove(file.path());
    std::filesystem::rename(elsewhere, file.path());
    // Nor is the file written that a link in the place of the lock points to.
    std::filesystem::remove(file.path() + ".lock");
    std::filesystem::create_symlink(elsewhere, file.path() + ".lock");
    BOOST_TEST(file.add(issue("b").kept).error().where.find("is a symbolic link") !=
               std::string::npos);
    BOOST_TEST(!std::filesystem::exists(elsewhere));
    BOOST_TEST(file.list().value().size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(a_key_that_expires_or_was_rotated_opens_by_the_calendar, with_keys) {
    using namespace std::chrono_literals;
    auto const issued = add("a");
    auto const keys = ring();
    std::string fresh;
    file.update("a",
                [&](gateway_key& key) -> aiaudit::result<void> {
                    auto rotated = aiaudit::rotate_key(key, noon, 1h).value();
                    fresh = rotated.secret;
                    key = rotated.kept;
                    key.expires_at = timestamp{noon.ns + std::chrono::nanoseconds(2h).count()};
                    return {};
                })
        .value();
    now_ms += 250;
    BOOST_TEST(keys.find(issued.secret));
    BOOST_TEST(keys.find(fresh));
    today_ns += std::chrono::nanoseconds(1h).count();
    BOOST_TEST(!keys.find(issued.secret));
    BOOST_TEST(keys.find(fresh));
    today_ns += std::chrono::nanoseconds(1h).count();
    BOOST_TEST(!keys.find(fresh));
    // An edit that is no key changes nothing; an id stays.
    BOOST_TEST(!file.update("a", [](gateway_key& key) -> aiaudit::result<void> {
        key.note = "a\nb";
        return {};
    }));
    file.update("a",
                [](gateway_key& key) -> aiaudit::result<void> {
                    key.id = "b";
                    key.note = "kept";
                    return {};
                })
        .value();
    BOOST_TEST(file.list().value().at(0).id == "a");
    BOOST_TEST(file.list().value().at(0).note == "kept");
}

BOOST_FIXTURE_TEST_CASE(it_is_known_when_each_key_was_last_used, with_keys) {
    auto const first = add("a");
    auto const second = add("b");
    auto const keys = ring();
    BOOST_TEST(keys.uses().empty());
    BOOST_TEST(!keys.find("aia-a." + std::string(43, 'x')));
    BOOST_TEST(keys.uses().empty());
    BOOST_TEST(keys.find(first.secret));
    today_ns += 5'000'000'000;
    BOOST_TEST(keys.find(first.secret));
    add("c");
    now_ms += 250;  // it is read again, and nothing is forgotten
    BOOST_TEST(!keys.find("aia-a." + std::string(43, 'x')));
    BOOST_REQUIRE(keys.uses().size() == 1U);
    BOOST_TEST((keys.uses().at("a") == timestamp{noon.ns + 5'000'000'000}));
}

BOOST_FIXTURE_TEST_CASE(a_hundred_thousand_keys_are_read_beside_the_calls, with_keys) {
    constexpr int many = 100'000;
    auto const issued = issue("k50000");
    std::vector<gateway_key> all(many, issued.kept);
    for (int i = 0; i < many; ++i) all[static_cast<std::size_t>(i)].id = "k" + std::to_string(i);
    auto const timed = [](auto&& what) {
        auto const begun = std::chrono::steady_clock::now();
        what();
        return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun)
            .count();
    };
    write(aiaudit::detail::key_file_text(all));
    ::chmod(file.path().c_str(), 0600);
    std::optional<key_ring> keys;
    double const start_ms = timed([&] { keys.emplace(ring()); });
    BOOST_TEST(keys->size() == static_cast<std::size_t>(many));
    BOOST_TEST(keys->find(issued.secret));
    all[50'000].revoked_at = noon;
    write(aiaudit::detail::key_file_text(all));
    now_ms += 250;
    double const first_ms = timed([&] { static_cast<void>(keys->find(issued.secret)); });
    BOOST_TEST_MESSAGE("start " << start_ms << " ms, first call after a change " << first_ms);
    // The thread is not waited for: the call goes on with what there is.
    BOOST_TEST(first_ms < start_ms / 2);
    // Nobody needs to ask for a change to be seen.
    auto const give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (keys->size() == static_cast<std::size_t>(many) &&
           std::chrono::steady_clock::now() < give_up)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    BOOST_TEST(!keys->find(issued.secret));
    BOOST_TEST(keys->size() == static_cast<std::size_t>(many - 1));
}

BOOST_FIXTURE_TEST_CASE(many_threads_find_keys_while_others_come_and_go, with_keys) {
    auto const stays = add("stays");
    auto const keys = ring();
    std::atomic<bool> done{false};
    std::atomic<int> missed{0};
    std::vector<std::thread> readers;
    for (int reader = 0; reader < 3; ++reader) {
        readers.emplace_back([&] {
            while (!done) {
                now_ms += 100;
                if (!keys.find(stays.secret)) ++missed;
                if (keys.find("aia-nobody." + std::string(43, 'x'))) ++missed;
            }
        });
    }
    for (int i = 0; i < 20; ++i) {
        std::string const id = "k" + std::to_string(i);
        add(id);
        file.revoke(id, noon).value();
    }
    done = true;
    for (auto& each : readers) each.join();
    BOOST_TEST(missed == 0);
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: MIT
//
// response_cache.cpp: the models of cache_policy keep its promises, and the one on disk survives
// damage, forks and full disks.

#include "support/cache_conformance.hpp"
#include "support/child_process.hpp"
#include "support/lmdb_testing.hpp"

#include <aiaudit/cache/cache_key.hpp>
#include <aiaudit/cache/lmdb_cache.hpp>
#include <aiaudit/cache/memory_cache.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <filesystem>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(response_cache)

namespace {

using namespace aiaudit_tests;
using aiaudit::cache_scope;
using aiaudit::canonicalize_request;
using aiaudit::lmdb_cache;
using aiaudit::memory_cache;
using aiaudit::operation;
namespace fs = std::filesystem;
using models = std::tuple<memory_cache, lmdb_cache>;

[[nodiscard]] std::string data_of(std::string const& path) { return path + "/entries/data.mdb"; }

[[nodiscard]] result<lmdb_cache> open_cache(std::string path) {
    cache_options options;
    options.path = std::move(path);
    options.bytes_max = std::uint64_t{1} << 20;
    return lmdb_cache::open(options);
}

[[nodiscard]] errc open_error(std::string path) {
    auto const opened = open_cache(std::move(path));
    return opened ? errc{} : opened.error().code;
}

[[nodiscard]] std::string body_number(std::uint64_t number) {
    return std::string(number % 5 == 0 ? 9000 : 50 + number, static_cast<char>('a' + number % 26));
}

struct asked {
    bool deterministic;
    bool stateful;
    bool stream;
    friend bool operator==(asked, asked) = default;
};
[[nodiscard]] asked asked_by(std::string_view body, operation what = operation::chat) {
    auto const request = canonicalize_request(body, what).value();
    BOOST_TEST(request.may_be_cached() == (request.deterministic && !request.stateful));
    return {request.deterministic, request.stateful, request.stream};
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_put_is_given, Cache, models) {
    check_what_is_put_is_given<Cache>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_put_replaces_what_was_there, Cache, models) {
    check_put_replaces<Cache>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_erased_is_not_given, Cache, models) {
    check_erase_and_clear<Cache>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_has_expired_is_a_miss, Cache, models) { check_expiry<Cache>(); }

BOOST_AUTO_TEST_CASE_TEMPLATE(what_expires_first_makes_room, Cache, models) {
    check_what_expires_first_makes_room<Cache>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(random_use_equals_a_map_within_the_limit, Cache, models) {
    check_against_model<Cache>(4000);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(threads_share_one, Cache, models) { check_threads<Cache>(100); }

BOOST_AUTO_TEST_CASE_TEMPLATE(a_moved_from_cache_is_closed, Cache, models) {
    check_moved_from_cache<Cache>();
}

BOOST_AUTO_TEST_CASE(no_cache_keeps_nothing) {
    auto none = aiaudit::no_cache::open({}).value();
    none.put(key_number(1), answer_of("b"), second(1)).value();
    BOOST_TEST(!none.get(key_number(1), second(1)).value());
    auto without_path = lmdb_cache::open({}).value();
    without_path.put(key_number(1), answer_of("b"), second(1)).value();
    BOOST_TEST(!without_path.get(key_number(1), second(1)).value());
    without_path.erase(key_number(1)).value();
    without_path.clear().value();
    BOOST_TEST(without_path.size().value().entries == 0U);
}

BOOST_AUTO_TEST_CASE(what_is_on_disk_is_private_marked_and_lasts) {
    opened_cache<lmdb_cache> cache;
    cache->put(key_number(1), answer_of("b"), second(1)).value();
    cache.reopen();
    BOOST_TEST(body_of(*cache, key_number(1), second(2)).value() == "b");
    BOOST_TEST(cache->size().value().entries == 1U);
    BOOST_TEST(bytes_of(cache.path() + "/aiaudit-cache").starts_with("aiaudit cache format 1\n"));
    std::set<std::string> names;
    for (auto const& entry : fs::recursive_directory_iterator(cache.path())) {
        names.insert(entry.path().lexically_relative(cache.path()));
        auto const expected = entry.is_directory() ? fs::perms(0700) : fs::perms(0600);
        BOOST_TEST((entry.status().permissions() == expected), entry.path());
    }
    std::set<std::string> const expected{"aiaudit-cache", "entries", "entries/data.mdb",
                                         "entries/lock.mdb", "write.lock"};
    BOOST_TEST((names == expected));
    BOOST_TEST((fs::status(cache.path()).permissions() == fs::perms(0700)));
}

BOOST_AUTO_TEST_CASE(a_cache_is_no_ledger_and_a_ledger_no_cache) {
    temporary_directory const directory;
    (void)open_at(directory / "ledger").value();
    (void)open_cache(directory / "cache").value();
    BOOST_TEST((open_error(directory / "ledger") == errc::not_a_ledger));
    BOOST_TEST((open_at(directory / "cache").error().code == errc::not_a_ledger));
    fs::create_directory(directory / "other");
    write_text(directory / "other/photo.jpg", "...");
    BOOST_TEST((open_error(directory / "other") == errc::not_a_ledger));
    write_text(directory / "file", "...");
    BOOST_TEST((open_error(directory / "file") == errc::not_a_ledger));
    BOOST_TEST((open_error(directory / "missing/cache") == errc::not_found));
    write_text(directory / "cache/aiaudit-cache", "aiaudit cache format 2\n");
    BOOST_TEST((open_error(directory / "cache") == errc::newer_format));
    write_text(directory / "cache/aiaudit-cache", "...");
    BOOST_TEST((open_error(directory / "cache") == errc::not_a_ledger));
}

BOOST_AUTO_TEST_CASE(a_torn_creation_is_taken_up_again) {
    temporary_directory const directory;
    auto const path = directory / "cache";
    for (int cut = 0; cut < 4; ++cut) {
        fs::create_directory(path);
        if (cut > 0) write_text(path + "/aiaudit-cache.new", "aiaudit ca");
        if (cut > 1) fs::create_directory(path + "/entries");
        if (cut > 2) write_text(path + "/entries/data.mdb", "torn");
        {
            auto cache = open_cache(path).value();
            cache.put(key_number(1), answer_of("b"), second(1)).value();
        }
        BOOST_TEST(body_of(open_cache(path).value(), key_number(1), second(1)).value() == "b");
        BOOST_TEST(!fs::exists(path + "/aiaudit-cache.new"));
        fs::remove_all(path);
    }
}

BOOST_AUTO_TEST_CASE(a_process_opens_it_once_and_a_forked_child_its_own) {
    opened_cache<lmdb_cache> cache;
    cache->put(key_number(1), answer_of("parent"), second(1)).value();
    BOOST_TEST((open_error(cache.path()) == errc::already_open));
    int const child = run_in_child([&] {
        if (cache->get(key_number(1), second(1)).error().code != errc::closed) return 1;
        if (cache->put(key_number(1), answer_of("x"), second(1)).error().code != errc::closed)
            return 2;
        if (cache->size().error().code != errc::closed) return 3;
        auto own = lmdb_cache::open(cache.options()).value();
        if (body_of(own, key_number(1), second(1)) != "parent") return 4;
        own.put(key_number(2), answer_of("child"), second(1)).value();
        return 0;
    });
    BOOST_TEST(child == 0);
    BOOST_TEST(body_of(*cache, key_number(2), second(1)).value() == "child");
    cache->put(key_number(3), answer_of("parent"), second(1)).value();
    BOOST_TEST(cache->size().value().entries == 3U);
}

BOOST_AUTO_TEST_CASE(processes_share_it) {
    temporary_directory const directory;
    auto const path = directory / "cache";
    std::vector<child_process> children;
    for (std::uint64_t id = 0; id < 3; ++id) {
        children.emplace_back([&] {
            auto cache = open_cache(path);
            if (!cache) return 1;
            std::mt19937_64 random(id);
            for (int i = 0; i < 200; ++i) {
                auto const number = random() % 300;
                if (!cache->put(key_number(number), answer_of(body_number(number)), second(1)))
                    return 2;
                auto const other = random() % 300;
                auto const answer = cache->get(key_number(other), second(1));
                if (!answer) return 3;
                if (*answer && (*answer)->body != body_number(other)) return 4;
                if (cache->size().value().bytes > std::uint64_t{1} << 20) return 5;
            }
            return 0;
        });
    }
    for (auto& child : children) BOOST_TEST(child.wait() == 0);
    auto const cache = open_cache(path).value();
    std::uint64_t hits = 0;
    for (std::uint64_t i = 0; i < 300; ++i) {
        auto const body = body_of(cache, key_number(i), second(1));
        if (body) BOOST_TEST(*body == body_number(i));
        hits += body ? 1 : 0;
    }
    BOOST_TEST(hits > 50U);
    BOOST_TEST(hits == cache.size().value().entries);
}

// Whatever byte of the file is flipped: an error, a miss or the right answer. Several flips a round
// in the later ones. In a child, which LMDB's view of it may end; it must not.
BOOST_AUTO_TEST_CASE(flipped_bytes_never_make_a_wrong_answer) {
    temporary_directory const directory;
    auto const path = directory / "cache";
    {
        auto cache = open_cache(path).value();
        for (std::uint64_t i = 0; i < 60; ++i)
            cache.put(key_number(i), answer_of(body_number(i)), second(1)).value();
        for (std::uint64_t i = 0; i < 60; i += 3) cache.erase(key_number(i)).value();
    }
    auto const file = data_of(path);
    auto const whole = bytes_of(file);
    std::mt19937_64 random(7);
    int refused = 0;
    int damaged = 0;
    for (int round = 0; round < 250; ++round) {
        auto bytes = whole;
        for (int flips = round < 200 ? 1 : 40; flips > 0; --flips) {
            auto& byte = bytes[random() % bytes.size()];
            byte = static_cast<char>(static_cast<unsigned char>(byte) ^ 1U << random() % 8);
        }
        write_text(file, bytes);
        int const status = run_in_child([&] {
            auto cache = open_cache(path);
            if (!cache) return cache.error().code == errc::corrupt ? 10 : 1;
            for (std::uint64_t i = 0; i < 60; ++i) {
                auto const answer = cache->get(key_number(i), second(1));
                if (answer && *answer && (*answer)->body != body_number(i)) return 2;
            }
            for (std::uint64_t i = 0; i < 100; ++i) {
                (void)cache->put(key_number(i), answer_of(body_number(i)), second(2));
                auto const answer = cache->get(key_number(i), second(2));
                if (answer && *answer && (*answer)->body != body_number(i)) return 3;
            }
            auto const size = cache->size();
            if (!size) return 4;
            if (!cache->clear() || cache->size()->entries != 0) return 5;
            return size->damaged == 0 ? 0 : 11;
        });
        BOOST_TEST((status == 0 || status == 10 || status == 11), "status " << status);
        refused += status == 10 ? 1 : 0;
        damaged += status == 11 ? 1 : 0;
    }
    BOOST_TEST_MESSAGE(refused << " refused, " << damaged << " with damaged entries");
    BOOST_TEST(refused > 0);
    BOOST_TEST(damaged > 0);
}

BOOST_AUTO_TEST_CASE(a_cut_file_is_refused_and_a_deleted_cache_made_anew) {
    temporary_directory const directory;
    auto const path = directory / "cache";
    {
        auto cache = open_cache(path).value();
        for (std::uint64_t i = 0; i < 60; ++i)
            cache.put(key_number(i), answer_of(body_number(i)), second(1)).value();
    }
    fs::resize_file(data_of(path), fs::file_size(data_of(path)) / 2);
    auto const refused = open_cache(path);
    BOOST_TEST((refused.error().code == errc::corrupt));
    BOOST_TEST(refused.error().where.find("the cache can be deleted") != std::string::npos);
    fs::remove_all(path);
    auto cache = open_cache(path).value();
    cache.put(key_number(1), answer_of("b"), second(1)).value();
    BOOST_TEST(body_of(cache, key_number(1), second(1)).value() == "b");
}

// The map is full long before bytes_max is.
BOOST_AUTO_TEST_CASE(a_full_map_is_emptied_and_used_on) {
    cache_options options;
    options.map_bytes = std::uint64_t{1} << 20;
    opened_cache<lmdb_cache> cache(options);
    std::uint64_t most = 0;
    std::uint64_t before = 0;
    bool emptied = false;
    for (std::uint64_t i = 0; i < 400; ++i) {
        cache->put(key_number(i), answer_of(body_number(5 * i)), second(1)).value();
        BOOST_TEST(body_of(*cache, key_number(i), second(1)).value() == body_number(5 * i));
        auto const entries = cache->size().value().entries;
        emptied = emptied || entries < before;
        before = entries;
        most = std::max(most, entries);
    }
    BOOST_TEST(emptied);
    BOOST_TEST(most > 20U);
    cache.reopen();
    BOOST_TEST(body_of(*cache, key_number(399), second(1)).has_value());
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_an_error_and_what_was_kept_stays) {
    opened_cache<lmdb_cache> cache;
    cache->put(key_number(1), answer_of("b"), second(1)).value();
    int const meta = descriptor_on(data_of(cache.path()), true);
    int const full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    BOOST_REQUIRE(::dup3(full, meta, O_CLOEXEC) == meta);
    ::close(full);
    auto const refused = cache->put(key_number(2), answer_of("c"), second(1));
    BOOST_TEST((refused.error().code == errc::disk_full));
    BOOST_TEST(refused.error().where.find('\n') == std::string::npos);
    BOOST_TEST(body_of(*cache, key_number(1), second(1)).value() == "b");
    BOOST_TEST(!body_of(*cache, key_number(2), second(1)));
    cache->put(key_number(2), answer_of("c"), second(1)).value();
    BOOST_TEST(body_of(*cache, key_number(2), second(1)).value() == "c");
}

BOOST_AUTO_TEST_CASE(an_entry_is_refused_under_another_key_or_with_any_bit_flipped) {
    auto const bytes =
        aiaudit::detail::encode_entry(key_number(1), answer_of("body"), second(1), second(2));
    BOOST_TEST(aiaudit::detail::open_entry(key_number(1), bytes).has_value());
    BOOST_TEST(!aiaudit::detail::open_entry(key_number(2), bytes));
    for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
        auto flipped = bytes;
        flipped[i / 8] =
            static_cast<char>(static_cast<unsigned char>(flipped[i / 8]) ^ 1U << i % 8);
        BOOST_TEST(!aiaudit::detail::open_entry(key_number(1), flipped));
    }
    for (std::size_t size = 0; size < bytes.size(); ++size)
        BOOST_TEST(!aiaudit::detail::open_entry(key_number(1), bytes.substr(0, size)));
}

BOOST_AUTO_TEST_CASE(keys_differ_in_every_field_and_only_there) {
    aiaudit::cache_request const request{"openai", "/v1/chat", "m", "user:a", "{}", "v"};
    auto const key = [](aiaudit::cache_request const& of) { return aiaudit::key_of(of).value(); };
    // The label, lengths and fields, hashed by another program: a change loses every cache.
    BOOST_TEST(key(request).to_string() ==
               "1fe95daa52ce44098390376ed91d5235538196afe80e8fbd074d05ae378c6079");
    std::set<cache_key> keys{key(request)};
    for (auto const field : {&aiaudit::cache_request::provider, &aiaudit::cache_request::path,
                             &aiaudit::cache_request::model, &aiaudit::cache_request::scope,
                             &aiaudit::cache_request::request, &aiaudit::cache_request::variant}) {
        auto other = request;
        other.*field = "other";
        BOOST_TEST(keys.insert(key(other)).second);
    }
    // Where one field ends and the next begins is part of it.
    auto shifted = request;
    shifted.provider = "openai/v1";
    shifted.path = "/chat";
    BOOST_TEST(keys.insert(key(shifted)).second);
    for (auto const field : {&aiaudit::cache_request::provider, &aiaudit::cache_request::scope,
                             &aiaudit::cache_request::request}) {
        auto other = request;
        other.*field = "";
        BOOST_TEST((aiaudit::key_of(other).error().code == errc::bad_argument));
    }
}

BOOST_AUTO_TEST_CASE(scopes_do_not_meet) {
    using aiaudit::scope_text;
    std::set<std::string> const scopes{scope_text(cache_scope::per_user, "a", "p"),
                                       scope_text(cache_scope::per_user, "b", "p"),
                                       scope_text(cache_scope::per_user, "", ""),
                                       scope_text(cache_scope::per_project, "a", "a"),
                                       scope_text(cache_scope::per_project, "", ""),
                                       scope_text(cache_scope::everyone, "a", "p")};
    BOOST_TEST(scopes.size() == 6U);
    BOOST_TEST(scope_text(cache_scope::per_project, "a", "p") ==
               scope_text(cache_scope::per_project, "b", "p"));
}

BOOST_AUTO_TEST_CASE(only_the_likeliest_answer_is_deterministic) {
    for (char const* const body :
         {R"({"temperature":0})", R"({"temperature":0.0,"n":1})", R"({"temperature":-0,"n":null})",
          R"({"temperature":0,"tools":[{"type":"function"}]})",
          R"({"generationConfig":{"temperature":0}})",
          R"({"generationConfig":{"temperature":0,"candidateCount":1}})",
          R"({"inferenceConfig":{"temperature":0.0}})", R"({"options":{"temperature":0}})"})
        BOOST_TEST((asked_by(body) == asked{true, false, false}), body);
    for (char const* const body :
         {R"({})", R"({"temperature":null})", R"({"temperature":0.1})", R"({"temperature":"0"})",
          R"({"temperature":0,"n":2})", R"({"temperature":1e-300})",
          R"({"messages":[{"temperature":0}]})",
          R"({"generationConfig":{"temperature":0,"candidateCount":2}})",
          R"({"temperature":1,"options":{"temperature":0}})", R"({"options":"temperature"})"})
        BOOST_TEST((asked_by(body) == asked{false, false, false}), body);
    BOOST_TEST((asked_by(R"({"input":"x"})", operation::embeddings) == asked{true, false, false}));
    BOOST_TEST((asked_by(R"({"temperature":0,"stream":true})") == asked{true, false, true}));
}

BOOST_AUTO_TEST_CASE(what_the_provider_keeps_is_not_cached) {
    for (char const* const body :
         {R"({"temperature":0,"previous_response_id":"r"})", R"({"temperature":0,"store":true})",
          R"({"temperature":0,"conversation":"c"})", R"({"temperature":0,"background":true})",
          R"({"temperature":0,"prompt":{"id":"p"}})"})
        BOOST_TEST((asked_by(body) == asked{true, true, false}), body);
    for (char const* const body :
         {R"({"temperature":0,"previous_response_id":null})",
          R"({"temperature":0,"store":false,"background":false,"conversation":null})",
          R"({"temperature":0,"prompt":"text"})"})
        BOOST_TEST((asked_by(body) == asked{true, false, false}), body);
}

BOOST_AUTO_TEST_CASE(requests_that_mean_the_same_have_one_text) {
    auto const text = [](std::string_view body) {
        return canonicalize_request(body, operation::chat).value().text;
    };
    auto const one = text(R"({"model":"m","temperature":0.0,"user":"a","metadata":{"k":"v"}})");
    BOOST_TEST(one == R"({"model":"m","temperature":0})");
    BOOST_TEST(text("{ \"temperature\" : 0,\n \"model\" : \"\\u006d\" }") == one);
    for (char const* const bad : {"", "[]", "1", "{", R"({"seed":9007199254740993})"}) {
        auto const refused = canonicalize_request(bad, operation::chat);
        BOOST_TEST((refused.error().code == errc::bad_json));
    }
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: MIT
//
// Two `aiaudit serve` on one ledger, and one whose ledger is moved or whose disk is full: what
// clients and /readyz are told.
#include "engine/support/temporary_directory.hpp"
#include "support/chaos_provider.hpp"
#include "support/provider_bodies.hpp"
#include "tool/run.hpp"
#include "tool/served.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <sys/mount.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(serving_together)

namespace {

using namespace aiaudit_tests;
using test_support::ask;
using test_support::read_file;
using test_support::request;
using test_support::run;
using test_support::served;

struct stand {
    stand() {
        provider.answer([](seen_request const&) {
            return json_step(openai_chat_body("gpt-4.1", "Good day", {}));
        });
    }
    std::vector<std::string> words(std::string const& directory, std::string const& budgets) const {
        return {"serve",
                "--db",
                directory,
                "--listen",
                "127.0.0.1:0",
                "--upstream",
                "openai=" + provider.origin() + "/v1",
                "--keys",
                "optional",
                "--budgets",
                budgets};
    }
    static std::string call(std::uint16_t port) {
        return ask(port,
                   request("POST", "/v1/chat/completions", "",
                           R"({"model":"gpt-4.1","messages":[{"role":"user","content":"Hi"}]})"));
    }
    static std::string readiness(std::uint16_t port) {
        return ask(port, request("GET", "/readyz", ""));
    }
    // Asks until the answer begins so, for ten seconds.
    template <class Asked>
    static std::string await(std::string const& beginning, Asked asked) {
        std::string told;
        for (int i = 0; i < 1'000 && !told.starts_with(beginning); ++i) {
            if (i != 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
            told = asked();
        }
        return told;
    }
    void set_budget(std::string const& directory) const {
        auto const set = run(
            place.path(), "budget set --db " + directory + " --name all --limit 50 --window total");
        BOOST_REQUIRE(set.status == 0);
    }

    temporary_directory place{};
    std::string db = place.path() + "/db";
    std::string errors = place.path() + "/errors";
    chaos_provider provider{};
};

bool is_ok(std::string const& answer) { return answer.starts_with("HTTP/1.1 200"); }

}  // namespace

BOOST_FIXTURE_TEST_CASE(a_second_one_is_refused_with_the_number_of_the_first_or_joins, stand) {
    set_budget(db);
    struct {
        char const* first;
        char const* second;
        bool joins;
    } const cases[] = {
        {"exclusive", "exclusive", false},
        {"exclusive", "shared", false},
        {"shared", "exclusive", false},
        {"shared", "shared", true},
    };
    for (auto const& each : cases) {
        BOOST_TEST_CONTEXT(each.first << " and " << each.second) {
            served first(errors, words(db, each.first));
            std::string arguments;
            for (std::string const& word : words(db, each.second)) arguments += "'" + word + "' ";
            if (each.joins) {
                served second(errors, words(db, each.second));
                for (int i = 0; i < 3; ++i) {
                    BOOST_TEST(is_ok(call(second.port())));
                    BOOST_TEST(is_ok(call(first.port())));
                }
                BOOST_TEST(is_ok(readiness(second.port())));
                BOOST_TEST(second.end() == 0);
            } else {
                auto const second = run(place.path(), arguments);
                BOOST_TEST(second.status == 2);
                BOOST_TEST(second.err.find("process " + std::to_string(first.id()) + " ") !=
                               std::string::npos,
                           second.err);
                BOOST_TEST(second.err.find("--budgets shared") != std::string::npos, second.err);
            }
            // The first goes on, and hinders nobody who does not admit.
            BOOST_TEST(is_ok(call(first.port())));
            BOOST_TEST(is_ok(readiness(first.port())));
            BOOST_TEST(run(place.path(), "report users --db " + db).status == 0);
            set_budget(db);
            std::string const calls = place.path() + "/calls.csv";
            test_support::write_file(calls,
                                     "at,model,in,out\n2026-11-01T10:00:00Z,gpt-4.1,60,40\n");
            auto const imported =
                run(place.path(), "import --db " + db + " " + calls +
                                      " --format csv --map provider==openai,model=model,"
                                      "input_tokens=in,output_tokens=out,timestamp=at");
            BOOST_TEST(imported.status == 0, imported.err);
            // What it holds is free again when it is killed.
            BOOST_TEST(WTERMSIG(first.end_by(SIGKILL)) == SIGKILL);
            served next(errors, words(db, each.second));
            BOOST_TEST(is_ok(call(next.port())));
            BOOST_TEST(next.end() == 0);
        }
    }
    BOOST_TEST(run(place.path(), "verify --db " + db).status == 0);
}

BOOST_FIXTURE_TEST_CASE(a_ledger_that_is_moved_away_is_said_and_takes_no_more_calls, stand) {
    served at(errors, words(db, "exclusive"));
    BOOST_TEST(is_ok(call(at.port())));
    BOOST_TEST(is_ok(readiness(at.port())));
    std::filesystem::rename(db, db + ".old");
    for (int i = 0; i < 3; ++i) {
        auto const refused = call(at.port());
        BOOST_TEST(refused.starts_with("HTTP/1.1 503"), refused);
        BOOST_TEST(refused.find(R"("code":"moved")") != std::string::npos, refused);
    }
    auto const told = readiness(at.port());
    BOOST_TEST(told.starts_with("HTTP/1.1 503"), told);
    BOOST_TEST(told.find("not ready: moved: ") != std::string::npos, told);
    BOOST_TEST(told.find(place.path()) == std::string::npos, told);
    auto const said = await("ledger: moved: ", [&] { return read_file(errors); });
    BOOST_TEST(said.find("no call is accepted") != std::string::npos, said);
    // It makes nothing anew where the ledger was.
    at.end();
    BOOST_TEST(!std::filesystem::exists(db));
    BOOST_TEST(provider.requests().size() == 1U);
    BOOST_TEST(run(place.path(), "verify --db " + db + ".old").status == 0);
}

// Only root may make a small file system.
BOOST_FIXTURE_TEST_CASE(a_disk_that_fills_and_empties_is_told_without_a_restart, stand) {
    std::string const small = place.path() + "/small";
    std::filesystem::create_directory(small);
    if (::geteuid() != 0 || ::mount("tmpfs", small.c_str(), "tmpfs", 0, "size=4m") != 0) {
        BOOST_TEST_MESSAGE("no file system can be mounted here");
        return;
    }
    struct unmounted {
        std::string const& path;
        ~unmounted() { ::umount2(path.c_str(), MNT_DETACH); }
    } const at_the_end{small};
    std::string const db_there = small + "/db";
    set_budget(db_there);
    served at(errors, words(db_there, "exclusive"));
    BOOST_TEST(is_ok(readiness(at.port())));
    {
        std::ofstream ballast(small + "/ballast", std::ios::binary);
        std::string const block(4'096, 'x');
        while (ballast.write(block.data(), 4'096).flush()) {
        }
    }
    // Without a call.
    auto full = await("HTTP/1.1 503", [&] { return readiness(at.port()); });
    BOOST_TEST(full.find("not ready: disk_full: ") != std::string::npos, full);
    // Calls pass as long as there are free pages; then none does, and /readyz stays true.
    auto const refused = await("HTTP/1.1 503", [&] { return call(at.port()); });
    BOOST_TEST(refused.find(R"("code":"disk_full")") != std::string::npos, refused);
    auto const sent = provider.requests().size();
    BOOST_TEST(call(at.port()).starts_with("HTTP/1.1 503"));
    BOOST_TEST(provider.requests().size() == sent);
    full = readiness(at.port());
    BOOST_TEST(full.starts_with("HTTP/1.1 503"), full);
    std::filesystem::remove(small + "/ballast");
    BOOST_TEST(is_ok(await("HTTP/1.1 200", [&] { return readiness(at.port()); })));
    BOOST_TEST(is_ok(call(at.port())));
    BOOST_TEST(at.end() == 0);
    auto const said = read_file(errors);
    BOOST_TEST(said.find("ledger: disk_full: ") != std::string::npos, said);
    BOOST_TEST(run(place.path(), "verify --db " + db_there).status == 0);
}

BOOST_AUTO_TEST_SUITE_END()

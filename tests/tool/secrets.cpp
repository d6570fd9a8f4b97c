// SPDX-License-Identifier: MIT
//
// A gateway that is run as users run it: whatever it is sent and told, no secret is on its disk, in
// its output, its metrics, its dashboard, or what it says itself.
#include "engine/support/temporary_directory.hpp"
#include "support/chaos_provider.hpp"
#include "support/provider_bodies.hpp"
#include "tool/run.hpp"
#include "tool/served.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(secrets)

namespace {

using namespace aiaudit_tests;
using test_support::ask;
using test_support::read_file;
using test_support::request;
using test_support::run;
using test_support::served;
using test_support::write_file;

std::string const upstream_key = "sk-upstream-Hc1v9Qe7uXz3Lr5Tn8Wk";
std::string const dashboard_token = "dashboard-Ym4p2Rb6Ks0Vd7Jf";
std::string const own_key = "sk-own-Zq8w3Ex5Cv1Bn6Mu9Lp";
std::string const query_key = "AIza-query-Tg5h8Yk2Ud4Xs7";
std::string const wrong_token = "not-the-token-Wa3s9Fd1Gh6";

std::string bearer(std::string const& secret) { return "Authorization: Bearer " + secret + "\r\n"; }
std::string question(std::string const& model, bool stream = false) {
    return R"({"model":")" + model + R"(","stream":)" + (stream ? "true" : "false") +
           R"(,"messages":[{"role":"user","content":"Hello"}]})";
}

// A provider that says again whatever key it was sent, wherever it can.
chaos_step repeating(seen_request const& of) {
    std::string key(of.header("Authorization"));
    key = key.substr(key.rfind(' ') + 1);
    std::string all;
    for (auto const& [name, value] : of.headers) all += name + ": " + value + "; ";
    if (of.body.find("fails") != std::string::npos) {
        chaos_step failed = json_step(R"({"error":{"message":")" + all + R"(","type":")" + key +
                                          R"(","code":")" + key + R"("}})",
                                      500);
        failed.headers.emplace_back("x-request-id", key);
        return failed;
    }
    if (of.body.find("drops") != std::string::npos)
        return {.trouble = chaos_trouble::refuse_then_close};
    if (of.body.find("streams") != std::string::npos)
        return stream_step(openai_chat_stream(key, {key, " again"}, body_usage{}));
    if (of.target.find("generateContent") != std::string::npos)
        return json_step(gemini_body("gemini-2.5-flash", "Good day", {}));
    return json_step(openai_chat_body(key.empty() ? "gpt-4.1" : key, all, {}));
}

struct planted {
    std::string gateway_key{};
    std::string spent_key{};
    std::vector<std::string> told{};  // all that the gateway itself said

    // Also of the part that is secret alone.
    [[nodiscard]] std::vector<std::string> secrets() const {
        std::vector<std::string> all{upstream_key, dashboard_token, own_key, query_key,
                                     wrong_token};
        for (std::string const& key : {gateway_key, spent_key}) {
            all.push_back(key);
            all.push_back(key.substr(key.find('.') + 1));
        }
        return all;
    }
};

void check_free_of_secrets(planted const& with, std::string const& name, std::string const& text) {
    for (std::string const& secret : with.secrets())
        BOOST_TEST(text.find(secret) == std::string::npos, name << " has " << secret);
}

// Good, bad, refused and failing requests. What the gateway says itself is kept in `with`; what the
// provider says is its own affair.
std::size_t ask_all(served const& at, planted& with) {
    std::string const chat = "/v1/chat/completions";
    std::string const gemini = "/v1beta/models/gemini-2.5-flash:generateContent";
    auto const own = [&](std::string const& bytes) { with.told.push_back(ask(at.port(), bytes)); };
    std::size_t passed = 0;
    auto const passes = [&](std::string const& bytes) {
        auto const answer = ask(at.port(), bytes);
        passed += answer.starts_with("HTTP/1.1 200") || answer.starts_with("HTTP/1.1 500") ? 1 : 0;
    };
    std::string const known = bearer(with.gateway_key);
    std::string const forged = with.gateway_key.substr(0, with.gateway_key.size() - 1) + "!";
    for (std::string const& key : {known, bearer(own_key), bearer(forged)}) {
        for (char const* const path : {"", "/open", "/down"}) {
            for (char const* const model : {"gpt-4.1", "fails", "drops", "streams"}) {
                passes(request("POST", path + chat, key,
                               question(model, std::string_view(model) == "streams")));
            }
        }
        own(request("POST", chat, key, "{\"model\": "));
        own(request("POST", "/v1/nowhere", key, question("gpt-4.1")));
        own(request("POST", chat, key + "Host: there\r\n", question("gpt-4.1")));
        own(request("POST", chat, key + "x-aiaudit-user: " + std::string(300, 'x') + "\r\n",
                    question("gpt-4.1")));
        own(request("GET", chat, key));
    }
    for (std::string const& key : {with.gateway_key, query_key}) {
        passes(request("POST", gemini + "?key=" + key, "", question("gemini-2.5-flash")));
        own(request("POST", "/v1beta/nowhere?key=" + key, "", question("gemini-2.5-flash")));
        own(request("GET", "/v1beta/nowhere?access_token=" + key, ""));
        own(request("POST", chat + "?key=" + key, "", "["));
    }
    for (int i = 0; i < 2; ++i)
        passes(request("POST", chat, bearer(with.spent_key), question("a")));
    own(request("POST", chat, bearer(with.spent_key), question("gpt-4.1")));
    BOOST_TEST(with.told.back().starts_with("HTTP/1.1 429"), with.told.back());
    own(request("GET", "/metrics", known));
    BOOST_TEST(with.told.back().find("aiaudit_") != std::string::npos);
    return passed;
}

void ask_dashboard(served const& at, planted& with) {
    std::string const right = bearer(dashboard_token);
    for (char const* const path : {"session", "summary", "daily", "budgets", "alerts", "recent",
                                   "records", "users", "models", "keys", "nowhere"}) {
        std::string const target = "/api/v1/" + std::string(path);
        with.told.push_back(ask(at.site_port(), request("GET", target, right)));
    }
    // Fewer than shut the door to the address.
    for (char const* const path : {"recent", "records", "events"}) {
        std::string const target = "/api/v1/" + std::string(path);
        with.told.push_back(ask(at.site_port(), request("GET", target, bearer(wrong_token))));
    }
    auto const records = ask(at.site_port(), request("GET", "/api/v1/records", right));
    BOOST_TEST(records.find("gpt-4.1") != std::string::npos, records);
    for (std::string const& token : {dashboard_token, wrong_token}) {
        with.told.push_back(ask(
            at.site_port(),
            request("POST", "/login", "Content-Type: application/json\r\nOrigin: http://here\r\n",
                    R"({"token":")" + token + "\"}")));
    }
    // Those that come while somebody watches.
    boost::asio::io_context io;
    boost::asio::ip::tcp::socket socket(io);
    socket.connect({boost::asio::ip::address_v4::loopback(), at.site_port()});
    boost::asio::write(socket, boost::asio::buffer(request("GET", "/api/v1/events",
                                                           right + "Last-Event-ID: 0\r\n")));
    std::string events;
    boost::asio::read_until(socket, boost::asio::dynamic_buffer(events), "gpt-4.1");
    with.told.push_back(events);
}

struct stand {
    temporary_directory directory{};
    std::string path = directory.path();
    std::string db = path + "/db";
    chaos_provider provider{};
    refusing_port down{};

    std::string create(std::string const& arguments) const {
        auto const ended = run(path, "key create --db " + db + " " + arguments);
        BOOST_REQUIRE_MESSAGE(ended.status == 0, ended.err);
        return ended.out.substr(0, ended.out.size() - 1);
    }
    std::vector<std::string> words(std::string const& keys) const {
        return {"serve",
                "--db",
                db,
                "--listen",
                "127.0.0.1:0",
                "--upstream",
                "openai=" + provider.origin() + "/v1",
                "--upstream",
                "google=" + provider.origin() + "/v1beta",
                "--upstream",
                "open=" + provider.origin() + "/v1",
                "--upstream",
                "down=" + down.origin() + "/v1",
                "--upstream-key",
                "openai=@" + path + "/key",
                "--upstream-key",
                "google=@" + path + "/key",
                "--dashboard",
                "127.0.0.1:0",
                "--dashboard-token",
                "$PLANTED_TOKEN",
                "--keys",
                keys};
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(no_secret_is_kept_or_said_whoever_asks_for_what) {
    for (std::string const keys : {"required", "optional"}) {
        BOOST_TEST_CONTEXT("keys " << keys) {
            stand one;
            one.provider.answer(repeating);
            write_file(one.path + "/key", upstream_key + "\n");
            planted with;
            with.gateway_key = one.create("--id ana --names-users");
            with.spent_key = one.create("--id bob --requests-per-minute 2");
            served at(one.path + "/errors", one.words(keys), {"PLANTED_TOKEN=" + dashboard_token});
            std::size_t const passed = ask_all(at, with);
            ask_dashboard(at, with);
            BOOST_TEST(at.end() == 0);
            // What the provider was sent: its own key, and where it has none, the client's, but
            // never the gateway's.
            bool had_own = false;
            auto const seen = one.provider.requests();
            BOOST_TEST(seen.size() >= passed);
            BOOST_TEST(passed >= 8U);
            for (seen_request const& each : seen) {
                std::string const key(each.header("Authorization"));
                had_own = had_own || key == "Bearer " + own_key;
                for (auto const& [name, value] : each.headers)
                    BOOST_TEST(value.find("aia-") == std::string::npos, name << ": " << value);
                BOOST_TEST(each.target.find("key=") == std::string::npos, each.target);
            }
            BOOST_TEST(had_own == (keys == "optional"));
            for (std::string const& each : with.told)
                check_free_of_secrets(with, each.substr(0, 300), each);
            check_free_of_secrets(with, "standard output", at.said());
            check_free_of_secrets(with, "standard error", read_file(one.path + "/errors"));
            std::size_t files = 0;
            for (auto const& each : std::filesystem::recursive_directory_iterator(one.db)) {
                if (!each.is_regular_file()) continue;
                check_free_of_secrets(with, each.path().string(), read_file(each.path().string()));
                ++files;
            }
            BOOST_TEST(files > 1U);
            for (char const* const command :
                 {"tail -n 1000", "report users", "report models", "key list", "budget list"}) {
                auto const ended = run(one.path, std::string(command) + " --db " + one.db);
                BOOST_TEST(ended.status == 0, command << ": " << ended.err);
                check_free_of_secrets(with, command, ended.out + ended.err);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(neither_a_core_dump_nor_the_environment_that_is_seen_has_a_key) {
    for (bool const allowed : {false, true}) {
        temporary_directory const place;
        std::string const path = place.path();
        chaos_provider provider;
        provider.answer(repeating);
        std::vector<std::string> words{"serve",
                                       "--db",
                                       path + "/db",
                                       "--listen",
                                       "127.0.0.1:0",
                                       "--upstream",
                                       "openai=" + provider.origin() + "/v1",
                                       "--upstream",
                                       "other=" + provider.origin() + "/v1",
                                       "--upstream-key",
                                       "other=$PLANTED_KEY",
                                       "--dashboard",
                                       "127.0.0.1:0",
                                       "--dashboard-token",
                                       "$PLANTED_TOKEN",
                                       "--keys",
                                       "optional"};
        if (allowed) words.emplace_back("--core-dumps");
        served at(path + "/errors", words,
                  {"OPENAI_API_KEY=" + upstream_key, "PLANTED_KEY=" + own_key,
                   "PLANTED_TOKEN=" + dashboard_token, "UNASKED=stays"});
        std::string const process = "/proc/" + std::to_string(at.id());
        // Read without looking at who may: of nobody but root and the process itself.
        std::string const seen = read_file(process + "/environ");
        for (std::string const& secret : {upstream_key, own_key, dashboard_token})
            BOOST_TEST(seen.find(secret) == std::string::npos);
        bool const is_readable = ::geteuid() == 0 || allowed;
        BOOST_TEST((seen.find("UNASKED=stays") != std::string::npos) == is_readable);
        std::string const limits = read_file(process + "/limits");
        auto const line = limits.substr(limits.find("Max core file size"));
        rlimit ours{};
        ::getrlimit(RLIMIT_CORE, &ours);
        bool const none = line.find_first_not_of(' ', 18) == line.find("0 ", 18);
        BOOST_TEST(none == (!allowed || ours.rlim_cur == 0));
        // The keys still work.
        for (char const* const target : {"/v1/chat/completions", "/other/v1/chat/completions"}) {
            auto const told = ask(at.port(), request("POST", target, "", question("gpt-4.1")));
            BOOST_TEST(told.starts_with("HTTP/1.1 200"), told);
        }
        BOOST_TEST(provider.requests().at(0).header("Authorization") == "Bearer " + upstream_key);
        BOOST_TEST(provider.requests().at(1).header("Authorization") == "Bearer " + own_key);
        auto const shown =
            ask(at.site_port(), request("GET", "/api/v1/summary", bearer(dashboard_token)));
        BOOST_TEST(shown.starts_with("HTTP/1.1 200"), shown);
        if (allowed) continue;  // it would leave one here
        int const ended = at.end_by(SIGABRT);
        BOOST_TEST(WTERMSIG(ended) == SIGABRT);
        BOOST_TEST(!WCOREDUMP(ended));
    }
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: MIT
//
// `aiaudit serve` beside what it passes on: it tells alerts, and says what it cannot be started
// with.
#include "engine/support/temporary_directory.hpp"
#include "support/chaos_provider.hpp"
#include "support/provider_bodies.hpp"
#include "tool/run.hpp"
#include "tool/served.hpp"

#include <boost/test/unit_test.hpp>

#include <aiaudit/alerts/signature.hpp>
#include <aiaudit/clock/clock.hpp>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

BOOST_AUTO_TEST_SUITE(serving)

namespace {

using namespace aiaudit_tests;
using test_support::ask;
using test_support::read_file;
using test_support::request;
using test_support::run;
using test_support::served;

constexpr char const* asked =
    R"({"model":"gpt-4.1","messages":[{"role":"user","content":"Hello"}]})";

std::vector<std::string> words(std::string const& db, std::string const& origin) {
    return {"serve",
            "--db",
            db,
            "--listen",
            "127.0.0.1:0",
            "--upstream",
            "openai=" + origin + "/v1",
            "--keys",
            "optional"};
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_budget_that_was_passed_is_told_once_to_a_webhook_and_in_a_line) {
    temporary_directory const place;
    std::string const db = place.path() + "/db";
    std::string const errors = place.path() + "/errors";
    chaos_provider provider;
    provider.answer([](seen_request const& of) {
        return of.target == "/hook" ? json_step("{}")
                                    : json_step(openai_chat_body("gpt-4.1", "Good day", {}));
    });
    BOOST_REQUIRE(run(place.path(), "budget set --db " + db +
                                        " --name all --limit 0.000001 --scope everyone --window "
                                        "total --then warn --alert 50")
                      .status == 0);
    {
        served at(errors, words(db, provider.origin()));
        auto const answer = ask(at.port(), request("POST", "/v1/chat/completions", "", asked));
        BOOST_TEST(answer.starts_with("HTTP/1.1 200"), answer);
        BOOST_TEST(at.end() == 0);
    }
    auto const hooks = [&] {
        std::vector<seen_request> found;
        for (auto const& each : provider.requests())
            if (each.target == "/hook") found.push_back(each);
        return found;
    };
    for (int start = 0; start < 2; ++start) {  // the second has nothing more to tell
        auto with = words(db, provider.origin());
        for (char const* const word :
             {"--alert-webhook", "$HOOK", "--alert-secret", "$HOOK_SECRET"})
            with.emplace_back(word);
        served at(errors, with, {"HOOK=" + provider.origin() + "/hook", "HOOK_SECRET=of-the-test"});
        for (int i = 0; hooks().empty() && i < 1'000; ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        BOOST_TEST(at.end() == 0);
    }
    auto const told = hooks();
    BOOST_REQUIRE(told.size() == 1U);
    BOOST_TEST(told[0].body.find("budget_threshold") != std::string::npos, told[0].body);
    auto const holds = aiaudit::verify_webhook(told[0].headers, told[0].body, "of-the-test",
                                               aiaudit::system_clock{}.now());
    BOOST_TEST(holds.has_value());
    auto const said = read_file(errors);
    BOOST_TEST(said.find("budget_threshold") != std::string::npos, said);
    BOOST_TEST(said.find("/hook") == std::string::npos, said);
}

BOOST_AUTO_TEST_CASE(what_is_held_for_input_is_learned_where_that_is_asked_for) {
    for (bool const learns : {false, true}) {
        temporary_directory const place;
        std::string const db = place.path() + "/db";
        chaos_provider provider;
        provider.answer([](seen_request const&) {
            return json_step(openai_chat_body("gpt-4.1", "Good day", {20, 3}));
        });
        BOOST_REQUIRE(
            run(place.path(), "budget set --db " + db + " --name all --limit 50 --window total")
                .status == 0);
        auto with = words(db, provider.origin());
        if (learns) with.insert(with.end(), {"--input-estimate", "learned"});
        {
            served at(place.path() + "/errors", with);
            for (int i = 0; i < 9; ++i)
                BOOST_TEST(ask(at.port(), request("POST", "/v1/chat/completions", "", asked))
                               .starts_with("HTTP/1.1 200"));
            BOOST_TEST(at.end() == 0);
        }
        auto const log = run(place.path(), "tail --db " + db + " -n 18 --format jsonl").out;
        std::vector<std::string> held;  // of each intent, its cost
        for (std::size_t at = 0; (at = log.find(R"("kind":"intent")", at)) != std::string::npos;
             ++at) {
            auto const line = log.substr(at, log.find('\n', at) - at);
            auto const cost = line.find(R"("cost_usd":)");
            BOOST_REQUIRE(cost != std::string::npos);
            held.push_back(line.substr(cost, line.find(',', cost) - cost));
        }
        BOOST_REQUIRE(held.size() == 9U);
        BOOST_TEST((held.front() == held.at(7)));
        BOOST_TEST((held.back() != held.front()) == learns);
    }
}

BOOST_AUTO_TEST_CASE(a_key_of_a_vault_comes_from_a_command_and_is_shown_nowhere) {
    temporary_directory const place;
    std::string const db = place.path() + "/db";
    std::string const errors = place.path() + "/errors";
    chaos_provider provider;
    provider.answer(
        [](seen_request const&) { return json_step(openai_chat_body("gpt-4.1", "Good day", {})); });
    auto with = words(db, provider.origin());
    with.emplace_back("--upstream-key");
    with.emplace_back("openai=!printf 'sk-of-%s\n' the-vault");
    {
        served at(errors, with, {"PATH=/usr/bin:/bin"});
        BOOST_TEST(ask(at.port(), request("POST", "/v1/chat/completions", "", asked))
                       .starts_with("HTTP/1.1 200"));
        BOOST_TEST(at.end() == 0);
        BOOST_TEST(at.said().find("sk-of") == std::string::npos);
    }
    BOOST_REQUIRE(provider.requests().size() == 1U);
    BOOST_TEST(provider.requests()[0].header("Authorization") == "Bearer sk-of-the-vault");
    BOOST_TEST(read_file(errors).find("sk-of") == std::string::npos);
    struct {
        char const* command;
        char const* words;
    } const cases[] = {
        {"'openai=!printf sk-open; exit 3'", "--upstream-key: the command failed with status 3"},
        {"'openai=!true'", "--upstream-key: the command printed nothing"},
        {"'openai=!yes sk-open'", "--upstream-key: the command prints over 64 KiB"},
    };
    for (auto const& each : cases) {
        auto const ended =
            run(place.path(), "serve --db " + db + " --upstream openai --upstream-key " +
                                  std::string(each.command));
        BOOST_TEST_CONTEXT(each.command << ": " << ended.err) {
            BOOST_TEST(ended.status == 2);
            BOOST_TEST(ended.err.find(each.words) != std::string::npos);
            BOOST_TEST(ended.err.find("sk-open") == std::string::npos);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_file_of_keys_that_breaks_shuts_out_nobody_and_its_use_is_listed) {
    temporary_directory const place;
    std::string const db = place.path() + "/db";
    std::string const errors = place.path() + "/errors";
    chaos_provider provider;
    provider.answer(
        [](seen_request const&) { return json_step(openai_chat_body("gpt-4.1", "Good day", {})); });
    std::string secret = run(place.path(), "key create --db " + db + " --id ana").out;
    secret.pop_back();
    auto with = words(db, provider.origin());
    with.back() = "required";
    served at(errors, with);
    auto const asks = [&] {
        return ask(at.port(), request("POST", "/v1/chat/completions",
                                      "Authorization: Bearer " + secret + "\r\n", asked));
    };
    auto const readiness = [&] { return ask(at.port(), request("GET", "/readyz", "")); };
    BOOST_TEST(asks().starts_with("HTTP/1.1 200"));
    BOOST_TEST(readiness().starts_with("HTTP/1.1 200"));
    std::string const file = db + "/gateway-keys.json";
    std::string const good = read_file(file);
    test_support::write_file(file, good.substr(0, good.size() / 2));
    std::string told;
    for (int i = 0; i < 500 && !told.starts_with("HTTP/1.1 503"); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        told = readiness();
    }
    BOOST_TEST(told.starts_with("HTTP/1.1 503"), told);
    BOOST_TEST(told.find("gateway-keys.json: is no JSON") != std::string::npos, told);
    BOOST_TEST(told.find(place.path()) == std::string::npos, told);
    BOOST_TEST(asks().starts_with("HTTP/1.1 200"));
    test_support::write_file(file, good);
    for (int i = 0; i < 500 && !told.starts_with("HTTP/1.1 200"); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        told = readiness();
    }
    BOOST_TEST(told.starts_with("HTTP/1.1 200"), told);
    BOOST_TEST(at.end() == 0);
    auto const listed = run(place.path(), "key list --db " + db + " --format json").out;
    BOOST_TEST(listed.find("\"last_used\":\"20") != std::string::npos, listed);
}

BOOST_AUTO_TEST_CASE(what_it_cannot_be_started_with_is_said_in_one_line) {
    struct {
        char const* options;
        char const* words;
    } const cases[] = {
        {"--upstream openai --listen 127.0.0.1", "--listen: '127.0.0.1' is no ADDRESS:PORT"},
        {"--upstream openai --listen localhost:0", "'localhost' is no numeric address"},
        {"--upstream nobody", "--upstream"},
        {"--upstream openai --upstream-key openai=sk-open", "$VARIABLE or @FILE"},
        {"--upstream openai --route other=gpt-4.1", "--route: no --upstream is named 'other'"},
        {"--upstream openai --fallback openai=none", "none"},
        {"--upstream openai --when-left openai=maybe", "NAME=stops nor NAME=bills"},
        {"--upstream openai --when-left other=stops", "no --upstream is named 'other'"},
        {"--upstream openai --input-estimate much", "--input-estimate"},
        {"--upstream openai --dashboard 127.0.0.1:0", "--dashboard needs --dashboard-token"},
        {"--upstream openai --alert-webhook https://example.com/", "$VARIABLE or @FILE"},
        {"--upstream openai --alert-secret @/dev/null", "--alert-secret needs --alert-webhook"},
        {"--upstream openai --alert-tz Nowhere/City", "--alert-tz"},
    };
    temporary_directory const place;
    for (auto const& each : cases) {
        BOOST_TEST_CONTEXT(each.options) {
            auto const ended =
                run(place.path(), "serve --db " + place.path() + "/db " + each.options);
            BOOST_TEST(ended.status == 2);
            BOOST_TEST(ended.out.empty(), ended.out);
            BOOST_TEST(ended.err.find(each.words) != std::string::npos, ended.err);
            BOOST_TEST(ended.err.find("sk-open") == std::string::npos, ended.err);
            BOOST_TEST(ended.err.find('\n') == ended.err.size() - 1, ended.err);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

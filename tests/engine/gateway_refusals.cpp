// SPDX-License-Identifier: MIT
//
// What a gateway must not take: requests that two servers could read in two ways, too large or too
// slow ones, and those of who may not ask. Nothing of them reaches the provider.

#include "engine/support/temporary_directory.hpp"
#include "support/gateway_stand.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <aiaudit/gateway/key_file.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(gateway_refusals)

namespace {

using namespace aiaudit_tests;
using namespace std::string_literals;
using stand = gateway_stand;

constexpr char const* anthropic_path = "/v1/messages";
constexpr char const* gemini_path = "/v1beta/models/gemini-2.5-flash:generateContent";

struct odd_request {
    std::string name;
    std::string head;  // behind the request line and Host, up to the blank line
    std::string body;
};

// Behind the blank line stands what a careless server would take for a request of its own.
std::string smuggled(odd_request const& of) {
    return "POST "s + chat_path + " HTTP/1.1\r\nHost: here\r\n" + of.head + "\r\n" + of.body +
           stand::post(gateway_question);
}
std::size_t answers_in(std::string_view text) {
    std::size_t count = 0;
    for (auto at = text.find("HTTP/1.1 "); at != text.npos; at = text.find("HTTP/1.1 ", at + 1))
        ++count;
    return count;
}
std::string sized(std::string const& length) { return "Content-Length: " + length + "\r\n"; }
std::string coded(std::string const& coding) { return "Transfer-Encoding: " + coding + "\r\n"; }
std::string const chunks = "5\r\n{   }\r\n0\r\n\r\n";

// The shape in which an API tells its errors.
bool is_told_as(api_family family, std::string const& answer) {
    auto const body = boost::json::parse(body_of(answer));
    auto const& error = body.at("error").as_object();
    switch (family) {
    case api_family::openai:
        return error.at("message").is_string() && error.at("type").is_string() &&
               error.contains("param") && error.at("code").is_string();
    case api_family::anthropic:
        return body.at("type") == "error" && error.at("message").is_string() &&
               error.at("type").is_string();
    case api_family::gemini:
        return error.at("code").is_int64() && error.at("code").as_int64() == status_of(answer) &&
               error.at("message").is_string() && error.at("status").is_string();
    }
    return false;
}

struct asked {
    api_family family;
    std::string path;
    std::string model;
    std::string key_header;
    std::string key_prefix;
    [[nodiscard]] std::string body() const {
        return R"({"model":")" + model + R"(","messages":[]})";
    }
    [[nodiscard]] std::string with(std::string const& secret) const {
        return key_header + ": " + key_prefix + secret + "\r\n";
    }
};
std::vector<asked> const each_api{
    {api_family::openai, chat_path, "gpt-4.1", "Authorization", "Bearer "},
    {api_family::anthropic, anthropic_path, "claude-sonnet-4-5", "x-api-key", ""},
    {api_family::gemini, gemini_path, "gemini-2.5-flash", "x-goog-api-key", ""},
};

void serve_each_api(gateway_options& options) {
    auto const& first = options.upstreams[0];
    std::string const origin = first.entry.origin;
    options.upstreams.push_back(first);
    options.upstreams[1].name = "anthropic";
    options.upstreams[1].entry = provider_named("anthropic").value();
    options.upstreams[1].entry.origin = origin;
    options.upstreams.push_back(options.upstreams[0]);
    options.upstreams[2].name = "google";
    options.upstreams[2].entry = provider_named("google").value();
    options.upstreams[2].entry.origin = origin;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_body_that_can_be_read_in_two_ways_is_refused_with_the_member_and_its_place) {
    stand one([](gateway_options& options) { serve_each_api(options); });
    for (asked const& each : each_api) {
        BOOST_TEST_CONTEXT(each.path) {
            for (std::string const& body :
                 {R"({"model":")" + each.model + R"(","model":"other","messages":[]})",
                  R"({"model":")" + each.model + R"(","messages":[],"stream":1})",
                  R"({"model":")" + each.model + R"(","messages":[],"Tools":[]})"}) {
                auto const answer = one.exchange(stand::post(body, "", each.path));
                BOOST_TEST(status_of(answer) == 400);
                BOOST_TEST(is_told_as(each.family, answer));
                BOOST_TEST(has(answer, "(line 1, column "));
                BOOST_TEST(has(answer, "bad_member"));
            }
        }
    }
    auto const answer = one.exchange(stand::post(R"({"model":"gpt-4.1","messages":[],"n":"5"})"));
    BOOST_TEST((boost::json::parse(body_of(answer)).at("error").at("param") == "n"));
    BOOST_TEST(one.provider.requests().empty());
}

BOOST_AUTO_TEST_CASE(a_request_that_can_be_read_in_two_ways_is_refused_and_so_is_what_follows) {
    std::string const length = std::to_string(gateway_question.size());
    odd_request const cases[] = {
        {"a length, then chunks", sized("5") + coded("chunked"), chunks},
        {"chunks, then a length", coded("chunked") + sized("5"), chunks},
        {"two lengths", sized("2") + sized("5"), "{}   "},
        {"two lengths in one", sized("2, 5"), "{}   "},
        {"two codings", coded("chunked") + coded("chunked"), chunks},
        {"two codings, the second unknown", coded("chunked") + coded("x"), chunks},
        {"two codings, the first unknown", coded("x") + coded("chunked"), chunks},
        {"a coding that is not known", coded("xchunked"), chunks},
        {"chunks of chunks", coded("chunked, chunked"), chunks},
        {"chunks, then identity", coded("chunked, identity"), chunks},
        {"gzip", coded("gzip"), chunks},
        {"gzip in chunks", coded("gzip, chunked"), chunks},
        {"identity", coded("identity"), chunks},
        {"identity with a length", coded("identity") + sized("2"), "{}"},
        {"an unknown coding with a length", sized("2") + coded("x"), "{}"},
        {"no coding", coded(""), chunks},
        {"a coding in quotes", coded("\"chunked\""), chunks},
        {"a coding with a parameter", coded("chunked;q=1"), chunks},
        {"a coding behind a vertical tab", coded("\vchunked"), chunks},
        {"a coding with a NUL", coded("chunked\0"s), chunks},
        {"a folded coding", "Transfer-Encoding:\r\n chunked\r\n", chunks},
        {"a folded length", "Content-Length:\r\n 2\r\n", "{}"},
        {"a folded header", "X-One: a\r\n b\r\n" + sized("2"), "{}"},
        {"a first line that is folded", " X-One: a\r\n" + sized("2"), "{}"},
        {"a bare LF behind a header", "X-One: a\n" + sized("2"), "{}"},
        {"a bare LF in a header", "X-One: a\nTransfer-Encoding: chunked\r\n" + sized("2"), "{}"},
        {"a bare CR in a header", "X-One: a\rTransfer-Encoding: chunked\r\n" + sized("2"), "{}"},
        {"a space before the colon", "Content-Length : 2\r\n", "{}"},
        {"a space before the coding's colon", "Transfer-Encoding : chunked\r\n", chunks},
        {"a tab before the colon", "Content-Length\t: 2\r\n", "{}"},
        {"a NUL in a value", "X-One: a\0b\r\n"s + sized("2"), "{}"},
        {"a NUL in a name", "X-\0One: a\r\n"s + sized("2"), "{}"},
        {"a line without a colon", "X-One\r\n" + sized("2"), "{}"},
        {"a name that is empty", ": a\r\n" + sized("2"), "{}"},
        {"a length with a plus", sized("+2"), "{}"},
        {"a length with a minus", sized("-2"), "{}"},
        {"a length with a space in it", sized("2 2"), "{}"},
        {"a length in hexadecimal", sized("0x2"), "{}"},
        {"a length with a fraction", sized("2.0"), "{}"},
        {"a length without digits", sized(""), "{}"},
        {"a length past 64 bits", sized("18446744073709551618"), "{}"},
        {"a length that is a list with nothing in it", sized("2,"), "{}"},
        {"a CR in an extension", coded("chunked"), "2;a=\rb\r\n{}\r\n0\r\n\r\n"},
        {"an LF in an extension", coded("chunked"), "2;a=\nb\r\n{}\r\n0\r\n\r\n"},
        {"a chunk's size that ends by LF", coded("chunked"), "2\n{}\r\n0\r\n\r\n"},
        {"a chunk that ends by LF", coded("chunked"), "2\r\n{}\n0\r\n\r\n"},
        {"a chunk that is longer than it says", coded("chunked"), "2\r\n{   }\r\n0\r\n\r\n"},
        {"a chunk's size with 0x", coded("chunked"), "0x2\r\n{}\r\n0\r\n\r\n"},
        {"a chunk's size with a plus", coded("chunked"), "+2\r\n{}\r\n0\r\n\r\n"},
        {"a chunk's size with a minus", coded("chunked"), "-2\r\n{}\r\n0\r\n\r\n"},
        {"a chunk's size behind a space", coded("chunked"), " 2\r\n{}\r\n0\r\n\r\n"},
        {"a chunk without a size", coded("chunked"), "\r\n{}\r\n0\r\n\r\n"},
        {"a chunk's size past 64 bits", coded("chunked"), "10000000000000002\r\n{}\r\n0\r\n\r\n"},
        {"a trailer that is none", coded("chunked"), "2\r\n{}\r\n0\r\nX One\r\n\r\n"},
        {"two hosts", "Host: there\r\n" + sized("2"), "{}"},
    };
    stand one([](gateway_options& options) {
        options.limits.head_time = options.limits.body_time = std::chrono::seconds(5);
    });
    for (odd_request const& each : cases) {
        auto const answer = one.exchange(smuggled(each));
        BOOST_TEST(status_of(answer) == 400, each.name << ": " << answer);
        BOOST_TEST(answers_in(answer) == 1U, each.name << ": " << answer);
        BOOST_TEST(one.provider.requests().empty(), each.name);
    }
    BOOST_TEST(one.outcomes().empty());
}

BOOST_AUTO_TEST_CASE(a_first_line_that_is_no_http_1_is_refused) {
    std::string const rest =
        "\r\nHost: here\r\nContent-Length: 2\r\n\r\n{}" + stand::post(gateway_question);
    std::string const path = chat_path;
    std::string const cases[] = {
        "POST " + path,
        "POST " + path + " HTTP/0.9",
        "POST " + path + " HTTP/1.2",
        "POST " + path + " HTTP/2.0",
        "POST " + path + " HTTP/11",
        "POST " + path + " http/1.1",
        "POST " + path + " HTTP/1.1 ",
        "POST  " + path + " HTTP/1.1",
        "POST\t" + path + " HTTP/1.1",
        "POST " + path + "\0 HTTP/1.1"s,
        "POST " + path + " a HTTP/1.1",
        "PO(ST " + path + " HTTP/1.1",
        " HTTP/1.1",
        "POST " + path + " HTTP/1.1\n",
        "\x16\x03\x01\x02\x01\xFC\x03\x03",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n",
    };
    stand one;
    for (std::string const& each : cases) {
        auto const answer = one.exchange(each + rest);
        BOOST_TEST(status_of(answer) == 400, each << ": " << answer);
        BOOST_TEST(answers_in(answer) == 1U, each << ": " << answer);
        BOOST_TEST(one.provider.requests().empty(), each);
    }
    BOOST_TEST(one.outcomes().empty());
}

BOOST_AUTO_TEST_CASE(an_old_request_has_a_length_or_no_body_and_needs_no_host) {
    stand one;
    one.provider.script(chat_path, {json_step(openai_chat_body("gpt-4.1", "Good day", {}))});
    std::string const first = "POST "s + chat_path + " HTTP/1.0\r\n";
    auto const chunked = one.exchange(first + coded("chunked") + "\r\n" + chunks);
    BOOST_TEST(status_of(chunked) == 400, chunked);
    BOOST_TEST(one.provider.requests().empty());
    auto const good = one.exchange(first + sized(std::to_string(gateway_question.size())) + "\r\n" +
                                   gateway_question);
    BOOST_TEST(status_of(good) == 200, good);
    BOOST_TEST(one.provider.requests().size() == 1U);
    auto const nameless = one.exchange("POST "s + chat_path + " HTTP/1.1\r\n" + sized("2") +
                                       "Connection: close\r\n\r\n{}");
    BOOST_TEST(status_of(nameless) == 400, nameless);
}

BOOST_AUTO_TEST_CASE(what_is_unusual_and_has_one_meaning_passes) {
    stand one;
    std::string const said = openai_chat_body("gpt-4.1", "Good day", {});
    one.provider.script(chat_path, {json_step(said)});
    std::string const length = std::to_string(gateway_question.size());
    std::string const size = chunk_of(gateway_question);
    odd_request const cases[] = {
        {"no space behind the colon", "Content-Length:" + length + "\r\n", gateway_question},
        {"white space around a length", "Content-Length: \t" + length + " \t\r\n",
         gateway_question},
        {"a coding in other letters", coded("Chunked"), size + "0\r\n\r\n"},
        {"an extension", coded("chunked"), size + "0;a=b\r\n\r\n"},
        {"a trailer", coded("chunked"), size + "0\r\nX-Planted: a\r\nx-aiaudit-user: eve\r\n\r\n"},
        {"bytes past ASCII in a value", "X-One: \xC3\xA9\r\n" + sized(length), gateway_question},
        {"a value that is empty", "X-One:\r\n" + sized(length), gateway_question},
    };
    for (odd_request const& each : cases) {
        auto const answer =
            one.exchange("POST "s + chat_path + " HTTP/1.1\r\nHost: here\r\nConnection: close\r\n" +
                         each.head + "\r\n" + each.body);
        BOOST_TEST(status_of(answer) == 200, each.name << ": " << answer);
        BOOST_TEST(body_of(answer) == said, each.name);
    }
    auto const seen = one.provider.requests();
    BOOST_REQUIRE(seen.size() == std::size(cases));
    for (auto const& each : seen) {
        BOOST_TEST(each.body == gateway_question);
        // It goes on with a length of our own, whatever it came with.
        BOOST_TEST(each.header("Content-Length") == length);
        BOOST_TEST(each.header("Transfer-Encoding").empty());
        // A trailer is no header: who stands before us has not seen it.
        BOOST_TEST(each.header("X-Planted").empty());
    }
    for (record const& each : one.outcomes()) BOOST_TEST(each.user.empty());
}

BOOST_AUTO_TEST_CASE(what_is_too_large_is_refused_by_its_size_however_it_is_told) {
    stand one([](gateway_options& options) {
        options.limits.head_bytes_max = 2'000;
        options.limits.body_bytes_max = 1'000;
    });
    std::string many;
    for (int i = 0; i < 1'000; ++i) many += "a:\r\n";
    std::string const first = "POST "s + chat_path + " HTTP/1.1\r\nHost: here\r\n";
    struct {
        std::string name;
        std::string bytes;
        int status;
    } const cases[] = {
        {"a long header", first + "X-One: " + std::string(3'000, 'x') + "\r\n\r\n", 431},
        {"many headers", first + many + "\r\n", 431},
        {"a long name", first + std::string(3'000, 'x') + ": a\r\n\r\n", 431},
        {"a long target", "POST /" + std::string(3'000, 'x') + " HTTP/1.1\r\n\r\n", 431},
        {"a head without end", first + many, 431},
        {"a length", first + sized("1001") + "\r\n", 413},
        {"an absurd length", first + sized("18446744073709551615") + "\r\n", 413},
        {"a body", first + sized("1001") + "\r\n" + std::string(1'001, ' '), 413},
        {"one chunk", first + coded("chunked") + "\r\n" + chunk_of(std::string(1'001, ' ')), 413},
        {"a chunk's size", first + coded("chunked") + "\r\nFFFFFFFFFFFFFFF0\r\n", 413},
        {"chunks",
         first + coded("chunked") + "\r\n" + chunk_of(std::string(600, ' ')) +
             chunk_of(std::string(600, ' ')) + "0\r\n\r\n",
         413},
    };
    for (auto const& each : cases) {
        auto const answer = one.exchange(each.bytes);
        BOOST_TEST(status_of(answer) == each.status, each.name << ": " << answer);
        BOOST_TEST(answers_in(answer) == 1U, each.name);
        BOOST_TEST(has(answer, "Connection: close"), each.name);
    }
    BOOST_TEST(one.provider.requests().empty());
}

BOOST_AUTO_TEST_CASE(what_chunks_have_beside_their_data_has_a_limit_of_its_own) {
    constexpr std::size_t most = 2'000;
    stand one([](gateway_options& options) { options.limits.framing_bytes_max = most; });
    one.provider.script(chat_path, {json_step(openai_chat_body("gpt-4.1", "Good day", {}))});
    auto const of_bytes = [](std::string const& between) {
        std::string body;
        for (char const each : gateway_question) body += "1" + between + "\r\n" + each + "\r\n";
        return body;
    };
    std::string const whole = chunk_of(gateway_question);
    auto const extended = [&](std::size_t bytes) {
        return std::string(whole).insert(whole.find('\r'), ";a=" + std::string(bytes, 'x')) +
               "0\r\n\r\n";
    };
    auto const trailed = [&](std::size_t lines) {
        std::string body = whole + "0\r\n";
        for (std::size_t i = 0; i < lines; ++i) body += "X-One: 12\r\n";
        return body + "\r\n";
    };
    struct {
        char const* name;
        std::string body;
        int status;
    } const cases[] = {
        {"a chunk a byte", of_bytes("") + "0\r\n\r\n", 200},
        {"an extension that fits", extended(1'900), 200},
        {"one that does not", extended(2'100), 431},
        {"one without end", whole.substr(0, whole.find('\r')) + ";a=" + std::string(1 << 20, 'x'),
         431},
        {"extensions of many chunks", of_bytes(";a=" + std::string(100, 'x')) + "0\r\n\r\n", 431},
        {"an extension of the last chunk", whole + "0;a=" + std::string(2'100, 'x') + "\r\n\r\n",
         431},
        {"zeros before sizes", whole + std::string(2'100, '0') + "\r\n\r\n", 431},
        {"trailers that fit", trailed(170), 200},
        {"trailers that do not", trailed(190), 431},
        {"trailers without end", trailed(100'000), 431},
    };
    for (auto const& each : cases) {
        auto const answer =
            one.exchange("POST "s + chat_path + " HTTP/1.1\r\nHost: here\r\nConnection: close\r\n" +
                         coded("chunked") + "\r\n" + each.body);
        BOOST_TEST(status_of(answer) == each.status, each.name << ": " << answer);
        BOOST_TEST(answers_in(answer) == 1U, each.name);
    }
    BOOST_TEST(one.provider.requests().size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_method_or_a_path_without_a_route_is_404_in_the_words_of_its_api) {
    stand one(serve_each_api);
    struct {
        std::string method;
        std::string path;
        api_family family;
    } const cases[] = {
        {"GET", chat_path, api_family::openai},
        {"PUT", chat_path, api_family::openai},
        {"PATCH", chat_path, api_family::openai},
        {"DELETE", chat_path, api_family::openai},
        {"OPTIONS", chat_path, api_family::openai},
        {"TRACE", chat_path, api_family::openai},
        {"post", chat_path, api_family::openai},
        {"INVENTED", chat_path, api_family::openai},
        {"GET", anthropic_path, api_family::anthropic},
        {"GET", gemini_path, api_family::gemini},
        {"POST", "/", api_family::openai},
        {"POST", "/v1", api_family::openai},
        {"POST", "/v1/files", api_family::openai},
        {"POST", "/v1/messages/batches", api_family::anthropic},
        {"POST", "/v1beta/models/gemini-2.5-flash:unknown", api_family::gemini},
        {"POST", "/v1//chat/completions", api_family::openai},
        {"POST", "/v1/%2e%2e/v1/chat/completions", api_family::openai},
        {"POST", "/v1/chat/completions%0d%0aX-One:%20a", api_family::openai},
        {"POST", "http://elsewhere/v1/chat/completions", api_family::openai},
        {"POST", "elsewhere:443", api_family::openai},
        {"POST", "*", api_family::openai},
    };
    for (auto const& each : cases) {
        auto const answer = one.exchange(
            each.method + " " + each.path + " HTTP/1.1\r\nHost: here\r\nConnection: close\r\n" +
            sized(std::to_string(gateway_question.size())) + "\r\n" + gateway_question);
        BOOST_TEST_CONTEXT(each.method << ' ' << each.path << ": " << answer) {
            BOOST_TEST(status_of(answer) == 404);
            BOOST_TEST(is_told_as(each.family, answer));
        }
    }
    auto const head =
        one.exchange("HEAD "s + chat_path + " HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
    BOOST_TEST(status_of(head) == 404);
    BOOST_TEST(body_of(head).empty());
    BOOST_TEST(one.provider.requests().empty());
    BOOST_TEST(one.outcomes().empty());
}

BOOST_AUTO_TEST_CASE(a_line_break_in_a_name_makes_no_header_anywhere) {
    stand one;
    one.provider.script(chat_path, {json_step(openai_chat_body("gpt-4.1", "Good day", {}))});
    std::string const broken = R"(ana\r\nX-Planted: yes\r\n\r\n{})";
    std::string body = gateway_question;
    body.insert(body.size() - 1, R"(,"user":")" + broken + '"');
    auto const by_user = one.exchange(stand::post(body));
    auto const by_header =
        one.exchange(stand::post(gateway_question,
                                 "x-aiaudit-user: ana%0d%0aX-Planted: yes\r\n"
                                 "x-aiaudit-tag-one: a%0d%0aX-Planted: yes\r\n"));
    std::string model = gateway_question;
    model.replace(model.find("gpt-4.1"), 7, broken);
    auto const by_model = one.exchange(stand::post(model));
    auto const by_tag = one.exchange(stand::post(gateway_question, "x-aiaudit-tag-a b: c\r\n"));
    BOOST_TEST(status_of(by_tag) == 400);
    for (auto const& answer : {by_user, by_header, by_model}) {
        BOOST_TEST(answers_in(answer) == 1U, answer);
        BOOST_TEST(!has(answer, "\r\nX-Planted"), answer);
    }
    for (auto const& seen : one.provider.requests()) BOOST_TEST(seen.header("X-Planted").empty());
    // A label that holds a line break ends no line.
    BOOST_TEST(!has(one.at.metrics().text(), "\nX-Planted"));
    BOOST_TEST(!has(one.at.metrics().text(), "\r"));
}

BOOST_AUTO_TEST_CASE(who_may_not_ask_is_told_so_in_the_words_of_his_api) {
    temporary_directory const directory;
    std::string const path = directory / "keys.json";
    key_file const file(path);
    auto const now = timestamp::from_seconds(1'800'000'000);
    auto const issue = [&](gateway_key wish) {
        auto issued = issue_key(std::move(wish), now).value();
        file.add(issued.kept).value();
        return issued.secret;
    };
    std::string const narrow = issue({.id = "narrow", .models = {"another-*"}});
    std::string const revoked = issue({.id = "revoked"});
    std::string const open = issue({.id = "open"});
    file.revoke("revoked", now).value();
    stand one([&](gateway_options& options) {
        serve_each_api(options);
        options.key_file = path;
        options.keys_required = true;
    });
    std::string forged = open;
    forged.back() = forged.back() == 'A' ? 'B' : 'A';
    std::string const cut = open.substr(0, open.size() - 1);
    std::string const of_another = "aia-narrow" + open.substr(open.find('.'));
    for (asked const& each : each_api) {
        struct {
            std::string name;
            std::string headers;
            int status;
            std::string code;
        } const cases[] = {
            {"none", "", 401, "missing_api_key"},
            {"empty", each.with(""), 401, "missing_api_key"},
            {"a provider's", each.with("sk-something"), 401, "invalid_api_key"},
            {"forged", each.with(forged), 401, "invalid_api_key"},
            {"cut", each.with(cut), 401, "invalid_api_key"},
            {"longer", each.with(open + "A"), 401, "invalid_api_key"},
            {"another's id", each.with(of_another), 401, "invalid_api_key"},
            {"revoked", each.with(revoked), 401, "invalid_api_key"},
            {"of no such id", each.with("aia-nobody" + open.substr(8)), 401, "invalid_api_key"},
            {"a password", "Authorization: Basic " + open + "\r\n", 401, "missing_api_key"},
            {"for other models", each.with(narrow), 403, "model_not_allowed"},
        };
        for (auto const& one_of : cases) {
            auto const answer = one.exchange(stand::post(each.body(), one_of.headers, each.path));
            BOOST_TEST_CONTEXT(each.path << ", " << one_of.name << ": " << answer) {
                BOOST_TEST(status_of(answer) == one_of.status);
                BOOST_TEST(is_told_as(each.family, answer));
                BOOST_TEST(has(answer, one_of.code));
                for (std::string const& secret : {forged, open, revoked, narrow})
                    BOOST_TEST(!has(answer, secret.substr(secret.find('.'))));
            }
        }
        // The wrong key is told before anything of the path or the body is.
        auto const nowhere = one.exchange(stand::post("{", each.with(forged), "/v1/nowhere"));
        BOOST_TEST(status_of(nowhere) == 401);
    }
    BOOST_TEST(one.provider.requests().empty());
    // In a query where the API has it there, and it goes no further.
    one.provider.script(gemini_path, {json_step(gemini_body("gemini-2.5-flash", "Good day", {}))});
    auto const by_query = one.exchange(
        stand::post(each_api[2].body(), "", gemini_path + "?key="s + open + "&alt=json"));
    BOOST_TEST(status_of(by_query) == 200, by_query);
    BOOST_REQUIRE(one.provider.requests().size() == 1U);
    BOOST_TEST(one.provider.requests()[0].target == gemini_path + "?alt=json"s);
    BOOST_TEST(one.outcomes().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_stranger_is_told_so_before_a_byte_of_his_body_is_read) {
    temporary_directory const directory;
    std::string const path = directory / "keys.json";
    auto issued = issue_key({.id = "open"}, timestamp::from_seconds(1'800'000'000)).value();
    key_file(path).add(issued.kept).value();
    stand one([&](gateway_options& options) {
        serve_each_api(options);
        options.key_file = path;
        options.keys_required = true;
    });
    for (asked const& each : each_api) {
        for (std::string const& framing : {sized("30000000"), coded("chunked")}) {
            for (std::string const& key : {""s, each.with("aia-nobody." + std::string(43, 'x'))}) {
                // He waits for an answer, and sends nothing of his body.
                auto const answer =
                    one.exchange("POST " + each.path + " HTTP/1.1\r\nHost: here\r\n" + key +
                                 framing + "Expect: 100-continue\r\n\r\n");
                BOOST_TEST_CONTEXT(each.path << ' ' << framing << ": " << answer) {
                    BOOST_TEST(status_of(answer) == 401);
                    BOOST_TEST(is_told_as(each.family, answer));
                    BOOST_TEST(has(answer, "Connection: close"));
                }
            }
        }
    }
    auto const of_ours =
        one.exchange("POST /healthz HTTP/1.1\r\nHost: here\r\n" + sized("30000000") + "\r\n");
    BOOST_TEST(status_of(of_ours) == 413, of_ours);
    // Who sends all of it all the same comes to read why it was for nothing.
    auto const eager = one.exchange(stand::post(std::string(20'000'000, ' ')));
    BOOST_TEST(status_of(eager) == 401);
    BOOST_TEST(has(one.at.metrics().text(), "unauthorised"));
    BOOST_TEST(one.provider.requests().empty());
    one.provider.script(chat_path, {json_step(openai_chat_body("gpt-4.1", "Good day", {}))});
    auto const good = one.exchange(
        stand::post(gateway_question, "Authorization: Bearer " + issued.secret + "\r\n"));
    BOOST_TEST(status_of(good) == 200, good);
}

BOOST_AUTO_TEST_CASE(all_bodies_together_have_a_bound_and_its_room_comes_back) {
    stand one([](gateway_options& options) {
        options.limits.body_bytes_max = options.limits.bodies_bytes_max = 200'000;
    });
    one.provider.script(chat_path, {json_step(openai_chat_body("gpt-4.1", "Good day", {}))});
    std::string long_question = gateway_question;
    long_question.insert(long_question.size() - 1, std::string(180'000, ' '));
    std::string const whole = stand::post(long_question);
    BOOST_TEST(status_of(one.exchange(whole)) == 200);
    auto slow = one.connect();
    boost::asio::write(slow, boost::asio::buffer(whole.data(), 150'000));
    // By then each thread has taken what has come.
    for (int i = 0; i < 20; ++i)
        BOOST_TEST(status_of(one.exchange(stand::post(gateway_question))) == 200);
    std::string const refused = one.exchange(whole);
    BOOST_TEST(status_of(refused) == 503, refused);
    BOOST_TEST(is_told_as(api_family::openai, refused));
    BOOST_TEST(has(refused, "bodies_full"));
    BOOST_TEST(has(refused, "Retry-After: 1"));
    BOOST_TEST(status_of(one.exchange(stand::post(gateway_question))) == 200);  // a small one fits
    boost::asio::write(slow, boost::asio::buffer(whole.data() + 150'000, whole.size() - 150'000));
    std::string answer;
    boost::system::error_code ended;
    boost::asio::read(slow, boost::asio::dynamic_buffer(answer), ended);
    BOOST_TEST(status_of(answer) == 200, answer);
    BOOST_TEST(status_of(one.exchange(whole)) == 200);
}

BOOST_AUTO_TEST_CASE(who_looks_whether_anybody_is_there_needs_no_key) {
    temporary_directory const directory;
    stand one([&](gateway_options& options) {
        options.key_file = directory / "keys.json";
        options.keys_required = true;
    });
    for (char const* const line : {"HEAD /", "GET /", "HEAD /api/hello", "GET /health",
                                   "HEAD /health", "GET /healthz", "GET /readyz"}) {
        auto const answer =
            one.exchange(line + " HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"s);
        BOOST_TEST(status_of(answer) == 200, line << ": " << answer);
        BOOST_TEST(body_of(answer).empty() == std::string_view(line).starts_with("HEAD"), line);
    }
    BOOST_TEST(!has(one.at.metrics().text(), "unauthorised"));
    auto const bare =
        one.exchange(stand::post(gateway_question, "Authorization: aia-ana.something\r\n"));
    BOOST_TEST(status_of(bare) == 401);
    BOOST_TEST(has(bare, "without \\\"Bearer \\\" before it"), bare);
    BOOST_TEST(!has(bare, "aia-ana"), bare);
}

BOOST_AUTO_TEST_CASE(a_websocket_is_told_to_ask_by_post) {
    stand one;
    std::string const handshake =
        " HTTP/1.1\r\nHost: here\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    one.provider.script(chat_path, {json_step(openai_chat_body("gpt-4.1", "Good day", {}))});
    // The connection stays: the POST may follow on it.
    auto const both = one.exchange("GET /v1/responses" + handshake + stand::post(gateway_question));
    BOOST_TEST(status_of(both) == 426, both);
    BOOST_TEST(has(both, "Upgrade: HTTP/1.1"), both);
    BOOST_TEST(has(both, "ask /v1/responses by POST"), both);
    BOOST_TEST(has(both, "HTTP/1.1 200"), both);
    BOOST_TEST(status_of(one.exchange("GET /v1/responses HTTP/1.1\r\nHost: here\r\n"
                                      "Connection: close\r\n\r\n")) == 404);
    BOOST_TEST(one.provider.requests().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_name_that_is_no_text_is_refused_and_never_on_record) {
    stand one;
    one.provider.script(chat_path, {json_step(openai_chat_body("gpt-4.1", "Good day", {}))});
    std::string model = gateway_question;
    model.replace(model.find("gpt-4.1"), 7, "gpt\xFF\xFE");
    std::string body = gateway_question;
    body.insert(body.size() - 1, ",\"user\":\"\\u001b[2J\"");
    for (auto const& bytes : {stand::post(model), stand::post(body),
                              stand::post(gateway_question, "x-aiaudit-user: \xFF\xFE\r\n")}) {
        auto const answer = one.exchange(bytes);
        BOOST_TEST(status_of(answer) == 400, answer);
        BOOST_TEST(has(answer, "no UTF-8, or has control characters"), answer);
    }
    BOOST_TEST(one.provider.requests().empty());
    std::string agent = gateway_question;
    agent.insert(agent.size() - 1,
                 R"(,"metadata":{"user_id":"{\"device_id\":\"d1\",\"session_id\":\"s1\"}"})");
    BOOST_TEST(status_of(one.exchange(stand::post(agent))) == 200);
    auto const kept = one.outcomes();
    BOOST_REQUIRE(kept.size() == 1U);
    BOOST_TEST(kept[0].user == "d1");
}

BOOST_AUTO_TEST_CASE(a_request_that_drips_is_ended_as_a_whole_wherever_it_is) {
    using clock = std::chrono::steady_clock;
    stand one([](gateway_options& options) {
        options.limits.head_time = options.limits.body_time = std::chrono::milliseconds(100);
    });
    std::string const first = "POST "s + chat_path + " HTTP/1.1\r\nHost: here\r\n";
    struct {
        std::string name;
        std::string at_once;
    } const cases[] = {
        {"the head", first + "X-One: "},
        {"a body", first + sized("1000000") + "\r\n"},
        {"a chunk", first + coded("chunked") + "\r\nF4240\r\n"},
    };
    for (auto const& each : cases) {
        auto socket = one.connect();
        boost::asio::write(socket, boost::asio::buffer(each.at_once));
        boost::system::error_code ended;
        auto const give_up = clock::now() + std::chrono::seconds(10);
        while (!ended && clock::now() < give_up) {
            boost::asio::write(socket, boost::asio::buffer("x", 1), ended);
            boost::asio::steady_timer pause(one.io, std::chrono::milliseconds(10));
            pause.wait();
        }
        BOOST_TEST(ended.failed(), each.name);
    }
    BOOST_TEST(one.provider.requests().empty());
    BOOST_TEST(one.outcomes().empty());
}

BOOST_AUTO_TEST_CASE(requests_that_come_together_are_answered_one_after_the_other) {
    stand one;
    std::string const first = openai_chat_body("gpt-4.1", "The first", {});
    std::string const second = openai_chat_body("gpt-4.1", "The second", {});
    chaos_step slow = json_step(first);
    slow.delay_before_head = std::chrono::milliseconds(50);
    one.provider.script(chat_path, {slow, json_step(second)});
    std::string const kept = "POST "s + chat_path + " HTTP/1.1\r\nHost: here\r\n" +
                             sized(std::to_string(gateway_question.size())) + "\r\n" +
                             gateway_question;
    auto const both = one.exchange(kept + stand::post(gateway_question));
    BOOST_TEST(answers_in(both) == 2U, both);
    BOOST_TEST(has(both, first));
    BOOST_TEST(both.find(first) < both.find(second));
    BOOST_TEST(both.ends_with(second));
    // What follows one that is refused is not looked at, and what follows a good one is.
    auto const refused = one.exchange(kept + smuggled({"", coded("xchunked"), chunks}) +
                                      stand::post(gateway_question));
    BOOST_TEST(answers_in(refused) == 2U, refused);
    BOOST_TEST(has(refused, "HTTP/1.1 400 "));
    BOOST_TEST(one.provider.requests().size() == 3U);
    BOOST_TEST(one.outcomes().size() == 3U);
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: MIT
//
// Gateway keys as values: issued, compared, written and read again.
#include <aiaudit/gateway/key_file.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

BOOST_AUTO_TEST_SUITE(gateway_keys)

namespace {

using aiaudit::errc;
using aiaudit::gateway_key;
using aiaudit::header_list;
using aiaudit::issue_key;
using aiaudit::secret_in;
using aiaudit::timestamp;

timestamp const noon = timestamp::parse("2026-08-15T12:00:00Z").value();

gateway_key wish(std::string id = "ana-1") {
    gateway_key key;
    key.id = std::move(id);
    key.user = "ana";
    key.project = "caf\xC3\xA9";
    key.models = {"gpt-4.1*", "o3"};
    key.names_users = true;
    return key;
}

std::string refusal(gateway_key const& key) {
    auto const issued = issue_key(key, noon);
    BOOST_REQUIRE(!issued);
    BOOST_TEST((issued.error().code == errc::bad_argument));
    return issued.error().where;
}

std::string file_of(std::string const& keys) {
    return R"({"format":"aiaudit-gateway-keys/1","keys":[)" + keys + "]}";
}
// The first text in which `part` is replaced.
std::string changed(std::string text, std::string_view part, std::string_view by) {
    auto const at = text.find(part);
    BOOST_REQUIRE_MESSAGE(at != std::string::npos, part << " in " << text);
    return text.replace(at, part.size(), by);
}
std::string why_not(std::string const& text) {
    auto const keys = aiaudit::detail::read_key_text(text);
    BOOST_REQUIRE_MESSAGE(!keys, text);
    return keys.error().where;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_secret_names_its_key_and_opens_it_and_nothing_else_does) {
    auto const issued = issue_key(wish(), noon).value();
    std::string const& secret = issued.secret;
    BOOST_TEST(secret.starts_with("aia-ana-1."));
    BOOST_TEST(secret.size() == 10U + 43U);
    BOOST_TEST(secret.find_first_of("+/=\n") == std::string::npos);
    BOOST_TEST((aiaudit::detail::id_in_secret(secret).value() == "ana-1"));
    BOOST_TEST((issued.kept.created_at == noon));
    BOOST_TEST(opens(issued.kept, secret, noon));
    for (std::size_t i = 0; i < secret.size(); ++i) {
        std::string wrong = secret;
        wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
        BOOST_TEST(!opens(issued.kept, wrong, noon));
    }
    BOOST_TEST(!opens(issued.kept, "", noon));
    BOOST_TEST(!opens(issued.kept, secret + "A", noon));
    BOOST_TEST(!opens(issued.kept, secret.substr(0, secret.size() - 1), noon));
    BOOST_TEST(!opens(issued.kept, issued.kept.secret_digest.to_string(), noon));
    auto revoked = issued.kept;
    revoked.revoked_at = noon;
    BOOST_TEST(!opens(revoked, secret, noon));
}

BOOST_AUTO_TEST_CASE(a_key_opens_until_it_expires) {
    auto wanted = wish();
    timestamp const end{noon.ns + 1'000};
    wanted.expires_at = end;
    auto const issued = issue_key(wanted, noon).value();
    BOOST_TEST(opens(issued.kept, issued.secret, timestamp{end.ns - 1}));
    BOOST_TEST(!opens(issued.kept, issued.secret, end));
    BOOST_TEST(!opens(issued.kept, issued.secret, timestamp{end.ns + 1}));
    wanted.expires_at = noon;
    BOOST_TEST(refusal(wanted).find("it would have expired at 2026-08-15T12:00:00Z") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_rotated_key_has_two_secrets_for_the_time_of_grace_and_then_one) {
    using namespace std::chrono_literals;
    auto const first = issue_key(wish(), noon).value();
    auto const second = aiaudit::rotate_key(first.kept, noon, 24h).value();
    BOOST_TEST(second.secret != first.secret);
    BOOST_TEST((second.kept.created_at == noon));
    timestamp const end{noon.ns + std::chrono::nanoseconds(24h).count()};
    for (timestamp const at : {noon, timestamp{end.ns - 1}}) {
        BOOST_TEST(opens(second.kept, first.secret, at));
        BOOST_TEST(opens(second.kept, second.secret, at));
    }
    BOOST_TEST(!opens(second.kept, first.secret, end));
    BOOST_TEST(opens(second.kept, second.secret, end));
    BOOST_TEST(!opens(first.kept, second.secret, noon));
    // Again: the first is none of the two any more.
    auto const third = aiaudit::rotate_key(second.kept, noon, 1h).value();
    BOOST_TEST(!opens(third.kept, first.secret, noon));
    BOOST_TEST(opens(third.kept, second.secret, noon));
    auto const at_once = aiaudit::rotate_key(third.kept, noon, 0h).value();
    BOOST_TEST(!opens(at_once.kept, third.secret, noon));
    BOOST_TEST(!at_once.kept.former.has_value());
    auto revoked = second.kept;
    revoked.revoked_at = noon;
    BOOST_TEST(!opens(revoked, first.secret, noon));
    BOOST_TEST(!aiaudit::rotate_key(revoked, noon, 1h));
    auto expired = second.kept;
    expired.expires_at = noon;
    BOOST_TEST(!opens(expired, first.secret, noon));
    BOOST_TEST(aiaudit::rotate_key(expired, noon, 1h).error().where ==
               "key 'ana-1' expired at 2026-08-15T12:00:00Z");
    BOOST_TEST(!aiaudit::rotate_key(first.kept, noon, -1h));
    BOOST_TEST(!aiaudit::rotate_key(first.kept, noon, 24h * 367));
}

BOOST_AUTO_TEST_CASE(no_two_secrets_or_salts_are_alike_and_a_digest_is_of_its_own_salt) {
    std::set<std::string> secrets;
    std::set<std::string> salts;
    std::set<std::string> digests;
    for (int i = 0; i < 200; ++i) {
        auto const issued = issue_key(wish(), noon).value();
        secrets.insert(issued.secret);
        salts.insert(aiaudit::detail::to_hex(issued.kept.salt));
        digests.insert(issued.kept.secret_digest.to_string());
    }
    BOOST_TEST(secrets.size() == 200U);
    BOOST_TEST(salts.size() == 200U);
    BOOST_TEST(digests.size() == 200U);
    auto issued = issue_key(wish(), noon).value();
    issued.kept.salt[0] ^= 1;
    BOOST_TEST(!opens(issued.kept, issued.secret, noon));
}

BOOST_AUTO_TEST_CASE(a_secret_of_another_form_names_no_key) {
    std::string const random(43, 'x');
    BOOST_TEST(aiaudit::detail::id_in_secret("aia-a." + random).has_value());
    BOOST_TEST(
        aiaudit::detail::id_in_secret("aia-" + std::string(64, 'a') + "." + random).has_value());
    for (std::string const& none :
         {std::string{}, std::string("aia-"), "a." + random, "aia-." + random, "aia-a" + random,
          "aia-a." + random + "x", "aia-a." + random.substr(1), "aia-a b." + random,
          "aia-" + std::string(65, 'a') + "." + random, "AIA-a." + random, "aia-a.." + random,
          "aia-\xC3\xA9." + random, std::string(100'000, 'a')}) {
        BOOST_TEST(!aiaudit::detail::id_in_secret(none).has_value());
    }
}

BOOST_AUTO_TEST_CASE(a_key_that_is_not_well_formed_is_not_issued) {
    for (std::string const& id :
         {std::string{}, std::string("a.b"), std::string("a b"), std::string("a/b"),
          std::string("\xC3\xA9"), std::string(65, 'a'), std::string("a\n")}) {
        BOOST_TEST(refusal(wish(id)) == "the id of a key is 1 to 64 of A-Z a-z 0-9 _ -");
    }
    for (std::string const& name :
         {std::string("a\nb"), std::string("\xFF"), std::string(1025, 'a'), std::string("a\x7F")}) {
        auto key = wish();
        key.user = name;
        BOOST_TEST(refusal(key).find("a user or project is at most 1024") != std::string::npos);
        key = wish();
        key.project = name;
        BOOST_TEST(refusal(key).find("a user or project is at most 1024") != std::string::npos);
    }
    for (std::string const& model : {std::string{}, std::string("*gpt"), std::string("a b"),
                                     std::string("\xFF"), std::string(257, 'm')}) {
        auto key = wish();
        key.models = {"fine", model};
        BOOST_TEST(refusal(key).find("is no model") != std::string::npos);
    }
    auto key = wish();
    key.models.assign(257, "m");
    BOOST_TEST(refusal(key) == "key 'ana-1': it has more than 256 models");
    key.models.clear();
    key.denied_models = {"a*b"};
    BOOST_TEST(refusal(key).starts_with("key 'ana-1': 'a*b' is no model"));
}

BOOST_AUTO_TEST_CASE(a_key_may_use_the_models_it_names_or_all) {
    auto key = wish();
    BOOST_TEST(may_use(key, "gpt-4.1"));
    BOOST_TEST(may_use(key, "gpt-4.1-mini"));
    BOOST_TEST(may_use(key, "o3"));
    BOOST_TEST(!may_use(key, "o3-mini"));
    BOOST_TEST(!may_use(key, "GPT-4.1"));
    BOOST_TEST(!may_use(key, "gpt-4"));
    BOOST_TEST(!may_use(key, ""));
    key.models.clear();
    BOOST_TEST(may_use(key, "anything"));
    key.models = {"*"};
    BOOST_TEST(may_use(key, "anything"));
}

BOOST_AUTO_TEST_CASE(a_secret_is_found_wherever_an_api_has_it) {
    auto const in = [](header_list const& headers, std::string_view target = "/v1/x") {
        return secret_in(headers, target);
    };
    BOOST_TEST(in({{"authorization", "Bearer aia-1"}}) == "aia-1");
    BOOST_TEST(in({{"Authorization", "bearer   aia-1 "}}) == "aia-1");
    BOOST_TEST(in({{"X-Api-Key", "aia-2"}}) == "aia-2");
    BOOST_TEST(in({{"x-goog-api-key", "aia-3"}}) == "aia-3");
    BOOST_TEST(in({{"api-key", "aia-4"}}) == "aia-4");
    BOOST_TEST(in({}, "/v1beta/m?alt=sse&key=aia%2D5&key=6") == "aia-5");
    BOOST_TEST(in({{"x-api-key", "aia-2"}}, "/v1?key=aia-5") == "aia-2");
    BOOST_TEST(in({{"authorization", "Bearer aia-1"}, {"x-api-key", "aia-2"}}) == "aia-1");
    BOOST_TEST(in({{"authorization", "Basic YTpi"}, {"x-api-key", "aia-2"}}) == "aia-2");
    for (char const* const value : {"", "Bearer", "Bearer ", "Bearer  ", "Basic YTpi", "Bear"}) {
        BOOST_TEST(in({{"authorization", value}}).empty());
    }
    BOOST_TEST(in({}, "/v1/x?key=&keys=a&akey=b&key").empty());
    BOOST_TEST(in({}, "").empty());
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read_again_and_holds_no_secret) {
    auto const first = issue_key(wish(), noon).value();
    auto second = issue_key(wish("b_2"), noon).value();
    second.kept.revoked_at = timestamp{noon.ns + 1};
    second.kept.models.clear();
    second.kept.denied_models = {"gpt-5*", "o3"};
    second.kept.user = "a \"quoted\" \\ name";
    second.kept.names_users = false;
    second.kept.note = "of the build machine; \"ana\" has it";
    second.kept.expires_at = timestamp{noon.ns + 2};
    auto const third =
        aiaudit::rotate_key(issue_key(wish("c"), noon).value().kept, noon, std::chrono::hours(1))
            .value();
    BOOST_REQUIRE(third.kept.former.has_value());
    std::vector<gateway_key> const keys{first.kept, second.kept, third.kept};
    auto const text = aiaudit::detail::key_file_text(keys);
    BOOST_TEST((aiaudit::detail::read_key_text(text).value() == keys));
    BOOST_TEST(text.find(first.secret.substr(10)) == std::string::npos);
    BOOST_TEST(aiaudit::detail::read_key_text(aiaudit::detail::key_file_text({})).value().empty());
}

BOOST_AUTO_TEST_CASE(a_file_that_is_not_understood_is_refused_and_never_half_read) {
    std::string const good = aiaudit::detail::json_of(issue_key(wish(), noon).value().kept);
    BOOST_TEST(aiaudit::detail::read_key_text(file_of(good)).has_value());
    BOOST_TEST(why_not("").starts_with("is no JSON"));
    BOOST_TEST(why_not(file_of(good).substr(0, 100)).starts_with("is no JSON"));
    BOOST_TEST(why_not("[]") == "is no file of gateway keys");
    BOOST_TEST(why_not("{}") == "is no file of gateway keys");
    BOOST_TEST(why_not(R"({"format":"aiaudit-gateway-keys/1","keys":{}})") ==
               "is no file of gateway keys");
    BOOST_TEST(why_not(changed(file_of(good), "keys/1", "keys/2")) ==
               "was written by a newer release");
    BOOST_TEST(why_not(file_of("7")) == "a key is no object");
    BOOST_TEST(why_not(file_of(good + "," + good)) == "key 'ana-1' stands twice");
    struct {
        char const* part;
        char const* by;
        char const* why;
    } const rows[]{
        {R"("names_users":true)", R"("names_users":"yes")", "'names_users' is not known, or"},
        {R"("models":[)", R"("models":"o3","x":[)", "'models' is not known, or"},
        {R"("models":["gpt-4.1*")", R"("models":[7)", "'models' is not known, or"},
        {R"("models":["gpt-4.1*")", R"("models":["a*b")", "'a*b' is no model"},
        {R"("names_users")", R"("denied_models":"o3","names_users")",
         "'denied_models' is not known, or"},
        {R"("user")", R"("only_on_mondays")", "'only_on_mondays' is not known, or"},
        {R"("user":"ana")", R"("user":null)", "'user' is not known, or"},
        {R"("user":"ana")", R"("user":"a\nb")", "a user or project is"},
        {R"("id":"ana-1")", R"("id":"ana 1")", "the id of a key is"},
        {R"("id":"ana-1",)", "", "'id' is missing"},
        {R"("created_at":"2026-08-15T12:00:00Z")", R"("created_at":"soon")", "'created_at' is not"},
        {R"("created_at":"2026-08-15T12:00:00Z")", R"("created_at":"2026-08-15","revoked_at":"")",
         "'revoked_at' is not"},
        {R"("created_at":")", R"("expires_at":"soon","created_at":")", "'expires_at' is not"},
        {R"("created_at":")", R"("note":"a\nb","created_at":")", "a note is at most 1024"},
        {R"("created_at":")", R"("note":7,"created_at":")", "'note' is not known, or"},
        {R"("created_at":")", R"("former_until":"2026-08-15","created_at":")",
         "'former_salt' is missing"},
        {R"("salt":")", R"("salt":"00)", "'salt' is not known, or"},
        {R"("secret_digest":")", R"("secret_digest":"00)", "'secret_digest' is not known, or"}};
    for (auto const& row : rows) {
        BOOST_TEST_CONTEXT(row.by) {
            auto const why = why_not(file_of(changed(good, row.part, row.by)));
            BOOST_TEST(why.find(row.why) != std::string::npos, why);
        }
    }
    for (std::size_t size = 0; size + 1 < good.size(); ++size)
        BOOST_TEST(!aiaudit::detail::read_key_text(file_of(good.substr(0, size) + "}")));
}

BOOST_AUTO_TEST_SUITE_END()

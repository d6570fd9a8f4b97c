// SPDX-License-Identifier: MIT
//
// witnesses.cpp: what a witness answers, as c2sp.org/tlog-witness has it, and that it forgets
// nothing.
#include "support/temporary_directory.hpp"
#include "support/tree_stand.hpp"

#include <aiaudit/audit/witness.hpp>
#include <aiaudit/audit/witness_client.hpp>
#include <aiaudit/gateway/audit_site.hpp>
#include <aiaudit/gateway/site_server.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

BOOST_AUTO_TEST_SUITE(witnesses)

namespace {

using namespace aiaudit;
using namespace aiaudit_tests;

struct stand {
    temporary_directory place{};
    tree_stand log{};
    std::string secret =
        cosigner_signing_key::generate("example.com/witness").value().to_secret_string();

    [[nodiscard]] result<witness> try_open() const {
        return witness::open(log_policy::parse("log " + log.vkey() + "\nquorum none\n").value(),
                             audit_directory::open(place.path() + "/audit").value(),
                             cosigner_signing_key::parse(secret).value(),
                             [] { return timestamp::from_seconds(1'790'000'000); });
    }
    [[nodiscard]] witness open() const { return try_open().value(); }
    // Of the log as it is now.
    [[nodiscard]] add_checkpoint_body body(std::uint64_t old_size) const {
        add_checkpoint_body made{old_size, {}, log.note()};
        if (old_size != 0)
            made.proof = consistency_proof(old_size, log.size(), log.nodes()).value();
        return made;
    }
    [[nodiscard]] std::string ask(witness& by, add_checkpoint_body const& with) const {
        auto const said = by.add_checkpoint(with.to_text());
        return std::to_string(said.status) + " " + said.body.substr(0, said.body.size() - 1);
    }
    [[nodiscard]] std::string path() const {
        return place.path() + "/audit/witness/" + detail::origin_hash("example.com/node1") +
               "/checkpoint";
    }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(what_continues_is_cosigned_and_kept_before_it_is_answered, stand) {
    auto by = open();
    log.grow(5);
    for (std::uint64_t old = 0; old < 900;) {
        auto const said = by.add_checkpoint(body(old).to_text());
        BOOST_TEST(said.status == 200);
        std::string const note = log.note() + said.body;
        std::vector const keys{by.verification_key()};
        auto const found = cosignatures_of(note, keys).value();
        BOOST_REQUIRE(found.size() == 1U);
        BOOST_TEST(found[0].time == 1'790'000'000U);
        BOOST_TEST(detail::read_whole_file(path(), 1 << 16).value() == note);
        BOOST_TEST(by.checkpoint_at(detail::origin_hash("example.com/node1")).body == note);
        old = log.size();
        log.grow(old);
    }
    // The same again is answered again: so is asked for a later time.
    log.cut(1'280);
    BOOST_TEST(ask(by, body(1'280)).starts_with("200 \xE2\x80\x94 example.com/witness "));
    BOOST_TEST(by.checkpoint_at(detail::origin_hash("example.com/node2")).status == 404);
}

BOOST_FIXTURE_TEST_CASE(each_refusal_has_the_status_of_the_standard, stand) {
    auto by = open();
    log.grow(20);
    auto const good = body(0);
    // Of the form.
    for (std::string const& wrong :
         {std::string(), std::string("old 0\n"), "old 00\n\n" + good.note, "new 0\n\n" + good.note,
          "old 0\nnot a hash\n\n" + good.note, "old 0\n" + good.note,
          std::string("old 0\n\nnote\n"), "old 21\n\n" + good.note, "old -1\n\n" + good.note})
        BOOST_TEST(by.add_checkpoint(wrong).status == 400);
    auto too_many = good;
    too_many.proof.resize(64);
    BOOST_TEST(by.add_checkpoint(too_many.to_text()).status == 400);
    // Of who signs.
    tree_stand unknown("example.com/node2");
    unknown.grow(3);
    BOOST_TEST(by.add_checkpoint("old 0\n\n" + unknown.note()).status == 404);
    tree_stand forger("example.com/node1");
    forger.grow(3);
    BOOST_TEST(by.add_checkpoint("old 0\n\n" + forger.note()).status == 403);
    std::string broken = good.note;
    broken[broken.size() - 10] = broken[broken.size() - 10] == 'A' ? 'B' : 'A';
    BOOST_TEST(by.add_checkpoint("old 0\n\n" + broken).status == 403);
    // Of the step.
    auto proved = good;
    proved.proof.resize(1);
    BOOST_TEST(ask(by, proved).starts_with("422 "));
    BOOST_TEST(ask(by, body(7)) == "409 0");
    auto const conflict = by.add_checkpoint(body(7).to_text());
    BOOST_TEST(conflict.type == "text/x.tlog.size");
    BOOST_TEST(conflict.body == "0\n");
    BOOST_TEST(ask(by, good).starts_with("200 "));
    BOOST_TEST(ask(by, good) == "409 20");
    log.grow(5);
    auto wrong = body(20);
    wrong.proof[0].bytes[0] ^= 1;
    BOOST_TEST(ask(by, wrong).starts_with("422 "));
    wrong.proof.clear();
    BOOST_TEST(ask(by, wrong).starts_with("422 "));
    // A fork of the same size, and of a larger one, with the best proof that it can have.
    log.fork(10, 10);
    BOOST_TEST(ask(by, body(20)).starts_with("422 "));
    log.grow(30);
    BOOST_TEST(ask(by, body(20)).starts_with("422 "));
    BOOST_TEST(ask(by, body(0)) == "409 20");
}

BOOST_FIXTURE_TEST_CASE(an_empty_tree_has_the_root_of_nothing, stand) {
    auto by = open();
    std::string const text = "example.com/node1\n0\n" + detail::base64_of(leaf_hash("x")) + "\n";
    auto const note = sign_note(text, std::span(&log.key(), 1)).value();
    BOOST_TEST(by.add_checkpoint("old 0\n\n" + note).status == 422);
    BOOST_TEST(ask(by, body(0)).starts_with("200 "));
    log.grow(3);
    BOOST_TEST(ask(by, body(0)).starts_with("200 "));
}

BOOST_FIXTURE_TEST_CASE(it_begins_where_it_was_and_not_anew, stand) {
    log.grow(20);
    {
        auto by = open();
        BOOST_TEST(ask(by, body(0)).starts_with("200 "));
    }
    {
        auto by = open();
        BOOST_TEST(ask(by, body(0)) == "409 20");
        BOOST_TEST(by.checkpoint_at(detail::origin_hash("example.com/node1")).status == 200);
    }
    // What it cannot read it does not take for nothing.
    std::string const note = detail::read_whole_file(path(), 1 << 16).value();
    for (std::string const& damaged :
         {std::string(), note.substr(0, note.size() / 2), log.note()}) {
        BOOST_REQUIRE(detail::replace_file(path(), damaged).has_value());
        BOOST_TEST((try_open().error().code == errc::corrupt));
    }
}

BOOST_FIXTURE_TEST_CASE(what_cannot_be_written_down_is_not_cosigned, stand) {
    auto by = open();
    log.grow(20);
    std::string const directory = path().substr(0, path().rfind('/'));
    BOOST_REQUIRE(::rename(directory.c_str(), (directory + ".away").c_str()) == 0);
    BOOST_TEST(ask(by, body(0)).starts_with("500 "));
    BOOST_REQUIRE(::rename((directory + ".away").c_str(), directory.c_str()) == 0);
    BOOST_TEST(ask(by, body(0)).starts_with("200 "));
}

BOOST_FIXTURE_TEST_CASE(of_requests_that_race_each_size_is_cosigned_once, stand) {
    auto by = open();
    constexpr int each_most = 24;
    std::vector<std::string> bodies;
    for (int i = 0; i < each_most; ++i) {
        log.grow(1);
        bodies.push_back(body(0).to_text());
    }
    std::atomic<int> taken = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (int i = t; i < each_most; i += 4)
                if (by.add_checkpoint(bodies[static_cast<std::size_t>(i)]).status == 200) ++taken;
        });
    for (auto& each : threads) each.join();
    BOOST_TEST(taken == 1);  // all say that nothing was cosigned before
}

BOOST_FIXTURE_TEST_CASE(a_log_asks_it_over_http_and_learns_its_size, stand) {
    auto const by = std::make_shared<witness>(open());
    auto server = site_server::make(1, add_checkpoint_body::bytes_max).value();
    server.add({"127.0.0.1", 0}, audit_site(by, {}));
    server.start().value();
    std::string const url = "http://127.0.0.1:" + std::to_string(server.port(0));
    auto client = witness_client::open(by->verification_key(), url).value();
    auto const prove = [this](std::uint64_t old_size) {
        return consistency_proof(old_size, log.size(), log.nodes());
    };
    log.grow(30);
    auto const line = client.cosign(log.note(), log.size(), prove);
    BOOST_REQUIRE_MESSAGE(line.has_value(), line.error().message());
    log.grow(30);
    auto fresh = witness_client::open(by->verification_key(), url).value();
    BOOST_TEST(fresh.cosign(log.note(), log.size(), prove).has_value());
    log.grow(30);
    BOOST_TEST(client.cosign(log.note(), log.size(), prove).has_value());
    // Another key is not believed.
    auto const other = cosigner_signing_key::generate("example.com/witness").value();
    auto stranger = witness_client::open(other.verification_key(), url).value();
    BOOST_TEST(
        (stranger.cosign(log.note(), log.size(), prove).error().code == errc::verification_failed));
    // A log that was rolled back is told so.
    log.cut(50);
    auto const back = fresh.cosign(log.note(), log.size(), prove);
    BOOST_TEST((back.error().code == errc::verification_failed));
    log.grow(80, "forged ");
    BOOST_TEST(
        (fresh.cosign(log.note(), log.size(), prove).error().code == errc::verification_failed));
    auto const shown = http_log_source(url).value().get(
        detail::origin_hash("example.com/node1") + "/checkpoint", 1 << 16);
    BOOST_TEST(shown.value().starts_with("example.com/node1\n90\n"));
    server.stop();
}

BOOST_FIXTURE_TEST_CASE(a_key_of_two_roles_is_refused, stand) {
    std::string const secret_of_log = log.key().to_secret_string();
    auto const parts = detail::split_key_text(std::string_view(secret_of_log).substr(12));
    auto const seed = detail::base64_decode(parts.base64).value();
    std::string const same = '\4' + seed.substr(1);
    auto const point = log.key().verification_key().point();
    auto const twin = cosigner_signing_key::parse(
        "PRIVATE+KEY+w+" + detail::to_hex(detail::note_key_id_of("w", point, '\4')) + "+" +
        detail::base64_encode(same));
    BOOST_REQUIRE(twin.has_value());
    secret = twin->to_secret_string();
    BOOST_TEST((try_open().error().code == errc::bad_argument));
}

BOOST_AUTO_TEST_SUITE_END()

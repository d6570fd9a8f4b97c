// SPDX-License-Identifier: MIT
//
// log_policies.cpp: policies as c2sp.org/tlog-policy has them: what is read, what is refused, and
// which witnesses are a quorum.
#include <aiaudit/integrity/log_policy.hpp>
#include <aiaudit/integrity/merkle.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(log_policies)

using namespace aiaudit;

namespace {

note_signing_key log_key(std::string const& name) {
    return note_signing_key::generate(name).value();
}

struct witnesses {
    std::vector<cosigner_signing_key> keys{};

    explicit witnesses(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i)
            keys.push_back(
                cosigner_signing_key::generate("example.com/w" + std::to_string(i)).value());
    }
    [[nodiscard]] std::string lines() const {
        std::string text;
        for (std::size_t i = 0; i < keys.size(); ++i)
            text += "witness w" + std::to_string(i) + " " + keys[i].verification_key().to_string() +
                    "\n";
        return text;
    }
};

std::string refusal_of(std::string const& text) {
    auto const read = log_policy::parse(text);
    if (read) return "";
    BOOST_TEST((read.error().code == errc::bad_input));
    return read.error().where;
}
bool refuses(std::string const& text, std::string const& words) {
    std::string const said = refusal_of(text);
    bool const found = said.find(words) != std::string::npos;
    if (!found) BOOST_TEST_MESSAGE(text << " -> " << said);
    return found;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_standards_example_reads_as_it_says) {
    witnesses const six(6);
    auto const log = log_key("example.com/log");
    std::string const text = "  # a comment\n\t\nlog " + log.verification_key().to_string() +
                             " https://log.example.com/\n\n" + six.lines() +
                             "group X-witnesses 2 w0 w1 w2\n group  Y-witnesses\tany w3 w4 w5 \n"
                             "group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n";
    auto const policy = log_policy::parse(text).value();
    BOOST_REQUIRE(policy.logs().size() == 1U);
    BOOST_TEST(policy.logs()[0].url == "https://log.example.com/");
    BOOST_TEST(policy.witnesses().size() == 6U);
    BOOST_TEST(policy.needs_witnesses());
    for (unsigned who = 0; who < 64; ++who) {
        std::vector<bool> cosigned;
        unsigned of_x = 0;
        unsigned of_y = 0;
        for (unsigned i = 0; i < 6; ++i) {
            cosigned.push_back((who >> i & 1) != 0);
            (i < 3 ? of_x : of_y) += who >> i & 1;
        }
        BOOST_TEST(policy.is_quorum(cosigned) == (of_x >= 2 && of_y >= 1));
    }
}

BOOST_AUTO_TEST_CASE(a_single_witness_may_be_the_quorum_and_none_may_be_needed) {
    witnesses const one(1);
    auto const single = log_policy::parse(one.lines() + "quorum w0\n").value();
    BOOST_TEST(!single.is_quorum({false}));
    BOOST_TEST(single.is_quorum({true}));
    auto const none = log_policy::parse("quorum none\n").value();
    BOOST_TEST(none.is_quorum({}));
    BOOST_TEST(!none.needs_witnesses());
    BOOST_TEST(log_policy::parse(one.lines() + "quorum none\n").value().is_quorum({false}));
}

BOOST_AUTO_TEST_CASE(what_is_not_understood_is_refused_by_its_line) {
    witnesses const three(3);
    std::string const all = three.lines();
    BOOST_TEST(refuses("", "no quorum line"));
    BOOST_TEST(refuses("quorum none\nquorum none\n", "line 2 of the policy: there is a quorum"));
    BOOST_TEST(refuses("quorum none", "does not end with a line feed"));
    BOOST_TEST(refuses("quorum none\r\n", "control character"));
    BOOST_TEST(refuses("quorum none\nmirror x\n", "'mirror' is none of"));
    BOOST_TEST(refuses("Quorum none\n", "'Quorum' is none of"));
    BOOST_TEST(refuses("quorum w0\n" + all, "no line before this one defines 'w0'"));
    BOOST_TEST(refuses("quorum a b\n", "a quorum is"));
    BOOST_TEST(refuses(all + "group g 4 w0 w1 w2\nquorum g\n", "needs 1 to 3"));
    BOOST_TEST(refuses(all + "group g 0 w0\nquorum g\n", "needs 1 to 1"));
    BOOST_TEST(refuses(all + "group g 01 w0\nquorum g\n", "'all', 'any' or a number"));
    BOOST_TEST(refuses(all + "group g most w0\nquorum g\n", "'all', 'any' or a number"));
    BOOST_TEST(refuses(all + "group g all\nquorum g\n", "a group is"));
    BOOST_TEST(refuses(all + "group g all g\nquorum g\n", "no line before this one defines 'g'"));
    BOOST_TEST(refuses(all + "group g all none\nquorum g\n", "defines 'none'"));
    BOOST_TEST(refuses(all + "group g all w0 w0\nquorum g\n", "a member of a group already"));
    BOOST_TEST(refuses(all + "group g any w0 w1\ngroup h any w1 w2\nquorum h\n",
                       "'w1' is a member of a group already"));
    BOOST_TEST(refuses(all + "group w1 any w0\nquorum w1\n", "the name 'w1' is taken"));
    BOOST_TEST(refuses(all + "group none any w0\nquorum none\n", "'none' is taken"));
}

BOOST_AUTO_TEST_CASE(one_public_key_stands_once_among_logs_and_once_among_witnesses) {
    witnesses const one(1);
    auto const key = one.keys[0].verification_key();
    // Another name, the same key.
    std::string bytes(1, '\4');
    bytes += detail::view_of(key.point());
    std::string const alias = "other+" +
                              detail::to_hex(detail::note_key_id_of("other", key.point(), '\4')) +
                              "+" + detail::base64_encode(bytes);
    BOOST_TEST(
        refuses(one.lines() + "witness x " + alias + "\nquorum w0\n", "that of another witness"));
    auto const log = log_key("a.example/log").verification_key();
    std::string seed(1, '\1');
    seed += detail::view_of(log.point());
    std::string const twin = "b.example/log+" +
                             detail::to_hex(detail::note_key_id_of("b.example/log", log.point())) +
                             "+" + detail::base64_encode(seed);
    BOOST_TEST(refuses("log " + log.to_string() + "\nlog " + twin + "\nquorum none\n",
                       "that of another log line"));
}

BOOST_AUTO_TEST_CASE(keys_of_the_wrong_role_or_kind_are_refused) {
    witnesses const one(1);
    auto const log = log_key("example.com/log").verification_key().to_string();
    BOOST_TEST(refuses("witness w " + log + "\nquorum w\n", "the key of a log"));
    BOOST_TEST(refuses("log " + one.keys[0].verification_key().to_string() + "\nquorum none\n",
                       "the log's key"));
    BOOST_TEST(refuses("log example.com/log\nquorum none\n", "the log's key"));
}

BOOST_AUTO_TEST_CASE(names_are_octets_and_may_be_any_that_are_no_white_space) {
    witnesses const one(1);
    std::string const key = one.keys[0].verification_key().to_string();
    std::string const odd = "\xE2\x84\xAA\xFF#+any";
    auto const policy =
        log_policy::parse("witness " + odd + " " + key + "\nquorum " + odd + "\n").value();
    BOOST_TEST(policy.witnesses()[0].name == odd);
    BOOST_TEST(refuses("witness \xE2\x84\xAA " + key + "\nquorum K\n", "defines 'K'"));
}

BOOST_AUTO_TEST_CASE(a_checkpoint_is_believed_with_the_logs_signature_and_the_quorum_alone) {
    witnesses const two(2);
    auto const key = log_key("example.com/log");
    auto const policy = log_policy::parse("log " + key.verification_key().to_string() + "\n" +
                                          two.lines() + "group g all w0 w1\nquorum g\n")
                            .value();
    checkpoint const state{"example.com/log", 3, leaf_hash("x")};
    std::string note = sign_checkpoint(state, key).value();
    std::string const text = state.to_text().value();
    auto const none = policy.open(note);
    BOOST_REQUIRE(!none);
    BOOST_TEST((none.error().code == errc::verification_failed));
    BOOST_TEST(none.error().where.find("cosigned by none") != std::string::npos);
    BOOST_TEST(policy.open_log(note).has_value());
    note += two.keys[1].cosign(text, 17).value();
    auto const half = policy.open(note);
    BOOST_REQUIRE(!half);
    BOOST_TEST(half.error().where.find("cosigned by w1") != std::string::npos);
    note += two.keys[0].cosign(text, 18).value();
    auto const whole = policy.open(note).value();
    BOOST_TEST((whole.state.value() == state));
    BOOST_TEST(whole.cosigned.size() == 2U);
    // Witnesses alone make no log's checkpoint.
    std::string const unsigned_note =
        text + "\n" + two.keys[0].cosign(text, 1).value() + two.keys[1].cosign(text, 1).value();
    BOOST_TEST((policy.open(unsigned_note).error().code == errc::verification_failed));
    auto const other = log_key("example.com/other");
    auto const of_other = sign_checkpoint({"example.com/other", 3, leaf_hash("x")}, other).value();
    BOOST_TEST((policy.open(of_other).error().code == errc::not_found));
}

BOOST_AUTO_TEST_CASE(logs_of_one_name_are_one_log_with_several_keys) {
    auto const older = log_key("example.com/log");
    auto const newer = log_key("example.com/log");
    auto const policy =
        log_policy::parse("log " + older.verification_key().to_string() + " http://a\nlog " +
                          newer.verification_key().to_string() + "\nquorum none\n")
            .value();
    BOOST_REQUIRE(policy.trusted_logs().size() == 1U);
    checkpoint const state{"example.com/log", 3, leaf_hash("x")};
    BOOST_TEST(policy.open(sign_checkpoint(state, newer).value()).has_value());
    BOOST_TEST(policy.open(sign_checkpoint(state, older).value()).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

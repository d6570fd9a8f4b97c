// SPDX-License-Identifier: MIT
//
// cosignatures.cpp: what witnesses put on a checkpoint, against values that another program made.
#include <aiaudit/integrity/checkpoint.hpp>
#include <aiaudit/integrity/cosignature.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(cosignatures)

using namespace aiaudit;

namespace {

// By Python's cryptography 48, from a seed of 32 bytes of 7, over the body of the standard's
// example at its time.
std::string const vkey = "witness.example/w1+aa4a09d1+BOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs";
std::string const skey =
    "PRIVATE+KEY+witness.example/w1+aa4a09d1+BAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH";
std::string const body =
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
constexpr std::uint64_t instant = 1'679'315'147;
std::string const line =
    "\xE2\x80\x94 witness.example/w1 "
    "qkoJ0QAAAABkGFDLWr4Jea05CAgwNVtwky0Jgz6WfX0QJgM//FkB/"
    "W9BoT9TX0DkTxG+2cT4p/ViKNhUM/SnUwFcYQzugGFQ15LwDw==\n";

cosigner_signing_key key() { return cosigner_signing_key::parse(skey).value(); }

std::string signed_body(std::string const& lines) { return body + "\n" + lines; }

template <class T>
errc code_of(result<T> const& outcome) {
    return outcome ? errc{} : outcome.error().code;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_cosignature_is_the_one_that_another_program_makes) {
    BOOST_TEST(key().verification_key().to_string() == vkey);
    BOOST_TEST(key().to_secret_string() == skey);
    BOOST_TEST(key().cosign(body, instant).value() == line);
}

BOOST_AUTO_TEST_CASE(a_cosignature_tells_its_time_to_who_knows_the_key) {
    std::array const keys{cosigner_verification_key::parse(vkey).value()};
    auto const found = cosignatures_of(signed_body(line), keys).value();
    BOOST_REQUIRE(found.size() == 1U);
    BOOST_TEST(found[0].key == 0U);
    BOOST_TEST(found[0].time == instant);
    auto const other = cosigner_signing_key::generate("witness.example/w1").value();
    std::array const stranger{other.verification_key()};
    BOOST_TEST(cosignatures_of(signed_body(line), stranger).value().empty());
}

BOOST_AUTO_TEST_CASE(a_cosignature_of_a_known_key_that_does_not_verify_spoils_the_note) {
    std::array const keys{cosigner_verification_key::parse(vkey).value()};
    for (std::size_t at = 0; at < body.size(); ++at) {
        if (body[at] == '\n') continue;
        std::string note = signed_body(line);
        note[at] = note[at] == '1' ? '2' : '1';
        if (note == signed_body(line)) continue;
        BOOST_TEST((code_of(cosignatures_of(note, keys)) == errc::verification_failed));
    }
    // Each byte of time and signature; the first four are the key's id.
    auto const bytes = detail::base64_decode(line.substr(line.rfind(' ') + 1, 104)).value();
    for (std::size_t at = 4; at < bytes.size(); ++at) {
        std::string changed = bytes;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        std::string const note =
            signed_body("\xE2\x80\x94 witness.example/w1 " + detail::base64_encode(changed) + "\n");
        BOOST_TEST((code_of(cosignatures_of(note, keys)) == errc::verification_failed));
    }
    std::string const shorter = signed_body("\xE2\x80\x94 witness.example/w1 " +
                                            detail::base64_encode(bytes.substr(0, 75)) + "\n");
    BOOST_TEST((code_of(cosignatures_of(shorter, keys)) == errc::verification_failed));
}

BOOST_AUTO_TEST_CASE(the_latest_of_two_cosignatures_of_one_key_counts) {
    std::array const keys{key().verification_key()};
    auto const later = key().cosign(body, instant + 60).value();
    auto const found = cosignatures_of(signed_body(line + later + line), keys).value();
    BOOST_REQUIRE(found.size() == 1U);
    BOOST_TEST(found[0].time == instant + 60);
    auto const merged = with_signature_lines(signed_body(line), later).value();
    BOOST_TEST(merged == signed_body(later));
}

BOOST_AUTO_TEST_CASE(keys_of_other_roles_are_refused_by_name) {
    auto const log = note_signing_key::generate("example.com/log").value();
    auto const of_log = cosigner_verification_key::parse(log.verification_key().to_string());
    BOOST_TEST((code_of(of_log) == errc::bad_argument));
    BOOST_TEST(of_log.error().where.find("key of a log") != std::string::npos);
    BOOST_TEST(
        (code_of(cosigner_signing_key::parse(log.to_secret_string())) == errc::bad_argument));
    BOOST_TEST((code_of(note_signing_key::parse(skey)) == errc::bad_argument));
    BOOST_TEST((code_of(note_verification_key::parse(vkey)) == errc::bad_argument));
    std::string const other = "w+00000000+" + detail::base64_encode('\6' + std::string(1312, 'x'));
    auto const of_ml_dsa = cosigner_verification_key::parse(other);
    BOOST_TEST((code_of(of_ml_dsa) == errc::bad_argument));
    BOOST_TEST(of_ml_dsa.error().where.find("ML-DSA-44") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(only_checkpoints_are_cosigned_and_never_without_a_time) {
    BOOST_TEST((code_of(key().cosign("two\nlines\n", instant)) == errc::bad_argument));
    BOOST_TEST((code_of(key().cosign(body, 0)) == errc::bad_argument));
    BOOST_TEST((code_of(key().cosign(body, std::uint64_t{1} << 63)) == errc::bad_argument));
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: MIT
//
// signed_notes.cpp: the texts of keys, notes and checkpoints: what is accepted, and above all what
// is not.
#include <aiaudit/integrity/checkpoint.hpp>
#include <aiaudit/integrity/error_queue.hpp>
#include <aiaudit/integrity/merkle.hpp>
#include <aiaudit/limits.hpp>

#include <boost/test/unit_test.hpp>

#include <openssl/err.h>

#include <random>
#include <type_traits>

BOOST_AUTO_TEST_SUITE(signed_notes)

using namespace aiaudit;

namespace {

// From the documents of the standard's authors.
std::string const foo_key = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
std::string const foo_text = "This is an example message.\n";
std::string const foo_note = foo_text +
                             "\n\xE2\x80\x94 example.com/foo "
                             "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3m"
                             "FXmRKuwHjG1Yu72IneyaQM=\n";

std::string unhex(std::string_view text) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        bytes.push_back(
            static_cast<char>(detail::hex_digit(text[i]) * 16 + detail::hex_digit(text[i + 1])));
    }
    return bytes;
}

// A signing key with a name and a seed of one repeated byte: the same in every run.
note_signing_key test_key(std::string const& name, char fill) {
    detail::ed25519_seed seed;
    seed.bytes.fill(static_cast<std::uint8_t>(fill));
    auto const point = detail::ed25519_public_of(detail::ed25519_from_seed(seed));
    auto const id = detail::to_hex(detail::note_key_id_of(name, point));
    return note_signing_key::parse("PRIVATE+KEY+" + name + '+' + id + '+' +
                                   detail::base64_encode('\1' + std::string(32, fill)))
        .value();
}

result<opened_note> open_with(std::string_view note, note_signing_key const& key) {
    return open_note(note, std::span(&key.verification_key(), 1));
}
result<opened_note> open_foo(std::string_view note) {
    auto const key = note_verification_key::parse(foo_key).value();
    return open_note(note, std::span(&key, 1));
}
std::string sign_with(std::string_view text, note_signing_key const& key) {
    return sign_note(text, std::span(&key, 1)).value();
}
template <class T>
errc code_of(result<T> const& outcome) {
    return outcome ? errc{} : outcome.error().code;
}

}  // namespace

BOOST_AUTO_TEST_CASE(base64_has_one_text_for_each_value) {
    std::pair<char const*, char const*> const vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"}};
    for (auto const& [bytes, text] : vectors) {
        BOOST_TEST(detail::base64_encode(bytes) == text);
        BOOST_TEST(detail::base64_decode(text).value() == bytes);
    }
    for (char const* const text :
         {"Z",     "Zg",    "Zg=",  "Zg===",    "Zh==",   "Zm9=",      "Zm8",
          "====",  "=m9v",  "Z=9v", "Zg==Zg==", "Zm9v\n", " Zm9v",     "Zm9v    ",
          "\nZm9", "Zm9\n", "Zm-v", "Zm_v",     "Zm9v=",  "Z\xC3\xA9v"}) {
        BOOST_TEST(!detail::base64_decode(text).has_value(), text);
    }
    BOOST_TEST(!detail::base64_decode(std::string_view("Zm9\0", 4)).has_value());
    std::mt19937 random(1);
    for (std::size_t size = 0; size < 200; ++size) {
        std::string bytes;
        for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(random()));
        BOOST_TEST((detail::base64_decode(detail::base64_encode(bytes)) == bytes));
    }
    std::string const large((3U << 20) + 1, 'x');  // more than libcrypto is given at once
    BOOST_TEST((detail::base64_decode(detail::base64_encode(large)) == large));
}

BOOST_AUTO_TEST_CASE(decimal_numbers_have_one_text) {
    BOOST_TEST(detail::decimal_of("0").value() == 0U);
    BOOST_TEST(detail::decimal_of("18446744073709551615").value() == ~std::uint64_t{0});
    for (char const* const text : {"", "00", "01", "+1", "-1", " 1", "1 ", "1x", "0x1", "1.0",
                                   "18446744073709551616", "\xD9\xA1"}) {
        BOOST_TEST(!detail::decimal_of(text).has_value(), text);
    }
}

BOOST_AUTO_TEST_CASE(only_plain_utf8_is_text) {
    for (char const* const text : {"", "a\n", "\xC3\xA9", "\xE2\x80\x94", "\xF0\x9F\x98\x80",
                                   "\x7F", "\xF4\x8F\xBF\xBF", "\xED\x9F\xBF", "\xEE\x80\x80"}) {
        BOOST_TEST(detail::is_plain_text(text), text);
    }
    for (char const* const text :
         {"\t", "\r", "\x1F", "\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3(", "\xE0\x80\x80",
          "\xE0\x9F\xBF", "\xE2\x80", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
          "\xF5\x80\x80\x80", "\xFF"}) {
        BOOST_TEST(!detail::is_plain_text(text), text);
    }
    BOOST_TEST(!detail::is_plain_text(std::string_view("\0", 1)));
    for (char const* const name : {"", "a b", "a+b", "a\nb", "a\xC2\xA0z", "a\xE2\x80\x83z",
                                   "\xE3\x80\x80", "a\xC2\x85", "\xE1\x9A\x80", "\xFF"}) {
        BOOST_TEST(!detail::is_key_name(name), name);
    }
    BOOST_TEST(detail::is_key_name("example.com/log-1_\xC3\xA9"));
    BOOST_TEST(detail::is_key_name(std::string(255, 'a')));
    BOOST_TEST(!detail::is_key_name(std::string(256, 'a')));
}

BOOST_AUTO_TEST_CASE(ed25519_gives_the_signatures_of_rfc_8032) {
    struct vector {
        char const* seed;
        char const* point;
        char const* text;
        char const* signature;
    };
    vector const vectors[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701"
         "c"
         "f9b46bd25bf5f0595bbe24655141438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d"
         "0"
         "f11d8c387b2eaeb4302aeeb00d291612bb0c00"}};
    for (vector const& each : vectors) {
        detail::ed25519_seed seed;
        std::string const bytes = unhex(each.seed);
        std::copy(bytes.begin(), bytes.end(), seed.bytes.begin());
        auto const key = detail::ed25519_from_seed(seed);
        auto const point = detail::ed25519_public_of(key);
        std::string const text = unhex(each.text);
        BOOST_TEST(detail::to_hex(point) == each.point);
        BOOST_TEST(detail::to_hex(detail::ed25519_sign(key, text)) == each.signature);
        BOOST_TEST(detail::ed25519_verify(point, text, unhex(each.signature)));
        BOOST_TEST(!detail::ed25519_verify(point, text + "x", unhex(each.signature)));
    }
}

BOOST_AUTO_TEST_CASE(a_guard_forgets_what_libcrypto_noted_while_it_lived_and_nothing_else) {
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, 1);
    {
        detail::error_queue_guard const guard;
        ERR_raise(ERR_LIB_USER, 2);
    }
    BOOST_TEST(ERR_GET_REASON(ERR_get_error()) == 1);
    BOOST_TEST(ERR_get_error() == 0U);
}

BOOST_AUTO_TEST_CASE(a_refused_signature_leaves_nothing_in_the_queue_of_libcrypto) {
    ERR_clear_error();
    auto const point = detail::ed25519_public_of(detail::ed25519_generate());
    BOOST_TEST(!detail::ed25519_verify(point, "text", std::string(64, '\xFF')));
    BOOST_TEST(!detail::ed25519_verify(detail::ed25519_public{}, "text", std::string(64, '\1')));
    BOOST_TEST(!detail::base64_decode("****").has_value());
    BOOST_TEST(ERR_peek_error() == 0U);
}

BOOST_AUTO_TEST_CASE(the_note_of_the_standard_opens) {
    auto const key = note_verification_key::parse(foo_key).value();
    BOOST_TEST(key.name() == "example.com/foo");
    BOOST_TEST(detail::to_hex(key.id()) == "530d903a");
    BOOST_TEST(key.to_string() == foo_key);
    auto const opened = open_foo(foo_note).value();
    BOOST_TEST(opened.text == foo_text);
    BOOST_TEST((opened.signers == std::vector<std::string>{"example.com/foo"}));
}

BOOST_AUTO_TEST_CASE(a_key_pair_of_another_implementation_is_read) {
    auto const key = note_signing_key::parse(
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz");
    BOOST_TEST_REQUIRE(key.has_value());
    BOOST_TEST(key->verification_key().to_string() ==
               "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    BOOST_TEST(key->to_secret_string() ==
               "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz");
}

BOOST_AUTO_TEST_CASE(a_generated_key_comes_back_from_its_text) {
    auto const key = note_signing_key::generate("example.com/log").value();
    auto const again = note_signing_key::parse(key.to_secret_string()).value();
    BOOST_TEST((again.verification_key() == key.verification_key()));
    BOOST_TEST(sign_with("x\n", again) == sign_with("x\n", key));
    BOOST_TEST((note_verification_key::parse(key.verification_key().to_string()).value() ==
                key.verification_key()));
    auto const other = note_signing_key::generate("example.com/log").value();
    BOOST_TEST((other.verification_key() != key.verification_key()));
    for (char const* const name : {"", "a b", "a+b", "a\n"})
        BOOST_TEST((code_of(note_signing_key::generate(name)) == errc::bad_argument));
    static_assert(!std::is_copy_constructible_v<note_signing_key>);
    static_assert(std::is_nothrow_move_constructible_v<note_signing_key>);
}

BOOST_AUTO_TEST_CASE(every_change_of_a_key_s_text_is_refused_and_told_without_the_text) {
    auto const key = test_key("example.com/log", 'k');
    std::string const text = key.to_secret_string();
    std::string const base64 = text.substr(text.size() - 44);
    std::string const public_text = key.verification_key().to_string();
    for (std::size_t i = 0; i < text.size(); ++i) {
        for (char const other : {'+', 'A', '1', ' ', '\n'}) {
            std::string changed = text;
            if (changed[i] == other) continue;
            changed[i] = other;
            auto const outcome = note_signing_key::parse(changed);
            BOOST_TEST_REQUIRE((code_of(outcome) == errc::bad_argument), changed);
            BOOST_TEST(outcome.error().message().find(base64.substr(2, 8)) == std::string::npos);
            BOOST_TEST(outcome.error().message().find("example") == std::string::npos);
        }
        BOOST_TEST((code_of(note_signing_key::parse(text.substr(0, i))) == errc::bad_argument));
    }
    for (std::size_t i = 0; i < public_text.size(); ++i) {
        std::string changed = public_text;
        changed[i] = changed[i] == 'B' ? 'C' : 'B';
        BOOST_TEST((code_of(note_verification_key::parse(changed)) == errc::bad_argument));
        BOOST_TEST((code_of(note_verification_key::parse(public_text.substr(0, i))) ==
                    errc::bad_argument));
    }
    BOOST_TEST((code_of(note_signing_key::parse(public_text)) == errc::bad_argument));
    BOOST_TEST((code_of(note_verification_key::parse(text)) == errc::bad_argument));
    BOOST_TEST((code_of(note_signing_key::parse(text + '\n')) == errc::bad_argument));
}

BOOST_AUTO_TEST_CASE(every_flipped_bit_of_a_note_is_refused) {
    auto const key = test_key("example.com/log", 'k');
    for (std::string const& note : {sign_with("first\n\nlast\n", key), foo_note}) {
        for (std::size_t i = 0; i < note.size(); ++i) {
            for (unsigned bit = 0; bit < 8; ++bit) {
                std::string changed = note;
                changed[i] =
                    static_cast<char>(static_cast<unsigned char>(changed[i]) ^ (1U << bit));
                BOOST_TEST(!open_with(changed, key).has_value(), "byte " << i << " bit " << bit);
                BOOST_TEST(!open_foo(changed).has_value(), "byte " << i << " bit " << bit);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(every_cut_insertion_and_removal_in_a_note_is_refused) {
    for (std::size_t i = 0; i <= foo_note.size(); ++i) {
        if (i < foo_note.size()) BOOST_TEST(!open_foo(foo_note.substr(0, i)).has_value());
        if (i > 0) BOOST_TEST(!open_foo(foo_note.substr(i)).has_value());
        if (i < foo_note.size()) {
            std::string shorter = foo_note;
            shorter.erase(i, 1);
            BOOST_TEST(!open_foo(shorter).has_value(), "without byte " << i);
        }
        for (char const more : {'\n', ' ', 'A', '=', '\r', '+'}) {
            std::string longer = foo_note;
            longer.insert(i, 1, more);
            BOOST_TEST(!open_foo(longer).has_value(), "with one more at " << i);
        }
    }
}

BOOST_AUTO_TEST_CASE(unknown_signatures_are_ignored_and_wrong_ones_of_known_keys_are_not) {
    auto const ours = test_key("example.com/log", 'a');
    auto const theirs = test_key("witness.example", 'b');
    auto const namesake = test_key("example.com/log", 'c');
    std::string const text = "text\n";
    std::string const one = sign_with(text, ours);
    std::string const line_of_ours = one.substr(text.size() + 1);
    std::string const line_of_theirs = sign_with(text, theirs).substr(text.size() + 1);
    std::string const line_of_namesake = sign_with(text, namesake).substr(text.size() + 1);
    std::string const wrong_line = sign_with("other\n", ours).substr(6 + 1);

    BOOST_TEST(open_with(one + line_of_theirs, ours).value().signers.size() == 1U);
    BOOST_TEST(open_with(text + "\n" + line_of_theirs + line_of_namesake + line_of_ours, ours)
                   .value()
                   .text == text);
    BOOST_TEST((code_of(open_with(one, theirs)) == errc::verification_failed));
    BOOST_TEST((code_of(open_with(one, namesake)) == errc::verification_failed));
    BOOST_TEST((code_of(open_note(one, {})) == errc::verification_failed));
    BOOST_TEST((code_of(open_with(one + wrong_line, ours)) == errc::verification_failed));
    BOOST_TEST((code_of(open_with(text + "\n" + wrong_line + line_of_ours, ours)) ==
                errc::verification_failed));
    // A line that is no signature spoils the note, whoever made it.
    BOOST_TEST((code_of(open_with(one + "\xE2\x80\x94 w AAAA\n", ours)) == errc::bad_input));
    BOOST_TEST((code_of(open_with(one + "\xE2\x80\x94 w AAAAAA==\n", ours)) == errc::bad_input));
    BOOST_TEST((code_of(open_with(one + "\xE2\x80\x94 w+ AAAAAAAA\n", ours)) == errc::bad_input));
    BOOST_TEST((code_of(open_with(one + "-- w AAAAAAAA\n", ours)) == errc::bad_input));
    BOOST_TEST(open_with(one + "\xE2\x80\x94 w AAAAAAAA\n", ours).has_value());

    note_verification_key const both[] = {theirs.verification_key(), ours.verification_key()};
    auto const opened = open_note(one + line_of_theirs + line_of_ours, both).value();
    BOOST_TEST((opened.signers == std::vector<std::string>{"example.com/log", "witness.example"}));
}

BOOST_AUTO_TEST_CASE(what_signs_a_note_opens_it_whatever_its_lines) {
    auto const key = test_key("example.com/log", 'a');
    for (std::string const text : {"\n", "a\n", "a\n\n", "\n\nb\n", "\xE2\x80\x94 x AAAAAAAA\n",
                                   "a\n\n\xE2\x80\x94 x AAAAAAAA\n", "\xF0\x9F\x98\x80\n"}) {
        auto const opened = open_with(sign_with(text, key), key);
        BOOST_TEST_REQUIRE(opened.has_value());
        BOOST_TEST(opened->text == text);
    }
    for (std::string const text : {"", "a", "a\t\n", "\xFF\n", "a\r\n"})
        BOOST_TEST((code_of(sign_note(text, std::span(&key, 1))) == errc::bad_argument));
    BOOST_TEST((code_of(sign_note("a\n", {})) == errc::bad_argument));
}

BOOST_AUTO_TEST_CASE(the_sizes_of_notes_are_bounded) {
    auto const key = test_key("example.com/log", 'a');
    std::string const text(limits::note_bytes, 'a');
    BOOST_TEST((code_of(sign_note(text + '\n', std::span(&key, 1))) == errc::too_large));
    BOOST_TEST((code_of(open_with(text + "\n\nx\n", key)) == errc::too_large));
    std::string note = sign_with("a\n", key);
    for (std::size_t i = 1; i < limits::note_signatures; ++i) note += "\xE2\x80\x94 w AAAAAAAA\n";
    BOOST_TEST(open_with(note, key).has_value());
    note += "\xE2\x80\x94 w AAAAAAAA\n";
    BOOST_TEST((code_of(open_with(note, key)) == errc::too_large));
}

BOOST_AUTO_TEST_CASE(a_checkpoint_has_the_text_of_the_standard) {
    std::string const text =
        "example.com/behind-the-sofa\n20852163\n"
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    auto const state = checkpoint::parse(text).value();
    BOOST_TEST(state.origin == "example.com/behind-the-sofa");
    BOOST_TEST(state.size == 20852163U);
    BOOST_TEST(state.root.to_string() ==
               "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62");
    BOOST_TEST(state.to_text().value() == text);
    BOOST_TEST((checkpoint::parse(text + "extension\nanother\n").value() == state));
}

BOOST_AUTO_TEST_CASE(other_texts_of_a_checkpoint_are_refused) {
    std::string const root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    for (std::string const& text : {std::string{},
                                    std::string{"a\n1\n"},
                                    "a\n1\n" + root.substr(0, 44),
                                    "\n1\n" + root,
                                    "a\n01\n" + root,
                                    "a\n+1\n" + root,
                                    "a\n-1\n" + root,
                                    "a\n\n" + root,
                                    "a\n1 \n" + root,
                                    "a\n0x1\n" + root,
                                    "a\n9223372036854775808\n" + root,
                                    "a\n18446744073709551616\n" + root,
                                    "a\n1\n" + root.substr(0, 42) + "3=\n",
                                    "a\n1\n" + root.substr(4),
                                    "a\n1\nAAAA" + root,
                                    "a\n1\n " + root,
                                    "a\n1\n" + root + "\n",
                                    "a\n1\n" + root + "x",
                                    "a\n1\n" + root + "x\n\n",
                                    "a\n1\n" + root + "\nx\n",
                                    "a\n0\n" + root,
                                    "a\t\n1\n" + root,
                                    "\xFF\n1\n" + root}) {
        BOOST_TEST((code_of(checkpoint::parse(text)) == errc::bad_input), text);
    }
    digest const some = leaf_hash("x");
    BOOST_TEST((code_of(checkpoint{"", 1, some}.to_text()) == errc::bad_argument));
    BOOST_TEST((code_of(checkpoint{"a\nb", 1, some}.to_text()) == errc::bad_argument));
    BOOST_TEST((code_of(checkpoint{"a", 0, some}.to_text()) == errc::bad_argument));
    BOOST_TEST(
        (code_of(checkpoint{"a", limits::tree_size + 1, some}.to_text()) == errc::bad_argument));
    BOOST_TEST((checkpoint{"a", 0, empty_root()}.to_text().has_value()));
    BOOST_TEST((checkpoint{"a", limits::tree_size, some}.to_text().has_value()));
}

BOOST_AUTO_TEST_CASE(a_checkpoint_opens_for_the_log_it_names_and_no_other) {
    auto const key = test_key("example.com/log", 'a');
    checkpoint const state{"example.com/log", 7, leaf_hash("x")};
    std::string const note = sign_checkpoint(state, key).value();
    auto const opened = open_checkpoint(note, key.verification_key());
    BOOST_TEST_REQUIRE(opened.has_value());
    BOOST_TEST((opened->value() == state));
    BOOST_TEST((opened->signers() == std::vector<std::string>{"example.com/log"}));
    static_assert(!std::is_constructible_v<verified_checkpoint, checkpoint>);
    static_assert(!std::is_default_constructible_v<verified_checkpoint>);

    // The same key signs for another log: its origin is not the one that the reader wants.
    auto const elsewhere = sign_checkpoint({"example.com/other", 7, state.root}, key).value();
    BOOST_TEST(
        (code_of(open_checkpoint(elsewhere, key.verification_key())) == errc::verification_failed));
    trusted_log const other{"example.com/other", {key.verification_key()}};
    BOOST_TEST(open_checkpoint(elsewhere, other).has_value());
    BOOST_TEST((code_of(open_checkpoint(note, other)) == errc::verification_failed));

    // Signed, but no checkpoint.
    BOOST_TEST((code_of(open_checkpoint(sign_with("example.com/log\n7\n", key),
                                        key.verification_key())) == errc::bad_input));
    // Extensions are passed over, under the signature.
    auto const extended = sign_with(state.to_text().value() + "more\n", key);
    BOOST_TEST((open_checkpoint(extended, key.verification_key()).value().value() == state));
    // A new key beside the old one: either is enough.
    auto const newer = test_key("example.com/log", 'b');
    trusted_log const changing{"example.com/log",
                               {key.verification_key(), newer.verification_key()}};
    BOOST_TEST(open_checkpoint(note, changing).has_value());
    BOOST_TEST(open_checkpoint(sign_checkpoint(state, newer).value(), changing).has_value());
    BOOST_TEST(
        (code_of(open_checkpoint(note, newer.verification_key())) == errc::verification_failed));
}

BOOST_AUTO_TEST_SUITE_END()

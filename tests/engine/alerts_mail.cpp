// SPDX-License-Identifier: MIT
//
// alerts_mail.cpp: e-mails that an SMTP server on loopback really received.
#include "support/ledger_testing.hpp"
#include "support/smtp_server.hpp"
#include "support/temporary_directory.hpp"
#include "support/throwaway_ca.hpp"

#include <aiaudit/alerts.hpp>
#include <aiaudit/alerts/smtp.hpp>
#include <aiaudit/impl/smtp.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <string>

BOOST_AUTO_TEST_SUITE(alerts_mail)

namespace {

using namespace aiaudit;
using namespace aiaudit_tests;
using namespace std::chrono_literals;

using mail_ledger = basic_ledger<on_disk>;

alert mail_alert(std::string text = "budget 'daily' of ana has reached 80 %: caf\xC3\xA9") {
    return {make_alert_key(alert_kind::custom, {text}),
            alert_kind::custom,
            std::move(text),
            timestamp::parse("2026-08-15T12:00:00Z").value(),
            {{"budget", "daily"}}};
}

smtp_options options_for(smtp_server const& server, throwaway_ca const& ca,
                         smtp_security security) {
    smtp_options options;
    options.host = "localhost";
    options.port = server.port();
    options.security = security;
    options.ca_file = ca.file();
    options.from = "aiaudit@example.com";
    options.to = {"ops@example.com", "boss@example.com"};
    options.time_max = 20s;
    if (security == smtp_security::none) return options;
    options.user = "ana";
    options.password = "geheim";
    return options;
}

result<void> send(smtp_options const& options, alert const& of = mail_alert()) {
    return smtp_sink(options).value().deliver(of);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_mail_arrives_by_starttls_and_by_tls) {
    throwaway_ca const ca;
    for (auto const security : {smtp_security::starttls, smtp_security::tls}) {
        smtp_server const server(
            security == smtp_security::tls ? smtp_mode::tls : smtp_mode::starttls, ca.good());
        auto const sent = send(options_for(server, ca, security));
        BOOST_REQUIRE_MESSAGE(sent.has_value(), (sent ? "" : sent.error().message()));
        auto const mails = server.mails();
        BOOST_REQUIRE(mails.size() == 1U);
        BOOST_TEST(mails[0].tls);
        BOOST_TEST(mails[0].user == "ana");
        BOOST_TEST(mails[0].from == "aiaudit@example.com");
        BOOST_TEST(mails[0].to == (std::vector<std::string>{"ops@example.com", "boss@example.com"}),
                   boost::test_tools::per_element());
        BOOST_TEST(mails[0].subject ==
                   "[aiaudit] custom: budget 'daily' of ana has reached 80 %: caf\xC3\xA9");
        BOOST_TEST(mails[0].text.find("budget: daily") != std::string::npos);
        BOOST_TEST(mails[0].message_id.ends_with("@example.com>"));
    }
}

BOOST_AUTO_TEST_CASE(a_mail_arrives_once_over_restarts) {
    throwaway_ca const ca;
    smtp_server const server(smtp_mode::starttls, ca.good());
    temporary_directory const place;
    alert const of = mail_alert();
    std::uint64_t delivered = 0;
    // 0: dies after it was raised; 1: after the claim; 2: delivers; 3 and 4: nothing is left to do.
    for (int step = 0; step < 5; ++step) {
        auto log = mail_ledger::open({.path = place.path()}).value();
        log.time().set({of.at.ns + step * 1'000'000'000'000});
        alert_watch_options options;
        options.poll_every = 0ms;
        options.sinks = {smtp_sink(options_for(server, ca, smtp_security::starttls)).value()};
        auto watch = basic_alert_watch<mail_ledger>::open(log, options).value();
        BOOST_TEST(watch.raise(of).value() == (step == 0));
        if (step == 0) continue;
        if (step == 1) {
            alert_event claim;
            claim.key = of.key;
            claim.sink = "mail";
            claim.by = "who-dies";
            claim.at = log.time().now();
            claim.held_ns = 300'000'000'000;
            BOOST_TEST(log.append_once(to_record(claim).value()).value().has_value());
        }
        delivered += watch.poll_once().value().delivered;
        BOOST_TEST(server.mails().size() == (step < 2 ? 0U : 1U));
    }
    BOOST_TEST(delivered == 1U);
}

BOOST_AUTO_TEST_CASE(without_tls_nothing_is_sent) {
    throwaway_ca const ca;
    smtp_server const server(smtp_mode::plain, ca.good());
    auto const sent = send(options_for(server, ca, smtp_security::starttls));
    BOOST_REQUIRE(!sent);
    BOOST_TEST((sent.error().code == errc::tls_failed), sent.error().message());
    BOOST_TEST(server.mails().empty());
    BOOST_TEST(send(options_for(server, ca, smtp_security::none)).has_value());
    BOOST_TEST(server.mails().size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_server_that_nobody_vouches_for_gets_neither_password_nor_mail) {
    throwaway_ca const ca;
    throwaway_ca const other;
    for (auto const mode : {smtp_mode::starttls, smtp_mode::tls}) {
        auto const security = mode == smtp_mode::tls ? smtp_security::tls : smtp_security::starttls;
        smtp_server const server(mode, ca.good());
        smtp_server const misnamed(mode, ca.for_host("mail.example.test"));
        for (auto const& options :
             {options_for(server, other, security), options_for(misnamed, ca, security)}) {
            auto const sent = send(options);
            BOOST_REQUIRE(!sent);
            BOOST_TEST((sent.error().code == errc::tls_failed), sent.error().message());
        }
        BOOST_TEST(server.mails().empty());
        BOOST_TEST(misnamed.mails().empty());
    }
}

BOOST_AUTO_TEST_CASE(no_error_shows_the_password_or_the_servers_words) {
    throwaway_ca const ca;
    smtp_server const server(smtp_mode::starttls, ca.good());
    auto options = options_for(server, ca, smtp_security::starttls);
    options.password = "my-secret-password";
    auto const sent = send(options);
    BOOST_REQUIRE(!sent);
    BOOST_TEST(sent.error().message().find("secret") == std::string::npos);
    BOOST_TEST(sent.error().remote.empty());
    smtp_server const full(smtp_mode::full, ca.good());
    auto const refused = send(options_for(full, ca, smtp_security::none));
    BOOST_REQUIRE(!refused);
    BOOST_TEST(refused.error().message().find("secret") == std::string::npos);
    BOOST_TEST(refused.error().message().find("452") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_text_cannot_begin_another_header_or_end_the_mail) {
    throwaway_ca const ca;
    smtp_server const server(smtp_mode::plain, ca.good());
    alert of = mail_alert("evil\r\nBcc: all@example.com\r\n.\r\nMAIL FROM:<x@example.com>");
    of.facts = {{"a\r\nb", ".\r\n.\r\n"}};
    BOOST_TEST(send(options_for(server, ca, smtp_security::none), of).has_value());
    auto const mails = server.mails();
    BOOST_REQUIRE(mails.size() == 1U);
    BOOST_TEST(mails[0].to.size() == 2U);
    BOOST_TEST((std::find(mails[0].headers.begin(), mails[0].headers.end(), "Bcc") ==
                mails[0].headers.end()));
    BOOST_TEST(mails[0].subject.find("evil  Bcc: all@example.com") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(bad_options_are_refused) {
    throwaway_ca const ca;
    smtp_options const good = [] {
        smtp_options options;
        options.host = "localhost";
        options.from = "a@example.com";
        options.to = {"b@example.com"};
        return options;
    }();
    BOOST_TEST(smtp_sink(good).has_value());
    auto const refused = [&](auto change) {
        smtp_options options = good;
        change(options);
        auto const made = smtp_sink(options);
        return !made && made.error().code == errc::bad_argument;
    };
    BOOST_TEST(refused([](auto& of) { of.from = "a@example.com>\r\nRCPT TO:<x@example.com"; }));
    BOOST_TEST(refused([](auto& of) { of.to = {"b@example.com\r\nBcc: c@example.com"}; }));
    BOOST_TEST(refused([](auto& of) { of.to.clear(); }));
    BOOST_TEST(refused([](auto& of) { of.subject_prefix = "x\r\nBcc: c@example.com"; }));
    BOOST_TEST(refused([](auto& of) { of.host = "localhost/x?y"; }));
    BOOST_TEST(refused([](auto& of) { of.host.clear(); }));
    BOOST_TEST(refused([](auto& of) { of.time_max = 0ms; }));
}

BOOST_AUTO_TEST_SUITE_END()

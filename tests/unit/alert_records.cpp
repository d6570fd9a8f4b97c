// SPDX-License-Identifier: MIT
//
// alert_records.cpp: alerts as records, and what the fold of them lets into the log.
#include <aiaudit/alerts/alert_sink.hpp>
#include <aiaudit/alerts/mail.hpp>
#include <aiaudit/codec/record_codec.hpp>
#include <aiaudit/engine/alert_book.hpp>
#include <aiaudit/limits.hpp>

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(alert_records)

namespace {

using namespace aiaudit;
using aiaudit::detail::alert_book;

constexpr std::int64_t noon = 1'790'000'000;
constexpr std::uint64_t minute_ns = 60'000'000'000;

timestamp at_second(std::int64_t seconds) { return timestamp::from_seconds(noon + seconds); }

alert alert_numbered(int number, std::int64_t seconds = 0) {
    return {make_alert_key(alert_kind::custom, {"alert", std::to_string(number)}),
            alert_kind::custom,
            "alert " + std::to_string(number),
            at_second(seconds),
            {{"number", std::to_string(number)}}};
}

alert_event event_of(alert_stage stage, alert const& of, std::int64_t seconds,
                     std::string by = "one", std::string sink = "mail") {
    alert_event made;
    made.stage = stage;
    made.key = of.key;
    made.sink = std::move(sink);
    made.by = std::move(by);
    made.at = at_second(seconds);
    if (stage == alert_stage::claimed || stage == alert_stage::failed) made.held_ns = minute_ns;
    if (stage == alert_stage::failed) made.error = name_of(errc::timed_out);
    return made;
}

// By way of the bytes that the log has.
template <class What>
bool offer(alert_book& book, What const& what) {
    auto const entry = to_record(what);
    BOOST_REQUIRE(entry.has_value());
    std::string room;
    record_view view;
    BOOST_REQUIRE(decode_record(encode_record(*entry, room), view).has_value());
    if (!book.may_append(view)) return false;
    book.apply(view);
    return true;
}

std::vector<std::string> texts_due(alert_book const& book, std::int64_t seconds,
                                   std::string_view sink = "mail") {
    std::vector<std::string> texts;
    for (alert const& each : book.undelivered(sink, at_second(seconds))) texts.push_back(each.text);
    return texts;
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_alert_comes_back_from_its_record) {
    alert const of = alert_numbered(1);
    auto const entry = to_record(of).value();
    BOOST_TEST(!entry.failed());
    BOOST_TEST((read_alert(entry).value() == of));
    BOOST_TEST(!read_alert_event(entry).has_value());
    for (auto const stage : {alert_stage::claimed, alert_stage::delivered, alert_stage::failed}) {
        auto const event = event_of(stage, of, 5);
        auto const said = to_record(event).value();
        BOOST_TEST((read_alert_event(said).value() == event));
        BOOST_TEST(!read_alert(said).has_value());
        BOOST_TEST(said.failed() == (stage == alert_stage::failed));
    }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_a_key_or_a_name_is_refused) {
    for (std::string const key : {"", "two words", "line\r\nX: y", "caf\xC3\xA9"}) {
        alert of = alert_numbered(1);
        of.key = key;
        BOOST_TEST((to_record(of).error().code == errc::bad_argument));
        BOOST_TEST(
            (to_record(event_of(alert_stage::claimed, of, 0)).error().code == errc::bad_argument));
    }
    alert of = alert_numbered(1);
    BOOST_TEST(!to_record(event_of(alert_stage::raised, of, 0)).has_value());
    BOOST_TEST(!to_record(event_of(alert_stage::claimed, of, 0, "")).has_value());
    BOOST_TEST(!to_record(event_of(alert_stage::claimed, of, 0, "one", "a\nb")).has_value());
    of.text.assign(100'000, 'x');
    of.facts.assign(1'000, {std::string(2'000, 'n'), std::string(2'000, 'v')});
    std::string room;
    BOOST_TEST(encode_record(to_record(of).value(), room).size() < limits::record_bytes);
}

BOOST_AUTO_TEST_CASE(keys_tell_parts_apart) {
    std::string const key = make_alert_key(alert_kind::anomaly, {"ab", "c"});
    BOOST_TEST(key.starts_with("anomaly-"));
    BOOST_TEST(key.size() == 8U + 32U);
    BOOST_TEST(key != make_alert_key(alert_kind::anomaly, {"a", "bc"}));
    BOOST_TEST(key == make_alert_key(alert_kind::anomaly, {"ab", "c"}));
}

BOOST_AUTO_TEST_CASE(a_key_is_raised_once) {
    alert_book book;
    BOOST_TEST(offer(book, alert_numbered(1)));
    BOOST_TEST(!offer(book, alert_numbered(1, 9)));
    BOOST_TEST(offer(book, alert_numbered(2)));
    BOOST_TEST(texts_due(book, 0) == (std::vector<std::string>{"alert 1", "alert 2"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(one_claims_and_the_others_wait_until_it_expires) {
    alert_book book;
    alert const of = alert_numbered(1);
    BOOST_TEST(!offer(book, event_of(alert_stage::claimed, of, 0)));  // not raised
    offer(book, of);
    BOOST_TEST(!offer(book, event_of(alert_stage::delivered, of, 0)));  // not claimed
    BOOST_TEST(offer(book, event_of(alert_stage::claimed, of, 0)));
    BOOST_TEST(!offer(book, event_of(alert_stage::claimed, of, 59, "two")));
    BOOST_TEST(!offer(book, event_of(alert_stage::claimed, of, 59, "one")));
    BOOST_TEST(texts_due(book, 59).empty());
    BOOST_TEST(texts_due(book, 60).size() == 1U);
    BOOST_TEST(texts_due(book, 0, "chat").size() == 1U);  // another sink
    BOOST_TEST(offer(book, event_of(alert_stage::claimed, of, 60, "two")));
    // Who was late: that it failed says nothing any more, that it arrived does.
    BOOST_TEST(!offer(book, event_of(alert_stage::failed, of, 61, "one")));
    BOOST_TEST(offer(book, event_of(alert_stage::delivered, of, 61, "one")));
    BOOST_TEST(!offer(book, event_of(alert_stage::delivered, of, 62, "two")));
    BOOST_TEST(!offer(book, event_of(alert_stage::claimed, of, 1'000, "two")));
    BOOST_TEST(texts_due(book, 1'000).empty());
}

BOOST_AUTO_TEST_CASE(a_clock_that_steps_back_prolongs_no_claim) {
    alert_book book;
    alert const of = alert_numbered(1);
    offer(book, of);
    offer(book, event_of(alert_stage::claimed, of, 86'400 * 365));
    BOOST_TEST(texts_due(book, 0).size() == 1U);
    BOOST_TEST(offer(book, event_of(alert_stage::claimed, of, 0, "two")));
}

BOOST_AUTO_TEST_CASE(a_failure_is_shown_and_tried_again) {
    alert_book book;
    alert const of = alert_numbered(1);
    offer(book, of);
    for (int i = 0; i < 3; ++i) {
        BOOST_TEST(offer(book, event_of(alert_stage::claimed, of, i * 100)));
        BOOST_TEST(offer(book, event_of(alert_stage::failed, of, i * 100 + 1)));
        BOOST_TEST(texts_due(book, i * 100 + 60).empty());
        BOOST_TEST(texts_due(book, i * 100 + 61).size() == 1U);
        auto const failures = book.failures(at_second(i * 100));
        BOOST_REQUIRE(failures.size() == 1U);
        BOOST_TEST(failures[0].key == of.key);
        BOOST_TEST(failures[0].last.failures == static_cast<unsigned>(i + 1));
        BOOST_TEST(failures[0].last.error == "timed_out");
    }
    offer(book, event_of(alert_stage::claimed, of, 400));
    offer(book, event_of(alert_stage::delivered, of, 401));
    BOOST_TEST(book.failures(at_second(402)).empty());
}

BOOST_AUTO_TEST_CASE(memory_is_bounded_and_what_is_old_is_forgotten) {
    alert_book book;
    int const many = static_cast<int>(alert_book::texts_most) + 10;
    for (int i = 0; i < many; ++i) BOOST_REQUIRE(offer(book, alert_numbered(i, i)));
    BOOST_TEST(texts_due(book, many).size() == alert_book::texts_most);
    BOOST_TEST(texts_due(book, many).front() == "alert 10");
    BOOST_TEST(book.was_raised(alert_numbered(0).key));
    BOOST_TEST(texts_due(book, 86'400 * 8).empty());  // seven days
    // 400 days of the records' time.
    BOOST_TEST(offer(book, alert_numbered(-1, 86'400 * 401)));
    BOOST_TEST(!book.was_raised(alert_numbered(many - 1).key));
    BOOST_TEST(!offer(book, alert_numbered(5, 0)));  // would be forgotten at once
    BOOST_TEST(offer(book, alert_numbered(5, 86'400 * 401)));
}

BOOST_AUTO_TEST_CASE(a_snapshot_comes_back_and_other_bytes_are_corrupt) {
    alert_book book;
    for (int i = 0; i < 30; ++i) {
        alert const of = alert_numbered(i, i);
        offer(book, of);
        if (i % 3 > 0) offer(book, event_of(alert_stage::claimed, of, i));
        if (i % 3 > 1)
            offer(book, event_of(i % 2 == 0 ? alert_stage::delivered : alert_stage::failed, of, i));
    }
    std::string const saved = book.snapshot();
    BOOST_TEST((alert_book::from_snapshot(saved).value() == book));
    BOOST_TEST((alert_book::from_snapshot(alert_book{}.snapshot()).value() == alert_book{}));
    for (std::size_t i = 0; i < saved.size(); ++i)
        BOOST_TEST(!alert_book::from_snapshot(saved.substr(0, i)).has_value());
    BOOST_TEST((alert_book::from_snapshot(saved + "x").error().code == errc::corrupt));
    std::mt19937_64 random(7);
    int accepted = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::string bytes = saved;
        for (std::uint64_t flips = random() % 4 + 1; flips > 0; --flips)
            bytes[random() % bytes.size()] = static_cast<char>(random());
        auto const read = alert_book::from_snapshot(bytes);
        if (!read) continue;
        ++accepted;
        BOOST_TEST(read->undelivered("mail", at_second(10)).size() <= 30U);
        BOOST_TEST((alert_book::from_snapshot(read->snapshot()).value() == *read));
    }
    BOOST_TEST(accepted > 0);
}

BOOST_AUTO_TEST_CASE(records_of_other_kinds_and_stages_change_nothing) {
    alert_book book;
    record entry = to_record(alert_numbered(1)).value();
    auto const changes = [&](record const& of) {
        std::string room;
        record_view view;
        BOOST_REQUIRE(decode_record(encode_record(of, room), view).has_value());
        bool const may = book.may_append(view);
        alert_book after = book;
        after.apply(view);
        return may || !(after == book);
    };
    BOOST_TEST(changes(entry));
    entry.kind = record_kind::outcome;
    BOOST_TEST(!changes(entry));
    entry.kind = record_kind::alert;
    entry.finish_reason = "forwarded";
    BOOST_TEST(!changes(entry));
    entry.finish_reason = "raised";
    entry.tags[0].second = "of a later release";
    BOOST_TEST(!changes(entry));
    entry.tags.clear();
    BOOST_TEST(!changes(entry));
}

BOOST_AUTO_TEST_CASE(a_line_is_one_line) {
    alert of = alert_numbered(1);
    of.text = "user \"a\nb\r\x1B[2J\"";
    BOOST_TEST(to_line(of) == of.at.to_string() + " custom: user \"a b  [2J\"");
}

BOOST_AUTO_TEST_CASE(a_subject_cannot_begin_another_header) {
    alert of = alert_numbered(1);
    of.text = "evil\r\nBcc: <all@example.com>\r\n\r\n\xFF " + std::string(300, 'x') + "\xC3\xA9";
    std::string const message = aiaudit::detail::mail_message(
        of, "from@example.com", {"a@example.com", "b@example.com"}, "[ai] ", at_second(0));
    std::string const head = message.substr(0, message.find("\r\n\r\n"));
    BOOST_TEST(head.find("Bcc") == std::string::npos);
    BOOST_TEST(head.find("To: <a@example.com>,\r\n <b@example.com>\r\n") != std::string::npos);
    std::size_t lines = 0;
    for (std::size_t at = 0; at < message.size(); ++lines) {
        std::size_t const end = message.find("\r\n", at);
        BOOST_REQUIRE(end != std::string::npos);
        BOOST_TEST(end - at <= 100U);
        BOOST_TEST(message.substr(at, end - at).find('\n') == std::string::npos);
        at = end + 2;
    }
    BOOST_TEST(lines > 12U);
    BOOST_TEST(aiaudit::detail::mail_date(timestamp::parse("2026-08-05T01:02:03.5Z").value()) ==
               "Wed, 5 Aug 2026 01:02:03 +0000");
    BOOST_TEST(aiaudit::detail::encoded_header("caf\xC3\xA9") == "=?UTF-8?B?Y2Fmw6k=?=");
    BOOST_TEST(aiaudit::detail::encoded_header("") ==
               "=?UTF-8?B?"
               "?=");
    for (std::string const bad :
         {"", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\r\nX", "<a@b>", "a,b@c", "\"a\"@b"})
        BOOST_TEST(!aiaudit::detail::check_mail_address(bad).has_value());
    BOOST_TEST(aiaudit::detail::check_mail_address("first.last+tag@mail.example.com").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

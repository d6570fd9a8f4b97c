// SPDX-License-Identifier: MIT
#include <aiaudit/resilience/retry_after.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <random>
#include <string>

BOOST_AUTO_TEST_SUITE(retry_after)

namespace {

using aiaudit::header_list;
using aiaudit::timestamp;

constexpr std::int64_t none = -1;

timestamp at(char const* text) { return timestamp::parse(text).value(); }

std::int64_t wait_ms(header_list const& headers, timestamp now) {
    auto const wait = aiaudit::retry_after(headers, now);
    return wait ? wait->count() : none;
}
std::int64_t wait_ms(std::string const& value, timestamp now = at("2026-08-15T12:00:00Z")) {
    return wait_ms(header_list{{"Retry-After", value}}, now);
}

std::string padded(int value) { return (value < 10 ? "0" : "") + std::to_string(value); }

}  // namespace

BOOST_AUTO_TEST_CASE(seconds_may_have_a_fraction_and_are_rounded_up_to_milliseconds) {
    struct {
        char const* text;
        std::int64_t wait;
    } const rows[]{{"0", 0},
                   {"7", 7000},
                   {"007", 7000},
                   {" 20\t", 20'000},
                   {"1.5", 1500},
                   {"0.25", 250},
                   {"0.0001", 1},
                   {"1.0000000000000000001", 1001},
                   {"1.0000000000000000000", 1000},
                   {"0.9999999999", 1000},
                   {"31622400", 31'622'400'000}};
    for (auto const& row : rows) {
        BOOST_TEST_CONTEXT(row.text) { BOOST_TEST(wait_ms(row.text) == row.wait); }
    }
}

BOOST_AUTO_TEST_CASE(nonsense_negative_or_absurd_says_nothing) {
    for (char const* const text : {"",
                                   " ",
                                   "-1",
                                   "+1",
                                   "-0",
                                   "soon",
                                   "1s",
                                   "1e3",
                                   "1,5",
                                   ".5",
                                   "1.",
                                   "1.5.2",
                                   "0x10",
                                   "1 2",
                                   "NaN",
                                   "inf",
                                   "31622400.1",
                                   "31622401",
                                   "99999999999999999999999999",
                                   "true"}) {
        BOOST_TEST_CONTEXT(text) { BOOST_TEST(wait_ms(text) == none); }
    }
    BOOST_TEST(wait_ms(header_list{}, at("2026-08-15")) == none);
}

BOOST_AUTO_TEST_CASE(the_header_in_milliseconds_goes_first_if_it_makes_sense) {
    auto const now = at("2026-08-15T12:00:00Z");
    BOOST_TEST(wait_ms({{"retry-after", "5"}, {"Retry-After-Ms", "1234"}}, now) == 1234);
    BOOST_TEST(wait_ms({{"retry-after-ms", "12.25"}, {"retry-after", "5"}}, now) == 13);
    BOOST_TEST(wait_ms({{"retry-after-ms", "-1"}, {"retry-after", "5"}}, now) == 5000);
    BOOST_TEST(wait_ms({{"retry-after-ms", "31622400001"}}, now) == none);
    BOOST_TEST(wait_ms({{"retry-after-ms", "Sat, 15 Aug 2026 12:00:02 GMT"}}, now) == none);
}

BOOST_AUTO_TEST_CASE(the_three_forms_of_a_date_mean_one_instant) {
    auto const now = at("1994-11-06T08:49:30.250Z");
    for (char const* const text : {"Sun, 06 Nov 1994 08:49:37 GMT",
                                   "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
        BOOST_TEST_CONTEXT(text) { BOOST_TEST(wait_ms(text, now) == 6750); }
    }
    BOOST_TEST(wait_ms("Wed Nov 16 08:49:37 1994", now) == 6750 + 10 * 86'400'000);
    BOOST_TEST(wait_ms("Sun, 06 Nov 1994 08:49:60 GMT", now) == 29'750);  // a leap second
}

BOOST_AUTO_TEST_CASE(a_date_in_the_past_is_no_wait_and_one_far_ahead_says_nothing) {
    auto const now = at("2026-08-15T12:00:00Z");
    BOOST_TEST(wait_ms("Sat, 15 Aug 2026 12:00:00 GMT", now) == 0);
    BOOST_TEST(wait_ms("Sat, 15 Aug 2026 11:59:59 GMT", now) == 0);
    BOOST_TEST(wait_ms("Thu, 01 Jan 1970 00:00:00 GMT", now) == 0);
    BOOST_TEST(wait_ms("Sat, 01 Jan 0000 00:00:00 GMT", now) == 0);
    BOOST_TEST(wait_ms("Mon, 16 Aug 2027 12:00:00 GMT", now) == 366 * std::int64_t{86'400'000});
    BOOST_TEST(wait_ms("Mon, 16 Aug 2027 12:00:01 GMT", now) == none);
    BOOST_TEST(wait_ms("Fri, 31 Dec 9999 23:59:59 GMT", now) == none);
}

BOOST_AUTO_TEST_CASE(what_is_no_date_says_nothing) {
    for (char const* const text : {"Sun, 06 Nov 1994 08:49:37",
                                   "Sun, 06 Nov 1994 08:49:37 UTC",
                                   "Sun, 06 Nov 1994 08:49:37 GMT+1",
                                   "sun, 06 nov 1994 08:49:37 gmt",
                                   "Sun, 6 Nov 1994 08:49:37 GMT",
                                   "Sun, 31 Nov 1994 08:49:37 GMT",
                                   "Sun, 29 Feb 1995 08:49:37 GMT",
                                   "Sun, 00 Nov 1994 08:49:37 GMT",
                                   "Sun, 06 Nov 94 08:49:37 GMT",
                                   "Sun, 06 Nov 1994 24:00:00 GMT",
                                   "Sun, 06 Nov 1994 08:60:37 GMT",
                                   "Sun, 06 Nov 1994 08:49:61 GMT",
                                   "Sun, 06 Foo 1994 08:49:37 GMT",
                                   "Xyz, 06 Nov 1994 08:49:37 GMT",
                                   "Sunday, 06-Nov-1994 08:49:37 GMT",
                                   "Sunday, 06 Nov 94 08:49:37 GMT",
                                   "Sunday, 29-Feb-95 08:49:37 GMT",
                                   "Sun Nov 6 08:49:37 1994",
                                   "Sun Nov  0 08:49:37 1994",
                                   "Sun Nov  6 08:49:37 1994 GMT",
                                   "Sunday",
                                   "Sun",
                                   "Sun,",
                                   "Sunday, ",
                                   "06 Nov 1994 08:49:37 GMT",
                                   "1994-11-06T08:49:37Z"}) {
        BOOST_TEST_CONTEXT(text) { BOOST_TEST(wait_ms(text, at("1994-11-06")) == none); }
    }
}

BOOST_AUTO_TEST_CASE(two_digits_of_a_year_mean_the_latest_within_fifty_years) {
    using aiaudit::detail::http_date_reader;
    struct {
        char const* now;
        char const* text;
        char const* meant;
    } const rows[]{
        {"2026-08-15T12:00:00Z", "Friday, 15-Aug-26 12:00:00 GMT", "2026-08-15T12:00:00Z"},
        {"2026-08-15T12:00:00Z", "Friday, 15-Aug-76 12:00:00 GMT", "2076-08-15T12:00:00Z"},
        {"2026-08-15T12:00:00Z", "Friday, 15-Aug-76 12:00:01 GMT", "1976-08-15T12:00:01Z"},
        {"2026-08-15T12:00:00Z", "Friday, 16-Aug-76 00:00:00 GMT", "1976-08-16T00:00:00Z"},
        {"2026-08-15T12:00:00Z", "Friday, 01-Jan-77 00:00:00 GMT", "1977-01-01T00:00:00Z"},
        {"2026-08-15T12:00:00Z", "Friday, 31-Dec-99 00:00:00 GMT", "1999-12-31T00:00:00Z"},
        {"2099-12-31T23:59:59Z", "Friday, 01-Jan-00 00:00:03 GMT", "2100-01-01T00:00:03Z"},
        {"2024-02-29T00:00:00Z", "Friday, 28-Feb-74 00:00:00 GMT", "2074-02-28T00:00:00Z"},
        {"2024-02-28T00:00:00Z", "Friday, 01-Mar-74 00:00:00 GMT", "1974-03-01T00:00:00Z"}};
    for (auto const& row : rows) {
        BOOST_TEST_CONTEXT(row.now << " " << row.text) {
            auto const read = http_date_reader{row.text}.read(at(row.now));
            BOOST_REQUIRE(read.has_value());
            BOOST_TEST(timestamp::from_seconds(*read).to_string() == row.meant);
        }
    }
}

BOOST_AUTO_TEST_CASE(every_instant_written_in_any_form_is_read_back) {
    constexpr char const* months[]{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::mt19937_64 random{20'261'124};
    auto const now = at("2026-08-15T12:00:00Z");
    for (int i = 0; i < 20'000; ++i) {
        auto const wait = static_cast<std::int64_t>(random() % (366 * 86'400));
        std::string const iso = timestamp::from_seconds(now.seconds() + wait).to_string();
        std::string const month = months[std::stoi(iso.substr(5, 2)) - 1];
        std::string const year = iso.substr(0, 4);
        int const day = std::stoi(iso.substr(8, 2));
        std::string const time = iso.substr(11, 8);
        std::string const forms[]{
            "Mon, " + padded(day) + " " + month + " " + year + " " + time + " GMT",
            "Tuesday, " + padded(day) + "-" + month + "-" + year.substr(2) + " " + time + " GMT",
            "Wed " + month + (day < 10 ? "  " : " ") + std::to_string(day) + " " + time + " " +
                year};
        for (auto const& form : forms) {
            if (wait_ms(form, now) != wait * 1000) BOOST_ERROR(form);
        }
    }
}

BOOST_AUTO_TEST_CASE(damaged_dates_are_read_or_refused_but_never_out_of_bounds) {
    std::mt19937_64 random{7};
    auto const now = at("2026-08-15T12:00:00Z");
    for (int i = 0; i < 50'000; ++i) {
        constexpr char const* forms[]{"Sun, 06 Nov 2026 08:49:37 GMT",
                                      "Sunday, 06-Nov-26 08:49:37 GMT", "Sun Nov  6 08:49:37 2026",
                                      "120.125"};
        std::string text = forms[random() % 4];
        text.resize(random() % (text.size() + 1));
        for (auto changes = random() % 3; changes != 0 && !text.empty(); --changes)
            text[random() % text.size()] = static_cast<char>(random());
        auto const wait = wait_ms(text, now);
        if (wait < none || wait > aiaudit::retry_after_most.count()) BOOST_ERROR(text);
    }
}

BOOST_AUTO_TEST_CASE(should_retry_is_true_or_false_or_nothing) {
    using aiaudit::should_retry;
    BOOST_TEST((should_retry({{"X-Should-Retry", "true"}}) == true));
    BOOST_TEST((should_retry({{"x-should-retry", " False "}}) == false));
    BOOST_TEST(!should_retry({{"x-should-retry", "1"}}).has_value());
    BOOST_TEST(!should_retry({{"x-should-retry", ""}}).has_value());
    BOOST_TEST(!should_retry({}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

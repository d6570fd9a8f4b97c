// SPDX-License-Identifier: MIT
#include <aiaudit/error.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using namespace aiaudit;

// The size of a pointer and a value.
static_assert(sizeof(result<void>) == sizeof(void*));
static_assert(sizeof(result<char>) == 2 * sizeof(void*));
static_assert(sizeof(result<std::uint64_t>) == sizeof(void*) + sizeof(std::uint64_t));
static_assert(sizeof(result<std::string>) == sizeof(void*) + sizeof(std::string));

static_assert(std::is_nothrow_move_constructible_v<result<std::string>>);
static_assert(std::is_nothrow_move_assignable_v<result<std::string>>);
static_assert(std::is_copy_constructible_v<result<std::string>>);
static_assert(!std::is_copy_constructible_v<result<std::unique_ptr<int>>>);
static_assert(std::is_move_constructible_v<result<std::unique_ptr<int>>>);
static_assert(std::is_convertible_v<char const*, result<std::string>>);
static_assert(std::is_convertible_v<error, result<std::string>>);
static_assert(!std::is_convertible_v<result<int>, int>);
static_assert(!std::is_convertible_v<result<int>, bool>);
static_assert(std::is_same_v<result<int>::value_type, int>);
static_assert(std::is_same_v<result<int>::error_type, error>);

// What each category of a result gives.
template <class Result>
using dereferenced = decltype(*std::declval<Result>());
static_assert(std::is_same_v<dereferenced<result<int>&>, int&>);
static_assert(std::is_same_v<dereferenced<result<int> const&>, int const&>);
static_assert(std::is_same_v<dereferenced<result<int>>, int>);

struct no_default {
    explicit no_default(int start) : number(start) {}
    int number;
};
static_assert(!std::is_default_constructible_v<result<no_default>>);

// Counts those that live, and throws when it is asked to.
struct counted {
    static inline int alive = 0;
    static inline bool fails = false;

    explicit counted(int start) : number(start) { ++alive; }
    counted(counted const& other) : number(other.number) {
        if (fails) throw std::bad_alloc();
        ++alive;
    }
    counted(counted&& other) : number(other.number) {  // NOLINT: it is to throw
        if (fails) throw std::bad_alloc();
        ++alive;
    }
    counted& operator=(counted const&) = default;
    counted& operator=(counted&&) = default;
    ~counted() { --alive; }

    int number;
};

result<int> half(int number) {
    if (number % 2 != 0) return fail(errc::bad_argument, "odd");
    return number / 2;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(results)

BOOST_AUTO_TEST_CASE(a_value) {
    result<std::string> text = "one";
    BOOST_TEST(text.has_value());
    BOOST_TEST(static_cast<bool>(text));
    BOOST_TEST(*text == "one");
    BOOST_TEST(text.value() == "one");
    BOOST_TEST(text->size() == 3u);
    text->append("more");
    BOOST_TEST(std::as_const(text).value() == "onemore");
    BOOST_TEST((text.error().code == errc{}));
    BOOST_TEST(text.error().message() == "unknown");
    BOOST_TEST(text.value_or("other") == "onemore");
    BOOST_TEST((text.error_or(fail(errc::closed)).code == errc::closed));

    std::string const taken = std::move(text).value();
    BOOST_TEST(taken == "onemore");
    BOOST_TEST(text.has_value());
    BOOST_TEST(result<std::string>().value().empty());
}

BOOST_AUTO_TEST_CASE(an_error) {
    result<std::string> const text = fail(errc::not_found, "x.mdb");
    BOOST_TEST(!text.has_value());
    BOOST_TEST(!text);
    BOOST_TEST((text.error().code == errc::not_found));
    BOOST_TEST(text.error().where == "x.mdb");
    BOOST_TEST(text.value_or("other") == "other");
    BOOST_TEST((text.error_or(fail(errc::closed)).code == errc::not_found));
    BOOST_CHECK_EXCEPTION((void)text.value(), exception, [](exception const& thrown) {
        return thrown.reason().where == "x.mdb" &&
               std::string_view(thrown.what()) == "not_found: x.mdb";
    });
    BOOST_CHECK_THROW((void)result<std::string>(text).value(), exception);

    result<std::vector<int>> const other = text.error();
    BOOST_TEST(other.error().where == "x.mdb");
}

BOOST_AUTO_TEST_CASE(success_and_failure_without_a_value) {
    result<void> done;
    BOOST_TEST(done.has_value());
    done.value();
    *done;
    BOOST_TEST((done.error().code == errc{}));

    done = fail(errc::disk_full, "no room");
    BOOST_TEST(!done);
    BOOST_CHECK_THROW(done.value(), exception);
    result<void> const copy = done;
    result<void> const moved = std::move(done);
    BOOST_TEST(copy.error().where == "no room");
    BOOST_TEST(moved.error().where == "no room");
    BOOST_TEST(!done);  // an error that was moved from is no success
    done = {};
    BOOST_TEST(done.has_value());
}

BOOST_AUTO_TEST_CASE(an_error_moved_from_stays_an_error) {
    result<std::string> text = fail(errc::not_found, "x");
    result<std::string> const moved = std::move(text);
    BOOST_TEST(moved.error().where == "x");
    BOOST_TEST(!text.has_value());
    BOOST_TEST(text.error().where.empty());
    result<std::string> const copy = text;  // NOLINT(bugprone-use-after-move): that is tested
    BOOST_TEST(!copy.has_value());
    BOOST_TEST(std::move(text).error().where.empty());
    text = std::string("again");
    BOOST_TEST(*text == "again");

    result<int> number = fail(errc::corrupt, "a word long enough to be on the heap by itself");
    error const taken = std::move(number).error();
    BOOST_TEST(taken.where == "a word long enough to be on the heap by itself");
    BOOST_TEST(!number.has_value());
}

BOOST_AUTO_TEST_CASE(each_assignment) {
    {
        result<counted> const one = counted(1);
        result<counted> const broken = fail(errc::corrupt, "broken");
        result<counted> changed = counted(2);
        changed = one;
        BOOST_TEST(changed->number == 1);
        changed = broken;
        BOOST_TEST(changed.error().where == "broken");
        BOOST_TEST(counted::alive == 1);
        changed = broken;
        BOOST_TEST(changed.error().where == "broken");
        changed = one;
        BOOST_TEST(changed->number == 1);
        BOOST_TEST(counted::alive == 2);

        auto& same = changed;
        changed = same;
        changed = std::move(same);
        BOOST_TEST(changed->number == 1);
        changed = fail(errc::corrupt, "broken");
        changed = same;
        changed = std::move(same);
        BOOST_TEST(changed.error().where == "broken");
    }
    BOOST_TEST(counted::alive == 0);
}

BOOST_AUTO_TEST_CASE(a_value_that_throws_changes_nothing) {
    {
        result<counted> one = counted(1);
        result<counted> broken = fail(errc::corrupt, "broken");
        counted::fails = true;
        BOOST_CHECK_THROW(broken = one, std::bad_alloc);
        BOOST_CHECK_THROW(broken = std::move(one), std::bad_alloc);
        BOOST_CHECK_THROW(static_cast<void>(result<counted>(one)), std::bad_alloc);
        counted::fails = false;
        BOOST_TEST(broken.error().where == "broken");
        BOOST_TEST(one->number == 1);
    }
    BOOST_TEST(counted::alive == 0);
}

BOOST_AUTO_TEST_CASE(a_value_that_only_moves) {
    result<std::unique_ptr<int>> owner = std::make_unique<int>(7);
    result<std::unique_ptr<int>> next = std::move(owner);
    BOOST_TEST(**next == 7);
    BOOST_TEST((owner.has_value() && *owner == nullptr));
    std::unique_ptr<int> const taken = *std::move(next);
    BOOST_TEST(*taken == 7);

    std::vector<result<std::unique_ptr<int>>> all;
    for (int i = 0; i < 9; ++i) all.emplace_back(std::make_unique<int>(i));
    all.emplace_back(fail(errc::closed));
    BOOST_TEST(*all.at(8).value() == 8);
    BOOST_TEST((all.at(9).error().code == errc::closed));
    BOOST_TEST(result<no_default>(no_default(3))->number == 3);
}

BOOST_AUTO_TEST_CASE(a_temporary_gives_its_value_away) {
    auto const texts = [] { return result<std::vector<std::string>>({"a", "b"}); };
    std::string all;
    for (std::string const& text : texts().value()) all += text;
    for (std::string const& text : *texts()) all += text;
    BOOST_TEST(all == "abab");
}

BOOST_AUTO_TEST_CASE(a_chain) {
    BOOST_TEST(half(8).and_then(half).and_then(half).value() == 1);
    BOOST_TEST(half(6).and_then(half).error().where == "odd");
    result<int> const four = half(8);
    BOOST_TEST(four.and_then(half).value() == 2);
    BOOST_TEST(four.transform([](int n) { return std::to_string(n); }).value() == "4");
    BOOST_TEST(half(8).transform([](int n) { return n + 1; }).value() == 5);
    BOOST_TEST(half(3).transform([](int n) { return n + 1; }).error().where == "odd");

    int seen = 0;
    result<void> const shown = four.transform([&](int n) { seen = n; });
    BOOST_TEST(shown.has_value());
    BOOST_TEST(seen == 4);

    auto const other = [](error const& reason) -> result<int> {
        if (reason.code == errc::bad_argument) return 0;
        return reason;
    };
    BOOST_TEST(half(3).or_else(other).value() == 0);
    BOOST_TEST(four.or_else(other).value() == 4);
    result<int> const lost = fail(errc::closed, "lost");
    BOOST_TEST(lost.or_else(other).error().where == "lost");

    auto const renamed = [](error reason) {
        reason.where = "not even";
        return reason;
    };
    BOOST_TEST(half(3).transform_error(renamed).error().where == "not even");
    BOOST_TEST(lost.transform_error(renamed).error().where == "not even");
    BOOST_TEST(four.transform_error(renamed).value() == 4);

    result<std::unique_ptr<int>> owner = std::make_unique<int>(7);
    BOOST_TEST(std::move(owner).transform([](std::unique_ptr<int> p) { return *p; }).value() == 7);
}

BOOST_AUTO_TEST_CASE(a_chain_without_values) {
    result<void> const done;
    result<void> const failed = fail(errc::closed, "closed");
    auto const one = [] { return 1; };
    auto const odd = [] { return half(3); };
    BOOST_TEST(done.transform(one).value() == 1);
    BOOST_TEST(failed.transform(one).error().where == "closed");
    BOOST_TEST(done.and_then(odd).error().where == "odd");
    BOOST_TEST(failed.and_then(odd).error().where == "closed");
    BOOST_TEST(failed.or_else([](error const&) { return result<void>(); }).has_value());
    auto const renamed = [](error reason) {
        reason.where = "shut";
        return reason;
    };
    BOOST_TEST(failed.transform_error(renamed).error().where == "shut");
    BOOST_TEST(done.transform_error(renamed).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: MIT
#include <aiaudit/engine/batch_queue.hpp>
#include <aiaudit/verify.hpp>

#include "engine/support/child_process.hpp"
#include "engine/support/ledger_testing.hpp"
#include "engine/support/refusing_store.hpp"
#include "engine/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

BOOST_AUTO_TEST_SUITE(ledger_failures)

using namespace aiaudit;
using namespace aiaudit_tests;

namespace {

std::size_t files_in(std::string const& directory) {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(directory), {}));
}

// While it lives no file of this process may become longer than that.
class length_limit {
public:
    explicit length_limit(std::uint64_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        rlimit limit = before_;
        limit.rlim_cur = bytes;
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    length_limit(length_limit const&) = delete;
    length_limit& operator=(length_limit const&) = delete;
    ~length_limit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }

private:
    rlimit before_{};
    void (*handler_)(int);
};

}  // namespace

BOOST_AUTO_TEST_CASE(who_waits_gets_the_error_and_the_log_goes_on_after_it) {
    temporary_directory const directory;
    auto ledger = refusing_ledger::open({.path = directory / "ledger"}).value();
    BOOST_REQUIRE(ledger.append(sample(0)).has_value());
    {
        refusal const now;
        BOOST_TEST((ledger.append(sample(1)).error().code == errc::disk_full));
    }
    BOOST_TEST(value_of(ledger.append(sample(2)).value()) == 2U);
    BOOST_TEST((recount(ledger) == ledger.report({}).value().sum));
}

BOOST_AUTO_TEST_CASE(a_failure_of_relaxed_records_is_told_to_the_thread_whose_they_were) {
    temporary_directory const directory;
    auto ledger = refusing_ledger::open({.path = directory / "ledger"}).value();
    errc other = {};
    {
        refusal const now;
        BOOST_REQUIRE(ledger.append(sample(0), durability::relaxed).has_value());
        std::thread([&] {
            auto const first = ledger.flush();
            other = first ? errc{} : first.error().code;
            BOOST_TEST(ledger.flush().has_value());  // once is enough for who has no part in it
        }).join();
    }
    BOOST_TEST((other == errc::disk_full));
    // That the other knows does not help this one.
    BOOST_TEST((ledger.append(sample(1), durability::relaxed).error().code == errc::disk_full));
    BOOST_TEST(value_of(ledger.append(sample(2)).value()) == 1U);
    BOOST_TEST(ledger.flush().has_value());
}

BOOST_AUTO_TEST_CASE(nothing_of_a_thread_is_written_before_it_knows_of_its_failure) {
    temporary_directory const directory;
    auto ledger = refusing_ledger::open({.path = directory / "ledger"}).value();
    {
        refusal const now;
        ticket const failing = ledger.enqueue(sample(0)).value();
        std::thread([&] { BOOST_TEST(!ledger.wait(failing).has_value()); }).join();
    }
    std::thread([&] { BOOST_TEST(value_of(ledger.append(sample(1)).value()) == 1U); }).join();
    BOOST_TEST((ledger.flush().error().code == errc::disk_full));
    BOOST_TEST(value_of(ledger.append(sample(2)).value()) == 2U);
}

BOOST_AUTO_TEST_CASE(what_gathered_behind_a_failed_batch_of_the_same_thread_fails_with_it) {
    temporary_directory const directory;
    auto ledger = refusing_ledger::open({.path = directory / "ledger"}).value();
    std::atomic<bool> second_is_queued{false};
    // The store heals as soon as it has refused: the second record could be written.
    refusing_store::before_refusing = [&second_is_queued] {
        while (!second_is_queued) std::this_thread::yield();
        refusing_store::refuses = false;
    };
    refusing_store::refuses = true;
    ticket const first = ledger.enqueue(sample(0)).value();
    bool first_is_written = true;
    std::thread waits([&] { first_is_written = ledger.wait(first).has_value(); });  // it is taken
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    BOOST_REQUIRE(ledger.append(sample(1), durability::relaxed).has_value());
    second_is_queued = true;
    waits.join();
    BOOST_TEST(!first_is_written);
    BOOST_TEST((ledger.flush().error().code == errc::disk_full));
    BOOST_TEST(value_of(ledger.append(sample(2)).value()) == 1U);
    refusing_store::before_refusing = {};
}

BOOST_AUTO_TEST_CASE(to_block_waits_for_the_log_and_gives_up_in_time) {
    temporary_directory const directory;
    log_failure_policy failure{.what = on_log_failure::block};
    {
        auto ledger =
            refusing_ledger::open({.path = directory / "ledger", .log_failure = failure}).value();
        refusing_store::refuses = true;
        auto const waiting = ledger.enqueue(sample(0)).value();
        std::thread heals([] {
            std::this_thread::sleep_for(std::chrono::milliseconds(30));
            refusing_store::refuses = false;
        });
        BOOST_TEST(value_of(ledger.wait(waiting).value()) == 1U);
        heals.join();
    }
    failure.wait = std::chrono::milliseconds(20);
    auto ledger =
        refusing_ledger::open({.path = directory / "ledger", .log_failure = failure}).value();
    refusal const now;
    BOOST_TEST((ledger.append(sample(1)).error().code == errc::disk_full));
}

BOOST_AUTO_TEST_CASE(spilled_records_enter_the_log_in_order_before_what_comes_later) {
    temporary_directory const directory;
    std::string const spill = directory / "spill";
    std::filesystem::create_directory(spill);
    auto ledger = refusing_ledger::open(
                      {.path = directory / "ledger",
                       .log_failure = {.what = on_log_failure::spill, .spill_directory = spill}})
                      .value();
    BOOST_REQUIRE(ledger.append(sample(0)).has_value());
    {
        refusal const now;
        for (int i = 1; i < 10; ++i) BOOST_TEST(value_of(ledger.append(sample(i)).value()) == 0U);
        BOOST_TEST(files_in(spill) == 1U);
        BOOST_TEST(ledger.report({}).value().sum.requests == 1U);
    }
    BOOST_TEST(value_of(ledger.append(sample(10)).value()) == 11U);
    BOOST_TEST(files_in(spill) == 0U);
    int number = 0;
    BOOST_REQUIRE(ledger
                      .read(sequence{1},
                            [&](sequence, record&& entry) {
                                BOOST_TEST((entry == sample(number++)));
                                return true;
                            })
                      .has_value());
    BOOST_TEST(number == 11);
    BOOST_TEST((recount(ledger) == ledger.report({}).value().sum));
    BOOST_TEST(verify(ledger).value().sound());
}

BOOST_AUTO_TEST_CASE(what_a_process_spilled_is_taken_up_when_the_ledger_is_opened_again) {
    temporary_directory const directory;
    std::string const spill = directory / "spill";
    std::filesystem::create_directory(spill);
    ledger_options const options{
        .path = directory / "ledger",
        .log_failure = {.what = on_log_failure::spill, .spill_directory = spill}};
    {
        refusal const now;
        // A ledger is made while the store refuses: only its first write is a record's.
        auto ledger = refusing_ledger::open(options).value();
        for (int i = 0; i < 5; ++i) BOOST_TEST(value_of(ledger.append(sample(i)).value()) == 0U);
    }
    {
        auto other =
            refusing_ledger::open({.path = directory / "other", .log_failure = options.log_failure})
                .value();
        BOOST_TEST(value_of(other.last_sequence().value()) == 0U);  // they are not this one's
    }
    BOOST_TEST(files_in(spill) == 1U);
    auto ledger = refusing_ledger::open(options).value();
    BOOST_TEST(value_of(ledger.last_sequence().value()) == 5U);
    BOOST_TEST(files_in(spill) == 0U);
    BOOST_TEST((recount(ledger) == ledger.report({}).value().sum));
}

BOOST_AUTO_TEST_CASE(a_spill_file_taken_in_half_is_not_taken_twice) {
    temporary_directory const directory;
    std::string const spill = directory / "spill";
    std::filesystem::create_directory(spill);
    ledger_options const options{
        .path = directory / "ledger",
        .log_failure = {.what = on_log_failure::spill, .spill_directory = spill}};
    {
        refusal const now;
        auto ledger = refusing_ledger::open(options).value();
        for (int i = 0; i < 3; ++i) BOOST_TEST(value_of(ledger.append(sample(i)).value()) == 0U);
    }
    auto const file = std::filesystem::directory_iterator(spill)->path();
    auto const copy = directory / "copy";
    std::filesystem::copy_file(file, copy);
    { BOOST_REQUIRE(refusing_ledger::open(options).has_value()); }
    // As if the process had died after the last record went in and before the file was removed.
    std::filesystem::copy_file(copy, file);
    auto ledger = refusing_ledger::open(options).value();
    BOOST_TEST(value_of(ledger.last_sequence().value()) == 3U);
    BOOST_TEST(files_in(spill) == 0U);
}

BOOST_AUTO_TEST_CASE(a_spilled_frame_that_was_not_written_whole_is_left_out) {
    temporary_directory const directory;
    std::string const spill = directory / "spill";
    std::filesystem::create_directory(spill);
    ledger_options const options{
        .path = directory / "ledger",
        .log_failure = {.what = on_log_failure::spill, .spill_directory = spill}};
    {
        refusal const now;
        auto ledger = refusing_ledger::open(options).value();
        for (int i = 0; i < 3; ++i) BOOST_TEST(value_of(ledger.append(sample(i)).value()) == 0U);
    }
    auto const file = std::filesystem::directory_iterator(spill)->path();
    std::filesystem::resize_file(file, std::filesystem::file_size(file) - 1);
    auto ledger = refusing_ledger::open(options).value();
    BOOST_TEST(value_of(ledger.last_sequence().value()) == 2U);
}

BOOST_AUTO_TEST_CASE(a_check_says_what_the_log_does_not_take_and_when_it_does_again) {
    temporary_directory const directory;
    auto ledger = refusing_ledger::open({.path = directory / "ledger"}).value();
    BOOST_TEST(ledger.probe().has_value());
    BOOST_REQUIRE(ledger.append(sample(0)).has_value());
    auto const before = ledger.store().generation();
    BOOST_TEST(ledger.probe().has_value());
    BOOST_TEST(ledger.store().generation() == before);  // as long as nothing fails it only looks
    {
        refusal const now;
        BOOST_TEST(ledger.probe().has_value());  // nobody knows yet
        BOOST_TEST(!ledger.append(sample(1)).has_value());
        BOOST_TEST((ledger.probe().error().code == errc::disk_full));
        BOOST_TEST((ledger.probe().error().code == errc::disk_full));
    }
    // By itself: whoever reads this sends nothing meanwhile.
    BOOST_TEST(ledger.probe().has_value());
    BOOST_TEST(value_of(ledger.append(sample(1)).value()) == 2U);
    BOOST_TEST(verify(ledger).value().sound());
}

BOOST_AUTO_TEST_CASE(a_check_asks_for_the_right_to_write) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    BOOST_REQUIRE(refusing_ledger::open({.path = path}).has_value());
    auto const reader = refusing_ledger::open({.path = path, .read_only = true}).value();
    BOOST_TEST((reader.probe().error().code == errc::read_only));
    auto const without_files = basic_ledger<in_memory>::open({}).value();
    BOOST_TEST(without_files.probe().has_value());
}

// Before anything has failed, and back when there is room.
BOOST_AUTO_TEST_CASE(a_check_sees_a_disk_that_is_full) {
    temporary_directory const directory;
    int const status = run_in_child([&] {
        auto const disk = directory / "disk";
        std::filesystem::create_directory(disk);
        if (::unshare(CLONE_NEWNS) != 0 ||
            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("none", disk.c_str(), "tmpfs", 0, "size=4m") != 0)
            return 77;
        auto ledger = refusing_ledger::open({.path = disk + "/ledger"}).value();
        if (!ledger.probe()) return 1;
        std::ofstream(disk + "/ballast") << std::string(std::size_t{4} << 20, 'x');
        auto const full = ledger.probe();
        if (full || full.error().code != errc::disk_full) return 2;
        std::filesystem::remove(disk + "/ballast");
        return ledger.probe() && ledger.append(sample(0)) ? 0 : 3;
    });
    if (status == 77) BOOST_TEST_MESSAGE("SKIPPED: this needs the right to mount file systems");
    BOOST_TEST((status == 0 || status == 77), status);
}

BOOST_AUTO_TEST_CASE(a_record_that_could_not_be_spilled_leaves_nothing_in_the_file) {
    for (std::size_t pad = 40; pad < 44; ++pad) {
        temporary_directory const directory;
        std::string const spill = directory / "spill";
        std::filesystem::create_directory(spill);
        auto ledger = refusing_ledger::open({.path = directory / "ledger",
                                             .log_failure = {.what = on_log_failure::spill,
                                                             .spill_directory = spill}})
                          .value();
        {
            refusal const now;
            BOOST_REQUIRE(ledger.append(sample(0)).has_value());
            auto const file = std::filesystem::directory_iterator(spill)->path();
            // From one in four places in it, it reads as frames of four bytes.
            record large = sample(1);
            large.tags = {{"note", {}}};
            for (int i = 0; i < 2000; ++i) large.tags[0].second.append("\4\0\0\0", 4);
            {
                length_limit const half(std::filesystem::file_size(file) + 4000);
                BOOST_TEST(!ledger.append(large).has_value());
            }
            record small = sample(2);
            small.tags = {{"note", std::string(pad, 'n')}};
            BOOST_REQUIRE(ledger.append(small).has_value());
        }
        BOOST_TEST(value_of(ledger.append(sample(3)).value()) == 3U);
        BOOST_TEST(files_in(spill) == 0U);
    }
}

BOOST_AUTO_TEST_CASE(a_spill_file_that_cannot_be_opened_is_an_error) {
    temporary_directory const directory;
    std::string const spill = directory / "spill";
    std::filesystem::create_directory(spill);
    std::filesystem::create_symlink(spill + "/loop.spill", spill + "/loop.spill");
    ledger_options options{
        .path = directory / "ledger",
        .log_failure = {.what = on_log_failure::spill, .spill_directory = spill}};
    auto const opened = refusing_ledger::open(options);
    BOOST_REQUIRE(!opened.has_value());
    BOOST_TEST(opened.error().message().find("loop.spill") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(who_does_not_wait_waits_while_an_older_record_is_not_written) {
    using std::chrono::microseconds;
    for (bool const late : {true, false}) {
        microseconds const bound = late ? microseconds{0} : microseconds{3'600'000'000};
        detail::batch_queue queue(100, 1'000'000, {.unwritten = bound});
        BOOST_REQUIRE(queue.push("one", false).has_value());
        auto const writing = queue.take();
        std::atomic<bool> pushes{false};
        std::atomic<bool> pushed{false};
        std::thread other([&] {
            pushes = true;
            pushed = queue.push("two", false).has_value();
        });
        while (!pushes.load()) std::this_thread::yield();
        for (int look = 0; look < 2'000 && !pushed.load(); ++look) std::this_thread::yield();
        if (late) BOOST_TEST(!pushed.load());
        // Who waits for the disk anyway enters at once.
        BOOST_TEST(queue.push("three", true).has_value());
        static_cast<void>(queue.finish(*writing, sequence{1}));
        other.join();
        BOOST_TEST(pushed.load());
        queue.stop();
    }
}

BOOST_AUTO_TEST_SUITE_END()

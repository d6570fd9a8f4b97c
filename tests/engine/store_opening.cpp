// SPDX-License-Identifier: MIT
//
// store_opening.cpp: openers that die half-way, and what LMDB's lock file says after them.
//
// The first process that opens an LMDB environment holds a lock on the first byte of lock.mdb while
// it makes that file anew: first the last commit's number is zero, at the end the right one.

#include "support/child_process.hpp"
#include "support/lmdb_testing.hpp"

#include <aiaudit/storage/lmdb_layout.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(store_opening)

namespace {

using namespace aiaudit_tests;

std::string segment_of(std::string const& ledger) { return ledger + "/segments/00000001"; }

// What the first opener leaves that dies there.
enum class left_behind { no_last_commit, no_head };

void leave(int lock_file, left_behind what) {
    char const zeros[64]{};
    bool const head = what == left_behind::no_head;
    auto const written = ::pwrite(lock_file, zeros, head ? 64 : 8, head ? 0 : 48);
    if (written < 0) ::_exit(9);
}

// Plays the first opener. Ends when it is killed, and LMDB's lock with it.
int open_half_way(std::string const& ledger, left_behind what, bool with_our_lock,
                  shared_counter& stands) {
    std::optional<aiaudit::detail::directory_lock> alone;
    if (with_our_lock) alone.emplace(segment_of(ledger));
    int const file = ::open((segment_of(ledger) + "/lock.mdb").c_str(), O_RDWR | O_CLOEXEC);
    struct flock first {};
    first.l_type = F_WRLCK;
    first.l_len = 1;
    stands.set(1);
    if (::fcntl(file, F_SETLKW, &first) != 0) return 8;
    leave(file, what);
    stands.set(2);
    for (;;) ::pause();
}

void wait_for(shared_counter const& counter, std::uint64_t value) {
    while (counter.get() < value) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

// Whether a process waits for a file lock.
bool waits_for_lock(pid_t process) {
    std::ifstream locks("/proc/locks");
    for (std::string line; std::getline(locks, line);) {
        bool const waiting = line.find("->") != std::string::npos;
        if (waiting && line.find(" " + std::to_string(process) + " ") != std::string::npos)
            return true;
    }
    return false;
}
void wait_until_it_waits(pid_t process) {
    while (!waits_for_lock(process)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

// Opens, looks and writes; the exit status says how far it came.
int open_and_write(std::string const& ledger, std::string const& key, bool read_only) {
    auto store = open_at(ledger, false, read_only);
    if (!store) return 1;
    if (value_of(*store, table::blocks, "k") != "v") return 2;
    if (read_only) return 0;
    return store->write([&](auto& view) { return view.insert(table::blocks, key, "v"); }) ? 0 : 3;
}

std::uint64_t number_at(std::string const& bytes, std::size_t at) {
    std::uint64_t number = 0;
    std::memcpy(&number, bytes.data() + at, sizeof number);
    return number;
}
// Of the last commit, as the data file has it.
std::uint64_t last_commit(std::string const& ledger) {
    auto const data = bytes_of(data_file(ledger));
    return (std::max)(number_at(data, 144), number_at(data, 4096 + 144));
}
// The same as the lock file has it. Another process looks: to close a descriptor on that file here
// would drop the locks of this one.
std::uint64_t known_commit(std::string const& ledger) {
    shared_counter known;
    auto const look = [&] {
        known.set(number_at(bytes_of(segment_of(ledger) + "/lock.mdb"), 48));
        return 0;
    };
    BOOST_REQUIRE(run_in_child(look) == 0);
    return known.get();
}

std::string make_ledger(temporary_directory const& directory) {
    auto ledger = directory / "ledger";
    auto store = open_at(ledger).value();
    for (int i = 0; i < 3; ++i) put(store, table::blocks, "k", "v");
    return ledger;
}

// Seconds that body() took.
template <class Body>
double time_of(Body body) {
    auto const begin = std::chrono::steady_clock::now();
    body();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// By another process, as above.
void forget_last_commit(std::string const& ledger) {
    auto const forget = [&] {
        leave(::open((segment_of(ledger) + "/lock.mdb").c_str(), O_RDWR),
              left_behind::no_last_commit);
        return 0;
    };
    BOOST_REQUIRE(run_in_child(forget) == 0);
}

// Has the ledger open until it is told to leave.
int stay_inside(std::string const& ledger, shared_counter& stands, shared_counter const& leaves) {
    auto const store = open_at(ledger, false, true);
    if (!store) return 1;
    stands.set(1);
    wait_for(leaves, 1);
    return 0;
}

}  // namespace

BOOST_AUTO_TEST_CASE(who_waits_for_an_opener_that_is_killed_opens) {
    for (bool const with_our_lock : {true, false}) {
        for (auto const what : {left_behind::no_last_commit, left_behind::no_head}) {
            temporary_directory const directory;
            auto const ledger = make_ledger(directory);
            shared_counter stands;
            child_process first([&] { return open_half_way(ledger, what, with_our_lock, stands); });
            wait_for(stands, 2);
            std::vector<child_process> others;
            for (int i = 0; i < 4; ++i) {
                others.emplace_back(
                    [&] { return open_and_write(ledger, std::to_string(i), i % 2 == 0); });
            }
            // Without our lock one of them waits inside LMDB, and the others for that one.
            for (auto const& each : others) wait_until_it_waits(each.id());
            auto const seconds = time_of([&] {
                BOOST_TEST(first.kill() == -SIGKILL);
                for (auto& each : others) BOOST_TEST(each.wait() == 0);
            });
            BOOST_TEST(seconds < 4.0);  // a fraction of one, on a machine with time
            BOOST_TEST(entries_of(open_at(ledger).value(), table::blocks).size() == 3U);
            BOOST_TEST(known_commit(ledger) == last_commit(ledger));
        }
    }
}

// As after a commit that failed half-way: what was looked at once is opened without a walk, and in
// that very moment another program is the first to open, and dies.
BOOST_AUTO_TEST_CASE(a_writer_that_opens_anew_does_not_believe_a_half_made_lock_file) {
    temporary_directory const directory;
    auto const ledger = make_ledger(directory);
    auto const before = last_commit(ledger);
    aiaudit::detail::lmdb_environment segment(segment_of(ledger), {}, 1);
    BOOST_REQUIRE(segment.begin(false).has_value());
    BOOST_REQUIRE(segment.try_close());
    shared_counter stands;
    child_process other(
        [&] { return open_half_way(ledger, left_behind::no_last_commit, false, stands); });
    wait_for(stands, 2);
    int ended = 0;
    std::thread killer([&] {
        wait_until_it_waits(::getpid());
        ended = other.kill();
    });
    {
        auto transaction = segment.begin(true);
        BOOST_REQUIRE(transaction.has_value());
        BOOST_TEST(transaction->sees() == before);
        aiaudit::detail::lmdb_write_view view(&*transaction);
        BOOST_TEST(bool(view.insert(table::blocks, "new", "v")));
        BOOST_TEST(bool(transaction->commit()));
    }
    killer.join();
    BOOST_TEST(ended == -SIGKILL);
    // No number is used twice.
    BOOST_TEST(last_commit(ledger) == before + 1);
    BOOST_TEST(known_commit(ledger) == before + 1);
    BOOST_TEST(bool(aiaudit::detail::check_lmdb_file(data_file(ledger), true)));
}

BOOST_AUTO_TEST_CASE(nothing_is_written_after_a_commit_that_is_not_the_last) {
    temporary_directory const directory;
    auto const ledger = make_ledger(directory);
    auto store = open_at(ledger).value();
    shared_counter stands;
    shared_counter leaves;
    child_process other([&] { return stay_inside(ledger, stands, leaves); });
    wait_for(stands, 1);
    forget_last_commit(ledger);
    auto const data = bytes_of(data_file(ledger));
    auto const add = [](auto& view) { return view.insert(table::blocks, "new", "v"); };
    // As long as another process has it open, nobody can set it right.
    auto const refused = store.write(add);
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::storage_failed));
    BOOST_TEST(refused.error().where.find("knows another last commit") != std::string::npos);
    BOOST_TEST((bytes_of(data_file(ledger)) == data));
    leaves.set(1);
    BOOST_TEST(other.wait() == 0);
    BOOST_TEST(bool(store.write(add)));
    entry_list const expected{{"k", "v"}, {"new", "v"}};
    BOOST_TEST((entries_of(store, table::blocks) == expected));
}

// The meta page of a commit whose write failed, and that could not be taken back.
BOOST_AUTO_TEST_CASE(a_refused_commit_is_taken_back_before_its_pages_are_used) {
    temporary_directory const directory;
    auto const ledger = make_ledger(directory);
    auto store = open_at(ledger).value();
    auto const last = last_commit(ledger);
    auto const file = aiaudit::detail::file_handle::open(data_file(ledger), O_RDWR);
    auto const page_of = [](std::uint64_t number) { return static_cast<off_t>(number % 2 * 4096); };
    char page[152];
    BOOST_REQUIRE(::pread(file.get(), page, sizeof page, page_of(last)) == sizeof page);
    auto const next = last + 1;
    page[0] = static_cast<char>(next % 2);
    std::memcpy(page + 144, &next, sizeof next);
    BOOST_REQUIRE(::pwrite(file.get(), page, sizeof page, page_of(next)) == sizeof page);
    BOOST_REQUIRE(last_commit(ledger) == next);
    std::uint64_t newest_in_body = 0;
    auto const written = store.write([&](auto& view) -> result<void> {
        newest_in_body = last_commit(ledger);
        return view.insert(table::blocks, "new", "v");
    });
    BOOST_TEST(bool(written));
    BOOST_TEST(newest_in_body == last);
    BOOST_TEST(last_commit(ledger) == next);
    BOOST_TEST(bool(aiaudit::detail::check_lmdb_file(data_file(ledger), true)));
    BOOST_TEST((value_of(store, table::blocks, "new") == "v"));
}

// A child that another thread forks has the lock open too.
BOOST_AUTO_TEST_CASE(a_lock_of_openers_goes_with_its_holder_whatever_it_forked) {
    temporary_directory const directory;
    shared_counter sleeper;
    child_process holder([&] {
        aiaudit::detail::directory_lock const alone(directory.path());
        if (!alone.held()) return 1;
        auto const child = ::fork();
        if (child == 0) {
            sleeper.set(static_cast<std::uint64_t>(::getpid()));
            for (;;) ::pause();
        }
        for (;;) ::pause();
    });
    wait_for(sleeper, 1);
    BOOST_TEST(holder.kill() == -SIGKILL);
    auto const take = [&] {
        ::alarm(10);
        aiaudit::detail::directory_lock const alone(directory.path());
        return alone.held() ? 0 : 1;
    };
    BOOST_TEST(run_in_child(take) == 0);
    ::kill(static_cast<pid_t>(sleeper.get()), SIGKILL);
}

BOOST_AUTO_TEST_CASE(threads_open_and_close_beside_processes) {
    temporary_directory const directory;
    std::vector<std::string> ledgers;
    for (char const* const name : {"a", "b", "c"}) {
        ledgers.push_back(directory / name);
        auto store = open_at(ledgers.back()).value();
        put(store, table::blocks, "k", "v");
    }
    auto const open_often = [&](int who) {
        for (int i = 0; i < 40; ++i) {
            auto const& ledger = ledgers[static_cast<std::size_t>((who + i) % 3)];
            int const status =
                open_and_write(ledger, std::to_string(who * 1000 + i), (who + i) % 4 == 0);
            if (status > 1) return status;
        }
        return 0;
    };
    auto const open_in_threads = [&](int who) {
        int other = 0;
        std::thread beside([&] { other = open_often(who + 1); });
        int const status = open_often(who);
        beside.join();
        return status != 0 ? status : other;
    };
    std::vector<child_process> processes;
    for (int i = 0; i < 3; ++i) processes.emplace_back([&, i] { return open_in_threads(2 * i); });
    for (auto& each : processes) BOOST_TEST(each.wait() == 0);
}

BOOST_AUTO_TEST_SUITE_END()

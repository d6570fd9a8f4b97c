// SPDX-License-Identifier: MIT
//
// store_lmdb.cpp: what lmdb_store refuses, and what it survives.

#include "support/child_process.hpp"
#include "support/lmdb_testing.hpp"

#include <aiaudit/storage/lmdb_layout.hpp>
#include <aiaudit/storage/lmdb_store.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

BOOST_AUTO_TEST_SUITE(store_lmdb)

namespace {

using namespace aiaudit_tests;
namespace fs = std::filesystem;

// Every path below a directory, with the size of the files: to show that nothing was touched.
[[nodiscard]] std::set<std::string> tree_of(std::string const& path) {
    std::set<std::string> all;
    for (auto const& entry : fs::recursive_directory_iterator(path)) {
        all.insert(entry.path().string() + (entry.is_regular_file() ? bytes_of(entry.path()) : ""));
    }
    return all;
}

// open() answers `expected`, names the path, and leaves everything as it was.
void check_refused(std::string const& path, errc expected, bool create = true) {
    auto const parent = fs::path(path).parent_path().string();
    auto const before = tree_of(parent);
    for (bool const read_only : {false, true}) {
        auto const refused = open_at(path, create, read_only);
        BOOST_REQUIRE(!refused);
        BOOST_TEST((refused.error().code == expected), refused.error().message());
        BOOST_TEST(refused.error().where.find(path) != std::string::npos);
    }
    BOOST_TEST((tree_of(parent) == before));
}

void make_ledger_with(std::string const& path, std::string_view value) {
    auto store = open_at(path).value();
    put(store, table::blocks, "k", value);
}

// Opens a ledger of which one bit was flipped, reads all of it and appends: to be called in a
// child, which what LMDB makes of it may end. Whether it was opened.
[[nodiscard]] bool use_damaged(std::string const& path) {
    auto store = open_at(path, false);
    if (!store) {
        BOOST_REQUIRE((code_of(store) == errc::corrupt));
        return false;
    }
    for (auto const in : {table::blocks, table::meta, table::snapshots, table::tiles}) {
        (void)store->read([&](auto const& view) -> result<void> {
            return view.scan(in, "", [](auto, auto value) { return value.size() < 100'000; });
        });
    }
    (void)store->write([](auto& view) -> result<void> {
        for (char const* const key : {"a", "zz"}) {
            (void)view.replace(table::blocks, key, std::string(5000, 'a'));
        }
        return view.erase(table::blocks, "100");
    });
    return true;
}

// One of some hundred entries, with a branch, values of their own pages, and lists of free pages.
void make_ledger_of_all_kinds(std::string const& path) {
    auto store = open_at(path).value();
    auto const fill = [](auto& view) -> result<void> {
        for (int i = 100; i < 400; ++i) {
            std::string const value(i % 100 == 0 ? 9000 : 60, 'v');
            if (auto ok = view.insert(table::blocks, std::to_string(i), value); !ok) return ok;
        }
        return {};
    };
    store.write(fill).value();
    for (int i = 0; i < 5; ++i) put(store, table::blocks, "200", std::string(9000, 'w'));
}

// Under a mount namespace of its own, in a child. 77: the machine does not allow it.
template <class Body>
int run_with_mounts(Body body) {
    return run_in_child([&] {
        if (::unshare(CLONE_NEWNS) != 0) return 77;
        if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 77;
        return body();
    });
}

[[nodiscard]] bool mounts_are_possible() {
    auto const mount_one = [] {
        auto const over = fs::temp_directory_path();  // in the child's own view only
        return ::mount("none", over.c_str(), "tmpfs", 0, nullptr) == 0 ? 0 : 77;
    };
    bool const possible = run_with_mounts(mount_one) == 0;
    if (!possible) BOOST_TEST_MESSAGE("SKIPPED: this needs the right to mount file systems (root)");
    return possible;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_made_is_private_and_marked) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    make_ledger_with(path + "//", "v");
    BOOST_TEST(bytes_of(path + "/aiaudit-ledger").starts_with("aiaudit ledger format 1\n"));
    std::set<std::string> names;
    for (auto const& entry : fs::recursive_directory_iterator(path)) {
        names.insert(entry.path().lexically_relative(path));
        auto const expected = entry.is_directory() ? fs::perms(0700) : fs::perms(0600);
        BOOST_TEST((entry.status().permissions() == expected), entry.path());
    }
    std::set<std::string> const expected{"aiaudit-ledger",
                                         "segments",
                                         "segments/00000001",
                                         "segments/00000001/data.mdb",
                                         "segments/00000001/lock.mdb",
                                         "segments/write.lock"};
    BOOST_TEST((names == expected));
}

BOOST_AUTO_TEST_CASE(something_else_is_refused_and_not_touched) {
    temporary_directory const directory;
    auto const path = directory / "other";
    BOOST_TEST((code_of(open_at("")) == errc::bad_argument));
    check_refused(path, errc::not_found, false);
    BOOST_TEST((code_of(open_at(directory / "missing/ledger")) == errc::not_found));
    write_text(path, "a file");
    check_refused(path, errc::not_a_ledger);
    fs::remove(path);
    fs::create_directory(path);
    check_refused(path, errc::not_found, false);  // empty, and none may be made
    write_text(path + "/photo.jpg", "...");
    check_refused(path, errc::not_a_ledger);
    fs::rename(path + "/photo.jpg", path + "/data.mdb");
    check_refused(path, errc::not_a_ledger);
    fs::remove(path + "/data.mdb");
    fs::create_directory(path + "/segments");
    check_refused(path, errc::not_a_ledger);
}

BOOST_AUTO_TEST_CASE(a_marker_is_read_strictly) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    make_ledger_with(path, "v");
    auto const marker = path + "/aiaudit-ledger";
    for (char const* const text :
         {"", "\n", "aiaudit ledger format", "aiaudit ledger format \n",
          "aiaudit ledger format 0\n", "aiaudit ledger format 1x\n", "aiaudit ledger format -1\n",
          "aiaudit ledger format 1 \n", "aiaudit ledger format 99999999999\n",
          "Aiaudit ledger format 1\n"}) {
        write_text(marker, text);
        check_refused(path, errc::not_a_ledger);
    }
    write_text(marker, std::string(100'000, 'a'));
    check_refused(path, errc::not_a_ledger);
    write_text(marker, "aiaudit ledger format 7\nwhatever follows\n");
    check_refused(path, errc::newer_format);
    auto const newer = open_at(path).error().where;
    BOOST_TEST(newer.find("format 7") != std::string::npos);
    BOOST_TEST(newer.find("up to 1") != std::string::npos);
    write_text(marker, "aiaudit ledger format 1");  // as an editor may leave it
    BOOST_TEST((value_of(open_at(path).value(), table::blocks, "k") == "v"));
    fs::remove(marker);
    fs::create_directory(marker);
    check_refused(path, errc::not_a_ledger);
}

BOOST_AUTO_TEST_CASE(a_marked_ledger_without_its_segment_is_corrupt) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    make_ledger_with(path, "v");
    fs::remove_all(path + "/segments/00000001");
    check_refused(path, errc::corrupt);
}

// Cut off after each of its steps, making a ledger is taken up again; a reader waits for that.
BOOST_AUTO_TEST_CASE(a_torn_creation_is_taken_up_again) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    auto const segment = path + "/segments/00000001";
    std::vector<void (*)(std::string const&)> const steps{
        [](std::string const& at) { write_text(at + "/aiaudit-ledger.new", ""); },
        [](std::string const& at) { write_text(at + "/aiaudit-ledger.new", "aiaudit led"); },
        [](std::string const& at) { fs::create_directory(at + "/segments"); },
        [](std::string const& at) { fs::create_directory(at + "/segments/00000001.new"); },
        [](std::string const& at) { write_text(at + "/segments/00000001.new/lock.mdb", ""); },
        [](std::string const& at) { write_text(at + "/segments/00000001.new/data.mdb", "torn"); }};
    for (std::size_t cut = 0; cut <= steps.size(); ++cut) {
        fs::create_directory(path);
        for (std::size_t i = 0; i < cut; ++i) steps[i](path);
        check_refused(path, errc::not_found, false);
        make_ledger_with(path, "v");
        BOOST_TEST((value_of(open_at(path).value(), table::blocks, "k") == "v"));
        BOOST_TEST(!fs::exists(path + "/aiaudit-ledger.new"));
        BOOST_TEST(!fs::exists(segment + ".new"));
        // The last cut: the segment has its name, the marker not yet.
        fs::rename(path + "/aiaudit-ledger", path + "/aiaudit-ledger.new");
        BOOST_TEST((value_of(open_at(path).value(), table::blocks, "k") == "v"));
        fs::remove_all(path);
    }
}

BOOST_AUTO_TEST_CASE(processes_that_make_it_at_once_make_one) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    for (int round = 0; round < 5; ++round) {
        std::vector<child_process> children;
        for (int i = 0; i < 4; ++i) {
            children.emplace_back([&] {
                auto store = open_at(path);
                if (!store) return 1;
                auto const add = [&](auto& view) {
                    return view.insert(table::blocks, "child" + std::to_string(i), "v");
                };
                return store->write(add) ? 0 : 2;
            });
        }
        for (auto& child : children) BOOST_TEST(child.wait() == 0);
        BOOST_TEST(entries_of(open_at(path).value(), table::blocks).size() == 4U);
        fs::remove_all(path);
    }
}

// The marker gets its name between two looks of the reader.
BOOST_AUTO_TEST_CASE(a_reader_never_mistakes_a_ledger_that_is_just_made) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    make_ledger_with(path, "v");
    auto const marker = path + "/aiaudit-ledger";
    for (int round = 0; round < 100; ++round) {
        fs::rename(marker, marker + ".new");
        std::atomic<bool> begun = false;
        std::thread maker([&] {
            while (!begun) std::this_thread::yield();
            for (int i = 0; i < round; ++i) (void)::getppid();
            fs::rename(marker + ".new", marker);
        });
        auto code = errc::not_found;
        for (; code == errc::not_found; begun = true) code = code_of(open_at(path, false, true));
        maker.join();
        BOOST_REQUIRE((code == errc{}));
    }
}

// A meta page is in the map before it is on the disk; readers begin to see it after that.
BOOST_AUTO_TEST_CASE(a_view_is_not_taken_for_a_commit_that_is_under_way) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    auto const store = open_at(path).value();
    auto const generation_seen = [&] {
        std::uint64_t seen = 0;
        auto const look = [&](auto const& view) -> result<void> {
            seen = view.generation();
            return {};
        };
        store.read(look).value();
        return seen;
    };
    auto const before = store.generation();
    BOOST_TEST(generation_seen() == before);
    auto const file = aiaudit::detail::file_handle::open(data_file(path), O_RDWR);
    auto const last = before & ((std::uint64_t{1} << 40) - 1);
    auto const page_of = [](std::uint64_t txnid) { return static_cast<off_t>(txnid % 2 * 4096); };
    char meta[160];
    BOOST_REQUIRE(::pread(file.get(), meta, sizeof meta, page_of(last)) == sizeof meta);
    auto const next = last + 1;
    meta[0] = static_cast<char>(next % 2);
    std::memcpy(meta + 144, &next, sizeof next);
    BOOST_REQUIRE(::pwrite(file.get(), meta, sizeof meta, page_of(next)) == sizeof meta);
    BOOST_TEST(store.generation() == before + 1);
    BOOST_TEST(generation_seen() == before);
}

BOOST_AUTO_TEST_CASE(a_process_opens_it_once_by_whatever_name) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    auto const link = directory / "link";
    fs::create_directory_symlink(path, link);
    {
        auto const store = open_at(path).value();
        auto const around =
            fs::path(directory.path()) / ".." / fs::path(directory.path()).filename();
        for (auto const& name : {path, path + "/", link, (around / "ledger").string()}) {
            BOOST_TEST((code_of(open_at(name)) == errc::already_open));
        }
        BOOST_TEST((code_of(open_at(path, true, true)) == errc::already_open));
        auto const moved = directory / "moved";
        fs::rename(path, moved);
        BOOST_TEST((code_of(open_at(moved)) == errc::already_open));
        fs::rename(moved, path);
    }
    BOOST_TEST(bool(open_at(link)));
    write_text(path + "/aiaudit-ledger", "aiaudit ledger format 2\n");
    BOOST_TEST((code_of(open_at(path)) == errc::newer_format));
}

BOOST_AUTO_TEST_CASE(a_forked_child_uses_its_own_or_none) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    auto store = open_at(path).value();
    put(store, table::blocks, "k", "parent");
    auto const child = [&] {
        auto inherited = std::move(store);
        auto const touch = [](auto& view) { return view.replace(table::blocks, "k", "child"); };
        if (code_of(inherited.write(touch)) != errc::closed) return 1;
        auto const look = [](auto const&) -> result<void> { return {}; };
        if (code_of(inherited.read(look)) != errc::closed) return 2;
        if (inherited.generation() != 0 || inherited.bytes_on_disk() != 0) return 3;
        auto own = open_at(path);
        if (!own) return 4;
        if (value_of(*own, table::blocks, "k") != "parent") return 5;
        if (!own->write([](auto& view) { return view.insert(table::blocks, "c", "child"); })) {
            return 6;
        }
        return 0;  // and destroys the inherited one
    };
    BOOST_TEST(run_in_child(child) == 0);
    // From inside a body: the child must not end the parent's transaction.
    auto const done = store.write([&](auto& view) -> result<void> {
        auto const in_body = [&] {
            auto const touch = [](auto&) -> result<void> { return {}; };
            return code_of(store.write(touch)) == errc::closed ? 0 : 1;
        };
        BOOST_TEST(run_in_child(in_body) == 0);
        return view.insert(table::blocks, "p", "parent");
    });
    BOOST_TEST(bool(done));
    entry_list const expected{{"c", "child"}, {"k", "parent"}, {"p", "parent"}};
    BOOST_TEST((entries_of(store, table::blocks) == expected));
}

BOOST_AUTO_TEST_CASE(a_child_forked_in_a_body_commits_nothing) {
    temporary_directory const directory;
    auto store = open_at(directory / "ledger").value();
    bool parent = true;
    int status = -1;
    auto const done = store.write([&](auto& view) -> result<void> {
        auto const id = ::fork();
        if (id == 0) {
            parent = false;
            return view.insert(table::blocks, "from", "child");
        }
        ::waitpid(id, &status, 0);
        return view.insert(table::blocks, "from", "parent");
    });
    if (!parent) ::_exit(code_of(done) == errc::closed ? 0 : 1);
    BOOST_TEST(bool(done));
    BOOST_TEST(status == 0);
    BOOST_TEST((value_of(store, table::blocks, "from") == "parent"));
}

BOOST_AUTO_TEST_CASE(processes_write_in_turn) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    auto store = open_at(path).value();
    put(store, table::meta, "count", "0");
    constexpr int rounds = 20;
    auto const add_one = [](auto& view) -> result<void> {
        auto const next = std::stoi(*value_in(view, table::meta, "count")) + 1;
        return view.replace(table::meta, "count", std::to_string(next));
    };
    auto const work = [&] {
        auto own = open_at(path);
        if (!own) return 1;
        for (int i = 0; i < rounds; ++i) {
            if (!own->write(add_one)) return 2;
        }
        return 0;
    };
    auto const before = store.generation();
    child_process first(work);
    child_process second(work);
    for (int i = 0; i < rounds; ++i) store.write(add_one).value();
    BOOST_TEST(first.wait() == 0);
    BOOST_TEST(second.wait() == 0);
    BOOST_TEST((value_of(store, table::meta, "count") == std::to_string(3 * rounds)));
    BOOST_TEST(store.generation() == before + 3 * rounds);
}

// Each kind of writing holds it, nothing else does.
BOOST_AUTO_TEST_CASE(a_writer_holds_the_file_lock_for_its_transaction_only) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    auto store = open_at(path).value();
    auto const held = [&] {
        auto const look = [&] {
            auto const name = path + "/segments/write.lock";
            auto const file = aiaudit::detail::file_handle::open(name, O_RDWR);
            struct flock whole {};
            whole.l_type = F_WRLCK;
            if (::fcntl(file.get(), F_GETLK, &whole) != 0) return 2;
            return whole.l_type == F_UNLCK ? 0 : 1;
        };
        return run_in_child(look) == 1;
    };
    auto const expect_held = [&](auto&...) -> result<void> {
        BOOST_TEST(held());
        return {};
    };
    BOOST_TEST(!held());
    BOOST_TEST(bool(store.write(expect_held)));
    BOOST_TEST(bool(store.write_history(expect_held)));
    BOOST_TEST(bool(store.rotate(expect_held)));
    BOOST_TEST(!held());
    auto const throws = [](auto&) -> result<void> { throw std::runtime_error("on purpose"); };
    BOOST_CHECK_THROW((void)store.write(throws), std::runtime_error);
    auto const fails = [](auto&) -> result<void> { return aiaudit::fail(errc::bad_input); };
    BOOST_TEST((code_of(store.write(fails)) == errc::bad_input));
    BOOST_TEST(!held());
    auto const expect_free = [&](auto const&) -> result<void> {
        BOOST_TEST(!held());
        return {};
    };
    BOOST_TEST(bool(store.read(expect_free)));
}

// Of two that wait behind a holder one is interrupted by signals, and then the holder is killed.
BOOST_AUTO_TEST_CASE(a_killed_writer_gives_its_turn_back) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    make_ledger_with(path, "v");
    shared_counter inside;
    child_process holder([&] {
        auto own = open_at(path).value();
        (void)own.write([&](auto&) -> result<void> {
            inside.set(1);
            for (;;) ::pause();
        });
        return 1;
    });
    while (inside.get() == 0) ::usleep(100);
    child_process other([&] {
        auto own = open_at(path).value();
        put(own, table::blocks, "other", "v");
        return 0;
    });
    auto store = open_at(path).value();
    struct sigaction interrupt {};
    struct sigaction before {};
    interrupt.sa_handler = [](int) {};  // without SA_RESTART
    ::sigaction(SIGUSR1, &interrupt, &before);
    std::atomic<bool> written = false;
    std::thread waiting([&] {
        put(store, table::blocks, "k", "w");
        written = true;
    });
    for (int i = 0; i < 200; ++i) {
        ::pthread_kill(waiting.native_handle(), SIGUSR1);
        ::usleep(50);
    }
    BOOST_TEST(!written);
    BOOST_TEST(holder.kill() == -SIGKILL);
    waiting.join();
    BOOST_TEST(other.wait() == 0);
    ::sigaction(SIGUSR1, &before, nullptr);
    BOOST_TEST(entries_of(store, table::blocks).size() == 2U);
}

// A process with a larger map writes past the end of ours.
BOOST_AUTO_TEST_CASE(a_map_grows_with_that_of_others) {
    temporary_directory const directory;
    auto options = store_options_in(directory / "ledger");
    options.map_bytes = std::uint64_t{1} << 20;
    auto store = lmdb_store::open(options).value();
    std::string const large(std::size_t{3} << 20, 'L');
    auto const add = [&](auto& view) { return view.insert(table::blocks, "large", large); };
    BOOST_TEST((code_of(store.write(add)) == errc::log_full));
    put(store, table::blocks, "small", "v");  // still usable
    auto const child = [&] {
        auto own = open_at(options.path);
        return own && own->write(add) ? 0 : 1;
    };
    BOOST_TEST(run_in_child(child) == 0);
    BOOST_TEST((value_of(store, table::blocks, "large") == large));
    put(store, table::blocks, "small", "w");
    options.map_bytes = 1;
    BOOST_TEST((code_of(lmdb_store::open(options)) == errc::bad_argument));
}

BOOST_AUTO_TEST_CASE(a_killed_reader_does_not_pin_its_slot) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    make_ledger_with(path, "v");
    shared_counter reading;
    child_process reader([&] {
        auto own = open_at(path, false, true).value();
        (void)own.read([&](auto const&) -> result<void> {
            reading.set(1);
            for (;;) ::pause();
        });
        return 0;
    });
    while (reading.get() == 0) ::usleep(1000);
    BOOST_TEST(reader.kill() == -SIGKILL);
    auto store = open_at(path).value();
    std::string const large(std::size_t{1} << 20, 'L');
    for (int i = 0; i < 20; ++i) put(store, table::snapshots, "k", large);
    // Were the dead reader's snapshot kept, none of the twenty could have been used again.
    BOOST_TEST(store.bytes_on_disk() < (std::uint64_t{6} << 20));
}

BOOST_AUTO_TEST_CASE(a_file_cut_short_is_an_error_at_every_length) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    std::string const large(30'000, 'L');
    {
        auto store = open_at(path).value();
        for (int i = 0; i < 8; ++i) put(store, table::blocks, "k" + std::to_string(i), large);
    }
    auto const whole = bytes_of(data_file(path));
    std::size_t const size = whole.size();
    BOOST_TEST(size % 4096 == 0);
    for (std::size_t page = 0; page < size; page += 4096) {
        for (auto const length : {page, page + 1, page + 4095}) {
            write_text(data_file(path), std::string_view(whole).substr(0, length));
            for (bool const read_only : {false, true}) {
                auto const refused = open_at(path, false, read_only);
                BOOST_REQUIRE((code_of(refused) == errc::corrupt));
            }
        }
    }
    auto const message = open_at(path).error().where;
    BOOST_TEST(message.find(std::to_string(size - 1)) != std::string::npos, message);
    BOOST_TEST(message.find(std::to_string(size)) != std::string::npos, message);
    write_text(data_file(path), whole);
    BOOST_TEST(entries_of(open_at(path).value(), table::blocks).size() == 8U);
}

// Free pages at the end may be missing: no data is. What opens is whole, what is not does not open.
BOOST_AUTO_TEST_CASE(a_file_without_its_free_tail_is_whole) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    entry_list expected;
    {
        auto store = open_at(path).value();
        put(store, table::snapshots, "k", std::string(100'000, 'L'));
        for (int i = 0; i < 40; ++i) put(store, table::snapshots, "k", std::to_string(i));
        expected = entries_of(store, table::snapshots);
    }
    auto const whole = bytes_of(data_file(path));
    int opened = 0;
    for (std::size_t length = whole.size() - 4096; length > 8192; length -= 4096) {
        write_text(data_file(path), std::string_view(whole).substr(0, length));
        auto store = open_at(path);
        if (!store) {
            BOOST_REQUIRE((code_of(store) == errc::corrupt));
            continue;
        }
        ++opened;
        BOOST_TEST((entries_of(*store, table::snapshots) == expected));
        for (int i = 0; i < 3; ++i) put(*store, table::blocks, "more", std::string(50'000, 'm'));
    }
    BOOST_TEST(opened > 0);
    BOOST_TEST(opened < 40);
}

// Every bit of a branch, leaf or overflow head that leads the walk astray is found, none crashes
// it.
BOOST_AUTO_TEST_CASE(a_walk_survives_every_flipped_byte) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    {
        auto store = open_at(path).value();
        auto const fill = [](auto& view) -> result<void> {
            for (int i = 0; i < 300; ++i) {
                std::string const value(i % 100 == 0 ? 9000 : 50, 'v');
                if (auto ok = view.insert(table::blocks, std::to_string(i), value); !ok) return ok;
            }
            return {};
        };
        store.write(fill).value();
        put(store, table::meta, "k", "v");
    }
    auto const file = data_file(path);
    BOOST_TEST(bool(aiaudit::detail::check_lmdb_file(file, true)));
    auto const whole = bytes_of(file);
    int found = 0;
    auto const handle = aiaudit::detail::file_handle::open(file, O_RDWR);
    for (std::size_t at = 0; at < whole.size(); at += at % 4096 < 128 ? 1 : 61) {
        char const flipped = static_cast<char>(whole[at] ^ (1 << at % 8));
        BOOST_REQUIRE(::pwrite(handle.get(), &flipped, 1, static_cast<off_t>(at)) == 1);
        auto const checked = aiaudit::detail::check_lmdb_file(file, true);
        if (!checked) {
            ++found;
            BOOST_TEST((code_of(checked) == errc::corrupt));
        }
        BOOST_REQUIRE(::pwrite(handle.get(), &whole[at], 1, static_cast<off_t>(at)) == 1);
    }
    BOOST_TEST(found > 400);
    BOOST_TEST(bool(aiaudit::detail::check_lmdb_file(file, true)));
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_in_a_tree_ends_no_process) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    make_ledger_of_all_kinds(path);
    auto const file = data_file(path);
    auto const whole = bytes_of(file);
    std::vector<std::size_t> tried;
    for (std::size_t page = 2 * 4096; page < whole.size(); page += 4096) {
        if ((whole[page + 10] & 0x03) == 0) continue;  // neither a branch nor a leaf
        auto without = whole;
        without.replace(page, 4096, 4096, '\0');
        write_text(file, without);
        if (aiaudit::detail::check_lmdb_file(file, true)) continue;  // of an earlier commit
        for (std::size_t at : {8U, 10U, 11U, 12U, 13U, 14U, 15U, 16U, 17U, 20U, 21U}) {
            tried.push_back(page + at);
        }
        // The last entries of a page stand in its first bytes that are used.
        std::size_t const upper = static_cast<unsigned char>(whole[page + 14]) +
                                  256U * static_cast<unsigned char>(whole[page + 15]);
        for (std::size_t at = 0; at < 20; ++at) tried.push_back(page + upper + at);
    }
    BOOST_TEST(tried.size() > 150U);
    shared_counter refused;
    shared_counter last;
    auto const flip_all = [&] {
        std::mt19937 random(7);
        for (std::size_t const at : tried) {
            auto damaged = whole;
            damaged[at] = static_cast<char>(damaged[at] ^ (1 << random() % 8));
            last.set(at);
            write_text(file, damaged);
            if (!use_damaged(path)) refused.set(refused.get() + 1);
        }
        return 0;
    };
    BOOST_TEST(run_in_child(flip_all) == 0, "byte " << last.get());
    BOOST_TEST(refused.get() > tried.size() * 3 / 4, refused.get() << " of " << tried.size());
}

// What LMDB takes from a meta page: the kind of both trees, how deep they are and how large.
BOOST_AUTO_TEST_CASE(a_flipped_bit_in_a_meta_page_ends_no_process) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    make_ledger_of_all_kinds(path);
    auto const file = data_file(path);
    auto const whole = bytes_of(file);
    auto const check = [&](std::size_t tree, std::size_t at, int bit) {
        auto damaged = whole;
        for (std::size_t page : {0U, 4096U}) {  // the one that holds, and the one before
            auto& byte = damaged[page + tree + at];
            byte = static_cast<char>(byte ^ (1 << bit));
        }
        write_text(file, damaged);
        auto const use = [&] { return use_damaged(path) ? 1 : 0; };
        BOOST_TEST(run_in_child(use) == 0, "byte " << tree + at << " bit " << bit);
    };
    for (std::size_t const tree : {40U, 88U}) {
        for (int bit = 0; bit < 8; ++bit) check(tree, 4, bit);          // the kind of its keys
        for (int bit = 0; bit < 3; ++bit) check(tree, 6, bit);          // its depth
        for (std::size_t at = 8; at < 40; at += 8) check(tree, at, 0);  // how many there are
        for (int bit = 0; bit < 8; ++bit) check(tree, 40, bit);         // its root
    }
}

// Pages that were read at an opening are not used again under it.
BOOST_AUTO_TEST_CASE(an_opening_beside_a_busy_writer_finds_nothing_wrong) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    make_ledger_of_all_kinds(path);
    shared_counter written;
    child_process writer([&] {
        auto own = open_at(path).value();
        for (std::uint64_t i = 0;; ++i) {
            put(own, table::blocks, std::to_string(100 + i * 37 % 300), std::string(i % 7000, 'x'));
            written.set(i + 1);
        }
        return 0;
    });
    while (written.get() == 0) ::usleep(100);
    for (int round = 0; round < 100; ++round) {
        auto const opened = open_at(path, false, round % 2 == 0);
        BOOST_REQUIRE_MESSAGE(opened, opened.error().where);
    }
    BOOST_TEST(writer.kill() == -SIGKILL);
}

// Each page's one entry is a table whose root is the next page: the walk must not follow them down
// until the stack ends.
BOOST_AUTO_TEST_CASE(a_walk_does_not_go_as_deep_as_the_file_is_long) {
    constexpr std::uint64_t pages = 50'000;
    constexpr std::uint32_t page_bytes = 512;
    std::string file(pages * page_bytes, '\0');
    auto const put_at = [&](std::uint64_t page, std::size_t offset, auto value) {
        std::memcpy(file.data() + page * page_bytes + offset, &value, sizeof value);
    };
    for (std::uint64_t page = 0; page < 2; ++page) {
        put_at(page, 10, std::uint16_t{0x08});
        put_at(page, 16, std::uint32_t{0xBEEFC0DE});
        put_at(page, 20, std::uint32_t{1});
        put_at(page, 40, page_bytes);
        put_at(page, 80, ~std::uint64_t{0});  // no free pages
        put_at(page, 94, std::uint16_t{1});   // the tables' tree: its depth, its root
        put_at(page, 128, std::uint64_t{2});
        put_at(page, 136, pages);  // one more than there are: so it is walked
        put_at(page, 144, page + 1);
    }
    for (std::uint64_t page = 2; page < pages; ++page) {
        put_at(page, 0, page);
        put_at(page, 10, std::uint16_t{0x02});
        put_at(page, 12, std::uint16_t{18});
        put_at(page, 14, std::uint16_t{18});
        put_at(page, 16, std::uint16_t{18});  // where the entry is
        put_at(page, 18, std::uint32_t{48});  // its size, its kind, its key's size
        put_at(page, 22, std::uint16_t{0x02});
        put_at(page, 24, std::uint16_t{1});
        put_at(page, 27 + 6, std::uint16_t{1});  // the next tree: its depth, its root
        put_at(page, 27 + 40, page + 1);
    }
    temporary_directory const directory;
    auto const path = directory / "data.mdb";
    write_text(path, file);
    for (bool const always_walk : {false, true}) {
        auto const checked = aiaudit::detail::check_lmdb_file(path, always_walk);
        BOOST_TEST((code_of(checked) == errc::corrupt));
    }
}

BOOST_AUTO_TEST_CASE(a_file_that_is_not_lmdbs_is_an_error) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    make_ledger_with(path, "v");
    auto const whole = bytes_of(data_file(path));
    for (std::size_t at : {10U, 16U, 40U, 136U, 4096U + 16U, 4096U + 40U, 4096U + 136U}) {
        auto damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x0F);
        damaged[at + 4] = static_cast<char>(damaged[at + 4] ^ 0x70);
        write_text(data_file(path), damaged);
        auto const opened = open_at(path);
        // The last page of the meta page that does not hold may say anything.
        if (opened) continue;
        BOOST_TEST((code_of(opened) == errc::corrupt), opened.error().message());
    }
    write_text(data_file(path), std::string(whole.size(), '\0'));
    BOOST_TEST((code_of(open_at(path)) == errc::corrupt));
}

BOOST_AUTO_TEST_CASE(what_a_killed_writer_acknowledged_is_there) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    { auto const store = open_at(path).value(); }
    std::uint64_t next = 0;
    for (int round = 0; round < 6; ++round) {
        shared_counter acknowledged;
        child_process writer([&] {
            auto own = open_at(path, false).value();
            for (auto i = next;; ++i) {
                char key[16];
                std::snprintf(key, sizeof key, "%012lu", static_cast<unsigned long>(i));
                std::string const value(i * 37 % 9000, 'v');
                own.write([&](auto& view) -> result<void> {
                       if (auto ok = view.insert(table::blocks, key, value); !ok) return ok;
                       return view.replace(table::meta, "head", key);
                   })
                    .value();
                acknowledged.set(i + 1);
            }
            return 0;
        });
        auto const some = next + 3 + static_cast<std::uint64_t>(round) * 5;
        while (acknowledged.get() < some) ::usleep(100);
        BOOST_TEST(writer.kill() == -SIGKILL);
        auto store = open_at(path, false).value();
        auto const entries = entries_of(store, table::blocks);
        // All that was acknowledged, and at most one more, which was not answered in time.
        BOOST_TEST(entries.size() >= acknowledged.get());
        BOOST_TEST(entries.size() <= acknowledged.get() + 1);
        BOOST_TEST((value_of(store, table::meta, "head") == entries.back().first));
        for (std::size_t i = 0; i < entries.size(); ++i) {
            BOOST_REQUIRE(entries[i].second.size() == i * 37 % 9000);
        }
        next = entries.size();
    }
}

// The page writes fail: the transaction is gone, the store is not.
BOOST_AUTO_TEST_CASE(a_file_size_limit_is_a_full_disk) {
    temporary_directory const directory;
    auto store = open_at(directory / "ledger").value();
    put(store, table::blocks, "k", "v");
    struct rlimit before {};
    ::getrlimit(RLIMIT_FSIZE, &before);
    auto const handler = std::signal(SIGXFSZ, SIG_IGN);
    struct rlimit tight = before;
    tight.rlim_cur = 200'000;
    ::setrlimit(RLIMIT_FSIZE, &tight);
    std::string const large(1'000'000, 'L');
    auto const add = [&](auto& view) { return view.insert(table::blocks, "large", large); };
    for (int i = 0; i < 3; ++i) {
        auto const refused = store.write(add);
        BOOST_TEST((code_of(refused) == errc::disk_full));
    }
    put(store, table::blocks, "k", "w");
    ::setrlimit(RLIMIT_FSIZE, &before);
    BOOST_TEST((value_of(store, table::blocks, "large") == std::nullopt));
    BOOST_TEST(bool(store.write(add)));
    BOOST_TEST((value_of(store, table::blocks, "large") == large));
    BOOST_TEST((value_of(store, table::blocks, "k") == "w"));
    std::signal(SIGXFSZ, handler);
}

// The meta page cannot be written: LMDB's environment is of no use any more, and is opened anew.
BOOST_AUTO_TEST_CASE(a_commit_that_fails_half_way_does_not_stop_the_store) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    auto store = open_at(path).value();
    put(store, table::blocks, "k", "kept");
    auto const change = [](auto& view) { return view.replace(table::blocks, "k", "lost"); };
    auto const fail_one = [&] {
        fail_next_commit(path);
        BOOST_TEST((code_of(store.write(change)) == errc::disk_full));
    };
    fail_one();
    BOOST_TEST((value_of(store, table::blocks, "k") == "kept"));
    put(store, table::blocks, "k", "new");
    BOOST_TEST((value_of(store, table::blocks, "k") == "new"));
    fail_one();
    put(store, table::blocks, "k", "newer");
    BOOST_TEST((value_of(store, table::blocks, "k") == "newer"));
    // Not where it cannot be: the error says both.
    fail_one();
    auto const file = data_file(path);
    fs::rename(file, file + ".away");
    auto const stopped = store.write(change);
    BOOST_TEST((code_of(stopped) == errc::corrupt));
    BOOST_TEST(stopped.error().where.find("opened anew after a failure") != std::string::npos);
    fs::rename(file + ".away", file);
    BOOST_TEST((value_of(store, table::blocks, "k") == "newer"));
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_reported_and_survived) {
    if (!mounts_are_possible()) return;
    temporary_directory const directory;
    auto const fill_and_free = [&] {
        auto const disk = directory / "disk";
        fs::create_directory(disk);
        if (::mount("none", disk.c_str(), "tmpfs", 0, "size=2m") != 0) return 77;
        auto store = open_at(disk + "/ledger").value();
        std::string const block(30'000, 'b');
        write_text(disk + "/ballast", std::string(800'000, 'x'));
        int written = 0;
        result<void> last;
        while (written < 1000) {
            auto const key = "k" + std::to_string(1000 + written);
            last = store.write([&](auto& view) { return view.insert(table::blocks, key, block); });
            if (!last) break;
            ++written;
        }
        if (code_of(last) != errc::disk_full) return 1;
        if (entries_of(store, table::blocks).size() != static_cast<std::size_t>(written)) return 2;
        auto const made_on_full_disk = open_at(disk + "/second");
        if (code_of(made_on_full_disk) != errc::disk_full) return 3;
        fs::remove(disk + "/ballast");
        for (int i = 0; i < 5; ++i, ++written)
            put(store, table::blocks, "n" + std::to_string(i), block);
        if (entries_of(store, table::blocks).size() != static_cast<std::size_t>(written)) return 4;
        return open_at(disk + "/second") ? 0 : 5;
    };
    BOOST_TEST(run_with_mounts(fill_and_free) == 0);
}

// LMDB writes to its lock file through a map: without a block behind it that would be SIGBUS.
BOOST_AUTO_TEST_CASE(a_disk_with_hardly_any_room_kills_nobody) {
    if (!mounts_are_possible()) return;
    temporary_directory const directory;
    auto const disk = directory / "disk";
    auto const path = disk + "/ledger";
    auto const leave = [&](std::uint64_t pages) {
        auto const ballast = disk + "/ballast";
        fs::remove(ballast);
        write_text(ballast, std::string(std::size_t{2} << 20, 'x'));  // as much as there is room
        fs::resize_file(ballast, fs::file_size(ballast) / 4096 * 4096 - pages * 4096);
    };
    auto const make_and_open = [&] {
        fs::create_directory(disk);
        if (::mount("none", disk.c_str(), "tmpfs", 0, "size=1m") != 0) return 77;
        for (std::uint64_t pages = 0; pages < 40; ++pages) {
            leave(pages);
            auto const made = open_at(path);
            if (!made && code_of(made) != errc::disk_full) return 1;
        }
        fs::remove(disk + "/ballast");
        make_ledger_with(path, "v");
        leave(0);
        if (!open_at(path, false, true)) return 2;
        // A copy without its lock file gets one when there is room for it.
        fs::remove(path + "/segments/00000001/lock.mdb");
        leave(0);
        if (code_of(open_at(path)) != errc::disk_full) return 3;
        fs::remove(disk + "/ballast");
        return 0;
    };
    auto const read_at_once = [&] {
        auto const store = open_at(path).value();
        leave(0);
        constexpr int readers = 200;
        std::atomic<int> inside = 0;
        std::atomic<int> refused = 0;
        auto const wait_for_all = [&](auto const&) -> result<void> {
            for (++inside; inside < readers;) std::this_thread::yield();
            return {};
        };
        std::vector<std::thread> threads;
        for (int i = 0; i < readers; ++i) {
            threads.emplace_back([&] {
                if (store.read(wait_for_all)) return;
                ++refused;
                ++inside;
            });
        }
        for (auto& thread : threads) thread.join();
        return refused == 0 ? 0 : 4;
    };
    auto const all = [&] {
        int const first = make_and_open();
        return first != 0 ? first : read_at_once();
    };
    BOOST_TEST(run_with_mounts(all) == 0);
}

BOOST_AUTO_TEST_CASE(a_read_only_file_system_is_read_but_not_written) {
    if (!mounts_are_possible()) return;
    temporary_directory const directory;
    auto const path = directory / "ledger";
    make_ledger_with(path, "v");
    auto const before = tree_of(path);
    auto const look = [&] {
        auto const* const where = directory.path().c_str();
        if (::mount(where, where, nullptr, MS_BIND, nullptr) != 0) return 77;
        unsigned long const flags = MS_BIND | MS_REMOUNT | MS_RDONLY;
        if (::mount(nullptr, where, nullptr, flags, nullptr) != 0) return 77;
        if (code_of(open_at(path)) != errc::read_only) return 1;
        if (code_of(open_at(directory / "new")) != errc::read_only) return 2;
        auto const store = open_at(path, false, true);
        if (!store) return 3;
        return value_of(*store, table::blocks, "k") == "v" ? 0 : 4;
    };
    BOOST_TEST(run_with_mounts(look) == 0);
    BOOST_TEST((tree_of(path) == before));
}

BOOST_AUTO_TEST_CASE(anothers_ledger_is_read_but_not_written) {
    if (::geteuid() != 0) {
        BOOST_TEST_MESSAGE("SKIPPED: this needs root, to become somebody else");
        return;
    }
    temporary_directory const directory;
    auto const path = directory / "ledger";
    make_ledger_with(path, "v");
    fs::permissions(directory.path(), fs::perms(0755));
    for (auto const& entry : fs::recursive_directory_iterator(path)) {
        fs::permissions(entry.path(), entry.is_directory() ? fs::perms(0755) : fs::perms(0644));
    }
    fs::permissions(path, fs::perms(0755));
    auto const as_nobody = [&] {
        if (::setgid(65534) != 0 || ::setuid(65534) != 0) return 77;
        if (code_of(open_at(path)) != errc::read_only) return 1;
        if (code_of(open_at(directory / "new")) != errc::read_only) return 2;
        auto const store = open_at(path, false, true);
        if (!store) return 3;
        return value_of(*store, table::blocks, "k") == "v" ? 0 : 4;
    };
    BOOST_TEST(run_in_child(as_nobody) == 0);
}

BOOST_AUTO_TEST_CASE(reading_makes_no_file) {
    temporary_directory const directory;
    auto const path = directory / "ledger";
    make_ledger_with(path, "v");
    fs::remove(path + "/segments/00000001/lock.mdb");
    auto const before = tree_of(directory.path());
    BOOST_TEST((value_of(open_at(path, true, true).value(), table::blocks, "k") == "v"));
    BOOST_TEST((tree_of(directory.path()) == before));
}

BOOST_AUTO_TEST_CASE(network_file_systems_are_known_by_number) {
    using aiaudit::detail::unsafe_file_system_name;
    for (std::uint32_t const magic :
         {0x6969U, 0xFF534D42U, 0xFE534D42U, 0x01021997U, 0x65735546U}) {
        BOOST_TEST(unsafe_file_system_name(magic) != nullptr);
    }
    for (std::uint32_t const local :
         {0xEF53U, 0x58465342U, 0x9123683EU, 0x01021994U, 0x794C7630U}) {
        BOOST_TEST(unsafe_file_system_name(local) == nullptr);
    }
    temporary_directory const directory;
    BOOST_TEST(bool(aiaudit::detail::check_file_system(directory.path())));
}

BOOST_AUTO_TEST_SUITE_END()

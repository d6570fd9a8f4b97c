// SPDX-License-Identifier: MIT
//
// ledger_memory.cpp: memory that runs out while a ledger folds, saves and reports, and what a store
// takes of it.
#include <aiaudit/ledger.hpp>
#include <aiaudit/storage/lmdb_store.hpp>
#include <aiaudit/templates.hpp>

#include "engine/support/ledger_testing.hpp"
#include "engine/support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstdint>
#include <fstream>
#include <new>
#include <sstream>
#include <string>
#include <utility>

BOOST_AUTO_TEST_SUITE(ledger_memory)

using namespace aiaudit;
using namespace aiaudit_tests;

namespace {

// A store whose transactions end in bad_alloc, when all was read or written and nothing committed:
// the n-th from now on, and with it some more.
class starved_store : public lmdb_store {
public:
    static inline std::atomic<int> calls_before{-1};
    static inline std::atomic<int> calls_starved{0};

    static void starve(int before, int starved) {
        calls_starved = starved;
        calls_before = before;
    }
    static void feed() { calls_before = -1; }

    [[nodiscard]] static result<starved_store> open(store_options const& options) {
        auto opened = lmdb_store::open(options);
        if (!opened) return opened.error();
        return starved_store(std::move(*opened));
    }
    template <class Body>
    result<void> write(Body body) {
        return lmdb_store::write([&](auto& view) { return and_starve(body(view)); });
    }
    template <class Body>
    result<void> read(Body body) const {
        return lmdb_store::read([&](auto const& view) { return and_starve(body(view)); });
    }
    template <class Body>
    result<void> read(segment_number segment, Body body) const {
        return lmdb_store::read(segment, [&](auto const& view) { return and_starve(body(view)); });
    }

private:
    explicit starved_store(lmdb_store opened) : lmdb_store(std::move(opened)) {}

    static result<void> and_starve(result<void> answer) {
        int const before = calls_before.load();
        if (before < 0) return answer;
        if (before > 0) {
            --calls_before;
        } else if (calls_starved.fetch_sub(1) > 0) {
            throw std::bad_alloc();
        }
        return answer;
    }
};

struct starving : default_policies {
    using storage = starved_store;
    using clock = manual_clock;
};
using starving_ledger = basic_ledger<starving>;

// Either it is well, or says that there was no memory.
template <class Answer>
bool is_fed_or_told(Answer const& answer) {
    return answer || answer.error().where.find("no memory") != std::string::npos;
}

starving_ledger opened(std::string const& path) {
    return starving_ledger::open({.path = path, .batch_records_max = 10, .rollup_save_records = 20})
        .value();
}

// Records of several days and segments, with reports of more than one kind among them.
void work_hungrily(starving_ledger& log) {
    time_zone const utc;
    for (int i = 0; i < 60; ++i) {
        record entry = sample(i);
        entry.started_at.ns += std::int64_t{86'400} * 1'000'000'000 * (i % 4);
        BOOST_TEST(is_fed_or_told(log.append(entry)));
        if (i % 10 == 3) BOOST_TEST(is_fed_or_told(log.report({.kind = report_kind::users})));
        if (i % 20 == 7) BOOST_TEST(is_fed_or_told(log.report({.kind = report_kind::daily})));
        if (i % 15 == 9) BOOST_TEST(is_fed_or_told(log.save()));
    }
}

}  // namespace

// By the fold's thread, by the writer's, and by who asks.
BOOST_AUTO_TEST_CASE(a_ledger_without_memory_for_a_while_goes_on_and_counts_everything_once) {
    for (int const starved : {1, 5}) {
        for (int before = 0; before < 60; before += 3) {
            temporary_directory const directory;
            auto const path = directory / "ledger";
            {
                auto log = opened(path);
                BOOST_REQUIRE(log.append(sample(0)).has_value());
                starved_store::starve(before, starved);
                work_hungrily(log);
                starved_store::feed();
                BOOST_TEST((recount(log) == log.report({}).value().sum));
                BOOST_REQUIRE(log.save().has_value());
            }
            auto log = opened(path);
            BOOST_TEST((recount(log) == log.report({}).value().sum),
                       starved << " starved after " << before);
        }
    }
}

// The destructor saves what there is.
BOOST_AUTO_TEST_CASE(a_ledger_closes_without_memory) {
    for (int before = 0; before < 12; ++before) {
        temporary_directory const directory;
        auto const path = directory / "ledger";
        {
            auto log = starving_ledger::open({.path = path}).value();
            for (int i = 0; i < 9000; ++i)
                BOOST_REQUIRE(log.append(sample(i), durability::relaxed).has_value());
            BOOST_REQUIRE(log.flush().has_value());
            starved_store::starve(before, 5);
        }
        starved_store::feed();
        auto log = starving_ledger::open({.path = path}).value();
        BOOST_TEST((recount(log) == log.report({}).value().sum));
    }
}

// In pages: of the maps of data files, what this process has in memory.
std::uint64_t mapped_bytes() {
    std::ifstream maps("/proc/self/smaps");
    std::uint64_t sum = 0;
    bool inside = false;
    for (std::string line; std::getline(maps, line);) {
        std::istringstream words(line);
        std::string name;
        std::uint64_t kib = 0;
        words >> name >> kib;
        if (name.find('-') != std::string::npos) inside = line.ends_with("/data.mdb");
        if (inside && name == "Rss:") sum += kib * 1024;
    }
    return sum;
}

BOOST_AUTO_TEST_CASE(a_long_log_does_not_stay_in_the_map_of_who_writes_it) {
    temporary_directory const directory;
    auto store = lmdb_store::open({.path = directory / "ledger"}).value();
    std::string const block(8'000, 'b');
    constexpr int commits = 2'048;  // 24 MiB
    for (int i = 0; i < commits; ++i) {
        auto const key = std::to_string(commits + i);
        BOOST_REQUIRE(store
                          .write([&](auto& view) -> result<void> {
                              return view.replace(table::blocks, key, block);
                          })
                          .has_value());
    }
    BOOST_TEST(store.bytes_on_disk() > std::uint64_t{commits} * block.size());
    BOOST_TEST(mapped_bytes() < std::uint64_t{6} << 20);
}

BOOST_AUTO_TEST_SUITE_END()

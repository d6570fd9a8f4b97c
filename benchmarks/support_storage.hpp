// SPDX-License-Identifier: MIT
//
// support_storage.hpp: one run of the storage benchmark, and how it fills a ledger.
#ifndef AIAUDIT_BENCHMARKS_SUPPORT_STORAGE_HPP
#define AIAUDIT_BENCHMARKS_SUPPORT_STORAGE_HPP

#include "support_records.hpp"

#include <cstring>
#include <future>
#include <set>

namespace benchmark_support {

struct storage_options {
    std::size_t records = 2'000'000;
    unsigned threads = 2;  // that hand records to the ledger
    bool full = false;     // growth up to ten million
    std::string json{};
    std::string directory{};
    std::set<std::string> only{};
};

class storage_run : public figure_table {
public:
    storage_run(storage_options const& options, std::string scratch)
        : figure_table(32, 2), with(options), scratch_(std::move(scratch)) {}

    // `ids` are names with spaces between them: whether one of them was asked for. Says so.
    [[nodiscard]] bool wants(std::string const& ids) const {
        std::istringstream words(ids);
        bool wanted = with.only.empty();
        for (std::string id; words >> id;) wanted = wanted || with.only.count(id) != 0;
        if (wanted) std::cerr << "storage: " << ids << '\n';
        return wanted;
    }
    // An empty directory, in place of what had that name before.
    [[nodiscard]] std::string fresh(std::string const& name) const {
        std::string const path = scratch_ + "/" + name;
        std::filesystem::remove_all(path);
        std::filesystem::create_directory(path);
        return path;
    }

    storage_options const with;
    std::optional<double> durable_rps{};

private:
    std::string scratch_;
};

// Records that are made, outside of the times taken, and held in memory at once: 0.6 GB.
inline constexpr std::size_t round_records = 500'000;

inline aiaudit::ledger open_ledger(std::string const& path, bool read_only = false) {
    return must(aiaudit::ledger::open({.path = path, .read_only = read_only}));
}

// Each thread enqueues its share without waiting, then waits for its last: the seconds until all of
// them are durable.
inline double append_all(aiaudit::ledger& to, std::vector<aiaudit::record> records,
                         unsigned threads) {
    auto const start = steady::now();
    std::vector<std::future<void>> producers;
    for (unsigned t = 0; t < threads; ++t)
        producers.push_back(std::async(std::launch::async, [&, t] {
            aiaudit::ticket last;
            for (std::size_t i = t; i < records.size(); i += threads)
                last = must(to.enqueue(std::move(records[i])));
            if (t < records.size()) must(to.wait(last));
        }));
    for (auto& producer : producers) producer.get();
    return seconds_since(start);
}

// Calls append(records) -> seconds with `count` records from there, by rounds: all seconds.
template <class Append>
double in_rounds(typical_records& from, std::size_t count, Append&& append) {
    double seconds = 0;
    for (std::size_t done = 0; done < count;) {
        std::size_t const round = std::min(round_records, count - done);
        seconds += append(from.take(round));
        done += round;
    }
    return seconds;
}

inline double fill(aiaudit::ledger& to, typical_records& from, std::size_t count,
                   unsigned threads) {
    return in_rounds(from, count, [&](std::vector<aiaudit::record> records) {
        return append_all(to, std::move(records), threads);
    });
}

// What one producer hands over: some typical records, in each of which it changes what tells one
// call from another (time, ids, counts, cost), as a service does that fills in a record and appends
// it.
class record_stream {
public:
    explicit record_stream(std::uint64_t seed) : state_(seed) {
        made_ = typical_records(seed, prototypes, 1).take(prototypes);
    }
    aiaudit::record const& next() {
        aiaudit::record& made = made_[at_++ % prototypes];
        std::uint64_t bits = state_ = state_ * 6364136223846793005U + 1442695040888963407U;
        made.started_at.ns += 1'000'000;
        *made.duration_ns = 200'000'000 + (bits >> 31);
        std::memcpy(made.operation_id.bytes.data() + 8, &bits, sizeof bits);
        for (std::size_t i = 9; i < 17; ++i, bits >>= 8)
            made.provider_request_id[i] = static_cast<char>('a' + bits % 16);
        if (made.cost != aiaudit::money{}) {
            made.usage.set(aiaudit::unit::output_tokens, 10 + at_ % 900);
            made.cost = aiaudit::money::from_pico(made.cost.pico() + 1);
        }
        sum.add({1, made.cost});
        return made;
    }

    tally sum{};

private:
    static constexpr std::size_t prototypes = 1024;

    std::vector<aiaudit::record> made_{};
    std::size_t at_ = 0;
    std::uint64_t state_;
};

// Each producer enqueues its share without waiting, then waits for its last: the seconds until all
// of them are durable, and what the ledger must then say.
inline std::pair<double, tally> stream(aiaudit::ledger& to, std::size_t count, unsigned threads) {
    std::vector<record_stream> streams;
    for (unsigned t = 0; t < threads; ++t) streams.emplace_back(t + 1);
    auto const start = steady::now();
    std::vector<std::future<void>> producers;
    for (record_stream& own : streams)
        producers.push_back(std::async(std::launch::async, [&] {
            aiaudit::ticket last;
            for (std::size_t i = 0; i < count / threads; ++i) last = must(to.enqueue(own.next()));
            must(to.wait(last));
        }));
    for (auto& producer : producers) producer.get();
    double const seconds = seconds_since(start);
    tally sum;
    for (record_stream const& own : streams) sum.add(own.sum);
    return {seconds, sum};
}

// storage_growth.cpp: what changes with the number of records, for each of some numbers of them.
void measure_growth(storage_run& run);
// What a child process of measure_growth() does.
void be_child(std::string const& what, std::string const& path, std::size_t count);

}  // namespace benchmark_support

#endif  // AIAUDIT_BENCHMARKS_SUPPORT_STORAGE_HPP

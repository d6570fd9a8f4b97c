// SPDX-License-Identifier: MIT
//
// storage: the ledger beside LMDB, SQLite and a file, which keep the same records as durably.
//
// Answers are checked before their times count. Records are made outside of the times taken.
// durable_rps          producers fill in a record and enqueue it; ends when all is on disk; median
// of 3 lmdb_raw_rps         mdb_put(MDB_APPEND) of the encoded records, as many a commit as in a
// block sqlite_..._rps       10,000 rows a transaction; WAL, synchronous=FULL committed...,
// sqlite_commit_rps   each record waited for by its caller, for some seconds relaxed_..._ns       a
// call of append(relaxed) at 200,000 a second, its clock (clock_ns) included
// ..._1e6              with so many records over 90 days; see storage_growth.cpp
// --only measures what is named, without "_1e6", and what is measured together with it.
// Usage: storage [--json FILE] [--records N] [--threads T] [--only ID[,ID]] [--full] [--dir DIR]

#include <aiaudit/templates.hpp>
#include "support_rivals.hpp"
#include "support_storage.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <atomic>

namespace {

using namespace benchmark_support;
using aiaudit::durability;

std::size_t const block_records = aiaudit::ledger_options{}.batch_records_max;

double rate(std::size_t count, double per) { return static_cast<double>(count) / per; }

double ledger_run(storage_run const& run, std::size_t count) {
    std::string const path = run.fresh("ledger");
    std::size_t const whole = count / run.with.threads * run.with.threads;
    std::pair<double, tally> made;
    {
        auto ledger = open_ledger(path);
        made = stream(ledger, whole, run.with.threads);
    }
    auto ledger = open_ledger(path);
    check(value_of(must(ledger.last_sequence())) == whole, "the number of records");
    auto const sum = must(ledger.report({})).sum;
    check(made.second == tally{sum.requests, sum.cost}, "the report of what was streamed");
    return rate(whole, made.first);
}

double lmdb_run(storage_run const& run, std::size_t count) {
    raw_lmdb lmdb(run.fresh("lmdb"));
    typical_records records(1, count, 90);
    double const seconds = in_rounds(records, count, [&](std::vector<aiaudit::record> round) {
        std::vector<std::string> values;
        for (aiaudit::record const& entry : round) values.push_back(encode_record(entry));
        return lmdb.append_all(values, block_records);
    });
    check(lmdb.entries() == count, "LMDB's number of records");
    return rate(count, seconds);
}

// The rivals take turns, so that a slow minute of the machine is shared.
void durable(storage_run& run) {
    std::vector<double> ours;
    std::vector<double> theirs;
    for (int i = 0; i < 3; ++i) {
        ours.push_back(ledger_run(run, run.with.records));
        theirs.push_back(lmdb_run(run, run.with.records));
    }
    run.durable_rps = percentile(ours, 50);
    double const lmdb = percentile(theirs, 50);
    run.add("durable_rps", run.durable_rps, "records/s");
    run.add("lmdb_raw_rps", lmdb, "records/s");
    run.add("vs_lmdb_raw", *run.durable_rps / lmdb, "x");
}

double sqlite_run(storage_run const& run, std::size_t count, bool indexed) {
    api_logs db(run.fresh("sqlite") + "/api_logs", indexed);
    typical_records records(1, count, 90);
    double const seconds =
        in_rounds(records, count, [&](auto const& r) { return db.insert_all(r); });
    check(db.report({}).second == records.expected.of(), "SQLite's rows");
    return rate(count, seconds);
}

void sqlite_tuned(storage_run& run) {
    std::size_t const count = std::min<std::size_t>(run.with.records, 500'000);
    double const tuned = sqlite_run(run, count, true);
    run.add("sqlite_tuned_rps", tuned, "rows/s");
    run.add("sqlite_noindex_rps", sqlite_run(run, count, false), "rows/s");
    if (!run.durable_rps) run.durable_rps = ledger_run(run, run.with.records);
    run.add("vs_sqlite_tuned", *run.durable_rps / tuned, "x");
}

// What callers saw who each wait for their record before they append the next.
struct callers {
    double rps = 0;
    std::vector<double> us{};
};

// Calls append(record) for three seconds, and notes what each call took.
template <class Append>
std::vector<double> call_on(record_stream& records, Append&& append) {
    std::vector<double> us;
    for (auto const start = steady::now(); seconds_since(start) < 3;) {
        aiaudit::record const& entry = records.next();
        auto const call = steady::now();
        append(entry);
        us.push_back(seconds_since(call) * 1e6);
    }
    return us;
}

callers committed_callers(storage_run const& run, unsigned threads) {
    auto ledger = open_ledger(run.fresh("ledger"));
    std::vector<record_stream> records;
    for (unsigned t = 0; t < threads; ++t) records.emplace_back(t + 1);
    std::atomic<std::uint64_t> sequences = 0;
    std::vector<std::future<std::vector<double>>> running;
    auto const start = steady::now();
    for (record_stream& own : records)
        running.push_back(std::async(std::launch::async, [&] {
            return call_on(own, [&](aiaudit::record const& entry) {
                sequences += value_of(must(ledger.append(entry, durability::committed)));
            });
        }));
    callers seen;
    for (auto& each : running)
        for (double const us : each.get()) seen.us.push_back(us);
    std::uint64_t const count = seen.us.size();
    seen.rps = rate(count, seconds_since(start));
    check(sequences == count * (count + 1) / 2, "sequences are not dense");
    tally want;
    for (record_stream const& own : records) want.add(own.sum);
    auto const sum = must(ledger.report({})).sum;
    check(want == tally{sum.requests, sum.cost}, "what callers appended");
    return seen;
}

double sqlite_committed(storage_run const& run) {
    api_logs db(run.fresh("sqlite") + "/api_logs", true);
    record_stream records(1);
    auto const start = steady::now();
    auto const us = call_on(records, [&](aiaudit::record const& entry) { db.insert(entry); });
    double const rps = rate(us.size(), seconds_since(start));
    check(db.report({}).second == records.sum, "SQLite's rows");
    return rps;
}

void committed(storage_run& run) {
    callers const many = committed_callers(run, 64);
    run.add("committed64_rps", many.rps, "records/s");
    run.add("committed64_p50_us", percentile(many.us, 50), "us");
    run.add("committed64_p99_us", percentile(many.us, 99), "us");
    run.add("committed64_p999_us", percentile(many.us, 99.9), "us");
    run.add("committed1_rps", committed_callers(run, 1).rps, "records/s");
    double const sqlite = sqlite_committed(run);
    run.add("sqlite_commit_rps", sqlite, "rows/s");
    run.add("committed64_vs_sqlite_commit", many.rps / sqlite, "x");
}

// The least that a durable log can do: append to a file, and sync it.
void file_fdatasync(storage_run& run) {
    std::size_t const count = std::min<std::size_t>(run.with.records, 1'000'000);
    std::string const path = run.fresh("file") + "/log";
    int const file = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    typical_records records(1, count, 90);
    double seconds = 0;
    std::size_t bytes = 0;
    for (std::size_t done = 0; done < count; done += block_records) {
        std::string chunk;
        for (aiaudit::record const& entry : records.take(std::min(block_records, count - done)))
            chunk += encode_record(entry);
        bytes += chunk.size();
        auto const start = steady::now();
        bool const written =
            write(file, chunk.data(), chunk.size()) == static_cast<ssize_t>(chunk.size());
        if (!written || fdatasync(file) != 0) stop("cannot write " + path);
        seconds += seconds_since(start);
    }
    close(file);
    check(std::filesystem::file_size(path) == bytes, "the file's size");
    run.add("file_fdatasync_rps", rate(count, seconds), "records/s");
    run.add("encoded_bytes_per_record", rate(bytes, static_cast<double>(count)), "B");
}

void relaxed(storage_run& run) {
    constexpr std::int64_t pause_ns = 5000;  // 200,000 a second
    auto ledger = open_ledger(run.fresh("ledger"));
    std::size_t const count = std::min(run.with.records, round_records);
    typical_records records(1, count, 90);
    auto ready = records.take(count);
    std::vector<double> ns;
    ns.reserve(ready.size());
    auto due = steady::now();
    for (aiaudit::record& entry : ready) {
        auto before = steady::now();
        while (before < due) before = steady::now();
        must(ledger.append(std::move(entry), durability::relaxed));
        auto const after = steady::now();
        ns.push_back(std::chrono::duration<double, std::nano>(after - before).count());
        due += std::chrono::nanoseconds(pause_ns);
    }
    must(ledger.flush());
    records.expected.check_report({}, must(ledger.report({})));
    run.add("relaxed_p50_ns", percentile(ns, 50), "ns");
    run.add("relaxed_p99_ns", percentile(ns, 99), "ns");
    run.add("relaxed_p999_ns", percentile(ns, 99.9), "ns");
    for (double& each : ns) {
        auto const before = steady::now();
        each = std::chrono::duration<double, std::nano>(steady::now() - before).count();
    }
    run.add("clock_ns", percentile(ns, 50), "ns");
}

void bytes_per_record(storage_run& run) {
    std::size_t const count = std::min<std::size_t>(run.with.records, 1'000'000);
    std::string const path = run.fresh("ledger");
    typical_records records(1, count, 9);
    {
        auto ledger = open_ledger(path);
        fill(ledger, records, count, run.with.threads);
    }
    auto ledger = open_ledger(path, true);
    records.expected.check_report({}, must(ledger.report({})));
    auto const rows = static_cast<double>(count);
    run.add("bytes_per_record", rate(ledger.bytes_on_disk(), rows), "B");
    std::string const file = run.fresh("sqlite") + "/api_logs";
    {
        api_logs db(file, true);
        typical_records same(1, count, 9);
        in_rounds(same, count, [&](auto const& round) { return db.insert_all(round); });
    }  // its last connection empties the write-ahead log into the file
    run.add("sqlite_bytes_per_record", rate(std::filesystem::file_size(file), rows), "B");
}

struct measurement {
    char const* ids;
    void (*measure)(storage_run&);
};
constexpr measurement measurements[] = {
    {"durable_rps lmdb_raw_rps vs_lmdb_raw", durable},
    {"sqlite_tuned_rps sqlite_noindex_rps vs_sqlite_tuned", sqlite_tuned},
    {"committed64_rps committed64_p50_us committed64_p99_us committed64_p999_us committed1_rps "
     "sqlite_commit_rps committed64_vs_sqlite_commit",
     committed},
    {"file_fdatasync_rps encoded_bytes_per_record", file_fdatasync},
    {"relaxed_p50_ns relaxed_p99_ns relaxed_p999_ns clock_ns", relaxed},
    {"bytes_per_record sqlite_bytes_per_record", bytes_per_record},
};

bool in_memory(std::string const& directory) {
    struct statfs about {};
    if (statfs(directory.c_str(), &about) != 0) stop("cannot look at " + directory);
    return about.f_type == TMPFS_MAGIC || about.f_type == RAMFS_MAGIC;
}

// Where the scratch directory is made: on a disk, since a sync of memory costs nothing.
std::string disk_directory(std::string chosen) {
    if (chosen.empty()) {
        chosen = std::filesystem::temp_directory_path().string();
        if (in_memory(chosen)) chosen = "/var/tmp";
    }
    if (in_memory(chosen)) stop(chosen + " is in memory, not on a disk; choose with --dir");
    std::cerr << "storage: scratch files are in " << chosen << ", on a disk\n";
    return chosen;
}

storage_options options_of(std::vector<std::string> const& words) {
    storage_options with;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "--full") {
            with.full = true;
            continue;
        }
        std::string const& option = words[i];
        if (++i == words.size()) stop("no value, or no such option: " + option);
        std::istringstream value(words[i]);
        if (option == "--json")
            with.json = words[i];
        else if (option == "--dir")
            with.directory = words[i];
        else if (option == "--records")
            value >> with.records;
        else if (option == "--threads")
            value >> with.threads;
        else if (option == "--only")
            for (std::string id; std::getline(value, id, ',');) with.only.insert(id);
        else
            stop("no such option: " + option);
        if (with.records == 0 || with.threads == 0) stop("not a number: " + option);
    }
    return with;
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string> const words(argv + 1, argv + argc);
    return run_benchmark("storage", [&] {
        if (words.size() == 4 && words[0] == "--child")
            return be_child(words[1], words[2], std::stoul(words[3]));
        storage_options const with = options_of(words);
        scratch_directory const scratch(disk_directory(with.directory));
        storage_run run(with, scratch.path());
        for (measurement const& each : measurements)
            if (run.wants(each.ids)) each.measure(run);
        measure_growth(run);
        run.write_json(with.json);
    });
}

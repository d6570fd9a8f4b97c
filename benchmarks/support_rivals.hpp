// SPDX-License-Identifier: MIT
//
// support_rivals.hpp: what else one could keep such records in: a SQLite table, or LMDB.
#ifndef AIAUDIT_BENCHMARKS_SUPPORT_RIVALS_HPP
#define AIAUDIT_BENCHMARKS_SUPPORT_RIVALS_HPP

#include "support_records.hpp"

#include <lmdb.h>

namespace benchmark_support {

// A table with a column for everything that a typical record has. Integers and blobs are stored as
// such; SQLite asks for no types.
class api_logs : public sqlite {
public:
    api_logs(std::string const& path, bool indexed) : sqlite(path) {
        std::string const columns =
            "operation_id,timestamp,user,provider,model,path,status,error_type,finish_reason,"
            "duration_ns,ttft_ns,input_tokens,cached_tokens,output_tokens,cost_pico,price_entry,"
            "price_book";
        run("CREATE TABLE api_logs(id INTEGER PRIMARY KEY, request_id TEXT" +
            std::string(indexed ? " UNIQUE," : ",") + columns + ")");
        if (indexed) {
            run("CREATE INDEX by_time ON api_logs(timestamp)");
            run("CREATE INDEX by_model ON api_logs(model)");
        }
        prepare("INSERT INTO api_logs(request_id," + columns +
                ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    }
    // Before report(), which takes the statement's place.
    void insert(aiaudit::record const& r) {
        using aiaudit::unit;
        sqlite::insert(r.provider_request_id, r.operation_id.bytes, r.started_at.ns, r.user,
                       r.provider, r.model_served, r.path, r.http_status, r.error_type,
                       r.finish_reason, r.duration_ns.value_or(0),
                       r.time_to_first_token_ns.value_or(0), r.usage.count(unit::input_tokens),
                       r.usage.count(unit::cache_read_tokens), r.usage.count(unit::output_tokens),
                       static_cast<std::int64_t>(r.cost.pico()), r.price_entry, r.price_book.bytes);
    }
    double insert_all(std::vector<aiaudit::record> const& records) {
        return in_transactions(records.size(), [&](std::size_t i) { insert(records[i]); });
    }
    // What a report over those days is in SQL, but for its percentiles: its rows, and their sums.
    std::pair<std::size_t, tally> report(aiaudit::report_query const& query) {
        using kind = aiaudit::report_kind;
        std::string group = "provider,model";
        if (query.kind == kind::daily) group = "timestamp/86400000000000";
        if (query.kind == kind::users) group = "user";
        if (query.kind == kind::providers) group = "provider";
        if (query.kind == kind::statuses) group = "status";
        auto const at = [](aiaudit::civil_day day) {
            std::int64_t const days = std::clamp(day.days, 0, 100'000);
            return std::to_string(days * aiaudit::seconds_per_day *
                                  aiaudit::nanoseconds_per_second);
        };
        std::string where = "timestamp>=" + at(query.days.first) + " AND timestamp<" +
                            at(query.days.last) + "+86400000000000";
        if (query.kind == kind::user) where += " AND user='" + query.user + "'";
        auto const got = sums(
            "SELECT count(*),sum(cost_pico),sum(input_tokens),sum(cached_tokens),"
            "sum(output_tokens),avg(duration_ns)," +
            group + " FROM api_logs WHERE " + where + " GROUP BY " + group + " ORDER BY 2 DESC");
        return {static_cast<std::size_t>(got[0]),
                {static_cast<std::uint64_t>(got[1]), aiaudit::money::from_pico(got[2])}};
    }
};

// LMDB with nothing around it: a record is a value, the keys ascend.
class raw_lmdb {
public:
    explicit raw_lmdb(std::string const& directory) {
        must(mdb_env_create(&env_));
        must(mdb_env_set_mapsize(env_, aiaudit::limits::map_bytes));
        must(mdb_env_open(env_, directory.c_str(), MDB_NOTLS, 0600));
    }
    ~raw_lmdb() { mdb_env_close(env_); }
    raw_lmdb(raw_lmdb const&) = delete;
    raw_lmdb& operator=(raw_lmdb const&) = delete;

    // The seconds that it took, in transactions of that many.
    double append_all(std::vector<std::string> const& values, std::size_t in_commit) {
        auto const start = steady::now();
        for (std::size_t from = 0; from < values.size(); from += in_commit) {
            MDB_txn* txn = nullptr;
            MDB_dbi table = 0;
            must(mdb_txn_begin(env_, nullptr, 0, &txn));
            must(mdb_dbi_open(txn, nullptr, 0, &table));
            for (std::size_t i = from; i < std::min(from + in_commit, values.size()); ++i) {
                std::uint64_t number =
                    __builtin_bswap64(++last_);  // big-endian: LMDB compares bytes
                MDB_val key{sizeof number, &number};
                MDB_val value{values[i].size(), const_cast<char*>(values[i].data())};
                must(mdb_put(txn, table, &key, &value, MDB_APPEND));
            }
            must(mdb_txn_commit(txn));
        }
        return seconds_since(start);
    }
    [[nodiscard]] std::size_t entries() const {
        MDB_stat stat{};
        must(mdb_env_stat(env_, &stat));
        return stat.ms_entries;
    }

private:
    static void must(int code) {
        if (code != 0) stop(std::string("LMDB: ") + mdb_strerror(code));
    }
    MDB_env* env_ = nullptr;
    std::uint64_t last_ = 0;
};

}  // namespace benchmark_support

#endif  // AIAUDIT_BENCHMARKS_SUPPORT_RIVALS_HPP

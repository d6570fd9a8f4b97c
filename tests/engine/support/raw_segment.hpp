// SPDX-License-Identifier: MIT
//
// raw_segment.hpp: a segment's tables as somebody who can write the files sees them, whatever the
// store allows.
#ifndef AIAUDIT_TESTS_ENGINE_SUPPORT_RAW_SEGMENT_HPP
#define AIAUDIT_TESTS_ENGINE_SUPPORT_RAW_SEGMENT_HPP

#include <aiaudit/storage/store.hpp>

#include <lmdb.h>

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace aiaudit_tests {

class raw_segment {
public:
    // `directory`: of the segment. No ledger has it open.
    explicit raw_segment(std::string const& directory) {
        must(mdb_env_create(&environment_));
        must(mdb_env_set_maxdbs(environment_, 8));
        must(mdb_env_set_mapsize(environment_, std::size_t{1} << 30));
        must(mdb_env_open(environment_, directory.c_str(), MDB_NOTLS | MDB_NOSYNC, 0600));
    }
    raw_segment(raw_segment const&) = delete;
    raw_segment& operator=(raw_segment const&) = delete;
    ~raw_segment() { mdb_env_close(environment_); }

    using entries = std::map<std::string, std::string>;
    [[nodiscard]] entries read(aiaudit::table in) {
        entries found;
        transact(in, MDB_RDONLY, [&found](MDB_txn* txn, MDB_dbi dbi) {
            MDB_cursor* cursor = nullptr;
            must(mdb_cursor_open(txn, dbi, &cursor));
            MDB_val key{};
            MDB_val value{};
            while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == MDB_SUCCESS)
                found.emplace(text_of(key), text_of(value));
            mdb_cursor_close(cursor);
        });
        return found;
    }
    // Nothing: takes it out.
    void write(aiaudit::table in, std::string const& key, std::optional<std::string> const& value) {
        transact(in, 0, [&](MDB_txn* txn, MDB_dbi dbi) {
            MDB_val at{key.size(), const_cast<char*>(key.data())};
            if (value) {
                MDB_val to{value->size(), const_cast<char*>(value->data())};
                must(mdb_put(txn, dbi, &at, &to, 0));
            } else {
                int const done = mdb_del(txn, dbi, &at, nullptr);
                if (done != MDB_NOTFOUND) must(done);
            }
        });
    }

private:
    static void must(int done) {
        if (done != MDB_SUCCESS) throw std::runtime_error(mdb_strerror(done));
    }
    static std::string text_of(MDB_val const& of) {
        return {static_cast<char const*>(of.mv_data), of.mv_size};
    }
    template <class Body>
    void transact(aiaudit::table in, unsigned flags, Body&& body) {
        MDB_txn* txn = nullptr;
        must(mdb_txn_begin(environment_, nullptr, flags, &txn));
        MDB_dbi dbi{};
        must(mdb_dbi_open(txn, aiaudit::name_of(in), 0, &dbi));
        body(txn, dbi);
        must(mdb_txn_commit(txn));
    }

    MDB_env* environment_ = nullptr;
};

}  // namespace aiaudit_tests

#endif  // AIAUDIT_TESTS_ENGINE_SUPPORT_RAW_SEGMENT_HPP

// SPDX-License-Identifier: MIT
//
// lmdb_store.hpp: the store that lasts: a ledger directory with its tables in LMDB.
//
// After a crash or a power cut the last transaction that write() acknowledged is there, and none
// in part. A machine whose disk acknowledges what it has not kept is outside that.
// Space that replaced values free is used again, the file does not shrink.
// Reading where the lock file cannot be written (a read-only file system, another's files) is
// sound only while nobody writes there; see lmdb_environment.hpp.
// Threads: and processes, as storage_policy says. Not on network file systems.
// Floor 5.
#ifndef AIAUDIT_STORAGE_LMDB_STORE_HPP
#define AIAUDIT_STORAGE_LMDB_STORE_HPP

#include <aiaudit/storage/ledger_directory.hpp>  // finding and making the directory
#include <aiaudit/storage/lmdb_environment.hpp>  // LMDB
#include <aiaudit/storage/store.hpp>             // the promise

#include <memory>
#include <utility>

namespace aiaudit {
inline namespace v1 {

class lmdb_store {
public:
    class read_view {
    public:
        [[nodiscard]] result<std::optional<std::string_view>> get(table in,
                                                                  std::string_view key) const;
        template <class Visit>
        result<void> scan(table in, std::string_view from, Visit visit) const;
        [[nodiscard]] result<std::optional<std::string>> last_key(table in) const;

    protected:
        friend class lmdb_store;
        explicit read_view(detail::lmdb_transaction const& transaction) noexcept
            : transaction_(&transaction) {}
        [[nodiscard]] result<detail::lmdb_cursor> cursor(table in) const;
        [[nodiscard]] error failure(int code, char const* call) const {
            return transaction_->environment().failure(code, call);
        }
        [[nodiscard]] MDB_txn* txn() const noexcept { return transaction_->get(); }
        [[nodiscard]] MDB_dbi handle(table in) const noexcept {
            return transaction_->environment().table_handle(in);
        }

    private:
        detail::lmdb_transaction const* transaction_;
    };

    class write_view : public read_view {
    public:
        result<void> insert(table in, std::string_view key, std::string_view value) {
            if (auto ok = detail::check_entry(key, value.size()); !ok) return ok;
            MDB_val bytes = detail::to_lmdb(value);
            return put_new(in, key, bytes, 0);
        }
        result<std::span<char>> reserve(table in, std::string_view key, std::size_t bytes);
        result<void> replace(table in, std::string_view key, std::string_view value);

    private:
        friend class lmdb_store;
        using read_view::read_view;
        result<void> put_new(table in, std::string_view key, MDB_val& value, unsigned flags);
    };

    [[nodiscard]] static result<lmdb_store> open(store_options const& options);

    template <class Body>
    result<void> write(Body body);
    template <class Body>
    result<void> read(Body body) const;

    // The number of the last transaction of any process.
    [[nodiscard]] std::uint64_t generation() const noexcept {
        return environment_ ? environment_->last_txnid() : 0;
    }
    // The size of the data file.
    [[nodiscard]] std::uint64_t bytes_on_disk() const noexcept {
        return environment_ ? environment_->file_bytes() : 0;
    }

private:
    explicit lmdb_store(std::unique_ptr<detail::lmdb_environment> environment) noexcept
        : environment_(std::move(environment)) {}

    std::unique_ptr<detail::lmdb_environment> environment_;  // none: moved from
};

inline result<lmdb_store> lmdb_store::open(store_options const& options) {
    using environment = detail::lmdb_environment;
    auto const make_segment = [&](std::string const& directory) -> result<void> {
        auto made = environment::open(directory, {options.map_bytes, false, true});
        if (!made) return made.error();
        return {};
    };
    auto segment = detail::prepare_ledger(options, make_segment);
    if (!segment) return segment.error();
    auto opened = environment::open(*segment, {options.map_bytes, options.read_only, false});
    if (!opened) return opened.error();
    return lmdb_store(std::move(*opened));
}

template <class Body>
result<void> lmdb_store::write(Body body) {
    if (!environment_) return fail(errc::closed, "the store was moved from");
    if (environment_->read_only()) {
        return fail(errc::read_only, "the store was opened for reading");
    }
    auto transaction = environment_->begin(true);
    if (!transaction) return transaction.error();
    write_view view(*transaction);
    if (result<void> done = body(view); !done) return done;
    return transaction->commit();
}

template <class Body>
result<void> lmdb_store::read(Body body) const {
    if (!environment_) return fail(errc::closed, "the store was moved from");
    auto const transaction = environment_->begin(false);
    if (!transaction) return transaction.error();
    read_view const view(*transaction);
    return body(view);
}

inline result<detail::lmdb_cursor> lmdb_store::read_view::cursor(table in) const {
    MDB_cursor* opened = nullptr;
    int const code = ::mdb_cursor_open(txn(), handle(in), &opened);
    if (code != 0) return failure(code, "open cursor");
    return detail::lmdb_cursor(opened);
}

inline result<std::optional<std::string_view>> lmdb_store::read_view::get(
    table in, std::string_view key) const {
    if (auto ok = detail::check_key(key); !ok) return ok.error();
    MDB_val wanted = detail::to_lmdb(key);
    MDB_val found{};
    int const code = ::mdb_get(txn(), handle(in), &wanted, &found);
    if (code == MDB_NOTFOUND) return std::optional<std::string_view>{};
    if (code != 0) return failure(code, "get");
    return std::optional<std::string_view>(detail::from_lmdb(found));
}

template <class Visit>
result<void> lmdb_store::read_view::scan(table in, std::string_view from, Visit visit) const {
    auto const at = cursor(in);
    if (!at) return at.error();
    // A start longer than any key is cut to what LMDB takes: no key lies between the two.
    from = from.substr(0, limits::storage_key_bytes + 1);
    MDB_val key = detail::to_lmdb(from);
    MDB_val value{};
    int code = ::mdb_cursor_get(at->get(), &key, &value, from.empty() ? MDB_FIRST : MDB_SET_RANGE);
    while (code == 0 && visit(detail::from_lmdb(key), detail::from_lmdb(value))) {
        code = ::mdb_cursor_get(at->get(), &key, &value, MDB_NEXT);
    }
    if (code != 0 && code != MDB_NOTFOUND) return failure(code, "scan");
    return {};
}

inline result<std::optional<std::string>> lmdb_store::read_view::last_key(table in) const {
    auto const at = cursor(in);
    if (!at) return at.error();
    MDB_val key{};
    MDB_val value{};
    int const code = ::mdb_cursor_get(at->get(), &key, &value, MDB_LAST);
    if (code == MDB_NOTFOUND) return std::optional<std::string>{};
    if (code != 0) return failure(code, "last key");
    return std::optional<std::string>(detail::from_lmdb(key));
}

inline result<std::span<char>> lmdb_store::write_view::reserve(table in, std::string_view key,
                                                               std::size_t bytes) {
    if (auto ok = detail::check_entry(key, bytes); !ok) return ok.error();
    MDB_val room{bytes, nullptr};
    if (auto ok = put_new(in, key, room, MDB_RESERVE); !ok) return ok.error();
    return std::span<char>(static_cast<char*>(room.mv_data), bytes);
}

inline result<void> lmdb_store::write_view::replace(table in, std::string_view key,
                                                    std::string_view value) {
    if (auto ok = detail::check_entry(key, value.size()); !ok) return ok;
    MDB_val name = detail::to_lmdb(key);
    MDB_val bytes = detail::to_lmdb(value);
    int const code = ::mdb_put(txn(), handle(in), &name, &bytes, 0);
    if (code != 0) return failure(code, "put");
    return {};
}

// As an append first, which fills pages better and looks at the last page only; LMDB refuses it
// before it changes anything where the key does not sort last.
inline result<void> lmdb_store::write_view::put_new(table in, std::string_view key, MDB_val& value,
                                                    unsigned flags) {
    MDB_val name = detail::to_lmdb(key);
    int code = ::mdb_put(txn(), handle(in), &name, &value, flags | MDB_APPEND | MDB_NOOVERWRITE);
    if (code == MDB_KEYEXIST) {
        code = ::mdb_put(txn(), handle(in), &name, &value, flags | MDB_NOOVERWRITE);
    }
    if (code == MDB_KEYEXIST) return detail::key_exists(in);
    if (code != 0) return failure(code, "put");
    return {};
}

static_assert(storage_policy<lmdb_store>);

}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_STORAGE_LMDB_STORE_HPP

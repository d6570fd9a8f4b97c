// SPDX-License-Identifier: MIT
//
// lmdb_views.hpp: what a body sees of a transaction on an LMDB environment.
//
// Threads: a view belongs to the thread that its body runs on.
// Floor 5.
#ifndef AIAUDIT_STORAGE_LMDB_VIEWS_HPP
#define AIAUDIT_STORAGE_LMDB_VIEWS_HPP

#include <aiaudit/error.hpp>                     // result
#include <aiaudit/limits.hpp>                    // key sizes
#include <aiaudit/storage/lmdb_environment.hpp>  // LMDB
#include <aiaudit/storage/store.hpp>             // the promise

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class lmdb_read_view {
public:
    // Null: empty tables, of a history that is not there yet.
    explicit lmdb_read_view(lmdb_transaction const* transaction) noexcept
        : transaction_(transaction) {}
    [[nodiscard]] result<std::optional<std::string_view>> get(table in, std::string_view key) const;
    template <class Visit>
    result<void> scan(table in, std::string_view from, Visit visit) const;
    [[nodiscard]] result<std::optional<std::string>> last_key(table in) const;
    [[nodiscard]] segment_number segment() const noexcept {
        return transaction_ == nullptr ? history : transaction_->environment().number();
    }
    // Of the history a number that is never the store's.
    [[nodiscard]] std::uint64_t generation() const noexcept {
        return transaction_ == nullptr ? 0 : generation_of(segment(), transaction_->sees());
    }

protected:
    [[nodiscard]] result<lmdb_cursor> cursor(table in) const;
    [[nodiscard]] error failure(int code, char const* call) const {
        return transaction_->environment().failure(code, call);
    }
    [[nodiscard]] MDB_txn* txn() const noexcept { return transaction_->get(); }
    [[nodiscard]] MDB_dbi handle(table in) const noexcept { return transaction_->table_handle(in); }

private:
    lmdb_transaction const* transaction_;
};

class lmdb_write_view : public lmdb_read_view {
public:
    using lmdb_read_view::lmdb_read_view;
    result<void> insert(table in, std::string_view key, std::string_view value) {
        if (auto ok = check_entry(key, value.size()); !ok) return ok;
        MDB_val bytes = to_lmdb(value);
        return put_new(in, key, bytes, 0);
    }
    result<std::span<char>> reserve(table in, std::string_view key, std::size_t bytes);
    result<void> replace(table in, std::string_view key, std::string_view value);
    result<void> erase(table in, std::string_view key);

private:
    result<void> put_new(table in, std::string_view key, MDB_val& value, unsigned flags);
};

inline result<lmdb_cursor> lmdb_read_view::cursor(table in) const {
    MDB_cursor* opened = nullptr;
    int const code = ::mdb_cursor_open(txn(), handle(in), &opened);
    if (code != 0) return failure(code, "open cursor");
    return lmdb_cursor(opened);
}

inline result<std::optional<std::string_view>> lmdb_read_view::get(table in,
                                                                   std::string_view key) const {
    if (auto ok = check_key(key); !ok) return ok.error();
    if (transaction_ == nullptr) return std::optional<std::string_view>{};
    MDB_val wanted = to_lmdb(key);
    MDB_val found{};
    int const code = ::mdb_get(txn(), handle(in), &wanted, &found);
    if (code == MDB_NOTFOUND) return std::optional<std::string_view>{};
    if (code != 0) return failure(code, "get");
    return std::optional<std::string_view>(from_lmdb(found));
}

template <class Visit>
result<void> lmdb_read_view::scan(table in, std::string_view from, Visit visit) const {
    if (transaction_ == nullptr) return {};
    auto const at = cursor(in);
    if (!at) return at.error();
    // A start longer than any key is cut to what LMDB takes: no key lies between the two.
    from = from.substr(0, limits::storage_key_bytes + 1);
    MDB_val key = to_lmdb(from);
    MDB_val value{};
    int code = ::mdb_cursor_get(at->get(), &key, &value, from.empty() ? MDB_FIRST : MDB_SET_RANGE);
    while (code == 0 && visit(from_lmdb(key), from_lmdb(value))) {
        code = ::mdb_cursor_get(at->get(), &key, &value, MDB_NEXT);
    }
    if (code != 0 && code != MDB_NOTFOUND) return failure(code, "scan");
    return {};
}

inline result<std::optional<std::string>> lmdb_read_view::last_key(table in) const {
    if (transaction_ == nullptr) return std::optional<std::string>{};
    auto const at = cursor(in);
    if (!at) return at.error();
    MDB_val key{};
    MDB_val value{};
    int const code = ::mdb_cursor_get(at->get(), &key, &value, MDB_LAST);
    if (code == MDB_NOTFOUND) return std::optional<std::string>{};
    if (code != 0) return failure(code, "last key");
    return std::optional<std::string>(from_lmdb(key));
}

inline result<std::span<char>> lmdb_write_view::reserve(table in, std::string_view key,
                                                        std::size_t bytes) {
    if (auto ok = check_entry(key, bytes); !ok) return ok.error();
    MDB_val room{bytes, nullptr};
    if (auto ok = put_new(in, key, room, MDB_RESERVE); !ok) return ok.error();
    return std::span<char>(static_cast<char*>(room.mv_data), bytes);
}

inline result<void> lmdb_write_view::replace(table in, std::string_view key,
                                             std::string_view value) {
    if (auto ok = check_entry(key, value.size()); !ok) return ok;
    MDB_val name = to_lmdb(key);
    MDB_val bytes = to_lmdb(value);
    int const code = ::mdb_put(txn(), handle(in), &name, &bytes, 0);
    if (code != 0) return failure(code, "put");
    return {};
}

inline result<void> lmdb_write_view::erase(table in, std::string_view key) {
    if (auto ok = check_key(key); !ok) return ok;
    MDB_val name = to_lmdb(key);
    int const code = ::mdb_del(txn(), handle(in), &name, nullptr);
    if (code != 0 && code != MDB_NOTFOUND) return failure(code, "erase");
    return {};
}

// As an append first, which fills pages better and looks at the last page only; LMDB refuses it
// before it changes anything where the key does not sort last.
inline result<void> lmdb_write_view::put_new(table in, std::string_view key, MDB_val& value,
                                             unsigned flags) {
    MDB_val name = to_lmdb(key);
    int code = ::mdb_put(txn(), handle(in), &name, &value, flags | MDB_APPEND | MDB_NOOVERWRITE);
    if (code == MDB_KEYEXIST) {
        code = ::mdb_put(txn(), handle(in), &name, &value, flags | MDB_NOOVERWRITE);
    }
    if (code == MDB_KEYEXIST) return key_exists(in);
    if (code != 0) return failure(code, "put");
    return {};
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_STORAGE_LMDB_VIEWS_HPP

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

    // Gives back the pages of a large value that was read and will not be soon. The system keeps
    // them cached, but they count no more as this process's; who reads them again gets them again.
    void release(std::string_view value) const noexcept;

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
    void release(std::string_view value) const = delete;  // it may be changed, and not in the file
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

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/storage/lmdb_views.ipp>
#endif

#endif  // AIAUDIT_STORAGE_LMDB_VIEWS_HPP

// SPDX-License-Identifier: MIT
//
// lmdb_views.ipp: the definitions of lmdb_views.hpp.
#ifndef AIAUDIT_IMPL_STORAGE_LMDB_VIEWS_IPP
#define AIAUDIT_IMPL_STORAGE_LMDB_VIEWS_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/storage/lmdb_views.hpp>

#include <cstdint>

#include <sys/mman.h>
#include <unistd.h>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<lmdb_cursor> lmdb_read_view::cursor(table in) const {
    MDB_cursor* opened = nullptr;
    int const code = ::mdb_cursor_open(txn(), handle(in), &opened);
    if (code != 0) return failure(code, "open cursor");
    return lmdb_cursor(opened);
}

// Whole pages alone: what shares a page with the value may be in use.
AIAUDIT_INLINE void lmdb_read_view::release(std::string_view value) const noexcept {
    static std::size_t const page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    auto const first = reinterpret_cast<std::uintptr_t>(value.data());
    std::size_t const skipped = (page - first % page) % page;
    if (value.size() < skipped + page) return;
    char* const begin = const_cast<char*>(value.data()) + skipped;
    static_cast<void>(::madvise(begin, (value.size() - skipped) / page * page, MADV_DONTNEED));
}

AIAUDIT_INLINE result<std::optional<std::string_view>> lmdb_read_view::get(
    table in, std::string_view key) const {
    if (auto ok = check_key(key); !ok) return ok.error();
    if (transaction_ == nullptr) return std::optional<std::string_view>{};
    MDB_val wanted = to_lmdb(key);
    MDB_val found{};
    int const code = ::mdb_get(txn(), handle(in), &wanted, &found);
    if (code == MDB_NOTFOUND) return std::optional<std::string_view>{};
    if (code != 0) return failure(code, "get");
    return std::optional<std::string_view>(from_lmdb(found));
}

AIAUDIT_INLINE result<std::optional<std::string>> lmdb_read_view::last_key(table in) const {
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

AIAUDIT_INLINE result<std::span<char>> lmdb_write_view::reserve(table in, std::string_view key,
                                                                std::size_t bytes) {
    if (auto ok = check_entry(key, bytes); !ok) return ok.error();
    MDB_val room{bytes, nullptr};
    if (auto ok = put_new(in, key, room, MDB_RESERVE); !ok) return ok.error();
    return std::span<char>(static_cast<char*>(room.mv_data), bytes);
}

AIAUDIT_INLINE result<void> lmdb_write_view::replace(table in, std::string_view key,
                                                     std::string_view value) {
    if (auto ok = check_entry(key, value.size()); !ok) return ok;
    MDB_val name = to_lmdb(key);
    MDB_val bytes = to_lmdb(value);
    int const code = ::mdb_put(txn(), handle(in), &name, &bytes, 0);
    if (code != 0) return failure(code, "put");
    return {};
}

AIAUDIT_INLINE result<void> lmdb_write_view::erase(table in, std::string_view key) {
    if (auto ok = check_key(key); !ok) return ok;
    MDB_val name = to_lmdb(key);
    int const code = ::mdb_del(txn(), handle(in), &name, nullptr);
    if (code != 0 && code != MDB_NOTFOUND) return failure(code, "erase");
    return {};
}

// As an append first, which fills pages better and looks at the last page only; LMDB refuses it
// before it changes anything where the key does not sort last.
AIAUDIT_INLINE result<void> lmdb_write_view::put_new(table in, std::string_view key, MDB_val& value,
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

#endif  // AIAUDIT_IMPL_STORAGE_LMDB_VIEWS_IPP

// SPDX-License-Identifier: MIT
//
// lmdb_handle.hpp: an LMDB environment that is open, its tables, and read transactions kept to be
// used again.
//
// Threads: transactions may be begun and ended by any at once; what changes the map and
// destruction are for one, while no transaction is active. lmdb_environment.hpp sees to that, and
// to forks.
// Floor 5.
#ifndef AIAUDIT_STORAGE_LMDB_HANDLE_HPP
#define AIAUDIT_STORAGE_LMDB_HANDLE_HPP

#include <aiaudit/error.hpp>                  // result
#include <aiaudit/limits.hpp>                 // storage maxima
#include <aiaudit/storage/lmdb_layout.hpp>    // the check before the file is mapped
#include <aiaudit/storage/lmdb_registry.hpp>  // one opening a process
#include <aiaudit/storage/posix_file.hpp>     // errors
#include <aiaudit/storage/store.hpp>          // table

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <lmdb.h>
#include <sys/mman.h>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// What LMDB's answer means. `path` is the environment's directory, `call` what was asked of LMDB.
[[nodiscard]] inline error lmdb_error(int code, char const* call, std::string const& path) {
    if (code > 0) return posix_error(code, call, path + "/data.mdb");
    auto const text = path + ": " + call + ": " + ::mdb_strerror(code);
    switch (code) {
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_INCOMPATIBLE: return fail(errc::corrupt, text);
    case MDB_VERSION_MISMATCH: return fail(errc::newer_format, text);
    case MDB_MAP_FULL: return fail(errc::log_full, text);
    case MDB_TXN_FULL: return fail(errc::too_large, text);
    default: return fail(errc::storage_failed, text);
    }
}

[[nodiscard]] inline MDB_val to_lmdb(std::string_view bytes) noexcept {
    // LMDB only reads what it is given here; its one struct serves both directions.
    return MDB_val{bytes.size(), const_cast<char*>(bytes.data())};
}
[[nodiscard]] inline std::string_view from_lmdb(MDB_val const& bytes) noexcept {
    return {static_cast<char const*>(bytes.mv_data), bytes.mv_size};
}

struct close_lmdb_cursor {
    void operator()(MDB_cursor* cursor) const noexcept { ::mdb_cursor_close(cursor); }
};
using lmdb_cursor = std::unique_ptr<MDB_cursor, close_lmdb_cursor>;

struct lmdb_settings {
    std::uint64_t map_bytes = limits::map_bytes;
    bool read_only = false;
    bool make = false;  // with its tables, in an empty directory that is no one else's yet
    bool walk = true;   // look at every branch and leaf page first, but where it is being made
};

[[nodiscard]] inline result<void> check_map_bytes(std::uint64_t map_bytes) {
    if (map_bytes >= limits::map_bytes_least && map_bytes <= SIZE_MAX / 2) return {};
    return fail(errc::bad_argument, "a map of " + std::to_string(map_bytes) + " bytes cannot be");
}

// Whether the process could map so much more now.
[[nodiscard]] inline bool has_address_space(std::uint64_t bytes) noexcept {
    constexpr int kind = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    auto const size = static_cast<std::size_t>(bytes);
    void* const room = ::mmap(nullptr, size, PROT_NONE, kind, -1, 0);
    if (room == MAP_FAILED) return false;
    ::munmap(room, size);
    return true;
}

[[nodiscard]] inline error no_address_space(std::string const& directory, std::uint64_t bytes) {
    return fail(errc::storage_failed,
                directory + ": no address space for a map of " + std::to_string(bytes) +
                    " bytes (raise RLIMIT_AS, or set map_bytes of "
                    "ledger_options, store_options or cache_options to less)");
}

// As much as that, or half of it so often that as many maps as a store may have open find room: old
// segments, the newest, the next one while it is made, and the history.
[[nodiscard]] inline std::uint64_t fitting_map_bytes(std::uint64_t wanted) noexcept {
    constexpr std::uint64_t maps = limits::storage_old_segments_open + 3;
    std::uint64_t bytes = wanted;
    while (bytes / 2 >= limits::map_bytes_chosen_least && !has_address_space(maps * bytes))
        bytes /= 2;
    return bytes;
}

// What the options ask for, where 0 leaves the choice to us.
[[nodiscard]] inline std::uint64_t chosen_map_bytes(std::uint64_t wanted) noexcept {
    return wanted != 0 ? wanted : fitting_map_bytes(limits::map_bytes);
}

class lmdb_handle {
public:
    // not_found: there is no such directory.
    [[nodiscard]] static result<std::unique_ptr<lmdb_handle>> open(std::string const& directory,
                                                                   lmdb_settings const& how);
    lmdb_handle(lmdb_handle const&) = delete;
    lmdb_handle& operator=(lmdb_handle const&) = delete;
    ~lmdb_handle();

    // LMDB's codes. What begin_read gave goes to end_read.
    [[nodiscard]] int begin_write(MDB_txn** txn) noexcept {
        return ::mdb_txn_begin(env_, nullptr, 0, txn);
    }
    [[nodiscard]] int begin_read(MDB_txn** txn) noexcept;
    void end_read(MDB_txn* txn) noexcept;
    // Another process has a larger map, and wrote past the end of ours.
    [[nodiscard]] result<void> adopt_map_of_others();
    // Whether the map has room for some pages more, whatever is free among those in use.
    [[nodiscard]] bool has_room() const noexcept {
        return bytes_of_last_commit() + limits::storage_seal_bytes <= info().me_mapsize;
    }
    [[nodiscard]] result<void> grow_map() {
        return set_map_bytes(info().me_mapsize + 2 * limits::storage_seal_bytes);
    }
    // Frees the slots of processes that died while they read.
    void clear_dead_readers() noexcept {
        int dead = 0;
        ::mdb_reader_check(env_, &dead);
    }
    [[nodiscard]] std::uint64_t last_txnid() const noexcept { return info().me_last_txnid; }
    [[nodiscard]] MDB_dbi table_handle(table which) const noexcept {
        return tables_[static_cast<std::size_t>(which)];
    }

    // Whether the file is as long as it was when it was last seen: it never shrinks by itself. To
    // be asked before LMDB touches the map.
    [[nodiscard]] bool covers_what_was_seen() noexcept;
    // Whether it is as long as the last commit needs. To be asked inside a transaction, before it
    // looks at a page.
    [[nodiscard]] result<void> check_size();
    // After a commit of this process, which may have made the file longer.
    void note_commit() noexcept {
        if (bytes_of_last_commit() > seen_bytes_.load(std::memory_order_relaxed)) {
            (void)covers_what_was_seen();
        }
    }
    [[nodiscard]] error cut_short() const {
        return fail(errc::corrupt, directory_ + "/data.mdb: was cut short while it was open");
    }

private:
    explicit lmdb_handle(std::string directory) : directory_(std::move(directory)) {}
    [[nodiscard]] result<void> open_environment(lmdb_settings const& how);
    [[nodiscard]] int make_and_open(lmdb_settings const& how, unsigned flags);
    [[nodiscard]] result<MDB_txn*> begin_first(bool make);
    [[nodiscard]] result<void> walk_trees();
    [[nodiscard]] result<void> open_tables(bool make);
    [[nodiscard]] result<void> set_map_bytes(std::uint64_t bytes);
    [[nodiscard]] error failure(int code, char const* call) const {
        return lmdb_error(code, call, directory_);
    }
    [[nodiscard]] MDB_envinfo info() const noexcept {
        MDB_envinfo found{};
        ::mdb_env_info(env_, &found);
        return found;
    }
    [[nodiscard]] std::uint64_t bytes_of_last_commit() const noexcept {
        return (std::uint64_t{info().me_last_pgno} + 1) * page_bytes_;
    }

    // Constant once open.
    std::string directory_;
    MDB_env* env_ = nullptr;
    std::array<MDB_dbi, table_count> tables_{};
    std::uint64_t page_bytes_ = 0;
    int descriptor_ = -1;  // LMDB's, on the data file
    file_claim claim_{};

    std::atomic<std::uint64_t> seen_bytes_ = 0;  // the longest that the file was seen to be
    // The last commit whose pages were found to be there although the file is shorter than it says.
    std::atomic<std::uint64_t> whole_at_ = 0;
    std::array<std::atomic<MDB_txn*>, limits::storage_idle_readers> idle_{};
};

inline result<std::unique_ptr<lmdb_handle>> lmdb_handle::open(std::string const& directory,
                                                              lmdb_settings const& how) {
    std::unique_ptr<lmdb_handle> opened(new lmdb_handle(directory));
    if (!how.make) {
        auto const file = directory + "/data.mdb";
        auto claimed = file_claim::of(file);
        if (!claimed && claimed.error().code == errc::not_found &&
            ::access(directory.c_str(), F_OK) == 0) {
            return fail(errc::corrupt, file + ": is missing, though the segment was made whole");
        }
        if (!claimed) return claimed.error();
        opened->claim_ = std::move(*claimed);
        if (auto ok = check_lmdb_file(file); !ok) return ok.error();
    }
    if (auto ok = opened->open_environment(how); !ok) return ok.error();
    if (how.walk && !how.make) {
        if (auto ok = opened->walk_trees(); !ok) return ok.error();
    }
    if (auto ok = opened->open_tables(how.make); !ok) return ok.error();
    (void)opened->covers_what_was_seen();
    return opened;
}

inline lmdb_handle::~lmdb_handle() {
    for (auto& idle : idle_) {
        if (auto* const txn = idle.load(std::memory_order_acquire); txn != nullptr) {
            ::mdb_txn_abort(txn);
        }
    }
    if (env_ != nullptr) ::mdb_env_close(env_);
}

// LMDB's code. env_ is there, or null.
inline int lmdb_handle::make_and_open(lmdb_settings const& how, unsigned flags) {
    if (env_ != nullptr) ::mdb_env_close(std::exchange(env_, nullptr));
    if (int const code = ::mdb_env_create(&env_); code != 0) return code;
    constexpr std::uint64_t page = 4096;
    auto const map_bytes = (how.map_bytes + page - 1) / page * page;
    ::mdb_env_set_mapsize(env_, static_cast<std::size_t>(map_bytes));
    ::mdb_env_set_maxdbs(env_, limits::storage_tables);
    ::mdb_env_set_maxreaders(env_, limits::storage_readers);
    return ::mdb_env_open(env_, directory_.c_str(), flags, 0600);
}

inline result<void> lmdb_handle::open_environment(lmdb_settings const& how) {
    // What is being made is synced as a whole, before it gets its name.
    unsigned flags = how.make ? MDB_NOTLS | MDB_NOSYNC : MDB_NOTLS;
    auto const lock_file = directory_ + "/lock.mdb";
    if (how.read_only) {
        flags |= MDB_RDONLY;
        // A reader registers in the lock file. Where it cannot (read-only media, another's
        // directory, a bare copy of data.mdb) it reads unregistered, which is sound only while
        // nobody writes: a writer may use pages again that it still reads.
        if (::access(lock_file.c_str(), W_OK) != 0) flags |= MDB_NOLOCK;
    }
    if ((flags & MDB_NOLOCK) == 0) {
        // Here no lock of this process is on the file yet, so that closing it again drops none.
        constexpr std::uint64_t head = 4096;
        auto const bytes = head + std::uint64_t{limits::storage_readers} * 64;
        if (auto ok = reserve_blocks(lock_file, bytes); !ok) return ok;
    }
    int code = make_and_open(how, flags);
    // LMDB waits for who else opens the file just now. The kernel sees processes, not threads:
    // where another thread of that process waits for this one's turn to write, it sees a circle
    // that is none (as in write_lock.hpp). The other is through in a moment.
    constexpr int tries_most = 1000 * static_cast<int>(limits::storage_wait_seconds);
    for (int tries = 0; code == EDEADLK && tries < tries_most; ++tries) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        code = make_and_open(how, flags);
    }
    if (code == ENOMEM) return no_address_space(directory_, how.map_bytes);
    if (code != 0) return failure(code, "open");
    ::mdb_env_get_fd(env_, &descriptor_);
    MDB_stat layout{};
    if (int const failed = ::mdb_env_stat(env_, &layout); failed != 0) {
        return failure(failed, "stat");
    }
    page_bytes_ = layout.ms_psize;
    if (!how.read_only) clear_dead_readers();
    return {};
}

// The environment is new to this process, and may be in use by others.
inline result<MDB_txn*> lmdb_handle::begin_first(bool make) {
    MDB_txn* txn = nullptr;
    unsigned const kind = make ? 0 : MDB_RDONLY;
    int code = ::mdb_txn_begin(env_, nullptr, kind, &txn);
    for (int tries = 0; tries < 8 && code != 0; ++tries) {
        if (code == MDB_MAP_RESIZED) {
            if (auto ok = adopt_map_of_others(); !ok) return ok.error();
        } else if (code == MDB_READERS_FULL) {
            clear_dead_readers();
        } else {
            break;
        }
        code = ::mdb_txn_begin(env_, nullptr, kind, &txn);
    }
    if (code != 0) return failure(code, "begin");
    return txn;
}

// Before LMDB looks at any page but the meta pages: it would die of much that is wrong in them. A
// reader without a lock file keeps no page from being used again, so what it finds is looked for
// once more.
inline result<void> lmdb_handle::walk_trees() {
    constexpr int looks = 3;
    constexpr int quick_tries = 100;
    constexpr int tries_most = quick_tries + 1000 * static_cast<int>(limits::storage_wait_seconds);
    result<void> walked;
    for (int tries = 0, found = 0; tries < tries_most && found < looks; ++tries) {
        // A writer that was killed, or stands still, in the middle of a commit: the next one mends
        // what it left.
        if (tries >= quick_tries) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        auto const txn = begin_first(false);
        if (!txn) return txn.error();
        auto const whole =
            check_lmdb_snapshot(descriptor_, directory_ + "/data.mdb", ::mdb_txn_id(*txn));
        ::mdb_txn_abort(*txn);
        if (whole && *whole) return {};
        if (!whole && whole.error().code != errc::corrupt) return whole.error();
        found += whole ? 0 : 1;
        walked = whole ? fail(errc::corrupt, directory_ +
                                                 "/data.mdb: its last commit is in the "
                                                 "wrong place")
                       : whole.error();
    }
    return walked;
}

inline result<void> lmdb_handle::open_tables(bool make) {
    auto const begun = begin_first(make);
    if (!begun) return begun.error();
    MDB_txn* const txn = *begun;
    int code = 0;
    for (std::size_t i = 0; i < table_count; ++i) {
        auto const* const name = name_of(static_cast<table>(i));
        code = ::mdb_dbi_open(txn, name, make ? MDB_CREATE : 0, &tables_[i]);
        if (code == 0) continue;
        ::mdb_txn_abort(txn);
        if (code != MDB_NOTFOUND) return failure(code, "open table");
        return fail(errc::corrupt, directory_ + ": has no table '" + name + "'");
    }
    code = ::mdb_txn_commit(txn);  // keeps the handles, also that of a reader
    if (code != 0) return failure(code, "commit");
    return {};
}

// A transaction that waits to be renewed has a slot among the readers already: to renew it takes no
// lock and no memory.
inline int lmdb_handle::begin_read(MDB_txn** txn) noexcept {
    for (auto& idle : idle_) {
        if (idle.load(std::memory_order_relaxed) == nullptr) continue;
        auto* const taken = idle.exchange(nullptr, std::memory_order_acquire);
        if (taken == nullptr) continue;
        int const code = ::mdb_txn_renew(taken);
        if (code == 0) {
            *txn = taken;
        } else {
            ::mdb_txn_abort(taken);
        }
        return code;
    }
    int const code = ::mdb_txn_begin(env_, nullptr, MDB_RDONLY, txn);
    if (code != MDB_READERS_FULL) return code;
    clear_dead_readers();
    return ::mdb_txn_begin(env_, nullptr, MDB_RDONLY, txn);
}

inline void lmdb_handle::end_read(MDB_txn* txn) noexcept {
    ::mdb_txn_reset(txn);
    for (auto& idle : idle_) {
        MDB_txn* none = nullptr;
        if (idle.load(std::memory_order_relaxed) != nullptr) continue;
        if (idle.compare_exchange_strong(none, txn, std::memory_order_release,
                                         std::memory_order_relaxed)) {
            return;
        }
    }
    ::mdb_txn_abort(txn);
}

// Not as large as theirs, for which this process may have no room. LMDB gives the old map back
// before it makes the new one, and cannot go on where that fails: so it is tried first.
inline result<void> lmdb_handle::adopt_map_of_others() {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) return posix_error(errno, "fstat", directory_);
    auto const used =
        std::max<std::uint64_t>(info().me_mapsize, static_cast<std::uint64_t>(status.st_size));
    if (!has_address_space(2 * used)) return no_address_space(directory_, 2 * used);
    return set_map_bytes(2 * used);
}

inline result<void> lmdb_handle::set_map_bytes(std::uint64_t bytes) {
    int const code = ::mdb_env_set_mapsize(env_, static_cast<std::size_t>(bytes));
    if (code != 0) return failure(code, "resize map");
    return {};
}

inline bool lmdb_handle::covers_what_was_seen() noexcept {
    // Loaded before the file is asked: another thread may see a longer one meanwhile.
    auto seen = seen_bytes_.load(std::memory_order_relaxed);
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) return true;  // it is open, so this cannot be
    auto const bytes = static_cast<std::uint64_t>(status.st_size);
    if (bytes < seen) return false;
    while (bytes > seen &&
           !seen_bytes_.compare_exchange_weak(seen, bytes, std::memory_order_relaxed)) {
    }
    return true;
}

// The last commit may speak of pages past the end of the file, when they are free: see
// check_lmdb_size. That is rare, and looked into once a commit.
inline result<void> lmdb_handle::check_size() {
    auto const found = info();
    auto const needed = (std::uint64_t{found.me_last_pgno} + 1) * page_bytes_;
    if (needed <= seen_bytes_.load(std::memory_order_relaxed)) return {};
    // Others made it longer since we looked, or it is one of those.
    if (!covers_what_was_seen()) return cut_short();
    if (needed <= seen_bytes_.load(std::memory_order_relaxed)) return {};
    if (whole_at_.load(std::memory_order_relaxed) == found.me_last_txnid) return {};
    result<void> checked;
    for (int tries = 0; tries < 3; ++tries) {
        checked = check_lmdb_size(descriptor_, directory_ + "/data.mdb");
        if (checked) break;
    }
    if (checked) whole_at_.store(found.me_last_txnid, std::memory_order_relaxed);
    return checked;
}

// Makes an environment without entries in an empty directory.
struct empty_environment {
    std::uint64_t map_bytes;
    result<void> operator()(std::string const& directory) const {
        auto made = lmdb_handle::open(directory, {map_bytes, false, true});
        if (!made) return made.error();
        return {};
    }
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_STORAGE_LMDB_HANDLE_HPP

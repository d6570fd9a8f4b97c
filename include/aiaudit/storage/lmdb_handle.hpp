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
#include <aiaudit/storage/file_watch.hpp>     // file_watch
#include <aiaudit/storage/lmdb_registry.hpp>  // one opening a process
#include <aiaudit/storage/store.hpp>          // table

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <lmdb.h>
#include <sys/mman.h>
#include <unistd.h>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// What LMDB's answer means. `path` is the environment's directory, `call` what was asked of LMDB.
[[nodiscard]] error lmdb_error(int code, char const* call, std::string const& path);

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

// As much as that, or half of it so often that as many maps as a store may have open find room: old
// segments, the newest, the next one while it is made, and the history.
[[nodiscard]] std::uint64_t fitting_map_bytes(std::uint64_t wanted) noexcept;

// What the options ask for, where 0 leaves the choice to us.
[[nodiscard]] inline std::uint64_t chosen_map_bytes(std::uint64_t wanted) noexcept {
    return wanted != 0 ? wanted : fitting_map_bytes(limits::map_bytes);
}

// Lets go of the pages of a file that this process has in shared maps; the system may keep them,
// and whoever reads them again gets them from it. Nothing happens where /proc cannot be read.
void release_map_pages(std::uint64_t inode) noexcept;

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
    // Of the newest meta page.
    [[nodiscard]] std::uint64_t last_txnid() const noexcept { return info().me_last_txnid; }
    // Whether a transaction that writes follows the commit of the newest meta page: else it would
    // overwrite pages of that commit. One beyond, which was refused, is taken back first. False: it
    // does not, and the environment must be opened anew.
    [[nodiscard]] result<bool> is_in_step(MDB_txn* writing);
    // What it is.
    [[nodiscard]] file_id file() const noexcept { return file_; }
    // Its files, where they were opened.
    [[nodiscard]] file_watch& files() noexcept { return files_; }
    [[nodiscard]] MDB_dbi table_handle(table which) const noexcept {
        return tables_[static_cast<std::size_t>(which)];
    }

    // Whether the file is as long as it was when it was last seen: it never shrinks by itself. To
    // be asked before LMDB touches the map.
    [[nodiscard]] bool covers_what_was_seen() noexcept;
    // Whether it is as long as the last commit needs. To be asked inside a transaction, before it
    // looks at a page.
    [[nodiscard]] result<void> check_size();
    // A disk may have a commit's meta page although it said that it has not; LMDB has written the
    // one before it again, without a sync. Until that is on disk nobody may use the pages of that
    // commit: the caller still has the turn to write. Where this fails too, the disk goes on
    // failing.
    void sync_what_was_taken_back() noexcept { static_cast<void>(::fdatasync(descriptor_)); }
    // After a commit of this process, which may have made the file longer.
    void note_commit() noexcept {
        if (bytes_of_last_commit() > seen_bytes_.load(std::memory_order_relaxed)) {
            (void)covers_what_was_seen();
        }
        // LMDB reads through a map, in which the system leaves all pages around those that a
        // commit looked at: of a long log all of it, in time.
        constexpr std::uint64_t commits_kept = 256;
        if (commits_.fetch_add(1, std::memory_order_relaxed) % commits_kept == commits_kept - 1)
            release_map_pages(file_.second);
    }
    [[nodiscard]] error cut_short() const {
        return fail(errc::corrupt, directory_ + "/data.mdb: was cut short while it was open");
    }

private:
    explicit lmdb_handle(std::string directory) : directory_(std::move(directory)) {}
    [[nodiscard]] result<void> open_environment(lmdb_settings const& how);
    struct opening {
        bool again = false;  // it failed by what passes
        result<void> done{};
    };
    [[nodiscard]] opening try_to_open(lmdb_settings const& how, unsigned flags);
    [[nodiscard]] int make_and_open(lmdb_settings const& how, unsigned flags);
    void close() noexcept {
        if (env_ != nullptr) ::mdb_env_close(std::exchange(env_, nullptr));
    }
    [[nodiscard]] result<bool> knows_last_commit();
    [[nodiscard]] result<void> note_files();
    // `lmdb_code`: if not null, takes the code of LMDB's last try.
    [[nodiscard]] result<MDB_txn*> begin_first(bool make, int* lmdb_code = nullptr);
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
    bool locked_ = false;  // it has a lock file
    file_claim claim_{};
    file_id file_{};
    file_watch files_{};

    std::atomic<std::uint64_t> seen_bytes_ = 0;  // the longest that the file was seen to be
    // The last commit whose pages were found to be there although the file is shorter than it says.
    std::atomic<std::uint64_t> whole_at_ = 0;
    std::atomic<std::uint64_t> commits_ = 0;
    std::array<std::atomic<MDB_txn*>, limits::storage_idle_readers> idle_{};
};

inline result<void> lmdb_handle::set_map_bytes(std::uint64_t bytes) {
    int const code = ::mdb_env_set_mapsize(env_, static_cast<std::size_t>(bytes));
    if (code != 0) return failure(code, "resize map");
    return {};
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

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/storage/lmdb_handle.ipp>
#endif

#endif  // AIAUDIT_STORAGE_LMDB_HANDLE_HPP

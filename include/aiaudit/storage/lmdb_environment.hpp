// SPDX-License-Identifier: MIT
//
// lmdb_environment.hpp: LMDB's handles with their rules kept for them.
//
// The rules (LMDB 0.9): an environment is opened once in a process, never used or closed in a
// forked child, and remapped only when none of its transactions is active; a dead process's
// readers are cleared by hand; and what the disk refuses comes back as one of several errors.
// MDB_NOTLS, and no flag that trades durability for speed.
// Threads: any, as its store allows.
// Floor 5.
#ifndef AIAUDIT_STORAGE_LMDB_ENVIRONMENT_HPP
#define AIAUDIT_STORAGE_LMDB_ENVIRONMENT_HPP

#include <aiaudit/error.hpp>                // result
#include <aiaudit/limits.hpp>               // storage maxima
#include <aiaudit/storage/lmdb_layout.hpp>  // the check before the file is mapped
#include <aiaudit/storage/posix_file.hpp>   // errors
#include <aiaudit/storage/store.hpp>        // table

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <utility>

#include <lmdb.h>
#include <pthread.h>

namespace aiaudit {
inline namespace v1 {
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
    case MDB_PANIC:
        return fail(errc::storage_failed, text + " (a commit failed half-way: close, open again)");
    default: return fail(errc::storage_failed, text);
    }
}

// Which files this process has open as environments, and how often it has forked from a parent.
// LMDB's locks belong to the process: a second environment on one file would drop the first's.
class lmdb_registry {
public:
    [[nodiscard]] static lmdb_registry& instance() {
        // Never destroyed: a store with static storage may be closed after it.
        static lmdb_registry& only = *new lmdb_registry;
        return only;
    }

    using file_id = std::pair<dev_t, ino_t>;
    [[nodiscard]] bool claim(file_id file) {
        std::scoped_lock const lock(mutex_);
        return open_.insert(file).second;
    }
    void release(file_id file) {
        std::scoped_lock const lock(mutex_);
        open_.erase(file);
    }
    // Differs from what it was at opening in every process that forked since.
    [[nodiscard]] std::uint64_t forks() const noexcept {
        return forks_.load(std::memory_order_relaxed);
    }

private:
    // The mutex is held over a fork, so that the child's copy of the set is whole. The child starts
    // with none open: what it inherited is dead.
    lmdb_registry() {
        ::pthread_atfork([] { instance().mutex_.lock(); }, [] { instance().mutex_.unlock(); },
                         [] {
                             instance().open_.clear();
                             instance().forks_.fetch_add(1, std::memory_order_relaxed);
                             instance().mutex_.unlock();
                         });
    }
    std::mutex mutex_{};
    std::set<file_id> open_{};  // protected by mutex_
    std::atomic<std::uint64_t> forks_ = 0;
};

class lmdb_transaction;

class lmdb_environment {
public:
    struct settings {
        std::uint64_t map_bytes = limits::map_bytes;
        bool read_only = false;
        bool make = false;  // with its tables, in an empty directory that is no one else's yet
    };
    [[nodiscard]] static result<std::unique_ptr<lmdb_environment>> open(std::string directory,
                                                                        settings const& how);
    lmdb_environment(lmdb_environment const&) = delete;
    lmdb_environment& operator=(lmdb_environment const&) = delete;
    ~lmdb_environment();

    [[nodiscard]] bool forked() const noexcept {
        return forks_ != lmdb_registry::instance().forks();
    }
    [[nodiscard]] result<lmdb_transaction> begin(bool writing);
    [[nodiscard]] std::uint64_t last_txnid() const noexcept;
    [[nodiscard]] std::uint64_t file_bytes() const noexcept;
    // Frees the slots of processes that died while they read.
    void clear_dead_readers() noexcept {
        int dead = 0;
        ::mdb_reader_check(env_, &dead);
    }
    [[nodiscard]] error failure(int code, char const* call) const {
        return lmdb_error(code, call, directory_);
    }
    [[nodiscard]] MDB_dbi table_handle(table which) const noexcept {
        return tables_[static_cast<std::size_t>(which)];
    }
    [[nodiscard]] bool read_only() const noexcept { return read_only_; }

private:
    friend class lmdb_transaction;
    explicit lmdb_environment(std::string directory) : directory_(std::move(directory)) {}
    [[nodiscard]] result<void> claim_file();
    [[nodiscard]] result<void> open_environment(settings const& how);
    [[nodiscard]] result<void> open_tables(bool make);
    [[nodiscard]] result<void> adopt_map_of_others();
    void clear_dead_readers_now_and_then() noexcept;

    // Constant once open.
    std::string directory_;
    MDB_env* env_ = nullptr;
    std::array<MDB_dbi, table_count> tables_{};
    std::uint64_t forks_ = lmdb_registry::instance().forks();
    bool read_only_ = false;
    bool claimed_ = false;
    lmdb_registry::file_id file_{};

    // Shared by every transaction for as long as it is active, exclusive while the map is changed.
    mutable std::shared_mutex map_gate_{};
    std::atomic<std::int64_t> next_reader_check_ = 0;  // steady seconds
};

// One transaction; aborted unless it was committed.
class lmdb_transaction {
public:
    lmdb_transaction(lmdb_transaction&& other) noexcept
        : env_(other.env_),
          txn_(std::exchange(other.txn_, nullptr)),
          map_lock_(std::move(other.map_lock_)) {}
    lmdb_transaction& operator=(lmdb_transaction&&) = delete;
    // In a forked child it is left alone: to abort it would unlock the parent's write lock.
    ~lmdb_transaction() {
        if (txn_ != nullptr && !env_->forked()) ::mdb_txn_abort(txn_);
    }
    [[nodiscard]] MDB_txn* get() const noexcept { return txn_; }
    [[nodiscard]] lmdb_environment& environment() const noexcept { return *env_; }

    // LMDB writes the pages, waits for the disk, then writes the meta page through a descriptor
    // opened with O_DSYNC.
    [[nodiscard]] result<void> commit() {
        if (env_->forked()) return fail(errc::closed, "this process was forked inside a body");
        int const code = ::mdb_txn_commit(std::exchange(txn_, nullptr));
        if (code != 0) return env_->failure(code, "commit");
        return {};
    }

private:
    friend class lmdb_environment;
    lmdb_transaction(lmdb_environment& env, MDB_txn* txn,
                     std::shared_lock<std::shared_mutex> map_lock) noexcept
        : env_(&env), txn_(txn), map_lock_(std::move(map_lock)) {}

    lmdb_environment* env_;
    MDB_txn* txn_;
    std::shared_lock<std::shared_mutex> map_lock_;
};

struct close_lmdb_cursor {
    void operator()(MDB_cursor* cursor) const noexcept { ::mdb_cursor_close(cursor); }
};
using lmdb_cursor = std::unique_ptr<MDB_cursor, close_lmdb_cursor>;

[[nodiscard]] inline MDB_val to_lmdb(std::string_view bytes) noexcept {
    // LMDB only reads what it is given here; its one struct serves both directions.
    return MDB_val{bytes.size(), const_cast<char*>(bytes.data())};
}
[[nodiscard]] inline std::string_view from_lmdb(MDB_val const& bytes) noexcept {
    return {static_cast<char const*>(bytes.mv_data), bytes.mv_size};
}

inline result<std::unique_ptr<lmdb_environment>> lmdb_environment::open(std::string directory,
                                                                        settings const& how) {
    if (how.map_bytes < limits::map_bytes_least || how.map_bytes > SIZE_MAX / 2) {
        return fail(errc::bad_argument,
                    "a map of " + std::to_string(how.map_bytes) + " bytes cannot be");
    }
    std::unique_ptr<lmdb_environment> env(new lmdb_environment(std::move(directory)));
    env->read_only_ = how.read_only;
    if (!how.make) {
        if (auto ok = env->claim_file(); !ok) return ok.error();
        if (auto ok = check_lmdb_file(env->directory_ + "/data.mdb"); !ok) return ok.error();
    }
    if (auto ok = env->open_environment(how); !ok) return ok.error();
    if (auto ok = env->open_tables(how.make); !ok) return ok.error();
    return env;
}

inline lmdb_environment::~lmdb_environment() {
    // A forked child must not close it: closing clears the parent's readers and locks.
    if (forked()) return;
    if (env_ != nullptr) ::mdb_env_close(env_);
    if (claimed_) lmdb_registry::instance().release(file_);
}

inline result<void> lmdb_environment::claim_file() {
    auto const path = directory_ + "/data.mdb";
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return posix_error(errno, "stat", path);
    file_ = {status.st_dev, status.st_ino};
    claimed_ = lmdb_registry::instance().claim(file_);
    if (!claimed_) return fail(errc::already_open, directory_ + ": is open in this process");
    return {};
}

inline result<void> lmdb_environment::open_environment(settings const& how) {
    if (int const code = ::mdb_env_create(&env_); code != 0) return failure(code, "create");
    constexpr std::uint64_t page = 4096;
    auto const map_bytes = (how.map_bytes + page - 1) / page * page;
    ::mdb_env_set_mapsize(env_, static_cast<std::size_t>(map_bytes));
    ::mdb_env_set_maxdbs(env_, limits::storage_tables);
    ::mdb_env_set_maxreaders(env_, limits::storage_readers);
    unsigned flags = MDB_NOTLS;
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
    int const code = ::mdb_env_open(env_, directory_.c_str(), flags, 0600);
    if (code == ENOMEM) {
        return fail(errc::storage_failed, directory_ + ": no address space for a map of " +
                                              std::to_string(map_bytes) +
                                              " bytes (choose a smaller map_bytes)");
    }
    if (code != 0) return failure(code, "open");
    if (!how.read_only) clear_dead_readers();
    return {};
}

inline result<void> lmdb_environment::open_tables(bool make) {
    auto transaction = begin(make);
    if (!transaction) return transaction.error();
    for (std::size_t i = 0; i < table_count; ++i) {
        auto const* const name = name_of(static_cast<table>(i));
        unsigned const flags = make ? MDB_CREATE : 0;
        int const code = ::mdb_dbi_open(transaction->get(), name, flags, &tables_[i]);
        if (code == MDB_NOTFOUND) {
            return fail(errc::corrupt, directory_ + ": has no table '" + name + "'");
        }
        if (code != 0) return failure(code, "open table");
    }
    return transaction->commit();  // keeps the handles, also that of a reader
}

inline result<lmdb_transaction> lmdb_environment::begin(bool writing) {
    if (forked()) return fail(errc::closed, directory_ + ": was opened before this process forked");
    if (writing) clear_dead_readers_now_and_then();
    int code = 0;
    for (int tries = 0; tries < 8; ++tries) {
        std::shared_lock map_lock(map_gate_);
        MDB_txn* txn = nullptr;
        code = ::mdb_txn_begin(env_, nullptr, writing ? 0 : MDB_RDONLY, &txn);
        if (code == 0) return lmdb_transaction(*this, txn, std::move(map_lock));
        map_lock.unlock();
        if (code == MDB_MAP_RESIZED) {
            if (auto ok = adopt_map_of_others(); !ok) return ok.error();
        } else if (code == MDB_READERS_FULL && tries == 0) {
            clear_dead_readers();
        } else {
            break;
        }
    }
    return failure(code, "begin");
}

// Another process, with a larger map, wrote past the end of ours.
inline result<void> lmdb_environment::adopt_map_of_others() {
    std::unique_lock const nobody_in_a_transaction(map_gate_);
    int const code = ::mdb_env_set_mapsize(env_, 0);
    if (code != 0) return failure(code, "resize map");
    return {};
}

inline void lmdb_environment::clear_dead_readers_now_and_then() noexcept {
    auto const now = std::chrono::duration_cast<std::chrono::seconds>(
                         std::chrono::steady_clock::now().time_since_epoch())
                         .count();
    auto due = next_reader_check_.load(std::memory_order_relaxed);
    if (now < due) return;
    auto const next = now + limits::storage_reader_check_seconds;
    if (!next_reader_check_.compare_exchange_strong(due, next)) return;  // another thread does it
    std::shared_lock const lock(map_gate_);
    clear_dead_readers();
}

inline std::uint64_t lmdb_environment::last_txnid() const noexcept {
    if (forked()) return 0;
    std::shared_lock const lock(map_gate_);
    MDB_envinfo info{};
    return ::mdb_env_info(env_, &info) == 0 ? info.me_last_txnid : 0;
}

inline std::uint64_t lmdb_environment::file_bytes() const noexcept {
    struct stat status {};
    int descriptor = -1;
    if (forked() || ::mdb_env_get_fd(env_, &descriptor) != 0) return 0;
    if (::fstat(descriptor, &status) != 0) return 0;
    return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace detail
}  // namespace v1
}  // namespace aiaudit

#endif  // AIAUDIT_STORAGE_LMDB_ENVIRONMENT_HPP

// SPDX-License-Identifier: MIT
//
// lmdb_handle.ipp: the definitions of lmdb_handle.hpp.
#ifndef AIAUDIT_IMPL_STORAGE_LMDB_HANDLE_IPP
#define AIAUDIT_IMPL_STORAGE_LMDB_HANDLE_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/storage/lmdb_handle.hpp>
#include <aiaudit/storage/lmdb_layout.hpp>  // the check before the file is mapped
#include <aiaudit/storage/posix_file.hpp>   // errors

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <optional>
#include <thread>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE error lmdb_error(int code, char const* call, std::string const& path) {
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

// Whether the process could map so much more now.
AIAUDIT_INLINE bool has_address_space(std::uint64_t bytes) noexcept {
    constexpr int kind = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    auto const size = static_cast<std::size_t>(bytes);
    void* const room = ::mmap(nullptr, size, PROT_NONE, kind, -1, 0);
    if (room == MAP_FAILED) return false;
    ::munmap(room, size);
    return true;
}

AIAUDIT_INLINE error no_address_space(std::string const& directory, std::uint64_t bytes) {
    return fail(errc::storage_failed,
                directory + ": no address space for a map of " + std::to_string(bytes) +
                    " bytes (raise RLIMIT_AS, or set map_bytes of "
                    "ledger_options, store_options or cache_options to less)");
}

AIAUDIT_INLINE std::uint64_t fitting_map_bytes(std::uint64_t wanted) noexcept {
    constexpr std::uint64_t maps = limits::storage_old_segments_open + 3;
    std::uint64_t bytes = wanted;
    while (bytes / 2 >= limits::map_bytes_chosen_least && !has_address_space(maps * bytes))
        bytes /= 2;
    return bytes;
}

// A line of /proc/self/maps: begin-end permissions offset device inode path. The device is not that
// of fstat on every file system; to let go of too much of a shared map does no harm.
AIAUDIT_INLINE void release_map_pages(std::uint64_t inode) noexcept {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> const maps(std::fopen("/proc/self/maps", "re"),
                                                               &std::fclose);
    if (!maps) return;
    std::array<char, 512> line;
    while (std::fgets(line.data(), static_cast<int>(line.size()), maps.get()) != nullptr) {
        void* begin = nullptr;
        void* end = nullptr;
        std::array<char, 5> permissions{};
        std::uint64_t found = 0;
        int const read = std::sscanf(line.data(), "%p-%p %4s %*s %*s %" SCNu64, &begin, &end,
                                     permissions.data(), &found);
        if (read != 4 || found != inode || permissions[3] != 's') continue;
        auto const size = static_cast<char*>(end) - static_cast<char*>(begin);
        static_cast<void>(::madvise(begin, static_cast<std::size_t>(size), MADV_DONTNEED));
    }
}

AIAUDIT_INLINE result<std::unique_ptr<lmdb_handle>> lmdb_handle::open(std::string const& directory,
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
    if (auto ok = opened->note_files(); !ok) return ok.error();
    if (how.walk && !how.make) {
        if (auto ok = opened->walk_trees(); !ok) return ok.error();
    }
    if (auto ok = opened->open_tables(how.make); !ok) return ok.error();
    (void)opened->covers_what_was_seen();
    return opened;
}

// Under the lock of openers: some releases of LMDB destroy its mutexes when they close last.
AIAUDIT_INLINE lmdb_handle::~lmdb_handle() {
    for (auto& idle : idle_) {
        if (auto* const txn = idle.load(std::memory_order_acquire); txn != nullptr) {
            ::mdb_txn_abort(txn);
        }
    }
    if (env_ == nullptr) return;
    std::optional<directory_lock> alone;
    if (locked_) alone.emplace(directory_);
    close();
}

// LMDB's code. env_ is null.
AIAUDIT_INLINE int lmdb_handle::make_and_open(lmdb_settings const& how, unsigned flags) {
    if (int const code = ::mdb_env_create(&env_); code != 0) return code;
    constexpr std::uint64_t page = 4096;
    auto const map_bytes = (how.map_bytes + page - 1) / page * page;
    ::mdb_env_set_mapsize(env_, static_cast<std::size_t>(map_bytes));
    ::mdb_env_set_maxdbs(env_, limits::storage_tables);
    ::mdb_env_set_maxreaders(env_, limits::storage_readers);
    return ::mdb_env_open(env_, directory_.c_str(), flags, 0600);
}

// One opener at a time, over all threads and processes. The first makes LMDB's lock file anew;
// should it be killed over that, who waits inside mdb_env_open takes what it left for a lock file
// in use, which knows another last commit than the data file. Outside, the next is the first again.
// Where other programs open the environment too, that state is seen, and everybody here goes
// out: whoever comes back when all are out mends it.
AIAUDIT_INLINE result<void> lmdb_handle::open_environment(lmdb_settings const& how) {
    // What is being made is synced as a whole, before it gets its name.
    unsigned flags = how.make ? MDB_NOTLS | MDB_NOSYNC : MDB_NOTLS;
    locked_ = true;
    if (how.read_only) {
        flags |= MDB_RDONLY;
        // A reader registers in the lock file. Where it cannot (read-only media, another's
        // directory, a bare copy of data.mdb) it reads unregistered, which is sound only while
        // nobody writes: a writer may use pages again that it still reads.
        locked_ = ::access((directory_ + "/lock.mdb").c_str(), W_OK) == 0;
        if (!locked_) flags |= MDB_NOLOCK;
    }
    using clock = std::chrono::steady_clock;
    auto const end = clock::now() + std::chrono::seconds(limits::storage_wait_seconds);
    for (auto pause = std::chrono::milliseconds(1);;
         pause = (std::min)(2 * pause, std::chrono::milliseconds(50))) {
        auto const opened = try_to_open(how, flags);
        if (opened.done || !opened.again) return opened.done;
        if (clock::now() + pause > end) return opened.done;
        std::this_thread::sleep_for(pause);
    }
}

AIAUDIT_INLINE lmdb_handle::opening lmdb_handle::try_to_open(lmdb_settings const& how,
                                                             unsigned flags) {
    close();
    std::optional<directory_lock> alone;
    if (locked_) {
        alone.emplace(directory_);
        if (!alone->held()) return {false, posix_error(errno, "lock", directory_)};
        // Here no lock of this process is on the file yet, so that closing it again drops none.
        constexpr std::uint64_t head = 4096;
        auto const bytes = head + std::uint64_t{limits::storage_readers} * 64;
        if (auto ok = reserve_blocks(directory_ + "/lock.mdb", bytes); !ok) return {false, ok};
    }
    int const code = make_and_open(how, flags);
    if (code == ENOMEM) return {false, no_address_space(directory_, how.map_bytes)};
    if (code != 0) {
        close();
        // LMDB waits for other programs that open the file just now. The kernel sees processes, not
        // threads: where another thread of that process waits for this one's turn to write, it sees
        // a circle that is none (as in write_lock.hpp). The other is through in a moment.
        bool const passes = code == EDEADLK;
        // The lock file has no head yet: the data file was looked at before.
        bool const has_no_head = locked_ && (code == MDB_INVALID || code == MDB_VERSION_MISMATCH);
        return {passes || has_no_head, failure(code, "open")};
    }
    ::mdb_env_get_fd(env_, &descriptor_);
    MDB_stat layout{};
    if (int const failed = ::mdb_env_stat(env_, &layout); failed != 0) {
        return {false, failure(failed, "stat")};
    }
    page_bytes_ = layout.ms_psize;
    if (locked_ && !how.make) {
        auto const known = knows_last_commit();
        if (!known) return {false, known.error()};
        if (!*known) {
            close();
            return {true, fail(errc::storage_failed,
                               directory_ +
                                   "/lock.mdb: knows another last commit than data.mdb, for a "
                                   "program died while it opened them and others have them open; "
                                   "end all that use this ledger, then open it again")};
        }
    }
    if (!how.read_only) clear_dead_readers();
    return {};
}

// Whether LMDB's lock file has the number of a commit that a meta page has too.
AIAUDIT_INLINE result<bool> lmdb_handle::knows_last_commit() {
    std::optional<std::uint64_t> seen;
    for (;;) {
        int code = 0;
        auto const txn = begin_first(false, &code);
        // LMDB 0.9.26 to 0.9.31 destroys its mutexes when the last one closes, and who opens first
        // makes them again. The C library refuses a destroyed one.
        if (code == EINVAL) return false;
        if (!txn) return txn.error();
        auto const number = ::mdb_txn_id(*txn);
        auto const has = has_lmdb_commit(descriptor_, directory_ + "/data.mdb", number);
        ::mdb_txn_abort(*txn);
        if (!has || *has) return has;
        // A writer that is beyond it has put a greater number there.
        if (seen == number) return false;
        seen = number;
    }
}

AIAUDIT_INLINE result<bool> lmdb_handle::is_in_step(MDB_txn* writing) {
    auto const number = ::mdb_txn_id(writing);
    auto const last = info().me_last_txnid;
    if (number == last + 1) return true;
    // Another lock file stands there now: its users have the last word.
    if (auto ok = files_.probe(); !ok) return ok.error();
    // LMDB mends what the death of a writer leaves. This is a commit that failed when its meta page
    // was written, and again when it was to be taken back.
    if (number != last) return false;
    auto const taken = take_back_lmdb_commit(descriptor_, directory_ + "/data.mdb", number);
    if (!taken) return taken.error();
    return true;
}

AIAUDIT_INLINE result<void> lmdb_handle::note_files() {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) return posix_error(errno, "fstat", directory_);
    file_ = {status.st_dev, status.st_ino};
    files_.add(directory_ + "/data.mdb", file_);
    return locked_ ? files_.add(directory_ + "/lock.mdb") : result<void>{};
}

// The environment is new to this process, and may be in use by others.
AIAUDIT_INLINE result<MDB_txn*> lmdb_handle::begin_first(bool make, int* lmdb_code) {
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
    if (lmdb_code != nullptr) *lmdb_code = code;
    if (code != 0) return failure(code, "begin");
    return txn;
}

// Before LMDB looks at any page but the meta pages: it would die of much that is wrong in them. A
// reader without a lock file keeps no page from being used again, so what it finds is looked for
// once more; as is what two commits of others have overtaken.
AIAUDIT_INLINE result<void> lmdb_handle::walk_trees() {
    constexpr int looks = 3;
    constexpr int overtaken_most = 100;
    result<void> walked;
    for (int overtaken = 0, found = 0; overtaken < overtaken_most && found < looks;) {
        auto const txn = begin_first(false);
        if (!txn) return txn.error();
        auto const whole =
            check_lmdb_snapshot(descriptor_, directory_ + "/data.mdb", ::mdb_txn_id(*txn));
        ::mdb_txn_abort(*txn);
        if (whole && *whole) return {};
        if (!whole && whole.error().code != errc::corrupt) return whole.error();
        ++(whole ? overtaken : found);
        walked = whole ? fail(errc::storage_failed,
                              directory_ +
                                  "/data.mdb: others commit quicker than it can be looked "
                                  "at; open it again")
                       : whole.error();
    }
    return walked;
}

AIAUDIT_INLINE result<void> lmdb_handle::open_tables(bool make) {
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
AIAUDIT_INLINE int lmdb_handle::begin_read(MDB_txn** txn) noexcept {
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

AIAUDIT_INLINE void lmdb_handle::end_read(MDB_txn* txn) noexcept {
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
AIAUDIT_INLINE result<void> lmdb_handle::adopt_map_of_others() {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) return posix_error(errno, "fstat", directory_);
    auto const used =
        std::max<std::uint64_t>(info().me_mapsize, static_cast<std::uint64_t>(status.st_size));
    if (!has_address_space(2 * used)) return no_address_space(directory_, 2 * used);
    return set_map_bytes(2 * used);
}

AIAUDIT_INLINE bool lmdb_handle::covers_what_was_seen() noexcept {
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
AIAUDIT_INLINE result<void> lmdb_handle::check_size() {
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

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_STORAGE_LMDB_HANDLE_IPP

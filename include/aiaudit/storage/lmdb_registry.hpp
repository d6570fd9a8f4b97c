// SPDX-License-Identifier: MIT
//
// lmdb_registry.hpp: which files this process has open as LMDB environments.
//
// LMDB's locks belong to the process: a second environment on one file would drop the first's. And
// none may be used, or closed, in a forked child.
// Threads: any.
// Floor 5.
#ifndef AIAUDIT_STORAGE_LMDB_REGISTRY_HPP
#define AIAUDIT_STORAGE_LMDB_REGISTRY_HPP

#include <aiaudit/error.hpp>                 // result
#include <aiaudit/storage/posix_file.hpp>    // file_id
#include <aiaudit/storage/process_mark.hpp>  // process_mark

#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

class lmdb_registry {
public:
    [[nodiscard]] static lmdb_registry& instance() {
        // Never destroyed: a store with static storage may be closed after it.
        static lmdb_registry& only = *new lmdb_registry;
        return only;
    }

    // By what the file is, not by its name: a ledger has many.
    [[nodiscard]] bool claim(file_id file) {
        std::scoped_lock const lock(mutex_);
        return open_.insert(file).second;
    }
    void release(file_id file) {
        std::scoped_lock const lock(mutex_);
        open_.erase(file);
    }

private:
    // The mutex is held over a fork, so that the child's copy of the set is whole. The child starts
    // with none open: what it inherited is dead.
    lmdb_registry();
    std::mutex mutex_{};
    std::set<file_id> open_{};  // protected by mutex_
};

// One file of this process's own, until it is destroyed.
class file_claim {
public:
    file_claim() noexcept = default;
    file_claim(file_claim&& other) noexcept
        : file_(std::move(other.file_)),
          mark_(other.mark_),
          held_(std::exchange(other.held_, false)) {}
    file_claim& operator=(file_claim&& other) noexcept;
    // A forked child's copy claims nothing: the child may have claimed it anew.
    ~file_claim() {
        if (held_ && !forked()) lmdb_registry::instance().release(file_);
    }
    [[nodiscard]] bool forked() const noexcept { return mark_.forked(); }
    [[nodiscard]] static result<file_claim> of(std::string const& path);

private:
    file_id file_{};
    process_mark mark_{};
    bool held_ = false;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/storage/lmdb_registry.ipp>
#endif

#endif  // AIAUDIT_STORAGE_LMDB_REGISTRY_HPP

// SPDX-License-Identifier: MIT
//
// audit_directory.hpp: the directory in which an auditor or a witness keeps what it has accepted.
//
// No file is believed that is not whole: each is written beside its place, made durable and
// renamed.
// Threads: any; one process has a directory at a time.
// Floor 8.
#ifndef AIAUDIT_AUDIT_AUDIT_DIRECTORY_HPP
#define AIAUDIT_AUDIT_AUDIT_DIRECTORY_HPP

#include <aiaudit/error.hpp>               // result
#include <aiaudit/storage/posix_file.hpp>  // unshared_file

#include <memory>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// What names a log in paths: SHA-256 of its origin in hexadecimal, as c2sp.org/tlog-mirror and
// tlog-witness have it.
[[nodiscard]] std::string origin_hash(std::string_view origin);

// A directory, and those above it, of this user alone. Errors: those of mkdir().
[[nodiscard]] result<void> make_directories(std::string const& path);

// The bytes of a file; not_found where there is none. Errors: too_large, those of reading.
[[nodiscard]] result<std::string> read_whole_file(std::string const& path, std::size_t bytes_max);

// As replace_file(), but what it writes is durable only after a sync of its file system.
[[nodiscard]] result<void> place_file(std::string const& path, std::string_view bytes);

// All that was written to the file system of a path is durable. Errors: those of syncfs().
[[nodiscard]] result<void> sync_file_system(std::string const& path);

}  // namespace detail

// Held until it goes.
class audit_directory {
public:
    // Makes it where there is none. Errors: already_open, where another process has it;
    // not_a_ledger for a directory with something else in it; those of the file system.
    [[nodiscard]] static result<audit_directory> open(std::string path);

    [[nodiscard]] std::string const& path() const noexcept { return path_; }
    [[nodiscard]] std::string mirror_of(std::string_view origin) const;
    [[nodiscard]] std::string witness_of(std::string_view origin) const;

private:
    audit_directory(std::string path, std::shared_ptr<detail::unshared_file> lock)
        : path_(std::move(path)), lock_(std::move(lock)) {}

    std::string path_;
    std::shared_ptr<detail::unshared_file> lock_;
};

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/audit/audit_directory.ipp>
#endif

#endif  // AIAUDIT_AUDIT_AUDIT_DIRECTORY_HPP

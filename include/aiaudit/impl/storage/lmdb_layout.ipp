// SPDX-License-Identifier: MIT
//
// lmdb_layout.ipp: the definitions of lmdb_layout.hpp.
#ifndef AIAUDIT_IMPL_STORAGE_LMDB_LAYOUT_IPP
#define AIAUDIT_IMPL_STORAGE_LMDB_LAYOUT_IPP

#include <aiaudit/config.hpp>        // AIAUDIT_INLINE
#include <aiaudit/detail/bytes.hpp>  // little-endian integers
#include <aiaudit/storage/lmdb_layout.hpp>
#include <aiaudit/storage/posix_file.hpp>  // pread

#include <algorithm>
#include <cstring>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::optional<lmdb_meta> lmdb_meta::parse(char const* page) noexcept {
    lmdb_meta meta;
    if ((load_little_endian<std::uint16_t>(page + 10) & meta_page_flag) == 0) return {};
    if (load_little_endian<std::uint32_t>(page + 16) != magic) return {};
    meta.version = load_little_endian<std::uint32_t>(page + 20);
    meta.page_bytes = load_little_endian<std::uint32_t>(page + 40);
    meta.last_page = load_little_endian<std::uint64_t>(page + 136);
    meta.txnid = load_little_endian<std::uint64_t>(page + 144);
    std::memcpy(meta.databases.data(), page + 40, meta.databases.size());
    bool const power_of_two = (meta.page_bytes & (meta.page_bytes - 1)) == 0;
    if (!power_of_two || meta.page_bytes < 512 || meta.page_bytes > 32768) return {};
    if (meta.last_page < 1 || meta.last_page > (std::uint64_t{1} << 47)) return {};
    return meta;
}

AIAUDIT_INLINE result<lmdb_metas> read_lmdb_metas(int descriptor, std::string const& path) {
    lmdb_metas metas{};
    std::uint64_t offset = 0;
    for (auto& meta : metas) {
        char page[lmdb_meta::bytes];
        auto const got = read_at(descriptor, page, sizeof page, offset);
        if (got < 0) return posix_error(errno, "read", path);
        if (got < static_cast<std::int64_t>(sizeof page)) {
            return fail(errc::corrupt, path + ": is cut short inside its head");
        }
        auto const parsed = lmdb_meta::parse(page);
        if (!parsed || (offset != 0 && parsed->page_bytes != offset)) {
            return fail(errc::corrupt, path + ": the page at byte " + std::to_string(offset) +
                                           " is not the head of an LMDB file");
        }
        meta = *parsed;
        offset = meta.page_bytes;
    }
    for (auto const& meta : metas) {
        if (meta.version == lmdb_meta::version_known) continue;
        return fail(metas[0].version == metas[1].version ? errc::newer_format : errc::corrupt,
                    path + ": has LMDB's data version " + std::to_string(meta.version) +
                        ", this program knows 1");
    }
    return metas;
}

// Whether all that the meta page's commit speaks of is in the file. Where the file has the length
// that it had then, that is taken as said. A shorter one is still whole when every page that is
// missing is free: LMDB does not write pages that a transaction both took and gave back. Then the
// trees are walked, and must account for every page.
AIAUDIT_INLINE result<void> check_lmdb_commit(int descriptor, std::string const& path,
                                              lmdb_meta const& meta, bool always_walk) {
    // After the meta page: pages are written before the meta page that speaks of them.
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) return posix_error(errno, "fstat", path);
    auto const present = static_cast<std::uint64_t>(status.st_size);
    auto const pages_needed = meta.last_page + 1;
    auto const needed = pages_needed * meta.page_bytes;
    if (present >= needed && !always_walk) return {};
    auto const pages = (std::min)(present / meta.page_bytes, pages_needed);
    lmdb_tree_check walk(descriptor, path, meta.page_bytes, pages, pages_needed);
    auto const walked = walk.check_all(meta.databases.data());
    bool const complete = walked && walk.pages_accounted_for() + 2 == pages_needed;
    if (complete || (!walked && walked.error().code != errc::corrupt)) return walked;
    if (present >= needed && !walked) return walked;
    if (present >= needed) return fail(errc::corrupt, path + ": loses count of its pages");
    return fail(errc::corrupt, path + ": has " + std::to_string(present) +
                                   " bytes, its last commit needs " + std::to_string(needed));
}

AIAUDIT_INLINE result<void> check_lmdb_size(int descriptor, std::string const& path,
                                            bool always_walk) {
    auto const metas = read_lmdb_metas(descriptor, path);
    if (!metas) return metas.error();
    auto const& last = (*metas)[0].txnid > (*metas)[1].txnid ? (*metas)[0] : (*metas)[1];
    return check_lmdb_commit(descriptor, path, last, always_walk);
}

AIAUDIT_INLINE result<bool> check_lmdb_snapshot(int descriptor, std::string const& path,
                                                std::uint64_t txnid) {
    auto const metas = read_lmdb_metas(descriptor, path);
    if (!metas) return metas.error();
    // Where LMDB looks for it.
    auto const& its = (*metas)[txnid % 2];
    if (its.txnid != txnid) return false;
    auto const checked = check_lmdb_commit(descriptor, path, its, true);
    if (!checked) return checked.error();
    return true;
}

AIAUDIT_INLINE result<bool> has_lmdb_commit(int descriptor, std::string const& path,
                                            std::uint64_t txnid) {
    auto const metas = read_lmdb_metas(descriptor, path);
    if (!metas) return metas.error();
    return (*metas)[txnid % 2].txnid == txnid;
}

AIAUDIT_INLINE result<void> take_back_lmdb_commit(int descriptor, std::string const& path,
                                                  std::uint64_t txnid) {
    auto const metas = read_lmdb_metas(descriptor, path);
    if (!metas) return metas.error();
    auto const page_bytes = std::uint64_t{(*metas)[0].page_bytes};
    // From the size of the map on: what LMDB writes at a commit.
    constexpr std::uint64_t begin = 32;
    char page[lmdb_meta::bytes];
    auto const before = (txnid - 1) % 2 * page_bytes;
    if (read_at(descriptor, page, sizeof page, before) != static_cast<std::int64_t>(sizeof page))
        return posix_error(errno, "read", path);
    store_little_endian(page + 144, txnid < 2 ? std::uint64_t{0} : txnid - 2);
    auto const at = static_cast<off_t>(txnid % 2 * page_bytes + begin);
    constexpr auto size = static_cast<std::size_t>(lmdb_meta::bytes - begin);
    ssize_t written = 0;
    do {
        written = ::pwrite(descriptor, page + begin, size, at);
    } while (written < 0 && errno == EINTR);
    if (written != static_cast<ssize_t>(size)) {
        return posix_error(written < 0 ? errno : EIO, "write", path);
    }
    if (::fdatasync(descriptor) != 0) return posix_error(errno, "fdatasync", path);
    return {};
}

AIAUDIT_INLINE result<void> check_lmdb_file(std::string const& path, bool always_walk) {
    auto const file = file_handle::open(path, O_RDONLY);
    if (!file) return posix_error(errno, "open", path);
    result<void> checked;
    for (int tries = 0; tries < 3; ++tries) {
        checked = check_lmdb_size(file.get(), path, always_walk);
        if (checked) break;
    }
    return checked;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_STORAGE_LMDB_LAYOUT_IPP

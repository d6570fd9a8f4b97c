// SPDX-License-Identifier: MIT
//
// ledger_directory.hpp: what a ledger looks like on disk, and how it is made so that a crash at
// any point leaves either no ledger or a whole one.
//
//     PATH/aiaudit-ledger                      text; first line "aiaudit ledger format 1"
//     PATH/segments/00000001/data.mdb          one LMDB environment a segment
//     PATH/segments/00000001/lock.mdb
//     PATH/segments/00000002/...
//     PATH/segments/history/...                the history, once it was written
//     PATH/segments/write.lock                 empty; locked by whoever writes (write_lock.hpp)
//
// Making one: PATH/aiaudit-ledger.new says that the rest is ours; the first segment is built under
// 00000001.new, synced and renamed; the marker is renamed last. So a marker means a whole ledger,
// and aiaudit-ledger.new without a marker a making that is to be taken up again.
// The last segment is the newest only when the one before it is sealed, or dropped: before that it
// is what a rotation left that was cut off. NNNNNNNN.dropped is on its way out.
// Threads: functions without state. Processes: making a ledger is guarded by flock on PATH, making
// the history and dropping by flock on PATH/segments, a rotation by the write lock.
// Floor 5.
#ifndef AIAUDIT_STORAGE_LEDGER_DIRECTORY_HPP
#define AIAUDIT_STORAGE_LEDGER_DIRECTORY_HPP

#include <aiaudit/error.hpp>               // result
#include <aiaudit/storage/posix_file.hpp>  // sync, rename, errors
#include <aiaudit/storage/store.hpp>       // store_options

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <dirent.h>
#include <sys/vfs.h>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr std::uint32_t ledger_format = 1;
inline constexpr std::string_view marker_prefix = "aiaudit ledger format ";
inline constexpr char const* marker_name = "aiaudit-ledger";
inline constexpr char const* new_marker_name = "aiaudit-ledger.new";
inline constexpr char const* history_name = "history";
inline constexpr std::string_view dropped_suffix = ".dropped";

[[nodiscard]] std::string segment_name(segment_number number);

// The number in a segment's name, or nothing where the name is another thing's.
[[nodiscard]] std::optional<segment_number> parse_segment_name(std::string_view name) noexcept;

// The name of a file system on which LMDB's locks or its shared map do not hold, else null.
// By magic number, as statfs(2) lists them: not every system's headers have them all.
[[nodiscard]] constexpr char const* unsafe_file_system_name(std::uint32_t magic) noexcept {
    switch (magic) {
    case 0x6969: return "NFS";
    case 0x517B: return "SMB";
    case 0xFF534D42: return "CIFS";
    case 0xFE534D42: return "SMB2";
    case 0x01021997: return "9p";
    case 0x65735546: return "FUSE";
    case 0x5346414F:
    case 0x6B414653: return "AFS";
    case 0x73757245: return "Coda";
    case 0x564C: return "NCP";
    case 0x00C36400: return "Ceph";
    case 0x47504653: return "GPFS";
    case 0x0BD00BD0: return "Lustre";
    case 0x01161970: return "GFS2";
    case 0x7461636F: return "OCFS2";
    case 0x19830326: return "BeeGFS";
    default: return nullptr;
    }
}

[[nodiscard]] result<void> check_file_system(std::string const& path);

// The text of a file that marks a directory, as far as a marker is long; nothing where there is
// none. Empty for a directory of that name.
[[nodiscard]] result<std::optional<std::string>> read_marker_file(std::string const& name);

// Whether `path` is marked as a ledger. An error where it is one that we must not touch.
[[nodiscard]] result<bool> read_marker(std::string const& path);

// The names in a directory, but for those that every file system puts there.
[[nodiscard]] result<std::vector<std::string>> list_directory(std::string const& path);

// Whether a `what` may be made in the directory: it is empty, or one whose making was cut off, and
// so holds nothing but `new_marker` and `inside`. Otherwise not_a_ledger, naming what is there.
[[nodiscard]] result<void> check_free_for(std::string_view what, std::string const& path,
                                          std::string_view new_marker, std::string_view inside);

[[nodiscard]] result<void> make_directory(std::string const& path);

[[nodiscard]] inline result<void> rename_path(std::string const& from, std::string const& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) return posix_error(errno, "rename", from);
    return {};
}

// A segment's directory and its two files, as far as they are there.
[[nodiscard]] result<void> remove_segment(std::string const& directory);

// Makes a segment under its temporary name, whole and synced, then gives it its own; what an
// earlier try left under either goes first. fill(directory): result<void> fills an empty one.
// The caller holds what keeps others from making the same one.
template <class Fill>
result<void> make_segment(std::string const& segments, segment_number number, Fill&& fill) {
    auto const segment = segments + "/" + segment_name(number);
    auto const temporary = segment + ".new";
    if (auto ok = remove_segment(temporary); !ok) return ok;
    if (number > 1 && number != history && ::access(segment.c_str(), F_OK) == 0) {
        // It was made for the one before it to be sealed. That this is not sealed must be on disk
        // before this one goes: the commit may have failed after it was there, and been taken back.
        auto const before = segments + "/" + segment_name(number - 1) + "/data.mdb";
        if (auto ok = sync_path(before); !ok) return ok;
    }
    if (::rename(segment.c_str(), temporary.c_str()) == 0) {
        if (auto ok = remove_segment(temporary); !ok) return ok;
    } else if (errno != ENOENT) {
        return posix_error(errno, "rename", segment);
    }
    if (auto ok = make_directory(temporary); !ok) return ok;
    if (result<void> ok = fill(temporary); !ok) return ok;
    if (auto ok = sync_path(temporary + "/data.mdb"); !ok) return ok;
    if (auto ok = sync_path(temporary); !ok) return ok;
    if (auto ok = rename_path(temporary, segment); !ok) return ok;
    return sync_path(segments);
}

[[nodiscard]] inline bool is_there(std::string const& path) noexcept {
    return ::access(path.c_str(), F_OK) == 0;
}

// The history's directory, unless it is there: then it is whole.
template <class Fill>
result<void> make_history(std::string const& segments, Fill&& fill) {
    directory_lock const lock(segments);
    if (!lock.held()) return posix_error(errno, "flock", segments);
    // Who made it may have died before its name was on disk.
    if (is_there(segments + "/" + history_name)) return sync_path(segments);
    return make_segment(segments, history, fill);
}

// The segments that have their name; perhaps one that a rotation left which was cut off.
[[nodiscard]] result<segment_range> list_segments(std::string const& segments);

// What was dropped and could not be removed yet. The caller holds the lock of `segments`.
[[nodiscard]] result<void> remove_dropped(std::string const& segments);

// Once the entry has its other name nobody opens it any more; who has it open reads on.
[[nodiscard]] result<void> drop_segment(std::string const& segments, segment_number number);

template <class Fill>
result<void> make_ledger(std::string const& path, Fill&& fill) {
    directory_lock const lock(path);
    if (!lock.held()) return posix_error(errno, "flock", path);
    auto const made_meanwhile = read_marker(path);
    if (!made_meanwhile) return made_meanwhile.error();
    if (*made_meanwhile) return {};
    if (auto ok = check_free_for("ledger", path, new_marker_name, "segments"); !ok) return ok;
    auto const new_marker = path + "/" + new_marker_name;
    auto const text = std::string(marker_prefix) + std::to_string(ledger_format) +
                      "\nThis directory is an aiaudit ledger. Copy, move or remove it only as a "
                      "whole.\n";
    if (auto ok = write_file(new_marker, text); !ok) return ok;
    if (auto ok = sync_path(path); !ok) return ok;
    if (auto ok = make_directory(path + "/segments"); !ok) return ok;
    // Where the first segment has its name, an earlier try made it whole; but may have died before
    // the name was on disk.
    auto const segments = path + "/segments";
    auto const made = is_there(segments + "/" + segment_name(1)) ? sync_path(segments)
                                                                 : make_segment(segments, 1, fill);
    if (!made) return made;
    if (auto ok = sync_path(path); !ok) return ok;
    if (auto ok = rename_path(new_marker, path + "/" + marker_name); !ok) return ok;
    return sync_path(path);
}

[[nodiscard]] std::string parent_of(std::string const& path);

// The directory itself: there, ours to use, on a file system that will do. True: it is marked.
[[nodiscard]] result<bool> find_ledger(std::string const& path, bool may_make);

// Finds or makes the ledger that the options ask for, and answers its path.
template <class Fill>
result<std::string> prepare_ledger(store_options const& options, Fill&& fill) {
    std::string path = options.path;
    if (path.empty()) return fail(errc::bad_argument, "the path of a ledger is empty");
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    bool const may_make = options.create && !options.read_only;
    auto const marked = find_ledger(path, may_make);
    if (!marked) return marked.error();
    if (!*marked) {
        if (!may_make) {
            if (auto ok = check_free_for("ledger", path, new_marker_name, "segments"); !ok) {
                // Unless another process has just made it.
                auto const made_meanwhile = read_marker(path);
                if (made_meanwhile && *made_meanwhile) return path;
                return ok.error();
            }
            return fail(errc::not_found, path + ": holds no ledger yet");
        }
        if (auto ok = make_ledger(path, fill); !ok) return ok.error();
    }
    return path;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/storage/ledger_directory.ipp>
#endif

#endif  // AIAUDIT_STORAGE_LEDGER_DIRECTORY_HPP

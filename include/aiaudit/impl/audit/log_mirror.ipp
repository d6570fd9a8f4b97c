// SPDX-License-Identifier: MIT
//
// log_mirror.ipp: the definitions of log_mirror.hpp.
#ifndef AIAUDIT_IMPL_AUDIT_LOG_MIRROR_IPP
#define AIAUDIT_IMPL_AUDIT_LOG_MIRROR_IPP

#include <aiaudit/audit/audit_directory.hpp>  // place_file, sync_file_system
#include <aiaudit/audit/log_mirror.hpp>
#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/limits.hpp>  // note_bytes

#include <cstring>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE digest hash_at(std::string_view tile, std::size_t place) {
    digest hash;
    std::memcpy(hash.bytes.data(), tile.data() + place * 32, 32);
    return hash;
}

}  // namespace detail

AIAUDIT_INLINE result<log_mirror> log_mirror::open(std::string directory, trusted_log log) {
    log_mirror made{std::move(directory), std::move(log)};
    if (auto ok = detail::make_directories(made.directory_); !ok) return ok.error();
    if (auto ok = made.load(); !ok) return ok.error();
    return made;
}

AIAUDIT_INLINE result<void> log_mirror::load() {
    std::string const path = directory_ + "/checkpoint";
    auto note = detail::read_whole_file(path, limits::note_bytes);
    if (!note && note.error().code == errc::not_found) return {};
    if (!note) return note.error();
    auto const damaged = [this](std::string const& why) {
        return fail(errc::corrupt, "the mirror " + directory_ + " is damaged: " + why +
                                       "; put its copy back, or move it away and audit again "
                                       "(what the log did before is then not known)");
    };
    auto state = open_checkpoint(*note, log_);
    if (!state) return damaged("its checkpoint: " + state.error().where);
    tile_nodes<tile_fetch> node(state->size(), [this](tile_place place) {
        return detail::read_whole_file(path_of(place), detail::tile_bytes);
    });
    auto range = compact_range::from_nodes(state->size(), node);
    if (!range) return damaged(range.error().where);
    if (range->root() != state->root()) return damaged("its tiles do not lead to the root");
    state_ = std::move(*state);
    note_ = std::move(*note);
    range_ = *range;
    return {};
}

AIAUDIT_INLINE result<std::string> log_mirror::tile(tile_place place) const {
    unsigned const there = tile_width_of(place.level, place.index, size());
    if (place.entries || place.width > there)
        return fail(errc::not_found, place.path() + ": is not mirrored");
    tile_place const kept{place.level, place.index, there, false};
    auto bytes = detail::read_whole_file(path_of(kept), detail::tile_bytes);
    if (!bytes) return bytes;
    if (bytes->size() != std::size_t{there} * 32)
        return fail(errc::corrupt, path_of(kept) + ": has not the length of its hashes");
    bytes->resize(std::size_t{place.width} * 32);
    return bytes;
}

AIAUDIT_INLINE tile_nodes<log_mirror::tile_fetch> log_mirror::nodes() const {
    return {size(), [this](tile_place place) { return tile(place); }};
}

AIAUDIT_INLINE result<compact_range> log_mirror::tree_of(std::uint64_t size) const {
    if (size > range_.size())
        return fail(errc::not_found, "the mirror has not so many records yet");
    return compact_range::from_nodes(size, nodes());
}

AIAUDIT_INLINE result<std::string> log_mirror::served(std::string_view path) const {
    if (!begun()) return fail(errc::not_found, "the mirror has no checkpoint yet");
    if (path == "checkpoint") return note_;
    auto const place = tile_place::parse(path);
    if (!place) return fail(errc::not_found, "there is no such tile");
    return tile(*place);
}

AIAUDIT_INLINE result<void> log_mirror::write_tile(tile_place place, std::string_view bytes) const {
    std::string const path = path_of(place);
    if (auto ok = detail::make_directories(path.substr(0, path.rfind('/'))); !ok) return ok;
    return detail::place_file(path, bytes);
}

// The tiles above the lowest that have not all their hashes in the tree that is mirrored.
AIAUDIT_INLINE result<void> log_mirror::begin_copy() {
    copied_ = range_;
    for (unsigned level = 1; level < levels; ++level) {
        std::uint64_t const there = size() >> (tile_height * level);
        open_[level] = {there >> tile_height, {}};
        auto const width = static_cast<unsigned>(there & (tile_width - 1));
        if (width == 0) continue;
        auto bytes = tile({level, there >> tile_height, width, false});
        if (!bytes) return bytes.error();
        open_[level].bytes = std::move(*bytes);
    }
    return {};
}

AIAUDIT_INLINE result<void> log_mirror::add_node(unsigned level, digest const& hash) {
    open_tile& to = open_[level];
    to.bytes += detail::view_of(hash.bytes);
    if (to.bytes.size() < detail::tile_bytes) return {};
    if (auto ok = write_tile({level, to.index, tile_width, false}, to.bytes); !ok) return ok;
    to = {to.index + 1, {}};
    return {};
}

// False where its first hashes are not those that are here already.
AIAUDIT_INLINE result<bool> log_mirror::copy_tile(std::uint64_t index, std::uint64_t size,
                                                  log_source const& from) {
    tile_place const place{0, index, tile_width_of(0, index, size), false};
    auto bytes = from.get(place.path(), detail::tile_bytes);
    // The log may have no partial tile any more once it is full.
    if (!bytes && bytes.error().code == errc::not_found && place.is_partial()) {
        auto full = from.get(tile_place{0, index, tile_width, false}.path(), detail::tile_bytes);
        if (full) bytes = full->substr(0, std::size_t{place.width} * 32);
    }
    if (!bytes) return bytes.error();
    if (bytes->size() != std::size_t{place.width} * 32)
        return fail(errc::bad_input, place.path() + ": the log sends " +
                                         std::to_string(bytes->size()) + " bytes for " +
                                         std::to_string(place.width) + " hashes");
    auto const known = static_cast<unsigned>(copied_.size() - index * tile_width);
    if (known != 0) {
        auto const ours = tile({0, index, known, false});
        if (!ours) return ours.error();
        if (!bytes->starts_with(*ours)) return false;
    }
    result<void> added{};
    for (std::size_t at = known; at < place.width && added; ++at) {
        copied_.append(detail::hash_at(*bytes, at),
                       [&](unsigned level, std::uint64_t, digest const& hash) {
                           if (level % tile_height == 0 && added)
                               added = add_node(level / tile_height, hash);
                       });
    }
    if (!added) return added.error();
    if (auto ok = write_tile(place, *bytes); !ok) return ok.error();
    return true;
}

AIAUDIT_INLINE result<bool> log_mirror::copy(verified_checkpoint const& to,
                                             log_source const& from) {
    AIAUDIT_ASSERT(to.size() >= size());
    if (auto ok = begin_copy(); !ok) return ok.error();
    for (std::uint64_t next = size(); next < to.size();) {
        std::uint64_t const index = next >> tile_height;
        auto const same = copy_tile(index, to.size(), from);
        if (!same || !*same) return same;
        next = (index + 1) << tile_height;
    }
    if (copied_.root() != to.root()) return false;
    for (unsigned level = 1; level < levels; ++level) {
        open_tile const& each = open_[level];
        if (each.bytes.empty()) continue;
        auto const width = static_cast<unsigned>(each.bytes.size() / 32);
        if (auto ok = write_tile({level, each.index, width, false}, each.bytes); !ok)
            return ok.error();
    }
    return true;
}

AIAUDIT_INLINE result<void> log_mirror::check_bundle(std::string_view bundle,
                                                     tile_place place) const {
    auto const records = split_entries(bundle, place.width);
    if (!records) return records.error();
    auto const leaves = tile({0, place.index, place.width, false});
    if (!leaves) return leaves.error();
    for (std::size_t at = 0; at < records->size(); ++at) {
        if (leaf_hash((*records)[at]) != detail::hash_at(*leaves, at))
            return fail(errc::verification_failed,
                        "record " + std::to_string(place.index * tile_width + at + 1) +
                            " is not the one under its leaf");
    }
    return {};
}

AIAUDIT_INLINE result<std::uint64_t> log_mirror::copy_records(log_source const& from) const {
    std::uint64_t dropped = 0;
    for (std::uint64_t index = 0; index << tile_height < size(); ++index) {
        tile_place const place{0, index, tile_width_of(0, index, size()), true};
        if (detail::file_at(path_of(place))) continue;
        auto const bundle = from.get(place.path(), detail::bundle_bytes_max);
        if (!bundle && bundle.error().code == errc::not_found) {
            ++dropped;
            continue;
        }
        if (!bundle) return bundle.error();
        if (auto ok = check_bundle(*bundle, place); !ok) return ok.error();
        if (auto ok = write_tile(place, *bundle); !ok) return ok.error();
    }
    if (auto ok = detail::sync_file_system(directory_); !ok) return ok.error();
    return dropped;
}

AIAUDIT_INLINE result<void> log_mirror::accept(verified_checkpoint const& state, std::string note) {
    std::uint64_t const before = size();
    bool const grows = !begun() || state.size() != before;
    AIAUDIT_ASSERT(!grows || copied_.size() == state.size());
    if (grows) {
        if (auto ok = detail::sync_file_system(directory_); !ok) return ok;
    }
    if (auto ok = detail::replace_file(directory_ + "/checkpoint", note); !ok) return ok;
    if (grows) range_ = copied_;
    state_ = state;
    note_ = std::move(note);
    if (grows && before != 0) remove_partials(before);
    return {};
}

// Those of a tree before: the new one has others in their place.
AIAUDIT_INLINE void log_mirror::remove_partials(std::uint64_t of_size) const {
    for (unsigned level = 0; level < levels; ++level) {
        std::uint64_t const there = of_size >> (tile_height * level);
        std::uint64_t const index = there >> tile_height;
        auto const width = static_cast<unsigned>(there & (tile_width - 1));
        if (width == 0 || tile_width_of(level, index, size()) == width) continue;
        ::unlink(path_of({level, index, width, false}).c_str());
        if (level == 0) ::unlink(path_of({0, index, width, true}).c_str());
    }
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_AUDIT_LOG_MIRROR_IPP

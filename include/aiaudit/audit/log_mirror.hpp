// SPDX-License-Identifier: MIT
//
// log_mirror.hpp: a copy of a log's tree, tile by tile, up to the last checkpoint that was found to
// continue it (c2sp.org/tlog-mirror, by reading what the log serves).
//
// The directory has what c2sp.org/tlog-tiles serves: `checkpoint` and `tile/`, so that any file
// server can be the mirror's. A tile is believed only where the checkpoint covers it, and the
// checkpoint is replaced when the tiles under it are durable: a mirror that is killed is at the
// checkpoint before.
// Threads: one at a time.
// Floor 8.
#ifndef AIAUDIT_AUDIT_LOG_MIRROR_HPP
#define AIAUDIT_AUDIT_LOG_MIRROR_HPP

#include <aiaudit/audit/log_source.hpp>      // log_source
#include <aiaudit/integrity/checkpoint.hpp>  // verified_checkpoint
#include <aiaudit/integrity/tile.hpp>        // tile_place, tile_nodes

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

inline constexpr std::size_t tile_bytes = std::size_t{tile_width} * 32;
inline constexpr std::size_t bundle_bytes_max = std::size_t{tile_width} * (2 + 0xFFFF);

}  // namespace detail

class log_mirror {
public:
    using tile_fetch = std::function<result<std::string>(tile_place)>;

    // Makes the directory where there is none. Errors: corrupt, where the tiles do not lead to the
    // checkpoint's root, or the checkpoint is not this log's: then it must be moved away; those of
    // the file system.
    [[nodiscard]] static result<log_mirror> open(std::string directory, trusted_log log);

    [[nodiscard]] std::string const& directory() const noexcept { return directory_; }
    // Whether there is a checkpoint yet.
    [[nodiscard]] bool begun() const noexcept { return state_.has_value(); }
    // Precondition of these: begun().
    [[nodiscard]] verified_checkpoint const& state() const noexcept { return *state_; }
    [[nodiscard]] std::string const& note() const noexcept { return note_; }
    [[nodiscard]] std::uint64_t size() const noexcept { return range_.size(); }

    // What proofs are built with, of the tree that is mirrored.
    [[nodiscard]] tile_nodes<tile_fetch> nodes() const;
    // The tree of the first records. Errors: not_found, over size(); those of reading.
    [[nodiscard]] result<compact_range> tree_of(std::uint64_t size) const;
    // A tile that is mirrored, or its first hashes. Errors: not_found; corrupt; those of reading.
    [[nodiscard]] result<std::string> tile(tile_place place) const;
    // The bytes of a file that is served: what `path` names, if the checkpoint covers it.
    [[nodiscard]] result<std::string> served(std::string_view path) const;

    // Copies the tiles of a larger log that are not here yet. True where they continue what is
    // here, and lead to the checkpoint's root: then accept() follows. False where they do not.
    // Errors: the source's; those of writing.
    [[nodiscard]] result<bool> copy(verified_checkpoint const& to, log_source const& from);
    // Copies the records of what is mirrored, bundle by bundle, each held to its leaf, as far as
    // the log still has them; those that were copied before are not asked for again. How many
    // bundles the log has dropped. Errors: verification_failed, for a record that is not the one
    // under its leaf; the source's; those of writing.
    [[nodiscard]] result<std::uint64_t> copy_records(log_source const& from) const;
    // Takes this checkpoint for the mirror's own: that to which copy() has led, or the same one
    // again with other cosignatures. Durable when it returns. Errors: those of writing.
    [[nodiscard]] result<void> accept(verified_checkpoint const& state, std::string note);

private:
    // A tile that has not all of its hashes yet.
    struct open_tile {
        std::uint64_t index = 0;
        std::string bytes{};
    };
    static constexpr unsigned levels = 8;

    log_mirror(std::string directory, trusted_log log)
        : directory_(std::move(directory)), log_(std::move(log)) {}

    [[nodiscard]] std::string path_of(tile_place place) const {
        return directory_ + '/' + place.path();
    }
    [[nodiscard]] result<void> load();
    [[nodiscard]] result<void> begin_copy();
    [[nodiscard]] result<bool> copy_tile(std::uint64_t index, std::uint64_t size,
                                         log_source const& from);
    [[nodiscard]] result<void> check_bundle(std::string_view bundle, tile_place place) const;
    [[nodiscard]] result<void> add_node(unsigned level, digest const& hash);
    [[nodiscard]] result<void> write_tile(tile_place place, std::string_view bytes) const;
    void remove_partials(std::uint64_t of_size) const;

    std::string directory_;
    trusted_log log_;
    std::optional<verified_checkpoint> state_{};
    std::string note_{};
    compact_range range_{};
    compact_range copied_{};
    std::array<open_tile, levels> open_{};  // of copied_, by level; the lowest is not used
};

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/audit/log_mirror.ipp>
#endif

#endif  // AIAUDIT_AUDIT_LOG_MIRROR_HPP

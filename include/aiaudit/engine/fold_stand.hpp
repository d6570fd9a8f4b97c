// SPDX-License-Identifier: MIT
//
// fold_stand.hpp: where a saved fold stands: after how many records, of which log, and what it is.
//
// It is beside the fold, so it shows what was damaged, copied from another log, or left behind by a
// log that was set back. Whoever writes a fold can write its stand: only a verification shows that.
// Threads: plain values.
// Floor 6.
#ifndef AIAUDIT_ENGINE_FOLD_STAND_HPP
#define AIAUDIT_ENGINE_FOLD_STAND_HPP

#include <aiaudit/core/digest.hpp>        // digest
#include <aiaudit/engine/log_reader.hpp>  // log_reader

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

struct fold_stand {
    std::uint64_t size = 0;  // records that it is of
    digest root{};           // of the tree of these
    digest content{};        // of the fold

    // 8, 32 and 32 bytes.
    [[nodiscard]] std::string to_bytes() const;
    [[nodiscard]] static std::optional<fold_stand> parse(std::string_view bytes);
    friend bool operator==(fold_stand const&, fold_stand const&) = default;
};

// Whether a log begins with the records that a fold is of. Errors: those of reading; corrupt, where
// records are damaged that would tell.
template <class Store>
[[nodiscard]] result<bool> is_stand_of(log_reader<Store> const& log, fold_stand const& stand) {
    constexpr int tries_most = 3;  // while other processes drop
    auto const size = log.size();
    if (!size) return size.error();
    if (stand.size > *size) return false;
    for (int tries = 0;; ++tries) {
        auto const tree = log.tree_of(stand.size);
        if (tree) return tree->root() == stand.root;
        if (tree.error().code != errc::not_found) return tree.error();
        if (tries == tries_most) return false;
    }
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/engine/fold_stand.ipp>
#endif

#endif  // AIAUDIT_ENGINE_FOLD_STAND_HPP

// SPDX-License-Identifier: MIT
//
// add_checkpoint.hpp: what a log sends its witnesses (c2sp.org/tlog-witness): the size of the
// checkpoint that they cosigned last, the proof that the log only grew since, and the new
// checkpoint.
//
//     old 20852014
//     BASE64 of a hash, none to 63 lines
//
//     a checkpoint
//
// Threads: plain values.
// Floor 4.
#ifndef AIAUDIT_INTEGRITY_ADD_CHECKPOINT_HPP
#define AIAUDIT_INTEGRITY_ADD_CHECKPOINT_HPP

#include <aiaudit/core/digest.hpp>  // digest
#include <aiaudit/error.hpp>        // result
#include <aiaudit/limits.hpp>       // note_bytes

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// Unverified: what a body says.
struct add_checkpoint_body {
    static constexpr std::size_t hashes_max = 63;
    static constexpr std::size_t bytes_max = limits::note_bytes + 45 * hashes_max + 64;
    static constexpr std::string_view path = "/add-checkpoint";
    static constexpr std::string_view size_type = "text/x.tlog.size";  // of the body of a 409

    std::uint64_t old_size = 0;
    std::vector<digest> proof{};
    std::string note{};

    friend bool operator==(add_checkpoint_body const&,
                           add_checkpoint_body const&) noexcept = default;
    // parse() reads the same back.
    [[nodiscard]] std::string to_text() const;
    // to_text() writes the same back. The note's own form is not looked at. Errors: bad_input;
    // too_large.
    [[nodiscard]] static result<add_checkpoint_body> parse(std::string_view text);
};

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/integrity/add_checkpoint.ipp>
#endif

#endif  // AIAUDIT_INTEGRITY_ADD_CHECKPOINT_HPP

// SPDX-License-Identifier: MIT
//
// user_sums.hpp: the sums of users over all days, as one piece of a list that is too long for one.
//
// A piece is laid out as a day part is, without cells, profiles and names other than users', so it
// is read as one (day_part); its day is the number of the piece.
// Threads: plain functions.
// Floor 4.
#ifndef AIAUDIT_ROLLUP_USER_SUMS_HPP
#define AIAUDIT_ROLLUP_USER_SUMS_HPP

#include <aiaudit/error.hpp>                   // result
#include <aiaudit/rollup/day_part_writer.hpp>  // append_sums
#include <aiaudit/rollup/totals.hpp>           // totals

#include <cstdint>
#include <span>
#include <string>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// How many users a piece has at the most.
inline constexpr std::size_t piece_users_max = 49'152;

// Users ascend by name; `sums` are theirs. Errors: too_large.
[[nodiscard]] result<std::string> write_user_sums(std::int32_t number,
                                                  std::span<std::string const> users,
                                                  std::span<totals const> sums);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/rollup/user_sums.ipp>
#endif

#endif  // AIAUDIT_ROLLUP_USER_SUMS_HPP

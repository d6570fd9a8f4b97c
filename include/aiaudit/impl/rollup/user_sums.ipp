// SPDX-License-Identifier: MIT
//
// user_sums.ipp: the definitions of user_sums.hpp.
#ifndef AIAUDIT_IMPL_ROLLUP_USER_SUMS_IPP
#define AIAUDIT_IMPL_ROLLUP_USER_SUMS_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/rollup/user_sums.hpp>

#include <array>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<std::string> write_user_sums(std::int32_t number,
                                                   std::span<std::string const> users,
                                                   std::span<totals const> sums) {
    using format = day_part_format;
    std::array<std::uint32_t, format::counts> counts{};
    counts[0] = static_cast<std::uint32_t>(users.size());
    std::array<std::size_t, format::sections> ends{};
    std::string body(format::header_size, '\0');
    ends[format::names] = ends[format::profile_columns] = body.size();
    std::uint32_t name_end = 0;
    for (std::string const& user : users) {
        name_end += static_cast<std::uint32_t>(user.size());
        append_little_endian(body, name_end);
        append_little_endian(body, std::uint32_t{0});  // no cells
        append_little_endian(body, crc32c({}));
    }
    for (std::string const& user : users) body += user;
    ends[format::users] = ends[format::cells] = body.size();
    for (std::size_t i = 0; i < dimension_count; ++i) {
        auto const by = static_cast<dimension>(i);
        if (by == dimension::user) {
            append_sums(body, sums);
        } else if (by == dimension::everything) {
            append_sums(body, std::array{totals{}});
            append_latency(body, {});
        } else {
            append_sums(body, {});
        }
        ends[format::sums + i] = body.size();
    }
    return seal_day_part(std::move(body), civil_day{number}, counts, ends);
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_ROLLUP_USER_SUMS_IPP

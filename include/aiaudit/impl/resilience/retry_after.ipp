// SPDX-License-Identifier: MIT
//
// retry_after.ipp: the definitions of retry_after.hpp.
#ifndef AIAUDIT_IMPL_RESILIENCE_RETRY_AFTER_IPP
#define AIAUDIT_IMPL_RESILIENCE_RETRY_AFTER_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/resilience/retry_after.hpp>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE std::optional<std::chrono::milliseconds> retry_after(header_list const& headers,
                                                                    timestamp now) noexcept {
    using std::chrono::milliseconds;
    auto const fine = detail::without_spaces_around(header_of(headers, "retry-after-ms"));
    if (auto const wait = detail::decimal_wait(fine, milliseconds{1})) return wait;
    auto const text = detail::without_spaces_around(header_of(headers, "retry-after"));
    if (auto const wait = detail::decimal_wait(text, milliseconds{1000})) return wait;
    auto const at = detail::http_date_reader{text}.read(now);
    if (!at) return {};
    milliseconds const wait{*at * 1000 - detail::floor_divide(now.ns, 1'000'000)};
    if (wait > retry_after_most) return {};
    return wait < milliseconds{0} ? milliseconds{0} : wait;
}

AIAUDIT_INLINE std::optional<bool> should_retry(header_list const& headers) noexcept {
    auto const text = detail::without_spaces_around(header_of(headers, "x-should-retry"));
    if (detail::same_name(text, "true")) return true;
    if (detail::same_name(text, "false")) return false;
    return {};
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_RESILIENCE_RETRY_AFTER_IPP

// SPDX-License-Identifier: MIT
//
// tzdb.ipp: the definitions of tzdb.hpp.
#ifndef AIAUDIT_IMPL_TIMEZONE_TZDB_IPP
#define AIAUDIT_IMPL_TIMEZONE_TZDB_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/timezone/tzdb.hpp>

#include <chrono>
#if defined(__cpp_lib_chrono) && __cpp_lib_chrono >= 201907L
namespace aiaudit::inline v0_1_0::detail {
namespace zones = std::chrono;
}
#else
// Of the system's zone database, as Debian builds the library, where nobody has said otherwise: a
// library built with USE_OS_TZDB=0 wants the same macro in every source.
#ifndef USE_OS_TZDB
#define USE_OS_TZDB 1
#endif
#ifndef ONLY_C_LOCALE
#define ONLY_C_LOCALE 1
#endif
#include <date/tz.h>
namespace aiaudit::inline v0_1_0::detail {
namespace zones = date;
}
#endif

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

AIAUDIT_INLINE result<time_zone> find_time_zone(std::string_view name) {
    using namespace std::chrono;
    if (name == "UTC") return time_zone{};
    try {
        auto const* zone = detail::zones::locate_zone(std::string(name));
        sys_seconds at{seconds{0}};
        sys_seconds const last = sys_days{year{2100} / January / 1};
        auto info = zone->get_info(at);
        auto const first_offset = static_cast<std::int32_t>(info.offset.count());
        std::vector<time_zone::transition> transitions;
        while (info.end < last) {
            at = info.end;
            info = zone->get_info(at);
            transitions.push_back(
                {at.time_since_epoch().count(), static_cast<std::int32_t>(info.offset.count())});
        }
        return time_zone{std::string(name), first_offset, std::move(transitions)};
    } catch (std::exception const&) {
        return fail(errc::unknown_zone, "no time zone '" + std::string(name.substr(0, 60)) +
                                            "'; use an IANA name such as Asia/Kathmandu");
    }
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_TIMEZONE_TZDB_IPP

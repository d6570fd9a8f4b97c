// SPDX-License-Identifier: MIT
//
// version.hpp: the release numbers. The build files read them from here, so they stand in one
// place.
//
// The number of the on-disk format is a different one: codec/format.hpp.
// Floor 0.
#ifndef AIAUDIT_VERSION_HPP
#define AIAUDIT_VERSION_HPP

#define AIAUDIT_VERSION_MAJOR 0
#define AIAUDIT_VERSION_MINOR 1
#define AIAUDIT_VERSION_PATCH 0

namespace aiaudit {
inline namespace v0_1_0 {

inline constexpr int version_major = AIAUDIT_VERSION_MAJOR;
inline constexpr int version_minor = AIAUDIT_VERSION_MINOR;
inline constexpr int version_patch = AIAUDIT_VERSION_PATCH;

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_VERSION_HPP

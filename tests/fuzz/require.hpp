// SPDX-License-Identifier: MIT
//
// require.hpp: how a fuzzer finds fault.
#pragma once

#include <aiaudit/error.hpp>

#include <cstdlib>
#include <string>

namespace aiaudit_fuzz {

inline void require(bool holds) {
    if (!holds) std::abort();
}

// Whether it went well; a failure must be told in one line.
template <class T>
bool told(aiaudit::result<T> const& outcome) {
    if (outcome) return true;
    require(outcome.error().message().find('\n') == std::string::npos);
    return false;
}

}  // namespace aiaudit_fuzz

// SPDX-License-Identifier: MIT
//
// store.ipp: the definitions of store.hpp.
#ifndef AIAUDIT_IMPL_STORAGE_STORE_IPP
#define AIAUDIT_IMPL_STORAGE_STORE_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/limits.hpp>  // what keys and values may measure
#include <aiaudit/storage/store.hpp>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE result<void> check_key(std::string_view key) {
    if (!key.empty() && key.size() <= limits::storage_key_bytes) return {};
    return fail(errc::bad_argument, "a storage key has 1 to " +
                                        std::to_string(limits::storage_key_bytes) + " bytes, not " +
                                        std::to_string(key.size()));
}

AIAUDIT_INLINE result<void> check_entry(std::string_view key, std::size_t value_bytes) {
    if (value_bytes <= limits::storage_value_bytes) return check_key(key);
    return fail(errc::too_large, "a stored value of " + std::to_string(value_bytes) +
                                     " bytes; the most is " +
                                     std::to_string(limits::storage_value_bytes));
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_STORAGE_STORE_IPP

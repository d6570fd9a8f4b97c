// SPDX-License-Identifier: MIT
//
// key_uses.hpp: when each key of a gateway was last used, on disk beside the keys.
//
// A file of its own, since the one with the keys is an administrator's, and changes what opens. It
// is a convenience for whoever looks for keys that nobody uses; what a key was used for is in the
// log. One line a key: its id, and seconds since 1970.
// Threads: any, of any process.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_KEY_USES_HPP
#define AIAUDIT_GATEWAY_KEY_USES_HPP

#include <aiaudit/core/timestamp.hpp>  // timestamp
#include <aiaudit/error.hpp>           // result

#include <map>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// By a key's id.
using key_use_map = std::map<std::string, timestamp>;

namespace detail {

inline constexpr std::string_view key_uses_format = "aiaudit-gateway-key-uses/1";

// The file beside that of the keys.
[[nodiscard]] inline std::string key_uses_path(std::string const& key_file) {
    return key_file + ".used";
}

[[nodiscard]] std::string key_uses_text(key_use_map const& uses);
// Errors: bad_input.
[[nodiscard]] result<key_use_map> read_key_uses_text(std::string_view text);

}  // namespace detail

// Of the keys in that file; none where nothing is known. Errors: bad_input, which names the file;
// those of reading.
[[nodiscard]] result<key_use_map> read_key_uses(std::string const& key_file);

// Adds to what is known, where it is later. Errors: as above, and those of writing.
[[nodiscard]] result<void> keep_key_uses(std::string const& key_file, key_use_map const& uses);

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/key_uses.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_KEY_USES_HPP

// SPDX-License-Identifier: MIT
//
// Any bytes as JSON: what has a canonical text keeps it, and means the same to another reader.

#include <aiaudit/codec/json_canonical.hpp>
#include <aiaudit/limits.hpp>

#include <boost/json.hpp>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace fuzzing {

inline bool same(boost::json::value const& a, boost::json::value const& b);

// Boost.JSON's doubles may be off in their last bits, and 0e410 is no number to it.
inline bool same_number(boost::json::value const& a, boost::json::value const& b) {
    boost::system::error_code failed;
    auto const x = a.to_number<double>(failed);
    auto const y = b.to_number<double>(failed);
    return x == y || !std::isfinite(x) || std::abs(x - y) <= 1e-14 * std::abs(x) + 1e-300;
}

inline bool same_object(boost::json::object const& a, boost::json::object const& b) {
    if (a.size() != b.size()) return false;
    for (auto const& [name, value] : a) {
        auto const* const other = b.if_contains(name);
        if (other == nullptr || !same(value, *other)) return false;
    }
    return true;
}

inline bool same_array(boost::json::array const& a, boost::json::array const& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (!same(a[i], b[i])) return false;
    }
    return true;
}

inline bool same(boost::json::value const& a, boost::json::value const& b) {
    if (a.is_number()) return b.is_number() && same_number(a, b);
    if (a.kind() != b.kind()) return false;
    if (a.is_object()) return same_object(a.get_object(), b.get_object());
    if (a.is_array()) return same_array(a.get_array(), b.get_array());
    return a == b;
}

}  // namespace fuzzing

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string_view const json(reinterpret_cast<char const*>(data), size);
    auto const text = aiaudit::canonical_json(json);
    if (!text) {
        if (text.error().where.empty()) std::abort();
        return 0;
    }
    auto const again = aiaudit::canonical_json(*text);
    if (!again || *again != *text) std::abort();
    boost::json::parse_options options;
    options.max_depth = aiaudit::limits::json_depth;
    boost::system::error_code failed;
    auto const before = boost::json::parse({json.data(), json.size()}, failed, {}, options);
    if (failed) std::abort();
    auto const after = boost::json::parse({text->data(), text->size()}, failed, {}, options);
    if (failed || !fuzzing::same(before, after)) std::abort();
    return 0;
}

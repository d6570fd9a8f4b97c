// SPDX-License-Identifier: MIT
//
// tile.ipp: the definitions of tile.hpp.
#ifndef AIAUDIT_IMPL_INTEGRITY_TILE_IPP
#define AIAUDIT_IMPL_INTEGRITY_TILE_IPP

#include <aiaudit/config.hpp>               // AIAUDIT_INLINE
#include <aiaudit/integrity/text_form.hpp>  // decimal_of
#include <aiaudit/integrity/tile.hpp>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Groups of three digits, all but the last behind an 'x'.
AIAUDIT_INLINE std::string tile_index_text(std::uint64_t index) {
    std::string text;
    bool is_last = true;
    do {
        std::string group = std::to_string(index % 1000);
        group.insert(0, 3 - group.size(), '0');
        text = (is_last ? group : 'x' + group + '/') + text;
        is_last = false;
        index /= 1000;
    } while (index != 0);
    return text;
}

AIAUDIT_INLINE std::optional<std::uint64_t> tile_index_of(std::string_view text) {
    std::uint64_t index = 0;
    for (int groups = 0; groups < 6; ++groups) {
        bool const more = text.starts_with('x');
        if (more) text.remove_prefix(1);
        if (text.size() < 3) return std::nullopt;
        for (char const c : text.substr(0, 3)) {
            if (c < '0' || c > '9') return std::nullopt;
            index = index * 10 + static_cast<std::uint64_t>(c - '0');
        }
        text.remove_prefix(3);
        if (!more) return text.empty() ? std::optional(index) : std::nullopt;
        if (!text.starts_with('/')) return std::nullopt;
        text.remove_prefix(1);
    }
    return std::nullopt;
}

}  // namespace detail

AIAUDIT_INLINE std::string tile_place::path() const {
    std::string text = "tile/" + (entries ? std::string("entries") : std::to_string(level)) + '/';
    text += detail::tile_index_text(index);
    if (is_partial()) text += ".p/" + std::to_string(width);
    return text;
}

AIAUDIT_INLINE std::optional<tile_place> tile_place::parse(std::string_view path) {
    constexpr std::string_view prefix = "tile/";
    if (!path.starts_with(prefix)) return std::nullopt;
    std::string_view rest = path.substr(prefix.size());
    std::size_t const slash = rest.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    tile_place place;
    place.entries = rest.substr(0, slash) == "entries";
    if (!place.entries) {
        auto const level = detail::decimal_of(rest.substr(0, slash));
        if (!level || *level > 7) return std::nullopt;
        place.level = static_cast<unsigned>(*level);
    }
    rest.remove_prefix(slash + 1);
    if (std::size_t const partial = rest.find(".p/"); partial != std::string_view::npos) {
        auto const width = detail::decimal_of(rest.substr(partial + 3));
        if (!width || *width < 1 || *width >= tile_width) return std::nullopt;
        place.width = static_cast<unsigned>(*width);
        rest = rest.substr(0, partial);
    }
    auto const index = detail::tile_index_of(rest);
    if (!index || (place.level == 7 && *index != 0)) return std::nullopt;
    if (place.level < 7 && *index >> (63 - tile_height * (place.level + 1)) != 0)
        return std::nullopt;  // over limits::tree_size
    place.index = *index;
    if (place.path() != path) return std::nullopt;  // "x000/005"
    return place;
}

AIAUDIT_INLINE result<void> append_entry(std::string& bundle, std::string_view entry) {
    if (entry.size() > 0xFFFF)
        return fail(errc::too_large, "an entry of a bundle has at most 65,535 bytes");
    bundle.push_back(static_cast<char>(entry.size() >> 8));
    bundle.push_back(static_cast<char>(entry.size() & 0xFF));
    bundle += entry;
    return {};
}

AIAUDIT_INLINE result<std::vector<std::string_view>> split_entries(std::string_view bundle,
                                                                   unsigned width) {
    std::vector<std::string_view> entries;
    while (!bundle.empty()) {
        if (bundle.size() < 2 || entries.size() == width)
            return fail(errc::bad_input, "a bundle has not " + std::to_string(width) + " entries");
        std::size_t const size = std::size_t{static_cast<std::uint8_t>(bundle[0])} << 8 |
                                 static_cast<std::uint8_t>(bundle[1]);
        if (bundle.size() - 2 < size) return fail(errc::bad_input, "a bundle ends within an entry");
        entries.push_back(bundle.substr(2, size));
        bundle.remove_prefix(2 + size);
    }
    if (entries.size() != width)
        return fail(errc::bad_input, "a bundle has not " + std::to_string(width) + " entries");
    return entries;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_INTEGRITY_TILE_IPP

// SPDX-License-Identifier: MIT
//
// picture_tokens.ipp: the definitions of picture_tokens.hpp.
#ifndef AIAUDIT_IMPL_PROVIDERS_PICTURE_TOKENS_IPP
#define AIAUDIT_IMPL_PROVIDERS_PICTURE_TOKENS_IPP

#include <aiaudit/config.hpp>  // AIAUDIT_INLINE
#include <aiaudit/providers/picture_tokens.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <system_error>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Whether a name is a model's, or that of one of its dated versions ("gpt-image-2-2026-04-21").
AIAUDIT_INLINE bool is_version_of(std::string_view name, std::string_view model) noexcept {
    if (!name.starts_with(model)) return false;
    name.remove_prefix(model.size());
    return name.empty() || name.starts_with("-20");
}

struct picture_sides {
    std::uint64_t longer = 0;
    std::uint64_t shorter = 0;
};

// "1536x1024", as far as it is a size that the models make.
AIAUDIT_INLINE std::optional<picture_sides> sides_of(std::string_view size) noexcept {
    auto const cross = size.find('x');
    if (cross == std::string_view::npos) return std::nullopt;
    auto const number = [](std::string_view digits) {
        std::uint64_t value = 0;
        auto const [end, code] =
            std::from_chars(digits.data(), digits.data() + digits.size(), value);
        bool const whole = code == std::errc{} && end == digits.data() + digits.size();
        return whole && value <= picture_side_max ? value : 0;
    };
    auto const width = number(size.substr(0, cross));
    auto const height = number(size.substr(cross + 1));
    if (width == 0 || height == 0 || width * height > picture_pixels_max) return std::nullopt;
    return picture_sides{(std::max)(width, height), (std::min)(width, height)};
}

AIAUDIT_INLINE std::uint64_t tokens_by_table(picture_figures const& table,
                                             std::optional<std::size_t> quality,
                                             std::string_view size) noexcept {
    auto const place = static_cast<std::size_t>(
        std::find(picture_table_sizes.begin(), picture_table_sizes.end(), size) -
        picture_table_sizes.begin());
    std::uint64_t most = 0;
    for (std::size_t row = 0; row < table.size(); ++row) {
        if (quality && *quality != row) continue;
        for (std::size_t column = 0; column < table[row].size(); ++column) {
            if (place == table[row].size() || place == column)
                most = (std::max)(most, table[row][column]);
        }
    }
    return most;
}

// A grid with so many patches along the longer side, and as many along the shorter as its length
// gives; each counts for more, the larger the picture.
AIAUDIT_INLINE std::uint64_t tokens_by_grid(std::uint64_t patches,
                                            std::optional<picture_sides> const& sides) noexcept {
    constexpr std::uint64_t pixels_more = 2'000'000;
    constexpr std::uint64_t pixels_each = 4'000'000;
    std::uint64_t rows = patches;
    std::uint64_t pixels = picture_pixels_max;
    if (sides) {
        rows = (2 * patches * sides->shorter + sides->longer) / (2 * sides->longer);
        pixels = sides->longer * sides->shorter;
    }
    return (patches * rows * (pixels_more + pixels) + pixels_each - 1) / pixels_each;
}

// Of one finished picture, and the words beside it.
AIAUDIT_INLINE std::optional<std::uint64_t> whole_picture_tokens(std::string_view model,
                                                                 picture_wish const& wish) {
    constexpr std::array<std::string_view, 3> qualities{"low", "medium", "high"};
    bool const any = wish.quality.empty() || wish.quality == "auto";
    for (picture_table const& table : picture_tables) {
        if (!is_version_of(model, table.model)) continue;
        auto const found = std::find(qualities.begin(), qualities.end(), wish.quality);
        if (!any && found == qualities.end()) return std::nullopt;
        std::optional<std::size_t> quality;
        if (!any) quality = static_cast<std::size_t>(found - qualities.begin());
        return tokens_by_table(table.tokens, quality, wish.size) +
               (table.words ? picture_words_max : 0);
    }
    std::optional<std::uint64_t> most;
    for (picture_grid const& grid : picture_grids) {
        if (!is_version_of(model, grid.model) || (!any && wish.quality != grid.quality)) continue;
        most = (std::max)(most.value_or(0), tokens_by_grid(grid.patches, sides_of(wish.size)));
    }
    if (most) *most += picture_words_max;
    return most;
}

AIAUDIT_INLINE std::vector<std::string_view> drawing_models(std::string_view named,
                                                            picture_wish const& wish) {
    std::vector<std::string_view> models;
    auto const note = [&](std::string_view model) {
        bool const had = !models.empty() && models.back() == model;
        if (!had && most_picture_tokens(model, wish)) models.push_back(model);
    };
    if (!named.empty()) {
        note(named);
        return models;
    }
    for (picture_table const& each : picture_tables) note(each.model);
    for (picture_grid const& each : picture_grids) note(each.model);
    return models;
}

}  // namespace detail

AIAUDIT_INLINE std::uint64_t shown_picture_tokens(vendor who, std::string_view model) noexcept {
    // Bedrock's names have a region and a maker: "us.anthropic.claude-sonnet-4-5-20250929-v1:0".
    constexpr std::string_view maker = "anthropic.";
    if (auto const at = model.rfind('/'); at != std::string_view::npos) model.remove_prefix(at + 1);
    if (auto const at = model.find(maker); who == vendor::aws && at != std::string_view::npos)
        model.remove_prefix(at + maker.size());
    for (detail::shown_picture const& each : detail::shown_pictures) {
        bool const named =
            each.family ? model.starts_with(each.model) : detail::is_version_of(model, each.model);
        if (named && each.vendors.has(who)) return each.tokens;
    }
    return picture_tokens_max;
}

AIAUDIT_INLINE std::optional<std::uint64_t> most_picture_tokens(std::string_view model,
                                                                picture_wish const& wish) {
    constexpr std::uint64_t partial_most = 1'000'000;  // beyond any that is taken
    auto whole = detail::whole_picture_tokens(model, wish);
    if (!whole || wish.partial > partial_most) return std::nullopt;
    return *whole + wish.partial * partial_picture_tokens;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PROVIDERS_PICTURE_TOKENS_IPP

// SPDX-License-Identifier: MIT
//
// usage.hpp: what a provider counted, under one set of names.
//
// Every provider counts differently (docs/usage.md). A dialect turns its counts into these units,
// which mean the same everywhere: `input_tokens` is all input, cached and cache-written included;
// `output_tokens` is all output, reasoning included; the others are parts of those two, or counts
// of other things. A unit that the provider did not report is absent, which is not the same as
// zero. The disjoint leaves that a price applies to are derived from the parts by inclusion and
// exclusion (pricing/), so nothing the provider said is lost.
// Threads: plain values.
// Floor 2.
#ifndef AIAUDIT_CORE_USAGE_HPP
#define AIAUDIT_CORE_USAGE_HPP

#include <aiaudit/config.hpp>  // AIAUDIT_ASSERT

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// Stored in records: a number is never changed or used again.
enum class unit : std::uint8_t {
    input_tokens = 0,
    cache_read_tokens = 1,
    cache_write_tokens = 2,  // all cache writes, whatever their time to live
    cache_write_5m_tokens = 3,
    cache_write_1h_tokens = 4,
    output_tokens = 5,
    output_reasoning_tokens = 6,
    input_text_tokens = 7,
    input_audio_tokens = 8,
    input_image_tokens = 9,
    input_video_tokens = 10,
    cache_text_read_tokens = 11,
    cache_audio_read_tokens = 12,
    cache_image_read_tokens = 13,
    cache_video_read_tokens = 14,
    input_tool_tokens = 15,  // results of the provider's own tools, fed back as input
    input_text_tool_tokens = 16,
    input_audio_tool_tokens = 17,
    input_image_tool_tokens = 18,
    input_video_tool_tokens = 19,
    output_text_tokens = 20,
    output_audio_tokens = 21,
    output_image_tokens = 22,
    output_video_tokens = 23,
    output_citation_tokens = 24,
    // Not tokens.
    requests = 25,
    web_searches = 26,
    web_fetches = 27,
    file_searches = 28,
    code_executions = 29,
    search_units = 30,  // Cohere's rerank unit
    input_characters = 31,
    input_audio_milliseconds = 32,
    output_audio_milliseconds = 33,
    output_images = 34,
    pages = 35,
    cache_write_12h_tokens = 36,  // tokens: written to a cache for 12 hours or longer
    map_searches = 37,            // prompts grounded with maps
    x_searches = 38,              // searches of X, by xAI
    tool_calls = 39,              // runs of the provider's own tools that have no unit of their own
    input_images = 40,
    input_video_milliseconds = 41,
    output_video_milliseconds = 42,
    output_characters = 43,
};
inline constexpr std::size_t unit_count = 44;

enum class direction : std::uint8_t { input, output, count };
enum class cache_use : std::uint8_t { any, read, write, write_5m, write_1h, write_12h };
enum class modality : std::uint8_t { any, text, audio, image, video };
enum class purpose : std::uint8_t { any, tool, reasoning, citation };

// What a unit counts. One with `any` in an aspect contains those that name a value there.
struct unit_traits {
    std::string_view name;
    aiaudit::direction direction;
    aiaudit::cache_use cache = cache_use::any;
    aiaudit::modality modality = modality::any;
    aiaudit::purpose purpose = purpose::any;
};

inline constexpr std::array<unit_traits, unit_count> unit_table{{
    {"input_tokens", direction::input},
    {"cache_read_tokens", direction::input, cache_use::read},
    {"cache_write_tokens", direction::input, cache_use::write},
    {"cache_write_5m_tokens", direction::input, cache_use::write_5m},
    {"cache_write_1h_tokens", direction::input, cache_use::write_1h},
    {"output_tokens", direction::output},
    {"output_reasoning_tokens", direction::output, cache_use::any, modality::any,
     purpose::reasoning},
    {"input_text_tokens", direction::input, cache_use::any, modality::text},
    {"input_audio_tokens", direction::input, cache_use::any, modality::audio},
    {"input_image_tokens", direction::input, cache_use::any, modality::image},
    {"input_video_tokens", direction::input, cache_use::any, modality::video},
    {"cache_text_read_tokens", direction::input, cache_use::read, modality::text},
    {"cache_audio_read_tokens", direction::input, cache_use::read, modality::audio},
    {"cache_image_read_tokens", direction::input, cache_use::read, modality::image},
    {"cache_video_read_tokens", direction::input, cache_use::read, modality::video},
    {"input_tool_tokens", direction::input, cache_use::any, modality::any, purpose::tool},
    {"input_text_tool_tokens", direction::input, cache_use::any, modality::text, purpose::tool},
    {"input_audio_tool_tokens", direction::input, cache_use::any, modality::audio, purpose::tool},
    {"input_image_tool_tokens", direction::input, cache_use::any, modality::image, purpose::tool},
    {"input_video_tool_tokens", direction::input, cache_use::any, modality::video, purpose::tool},
    {"output_text_tokens", direction::output, cache_use::any, modality::text},
    {"output_audio_tokens", direction::output, cache_use::any, modality::audio},
    {"output_image_tokens", direction::output, cache_use::any, modality::image},
    {"output_video_tokens", direction::output, cache_use::any, modality::video},
    {"output_citation_tokens", direction::output, cache_use::any, modality::any, purpose::citation},
    {"requests", direction::count},
    {"web_searches", direction::count},
    {"web_fetches", direction::count},
    {"file_searches", direction::count},
    {"code_executions", direction::count},
    {"search_units", direction::count},
    {"input_characters", direction::count},
    {"input_audio_milliseconds", direction::count},
    {"output_audio_milliseconds", direction::count},
    {"output_images", direction::count},
    {"pages", direction::count},
    {"cache_write_12h_tokens", direction::input, cache_use::write_12h},
    {"map_searches", direction::count},
    {"x_searches", direction::count},
    {"tool_calls", direction::count},
    {"input_images", direction::count},
    {"input_video_milliseconds", direction::count},
    {"output_video_milliseconds", direction::count},
    {"output_characters", direction::count},
}};

[[nodiscard]] constexpr unit_traits const& traits_of(unit which) noexcept {
    return unit_table[static_cast<std::size_t>(which)];
}
[[nodiscard]] constexpr std::string_view name_of(unit which) noexcept {
    return traits_of(which).name;
}

[[nodiscard]] constexpr std::optional<unit> unit_named(std::string_view name) noexcept {
    for (std::size_t i = 0; i < unit_count; ++i) {
        if (unit_table[i].name == name) return static_cast<unit>(i);
    }
    return std::nullopt;
}

// True where everything `part` counts is counted by `whole` too; true for part == whole.
[[nodiscard]] constexpr bool contains(unit whole, unit part) noexcept {
    if (whole == part) return true;
    unit_traits const& w = traits_of(whole);
    unit_traits const& p = traits_of(part);
    if (w.direction == direction::count || w.direction != p.direction) return false;
    bool const cache = w.cache == cache_use::any || w.cache == p.cache ||
                       (w.cache == cache_use::write && p.cache >= cache_use::write_5m);
    bool const mode = w.modality == modality::any || w.modality == p.modality;
    bool const use = w.purpose == purpose::any || w.purpose == p.purpose;
    return cache && mode && use;
}

// Where a count comes from.
enum class provenance : std::uint8_t {
    unknown = 0,    // absent: the provider did not say
    reported = 1,   // the provider's own figure, or a sum of its figures
    estimated = 2,  // ours, an upper bound
};

// Counts by unit, each with its provenance.
class usage {
public:
    // Bounds: one count is at most count_max, so that sums over a log cannot wrap in 64 bits.
    static constexpr std::uint64_t count_max = std::uint64_t{1} << 44;

    [[nodiscard]] constexpr bool has(unit which) const noexcept {
        return ((reported_ | estimated_) & bit(which)) != 0;
    }
    // 0 where absent.
    [[nodiscard]] constexpr std::uint64_t count(unit which) const noexcept {
        return counts_[index(which)];
    }
    // 0 where the provider did not report it.
    [[nodiscard]] constexpr std::uint64_t reported_count(unit which) const noexcept {
        return (reported_ & bit(which)) != 0 ? counts_[index(which)] : 0;
    }
    [[nodiscard]] constexpr std::optional<std::uint64_t> find(unit which) const noexcept {
        if (!has(which)) return std::nullopt;
        return count(which);
    }
    [[nodiscard]] constexpr provenance provenance_of(unit which) const noexcept {
        if ((reported_ & bit(which)) != 0) return provenance::reported;
        return (estimated_ & bit(which)) != 0 ? provenance::estimated : provenance::unknown;
    }

    // Precondition: count <= count_max.
    constexpr void set(unit which, std::uint64_t count,
                       provenance from = provenance::reported) noexcept {
        AIAUDIT_ASSERT(count <= count_max);
        counts_[index(which)] = count;
        reported_ &= ~bit(which);
        estimated_ &= ~bit(which);
        if (from == provenance::reported) reported_ |= bit(which);
        if (from == provenance::estimated) estimated_ |= bit(which);
        if (from == provenance::unknown) counts_[index(which)] = 0;
    }
    // Adds to what is there; an absent unit becomes present. A sum with an estimated part is
    // estimated.
    constexpr void add(unit which, std::uint64_t count,
                       provenance from = provenance::reported) noexcept {
        bool const estimated =
            provenance_of(which) == provenance::estimated || from == provenance::estimated;
        std::uint64_t const sum = counts_[index(which)] + count;
        set(which, sum < count_max ? sum : count_max,
            estimated ? provenance::estimated : provenance::reported);
    }
    constexpr void clear(unit which) noexcept { set(which, 0, provenance::unknown); }

    [[nodiscard]] constexpr bool empty() const noexcept { return (reported_ | estimated_) == 0; }
    [[nodiscard]] constexpr bool any_estimated() const noexcept { return estimated_ != 0; }
    // Bit n stands for the unit numbered n.
    [[nodiscard]] constexpr std::uint64_t reported_mask() const noexcept { return reported_; }
    [[nodiscard]] constexpr std::uint64_t estimated_mask() const noexcept { return estimated_; }
    // All input and all output.
    [[nodiscard]] constexpr std::uint64_t total_tokens() const noexcept {
        return count(unit::input_tokens) + count(unit::output_tokens);
    }

    friend constexpr bool operator==(usage const&, usage const&) noexcept = default;

private:
    static constexpr std::size_t index(unit which) noexcept {
        return static_cast<std::size_t>(which);
    }
    static constexpr std::uint64_t bit(unit which) noexcept {
        return std::uint64_t{1} << index(which);
    }

    std::array<std::uint64_t, unit_count> counts_{};
    std::uint64_t reported_ = 0;
    std::uint64_t estimated_ = 0;
};

// Calls visit(unit, count) for every unit present, in the order of the enumeration.
template <class Visitor>
constexpr void for_each_count(usage const& counts, Visitor&& visit) {
    for (std::size_t i = 0; i < unit_count; ++i) {
        auto const which = static_cast<unit>(i);
        if (counts.has(which)) visit(which, counts.count(which));
    }
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CORE_USAGE_HPP

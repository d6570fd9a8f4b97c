// SPDX-License-Identifier: MIT
//
// litellm.hpp: a price book from a file in the format of LiteLLM's model_prices_and_context_window.
//
// The file is one object: a model's key ("gpt-4o", "azure/gpt-4o") and its fields. A price field is
//   base [_above_{N}k_tokens] [_priority | _flex | _batches | _fast | _ultrafast | _balanced |
//   _decisions]
// in either order. A provider's models are found by the key without the provider's prefix first,
// then by the whole key. A file is taken whole or not at all, but for entries and fields that have
// no meaning here: the book's report counts those, by reason.
// Threads: plain functions.
// Floor 4.
#ifndef AIAUDIT_PRICING_LITELLM_HPP
#define AIAUDIT_PRICING_LITELLM_HPP

#include <aiaudit/pricing/decimal_json.hpp>  // decimal_json
#include <aiaudit/pricing/price_book.hpp>    // price_book

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// Errors: bad_price.
[[nodiscard]] result<price_book> load_litellm_prices(std::string_view text);

namespace detail {

// What a price field is about. `mode` empty: in any mode of model.
struct litellm_field {
    std::string_view base;
    unit what;
    int power = 0;  // the price is for 10^power of the unit
    std::string_view mode = {};
};

inline constexpr std::array litellm_fields = std::to_array<litellm_field>({
    {"input_cost_per_token", unit::input_tokens},
    {"output_cost_per_token", unit::output_tokens},
    {"cache_read_input_token_cost", unit::cache_read_tokens},
    {"cache_creation_input_token_cost", unit::cache_write_tokens},
    {"cache_creation_input_token_cost_above_1hr", unit::cache_write_1h_tokens},
    {"cache_creation_input_token_cost_above_12hr", unit::cache_write_12h_tokens},
    {"output_cost_per_reasoning_token", unit::output_reasoning_tokens},
    {"input_cost_per_audio_token", unit::input_audio_tokens},
    {"output_cost_per_audio_token", unit::output_audio_tokens},
    {"cache_read_input_audio_token_cost", unit::cache_audio_read_tokens},
    {"input_cost_per_image_token", unit::input_image_tokens},
    {"output_cost_per_image_token", unit::output_image_tokens},
    {"cache_read_input_image_token_cost", unit::cache_image_read_tokens},
    {"input_cost_per_video_token", unit::input_video_tokens},
    {"output_cost_per_video_token", unit::output_video_tokens},
    {"citation_cost_per_token", unit::output_citation_tokens},
    {"input_cost_per_character", unit::input_characters},
    {"output_cost_per_character", unit::output_characters},
    {"input_cost_per_request", unit::requests},
    {"input_cost_per_query", unit::search_units, 0, "rerank"},
    {"input_cost_per_query", unit::requests, 0, "search"},
    {"ocr_cost_per_page", unit::pages},
    {"output_cost_per_image", unit::output_images},
    {"input_cost_per_image", unit::output_images, 0, "image_generation"},
    {"input_cost_per_image", unit::output_images, 0, "image_edit"},
    {"input_cost_per_second", unit::input_audio_milliseconds, 3, "audio_transcription"},
    {"input_cost_per_audio_per_second", unit::input_audio_milliseconds, 3},
    {"output_cost_per_second", unit::input_audio_milliseconds, 3, "audio_transcription"},
    {"input_cost_per_second", unit::input_audio_milliseconds, 3, "realtime"},
    {"output_cost_per_second", unit::output_audio_milliseconds, 3, "audio_speech"},
    {"output_cost_per_second", unit::output_video_milliseconds, 3, "video_generation"},
    {"output_cost_per_video_per_second", unit::output_video_milliseconds, 3},
    {"input_cost_per_video_per_second", unit::input_video_milliseconds, 3},
    {"input_cost_per_image", unit::input_images},
    {"input_cost_per_query", unit::search_units},
    {"file_search_cost_per_1k_calls", unit::file_searches, 3},
    {"google_maps_grounding_cost_per_query", unit::map_searches},
    {"code_interpreter_cost_per_session", unit::code_executions},
    // An older spelling of a cached token's price.
    {"input_cost_per_token_cache_hit", unit::cache_read_tokens},
});

// A price field whose name begins so has no meaning here, and why.
struct litellm_nothing {
    std::string_view start;
    std::string_view reason;
};

inline constexpr std::array litellm_nothings = std::to_array<litellm_nothing>({
    {"cost_per_second", "reserved capacity by time is no part of a call"},
    {"input_cost_per_second", "time of this kind of model is reserved, not told by an answer"},
    {"output_cost_per_second", "this kind of model gives out nothing that lasts"},
    {"input_dbu_cost_per_token", "the price in USD stands beside it"},
    {"output_dbu_cost_per_token", "the price in USD stands beside it"},
    {"explicit_cache_read_input_token_cost", "no answer tells explicit cache hits from others"},
    {"cache_creation_input_audio_token_cost", "no answer tells audio written to a cache"},
    {"guardrail_cost_per_unit", "policy units are charged beside the model"},
    {"annotation_cost_per_page", "no answer tells annotated pages from others"},
    {"ocr_cost_per_credit", "no answer tells credits"},
    {"input_cost_per_text_message", "no answer tells messages"},
    {"input_cost_per_pixel", "no answer tells the size of an image"},
    {"output_cost_per_pixel", "no answer tells the size of an image"},
    {"input_cost_per_video_per_second_above_", "no answer tells intervals"},
    {"vector_store_cost_per_gb_per_day", "storage by the day is no part of a call"},
    {"file_search_cost_per_gb_per_day", "storage by the day is no part of a call"},
    {"computer_use_input_cost_per_1k_tokens", "the model's own input rate holds"},
    {"computer_use_output_cost_per_1k_tokens", "the model's own output rate holds"},
});

// Prices by size, of which no answer tells the one: the base rate, else the dearest of them, and
// the entry is unsure.
struct litellm_sized {
    std::string_view start;
    unit what;
    int power;
};

inline constexpr std::array litellm_sizes = std::to_array<litellm_sized>({
    {"output_cost_per_image_", unit::output_images, 0},
    {"output_cost_per_second_", unit::output_video_milliseconds, 3},
});

// A field's name taken apart.
struct litellm_key {
    std::string_view base{};
    std::optional<std::uint64_t> above{};  // tokens
    std::string_view service{};
};

[[nodiscard]] litellm_key split_litellm_key(std::string_view name);

// Reads one file.
class litellm_reader {
public:
    [[nodiscard]] result<price_book> read(decimal_json const& root);

private:
    using json = decimal_json;
    using kind = decimal_json::kind;

    // The rates of one service tier ("" for the standard one) as they are gathered.
    struct gathered {
        std::map<unit, tiered_rate> rates{};
        std::map<unit, bool> has_base{};
    };

    void read_model(std::string const& key, json const& node);
    void read_fields(json const& node, price_entry& entry);
    void read_field(std::string const& name, json const& value, price_entry& entry);
    void read_search(json const& node, price_entry& entry);
    void read_off_peak(json const& node, price_entry& entry);
    void read_limits(json const& node, price_entry& entry);
    [[nodiscard]] litellm_field const* field_of(std::string_view base) const;
    void read_tiered(json const& node);
    void read_factors(json const& node, price_entry& entry);
    void add_rate(litellm_field const& field, litellm_key const& key, rate price);
    [[nodiscard]] std::optional<rate> number(json const& node, int power, std::string const& what);
    static void complete_tiers(gathered& found);
    static void complete_service(gathered& found, gathered& standard);
    [[nodiscard]] rate_card finish();
    void file_entry(std::string const& provider, std::string const& key, price_entry entry);
    void add_families();

    price_book_builder builder_{};
    std::map<std::string, price_provider> providers_{};
    std::map<std::string, std::vector<price_entry>> plain_{};  // keys without the provider's prefix
    // Of the model being read:
    std::string place_{};
    std::string mode_{};
    std::string provider_{};
    bool inclusive_ = false;  // xAI's tiers start at their threshold
    std::map<std::string, gathered, std::less<>> services_{};
    std::map<unit, rate> sized_{};  // the dearest of each kind
};

}  // namespace detail

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/pricing/litellm.ipp>
#endif

#endif  // AIAUDIT_PRICING_LITELLM_HPP

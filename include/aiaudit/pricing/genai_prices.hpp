// SPDX-License-Identifier: MIT
//
// genai_prices.hpp: a price book from a file in the format of genai-prices.
//
// The file is a list of providers, each with its models, their matching rules and prices per
// million tokens. Of ours, and optional: `inclusive` in a tier, `end_date` and `weekdays` in a
// constraint, `service_tiers` (tier -> prices) beside `prices`, and `match` may be left out (the
// id, exactly). `price_variants` are service tiers from their day on. A file is taken whole or not
// at all. What has no unit here is counted in the book's report.
// Threads: plain functions.
// Floor 4.
#ifndef AIAUDIT_PRICING_GENAI_PRICES_HPP
#define AIAUDIT_PRICING_GENAI_PRICES_HPP

#include <aiaudit/pricing/decimal_json.hpp>  // decimal_json
#include <aiaudit/pricing/price_book.hpp>    // price_book

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace aiaudit {
inline namespace v0_1_0 {

// Errors: bad_price, saying what is wrong and in which provider and model.
[[nodiscard]] result<price_book> load_genai_prices(std::string_view text);

namespace detail {

// The unit that a price key is about, and how many of it the price buys: 10^power, divided.
struct priced_unit {
    unit what{};
    int power = 0;
    std::int64_t divisor = 1;
};

// Reads one file; each member reads one level of it.
class genai_prices_reader {
public:
    [[nodiscard]] result<price_book> read(decimal_json const& root);

private:
    using json = decimal_json;
    using kind = decimal_json::kind;

    [[nodiscard]] result<void> read_provider(json const& node);
    [[nodiscard]] result<price_entry> read_model(json const& node);
    [[nodiscard]] result<void> read_cards(json const& node, price_entry& entry);
    [[nodiscard]] result<rate_table> read_rates(json const& node);
    void note_no_unit(std::string const& key);
    [[nodiscard]] result<tiered_rate> read_rate(json const& node, priced_unit const& priced);
    [[nodiscard]] result<void> read_variants(json const& node, price_entry& entry);
    [[nodiscard]] result<void> read_services(json const& node, rate_card& card);
    [[nodiscard]] static result<model_match> read_match(json const& node);
    [[nodiscard]] static result<void> read_constraint(json const& node, rate_card& card);
    [[nodiscard]] static result<std::int32_t> read_time_of_day(json const& node);
    [[nodiscard]] static result<std::uint8_t> read_weekdays(json const& node);

    // A word is a string that is there and not empty.
    [[nodiscard]] static std::string const* word(json const& node, std::string_view key) {
        json const* const found = node.find(key);
        if (found == nullptr || !found->is(kind::string) || found->text.empty()) return nullptr;
        return &found->text;
    }
    [[nodiscard]] static error bad(std::string_view why) {
        return fail(errc::bad_price, std::string(why));
    }
    [[nodiscard]] static error within(std::string_view what, error reason) {
        reason.code = errc::bad_price;
        reason.where = printable(what) + ": " + reason.where;
        return reason;
    }

    price_book_builder builder_{};
    std::string place_{};  // "provider/model", for the report
};

// A price key that has no meaning here, and why.
struct genai_nothing {
    std::string_view key;
    std::string_view reason;
};

inline constexpr std::array genai_nothings = std::to_array<genai_nothing>({
    {"audio_hours", "the hours of input have a price beside it, those of a session no count"},
    {"input_annotated_document_kpages", "no answer tells annotated pages from others"},
    {"input_text_messages_kcount", "no answer tells messages"},
});

}  // namespace detail

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/pricing/genai_prices.ipp>
#endif

#endif  // AIAUDIT_PRICING_GENAI_PRICES_HPP

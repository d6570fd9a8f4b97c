// SPDX-License-Identifier: MIT
//
// price_entry.hpp: the prices of a model and of a provider, and their canonical text.
//
// The text is what the digest of a price book is taken over: it has every price and rule, and not
// where they came from. Names stand in it after their length, so that no name can forge a line.
// Threads: plain values.
// Floor 4.
#ifndef AIAUDIT_PRICING_PRICE_ENTRY_HPP
#define AIAUDIT_PRICING_PRICE_ENTRY_HPP

#include <aiaudit/pricing/model_match.hpp>  // model_match
#include <aiaudit/pricing/rate_card.hpp>    // rate_card, price_modifier

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// The prices of one model of one provider.
struct price_entry {
    std::string id{};
    model_match match{};
    std::vector<rate_card> cards{};  // of those that apply at an instant, the last wins
    std::vector<price_modifier> modifiers{};
    std::string source{};  // where the figures come from, for people
};

struct price_provider {
    std::string id{};                      // lower case
    model_match names{};                   // other names of the provider
    model_match models{};                  // models that are its own where no provider is named
    std::vector<std::string> fallbacks{};  // providers whose entries it uses next, one step deep
    std::vector<price_entry> entries{};
};

// What a loader left out: not an error, but never silent either.
struct load_report {
    struct remark {
        std::size_t count = 0;
        std::string example{};
    };
    std::size_t entries = 0;
    std::map<std::string, remark> remarks{};  // by reason

    void note(std::string const& reason, std::string_view example) {
        remark& found = remarks[reason];
        if (found.count++ == 0) found.example = example;
    }
};

namespace detail {

inline void append_sized(std::string& out, std::string_view text) {
    out.append(" ").append(std::to_string(text.size())).append(":").append(text);
}

inline void append_rates(std::string& out, rate_table const& rates) {
    for (rate_table::row const& row : rates.rows()) {
        out.append("  rate ").append(name_of(row.what)).append(" ");
        out.append(row.price.base.to_string());
        for (rate_tier const& tier : row.price.tiers) {
            out.append(tier.inclusive ? " >=" : " >").append(std::to_string(tier.start));
            out.append(" ").append(tier.price.to_string());
        }
        out.append("\n");
    }
}

inline void append_card(std::string& out, rate_card const& card) {
    out.append(" card");
    if (card.from) out.append(" from ").append(std::to_string(card.from->ns));
    if (card.until) out.append(" until ").append(std::to_string(card.until->ns));
    if (card.window) {
        out.append(" daily ").append(std::to_string(card.window->start_seconds)).append("-");
        out.append(std::to_string(card.window->end_seconds));
    }
    if (card.weekdays != every_weekday) out.append(" days ").append(std::to_string(card.weekdays));
    out.append("\n");
    append_rates(out, card.rates);
    std::vector<service_rates const*> services;
    for (service_rates const& each : card.services) services.push_back(&each);
    std::sort(services.begin(), services.end(), [](auto* a, auto* b) { return a->tier < b->tier; });
    for (service_rates const* each : services) {
        out.append("  service");
        append_sized(out, each->tier);
        out.append("\n");
        append_rates(out, each->rates);
    }
}

[[nodiscard]] inline std::string canonical(price_entry const& entry) {
    std::string out = "entry";
    append_sized(out, entry.id);
    out.append("\n match ");
    entry.match.append_canonical(out);
    out.append("\n");
    for (rate_card const& card : entry.cards) append_card(out, card);
    std::vector<std::string> modifiers;
    for (price_modifier const& each : entry.modifiers) {
        std::string line = " factor " + std::to_string(static_cast<int>(each.kind));
        append_sized(line, each.value);
        line.append(" ").append(std::to_string(each.factor.numerator)).append("/");
        line.append(std::to_string(each.factor.denominator)).append(" on ");
        line.append(std::to_string(each.covers)).append("\n");
        modifiers.push_back(std::move(line));
    }
    std::sort(modifiers.begin(), modifiers.end());
    for (std::string const& line : modifiers) out.append(line);
    return out;
}

// `ordered`: the order of the entries decides which one a model gets.
[[nodiscard]] inline std::string canonical(price_provider const& provider, bool ordered) {
    std::string out = "provider";
    append_sized(out, provider.id);
    out.append("\n names ");
    provider.names.append_canonical(out);
    out.append("\n models ");
    provider.models.append_canonical(out);
    out.append("\n falls back");
    for (std::string const& id : provider.fallbacks) append_sized(out, id);
    out.append("\n");
    std::vector<std::string> entries;
    for (price_entry const& entry : provider.entries) entries.push_back(canonical(entry));
    if (!ordered) std::sort(entries.begin(), entries.end());
    for (std::string const& entry : entries) out.append(entry);
    return out;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_PRICING_PRICE_ENTRY_HPP

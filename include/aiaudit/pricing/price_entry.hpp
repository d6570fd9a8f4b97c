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

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
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
    // What the model takes in and gives out at the most, in tokens; 0: the book does not say.
    std::uint64_t context_tokens = 0;
    std::uint64_t output_tokens_max = 0;
    std::optional<timestamp> known_from{};  // for calls before, its prices are assumed
    // Bit n: what unit n costs depends on what no answer tells (the size of an image or of a
    // search), so a price for some of it is assumed. `requests` is in every call.
    std::uint64_t unsure = 0;
};

struct price_provider {
    std::string id{};                      // lower case
    model_match names{};                   // other names of the provider
    model_match models{};                  // models that are its own where no provider is named
    std::vector<std::string> fallbacks{};  // providers whose entries it uses next, one step deep
    std::vector<price_entry> entries{};
    // A name that an entry says by equality goes before the rules of the entries above it.
    bool names_first = false;
};

// What a loader left out: not an error, but never silent either.
struct load_report {
    struct remark {
        std::size_t count = 0;
        std::string example{};
    };
    std::size_t entries = 0;
    std::map<std::string, remark> remarks{};  // by reason
    // The file's price fields by name: those taken over, those that have no meaning here, for the
    // reason that stands before the name, and those that nothing is known about.
    std::map<std::string, std::size_t> taken{};
    std::map<std::string, remark> meaningless{};
    std::map<std::string, remark> unknown{};

    void note(std::string const& reason, std::string_view example) {
        count(remarks, reason, example);
    }
    static void count(std::map<std::string, remark>& among, std::string const& what,
                      std::string_view example) {
        remark& found = among[what];
        if (found.count++ == 0) found.example = example;
    }
};

namespace detail {

inline void append_sized(std::string& out, std::string_view text) {
    out.append(" ").append(std::to_string(text.size())).append(":").append(text);
}

void append_rates(std::string& out, rate_table const& rates);

[[nodiscard]] std::string canonical(price_entry const& entry);

// `ordered`: the order of the entries decides which one a model gets.
[[nodiscard]] std::string canonical(price_provider const& provider, bool ordered);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/pricing/price_entry.ipp>
#endif

#endif  // AIAUDIT_PRICING_PRICE_ENTRY_HPP

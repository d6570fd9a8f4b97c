// SPDX-License-Identifier: MIT
//
// price_book.hpp: dated prices by provider and model, and the exact cost of a usage.
//
// A book is built once (price_book_builder, or a loader) and never changes; copies share it. A
// model is looked up in its provider's entries, the first that matches wins, then in the entries of
// the providers that it falls back to. Nothing is invented: what has no price is an error.
// Threads: a book may be used by any number of threads at once; a lookup cache by one at a time.
// Floor 4.
#ifndef AIAUDIT_PRICING_PRICE_BOOK_HPP
#define AIAUDIT_PRICING_PRICE_BOOK_HPP

#include <aiaudit/core/digest.hpp>          // digest
#include <aiaudit/core/record.hpp>          // price_basis
#include <aiaudit/core/usage.hpp>           // usage
#include <aiaudit/pricing/price_bound.hpp>  // most_by
#include <aiaudit/pricing/price_entry.hpp>  // price_entry, price_provider

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

// What is to be priced. The views need to live only as long as the call.
struct price_query {
    std::string_view provider{};  // empty: found by the model
    std::string_view model{};
    aiaudit::usage const& usage;
    timestamp at{};
    std::string_view service_tier{};  // "batch", "flex", "priority"; empty for the standard tier
    std::string_view region{};
    std::string_view speed{};
    std::string_view key{};  // whose call it is: an overlay may have a factor for it
};

// A cost, with everything that it rests on.
struct quote {
    // What a policy sets, and all that says what is to be paid: quotes add up before the one
    // rounding.
    cost_parts exact{};
    std::string_view provider_id{};  // these two live as long as a copy of the book
    std::string_view entry_id{};
    // Bit n: unit n is no token, was counted and has no rate; it is not in the cost.
    std::uint64_t unpriced = 0;
    // The book knows no difference for the query's service tier, region or speed: the standard rate
    // was used.
    bool standard_tier_used = false;
    bool region_ignored = false;
    bool speed_ignored = false;
    // How sure the price is; what is assumed is not called stale besides.
    price_basis basis = price_basis::listed;

    // Rounded once, half to even.
    [[nodiscard]] money cost() const noexcept { return exact.total.rounded(); }
    // Each part is rounded for itself, for reports: together they may differ from the cost by a
    // pico-USD, and counts of things are in neither.
    [[nodiscard]] money input_cost() const noexcept { return exact.input.rounded(); }
    [[nodiscard]] money output_cost() const noexcept { return exact.output.rounded(); }
};

class price_book;

// Remembers which entry a provider and model lead to, so that pricing a million records searches
// once for each model. Bounds: 512 names; a colliding name takes the place of the older one.
class price_lookup_cache {
public:
    price_lookup_cache() : slots_(slot_count) {}

private:
    friend class price_book;
    static constexpr std::size_t slot_count = 512;
    struct slot {
        std::string provider{};
        std::string model{};
        price_provider const* in = nullptr;
        price_entry const* entry = nullptr;
        bool assumed = false;
        bool used = false;
    };
    std::vector<slot> slots_;
    std::shared_ptr<void const> book_{};  // whose entries these are; keeps them alive
};

// What a model takes in and gives out at the most, in tokens; 0: the book does not say.
struct model_limits {
    std::uint64_t context_tokens = 0;
    std::uint64_t output_tokens_max = 0;
};

// The context that is sold beside a smaller one, at a higher rate past that (Anthropic's, in beta).
inline constexpr std::uint64_t long_context_tokens = 1'000'000;

// After so many days a book is too old to be sure of its prices.
inline constexpr std::int64_t price_book_days_max = 45;

class price_book {
public:
    using lookup_cache = price_lookup_cache;

    price_book() : price_book(std::vector<price_provider>{}, load_report{}) {}

    // Errors: unknown_model (no entry), unpriced_unit (no card at that time, or tokens that no rate
    // covers), bad_usage, no_usage, money_overflow.
    [[nodiscard]] result<quote> price(price_query const& query) const;
    [[nodiscard]] result<quote> price(price_query const& query, lookup_cache& cache) const;
    // The most that so much input and output, and so many uses of tools, can cost
    // (price_bound.hpp); the query's region and speed are not looked at. Errors: unknown_model,
    // unpriced_unit, money_overflow.
    [[nodiscard]] result<quote> most(price_query const& query, price_doubts doubts,
                                     lookup_cache& cache) const;

    struct found {
        price_provider const* provider = nullptr;
        price_entry const* entry = nullptr;
        bool assumed = false;  // by a prefix, or an edition that the book does not list
        explicit operator bool() const noexcept { return entry != nullptr; }
    };
    // Null where the book has none. What it points to lives as long as a copy of the book. A name
    // that no entry has is looked for as well without what was put around it: "@" for "-" before a
    // date, the parts of a fine-tuned model's name behind its base, an ARN's path.
    [[nodiscard]] found find(std::string_view provider, std::string_view model) const;
    // By id, alias or the provider's own rule; null where the book has none.
    [[nodiscard]] price_provider const* find_provider(std::string_view name) const {
        return provider_named(detail::lower(name));
    }
    // How sure the prices of what find() returned are for a call at that instant that counted these
    // units (bit n: unit n). Precondition: it found an entry.
    [[nodiscard]] price_basis basis_of(found where, timestamp instant,
                                       std::uint64_t units = 0) const;
    [[nodiscard]] model_limits limits(std::string_view provider, std::string_view model,
                                      lookup_cache& cache) const;

    // The day as of which its prices are known; none where nobody said. It is no part of
    // revision().
    [[nodiscard]] std::optional<timestamp> as_of() const noexcept { return as_of_; }
    // The same prices, known as of that day.
    [[nodiscard]] price_book known_as_of(timestamp day) const {
        price_book same = *this;
        same.as_of_ = day;
        return same;
    }

    // SHA-256 over a canonical text of every price and rule. The same prices give the same digest
    // whatever file, spacing or order they were read from; order counts only among the entries of a
    // provider that match by more than equality, since there it decides.
    [[nodiscard]] digest const& revision() const noexcept { return data_->revision; }
    [[nodiscard]] load_report const& report() const noexcept { return data_->report; }
    [[nodiscard]] std::vector<price_provider> const& providers() const noexcept {
        return data_->providers;
    }
    [[nodiscard]] std::size_t size() const noexcept { return data_->report.entries; }

private:
    friend class price_book_builder;
    struct index {
        std::unordered_map<std::string, std::size_t> exact{};  // name -> first entry that equals it
        std::vector<std::size_t> patterns{};                   // entries that need more than that
    };
    struct contents {
        std::vector<price_provider> providers{};
        std::vector<index> indexes{};
        std::unordered_map<std::string, std::size_t> by_id{};
        load_report report{};
        digest revision{};
    };

    price_book(std::vector<price_provider> providers, load_report report);
    static bool index_names(model_match const& match, std::size_t entry, index& names);
    [[nodiscard]] price_entry const* entry_of(std::size_t provider, std::string const& model) const;
    [[nodiscard]] found found_in(std::size_t provider, std::string const& model) const;
    [[nodiscard]] found find_name(price_provider const& first, std::string const& model) const;
    [[nodiscard]] price_provider const* provider_named(std::string const& name) const;
    [[nodiscard]] found find_without_provider(std::string const& model) const;
    [[nodiscard]] found find_cached(std::string_view provider, std::string_view model,
                                    lookup_cache& cache) const;
    [[nodiscard]] result<quote> price_with(price_query const& query, found where) const;

    std::shared_ptr<contents const> data_;
    std::optional<timestamp> as_of_{};
};

// Collects providers, checks them, and builds the book.
class price_book_builder {
public:
    // Errors: bad_price for a provider without an id or given twice, and for a negative rate.
    [[nodiscard]] result<void> add(price_provider provider);
    [[nodiscard]] load_report& report() noexcept { return report_; }
    [[nodiscard]] price_book build() && {
        return price_book{std::move(providers_), std::move(report_)};
    }

private:
    std::vector<price_provider> providers_{};
    load_report report_{};
};

inline result<quote> price_book::price(price_query const& query) const {
    return price_with(query, find(query.provider, query.model));
}
inline result<quote> price_book::price(price_query const& query, lookup_cache& cache) const {
    return price_with(query, find_cached(query.provider, query.model, cache));
}

namespace detail {

// What providers call the tier that costs the standard rates; empty: none was named.
inline constexpr std::array<std::string_view, 4> standard_tiers{"", "standard", "default",
                                                                "on_demand"};
[[nodiscard]] constexpr bool is_standard_tier(std::string_view tier) noexcept {
    return std::find(standard_tiers.begin(), standard_tiers.end(), tier) != standard_tiers.end();
}

// The value of a region's factor that holds in every region but "global", unless another names the
// region.
inline constexpr std::string_view any_region = "*";

// The card in force at that instant; null where none is.
[[nodiscard]] rate_card const* card_at(price_entry const& entry, timestamp at) noexcept;

// Which rates and factors a query leads to within a card.
struct chosen_rates {
    rate_table const* rates = nullptr;
    std::vector<applied_factor> factors{};
};

// Fills in what the usage costs. Errors: no_usage, bad_usage, unpriced_unit, money_overflow.
[[nodiscard]] result<void> charge(rate_table const& rates, usage const& counts,
                                  std::vector<applied_factor> const& factors, quote& answer);

}  // namespace detail

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/pricing/price_book.ipp>
#endif

#endif  // AIAUDIT_PRICING_PRICE_BOOK_HPP

// SPDX-License-Identifier: MIT
//
// price_overlay.ipp: the definitions of price_overlay.hpp.
#ifndef AIAUDIT_IMPL_PRICING_PRICE_OVERLAY_IPP
#define AIAUDIT_IMPL_PRICING_PRICE_OVERLAY_IPP

#include <aiaudit/config.hpp>                // AIAUDIT_INLINE
#include <aiaudit/pricing/decimal_json.hpp>  // decimal_json
#include <aiaudit/pricing/price_overlay.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Reads one file into a copy of the book's providers.
class price_overlay_reader {
public:
    explicit price_overlay_reader(price_book const& base)
        : base_(base), providers_(base.providers()) {}

    [[nodiscard]] result<price_book> read(decimal_json const& root);

private:
    using json = decimal_json;
    using kind = decimal_json::kind;

    [[nodiscard]] result<void> read_overlay(json const& node);
    [[nodiscard]] result<std::vector<price_entry*>> entries_for(json const& node, bool add);
    [[nodiscard]] static result<rate_table> read_rates(json const& node);

    price_book const& base_;
    std::vector<price_provider> providers_;
};

AIAUDIT_INLINE result<rate_table> price_overlay_reader::read_rates(json const& node) {
    if (!node.is(kind::object) || node.keys.empty()) {
        return fail(errc::bad_price, "rates is no object of units");
    }
    rate_table rates;
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
        auto const what = unit_named(node.keys[i]);
        if (!what) return fail(errc::bad_price, "no unit " + printable(node.keys[i]));
        json const& value = node.items[i];
        bool const figure = value.is(kind::number) || value.is(kind::string);
        auto const price = rate::parse(figure ? value.text : "", price_power(*what));
        if (!price || price->yocto() < 0) {
            return fail(errc::bad_price, printable(node.keys[i]) + " is no price");
        }
        rates.set(*what, *price);
    }
    return rates;
}

// The entries that an overlay is about. With `add` a model that the book does not have is made.
AIAUDIT_INLINE result<std::vector<price_entry*>> price_overlay_reader::entries_for(json const& node,
                                                                                   bool add) {
    auto const word = [&](std::string_view key) {
        json const* const found = node.find(key);
        return found == nullptr ? std::string{} : lower(found->text);
    };
    std::string const provider = word("provider");
    std::string model = word("model");
    bool const many = model.empty() || model.ends_with('*');
    if (model.ends_with('*')) model.pop_back();
    auto const* const known = provider.empty() ? nullptr : base_.find_provider(provider);
    auto const place = known == nullptr
                           ? std::find_if(providers_.begin(), providers_.end(),
                                          [&](auto const& each) { return each.id == provider; })
                           : providers_.begin() + (known - base_.providers().data());
    std::vector<price_entry*> entries;
    for (auto seller = providers_.begin(); seller != providers_.end(); ++seller) {
        if (!provider.empty() && seller != place) continue;
        auto const named = base_.find(seller->id, model);
        for (price_entry& entry : seller->entries) {
            bool const hit = many ? lower(entry.id).starts_with(model)
                                  : lower(entry.id) == model || (named && !named.assumed &&
                                                                 named.provider->id == seller->id &&
                                                                 named.entry->id == entry.id);
            if (hit) entries.push_back(&entry);
        }
    }
    if (!entries.empty()) return entries;
    if (!add || provider.empty() || many) {
        return fail(errc::bad_price, "the book has no such model");
    }
    price_entry entry;
    entry.id = model;
    entry.match = model_match::text(model_match::rule::equals, model);
    entry.source = "an overlay";
    entry.cards.emplace_back();
    if (place == providers_.end()) {
        price_provider added;
        added.id = provider;
        providers_.push_back(std::move(added));
        providers_.back().entries.push_back(std::move(entry));
        return std::vector{&providers_.back().entries.back()};
    }
    // Before the rules of others, so that its own name leads to it.
    place->entries.insert(place->entries.begin(), std::move(entry));
    return std::vector{&place->entries.front()};
}

AIAUDIT_INLINE result<void> price_overlay_reader::read_overlay(json const& node) {
    constexpr std::array<std::string_view, 5> words{"provider", "model", "key", "factor", "rates"};
    for (std::string const& key : node.keys) {
        if (std::find(words.begin(), words.end(), key) == words.end()) {
            return fail(errc::bad_price, "unknown word " + printable(key));
        }
    }
    json const* const factor = node.find("factor");
    json const* const rates = node.find("rates");
    json const* const key = node.find("key");
    if ((factor == nullptr) == (rates == nullptr)) {
        return fail(errc::bad_price, "needs a factor or rates, and not both");
    }
    auto const entries = entries_for(node, rates != nullptr);
    if (!entries) return entries.error();
    if (factor != nullptr) {
        auto const value = parse_multiplier(factor->text);
        if (!value) return value.error();
        std::string const whose = key == nullptr ? "" : key->text;
        for (price_entry* const entry : *entries) {
            std::erase_if(entry->modifiers, [&](price_modifier const& each) {
                return each.kind == modifier_kind::margin && each.value == whose;
            });
            entry->modifiers.push_back({modifier_kind::margin, whose, *value, ~std::uint64_t{0}});
        }
        return {};
    }
    if (key != nullptr) return fail(errc::bad_price, "a key has a factor, no rates of its own");
    auto const table = read_rates(*rates);
    if (!table) return table.error();
    for (price_entry* const entry : *entries) {
        for (rate_card& card : entry->cards) {
            for (rate_table::row const& row : table->rows()) {
                tiered_rate const* const usual = card.rates.find(row.what);
                for (service_rates& service : card.services) {
                    tiered_rate const* const own = service.rates.find(row.what);
                    // A tier that has the standard rate keeps to it.
                    bool const same = own == nullptr || (usual != nullptr && *own == *usual);
                    if (same) service.rates.set(row.what, row.price);
                }
                card.rates.set(row.what, row.price);
            }
        }
    }
    return {};
}

AIAUDIT_INLINE result<price_book> price_overlay_reader::read(json const& root) {
    json const* const overlays = root.find("overlays");
    if (overlays == nullptr || !overlays->is(kind::array)) {
        return fail(errc::bad_price, "not an overlay file: no list of overlays");
    }
    for (std::size_t i = 0; i < overlays->items.size(); ++i) {
        auto done = read_overlay(overlays->items[i]);
        if (!done) {
            error reason = done.error();
            reason.where = "overlay " + std::to_string(i + 1) + ": " + reason.where;
            return reason;
        }
    }
    price_book_builder builder;
    builder.report() = base_.report();
    for (price_provider& provider : providers_) {
        if (auto done = builder.add(std::move(provider)); !done) return done.error();
    }
    price_book book = std::move(builder).build();
    auto const day = base_.as_of();
    return day ? book.known_as_of(*day) : book;
}

}  // namespace detail

AIAUDIT_INLINE result<price_book> overlay_prices(price_book const& base, std::string_view text,
                                                 std::string_view file_name) {
    auto const named = [&](error reason) {
        reason.code = errc::bad_price;
        reason.where = std::string(file_name) + ": " + reason.where;
        return reason;
    };
    auto root = detail::parse_decimal_json(text);
    if (!root) return named(fail(errc::bad_price, "not JSON: " + root.error().where));
    auto book = detail::price_overlay_reader{base}.read(*root);
    if (!book) return named(book.error());
    return book;
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_PRICING_PRICE_OVERLAY_IPP

// SPDX-License-Identifier: MIT
//
// pricing_policy.hpp: what the ledger asks of a source of prices, a flat one, and pricing an
// attempt.
//
// Threads: see the concept.
// Floor 4.
#ifndef AIAUDIT_PRICING_PRICING_POLICY_HPP
#define AIAUDIT_PRICING_PRICING_POLICY_HPP

#include <aiaudit/core/call.hpp>  // attempt_facts
#include <aiaudit/detail/sha256.hpp>
#include <aiaudit/limits.hpp>              // output_tokens
#include <aiaudit/pricing/price_book.hpp>  // price_book, quote

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {

// A pricing policy turns a usage into money.
// - price() is pure: the same query on the same value gives the same quote, now and in ten years.
// - Errors are results, never zeros: unknown_model, unpriced_unit, bad_usage, no_usage,
//   money_overflow. A quote has the exact cost, in `exact`, and its parts as far as they are known:
//   a price for the whole call is quote.exact.total.add(money). What is paid comes from there
//   alone, rounded once, half to even.
// - revision() names the prices themselves: two values that could price differently have different
//   digests. It goes into every record.
// - It may have most(query, price_doubts, cache), the most that so much input and output can cost
//   (price_bound.hpp). Without it that is the price of the counts alone: then price() must not know
//   dearer rates for parts of them, nor lower ones for more of them.
// - It may have limits(provider, model, cache), with the members output_tokens_max and
//   context_tokens: the most output of a model, for the bounds of what sets no limit, and the most
//   input, for what no bytes bound; 0 where it is not known.
// - Threads: const members may be called from any number of threads; a lookup_cache belongs to one
//   thread at a time and may be used with several values of the policy in turn.
template <class Policy>
concept pricing_policy = std::copy_constructible<Policy> &&
    std::default_initializable<typename Policy::lookup_cache> &&
    requires(Policy const& policy, price_query const& query, typename Policy::lookup_cache& cache) {
    { policy.price(query) } -> std::same_as<result<quote>>;
    { policy.price(query, cache) } -> std::same_as<result<quote>>;
    { policy.revision() } -> std::convertible_to<digest const&>;
};

static_assert(pricing_policy<price_book>);

// The same rates for every model: for self-hosted models, and for tests.
class flat_rate {
public:
    struct lookup_cache {};

    explicit flat_rate(rate_table rates) : rates_(std::move(rates)) {
        std::string text = "aiaudit flat rate 1\n";
        detail::append_rates(text, rates_);
        revision_ = digest{detail::sha256(text)};
    }
    // One price per token, in and out.
    [[nodiscard]] static flat_rate per_token(rate price);

    [[nodiscard]] result<quote> price(price_query const& query) const;
    [[nodiscard]] result<quote> price(price_query const& query, lookup_cache&) const {
        return price(query);
    }
    [[nodiscard]] result<quote> most(price_query const& query, price_doubts doubts,
                                     lookup_cache&) const;
    [[nodiscard]] digest const& revision() const noexcept { return revision_; }

private:
    rate_table rates_;
    digest revision_{};
};

static_assert(pricing_policy<flat_rate>);

namespace detail {

template <pricing_policy Policy>
class attempt_pricer {
public:
    attempt_pricer(Policy const& policy, std::string_view provider, attempt_facts const& facts,
                   timestamp at, typename Policy::lookup_cache& cache, std::string_view key)
        : policy_(policy), provider_(provider), facts_(facts), at_(at), cache_(cache), key_(key) {}

    [[nodiscard]] result<quote> run() {
        if (facts_.iterations.empty()) return price(facts_.model_served, facts_.usage);
        quote total;
        usage counted;  // things other than tokens that the iterations report themselves
        for (iteration const& each : facts_.iterations) {
            std::string const& model = each.model.empty() ? facts_.model_served : each.model;
            auto const part = price(model, each.usage);
            if (!part) return part.error();
            if (auto done = add(*part, total); !done) return done.error();
            for_each_count(each.usage, [&counted](unit what, std::uint64_t count) {
                counted.add(what, count);
            });
        }
        if (auto done = add_rest(counted, total); !done) return done.error();
        return total;
    }

private:
    // Searches and the like are reported once for the attempt, not by iteration.
    [[nodiscard]] result<void> add_rest(usage const& counted, quote& total) {
        usage rest;
        bool any = false;
        for_each_count(facts_.usage, [&](unit what, std::uint64_t count) {
            bool const thing = traits_of(what).direction == direction::count;
            if (!thing || what == unit::requests || count <= counted.count(what)) return;
            rest.set(what, count - counted.count(what));
            any = true;
        });
        if (!any) return {};
        rest.set(unit::requests, 0);  // the iterations were charged for theirs
        auto const part = price(facts_.model_served, rest);
        return part ? add(*part, total) : result<void>{part.error()};
    }

    [[nodiscard]] static result<void> add(quote const& part, quote& total) {
        if (total.entry_id.empty() || part.entry_id == total.entry_id) {
            total.entry_id = part.entry_id;
            total.provider_id = part.provider_id;
        }
        total.unpriced |= part.unpriced;
        total.standard_tier_used = total.standard_tier_used || part.standard_tier_used;
        total.region_ignored = total.region_ignored || part.region_ignored;
        total.speed_ignored = total.speed_ignored || part.speed_ignored;
        if (total.basis == price_basis::listed) total.basis = part.basis;
        return total.exact.add(part.exact);
    }

    // Billing goes by the model that served. One that the book does not know is not priced as the
    // one that was asked for: a router may have sent the request anywhere.
    [[nodiscard]] result<quote> price(std::string const& served, usage const& counts) {
        std::string_view const model = served.empty() ? facts_.model_requested : served;
        std::string_view tier = facts_.service_tier;
        // An answer of a batch calls its tier "default": the batch is what it is charged by.
        if (facts_.parameters.batch && is_standard_tier(tier)) tier = "batch";
        return policy_.price(
            {provider_, model, counts, at_, tier, facts_.region, facts_.speed, key_}, cache_);
    }

    Policy const& policy_;
    std::string_view provider_;
    attempt_facts const& facts_;
    timestamp at_;
    typename Policy::lookup_cache& cache_;
    std::string_view key_;
};

}  // namespace detail

// What one exchange costs; `key` is whose it is, where prices know a difference. Where the provider
// reports iterations, each is priced at the model that ran it, with its own context length, and the
// sum is rounded once. The entry named in the quote is that of the first iteration. Errors: as
// price().
template <pricing_policy Policy>
[[nodiscard]] result<quote> price_attempt(Policy const& policy, std::string_view provider,
                                          attempt_facts const& facts, timestamp at,
                                          typename Policy::lookup_cache& cache,
                                          std::string_view key = {}) {
    return detail::attempt_pricer<Policy>{policy, provider, facts, at, cache, key}.run();
}
// What an attempt costs at the most that has no more than this usage's input and output, where it
// asks for that service tier. Errors: as price().
template <pricing_policy Policy>
[[nodiscard]] result<quote> most_of_attempt(Policy const& policy, std::string_view provider,
                                            std::string_view model, usage const& upper,
                                            price_doubts doubts, timestamp at,
                                            typename Policy::lookup_cache& cache,
                                            std::string_view tier = {}) {
    price_query const query{provider, model, upper, at, tier, {}, {}};
    if constexpr (requires { policy.most(query, doubts, cache); }) {
        return policy.most(query, doubts, cache);
    } else {
        return policy.price(query, cache);
    }
}
// The most output tokens of a model: what the policy's limits(provider, model, cache) says, else
// what is assumed. What is assumed on purpose, and less, stands.
template <pricing_policy Policy>
[[nodiscard]] std::uint64_t output_limit_of(Policy const& policy, std::string_view provider,
                                            std::string_view model, std::uint64_t assumed,
                                            typename Policy::lookup_cache& cache) {
    if constexpr (requires { policy.limits(provider, model, cache).output_tokens_max; }) {
        std::uint64_t const known = policy.limits(provider, model, cache).output_tokens_max;
        if (known == 0) return assumed;
        return assumed == limits::output_tokens ? known : (std::min)(known, assumed);
    } else {
        return assumed;
    }
}
// The most output of a model that the policy knows of; 0: it does not.
template <pricing_policy Policy>
[[nodiscard]] std::uint64_t known_output_of(Policy const& policy, std::string_view provider,
                                            std::string_view model,
                                            typename Policy::lookup_cache& cache) {
    if constexpr (requires { policy.limits(provider, model, cache).output_tokens_max; }) {
        return policy.limits(provider, model, cache).output_tokens_max;
    } else {
        return 0;
    }
}
// The most that a model takes in at a time: what the policy's limits(provider, model, cache) says;
// 0: not known.
template <pricing_policy Policy>
[[nodiscard]] std::uint64_t context_of(Policy const& policy, std::string_view provider,
                                       std::string_view model,
                                       typename Policy::lookup_cache& cache) {
    if constexpr (requires { policy.limits(provider, model, cache).context_tokens; }) {
        return policy.limits(provider, model, cache).context_tokens;
    } else {
        return 0;
    }
}
template <pricing_policy Policy>
[[nodiscard]] result<quote> price_attempt(Policy const& policy, std::string_view provider,
                                          attempt_facts const& facts, timestamp at) {
    typename Policy::lookup_cache cache;
    return price_attempt(policy, provider, facts, at, cache);
}

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/pricing/pricing_policy.ipp>
#endif

#endif  // AIAUDIT_PRICING_PRICING_POLICY_HPP

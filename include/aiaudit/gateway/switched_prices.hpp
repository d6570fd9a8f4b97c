// SPDX-License-Identifier: MIT
//
// switched_prices.hpp: prices that are replaced while they are asked.
//
// What a thread asked last stays where it is until that thread asks again, and revision() is of
// that, so a record names the prices that it was priced by.
// Threads: any. Copies share their prices.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_SWITCHED_PRICES_HPP
#define AIAUDIT_GATEWAY_SWITCHED_PRICES_HPP

#include <aiaudit/pricing/pricing_policy.hpp>  // pricing_policy

#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

template <pricing_policy Prices>
class switched_prices {
public:
    class lookup_cache {
    private:
        friend class switched_prices;
        std::shared_ptr<Prices const> prices_{};  // outlives what was found in it
        typename Prices::lookup_cache found_{};
    };

    explicit switched_prices(Prices first) : held_(std::make_shared<held>(std::move(first))) {}

    void set(Prices next) {
        auto prices = std::make_shared<Prices const>(std::move(next));
        std::lock_guard const lock(held_->mutex);
        held_->now = std::move(prices);
    }
    [[nodiscard]] Prices now() const { return *current(); }

    [[nodiscard]] result<quote> price(price_query const& query) const {
        return asked()->price(query);
    }
    [[nodiscard]] result<quote> price(price_query const& query, lookup_cache& cache) const {
        return asked(cache).price(query, cache.found_);
    }
    // What a policy may have: it is here where Prices has it.
    [[nodiscard]] auto most(price_query const& query, price_doubts doubts,
                            lookup_cache& cache) const requires
        requires(Prices const& policy, typename Prices::lookup_cache& found) {
        policy.most(query, doubts, found);
    }
    { return asked(cache).most(query, doubts, cache.found_); }
    [[nodiscard]] auto limits(std::string_view provider, std::string_view model,
                              lookup_cache& cache) const requires
        requires(Prices const& policy, typename Prices::lookup_cache& found) {
        policy.limits(provider, model, found);
    }
    { return asked(cache).limits(provider, model, cache.found_); }
    // Of the prices that this thread asked last; of those at present where it asked none.
    [[nodiscard]] digest revision() const {
        last_asked const& last = last_of_thread();
        return last.place == held_ ? last.prices->revision() : current()->revision();
    }

private:
    struct held {
        explicit held(Prices first) : now(std::make_shared<Prices const>(std::move(first))) {}
        std::mutex mutex{};
        std::shared_ptr<Prices const> now;
    };
    struct last_asked {
        std::shared_ptr<held> place{};  // kept, so that no other stands where that one was
        std::shared_ptr<Prices const> prices{};
    };

    [[nodiscard]] static last_asked& last_of_thread() {
        thread_local last_asked last;
        return last;
    }
    [[nodiscard]] std::shared_ptr<Prices const> current() const {
        std::lock_guard const lock(held_->mutex);
        return held_->now;
    }
    [[nodiscard]] std::shared_ptr<Prices const> const& asked() const {
        last_asked& last = last_of_thread();
        last.prices = current();
        if (last.place != held_) last.place = held_;
        return last.prices;
    }
    [[nodiscard]] Prices const& asked(lookup_cache& cache) const {
        cache.prices_ = asked();
        return *cache.prices_;
    }

    std::shared_ptr<held> held_;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_GATEWAY_SWITCHED_PRICES_HPP

// SPDX-License-Identifier: MIT
//
// single_flight.hpp: of many callers that want the same thing at once, one gets it for all.
//
// The first to join a key leads and does the work; those that join before it is done follow and
// wait. A leader that gives up hands its part to a follower, so no follower waits for nobody.
// Nothing is kept once it is done: it is no cache.
// Threads: all members may be called from any; a handle is for one thread at a time.
// Floor 7.
#ifndef AIAUDIT_CLIENT_SINGLE_FLIGHT_HPP
#define AIAUDIT_CLIENT_SINGLE_FLIGHT_HPP

#include <aiaudit/clock/timer.hpp>         // steady_time
#include <aiaudit/core/digest.hpp>         // digest
#include <aiaudit/detail/string_hash.hpp>  // string_hash
#include <aiaudit/error.hpp>               // result

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>

namespace aiaudit {
inline namespace v0_1_0 {

// Must outlive its handles. A key is any bytes; who must not be served another's answer puts what
// sets them apart into it.
template <class Value>
class single_flight {
    struct flight {
        std::condition_variable_any changed{};
        std::string key{};
        // Under the mutex of the shard.
        std::shared_ptr<Value const> value{};  // set once
        std::size_t followers = 0;
        bool led = true;
    };
    struct shard {
        mutable std::mutex mutex{};
        // Under mutex. Only flights that have no value yet.
        std::unordered_map<std::string, std::shared_ptr<flight>, detail::string_hash,
                           std::equal_to<>>
            flights{};
    };

public:
    class follower;

    // Has to do the work. Its end without finish() makes one of the followers the leader.
    class leader {
    public:
        leader(leader&& other) noexcept = default;
        leader& operator=(leader&& other) noexcept {
            leader moved{std::move(other)};
            std::swap(of_, moved.of_);
            flight_.swap(moved.flight_);
            return *this;
        }
        ~leader() {
            if (flight_) abandon();
        }

        // Gives the value to all followers, and back. Once only: a leader that has finished, or was
        // moved from, gives nothing to anyone.
        std::shared_ptr<Value const> finish(Value value) {
            return finish(std::make_shared<Value const>(std::move(value)));
        }
        std::shared_ptr<Value const> finish(std::shared_ptr<Value const> value) {
            if (!flight_ || !value) return value;
            {
                std::lock_guard const lock(of_->mutex);
                flight_->value = value;
                of_->flights.erase(flight_->key);
            }
            flight_->changed.notify_all();
            flight_.reset();
            return value;
        }

    private:
        friend single_flight;
        friend follower;
        leader(shard& of, std::shared_ptr<flight> led) noexcept
            : of_(&of), flight_(std::move(led)) {}

        void abandon() noexcept {
            {
                std::lock_guard const lock(of_->mutex);
                flight_->led = false;
                if (flight_->followers == 0) of_->flights.erase(flight_->key);
            }
            flight_->changed.notify_one();
            flight_.reset();
        }

        shard* of_;
        std::shared_ptr<flight> flight_;  // none once it has finished
    };

    // Waits for the value of another.
    class follower {
    public:
        // The value, or the lead: the leader has given up and this caller is next.
        using outcome = std::variant<std::shared_ptr<Value const>, leader>;

        follower(follower&& other) noexcept = default;
        follower& operator=(follower&& other) noexcept {
            follower moved{std::move(other)};
            std::swap(of_, moved.of_);
            flight_.swap(moved.flight_);
            return *this;
        }
        ~follower() {
            if (flight_) leave();
        }

        // Errors: timed_out, cancelled; it may wait again after either. bad_argument after an
        // outcome, or for a follower that was moved from.
        [[nodiscard]] result<outcome> wait(steady_time deadline, std::stop_token stop = {}) {
            if (!flight_) return fail(errc::bad_argument, "this follower has its outcome");
            std::unique_lock lock(of_->mutex);
            bool const changed = flight_->changed.wait_until(
                lock, stop, deadline, [this] { return flight_->value || !flight_->led; });
            if (flight_->value) {
                auto value = flight_->value;
                lock.unlock();
                flight_.reset();  // not counted any more: its flight is over
                return outcome{std::move(value)};
            }
            bool const stopped = stop.stop_requested();
            if (stopped || !changed || std::chrono::steady_clock::now() >= deadline) {
                // Whoever was woken to lead and cannot must wake the next.
                if (!flight_->led) flight_->changed.notify_one();
                return stopped ? fail(errc::cancelled, "while another made the same call")
                               : fail(errc::timed_out, "while another made the same call");
            }
            flight_->led = true;
            --flight_->followers;
            lock.unlock();
            return outcome{leader{*of_, std::move(flight_)}};
        }

    private:
        friend single_flight;
        follower(shard& of, std::shared_ptr<flight> followed) noexcept
            : of_(&of), flight_(std::move(followed)) {}

        void leave() noexcept {
            std::lock_guard const lock(of_->mutex);
            if (flight_->value) return;
            --flight_->followers;
            // Others need no word of it: who was woken to lead and did not has woken the next.
            if (!flight_->led && flight_->followers == 0) of_->flights.erase(flight_->key);
        }

        shard* of_;
        std::shared_ptr<flight> flight_;  // none once it has its outcome
    };

    using joined = std::variant<leader, follower>;

    single_flight() = default;
    single_flight(single_flight const&) = delete;
    single_flight& operator=(single_flight const&) = delete;

    // Exactly one leads a key at any time.
    [[nodiscard]] joined join(std::string_view key) {
        shard& of = shards_[detail::string_hash{}(key) % shards_.size()];
        std::lock_guard const lock(of.mutex);
        if (auto const found = of.flights.find(key); found != of.flights.end()) {
            auto const& under_way = found->second;
            if (!std::exchange(under_way->led, true)) return joined{leader{of, under_way}};
            ++under_way->followers;
            return joined{follower{of, under_way}};
        }
        auto begun = std::make_shared<flight>();
        begun->key = key;
        of.flights.emplace(begun->key, begun);
        return joined{leader{of, std::move(begun)}};
    }
    [[nodiscard]] joined join(digest const& key) {
        std::array<char, sizeof key.bytes> bytes{};
        std::copy(key.bytes.begin(), key.bytes.end(), bytes.begin());
        return join(std::string_view{bytes.data(), bytes.size()});
    }

    // Keys that are led or waited for.
    [[nodiscard]] std::size_t size() const {
        std::size_t sum = 0;
        for (shard const& each : shards_) {
            std::lock_guard const lock(each.mutex);
            sum += each.flights.size();
        }
        return sum;
    }

private:
    std::array<shard, 16> shards_{};
};

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_CLIENT_SINGLE_FLIGHT_HPP

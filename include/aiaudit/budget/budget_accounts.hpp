// SPDX-License-Identifier: MIT
//
// budget_accounts.hpp: what the subjects of a budget have spent and reserved: by windows, or as the
// level of a bucket.
//
// Threads: plain values.
// Floor 4.
#ifndef AIAUDIT_BUDGET_BUDGET_ACCOUNTS_HPP
#define AIAUDIT_BUDGET_BUDGET_ACCOUNTS_HPP

#include <aiaudit/budget/budget_windows.hpp>  // rolling_parts
#include <aiaudit/detail/bytes.hpp>           // byte_reader
#include <aiaudit/detail/chunked_array.hpp>   // chunked_array
#include <aiaudit/detail/compact_text.hpp>    // compact_text
#include <aiaudit/detail/hash_index.hpp>      // hash_index

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

struct amounts_used {
    int128 spent = 0;
    int128 reserved = 0;
    [[nodiscard]] constexpr int128 all() const noexcept { return spent + reserved; }
    friend constexpr bool operator==(amounts_used const&, amounts_used const&) = default;
};

// Of one window, or of one part of a rolling one.
struct window_sums {
    static constexpr std::int64_t none = (std::numeric_limits<std::int64_t>::min)();

    amounts_used used{};
    std::int64_t number = none;
    std::uint32_t open = 0;   // reservations
    std::uint32_t fired = 0;  // bit n: the alert percent n was passed
};

// How an account keeps its windows.
struct window_keeping {
    std::size_t kept = 4;    // windows that are remembered; the lowest are forgotten first
    std::int64_t reach = 0;  // parts before one that count together with it
};
[[nodiscard]] constexpr window_keeping keeping_of(budget_period period) noexcept {
    switch (period) {
    case budget_period::total: return {1, 0};
    case budget_period::rolling: return {4 * rolling_parts + 12, rolling_parts};
    case budget_period::day:
    case budget_period::week:
    case budget_period::month:
    case budget_period::quarter:
    case budget_period::year:
    case budget_period::minute: break;
    }
    // One more than three, so that a clock that once stood far ahead costs none of them.
    return {4, 0};
}

// The windows before an account's newest, packed: accounts are many, and these are touched seldom.
class packed_windows {
public:
    struct unpacked {
        std::int64_t floor = window_sums::none;  // all up to it is forgotten
        int128 running = 0;                      // rolling: what the newest window of all counts
        std::vector<window_sums> all{};          // ascending
    };
    packed_windows() = default;
    packed_windows(packed_windows const& other);
    packed_windows(packed_windows&&) noexcept = default;
    packed_windows& operator=(packed_windows other) noexcept {
        bytes_ = std::move(other.bytes_);
        return *this;
    }
    ~packed_windows() = default;

    [[nodiscard]] unpacked read() const;
    void write(unpacked const& from);
    [[nodiscard]] bool empty() const noexcept { return !bytes_; }
    [[nodiscard]] std::size_t count() const noexcept { return bytes_ ? head().count : 0; }
    [[nodiscard]] std::int64_t floor() const noexcept;
    // Where there are any.
    [[nodiscard]] std::int64_t lowest() const noexcept { return head().lowest; }
    [[nodiscard]] int128 running() const noexcept;
    void add_running(int128 change) noexcept;
    // Calls visit(window_sums const&) for each, ascending.
    template <class Visitor>
    void for_each(Visitor&& visit) const {
        if (!bytes_) return;
        byte_reader in = entries();
        window_sums next;
        next.number = head().lowest;
        for (std::size_t left = head().count; left != 0; --left) {
            next.number = later(next.number, in.varint());
            std::uint64_t const mark = in.varint();
            next.used.spent = in.varint128();
            next.used.reserved = (mark & holds) != 0 ? in.varint128() : int128{0};
            next.open = (mark & holds) != 0 ? static_cast<std::uint32_t>(in.varint()) : 0U;
            next.fired = (mark & fires) != 0 ? static_cast<std::uint32_t>(in.varint()) : 0U;
            visit(std::as_const(next));
        }
    }

private:
    // Behind it, of a rolling budget, what runs; then, where there is one, how far below the lowest
    // window the floor is; then the windows, each first with its distance from the one before.
    struct header {
        std::int64_t lowest = 0;
        std::uint16_t bytes = 0;
        std::uint8_t count = 0;
        std::uint8_t has = 0;
    };
    // Windows may be as far apart as time is long.
    [[nodiscard]] static constexpr std::int64_t later(std::int64_t number,
                                                      std::uint64_t distance) noexcept {
        return static_cast<std::int64_t>(static_cast<std::uint64_t>(number) + distance);
    }
    [[nodiscard]] static constexpr std::uint64_t distance_of(std::int64_t number,
                                                             std::int64_t before) noexcept {
        return static_cast<std::uint64_t>(number) - static_cast<std::uint64_t>(before);
    }
    static constexpr std::uint8_t runs = 1;
    static constexpr std::uint8_t has_floor = 2;
    static constexpr std::uint64_t holds = 1;
    static constexpr std::uint64_t fires = 2;
    [[nodiscard]] header head() const noexcept;
    [[nodiscard]] byte_reader behind_head(header const& first) const noexcept;
    [[nodiscard]] byte_reader entries() const noexcept;
    static constexpr std::size_t head_bytes = 8 + 2 + 1 + 1;

    std::unique_ptr<char[]> bytes_{};
};

// What one subject used by windows. Those that nothing was used in are not kept.
class window_account {
public:
    // None where nothing was used in it, or it is forgotten.
    [[nodiscard]] std::optional<window_sums> find(std::int64_t number) const;
    [[nodiscard]] bool has(std::int64_t number) const {
        return number == newest_.number || find(number).has_value();
    }
    // Whether parts are forgotten that would count together with one.
    [[nodiscard]] bool forgot_before(std::int64_t number, window_keeping keeping) const noexcept {
        return number <= floor() + (floor() == window_sums::none ? 0 : keeping.reach);
    }
    // Whether a window is so old that what was used in it is not known, or could not be kept.
    [[nodiscard]] bool forgot(std::int64_t number, window_keeping keeping) const {
        if (number == newest_.number) return false;
        if (number <= floor()) return true;
        return past_.count() + 1 >= keeping.kept && number < lowest() && !has(number);
    }
    // The most that is spent and reserved in any window that an amount at `number` counts in.
    [[nodiscard]] int128 most_used(std::int64_t number, window_keeping keeping) const {
        if (number == newest_.number && keeping.reach == 0) return newest_.used.all();
        return most_used_elsewhere(number, keeping);
    }
    struct window_change {
        amounts_used used{};
        std::int32_t open = 0;
        std::uint32_t fired = 0;
    };
    // Adds to a window that is not forgotten.
    void add(std::int64_t number, window_keeping keeping, window_change const& change) {
        if (number == newest_.number && keeping.reach == 0) return apply(newest_, change);
        add_elsewhere(number, keeping, change);
    }
    // Every threshold can be passed anew.
    void clear_fired();
    // What is used in the window that ends with a part.
    [[nodiscard]] amounts_used ending_with(std::int64_t last, std::int64_t reach) const;
    // Of the newest part; of a rolling budget alone.
    [[nodiscard]] int128 running() const noexcept {
        return past_.empty() ? newest_.used.all() : past_.running();
    }
    [[nodiscard]] std::int64_t newest() const noexcept { return newest_.number; }
    [[nodiscard]] std::int64_t floor() const noexcept { return past_.floor(); }

    // Calls visit(window_sums const&) for each, ascending.
    template <class Visitor>
    void for_each(Visitor&& visit) const {
        past_.for_each(visit);
        if (newest_.number != window_sums::none) visit(newest_);
    }
    // Forgets the windows after one. Those that had been pushed out by them stay forgotten: floor()
    // says so.
    void drop_after(std::int64_t number, window_keeping keeping);
    // Of an account that is read again: its windows are then added.
    void restore_floor(std::int64_t floor);
    // Of an account that was stored: windows ascending, above the floor.
    void restore(std::int64_t floor, std::vector<window_sums> windows, window_keeping keeping);

private:
    static void apply(window_sums& to, window_change const& change) noexcept {
        to.used.spent += change.used.spent;
        to.used.reserved += change.used.reserved;
        to.open += static_cast<std::uint32_t>(change.open);
        to.fired |= change.fired;
    }
    [[nodiscard]] std::int64_t lowest() const noexcept {
        return past_.count() == 0 ? newest_.number : past_.lowest();
    }
    [[nodiscard]] int128 most_used_elsewhere(std::int64_t number, window_keeping keeping) const;
    void add_elsewhere(std::int64_t number, window_keeping keeping, window_change const& change);
    // A window that is not there, of which nothing is used.
    window_sums& make(std::int64_t number, window_keeping keeping, packed_windows::unpacked& past);
    void forget_lowest(packed_windows::unpacked& past);
    void reckon_running(packed_windows::unpacked& past, window_keeping keeping) const;

    // The windows that count an amount at `number` end with it or with a later part; between two
    // parts in use, the one that ends with the earlier holds the more.
    [[nodiscard]] int128 most_in_reach(std::int64_t number, std::int64_t reach) const;

    window_sums newest_{};
    packed_windows past_{};
};

// What one subject used as the level of a bucket that runs out at the limit a minute. It is counted
// in drops: 60,000,000,000 of them are one, so that as many run out in a nanosecond as the limit.
// What was filled in and what ran out are counted for ever, modulo 2^128: their difference is the
// level, and what has its end at a place ran out when that has passed it.
class leaky_bucket {
public:
    static constexpr std::int64_t minute_ns = 60 * nanoseconds_per_second;
    static constexpr std::int64_t remembered_ns = 3 * minute_ns;

    [[nodiscard]] bool forgot(std::int64_t ns) const noexcept {
        return ns < at_ns_ - remembered_ns;
    }
    [[nodiscard]] uint128 level_drops(std::int64_t ns, int128 limit) const noexcept;
    // Rounded up.
    [[nodiscard]] int128 level(std::int64_t ns, int128 limit) const noexcept {
        return static_cast<int128>((level_drops(ns, limit) + (minute_ns - 1)) / minute_ns);
    }
    [[nodiscard]] bool fits(std::int64_t ns, int128 limit, int128 amount) const noexcept {
        return level_drops(ns, limit) + drops(amount) <= drops(limit);
    }
    // How long from `ns` until it fits; none: never.
    [[nodiscard]] std::optional<std::int64_t> wait_ns(std::int64_t ns, int128 limit,
                                                      int128 amount) const noexcept;
    // Fills in an amount; returns the place of its end.
    uint128 fill(std::int64_t ns, int128 limit, int128 amount) noexcept;
    // Takes out what was not used of an amount with such an end, as far as it has not run out. All
    // that came after it moves up, so its end stays where it is.
    void take_back(uint128 end, int128 amount, int128 unused) noexcept;

    // Runs out from an instant on, if it stands at a later one.
    void turn_back(std::int64_t ns) noexcept { at_ns_ = (std::min)(at_ns_, ns); }

    [[nodiscard]] std::int64_t at_ns() const noexcept { return at_ns_; }
    [[nodiscard]] uint128 filled() const noexcept { return filled_; }
    [[nodiscard]] uint128 drained() const noexcept { return drained_; }
    // As stored. False where such a bucket cannot be.
    [[nodiscard]] bool restore(std::int64_t at_ns, uint128 filled, uint128 drained) noexcept;
    [[nodiscard]] static constexpr uint128 drops(int128 amount) noexcept {
        return static_cast<uint128>(amount) * minute_ns;
    }

private:
    static constexpr uint128 level_most = uint128{1} << 120;
    static constexpr uint128 wait_most_ns = uint128{1} << 61;

    uint128 filled_ = 0;
    uint128 drained_ = 0;
    std::int64_t at_ns_ = -9'200'000'000'000'000'000;  // before any reckonable_ns()
};

// What a bucket has of one subject: as calls asked, and as the log has them, which may be another
// order, and lacks what is held tentatively.
struct bucket_account {
    leaky_bucket level{};
    leaky_bucket logged{};
    int128 held = 0;  // what is reserved, whether it has run out or not
    std::uint32_t open = 0;
};

struct budget_account {
    window_account windows{};
    compact_text text{};  // of the subject; empty where the budget has one
    [[nodiscard]] std::string_view name() const noexcept { return text.view(); }
};
#ifndef _GLIBCXX_DEBUG                        // whose containers are larger
static_assert(sizeof(budget_account) == 80);  // at most two lines of a cache
#endif

// The accounts of a budget, by the names of their subjects.
class account_table {
public:
    static constexpr std::uint32_t none = hash_index::none;

    // `keeps_use`: it knows when each was used last.
    account_table(bool of_buckets, bool keeps_use) noexcept
        : of_buckets_(of_buckets), keeps_use_(keeps_use) {}

    // Names of users often differ in their last digits alone, which one round leaves close
    // together.
    [[nodiscard]] static std::uint64_t hash_of(std::string_view name) noexcept {
        return mixed(hash_of_text(name), 0x9E37'79B9'7F4A'7C15ULL);
    }
    [[nodiscard]] std::uint32_t find(std::string_view name, std::uint64_t hash) const {
        return index_.find(
            hash, [&](std::uint32_t number) { return same_text(accounts_[number].name(), name); });
    }
    // The two steps towards an account of which a find() will follow. Among many users each is far
    // away in memory, and other budgets can be looked at meanwhile.
    void prefetch_index(std::uint64_t hash) const noexcept { index_.prefetch(hash); }
    void prefetch_account(std::uint64_t hash) const noexcept;
    std::uint32_t add(std::string_view name, std::uint64_t hash);
    [[nodiscard]] std::uint32_t size() const noexcept {
        return static_cast<std::uint32_t>(accounts_.size());
    }
    [[nodiscard]] budget_account& operator[](std::uint32_t number) noexcept {
        return accounts_[number];
    }
    [[nodiscard]] budget_account const& operator[](std::uint32_t number) const noexcept {
        return accounts_[number];
    }

    // Of a table of buckets.
    [[nodiscard]] bucket_account& bucket(std::uint32_t number) noexcept { return buckets_[number]; }
    [[nodiscard]] bucket_account const& bucket(std::uint32_t number) const noexcept {
        return buckets_[number];
    }

    // Of a table that keeps it; window_sums::none: not yet.
    [[nodiscard]] std::int64_t used_at(std::uint32_t number) const noexcept {
        return used_at_[number];
    }
    void use(std::uint32_t number, std::int64_t ns) noexcept {
        if (keeps_use_) used_at_[number] = (std::max)(used_at_[number], ns);
    }
    // None was used after an instant.
    void turn_back(std::int64_t ns) noexcept {
        for (std::int64_t& each : used_at_) each = (std::min)(each, ns);
        for (bucket_account& each : buckets_) {
            each.level.turn_back(ns);
            each.logged.turn_back(ns);
        }
    }
    // Leaves those for which keep[number] is true, and returns their new numbers.
    std::vector<std::uint32_t> retain(std::vector<bool> const& keep);

private:
    hash_index index_{};
    chunked_array<budget_account> accounts_{};
    std::vector<bucket_account> buckets_{};
    std::vector<std::int64_t> used_at_{};
    bool of_buckets_;
    bool keeps_use_;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/budget/budget_accounts.ipp>
#endif

#endif  // AIAUDIT_BUDGET_BUDGET_ACCOUNTS_HPP

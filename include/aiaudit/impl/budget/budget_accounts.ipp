// SPDX-License-Identifier: MIT
//
// budget_accounts.ipp: the definitions of budget_accounts.hpp.
#ifndef AIAUDIT_IMPL_BUDGET_BUDGET_ACCOUNTS_IPP
#define AIAUDIT_IMPL_BUDGET_BUDGET_ACCOUNTS_IPP

#include <aiaudit/budget/budget_accounts.hpp>
#include <aiaudit/config.hpp>  // AIAUDIT_INLINE

#include <cstring>
#include <string>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE packed_windows::packed_windows(packed_windows const& other) {
    if (other.empty()) return;
    std::size_t const bytes = other.head().bytes;
    bytes_ = std::make_unique<char[]>(bytes);
    std::memcpy(bytes_.get(), other.bytes_.get(), bytes);
}

AIAUDIT_INLINE packed_windows::header packed_windows::head() const noexcept {
    header read;
    char const* const at = bytes_.get();
    read.lowest = load_little_endian<std::int64_t>(at);
    read.bytes = load_little_endian<std::uint16_t>(at + 8);
    read.count = static_cast<std::uint8_t>(at[10]);
    read.has = static_cast<std::uint8_t>(at[11]);
    return read;
}

AIAUDIT_INLINE byte_reader packed_windows::behind_head(header const& first) const noexcept {
    std::size_t const before = head_bytes + ((first.has & runs) != 0 ? sizeof(int128) : 0);
    return byte_reader({bytes_.get() + before, first.bytes - before});
}

AIAUDIT_INLINE byte_reader packed_windows::entries() const noexcept {
    header const first = head();
    byte_reader in = behind_head(first);
    if ((first.has & has_floor) != 0) static_cast<void>(in.varint());
    return in;
}

AIAUDIT_INLINE std::int64_t packed_windows::floor() const noexcept {
    if (!bytes_) return window_sums::none;
    header const first = head();
    if ((first.has & has_floor) == 0) return window_sums::none;
    return later(first.lowest, std::uint64_t{0} - behind_head(first).varint());
}

AIAUDIT_INLINE int128 packed_windows::running() const noexcept {
    int128 value = 0;
    bool const has = bytes_ && (head().has & runs) != 0;
    if (has) std::memcpy(&value, bytes_.get() + head_bytes, sizeof value);
    return value;
}

AIAUDIT_INLINE void packed_windows::add_running(int128 change) noexcept {
    if (!bytes_ || (head().has & runs) == 0) return;
    int128 const value = running() + change;
    std::memcpy(bytes_.get() + head_bytes, &value, sizeof value);
}

AIAUDIT_INLINE packed_windows::unpacked packed_windows::read() const {
    unpacked all;
    all.floor = floor();
    all.running = running();
    all.all.reserve(count() + 1);
    for_each([&all](window_sums const& each) { all.all.push_back(each); });
    return all;
}

AIAUDIT_INLINE void packed_windows::write(unpacked const& from) {
    bool const has_running = from.running != 0;
    bool const floored = from.floor != window_sums::none;
    if (from.all.empty() && !floored && !has_running) return bytes_.reset();
    std::int64_t const lowest =
        from.all.empty() ? (floored ? from.floor : 0) : from.all.front().number;
    std::string packed;
    append_little_endian(packed, lowest);
    packed.append(head_bytes - packed.size(), '\0');
    if (has_running)
        packed.append(reinterpret_cast<char const*>(&from.running), sizeof from.running);
    if (floored) append_varint(packed, distance_of(lowest, from.floor));
    std::int64_t before = lowest;
    for (window_sums const& each : from.all) {
        bool const held = each.used.reserved != 0 || each.open != 0;
        append_varint(packed, distance_of(each.number, before));
        append_varint(packed, (held ? holds : 0) | (each.fired != 0 ? fires : 0));
        before = each.number;
        append_varint128(packed, each.used.spent);
        if (held) append_varint128(packed, each.used.reserved);
        if (held) append_varint(packed, each.open);
        if (each.fired != 0) append_varint(packed, each.fired);
    }
    // At most 251 windows of 58 bytes.
    packed[8] = static_cast<char>(packed.size() & 0xFF);
    packed[9] = static_cast<char>(packed.size() >> 8);
    packed[10] = static_cast<char>(from.all.size());
    packed[11] = static_cast<char>((has_running ? runs : 0) | (floored ? has_floor : 0));
    bytes_ = std::make_unique<char[]>(packed.size());
    std::memcpy(bytes_.get(), packed.data(), packed.size());
}

AIAUDIT_INLINE std::optional<window_sums> window_account::find(std::int64_t number) const {
    if (number == newest_.number && number != window_sums::none) return newest_;
    std::optional<window_sums> found;
    past_.for_each([&](window_sums const& each) {
        if (each.number == number) found = each;
    });
    return found;
}

AIAUDIT_INLINE int128 window_account::most_used_elsewhere(std::int64_t number,
                                                          window_keeping keeping) const {
    if (number == newest_.number) return running();
    if (keeping.reach != 0) return most_in_reach(number, keeping.reach);
    auto const there = find(number);
    return there ? there->used.all() : int128{0};
}

AIAUDIT_INLINE void window_account::add_elsewhere(std::int64_t number, window_keeping keeping,
                                                  window_change const& change) {
    bool const counts = keeping.reach != 0 && number == newest_.number;
    if (counts) {
        apply(newest_, change);
        // Without a past the newest is all that runs.
        if (!past_.empty()) {
            if (past_.running() == 0 || past_.running() + change.used.all() == 0) {
                auto past = past_.read();
                reckon_running(past, keeping);
                past_.write(past);
            } else {
                past_.add_running(change.used.all());
            }
        }
        return;
    }
    auto past = past_.read();
    auto const place = std::find_if(past.all.begin(), past.all.end(),
                                    [number](auto const& each) { return each.number == number; });
    apply(place != past.all.end() ? *place : make(number, keeping, past), change);
    reckon_running(past, keeping);
    past_.write(past);
}

AIAUDIT_INLINE void window_account::clear_fired() {
    newest_.fired = 0;
    if (past_.count() == 0) return;
    auto past = past_.read();
    for (window_sums& each : past.all) each.fired = 0;
    past_.write(past);
}

AIAUDIT_INLINE void window_account::restore_floor(std::int64_t floor) {
    if (floor == past_.floor()) return;
    auto past = past_.read();
    past.running = running();
    past.floor = floor;
    past_.write(past);
}

AIAUDIT_INLINE void window_account::restore(std::int64_t floor, std::vector<window_sums> windows,
                                            window_keeping keeping) {
    packed_windows::unpacked past;
    past.floor = floor;
    past.all = std::move(windows);
    newest_ = {};
    if (!past.all.empty()) {
        newest_ = past.all.back();
        past.all.pop_back();
    }
    reckon_running(past, keeping);
    past_.write(past);
}

AIAUDIT_INLINE amounts_used window_account::ending_with(std::int64_t last,
                                                        std::int64_t reach) const {
    amounts_used sum;
    for_each([&](window_sums const& each) {
        if (each.number > last || last - each.number > reach) return;
        sum.spent += each.used.spent;
        sum.reserved += each.used.reserved;
    });
    return sum;
}

AIAUDIT_INLINE void window_account::reckon_running(packed_windows::unpacked& past,
                                                   window_keeping keeping) const {
    past.running = 0;
    if (keeping.reach == 0 || newest_.number == window_sums::none) return;
    past.running = newest_.used.all();
    for (window_sums const& each : past.all)
        if (newest_.number - each.number <= keeping.reach) past.running += each.used.all();
}

AIAUDIT_INLINE window_sums& window_account::make(std::int64_t number, window_keeping keeping,
                                                 packed_windows::unpacked& past) {
    AIAUDIT_ASSERT(!forgot(number, keeping));
    if (newest_.number == number) return newest_;
    if (newest_.number == window_sums::none) {
        newest_.number = number;
        return newest_;
    }
    if (past.all.size() + 1 >= keeping.kept) forget_lowest(past);
    window_sums made;
    made.number = number;
    if (number < newest_.number) {
        auto const place = std::lower_bound(
            past.all.begin(), past.all.end(), number,
            [](window_sums const& each, std::int64_t wanted) { return each.number < wanted; });
        return *past.all.insert(place, made);
    }
    if (newest_.number != window_sums::none) past.all.push_back(newest_);
    newest_ = made;
    return newest_;
}

AIAUDIT_INLINE void window_account::forget_lowest(packed_windows::unpacked& past) {
    if (past.all.empty()) {
        past.floor = newest_.number;
        newest_ = {};
        return;
    }
    past.floor = past.all.front().number;
    past.all.erase(past.all.begin());
}

AIAUDIT_INLINE void window_account::drop_after(std::int64_t number, window_keeping keeping) {
    if (newest_.number == window_sums::none) return;
    auto past = past_.read();
    // What came below the lowest of as many as are kept was not counted.
    if (past.all.size() + 1 >= keeping.kept) past.floor = (std::max)(past.floor, lowest() - 1);
    while (newest_.number > number) {
        newest_ = {};
        if (past.all.empty()) break;
        newest_ = past.all.back();
        past.all.pop_back();
    }
    past.floor = (std::min)(past.floor, number);
    reckon_running(past, keeping);
    past_.write(past);
}

AIAUDIT_INLINE int128 window_account::most_in_reach(std::int64_t number, std::int64_t reach) const {
    int128 most = ending_with(number, reach).all();
    for_each([&](window_sums const& each) {
        if (each.number <= number || each.number - number > reach) return;
        most = (std::max)(most, ending_with(each.number, reach).all());
    });
    return most;
}

AIAUDIT_INLINE uint128 leaky_bucket::level_drops(std::int64_t ns, int128 limit) const noexcept {
    uint128 const level = filled_ - drained_;
    if (ns <= at_ns_ || level == 0) return level;
    uint128 const out = static_cast<uint128>(limit) *
                        (static_cast<std::uint64_t>(ns) - static_cast<std::uint64_t>(at_ns_));
    return out < level ? level - out : 0;
}

AIAUDIT_INLINE std::optional<std::int64_t> leaky_bucket::wait_ns(std::int64_t ns, int128 limit,
                                                                 int128 amount) const noexcept {
    if (amount > limit || limit == 0) return std::nullopt;
    uint128 const wanted = level_drops(ns, limit) + drops(amount);
    if (wanted <= drops(limit)) return 0;
    uint128 const over = wanted - drops(limit);
    auto const a_nanosecond = static_cast<uint128>(limit);
    uint128 wait = (over + a_nanosecond - 1) / a_nanosecond;
    // Nothing runs out before the time that the bucket stands at.
    if (at_ns_ > ns) wait += static_cast<std::uint64_t>(at_ns_) - static_cast<std::uint64_t>(ns);
    return static_cast<std::int64_t>((std::min)(wait, wait_most_ns));
}

AIAUDIT_INLINE uint128 leaky_bucket::fill(std::int64_t ns, int128 limit, int128 amount) noexcept {
    drained_ = filled_ - level_drops(ns, limit);
    at_ns_ = (std::max)(at_ns_, ns);
    filled_ += (std::min)(drops(amount), level_most - (filled_ - drained_));
    return filled_;
}

AIAUDIT_INLINE void leaky_bucket::take_back(uint128 end, int128 amount, int128 unused) noexcept {
    auto const ahead = static_cast<int128>(end - drained_);
    if (ahead <= 0) return;
    uint128 const still_in = (std::min)(static_cast<uint128>(ahead), drops(amount));
    drained_ += (std::min)({still_in, drops(unused), filled_ - drained_});
}

AIAUDIT_INLINE bool leaky_bucket::restore(std::int64_t at_ns, uint128 filled,
                                          uint128 drained) noexcept {
    at_ns_ = at_ns;
    filled_ = filled;
    drained_ = drained;
    return filled - drained <= level_most;
}

AIAUDIT_INLINE void account_table::prefetch_account(std::uint64_t hash) const noexcept {
    std::uint32_t const number = index_.guess(hash);
    if (number == none) return;
    auto const* const lines = reinterpret_cast<char const*>(&accounts_[number]);
    __builtin_prefetch(lines);
    __builtin_prefetch(lines + sizeof(budget_account) - 1);
    if (of_buckets_) __builtin_prefetch(&buckets_[number]);
}

AIAUDIT_INLINE std::uint32_t account_table::add(std::string_view name, std::uint64_t hash) {
    auto const number = static_cast<std::uint32_t>(accounts_.size());
    accounts_.emplace_back().text = compact_text(name);
    if (of_buckets_) buckets_.emplace_back();
    if (keeps_use_) used_at_.push_back(window_sums::none);
    index_.insert(hash, number, [this](std::uint32_t of) { return hash_of(accounts_[of].name()); });
    return number;
}

AIAUDIT_INLINE std::vector<std::uint32_t> account_table::retain(std::vector<bool> const& keep) {
    account_table left(of_buckets_, keeps_use_);
    std::vector<std::uint32_t> numbers(accounts_.size(), none);
    for (std::uint32_t i = 0; i < accounts_.size(); ++i) {
        if (!keep[i]) continue;
        numbers[i] = left.add(accounts_[i].name(), hash_of(accounts_[i].name()));
        left.accounts_[numbers[i]] = std::move(accounts_[i]);
        if (of_buckets_) left.buckets_[numbers[i]] = buckets_[i];
        if (keeps_use_) left.used_at_[numbers[i]] = used_at_[i];
    }
    *this = std::move(left);
    return numbers;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_BUDGET_BUDGET_ACCOUNTS_IPP

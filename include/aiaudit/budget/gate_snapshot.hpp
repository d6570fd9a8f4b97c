// SPDX-License-Identifier: MIT
//
// gate_snapshot.hpp: what a gate remembers as bytes, so that the log need not be folded from its
// beginning each time. No format for others: what cannot be read is folded from the log anew.
//
// One state has one encoding: budgets and accounts by name, attempts by sequence. Bytes that are
// not the encoding of the state they decode to are refused.
// Threads: functions without state.
// Floor 4.
#ifndef AIAUDIT_BUDGET_GATE_SNAPSHOT_HPP
#define AIAUDIT_BUDGET_GATE_SNAPSHOT_HPP

#include <aiaudit/budget/gate_state.hpp>  // gate_state
#include <aiaudit/detail/bytes.hpp>       // varints, byte_reader

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Stored: never changed. A reader refuses a higher one.
inline constexpr std::uint8_t gate_version = 1;
// The same, and of each budget what was added to its limit: written where there is any.
inline constexpr std::uint8_t gate_version_credits = 2;
// The same as that, and what processes hold ahead, whose attempt is 0; behind it all, who may draw.
inline constexpr std::uint8_t gate_version_advances = 3;
// The same as that, and of each budget its ceilings in a fleet; behind it all, which node this is.
inline constexpr std::uint8_t gate_version_ceilings = 4;
inline constexpr std::string_view gate_magic = "AIG";
inline constexpr std::size_t gate_head_bytes = 8;  // magic, version, CRC-32C of the rest

// The most that a window may have spent: a sum of 10^11 of the largest amounts.
inline constexpr int128 stored_amount_most = budget_amount_most * 100'000'000'000;

// Of what the log says alone: what is held tentatively is passed over.
class gate_encoder {
public:
    explicit gate_encoder(gate_state const& state) : state_(&state) {}

    [[nodiscard]] std::string encode();

private:
    void count(std::uint64_t value) { append_varint(out_, value); }
    void number(std::int64_t value) { append_varint(out_, zigzag(value)); }
    void amount(int128 value) { append_varint128(out_, value); }
    void text(std::string_view value) { append_text(out_, value); }
    void wide(uint128 value) {
        append_little_endian(out_, static_cast<std::uint64_t>(value));
        append_little_endian(out_, static_cast<std::uint64_t>(value >> 64));
    }

    void encode_definition(budget const& of);
    void encode_credits(kept_budget const& of);
    void encode_ceilings(kept_budget const& of);
    void encode_node(fleet_node const& of);
    [[nodiscard]] std::uint8_t version() const;

    // Those that anything is known of, by name, and their new numbers.
    void encode_accounts(kept_budget const& of);
    [[nodiscard]] bool is_used(kept_budget const& of, std::uint32_t number) const;
    [[nodiscard]] bool is_used(std::uint32_t number, window_sums const& sums) const {
        return sums.used.spent != 0 || sums.fired != 0 ||
               (sums.open != 0 && holds_.contains({budget_, number, sums.number}));
    }
    void note_holds();
    [[nodiscard]] static bool is_logged(hold const& of, bool is_advance) noexcept {
        return is_advance ? of.logged > 0 : of.logged != hold::not_logged;
    }
    void encode_bucket(leaky_bucket const& bucket) {
        number(bucket.at_ns());
        wide(bucket.filled());
        wide(bucket.drained());
    }
    // What is reserved comes with the attempts that hold it.
    void encode_windows(std::uint32_t number, window_account const& account);

    void encode_attempts();
    void encode_holds(std::uint32_t attempt);
    void encode_place(std::uint32_t budget, std::uint32_t account, std::int64_t window) {
        count(budget);
        count(numbers_[budget][account]);
        number(window);
    }

    gate_state const* state_;
    std::string out_{};
    std::uint32_t budget_ = 0;                           // which is encoded
    std::vector<std::vector<std::uint32_t>> numbers_{};  // of accounts, by budget
    std::set<std::tuple<std::uint32_t, std::uint32_t, std::int64_t>> holds_{};  // that are logged
};

// The accounts of a table by name, of those that `wanted`.
[[nodiscard]] std::vector<std::uint32_t> accounts_by_name(account_table const& all,
                                                          std::vector<std::uint32_t> wanted);

[[nodiscard]] inline std::string write_gate(gate_state const& state) {
    return gate_encoder(state).encode();
}

class gate_decoder {
public:
    gate_decoder(std::string_view bytes, std::uint8_t version) : in_(bytes), version_(version) {}

    // False where the bytes are no such state.
    [[nodiscard]] bool decode();
    [[nodiscard]] gate_state take() { return std::move(state_); }

private:
    [[nodiscard]] std::int64_t number() noexcept { return unzigzag(in_.varint()); }
    [[nodiscard]] std::string_view text() noexcept { return in_.take(in_.varint()); }
    [[nodiscard]] uint128 wide() noexcept {
        auto const low = in_.little_endian<std::uint64_t>();
        return static_cast<uint128>(in_.little_endian<std::uint64_t>()) << 64 | low;
    }
    // Zero, and a failure, for what does not fit.
    template <class Integer>
    [[nodiscard]] Integer narrow() noexcept {
        std::uint64_t const value = in_.varint();
        if (value <= (std::numeric_limits<Integer>::max)()) return static_cast<Integer>(value);
        in_.fail_read();
        return 0;
    }
    [[nodiscard]] std::int32_t offset() noexcept;

    [[nodiscard]] bool decode_budget();
    void decode_zone(time_zone& to);

    [[nodiscard]] bool decode_accounts(kept_budget& of);
    [[nodiscard]] bool decode_credits(kept_budget& of);
    [[nodiscard]] bool decode_ceilings(kept_budget& of);
    [[nodiscard]] bool decode_node(fleet_node& to);
    [[nodiscard]] bool decode_bucket(bucket_account& to) {
        std::int64_t const at_ns = number();
        uint128 const filled = wide();
        bool const can_be = is_reckonable(at_ns) && to.logged.restore(at_ns, filled, wide());
        to.level = to.logged;
        return can_be;
    }
    [[nodiscard]] bool decode_windows(kept_budget const& of, budget_account& account);
    [[nodiscard]] static bool is_reckonable(std::int64_t ns) noexcept {
        return reckonable_ns({ns}) == ns;
    }

    [[nodiscard]] bool decode_attempt();
    [[nodiscard]] bool decode_hold(hold& to, bool is_advance);
    [[nodiscard]] bool decode_place(std::uint32_t& budget, std::uint32_t& account,
                                    std::int64_t& window);
    [[nodiscard]] bool decode_passed();

    byte_reader in_;
    std::uint8_t version_;
    gate_state state_{};
    std::uint64_t intent_before_ = 0;
};

// Errors: corrupt, newer_format.
[[nodiscard]] result<gate_state> read_gate(std::string_view bytes);

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/budget/gate_snapshot.ipp>
#endif

#endif  // AIAUDIT_BUDGET_GATE_SNAPSHOT_HPP

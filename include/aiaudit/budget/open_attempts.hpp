// SPDX-License-Identifier: MIT
//
// open_attempts.hpp: the attempts that have reserved and not ended, and what each holds of which
// account.
//
// Nothing is allocated or freed while their number stays below what it once was.
// Threads: plain values.
// Floor 4.
#ifndef AIAUDIT_BUDGET_OPEN_ATTEMPTS_HPP
#define AIAUDIT_BUDGET_OPEN_ATTEMPTS_HPP

#include <aiaudit/core/ids.hpp>           // operation_id
#include <aiaudit/detail/hash_index.hpp>  // mixed, same_text

#include <cstddef>
#include <cstdint>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// What an attempt holds of one account.
struct hold {
    static constexpr int128 not_logged = -1;

    int128 amount = 0;
    int128 logged = not_logged;  // as the log has it; less, or nothing, while that is awaited
    // Of an attempt: what it has drawn from an advance, and the log does not say yet. Of an
    // advance: what is not to be drawn from, since the log does not have it yet.
    int128 apart = 0;
    uint128 end = 0;         // of a bucket: where it ends in it
    uint128 logged_end = 0;  // the same as the log has it
    std::int64_t window = 0;
    std::uint32_t budget = 0;
    std::uint32_t account = 0;
    std::uint32_t next = 0;  // of the same attempt
};

// A process that decides alone is known by the first half of the ids that it makes of itself.
[[nodiscard]] std::uint64_t holder_of(operation_id const& id) noexcept;
// Of 62 random bits.
[[nodiscard]] std::uint64_t make_holder();
[[nodiscard]] operation_id id_of_holder(std::uint64_t holder, std::uint64_t rest = 0) noexcept;

struct open_attempt {
    operation_id operation{};
    std::uint32_t attempt = 1;
    std::uint32_t first_hold = 0;
    sequence intent{};  // the last one; zero while none is in the log
    timestamp deadline{};
    bool tentative = false;     // holds more than the log says
    std::uint32_t version = 0;  // of the budgets, when it was made tentative
    std::uint32_t calls = 0;    // of an advance of this process: for how many like the last it is

    // No attempt, but what a process holds ahead: gate_state::find_advance().
    static constexpr std::uint32_t advance = 0;
    [[nodiscard]] bool is_advance() const noexcept { return attempt == advance; }
};

class open_attempts {
public:
    static constexpr std::uint32_t none = hash_index::none;

    [[nodiscard]] std::uint32_t find(operation_id const& operation, std::uint32_t attempt) const;
    // Of one that is not there.
    std::uint32_t add(operation_id const& operation, std::uint32_t attempt);
    // Of one that holds nothing.
    void remove(std::uint32_t number);

    [[nodiscard]] std::size_t size() const noexcept { return index_.size(); }
    // For who looks at some at a time: numbers below this, where they are taken.
    [[nodiscard]] std::uint32_t places() const noexcept {
        return static_cast<std::uint32_t>(attempts_.size());
    }
    [[nodiscard]] bool is_taken(std::uint32_t number) const noexcept {
        return attempts_[number].first_hold != free_mark;
    }
    [[nodiscard]] open_attempt& operator[](std::uint32_t number) noexcept {
        return attempts_[number];
    }
    [[nodiscard]] open_attempt const& operator[](std::uint32_t number) const noexcept {
        return attempts_[number];
    }
    // Calls visit(number) for each; it may remove that one.
    template <class Visitor>
    void for_each(Visitor&& visit) const {
        for (std::uint32_t number = 0; number < attempts_.size(); ++number)
            if (attempts_[number].first_hold != free_mark) visit(number);
    }

    hold& add_hold(std::uint32_t number, hold const& made);
    // Nullptr where it holds nothing of that budget.
    [[nodiscard]] hold* find_hold(std::uint32_t number, std::uint32_t budget) noexcept {
        for (std::uint32_t at = attempts_[number].first_hold; at != none; at = holds_[at].next)
            if (holds_[at].budget == budget) return &holds_[at];
        return nullptr;
    }
    template <class Visitor>
    void for_each_hold(std::uint32_t number, Visitor&& visit) {
        for (std::uint32_t at = attempts_[number].first_hold; at != none; at = holds_[at].next)
            visit(holds_[at]);
    }
    template <class Visitor>
    void for_each_hold(std::uint32_t number, Visitor&& visit) const {
        for (std::uint32_t at = attempts_[number].first_hold; at != none; at = holds_[at].next)
            visit(holds_[at]);
    }
    // Calls drop(hold&) -> bool for each, and takes out those for which it is true.
    template <class Drop>
    void drop_holds(std::uint32_t number, Drop&& drop) {
        std::uint32_t* link = &attempts_[number].first_hold;
        while (*link != none) {
            std::uint32_t const at = *link;
            if (drop(holds_[at])) {
                *link = holds_[at].next;
                free_holds_.push_back(at);
            } else {
                link = &holds_[at].next;
            }
        }
    }

private:
    static constexpr std::uint32_t free_mark = none - 1;

    // A half of the identifier is random, whoever made it.
    [[nodiscard]] static std::uint64_t hash_of(operation_id const& operation,
                                               std::uint32_t attempt) noexcept {
        auto const* const bytes = reinterpret_cast<char const*>(operation.bytes.data());
        return mixed(load_word(bytes) ^ 0x9E37'79B9'7F4A'7C15ULL,
                     load_word(bytes + 8) + attempt * std::uint64_t{0xC2B2'AE3D});
    }
    [[nodiscard]] std::uint64_t hash_at(std::uint32_t number) const noexcept {
        return hash_of(attempts_[number].operation, attempts_[number].attempt);
    }
    template <class Value>
    [[nodiscard]] static std::uint32_t take(std::vector<Value>& all,
                                            std::vector<std::uint32_t>& free) {
        if (free.empty()) {
            all.emplace_back();
            return static_cast<std::uint32_t>(all.size() - 1);
        }
        std::uint32_t const number = free.back();
        free.pop_back();
        return number;
    }
    hash_index index_{};
    std::vector<open_attempt> attempts_{};
    std::vector<hold> holds_{};
    std::vector<std::uint32_t> free_attempts_{};
    std::vector<std::uint32_t> free_holds_{};
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/budget/open_attempts.ipp>
#endif

#endif  // AIAUDIT_BUDGET_OPEN_ATTEMPTS_HPP

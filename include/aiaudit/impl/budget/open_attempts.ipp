// SPDX-License-Identifier: MIT
//
// open_attempts.ipp: the definitions of open_attempts.hpp.
#ifndef AIAUDIT_IMPL_BUDGET_OPEN_ATTEMPTS_IPP
#define AIAUDIT_IMPL_BUDGET_OPEN_ATTEMPTS_IPP

#include <aiaudit/budget/open_attempts.hpp>
#include <aiaudit/config.hpp>        // AIAUDIT_INLINE
#include <aiaudit/detail/bytes.hpp>  // view_of

#include <utility>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

AIAUDIT_INLINE std::uint64_t holder_of(operation_id const& id) noexcept {
    return load_little_endian<std::uint64_t>(reinterpret_cast<char const*>(id.bytes.data()));
}

AIAUDIT_INLINE std::uint64_t make_holder() {
    operation_id const id = make_operation_id({});
    return load_little_endian<std::uint64_t>(reinterpret_cast<char const*>(id.bytes.data()) + 8);
}

AIAUDIT_INLINE operation_id id_of_holder(std::uint64_t holder, std::uint64_t rest) noexcept {
    operation_id id{};
    for (std::size_t i = 0; i < 8; ++i) {
        id.bytes[i] = static_cast<std::uint8_t>(holder >> (8 * i));
        id.bytes[8 + i] = static_cast<std::uint8_t>(rest >> (8 * i));
    }
    return id;
}

AIAUDIT_INLINE std::uint32_t open_attempts::find(operation_id const& operation,
                                                 std::uint32_t attempt) const {
    return index_.find(hash_of(operation, attempt), [&](std::uint32_t number) {
        open_attempt const& each = attempts_[number];
        return each.attempt == attempt &&
               same_text(view_of(each.operation.bytes), view_of(operation.bytes));
    });
}

AIAUDIT_INLINE std::uint32_t open_attempts::add(operation_id const& operation,
                                                std::uint32_t attempt) {
    std::uint32_t const number = take(attempts_, free_attempts_);
    open_attempt& made = attempts_[number];
    made = {};
    made.operation = operation;
    made.attempt = attempt;
    made.first_hold = none;
    index_.insert(hash_at(number), number, [this](std::uint32_t of) { return hash_at(of); });
    return number;
}

AIAUDIT_INLINE void open_attempts::remove(std::uint32_t number) {
    AIAUDIT_ASSERT(attempts_[number].first_hold == none);
    index_.erase(hash_at(number), number, [this](std::uint32_t of) { return hash_at(of); });
    attempts_[number].first_hold = free_mark;
    free_attempts_.push_back(number);
}

AIAUDIT_INLINE hold& open_attempts::add_hold(std::uint32_t number, hold const& made) {
    std::uint32_t const place = take(holds_, free_holds_);
    hold& added = holds_[place];
    added = made;
    added.next = std::exchange(attempts_[number].first_hold, place);
    return added;
}

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_BUDGET_OPEN_ATTEMPTS_IPP

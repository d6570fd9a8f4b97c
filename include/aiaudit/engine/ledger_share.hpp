// SPDX-License-Identifier: MIT
//
// ledger_share.hpp: a ledger as a client or a watch holds it: open for as long as one of its
// holders lives, wherever the object that the application opened has moved, or gone.
//
// Threads: as the ledger's.
// Floor 6.
#ifndef AIAUDIT_ENGINE_LEDGER_SHARE_HPP
#define AIAUDIT_ENGINE_LEDGER_SHARE_HPP

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// Precondition: the ledger was not moved from. `Ledger` is a basic_ledger, or one derived from it
// that can be made of one.
template <class Ledger>
class ledger_share {
public:
    explicit ledger_share(Ledger const& ledger) : ledger_(Ledger(ledger.share())) {}
    [[nodiscard]] Ledger& operator*() const noexcept { return ledger_; }
    [[nodiscard]] Ledger* operator->() const noexcept { return &ledger_; }

private:
    mutable Ledger ledger_;
};

}  // namespace detail
}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_ENGINE_LEDGER_SHARE_HPP

// SPDX-License-Identifier: MIT
//
// reprice.hpp: what the records of some days cost by another price book, and corrections of what
// reports and budgets say of them.
//
// Records stay as they are. A correction (core/correction.hpp) stands for the records of one minute
// that have all names in common, and says by how much their costs change beside all that earlier
// corrections said, so that the same book applied again changes nothing. All corrections of a run
// enter the log in one transaction: a crash leaves all of them, or none.
// Left as they are: costs that the provider itself charged, or that came with an import; attempts
// that cost nothing; bounds, and attempts whose usage is not known; those of models that the book
// does not know.
// Threads: as the ledger's. Processes: one run at a time corrects; others may read and write
// meanwhile, but what they add after a run began is not in it.
// Floor 8.
#ifndef AIAUDIT_REPRICE_HPP
#define AIAUDIT_REPRICE_HPP

#include <aiaudit/basic_ledger.hpp>        // basic_ledger
#include <aiaudit/pricing/price_book.hpp>  // price_book

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace aiaudit {
inline namespace v0_1_0 {

struct reprice_options {
    day_range days{};    // of UTC
    bool apply = false;  // appends corrections; else only says what they would be
    std::string by{};    // who: goes into the corrections
    std::string why{};
};

// Of one day of UTC and model.
struct repriced_group {
    civil_day day{};
    std::string provider{};
    std::string model{};

    friend auto operator<=>(repriced_group const&, repriced_group const&) = default;
};
struct repriced_sums {
    std::uint64_t records = 0;  // that the book prices
    money reported{};           // what reports say of them: the records, and corrections of them
    money repriced{};           // by the book
};

// Why attempts are left as they are; a number is never used again.
enum class left_alone : std::uint8_t {
    own_charge,  // the provider's own charge, or a cost that came with an import
    no_charge,
    bound,      // estimated
    no_usage,   // nobody knows what was used
    not_priced  // the book does not know the model, or cannot price what it counted
};
inline constexpr std::size_t left_alone_count = 5;

struct repricing {
    std::map<repriced_group, repriced_sums> groups{};
    std::array<std::uint64_t, left_alone_count> left{};  // by left_alone
    // Of not_priced: "provider/model", how many records.
    std::map<std::string, std::uint64_t> unknown{};
    std::uint64_t corrections = 0;  // records that say so, appended where `apply` wants that
    sequence first{};               // of them; zero where none were appended
};

// Bounds: as many minutes with all names alike as reprice_cells_max, each of about 800 bytes of
// memory. Errors: bad_argument, where days are among those of which retention has dropped records;
// too_large, for more than the bound; already_open, where another process corrects; as append_all()
// and read().
inline constexpr std::size_t reprice_cells_max = std::size_t{1} << 20;
template <class Policies>
[[nodiscard]] result<repricing> reprice(basic_ledger<Policies>& log, price_book const& book,
                                        reprice_options const& options);

#ifdef AIAUDIT_SEPARATE
extern template result<repricing> reprice(ledger&, price_book const&, reprice_options const&);
#endif

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/reprice.tpp>
#endif

#endif  // AIAUDIT_REPRICE_HPP

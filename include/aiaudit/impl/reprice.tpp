// SPDX-License-Identifier: MIT
//
// reprice.tpp: the templates of reprice.hpp, for any policies.
#ifndef AIAUDIT_IMPL_REPRICE_TPP
#define AIAUDIT_IMPL_REPRICE_TPP

#include <aiaudit/codec/block.hpp>             // read_block_as
#include <aiaudit/codec/record_codec.hpp>      // encode_record
#include <aiaudit/core/correction.hpp>         // correction_tag
#include <aiaudit/engine/correction_lock.hpp>  // lock_corrections
#include <aiaudit/pricing/priced_record.hpp>   // set_cost
#include <aiaudit/reprice.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

namespace detail {

// What a record says of money, or by how much that changes: sums that may be negative.
struct money_said {
    int128 pico = 0;
    std::int64_t uncosted = 0;
    std::int64_t unsure = 0;

    [[nodiscard]] static money_said by(record const& entry) noexcept {
        return {entry.cost.pico(), totals::is_uncosted(entry) ? 1 : 0,
                totals::is_unsure(entry) ? 1 : 0};
    }
    money_said& operator+=(money_said const& other) noexcept {
        pico += other.pico;
        uncosted += other.uncosted;
        unsure += other.unsure;
        return *this;
    }
    money_said& operator-=(money_said const& other) noexcept {
        pico -= other.pico;
        uncosted -= other.uncosted;
        unsure -= other.unsure;
        return *this;
    }
    friend bool operator==(money_said const&, money_said const&) = default;
};

// The corrections of a run, and what they rest on.
template <class Ledger>
class repricer {
public:
    repricer(Ledger& log, price_book const& book, reprice_options const& options)
        : ledger_(log), book_(book), options_(options) {}

    [[nodiscard]] result<repricing> run() {
        if (options_.days.first > options_.days.last)
            return fail(errc::bad_argument, "the last day is before the first");
        if (options_.apply) {
            if (auto ok = lock(); !ok) return ok.error();
        }
        if (auto ok = note_days(); !ok) return ok.error();
        if (auto ok = read_records(); !ok) return ok.error();
        if (auto ok = check_days(); !ok) return ok.error();
        found_.corrections = static_cast<std::uint64_t>(std::count_if(
            cells_.begin(), cells_.end(), [](auto const& each) { return each.second.differs(); }));
        add_earlier_corrections();
        if (options_.apply && found_.corrections != 0) {
            auto const first = append();
            if (!first) return first.error();
            found_.first = *first;
        }
        return std::move(found_);
    }

private:
    static constexpr std::size_t own_tags = 5;

    // Records of one minute that have all names alike.
    struct minute_cell {
        timestamp instant{};
        std::uint64_t changed = 0;  // outcomes that have another cost by the book
        // What the book says, less what the records and earlier corrections say.
        money_said change{};
        bool has_outcomes = false;  // left alone or not

        // Whether there is anything to say. Records that are gone are not corrected anew.
        [[nodiscard]] bool differs() const noexcept {
            return has_outcomes && change != money_said{};
        }
    };

    [[nodiscard]] result<void> lock() {
        if (ledger_.bytes_on_disk() == 0) return {};
        auto held = lock_corrections(ledger_.path());
        if (!held) return held.error();
        lock_ = std::move(*held);
        return {};
    }

    // What was dropped cannot be priced again, nor can corrections of it be told from others. The
    // rollups still count it.
    [[nodiscard]] result<void> note_days() {
        auto const first = ledger_.log().first();
        if (!first) return first.error();
        if (*first <= 1) return {};
        auto const daily = ledger_.report({report_kind::daily, {}, options_.days, {}});
        if (!daily) return daily.error();
        for (report_row const& row : daily->rows) missing_[row.day] = row.sum.attempts;
        return {};
    }
    [[nodiscard]] result<void> check_days() const {
        for (auto const& [day, count] : missing_) {
            if (count != 0)
                return fail(errc::bad_argument,
                            std::to_string(count) + " records of " + day.to_string() +
                                " were dropped by retention, and cannot be priced again: begin "
                                "after that day");
        }
        return {};
    }

    [[nodiscard]] result<void> read_records() {
        auto const first = ledger_.log().first();
        if (!first) return first.error();
        result<void> taken;
        return ledger_.log().blocks(*first, [&](std::string_view block) -> result<bool> {
            auto const header = read_block_header(block);
            if (!header) return header.error();
            if (day_of(header->latest) < options_.days.first ||
                day_of(header->earliest) > options_.days.last)
                return true;
            auto const read = read_block_as<std::string>(block, [&](sequence, record const& entry) {
                if (options_.days.holds(day_of(entry.started_at))) taken = take(entry);
                return taken.has_value();
            });
            if (!read) return read.error();
            if (!taken) return taken.error();
            return true;
        });
    }
    [[nodiscard]] static civil_day day_of(timestamp instant) noexcept {
        return time_zone{}.day_of(instant);
    }

    [[nodiscard]] result<void> take(record const& entry) {
        if (entry.kind == record_kind::correction) {
            if (is_late_cost(entry)) return {};  // of a bound, which is left as it is
            auto const cell = cell_of(entry, own_tags);
            if (!cell) return cell.error();
            auto const number = [&entry](std::string_view name) {
                return static_cast<std::int64_t>(correction_number(entry, name));
            };
            (*cell)->change -=
                {entry.cost.pico(), -number(correction_tag::costed), -number(correction_tag::sure)};
            corrected_[group_of(entry)] += entry.cost;
            return {};
        }
        if (entry.kind != record_kind::outcome) return {};
        auto const counted = missing_.find(day_of(entry.started_at));
        if (counted != missing_.end() && counted->second != 0) --counted->second;
        auto const cell = cell_of(entry, 0);
        if (!cell) return cell.error();
        (*cell)->has_outcomes = true;
        auto const why = reason_to_leave(entry);
        if (why || !price(entry)) {
            ++found_.left[static_cast<std::size_t>(why.value_or(left_alone::not_priced))];
            if (!why) ++found_.unknown[entry.provider + "/" + entry.model()];
            return {};
        }
        money_said change = money_said::by(priced_);
        change -= money_said::by(entry);
        if (change != money_said{}) ++(*cell)->changed;
        (*cell)->change += change;
        repriced_sums& sums = found_.groups[group_of(entry)];
        ++sums.records;
        sums.reported += entry.cost;
        sums.repriced += priced_.cost;
        return {};
    }
    [[nodiscard]] static repriced_group group_of(record const& entry) {
        return {day_of(entry.started_at), entry.provider, entry.model()};
    }

    [[nodiscard]] static std::optional<left_alone> reason_to_leave(record const& entry) noexcept {
        bool const own = entry.price_basis == price_basis::provider || entry.price_book.is_zero();
        switch (entry.cost_status) {
        case cost_status::no_charge: return left_alone::no_charge;
        case cost_status::estimated: return left_alone::bound;
        case cost_status::unknown: return left_alone::no_usage;
        case cost_status::unpriced:
            if (entry.usage.empty()) return left_alone::no_usage;
            break;
        case cost_status::priced:
        case cost_status::partial:
            if (own) return left_alone::own_charge;
            break;
        }
        return std::nullopt;
    }

    // Into priced_. False where the book cannot.
    [[nodiscard]] bool price(record const& entry) {
        facts_.model_requested = entry.model_requested;
        facts_.model_served = entry.model_served;
        facts_.operation = entry.operation;
        facts_.parameters = entry.parameters;
        facts_.usage = entry.usage;
        facts_.iterations = entry.iterations;
        facts_.service_tier = entry.service_tier;
        facts_.region = entry.region;
        facts_.speed = entry.speed;
        facts_.unread = entry.unread;
        // A charge of nothing cannot be relied on, and makes the cost partial; another one that is
        // not the cost is what an import says beside it.
        bool const charged_nothing = entry.provider_cost && entry.provider_cost->pico() == 0;
        facts_.provider_cost = charged_nothing ? entry.provider_cost : std::nullopt;
        facts_.complete = true;
        priced_.provider = entry.provider;
        priced_.model_requested = entry.model_requested;
        priced_.model_served = entry.model_served;
        priced_.started_at = entry.started_at;
        priced_.price_basis = price_basis::listed;
        priced_.unread = entry.unread;
        return !set_cost(priced_, facts_, book_, cache_).has_value();
    }

    // The cell of a record, without so many tags of its own.
    [[nodiscard]] result<minute_cell*> cell_of(record const& entry, std::size_t tags) {
        constexpr std::int64_t minute_ns = 60 * nanoseconds_per_second;
        key_.kind = record_kind::correction;
        key_.operation = operation::other;
        key_.cost_status = cost_status::priced;
        key_.user = entry.user;
        key_.project = entry.project;
        key_.key_id = entry.key_id;
        key_.provider = entry.provider;
        key_.model_requested = entry.model_requested;
        key_.model_served = entry.model_served;
        key_.http_status = entry.http_status;
        key_.error_type = entry.error_type;
        key_.started_at.ns = floor_divide(entry.started_at.ns, minute_ns) * minute_ns;
        key_.tags.assign(
            entry.tags.begin() + static_cast<std::ptrdiff_t>((std::min)(tags, entry.tags.size())),
            entry.tags.end());
        std::string_view const encoded = encode_record(key_, room_);
        auto place = cells_.find(encoded);
        if (place == cells_.end()) {
            if (cells_.size() == reprice_cells_max)
                return fail(errc::too_large, "more than " + std::to_string(reprice_cells_max) +
                                                 " minutes of users and models: give fewer days");
            place = cells_.emplace(std::string(encoded), minute_cell{}).first;
            place->second.instant = key_.started_at;
        }
        return &place->second;
    }

    // Reports say of the groups what records and earlier corrections say.
    void add_earlier_corrections() {
        for (auto& [group, sums] : found_.groups) {
            auto const change = corrected_.find(group);
            if (change != corrected_.end()) sums.reported += change->second;
        }
    }

    // By time, so that one run makes the same records as another.
    [[nodiscard]] result<sequence> append() {
        std::vector<typename cell_table::const_iterator> order;
        for (auto cell = cells_.cbegin(); cell != cells_.cend(); ++cell) {
            if (cell->second.differs()) order.push_back(cell);
        }
        std::sort(order.begin(), order.end(), [](auto const& a, auto const& b) {
            return std::pair(a->second.instant, std::string_view(a->first)) <
                   std::pair(b->second.instant, std::string_view(b->first));
        });
        std::size_t next = 0;
        std::optional<error> wrong;
        auto const first = ledger_.append_all([&](record& entry) {
            if (next == order.size()) return false;
            auto const& [key, cell] = *order[next++];
            auto correction = decode_record(key);
            if (!correction) {
                wrong = correction.error();
                return false;
            }
            entry = std::move(*correction);
            complete(entry, cell);
            return true;
        });
        if (wrong) return *wrong;
        return first;
    }
    void complete(record& entry, minute_cell const& cell) const {
        entry.cost = money::from_pico(cell.change.pico);
        entry.price_book = book_.revision();
        std::array tags{
            std::pair{std::string(correction_tag::by), options_.by},
            std::pair{std::string(correction_tag::why), options_.why},
            std::pair{std::string(correction_tag::records), std::to_string(cell.changed)},
            std::pair{std::string(correction_tag::costed), std::to_string(-cell.change.uncosted)},
            std::pair{std::string(correction_tag::sure), std::to_string(-cell.change.unsure)}};
        static_assert(std::tuple_size_v<decltype(tags)> == own_tags);
        entry.tags.insert(entry.tags.begin(), std::make_move_iterator(tags.begin()),
                          std::make_move_iterator(tags.end()));
    }

    using cell_table = std::unordered_map<std::string, minute_cell, string_hash, std::equal_to<>>;

    Ledger& ledger_;
    price_book const& book_;
    reprice_options const& options_;
    file_handle lock_{};
    std::map<civil_day, std::uint64_t> missing_{};  // attempts that are counted and not read yet
    std::map<repriced_group, money> corrected_{};   // by earlier corrections
    repricing found_{};
    cell_table cells_{};  // by the encoding of what they have in common
    // Used again from record to record.
    record key_{};
    record priced_{};
    attempt_facts facts_{};
    typename price_book::lookup_cache cache_{};
    std::string room_{};
};

}  // namespace detail

template <class Policies>
result<repricing> reprice(basic_ledger<Policies>& log, price_book const& book,
                          reprice_options const& options) {
    return detail::repricer<basic_ledger<Policies>>(log, book, options).run();
}

}  // namespace v0_1_0
}  // namespace aiaudit

#endif  // AIAUDIT_IMPL_REPRICE_TPP

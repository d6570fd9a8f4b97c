// SPDX-License-Identifier: MIT
//
// reprice.tpp: the templates of reprice.hpp, for any policies.
#ifndef AIAUDIT_IMPL_REPRICE_TPP
#define AIAUDIT_IMPL_REPRICE_TPP

#include <aiaudit/codec/record_codec.hpp>     // encode_record
#include <aiaudit/core/correction.hpp>        // correction_tag
#include <aiaudit/engine/log_reader.hpp>      // log_reader
#include <aiaudit/pricing/priced_record.hpp>  // set_cost
#include <aiaudit/reprice.hpp>
#include <aiaudit/storage/posix_file.hpp>  // file_handle

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {

namespace detail {

// What a record says of money, and what a run finds or says of it: sums that may be negative.
struct money_said {
    int128 pico = 0;
    std::int64_t uncosted = 0;
    std::int64_t unsure = 0;

    [[nodiscard]] static money_said by(record const& entry) noexcept {
        bool const uncosted = entry.cost_status == cost_status::unpriced;
        return {entry.cost.pico(), uncosted ? 1 : 0, totals::is_unsure(entry) ? 1 : 0};
    }
    void add(money_said const& more) noexcept {
        pico += more.pico;
        uncosted += more.uncosted;
        unsure += more.unsure;
    }
    [[nodiscard]] money_said less(money_said const& other) const noexcept {
        return {pico - other.pico, uncosted - other.uncosted, unsure - other.unsure};
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
        for (auto const& [key, of] : cells_) {
            if (!of.change().has_value()) continue;
            ++made_.corrections;
        }
        add_earlier_corrections();
        if (options_.apply && made_.corrections != 0) {
            auto const first = append();
            if (!first) return first.error();
            made_.first = *first;
        }
        return std::move(made_);
    }

private:
    static constexpr char const* lock_name = "reprice.lock";
    static constexpr std::size_t own_tags = 5;

    // Records of one minute that have all names alike.
    struct minute_cell {
        timestamp at{};
        std::uint64_t records = 0;  // outcomes, left alone or not
        std::uint64_t changed = 0;  // by the book, of these
        money_said recorded{};
        money_said corrected{};  // by earlier corrections
        money_said wanted{};

        // What is to be said, if anything is. Records that are gone are not corrected anew.
        [[nodiscard]] std::optional<money_said> change() const noexcept {
            money_said said = wanted.less(recorded);
            said = said.less(corrected);
            if (records == 0 || said == money_said{}) return std::nullopt;
            return said;
        }
    };

    [[nodiscard]] result<void> lock() {
        if (ledger_.bytes_on_disk() == 0) return {};
        std::string const path = ledger_.path() + "/" + lock_name;
        auto file = file_handle::open(path, O_RDWR | O_CREAT);
        if (!file) return posix_error(errno, "open", path);
        if (lock_file(file.get(), LOCK_EX | LOCK_NB) != 0) {
            if (errno != EWOULDBLOCK) return posix_error(errno, "flock", path);
            return fail(errc::already_open,
                        ledger_.path() + ": another process corrects prices; try again after it");
        }
        lock_ = std::move(file);
        return {};
    }

    // What was dropped cannot be priced again, nor can corrections of it be told from others. The
    // rollups still count it.
    [[nodiscard]] result<void> note_days() {
        auto const first = ledger_.log().first();
        if (!first) return first.error();
        if (*first <= 1) return {};
        auto const all = ledger_.report({report_kind::daily, {}, options_.days, {}});
        if (!all) return all.error();
        for (report_row const& row : all->rows) missing_[row.day] = row.sum.attempts;
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
        auto const read = ledger_.log().blocks(*first, [&](std::string_view block) -> result<bool> {
            auto const header = read_block_header(block);
            if (!header) return header.error();
            if (day_of(header->latest) < options_.days.first ||
                day_of(header->earliest) > options_.days.last)
                return true;
            auto const all = read_block_as<std::string>(block, [&](sequence, record const& entry) {
                if (options_.days.holds(day_of(entry.started_at))) taken = take(entry);
                return taken.has_value();
            });
            if (!all) return all.error();
            if (!taken) return taken.error();
            return true;
        });
        return read;
    }
    [[nodiscard]] static civil_day day_of(timestamp at) noexcept { return time_zone{}.day_of(at); }

    [[nodiscard]] result<void> take(record const& entry) {
        if (entry.kind == record_kind::correction) {
            auto const cell = cell_of(entry, own_tags);
            if (!cell) return cell.error();
            auto const number = [&entry](std::string_view name) {
                return static_cast<std::int64_t>(correction_number(entry, name));
            };
            (*cell)->corrected.add({entry.cost.pico(), -number(correction_tag::costed),
                                    -number(correction_tag::sure)});
            return {};
        }
        if (entry.kind != record_kind::outcome) return {};
        auto const counted = missing_.find(day_of(entry.started_at));
        if (counted != missing_.end() && counted->second != 0) --counted->second;
        auto const cell = cell_of(entry, 0);
        if (!cell) return cell.error();
        minute_cell& of = **cell;
        money_said const recorded = money_said::by(entry);
        ++of.records;
        of.recorded.add(recorded);
        auto const why = reason_to_leave(entry);
        money_said wanted = recorded;
        if (!why && price(entry)) {
            wanted = money_said::by(priced_);
            if (!(wanted == recorded)) ++of.changed;
            repriced_sums& sums = made_.groups[group_of(entry)];
            ++sums.records;
            sums.reported += entry.cost;
            sums.repriced += priced_.cost;
        } else {
            left_alone const reason = why.value_or(left_alone::not_priced);
            ++made_.left[static_cast<std::size_t>(reason)];
            if (!why) ++made_.unknown[entry.provider + "/" + entry.model()];
        }
        of.wanted.add(wanted);
        return {};
    }
    [[nodiscard]] static repriced_group group_of(record const& entry) {
        return {day_of(entry.started_at), entry.provider, entry.model()};
    }

    [[nodiscard]] static std::optional<left_alone> reason_to_leave(record const& entry) noexcept {
        bool const own = entry.price_basis == price_basis::provider ||
                         (entry.provider_cost && *entry.provider_cost == entry.cost);
        switch (entry.cost_status) {
        case cost_status::no_charge: return left_alone::no_charge;
        case cost_status::estimated: return left_alone::bound;
        case cost_status::unknown: return left_alone::no_usage;
        case cost_status::unpriced:
            if (entry.usage.empty()) return left_alone::no_usage;
            break;
        case cost_status::priced:
        case cost_status::partial:
            if (own || entry.price_book.is_zero()) return left_alone::own_charge;
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
        facts_.provider_cost = entry.provider_cost;  // one that could not be relied on
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
            place->second.at = key_.started_at;
        }
        return &place->second;
    }

    // Reports say of the groups what records and earlier corrections say.
    void add_earlier_corrections() {
        for (auto const& [key, of] : cells_) {
            if (of.corrected.pico == 0) continue;
            auto const entry = decode_record(key);
            if (!entry) continue;
            auto const found = made_.groups.find(group_of(*entry));
            if (found != made_.groups.end())
                found->second.reported += money::from_pico(of.corrected.pico);
        }
    }

    // By time, so that one run makes the same records as another.
    [[nodiscard]] result<sequence> append() {
        std::vector<typename cell_table::const_iterator> order;
        for (auto cell = cells_.cbegin(); cell != cells_.cend(); ++cell) {
            if (cell->second.change()) order.push_back(cell);
        }
        std::sort(order.begin(), order.end(), [](auto const& a, auto const& b) {
            return std::pair(a->second.at, std::string_view(a->first)) <
                   std::pair(b->second.at, std::string_view(b->first));
        });
        std::size_t next = 0;
        std::optional<error> wrong;
        auto const first = ledger_.append_all([&](record& entry) {
            if (next == order.size()) return false;
            auto const& [key, of] = *order[next++];
            auto made = decode_record(key);
            if (!made) {
                wrong = made.error();
                return false;
            }
            entry = std::move(*made);
            complete(entry, of, *of.change());
            return true;
        });
        if (wrong) return *wrong;
        return first;
    }
    void complete(record& entry, minute_cell const& of, money_said const& change) const {
        entry.cost = money::from_pico(change.pico);
        entry.price_book = book_.revision();
        std::vector<std::pair<std::string, std::string>> tags{
            {std::string(correction_tag::by), options_.by},
            {std::string(correction_tag::why), options_.why},
            {std::string(correction_tag::records), std::to_string(of.changed)},
            {std::string(correction_tag::costed), std::to_string(-change.uncosted)},
            {std::string(correction_tag::sure), std::to_string(-change.unsure)}};
        static_assert(own_tags == 5);
        entry.tags.insert(entry.tags.begin(), std::make_move_iterator(tags.begin()),
                          std::make_move_iterator(tags.end()));
    }

    using cell_table = std::unordered_map<std::string, minute_cell, string_hash, std::equal_to<>>;

    Ledger& ledger_;
    price_book const& book_;
    reprice_options const& options_;
    file_handle lock_{};
    std::map<civil_day, std::uint64_t> missing_{};  // attempts that are counted and not read yet
    repricing made_{};
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

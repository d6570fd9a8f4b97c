// SPDX-License-Identifier: MIT
//
// What reports are made from.

#include "report_source.hpp"

#ifdef AIAUDIT_TOOL_POSTGRES
#include <aiaudit/sinks/postgres_collection.hpp>
#endif

#include <algorithm>
#include <map>
#include <optional>

namespace aiaudit_tool {
namespace report_sources {

// By the price book: beside the provider's charge, or, of an import, the cost itself.
std::optional<aiaudit::money> computed_cost_of(aiaudit::record const& entry) {
    bool const is_priced = entry.cost_status == aiaudit::cost_status::priced ||
                           entry.cost_status == aiaudit::cost_status::partial;
    if (entry.computed_cost || !is_priced || entry.price_book.is_zero() ||
        entry.price_basis == aiaudit::price_basis::provider)
        return entry.computed_cost;
    return entry.cost;
}

class ledger_source final : public report_source {
public:
    explicit ledger_source(std::string path)
        : path_(std::move(path)),
          ledger_(value_or_fail(
              aiaudit::ledger::open({.path = path_, .create = false, .read_only = true}), path_)) {}

    aiaudit::report report(aiaudit::report_query const& query) override {
        return value_or_fail(ledger_.report(query), path_);
    }
    // Reads the log, since the rollups do not tell tags apart.
    std::vector<std::pair<std::string, aiaudit::totals>> tag_sums(
        std::string const& tag, aiaudit::report_query const& query) override {
        std::map<std::string, aiaudit::totals> all;
        read([&](aiaudit::record const& entry) {
            bool const counts = entry.kind == aiaudit::record_kind::outcome ||
                                entry.kind == aiaudit::record_kind::correction;
            std::string_view const name = aiaudit::detail::tag_of(entry, tag);
            if (counts && !name.empty() && query.days.holds(query.zone.day_of(entry.started_at)))
                aiaudit::detail::wrapping_add(all[std::string(name)], aiaudit::totals::of(entry));
        });
        std::vector<std::pair<std::string, aiaudit::totals>> order(all.begin(), all.end());
        std::stable_sort(order.begin(), order.end(), [](auto const& a, auto const& b) {
            return b.second.cost < a.second.cost;
        });
        return order;
    }
    // Reads the log, since the rollups do not tell them apart.
    std::vector<drift_line> drift(aiaudit::report_query const& query) override {
        std::map<std::pair<std::string, std::string>, drift_line> all;
        read([&](aiaudit::record const& entry) {
            auto const computed = computed_cost_of(entry);
            if (entry.kind != aiaudit::record_kind::outcome || !computed || !entry.provider_cost ||
                !query.days.holds(query.zone.day_of(entry.started_at)))
                return;
            drift_line& sum = all[{entry.provider, entry.model()}];
            ++sum.records;
            sum.charged += *entry.provider_cost;
            sum.computed += *computed;
        });
        std::vector<drift_line> lines;
        for (auto& [names, sum] : all) {
            sum.provider = names.first;
            sum.model = names.second;
            lines.push_back(std::move(sum));
        }
        return lines;
    }
    std::uint64_t first() override {
        return value_of(value_or_fail(ledger_.first_sequence(), path_));
    }

private:
    template <class Visitor>
    void read(Visitor&& visit) {
        auto const oldest = value_or_fail(ledger_.first_sequence(), path_);
        value_or_fail(ledger_.read(oldest,
                                   [&](aiaudit::sequence, aiaudit::record&& entry) {
                                       visit(entry);
                                       return true;
                                   }),
                      path_);
    }

    std::string path_;
    aiaudit::ledger ledger_;
};

#ifdef AIAUDIT_TOOL_POSTGRES
class collection_source final : public report_source {
public:
    collection_source(std::string url, std::string log)
        : from_(value_or_fail(open(std::move(url), std::move(log)))) {}

    aiaudit::report report(aiaudit::report_query const& query) override {
        return value_or_fail(from_.report(query));
    }
    std::vector<std::pair<std::string, aiaudit::totals>> tag_sums(
        std::string const& tag, aiaudit::report_query const& query) override {
        std::vector<std::pair<std::string, aiaudit::totals>> sums;
        for (auto& each : value_or_fail(from_.tag_sums(tag, query)))
            sums.emplace_back(std::move(each.value), each.sum);
        return sums;
    }
    std::vector<drift_line> drift(aiaudit::report_query const& query) override {
        std::vector<drift_line> lines;
        for (auto& each : value_or_fail(from_.drift(query)))
            lines.push_back({std::move(each.provider), std::move(each.model), each.records,
                             each.charged, each.computed});
        return lines;
    }
    std::uint64_t first() override { return 1; }

private:
    static aiaudit::result<aiaudit::postgres_collection> open(std::string url, std::string log) {
        aiaudit::pq_options options;
        options.url = std::move(url);
        options.application = "aiaudit report";
        options.answer_max = std::chrono::minutes(15);
        return aiaudit::postgres_collection::open(std::move(options), std::move(log));
    }

    aiaudit::postgres_collection from_;
};
#endif

}  // namespace report_sources

std::unique_ptr<report_source> open_ledger_source(std::string const& path) {
    return std::make_unique<report_sources::ledger_source>(path);
}

bool is_collection_address(std::string const& text) {
    return text.starts_with('$') || text.starts_with('@') || text.starts_with("postgresql://") ||
           text.starts_with("postgres://");
}

std::unique_ptr<report_source> open_collection_source(std::string const& address,
                                                      std::string const& log,
                                                      std::string const& option) {
#ifdef AIAUDIT_TOOL_POSTGRES
    bool const elsewhere = address.starts_with('$') || address.starts_with('@');
    return std::make_unique<report_sources::collection_source>(
        elsewhere ? secret_at(address, option) : address, log);
#else
    (void)address;
    (void)log;
    throw failure{option + ": this program was built without libpq"};
#endif
}

}  // namespace aiaudit_tool

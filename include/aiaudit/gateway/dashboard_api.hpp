// SPDX-License-Identifier: MIT
//
// dashboard_api.hpp: the JSON behind the dashboard: what was spent, by day and by what, and how the
// budgets stand. Which paths there are says openapi.hpp.
//
// Figures have the names and the text that `aiaudit report` gives them: amounts are exact decimals
// as text.
// Threads: all members may be called from any thread at once.
// Floor 9.
#ifndef AIAUDIT_GATEWAY_DASHBOARD_API_HPP
#define AIAUDIT_GATEWAY_DASHBOARD_API_HPP

#include <aiaudit/budget/gate_views.hpp>           // forecast_of
#include <aiaudit/export/budget_report.hpp>        // cells_of
#include <aiaudit/export/report_text.hpp>          // cells_of, figures_of
#include <aiaudit/gateway/dashboard_query.hpp>     // api_parameters
#include <aiaudit/gateway/dashboard_records.hpp>   // dashboard_records
#include <aiaudit/gateway/dashboard_shipping.hpp>  // dashboard_shipping
#include <aiaudit/gateway/openapi.hpp>             // operation_at

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aiaudit {
inline namespace v0_1_0 {
namespace detail {

// All that a report says of a row but its names. Percentiles cannot be added up: a sum over days or
// models has none.
[[nodiscard]] std::vector<report_cell> dashboard_figures(report_row const& row,
                                                         bool has_percentiles);

[[nodiscard]] gateway_response csv_response(std::string_view name, day_range days,
                                            std::vector<report_cell> const& names,
                                            std::vector<std::vector<report_cell>> lines);

[[nodiscard]] inline report_cell day_cell(std::string name, civil_day day) {
    return {std::move(name), day.to_string(), false, true, false};
}

// A calendar day of the range, and its models where they were asked for.
struct dashboard_day {
    report_row row{};
    bool has_percentiles = true;
    std::vector<report_row> models{};
    std::shared_ptr<void const> texts{};  // of the models' names
};

}  // namespace detail

template <class Ledger>
class dashboard_api {
public:
    static constexpr std::int32_t days_most = 400;  // of daily
    static constexpr std::uint64_t rows_most = 10'000;
    static constexpr std::uint64_t file_rows_most = 50'000;

    // Keeps the log open.
    explicit dashboard_api(Ledger& of, dashboard_shipping shipping = {})
        : of_(of), records_(of), shipping_(std::move(shipping)) {}

    // The answer to a GET, but of what needs no ledger: the session and the description.
    [[nodiscard]] gateway_response get(std::string_view path, api_parameters in) {
        auto const* const found = detail::operation_at(path);
        switch (found == nullptr ? api_resource::document : found->resource) {
        case api_resource::summary: return summary(in);
        case api_resource::daily: return daily(in);
        case api_resource::rows: return rows(*report_named(found->id), in);
        case api_resource::budgets: return budgets(in);
        case api_resource::alerts: return records_.alerts(in);
        case api_resource::shipping: return detail::shipping_response(shipping_, in);
        case api_resource::recent: return records_.recent(in);
        case api_resource::records: return records_.page(in);
        case api_resource::one_record: return records_.one(found->rest_of(path), in);
        default: return detail::problem_response({404, "there is no such resource", {}});
        }
    }

    [[nodiscard]] dashboard_records<Ledger>& records() noexcept { return records_; }

private:
    using cells = std::vector<detail::report_cell>;

    [[nodiscard]] gateway_response summary(api_parameters& in);
    [[nodiscard]] gateway_response daily(api_parameters& in);
    [[nodiscard]] gateway_response rows(report_kind kind, api_parameters& in);
    [[nodiscard]] gateway_response budgets(api_parameters& in);

    [[nodiscard]] result<std::vector<detail::dashboard_day>> days_of(
        time_zone const& zone, day_range days, std::optional<std::string> const& user,
        bool by_model);
    [[nodiscard]] result<void> add_models(detail::dashboard_day& to, time_zone const& zone,
                                          std::optional<std::string> const& user);
    [[nodiscard]] static std::string json_of(detail::dashboard_day const& of, bool by_model);
    [[nodiscard]] static gateway_response csv_of(std::vector<detail::dashboard_day> const& all,
                                                 day_range days, bool by_model);

    detail::ledger_share<Ledger> const of_;
    dashboard_records<Ledger> records_;
    dashboard_shipping const shipping_;
};

template <class Ledger>
gateway_response dashboard_api<Ledger>::summary(api_parameters& in) {
    time_zone const zone = in.zone();
    if (auto const wrong = in.problem()) return detail::problem_response(*wrong);
    timestamp const now = of_->time().now();
    civil_day const today = zone.day_of(now);
    std::int64_t const month = detail::month_of(today);
    day_range const this_month{detail::first_of_month(month), today};
    auto const all = of_->report({report_kind::daily, zone, {}, {}});
    if (!all) return detail::failure_response(all.error());

    report_row of_today;
    report_row of_yesterday;
    report_row of_month;
    for (report_row const& row : all->rows) {
        if (row.day == today) of_today = row;
        if (row.day == today.plus(-1)) of_yesterday = row;
        if (this_month.holds(row.day)) of_month.sum.add(row.sum);
    }
    auto const begins_ns = [&zone](std::int64_t of) {
        return zone.start_seconds(detail::first_of_month(of)) * nanoseconds_per_second;
    };
    auto const forecast = detail::forecast_of({month, begins_ns(month), begins_ns(month + 1)}, now,
                                              of_month.sum.cost.pico());
    detail::json_writer out;
    out.text("now", now.to_string());
    out.raw("today", detail::json_object(detail::dashboard_figures(of_today, true)));
    out.raw("yesterday", detail::json_object(detail::dashboard_figures(of_yesterday, true)));
    out.raw("month", detail::json_object(detail::dashboard_figures(of_month, false)));
    out.raw("month_forecast",
            forecast ? detail::json_string(money::from_pico(*forecast).to_string()) : "null");
    out.raw("first_day",
            all->rows.empty() ? "null" : detail::json_string(all->rows.back().day.to_string()));
    return detail::json_response(out.finish());
}

// The day is then the sum of its models: calls that came since its own sum was read are in both.
// One user's has no percentiles, since rollups keep no days of users.
template <class Ledger>
result<void> dashboard_api<Ledger>::add_models(detail::dashboard_day& to, time_zone const& zone,
                                               std::optional<std::string> const& user) {
    civil_day const day = to.row.day;
    auto made = of_->report({user ? report_kind::user : report_kind::models,
                             zone,
                             {day, day},
                             user.value_or(std::string{})});
    if (!made) return made.error();
    to.row.sum = made->sum;
    to.models = std::move(made->rows);
    to.texts = made->texts;
    return {};
}

// Every day of the range, oldest first, those without records too.
template <class Ledger>
result<std::vector<detail::dashboard_day>> dashboard_api<Ledger>::days_of(
    time_zone const& zone, day_range days, std::optional<std::string> const& user, bool by_model) {
    auto const all = of_->report({report_kind::daily, zone, days, {}});
    if (!all) return all.error();
    std::vector<detail::dashboard_day> made(
        static_cast<std::size_t>(days.last.days - days.first.days + 1));
    for (std::size_t i = 0; i < made.size(); ++i)
        made[i].row.day = days.first.plus(static_cast<std::int32_t>(i));
    for (report_row const& row : all->rows) {
        auto& to = made[static_cast<std::size_t>(row.day.days - days.first.days)];
        to.row = row;
        if (!user && !by_model) continue;
        if (auto ok = add_models(to, zone, user); !ok) return ok.error();
    }
    if (user) {
        for (auto& each : made) each.has_percentiles = false;
    }
    return made;
}

template <class Ledger>
std::string dashboard_api<Ledger>::json_of(detail::dashboard_day const& of, bool by_model) {
    cells line{detail::day_cell("day", of.row.day)};
    for (auto& cell : detail::dashboard_figures(of.row, of.has_percentiles))
        line.push_back(std::move(cell));
    std::string text = detail::json_object(line);
    if (!by_model) return text;
    std::vector<std::string> models;
    for (report_row const& row : of.models) {
        detail::json_writer one;
        one.text("provider", row.names.provider);
        one.text("model", row.names.model);
        one.text("cost_usd", row.sum.cost.to_string());
        one.number("requests", row.sum.requests);
        models.push_back(one.finish());
    }
    text.pop_back();
    return text + ",\"models\":" + detail::json_list_of(models) + "}";
}

// A line a day, or a line for each model of a day.
template <class Ledger>
gateway_response dashboard_api<Ledger>::csv_of(std::vector<detail::dashboard_day> const& all,
                                               day_range days, bool by_model) {
    auto const line_of = [by_model](detail::dashboard_day const& of, report_row const& row,
                                    bool has_percentiles) {
        cells line{detail::day_cell("date", of.row.day)};
        if (by_model) {
            for (auto& cell : detail::labels_of(report_kind::models, row))
                line.push_back(std::move(cell));
        }
        for (auto& cell : detail::dashboard_figures(row, has_percentiles))
            line.push_back(std::move(cell));
        return line;
    };
    std::vector<cells> lines;
    for (detail::dashboard_day const& each : all) {
        if (!by_model) lines.push_back(line_of(each, each.row, each.has_percentiles));
        for (report_row const& row : each.models) {
            if (by_model) lines.push_back(line_of(each, row, true));
        }
    }
    return detail::csv_response("daily", days, line_of({}, {}, true), std::move(lines));
}

template <class Ledger>
gateway_response dashboard_api<Ledger>::daily(api_parameters& in) {
    time_zone const zone = in.zone();
    day_range const days = in.days(zone.day_of(of_->time().now()), days_most);
    auto const user = in.text("user");
    bool const by_model = in.word("by", {"", "model"}) == "model";
    bool const csv = in.word("format", {"json", "csv"}) == "csv";
    if (auto const wrong = in.problem()) return detail::problem_response(*wrong);
    auto const made = days_of(zone, days, user, by_model);
    if (!made) return detail::failure_response(made.error());
    if (csv) return csv_of(*made, days, by_model);
    std::vector<std::string> objects;
    for (detail::dashboard_day const& each : *made) objects.push_back(json_of(each, by_model));
    return detail::json_response("{\"days\":" + detail::json_list_of(objects) + "}");
}

template <class Ledger>
gateway_response dashboard_api<Ledger>::rows(report_kind kind, api_parameters& in) {
    report_query query{kind, in.zone(), {}, {}};
    query.days =
        in.days(query.zone.day_of(of_->time().now()), (std::numeric_limits<std::int32_t>::max)());
    if (kind == report_kind::models) {
        if (auto user = in.text("user")) {
            query.kind = report_kind::user;
            query.user = std::move(*user);
        }
    }
    bool const csv = in.word("format", {"json", "csv"}) == "csv";
    auto const limit = in.number("limit", 1, csv ? file_rows_most : rows_most);
    query.top = limit.value_or(csv ? file_rows_most : rows_most);
    query.offset = in.number("offset", 0, report_places_max - file_rows_most).value_or(0);
    if (auto const wrong = in.problem()) return detail::problem_response(*wrong);
    auto const made = of_->report(query);
    if (!made) return detail::failure_response(made.error());
    if (csv && !limit && made->row_count > query.offset + made->rows.size())
        return detail::problem_response({413,
                                         "the report has " + std::to_string(made->row_count) +
                                             " rows; ask for some of them (limit, offset)",
                                         "limit"});
    if (csv) {
        std::vector<cells> lines;
        for (report_row const& row : made->rows) lines.push_back(detail::cells_of(query.kind, row));
        return detail::csv_response(name_of(kind), query.days,
                                    detail::cells_of(query.kind, report_row{}), std::move(lines));
    }
    std::vector<std::string> objects;
    for (report_row const& row : made->rows)
        objects.push_back(detail::json_object(detail::cells_of(query.kind, row)));
    detail::json_writer out;
    out.raw("rows", detail::json_list_of(objects));
    out.number("row_count", made->row_count);
    report_row total;
    total.sum = made->sum;
    out.raw("total", detail::json_object(detail::dashboard_figures(total, false)));
    return detail::json_response(out.finish());
}

template <class Ledger>
gateway_response dashboard_api<Ledger>::budgets(api_parameters& in) {
    if (auto const wrong = in.problem()) return detail::problem_response(*wrong);
    auto const states = of_->budget_states();
    if (!states) return detail::failure_response(states.error());
    std::vector<std::string> objects;
    for (budget_state const& each : *states)
        objects.push_back(detail::json_object(detail::cells_of(each)));
    return detail::json_response("{\"budgets\":" + detail::json_list_of(objects) + "}");
}

}  // namespace v0_1_0
}  // namespace aiaudit

#ifndef AIAUDIT_SEPARATE
#include <aiaudit/impl/gateway/dashboard_api.ipp>
#endif

#endif  // AIAUDIT_GATEWAY_DASHBOARD_API_HPP

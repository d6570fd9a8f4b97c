// SPDX-License-Identifier: MIT
// panels.js: the cards, latency, budgets and alerts.
import * as decimal from "./decimal.js";
import * as format from "./format.js";
import {spark} from "./chart.js";
import {amount, bar, el, svg} from "./dom.js";

function card(id, name, value, note, extra) {
    return el("div", {class: "card", "data-card": id}, el("h3", null, name), el("p", {class: "value"}, value),
        el("p", {class: "quiet note"}, note ?? ""), extra ?? null);
}

const money = (value) => amount(format.usd(value, 2), decimal.text(value));
const total = (days, name) => days.reduce((all, day) => all + BigInt(day[name] ?? 0), 0n);

// `summary` is of everyone; `month` has the days of this month for one user, if one is chosen.
export function cards(summary, month, days, recent, state) {
    const last = month ? month.at(-1) : summary.today;
    const monthCost = month ? decimal.sum(month.map((day) => decimal.parse(day.cost_usd))) : decimal.parse(summary.month.cost_usd);
    const before = month ? null : decimal.parse(summary.yesterday.cost_usd);
    const uncosted = Number(last.uncosted ?? 0);
    const estimated = decimal.parse(last.estimated_cost_usd ?? "0");
    const requests = total(days, "requests");
    const errors = total(days, "errors");
    const attempts = total(days, "attempts");
    const input = total(days, "input_tokens");
    const cached = total(days, "cache_read_tokens");
    const today = format.today(state.zone);
    const list = [
        card("today", "Today", money(decimal.parse(last.cost_usd)),
            uncosted ? `${format.count(uncosted)} calls have no price` :
            estimated !== 0n ? `${format.usd(estimated, 2)} of it estimated` : before === null ? "so far" : `${format.usd(before, 2)} yesterday`),
        card("month", "This month", money(monthCost), `since ${format.dayShort(today.slice(0, 8) + "01")}`),
    ];
    if (!month && summary.month_forecast !== null)
        list.push(card("forecast", "Forecast", money(decimal.parse(summary.month_forecast)), "for the whole month"));
    list.push(
        card("requests", "Requests", format.count(requests), "in these days", spark(days.map((day) => Number(day.requests)))),
        card("errors", "Errors", format.count(errors),
            attempts ? `${format.percent(Number(errors) / Number(attempts))} of attempts` : "no attempts",
            spark(days.map((day) => Number(day.errors)))),
        card("saved", "Saved by cache", money(decimal.parse(recent.saved_usd)),
            `on ${format.count(recent.from_cache)} of the last ${format.compact(recent.outcomes)}`),
        card("cached", "Cached input", format.percent(input ? Number(cached) / Number(input) : 0),
            `of ${format.compact(input)} tokens`));
    return list;
}

// The median as a dot, the 95th percentile as a tick, the 99th as the end of the line.
function spread(row, most) {
    const at = (ms) => (Math.log1p(Number(ms) / 20) / Math.log1p(most / 20)) * 96 + 2 + "%";
    return svg("svg", {class: "spread", "aria-hidden": "true", focusable: "false"},
        svg("line", {class: "track", x1: "0%", x2: "100%", y1: 9, y2: 9}),
        svg("line", {class: "reach", x1: at(row.p50_latency_ms), x2: at(row.p99_latency_ms), y1: 9, y2: 9}),
        svg("line", {class: "tick", x1: at(row.p95_latency_ms), x2: at(row.p95_latency_ms), y1: 4, y2: 14}),
        svg("circle", {cx: at(row.p50_latency_ms), cy: 9, r: 4.5}));
}

function firstToken(recent) {
    if (!recent.streamed) return el("p", {class: "quiet"}, "Time to first token: nothing was streamed lately.");
    const one = (name, percent) => el("div", null, el("dt", null, name), el("dd", null, format.duration(recent[`p${percent}_time_to_first_token_ms`])));
    return el("div", {class: "first-token"}, el("h3", null, "Time to first token"),
        el("dl", null, one("Median", 50), one("95th", 95), one("99th", 99)),
        el("p", {class: "quiet"}, `everyone\u2019s last ${format.count(recent.streamed)} streams`));
}

export function latency(rows, recent) {
    const timed = rows.filter((row) => Number(row.p50_latency_ms ?? 0) > 0).slice(0, 8);
    const most = Math.max(1, ...timed.map((row) => Number(row.p99_latency_ms)));
    const percents = [["Median", "p50_latency_ms"], ["95th", "p95_latency_ms"], ["99th", "p99_latency_ms"]];
    const table = el("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": "Latency, table"},
        el("table", {class: "latency"}, el("caption", {class: "hidden"}, "Latency percentiles by model"),
            el("thead", null, el("tr", null, el("th", {scope: "col"}, "Model"), el("td", {class: "spreads"}),
                percents.map(([name]) => el("th", {scope: "col", class: "number"}, name)))),
            el("tbody", null, timed.map((row) => el("tr", null,
                el("th", {scope: "row", class: "name"}, el("span", {title: row.model}, row.model || "unknown model")), el("td", {class: "spreads"}, spread(row, most)),
                percents.map(([, name]) => el("td", {class: "number"}, format.duration(row[name]))))))));
    return el("div", {class: "latency-room"},
        timed.length ? table : el("p", {class: "empty"}, "No timed calls in these days."), firstToken(recent));
}

const stateWords = {ok: "Within", alert: "Near", full: "Full", over: "Over"};

export function budgets(list, zone) {
    if (list.length === 0) return [el("p", {class: "empty"}, "No budgets are set.")];
    const urgency = (each) => ["over", "full", "alert", "ok"].indexOf(each.state);
    const show = (each, text) => each.unit === "usd" ? amount(format.usd(decimal.parse(text), 2), text) : format.count(text);
    return [el("ul", {class: "budgets"}, [...list].sort((a, b) => urgency(a) - urgency(b)).map((each) => {
        const limit = decimal.parse(each.limit);
        const spent = decimal.parse(each.spent);
        const share = decimal.ratio(spent, limit);
        const held = decimal.ratio(spent + decimal.parse(each.reserved), limit);
        const notes = [`per ${each.window}`.replace("per total", "in total").replace(/per (\d+)h/, "in $1 hours")];
        if (each.resets_at) notes.push(`resets ${format.instant(each.resets_at, zone).replace(/:\d\d$/, "")}`);
        if (each.forecast) notes.push(each.unit === "usd" ? `forecast ${format.usd(decimal.parse(each.forecast), 2)}` : `forecast ${format.count(each.forecast)}`);
        return el("li", {"data-state": each.state},
            el("div", {class: "row"}, el("span", {class: "strong"}, each.budget),
                el("span", {class: "quiet grow"}, each.subject && each.subject !== "everyone" ? each.subject : ""),
                el("span", {class: "badge " + each.state}, stateWords[each.state] ?? each.state)),
            bar(share, each.state, held),
            el("div", {class: "row"}, el("span", null, show(each, each.spent), el("span", {class: "quiet"}, " of "), show(each, each.limit),
                each.unit === "usd" ? "" : ` ${each.unit}`), el("span", {class: "quiet grow right"}, format.percent(share))),
            el("p", {class: "quiet small"}, notes.join(" \u00b7 ")));
    }))];
}

const alertNames = {budget_threshold: "Budget", anomaly: "Unusual", price_missing: "No price", price_drift: "Price drift", log_nearly_full: "Disk",
                    circuit_open: "Circuit", sink_behind: "Sink", custom: "Notice"};
const alerts_first = 6;

export function alerts(list, zone) {
    if (list.length === 0) return [el("p", {class: "empty"}, "No alerts. All is calm.")];
    const item = (each) => el("li", null,
        el("div", {class: "row"}, el("span", {class: "badge " + each.kind}, alertNames[each.kind] ?? format.words(each.kind)),
            el("time", {class: "quiet grow right", datetime: each.at}, format.instant(each.at, zone))),
        el("p", null, each.text),
        each.undelivered?.length ? el("p", {class: "small warn"},
            `Not delivered to ${each.undelivered.map((sink) => `${sink.sink} (${format.words(sink.error)})`).join(", ")}`) : null);
    const rest = list.slice(alerts_first);
    return [el("ul", {class: "alerts"}, list.slice(0, alerts_first).map(item)),
        rest.length ? el("details", null, el("summary", null, `${format.count(rest.length)} earlier`), el("ul", {class: "alerts"}, rest.map(item))) : null]
        .filter(Boolean);
}

// SPDX-License-Identifier: MIT
// tables.js: the breakdown: by model, user, project, key, provider and status.
import * as decimal from "./decimal.js";
import * as format from "./format.js";
import {amount, bar, el, say} from "./dom.js";

export const groups = {
    models: {title: "Models", one: "Model", label: "model", second: "provider"},
    users: {title: "Users", one: "User", label: "user"},
    projects: {title: "Projects", one: "Project", label: "project"},
    keys: {title: "Keys", one: "Key", label: "key"},
    providers: {title: "Providers", one: "Provider", label: "provider"},
    statuses: {title: "Statuses", one: "Status", label: "status"},
};
const rows_first = 10;
export const rows_most = 1000;

const whole = (name) => (row) => BigInt(row[name] ?? 0);
const columns = [
    {id: "cost", name: "Cost", of: (row) => decimal.parse(row.cost_usd)},
    {id: "requests", name: "Requests", of: whole("requests")},
    {id: "errors", name: "Errors", of: whole("errors")},
    {id: "input", name: "Input", title: "Input tokens", of: whole("input_tokens"), minor: true},
    {id: "cached", name: "Cached", title: "Input tokens read from a cache", of: whole("cache_read_tokens"), minor: true},
    {id: "output", name: "Output", title: "Output tokens", of: whole("output_tokens"), minor: true},
    {id: "average", name: "Per request", of: (row) => decimal.parse(row.avg_cost_usd), minor: true},
];
let order = {id: "cost", up: false};
let isWhole = false;

function sorted(rows, label) {
    const column = columns.find((each) => each.id === order.id);
    const of = column ? column.of : (row) => row[label];
    const compare = (a, b) => (typeof a === "bigint" ? (a < b ? -1 : a > b ? 1 : 0) : a.localeCompare(b));
    return [...rows].sort((a, b) => (order.up ? 1 : -1) * compare(of(a), of(b)));
}

function cell(id, value, attempts) {
    if (id === "cost") return amount(format.usd(value, 2), decimal.text(value));
    if (id === "average") return amount(value === 0n ? "\u2013" : format.usd(value), decimal.text(value));
    if (id === "errors") {
        const share = Number(value) / Math.max(1, attempts);
        return el("span", null, format.count(value), el("span", {class: "quiet share"}, value === 0n ? "" : format.percent(share)));
    }
    return id === "requests" ? format.count(value) : el("span", {title: format.count(value)}, format.compact(value));
}

function heading(id, name, redraw, attributes) {
    const isOrder = order.id === id;
    return el("th", {scope: "col", "aria-sort": isOrder ? (order.up ? "ascending" : "descending") : "none", ...attributes},
        el("button", {type: "button", class: "sort", "data-sort": id, onclick: () => {
            order = {id, up: isOrder ? !order.up : id === "label"};
            redraw();
            document.querySelector(`#groups [data-sort=${id}]`)?.focus();
            say(`Sorted by ${name.toLowerCase()}, ${order.up ? "ascending" : "descending"}`);
        }}, name, el("span", {class: "arrow", "aria-hidden": "true"}, isOrder ? (order.up ? "\u2191" : "\u2193") : "")));
}

function line(row, group, most) {
    const cost = decimal.parse(row.cost_usd);
    const name = row[group.label];
    const notes = [];
    if (Number(row.uncosted ?? 0) > 0) notes.push(`${format.count(row.uncosted)} without a price`);
    if (Number(row.unsure ?? 0) > 0) notes.push(`${format.count(row.unsure)} not sure`);
    const estimated = decimal.parse(row.estimated_cost_usd ?? "0");
    if (estimated !== 0n) notes.push(`${format.usd(estimated, 2)} estimated, at least ${format.usd(decimal.parse(row.cost_low_usd), 2)}`);
    const corrected = decimal.parse(row.corrected_cost_usd ?? "0");
    if (corrected !== 0n) notes.push(`${format.usd(corrected, 2)} by corrections`);
    if (Number(row.unsplit ?? 0) > 0) notes.push(`${format.count(row.unsplit)} from an older version: estimates among the tokens`);
    return el("tr", null,
        el("th", {scope: "row", class: "name"}, el("span", {class: name ? null : "quiet", title: name}, name || "none"),
            group.second ? el("span", {class: "sub"}, row[group.second] || "") : null,
            notes.map((note) => el("span", {class: "sub warn"}, note))),
        el("td", {class: "bars"}, bar(decimal.ratio(cost, most))),
        columns.map((each) => el("td", {class: "number" + (each.minor ? " minor" : "")}, cell(each.id, each.of(row), Number(row.attempts)))));
}

function totalLine(total) {
    return el("tr", null, el("th", {scope: "row"}, "Total"), el("td", {class: "bars"}), columns.map((each) =>
        el("td", {class: "number" + (each.minor ? " minor" : "")},
            each.id === "average" ? "" : cell(each.id, each.of(total), Number(total.attempts)))));
}

// `answer`: the dearest rows, how many there are, and the total of all.
export function draw(into, tab, answer) {
    const group = groups[tab];
    const {rows, total} = answer;
    const left = answer.row_count - rows.length;
    if (rows.length === 0) {
        into.replaceChildren(el("p", {class: "empty"}, "No calls in these days."));
        return;
    }
    const redraw = () => draw(into, tab, answer);
    const scrolled = into.querySelector(".scroll")?.scrollLeft ?? 0;
    const most = rows.map(columns[0].of).reduce((a, b) => (a > b ? a : b), 0n);
    const all = sorted(rows, group.label);
    const shown = isWhole ? all : all.slice(0, rows_first);
    into.replaceChildren(
        el("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": `${group.title}, table`},
            el("table", {class: "groups"}, el("caption", {class: "hidden"}, `${group.title} by cost and use`),
                el("thead", null, el("tr", null, heading("label", group.one, redraw),
                    el("td", {class: "bars"}),
                    columns.map((each) => heading(each.id, each.name, redraw,
                        {class: "number" + (each.minor ? " minor" : ""), title: each.title})))),
                el("tbody", null, shown.map((row) => line(row, group, most))),
                rows.length > 1 ? el("tfoot", null, totalLine(total)) : null)),
        rows.length > rows_first ? el("button", {type: "button", class: "plain more", onclick: () => {
            isWhole = !isWhole;
            redraw();
            into.querySelector(".more")?.focus();
        }}, isWhole ? `The first ${rows_first} alone` : left > 0 ? `The dearest ${format.count(rows.length)}` : `All ${format.count(rows.length)}`) : "",
        left > 0 ? el("p", {class: "quiet"}, `${format.count(left)} more: aiaudit report ${tab}`) : "");
    into.querySelector(".scroll").scrollLeft = scrolled;
}

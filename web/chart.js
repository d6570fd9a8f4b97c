// SPDX-License-Identifier: MIT
// chart.js: cost by day as columns stacked by model, with a legend, and a tooltip for the pointer
// and for the arrow keys.
import * as decimal from "./decimal.js";
import * as format from "./format.js";
import {amount, el, say, svg} from "./dom.js";

const named_most = 7;  // models with a colour of their own; the others are one
const others = "Other models";
const height = 260;
const edges = {top: 12, right: 4, bottom: 26, left: 52};
const colours = new Map();  // a model keeps its colour while the page is open

export const modelName = (row) => row.model || "unknown model";

function assignColours(names) {
    for (const name of [...colours.keys()]) {
        if (!names.includes(name)) colours.delete(name);
    }
    for (const name of names) {
        if (colours.has(name)) continue;
        const taken = new Set(colours.values());
        colours.set(name, Array.from({length: named_most}, (_, i) => i).find((i) => !taken.has(i)));
    }
}

// The models by their cost, the dearest first, and what each cost on each day.
function stackOf(days) {
    const sums = new Map();
    for (const day of days) {
        for (const row of day.models) {
            const name = modelName(row);
            sums.set(name, (sums.get(name) ?? 0n) + decimal.parse(row.cost_usd));
        }
    }
    const dearest = [...sums].filter(([, cost]) => cost > 0n).sort((a, b) => (a[1] < b[1] ? 1 : a[1] > b[1] ? -1 : 0));
    const named = dearest.slice(0, named_most);
    assignColours(named.map(([name]) => name));
    const series = named.map(([name, cost]) => ({name, cost, tone: "tone-" + colours.get(name)}));
    const rest = decimal.sum(dearest.slice(named_most).map(([, cost]) => cost));
    if (rest > 0n) series.push({name: others, cost: rest, tone: "tone-other"});
    const columns = days.map((day) => {
        const parts = new Map();
        for (const row of day.models) {
            const name = colours.has(modelName(row)) ? modelName(row) : others;
            parts.set(name, (parts.get(name) ?? 0n) + decimal.parse(row.cost_usd));
        }
        return {day: day.day, cost: decimal.parse(day.cost_usd), requests: day.requests, errors: day.errors, parts};
    });
    return {series, columns, cost: decimal.sum(columns.map((column) => column.cost))};
}

// Round numbers from zero to at least `most`.
function ticksUpTo(most) {
    if (most <= 0) return [0, 1];
    const rough = most / 4;
    const size = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 2.5, 5, 10].map((n) => n * size).find((n) => n >= rough * 0.999);
    const ticks = [];
    for (let i = 0; ticks.length === 0 || ticks.at(-1) < most; ++i) ticks.push(i * step);
    return ticks;
}

// As many places as the step between two ticks needs.
function axisMoney(value, step) {
    if (value === 0) return "$0";
    if (step >= 1000) return "$" + format.compact(value);
    const places = Number.isInteger(step) ? 0 : Math.max(2, 1 - Math.floor(Math.log10(step)));
    return "$" + value.toLocaleString("en-US", {minimumFractionDigits: places, maximumFractionDigits: places});
}

// A segment whose upper corners are round where it is the column's top.
function segment(x, y, wide, high, isTop, tone) {
    const r = isTop ? Math.min(3, wide / 2, high) : 0;
    return svg("path", {class: tone, d: `M${x},${y + high}V${y + r}q0,${-r} ${r},${-r}h${wide - 2 * r}q${r},0 ${r},${r}V${y + high}z`});
}

function tooltip(column, series) {
    const rows = series.filter((one) => (column.parts.get(one.name) ?? 0n) > 0n);
    return [
        el("p", {class: "tip-head"}, el("strong", null, format.dayLong(column.day)), el("span", null, format.usd(column.cost))),
        ...rows.map((one) => el("p", null, el("span", {class: "swatch " + one.tone}),
            el("span", {class: "tip-name"}, one.name), el("span", null, format.usd(column.parts.get(one.name))))),
        el("p", {class: "quiet"}, `${format.count(column.requests)} requests, ${format.count(column.errors)} errors`),
    ];
}

function legend(stack) {
    return el("ul", {class: "legend", "aria-label": "Models by cost"}, stack.series.map((one) => el("li", null,
        el("span", {class: "swatch " + one.tone}), el("span", {class: "legend-name", title: one.name}, one.name),
        amount(format.usd(one.cost), decimal.text(one.cost)),
        el("span", {class: "quiet share"}, format.percent(decimal.ratio(one.cost, stack.cost))))));
}

// One day needs no axis: one bar, as wide as there is room.
function oneDay(stack, wide) {
    let x = 0;
    const parts = stack.series.map((one, i) => {
        const share = decimal.ratio(one.cost, stack.cost) * wide;
        const last = i + 1 === stack.series.length;
        const rect = svg("rect", {class: one.tone, x, y: 0, width: Math.max(1, share - (last ? 0 : 1.5)), height: 36},
            svg("title", null, `${one.name}: ${format.usd(one.cost)}`));
        x += share;
        return rect;
    });
    return svg("svg", {class: "one-day", viewBox: `0 0 ${wide} 36`, role: "img",
        "aria-label": `${format.dayLong(stack.columns[0].day)}: ${format.usd(stack.cost)}`}, parts);
}

function axes(ticks, yOf, wide) {
    return ticks.map((tick) => [
        svg("line", {class: tick === 0 ? "axis" : "grid", x1: edges.left, x2: wide - edges.right, y1: yOf(tick), y2: yOf(tick)}),
        svg("text", {x: edges.left - 8, y: yOf(tick) + 4, "text-anchor": "end"}, axisMoney(tick, ticks[1]))]).flat();
}

function dayLabels(columns, xOf, step, wide) {
    const every = Math.max(1, Math.ceil(58 / step));
    const first = (columns.length - 1) % every;
    return columns.map((column, i) => {
        if (i % every !== first) return null;
        const x = xOf(i) + step / 2;
        const end = x > wide - 26;
        return svg("text", {x: end ? wide - edges.right : x, y: height - 8, "text-anchor": end ? "end" : "middle"}, format.dayShort(column.day));
    });
}

function columnsOf(stack, wide) {
    const {series, columns} = stack;
    const ticks = ticksUpTo(Math.max(...columns.map((column) => decimal.toNumber(column.cost))));
    const room = height - edges.top - edges.bottom;
    const yOf = (value) => edges.top + room * (1 - value / ticks.at(-1));
    const step = (wide - edges.left - edges.right) / columns.length;
    const xOf = (i) => edges.left + i * step;
    const gap = Math.min(12, Math.max(1, step * 0.24));
    const bars = columns.map((column, i) => {
        let below = yOf(0);
        const present = series.filter((one) => (column.parts.get(one.name) ?? 0n) > 0n);
        return svg("g", {class: "column"}, present.map((one, k) => {
            const high = room * decimal.toNumber(column.parts.get(one.name)) / ticks.at(-1);
            below -= high;
            return segment(xOf(i) + gap / 2, below, Math.max(1, step - gap), Math.max(0.4, high - (k ? 1 : 0)), k + 1 === present.length, one.tone);
        }));
    });
    const band = svg("rect", {class: "band", y: edges.top, width: step, height: room, visibility: "hidden"});
    const picture = svg("svg", {class: "chart", viewBox: `0 0 ${wide} ${height}`, height, "aria-hidden": "true", focusable: "false"},
        axes(ticks, yOf, wide), band, bars, dayLabels(columns, xOf, step, wide));
    return {picture, band, bars, xOf, step};
}

// Shows one day's tooltip; which day is moved by pointer and keys.
function interactive(stack, wide) {
    const {picture, band, bars, xOf, step} = columnsOf(stack, wide);
    const tip = el("div", {class: "tip", hidden: true, "aria-hidden": "true"});
    const last = stack.columns.length - 1;
    let at = -1;
    const show = (i, aloud) => {
        at = i;
        const column = stack.columns[i];
        bars.forEach((each, k) => each.classList.toggle("dim", i >= 0 && k !== i));
        band.setAttribute("visibility", i < 0 ? "hidden" : "visible");
        tip.hidden = i < 0;
        if (i < 0) return;
        band.setAttribute("x", xOf(i));
        tip.replaceChildren(...tooltip(column, stack.series));
        const middle = xOf(i) + step / 2;
        const left = middle + 14 + tip.offsetWidth > wide ? middle - 14 - tip.offsetWidth : middle + 14;
        tip.style.left = Math.max(0, Math.min(left, wide - tip.offsetWidth)) + "px";
        if (aloud) say(`${format.dayLong(column.day)}: ${format.usd(column.cost)}, ${format.count(column.requests)} requests`);
    };
    const keys = {ArrowLeft: () => Math.max(0, at - 1), ArrowRight: () => Math.min(last, at + 1), Home: () => 0,
                  End: () => last, Escape: () => -1};
    return el("div", {
        class: "plot", tabindex: 0, role: "group", "aria-roledescription": "chart",
        "aria-label": `Cost by day, ${format.dayLong(stack.columns[0].day)} to ${format.dayLong(stack.columns[last].day)}. `
            + "Left and right arrow keys move from day to day.",
        onpointermove: (event) => {
            const i = Math.floor((event.clientX - picture.getBoundingClientRect().left - edges.left) / step);
            show(i >= 0 && i <= last ? i : -1);
        },
        onpointerleave: () => show(-1),
        onblur: () => show(-1),
        onfocus: (event) => { if (at < 0 && event.target.matches(":focus-visible")) show(last, true); },
        onkeydown: (event) => {
            if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey) return;
            event.preventDefault();
            show(keys[event.key](), true);
        },
    }, picture, tip);
}

function asTable(columns) {
    return el("details", {class: "as-table"}, el("summary", null, "As a table"),
        el("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": "Cost by day as a table"},
            el("table", null, el("caption", {class: "hidden"}, "Cost by day"),
                el("thead", null, el("tr", null, ["Day", "Cost", "Requests", "Errors"].map((name, i) =>
                    el("th", {scope: "col", class: i ? "number" : null}, name)))),
                el("tbody", null, [...columns].reverse().map((column) => el("tr", null,
                    el("th", {scope: "row"}, format.dayLong(column.day)),
                    el("td", {class: "number"}, amount(format.usd(column.cost, 2), decimal.text(column.cost))),
                    el("td", {class: "number"}, format.count(column.requests)),
                    el("td", {class: "number"}, format.count(column.errors))))))));
}

export function draw(into, days) {
    const stack = stackOf(days);
    const isOpen = into.querySelector("details")?.open ?? false;
    const hadFocus = into.contains(document.activeElement) && document.activeElement.classList.contains("plot");
    if (stack.series.length === 0) {
        into.replaceChildren(el("p", {class: "empty"}, "Nothing was spent in these days."));
        return;
    }
    const room = el("div", {class: "plot-room"});
    into.replaceChildren(el("div", {class: "chart-and-legend"}, room, legend(stack)), asTable(stack.columns));
    into.querySelector("details").open = isOpen;
    const wide = Math.max(240, Math.floor(room.clientWidth));
    const plot = stack.columns.length === 1 ? oneDay(stack, wide) : interactive(stack, wide);
    room.append(plot);
    if (hadFocus && plot.tabIndex === 0) plot.focus();
}

// A line of the last days in a card.
export function spark(values) {
    if (values.length < 2) return null;
    const most = Math.max(...values, 1);
    const points = values.map((value, i) => `${((i / (values.length - 1)) * 100).toFixed(2)},${(22 - (value / most) * 20).toFixed(2)}`);
    return svg("svg", {class: "spark", viewBox: "0 0 100 24", preserveAspectRatio: "none", "aria-hidden": "true", focusable: "false"},
        svg("polyline", {points: points.join(" ")}));
}

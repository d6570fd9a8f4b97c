// SPDX-License-Identifier: MIT
// state.js: what is shown, kept in the URL after the '#': a link brings the same view back, and no
// name of a user gets into the log of a server.
import * as format from "./format.js";
import * as tables from "./tables.js";

export const ranges = {today: ["Today", 1], "7d": ["7 days", 7], "30d": ["30 days", 30], "90d": ["90 days", 90],
                       own: ["Own dates", 0]};
export const kinds = {outcome: "Calls", refusal: "Refused by a budget", "": "Everything"};

// Browsers list some places by names that they no longer have.
const renamed = {"Africa/Asmera": "Africa/Asmara", "America/Godthab": "America/Nuuk", "Asia/Calcutta": "Asia/Kolkata",
                 "Asia/Katmandu": "Asia/Kathmandu", "Asia/Rangoon": "Asia/Yangon", "Asia/Saigon": "Asia/Ho_Chi_Minh",
                 "Atlantic/Faeroe": "Atlantic/Faroe", "Europe/Kiev": "Europe/Kyiv"};
const current = (zone) => renamed[zone] ?? zone;
export const ownZone = current(Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC");
export const zones = [...new Set([ownZone, "UTC", ...Intl.supportedValuesOf("timeZone").map(current).sort()])];

const initial = {range: "30d", from: "", to: "", zone: ownZone, user: "", tab: "models", kind: "outcome", record: ""};

function isZone(name) {
    try {
        Intl.DateTimeFormat("en", {timeZone: name});
        return true;
    } catch {
        return false;
    }
}

export function read() {
    const state = {...initial};
    for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
        if (Object.hasOwn(initial, name)) state[name] = value;
    }
    if (!Object.hasOwn(ranges, state.range)) state.range = initial.range;
    if (!Object.hasOwn(tables.groups, state.tab)) state.tab = initial.tab;
    if (state.range === "own" && !(format.isDay(state.from) && format.isDay(state.to))) state.range = initial.range;
    if (!isZone(state.zone)) state.zone = initial.zone;
    if (!Object.hasOwn(kinds, state.kind)) state.kind = initial.kind;
    if (!/^\d+$/.test(state.record)) state.record = "";
    return state;
}

export function write(state, replace = false) {
    const kept = Object.entries(state).filter(([name, value]) =>
        value !== initial[name] && (state.range === "own" || (name !== "from" && name !== "to")));
    const hash = new URLSearchParams(kept).toString();
    const target = location.pathname + (hash ? "#" + hash : "");
    if (hash === location.hash.slice(1)) return;
    history[replace ? "replaceState" : "pushState"](null, "", target);
}

// The first and the last day of the range.
export function days(state) {
    if (state.range === "own")
        return state.from <= state.to ? [state.from, state.to] : [state.to, state.from];
    const last = format.today(state.zone);
    return [format.addDays(last, 1 - ranges[state.range][1]), last];
}

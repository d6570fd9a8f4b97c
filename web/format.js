// SPDX-License-Identifier: MIT
// format.js: numbers, days and instants in words.
import * as decimal from "./decimal.js";

// Dollars for the eye. Small amounts keep three digits that say something.
export function usd(value, to) {
    const size = value < 0n ? -value : value;
    if (to === undefined) {
        to = 2;
        for (let least = 10n ** 12n; size !== 0n && size < least && to < 8; least /= 10n) to += 1;
        if (to === 3) to = 2;
    }
    const cut = decimal.rounded(value, to);
    if (size !== 0n && !/[1-9]/.test(cut)) return "<$0." + "1".padStart(to, "0");
    return cut.startsWith("\u2212") ? "\u2212$" + cut.slice(1) : "$" + cut;
}

export const count = (value) => Number(value ?? 0).toLocaleString("en-US");

export function compact(value) {
    const number = Number(value ?? 0);
    for (const [size, name] of [[1e9, "B"], [1e6, "M"], [1e4, "k"]]) {
        if (number >= size) {
            const unit = size === 1e4 ? 1e3 : size;
            return (number / unit).toFixed(number / unit < 100 ? 1 : 0) + name;
        }
    }
    return count(number);
}

export function percent(share) {
    if (share === 0) return "0%";
    if (share < 0.001) return "<0.1%";
    return (share * 100).toFixed(share < 0.0995 ? 1 : 0) + "%";
}

// Milliseconds.
export function duration(ms) {
    if (ms === undefined || ms === null || ms === "") return "\u2013";
    const value = Number(ms);
    if (value === 0) return "\u2013";
    if (value < 10) return value.toFixed(1) + " ms";
    if (value < 1000) return value.toFixed(0) + " ms";
    if (value < 60000) return (value / 1000).toFixed(value < 10000 ? 2 : 1) + " s";
    return (value / 60000).toFixed(1) + " min";
}

// Seconds, in words.
export function span(seconds) {
    const [size, name] = [[86400, "day"], [3600, "hour"], [60, "minute"]].find(([least]) => seconds >= least) ?? [1, "second"];
    const whole = Math.floor(seconds / size);
    return `${count(whole)} ${name}${whole === 1 ? "" : "s"}`;
}

// Days are texts, "2026-11-27", and no instants: their zone is that of the request.
const asUtc = (day) => new Date(day + "T00:00:00Z");
export const addDays = (day, days) => {
    const date = asUtc(day);
    date.setUTCDate(date.getUTCDate() + days);
    return date.toISOString().slice(0, 10);
};
const dayFormat = (options) => new Intl.DateTimeFormat("en-GB", {...options, timeZone: "UTC"});
const shortDay = dayFormat({day: "numeric", month: "short"});
const longDay = dayFormat({weekday: "short", day: "numeric", month: "short", year: "numeric"});
export const dayShort = (day) => shortDay.format(asUtc(day));
export const dayLong = (day) => longDay.format(asUtc(day));
export const isDay = (text) =>
    /^\d{4}-\d\d-\d\d$/.test(text ?? "") && !Number.isNaN(asUtc(text).getTime());

export function today(zone) {
    const parts = new Intl.DateTimeFormat("en-US", {
        timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit",
    }).formatToParts(new Date());
    const of = (type) => parts.find((part) => part.type === type).value;
    return `${of("year")}-${of("month")}-${of("day")}`;
}

export function instant(text, zone, withDay = true) {
    const at = new Date(text);
    if (Number.isNaN(at.getTime())) return text;
    return new Intl.DateTimeFormat("en-GB", {
        timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
        ...(withDay ? {day: "numeric", month: "short"} : {}),
    }).format(at);
}

export const words = (name) => name.replaceAll("_", " ");

// SPDX-License-Identifier: MIT
// decimal.js: exact decimals: a whole number of 10^-12, as a BigInt. Money never meets a float but
// where it becomes a length on the screen.

const places = 12;
const one = 10n ** BigInt(places);

// "12.34" -> 12340000000000n. Absent: zero.
export function parse(text) {
    if (text === null || text === undefined || text === "") return 0n;
    const found = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(text));
    if (!found || (found[3] ?? "").length > places) throw new Error(`not a decimal: ${text}`);
    const value = BigInt(found[2]) * one + BigInt((found[3] ?? "").padEnd(places, "0"));
    return found[1] ? -value : value;
}

export const sum = (values) => values.reduce((all, value) => all + value, 0n);

// The exact text, without zeros at its end.
export function text(value) {
    const size = value < 0n ? -value : value;
    const rest = (size % one).toString().padStart(places, "0").replace(/0+$/, "");
    return (value < 0n ? "-" : "") + size / one + (rest ? "." + rest : "");
}

// Rounded half to even to so many places; thousands with commas.
export function rounded(value, to) {
    const size = value < 0n ? -value : value;
    const step = 10n ** BigInt(places - to);
    let whole = size / step;
    const twice = (size % step) * 2n;
    if (twice > step || (twice === step && whole % 2n === 1n)) whole += 1n;
    const digits = whole.toString().padStart(to + 1, "0");
    const front = digits.slice(0, digits.length - to).replace(/\B(?=(\d{3})+$)/g, ",");
    const sign = value < 0n && whole !== 0n ? "\u2212" : "";
    return sign + front + (to ? "." + digits.slice(digits.length - to) : "");
}

// part / whole as a plain number, for lengths and percentages: right to a millionth.
export function ratio(part, whole) {
    return whole === 0n ? 0 : Number((part * 1000000n) / whole) / 1000000;
}

// For axes only.
export const toNumber = (value) => Number(value) / Number(one);

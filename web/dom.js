// SPDX-License-Identifier: MIT
// dom.js: elements by textContent and attributes alone; no text ever becomes markup.

const svgSpace = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes ?? {})) {
        if (value === undefined || value === null || value === false) continue;
        if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
        else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return node;
}

export const el = (name, attributes, ...children) =>
    fill(document.createElement(name), attributes, children);
export const svg = (name, attributes, ...children) =>
    fill(document.createElementNS(svgSpace, name), attributes, children);
export const $ = (id) => document.getElementById(id);
export const put = (id, ...children) => $(id).replaceChildren(...children.flat());

// An amount with its exact value beside the rounded text.
export const amount = (shown, exact) => el("data", {value: exact, title: "$" + exact}, shown);

let later = 0;
// For those who do not see the screen; the last of several words in a second.
export function say(text) {
    clearTimeout(later);
    later = setTimeout(() => { $("said").textContent = text; }, 400);
}

// A bar of `share` of the width; `mark` is a further share behind it.
export function bar(share, kind = "", mark = 0) {
    const cut = (value) => (Math.max(0, Math.min(1, value)) * 100).toFixed(2) + "%";
    return svg("svg", {class: "bar " + kind, "aria-hidden": "true", focusable: "false"},
        svg("rect", {class: "track", width: "100%", height: "100%", rx: 3}),
        mark > share ? svg("rect", {class: "mark", width: cut(mark), height: "100%", rx: 3}) : null,
        share > 0 ? svg("rect", {class: "fill", width: cut(Math.max(share, 0.005)), height: "100%", rx: 3}) : null);
}

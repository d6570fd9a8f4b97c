// SPDX-License-Identifier: MIT
// shipping.js: the sinks that the log is shipped to, and the logs that came to a database.
import * as format from "./format.js";
import {bar, el} from "./dom.js";

// In words, and how it looks.
const states = {starting: ["Starting", ""], current: ["Current", "ok"], behind: ["Behind", "alert"], retrying: ["Retrying", "alert"],
                stopped: ["Stopped", "over"], silent: ["Silent", "over"], forked: ["Forked", "over"]};
const items_first = 12;

function item(each, second, note, problem) {
    const [word, tone] = states[each.state] ?? [each.state, ""];
    return el("li", {"data-state": each.state},
        el("div", {class: "row"}, el("span", {class: "strong"}, each.name), el("span", {class: "quiet grow"}, second),
            el("span", {class: "badge " + tone}, word)),
        bar(each.log_size ? each.shipped / each.log_size : 0, tone),
        el("p", null, format.count(each.shipped), el("span", {class: "quiet"}, " of "), `${format.count(each.log_size)} records`),
        el("p", {class: "quiet small"}, note),
        problem ? el("p", {class: "small warn"}, problem) : null);
}

const lacking = ({shipped, log_size}) => Math.max(0, log_size - shipped);

function sink(each) {
    const rest = lacking(each);
    const note = each.state === "starting" ? "not known yet" : rest === 0 ? "has all of the log"
        : `${format.count(rest)} behind` + (each.lag_ms > 0 ? `, for ${format.span(each.lag_ms / 1000)}` : "");
    return item(each, each.address, note, each.error ? `Last error: ${each.error}` : "");
}

function log(each, zone) {
    const rest = lacking(each);
    const heard = el("time", {datetime: each.heard_at, title: format.instant(each.heard_at, zone)}, `last heard of ${format.span(each.silent_s)} ago`);
    return item(each, "", [rest ? `${format.count(rest)} behind, ` : "", heard],
        each.forked_at === null ? "" : `Two logs have this name: they differ at record ${format.count(each.forked_at)}.`);
}

// What it was before is kept: what is open, and where the focus is.
export function draw(into, answer, zone) {
    const before = into.querySelector("details");
    const [isOpen, hasFocus] = [before?.open, before?.contains(document.activeElement)];
    const all = [...answer.sinks.map(sink), ...answer.logs.map((each) => log(each, zone))];
    const rest = all.splice(items_first);
    const left = answer.log_count - answer.logs.length;
    into.replaceChildren(el("ul", {class: "budgets shipping"}, all),
        rest.length ? el("details", {open: isOpen}, el("summary", null, `${format.count(rest.length)} more`), el("ul", {class: "budgets shipping"}, rest)) : "",
        left > 0 ? el("p", {class: "quiet"}, `${format.count(left)} more: aiaudit collect status`) : "");
    if (hasFocus) into.querySelector("summary")?.focus();
}

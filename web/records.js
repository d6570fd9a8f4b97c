// SPDX-License-Identifier: MIT
// records.js: the newest records, which grow as calls arrive, and one record with its proof.
import {ask} from "./api.js";
import * as decimal from "./decimal.js";
import {$, amount, el, say} from "./dom.js";
import * as format from "./format.js";
import * as proof from "./proof.js";

const page = 15;
const kept_most = 500;
const say_every_ms = 10000;

const knowsCost = (record) => record.cost_usd !== null && record.cost_usd !== undefined;
const modelOf = (record) => record.model_served || record.model_requested || "";
const failed = (record) => Boolean(record.error) || Number(record.http_status ?? 0) >= 400;
const ms = (ns) => (ns === undefined ? undefined : Number(ns) / 1e6);

function outcomeOf(record) {
    if (record.kind === "refusal") return ["alert", "Refused"];
    if (record.kind !== "outcome") return ["", format.words(record.kind)];
    if (failed(record)) return ["over", format.words(record.error || String(record.http_status))];
    if (record.complete === false) return ["alert", "Cut"];
    return ["ok", record.cost_status === "no_charge" ? "Cached" : "OK"];
}

function costOf(record) {
    if (!knowsCost(record)) return el("span", {class: "quiet"}, "unknown");
    const value = decimal.parse(record.cost_usd);
    return amount((record.cost_status === "estimated" ? "\u2264\u2009" : "") + format.usd(value), decimal.text(value));
}

export class RecordList {
    constructor(open) {
        this.open = open;
        this.list = [];
        this.waiting = [];
        this.nextBefore = null;
        this.isPaused = false;
        this.news = 0;
        this.saidAt = 0;
        this.version = 0;
    }

    async load(state) {
        const version = ++this.version;
        this.state = state;
        this.error = "";
        const got = await ask("records", {limit: page, user: state.user, kind: state.kind});
        if (version !== this.version) return;
        this.list = [];
        this.waiting = [];
        this.take(got);
    }

    async older() {
        const version = this.version;
        const got = await ask("records", {limit: page, user: this.state.user, kind: this.state.kind, before: this.nextBefore});
        if (version !== this.version) return;
        const known = this.list.length;
        this.take(got);
        say(`${this.list.length - known} older records`);
    }

    take(got) {
        this.merge(got.records);
        this.nextBefore = got.next_before;
        this.draw();
    }

    merge(records, isNew = false) {
        const known = new Set(this.list.map((record) => record.sequence));
        for (const record of records) {
            if (!known.has(record.sequence)) this.list.push(isNew ? {...record, isNew} : record);
        }
        this.list.sort((a, b) => b.sequence - a.sequence);
        if (isNew && this.list.length > kept_most) {
            this.list.length = kept_most;
            this.nextBefore = this.list.at(-1).sequence;
        }
    }

    // A record has just been written.
    arrive(record) {
        if (!this.state) return;
        if (this.state.kind && record.kind !== this.state.kind) return;
        if (this.state.user && record.user !== this.state.user) return;
        this.news += 1;
        if (this.isPaused) {
            if (this.waiting.length < kept_most) this.waiting.push(record);
            this.label();
            return;
        }
        this.merge([record], true);
        this.draw();
        if (Date.now() - this.saidAt < say_every_ms) return;
        this.saidAt = Date.now();
        say(`${this.news} new ${this.news === 1 ? "record" : "records"}`);
        this.news = 0;
    }

    pause(isPaused) {
        this.isPaused = isPaused;
        if (!isPaused) {
            this.merge(this.waiting, true);
            this.waiting = [];
            this.draw();
        }
        this.label();
    }

    label() {
        const count = this.waiting.length;
        $("pause").textContent = this.isPaused ? (count ? `Show ${count} new` : "Go on") : "Pause";
        $("pause").setAttribute("aria-pressed", String(this.isPaused));
    }

    line(record) {
        const usage = record.usage ?? {};
        const [kind, word] = outcomeOf(record);
        const tokens = (count) => (count === undefined ? "\u2013" : format.compact(count));
        return el("tr", {class: record.isNew ? "new" : null, "data-sequence": record.sequence, onclick: () => this.open(record.sequence)},
            el("td", null, el("button", {type: "button", class: "link", "aria-label": `Record ${record.sequence}, ${format.instant(record.at, this.state.zone)}`},
                format.instant(record.at, this.state.zone, record.at.slice(0, 10) !== new Date().toISOString().slice(0, 10)))),
            el("td", {class: "name"}, record.user || el("span", {class: "quiet"}, "none")),
            el("td", {class: "name"}, el("span", {title: modelOf(record)}, modelOf(record) || format.words(record.path || record.kind))),
            el("td", {class: "number minor"}, tokens(usage.input_tokens)),
            el("td", {class: "number minor"}, tokens(usage.output_tokens)),
            el("td", {class: "number minor"}, format.duration(ms(record.time_to_first_token_ns))),
            el("td", {class: "number minor"}, format.duration(ms(record.duration_ns))),
            el("td", {class: "number"}, costOf(record)),
            el("td", null, el("span", {class: "badge " + kind}, word)));
    }

    draw() {
        $("older").hidden = this.nextBefore === null;
        const into = $("records");
        if (this.list.length === 0) {
            into.replaceChildren(el("p", {class: "empty"}, "Nothing here yet. Calls show up as they end."));
            return;
        }
        const focused = document.activeElement?.closest?.("#records tr")?.dataset.sequence;
        const scroll = into.querySelector(".scroll")?.scrollLeft ?? 0;
        const names = [["Time"], ["User"], ["Model"], ["Input", "number minor"], ["Output", "number minor"], ["First token", "number minor"],
                       ["Took", "number minor"], ["Cost", "number"], ["Result"]];
        into.replaceChildren(el("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": "Records, table"},
            el("table", {class: "records"}, el("caption", {class: "hidden"}, "The newest records"),
                el("thead", null, el("tr", null, names.map(([name, kind]) => el("th", {scope: "col", class: kind}, name)))),
                el("tbody", null, this.list.map((record) => this.line(record))))));
        into.querySelector(".scroll").scrollLeft = scroll;
        if (focused) into.querySelector(`tr[data-sequence="${focused}"] button`)?.focus();
        for (const record of this.list) delete record.isNew;
    }
}

const facts = [
    ["user", "User"], ["project", "Project"], ["key", "Key"], ["provider", "Provider"], ["model_requested", "Model asked for"],
    ["model_served", "Model that answered"], ["operation", "Operation"], ["path", "Path"], ["http_status", "HTTP status"],
    ["finish_reason", "Finish reason"], ["error", "Error"], ["service_tier", "Service tier"], ["region", "Region"],
    ["provider_request_id", "Provider\u2019s id"], ["operation_id", "Operation id"], ["trace_id", "Trace"], ["price_entry", "Price entry"], ["price_basis", "Price is"],
    ["unread", "Counts not read"],
];
const amounts = [["cost_usd", "Cost"], ["cost_low_usd", "At the least"], ["saved_usd", "Saved"], ["provider_cost_usd", "The provider says"],
    ["upstream_cost_usd", "Of it upstream"], ["computed_cost_usd", "The price book says"]];

const pairs = (list) => el("dl", {class: "facts"}, list.map(([name, value]) => el("div", null, el("dt", null, name), el("dd", null, value))));

function factsOf(record, zone) {
    const list = [["At", el("time", {datetime: record.at}, `${format.instant(record.at, zone)} (${zone})`)]];
    if (record.duration_ns !== undefined) list.push(["Took", format.duration(ms(record.duration_ns))]);
    if (record.time_to_first_token_ns !== undefined) list.push(["First token", format.duration(ms(record.time_to_first_token_ns))]);
    for (const [name, title] of amounts) {
        if (record[name]) list.push([title, "$" + record[name] + (name === "cost_usd" ? ` (${format.words(record.cost_status)})` : "")]);
    }
    for (const [name, title] of facts) {
        if (record[name] !== undefined) list.push([title, String(record[name])]);
    }
    return list;
}

function proofView(of, verdict) {
    const mark = verdict.holds ? ["ok", "Proven"] : verdict.holds === null ? ["", "Not checked"] : ["over", "Does not hold"];
    const hash = (text) => el("code", null, text);
    return el("section", {class: "proof", "aria-labelledby": "proof-title"},
        el("div", {class: "row"}, el("h3", {id: "proof-title"}, "Proof"), el("span", {class: "badge " + mark[0]}, mark[1])),
        el("p", {class: verdict.holds === false ? "problem" : "quiet"}, verdict.words),
        pairs([["Leaf", hash(of.leaf_hash)], ["Root", hash(of.root)],
            ["Place", `leaf ${format.count(of.index)}, counted from 0, in a tree of ${format.count(of.tree_size)}`]]),
        of.hashes.length ? el("details", null, el("summary", null, `Path of ${of.hashes.length} hashes`),
            el("ol", {class: "path"}, of.hashes.map((each) => el("li", null, hash(each))))) : null);
}

// Fills the dialog and opens it.
export async function show(sequence, zone, close) {
    const dialog = $("record");
    const head = el("div", {class: "row head"}, el("h2", {id: "record-title"}, `Record ${sequence}`),
        el("button", {type: "button", class: "plain close", onclick: close}, "Close"));
    dialog.replaceChildren(head, el("p", {class: "quiet"}, "Loading\u2026"));
    if (!dialog.open) dialog.showModal();
    try {
        const got = await ask("records/" + sequence);
        const verdict = await proof.check(got.proof);
        const counts = Object.entries(got.record.usage ?? {});
        const tags = Object.entries(got.record.tags ?? {});
        const section = (title, list) => list.length ? [el("h3", null, title), pairs(list)] : [];
        dialog.replaceChildren(head, el("div", {class: "record-body"}, pairs(factsOf(got.record, zone)),
            section("Usage", counts.map(([name, count]) => [format.words(name), format.count(count)])), section("Tags", tags),
            proofView(got.proof, verdict),
            el("details", null, el("summary", null, "As JSON"), el("pre", {tabindex: 0}, JSON.stringify(got.record, null, 2)))));
    } catch (problem) {
        dialog.replaceChildren(head, el("p", {class: "problem", role: "alert"}, problem.message));
    }
}

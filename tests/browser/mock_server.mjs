// SPDX-License-Identifier: MIT
// mock_server.mjs: serves web/ under the gateway's Content-Security-Policy, and answers its API with
// figures that are made up, but always the same: what the page must show can be worked out from
// them. It listens on loopback alone.
import {createHash, randomBytes} from "node:crypto";
import {readFile} from "node:fs/promises";
import {createServer} from "node:http";

const web = new URL("../../web/", import.meta.url);
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    + "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const types = {html: "text/html", css: "text/css", js: "text/javascript", svg: "image/svg+xml"};
export const token = "a-token-of-the-mock-server";

// Amounts are whole micro-dollars here.
const dollars = (micro) => `${micro < 0n ? "-" : ""}${micro / 1000000n}.${String(micro % 1000000n).padStart(6, "0")}`.replace(/\.?0+$/, "");
const models = [
    ["gpt-5.2", "openai", 9100, 1400], ["claude-sonnet-4-5", "anthropic", 12800, 2100], ["gpt-5-mini", "openai", 1100, 640],
    ["gemini-3-pro", "google", 6400, 1750], ["claude-haiku-4-5", "anthropic", 2100, 520], ["mistral-large-2512", "mistral", 3300, 900],
    ["deepseek-v3.2", "deepseek", 520, 2600], ["text-embedding-3-small", "openai", 9, 85], ["llama-4-maverick", "groq", 310, 240],
].map(([model, provider, price, latency]) => ({model, provider, price: BigInt(price), latency}));
const users = ["amara", "bjorn", "chidi", "dolores", "esteban", "fatima", "=cmd|'x'!A1", "<img src=x onerror=alert(1)>", "search-service",
               "nightly-batch", "hana", "ivan", "joanna"];
const projects = ["assistant", "search", "support", "reports"];
const keys = ["web-prod", "batch-prod", "staging", "dev-laptop"];

// A whole number below `most`, the same for the same words.
function dice(most, ...words) {
    return createHash("sha256").update(words.join("/")).digest().readUInt32BE(0) % most;
}

const dayOf = (at, zone) => new Intl.DateTimeFormat("en-CA", {timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit"}).format(at);
const plusDays = (day, days) => new Date(Date.parse(day + "T00:00:00Z") + days * 86400000).toISOString().slice(0, 10);

// What one user spent on one model on one day.
function cell(day, user, model) {
    const weekday = new Date(day + "T00:00:00Z").getUTCDay();
    const busy = weekday === 0 || weekday === 6 ? 30 : 100;
    const share = 90 - 6 * users.indexOf(user) + (user === "search-service" ? 70 : 0);
    const requests = dice(4, day, user, model.model, "there") === 0 ? 0 : Math.floor((1 + dice(60, day, user, model.model)) * busy * share / 5000);
    const input = requests * (900 + dice(2500, day, user, "in"));
    const cached = Math.floor(input * dice(70, day, user, "cached") / 100);
    const errors = dice(9, day, user, model.model, "bad") === 0 ? Math.ceil(requests / 18) : 0;
    return {requests, errors, input, cached, output: requests * (120 + dice(500, day, user, "out")), cost: BigInt(requests) * model.price + BigInt(dice(997, day, user))*BigInt(requests > 0)};
}

const zero = () => ({requests: 0, errors: 0, input: 0, cached: 0, output: 0, cost: 0n, ms: 0});
function add(to, from, model) {
    for (const name of ["requests", "errors", "input", "cached", "output", "cost"]) to[name] += from[name];
    to.ms += from.requests * model.latency;
}

function figures(sum, model) {
    const average = sum.requests ? sum.cost / BigInt(sum.requests) : 0n;
    return {
        requests: sum.requests, errors: sum.errors, input_tokens: sum.input, cache_read_tokens: sum.cached, cache_write_tokens: 0,
        output_tokens: sum.output, total_tokens: sum.input + sum.output, cost_usd: dollars(sum.cost), avg_cost_usd: dollars(average),
        uncosted: 0, attempts: sum.requests + Math.floor(sum.errors / 2), avg_latency_ms: sum.requests ? sum.ms / sum.requests : 0,
        p50_latency_ms: model ? model.latency * 0.9 : null, p95_latency_ms: model ? model.latency * 2.4 : null,
        p99_latency_ms: model ? model.latency * 4.1 : null,
    };
}

// Sums over the days of the range, by what `name` says of a cell.
function grouped(from, to, onlyUser, name) {
    const all = new Map();
    for (let day = from; day <= to; day = plusDays(day, 1)) {
        for (const user of onlyUser === null ? users : users.filter((each) => each === onlyUser)) {
            for (const model of models) {
                const what = cell(day, user, model);
                if (what.requests === 0) continue;
                const key = name({day, user, model});
                if (!all.has(key)) all.set(key, {sum: zero(), model});
                add(all.get(key).sum, what, model);
            }
        }
    }
    return all;
}

function dayFigures(day, user) {
    const sum = zero();
    for (const each of grouped(day, day, user, () => "").values()) Object.assign(sum, each.sum);
    return sum;
}

function daily(from, to, user) {
    const days = [];
    for (let day = from; day <= to; day = plusDays(day, 1)) {
        const byModel = [...grouped(day, day, user, ({model}) => model.model).values()];
        days.push({day, ...figures(dayFigures(day, user)), models: byModel.map(({sum, model}) => (
            {provider: model.provider, model: model.model, cost_usd: dollars(sum.cost), requests: sum.requests}))});
    }
    return days;
}

const groupsOf = {
    users: [({user}) => user, (key) => ({user: key})],
    projects: [({user}) => projects[users.indexOf(user) % 4], (key) => ({project: key})],
    keys: [({user}) => keys[users.indexOf(user) % 3], (key) => ({key})],
    providers: [({model}) => model.provider, (key) => ({provider: key})],
    statuses: [({model}) => (model.latency % 200 === 0 ? "429" : "200"), (key) => ({status: key})],
    models: [({model}) => model.model, (key, model) => ({provider: model.provider, model: key})],
};

function rowsOf(kind, from, to, user) {
    const [name, label] = groupsOf[kind];
    return [...grouped(from, to, user, name)].sort((a, b) => (a[1].sum.cost < b[1].sum.cost ? 1 : -1))
        .map(([key, {sum, model}]) => ({...label(key, model), ...figures(sum, kind === "models" ? model : null)}));
}

function csv(rows) {
    const names = Object.keys(rows[0] ?? {day: 0}).filter((name) => name !== "models");
    const quote = (text) => {
        const safe = /^[=+\-@\t\r]/.test(text) ? "'" + text : text;
        return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
    };
    return [names, ...rows.map((row) => names.map((name) => row[name] ?? ""))].map((line) => line.map((each) => quote(String(each))).join(",")).join("\n") + "\n";
}

// ---- records and their tree (RFC 6962) ----

const records = [];
const hash = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();
const leaf = (record) => Buffer.from(JSON.stringify(record));
const leafHash = (record) => hash(Buffer.of(0), leaf(record));
const split = (size) => 2 ** (31 - Math.clz32(size - 1));

function root(list) {
    if (list.length === 1) return list[0];
    const at = split(list.length);
    return hash(Buffer.of(1), root(list.slice(0, at)), root(list.slice(at)));
}

function path(index, list) {
    if (list.length === 1) return [];
    const at = split(list.length);
    return index < at ? [...path(index, list.slice(0, at)), root(list.slice(at))]
        : [...path(index - at, list.slice(at)), root(list.slice(0, at))];
}

export function addRecord(change = {}) {
    const n = records.length + 1;
    const model = models[dice(6, n, "model")];
    const bad = dice(13, n, "bad") === 0;
    const input = 300 + dice(9000, n, "in");
    const output = 40 + dice(900, n, "out");
    const took = model.latency * 500000 + dice(model.latency * 1500, n, "ms") * 1000;
    const record = {
        sequence: n, kind: "outcome", at: new Date(Date.now() - (change.ageMs ?? 0)).toISOString().replace("Z", "000000Z"),
        user: users[dice(6, n, "user")], project: projects[dice(4, n, "project")], key: keys[dice(4, n, "key")], provider: model.provider,
        model_requested: model.model, model_served: model.model, operation: "chat", path: "/v1/chat/completions", stream: true,
        duration_ns: took, time_to_first_token_ns: Math.floor(took / 5), http_status: bad ? 529 : 200, ...(bad ? {error: "overloaded_error"} : {finish_reason: "stop"}),
        usage: bad ? {} : {input_tokens: input, cache_read_tokens: Math.floor(input / 3), output_tokens: output},
        cost_status: bad ? "no_charge" : "priced", cost_usd: bad ? "0" : dollars(model.price + BigInt(output)), attempt: 1,
        operation_id: hash(Buffer.from("op" + n)).toString("hex").slice(0, 32), tags: {feature: "chat", "<b>": "\"&<script>"},
    };
    delete change.ageMs;
    Object.assign(record, change);
    records.push(record);
    for (const send of listeners) send(record);
    return record;
}

const listeners = new Set();
for (let i = 0; i < 80; ++i) addRecord({ageMs: (80 - i) * 47000});
addRecord({kind: "refusal", cost_usd: "0", cost_status: "no_charge", ageMs: 20000, user: "dolores"});

function budgets(now) {
    const make = (budget, subject, window, unit, limit, spent, reserved, forecast, state) => ({
        budget, subject, window, zone: window === "month" || window === "day" ? "UTC" : null, unit, limit, spent, reserved,
        left: "0", open: 0, window_begins: null, resets_at: window === "total" ? null : new Date(now + 3.1 * 86400000).toISOString(), forecast, then: "refuse", state, alert_percent: 0, added: "0"});
    return [make("company", "everyone", "month", "usd", "400", "231.482", "1.25", "318.2", "ok"), make("each-user", "chidi", "month", "usd", "50", "46.125", "0.5", "55.9", "alert"),
        make("key-staging", "staging", "day", "tokens", "2000000", "2080312", "0", null, "over"), make("trial", "ivan", "total", "usd", "5", "0.73", "0", null, "ok")];
}

function alerts(now) {
    const at = (hours) => new Date(now - hours * 3600000).toISOString();
    return [
        {key: "a1", kind: "budget_threshold", at: at(1.2), text: "budget 'each-user' of chidi has reached 90 %: spent 46.125 USD of 50 USD", facts: [], undelivered: []},
        {key: "a2", kind: "anomaly", at: at(9), text: "cost of claude-sonnet-4-5: 41.20 USD today, usually 18.4 USD", facts: [],
         undelivered: [{sink: "pager", failures: 3, error: "connect_failed", why: "refused"}]},
        {key: "a3", kind: "price_missing", at: at(31), text: "no price is known for groq/llama-4-maverick: its calls are in no report's cost", facts: [], undelivered: []}];
}

function shipping(now) {
    const sink = (name, address, state, shipped, lag_ms, error) => ({name, address, origin: "node-1.example/log", state, shipped, log_size: 81250, lag_ms, error});
    const log = (name, state, shipped, silent_s, forked_at) => ({name, state, shipped, log_size: 40000, last_record: null, silent_s, forked_at,
        heard_at: new Date(now - silent_s * 1000).toISOString()});
    return {sinks: [
        sink("mongodb-c0", "mongodb://db.example/audit", "stopped", 12, 7200000, "<img src=x onerror=alert(1)> the store has another log"),
        sink("postgresql-a1", "postgresql://db.example/aiaudit", "retrying", 80001, 734000, "the server refused the connection"),
        sink("file-7f", "file:/var/lib/aiaudit/records", "current", 81250, 0, "")],
    logs: [log("<b>node-9</b>", "forked", 40000, 3, 1024), log("node-8", "silent", 39000, 90061, null),
           ...Array.from({length: 14}, (_, i) => log(`node-${i + 10}`, "current", 40000, i, null))], log_count: 16};
}

// ---- HTTP ----

class Refused extends Error {
    constructor(status, detail) {
        super(detail);
        this.status = status;
    }
}

function answerApi(name, query) {
    const now = Date.now();
    const zone = query.get("tz") ?? "UTC";
    let today;
    try {
        today = dayOf(now, zone);
    } catch {
        throw new Refused(400, "the parameter 'tz' is not right: there is no such time zone");
    }
    const to = query.get("to") ?? today;
    const from = query.get("from") ?? plusDays(to, -29);
    if (from > to) throw new Refused(400, "the parameter 'from' is not right: it is after the last day");
    const user = query.get("user");
    if (name === "summary") {
        const month = zero();
        for (let day = today.slice(0, 8) + "01"; day <= today; day = plusDays(day, 1)) {
            const sum = dayFigures(day, null);
            for (const each of Object.keys(month)) month[each] += sum[each];
        }
        return {now: new Date(now).toISOString(), today: figures(dayFigures(today, null)), yesterday: figures(dayFigures(plusDays(today, -1), null)),
                month: figures(month), month_forecast: dollars(month.cost * 30n / BigInt(Number(today.slice(8)))), first_day: "2026-01-05"};
    }
    if (name === "daily") return {days: daily(from, to, user), file: true};
    if (name in groupsOf) {
        if (user !== null && name !== "models") throw new Refused(400, "there is no such parameter here");
        const rows = rowsOf(name, from, to, user);
        const [[, all]] = [...grouped(from, to, user, () => "all")].concat([["all", {sum: zero()}]]);
        return {rows: rows.slice(0, Number(query.get("limit") ?? rows.length)), row_count: rows.length, total: figures(all.sum), file: true};
    }
    if (name === "budgets") return {budgets: budgets(now)};
    if (name === "alerts") return {alerts: alerts(now)};
    if (name === "shipping") return shipping(now);
    if (name === "recent") return {outcomes: 80, since: records[0].at, from_cache: 7, saved_usd: "1.8421", streamed: 64, p50_time_to_first_token_ms: 312.5, p95_time_to_first_token_ms: 911.2, p99_time_to_first_token_ms: 1840.9};
    if (name === "records") {
        const before = Number(query.get("before") ?? Infinity);
        const found = records.filter((each) => each.sequence < before && (user === null || each.user === user) && (!query.get("kind") || each.kind === query.get("kind"))).reverse();
        const limit = Number(query.get("limit") ?? 50);
        return {records: found.slice(0, limit), next_before: found.length > limit ? found[limit - 1].sequence : null};
    }
    const record = name.startsWith("records/") ? records[Number(name.slice(8)) - 1] : null;
    if (!record) throw new Refused(404, "there is no such record");
    const list = records.map(leafHash);
    return {record, proof: {index: record.sequence - 1, tree_size: list.length, root: root(list).toString("hex"), leaf_hash: leafHash(record).toString("hex"),
        hashes: path(record.sequence - 1, list).map((each) => each.toString("hex")), leaf_base64: leaf(record).toString("base64")}};
}

const sessions = new Set();
const sessionOf = (request) => /(?:^|; )aiaudit_session=(\w+)/.exec(request.headers.cookie ?? "")?.[1];

function send(response, status, type, body, headers = {}) {
    response.writeHead(status, {"Content-Type": type, "Cache-Control": "no-store", ...headers});
    response.end(body);
}
const sendJson = (response, status, body) => send(response, status, status < 400 ? "application/json" : "application/problem+json", JSON.stringify(body));

function sendEvents(request, response) {
    response.writeHead(200, {"Content-Type": "text/event-stream", "Cache-Control": "no-store"});
    response.write(": hello\n\n");
    const push = (record) => response.write(`id: ${record.sequence}\nevent: record\ndata: ${JSON.stringify(record)}\n\n`);
    listeners.add(push);
    request.on("close", () => listeners.delete(push));
}

async function login(request, response) {
    let body = "";
    for await (const part of request) body += part;
    if (JSON.parse(body).token !== token) return sendJson(response, 401, {title: "Unauthorized", status: 401, detail: "that is not the token"});
    const session = randomBytes(16).toString("hex");
    sessions.add(session);
    return send(response, 200, "application/json", "{}", {"Set-Cookie": `aiaudit_session=${session}; HttpOnly; SameSite=Strict; Path=/`});
}

async function answer(request, response) {
    const at = new URL(request.url, "http://here");
    const isIn = sessions.has(sessionOf(request));
    if (request.method === "POST" && at.pathname === "/login") return login(request, response);
    if (request.method === "POST" && at.pathname === "/logout") {
        sessions.delete(sessionOf(request));
        return send(response, 200, "application/json", "{}");
    }
    if (at.pathname === "/api/v1/session") return sendJson(response, 200, {logged_in: isIn, version: "0.0.0-mock"});
    if (at.pathname.startsWith("/api/v1/")) {
        if (!isIn) return sendJson(response, 401, {title: "Unauthorized", status: 401, detail: "log in first"});
        if (at.pathname === "/api/v1/events") return sendEvents(request, response);
        const {file, ...body} = answerApi(at.pathname.slice(8), at.searchParams);
        if (file && at.searchParams.get("format") === "csv")
            return send(response, 200, "text/csv; charset=utf-8", csv(body.days ?? body.rows), {"Content-Disposition": `attachment; filename="aiaudit-${at.pathname.slice(8)}.csv"`});
        return sendJson(response, 200, body);
    }
    const name = at.pathname === "/" ? "index.html" : /^\/assets\/([a-z_]+\.[a-z]+)$/.exec(at.pathname)?.[1];
    if (!name) return sendJson(response, 404, {title: "Not Found", status: 404});
    return send(response, 200, types[name.split(".")[1]] + "; charset=utf-8", await readFile(new URL(name, web)));
}

// -> {url, close()}
export function listen(port = 0) {
    const server = createServer((request, response) => {
        response.setHeader("Content-Security-Policy", policy);
        response.setHeader("X-Content-Type-Options", "nosniff");
        response.setHeader("Referrer-Policy", "no-referrer");
        answer(request, response).catch((problem) => {
            const status = problem.status ?? (problem.code === "ENOENT" ? 404 : 500);
            sendJson(response, status, {title: "Refused", status, detail: problem.message});
        });
    });
    return new Promise((done) => server.listen(port, "127.0.0.1", () => done({
        url: `http://127.0.0.1:${server.address().port}/`,
        close: () => { server.closeAllConnections(); server.close(); },
    })));
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
    const {url} = await listen(Number(process.argv[2] ?? 0));
    process.stdout.write(`${url} token ${token}\n`);
    setInterval(() => addRecord(), 3000);
}

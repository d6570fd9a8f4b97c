// SPDX-License-Identifier: MIT
// app.js: joins the parts: login, filters, figures and the events that keep them fresh.
import {Problem, ask, post, url} from "./api.js";
import * as chart from "./chart.js";
import {$, el, put, say} from "./dom.js";
import * as format from "./format.js";
import * as panels from "./panels.js";
import {RecordList, show as showRecord} from "./records.js";
import * as shipping from "./shipping.js";
import * as states from "./state.js";
import * as tables from "./tables.js";

const refresh_ms = 4000;  // figures follow new calls no faster
const retry_ms = 5000;
const shipping_ms = 10000;  // between looks at what is shipped
const month_of = (day) => day.slice(0, 8) + "01";

let state = states.read();
let shown = {};      // what was last drawn, to draw again when the room changes
let asking = null;   // ends the questions of the view before
let events = null;
let refreshing = 0;
let retrying = 0;
let looking = 0;
const records = new RecordList((sequence) => go({record: String(sequence)}));

// ---- what is shown ----

function queries() {
    const [from, to] = states.days(state);
    const range = {from, to, tz: state.zone};
    const ofUser = {...range, user: state.user};
    return {from, to, range, ofUser, rows: state.tab === "models" ? ofUser : range};
}

async function figures() {
    asking?.abort();
    const {signal} = (asking = new AbortController());
    const {to, ofUser, rows} = queries();
    const today = format.today(state.zone);
    const month = {from: month_of(today), to: today, tz: state.zone, user: state.user};
    document.body.setAttribute("aria-busy", "true");
    try {
        const [summary, daily, ofMonth, recent, models, group, budgets, alerts, users] = await Promise.all([
            ask("summary", {tz: state.zone}, signal), ask("daily", {...ofUser, by: "model"}, signal),
            state.user ? ask("daily", month, signal) : null, ask("recent", {}, signal), ask("models", {...ofUser, limit: tables.rows_most}, signal),
            state.tab === "models" ? null : ask(state.tab, {...rows, limit: tables.rows_most}, signal), ask("budgets", {}, signal), ask("alerts", {limit: 50}, signal),
            ask("users", {from: format.addDays(to, -89), to, tz: state.zone, limit: 500}, signal)]);
        shown = {summary, days: daily.days, month: ofMonth?.days ?? null, recent, models: models.rows, group: group ?? models,
                 budgets: budgets.budgets, alerts: alerts.alerts, users: users.rows};
        $("problem").hidden = true;
        draw();
    } catch (problem) {
        if (problem.name === "AbortError") return;
        failed(problem);
    } finally {
        if (!signal.aborted) document.body.removeAttribute("aria-busy");
    }
}

function draw() {
    const {ofUser, rows} = queries();
    put("cards", panels.cards(shown.summary, shown.month, shown.days, shown.recent, state));
    chart.draw($("chart"), shown.days);
    tables.draw($("groups"), state.tab, shown.group);
    put("latency", panels.latency(shown.models, shown.recent));
    put("budgets", panels.budgets(shown.budgets, state.zone));
    put("alerts", panels.alerts(shown.alerts, state.zone));
    put("known-users", shown.users.filter((row) => row.user).map((row) => el("option", {value: row.user})));
    $("cost-scope").textContent = state.user;
    $("groups-scope").textContent = !state.user ? "" : state.tab === "models" ? state.user : "everyone";
    $("daily-csv").href = url("daily", {...ofUser, by: "model", format: "csv"});
    $("groups-csv").href = url(state.tab, {...rows, format: "csv"});
}

// No filter is of what is shipped. Where nothing was, nothing will be.
async function lookAtShipping() {
    clearTimeout(looking);
    if (document.hidden || $("app").hidden) return;
    try {
        const said = await ask("shipping");
        $("shipping-panel").hidden = said.sinks.length + said.logs.length === 0;
        if ($("shipping-panel").hidden) return;
        $("shipping-scope").textContent = said.sinks.length ? "to other stores" : "of each machine\u2019s log to this database";
        shipping.draw($("shipping"), said, state.zone);
    } catch (problem) {
        if (problem instanceof Problem && problem.status === 401) return failed(problem);
        $("shipping-panel").hidden = false;
        put("shipping", el("p", {class: "problem"}, problem instanceof Problem ? problem.message : "The server cannot be reached."));
    }
    clearTimeout(looking);
    looking = setTimeout(lookAtShipping, shipping_ms);
}

function failed(problem) {
    if (problem instanceof Problem && problem.status === 401) {
        showLogin();
        return;
    }
    $("problem").textContent = problem instanceof Problem ? problem.message : "The server cannot be reached.";
    $("problem").hidden = false;
}

const loadRecords = () => records.load(state).catch(failed);

// Changes what is shown; figures are asked for only where they differ.
function go(change, replace = false) {
    const before = state;
    state = {...state, ...change};
    states.write(state, replace);
    follow(before);
}

function follow(before) {
    const differs = (...names) => names.some((name) => before[name] !== state[name]);
    controls();
    if (differs("range", "from", "to", "zone", "user", "tab")) figures();
    if (differs("user", "kind", "zone")) loadRecords();
    if (differs("record")) recordDialog();
}

function recordDialog() {
    const dialog = $("record");
    if (state.record) showRecord(state.record, state.zone, () => dialog.close());
    else if (dialog.open) dialog.close();
}

// ---- controls ----

function controls() {
    for (const input of document.querySelectorAll("#ranges input")) input.checked = input.value === state.range;
    $("dates").hidden = state.range !== "own";
    [$("from").value, $("to").value] = states.days(state);
    $("zone").value = state.zone;
    if (document.activeElement !== $("user")) $("user").value = state.user;
    $("kind").value = state.kind;
    for (const tab of document.querySelectorAll("#tabs [role=tab]")) {
        const isOn = tab.dataset.tab === state.tab;
        tab.setAttribute("aria-selected", String(isOn));
        tab.tabIndex = isOn ? 0 : -1;
        if (isOn) $("groups").setAttribute("aria-labelledby", tab.id);
    }
}

function makeControls() {
    $("ranges").append(...Object.entries(states.ranges).map(([value, [name]]) =>
        el("label", null, el("input", {type: "radio", name: "range", value}), el("span", null, name))));
    const areas = new Map();
    for (const zone of states.zones.slice(2)) {
        const area = zone.split("/")[0];
        areas.set(area, [...(areas.get(area) ?? []), zone]);
    }
    const option = (zone) => el("option", {value: zone}, zone.replaceAll("_", " "));
    put("zone", el("optgroup", {label: "Here"}, [...new Set([states.ownZone, "UTC"])].map(option)),
        [...areas].map(([label, list]) => el("optgroup", {label}, list.filter((zone) => zone !== states.ownZone).map(option))));
    // A zone of the URL that the browser has under another name.
    if (!states.zones.includes(state.zone)) $("zone").prepend(option(state.zone));
    put("kind", Object.entries(states.kinds).map(([value, name]) => el("option", {value}, name)));
    put("tabs", Object.entries(tables.groups).map(([name, group]) => el("button", {
        type: "button", role: "tab", id: "tab-" + name, "data-tab": name, "aria-controls": "groups", onclick: () => go({tab: name})}, group.title)));
}

function moveTab(event) {
    const names = Object.keys(tables.groups);
    const at = names.indexOf(state.tab);
    const to = {ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: names.length - 1}[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const tab = names[(to + names.length) % names.length];
    go({tab});
    $("tab-" + tab).focus();
}

function listen() {
    $("ranges").addEventListener("change", (event) => {
        const [from, to] = states.days(state);
        go({range: event.target.value, from, to});
    });
    for (const name of ["from", "to"]) {
        $(name).addEventListener("change", (event) => {
            if (format.isDay(event.target.value)) go({[name]: event.target.value});
        });
    }
    $("zone").addEventListener("change", (event) => go({zone: event.target.value}));
    $("user").addEventListener("change", (event) => go({user: event.target.value.trim()}));
    $("user").addEventListener("search", (event) => go({user: event.target.value.trim()}));
    $("filters").addEventListener("submit", (event) => event.preventDefault());
    $("kind").addEventListener("change", (event) => go({kind: event.target.value}, true));
    $("tabs").addEventListener("keydown", moveTab);
    $("older").addEventListener("click", () => records.older().catch(failed));
    $("pause").addEventListener("click", () => records.pause(!records.isPaused));
    $("theme").addEventListener("click", changeTheme);
    $("logout").addEventListener("click", logout);
    $("login-form").addEventListener("submit", login);
    $("record").addEventListener("close", () => { if (state.record) go({record: ""}); });
    $("record").addEventListener("click", (event) => { if (event.target === $("record")) $("record").close(); });
    const moved = () => {
        const before = state;
        state = states.read();
        if (!$("app").hidden) follow(before);
    };
    addEventListener("popstate", moved);
    let width = innerWidth;
    addEventListener("resize", () => {
        if (innerWidth === width || !shown.days) return;
        width = innerWidth;
        chart.draw($("chart"), shown.days);
    });
    document.addEventListener("visibilitychange", () => { if (!document.hidden && !$("app").hidden) { soon(); lookAtShipping(); } });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", labelTheme);
}

// ---- theme ----

const isDark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
const labelTheme = () => { $("theme").textContent = isDark() ? "Light" : "Dark"; $("theme").setAttribute("aria-label", isDark() ? "Light theme" : "Dark theme"); };

function changeTheme() {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    try {
        localStorage.setItem("theme", theme);
    } catch {
        // No storage here: the choice lasts as long as the page.
    }
    labelTheme();
}

// ---- live ----

function soon() {
    if (refreshing || document.hidden) return;
    refreshing = setTimeout(() => {
        refreshing = 0;
        if (!document.hidden && !$("app").hidden) figures();
    }, refresh_ms);
}

function isLive(word) {
    $("live").textContent = word;
    $("live").dataset.state = word.toLowerCase();
}

function connect() {
    disconnect();
    isLive("Connecting");
    events = new EventSource("/api/v1/events");
    events.addEventListener("open", () => {
        isLive("Live");
        loadRecords();  // what came while nobody listened
    });
    events.addEventListener("record", (event) => {
        records.arrive(JSON.parse(event.data));
        soon();
    });
    events.addEventListener("gap", loadRecords);
    events.addEventListener("error", () => {
        isLive("Offline");
        if (events.readyState !== EventSource.CLOSED) return;  // it tries again by itself
        clearTimeout(retrying);
        retrying = setTimeout(() => start().catch(() => connect()), retry_ms);
    });
}

function disconnect() {
    clearTimeout(retrying);
    events?.close();
    events = null;
}

// ---- login ----

function showLogin() {
    disconnect();
    asking?.abort();
    clearTimeout(refreshing);
    clearTimeout(looking);
    refreshing = 0;
    if ($("record").open) $("record").close();
    $("app").hidden = true;
    $("login").hidden = false;
    $("token").focus();
}

async function login(event) {
    event.preventDefault();
    $("login-problem").textContent = "";
    try {
        await post("/login", {token: $("token").value});
        $("token").value = "";
        await start();
    } catch (problem) {
        $("login-problem").textContent = !(problem instanceof Problem) ? "The server cannot be reached."
            : problem.status === 401 ? "That is not the token." : problem.message;
        $("token").select();
    }
}

async function logout() {
    await post("/logout").catch(() => {});
    location.reload();
}

async function start() {
    const session = await ask("session");
    if (!session.logged_in) {
        showLogin();
        return;
    }
    $("version").textContent = "aiaudit " + session.version;
    $("login").hidden = true;
    const wasHidden = $("app").hidden;
    $("app").hidden = false;
    controls();
    connect();
    lookAtShipping();
    await figures();
    if (!wasHidden) return;
    say("Dashboard loaded");
    if (state.record) recordDialog();
}

makeControls();
labelTheme();
listen();
start().catch((problem) => {
    showLogin();
    $("login-problem").textContent = problem instanceof Problem ? problem.message : "The server cannot be reached.";
});

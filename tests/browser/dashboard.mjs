// SPDX-License-Identifier: MIT
// dashboard.mjs: the dashboard in a real browser (headless Chromium), against the mock server, or
// against a gateway.
//
// usage: node dashboard.mjs [--screenshots DIR] [--chromium FILE]
//        node dashboard.mjs --url http://127.0.0.1:8081/ --token TOKEN [--trigger COMMAND] [...]
// With --url, figures are compared with what the API says. --trigger is run by a shell, to make a
// call whose record must then show up; --report, to give the days from $FROM to $TO of $ZONE as
// `aiaudit report daily --format json` does. What is not given is not looked at. run.js gives both.
import assert from "node:assert/strict";
import {execSync} from "node:child_process";
import {mkdirSync, readFileSync} from "node:fs";
import {createRequire} from "node:module";
import {join} from "node:path";
import {parseArgs} from "node:util";
import {chromium} from "playwright-core";

const {values: options} = parseArgs({options: {
    url: {type: "string"}, token: {type: "string"}, screenshots: {type: "string"}, trigger: {type: "string"}, report: {type: "string"},
    chromium: {type: "string", default: process.env.CHROMIUM ?? "/usr/bin/chromium"}}});
const mock = options.url ? null : await import("./mock_server.mjs");
const server = mock ? await mock.listen() : null;
const base = options.url ?? server.url;
const token = options.token ?? mock?.token;
if (!token) throw new Error("--url needs --token");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
if (options.screenshots) mkdirSync(options.screenshots, {recursive: true});

const browser = await chromium.launch({executablePath: options.chromium, args: ["--no-sandbox"]});
const zone = "Asia/Kathmandu";
// The system's time zone is no zone that anybody is likely to have as a default by accident.
const context = await browser.newContext({viewport: {width: 1280, height: 900}, timezoneId: "America/Halifax", bypassCSP: false, acceptDownloads: true});
const page = await context.newPage();
page.setDefaultTimeout(10000);
const faults = [];
let isExpected = () => false;
page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !isExpected(message.text())) faults.push(message.text());
});
page.on("pageerror", (error) => faults.push(String(error)));
page.on("request", (request) => { if (!request.url().startsWith(base)) faults.push("asked elsewhere: " + request.url()); });

let told = null;  // the last summary
page.on("response", (response) => { if (response.url().includes("/api/v1/summary") && response.ok()) told = response.json().catch(() => null); });

let passed = 0;
let failed = 0;
async function fact(name, check) {
    try {
        await check();
        passed += 1;
        console.log(`ok    ${name}`);
    } catch (problem) {
        failed += 1;
        console.log(`FAIL  ${name}\n      ${String(problem.message).split("\n").slice(0, 12).join("\n      ")}`);
    }
}

const api = (path) => page.evaluate(async (where) => (await fetch("/api/v1/" + where)).json(), path);
const exact = (selector) => page.locator(selector).first().getAttribute("value");
const settled = () => page.waitForFunction(() => !document.body.hasAttribute("aria-busy") && document.querySelector("#cards .card"));
const shot = async (name, on = page, fullPage = true) => {
    if (options.screenshots) await on.screenshot({path: join(options.screenshots, name + ".png"), fullPage});
};
const today = (where) => new Intl.DateTimeFormat("en-CA", {timeZone: where, year: "numeric", month: "2-digit", day: "2-digit"}).format(new Date());
// Exact sums of decimal texts, by another way than the page's.
function sum(texts) {
    const total = texts.reduce((all, text) => {
        const [whole, rest = ""] = text.split(".");
        return all + BigInt(whole + rest.padEnd(12, "0"));
    }, 0n).toString().padStart(13, "0");
    return (total.slice(0, -12) + "." + total.slice(-12)).replace(/\.?0+$/, "");
}

async function accessible(name) {
    const cdp = await context.newCDPSession(page);
    await cdp.send("Runtime.evaluate", {expression: axe});  // not by a script of the page: its policy forbids that
    const found = await page.evaluate(() => globalThis.axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}));
    const list = found.violations.map((each) => `${each.impact} ${each.id}: ${each.nodes.slice(0, 3).map((node) => node.target.join(" ") + " " + node.failureSummary.replaceAll("\n", " ")).join("; ")}`);
    assert.deepEqual(list, [], name);
}

async function fitsWidth() {
    const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(wide <= room, `the page is ${wide} wide in ${room}`);
}

try {
    await page.goto(base);
    await page.locator("#token").waitFor();
    await fact("without a login there are no figures", async () => {
        assert.ok(await page.locator("#app").isHidden());
        await accessible("login");
        await shot("login");
    });
    await fact("a wrong token is refused in words", async () => {
        isExpected = (text) => text.includes("401");
        await page.fill("#token", "not-the-token-at-all");
        await page.keyboard.press("Enter");
        await page.getByText("That is not the token.").waitFor();
        isExpected = () => false;
    });
    await fact("the token logs in", async () => {
        await page.fill("#token", token);
        await page.keyboard.press("Enter");
        await page.locator("#cards .card").first().waitFor();
        await settled();
        await page.locator("#live[data-state=live]").waitFor();
        assert.ok(await page.locator("#login").isHidden());
    });
    await fact("the cards show what the API says, in the browser's own zone", async () => {
        const shown = await told;
        // It moves with the time, so that what counts is what the page was told.
        if (shown.month_forecast !== null) assert.equal(await exact("[data-card=forecast] data"), shown.month_forecast);
        const said = await api("summary?tz=America/Halifax");
        assert.equal(await exact("[data-card=today] data"), said.today.cost_usd);
        assert.equal(await exact("[data-card=month] data"), said.month.cost_usd);
        assert.equal(await page.inputValue("#zone"), "America/Halifax");
    });
    await fact("the total of the models is the exact sum of the days", async () => {
        const last = today("America/Halifax");
        const from = new Date(Date.parse(last) - 29 * 86400000).toISOString().slice(0, 10);
        const said = await api(`daily?from=${from}&to=${last}&tz=America/Halifax`);
        assert.equal(said.days.length, 30);
        const whole = sum(said.days.map((day) => day.cost_usd));
        const rows = await page.locator("table.groups tbody td:nth-child(3) data").evaluateAll((all) => all.map((each) => each.value));
        assert.equal(sum(rows), whole);
        if (rows.length > 1) assert.equal(await exact("table.groups tfoot data"), whole);
    });
    await fact("what is shipped is shown, and nothing where nothing is", async () => {
        const said = await api("shipping");
        const names = [...said.sinks, ...said.logs].map((each) => each.name);
        assert.equal(await page.locator("#shipping-panel").isVisible(), names.length > 0);
        assert.deepEqual(await page.locator("#shipping li .strong").allTextContents(), names);
        if (!mock) return;
        const words = await page.locator("#shipping li .badge").allTextContents();
        assert.deepEqual(words.slice(0, 6), ["Stopped", "Retrying", "Current", "Forked", "Silent", "Current"]);
        const notes = await page.locator("#shipping li").allInnerTexts();
        for (const [at, text] of [[0, "81,238 behind, for 2 hours"], [0, "<img src=x onerror=alert(1)>"], [1, "80,001 of 81,250 records"],
                                  [1, "Last error: the server refused the connection"], [2, "has all of the log"], [3, "differ at record 1,024"],
                                  [4, "1,000 behind, last heard of 1 day ago"]])
            assert.ok(notes[at].includes(text), `${text} is not in ${notes[at]}`);
    });
    if (mock) {
        await fact("the panel of what is shipped follows, and goes where there is nothing", async () => {
            await page.locator("#shipping summary").click();
            const answers = [{status: 500, contentType: "application/problem+json", body: '{"detail":"the ledger cannot be read: timed_out"}'},
                             {json: {sinks: [], logs: [], log_count: 0}}];
            isExpected = (text) => text.includes("500");
            await page.route("**/api/v1/shipping", (route) => route.fulfill(answers.shift()));
            const look = () => page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
            await look();
            await page.locator("#shipping").getByText("the ledger cannot be read: timed_out").waitFor();
            isExpected = () => false;
            await look();
            await page.locator("#shipping-panel").waitFor({state: "hidden"});
            await page.unroute("**/api/v1/shipping");
            await look();
            await page.locator("#shipping li").first().waitFor();
        });
    }
    await fact("no serious accessibility fault, light", () => accessible("light"));
    await fact("the light page is as wide as its window", async () => {
        await fitsWidth();
        await shot("light");
    });
    await fact("the chart's tooltip opens by keyboard", async () => {
        await page.locator(".plot").focus();
        await page.keyboard.press("Home");
        await page.keyboard.press("ArrowRight");
        assert.ok(await page.locator(".tip").isVisible());
        const words = await page.locator(".tip strong").textContent();
        await page.keyboard.press("End");
        assert.notEqual(await page.locator(".tip strong").textContent(), words);
        await page.waitForFunction((text) => document.getElementById("said").textContent.includes(text), await page.locator(".tip strong").textContent());
        await shot("tooltip", page, false);
        await page.keyboard.press("Escape");
        assert.ok(await page.locator(".tip").isHidden());
    });
    await fact("the range changes by keyboard, and the URL with it", async () => {
        await page.locator("#ranges input[value='30d']").focus();
        await page.keyboard.press("ArrowLeft");
        await page.waitForFunction(() => location.hash.includes("range=7d"));
        await settled();
        assert.equal(await page.locator(".as-table tbody tr").count(), 7);
    });
    await fact("today alone is one bar", async () => {
        await page.getByLabel("Today", {exact: true}).check();
        await page.waitForFunction(() => location.hash.includes("range=today"));
        await settled();
        await page.locator(".one-day, #chart .empty").first().waitFor();
        await shot("today");
    });
    await fact("own dates are asked for as given", async () => {
        const to = today("America/Halifax");
        const from = new Date(Date.parse(to) - 2 * 86400000).toISOString().slice(0, 10);
        await page.getByLabel("Own dates", {exact: true}).check();
        await page.fill("#from", from);
        await page.waitForFunction((day) => location.hash.includes("from=" + day), from);
        await page.waitForFunction(() => document.querySelectorAll(".as-table tbody tr").length === 3 || document.querySelector("#chart .empty"));
        await page.goBack();
        await page.getByLabel("30 days", {exact: true}).check();
        await settled();
    });
    await fact("the zone changes the days", async () => {
        await Promise.all([page.waitForRequest((request) => request.url().includes("/summary?tz=" + encodeURIComponent(zone))),
            page.selectOption("#zone", zone)]);
        await settled();
        const said = await api("summary?tz=" + zone);
        await page.waitForFunction((cost) => document.querySelector("[data-card=today] data").value === cost, said.today.cost_usd);
        assert.ok((await page.evaluate(() => location.hash)).includes("zone=Asia%2FKathmandu"));
    });
    if (options.report) {
        await fact("today and the month are what `aiaudit report` says, exactly", async () => {
            const to = today(zone);
            const costOf = (from) => sum(JSON.parse(execSync(options.report, {shell: "/bin/bash", encoding: "utf8",
                env: {...process.env, ZONE: zone, FROM: from, TO: to}})).map((day) => day.cost_usd));
            assert.notEqual(costOf(to), "0");
            assert.equal(await exact("[data-card=today] data"), costOf(to));
            assert.equal(await exact("[data-card=month] data"), costOf(to.slice(0, 8) + "01"));
        });
    }
    await fact("each tab is a table of the API's rows, and sorts", async () => {
        for (const name of ["users", "projects", "keys", "providers", "statuses"]) {
            await page.click("#tab-" + name);
            await page.waitForFunction((tab) => document.querySelector("#groups-csv").href.includes("/" + tab + "?"), name);
            await settled();
            const said = await api(`${name}?tz=${zone}`);
            const rows = await page.locator("table.groups tbody tr").count();
            assert.equal(rows, Math.min(10, said.rows.length), name);
        }
        await page.click("#tab-users");
        await page.waitForFunction(() => document.querySelector("#groups-csv").href.includes("/users?"));
        await settled();
        await page.click("[data-sort=requests]");
        assert.equal(await page.locator("th[aria-sort=descending]").textContent(), "Requests\u2193");
        const counts = await page.locator("table.groups tbody td:nth-child(4)").allTextContents();
        const numbers = counts.map((text) => Number(text.replaceAll(",", "")));
        assert.deepEqual(numbers, [...numbers].sort((a, b) => b - a));
        await page.locator("#tab-users").focus();
        await page.keyboard.press("Home");
        await page.waitForFunction(() => document.activeElement.id === "tab-models");
        await settled();
    });
    const oneUser = (await api(`users?tz=${zone}`)).rows.find((row) => row.user)?.user;
    await fact("the figures can be one user's", async () => {
        assert.ok(oneUser, "the log has a named user");
        await page.fill("#user", oneUser);
        await page.keyboard.press("Enter");
        await page.waitForFunction((name) => document.querySelector("#cost-scope").textContent === name, oneUser);
        await settled();
        const said = await api(`models?tz=${zone}&user=${encodeURIComponent(oneUser)}`);
        const rows = await page.locator("table.groups tbody td:nth-child(3) data").evaluateAll((all) => all.map((each) => each.value));
        assert.equal(sum(rows), sum(said.rows.slice(0, rows.length).map((row) => row.cost_usd)));
        const names = await page.locator(".records tbody td:nth-child(2)").allTextContents();
        assert.ok(names.every((name) => name === oneUser), names.join());
        await shot("user");
    });
    await fact("the URL brings the same view back", async () => {
        await page.reload();
        await page.locator("#cards .card").first().waitFor();
        await settled();
        assert.equal(await page.inputValue("#user"), oneUser);
        assert.equal(await page.inputValue("#zone"), zone);
        await page.fill("#user", "");
        await page.keyboard.press("Enter");
        await page.waitForFunction(() => !location.hash.includes("user="));
        await settled();
    });
    await fact("CSV is downloaded", async () => {
        for (const [link, first] of [["#daily-csv", /^(date|day),/], ["#groups-csv", /provider,model,|^provider,/]]) {
            const waiting = page.waitForEvent("download");
            await page.click(link);
            const file = await waiting;
            assert.match(file.suggestedFilename(), /\.csv$/);
            assert.match(readFileSync(await file.path(), "utf8"), first);
        }
    });
    if (mock || options.trigger) {
        await fact("a call shows up while one looks", async () => {
            await page.locator("#live[data-state=live]").waitFor();
            await settled();
            const before = Number(await page.locator(".records tbody tr").first().getAttribute("data-sequence").catch(() => 0));
            if (mock) mock.addRecord({user: "amara", http_status: 200});
            else execSync(options.trigger, {stdio: "ignore", shell: "/bin/bash"});
            await page.waitForFunction((last) => Number(document.querySelector(".records tbody tr")?.dataset.sequence) > last, before);
            await page.waitForFunction(() => /new record/.test(document.getElementById("said").textContent));
        });
        await fact("a paused list waits", async () => {
            if (!mock) return;
            await page.click("#pause");
            const before = await page.locator(".records tbody tr").first().getAttribute("data-sequence");
            mock.addRecord();
            await page.getByText("Show 1 new").waitFor();
            assert.equal(await page.locator(".records tbody tr").first().getAttribute("data-sequence"), before);
            await page.click("#pause");
            await page.waitForFunction((last) => document.querySelector(".records tbody tr").dataset.sequence !== last, before);
        });
    }
    await fact("a record opens by keyboard, and its proof holds", async () => {
        await page.locator(".records tbody button").nth(1).focus();
        await page.keyboard.press("Enter");
        await page.locator("dialog[open] .proof").waitFor();
        assert.equal(await page.locator(".proof .badge").textContent(), "Proven");
        assert.ok((await page.evaluate(() => location.hash)).includes("record="));
        await accessible("record");
        await shot("record", page, false);
        await page.keyboard.press("Escape");
        await page.waitForFunction(() => !document.querySelector("dialog").open && !location.hash.includes("record="));
    });
    if (mock) {
        await fact("a record that was changed has no proof", async () => {
            const end = (route) => route.fetch().then(async (got) => {
                const body = await got.json();
                body.proof.leaf_base64 = Buffer.from("changed").toString("base64");
                await route.fulfill({response: got, json: body});
            });
            await page.route("**/api/v1/records/3", end);
            await page.evaluate(() => { location.hash = location.hash + "&record=3"; });
            await page.locator("dialog[open] .proof").waitFor();
            assert.equal(await page.locator(".proof .badge").textContent(), "Does not hold");
            await page.unroute("**/api/v1/records/3", end);
            await page.keyboard.press("Escape");
        });
        await fact("names are text, whatever they hold", async () => {
            assert.equal(await page.locator("main img").count(), 1);  // the login page's
            assert.equal(await page.locator("script").count(), 2);
        });
        await fact("a failure is said in words, and goes away", async () => {
            isExpected = (text) => text.includes("500");
            await page.route("**/api/v1/budgets", (route) => route.fulfill({status: 500, contentType: "application/problem+json", body: '{"detail":"the ledger cannot be read: io_error"}'}));
            await page.getByLabel("7 days", {exact: true}).check();
            await page.getByText("the ledger cannot be read: io_error").waitFor();
            await page.unroute("**/api/v1/budgets");
            isExpected = () => false;
            await page.getByLabel("30 days", {exact: true}).check();
            await page.locator("#problem").waitFor({state: "hidden"});
        });
    }
    await fact("dark, by the switch, and it is kept", async () => {
        await page.click("#theme");
        assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(15, 18, 24)");
        await page.reload();
        await page.locator("#cards .card").first().waitFor();
        await settled();
        assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(15, 18, 24)");
        await accessible("dark");
        await shot("dark");
        await page.click("#theme");
    });
    await fact("dark, by the system's wish", async () => {
        await page.evaluate(() => localStorage.removeItem("theme"));
        await page.emulateMedia({colorScheme: "dark", reducedMotion: "reduce"});
        await page.reload();
        await page.locator("#cards .card").first().waitFor();
        assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(15, 18, 24)");
        await page.emulateMedia({colorScheme: "light", reducedMotion: "reduce"});
    });
    await fact("a phone of 360 pixels needs no sideways scrolling", async () => {
        await page.setViewportSize({width: 360, height: 740});
        await page.waitForFunction(() => document.querySelector("svg.chart")?.clientWidth < 340 || document.querySelector("#chart .empty"));
        await fitsWidth();
        await accessible("phone");
        await shot("phone");
        await page.emulateMedia({colorScheme: "dark"});
        await page.locator(".records tbody button").first().click();
        await page.locator("dialog[open] .proof").waitFor();
        await fitsWidth();
        await shot("phone-record", page, false);
        await page.keyboard.press("Escape");
        await page.setViewportSize({width: 1280, height: 900});
    });
    await fact("everything is reached by the keyboard alone", async () => {
        await page.emulateMedia({colorScheme: "light"});
        await page.reload();
        await page.locator("#cards .card").first().waitFor();
        await settled();
        const reached = new Set();
        for (let i = 0; i < 60; ++i) {
            await page.keyboard.press("Tab");
            reached.add(await page.evaluate(() => document.activeElement.id || document.activeElement.className || document.activeElement.name));
        }
        for (const name of ["skip", "theme", "logout", "range", "zone", "user", "daily-csv", "plot", "groups-csv", "tab-models", "sort", "scroll", "kind", "pause", "link"])
            assert.ok(reached.has(name), `${name} is not among ${[...reached].join(", ")}`);
    });
    await fact("logging out ends it", async () => {
        await page.click("#logout");
        await page.locator("#token").waitFor();
        isExpected = (text) => text.includes("401");
        assert.equal(await page.evaluate(async () => (await fetch("/api/v1/summary")).status), 401);
    });
    await fact("the console has no error, and nothing came from elsewhere", () => assert.deepEqual(faults, []));
} finally {
    await browser.close();
    server?.close();
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;

#!/usr/bin/env node
// SPDX-License-Identifier: MIT
//
// soak.js: a gateway under clients that behave and clients that do not, before a provider that
// fails in every way, for as long as wanted. At the end nothing may have grown, nothing may be
// left, and every call must be in the ledger once, with what it cost. A line a fact, then the
// figures; exit status 1 where a fact does not hold. scripts/soak runs it.
//
// usage: node soak.js --program FILE [--minutes N] [--clients N] [--seed N] [--keep DIR]
//                     [--serve="OPTIONS"]
//   --keep    leaves the ledger, the log and the samples (samples.csv) there
//   --serve   more options for `aiaudit serve`, such as --serve="--on-client-gone drain"
//
// What "nothing has grown" means: over the second half, the memory that is the process's own
// (RssAnon) rises by no more than sawtooth_bytes and growth_bytes_per_request a request, by the line
// of least squares through the samples of every second. The sawtooth is the ledger's: it keeps what
// its reports add up, some 60 bytes a call, until 131,072 records are together, and saves it then.
// What is mapped of the ledger's files is not counted: it may be dropped.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createReadStream, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync }
  from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { stay, visit, warm } from './clients.js';
import { Connection, pause, requestText } from './http.js';
import { Mock, usage } from './mock.js';

const options = parseArgs({
  options: Object.fromEntries(['program', 'minutes', 'clients', 'seed', 'keep', 'serve'].map((name) => [name, { type: 'string' }])),
}).values;
if (!options.program) throw new Error('--program is needed');
const minutes = Number(options.minutes ?? 1);
const parallel = Number(options.clients ?? 32);
const sawtooth_bytes = 8 << 20;
const growth_bytes_per_request = 4;
const sample_ms = 1_000;
const token = 'a-token-for-the-soak-alone';

const MB = (bytes) => (bytes / 1e6).toFixed(1);

let failed = 0;
async function fact(name, check) {
  try {
    await check();
    console.log(`ok    ${name}`);
  } catch (problem) {
    ++failed;
    console.log(`FAIL  ${name}\n      ${String(problem.message).split('\n').slice(0, 8).join('\n      ')}`);
  }
}

// --- the gateway ---

function tool(words) {
  const { status, stdout, stderr } = spawnSync(options.program, words, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${words[0]} ended with ${status}: ${stderr}${stdout}`);
  return stdout;
}

async function startGateway(home, mockPort) {
  const db = join(home, 'db');
  tool(['budget', 'set', '--db', db, '--name', 'all', '--limit', '1000000', '--scope', 'everyone', '--window', 'total']);
  const key = tool(['key', 'create', '--db', db, '--id', 'soak', '--user', 'ada']).trim();
  const waitingKey = tool(['key', 'create', '--db', db, '--id', 'waiting', '--user', 'bob',
    '--requests-per-minute', '120', '--rate-then', 'wait=1500']).trim();
  const log = join(home, 'log');
  const out = openSync(log, 'a', 0o600);
  const gateway = spawn(options.program, ['serve', '--db', db, '--listen', '127.0.0.1:0',
    '--dashboard', '127.0.0.1:0', '--dashboard-token', '$SOAK_TOKEN', '--body-bytes', '65536',
    '--upstream', `openai=http://127.0.0.1:${mockPort}`, ...(options.serve ?? '').split(' ').filter(Boolean)],
  { stdio: ['ignore', out, out], env: { ...process.env, OPENAI_API_KEY: 'sk-soak', SOAK_TOKEN: token } });
  process.once('exit', () => gateway.kill('SIGKILL'));
  const ended = new Promise((resolve) => gateway.once('exit', resolve));
  const portOf = (what) => Number(new RegExp(`^${what} at http://.*:(\\d+)$`, 'm').exec(readFileSync(log, 'utf8'))?.[1]);
  for (let i = 0; !portOf('dashboard'); ++i) {
    if (i > 400 || gateway.exitCode !== null) throw new Error(`the gateway does not start: ${readFileSync(log, 'utf8')}`);
    await pause(25);
  }
  return { gateway, ended, db, log, key, waitingKey, port: portOf('gateway'), sitePort: portOf('dashboard') };
}

// --- what it holds ---

function sampleOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kB = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)[1]);
  return {
    at_ms: Date.now(), own_bytes: kB('RssAnon') * 1024, all_bytes: kB('VmRSS') * 1024,
    descriptors: readdirSync(`/proc/${pid}/fd`).length, threads: kB('Threads'),
  };
}
// In units of `y` a second.
function slope(samples, y) {
  const xs = samples.map((each) => (each.at_ms - samples[0].at_ms) / 1000);
  const ys = samples.map((each) => each[y]);
  const mean = (list) => list.reduce((sum, each) => sum + each, 0) / list.length;
  const [mx, my] = [mean(xs), mean(ys)];
  const above = xs.reduce((sum, x, i) => sum + (x - mx) * (ys[i] - my), 0);
  return above / xs.reduce((sum, x) => sum + (x - mx) ** 2, 0);
}
async function gauges(port) {
  const connection = await Connection.open(port);
  connection.write(requestText('/metrics'));
  const { body } = await connection.answer();
  connection.close();
  const of = (name) => Number(new RegExp(`^aiaudit_gateway_${name} (-?\\d+)$`, 'm').exec(body)[1]);
  // Without this request and its connection.
  return { connections: of('open_connections') - 1, streams: of('open_streams'), requests: of('in_flight') - 1 };
}
// Until what() is as wanted, or the time is over; then it is for an assertion to say so.
async function settle(what, isDone, most_ms) {
  for (const until = Date.now() + most_ms; ; await pause(200)) {
    const now = await what();
    if (isDone(now) || Date.now() > until) return now;
  }
}

// --- what the ledger says ---

function picoOf(usd) {
  const [whole, part = ''] = usd.split('.');
  return BigInt(whole + part.padEnd(12, '0'));
}
// 10^-12 USD a token: 0.15 and 0.60 USD for a million, and so on.
const prices = { 'gpt-4o-mini': [150_000n, 600_000n], 'gpt-4o': [2_500_000n, 10_000_000n], 'gpt-4.1-mini': [400_000n, 1_600_000n] };
const priceOf = (model) => BigInt(usage.in) * prices[model][0] + BigInt(usage.out) * prices[model][1];

async function readLedger(db, file) {
  const out = openSync(file, 'w');
  const { status } = spawnSync(options.program, ['tail', '--db', db, '-n', '1000000000', '--format', 'jsonl'],
    { stdio: ['ignore', out, 'inherit'] });
  assert.equal(status, 0, 'tail failed');
  const calls = new Map();
  let total = 0n;
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const entry = JSON.parse(line);
    if (entry.kind !== 'intent' && entry.kind !== 'outcome') continue;
    const call = calls.get(entry.operation_id) ?? { intents: 0, outcomes: [] };
    calls.set(entry.operation_id, call);
    if (entry.kind === 'intent') {
      ++call.intents;
      continue;
    }
    if (entry.cost_usd !== null) total += picoOf(entry.cost_usd);
    call.outcomes.push({ model: entry.model_requested, status: entry.http_status ?? 0, complete: entry.complete ?? true,
      cost: entry.cost_usd, kind: entry.cost_status });
  }
  return { calls, total };
}

function someOf(list) {
  return `${list.length}, such as ${JSON.stringify(list.slice(0, 3), (_, value) => (typeof value === 'bigint' ? String(value) : value))}`;
}
async function checkLedger(mock, stand, ledger) {
  const entries = [...ledger.calls];
  // A stream that outruns what was held for it has a larger intent after the first.
  await fact('every operation has an intent, and one outcome', () => {
    const wrong = entries.filter(([, call]) => call.intents < 1 || call.outcomes.length !== 1);
    assert(wrong.length === 0, someOf(wrong));
  });
  await fact('every request that came to the provider is on record, and came once', () => {
    assert(mock.seen.size > 0 && mock.unnamed === 0);
    const wrong = [...mock.seen].filter(([id, { times }]) => times !== 1 || !ledger.calls.has(id));
    assert(wrong.length === 0, someOf(wrong));
  });
  await fact('what never came to the provider has no price', () => {
    const wrong = entries.filter(([id, { outcomes }]) => !mock.seen.has(id) && outcomes.some((each) => each.kind === 'priced'));
    assert(wrong.length === 0, someOf(wrong));
  });
  await fact('what was answered to its end costs what it costs, exactly', () => {
    const priced = entries.filter(([, { outcomes }]) => outcomes[0].kind === 'priced');
    const wrong = priced.filter(([id, { outcomes: [each] }]) =>
      !each.complete || !mock.seen.get(id).whole || picoOf(each.cost) !== priceOf(each.model));
    assert(priced.length > 0);
    assert(wrong.length === 0, someOf(wrong));
  });
  await fact('what was cut costs no less than it would have', () => {
    const cut = entries.filter(([id, { outcomes: [each] }]) => each.kind === 'estimated' && mock.seen.get(id)?.whole);
    const wrong = cut.filter(([, { outcomes: [each] }]) => picoOf(each.cost) < priceOf(each.model));
    assert(wrong.length === 0, someOf(wrong));
  });
  await fact('the report says the sum of the outcomes, and so does the budget, which holds nothing more', () => {
    const sum = JSON.parse(tool(['report', 'models', '--db', stand.db, '--format', 'json']))
      .reduce((all, row) => all + picoOf(row.cost_usd), 0n);
    assert.equal(sum, ledger.total);
    const budgets = JSON.parse(tool(['report', 'budgets', '--db', stand.db, '--format', 'json']));
    const all = budgets.find((each) => each.budget === 'all');
    assert.equal(picoOf(all.spent), ledger.total);
    assert.equal(all.reserved, '0');
    assert.equal(all.open, 0);
  });
  await fact('the log is what its tree says', () => tool(['verify', '--db', stand.db]));
}

// --- the run ---

function randomOf(seed) { // mulberry32
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
const home = options.keep ?? mkdtempSync(join(tmpdir(), 'aiaudit-soak-'));
mkdirSync(home, { recursive: true });
const mock = new Mock();
const stand = { ...await startGateway(home, await mock.start()), token, random: randomOf(Number(options.seed ?? 1)) };
const visits = new Map();
const faults = [];
let lastFault = '';
function note(name, fault) {
  visits.set(name, (visits.get(name) ?? 0) + 1);
  if (!fault) return;
  faults.push(`${name}: ${fault.message}`);
  if (faults[faults.length - 1] !== lastFault && faults.length < 20) console.error((lastFault = faults[faults.length - 1]));
}

// Some things are made when they are first needed, such as the threads that resolve names.
await warm(stand);
await settle(() => gauges(stand.port), (now) => now.connections === 0, 5_000);
await pause(4_000); // the provider closes what is idle for 2 s, and the gateway looks every second
const atStart = sampleOf(stand.gateway.pid);
const samples = [];
const sampling = setInterval(() => {
  if (stand.gateway.exitCode === null) samples.push({ ...sampleOf(stand.gateway.pid), requests: mock.seen.size });
}, sample_ms);
const begun_ms = Date.now();
let end_ms = begun_ms + minutes * 60_000;
// Told to stop, it stops early, and looks at what there is.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => { end_ms = 0; });
const stop = () => Date.now() >= end_ms || stand.gateway.exitCode !== null;
await Promise.all([stay(stand, stop, note), ...Array.from({ length: parallel }, () => visit(stand, stop, note))]);
const lasted = Math.round((Date.now() - begun_ms) / 6_000) / 10;
clearInterval(sampling);

await fact('every client that was owed an answer had the right one', () => assert.deepEqual(faults, []));
await fact('the gateway lives', () => assert.equal(stand.gateway.exitCode, null));
await fact('nothing is open once the clients have gone', async () => {
  const zero = { connections: 0, streams: 0, requests: 0 };
  assert.deepEqual(await settle(() => gauges(stand.port), (now) => Object.values(now).every((each) => each === 0), 15_000), zero);
});
await mock.stop();
let atEnd;
await fact('its descriptors are those of its beginning', async () => {
  atEnd = await settle(() => sampleOf(stand.gateway.pid), (now) => now.descriptors <= atStart.descriptors, 15_000);
  assert.equal(atEnd.descriptors, atStart.descriptors);
});
await fact('its threads are those of its beginning', () => assert.equal(atEnd.threads, atStart.threads));
const second = samples.slice(samples.length / 2);
const requests = second.at(-1).requests - second[0].requests;
const seconds = (second.at(-1).at_ms - second[0].at_ms) / 1000;
const growth = slope(second, 'own_bytes') * seconds;
const bound = sawtooth_bytes + growth_bytes_per_request * requests;
await fact('its memory has not grown', () => assert(growth < bound, `by ${MB(growth)} MB, where ${MB(bound)} were the most`));
stand.gateway.kill('SIGTERM');
const status = await stand.ended;
await fact('it ends well', () => assert.equal(status, 0, readFileSync(stand.log, 'utf8')));
const ledger = await readLedger(stand.db, join(home, 'records.jsonl'));
await checkLedger(mock, stand, ledger);

const most = (name) => Math.max(...samples.map((each) => each[name]));
const kinds = {};
for (const { outcomes } of ledger.calls.values()) for (const each of outcomes) kinds[each.kind] = (kinds[each.kind] ?? 0) + 1;
console.log(`\n${[...visits].sort((a, b) => b[1] - a[1]).map(([name, count]) => `${count} x ${name}`).join(', ')}`);
console.log(`${lasted} minutes, ${mock.seen.size} requests at the provider, ${ledger.calls.size} operations: ${
  Object.entries(kinds).map(([name, count]) => `${count} ${name}`).join(', ')}`);
console.log(`own memory ${MB(atStart.own_bytes)} MB at the start, ${MB(samples[Math.floor(samples.length / 2)].own_bytes)} at half, ${
  MB(most('own_bytes'))} at most, ${MB(atEnd?.own_bytes ?? 0)} at the end; in the second half ${MB(growth)} MB more, of ${MB(bound)} at most, in ${requests} requests; all ${MB(most('all_bytes'))} MB at most`);
console.log(`descriptors ${atStart.descriptors} at the start, ${most('descriptors')} at most, ${atEnd?.descriptors} at the end; threads ${atStart.threads}, ${most('threads')} at most`);
if (options.keep) {
  const names = Object.keys(samples[0]);
  writeFileSync(join(home, 'samples.csv'), [names, ...samples.map((each) => names.map((name) => each[name]))].map((row) => row.join(',')).join('\n') + '\n');
} else {
  rmSync(home, { recursive: true });
}
console.log(failed === 0 ? 'passed' : `${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

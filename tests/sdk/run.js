#!/usr/bin/env node
// SPDX-License-Identifier: MIT
//
// run.js: the official SDKs, unmodified, against the mock: straight, through a gateway that runs
// already, or through one that it starts. A line a case; at the end "N passed, M failed".
//
// usage: npm ci && node run.js [--url URL [--mock-port PORT] [--key KEY]] [--only TEXT]
//        node run.js --program FILE      starts `FILE serve` on a new ledger, and checks its records
//        node run.js --records FILE      checks the records of an earlier run, asks nothing:
//                                        what `aiaudit tail --db DIR -n 100000 --format jsonl` says
//   --url        of a gateway whose upstreams `openai` and `anthropic` are the mock, at --mock-port,
//                with the keys that mock.js names
//   --key        the gateway's key that the SDKs are given; the gateway then must check keys
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { casesOf } from './cases.js';
import { Mock, anthropicKey, openaiKey } from './mock.js';
import { checkRecords } from './records.js';

const options = parseArgs({
  options: Object.fromEntries(['url', 'mock-port', 'key', 'only', 'program', 'records', 'serve']
    .map((name) => [name, { type: 'string' }])),
}).values;

let passed = 0;
let failed = 0;
function report(name, faults) {
  faults.length === 0 ? ++passed : ++failed;
  console.log(`${faults.length === 0 ? 'ok    ' : 'FAILED'}  ${name}`);
  for (const fault of faults) console.log(`        ${String(fault).replaceAll('\n', '\n        ')}`);
}

// The newest of each, and the major version before, which many still use: Anthropic's two differ in
// the header that holds the key. OpenAI's newest asks for Node 22, but runs on 20.
async function loadSdks() {
  const names = { openai: 'openai', 'openai-v6': 'openai-v6', anthropic: '@anthropic-ai/sdk', 'anthropic-v0': 'anthropic-v0' };
  return Promise.all(Object.entries(names)
    .map(async ([sdk, from]) => ({ sdk, SDK: (await import(from)).default })));
}

async function runCases(cases, sdks, mock, url, key) {
  const clientOf = (sdk) => {
    const { SDK } = sdks.find((each) => each.sdk === sdk);
    const common = { maxRetries: 0, timeout: 20_000 };
    return sdk.startsWith('anthropic')
      ? new SDK({ ...common, baseURL: url, apiKey: key ?? anthropicKey })
      : new SDK({ ...common, baseURL: `${url}/v1`, apiKey: key ?? openaiKey });
  };
  for (const { name, run } of cases) {
    const sdk = name.slice(0, name.indexOf(':'));
    const client = clientOf(sdk);
    const faults = [];
    try {
      await run({ openai: client, anthropic: client, keysAreChecked: key !== undefined }, mock);
    } catch (failure) {
      faults.push(failure.stack ?? failure);
    }
    report(name, faults);
  }
  report('the provider was asked with its own keys', mock.wrongKeys ? [`${mock.wrongKeys} were wrong`] : []);
}

const freePort = () => new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});
const listens = (port) => new Promise((resolve) => {
  const socket = connect(port, '127.0.0.1', () => (socket.destroy(), resolve(true)));
  socket.on('error', () => resolve(false));
});
function tool(program, words) {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${program} ${words[0]} ended with ${status}: ${stderr}`);
  return stdout;
}

// A gateway of its own with a ledger, a key and a budget; returns its records' file.
async function throughOwn(program, cases, sdks, mock, mockPort, home) {
  const db = join(home, 'db');
  const log = join(home, 'log');
  tool(program, ['budget', 'set', '--db', db, '--name', 'all', '--limit', '100', '--scope', 'everyone',
    '--window', 'day']);
  const said = tool(program, ['key', 'create', '--db', db, '--id', 'sdk', '--user', 'ada']);
  const key = /aia-sdk\.[A-Za-z0-9_-]{43}/.exec(said)?.[0];
  if (!key) throw new Error('no key was made');
  const port = await freePort();
  const out = openSync(log, 'a', 0o600);
  const gateway = spawn(program, ['serve', '--db', db, '--listen', `127.0.0.1:${port}`,
    '--upstream', `openai=http://127.0.0.1:${mockPort}`,
    '--upstream', `anthropic=http://127.0.0.1:${mockPort}`, '--keys', 'required',
    ...(options.serve ?? '').split(' ').filter(Boolean)],
  { stdio: ['ignore', out, out],
    env: { ...process.env, OPENAI_API_KEY: openaiKey, ANTHROPIC_API_KEY: anthropicKey } });
  const ended = new Promise((resolve) => gateway.once('exit', (status) => resolve(status)));
  const end = () => gateway.kill('SIGKILL');
  process.once('exit', end);
  for (let i = 0; !(await listens(port)); ++i) {
    if (i > 400 || gateway.exitCode !== null)
      throw new Error(`the gateway does not listen: ${readFileSync(log, 'utf8')}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  await runCases(cases, sdks, mock, `http://127.0.0.1:${port}`, key);
  gateway.kill('SIGTERM');
  const status = await ended;
  process.removeListener('exit', end);
  report('the gateway ends well', status === 0 ? [] : [`${status}: ${readFileSync(log, 'utf8')}`]);
  const records = tool(program, ['tail', '--db', db, '-n', '100000', '--format', 'jsonl']);
  const file = join(home, 'records.jsonl');
  writeFileSync(file, records);
  const secrets = [key, key.slice(8), openaiKey, anthropicKey];
  report('no key is in the records or the log',
    secrets.filter((each) => (records + readFileSync(log, 'utf8')).includes(each)).map(() => 'one is'));
  const outcomes = records.split('\n').filter(Boolean).map((line) => JSON.parse(line))
    .filter((each) => each.kind === 'outcome');
  report('every record is of the key and its user',
    outcomes.filter((each) => each.user !== 'ada' || each.key !== 'sdk').map((each) => JSON.stringify(each)));
  return file;
}

const sdks = await loadSdks();
const cases = casesOf(sdks).filter(({ name }) => name.includes(options.only ?? ''));
if (options.records) {
  checkRecords(options.records, cases, report);
} else {
  const mock = new Mock();
  const mockPort = await mock.start(Number(options['mock-port'] ?? 0));
  const home = mkdtempSync(join(tmpdir(), 'aiaudit-sdk-'));
  try {
    if (options.program) {
      checkRecords(await throughOwn(options.program, cases, sdks, mock, mockPort, home), cases, report);
    } else {
      const url = options.url?.replace(/\/$/, '') ?? `http://127.0.0.1:${mockPort}`;
      await runCases(cases, sdks, mock, url, options.key);
    }
  } finally {
    rmSync(home, { recursive: true });
    await mock.stop();
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

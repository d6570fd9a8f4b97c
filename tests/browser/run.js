#!/usr/bin/env node
// SPDX-License-Identifier: MIT
//
// run.js: dashboard.mjs at a real gateway: the ledger of `aiaudit demo`, budgets, keys and calls of
// today through the gateway to a mock provider. Ends by itself, and ends what it has started.
//
// usage: npm ci && node run.js --program FILE [--screenshots DIR] [--chromium FILE]
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { Mock } from '../soak/mock.js';

const { values: options } = parseArgs({ options: {
  program: { type: 'string' }, screenshots: { type: 'string' }, chromium: { type: 'string' },
} });
if (!options.program) throw new Error('--program is needed');
const token = 'the-token-of-the-browser-test';
const home = mkdtempSync(join(tmpdir(), 'aiaudit-browser-'));
const db = join(home, 'db');
const log = join(home, 'log');

function tool(...words) {
  const { status, stdout, stderr } = spawnSync(options.program, [...words, '--db', db], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${words.join(' ')} ended with ${status}: ${stderr}`);
  return stdout.trim();
}
function prepare() {
  tool('demo');
  tool('budget', 'set', '--name', 'company', '--limit', '4.00', '--window', 'month');
  tool('budget', 'set', '--name', 'each-user', '--limit', '0.50', '--window', 'month', '--scope', 'each-user',
    '--then', 'warn');
  tool('budget', 'set', '--name', 'trial', '--limit', '2000', '--unit', 'tokens', '--window', 'day',
    '--scope', 'key=trial', '--alert', '50,80');
  const keys = {};
  for (const [id, user] of [['web', 'ana'], ['batch', 'chloe'], ['trial', 'emeka']])
    keys[id] = tool('key', 'create', '--id', id, '--user', user, '--project', id === 'batch' ? 'search' : 'support');
  return keys;
}
async function startGateway(mockPort) {
  const out = openSync(log, 'a', 0o600);
  const gateway = spawn(options.program, ['serve', '--db', db, '--listen', '127.0.0.1:0',
    '--dashboard', '127.0.0.1:0', '--dashboard-token', '$DASHBOARD_TOKEN',
    '--upstream', `openai=http://127.0.0.1:${mockPort}`, '--ship', `file:${join(home, 'shipped.jsonl')}`],
  { stdio: ['ignore', out, out], env: { ...process.env, OPENAI_API_KEY: 'sk-mock', DASHBOARD_TOKEN: token } });
  const ended = new Promise((resolve) => gateway.once('exit', resolve));
  process.once('exit', () => gateway.kill('SIGKILL'));
  const urlOf = (what) => new RegExp(`^${what} at (http://.*)$`, 'm').exec(readFileSync(log, 'utf8'))?.[1];
  for (let i = 0; !urlOf('dashboard'); ++i) {
    if (i > 400 || gateway.exitCode !== null) throw new Error(`the gateway does not start: ${readFileSync(log, 'utf8')}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return { gateway, ended, url: urlOf('gateway'), site: urlOf('dashboard') };
}
async function ask(url, key, model, stream, way) {
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ model, stream, max_tokens: 300, messages: [{ role: 'user', content: `behave:${way}` }] }),
  });
  await answer.text();
}
// What people do on a usual day: streams, a provider's bad moment, a budget that is full.
async function aDay(url, keys) {
  for (let i = 0; i < 24; ++i) {
    const key = i % 3 === 0 ? keys.batch : i % 7 === 5 ? keys.trial : keys.web;
    await ask(url, key, i % 4 === 0 ? 'gpt-4.1' : 'gpt-4.1-mini', i % 2 === 0, i === 9 ? 'busy' : i % 8 === 0 ? 'slow' : 'well');
  }
}
function browse(site, url, key) {
  const ask = 'fetch(process.env.GATEWAY + "/v1/chat/completions", {method: "POST", headers: {authorization: ' +
    '"Bearer " + process.env.GATEWAY_KEY}, body: JSON.stringify({model: "gpt-4.1", max_tokens: 100, ' +
    'messages: [{role: "user", content: "behave:well"}]})}).then((got) => { if (!got.ok) process.exit(1); })';
  const words = ['dashboard.mjs', '--url', `${site}/`, '--token', token, '--trigger', `node -e '${ask}'`,
    '--report', '"$PROGRAM" report daily --db "$DB" --tz "$ZONE" --from "$FROM" --to "$TO" --format json'];
  for (const name of ['screenshots', 'chromium']) if (options[name]) words.push(`--${name}`, options[name]);
  const browser = spawn(process.execPath, words, { stdio: 'inherit', cwd: fileURLToPath(new URL('.', import.meta.url)),
    env: { ...process.env, GATEWAY: url, GATEWAY_KEY: key, PROGRAM: resolve(options.program), DB: db } });
  process.once('exit', () => browser.kill('SIGTERM'));
  return new Promise((resolve) => browser.once('exit', resolve));
}

const mock = new Mock();
let status = 1;
try {
  const keys = prepare();
  const { gateway, ended, url, site } = await startGateway(await mock.start());
  await aDay(url, keys);
  status = await browse(site, url, keys.web);
  gateway.kill('SIGTERM');
  const left = await ended;
  if (left !== 0) console.log(`FAIL  the gateway ended with ${left}: ${readFileSync(log, 'utf8')}`);
  status ||= left;
} finally {
  await mock.stop();
  rmSync(home, { recursive: true });
}
process.exitCode = status;

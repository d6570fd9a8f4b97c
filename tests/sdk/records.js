// SPDX-License-Identifier: MIT
//
// records.js: what a ledger holds, as `aiaudit tail --format jsonl` prints it, against what the
// cases must leave behind.
import { readFileSync } from 'node:fs';

// 10^-12 USD, of a decimal string.
export function picoOf(usd) {
  const [, sign, whole, part = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(usd) ?? [];
  if (whole === undefined || part.length > 12) throw new Error(`no amount: ${usd}`);
  const pico = BigInt(whole + part.padEnd(12, '0'));
  return sign ? -pico : pico;
}

const nameOf = (entry) => /^(?:req|chatcmpl|resp|msg)[-_](.+)$/.exec(entry.provider_request_id ?? '')?.[1];

function differences(entry, wanted) {
  const found = [];
  const same = (what, is, should) => {
    if (is !== should) found.push(`${what} is ${is}, not ${should}`);
  };
  same('provider', entry.provider, wanted.provider);
  same('model', entry.model_requested, wanted.model);
  same('status', entry.http_status, wanted.status);
  if (wanted.bounded) {
    if (entry.cost_usd === null || picoOf(entry.cost_usd) <= 0n) found.push('it has no cost');
    same('complete', entry.complete ?? true, false);
    return found;
  }
  same('cost', entry.cost_usd === null ? null : picoOf(entry.cost_usd), wanted.pico);
  if (wanted.status !== 200) return found;
  same('operation', entry.operation, wanted.operation);
  same('complete', entry.complete ?? true, true);
  same('cost_status', entry.cost_status, 'priced');
  same('input_tokens', entry.usage?.input_tokens, wanted.input);
  same('output_tokens', entry.usage?.output_tokens ?? 0, wanted.output);
  return found;
}

// Calls report(name, faults) for each case, then for what is in the ledger besides; faults is a
// list of sentences, empty where all is well.
export function checkRecords(file, cases, report) {
  const entries = readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
  const left = new Set(entries.filter((each) => each.kind === 'outcome'));
  for (const { name, records } of cases) {
    if (records.length === 0) continue;
    const faults = [];
    for (const wanted of records) {
      const its = [...left].filter((each) => nameOf(each) === wanted.name);
      const right = its.find((each) => differences(each, wanted).length === 0);
      if (right) left.delete(right);
      else if (its.length === 0) faults.push(`no record is left for ${wanted.name}, ${wanted.status}`);
      else faults.push(`${wanted.name}: ${differences(its[0], wanted).join(', ')}`);
    }
    report(`records of ${name}`, faults);
  }
  // What costs nothing may be recorded too.
  const besides = [...left].filter((each) => each.cost_usd !== '0');
  report('no record besides', besides.map((each) => JSON.stringify(each)));
}

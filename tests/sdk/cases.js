// SPDX-License-Identifier: MIT
//
// cases.js: what the SDKs are asked to do, and which records that must leave behind.
//
// A case: {name, run(clients, mock), records: [{name, usd or null, status, ...}]}. `records` are
// what a ledger holds afterwards; a case without any costs nothing.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { text, toolArguments, openaiUsage, anthropicUsage } from './mock.js';

const chatModel = 'gpt-4o-mini';
const responsesModel = 'gpt-5-mini';
const embeddingModel = 'text-embedding-3-small';
const claude = 'claude-haiku-4-5';

// 10^-12 USD a token, as published: 0.15 USD for a million is 150,000.
const prices = {
  [chatModel]: { in: 150_000n, cached: 75_000n, out: 600_000n },
  [responsesModel]: { in: 250_000n, cached: 25_000n, out: 2_000_000n },
  [embeddingModel]: { in: 20_000n, cached: 0n, out: 0n },
  [claude]: { in: 1_000_000n, read: 100_000n, write: 1_250_000n, out: 5_000_000n },
};
const openaiPico = (model, u) =>
  BigInt(u.in - u.cached) * prices[model].in + BigInt(u.cached) * prices[model].cached +
  BigInt(u.out) * prices[model].out;
const claudePico = (u) =>
  BigInt(u.in) * prices[claude].in + BigInt(u.read) * prices[claude].read +
  BigInt(u.write) * prices[claude].write + BigInt(u.out) * prices[claude].out;

// Records.
const ofOpenai = (name, model, operation, usage = openaiUsage(name)) => ({
  name, provider: 'openai', model, operation, status: 200, complete: true,
  pico: openaiPico(model, usage), input: usage.in, output: usage.out,
});
const ofChat = (name) => ofOpenai(name, chatModel, 'chat');
const ofResponse = (name) => ofOpenai(name, responsesModel, 'responses');
const ofClaude = (name) => {
  const usage = anthropicUsage(name);
  return {
    name, provider: 'anthropic', model: claude, operation: 'chat', status: 200, complete: true,
    pico: claudePico(usage), input: usage.in + usage.read + usage.write, output: usage.out,
  };
};
const ofFailure = (name, provider, model, status) => ({ name, provider, model, status, pico: 0n });
// Cut by the client: it has a cost, which may be a bound.
const ofAborted = (name, provider, model) => ({ name, provider, model, status: 200, bounded: true });

const hello = (name) => [{ role: 'user', content: `Say something about herons. case:${name}` }];
const weather = {
  name: 'weather', description: 'The weather of a city',
  parameters: {
    type: 'object', properties: { city: { type: 'string' }, unit: { type: 'string' } },
    required: ['city', 'unit'], additionalProperties: false,
  },
};
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
async function until(what, why) {
  for (let i = 0; i < 500 && !what(); ++i) await pause(20);
  assert(what(), why);
}
const keyRefused = (failure, SDK) => assert(failure instanceof SDK.AuthenticationError, String(failure));

function openaiCases(sdk, SDK, prefix) {
  const named = (name) => `${prefix}${name}`;
  const chat = (client, name, rest = {}) =>
    client.chat.completions.create({ model: chatModel, max_tokens: 200, messages: hello(name), ...rest });
  const list = [];
  // Gives each case the name that its requests hold.
  const add = (name, records, run) => list.push({
    name: `${sdk}: ${name}`, records: records(named(name)), run: (its, mock) => run(its, mock, named(name)),
  });
  const none = () => [];

  add('chat-plain', (n) => [ofChat(n)], async ({ openai }, _, n) => {
    const got = await chat(openai, n);
    assert.equal(got.id, `chatcmpl-${n}`);
    assert.equal(got.choices[0].message.content, text);
    assert.equal(got.usage.total_tokens, 67);
    assert.equal(got._request_id, `req-${n}`);
  });
  add('chat-bytes', (n) => [ofChat(n)], async ({ openai }, mock, n) => {
    let sent;
    const asking = openai.withOptions({ fetch: (url, init) => ((sent = init.body), fetch(url, init)) });
    const { response } = await chat(asking, n, {
      user: 'süß', metadata: { order: '7' }, temperature: 0.1, seed: 9007199254740991,
    }).withResponse();
    const digest = createHash('sha256').update(sent).digest('hex');
    assert.equal(response.headers.get('x-mock-sha256'), digest, 'the body was changed on its way');
    assert.equal(mock.of(n)[0].headers['content-type'], 'application/json');
  });
  add('chat-cached', (n) => [ofChat(n)], async ({ openai }, _, n) => {
    const { usage } = await chat(openai, n);
    assert.equal(usage.prompt_tokens_details.cached_tokens, openaiUsage(n).cached);
    assert.equal(usage.completion_tokens_details.reasoning_tokens, openaiUsage(n).reasoning);
  });
  add('chat-stream', (n) => [ofChat(n)], async ({ openai }, _, n) => {
    let said = '';
    let usage = null;
    const stream = await chat(openai, n, { stream: true, stream_options: { include_usage: true } });
    for await (const chunk of stream) {
      assert.equal(chunk.id, `chatcmpl-${n}`);
      said += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage ?? usage;
    }
    assert.equal(said, text);
    assert.equal(usage.completion_tokens, 25);
  });
  add('chat-stream-usage-not-asked', (n) => [ofChat(n)], async ({ openai }, _, n) => {
    let said = '';
    for await (const chunk of await chat(openai, n, { stream: true })) {
      assert.equal(chunk.choices.length, 1, 'a chunk came that was not asked for');
      assert.equal(chunk.usage ?? null, null);
      said += chunk.choices[0].delta.content ?? '';
    }
    assert.equal(said, text);
  });
  add('chat-tools', (n) => [ofChat(n), ofChat(`${n}-after`)], async ({ openai }, _, n) => {
    const tools = [{ type: 'function', function: weather }];
    const first = await chat(openai, n, { tools });
    const { message, finish_reason } = first.choices[0];
    assert.equal(finish_reason, 'tool_calls');
    assert.deepEqual(JSON.parse(message.tool_calls[0].function.arguments), toolArguments);
    const after = await chat(openai, n, {
      tools,
      messages: [...hello(`${n}-after`), message,
        { role: 'tool', tool_call_id: message.tool_calls[0].id, content: '{"degrees":21}' }],
    });
    assert.equal(after.choices[0].message.content, text);
  });
  add('chat-tools-stream', (n) => [ofChat(n)], async ({ openai }, _, n) => {
    const stream = openai.chat.completions.stream({
      model: chatModel, max_tokens: 200, messages: hello(n), tools: [{ type: 'function', function: weather }],
    });
    const { choices } = await stream.finalChatCompletion();
    assert.deepEqual(JSON.parse(choices[0].message.tool_calls[0].function.arguments), toolArguments);
  });
  add('chat-many', (n) => Array.from({ length: 40 }, () => ofChat(n)), async ({ openai }, mock, n) => {
    const asked = Array.from({ length: 40 }, (_, i) => `word${i}`);
    const got = await Promise.all(asked.map((word) => chat(openai, n, {
      messages: [{ role: 'user', content: `case:${n} echo:${word}` }],
    })));
    assert.deepEqual(got.map((each) => each.choices[0].message.content), asked);
    assert.equal(mock.of(n).length, 40);
  });
  add('embeddings', (n) => [ofOpenai(n, embeddingModel, 'embeddings', { in: 42, cached: 0, out: 0 })],
    async ({ openai }, _, n) => {
      const got = await openai.embeddings.create({ model: embeddingModel, input: [`case:${n}`, 'and another'] });
      assert.deepEqual(got.data.map((each) => [...each.embedding]), [[0.5, -0.25, 0], [0.5, -0.25, 1]]);
      assert.equal(got.usage.prompt_tokens, 42);
    });
  add('responses-plain', (n) => [ofResponse(n)], async ({ openai }, _, n) => {
    const got = await openai.responses.create({ model: responsesModel, input: `case:${n}`, max_output_tokens: 200 });
    assert.equal(got.id, `resp_${n}`);
    assert.equal(got.output_text, text);
    assert.equal(got.usage.total_tokens, 67);
  });
  add('responses-stream', (n) => [ofResponse(n)], async ({ openai }, _, n) => {
    let said = '';
    let last;
    const stream = await openai.responses.create({
      model: responsesModel, input: `case:${n}`, max_output_tokens: 200, stream: true,
    });
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') said += event.delta;
      last = event;
    }
    assert.equal(said, text);
    assert.equal(last.type, 'response.completed');
    assert.equal(last.response.usage.output_tokens, 25);
  });
  add('responses-tools', (n) => [ofResponse(n)], async ({ openai }, _, n) => {
    const got = await openai.responses.create({
      model: responsesModel, input: `case:${n}`, max_output_tokens: 200,
      tools: [{ type: 'function', strict: true, ...weather }],
    });
    assert.equal(got.output[0].type, 'function_call');
    assert.deepEqual(JSON.parse(got.output[0].arguments), toolArguments);
  });
  add('models', none, async ({ openai }) => {
    const ids = [];
    for await (const each of openai.models.list()) ids.push(each.id);
    assert(ids.includes(chatModel), `no ${chatModel} among ${ids}`);
  });
  for (const [status, kind] of [[400, 'BadRequestError'], [401, 'AuthenticationError'],
    [429, 'RateLimitError'], [500, 'InternalServerError']]) {
    add(`chat-error-${status}`, (n) => [ofFailure(n, 'openai', chatModel, status)],
      async ({ openai }, _, n) => {
        await assert.rejects(chat(openai, n), (failure) => {
          assert(failure instanceof SDK[kind], String(failure));
          assert.equal(failure.status, status);
          assert.match(failure.message, new RegExp(`the mock says ${status}`));
          assert.equal(failure.requestID, `req-${n}`);
          return true;
        });
      });
  }
  add('stream-error-429', (n) => [ofFailure(n, 'openai', chatModel, 429)], async ({ openai }, _, n) => {
    await assert.rejects(chat(openai, n, { stream: true }), SDK.RateLimitError);
  });
  add('chat-retried', (n) => [ofFailure(n, 'openai', chatModel, 429), ofChat(n)],
    async ({ openai }, mock, n) => {
      const got = await chat(openai.withOptions({ maxRetries: 2 }), n);
      assert.equal(got.choices[0].message.content, text);
      assert.equal(mock.of(n).length, 2);
    });
  add('chat-aborted', (n) => [ofAborted(n, 'openai', chatModel)], async ({ openai }, mock, n) => {
    const stream = await chat(openai, n, { stream: true });
    let chunks = 0;
    for await (const chunk of stream) {
      assert.equal(chunk.id, `chatcmpl-${n}`);
      if (++chunks === 5) stream.controller.abort();
    }
    assert(chunks < 50, 'the stream was not cut');
    await until(() => mock.of(n)[0].ended, 'the provider was left with an open stream');
  });
  add('key-not-known', none, async ({ openai, keysAreChecked }) => {
    if (!keysAreChecked) return;
    const forged = openai.withOptions({ apiKey: 'aia-nobody.0123456789012345678901234567890123456789abc' });
    await assert.rejects(chat(forged, named('forged')), (failure) => (keyRefused(failure, SDK), true));
  });
  return list;
}

function anthropicCases(sdk, SDK, prefix) {
  const list = [];
  const ask = (client, name, rest = {}) =>
    client.messages.create({ model: claude, max_tokens: 200, messages: hello(name), ...rest });
  const add = (name, records, run) => list.push({
    name: `${sdk}: ${name}`, records: records(`${prefix}${name}`),
    run: (its, mock) => run(its, mock, `${prefix}${name}`),
  });
  const tools = [{ name: weather.name, description: weather.description, input_schema: weather.parameters }];

  add('message-plain', (n) => [ofClaude(n)], async ({ anthropic }, _, n) => {
    const got = await ask(anthropic, n, { system: 'You are brief.' });
    assert.equal(got.id, `msg_${n}`);
    assert.equal(got.content[0].text, text);
    assert.equal(got.usage.output_tokens, 12);
    assert.equal(got._request_id, `req-${n}`);
  });
  add('message-cached', (n) => [ofClaude(n)], async ({ anthropic }, _, n) => {
    const { usage } = await ask(anthropic, n);
    assert.equal(usage.cache_read_input_tokens, 3000);
    assert.equal(usage.cache_creation_input_tokens, 500);
  });
  add('message-stream', (n) => [ofClaude(n)], async ({ anthropic }, _, n) => {
    let said = '';
    const stream = anthropic.messages.stream({ model: claude, max_tokens: 200, messages: hello(n) });
    stream.on('text', (added) => (said += added));
    const whole = await stream.finalMessage();
    assert.equal(said, text);
    assert.equal(whole.stop_reason, 'end_turn');
    assert.equal(whole.usage.output_tokens, 12);
  });
  add('message-stream-events', (n) => [ofClaude(n)], async ({ anthropic }, _, n) => {
    const types = [];
    for await (const event of await ask(anthropic, n, { stream: true })) types.push(event.type);
    assert.equal(types[0], 'message_start');
    assert.equal(types.at(-1), 'message_stop');
    assert.equal(types.filter((each) => each === 'content_block_delta').length, 5);
  });
  add('message-tools', (n) => [ofClaude(n), ofClaude(`${n}-after`)], async ({ anthropic }, _, n) => {
    const first = await ask(anthropic, n, { tools });
    assert.equal(first.stop_reason, 'tool_use');
    assert.deepEqual(first.content[0].input, toolArguments);
    const after = await ask(anthropic, n, {
      tools,
      messages: [...hello(`${n}-after`), { role: 'assistant', content: first.content },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: '21' }] }],
    });
    assert.equal(after.content[0].text, text);
  });
  add('message-tools-stream', (n) => [ofClaude(n)], async ({ anthropic }, _, n) => {
    const whole = await anthropic.messages
      .stream({ model: claude, max_tokens: 200, messages: hello(n), tools }).finalMessage();
    assert.deepEqual(whole.content[0].input, toolArguments);
  });
  add('message-count-tokens', () => [], async ({ anthropic }, _, n) => {
    const got = await anthropic.messages.countTokens({ model: claude, messages: hello(n) });
    assert.equal(got.input_tokens, 30);
  });
  for (const [status, kind] of [[400, 'BadRequestError'], [401, 'AuthenticationError'],
    [429, 'RateLimitError'], [500, 'InternalServerError'], [529, 'InternalServerError']]) {
    add(`message-error-${status}`, (n) => [ofFailure(n, 'anthropic', claude, status)],
      async ({ anthropic }, _, n) => {
        await assert.rejects(ask(anthropic, n), (failure) => {
          assert(failure instanceof SDK[kind], String(failure));
          assert.equal(failure.status, status);
          assert.equal(failure.error.type, 'error');
          assert.equal(failure.error.error.message, `the mock says ${status}`);
          assert.equal(failure.requestID, `req-${n}`);
          return true;
        });
      });
  }
  add('message-aborted', (n) => [ofAborted(n, 'anthropic', claude)], async ({ anthropic }, mock, n) => {
    const stream = await ask(anthropic, n, { stream: true });
    let count = 0;
    for await (const event of stream) {
      assert(event.type);
      if (++count === 5) stream.controller.abort();
    }
    assert(count < 50, 'the stream was not cut');
    await until(() => mock.of(n)[0].ended, 'the provider was left with an open stream');
  });
  add('key-not-known', () => [], async ({ anthropic, keysAreChecked }) => {
    if (!keysAreChecked) return;
    const forged = anthropic.withOptions({ apiKey: 'aia-nobody.0123456789012345678901234567890123456789abc' });
    await assert.rejects(ask(forged, 'forged'), (failure) => (keyRefused(failure, SDK), true));
  });
  return list;
}

// `sdks`: [{sdk: 'openai', SDK}, ...]; the names of the cases of an older one begin with its own.
export function casesOf(sdks) {
  return sdks.flatMap(({ sdk, SDK }) => {
    const prefix = sdk.includes('-') ? `${sdk}-` : '';
    return sdk.startsWith('openai') ? openaiCases(sdk, SDK, prefix) : anthropicCases(sdk, SDK, prefix);
  });
}

// SPDX-License-Identifier: MIT
//
// mock.js: a provider that answers well, or fails in the way that the request's last message asks
// for with "behave:WAY", and that remembers which operations have come to it.
import { createServer } from 'node:http';

// What one answer costs, and all of a stream.
export const usage = { in: 42, out: 25 };
const words = Array.from({ length: 25 }, (_, i) => `word${i} `);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const chatUsage = {
  prompt_tokens: usage.in, completion_tokens: usage.out, total_tokens: usage.in + usage.out,
};

export class Mock {
  seen = new Map(); // operation -> {times, whole: an answer that says its cost was sent to its end}
  unnamed = 0; // requests that cost and said no operation
  #server = createServer({ keepAliveTimeout: 2_000 }, (request, response) =>
    this.#take(request, response).catch(() => response.destroy()));

  constructor() {
    this.#server.on('clientError', (_, socket) => socket.destroy());
  }
  start() {
    return new Promise((resolve) =>
      this.#server.listen(0, '127.0.0.1', 1024, () => resolve(this.#server.address().port)));
  }
  stop() {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(request, response) {
    const call = this.#note(request);
    const parts = [];
    for await (const part of request) parts.push(part);
    if (request.method === 'GET') return json(response, { object: 'list', data: [] });
    const body = JSON.parse(Buffer.concat(parts));
    const way = /behave:([a-z-]+)/.exec(JSON.stringify(body.messages))?.[1] ?? 'well';
    await ways[way](response, body, call);
  }
  // Before the body: whatever got as far as here must be on record.
  #note(request) {
    if (request.method === 'GET') return {};
    const id = request.headers['idempotency-key'];
    if (!id) ++this.unnamed;
    const call = this.seen.get(id) ?? { times: 0, whole: false };
    ++call.times;
    this.seen.set(id, call);
    return call;
  }
}

function json(response, body, status = 200) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
const head = (response) => response.writeHead(200, { 'content-type': 'text/event-stream' });
const data = (event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`;
const chunk = (body, delta, finish_reason = null, rest = {}) => ({
  id: 'chatcmpl-soak', object: 'chat.completion.chunk', created: 1795000000, model: body.model,
  choices: [{ index: 0, delta, finish_reason }], ...rest,
});

function answer(response, body, call) {
  call.whole = true;
  json(response, {
    id: 'chatcmpl-soak', object: 'chat.completion', created: 1795000000, model: body.model,
    choices: [{ index: 0, message: { role: 'assistant', content: words.join('') }, finish_reason: 'stop' }],
    usage: chatUsage,
  });
}
async function stream(response, body, call, between_ms) {
  head(response);
  for (const word of words) {
    if (response.destroyed) return;
    response.write(data(chunk(body, { content: word })));
    if (between_ms) await pause(between_ms);
  }
  response.write(data(chunk(body, {}, 'stop')));
  if (body.stream_options?.include_usage)
    response.write(data(chunk(body, {}, null, { choices: [], usage: chatUsage })));
  response.write(data('[DONE]'));
  call.whole = true;
  response.end();
}
const begin = (response, body) =>
  new Promise((resolve) => (head(response), response.write(data(chunk(body, { content: words[0] })), resolve)));

const ways = {
  well: (response, body, call) => (body.stream ? stream(response, body, call, 0) : answer(response, body, call)),
  slow: async (response, body, call) => {
    if (body.stream) return stream(response, body, call, 40);
    await pause(400);
    return answer(response, body, call);
  },
  // More than any buffer between here and a client that does not read.
  endless: async (response, body) => {
    head(response);
    let wake = () => {};
    response.on('drain', () => wake()).on('close', () => wake());
    const event = data(chunk(body, { content: 'x'.repeat(16_000) }));
    for (let i = 0; i < 4_000 && !response.destroyed; ++i) {
      const taken = new Promise((resolve) => (wake = resolve));
      if (!response.write(event)) await taken;
    }
    response.destroy();
  },
  fail: async (response) => json(response, { error: { message: 'down', type: 'server_error' } }, 500),
  busy: async (response) => json(response, { error: { message: 'busy', type: 'rate_limit_error' } }, 429),
  refuse: async (response) => response.destroy(),
  reset: async (response, body) => (await begin(response, body), response.socket?.resetAndDestroy()),
  cut: async (response, body) => (await begin(response, body), await pause(5), response.destroy()),
  short: async (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 500 });
    response.write('{"id":"chatcmpl-soak","usage":{"prompt', () => response.destroy());
  },
  garbage: async (response) => response.socket?.end('this is no HTTP\r\n\r\n'),
  nonsense: async (response) => json(response, ['no', 'completion']),
  stall: async (response) => (await pause(3_000), response.destroy()),
  'stall-middle': async (response, body) => (await begin(response, body), await pause(3_000), response.destroy()),
};
export const failures = Object.keys(ways).filter((each) => !['well', 'slow', 'endless'].includes(each));

// SPDX-License-Identifier: MIT
//
// mock.js: a provider of OpenAI's and Anthropic's kind. What it answers follows from the name of
// the case, which every request holds as "case:NAME"; ids hold that name too, so that a record can
// be told to be of a case.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

export const openaiKey = 'sk-mock-openai';
export const anthropicKey = 'sk-mock-anthropic';
export const words = ['The heron ', 'waits where ', 'the river ', 'bends, ', 'and waits.'];
export const text = words.join('');
export const toolArguments = { city: 'Zürich', unit: 'celsius' };

const problems = {
  400: ['invalid_request_error', 'invalid_request_error', 'bad_value'],
  401: ['invalid_request_error', 'authentication_error', 'invalid_api_key'],
  404: ['invalid_request_error', 'not_found_error', 'not_found'],
  429: ['rate_limit_exceeded', 'rate_limit_error', 'rate_limit_exceeded'],
  500: ['server_error', 'api_error', null],
  529: ['server_error', 'overloaded_error', null],
};

// The cases whose counts are not these of all others.
const openaiUsages = {
  'chat-cached': { in: 1000, cached: 600, out: 90, reasoning: 64 },
};
const anthropicUsages = {
  'message-cached': { in: 20, read: 3000, write: 500, out: 40 },
};
// The same cases are run with several SDKs, whose names are before theirs.
const kind = (name) => name.replace(/^(openai|anthropic)-v\d+-/, '');
export const openaiUsage = (name) =>
  ({ in: 42, cached: 0, out: 25, reasoning: 0, ...openaiUsages[kind(name)] });
export const anthropicUsage = (name) =>
  ({ in: 30, read: 0, write: 0, out: 12, ...anthropicUsages[kind(name)] });

const chatUsage = (name) => {
  const u = openaiUsage(name);
  return {
    prompt_tokens: u.in, completion_tokens: u.out, total_tokens: u.in + u.out,
    prompt_tokens_details: { cached_tokens: u.cached, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: u.reasoning, audio_tokens: 0 },
  };
};
const responsesUsage = (name) => {
  const u = openaiUsage(name);
  return {
    input_tokens: u.in, input_tokens_details: { cached_tokens: u.cached },
    output_tokens: u.out, output_tokens_details: { reasoning_tokens: u.reasoning },
    total_tokens: u.in + u.out,
  };
};
const messageUsage = (name) => {
  const u = anthropicUsage(name);
  return {
    input_tokens: u.in, cache_read_input_tokens: u.read, cache_creation_input_tokens: u.write,
    cache_creation: { ephemeral_5m_input_tokens: u.write, ephemeral_1h_input_tokens: 0 },
    output_tokens: u.out, service_tier: 'standard',
  };
};

export class Mock {
  requests = new Map(); // name of the case -> those that came
  wrongKeys = 0;
  #server = createServer((request, response) => this.#take(request, response));

  async start(port = 0) {
    await new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    return this.#server.address().port;
  }
  stop() {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(resolve));
  }
  of(name) {
    return this.requests.get(name) ?? [];
  }

  async #take(request, response) {
    const parts = [];
    try {
      for await (const part of request) parts.push(part);
    } catch {
      return; // it was cut
    }
    const bytes = Buffer.concat(parts);
    const seen = { url: request.url, headers: request.headers, bytes, left: false, ended: false };
    response.on('close', () => {
      seen.left = !response.writableFinished;
      seen.ended = true;
    });
    const name = /case:([a-z0-9-]+)/.exec(bytes.toString())?.[1] ?? 'unnamed';
    this.requests.set(name, [...this.of(name), seen]);
    const path = request.url.split('?')[0];
    const anthropic = path.startsWith('/v1/messages');
    const call = {
      name, response, anthropic, seen, many: this.of(name).length,
      body: bytes.length > 0 ? JSON.parse(bytes) : {},
    };
    response.setHeader(anthropic ? 'request-id' : 'x-request-id', `req-${name}`);
    response.setHeader('x-mock-sha256', createHash('sha256').update(bytes).digest('hex'));
    if (!hasKey(request.headers, anthropic ? anthropicKey : openaiKey)) {
      ++this.wrongKeys;
      return problem(call, 401);
    }
    const status = Number(/-error-(\d+)$/.exec(name)?.[1] ?? 0);
    if (status) return problem(call, status);
    if (kind(name) === 'chat-retried' && call.many === 1) {
      response.setHeader('retry-after-ms', '5');
      return problem(call, 429);
    }
    const answer = routes[`${request.method} ${path}`];
    return answer ? answer(call) : problem(call, 404);
  }
}

// Its key, and no other beside it. Anthropic's SDK sends it in the one header or the other, by its
// version.
function hasKey(headers, key) {
  const given = [headers.authorization?.replace(/^Bearer /, ''), headers['x-api-key']];
  return given.includes(key) && given.every((each) => each === undefined || each === key);
}

function json(call, body, status = 200) {
  call.response.writeHead(status, { 'content-type': 'application/json' });
  call.response.end(JSON.stringify(body));
}
function problem(call, status) {
  const [openai, anthropic, code] = problems[status];
  const message = `the mock says ${status}`;
  json(call, call.anthropic
    ? { type: 'error', error: { type: anthropic, message }, request_id: `req-${call.name}` }
    : { error: { message, type: openai, param: null, code } }, status);
}
async function events(call, list) {
  const { response, name } = call;
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  const slow = name.endsWith('-aborted');
  for (const event of list) {
    if (response.destroyed) return;
    const type = event.type ? `event: ${event.type}\n` : '';
    response.write(typeof event === 'string' ? `data: ${event}\n\n`
      : `${type}data: ${JSON.stringify(event)}\n\n`);
    await new Promise((resolve) => setTimeout(resolve, slow ? 50 : 1));
  }
  response.end();
}
// Text; where it is long, as often as makes an aborted stream last for seconds.
const spoken = (name) => (name.endsWith('-aborted') ? Array(40).fill(words).flat() : words);

function chat(call) {
  const { body, name } = call;
  const id = `chatcmpl-${name}`;
  const said = body.messages.at(-1).role === 'tool';
  const tools = body.tools && !said;
  const argument = JSON.stringify(toolArguments);
  const toolCall = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: argument } };
  const finish_reason = tools ? 'tool_calls' : 'stop';
  const echo = /echo:(\S+)/.exec(JSON.stringify(body.messages))?.[1].replace(/\W+$/, '');
  const message = tools
    ? { role: 'assistant', content: null, refusal: null, tool_calls: [toolCall] }
    : { role: 'assistant', content: echo ?? text, refusal: null };
  const common = { id, created: 1795000000, model: body.model, system_fingerprint: 'fp_mock' };
  if (!body.stream) {
    return json(call, {
      ...common, object: 'chat.completion', service_tier: 'default',
      choices: [{ index: 0, message, logprobs: null, finish_reason }], usage: chatUsage(name),
    });
  }
  const asked = body.stream_options?.include_usage === true;
  const chunk = (delta, why = null) => ({
    ...common, object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: why }],
    ...(asked ? { usage: null } : {}),
  });
  const list = [chunk({ role: 'assistant', content: tools ? null : '' })];
  if (tools) {
    list.push(chunk({ tool_calls: [{ index: 0, ...toolCall, function: { name: 'weather', arguments: '' } }] }));
    for (const piece of argument.match(/.{1,7}/gu))
      list.push(chunk({ tool_calls: [{ index: 0, function: { arguments: piece } }] }));
  } else {
    for (const word of spoken(name)) list.push(chunk({ content: word }));
  }
  list.push(chunk({}, finish_reason));
  if (asked) list.push({ ...common, object: 'chat.completion.chunk', choices: [], usage: chatUsage(name) });
  list.push('[DONE]');
  return events(call, list);
}

function embeddings(call) {
  const { body } = call;
  const inputs = [body.input].flat();
  const data = inputs.map((_, index) => {
    const vector = Float32Array.from([0.5, -0.25, index]);
    const embedding = body.encoding_format === 'base64'
      ? Buffer.from(vector.buffer).toString('base64') : [...vector];
    return { object: 'embedding', index, embedding };
  });
  json(call, { object: 'list', data, model: body.model, usage: { prompt_tokens: 42, total_tokens: 42 } });
}

function responses(call) {
  const { body, name } = call;
  const output = body.tools
    ? { type: 'function_call', id: 'fc_1', call_id: 'call_1', name: 'weather', status: 'completed',
      arguments: JSON.stringify(toolArguments) }
    : { type: 'message', id: 'msg_1', role: 'assistant', status: 'completed',
      content: [{ type: 'output_text', text, annotations: [], logprobs: [] }] };
  const made = (status, rest) => ({
    id: `resp_${name}`, object: 'response', created_at: 1795000000, status, model: body.model,
    error: null, incomplete_details: null, instructions: null, metadata: {}, output: [],
    parallel_tool_calls: true, temperature: 1, tool_choice: 'auto', tools: body.tools ?? [],
    top_p: 1, usage: null, service_tier: 'default', ...rest,
  });
  const whole = made('completed', { output: [output], usage: responsesUsage(name) });
  if (!body.stream) return json(call, whole);
  const place = { item_id: output.id, output_index: 0, content_index: 0 };
  const part = { type: 'output_text', text: '', annotations: [], logprobs: [] };
  const list = [
    { type: 'response.created', response: made('in_progress') },
    { type: 'response.output_item.added', output_index: 0, item: { ...output, status: 'in_progress', content: [] } },
    { type: 'response.content_part.added', ...place, part },
    ...words.map((delta) => ({ type: 'response.output_text.delta', ...place, delta, logprobs: [] })),
    { type: 'response.output_text.done', ...place, text, logprobs: [] },
    { type: 'response.content_part.done', ...place, part: { ...part, text } },
    { type: 'response.output_item.done', output_index: 0, item: output },
    { type: 'response.completed', response: whole },
  ];
  return events(call, list.map((event, i) => ({ ...event, sequence_number: i })));
}

function messages(call) {
  const { body, name } = call;
  const last = body.messages.at(-1).content;
  const said = Array.isArray(last) && last.some((each) => each.type === 'tool_result');
  const tools = body.tools && !said;
  const content = tools
    ? [{ type: 'tool_use', id: 'toolu_1', name: 'weather', input: toolArguments }]
    : [{ type: 'text', text }];
  const stop_reason = tools ? 'tool_use' : 'end_turn';
  const usage = messageUsage(name);
  const made = (rest) => ({
    id: `msg_${name}`, type: 'message', role: 'assistant', model: body.model, content: [],
    stop_reason: null, stop_sequence: null, usage: { ...usage, output_tokens: 1 }, ...rest,
  });
  if (!body.stream) return json(call, made({ content, stop_reason, usage }));
  const delta = (value) => ({ type: 'content_block_delta', index: 0, delta: value });
  const pieces = tools
    ? JSON.stringify(toolArguments).match(/.{1,7}/gu).map((partial_json) =>
      delta({ type: 'input_json_delta', partial_json }))
    : spoken(name).map((word) => delta({ type: 'text_delta', text: word }));
  return events(call, [
    { type: 'message_start', message: made() },
    { type: 'content_block_start', index: 0,
      content_block: tools ? { ...content[0], input: {} } : { type: 'text', text: '' } },
    { type: 'ping' },
    ...pieces,
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: usage.output_tokens } },
    { type: 'message_stop' },
  ]);
}

const routes = {
  'POST /v1/chat/completions': chat,
  'POST /v1/embeddings': embeddings,
  'POST /v1/responses': responses,
  'GET /v1/models': (call) => json(call, {
    object: 'list',
    data: [{ id: 'gpt-4o-mini', object: 'model', created: 1721172741, owned_by: 'system' }],
  }),
  'POST /v1/messages': messages,
  'POST /v1/messages/count_tokens': (call) => json(call, { input_tokens: 30 }),
};

// node mock.js: alone, for clients in other languages; says its port, and ends with its input.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mock = new Mock();
  console.log(await mock.start());
  process.stdin.resume().on('end', () => {
    if (mock.wrongKeys > 0) console.error(`${mock.wrongKeys} requests had another key than the provider's`);
    process.exit(mock.wrongKeys > 0 ? 1 : 0);
  });
}

// SPDX-License-Identifier: MIT
//
// clients.js: those who use the gateway well, and those who do not. A client is a function of the
// stand {port, sitePort, key, waitingKey, token, random()}; it throws where the gateway owes it
// something that it did not give.
import assert from 'node:assert/strict';
import { Connection, pause, requestText } from './http.js';
import { failures, usage } from './mock.js';

const path = '/v1/chat/completions';
const good = 'gpt-4o-mini'; // its upstream never fails
const shaky = 'gpt-4o'; // less than half of what it answers fails
const broken = 'gpt-4.1-mini'; // never answers well

const asked = (way, stream, model = good) => ({
  model, stream, max_tokens: 100, messages: [{ role: 'user', content: `behave:${way}` }],
});
const pick = (of, list) => list[Math.floor(of.random() * list.length)];
const moment = (of, most_ms) => pause(Math.floor(of.random() * most_ms));

async function withConnection(of, use) {
  const connection = await Connection.open(of.port);
  try {
    await use(connection);
  } finally {
    connection.close();
  }
}
function isGood(answer, stream) {
  assert(answer, 'no answer came');
  assert.equal(answer.status, 200, answer.body);
  assert(answer.whole, 'the answer was cut');
  assert(answer.headers['x-aiaudit-operation'], 'the answer names no operation');
  assert(answer.body.includes('word24'), 'the answer is not all there');
  if (stream) assert(answer.body.endsWith('data: [DONE]\n\n'), 'the stream has no end');
  else assert.equal(JSON.parse(answer.body).usage.completion_tokens, usage.out);
}
// Asks one thing and gives up the connection in some way.
const leaving = (way, stream, leave) => (of) => withConnection(of, async (connection) => {
  connection.write(requestText(path, of.key, asked(way, stream)));
  await leave(connection, of);
});
const refusedWith = (statuses, text) => (of) => withConnection(of, async (connection) => {
  connection.write(typeof text === 'function' ? text(of) : text);
  const answer = await connection.answer();
  assert(answer && statuses.includes(answer.status), `${statuses} was due, not ${answer?.status}`);
});

const malformed = [
  'nonsense\r\n\r\n',
  'GET / HTTP/9.9\r\n\r\n',
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}   `,
  `POST ${path} HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 2\r\n\r\n{}`,
  (of) => `POST ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${of.key}\r\n` +
    'Transfer-Encoding: chunked\r\n\r\nxyz\r\n', // its head is sound: without a key that is all that is read
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n`,
  '\0\x01\x02\xff\r\n\r\n',
];

const clients = {
  // Ten requests on one connection.
  well: (of) => withConnection(of, async (connection) => {
    for (let i = 0; i < 10; ++i) {
      connection.write(requestText(path, of.key, asked('well', i % 2 === 0)));
      isGood(await connection.answer(), i % 2 === 0);
    }
  }),
  'reads a slow stream': (of) => withConnection(of, async (connection) => {
    connection.write(requestText(path, of.key, asked('slow', true)));
    isGood(await connection.answer(), true);
  }),
  pipelines: (of) => withConnection(of, async (connection) => {
    connection.write(requestText(path, of.key, asked('well', false)).repeat(5));
    const operations = new Set();
    for (let i = 0; i < 5; ++i) {
      const answer = await connection.answer();
      isGood(answer, false);
      operations.add(answer.headers['x-aiaudit-operation']);
    }
    assert.equal(operations.size, 5);
  }),
  'pipelines and leaves': leaving('slow', true, async (connection, of) => {
    connection.write(requestText(path, of.key, asked('slow', true)).repeat(3));
    await connection.some();
    await moment(of, 300);
  }),
  'leaves in the middle of a stream': leaving('slow', true, async (connection, of) => {
    await connection.some();
    await moment(of, 800);
  }),
  'resets in the middle of a stream': leaving('slow', true, async (connection, of) => {
    await connection.some();
    await moment(of, 800);
    connection.reset();
  }),
  'leaves before the answer': leaving('slow', false, (connection, of) => moment(of, 300)),
  'leaves at once': leaving('well', true, async (connection) => connection.reset()),
  'leaves a provider that stalls': leaving('stall', true, (connection, of) => moment(of, 1_000)),
  'does not read': leaving('endless', true, async (connection) => {
    await connection.some();
    connection.socket.pause();
    await pause(1_500);
  }),
  'closes its half': leaving('slow', true, async (connection) => {
    connection.socket.end();
    await connection.answer();
  }),
  'sends its head slowly': (of) => withConnection(of, async (connection) => {
    for (const character of requestText(path, of.key, asked('well', false)).slice(0, 40)) {
      connection.write(character);
      await pause(100);
    }
  }),
  'never ends its head': (of) => withConnection(of, async (connection) => {
    connection.write(`POST ${path} HTT`);
    assert.equal(await connection.answer(15_000), null); // it is the gateway that closes
  }),
  'never ends its body': (of) => withConnection(of, async (connection) => {
    connection.write(requestText(path, of.key, asked('well', false)).slice(0, -20));
    await moment(of, 2_000);
  }),
  'stays idle': (of) => withConnection(of, async (connection) => {
    connection.write(requestText('/healthz'));
    assert.equal((await connection.answer()).body, 'ok\n');
    await moment(of, 4_000);
  }),
  'is malformed': (of) => refusedWith([400, 505], pick(of, malformed))(of),
  'has a head too large': refusedWith([431], `GET / HTTP/1.1\r\nx: ${'x'.repeat(40_000)}\r\n\r\n`),
  'has a body too large': refusedWith([413], (of) => requestText(path, of.key, ' '.repeat(200_000))),
  'has a body too large, in chunks': refusedWith([413], (of) =>
    `POST ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${of.key}\r\n` +
    `Transfer-Encoding: chunked\r\n\r\n${`4000\r\n${' '.repeat(0x4000)}\r\n`.repeat(10)}`),
  'has a wrong key': refusedWith([401], requestText(path,
    'aia-nobody.0123456789012345678901234567890123456789abc', asked('well', false))),
  'has no key': refusedWith([401], requestText(path, '', asked('well', false))),
  'asks for what is not there': refusedWith([404], (of) => requestText('/v1/unknown', of.key, asked('well', false))),
  'sends no JSON': refusedWith([400], (of) => requestText(path, of.key, '{"model":')),
  'lists models': refusedWith([200], (of) => requestText('/v1/models', of.key)),
  'meets failures': (of) => withConnection(of, async (connection) => {
    const model = of.random() < 0.9 ? shaky : broken;
    for (let i = 0; i < 4; ++i) {
      const way = model === broken || of.random() < 0.4 ? pick(of, failures) : 'well';
      connection.write(requestText(path, of.key, asked(way, of.random() < 0.7, model)));
      const answer = await connection.answer(15_000);
      if (!answer?.whole) return; // it was cut, and says so
      assert([200, 429, 500, 502, 503].includes(answer.status), `${way}: ${answer.status} ${answer.body}`);
    }
  }),
  // Its key may ask so often a minute, and waits for its turn.
  'waits for a rate': (of) => withConnection(of, async (connection) => {
    connection.write(requestText(path, of.waitingKey, asked('well', false)));
    if (of.random() < 0.5) return moment(of, 1_000);
    const { status } = await connection.answer();
    assert([200, 429].includes(status), `200 or 429 was due, not ${status}`);
  }),
  'looks at the dashboard': async (of) => {
    const site = `http://127.0.0.1:${of.sitePort}`;
    const login = await fetch(`${site}/login`, {
      method: 'POST', body: JSON.stringify({ token: of.token }),
      headers: { 'content-type': 'application/json', origin: site, connection: 'close' },
    });
    assert.equal(login.status, 200, await login.text());
    const cookie = login.headers.get('set-cookie').split(';')[0];
    const connection = await Connection.open(of.sitePort);
    try {
      for (const each of ['summary', 'models', 'recent', 'records?limit=20']) {
        connection.write(requestText(`/api/v1/${each}`, '', undefined, `Cookie: ${cookie}\r\n`));
        assert.equal((await connection.answer()).status, 200, each);
      }
      connection.write(requestText('/api/v1/events', '', undefined, `Cookie: ${cookie}\r\n`));
      await connection.some();
      await moment(of, 2_000);
    } finally {
      connection.close();
    }
  },
  'looks at the metrics': refusedWith([200], requestText('/metrics')),
};

// How often each is drawn, against 2 for all others: those that work hard, and those that only wait.
const shares = {
  well: 12, 'meets failures': 6, 'leaves in the middle of a stream': 4, 'never ends its head': 0.2,
  'does not read': 0.5, 'looks at the dashboard': 0.5, 'closes its half': 1,
};
const names = Object.keys(clients);
const shareOf = (name) => shares[name] ?? 2;
const whole = names.reduce((sum, name) => sum + shareOf(name), 0);

function drawn(of) {
  let left = of.random() * whole;
  return names.find((name) => (left -= shareOf(name)) < 0) ?? names[0];
}

// One after another until stop() is true. `note(name, fault)` after each; fault is undefined where
// all was well.
export async function visit(of, stop, note) {
  while (!stop()) {
    const name = drawn(of);
    try {
      await clients[name](of);
      note(name);
    } catch (fault) {
      note(name, fault);
      await pause(100);
    }
  }
}

// One connection for the whole time, with a request a second.
export async function stay(of, stop, note) {
  await withConnection(of, async (connection) => {
    while (!stop()) {
      connection.write(requestText(path, of.key, asked('well', false)));
      isGood(await connection.answer(), false);
      note('stays on one connection');
      await pause(1_000);
    }
  }).catch((fault) => note('stays on one connection', fault));
}

// All who behave well, some times: enough to come to every thread.
export async function warm(of) {
  for (let i = 0; i < 8; ++i)
    for (const name of ['well', 'looks at the dashboard', 'looks at the metrics']) await clients[name](of);
}

// SPDX-License-Identifier: MIT
//
// http.js: HTTP by hand, so that a client can misbehave as it likes.
import { connect } from 'node:net';

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// "a=b" with a length of its own, unless the headers say one.
export function requestText(path, key, body, headers = '') {
  const bytes = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  return `${body === undefined ? 'GET' : 'POST'} ${path} HTTP/1.1\r\nHost: here\r\n` +
    (key ? `Authorization: Bearer ${key}\r\n` : '') + headers +
    (body === undefined ? '' : `Content-Length: ${Buffer.byteLength(bytes)}\r\n`) + `\r\n${bytes}`;
}

export class Connection {
  #left = Buffer.alloc(0);
  #closed = false;
  #wake = () => {};

  // Rejects where nobody listens.
  static open(port) {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new Connection(socket)));
    });
  }
  constructor(socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    const end = () => ((this.#closed = true), this.#wake());
    socket.on('data', (bytes) => ((this.#left = Buffer.concat([this.#left, bytes])), this.#wake()));
    socket.on('end', end).on('close', end).on('error', end);
  }
  write(text) {
    if (!this.socket.destroyed) this.socket.write(text);
  }
  close() {
    this.socket.destroy();
  }
  reset() {
    this.socket.resetAndDestroy();
  }

  async #more(until, what) {
    const left = until - Date.now();
    if (left <= 0) throw new Error(`${what} did not come in time`);
    let timer;
    await new Promise((resolve) => ((this.#wake = resolve), (timer = setTimeout(resolve, left))));
    clearTimeout(timer);
  }
  // All up to `mark`, or null where the connection ended before it.
  async #upTo(mark, until) {
    for (;;) {
      const at = this.#left.indexOf(mark);
      if (at >= 0) return this.#take(at + mark.length).toString('latin1');
      if (this.#closed) return null;
      await this.#more(until, 'a line');
    }
  }
  #take(count) {
    const taken = this.#left.subarray(0, count);
    this.#left = this.#left.subarray(count);
    return taken;
  }
  async #bytes(count, until) {
    while (this.#left.length < count && !this.#closed) await this.#more(until, 'a body');
    return this.#left.length < count ? null : this.#take(count);
  }

  // Until something has come, or the connection has ended.
  async some(most_ms = 20_000) {
    const until = Date.now() + most_ms;
    while (this.#left.length === 0 && !this.#closed) await this.#more(until, 'a byte');
  }
  // {status, headers, body, whole}, or null where the connection ended without an answer. `whole`:
  // it came to its end.
  async answer(most_ms = 20_000) {
    const until = Date.now() + most_ms;
    const text = await this.#upTo('\r\n\r\n', until);
    if (text === null) return null;
    const [first, ...lines] = text.split('\r\n');
    const headers = Object.fromEntries(lines.filter(Boolean).map((line) => {
      const at = line.indexOf(':');
      return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
    }));
    const made = { status: Number(first.split(' ')[1]), headers, body: '', whole: true };
    if (headers['transfer-encoding'] === 'chunked') {
      for (;;) {
        const size = await this.#upTo('\r\n', until);
        const bytes = size === null ? null : await this.#bytes(parseInt(size, 16) + 2, until);
        if (bytes === null) return { ...made, whole: false };
        if (bytes.length === 2) return made;
        made.body += bytes.toString('utf8', 0, bytes.length - 2);
      }
    }
    const bytes = await this.#bytes(Number(headers['content-length'] ?? 0), until);
    return bytes === null ? { ...made, whole: false } : { ...made, body: bytes.toString() };
  }
}

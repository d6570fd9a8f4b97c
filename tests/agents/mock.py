# SPDX-License-Identifier: MIT
"""A mock of three APIs (OpenAI's, Anthropic's, Gemini's) on one loopback port, for real clients.

What it answers follows from the word `case:NAME` of a request; NAME ends in text, tool, image, long, abort or 429. It bills
as a provider does: input by the bytes that came, output by what it wrote until the client left. It heeds limits of output.
"""
import http.server
import json
import re
import socket
import threading
import time
import urllib.parse

import dialects

KEYS = {"openai": "sk-mock-openai", "anthropic": "sk-mock-anthropic", "google": "gm-mock-google"}
ABORT_PAUSE = 0.03  # seconds between two pieces of an answer that is to be aborted


class Exchange:
    """One request and what its answer was billed."""

    def __init__(self, number, api, path, body):
        self.id = f"mock-{number}"
        self.api, self.path, self.size = api, path, len(body)
        self.text = body.decode("utf-8", "replace")
        self.body = json.loads(body) if body else {}
        found = re.search(r"case:([a-z0-9-]+)", self.text)
        self.case = found[1] if found else "none"
        self.model = dialects.model_of(path, self.body)
        self.status, self.usage, self.written, self.whole = 0, {}, 0, False

    @property
    def kind(self):
        return self.case.rpartition("-")[2]

    @property
    def pieces(self):
        if self.kind == "long":
            return dialects.LONG
        return dialects.SHORT * 120 if self.kind == "abort" else dialects.SHORT


class Mock:
    def __init__(self):
        self.exchanges, self.free, self.wrong_keys = [], [], 0
        self.surcharge = 0  # of the self-test: tokens that are billed and not told
        self.lock = threading.Condition()
        self.limited = set()
        mock = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def log_message(self, *_):
                pass

            def do_GET(self):
                mock.take(self)

            do_POST = do_HEAD = do_DELETE = do_GET

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads, request_queue_size = True, 128

            def handle_error(self, *_):  # a client that left
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.1,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def take(self, handler):
        body = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        path = urllib.parse.urlsplit(handler.path)
        api, action = dialects.route(handler.command, path.path, handler.headers)
        given = {handler.headers.get(name, "").removeprefix("Bearer ")
                 for name in ("authorization", "x-api-key", "x-goog-api-key")} - {""}
        if given != {KEYS[api]}:
            self.wrong_keys += 1
        with self.lock:
            exchange = Exchange(len(self.exchanges) + len(self.free) + 1, api, handler.path, body)
            (self.exchanges if action in dialects.BILLED else self.free).append(exchange)
        if action == "none":
            return self.send(handler, exchange, 404, dialects.problem(api, 404))
        if action not in dialects.BILLED:
            return self.send(handler, exchange, 200, dialects.FREE[action](exchange))
        if self.limits(exchange):
            return self.send(handler, exchange, 429, dialects.problem(api, 429), {"retry-after": "1"})
        answer = dialects.BILLED[action](exchange, path)
        exchange.answer = answer
        if answer.stream:
            return self.stream(handler, exchange, answer)
        exchange.usage, exchange.whole = answer.bill(answer.output_tokens), True
        self.send(handler, exchange, 200, answer.body())

    def limits(self, exchange):
        """Whether this is the first request of a case that is limited once, for each model."""
        which = exchange.case, exchange.model
        with self.lock:
            first = exchange.kind == "429" and which not in self.limited
            self.limited.add(which)
            return first

    def send(self, handler, exchange, status, body, head=None):
        data = json.dumps(body).encode()
        self.begin(handler, exchange, status, {"content-type": "application/json", "content-length": str(len(data)), **(head or {})})
        if handler.command != "HEAD":
            handler.wfile.write(data)

    def begin(self, handler, exchange, status, head):
        exchange.status = status
        handler.send_response(status)
        for name, value in {**head, "x-mock": exchange.id, "x-request-id": exchange.id, "request-id": exchange.id}.items():
            handler.send_header(name, value)
        handler.end_headers()

    def stream(self, handler, exchange, answer):
        """Writes event by event; each piece of text counts once it is written."""
        handler.close_connection = True
        self.begin(handler, exchange, 200, {"content-type": "text/event-stream", "connection": "close"})
        pause = ABORT_PAUSE if exchange.kind == "abort" else 0
        try:
            for event, tokens in answer.events():
                if pause and self.left(handler.connection):
                    raise BrokenPipeError
                handler.wfile.write(event)
                with self.lock:
                    exchange.written += tokens
                    self.lock.notify_all()
                if pause:
                    time.sleep(pause)
            exchange.whole = True
        except OSError:
            pass
        with self.lock:
            exchange.usage = answer.bill(exchange.written + self.surcharge)
            self.lock.notify_all()

    @staticmethod
    def left(connection):
        """Whether the other side has closed: nothing is sent after a request, so what can be read is its end."""
        connection.setblocking(False)
        try:
            return connection.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        finally:
            connection.settimeout(60)

    def wait(self, case, model, tokens, seconds):
        """Waits until an answer of the case and model has so many tokens; false where it has not in time."""
        with self.lock:
            return self.lock.wait_for(lambda: any((each.case, each.model) == (case, model) and each.written >= tokens
                                                  for each in self.exchanges), seconds)

    def settle(self, seconds):
        """Waits until no answer is under way."""
        with self.lock:
            return self.lock.wait_for(lambda: all(each.usage or each.status >= 400 for each in self.exchanges), seconds)

    def of(self, case):
        with self.lock:
            return [each for each in self.exchanges if each.case == case]

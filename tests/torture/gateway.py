# SPDX-License-Identifier: MIT
"""Histories of a gateway's clients, and a model of budgets and log that says whether they can be true.

A round: a provider that counts what it bills, a gateway before it, clients whose calls and answers are written down with
their times, and disturbances of several kinds, some within others. Everything is on loopback and made of a seed, but
for what the machine's own timing decides.
"""
import http.client
import json
import os
import random
import shutil
import signal
import socketserver
import struct
import subprocess
import threading
import time
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

MODEL, INPUT_TOKENS = "gpt-4.1", 10
A_TOKEN_IN, A_TOKEN_OUT = Decimal("0.000002"), Decimal("0.000008")
CLIENTS, SECONDS_TO_RECOVER = 6, 60
SECONDS_TO_SETTLE = 2  # after an answer its outcome is on record


def billed_for(output_tokens: int) -> Decimal:
    return INPUT_TOKENS * A_TOKEN_IN + output_tokens * A_TOKEN_OUT


class Provider(socketserver.ThreadingTCPServer):
    """Bills each call that reaches it: so many output tokens as follow from its user's name."""
    allow_reuse_address, daemon_threads, request_queue_size = True, True, 128

    def __init__(self, seed: int, lies: bool):
        self.seed, self.billed, self.lock, self.lies = seed, {}, threading.Lock(), lies
        super().__init__(("127.0.0.1", 0), ProviderConnection)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def tokens(self, user: str, most: int) -> int:
        return random.Random(f"{self.seed}/{user}").randint(1, most)


class ProviderConnection(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        try:
            while self.answer_one():
                pass
        except (OSError, ValueError):
            pass

    def answer_one(self) -> bool:
        if not self.rfile.readline():
            return False
        size = 0
        while (line := self.rfile.readline()).strip():
            name, _, value = line.partition(b":")
            size = int(value) if name.lower() == b"content-length" else size
        asked = json.loads(self.rfile.read(size))
        user, tokens = asked["user"], self.server.tokens(asked["user"], asked["max_tokens"])
        with self.server.lock:
            self.server.billed.setdefault(user, []).append(billed_for(tokens + self.server.lies))
        time.sleep(random.Random(user).uniform(0, 0.03))
        usage = {"prompt_tokens": INPUT_TOKENS, "completion_tokens": tokens, "total_tokens": INPUT_TOKENS + tokens}
        if asked.get("stream"):
            self.stream(usage)
            return True
        choice = {"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}
        body = json.dumps({"id": "c", "object": "chat.completion", "model": MODEL, "choices": [choice], "usage": usage}).encode()
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        return True

    def stream(self, usage: dict) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        part = {"id": "c", "object": "chat.completion.chunk", "model": MODEL}
        choice = {"index": 0, "delta": {"content": "x"}}
        events = [{**part, "choices": [choice]}] * 3 + [{**part, "choices": [], "usage": usage}]
        for text in [json.dumps(event) for event in events] + ["[DONE]"]:
            data = b"data: " + text.encode() + b"\n\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            time.sleep(0.002)
        self.wfile.write(b"0\r\n\r\n")


@dataclass
class Call:
    """What a client did and saw. status None: no whole answer."""
    user: str
    begin: float
    end: float = 0.0
    status: int | None = None
    text: str = ""


@dataclass
class Span:
    kind: str
    begin: float
    end: float = 0.0


@dataclass
class History:
    calls: list[Call] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    limits: list[tuple[float, Decimal]] = field(default_factory=list)  # from when on
    lock: threading.Lock = field(default_factory=threading.Lock)

    def span(self, kind: str) -> Span:
        made = Span(kind, time.monotonic())
        with self.lock:
            self.spans.append(made)
        return made

    def forgotten(self, call: Call) -> bool:
        """Whether it may be among what a restored copy does not know."""
        return any(span.kind == "copy" and call.end > span.begin and call.begin < span.end for span in self.spans)

    def disturbed(self, call: Call) -> bool:
        return any(call.end > span.begin and call.begin < span.end + 1 for span in self.spans if span.kind != "copy")


class Round:
    """`lie`: "" for none; "bills": the provider bills a token more than it says; "forgets": an older copy of the ledger is
    put back and the model is not told."""

    def __init__(self, program: Path, clock: Path, place: Path, ledger: Path, can_fill: bool, seed: int, lie: str = ""):
        self.program, self.place, self.ledger, self.can_fill = program, place, ledger, can_fill
        self.chance, self.history = random.Random(seed), History()
        self.lie, self.provider = lie, Provider(seed, lie == "bills")
        self.clock_file = place / "clock"
        self.set_clock(0)
        self.environment = {**os.environ, "OPENAI_API_KEY": "sk-mock", "LD_PRELOAD": str(clock),
                            "TORTURE_CLOCK": str(self.clock_file)}
        self.stopped, self.gateway, self.port, self.counter = False, None, 0, 0
        self.shared = self.chance.random() < 0.3
        self.copy: tuple[Path, Span] | None = None
        self.wrong: list[str] = []
        self.counts: dict[str, int] = {}

    # The gateway.

    def set_clock(self, seconds: int) -> None:
        with open(self.clock_file, "r+b" if self.clock_file.exists() else "wb") as file:
            file.write(struct.pack("q", seconds))

    def run(self, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run([str(self.program), *words], env=self.environment, capture_output=True, text=True, timeout=120,
                              check=False)

    def must(self, *words: str) -> str:
        got = self.run(*words)
        if got.returncode != 0:
            raise RuntimeError(f"{' '.join(words)}: {got.returncode}: {got.stdout}{got.stderr}")
        return got.stdout

    def set_limit(self, limit: Decimal) -> None:
        # A call that is decided meanwhile may see either: the larger one counts from before, for who is refused.
        begin = time.monotonic()
        got = self.run("budget", "set", "--db", str(self.ledger), "--name", "all", "--limit", str(limit), "--window", "total")
        if got.returncode == 0:
            with self.history.lock:
                self.history.limits.append((begin, limit))

    def start(self) -> None:
        words = [str(self.program), "serve", "--db", str(self.ledger), "--listen", f"127.0.0.1:{self.port}", "--upstream",
                 f"openai=http://127.0.0.1:{self.provider.server_address[1]}/v1"]
        if self.shared:
            words += ["--budgets", "shared"]
        with open(self.place / "serve.log", "ab") as log:
            self.gateway = subprocess.Popen(words, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def ask(self, path: str, body: dict | None = None, seconds: float = 30) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            if body is None:
                connection.request("GET", path)
            else:
                connection.request("POST", path, json.dumps(body), {"Authorization": f"Bearer {self.secret}",
                                                                    "Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def is_ready(self) -> bool:
        try:
            return self.ask("/readyz", seconds=5)[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def wait_until_ready(self, after: str) -> None:
        until = time.monotonic() + SECONDS_TO_RECOVER
        while time.monotonic() < until:
            if self.gateway.poll() is not None:
                self.wrong.append(f"the gateway ended by {self.gateway.returncode} after {after}")
                self.start()
            if self.is_ready():
                return
            time.sleep(0.02)
        self.wrong.append(f"the gateway is not ready {SECONDS_TO_RECOVER} s after {after}")

    # The clients.

    def call_again_and_again(self, number: int) -> None:
        chance = random.Random(self.chance.random())
        while not self.stopped:
            with self.history.lock:
                self.counter += 1
                call = Call(f"u{self.counter}", time.monotonic())
                self.history.calls.append(call)
            body = {"model": MODEL, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 50, "user": call.user}
            if chance.random() < 0.3:
                body["stream"] = True
            try:
                call.status, text = self.ask("/v1/chat/completions", body)
                call.text = text.decode(errors="replace")[-300:]
                if body.get("stream") and call.status == 200 and "[DONE]" not in call.text:
                    call.status = None
            except (OSError, http.client.HTTPException):
                call.status = None
            call.end = time.monotonic()
            time.sleep(0.05 if call.status != 200 else 0.0)

    # What disturbs.

    def kill(self) -> None:
        span = self.history.span("kill")
        self.gateway.kill()
        self.gateway.wait()
        time.sleep(self.chance.uniform(0, 0.1))
        self.start()
        self.wait_until_ready("a kill")
        span.end = time.monotonic()

    def pause(self) -> None:
        span = self.history.span("pause")
        self.gateway.send_signal(signal.SIGSTOP)
        time.sleep(self.chance.uniform(0.05, 0.8))
        self.gateway.send_signal(signal.SIGCONT)
        self.wait_until_ready("a pause")
        span.end = time.monotonic()

    def fill(self) -> None:
        """Within it there may be a kill or a pause."""
        span, room = self.history.span("full"), self.ledger.parent / "room"
        with open(room, "wb", buffering=0) as file:
            try:
                while file.write(b"x" * 65536):
                    pass
            except OSError:
                pass
        time.sleep(self.chance.uniform(0.1, 0.5))
        if self.chance.random() < 0.3:
            self.gateway.kill()
            self.gateway.wait()
            self.start()
            time.sleep(0.3)
        room.unlink()
        if self.gateway.poll() is not None:  # it could not start without room, which is its right
            self.start()
        self.wait_until_ready("a full disk")
        span.end = time.monotonic()

    def jump(self) -> None:
        span = self.history.span("clock")
        self.set_clock(self.chance.choice((-3600, 0, 60, 7200, 86400 * 3, 86400 * 40)))
        if self.chance.random() < 0.3:
            self.kill()
        self.wait_until_ready("a jump of the clock")
        span.end = time.monotonic()

    def raise_limit(self) -> None:
        with self.history.lock:
            limit = self.history.limits[-1][1]
        self.set_limit(limit + Decimal("0.002") * self.chance.randint(1, 6))

    def take_copy(self) -> None:
        if self.copy is not None:
            return
        self.gateway.send_signal(signal.SIGSTOP)
        target = self.place / "copy"
        span = self.history.span("pause")
        shutil.copytree(self.ledger, target)
        self.copy = target, Span("copy", span.begin)
        with self.history.lock:
            self.limits_then = list(self.history.limits)
        self.gateway.send_signal(signal.SIGCONT)
        span.end = time.monotonic()

    def restore(self) -> None:
        if self.copy is None:
            return
        span = self.history.span("restore")
        self.gateway.kill()
        self.gateway.wait()
        source, lost = self.copy
        shutil.rmtree(self.ledger)
        shutil.copytree(source, self.ledger)
        shutil.rmtree(source)
        self.copy = None
        self.start()
        self.wait_until_ready("a restore")
        span.end = lost.end = time.monotonic()
        with self.history.lock:
            self.history.spans += [] if self.lie == "forgets" else [lost]
            self.history.limits += [(lost.end, self.limits_then[-1][1])]

    # The round.

    def play(self, disturbances: int) -> None:
        secret = self.must("key", "create", "--db", str(self.ledger), "--id", "service", "--names-users")
        self.secret = secret.strip()
        self.set_limit(Decimal("0.02"))
        with socketserver.TCPServer(("127.0.0.1", 0), None) as probe:  # a port that is free
            self.port = probe.server_address[1]
        self.start()
        self.wait_until_ready("its start")
        clients = [threading.Thread(target=self.call_again_and_again, args=(number,)) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        kinds = [self.kill, self.kill, self.pause, self.jump, self.raise_limit, self.raise_limit, self.take_copy, self.restore]
        kinds += [self.fill] if self.can_fill else []
        order = [self.chance.choice(kinds) for _ in range(disturbances)]
        if self.lie == "forgets":
            order += [self.take_copy, self.raise_limit, self.restore]
        try:
            for kind in order:
                time.sleep(self.chance.uniform(0.02, 0.3))
                self.counts[kind.__name__] = self.counts.get(kind.__name__, 0) + 1
                kind()
            self.raise_limit()
            self.look_for_life()
        finally:
            self.stopped = True
            for client in clients:
                client.join()
        self.gateway.terminate()
        if self.gateway.wait(timeout=120) != 0:
            self.wrong.append(f"the gateway ended by {self.gateway.returncode} when it was asked to end")

    def look_for_life(self) -> None:
        begin = time.monotonic()
        until = begin + SECONDS_TO_RECOVER
        while time.monotonic() < until:
            with self.history.lock:
                done = [call for call in self.history.calls if call.begin > begin and call.status in (200, 429)]
            if done:
                return
            time.sleep(0.02)
        self.wrong.append(f"no call is answered {SECONDS_TO_RECOVER} s after all disturbances")

    def end(self) -> None:
        if self.gateway is not None and self.gateway.poll() is None:
            self.gateway.kill()
            self.gateway.wait()
        self.provider.shutdown()
        self.provider.server_close()

    # The model.

    def judge(self) -> list[str]:
        records = [json.loads(line) for line in
                   self.must("tail", "--db", str(self.ledger), "-n", "100000000", "--format", "jsonl").splitlines()]
        self.counts["records"], self.counts["calls"] = len(records), len(self.history.calls)
        charged, settled, holds = self.fold(records)
        self.compare_with_provider(charged, settled)
        self.compare_refusals(settled, holds)
        self.compare_reports(charged, settled)
        for call in self.history.calls:
            if call.status is not None and call.status >= 500 and not self.history.disturbed(call):
                self.wrong.append(f"{call.user} was answered {call.status} while nothing was wrong: {call.text}")
        return self.wrong

    def fold(self, records: list[dict]) -> tuple[dict, dict, dict]:
        """What each user's call is charged; which of them are settled; and what each held."""
        held, charged, settled, holds = {}, {}, {}, {}
        spent, limit = Decimal(0), None
        for number, entry in enumerate(records, 1):
            if entry["sequence"] != number:
                self.wrong.append(f"record {entry['sequence']} stands at {number}")
            key, cost, user = (entry.get("operation_id"), entry.get("attempt")), Decimal(entry.get("cost_usd") or 0), entry.get("user")
            if entry["kind"] == "budget" and entry["tags"].get("budget") == "all":
                limit = Decimal(entry["tags"]["limit"])
            elif entry["kind"] == "intent":
                held[key] = charged[user] = holds[user] = cost
            elif entry["kind"] == "outcome":
                if key not in held:
                    self.wrong.append(f"record {number} settles nothing, or what is settled")
                held.pop(key, None)
                spent += cost
                charged[user], settled[user] = cost, entry
            if entry["kind"] == "intent" and limit is not None and spent + sum(held.values()) > limit:
                self.wrong.append(f"record {number}: {spent + sum(held.values())} of {limit}")
        self.held, self.spent = held, spent
        return charged, settled, holds

    def compare_with_provider(self, charged: dict, settled: dict) -> None:
        with self.provider.lock:
            billed = {user: sum(costs) for user, costs in self.provider.billed.items()}
        for call in self.history.calls:
            if self.history.forgotten(call):
                continue
            if call.user in billed and call.user not in charged:
                self.wrong.append(f"{call.user} reached the provider and is not on record")
            elif call.user in billed and charged[call.user] < billed[call.user]:
                self.wrong.append(f"{call.user} is charged {charged[call.user]}, its provider bills {billed[call.user]}")
            if call.status != 200:
                continue
            if call.user not in charged:
                self.wrong.append(f"{call.user} was answered 200 and is not on record")
            elif settled.get(call.user, {}).get("cost_status") == "priced" and charged[call.user] != billed.get(call.user) \
                    and not self.history.disturbed(call):
                self.wrong.append(f"{call.user} cost {charged[call.user]}, its provider bills {billed.get(call.user)}")

    def compare_refusals(self, settled: dict, holds: dict) -> None:
        """A budget that cannot have been full refuses nobody."""
        bound = max(holds.values(), default=Decimal(0))
        for call in self.history.calls:
            if call.status != 429 or "budget" not in call.text or self.history.disturbed(call):
                continue
            if self.history.forgotten(call) or self.was_restored_before(call):
                continue  # what was spent then is not on record any more
            self.counts["refusals that were looked into"] = self.counts.get("refusals that were looked into", 0) + 1
            most = Decimal(0)
            for other in self.history.calls:
                if other is call or other.begin > call.end or other.user not in holds:
                    continue
                known = other.status == 200 and other.end + SECONDS_TO_SETTLE < call.begin and other.user in settled
                most += Decimal(settled[other.user]["cost_usd"]) if known else holds[other.user]
            limits = [limit for begin, limit in self.history.limits if begin <= call.begin]
            if limits and most + bound <= limits[-1]:
                self.wrong.append(f"{call.user} was refused with at most {most} of {limits[-1]} used: {call.text}")

    def was_restored_before(self, call: Call) -> bool:
        return any(span.kind == "restore" and span.begin < call.end for span in self.history.spans)

    def compare_reports(self, charged: dict, settled: dict) -> None:
        verified = self.run("verify", "--db", str(self.ledger))
        if verified.returncode != 0:
            self.wrong.append(f"verify: {verified.returncode}: {(verified.stdout + verified.stderr)[:300]}")
        budget = [row for row in json.loads(self.must("report", "budgets", "--db", str(self.ledger), "--format", "json"))
                  if row["budget"] == "all"][0]
        told = Decimal(budget["spent"]), Decimal(budget["reserved"]), budget["open"]
        counted = self.spent, sum(self.held.values(), Decimal(0)), len(self.held)
        if told != counted:
            self.wrong.append(f"report budgets: {told}, a recount {counted}")
        rows = json.loads(self.must("report", "users", "--db", str(self.ledger), "--format", "json"))
        total = sum((Decimal(row["cost_usd"]) for row in rows if row.get("user")), Decimal(0))
        if total != self.spent:
            self.wrong.append(f"report users: {total}, a recount {self.spent}")

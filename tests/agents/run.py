#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real coding agents and frameworks, unmodified, with the two lines of configuration of docs/gateway.md, through a gateway to a mock of
three APIs; first without a budget, then with a key of $20 a day. A line a case; at the end "N passed, M failed, K skipped".

For each client: text, a tool, a picture, an answer of 10,000 tokens, an abort in mid-stream, a 429. The gateway itself may answer no
error; what the client shows is what the mock said, whole; every answer that the mock billed is one record, with its usage, its cost
to the last digit and its user; what was aborted is charged no less than the mock billed.

usage: run.py --program FILE --clients DIRECTORY [--self-test] [--short] [--only NAME] [--case NAME] [--mode free|budget] [--keep DIRECTORY]
              [--aborted-most TIMES]
  --clients: with npm/ and python/, as scripts/agents makes it   --short: what fits into CI (see SHORT)
  --only: clients whose name begins so   --self-test: the battery itself, by faults that it must find (faults.py); needs no client
  --aborted-most: fails where an answer of Anthropic's that was left is charged more than so many times what was billed
Without a network namespace of its own it says that it is skipped: agents call home, and nothing here may leave the machine.
"""
import argparse
import fcntl
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

import bills
import clients
import dialects
import faults
import stack

MODES = {"free": [], "budget": ["--limit", "20", "--window", "day"]}  # options of the key that each client has
# What fits into CI: every case of the coding agents that people have most, of the others the two that differ by client.
SHORT = {"free": ("text",), "budget": ("text", "tool")}
SHORT_WHOLE = ("claude-code", "codex", "gemini-cli")
LIMIT = 180  # seconds of a client for a case
ASKED = {"text": "Say something about herons.", "tool": "Use the tool.", "image": "What does the picture show?",
         "long": "Tell the long story.", "abort": "Tell a story.", "429": "Say something about herons."}


class Count:
    def __init__(self):
        self.passed, self.failed, self.lock = 0, 0, threading.Lock()

    def take(self, name, problems, seconds):
        with self.lock:
            self.passed += not problems
            self.failed += bool(problems)
            print(f"{'FAILED' if problems else 'ok    '}  {name}  {seconds:.1f} s", *problems, sep="\n          ", flush=True)


def execute(client, case, prompt, interrupt):
    """Runs a client; `interrupt` waits a little and says whether it is to be interrupted, as by Ctrl-C."""
    with open(client.place / f"{case}.out", "w+") as out, open(client.place / f"{case}.err", "w+") as err:
        process = subprocess.Popen(client.command(case, prompt), stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=client.work,
                                   env=client.environment(), start_new_session=True)
        try:
            until = time.monotonic() + LIMIT
            while interrupt and not interrupt() and process.poll() is None and time.monotonic() < until:
                pass
            if interrupt and process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
            status = process.wait(LIMIT if not interrupt else 30)
        except subprocess.TimeoutExpired:
            status = "did not end"
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        out.seek(0)
        err.seek(0)
        return status, out.read(), err.read()


def judge(client, case, named, status, out, err, exchanges):
    """What is wrong with what the client showed and with what the mock saw."""
    if case == "abort":
        if status == "did not end":
            yield "it did not end in 30 s after it was interrupted"
        if not any(each.written and not each.whole and each.model == client.model for each in exchanges):
            yield "no answer was left in the middle"
        return
    limited = [each for each in exchanges if each.status == 429]
    if case == "429" and not limited:
        yield "the mock limited nothing"
    if status != 0:
        yield f"it ended with {status}"
    if case == "long" and re.findall(r"(\d{4}) herons wait here", out) != [each[:4] for each in dialects.LONG]:
        yield f"the long answer is not whole: {len(out)} characters of {sum(map(len, dialects.LONG))}"
    if case == "image" and dialects.SEEN.strip() not in out:
        yield "the picture did not come to the mock"
    if case in ("text", "tool", "429") and dialects.TEXT not in out:
        yield "the answer was not shown"
    if case == "tool" and not client.proof(named):
        yield "the tool did not run"
    for each in exchanges:
        if each.status == 200 and not each.whole:
            yield f"{each.path}: the answer was left"
        if getattr(each, "answer", None) and each.answer.cut:
            yield f"{each.path}: cut at the limit {each.answer.limit()}"


def try_case(at, client, case):
    """All that is wrong with a case, in words."""
    named = f"{client.name}-{case}"
    answers = len(at.tap.answers)
    interrupt = (lambda: at.mock.wait(named, client.model, dialects.ABORT_TOKENS, 1)) if case == "abort" else None
    status, out, err = execute(client, case, f"case:{named} {ASKED[case]}", interrupt)
    problems = [] if at.mock.settle(30) else ["an answer of the mock was still under way"]
    exchanges = at.mock.of(named)
    if not exchanges:
        problems.append("the mock was not asked")
    problems += judge(client, case, named, status, out, err, exchanges)
    problems += [f"the gateway itself said {status} to {method} {path}" for method, path, status in at.tap.own(answers)
                 if (method, path, status) not in client.told]
    if problems:
        problems += [f"it said: {line}" for line in (out[-1500:] + "\n" + err[-1500:]).strip().splitlines()[-12:]]
    return problems


def cases_of(mode, name, with_):
    if with_.case:
        return (with_.case,)
    if with_.short and not (mode == "budget" and name in SHORT_WHOLE):
        return SHORT[mode]
    return clients.CASES


def run_mode(mode, chosen, with_, count):
    place = with_.place / mode
    at = stack.Stack(with_.program, place)
    try:
        for kind in chosen:
            client = kind(place / kind.name, at.url, at.make_key(kind.name, MODES[mode]), with_.clients)
            for case in cases_of(mode, kind.name, with_):
                begun = time.monotonic()
                problems = try_case(at, client, case)
                count.take(f"{mode}: {client.name}: {case}", problems, time.monotonic() - begun)
        begun = time.monotonic()
        ended = at.end()
        count.take(f"{mode}: the gateway ends well", [ended] if ended else [], time.monotonic() - begun)
        problems = bills.check(at)
        if with_.aborted_most:
            problems += bills.check_aborted(at, with_.aborted_most)
        count.take(f"{mode}: {len(at.mock.exchanges)} exchanges are on record, with what they cost", problems, time.monotonic() - begun)
        for who, model, charged, truth in bills.aborted(at):
            print(f"        {mode}: {who}: abort on {model}: charged {charged}, the mock billed {truth}: {charged / truth:.1f} x")
    finally:
        at.close()


def raise_loopback():
    """Brings up `lo`, which a new namespace has down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP


def enclose():
    """Goes on in a network namespace with loopback alone; false where there can be none."""
    if os.environ.pop("AIAUDIT_AGENTS_ENCLOSED", None):
        for number in (signal.SIGINT, signal.SIGTERM):  # the first process of a namespace takes only what it has asked for
            signal.signal(number, lambda number, _: sys.exit(128 + number))
        raise_loopback()
        return True
    # Processes of its own, too: whatever ends this one ends all that it started.
    unshare = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        unshare.append("--map-root-user")
    if not shutil.which("unshare") or subprocess.run([*unshare, "true"], capture_output=True, timeout=30).returncode:
        return False
    os.execvpe(unshare[0], [*unshare, sys.executable, *sys.argv], {**os.environ, "AIAUDIT_AGENTS_ENCLOSED": "1"})


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--clients", required=True, type=pathlib.Path)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--case", choices=clients.CASES)
    parser.add_argument("--mode", choices=MODES)
    parser.add_argument("--aborted-most", type=int, default=0)
    parser.add_argument("--keep", type=pathlib.Path)
    found = parser.parse_args()
    found.program, found.clients = str(pathlib.Path(found.program).resolve()), found.clients.resolve()
    return found


def main():
    with_ = parse()
    if not enclose():
        print("skipped: this system gives no namespaces (unshare --net --pid), and agents call home outside of one")
        return 0
    count = Count()
    with tempfile.TemporaryDirectory(prefix="aiaudit-agents-", ignore_cleanup_errors=True) as made:
        with_.place = with_.keep or pathlib.Path(made)
        with_.place.mkdir(parents=True, exist_ok=True)
        skipped = test_battery(with_, count) if with_.self_test else run_modes(with_, count)
    print(f"{count.passed} passed, {count.failed} failed, {skipped} skipped")
    return 1 if count.failed else 0


def test_battery(with_, count):
    for number, fault in enumerate(faults.FAULTS):
        begun = time.monotonic()
        found = faults.find(fault, with_.program, with_.place / f"fault-{number}", try_case)
        count.take(f"self-test: {fault.name}", faults.judge(fault, found), time.monotonic() - begun)
    return 0


def run_modes(with_, count):
    """Both modes beside each other; how many clients are not installed."""
    skipped = 0
    chosen = [each for each in clients.CLIENTS if each.name.startswith(with_.only)]
    for each in [each for each in chosen if not (with_.clients / each.needs).exists()]:
        print(f"skipped: {each.name} is not installed ({each.needs})")
        chosen.remove(each)
        skipped += 1
    threads = []
    for mode in [each for each in MODES if chosen and with_.mode in (None, each)]:
        threads.append(threading.Thread(target=guard, args=(mode, chosen, with_, count), daemon=True))
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return skipped


def guard(mode, *rest):
    """A failure of the battery itself is one of the mode."""
    try:
        run_mode(mode, *rest)
    except Exception as failure:  # whatever it is, the other mode goes on
        rest[-1].take(f"{mode}: the battery", [f"{type(failure).__name__}: {failure}"], 0)
        raise


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kills an auditor and a witness at any moment (SIGKILL), again and again: neither may believe half a file, and the witness may
forget nothing that it answered. Needs openssl, which signs for the logs that are made here.

usage: tests/tlog/kills.py --program FILE --work DIRECTORY [--kills N] [--seed N]
exit status: 0 all held, 1 something did not
"""
import argparse
import base64
import hashlib
import http.client
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from read_log import merkle_root, sha256

ORIGIN = "example.com/killed"


class Failure(Exception):
    pass


class Log:
    """Leaves and a key: what a node has, and no more."""

    def __init__(self, place):
        self.place = Path(place)
        self.leaves = []
        self.notes = {}
        self.key = self.place / "log.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", self.key], check=True, capture_output=True)
        der = subprocess.run(["openssl", "pkey", "-in", self.key, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
        material = b"\1" + der[-32:]
        self.id = sha256(ORIGIN.encode() + b"\n" + material)[:4]
        self.vkey = f"{ORIGIN}+{self.id.hex()}+{base64.b64encode(material).decode()}"

    def grow(self, count):
        for _ in range(count):
            self.leaves.append(sha256(b"\0record %d" % len(self.leaves)))

    def note(self, size):
        if size not in self.notes:
            text = f"{ORIGIN}\n{size}\n{base64.b64encode(merkle_root(self.leaves[:size])).decode()}\n"
            (self.place / "text").write_text(text)
            signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", self.key, "-in", self.place / "text"],
                                       check=True, capture_output=True).stdout
            self.notes[size] = f"{text}\n\u2014 {ORIGIN} {base64.b64encode(self.id + signature).decode()}\n"
        return self.notes[size]

    def proof(self, older, newer):
        """PROOF of RFC 6962, section 2.1.2."""
        def sub(begin, end, m, whole):
            if m == end - begin:
                return [] if whole else [merkle_root(self.leaves[begin:end])]
            k = 1
            while k * 2 < end - begin:
                k *= 2
            if m <= k:
                return sub(begin, begin + k, m, whole) + [merkle_root(self.leaves[begin + k:end])]
            return sub(begin + k, end, m - k, False) + [merkle_root(self.leaves[begin:begin + k])]
        return sub(0, newer, older, True) if older else []

    def tile(self, path):
        found = re.fullmatch(r"/tile/(\d+)/((?:x\d{3}/)*\d{3})(?:\.p/(\d+))?", path)
        if not found:
            return None
        span = 256 ** int(found[1])
        index = int(found[2].replace("x", "").replace("/", ""))
        width = int(found[3] or 256)
        if (index * 256 + width) * span > len(self.leaves):
            return None
        return b"".join(merkle_root(self.leaves[(index * 256 + i) * span:(index * 256 + i + 1) * span]) for i in range(width))


def serve(log):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            body = log.note(len(log.leaves)).encode() if self.path == "/checkpoint" else log.tile(self.path)
            self.send_response(200 if body is not None else 404)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            pass
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # those who ask are killed
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def run(words):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)


def kill_auditors(program, place, kills, chance):
    """Each is killed while it copies; the next goes on, and at the end all is there."""
    log = Log(place)
    log.grow(3_000)
    server = serve(log)
    policy = place / "policy"
    policy.write_text(f"log {log.vkey} http://127.0.0.1:{server.server_port}\nquorum none\n")
    state = place / "audit"
    words = [program, "audit", "--policy", policy, "--state", state]
    began = time.monotonic()
    whole = run(words)
    took = time.monotonic() - began
    if whole.returncode != 0:
        raise Failure(f"an audit that nobody killed: {whole.stdout}{whole.stderr}")
    midway = 0
    for _ in range(kills):
        if chance.random() < 0.5:
            shutil.rmtree(state)
        else:
            log.grow(chance.randrange(1, 700))
        log.note(len(log.leaves))
        one = subprocess.Popen([str(word) for word in words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.random() * took * 0.6)
        midway += one.poll() is None
        one.kill()
        one.wait()
        seen = run(words)
        if seen.returncode != 0 or f" {len(log.leaves)} records" not in seen.stdout:
            raise Failure(f"after a kill: {seen.stdout}{seen.stderr}")
        hashed = hashlib.sha256(ORIGIN.encode()).hexdigest()
        mirror = state / "mirror" / hashed
        for first in range(0, len(log.leaves), 256):
            width = min(256, len(log.leaves) - first)
            path = f"tile/0/{first // 256:03d}" + (f".p/{width}" if width < 256 else "")
            if (mirror / path).read_bytes() != b"".join(log.leaves[first:first + width]):
                raise Failure(f"after a kill: {path} is not the log's")
    server.shutdown()
    print(f"auditor: {kills} kills, {midway} before it ended, 0 mirrors damaged")


def kill_witnesses(program, place, kills, chance):
    """What it has answered with 200 it must know afterwards; it never goes back."""
    key = run([program, "audit", "--new-key", "example.com/witness", "--out", place / "witness.key"]).stdout.strip()
    if not key:
        raise Failure("no witness's key")
    log = Log(place)
    log.grow(50)
    policy = place / "witness-policy"
    policy.write_text(f"log {log.vkey}\nquorum none\n")
    answered = 0
    pushed = 0
    for number in range(kills):
        out = place / "witness.log"
        with open(out, "wb") as to:
            one = subprocess.Popen([program, "audit", "--policy", str(policy), "--state", str(place / "witness"), "--witness-listen",
                                    "127.0.0.1:0", "--witness-key", str(place / "witness.key")], stdout=to, stderr=to)
        found = None
        until = time.monotonic() + 60
        while not found and one.poll() is None and time.monotonic() < until:
            found = re.search(r"witness at http://127\.0\.0\.1:(\d+)\n", out.read_text())
            time.sleep(0.01)
        if not found:
            raise Failure(f"start {number}: {out.read_text()}")
        timer = threading.Timer(chance.random() * 0.4, one.kill)
        timer.start()
        known = None  # of this process
        try:
            while True:
                old = answered if known is None else known
                log.grow(chance.randrange(1, 4))
                size = len(log.leaves)
                body = f"old {old}\n" + "".join(base64.b64encode(each).decode() + "\n" for each in log.proof(old, size))
                client = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=30)
                client.request("POST", "/add-checkpoint", (body + "\n" + log.note(size)).encode())
                answer = client.getresponse()
                text = answer.read().decode()
                pushed += 1
                if answer.status == 200:
                    answered = known = size
                elif answer.status == 409:
                    # It had written one down, and died before it answered.
                    known = int(text)
                    if known < answered:
                        raise Failure(f"the witness answered {answered} and knows {known}")
                else:
                    raise Failure(f"the witness answers {answer.status}: {text}")
        except (OSError, http.client.HTTPException):
            pass
        timer.join()
        one.wait()
    print(f"witness: {kills} kills, {pushed} checkpoints pushed, {answered} records cosigned, it never went back")


def main():
    parser = argparse.ArgumentParser(description="Kills auditors and witnesses.")
    parser.add_argument("--program", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    os.makedirs(arguments.work, exist_ok=True)
    chance = random.Random(arguments.seed)
    try:
        for what in (kill_auditors, kill_witnesses):
            with tempfile.TemporaryDirectory(dir=arguments.work) as place:
                what(str(Path(arguments.program).resolve()), Path(place), arguments.kills, chance)
    except Failure as failure:
        print(f"kills: {failure}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

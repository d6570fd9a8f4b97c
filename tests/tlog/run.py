#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the log that `aiaudit serve --tlog` serves, and the auditor's mirror of it, to programs that share nothing with ours.

usage: tests/tlog/run.py --program FILE --work DIRECTORY [--oracle FILE] [--litewitness FILE] [--records N] [--appends N]
  Python's own reader (read_log.py) always; torchwood's reader and policies where --oracle names its program; torchwood's
  witness, litewitness, where it is named and ssh-agent is there. All on loopback, in a directory of their own, and ended by
  their process ids. exit status: 0 all agree, 1 they do not
"""
import argparse
import hashlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOKEN = "a-token-of-the-tlog-battery"
ORIGIN = "example.com/node1"


class Failure(Exception):
    pass


class Started:
    """Programs that were started, each ended by its own id."""

    def __init__(self):
        self.all = []

    def start(self, words, wanted, log, env=None, stderr=None):
        """Starts one, and waits for a line of its output that matches."""
        out = open(log, "wb")
        made = subprocess.Popen(words, stdout=out, stderr=stderr or out, stdin=subprocess.DEVNULL, env=env)
        self.all.append(made)
        until = time.monotonic() + 120
        while time.monotonic() < until:
            found = re.search(wanted, Path(log).read_text(errors="replace"))
            if found:
                return made, found
            if made.poll() is not None:
                break
            time.sleep(0.05)
        raise Failure(f"{words[0]} does not say {wanted!r}: {Path(log).read_text(errors='replace')[-2000:]}")

    def end(self, one):
        if one.poll() is None:
            one.send_signal(signal.SIGTERM)
            try:
                one.wait(30)
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait()

    def end_all(self):
        for each in reversed(self.all):
            self.end(each)


def run(words, status=0):
    began = time.monotonic()
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    took = time.monotonic() - began
    if done.returncode != status:
        raise Failure(f"{' '.join(str(word) for word in words)}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout, took


class Battery:
    def __init__(self, arguments, place):
        self.program = arguments.program
        self.with_these = arguments
        self.place = Path(place)
        self.started = Started()
        self.log_key = self.make_key("checkpoint", ORIGIN, "log")
        self.mirror_key = self.make_key("audit", "example.com/mirror", "mirror")
        self.witness_key = self.make_key("audit", "example.com/witness", "witness")
        self.witnesses = []  # of name, key, url

    def make_key(self, command, name, file):
        return run([self.program, command, "--new-key", name, "--out", self.place / f"{file}.key"])[0].strip()

    def fill(self, first, last):
        """Records of August 2026 into the ledger."""
        rows = self.place / "rows.csv"
        with open(rows, "w", encoding="ascii") as out:
            out.write("timestamp,user,input_tokens,output_tokens\n")
            for i in range(first, last + 1):
                out.write(f"2026-08-{i % 28 + 1:02d}T{i // 3600 % 24:02d}:{i // 60 % 60:02d}:{i % 60:02d}Z,user{i % 997},{i % 9000},10\n")
        run([self.program, "import", "--db", self.place / "db", "--format", "csv", "--map",
             "timestamp=timestamp,user=user,input_tokens=input_tokens,output_tokens=output_tokens,model==gpt-4.1,provider==openai",
             rows])
        rows.unlink()

    def serve(self):
        words = [self.program, "serve", "--db", self.place / "db", "--listen", "127.0.0.1:0", "--upstream",
                 "openai=http://127.0.0.1:9/v1", "--keys", "optional", "--tlog", "127.0.0.1:0", "--tlog-key",
                 self.place / "log.key", "--tlog-token", "$TLOG_TOKEN"]
        for _, key, url in self.witnesses:
            words += ["--witness", f"{key}={url}"]
        _, found = self.started.start([str(word) for word in words], r"log at (http://127\.0\.0\.1:\d+/tlog)\n",
                                      self.place / "serve.log", env={"TLOG_TOKEN": TOKEN})
        return found.group(1)

    def write_policy(self, url):
        text = f"log {self.log_key} {url}\n"
        for name, key, at in self.witnesses:
            text += f"witness {name} {key} {at}\n"
        names = " ".join(name for name, _, _ in self.witnesses)
        text += f"group all-of-them all {names}\nquorum all-of-them\n" if names else "quorum none\n"
        path = self.place / "policy"
        path.write_text(text, encoding="ascii")
        return path

    def start_witness(self):
        policy = self.place / "witness-policy"
        policy.write_text(f"log {self.log_key}\nquorum none\n", encoding="ascii")
        _, found = self.started.start(
            [self.program, "audit", "--policy", str(policy), "--state", str(self.place / "witness"), "--witness-listen", "127.0.0.1:0",
             "--witness-key", str(self.place / "witness.key")],
            r"witness at (http://127\.0\.0\.1:\d+)\n", self.place / "witness.log")
        self.witnesses.append(("ours", self.witness_key, found.group(1)))

    def start_litewitness(self):
        """torchwood's witness: its key lies in an ssh-agent, its logs in a database."""
        agent = self.place / "agent.sock"
        self.started.start(["ssh-agent", "-D", "-a", str(agent)], r"SSH_AUTH_SOCK", self.place / "agent.log")
        key = self.place / "lite"
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])
        subprocess.run(["ssh-add", "-q", str(key)], env={**os.environ, "SSH_AUTH_SOCK": str(agent)}, check=True,
                       capture_output=True)
        print_of_key = run(["ssh-keygen", "-l", "-E", "sha256", "-f", f"{key}.pub"])[0].split()[1]
        base = self.place / "lite.db"
        with sqlite3.connect(base) as db:
            db.execute("CREATE TABLE log (origin TEXT PRIMARY KEY, tree_size INTEGER NOT NULL, tree_hash TEXT NOT NULL)")
            db.execute("CREATE TABLE key (origin TEXT NOT NULL, key TEXT NOT NULL, FOREIGN KEY(origin) REFERENCES log(origin))")
            db.execute("INSERT INTO log VALUES (?, 0, ?)", (ORIGIN, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="))
            db.execute("INSERT INTO key VALUES (?, ?)", (ORIGIN, self.log_key))
        port = free_port()
        _, found = self.started.start(
            [self.with_these.litewitness, "-name", "example.com/lite", "-db", str(base), "-ssh-agent", str(agent), "-listen",
             f"127.0.0.1:{port}", "-key", print_of_key],
            r'vkey="?(example\.com/lite\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+)"?', self.place / "lite.log")
        self.witnesses.append(("lite", found.group(1), f"http://127.0.0.1:{port}"))

    def audit(self, policy, *more):
        return run([self.program, "audit", "--policy", policy, "--state", self.place / "audit", "--key", self.place / "mirror.key", *more])

    def until_quorum(self, policy, url, records):
        """The checkpoint of so many records, with the policy's quorum."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            note = subprocess.run(["curl", "-s", f"{url}/checkpoint"], capture_output=True, text=True, check=True).stdout
            (self.place / "checkpoint").write_text(note)
            held = subprocess.run([self.program, "verify", "--policy", policy, "--checkpoint", self.place / "checkpoint"],
                                  capture_output=True, text=True, check=False)
            if held.returncode == 0 and note.split("\n")[1] == str(records):
                return
            time.sleep(0.2)
        raise Failure(f"no quorum: {held.stdout}{held.stderr}{(self.place / 'serve.log').read_text()}")

    def check_by_others(self, policy, url, token, records):
        words = [sys.executable, HERE / "read_log.py", url, self.log_key, "--rows", self.place / "rows.jsonl"]
        for _, key, _ in self.witnesses[:1]:
            words += ["--witness", key]
        if token:
            words += ["--token", token]
        said, took = run(words)
        if not said.startswith(f"{records} records"):
            raise Failure(f"read_log.py: {said}")
        print(f"  python: {said.strip()} ({took:.1f} s)")
        if self.with_these.oracle:
            said, took = run([self.with_these.oracle, url, policy] + ([token] if token else []))
            if f" {records} records" not in said:
                raise Failure(f"oracle: {said}")
            print(f"  torchwood: {said.strip()} ({took:.1f} s)")

    def go(self):
        records = self.with_these.records
        self.fill(1, records)
        self.start_witness()
        if self.with_these.litewitness and shutil.which("ssh-agent"):
            self.start_litewitness()
        else:
            print("skipped: litewitness (no --litewitness, or no ssh-agent)")
        url = self.serve()
        policy = self.write_policy(url)
        self.until_quorum(policy, url, records)
        print(f"{len(self.witnesses)} witnesses cosign: {', '.join(name for name, _, _ in self.witnesses)}")
        self.check_by_others(policy, url, TOKEN, records)
        said, took = self.audit(policy)
        print(f"  audit: {said.strip()} ({took:.2f} s, {records} records mirrored anew)")
        said, took = self.audit(policy, "--rows", self.place / "rows.jsonl")
        print(f"  rows: {said.strip().splitlines()[-1]} ({took:.2f} s)")
        for _ in range(self.with_these.appends):
            self.started.end(self.started.all[-1])  # the gateway: one process writes at a time
            self.fill(records + 1, records + 300)
            records += 300
            url = self.serve()
            policy = self.write_policy(url)
            self.until_quorum(policy, url, records)
            said, took = self.audit(policy)
            if f"only grew since {records - 300}, cosigned" not in said:
                raise Failure(f"audit: {said}")
            print(f"  audit: {said.strip()} ({took:.2f} s)")
            self.check_by_others(policy, url, TOKEN, records)
        self.check_mirror(records)
        print("all agree")

    def check_mirror(self, records):
        """The mirror, served by the auditor, as another log with the mirror's cosignature."""
        policy = self.write_policy("http://127.0.0.1:9")
        _, found = self.started.start(
            [self.program, "audit", "--policy", str(policy), "--state", str(self.place / "audit"), "--witness-listen", "127.0.0.1:0"],
            r"witness at (http://127\.0\.0\.1:\d+)\n", self.place / "mirror.log")
        url = f"{found.group(1)}/mirror/{hashlib.sha256(ORIGIN.encode()).hexdigest()}"
        self.witnesses = [("mirror", self.mirror_key, "http://127.0.0.1:9")]
        print("the auditor's mirror:")
        self.check_by_others(self.write_policy(url), url, "", records)


def free_port():
    import socket
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def main():
    parser = argparse.ArgumentParser(description="Holds the served log to programs of others.")
    parser.add_argument("--program", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--oracle")
    parser.add_argument("--litewitness")
    parser.add_argument("--records", type=int, default=5_000)
    parser.add_argument("--appends", type=int, default=2)
    arguments = parser.parse_args()
    arguments.program = str(Path(arguments.program).resolve())
    os.makedirs(arguments.work, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=arguments.work) as place:
        battery = None
        try:
            battery = Battery(arguments, place)
            battery.go()
        except Failure as failure:
            print(f"tlog: {failure}")
            return 1
        finally:
            if battery:
                battery.started.end_all()
    return 0


if __name__ == "__main__":
    sys.exit(main())

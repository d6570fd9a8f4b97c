#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What scripts/ship_battery runs: ships a ledger to a real server while both are killed again and again, and then holds
the server's rows to the log: each record once, with its leaf, the leaves' root, and the sum of money to the pico-dollar.

A round ships the whole ledger by two shippers that race for it, with SIGKILL to either of them and to the server,
connections cut by the server, and shippers that are paused, at random instants. Rounds go on until there were enough
kills; every round is checked.
"""
import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import clickhouse_server  # noqa: F401: adds its server to KINDS
import ledgers
import mongodb_servers  # noqa: F401: and these
import servers


def root_of(leaves: list[bytes]) -> bytes:
    """RFC 6962's tree over leaf hashes, by a stack of perfect trees."""
    stack: list[tuple[int, bytes]] = []
    for leaf in leaves:
        height, node = 0, leaf
        while stack and stack[-1][0] == height:
            node = hashlib.sha256(b"\x01" + stack.pop()[1] + node).digest()
            height += 1
        stack.append((height, node))
    if not stack:
        return hashlib.sha256(b"").digest()
    node = stack.pop()[1]
    while stack:
        node = hashlib.sha256(b"\x01" + stack.pop()[1] + node).digest()
    return node


def differences(server: servers.Server, truth: ledgers.Truth) -> list[str]:
    """What a sink has otherwise than the log."""
    found: list[str] = []
    expected, leaves, spent = 0, [], Decimal(0)
    for row in server.rows(truth.origin):
        if row.seq == expected:
            found.append(f"record {row.seq} is there twice")
            continue
        if row.seq != expected + 1:
            found.append(f"records {expected + 1} to {row.seq - 1} are missing")
        expected = row.seq
        leaves.append(row.leaf)
        spent += row.spent
        if row.seq > len(truth.leaves) or row.leaf != truth.leaves[row.seq - 1]:
            found.append(f"record {row.seq} has another leaf")
        if len(found) > 10:
            return found
    if expected != len(truth.leaves):
        found.append(f"{expected} records of {len(truth.leaves)}")
    if root_of(leaves) != truth.root:
        found.append("the leaves' root is not the log's")
    if spent != truth.spent:
        found.append(f"the money adds up to {spent}, not {truth.spent}")
    if server.root(truth.origin) not in (b"", truth.root):
        found.append("the cursor's root is not the log's")
    own = server.spent(truth.origin)
    if own is not None and own != truth.spent:
        found.append(f"the server's own sum is {own}, not {truth.spent}")
    return found


class Shipper:
    def __init__(self, command: list[str], log: Path):
        self.command, self.log = command, log
        self.process: subprocess.Popen | None = None
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)

    def ended_wrongly(self) -> str:
        """Of itself, which it never does: every failure here is one that passes."""
        if self.process.poll() is None:
            return ""
        return f"a shipper ended with {self.process.returncode}: {self.log.read_text().splitlines()[-1:]}"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Battery:
    def __init__(self, server: servers.Server, program: str, ledger: Path, truth: ledgers.Truth, folder: Path, rng: random.Random,
                 batch: int):
        self.server, self.truth, self.rng = server, truth, rng
        self.command = [program, "ship", "--db", str(ledger), "--to", server.url, "--quiet", "--batch", str(batch)]
        self.folder = folder
        self.counts = {"shipper": 0, "server": 0, "both": 0, "cut": 0, "pause": 0}
        self.rounds = 0

    @property
    def kills(self) -> int:
        return self.counts["shipper"] + self.counts["server"] + 2 * self.counts["both"]

    def hurt(self, shippers: list[Shipper]) -> None:
        act = self.rng.choices(("shipper", "server", "both", "cut", "pause"), (6, 3, 1, 2, 1))[0]
        one = self.rng.choice(shippers)
        if act in ("shipper", "both"):
            one.kill()
        if act in ("server", "both"):
            self.server.kill()
            self.server.restart()
        if act in ("shipper", "both"):
            one.start()
        if act == "cut":
            self.counts["cut"] += self.server.cut()
        elif act == "pause":
            one.process.send_signal(signal.SIGSTOP)
            time.sleep(self.rng.uniform(0, 0.5))
            one.process.send_signal(signal.SIGCONT)
            self.counts["pause"] += 1
        else:
            self.counts[act] += 1

    def round(self, kills_wanted: int) -> list[str]:
        """Ships the ledger once, hurting until it is there; more gently once there were enough kills."""
        self.server.clear()
        shippers = [Shipper(self.command, self.folder / f"shipper-{i}.log") for i in range(2)]
        deadline = time.monotonic() + 900
        try:
            while True:
                time.sleep(self.rng.uniform(0, 0.25) ** 1.3)
                if self.kills < kills_wanted:
                    self.hurt(shippers)
                wrong = [text for text in (each.ended_wrongly() for each in shippers) if text]
                if wrong:
                    return wrong
                if self.server.size(self.truth.origin) == len(self.truth.leaves):
                    break
                if time.monotonic() > deadline:
                    return ["it was not shipped in 15 minutes"]
        finally:
            for each in shippers:
                each.kill()
        self.rounds += 1
        return differences(self.server, self.truth)

    def run(self, kills: int) -> list[str]:
        begin = time.monotonic()
        while self.kills < kills or self.rounds == 0:
            if found := self.round(kills):
                return found
            print(f"{self.server.kind}: round {self.rounds}: {len(self.truth.leaves)} records each once, "
                  f"{self.kills} kills, {time.monotonic() - begin:.0f} s", flush=True)
        counts = self.counts
        print(f"{self.server.kind}: {self.rounds} rounds of {len(self.truth.leaves)} records by two shippers: "
              f"{counts['shipper'] + counts['both']} kills of a shipper, {counts['server'] + counts['both']} of the server, "
              f"{counts['cut']} connections cut, {counts['pause']} pauses: no duplicate, no hole, "
              f"the root is the log's, {self.truth.spent} USD exactly")
        return []


def measure_speed(server: servers.Server, program: str, ledger: Path, truth: ledgers.Truth, batch: int | None) -> list[str]:
    """Three times in turn, since the machine is not ours alone; the best of each counts."""
    count = len(truth.leaves)
    size = ["--batch", str(batch)] if batch else []
    shipped, loaded = [], []
    for _ in range(3):
        server.clear()
        server.settle()
        begin = time.monotonic()
        subprocess.run([program, "ship", "--db", str(ledger), "--to", server.direct_url, "--once", "--quiet", *size],
                       check=True)
        shipped.append(time.monotonic() - begin)
        seconds = server.bulk_seconds(truth.origin)
        if seconds is not None:
            loaded.append(seconds)
        print(f"{server.kind}: shipped {count / shipped[-1]:.0f} rows/s" +
              (f", bulk loader {count / loaded[-1]:.0f} rows/s" if loaded else ", no bulk loader"), flush=True)
    found = differences(server, truth)
    if not found and loaded:
        print(f"{server.kind}: {count / min(shipped):.0f} rows/s, bulk loader {count / min(loaded):.0f} rows/s: "
              f"{min(loaded) / min(shipped):.2f} of it")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/ship_battery", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sink", choices=sorted(servers.KINDS), action="append", help="which server; default: all")
    parser.add_argument("--program", required=True, help="the aiaudit program")
    parser.add_argument("--kills", type=int, default=10, help="how many kills there are; default: 10")
    parser.add_argument("--records", type=int, default=3000, help="records of the ledger; default: 3000")
    parser.add_argument("--batch", type=int, help="records in a batch; default: 50, of --speed the sink's own")
    parser.add_argument("--speed", action="store_true", help="measure rows a second beside the server's own loader")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="leave the folder where it is")
    with_ = parser.parse_args()
    # In memory, where a server is up again at once: a SIGKILL loses nothing that was written. Speed is that of a disk.
    in_memory = os.access("/dev/shm", os.W_OK) and not with_.speed
    folder = Path(tempfile.mkdtemp(prefix="ship_battery.", dir="/dev/shm" if in_memory else None))
    os.chmod(folder, 0o755)  # a server may run as another user
    program = str(Path(with_.program).resolve())
    ledger = ledgers.make(program, folder, with_.records, with_.seed)
    truth = ledgers.truth_of(program, ledger)
    status = 0
    for kind in with_.sink or sorted(servers.KINDS):
        try:
            server = servers.KINDS[kind](folder / kind)
        except servers.Unavailable as reason:
            print(f"skipped: {kind}: {reason}", flush=True)
            continue
        server.start()
        try:
            if with_.speed:
                found = measure_speed(server, program, ledger, truth, with_.batch)
            else:
                battery = Battery(server, program, ledger, truth, folder, random.Random(with_.seed), with_.batch or 50)
                found = battery.run(with_.kills)
        finally:
            server.stop()
        for each in found:
            print(f"{kind}: FAILED: {each}", flush=True)
        status |= bool(found)
    if with_.keep or status:
        print(f"left in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main())

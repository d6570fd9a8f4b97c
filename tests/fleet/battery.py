#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One limit over many nodes, against a real PostgreSQL: nodes are killed and stopped, connections cut, answers swallowed, the
store stopped and restored from old copies, clocks five minutes apart. At the end the logs of all nodes are added up.

Exit status 1 where a window cost more than its limit, or where the limit was not used at all.
"""
import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import postgres  # noqa: E402

HUGE = 10**15
QUARANTINE_MS = 4000


class Node:
    def __init__(self, number: int, battery):
        self.name = f"n{number}"
        self.number = number
        self.battery = battery
        self.folder = os.path.join(battery.folder, self.name)
        self.offset_s = battery.random.randint(-150, 150)
        self.process: subprocess.Popen | None = None
        self.runs = 0
        self.dead_since: float | None = None
        self.reports: list[dict] = []

    def start(self):
        if self.process is not None:
            return
        self.runs += 1
        self.dead_since = None
        args = self.battery.args
        self.process = subprocess.Popen(
            [args.node, "run", self.battery.server.url(self.battery.proxy.port), self.name, self.folder, str(args.threads),
             str(self.offset_s), str(self.number * 100 + self.runs), str(args.wait_ms)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)

    def kill(self):
        if self.process is None:
            return
        self.process.kill()
        self.process.communicate()
        self.process = None
        self.dead_since = time.monotonic()

    def end(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            out, err = self.process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self.kill()
            return
        if self.process.returncode != 0:
            self.battery.findings.append(f"{self.name} ended with {self.process.returncode}: {err.strip()[-300:]}")
        for line in out.splitlines():
            if line.startswith("{"):
                self.reports.append(json.loads(line))
        self.process = None


class Battery:
    def __init__(self, args, folder: str, bin_folder: str):
        self.args = args
        self.folder = folder
        self.random = random.Random(args.seed)
        self.findings: list[str] = []
        self.counts = {name: 0 for name in ("kills", "pauses", "cuts", "swallows", "stops", "restores", "new_timelines")}
        self.server = postgres.Server(os.path.join(folder, "postgres"), bin_folder)
        self.server.start()
        self.proxy = postgres.Proxy(self.server.port)
        self.copies: list[tuple[str, float]] = []
        self.samples: list[tuple[float, int, int]] = []  # when, stranded by the dead, held by the living
        self.pending: list[tuple[float, object]] = []
        self.over = threading.Event()
        now = time.time()
        half = now + args.seconds / 2
        # A zone in which it is midnight in the middle of the run.
        self.zone_s = int(-half % 86400)
        if self.zone_s > 43200:
            self.zone_s -= 86400
        self.limits: dict[str, int] = {}
        self.nodes = [Node(i, self) for i in range(args.nodes)]

    def tool(self, *words: str) -> str:
        done = subprocess.run([self.args.node, *words], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"{words[0]}: {done.stderr.strip()[-300:]}")
        return done.stdout

    def set_limit(self, name: str, limit: int):
        window = "day" if name == "daily" else "total"
        self.tool("set", self.server.url(), name, str(limit), window, str(self.zone_s if name == "daily" else 0), "closed")
        self.limits[name] = limit

    def sample(self):
        while not self.over.wait(0.5):
            try:
                rows = self.server.ask("select node, ceiling, used from aiaudit_fleet.ceiling where budget = 'total'")
            except subprocess.TimeoutExpired:
                rows = None
            if not rows:
                continue
            dead = {node.name for node in self.nodes if node.dead_since is not None}
            lost = held = 0
            for name, ceiling, used in rows:
                rest = int(ceiling) - int(used)
                if name in dead:
                    lost += rest
                else:
                    held += rest
            self.samples.append((time.monotonic(), lost, held))

    # What may happen. Each takes its time.
    def kill(self):
        node = self.random.choice(self.nodes)
        self.counts["kills"] += 1
        node.kill()
        self.later(self.random.choice((0, 0, 0.5, 1, 3, 8)), node.start)

    def pause(self):
        node = self.random.choice(self.nodes)
        process = node.process
        if process is None:
            return
        self.counts["pauses"] += 1
        process.send_signal(signal.SIGSTOP)
        self.later(self.random.uniform(1, 6), lambda: process.poll() is None and process.send_signal(signal.SIGCONT))

    def cut(self):
        self.counts["cuts"] += 1
        self.proxy.cut()

    def swallow(self):
        self.counts["swallows"] += 1
        self.proxy.swallows = True
        time.sleep(self.random.uniform(0.5, 3))
        self.proxy.swallows = False
        self.proxy.cut()

    def stop_store(self):
        self.counts["stops"] += 1
        self.server.stop(self.random.choice(("fast", "immediate")))
        if self.random.random() < 0.7:
            name = f"copy{len(self.copies) % 3}"
            self.copies = [each for each in self.copies if each[0] != name]
            self.server.copy_to(name)
            self.copies.append((name, time.monotonic()))
        time.sleep(self.random.uniform(0.5, 5))
        self.server.start()

    def restore(self):
        now = time.monotonic()
        old = [each for each in self.copies if now - each[1] > 6]
        if not old:
            return self.stop_store()
        name, made = self.random.choice(old)
        new_timeline = self.random.random() < 0.5
        self.counts["restores"] += 1
        self.counts["new_timelines"] += int(new_timeline)
        self.server.stop("immediate")
        self.server.restore(name, new_timeline)
        # What came after it is gone, with the copies made of that.
        self.copies = [each for each in self.copies if each[1] <= made]
        time.sleep(self.random.uniform(0, 2))
        self.server.start()
        # What was set since is set again, as whoever restores does.
        for each, limit in list(self.limits.items()):
            self.set_limit(each, limit)

    def later(self, seconds: float, action):
        self.pending.append((time.monotonic() + seconds, action))

    def settle_pending(self, everything: bool = False):
        now = time.monotonic()
        due = [each for each in self.pending if everything or each[0] <= now]
        self.pending = [each for each in self.pending if each not in due]
        for _, action in due:
            action()

    def run(self):
        args = self.args
        # So much that each is used up before the end: a day at some half of its time, all of it at some three quarters.
        self.set_limit("daily", int(args.rate * args.seconds / 4))
        self.set_limit("total", int(args.rate * args.seconds * 7 / 16))
        self.tool("quarantine", self.server.url(), str(QUARANTINE_MS))
        for node in self.nodes:
            node.start()
        sampler = threading.Thread(target=self.sample)
        sampler.start()
        begin = time.monotonic()
        events = ([self.kill] * 8 + [self.pause] * 3 + [self.cut] * 4 + [self.swallow] * 2 + [self.stop_store] * 2 +
                  [self.restore] * 2)
        while True:
            passed = time.monotonic() - begin
            if passed >= args.seconds * 0.8:
                break
            self.settle_pending()
            if passed > 3:
                self.random.choice(events)()
            time.sleep(self.random.uniform(0.1, 1.0) * args.calm)
        # All come back, so that what is left can be used.
        self.proxy.swallows = False
        self.settle_pending(True)
        for node in self.nodes:
            if node.process is None:
                node.start()
        while time.monotonic() - begin < args.seconds:
            time.sleep(0.2)
        self.over.set()
        sampler.join()
        final = self.server.ask("select c.budget, c.span, sum(c.ceiling), sum(c.used), max(s.total) from aiaudit_fleet.ceiling c join "
                                "aiaudit_fleet.span s on s.budget = c.budget and s.number = c.span group by 1, 2 order by 1, 2")
        doubt = self.server.ask("select trust, recovery, (select string_agg(name || ' ' || recovery || ' ' || now() - seen, ', ') from "
                                "aiaudit_fleet.node) from aiaudit_fleet.store")
        for row in final or []:
            print(f"  in the store: {row[0]:6} {row[1]:>6}  ceilings {int(row[2]):>14,}  spent {int(row[3]):>14,}  sum of ceilings as kept "
                  f"{int(row[4]):>14,}")
            if row[2] != row[4]:
                self.findings.append(f"the sum that is kept is not that of the ceilings: {row}")
        if doubt and doubt[0][0] != "0":
            self.findings.append(f"the store is still recovering: {doubt}")
        for node in self.nodes:
            if node.process and node.process.poll() is not None:
                self.findings.append(f"{node.name} had ended by itself: {node.process.communicate()[1].strip()[-300:]}")
        # A third of them dies as it is.
        for node in self.nodes[: len(self.nodes) // 3]:
            node.kill()
        for node in self.nodes:
            node.end()
        return final

    def judge(self) -> dict:
        spent: dict[str, int] = {}
        for node in self.nodes:
            for window, amount in json.loads(self.tool("sum", node.folder, str(self.zone_s))).items():
                spent[window] = spent.get(window, 0) + amount
        total = sum(spent.values())
        rows = [("total", "", total, self.limits["total"])]
        rows += [("daily", window, amount, self.limits["daily"]) for window, amount in sorted(spent.items())]
        over = 0
        for name, window, amount, limit in rows:
            more = max(0, amount - limit)
            over += more
            print(f"  {name:6} {window:>7}  limit {limit:>16,}  spent {amount:>16,}  {amount * 100 / limit:7.3f} %  over {more:,}")
        if over:
            self.findings.append(f"{over} more than the limits were spent")
        if max(amount * 100 // limit for _, _, amount, limit in rows) < 90:
            self.findings.append("no limit was used up, so nothing was tried")
        return {"over": over, "spent": total, "limit": self.limits["total"]}


def worth(samples: list[tuple[float, int, int]], limit: int) -> str:
    if len(samples) < 2:
        return "no samples"
    longest = 0.0
    begun = None
    for at, lost, _ in samples:
        if lost > 0 and begun is None:
            begun = at
        if lost == 0 and begun is not None:
            longest = max(longest, at - begun)
            begun = None
    most_lost = max(each[1] for each in samples)
    most_held = max(each[2] for each in samples)
    mean_held = sum(each[2] for each in samples) // len(samples)
    return (f"held by dead nodes at most {most_lost * 100 / limit:.2f} % of the limit, some of it for {longest:.1f} s at most; held "
            f"unused by living nodes {mean_held * 100 / limit:.2f} % on average, at most {most_held * 100 / limit:.2f} %")


def latency(args, folder: str, bin_folder: str):
    """Decisions with a fleet and without, in turn."""
    server = postgres.Server(os.path.join(folder, "postgres"), bin_folder)
    server.start()
    try:
        subprocess.run([args.node, "set", server.url(), "total", str(HUGE), "total", "0", "closed"], check=True)
        figures: dict[str, list[dict]] = {"alone": [], "fleet": []}
        for turn in range(3):
            for kind in ("alone", "fleet"):
                home = os.path.join(folder, f"{kind}{turn}")
                if kind == "alone":
                    subprocess.run([args.node, "budget", home, "total", str(HUGE)], check=True)
                one = subprocess.Popen([args.node, "run", server.url() if kind == "fleet" else "", f"l{turn}", home, str(args.threads),
                                        "0", str(turn), str(args.wait_ms)], stdout=subprocess.PIPE, text=True)
                one.stdout.readline()
                time.sleep(args.seconds / 6)
                one.terminate()
                out, _ = one.communicate(timeout=60)
                figures[kind].append(json.loads(out.strip().splitlines()[-1]))
        for kind, all_of in figures.items():
            print(f"  {kind:5} " + "; ".join(f"{f['admitted']:,} admitted, p50 {f['p50_us']} us, p99 {f['p99_us']} us" for f in all_of))
    finally:
        server.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--node", required=True, help="the program of tests/fleet/node.cpp")
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--nodes", type=int, default=8)
    parser.add_argument("--threads", type=int, default=16)
    parser.add_argument("--wait-ms", type=int, default=60, help="about how long a call takes")
    parser.add_argument("--rate", type=float, default=150_000, help="about what all nodes spend in a second")
    parser.add_argument("--calm", type=float, default=1.0, help="more: less happens")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--latency", action="store_true", help="only measures decisions with and without a fleet")
    parser.add_argument("--keep", help="a folder for ledgers and server, which stays")
    args = parser.parse_args()
    if args.minutes:
        args.seconds = args.minutes * 60
    bin_folder = postgres.programs()
    if bin_folder is None or shutil.which("psql") is None:
        print("fleet_budgets: skipped: there is no PostgreSQL server on this machine (scripts/setup ci installs it)")
        return 0
    folder = args.keep or tempfile.mkdtemp(prefix="aiaudit-fleet-")
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, 0o755)
    try:
        if args.latency:
            latency(args, folder, bin_folder)
            return 0
        battery = Battery(args, folder, bin_folder)
        try:
            print("  PostgreSQL: " + battery.tool("compare", battery.server.url(), str(args.seed), "200").strip())
            battery.server.ask("drop schema aiaudit_fleet cascade")
            print("  PostgreSQL: " + battery.tool("storm", battery.server.url(), "8").strip())
            etcd = postgres.Etcd(os.path.join(folder, "etcd"))
            if etcd.process is None:
                print("  etcd: skipped: there is none on this machine (scripts/setup ci installs it)")
            else:
                try:
                    print("  etcd: " + battery.tool("etcd", etcd.origin, str(args.seed), "200").strip())
                finally:
                    etcd.stop()
            battery.server.ask("drop schema aiaudit_fleet cascade")
            battery.run()
            print(f"fleet_budgets: {args.nodes} nodes of {args.threads} threads, {args.seconds:.0f} s, seed {args.seed}: " +
                  ", ".join(f"{count} {name}" for name, count in battery.counts.items()) +
                  f", {battery.proxy.cuts} connections cut")
            battery.judge()
            print("  " + worth(battery.samples, battery.limits["total"]))
            reports = [each for node in battery.nodes for each in node.reports]
            if reports:
                print(f"  decisions of the last runs: p50 {max(r['p50_us'] for r in reports)} us, p99 {max(r['p99_us'] for r in reports)} "
                      f"us at the slowest node; {sum(r['refused'] for r in reports):,} refused")
        finally:
            for node in battery.nodes:
                node.kill()
            battery.over.set()
            battery.server.stop()
        for each in battery.findings:
            print(f"fleet_budgets: FAILED: {each}")
        return 1 if battery.findings else 0
    finally:
        if not args.keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())

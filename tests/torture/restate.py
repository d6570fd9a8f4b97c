#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Late prices on a large ledger: every report before and after equals a recount of the input, and a kill in the middle
leaves all corrections or none.

usage: restate.py PROGRAM [--records N] [--kills N] [--seed N] [--directory DIR]
Prints one line a step with its time; exit 1 where a report differs from the recount.
"""
import argparse
import collections
import csv
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from decimal import Decimal

MODELS = ["gpt-a", "gpt-b", "gpt-c", "gpt-d", "gpt-unlisted"]
FIRST_DAY = 20_500  # 2026-02-16, in days since 1970
DAYS = 30
# Pico-USD a token, in and out, of the first price file and of the second.
BOOKS = [{name: (1_000_000 * (i + 1), 4_000_000 * (i + 1)) for i, name in enumerate(MODELS[:4])},
         {name: (750_000 * (i + 2), 5_250_000 * (i + 1)) for i, name in enumerate(MODELS)}]


def day_text(day):
    return time.strftime("%Y-%m-%d", time.gmtime(day * 86_400))


def write_book(path, book):
    def dollars(pico):
        return format(Decimal(pico) / 10**12, "f")

    entries = [f'"{name}":{{"litellm_provider":"openai","mode":"chat","input_cost_per_token":{dollars(rates[0])},'
               f'"output_cost_per_token":{dollars(rates[1])}}}' for name, rates in book.items()]
    with open(path, "w", encoding="ascii") as file:
        file.write("{" + ",".join(entries) + "}")


class Recount:
    """Sums by report and row, of each price file."""

    def __init__(self):
        self.sums = [collections.defaultdict(lambda: [0, 0, 0]) for _ in BOOKS]  # pico, requests, uncosted

    def add(self, day, user, project, model, counts):
        for book, sums in zip(BOOKS, self.sums):
            rates = book.get(model)
            cost = 0 if rates is None else counts[0] * rates[0] + counts[1] * rates[1]
            for key in (("daily", day_text(day)), ("users", user), ("models", model), ("projects", project),
                        ("providers", "openai")):
                row = sums[key]
                row[0] += cost
                row[1] += 1
                row[2] += rates is None

    def difference(self, program, db, book, *more):
        """What a report says otherwise than the recount; None where nothing is."""
        wanted = self.sums[book]
        seen = 0
        for kind, label in (("daily", "date"), ("users", "user"), ("models", "model"), ("projects", "project"),
                            ("providers", "provider")):
            text = run(program, "report", kind, "--db", db, "--format", "json", *more)
            for row in json.loads(text):
                seen += 1
                have = [int(Decimal(row["cost_usd"]) * 10**12), row["requests"], row["uncosted"]]
                if have != wanted[(kind, row[label])]:
                    return f"{kind} {row[label]}: {have}, by the recount {wanted[(kind, row[label])]}"
        return None if seen == len(wanted) else f"{seen} rows, by the recount {len(wanted)}"


def run(program, *words):
    done = subprocess.run([program, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise SystemExit(f"restate: {' '.join(words)}: {done.stderr.decode()}")
    return done.stdout


def make_input(path, records, rng):
    recount = Recount()
    with open(path, "w", encoding="ascii", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["at", "user", "project", "model", "in", "out"])
        for number in range(records):
            at = (FIRST_DAY * 86_400 + number * DAYS * 86_400 // records) + rng.randrange(-600, 600)
            at = min(max(at, FIRST_DAY * 86_400), (FIRST_DAY + DAYS) * 86_400 - 1)
            user, project = f"user{rng.randrange(200)}", f"project{rng.randrange(5)}"
            model, counts = rng.choice(MODELS), (rng.randrange(1, 8_000), rng.randrange(1, 1_000))
            rows.writerow([time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)), user, project, model, *counts])
            recount.add(at // 86_400, user, project, model, counts)
    return recount


class Steps:
    def __init__(self):
        self.failed = False

    def timed(self, words, work):
        begun = time.monotonic()
        value = work()
        print(f"{words}: {time.monotonic() - begun:.2f} s", flush=True)
        return value

    def check(self, words, difference):
        self.failed = self.failed or difference is not None
        print(f"{words}: {'equal to the recount' if difference is None else 'DIFFERS: ' + difference}", flush=True)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("program")
    arguments.add_argument("--records", type=int, default=20_000)
    arguments.add_argument("--kills", type=int, default=8)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--directory", default=None)
    options = arguments.parse_args()
    rng = random.Random(options.seed)
    steps = Steps()
    with tempfile.TemporaryDirectory(dir=options.directory) as place:
        db = os.path.join(place, "db")
        books = [os.path.join(place, f"book{i}.json") for i in (0, 1)]
        for path, book in zip(books, BOOKS):
            write_book(path, book)
        calls = os.path.join(place, "calls.csv")
        recount = make_input(calls, options.records, rng)
        span = ["--from", day_text(FIRST_DAY), "--to", day_text(FIRST_DAY + DAYS - 1)]
        fields = ("timestamp=at,provider==openai,model=model,user=user,project=project,input_tokens=in,output_tokens=out")
        steps.timed(f"import of {options.records} records", lambda: run(
            options.program, "import", calls, "--db", db, "--format", "csv", "--prices", books[0], "--map", fields))
        steps.check("reports as imported", recount.difference(options.program, db, 0))
        steps.timed("prices update", lambda: run(options.program, "prices", "update", "--db", db, "--from", books[1]))
        steps.check("reports after the update", recount.difference(options.program, db, 0))
        reprice = [options.program, "reprice", "--db", db, "--prices", books[1], *span, "--by", "battery"]
        steps.timed("reprice, only looking", lambda: run(*reprice))
        steps.check("reports after looking", recount.difference(options.program, db, 0))

        # Kills, each on a copy: the time that the whole run takes is found first.
        copy = os.path.join(place, "copy")
        shutil.copytree(db, copy)
        on_copy = [copy if word == db else word for word in reprice] + ["--apply"]
        begun = time.monotonic()
        run(*on_copy)
        whole = time.monotonic() - begun
        ends = collections.Counter()
        for number in range(options.kills):
            shutil.rmtree(copy)
            shutil.copytree(db, copy)
            child = subprocess.Popen(on_copy, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            # Half of them near the end, where the corrections are written.
            share = rng.uniform(0.8, 1.1) if number % 2 else rng.uniform(0, 1)
            time.sleep(whole * share)
            child.send_signal(signal.SIGKILL)
            child.wait()
            before, after = (recount.difference(options.program, copy, book) for book in (0, 1))
            ends["none" if before is None else "all" if after is None else "BROKEN"] += 1
            if before is not None and after is not None:
                steps.failed = True
                print(f"kill {number}: some of the corrections: {before}; {after}")
            run(*on_copy)
            if (difference := recount.difference(options.program, copy, 1)) is not None:
                steps.check(f"reports of the run after kill {number}", difference)
        print(f"{options.kills} kills: {ends['none']} left none of the corrections, {ends['all']} all, "
              f"{ends['BROKEN']} some")
        shutil.rmtree(copy)

        steps.timed("reprice --apply", lambda: run(*reprice, "--apply"))
        steps.check("reports after it", recount.difference(options.program, db, 1))
        steps.check("reports --as-recorded", recount.difference(options.program, db, 0, "--as-recorded"))
        steps.timed("reprice --apply again", lambda: run(*reprice, "--apply"))
        steps.check("reports after that", recount.difference(options.program, db, 1))
        most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        print(f"the most memory of any of these: {most} MiB")
        steps.timed("verify", lambda: run(options.program, "verify", "--db", db))
    return 1 if steps.failed else 0


if __name__ == "__main__":
    sys.exit(main())

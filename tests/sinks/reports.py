#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds `aiaudit report --from DATABASE` to `aiaudit report --db LEDGER`: the same bytes, for every kind, and choices of form, zone and
rows, on a ledger with failures, unknown prices and corrections. Starts a PostgreSQL of its own.

usage: tests/sinks/reports.py PROGRAM [RECORDS]      default: 2,000 records
"""
import difflib
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import ledgers
import servers

KINDS = ("daily", "models", "users", "user", "projects", "keys", "providers", "statuses", "teams", "organisations", "runs", "drift")
FORMS = ("table", "jsonl")
ZONES = ("UTC", "Asia/Kathmandu", "America/New_York")
CHOICES = ("", "--from 2025-10-20 --to 2025-11-09", "--as-recorded", "--top 3 --offset 1")


def main() -> int:
    program, records = str(Path(sys.argv[1]).resolve()), int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    folder = Path(tempfile.mkdtemp(prefix="ship_reports."))
    os.chmod(folder, 0o755)  # the server may run as another user
    try:
        server = servers.Postgres(folder / "postgresql")
    except servers.Unavailable as reason:
        print(f"skipped: {reason}")
        shutil.rmtree(folder)
        return 0
    ledger = ledgers.make(program, folder, records, 7)
    # Another price book, and with it corrections.
    book = folder / "later.json"
    book.write_text(json.dumps({"gpt-4o": {**ledgers.PRICES["gpt-4o"], "input_cost_per_token": 1.7654321e-7}}))
    subprocess.run([program, "reprice", "--db", str(ledger), "--prices", str(book), "--from", "2025-10-09", "--to", "2026-02-01",
                    "--apply", "--by", "ana", "--why", "a test"], check=True,
                   stdout=subprocess.DEVNULL)
    server.start()
    different = compared = 0
    try:
        subprocess.run([program, "ship", "--db", str(ledger), "--to", server.url, "--once", "--quiet"], check=True)
        for kind, form, zone, choice in itertools.product(KINDS, FORMS, ZONES, CHOICES):
            if kind in ("teams", "organisations", "runs", "drift") and "-" in choice and "--from" not in choice:
                continue
            words = [program, "report", kind, "--format", form, "--tz", zone, *choice.split()]
            words += ["--user", "user-7"] if kind == "user" else []
            told = [subprocess.run([*words, *where], stdout=subprocess.PIPE, check=True).stdout
                    for where in (["--db", str(ledger)], ["--from", server.url])]
            compared += 1
            # The rows of this ledger have no tags and no charges of a provider: those have a head alone, or nothing.
            empty = not told[0] and kind not in ("teams", "organisations", "runs", "drift")
            if told[0] != told[1] or empty:
                different += 1
                print(f"differs: {' '.join(words[1:])}")
                print(*difflib.unified_diff(told[0].decode().splitlines(), told[1].decode().splitlines(), "--db", "--from", lineterm=""),
                      sep="\n")
    finally:
        server.stop()
    shutil.rmtree(folder, ignore_errors=True)
    print(f"{compared} reports compared, {different} differ")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())

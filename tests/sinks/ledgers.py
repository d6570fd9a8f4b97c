# SPDX-License-Identifier: MIT
"""Ledgers for the battery of sinks, made by the program's own import from rows that a seed determines."""
import csv
import json
import random
import subprocess
import time
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

MODELS = (("openai", "gpt-4o-mini"), ("openai", "gpt-4o"), ("anthropic", "claude-sonnet-4-5"), ("mistral", "mistral-large-latest"),
          ("nobody", "a-model-without-a-price"))
# Prices of many digits, so that sums have all twelve decimals; the last model has none.
PRICES = {model: {"litellm_provider": provider, "mode": "chat", "input_cost_per_token": float(f"{place}.23456789e-7"),
                  "output_cost_per_token": float(f"{place}.987654321e-6"), "cache_read_input_token_cost": 1.1111e-8}
          for place, (provider, model) in enumerate(MODELS[:-1], 1)}
FIELDS = ("timestamp", "user", "project", "key", "provider", "model", "status", "error", "duration_ms", "input_tokens", "output_tokens", "cache_read_tokens")


class Truth(NamedTuple):
    """What the ledger itself says."""
    origin: str
    root: bytes
    leaves: list[bytes]
    spent: Decimal


def write_rows(path: Path, count: int, seed: int, months: int) -> None:
    rng = random.Random(seed)
    begin = 1_760_000_000
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(FIELDS)
        for i in range(count):
            provider, model = rng.choice(MODELS)
            at = begin + i * months * 2_600_000 // count
            failed = rng.random() < 0.05
            cached = rng.randrange(0, 2000)
            second = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))
            out.writerow((f"{second}.{rng.randrange(10 ** 9):09}Z", f"user-{rng.randrange(200)}", f"project-{rng.randrange(9)}",
                          f"key-{rng.randrange(20)}", provider, model, "503" if failed else "200",
                          "overloaded" if failed else "", rng.randrange(5, 60_000), cached + rng.randrange(1, 5000),
                          rng.randrange(0, 1500), cached))


def make(program: str, folder: Path, count: int, seed: int, months: int = 3) -> Path:
    """Makes a ledger, or adds to it."""
    rows = folder / "rows.csv"
    write_rows(rows, count, seed, months)
    prices = folder / "prices.json"
    prices.write_text(json.dumps(PRICES))
    ledger = folder / "ledger"
    fields = ",".join(f"{name}={name}" for name in FIELDS)
    subprocess.run([program, "import", "--db", str(ledger), "--format", "csv", "--map", fields, "--prices", str(prices),
                    str(rows)], check=True, stdout=subprocess.DEVNULL)
    rows.unlink()
    return ledger


def truth_of(program: str, ledger: Path) -> Truth:
    """By its lines of JSON, and the sum of money by its report, which is kept apart from them."""
    leaves: list[bytes] = []
    added = Decimal(0)
    origin, root, size = "", b"", 0
    shipped = subprocess.Popen([program, "ship", "--db", str(ledger), "--to", "-", "--after", "0", "--once", "--quiet"],
                               stdout=subprocess.PIPE, text=True)
    for line in shipped.stdout:
        row = json.loads(line)
        if "checkpoint" in row:
            origin, root, size = row["origin"], bytes.fromhex(row["checkpoint"]["root"]), row["checkpoint"]["size"]
            continue
        leaves.append(bytes.fromhex(row["leaf"]))
        added += Decimal(row.get("spent", "0"))
        if row["seq"] != len(leaves):
            raise RuntimeError(f"line {len(leaves)} is record {row['seq']}")
    if shipped.wait() != 0 or size != len(leaves):
        raise RuntimeError("the ledger's own lines are not whole")
    report = subprocess.run([program, "report", "daily", "--db", str(ledger), "--format", "jsonl"], check=True,
                            stdout=subprocess.PIPE, text=True).stdout
    spent = sum((Decimal(json.loads(line)["cost_usd"]) for line in report.splitlines()), Decimal(0))
    if spent != added:
        raise RuntimeError(f"the report says {spent}, the lines {added}")
    return Truth(origin, root, leaves, spent)

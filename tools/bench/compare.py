# SPDX-License-Identifier: MIT
"""Sets two results beside each other: by figure the medians, their ratio and a verdict."""
from __future__ import annotations

import sys

import samples
from catalogue import TIMES
from results import samples_of, yardstick_medians
from table import number, percent, print_table, times

YARDSTICK_MAX = 0.1  # yardsticks that differ by more are another machine, or another load


def differences(first: dict, second: dict) -> list[str]:
    """What makes the two incomparable, a sentence each."""
    found = []
    for name in ("processor", "cores", "memory_mb", "kernel", "system"):
        a, b = first["machine"][name], second["machine"][name]
        if a != b:
            found.append(f"other {name}: {a}, {b}")
    for name in ("file_system", "device"):
        a, b = first["machine"]["disk"][name], second["machine"]["disk"][name]
        if a != b:
            found.append(f"other disk ({name}): {a}, {b}")
    for name in ("compiler", "flags"):
        if first["build"][name] != second["build"][name]:
            found.append(f"other {name}: {first['build'][name]}, {second['build'][name]}")
    if first["arguments"] != second["arguments"]:
        found.append(f"other arguments: {' '.join(first['arguments']) or 'none'}, {' '.join(second['arguments']) or 'none'}")
    if is_paired(first, second):  # the yardsticks are then of the same moments
        return found
    a, b = yardstick_medians(first), yardstick_medians(second)
    for name in a.keys() & b.keys() - {"fdatasync_p99_us"}:
        if abs(b[name] / a[name] - 1) > YARDSTICK_MAX:
            found.append(f"the yardstick {name} is {number(a[name])}, {number(b[name])}: compare normalised ratios")
    return found


def is_paired(first: dict, second: dict) -> bool:
    return first["pairing"] is not None and first["pairing"] == second["pairing"]


def normalised(ratio: float | None, entry: dict, first: dict, second: dict) -> float | None:
    """The ratio as it would be if both machines had the same yardstick: times are divided by it, rates multiplied."""
    if is_paired(first, second):
        return None  # their yardsticks are the same
    name = entry.get("yardstick")
    a, b = yardstick_medians(first).get(name), yardstick_medians(second).get(name)
    if ratio is None or not a or not b:
        return None
    slower = b / a if name in TIMES else a / b
    return ratio * slower if entry["unit"].endswith("/s") else ratio / slower


def compare(first: dict, second: dict, floor: float) -> list[dict]:
    """A row for each figure that both have."""
    others = {entry["id"]: entry for entry in second["figures"]}
    rows = []
    for entry in first["figures"]:
        a = samples_of(entry)
        b = samples_of(others[entry["id"]]) if entry["id"] in others else None
        if a is None or b is None:
            continue
        found = samples.compare(a, b, entry["better"], is_paired(first, second), floor)
        rows.append({"id": entry["id"], "unit": entry["unit"], "first": a, "second": b, "ratio": found.ratio,
                     "normalised": normalised(found.ratio, entry, first, second), "verdict": found.verdict})
    return rows


def name_of(result: dict) -> str:
    commit = result["build"]["commit"]
    words = (commit["id"] or "unknown commit")[:12] + (" (changed)" if commit["dirty"] else "")
    return f"{words}, {result['date']}, {len(result['conditions'])} runs"


def print_comparison(first: dict, second: dict, floor: float = samples.NOISE_FLOOR) -> bool:
    """Prints the table. True if no figure is worse."""
    for words in differences(first, second):
        print(f"bench: warning: {words}", file=sys.stderr)
    print(f"{first['benchmark']}: A is {name_of(first)}; B is {name_of(second)}")
    if is_paired(first, second):
        print("The runs alternated: B/A is the median of the ratios of each pair.")
    rows = compare(first, second, floor)
    print_table(["figure", "A", "spread", "B", "spread", "unit", "B/A", "normalised", "verdict"],
                [[r["id"], number(r["first"].median), percent(r["first"].spread), number(r["second"].median),
                  percent(r["second"].spread), r["unit"], times(r["ratio"]), times(r["normalised"]), r["verdict"]]
                 for r in rows])
    ids = {row["id"] for row in rows}
    for letter, result in (("A", first), ("B", second)):
        alone = [entry["id"] for entry in result["figures"] if entry["id"] not in ids and entry["median"] is not None]
        if alone:
            print(f"only in {letter}: {', '.join(alone)}")
    return all(row["verdict"] != "worse" for row in rows)

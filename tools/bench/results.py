# SPDX-License-Identifier: MIT
"""The JSON of a run: schema 1, described in docs/benchmarks.md."""
from __future__ import annotations

import datetime
import json
from dataclasses import dataclass, field
from pathlib import Path

from catalogue import Bar, Benchmark, Figure, Mistake
from samples import Samples
from table import number, percent, print_table

SCHEMA = "aiaudit-benchmark"
VERSION = 1

Values = dict[str, tuple[float | None, str]]  # of one run: value and unit by id


@dataclass
class Series:
    """Runs of one program, and the yardsticks taken before each."""
    arguments: list[str]
    build: dict
    runs: list[Values] = field(default_factory=list)
    yardsticks: list[Values] = field(default_factory=list)
    conditions: list[dict] = field(default_factory=list)  # of each run: see fitness.py


def now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def entry_of(id: str, runs: list[Values], figure: Figure | None) -> dict:
    """A figure's object. A run without it counts as null, and the median is over the others."""
    values = [run.get(id, (None, ""))[0] for run in runs]
    unit = next((run[id][1] for run in runs if id in run), "")
    there = Samples(tuple(value for value in values if value is not None))
    entry: dict = {"id": id, "unit": unit, "better": figure.better if figure else None, "runs": values,
                   "median": None, "min": None, "max": None, "spread": None}
    if there.values:
        entry.update(median=there.median, min=there.smallest, max=there.largest, spread=there.spread)
    return entry


def ids_of(runs: list[Values]) -> list[str]:
    return list(dict.fromkeys(id for run in runs for id in run))


def judge(entry: dict, bar: Bar | None, yardsticks: dict[str, float]) -> dict | None:
    """The bar of a figure in this run, and whether its median meets it."""
    if bar is None:
        return None
    value = bar.value(yardsticks)
    met = None
    if value is not None and entry["median"] is not None:
        met = entry["median"] <= value if entry["better"] == "smaller" else entry["median"] >= value
    return {"bar": bar.text, "value": value, "met": met}


def assemble(benchmark: Benchmark, yardsticks: tuple[Figure, ...], series: Series, machine: dict, fitness: dict,
             pairing: str | None = None) -> dict:
    lengths = [entry_of(id, series.yardsticks, next((y for y in yardsticks if y.id == id), None))
               for id in ids_of(series.yardsticks)]
    medians = {entry["id"]: entry["median"] for entry in lengths if entry["median"] is not None}
    figures = []
    for id in ids_of(series.runs):
        figure = benchmark.figure(id)
        entry = entry_of(id, series.runs, figure)
        entry["yardstick"] = figure.yardstick if figure else None
        entry["bar"] = judge(entry, benchmark.bar(id), medians)
        figures.append(entry)
    return {"schema": SCHEMA, "version": VERSION, "benchmark": benchmark.name, "arguments": series.arguments,
            "date": now(), "pairing": pairing, "build": series.build, "machine": machine, "fitness": fitness,
            "conditions": series.conditions, "yardsticks": lengths, "figures": figures}


def write(path: Path, result: dict) -> None:
    try:
        path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    except OSError as failure:
        raise Mistake(f"cannot write {path}: {failure.strerror}") from failure


def read(path: Path) -> dict:
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except OSError as failure:
        raise Mistake(f"cannot read {path}: {failure.strerror}") from failure
    except ValueError as failure:
        raise Mistake(f"{path} is not JSON: {failure}") from failure
    if not isinstance(result, dict) or result.get("schema") != SCHEMA:
        raise Mistake(f"{path} is no result of scripts/bench: its schema is not '{SCHEMA}'")
    if result.get("version") != VERSION:
        raise Mistake(f"{path} has version {result.get('version')} of the schema, this program reads {VERSION}")
    return result


def samples_of(entry: dict) -> Samples | None:
    values = tuple(value for value in entry["runs"] if value is not None)
    return Samples(values) if values else None


def yardstick_medians(result: dict) -> dict[str, float]:
    return {entry["id"]: entry["median"] for entry in result["yardsticks"] if entry["median"]}


def verdict_of(bar: dict | None) -> str:
    if bar is None:
        return ""
    return {True: "met", False: "missed", None: "no verdict"}[bar["met"]]


def bar_words(bar: dict | None) -> str:
    if bar is None:
        return ""
    value = number(bar["value"])
    return f"{value} = {bar['bar']}" if " " in bar["bar"] else value


def print_result(result: dict) -> None:
    print_table(["yardstick", "median", "spread", "unit"],
                [[y["id"], number(y["median"]), percent(y["spread"]), y["unit"]] for y in result["yardsticks"]])
    print()
    print_table(["figure", "median", "min", "max", "spread", "unit", "bar", ""],
                [[f["id"], number(f["median"]), number(f["min"]), number(f["max"]), percent(f["spread"]), f["unit"],
                  bar_words(f["bar"]), verdict_of(f["bar"])] for f in result["figures"]])

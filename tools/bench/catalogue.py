# SPDX-License-Identifier: MIT
"""Reads benchmarks/figures.toml (the figures of each benchmark) and benchmarks/bars.toml (their bars)."""
from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TIMES = ("memory_ns", "json_us", "fdatasync_us", "compile_s")  # yardsticks that a slower machine has more of


class Mistake(Exception):
    """Words for the user. The program ends with the status: 2 for a wrong command, 1 for a benchmark that failed."""

    def __init__(self, words: str, status: int = 2):
        super().__init__(words)
        self.status = status


@dataclass(frozen=True)
class Figure:
    id: str
    unit: str
    better: str | None
    measures: str
    yardstick: str | None


@dataclass(frozen=True)
class Bar:
    """NUMBER, NUMBER * YARDSTICK or NUMBER / YARDSTICK."""
    text: str
    number: float
    operator: str | None
    yardstick: str | None

    def value(self, yardsticks: dict[str, float]) -> float | None:
        """None if the run lacks the yardstick."""
        if self.yardstick is None:
            return self.number
        length = yardsticks.get(self.yardstick)
        if not length:
            return None
        return self.number * length if self.operator == "*" else self.number / length


@dataclass(frozen=True)
class Benchmark:
    name: str
    measures: str
    scratch: str
    options: tuple[tuple[str, str], ...]
    examples: tuple[str, ...]
    figures: tuple[Figure, ...]
    bars: dict[str, Bar]
    tolerance: float = 0.0  # by which a figure may miss its bar before a check fails

    def figure(self, id: str) -> Figure | None:
        """The entry of a reported id: itself, without its number of records (_1e6), or a pattern that it matches."""
        short = without_records(id)
        for wanted in (id, short):
            for figure in self.figures:
                if figure.id == wanted:
                    return figure
        return next((figure for figure in self.figures if "*" in figure.id and fnmatch(short, figure.id)), None)

    def bar(self, id: str) -> Bar | None:
        return self.bars.get(id) or self.bars.get(without_records(id))


def without_records(id: str) -> str:
    return re.sub(r"_1e\d+$", "", id)


def parse_bar(text: str | int | float) -> Bar:
    found = re.fullmatch(r"([0-9][0-9_]*(?:\.[0-9]+)?(?:e[0-9]+)?)(?: ([*/]) ([a-z0-9_]+))?", str(text))
    if found is None:
        raise Mistake(f"bars.toml: not NUMBER, NUMBER * YARDSTICK or NUMBER / YARDSTICK: {text}")
    return Bar(str(text), float(found.group(1).replace("_", "")), found.group(2), found.group(3))


def parse_figure(id: str, entry: dict) -> Figure:
    better = entry["better"]
    if better not in ("smaller", "larger", "neither"):
        raise Mistake(f"figures.toml: {id}: better is smaller, larger or neither")
    return Figure(id, entry["unit"], None if better == "neither" else better, entry["measures"], entry.get("yardstick"))


def parse(figures: dict, bars: dict) -> dict[str, Benchmark]:
    benchmarks = {}
    for name, entry in figures.items():
        known = tuple(parse_figure(id, figure) for id, figure in entry["figures"].items())
        benchmarks[name] = Benchmark(
            name, entry["measures"], entry.get("scratch", "working"),
            tuple((option, text) for option, text in entry.get("options", {}).items()), tuple(entry.get("examples", ())),
            known, {id: parse_bar(text) for id, text in bars.get("bars", {}).get(name, {}).items()},
            bars.get("tolerance", {}).get(name, 0.0))
        for id, bar in benchmarks[name].bars.items():
            figure = benchmarks[name].figure(id)
            if figure is None or figure.better is None:
                raise Mistake(f"bars.toml: {name}.{id}: no such figure in figures.toml, or one without a direction")
            if bar.yardstick and bar.yardstick not in {f.id for f in parse_yardsticks(figures)}:
                raise Mistake(f"bars.toml: {name}.{id}: no yardstick '{bar.yardstick}'")
    return benchmarks


def parse_yardsticks(figures: dict) -> tuple[Figure, ...]:
    return tuple(parse_figure(id, figure) for id, figure in figures["yardsticks"]["figures"].items())


def load(root: Path = ROOT) -> dict[str, Benchmark]:
    with open(root / "benchmarks/figures.toml", "rb") as file:
        figures = tomllib.load(file)
    with open(root / "benchmarks/bars.toml", "rb") as file:
        bars = tomllib.load(file)
    return parse(figures, bars)

# SPDX-License-Identifier: MIT
"""Runs benchmarks several times, with the yardsticks before each run."""
from __future__ import annotations

import sys
import tempfile
import uuid
from pathlib import Path

import fitness
import machine
import program
import results
import yardsticks
from catalogue import Benchmark, Mistake


def scratch_of(benchmark: Benchmark, arguments: list[str]) -> Path:
    """The directory in which a benchmark makes its files."""
    if "--dir" in arguments[:-1]:
        return Path(arguments[arguments.index("--dir") + 1])
    if benchmark.scratch != "temporary":
        return Path.cwd()
    temporary = Path(tempfile.gettempdir())
    in_memory = machine.disk_of(temporary)["file_system"] in machine.IN_MEMORY
    return Path("/var/tmp") if in_memory and benchmark.name == "storage" else temporary


class Session:
    """One sitting: the machine is described once, and each run is watched."""

    def __init__(self, benchmark: Benchmark, catalogue: dict[str, Benchmark], arguments: list[str]):
        self.benchmark = benchmark
        self.lengths = catalogue["yardsticks"].figures
        self.arguments = arguments
        self.scratch = scratch_of(benchmark, arguments)
        if not self.scratch.is_dir():
            raise Mistake(f"--dir {self.scratch}: no such directory")
        self.yardstick_program = program.build("yardsticks")
        self.machine = machine.describe(self.scratch)
        self.fitness = fitness.check(self.machine, benchmark.scratch != "none")

    def yardsticks(self) -> results.Values:
        return yardsticks.take(self.yardstick_program, self.scratch)

    def run(self, binary: Path, series: results.Series, lengths: results.Values) -> None:
        number = len(series.runs) + 1
        watch = fitness.Watch()
        series.runs.append(program.run(binary, self.arguments))
        series.conditions.append(watch.end())
        series.yardsticks.append(lengths)
        fitness.warn_of_run(number, series.conditions[-1])

    def result(self, series: results.Series, pairing: str | None = None) -> dict:
        made = results.assemble(self.benchmark, self.lengths, series, self.machine, self.fitness, pairing)
        for entry in made["figures"]:
            if self.benchmark.figure(entry["id"]) is None:
                print(f"bench: warning: {entry['id']} is not in benchmarks/figures.toml: no direction, no verdict",
                      file=sys.stderr)
        return made


def measure(session: Session, binary: Path, runs: int) -> dict:
    series = results.Series(session.arguments, program.build_of(binary))
    for number in range(1, runs + 1):
        print(f"{session.benchmark.name}: run {number} of {runs}", file=sys.stderr)
        session.run(binary, series, session.yardsticks())
    return session.result(series)


def alternate(session: Session, first: Path, second: Path, runs: int) -> tuple[dict, dict]:
    """The same benchmark of two builds, in turn; which is first changes with each pair."""
    binaries = (first, second)
    series = tuple(results.Series(session.arguments, program.build_of(binary)) for binary in binaries)
    for number in range(runs):
        lengths = session.yardsticks()
        for which in ((0, 1), (1, 0))[number % 2]:
            print(f"{session.benchmark.name}: pair {number + 1} of {runs}, {'AB'[which]}", file=sys.stderr)
            session.run(binaries[which], series[which], lengths)
    pairing = uuid.uuid4().hex
    return session.result(series[0], pairing), session.result(series[1], pairing)

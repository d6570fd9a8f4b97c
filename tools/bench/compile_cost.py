# SPDX-License-Identifier: MIT
"""What it costs to include each header: compiles the programs of benchmarks/compile/ one by one."""
from __future__ import annotations

import argparse
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import fitness
import measure
import program
import results
from catalogue import ROOT, Benchmark, Mistake
from table import number, percent, print_table
from yardsticks import COMPILER, compile_once

FOLDER = ROOT / "benchmarks/compile"
SUFFIXES = ("_s", "_mb", "_object_bytes")


@dataclass(frozen=True)
class Program:
    id: str
    title: str
    source: Path
    flags: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    needs: str = ""
    debian: str = ""
    ours: bool = False
    separate: bool = False


def parse(table: dict) -> list[Program]:
    return [Program(id, entry["title"], FOLDER / entry["source"], tuple(entry.get("flags", ())),
                    tuple(entry.get("packages", ())), entry.get("needs", ""), entry.get("debian", ""),
                    entry.get("ours", False), entry.get("separate", False)) for id, entry in table.items()]


def load() -> list[Program]:
    with open(FOLDER / "programs.toml", "rb") as file:
        return parse(tomllib.load(file))


def has_header(name: str) -> bool:
    done = subprocess.run([COMPILER, "-x", "c++", "-E", "-P", "-"], input=f"#if __has_include(<{name}>)\nyes\n#endif\n",
                          capture_output=True, text=True, check=True)
    return "yes" in done.stdout


def knows_separate(include: Path) -> bool:
    """Whether these headers have the mode in which they only declare."""
    return any("AIAUDIT_SEPARATE" in path.read_text(encoding="utf-8") for path in include.glob("aiaudit/**/*.hpp"))


def obstacle(each: Program, include: Path) -> str:
    """Why a program cannot be compiled here, or ""."""
    if each.needs and not has_header(each.needs):
        return f"no <{each.needs}>; {f'install {each.debian}' if each.debian else 'Debian has no package of it'}"
    if each.separate and not knows_separate(include):
        return f"the headers in {include} do not know AIAUDIT_SEPARATE"
    missing = [package for package in each.packages
               if subprocess.run(["pkg-config", "--exists", package], check=False).returncode != 0]
    return f"pkg-config does not know {', '.join(missing)}" if missing else ""


def flags_of(each: Program, include: Path) -> list[str]:
    flags = list(each.flags)
    if each.packages:
        flags += program.words_of(["pkg-config", "--cflags", *each.packages]).split()
    if each.ours:
        flags.append(f"-I{include}")
    if each.separate:
        flags.append("-DAIAUDIT_SEPARATE")
    return flags


def choose(programs: list[Program], only: str, include: Path) -> tuple[list[Program], list[Program]]:
    """Those to be compiled, and those left out; for each of the latter a line on stderr."""
    ids = only.split(",") if only else [each.id for each in programs]
    unknown = set(ids) - {each.id for each in programs}
    if unknown:
        raise Mistake(f"--only: no program {', '.join(sorted(unknown))}: {', '.join(each.id for each in programs)}")
    chosen, absent = [], []
    for each in (each for each in programs if each.id in ids):
        why = obstacle(each, include)
        if why:
            print(f"compile: {each.title} is left out: {why}", file=sys.stderr)
        (absent if why else chosen).append(each)
    return chosen, absent


def one_run(programs: list[Program], include: Path) -> results.Values:
    values: results.Values = {}
    for each in programs:
        found = compile_once(each.source, flags_of(each, include))
        for suffix, value, unit in zip(SUFFIXES, (found.seconds, found.megabytes, found.object_bytes), ("s", "MB", "B")):
            values[each.id + suffix] = (value, unit)
        print(f"  {each.title}: {found.seconds:.1f} s, {found.megabytes:.0f} MB", file=sys.stderr)
    return values


def take(session: measure.Session, programs: list[Program], include: Path, runs: int) -> dict:
    build = {"compiler": program.words_of([COMPILER, "--version"]).split("\n")[0], "flags": "-std=c++20 -O2 -c",
             "commit": program.commit_of(include), "program_sha256": None}
    series = results.Series(session.arguments, build)
    for index in range(1, runs + 1):
        print(f"compile: run {index} of {runs}", file=sys.stderr)
        series.yardsticks.append(session.yardsticks())
        watch = fitness.Watch()
        series.runs.append(one_run(programs, include))
        series.conditions.append(watch.end())
        fitness.warn_of_run(index, series.conditions[-1])
    return session.result(series)


def print_costs(result: dict, programs: list[Program]) -> None:
    figures = {entry["id"]: entry for entry in result["figures"]}
    yard = results.yardstick_medians(result)["compile_s"]
    rows = []
    for each in programs:
        seconds, memory, size = (figures[each.id + suffix] for suffix in SUFFIXES)
        bars = [words for words in (results.bar_words(entry["bar"]) for entry in (seconds, memory)) if words]
        verdicts = {results.verdict_of(entry["bar"]) for entry in (seconds, memory)} - {""}
        rows.append([each.title, f"{seconds['median']:.2f}", percent(seconds["spread"]), f"{seconds['median'] / yard:.1f}",
                     number(memory["median"]), f"{size['median']:,.0f}", "; ".join(bars), ", ".join(sorted(verdicts))])
    print_table(["header", "processor s", "spread", "x compile_s", "peak MB", "object bytes", "bar", ""], rows)


def failures(result: dict, tolerance: float) -> list[str]:
    """The figures that miss their bar by more than the tolerance."""
    found = []
    for entry in result["figures"]:
        bar = entry["bar"]
        if bar is None or entry["median"] is None:
            continue
        if bar["value"] is None:
            found.append(f"{entry['id']}: its bar {bar['bar']} needs a yardstick that this run lacks")
        elif entry["median"] > bar["value"] * (1 + tolerance):
            found.append(f"{entry['id']} is {number(entry['median'])} {entry['unit']}, more than {tolerance * 100:.0f} % over "
                         f"its bar of {number(bar['value'])}")
    return found


def main(benchmarks: dict[str, Benchmark], words: list[str]) -> int:
    benchmark = benchmarks["compile"]
    parser = argparse.ArgumentParser(prog="scripts/bench compile", description=f"Measures {benchmark.measures}.",
                                     allow_abbrev=False)
    parser.add_argument("--runs", type=int, default=3, help="the table shows medians; default: 3")
    parser.add_argument("--only", default="", metavar="ID[,ID]", help="; ".join(each.id for each in load()))
    parser.add_argument("--include", type=Path, default=ROOT / "include", metavar="DIR",
                        help="our headers; default: include/ of this tree")
    parser.add_argument("--json", type=Path, metavar="FILE", help="writes the result: see docs/benchmarks.md")
    parser.add_argument("--check", action="store_true", help=f"status 1 if one of ours is more than "
                        f"{benchmark.tolerance * 100:.0f} %% over its bar of benchmarks/bars.toml, or is left out")
    options = parser.parse_args(words)
    if options.runs < 1:
        raise Mistake("--runs: at least 1")
    programs, absent = choose(load(), options.only, options.include.resolve())
    if not programs:
        raise Mistake("nothing is left to compile", 1)
    session = measure.Session(benchmark, benchmarks, ["--only", options.only] if options.only else [])
    result = take(session, programs, options.include.resolve(), options.runs)
    print_costs(result, programs)
    if options.json:
        results.write(options.json, result)
    if not options.check:
        return 0
    missed = failures(result, benchmark.tolerance)
    missed += [f"{each.title} was not measured" for each in absent if each.ours]
    for line in missed:
        print(f"compile: {line}", file=sys.stderr)
    return 1 if missed else 0

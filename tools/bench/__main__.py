# SPDX-License-Identifier: MIT
"""scripts/bench: runs benchmarks, compares and draws their results."""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

import catalogue
import compare
import measure
import program
import results
from catalogue import Benchmark, Mistake

USAGE = """usage: scripts/bench NAME [--runs N] [--json FILE] [OPTION ...]
       scripts/bench ab NAME PROGRAM_A PROGRAM_B [--runs N] [--out DIR] [OPTION ...]
       scripts/bench compare A.json B.json [--fail-worse]
       scripts/bench plot A.json [B.json ...] --out DIR
       scripts/bench compile [--runs N] [--json FILE] [--check]
       scripts/bench --list | --help | NAME --help
"""
ABOUT = """
Installs what is missing, builds a benchmark, and runs it N times (default 3), with the yardsticks of the machine before
each run. Prints median, spread and bar of each figure. Every answer is checked before its time counts.

  ab        alternates the same benchmark of two builds and compares them: the best answer to "is it slower now?"
  compare   sets two files beside each other
  plot      draws files as SVG
  compile   measures what it costs to include each header

Status: 0; 1 if a benchmark failed, or a check that was asked for; 2 for a mistake in the command.
"""


def names_of(benchmarks: dict[str, Benchmark]) -> list[str]:
    return [name for name in benchmarks if name != "compile"]


def print_list(benchmarks: dict[str, Benchmark]) -> None:
    for name, benchmark in benchmarks.items():
        print(f"{name:<11} {benchmark.measures}")


def print_help(benchmarks: dict[str, Benchmark]) -> None:
    print(USAGE + ABOUT)
    print_list(benchmarks)
    print("\nExamples:\n  scripts/bench ledger --runs 5 --json ledger.json\n"
          "  scripts/bench compare before.json after.json --fail-worse\n"
          "  scripts/bench ab client ../old/build/bench/benchmarks/client build/bench/benchmarks/client --only cpu")


def print_benchmark_help(benchmark: Benchmark) -> None:
    print(f"usage: scripts/bench {benchmark.name} [--runs N] [--json FILE] [OPTION ...]\n\n{benchmark.measures}\n")
    options = [("--runs N", "how often; default: 3"), ("--json FILE", "writes the result: see docs/benchmarks.md")]
    for option, text in [*options, *benchmark.options]:
        print(f"  {option:<16} {text}")
    print("\nFigures (< smaller is better, > larger is better):")
    for figure in benchmark.figures:
        mark = {"smaller": "<", "larger": ">", None: " "}[figure.better]
        bar = benchmark.bars.get(figure.id)
        print(f"  {mark} {figure.id:<30} {figure.unit:<10} {figure.measures}{f'; bar: {bar.text}' if bar else ''}")
    if benchmark.examples:
        print("\nExamples:\n  " + "\n  ".join(benchmark.examples))


def parser_of(words: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(prog=f"scripts/bench {words}", allow_abbrev=False)


def count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def run_one(benchmark: Benchmark, benchmarks: dict[str, Benchmark], words: list[str]) -> int:
    parser = parser_of(benchmark.name)
    parser.add_argument("--runs", type=count, default=3)
    parser.add_argument("--json", type=Path)
    options, rest = parser.parse_known_args(words)
    binary = program.build(benchmark.name)
    session = measure.Session(benchmark, benchmarks, rest)
    result = measure.measure(session, binary, options.runs)
    results.print_result(result)
    if options.json:
        results.write(options.json, result)
    return 0


def parse_ab(words: list[str]) -> tuple[argparse.Namespace, list[str]]:
    parser = parser_of("ab")
    parser.description = "Alternates the same benchmark of two builds. Options that are not named here go to both programs."
    parser.add_argument("name")
    parser.add_argument("program_a", type=Path)
    parser.add_argument("program_b", type=Path)
    parser.add_argument("--runs", type=count, default=5, help="pairs of runs; default: 5")
    parser.add_argument("--out", type=Path, metavar="DIR", help="writes a.json and b.json there")
    parser.add_argument("--noise", type=float, default=3, metavar="PERCENT", help="a smaller change is noise; default: 3")
    parser.add_argument("--fail-worse", action="store_true", help="status 1 if B is worse in anything")
    return parser.parse_known_args(words)


def run_ab(benchmarks: dict[str, Benchmark], words: list[str]) -> int:
    options, rest = parse_ab(words)
    if options.name not in names_of(benchmarks):
        raise Mistake(f"no benchmark '{options.name}': one of {', '.join(names_of(benchmarks))}")
    for binary in (options.program_a, options.program_b):
        if not binary.is_file():
            raise Mistake(f"{binary}: no such program; build it first")
    session = measure.Session(benchmarks[options.name], benchmarks, rest)
    first, second = measure.alternate(session, options.program_a, options.program_b, options.runs)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        results.write(options.out / "a.json", first)
        results.write(options.out / "b.json", second)
    good = compare.print_comparison(first, second, options.noise / 100)
    return 1 if options.fail_worse and not good else 0


def run_compare(words: list[str]) -> int:
    parser = parser_of("compare")
    parser.add_argument("first", type=Path, metavar="A.json")
    parser.add_argument("second", type=Path, metavar="B.json")
    parser.add_argument("--noise", type=float, default=3, metavar="PERCENT", help="a smaller change is noise; default: 3")
    parser.add_argument("--fail-worse", action="store_true", help="status 1 if B is worse in anything")
    options = parser.parse_args(words)
    first, second = results.read(options.first), results.read(options.second)
    if first["benchmark"] != second["benchmark"]:
        raise Mistake(f"{options.first} is of {first['benchmark']}, {options.second} of {second['benchmark']}")
    good = compare.print_comparison(first, second, options.noise / 100)
    return 1 if options.fail_worse and not good else 0


def run_plot(words: list[str]) -> int:
    import plot
    parser = parser_of("plot")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE.json")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where NAME.svg is written")
    options = parser.parse_args(words)
    for path in plot.draw([results.read(file) for file in options.files], options.out):
        print(path)
    return 0


def run_compile(benchmarks: dict[str, Benchmark], words: list[str]) -> int:
    import compile_cost
    return compile_cost.main(benchmarks, words)


def main(words: list[str]) -> int:
    benchmarks = catalogue.load()
    if words in ([], ["--help"], ["-h"]):
        print_help(benchmarks)
        return 0 if words else 2
    if words == ["--list"]:
        print_list(benchmarks)
        return 0
    if words == ["--self-test"]:
        import self_test
        return self_test.main()
    name, rest = words[0], words[1:]
    if name == "ab":
        return run_ab(benchmarks, rest)
    if name == "compare":
        return run_compare(rest)
    if name == "plot":
        return run_plot(rest)
    if name == "compile":
        return run_compile(benchmarks, rest)
    if name not in names_of(benchmarks):
        raise Mistake(f"no benchmark '{name}': one of {', '.join(benchmarks)}; scripts/bench --help says more")
    if "--help" in rest or "-h" in rest:
        print_benchmark_help(benchmarks[name])
        return 0
    return run_one(benchmarks[name], benchmarks, rest)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Mistake as mistake:
        print(f"bench: {mistake}", file=sys.stderr)
        sys.exit(mistake.status)
    except KeyboardInterrupt:
        sys.exit(130)

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the headers compile with: each compiler that is there, by standard and by flags. Prints a table in Markdown.

usage: tests/consumers/matrix.py [--short] [--jobs N] [--compilers REGEX] [--boost DIR] [--httplib DIR]
                                 [--lmdb DIR] [--separate]

Each row compiles ledger.hpp, aiaudit.hpp and gateway.hpp under -Werror, and builds and runs tests/consumers/ledger.cpp
(with the libraries of C alone, so that libc++ can be linked) and main.cpp. --short: the first row of each compiler, and
nothing is built. --boost and the like: directories of headers that come before the system's. --separate: the headers
declare only. Exit 1 if any cell failed; its log is printed.
"""
import argparse
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
COMPILERS = [f"g++-{n}" for n in range(12, 20)] + [f"clang++-{n}" for n in range(14, 25)]
STRICT = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -Wno-restrict".split()
HEADERS = ("ledger", "aiaudit", "gateway")
LIBRARIES_OF_C = ["-llmdb", "-lcrypto", "-pthread"]


@dataclass
class Row:
    compiler: str
    library: str  # libstdc++ or libc++
    standard: str
    flags: list[str]
    headers: tuple[str, ...] = HEADERS
    name: str = ""  # of the flags
    runs: tuple[str, ...] = ()  # the programs of tests/consumers that are built and run
    cells: dict[str, str] = field(default_factory=dict)

    def command(self) -> list[str]:
        standard = self.standard
        if standard == "23" and re.fullmatch(r"clang\+\+-1[4-6]", self.compiler):
            standard = "2b"
        unknown = ["-Wno-unknown-warning-option"] if "clang" in self.compiler else []
        library = ["-stdlib=libc++"] if self.library == "libc++" else []
        # libstdc++ 12 calls in std::stable_sort what clang 17 and later find deprecated.
        old = ["-Wno-deprecated-declarations"] if "clang" in self.compiler else []
        return [self.compiler, f"-std=c++{standard}", *unknown, *library, *STRICT, *old, *self.flags, f"-I{ROOT}/include"]


def works(command: list[str], source: str) -> bool:
    done = subprocess.run([*command, "-x", "c++", "-fsyntax-only", "-"], input=source, text=True, capture_output=True)
    return done.returncode == 0


def rows(options: argparse.Namespace) -> list[Row]:
    found = []
    for compiler in COMPILERS:
        if not shutil.which(compiler) or not re.search(options.compilers, compiler):
            continue
        libraries = ["libstdc++"]
        if "clang" in compiler and works([compiler, "-std=c++20", "-stdlib=libc++", "-Werror"], "#include <string>"):
            libraries.append("libc++")
        if not works([compiler, "-std=c++20"], "#include <string>\n#include <ranges>\n#include <chrono>"):
            libraries.remove("libstdc++")  # an old clang cannot read the libstdc++ of a new g++
            print(f"{compiler}: cannot compile this system's libstdc++, left out", file=sys.stderr)
        for library in libraries:
            headers, link = HEADERS, ("ledger", "main")
            if library == "libc++":  # of 19: no stop_token, no from_chars of double; and Boost is of the other library
                headers, link = ("ledger",), ("ledger",)
            found.append(Row(compiler, library, "20", [], headers, runs=link))
            if options.short:
                continue
            found.append(Row(compiler, library, "23", [], headers))
            found.append(Row(compiler, library, "20", ["-fno-exceptions", "-fno-rtti"], ("ledger",), "no exceptions, no RTTI"))
            found.append(Row(compiler, library, "20", ["-D_GLIBCXX_DEBUG"] if library == "libstdc++" else
                             ["-D_LIBCPP_HARDENING_MODE=_LIBCPP_HARDENING_MODE_DEBUG"], ("ledger",), "debug containers"))
    return found


def libraries(extra: list[str], compiler: str) -> str:
    """The versions of what is included."""
    asked = ("#include <boost/version.hpp>\n#include <httplib.h>\n#include <lmdb.h>\n#include <openssl/opensslv.h>\n"
             "boost BOOST_LIB_VERSION\nhttplib CPPHTTPLIB_VERSION\nlmdb MDB_VERSION_MAJOR.MDB_VERSION_MINOR.MDB_VERSION_PATCH\n"
             "openssl OPENSSL_VERSION_STR\n")
    done = subprocess.run([compiler, "-std=c++20", *extra, "-x", "c++", "-E", "-P", "-"], input=asked, text=True,
                          capture_output=True)
    found = dict(re.findall(r'^(boost|httplib|lmdb|openssl) (.*)$', done.stdout, re.MULTILINE))
    names = {"boost": "Boost", "httplib": "cpp-httplib", "lmdb": "LMDB", "openssl": "OpenSSL"}
    return ", ".join(f"{names[key]} {re.sub(r'[^0-9._]', '', found.get(key, 'none')).replace('_', '.') or 'none'}" for key in names)


class Matrix:
    def __init__(self, options: argparse.Namespace, place: Path):
        self.options = options
        self.place = place
        self.logs: list[str] = []
        self.extra = [f"-isystem{folder}" for folder in (options.boost, options.httplib, options.lmdb) if folder]
        self.extra += ["-DAIAUDIT_SEPARATE"] if options.separate else []

    def run(self, what: str, command: list[str]) -> str:
        start = time.monotonic()
        try:
            done = subprocess.run(command, text=True, capture_output=True, timeout=900)
        except subprocess.TimeoutExpired:
            self.logs.append(f"{what}: not done in 900 s")
            return "FAILED"
        if done.returncode != 0:
            self.logs.append(f"{what}: {' '.join(command)}\n{(done.stdout + done.stderr)[:4000]}")
            return "FAILED"
        return f"ok {time.monotonic() - start:.0f} s"

    def cell(self, row: Row, what: str, number: int) -> None:
        name = f"{row.compiler} {row.library} c++{row.standard} {row.name} {what}"
        if what in HEADERS:
            source = self.place / f"{number}.cpp"
            source.write_text(f"#include <aiaudit/{what}.hpp>\n")
            row.cells[what] = self.run(name, [*row.command(), *self.extra, "-fsyntax-only", str(source)])
            return
        program = self.place / f"{number}"
        folder = self.place / f"{number}.d"
        folder.mkdir()
        linked = list(LIBRARIES_OF_C)
        consumer = what.removeprefix("run ")
        if consumer == "main":
            linked = ["-lcpp-httplib", "-lboost_json", "-lssl", *linked]
            if not works([row.compiler, "-std=c++20"], "#include <chrono>\n#if __cpp_lib_chrono < 201907L\n#error\n#endif"):
                linked.insert(0, "-ldate-tz")
        made = self.run(name + " build", [*row.command(), *self.extra, f"{ROOT}/tests/consumers/{consumer}.cpp", "-o",
                                          str(program), *linked])
        if made != "FAILED":
            made = self.run(name + " run", [str(program), str(folder)]).split()[0]
        row.cells[what] = made

    def fill(self, table: list[Row]) -> None:
        building = not (self.options.short or self.options.separate)
        work = [(row, what) for row in table
                for what in (*row.headers, *(f"run {program}" for program in row.runs if building))]
        with ThreadPoolExecutor(self.options.jobs) as pool:
            for done in [pool.submit(self.cell, row, what, number) for number, (row, what) in enumerate(work)]:
                done.result()
                print(".", end="", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n\n")[0])
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--separate", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--compilers", default="")
    for name in ("boost", "httplib", "lmdb"):
        parser.add_argument(f"--{name}")
    options = parser.parse_args()
    table = rows(options)
    if not table:
        print("matrix: no compiler of " + " ".join(COMPILERS), file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as place:
        matrix = Matrix(options, Path(place))
        print(libraries(matrix.extra, table[0].compiler))
        matrix.fill(table)
    columns = [*HEADERS, "run ledger", "run main"]
    print("\n| compiler | library | standard | flags | " + " | ".join(columns) + " |")
    print("|" + " --- |" * (4 + len(columns)))
    for row in table:
        cells = [row.cells.get(column, "") for column in columns]
        print(f"| {row.compiler} | {row.library} | C++{row.standard} | {row.name} | " + " | ".join(cells) + " |")
    for log in matrix.logs:
        print("\n" + log)
    cells = list(itertools.chain.from_iterable(row.cells.values() for row in table))
    failed = cells.count("FAILED")
    print(f"\nmatrix: {len(cells) - failed} cells passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

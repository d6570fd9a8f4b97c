#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plants bugs in the engine, one at a time, and lets the simulated world look for them: a test of the test.

usage: plants.py BUILD FAST [--only NAME] [--minutes N] [--seed N]      started by scripts/torture --plants

A bug is a few texts of headers and what stands there instead. A text that is not found, because somebody has changed it, is
an error. Exit status: 1 where a bug was not found.
"""
import argparse
import re
import subprocess
import sys
from pathlib import Path

STORAGE = "aiaudit/impl/storage/"
HANDLE = STORAGE + "lmdb_handle.ipp"
ENVIRONMENT = STORAGE + "lmdb_environment.ipp"
NO_LOCK = (HANDLE, "        alone.emplace(directory_);\n        if (!alone->held()) return", "        if (false) return")
NO_LOOK_AT_LOCK_FILE = (HANDLE, "    if (locked_ && !how.make) {\n        auto const known", "    if (false) {\n        auto const known")

# Name, the kind of worlds that can have it (-1: all), what it breaks, (file, text, its place taken by) ...
PLANTS = [
    ("openers", -1, "A1: openers wait inside LMDB for one that dies there", [NO_LOCK, NO_LOOK_AT_LOCK_FILE]),
    ("unlooked", 1, "A2: a segment opened again is written to as its lock file says", [
        NO_LOCK,
        (HANDLE, "    if (locked_ && !how.make) {\n        auto const known", "    if (locked_ && how.walk) {\n        auto const known"),
        (HANDLE, "    if (number == last + 1) return true;\n", "    if (number != 0) return true;\n")]),
    ("unsynced", -1, "commits are acknowledged that only the kernel's memory has", [
        (HANDLE, "how.make ? MDB_NOTLS | MDB_NOSYNC : MDB_NOTLS;", "MDB_NOTLS | MDB_NOSYNC;")]),
    ("names", -1, "the name of a new segment is not synced before it is written to", [
        ("aiaudit/storage/ledger_directory.hpp", "    return sync_path(segments);\n", "    return {};\n")]),
    ("untaken", 1, "what a failed commit took back is not synced before others write", [
        (ENVIRONMENT, "        handle_->sync_what_was_taken_back();\n", "")]),
    ("swallowed", -1, "a commit that failed on the disk is taken for done", [
        (ENVIRONMENT, "    if (code != 0) {\n        handle_->sync", "    if (code != 0 && code != EIO) {\n        handle_->sync")]),
    ("savers", -1, "two processes save the same records' sums", [
        ("aiaudit/engine/fold_keeper.hpp", "            if (*in_store != saved_) return {};", "            if (false) return {};")]),
    ("dropped", -1, "retention drops records whose sums are not saved", [
        ("aiaudit/impl/retain.tpp", "        if (auto ok = save_through(value_of(segment.last)); !ok) return ok;\n", "")]),
    ("impatient", -1, "who finds the directory of segments locked gives up", [
        (STORAGE + "posix_file.ipp", "        failed = ::flock(descriptor, how);", "        failed = ::flock(descriptor, how | LOCK_NB);")]),
]


def build(root: Path, place: Path, changes: list[tuple[str, str, str]]) -> None:
    for file, old, new in changes:
        target = place / "include" / file
        target.parent.mkdir(parents=True, exist_ok=True)
        text = (target if target.exists() else root / "include" / file).read_text()
        if text.count(old) != 1:
            raise SystemExit(f"{place.name}: {file} has {text.count(old)} times, not once: {old!r}")
        target.write_text(text.replace(old, new))
    program = place / "visitor"
    libraries = subprocess.run(["pkg-config", "--cflags", "--libs", "lmdb", "libcrypto"], check=True, capture_output=True,
                               text=True).stdout.split()
    subprocess.run(["g++", "-std=c++20", "-O0", "-w", f"-I{place / 'include'}", f"-I{root / 'include'}",
                    str(root / "tests/simulation/visitor.cpp"), "-o", str(program), *libraries, "-pthread"], check=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=Path)
    parser.add_argument("fast", type=Path, help="a directory in memory")
    parser.add_argument("--only", action="append")
    parser.add_argument("--minutes", type=float, default=10, help="the most for one bug")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    root = Path(__file__).resolve().parents[2]
    missed = 0
    for name, kind, what, changes in PLANTS:
        if options.only and name not in options.only:
            continue
        place = options.build / "plants" / name
        subprocess.run(["rm", "-rf", str(place)], check=True)
        place.mkdir(parents=True)
        build(root, place, changes)
        for other in ("verifier", "spender"):
            (place / other).symlink_to((options.build / other).resolve())
        run = subprocess.run([str(options.build / "simulation"), str(place), str(options.fast / name), "--seed", str(options.seed), "--minutes", str(options.minutes), "--first",
                              *(["--kind", str(kind)] if kind >= 0 else [])],
                             capture_output=True, text=True, check=False)
        found = re.search(r"^(\w+): (.*?) <- (.*)$", run.stdout, re.MULTILINE)
        if run.returncode not in (0, 1) or (run.returncode == 1 and found is None):
            raise SystemExit(f"{name}: the simulation ended by {run.returncode}: {run.stdout}{run.stderr}")
        missed += found is None
        told = f"{found.group(1)}: {found.group(2)[:150]} <- {found.group(3)}" if found else "NOT FOUND in " + run.stdout.split("\n")[0]
        print(f"{name:<10} {what}\n           {told}", flush=True)
    print(f"{missed} bugs were not found" if missed else "every bug was found")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

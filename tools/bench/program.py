# SPDX-License-Identifier: MIT
"""Runs a benchmark's program, and finds how it was built."""
from __future__ import annotations

import hashlib
import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from catalogue import ROOT, Mistake


def build(name: str) -> Path:
    """Installs what is missing and builds one benchmark; its program."""
    for command in ([ROOT / "scripts/setup", "bench"], [ROOT / "scripts/build", "bench", f"bench_{name}"]):
        if subprocess.run(command, stdout=sys.stderr, check=False).returncode != 0:
            raise Mistake(f"{command[0].name} failed; its words are above", 1)
    return ROOT / "build/bench/benchmarks" / name


def run(binary: Path, arguments: list[str], quiet: bool = False) -> dict[str, tuple[float | None, str]]:
    """Runs it once: value and unit by figure. Its table goes to stderr as it is printed."""
    if not binary.is_file():
        raise Mistake(f"{binary}: no such program; build it first")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figures.json"
        done = subprocess.run([binary.resolve(), *arguments, "--json", path], check=False,
                              stdout=subprocess.DEVNULL if quiet else sys.stderr)
        if done.returncode != 0:
            raise Mistake(f"{binary} ended with status {done.returncode}; its words are above", 1)
        figures = json.loads(path.read_text(encoding="utf-8"))
    return {each["id"]: (each["value"], each["unit"]) for each in figures}


def words_of(command: list[str], folder: Path | None = None) -> str:
    """What a command prints, or "" if it fails."""
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def commit_of(source: Path) -> dict:
    """The commit of a source tree; its id is None outside of git."""
    id = words_of(["git", "rev-parse", "HEAD"], source) or None
    changed = words_of(["git", "status", "--porcelain", "--untracked-files=no"], source)
    return {"id": id, "dirty": bool(changed) if id else None}


def flags_of(words: list[str]) -> tuple[str, str]:
    """Compiler and flags of a compile command, without a launcher, paths and warnings."""
    while words and Path(words[0]).name in ("ccache", "sccache", "distcc"):
        words = words[1:]
    skipped = ("-I", "-W", "-M", "-o", "-c", "-isystem", "-include")
    flags = [word for word in words[1:] if word.startswith("-") and not word.startswith(skipped)]
    return (words[0] if words else "", " ".join(flags))


def build_of(binary: Path) -> dict:
    """Compiler, flags, commit and digest, from the build directory that the program stands in."""
    folder = binary.resolve().parent.parent
    facts: dict = {"compiler": None, "flags": None, "commit": {"id": None, "dirty": None},
                   "program_sha256": hashlib.sha256(binary.read_bytes()).hexdigest()}
    commands = folder / "compile_commands.json"
    if commands.is_file():
        for entry in json.loads(commands.read_text(encoding="utf-8")):
            if f"/bench_{binary.name}.dir/" in entry["command"]:
                compiler, facts["flags"] = flags_of(shlex.split(entry["command"]))
                facts["compiler"] = words_of([compiler, "--version"]).split("\n")[0] or None
                break
    cache = folder / "CMakeCache.txt"
    if cache.is_file():
        for line in cache.read_text(encoding="utf-8").split("\n"):
            if line.startswith("CMAKE_HOME_DIRECTORY:INTERNAL="):
                facts["commit"] = commit_of(Path(line.split("=", 1)[1]))
    return facts

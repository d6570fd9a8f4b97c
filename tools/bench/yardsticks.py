# SPDX-License-Identifier: MIT
"""Takes the yardsticks of this machine: benchmarks/yardsticks.cpp, and compiles of an <iostream> program."""
from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import program
from catalogue import ROOT, Mistake

COMPILER = os.environ.get("CXX", "g++")
COMPILES = 3  # one takes a third of a second, too little to be steady
IOSTREAM = ROOT / "benchmarks/compile/iostream.cpp"


@dataclass(frozen=True)
class Compiled:
    seconds: float  # of the processor: user and system
    megabytes: float  # the most that one process of it had
    object_bytes: int


def compile_once(source: Path, flags: list[str], compiler: str = COMPILER) -> Compiled:
    """Compiles to an object, never through ccache, with all its processes counted."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "object.o"
        command = [compiler, "-std=c++20", "-O2", *flags, "-c", str(source), "-o", str(target)]
        with open(Path(folder) / "words", "w+b") as words:
            child = subprocess.Popen(command, env={**os.environ, "CCACHE_DISABLE": "1"}, stderr=words)
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode != 0:
                words.seek(0)
                raise Mistake(f"{source.name} does not compile: {words.read().decode(errors='replace')[:2000]}", 1)
        return Compiled(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, target.stat().st_size)


def take(binary: Path, scratch: Path) -> dict[str, tuple[float | None, str]]:
    """Value and unit by yardstick. `scratch` is where the benchmark writes, since each disk has its fdatasync()."""
    values = program.run(binary, ["--dir", str(scratch)], quiet=True)
    values["compile_s"] = (statistics.median(compile_once(IOSTREAM, []).seconds for _ in range(COMPILES)), "s")
    return values

# SPDX-License-Identifier: MIT
"""Processes of the battery: started one by one, or forked by a program that is kept for its short runs (batch.hpp)."""
import os
import queue
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path

SECONDS_MOST = 30  # of a processor for one process, or of standing still; what takes longer hangs


class Watch:
    """Whether a process hangs: it has computed for too long, or not at all for so long. A busy machine does not count."""

    def __init__(self, process: int, seconds: float):
        self.process, self.seconds = process, seconds
        self.computed, self.until = 0.0, time.monotonic() + seconds

    def left(self) -> float:
        """Until the next look."""
        return max(0.0, self.until - time.monotonic())

    def hangs(self) -> bool:
        """To be asked when no time is left."""
        try:
            words = Path(f"/proc/{self.process}/stat").read_text().rsplit(")", 1)[1].split()
        except FileNotFoundError:
            return False
        computed = (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
        if computed > self.seconds or computed - self.computed < self.seconds / 1000:
            return True
        self.computed, self.until = computed, time.monotonic() + self.seconds
        return False


def stacks_of(process: int, kept: Path) -> str:
    """Where it hangs, where there is a debugger to say so."""
    if shutil.which("gdb") is None:
        return ""
    stacks = kept / f"stacks-{process}"
    with open(stacks, "wb") as file:
        subprocess.run(["gdb", "-p", str(process), "-batch", "-ex", "thread apply all bt 16"], stdout=file,
                       stderr=subprocess.STDOUT, timeout=60, check=False)
    return f", stacks in {stacks}"


class Batch:
    """One program that forks for each run. One thread at a time uses it."""

    def __init__(self, program: Path, kept: Path, environment: dict):
        self.kept = kept
        self.process = subprocess.Popen([str(program), "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env={**os.environ, **environment})
        self.read = b""

    def run(self, words: list, environment: dict, seconds: float) -> tuple[int, str]:
        variables = [f"{name}={value}" for name, value in environment.items()]
        text = b"".join(str(each).encode() + b"\0" for each in variables + words)
        self.process.stdin.write(f"{len(variables)} {len(words)} {len(text)}\n".encode() + text)
        self.process.stdin.flush()
        child = int(self.line(None))
        watch, line, hangs = Watch(child, seconds), None, None
        while line is None:
            line = self.line(watch.left() if hangs is None else None)
            if line is None and watch.hangs():
                hangs = f"hangs: no end after {seconds} s{stacks_of(child, self.kept)}"
                os.kill(child, signal.SIGKILL)
        status, size = (int(word) for word in line.split())
        printed = self.bytes(size)
        return (-signal.SIGALRM, hangs) if hangs else (status, printed.decode(errors="replace").strip())

    def line(self, seconds: float | None) -> bytes | None:
        """None after so many seconds without a byte."""
        while b"\n" not in self.read:
            if not self.more(seconds):
                return None
        line, self.read = self.read.split(b"\n", 1)
        return line

    def bytes(self, size: int) -> bytes:
        while len(self.read) < size:
            self.more(None)
        taken, self.read = self.read[:size], self.read[size:]
        return taken

    def more(self, seconds: float | None) -> bool:
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            return False
        got = os.read(self.process.stdout.fileno(), 1 << 16)
        if not got:
            raise RuntimeError(f"the program that forks ended by {self.process.wait()}")
        self.read += got
        return True

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


class Batches:
    """As many of a program as are in use at once."""

    def __init__(self, program: Path, kept: Path, environment: dict | None = None):
        self.make = lambda: Batch(program, kept, environment or {})
        self.idle: queue.SimpleQueue[Batch] = queue.SimpleQueue()
        self.all: list[Batch] = []

    def run(self, words: list, environment: dict | None = None, seconds: float = SECONDS_MOST) -> tuple[int, str]:
        try:
            batch = self.idle.get_nowait()
        except queue.Empty:
            batch = self.make()
            self.all.append(batch)
        answer = batch.run(words, environment or {}, seconds)
        self.idle.put(batch)
        return answer

    def close(self) -> None:
        for batch in self.all:
            batch.close()

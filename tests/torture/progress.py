# SPDX-License-Identifier: MIT
"""What became of the trials of each class, in a file that outlives a run, so that long classes are run in pieces."""
import json
import os
import re
import shutil
import threading
import time
from pathlib import Path
from typing import Iterator

FAILURES_KEPT = 5  # of a class: their directories are kept to be looked at
SECONDS_BETWEEN_SAVES = 10


class Progress:
    """The state file of `--resume`. Without a file nothing is kept."""

    def __init__(self, path: Path | None, seed: int, program: str):
        self.path = path
        self.state: dict = {"seed": seed, "classes": {}, "failures": []}
        if path is not None and path.exists():
            self.state = json.loads(path.read_text())
        self.seed = self.state["seed"]
        self.program = program

    def of(self, name: str) -> dict:
        fresh = {"done": 0, "trials": 0, "failures": 0, "seconds": 0.0, "kinds": {}, "notes": {}, "programs": {}}
        return self.state["classes"].setdefault(name, fresh)

    def save(self) -> None:
        if self.path is None:
            return
        beside = self.path.with_suffix(".new")
        beside.write_text(json.dumps(self.state, indent=1))
        os.replace(beside, self.path)


class Tally:
    """The trials of one class, earlier runs' included. Failures of the same kind are told once, with how to see the first
    again."""

    def __init__(self, name: str, progress: Progress, kept: Path, seconds_most: float):
        self.name, self.progress, self.kept, self.seconds_most = name, progress, kept, seconds_most
        self.sums = progress.of(name)
        self.lock = threading.Lock()
        self.started = self.saved = time.monotonic()
        self.goal = 0
        self.trials_before = self.sums["trials"]
        self.seconds_before = self.sums["seconds"]
        self.failed_here = 0

    def left(self, goal: int, step: int = 1) -> Iterator[int]:
        """The numbers from the first that is not done to the goal, every step-th, while there is time.

        What a number stands for follows from it and the seed alone; it is done when the next one is asked for.
        """
        self.goal = goal
        while self.sums["done"] < goal and time.monotonic() - self.started < self.seconds_most:
            yield self.sums["done"]
            self.sums["done"] = min(goal, self.sums["done"] + step)
            if time.monotonic() - self.saved > SECONDS_BETWEEN_SAVES:
                self.save()
        self.save()

    def save(self) -> None:
        self.saved = time.monotonic()
        self.sums["seconds"] = self.seconds_before + self.saved - self.started
        here = self.sums["trials"] - self.trials_before
        if here > 0:
            programs = self.sums["programs"]
            programs[self.progress.program] = programs.get(self.progress.program, 0) + here
            self.trials_before = self.sums["trials"]
        self.progress.save()

    def note(self, what: str, count: int = 1) -> None:
        with self.lock:
            self.sums["notes"][what] = self.sums["notes"].get(what, 0) + count

    def trial(self, wrong: str | None, how: str, place: Path | None = None) -> None:
        """`how` is the fault and says how to make it again; `place` is kept where something is wrong."""
        with self.lock:
            self.sums["trials"] += 1
            if wrong is None:
                return
            self.sums["failures"] += 1
            self.failed_here += 1
            kind = re.sub(r"/\S+", "PATH", re.sub(r"\b\d+(/\d+)?\b", "N", wrong))
            kinds = self.sums["kinds"]
            kinds[kind] = kinds.get(kind, 0) + 1
            if kinds[kind] > 1:
                return
            kept = self.keep(place, len(kinds))
            self.progress.state["failures"].append({"class": self.name, "wrong": wrong, "how": how, "kept": kept})
            print(f"  {self.name}: {wrong} <- {how}{f' [kept in {kept}]' if kept else ''}", flush=True)

    def keep(self, place: Path | None, number: int) -> str:
        if place is None or number > FAILURES_KEPT or not place.is_dir():
            return ""
        target = self.kept / f"{self.name}-{number}"
        shutil.rmtree(target, ignore_errors=True)
        try:
            shutil.copytree(place, target)
        except shutil.Error:
            pass  # others are still at work there: what is gone meanwhile is left out
        return str(target)

    def line(self) -> str:
        sums = self.sums
        notes = [f"{count} {what}" for what, count in sorted(sums["notes"].items())]
        if sums["done"] < self.goal:
            notes.append(f"{sums['done']} of {self.goal} done, the rest left out for want of time")
        return (f"{self.name:<10}{sums['trials']:>8} trials {sums['failures']:>5} failures  seed {self.progress.seed}, "
                f"{sums['seconds']:.0f} s{': ' + ', '.join(notes) if notes else ''}")

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tortures the ledger and counts broken promises. Started by scripts/torture, which builds what it needs.

A class of faults is a function that makes trials; a trial ends in a verifier of its own process. What each class does
and what it cannot show is in docs/reliability.md.
"""
import argparse
import errno
import fcntl
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable

from gateway import Round
from processes import SECONDS_MOST, Batches, Watch, stacks_of
from progress import Progress, Tally

PAGE = 4096
MARKER = "aiaudit-ledger"
THREADS = 2  # of the battery, for classes whose trials are of one process


class Skipped(Exception):
    """A class cannot run here; the text says why."""


class Battery:
    def __init__(self, options: argparse.Namespace):
        self.long, self.seed = options.long, options.seed
        self.programs = Path(options.programs)
        self.fast, self.disk = Path(options.fast), Path(options.disk)
        self.can_mount = options.mounts
        self.kept = Path(options.resume).with_suffix(".failures") if options.resume else self.programs / "failures"
        self.shim = str(self.programs / "faults.so")
        self.workers = Batches(self.programs / "worker", self.kept, self.preload())
        self.verifiers = Batches(self.programs / "verifier", self.kept)
        self.running: set[subprocess.Popen] = set()
        self.mounted: list[Path] = []
        self.damage_flags = options.damage_flag
        self.bases: dict[str, tuple[Path, Path, int]] = {}
        self.liars = False  # the workers and the disk lie: failures are wanted

    # Processes.

    def start(self, words: list, environment: dict | None = None, capture: bool = True) -> subprocess.Popen:
        process = subprocess.Popen([str(word) for word in words], env={**os.environ, **(environment or {})},
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if capture else subprocess.DEVNULL,
                                   stderr=subprocess.STDOUT)
        self.running.add(process)
        return process

    def finish(self, process: subprocess.Popen, seconds: float = SECONDS_MOST) -> tuple[int, str]:
        """The exit status, minus the signal's number where one ended it, and what was printed."""
        watch, printed = Watch(process.pid, seconds), None
        while printed is None:
            try:
                printed = process.communicate(timeout=watch.left())[0] or b""
            except subprocess.TimeoutExpired:
                if not watch.hangs():
                    continue
                stacks = stacks_of(process.pid, self.kept)
                process.kill()
                process.communicate()
                self.running.discard(process)
                return -signal.SIGALRM, f"hangs: no end after {seconds} s{stacks}"
        self.running.discard(process)
        return process.returncode, printed.decode(errors="replace").strip()

    def run(self, words: list, environment: dict | None = None, seconds: float = SECONDS_MOST) -> tuple[int, str]:
        return self.finish(self.start(words, environment), seconds)

    def must(self, *words) -> str:
        status, printed = self.run(list(words))
        if status != 0:
            raise RuntimeError(f"{' '.join(str(word) for word in words)}: {status}: {printed}")
        return printed

    def work(self, *words) -> list:
        return [self.programs / "worker", *words]

    def verify(self, ledger: Path, promises: list[Path], *flags: str | Path, tally: Tally | None = None) -> str | None:
        """What is wrong with the ledger, or nothing."""
        status, printed = self.verifiers.run([ledger, *flags, *promises])
        if status == 0:
            if tally is not None and "refused ones are there" in printed:
                tally.note("with refused records that are there")
            return None
        return printed.splitlines()[-1] if status > 0 and printed else f"the verifier ended by {status}: {printed}"

    @staticmethod
    def plan(**plan) -> dict:
        """What faults.cpp reads of the environment."""
        return {"TORTURE_" + name.upper(): str(value) for name, value in plan.items()}

    def preload(self, **plan) -> dict:
        return {"LD_PRELOAD": f"{self.asan_runtime()} {self.shim}".strip(), **self.plan(**plan)}

    def asan_runtime(self) -> str:
        return os.environ.get("TORTURE_ASAN_RUNTIME", "")

    # File systems. Those of a class are gone when it ends, and all of them with the mount namespace.

    def mount(self, at: Path, *words: str) -> None:
        at.mkdir(exist_ok=True)
        self.must("mount", *words, at)
        self.mounted.append(at)

    def unmount(self, at: Path) -> None:
        for _ in range(50):
            status, printed = self.run(["umount", at])
            if status == 0:
                self.mounted.remove(at)
                return
            time.sleep(0.1)
        raise RuntimeError(f"umount {at}: {printed}")

    def clean_up(self) -> None:
        self.workers.close()
        self.verifiers.close()
        for process in list(self.running):
            process.kill()
            process.wait()
        for at in reversed(self.mounted[:]):
            subprocess.run(["umount", "-l", str(at)], check=False)

    def in_threads(self, tally: Tally, goal: int, trial: Callable[[int], None]) -> None:
        """trial(number) for the numbers that are left, in threads; a number's fault follows from it and the seed."""
        at_once = 32 * THREADS
        with ThreadPoolExecutor(THREADS) as pool:
            for first in tally.left(goal, at_once):
                list(pool.map(trial, range(first, min(goal, first + at_once))))

    def chance(self, *of: object) -> random.Random:
        return random.Random("/".join(str(each) for each in (self.seed, *of)))

    def base(self, name: str, size: int, work: str = "build", extra: str = "",
             writer: int = 7) -> tuple[Path, Path, int]:
        """A ledger to start from, made once: its directory, its promises, its number of records."""
        if name not in self.bases:
            place = self.fast / f"base-{name}"
            shutil.rmtree(place, ignore_errors=True)
            ledger, promises = place / "ledger", place / "promises"
            place.mkdir()
            self.must(*self.work(work, ledger, promises, writer, size, extra))
            printed = self.must(self.programs / "verifier", ledger, promises)
            self.bases[name] = ledger, promises, int(re.search(r"(\d+) records", printed).group(1))
        return self.bases[name]

    # The classes.

    def syscalls(self, tally: Tally) -> None:
        """Number: the kind of fault, then the work, then which of its calls; 500 calls of each are a pass.

        The passes differ in what is written and how much. The first one is that of the short form, and every
        twentieth is of ten times the work.
        """
        kinds = ["lose"] if self.liars else ["kill", "torn", "eio", "enospc", "late", "short", "sticky", "dying"]
        works = [("append", 8, False), ("many", 7, True), ("reopen", 3, True), ("threads", 4, True),
                 ("rotate", 4, False), ("retain", 4, True), ("snapshot", 8, True), ("spill", 2, True)]
        golden = 0.6180339887498949  # its multiples fall into all parts of an interval alike
        counts: dict[tuple, int] = {}
        lock = threading.Lock()
        self.base("small", 30)

        def trial(number: int) -> None:
            kind, work, step = number % len(kinds), number // len(kinds) % len(works), number // len(kinds) // len(works)
            (workload, size, on_base), a_pass = works[work], step // 500
            shape = self.chance("syscalls", a_pass, workload)
            if a_pass > 0:
                size = size * 10 if a_pass % 20 == 10 else shape.randint(1, 2 * size)
            made = workload, size, on_base, 1 + a_pass
            with lock:
                if made not in counts:
                    counts[made] = self.count_calls(*made)
            at = 1 + int((step * golden + shape.random()) % 1 * counts[made])
            part = self.chance("syscalls", number).randrange(1, 256)
            self.syscall_trial(tally, number, *made, at, kinds[kind], part)
        short = 24 * len(kinds) * len(works)
        self.in_threads(tally, 1_000_000 if self.long else short, trial)

    def count_calls(self, workload: str, size: int, on_base: bool, writer: int) -> int:
        place, ledger, promises = self.trial_place(writer, f"count-{workload}", on_base)
        spill = ledger.parent / "spill"
        status, printed = self.workers.run([workload, ledger, promises, writer, size],
                                           self.plan(under=ledger.parent, report=place / "report", spill=spill))
        if status != 0:
            raise RuntimeError(f"worker {workload}: {status}: {printed}")
        counts = [int(number) for number in re.findall(r"count (\d+)", (place / "report").read_text())]
        shutil.rmtree(place)
        return max(counts)

    def trial_place(self, number: int, name: str, on_base: bool) -> tuple[Path, Path, Path]:
        place = self.fast / f"{name}-{number}"
        shutil.rmtree(place, ignore_errors=True)
        (place / "D/spill").mkdir(parents=True)
        if on_base:
            shutil.copytree(self.base("small", 30)[0], place / "D/ledger")
        return place, place / "D/ledger", place / "promises"

    def syscall_trial(self, tally: Tally, number: int, workload: str, size: int, on_base: bool, writer: int,
                      at: int, kind: str, part: int) -> None:
        place, ledger, promises = self.trial_place(number, "syscall", on_base)
        report = place / "report"
        spill = ledger.parent / "spill"
        plan = self.plan(under=ledger.parent, at=at, kind=kind, part=part, report=report, spill=spill)
        status, printed = self.workers.run([workload, ledger, promises, writer, size], plan)
        told = report.read_text() if report.exists() else ""
        found = re.search(r"^call (\d+) (\w+)", told, re.MULTILINE)
        call = found.group(2) if found else None
        wrong = self.judge_worker(status, printed, kind, call)
        if wrong is None:
            base = [self.fast / "base-small" / "promises"] if on_base else []
            # A disk that goes on failing cannot be asked whether it kept what it said it did not, or be told to
            # forget what was spilled.
            loose = ["--loose"] if kind == "dying" or (kind == "sticky" and workload == "spill") else []
            wrong = self.verify(ledger, [promises, *base], "--retain", "--spill", spill, *loose, tally=tally)
        how = (f"{'TORTURE_SPILL=D/spill ' * (workload == 'spill')}TORTURE_UNDER=D TORTURE_AT={at} TORTURE_KIND={kind} TORTURE_PART={part} (a {call}) "
               f"worker {workload} D/ledger P {writer} {size}{' on a ledger made by: worker build . . 7 30' * on_base}")
        if call is None and wrong is None:
            tally.note("ended before their call")  # threads do not always make the same number of calls
        else:
            tally.trial(wrong, how, place)
        shutil.rmtree(place)

    @staticmethod
    def judge_worker(status: int, printed: str, kind: str, call: str | None) -> str | None:
        """What is wrong with how a worker took its fault."""
        last = printed.splitlines()[-1] if printed else ""
        if kind in ("kill", "torn") and call is not None:
            return None if status == -signal.SIGKILL else f"the worker ended by {status}, not killed: {last}"
        if status not in ((0, 4) if kind in ("sticky", "dying") else (0,)):
            return f"the worker ended by {status} after {kind} in {call}: {last}"
        first = re.match(r"error [^:]+: (\w+)", printed)
        if first is None or call is None:
            return None
        needs_room = call in ("pwrite", "write", "writev", "ftruncate", "fallocate", "mkdir", "mknod", "rename")
        wanted = "disk_full" if kind == "enospc" and needs_room else None
        if wanted and first.group(1) != wanted:
            return f"{kind} in {call} was told as: {printed.splitlines()[0]}"
        if kind in ("eio", "late", "sticky", "dying") and first.group(1) != "storage_failed":
            return f"{kind} in {call} was told as: {printed.splitlines()[0]}"
        return None

    def resources(self, tally: Tally) -> None:
        """The n-th request for a resource fails, and with it a few more, for every n; another process is there."""
        kinds, runs = ("memory", "map", "thread", "descriptor", "meta"), (1, 5)
        scarce = Batches(self.programs / "worker", self.kept, {"LD_PRELOAD": str(self.programs / "resources.so")})
        try:
            self.base("small", 30)
            counts = {kind: self.scarce_trial(tally, scarce, 0, kind, 0, 0) for kind in kinds}
            trials = []
            for kind in kinds:
                wanted = counts[kind] if self.long else min(counts[kind], 40)
                trials += [(kind, 1 + i * counts[kind] // wanted, many) for i in range(wanted) for many in runs]
            self.chance("resources").shuffle(trials)
            self.in_threads(tally, len(trials),
                            lambda number: self.scarce_trial(tally, scarce, 1 + number, *trials[number]))
        finally:
            scarce.close()

    def worlds(self, tally: Tally) -> None:
        """Simulated worlds (tests/simulation); each is made of its seed, and made again by it."""
        simulation, at_once = self.programs / "simulation", 10
        if not simulation.exists() or self.asan_runtime():
            raise Skipped("the simulation reads the registers of x86-64, of programs as they are")
        for first in tally.left(1200 if self.long else 20, at_once):
            seed = self.seed * 1_000_000 + first
            status, printed = self.run([simulation, self.programs, self.fast / "worlds", "--seed", seed, "--worlds", at_once],
                                       seconds=600)
            if status == 77:
                raise Skipped(printed)
            sums = re.search(r"(\d+) worlds .* (\d+) steps", printed)
            if status not in (0, 1) or sums is None:
                raise RuntimeError(f"the simulation ended by {status}: {printed}")
            tally.note("steps", int(sums.group(2)))
            found = {int(line.group(2)): line.group(1)
                     for line in re.finditer(r"^((?:safety|liveness): .*) <- seed (\d+)", printed, re.MULTILINE)}
            for number in range(seed, seed + at_once):
                tally.trial(found.get(number), f"simulation PROGRAMS PLACE --seed {number} --worlds 1 --tell")

    def gateway(self, tally: Tally) -> None:
        """Histories of clients against a model of budgets and log; a trial is a round."""
        program = self.gateway_program()
        lies = ("bills", "forgets") if self.liars else ("",)
        for number in tally.left(2 if self.liars else 2000 if self.long else 3):
            lie, place = lies[number % len(lies)], self.fast / f"gateway-{number}"
            place.mkdir()
            disk = place / "disk"
            disk.mkdir()
            if self.can_mount:
                self.mount(disk, "-t", "tmpfs", "-o", "size=16m", "tmpfs")
            seed = self.chance("gateway", number).randrange(1 << 30)
            round_ = Round(program, self.programs / "clock.so", place, disk / "ledger", self.can_mount, seed, lie)
            try:
                round_.play(12)
                wrong = round_.judge()
            finally:
                round_.end()
            for what, count in round_.counts.items():
                tally.note(what, count)
            how = f"round {number}, seed {seed}{', shared budgets' * round_.shared}"
            (place / "history").write_text("\n".join(str(each) for each in round_.history.spans + round_.history.calls))
            tally.trial("; ".join(wrong[:3]) if wrong else None, how, place)
            if self.can_mount:
                self.unmount(disk)
            shutil.rmtree(place)

    def gateway_program(self) -> Path:
        named = os.environ.get("AIAUDIT_PROGRAM")
        found = [Path(named)] if named else [self.programs.parent / preset / "tools/aiaudit" for preset in ("release", "dev")]
        for each in found:
            if os.access(each, os.X_OK):
                return each
        raise Skipped("needs the program: scripts/build release, or AIAUDIT_PROGRAM")

    def scarce_trial(self, tally: Tally, scarce: Batches, number: int, kind: str, at: int, many: int) -> int:
        """A trial; where none is asked for, the number of requests there are."""
        place, ledger, promises = self.trial_place(number, "resources", True)
        report = place / "report"
        plan = self.plan(resource=kind, report=report, **({"at": at, "many": many} if at else {}))
        status, printed = scarce.run(["scarce", ledger, promises, 1, 14], plan)
        told = report.read_text() if report.exists() else ""
        if at == 0:
            shutil.rmtree(place)
            if status != 0:
                raise RuntimeError(f"worker scarce: {status}: {printed}")
            return int(re.search(r"count (\d+)", told).group(1))
        last = printed.splitlines()[-1] if printed else ""
        wrong = None
        if status != 0:
            wrong = f"the worker ended by {status} for want of a {kind}: {last}"
        base = self.fast / "base-small" / "promises"
        wrong = wrong or self.verify(ledger, [promises, place / "promises-beside", base], "--append", tally=tally)
        how = (f"TORTURE_RESOURCE={kind} TORTURE_AT={at} TORTURE_MANY={many} worker scarce D/ledger P 1 14 on a ledger made "
               f"by: worker build . . 7 30")
        if f"request {at}\n" in told or wrong is not None:
            tally.note(kind)
            tally.trial(wrong, how, place)
        else:
            tally.note("ended before their request")
        shutil.rmtree(place)
        return 0

    def kills(self, tally: Tally) -> None:
        a_round = 25 if self.long else 10
        rounds = 3 if self.liars else 2000 if self.long else 6
        for number in tally.left(rounds):
            # On a disk a kill may fall into a sync that takes its time; in memory more kills fall elsewhere.
            self.kill_round(tally, self.chance("kills", number), number, a_round, (self.fast, self.disk)[number % 2])

    def kill_round(self, tally: Tally, chance: random.Random, number: int, kills: int, where: Path) -> None:
        place = where / f"kills-{number}"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        ledger, promises = place / "ledger", []
        if number % 3 != 2:  # in every third round the writers race to make the ledger, and are killed at it
            self.must(*self.work("append", ledger, place / "first", 1, 1))
            promises.append(place / "first")
        writers, retainers = 0, 0
        retains = number % 4 != 0
        # Many rotations and saves, few of each, or segments that go before much was saved.
        segment, save = ((200_000, 1000), (60_000, 5000), (12_000, 20_000))[number % 3]
        options = {"TORTURE_SEGMENT_BYTES": str(segment), "TORTURE_SAVE_RECORDS": str(save)}

        def start_writer() -> tuple[subprocess.Popen, Path]:
            nonlocal writers
            writers += 1
            promises.append(place / f"promises-{writers}")
            lie = ["early"] if self.liars else []
            words = self.work("hammer", ledger, promises[-1], writers * 10, 3, *lie)
            return self.start(words, options), promises[-1]

        def start_watcher() -> subprocess.Popen:
            return self.start(self.work("watch", ledger, place / "watcher", 2, 1, place / "drops-"))

        def start_retainer() -> subprocess.Popen:
            nonlocal retainers
            retainers += 1
            promises.append(place / f"drops-{retainers}")
            return self.start(self.work("retainer", ledger, promises[-1], 5), options)
        processes = [start_writer() for _ in range(4)]
        watcher = start_watcher()
        retainer = start_retainer() if retains else None
        for kill in range(kills):
            time.sleep(chance.uniform(0.003, 0.08))
            victim = chance.randrange(6 if retains else 5)
            if retainer is not None and victim == 5:
                retainer.kill()
                wrong = self.judge_killed(retainer)
                retainer = start_retainer()
            elif victim == 4:
                watcher.kill()
                wrong = self.judge_killed(watcher)
                watcher = start_watcher()
            else:
                processes[victim][0].kill()
                wrong = self.judge_killed(processes[victim][0])
                processes[victim] = start_writer()
            wrong = wrong or self.judge_progress([path for _, path in processes])
            tally.trial(wrong, f"kill {kill + 1} of round {number}", place)
            if wrong is not None and wrong.startswith("nobody"):
                break
        others = [watcher] if retainer is None else [watcher, retainer]
        for process in others + [process for process, _ in processes]:
            process.terminate()
        for process in others + [process for process, _ in processes]:
            status, printed = self.finish(process)
            if status not in (0, -signal.SIGTERM):
                wrong = f"a process that was not killed ended by {status}: {printed[-200:]}"
                tally.trial(wrong, f"round {number}", place)
        wrong = self.verify(ledger, promises, "--retain")
        tally.note("segments made in the rounds", self.segments_made(ledger))
        tally.trial(wrong, f"{kills} kills of round {number}{', with retention' * retains}, {options}", place)
        shutil.rmtree(place)

    @staticmethod
    def segments_made(ledger: Path) -> int:
        return max((int(path.name) for path in (ledger / "segments").iterdir() if path.name.isdigit()), default=0)

    def judge_killed(self, process: subprocess.Popen) -> str | None:
        status, printed = self.finish(process)
        if status == -signal.SIGKILL:
            return None
        return f"a process that was not killed ended by {status}: {printed[-200:]}"

    @staticmethod
    def judge_progress(files: list[Path]) -> str | None:
        """Somebody must be able to append soon after a kill."""
        def size() -> int:
            return sum(path.stat().st_size for path in files if path.exists())
        before, until = size(), time.monotonic() + 20
        while time.monotonic() < until:
            if size() > before:
                return None
            time.sleep(0.002)
        return "nobody appends any more after a kill"

    def power(self, tally: Tally) -> None:
        if not self.can_mount:
            raise Skipped("needs root and a mount namespace")
        if shutil.which("mkfs.ext4") is None:
            raise Skipped("no mkfs.ext4")
        trials = 8 if self.liars else 5000 if self.long else 25
        for first in tally.left(trials, 20):
            self.power_round(tally, self.chance("power", first), first, min(20, trials - first))

    def power_round(self, tally: Tally, chance: random.Random, first: int, trials: int) -> None:
        image, at = self.fast / "image", self.fast / "power"
        self.make_image(image, 192)
        try:
            self.mount(at, "-t", "ext4", "-o", "loop", str(image))
        except RuntimeError as failed:
            raise Skipped(f"cannot mount an ext4 image ({failed})") from failed
        place = self.fast / "promises"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        old, promises = at / "old", []
        for number in range(first, first + trials):
            fresh = chance.random() < 0.3  # the cut may fall into the making of a ledger
            ledger = at / f"new-{number}" if fresh else old
            noted = place / f"{number}"
            lie = self.preload(under=at, at=1, kind="lie") if self.liars else None
            threads = 1 if self.liars else chance.choice((1, 3))
            retains = "retain" if chance.random() < 0.3 and not self.liars else ""
            worker = self.start(self.work("hammer", ledger, noted, (number + 1) * 10, threads, retains), lie)
            time.sleep(chance.uniform(0, 0.03) if fresh else chance.uniform(0.01, 0.3))
            self.cut_power(at)
            time.sleep(0.05)
            worker.kill()
            self.finish(worker)
            self.unmount(at)
            self.mount(at, "-t", "ext4", "-o", "loop", str(image))
            all_noted = [noted] if fresh else promises + [noted]
            if not ledger.exists() and not noted.exists():
                tally.note("before the ledger was begun")
                wrong = None
            elif not ledger.exists():
                wrong = self.lost_directory(noted)
            else:
                wrong = self.verify(ledger, all_noted, "--append", "--loose", tally=tally)
            what = f"{' of a new ledger' * fresh}, {threads} threads{' and retention' * bool(retains)}"
            tally.trial(wrong, f"cut {number}{what}")
            if not fresh:
                promises = all_noted
                if wrong is not None:  # begin anew: the next ones would find the same again
                    shutil.rmtree(old)
                    os.sync()  # else the next cut undoes it
                    promises = []
            else:
                shutil.rmtree(ledger, ignore_errors=True)
        self.unmount(at)
        image.unlink()

    def make_image(self, image: Path, mebibytes: int) -> None:
        with open(image, "wb") as made:
            made.truncate(mebibytes << 20)
        self.must("mkfs.ext4", "-q", "-F", image)

    @staticmethod
    def lost_directory(noted: Path) -> str | None:
        kept = noted.read_bytes()
        acknowledged = any(struct.unpack_from("<II", kept, at)[1] in (1, 2) for at in range(0, len(kept) - 23, 24))
        return "the ledger is gone and records of it were acknowledged" if acknowledged else None

    @staticmethod
    def cut_power(at: Path) -> None:
        shutdown, without_flushing_the_journal = 0x8004587D, 2
        directory = os.open(at, os.O_RDONLY)
        try:
            fcntl.ioctl(directory, shutdown, struct.pack("I", without_flushing_the_journal))
        except OSError as failed:
            if failed.errno in (errno.ENOTTY, errno.EOPNOTSUPP, errno.EPERM):
                raise Skipped(f"the kernel does not cut off this file system ({failed})") from failed
            raise
        finally:
            os.close(directory)

    def full(self, tally: Tally) -> None:
        if not self.can_mount:
            raise Skipped("needs root and a mount namespace")
        sizes = range(1, 65) if self.long else (1, 3, 8)
        works = ("fill", "fill_segments", "fill_spill")
        trials = [(self.full_trial, size, "tmpfs", work) for size in sizes for work in works]
        trials += [(self.full_trial, size, "ext4", work) for size in (range(16, 65, 4) if self.long else (16,))
                   for work in works]
        trials += [(self.small_trial, size) for size in range(4, 404, 4 if self.long else 40)]
        self.chance("full").shuffle(trials)
        for number in tally.left(len(trials)):
            function, *words = trials[number]
            function(tally, *words)

    def small_trial(self, tally: Tally, kibibytes: int) -> None:
        """A disk too small for a new ledger, then one that is large enough."""
        at, place = self.fast / "small", self.fast / "small-promises"
        self.mount(at, "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs")
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        ledger, wrong = at / "ledger", None
        for writer, enough in ((1, False), (2, True)):
            if enough:
                self.must("mount", "-o", "remount,size=4m", at)
            status, printed = self.run(self.work("append", ledger, place / str(writer), writer, 20))
            others = [line for line in printed.splitlines() if line.startswith("error") and ": disk_full: " not in line]
            if others and wrong is None:
                wrong = f"a full disk was told as: {others[0]}"
            if status not in ((0,) if enough else (0, 4)) and wrong is None:
                wrong = f"the worker ended by {status} {'with' if enough else 'without'} room: {printed[-200:]}"
        wrong = wrong or self.verify(ledger, [place / "1", place / "2"], "--append")
        tally.trial(wrong, f"tmpfs of {kibibytes} KiB, worker append D/ledger P 1 20; remount,size=4m; once more", at)
        self.unmount(at)

    def full_trial(self, tally: Tally, mebibytes: int, kind: str, work: str) -> None:
        at, image = self.fast / "full", self.fast / "full-image"
        source, words = "tmpfs", f"size={mebibytes}m"
        if kind == "ext4":
            if shutil.which("mkfs.ext4") is None:
                return
            self.make_image(image, mebibytes)
            source, words = str(image), "loop"
        try:
            self.mount(at, "-t", kind, "-o", words, source)
        except RuntimeError as failed:
            raise Skipped(f"cannot mount a {kind} ({failed})") from failed
        place = self.fast / "full-promises"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        ledger, promises, room = at / "ledger", place / "promises", at / "room"
        room.write_bytes(b"x" * (max(384 << 10, mebibytes << 16)))
        spill = place / "spill"
        spill.mkdir()
        status, printed = self.run(self.work(work, ledger, promises, mebibytes, 400, room),
                                   {"TORTURE_SPILL": str(spill)}, seconds=300)
        wrong = None
        others = [line for line in printed.splitlines() if line.startswith("error") and ": disk_full: " not in line]
        if status != 0:
            wrong = f"the worker ended by {status}: {printed[-200:]}"
        elif others:
            wrong = f"a full disk was told as: {others[0]}"
        elif "full again" not in printed:
            wrong = "the disk was never full"
        wrong = wrong or self.verify(ledger, [promises], "--spill", spill)
        tally.trial(wrong, f"{kind} of {mebibytes} MiB, worker {work} D/ledger P {mebibytes} 400 D/room", at)
        self.unmount(at)

    def damaged_trial(self, tally: Tally, number: int, source: Path, file: str, data: bytes, count: int,
                      promises: Path, how: str, more: tuple[str, ...] = ()) -> None:
        place = self.fast / f"damaged-{number}"
        ledger = place / "ledger"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(source, ledger, ignore=shutil.ignore_patterns("lock.mdb"))
        (ledger / file).write_bytes(data)
        wrong = outcome = None
        for stage, flags in (("reading", []), ("appending", ["--append"])):
            status, printed = self.verifiers.run([ledger, "--count", count, *self.damage_flags, *more, *flags, promises],
                                                 seconds=20)
            last = printed.splitlines()[-1] if printed else ""
            if status == 3:
                outcome = f"told when {stage}"
            elif status > 0:
                wrong = f"{stage}: silently {last}"
            elif status < 0:
                wrong = f"{stage}: died of {signal.Signals(-status).name}: {last}"
            if status != 0:
                break
        tally.note(outcome or ("wrong" if wrong else "harmless"))
        tally.trial(wrong, how, place)
        shutil.rmtree(place)

    @staticmethod
    def files_of(ledger: Path) -> dict[str, bytes]:
        """Every data.mdb, by its name in the ledger."""
        return {str(path.relative_to(ledger)): path.read_bytes() for path in sorted(ledger.glob("segments/*/data.mdb"))}

    def flips(self, tally: Tally) -> None:
        """In each kind of page of each file as often, and in keys and the marker; 10,000 are a pass, of records of its own."""
        spots: dict[int, list[tuple]] = {}
        lock = threading.Lock()

        def trial(number: int) -> None:
            with lock:
                a_pass = number // 10_000
                if a_pass not in spots:
                    spots.clear()
                    spots[a_pass] = self.flip_spots(a_pass)
                places = spots[a_pass]
            source, promises, count, file, data, name, where = places[number % len(places)]
            chance = self.chance("flips", number)
            more: tuple[str, ...] = ()
            if name == "marker":
                bit = chance.randrange(len(data) * 8)
            elif name == "key":
                bit, more = 8 * (chance.choice(where) + chance.randrange(4, 8)) + chance.randrange(8), ("--every-place",)
            else:
                # The head of a page is a hundredth of it and does most: half of the flips are there.
                bit = chance.choice(where) * PAGE * 8 + chance.randrange(PAGE * 8 if chance.random() < 0.5 else 64 * 8)
            changed = bytearray(data)
            changed[bit // 8] ^= 1 << bit % 8
            how = f"bit {bit % 8} of byte {bit // 8} (a {name}) in {file} of the ledger '{source.parent.name}'"
            self.damaged_trial(tally, number, source, file, bytes(changed), count, promises, how, more)
        self.in_threads(tally, 100_000 if self.long else 768, trial)

    def flip_spots(self, a_pass: int) -> list[tuple]:
        """Ledger, its promises and count, file, its bytes, kind of place, where those are."""
        writer, spots = 7 + a_pass, []
        size = 400 if a_pass == 0 else self.chance("flips of", a_pass).randint(100, 400)
        for source, promises, count in (
                self.base(f"large-{a_pass}", size, writer=writer),
                self.base(f"segments-{a_pass}", size, "build_segments", "retain", writer=writer)):
            files = self.files_of(source)
            for file, data in files.items():
                classes = self.page_classes(data)
                kinds = {f"{name} page": pages for name, pages in sorted(classes.items())}
                kinds["key"] = self.key_places(data, classes.get("leaf", []))
                share = max(1, 6 // len(files))  # of many segments each has its share
                spots += [(source, promises, count, file, data, *kind) for kind in kinds.items() if kind[1]] * share
            spots.append((source, promises, count, MARKER, (source / MARKER).read_bytes(), "marker", []))
        return spots

    @staticmethod
    def key_places(data: bytes, leaves: list[int]) -> list[int]:
        """Where the keys of the blocks stand, 8 bytes each."""
        places = []
        for start in (page * PAGE for page in leaves):
            for pointer in range(16, struct.unpack_from("<H", data, start + 12)[0], 2):
                node = struct.unpack_from("<H", data, start + pointer)[0]
                if node + 16 <= PAGE and struct.unpack_from("<H", data, start + node + 6)[0] == 8:
                    places.append(start + node + 8)
        return places

    def stale(self, tally: Tally) -> None:
        """A write that the disk lost without a word: a page, or a file, is again what it was before.

        Where it was the last commit's meta page, the file is that of the commit before: only a checkpoint that was
        kept elsewhere can tell. So the ledger's own verification is asked first, with one.
        """
        trials = []
        for name, work, extra in (("one", "build", ""), ("many", "build_segments", "retain")):
            found = self.stale_writes(name, work, extra)
            self.chance("stale", name).shuffle(found)
            trials += found if self.long else found[:60]

        def trial(number: int) -> None:
            source, count, promises, file, changed, how = trials[number]
            self.damaged_trial(tally, number, source, file, changed, count, promises, how, ("--anchored",))
        self.in_threads(tally, len(trials), trial)

    def stale_writes(self, name: str, work: str, extra: str) -> list[tuple]:
        place = self.fast / f"base-stale-{name}"
        place.mkdir()
        source, versions = place / "ledger", []
        for writer, size in ((7, 100), (8, 60), (9, 30), (10, 1)):
            self.must(*self.work(work, source, place / str(writer), writer, size, extra))
            versions.append(self.files_of(source))
        promises = [place / str(writer) for writer in (7, 8, 9, 10)]
        count = int(re.search(r"(\d+) records", self.must(self.programs / "verifier", source, *promises)).group(1))
        (place / "all").write_bytes(b"".join(path.read_bytes() for path in promises))
        shutil.copy(place / "10.note", place / "all.note")
        present = versions.pop()
        trials = []
        for age, old in enumerate(versions):
            when = f"as {len(versions) - age} buildings before, in the ledger of {name}"
            for file, data in present.items():
                before = old.get(file, b"")
                if before in (b"", data):
                    continue
                trials.append((file, before, f"the whole of {file} {when}"))
                for page in range(len(before) // PAGE):
                    was = before[page * PAGE:(page + 1) * PAGE]
                    if was != data[page * PAGE:(page + 1) * PAGE]:
                        changed = data[:page * PAGE] + was + data[(page + 1) * PAGE:]
                        trials.append((file, changed, f"page {page} of {file} {when}"))
        return [(source, count, place / "all", *trial) for trial in trials]

    @staticmethod
    def page_classes(data: bytes) -> dict[str, list[int]]:
        """The pages by what their heads say they are; what follows the head of a run is its data."""
        names = {1: "branch", 2: "leaf", 4: "overflow head", 8: "meta"}
        classes: dict[str, list[int]] = {}
        page = 0
        while page < len(data) // PAGE:
            flags, run = struct.unpack_from("<H", data, page * PAGE + 10)[0], 1
            name = names.get(flags & 15, "never used")
            classes.setdefault(name, []).append(page)
            if name == "overflow head":
                run = struct.unpack_from("<I", data, page * PAGE + 12)[0]
                classes.setdefault("overflow data", []).extend(range(page + 1, page + run))
            page += max(run, 1)
        return {name: pages for name, pages in classes.items() if pages}

    def cuts(self, tally: Tally) -> None:
        trials = []
        chance = self.chance("cuts")
        for source, promises, count in (self.base("cut", 150),
                                        self.base("cut-segments", 200, "build_segments", "retain")):
            files = self.files_of(source)
            for file, data in files.items():
                found = self.lengths(chance, data, max(20, 180 // len(files)))
                trials += [(source, file, length, fill, count, promises) for length in found
                           for fill in ((b"\0", b"\xAA") if length > len(data) else (b"",))]
        chance.shuffle(trials)

        def trial(number: int) -> None:
            source, file, length, fill, count, promises = trials[number]
            data = (source / file).read_bytes()
            changed = data[:length] + fill * max(0, length - len(data))
            self.damaged_trial(tally, number, source, file, changed, count, promises,
                               f"{length} bytes in place of {len(data)}, what is new: {fill!r}, of {file} of the "
                               f"ledger '{source.parent.name}'")
        self.in_threads(tally, len(trials), trial)

    def lengths(self, chance: random.Random, data: bytes, most: int) -> list[int]:
        """Every multiple of a page, one less and one more; a sample, with all that are near the ends."""
        all_of_them = {boundary + off for boundary in range(0, len(data) + 9 * PAGE, PAGE) for off in (-1, 0, 1)}
        lengths = sorted(length for length in all_of_them if length >= 0 and length != len(data))
        if self.long:
            return lengths
        near = [length for length in lengths if length < 4 * PAGE or length > len(data) - 4 * PAGE]
        far = [length for length in lengths if length not in set(near)]
        near = chance.sample(near, min(len(near), most))
        return near + chance.sample(far, min(len(far), most - len(near)))

    def budgets(self, tally: Tally) -> None:
        for number in tally.left(3 if self.liars else 2000 if self.long else 12):
            # By memory one process at a time decides, by the log eight; half of the rounds on a disk, and
            # half of them in steps.
            mode, processes = ("exclusive", 1) if number % 4 == 3 else ("shared", 8)
            place = (self.fast, self.disk)[number // 2 % 2] / f"budgets-{number}"
            place.mkdir()
            seed = self.chance("budgets", number).randrange(1 << 30)
            reserve = ("full", "stepwise")[number // 4 % 2]
            wrong = self.spend(place, "liar" if self.liars else mode, reserve, processes, seed, tally)
            tally.trial(wrong, f"round {number}: {processes} processes of 64 threads, {mode}, {reserve}, seed {seed}", place)
            shutil.rmtree(place)

    def spend(self, place: Path, mode: str, reserve: str, processes: int, seed: int, tally: Tally) -> str | None:
        """Spenders in one ledger, killed and started again; what the check finds wrong, or nothing."""
        chance = random.Random(seed)
        spender, ledger = self.programs / "spender", place / "ledger"
        self.must(spender, "make", ledger, reserve)
        started = 0

        def start() -> subprocess.Popen:
            nonlocal started
            started += 1
            return self.start([spender, "spend", ledger, mode, str(seed + started), "64", "12"])
        running = [start() for _ in range(processes)]
        for _ in range(6):
            time.sleep(chance.uniform(0.003, 0.06))
            victim = chance.randrange(processes)
            running[victim].kill()
            status, printed = self.finish(running[victim])
            tally.note("kills" if status == -signal.SIGKILL else "processes that were done")
            if status not in (0, -signal.SIGKILL):
                return printed
            running[victim] = start()
        for process in running:
            status, printed = self.finish(process)
            if status != 0:
                return printed or f"a spender ended by {status}"
        status, printed = self.run([spender, "check", ledger])
        settled = re.match(r"(\d+) settled", printed)
        if settled:
            tally.note("reservations of the dead settled", int(settled.group(1)))
        return None if status == 0 else printed or f"the check ended by {status}"


CLASSES = ("worlds", "syscalls", "resources", "kills", "power", "full", "flips", "cuts", "stale", "budgets", "gateway")


def run_class(battery: Battery, progress: Progress, name: str, seconds: float) -> Tally | None:
    tally = Tally(name, progress, battery.kept, seconds)
    try:
        getattr(battery, name)(tally)
    except Skipped as why:
        print(f"{name:<10}skipped: {why}", flush=True)
        return None
    tally.save()
    print(tally.line(), flush=True)
    return tally


def show_that_it_sees(battery: Battery, progress: Progress, seconds: float) -> int:
    """Runs against a disk and workers that lie; what finds no failure then is blind."""
    battery.liars = True
    blind = []
    for name in ("syscalls", "kills", "power"):
        tally = run_class(battery, progress, name, seconds)
        if tally is not None and not any(re.search("acknowledged|corrupt|not_found|not_a_ledger", kind)
                                         for kind in tally.sums["kinds"]):
            blind.append(name)
    tally = run_class(battery, progress, "budgets", seconds)
    if tally is None or not any("is over by" in kind for kind in tally.sums["kinds"]):
        blind.append("budgets")
    tally = run_class(battery, progress, "gateway", seconds)
    for name, sign in (("bills", "its provider bills"), ("forgets", "is not on record")):
        if tally is not None and not any(sign in kind for kind in tally.sums["kinds"]):
            blind.append(f"gateway {name}")
    for fault in ("cost", "user", "twice", "hole", "lost", "moved", "refused", "rewritten", "cut", "anew"):
        place = battery.fast / f"forged-{fault}"
        place.mkdir()
        battery.must(*battery.work("forge", place / "ledger", place / "promises", 1, 1, fault))
        if battery.verify(place / "ledger", [place / "promises"]) is None:
            blind.append(f"forged {fault}")
    print(f"blind: {', '.join(blind)}" if blind else "every lie was seen")
    return 1 if blind else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="torture", description=__doc__)
    parser.add_argument("--long", action="store_true", help="hours, not minutes")
    parser.add_argument("--short", action="store_true", help="the default")
    parser.add_argument("--only", action="append", choices=CLASSES, metavar="NAME", help=", ".join(CLASSES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, help="the most that a class may take")
    parser.add_argument("--for", type=float, dest="minutes_in_all", metavar="MINUTES", help="the most that all may take")
    parser.add_argument("--resume", metavar="FILE", help="go on where the run that wrote this file ended; a new one: begin")
    parser.add_argument("--lies", action="store_true", help="lying workers and disks: all of it must be seen")
    for name in ("programs", "fast", "disk"):
        parser.add_argument(f"--{name}", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--damage-flag", action="append", default=[], help=argparse.SUPPRESS)
    parser.add_argument("--version", default="", help=argparse.SUPPRESS)
    parser.add_argument("--mounts", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.lies:
        options.minutes = options.minutes or 10
    if options.long and options.short:
        parser.error("--long or --short")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    progress = Progress(Path(options.resume) if options.resume else None, options.seed, options.version)
    options.seed = progress.seed
    battery = Battery(options)
    if not options.resume:
        shutil.rmtree(battery.kept, ignore_errors=True)
    battery.kept.mkdir(exist_ok=True)
    names = options.only or CLASSES
    try:
        if options.lies:
            return show_that_it_sees(battery, progress, 60 * options.minutes)
        tallies = []
        until = time.monotonic() + 60 * (options.minutes_in_all or 1e9)
        for number, name in enumerate(names):
            seconds = 60 * (options.minutes or (240 if options.long else 0.3))
            share = (until - time.monotonic()) / (len(names) - number)  # what one leaves, the next ones have
            tallies.append(run_class(battery, progress, name, min(seconds, share)))
    finally:
        progress.save()
        battery.clean_up()
    done = [tally for tally in tallies if tally is not None]
    print(f"total    {sum(tally.sums['trials'] for tally in done):>9} trials {sum(tally.sums['failures'] for tally in done):>5}"
          f" failures, {len(tallies) - len(done)} classes skipped")
    return 1 if any(tally.failed_here for tally in done) else 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: MIT
"""Is this machine fit to measure on? Looks for a second at its load, and counts what others take during a run."""
from __future__ import annotations

import os
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from machine import IN_MEMORY, fields_of, text_of

LOAD_MAX = 0.3  # a core
BUSY_MIN = 0.1  # of a core: a process that takes so much is named
STEAL_MAX = 0.01
OTHERS_MAX = 0.05  # of all cores, during a run
MEMORY_MIN_MB = 1024
DISK_MIN_MB = 4096
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Ticks:
    """The machine's processor time since its start, in seconds."""
    busy: float
    stolen: float
    total: float


def parse_ticks(stat: str) -> Ticks:
    """The first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal."""
    counts = [int(word) / TICKS for word in stat.split("\n")[0].split()[1:9]]
    counts += [0.0] * (8 - len(counts))
    user, nice, system, idle, wait, irq, soft, stolen = counts
    busy = user + nice + system + irq + soft
    return Ticks(busy, stolen, busy + idle + wait + stolen)


def ticks() -> Ticks:
    return parse_ticks(text_of("/proc/stat"))


def own_seconds() -> float:
    """Processor time of this process and of its children that have ended."""
    return sum(usage.ru_utime + usage.ru_stime
               for usage in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)))


class Watch:
    """What others took of the machine between its making and end()."""

    def __init__(self) -> None:
        self.before = ticks()
        self.own = own_seconds()

    def end(self) -> dict:
        after = ticks()
        total = max(after.total - self.before.total, 1 / TICKS)
        others = after.busy - self.before.busy - (own_seconds() - self.own)
        return {"others": round(max(others, 0) / total, 4), "steal": round((after.stolen - self.before.stolen) / total, 4)}


def process_seconds() -> dict[int, tuple[str, float]]:
    """Name and processor time by process."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        stat = text_of(folder / "stat")
        name, _, rest = stat.rpartition(")")
        words = rest.split()
        if len(words) > 12:
            found[int(folder.name)] = (name.partition("(")[2], (int(words[11]) + int(words[12])) / TICKS)
    return found


def busy_processes(seconds: float) -> list[dict]:
    """Others that take more than BUSY_MIN of a core; the busiest first."""
    before = process_seconds()
    time.sleep(seconds)
    busy = []
    for pid, (name, used) in process_seconds().items():
        share = (used - before.get(pid, (name, used))[1]) / seconds
        if pid != os.getpid() and share > BUSY_MIN:
            busy.append({"name": name, "cores": round(share, 2)})
    return sorted(busy, key=lambda each: -each["cores"])


def governors() -> list[str]:
    """Of the processor's frequency; none on most virtual machines."""
    paths = Path("/sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_governor")
    return sorted({text_of(path) for path in paths} - {""})


def warnings_of(facts: dict, machine: dict, needs_disk: bool) -> list[str]:
    cores = machine["cores"]
    found = []
    if facts["load_1m"] > LOAD_MAX * cores:
        found.append(f"the load average is {facts['load_1m']:.2f} on {cores} cores: wait, or end what runs beside it")
    for each in facts["busy"][:5]:
        found.append(f"{each['name']} takes {each['cores']:.2f} cores")
    if facts["steal"] > STEAL_MAX:
        found.append(f"the host takes {facts['steal'] * 100:.1f} % from this virtual machine")
    if any(governor != "performance" for governor in facts["governors"]):
        found.append(f"the frequency governor is {', '.join(facts['governors'])}; performance gives steadier times")
    if facts["memory_free_mb"] < MEMORY_MIN_MB:
        found.append(f"{facts['memory_free_mb']} MB of memory are free, {MEMORY_MIN_MB} are wanted")
    if cores < 2:
        found.append("one core: the bars are for two")
    if needs_disk and machine["disk"]["free_mb"] < DISK_MIN_MB:
        found.append(f"{machine['disk']['free_mb']} MB of disk are free, {DISK_MIN_MB} are wanted")
    if needs_disk and machine["disk"]["file_system"] in IN_MEMORY:
        found.append("scratch files are in memory, where a sync costs nothing: use a directory on a disk")
    return found


def check(machine: dict, needs_disk: bool) -> dict:
    """Looks for a second; each warning goes to stderr too."""
    watch = Watch()
    busy = busy_processes(1.0)
    memory = fields_of(text_of("/proc/meminfo")).get("MemAvailable", "0 kB").split()[0]
    facts = {"load_1m": os.getloadavg()[0], "busy": busy, "steal": watch.end()["steal"], "governors": governors(),
             "memory_free_mb": int(memory) // 1024}
    facts["warnings"] = warnings_of(facts, machine, needs_disk)
    for words in facts["warnings"]:
        print(f"bench: warning: {words}", file=sys.stderr)
    return facts


def warn_of_run(number: int, condition: dict) -> None:
    if condition["others"] > OTHERS_MAX or condition["steal"] > STEAL_MAX:
        print(f"bench: warning: run {number}: others took {condition['others'] * 100:.0f} % of the machine, its host "
              f"{condition['steal'] * 100:.1f} %", file=sys.stderr)

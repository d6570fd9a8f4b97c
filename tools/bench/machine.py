# SPDX-License-Identifier: MIT
"""Describes this machine and the disk under a directory. No host name and no path: results are made to be shared."""
from __future__ import annotations

import os
import platform
from pathlib import Path

IN_MEMORY = ("tmpfs", "ramfs")


def text_of(path: str | Path) -> str:
    """The text of a file, or "" if it cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def fields_of(text: str) -> dict[str, str]:
    """KEY : VALUE or KEY=VALUE, a line each; the first of a key counts."""
    fields: dict[str, str] = {}
    for line in text.split("\n"):
        for mark in (":", "="):
            key, found, value = line.partition(mark)
            if found:
                fields.setdefault(key.strip(), value.strip().strip('"'))
                break
    return fields


def mount_of(directory: Path, mounts: str) -> tuple[str, str]:
    """File system and device of a directory, from the text of /proc/self/mounts."""
    here = directory.resolve()
    best = ("", "", "")
    for line in mounts.split("\n"):
        words = line.split()
        if len(words) < 3:
            continue
        point = words[1].replace("\\040", " ")
        if (here == Path(point) or Path(point) in here.parents) and len(point) >= len(best[0]):
            best = (point, words[2], words[0])
    return best[1] or "unknown", best[2]  # a chroot's root is in no table of mounts


def disk_of(directory: Path) -> dict:
    file_system, device = mount_of(directory, text_of("/proc/self/mounts"))
    number = os.stat(directory).st_dev
    block = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}")
    queue = next((q for q in (block / "queue", block / ".." / "queue") if q.is_dir()), None)
    space = os.statvfs(directory)
    return {"file_system": file_system, "device": device,
            "rotational": text_of(queue / "rotational") == "1" if queue else None,
            "free_mb": space.f_bavail * space.f_frsize // 2**20}


def describe(scratch: Path) -> dict:
    processor = fields_of(text_of("/proc/cpuinfo"))
    release = fields_of(text_of("/etc/os-release"))
    memory_kb = fields_of(text_of("/proc/meminfo")).get("MemTotal", "0 kB").split()[0]
    return {"processor": processor.get("model name") or platform.machine(),
            "architecture": platform.machine(),
            "cores": len(os.sched_getaffinity(0)),
            "virtual": "hypervisor" in processor.get("flags", "").split(),
            "memory_mb": int(memory_kb) // 1024,
            "kernel": f"{platform.system()} {platform.release()}",
            "system": release.get("PRETTY_NAME", ""),
            "disk": disk_of(scratch)}

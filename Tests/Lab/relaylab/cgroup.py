"""A control group for each machine: without one, all machines' service managers would share one tree, and end each
other's services."""

import os
import signal
import time
from pathlib import Path


def make(name: str) -> Path:
    """A group of its own below this machine's root."""
    group = _mount() / name
    group.mkdir(exist_ok=True)
    return group


def enter(group: Path) -> None:
    """Move the calling process in."""
    (group / "cgroup.procs").write_text(str(os.getpid()))


def end(group: Path) -> None:
    """End what is left in the group, and remove it."""
    for _ in range(100):
        if not _processes(group):
            break
        for process in _processes(group):
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.05)
    for folder, _, _ in os.walk(group, topdown=False):
        os.rmdir(folder)


def _processes(group: Path) -> list[int]:
    return [int(pid) for file in group.rglob("cgroup.procs") for pid in file.read_text().split()]


def _mount() -> Path:
    for line in Path("/proc/mounts").read_text().splitlines():
        fields = line.split()
        if fields[2] == "cgroup2":
            return Path(fields[1])
    raise RuntimeError("no cgroup2 is mounted on this machine")

"""The things that a lab has made on this machine, recorded as they are made, so that they can be undone after any end."""

import json
import os
import signal
import shutil
import time
from pathlib import Path

from . import cgroup
from .shell import run


class Ledger:
    """A file of things to undo, the last first."""

    def __init__(self, path: Path):
        self.path = path

    def add(self, kind: str, *values) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps([kind, *map(str, values)]) + "\n")

    def process(self, pid: int) -> None:
        self.add("process", pid, _start_time(pid))

    def init(self, pid: int) -> None:
        """The first process of a PID namespace: the kernel ends all others with it."""
        self.add("init", pid, _start_time(pid))

    def undo(self) -> None:
        """Undo all of it. What is gone already is fine."""
        if not self.path.exists():
            return
        entries = [json.loads(line) for line in self.path.read_text().splitlines()]
        for kind, *values in reversed(entries):
            if kind == "process":
                _end(int(values[0]), values[1], (signal.SIGTERM, signal.SIGKILL))
            elif kind == "init":
                # To systemd, SIGTERM means to start over.
                _end(int(values[0]), values[1], (signal.SIGKILL,))
            elif kind == "mount":
                run("umount", "-l", values[0], check=False)
            elif kind == "cgroup":
                cgroup.end(Path(values[0]))
            elif kind == "namespace":
                run("ip", "netns", "delete", values[0], check=False)
            elif kind == "folder":
                shutil.rmtree(values[0], ignore_errors=True)


def _start_time(pid: int) -> str:
    """When a process began, which tells it from a later one of the same number."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except OSError:
        return ""


def children(pid: int) -> list[int]:
    """The processes that a process has started and not yet waited for."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _end(pid: int, started: str, signals: tuple[signal.Signals, ...]) -> None:
    for number in signals:
        if not started or _start_time(pid) != started:
            return
        # A killed systemd-nspawn leaves its machine running.
        orphans = children(pid) if number == signal.SIGKILL else []
        for process in [*orphans, pid]:
            try:
                os.kill(process, number)
            except ProcessLookupError:
                pass
        for _ in range(40):
            try:
                # A child of ours stays as a zombie until it is waited for.
                if os.waitpid(pid, os.WNOHANG)[0] == pid:
                    return
            except ChildProcessError:
                if _start_time(pid) != started:
                    return
            time.sleep(0.05)

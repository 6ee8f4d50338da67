"""What a lab has made on this machine, written down as it is made, so that it can be undone after any end."""

import json
import os
import signal
import shutil
import time
from pathlib import Path

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

    def undo(self) -> None:
        """Undo all of it. What is gone already is fine."""
        if not self.path.exists():
            return
        entries = [json.loads(line) for line in self.path.read_text().splitlines()]
        for kind, *values in reversed(entries):
            if kind == "process":
                _end(int(values[0]), values[1])
            elif kind == "mount":
                run("umount", "-l", values[0], check=False)
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


def _end(pid: int, started: str) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not started or _start_time(pid) != started:
            return
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        for _ in range(40):
            try:
                # A child of ours stays as a zombie until it is waited for.
                if os.waitpid(pid, os.WNOHANG)[0] == pid:
                    return
            except ChildProcessError:
                if _start_time(pid) != started:
                    return
            time.sleep(0.05)

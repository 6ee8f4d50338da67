"""Events as lines of JSON in a file: one program writes them, others read."""

import json
import time
from pathlib import Path


def append(path: Path, /, **entry) -> None:
    """Write one down, with its time. It is one write, so that those of two threads do not mix."""
    line = json.dumps({"time": time.time(), **entry}) + "\n"
    with path.open("ab", buffering=0) as file:
        file.write(line.encode())


def read(path: Path) -> list[dict]:
    """All so far. A line without an end is still being written."""
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


class Following:
    """The same of a file that is read over and over: what was read before is kept."""

    def __init__(self, path: Path):
        self.path = path
        self.entries: list[dict] = []
        self.position = 0

    def read(self) -> list[dict]:
        """All so far."""
        if self.path.exists():
            with self.path.open("rb") as file:
                file.seek(self.position)
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    self.entries.append(json.loads(line))
                    self.position += len(line)
        return list(self.entries)

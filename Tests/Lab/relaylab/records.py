"""What happened, as lines of JSON in a file: one program writes them, others read."""

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

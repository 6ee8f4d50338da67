"""Where the lab keeps things. All of it is under .build/, and none of it in git."""

import fcntl
import hashlib
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
SOURCES = Path(__file__).resolve().parent
CACHE = REPOSITORY / ".build" / "lab"


def key(*parts: str | bytes) -> str:
    """A name for what is made of these parts: other parts, another name."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part if isinstance(part, bytes) else part.encode())
        digest.update(b"\0")
    return digest.hexdigest()[:16]


@contextmanager
def making(thing: Path):
    """Have one lab make a thing of the cache, while others that need it as well wait. Says whether it is not there."""
    thing.parent.mkdir(parents=True, exist_ok=True)
    with thing.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield not thing.exists()

"""Where the lab keeps things. All of it is under .build/, and none of it in git."""

import hashlib
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

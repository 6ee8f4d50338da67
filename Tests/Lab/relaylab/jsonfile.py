"""A JSON file that others read at any time: they see the old one or the new one, never a part."""

import json
import secrets
from pathlib import Path


def write(path: Path, value) -> None:
    """Put a value in the place of what the file held."""
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    temporary.write_text(json.dumps(value))
    temporary.rename(path)


def read(path: Path):
    return json.loads(path.read_text())

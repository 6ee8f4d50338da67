"""Asks a relay for its health ten times a second, and writes down each answer.

Run as a program in the namespace of a host of the VPC, with the relay's address and the file to write to.
"""

import socket
import sys
import time
from pathlib import Path

from . import records

PERIOD = 0.1


def ask(address: str) -> int:
    """The status of the answer at port 80; 0 where there is none within a load balancer's patience."""
    try:
        with socket.create_connection((address, 80), 1.5) as connection:
            connection.settimeout(1.5)
            connection.sendall(b"GET /health HTTP/1.0\r\nHost: health\r\n\r\n")
            line = connection.recv(100)
            return int(line.split()[1]) if line.startswith(b"HTTP/1.") else 0
    except (OSError, IndexError, ValueError):
        return 0


def watch(address: str, path: Path) -> None:
    while True:
        asked = time.time()
        records.append(path, asked=asked, code=ask(address))
        time.sleep(max(0.0, asked + PERIOD - time.time()))


if __name__ == "__main__":
    watch(sys.argv[1], Path(sys.argv[2]))

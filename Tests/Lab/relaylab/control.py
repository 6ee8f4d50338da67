"""Asking a running program of the lab, over its control socket."""

import socket
from pathlib import Path


def ask(path: Path, line: str) -> str:
    """Send a line, and give all that comes back until the program closes the connection."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(str(path))
        client.sendall(line.encode() + b"\n")
        answer = b""
        while chunk := client.recv(65536):
            answer += chunk
        return answer.decode()

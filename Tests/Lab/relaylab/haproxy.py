"""HAProxy as the classic load balancer: TCP pass-through, health checked over HTTP on port 80."""

import csv
import io
import socket
from pathlib import Path

from . import network

_SLOTS = range(10, 18)


def configuration(folder: Path) -> str:
    """A slot for each instance that may register; none serves until it does."""
    servers = "\n".join(f"    server r{slot} 10.0.1.{slot}:{{port}} check port 80 disabled" for slot in _SLOTS)
    sections = "\n".join(
        f"""
listen {name}
    bind {network.LOAD_BALANCER}:{port}
    balance roundrobin
{servers.format(port=port)}"""
        for name, port in (("smtp", 25), ("submission", 587))
    )
    return f"""
global
    stats socket {folder}/haproxy.sock level admin
defaults
    mode tcp
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    option httpchk GET /health
    default-server inter 1s rise 2 fall 2
{sections}
"""


def states(path: Path) -> dict[str, str]:
    """UP or DOWN for each registered address."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        client.connect(str(path))
        client.sendall(b"show stat\n")
        answer = b""
        while chunk := client.recv(65536):
            answer += chunk
    rows = csv.DictReader(io.StringIO(answer.decode().removeprefix("# ")))
    return {
        f"10.0.1.{row['svname'][1:]}": row["status"].split()[0]
        for row in rows
        if row["pxname"] == "smtp" and row["svname"].startswith("r") and not row["status"].startswith("MAINT")
    }

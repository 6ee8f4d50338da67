"""HAProxy as the load balancers: TCP pass-through, health checked over HTTP on port 80."""

import csv
import io
from pathlib import Path

from . import network
from .control import ask

# A listener each: its section's name, the address and the port.
_LISTENERS = (
    ("smtp", network.LOAD_BALANCER, 25),
    ("submission", network.LOAD_BALANCER, 587),
    ("relay-25", network.NETWORK_LOAD_BALANCER, 25),
    ("relay-587-ip", network.NETWORK_LOAD_BALANCER, 587),
)
_SLOTS = range(10, 18)


def configuration(folder: Path) -> str:
    """A slot for each instance that may register; none serves until it does."""
    return f"""
global
    stats socket {_socket(folder)} level admin
defaults
    mode tcp
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    option httpchk GET /health
    default-server inter 1s rise 2 fall 2
{"".join(_section(*listener) for listener in _LISTENERS)}
"""


def _section(name: str, address: str, port: int) -> str:
    servers = "\n".join(f"    server r{slot} 10.0.1.{slot}:{port} check port 80 disabled" for slot in _SLOTS)
    return f"""
listen {name}
    bind {address}:{port}
    source {address}
    balance roundrobin
{servers}
"""


def has_slot(address: str) -> bool:
    """Whether HAProxy can send to an address at all."""
    return address in (f"10.0.1.{slot}" for slot in _SLOTS)


def admit(folder: Path, section: str, address: str) -> None:
    """Have an address serve in a section as soon as its checks succeed."""
    server = f"{section}/r{address.rsplit('.', 1)[1]}"
    ask(_socket(folder), f"set server {server} state ready")
    ask(_socket(folder), f"set server {server} health down")


def withdraw(folder: Path, section: str, address: str) -> None:
    """Send no more connections of a section to an address."""
    ask(_socket(folder), f"set server {section}/r{address.rsplit('.', 1)[1]} state maint")


def statistics(folder: Path) -> dict[str, dict[str, dict[str, str]]]:
    """HAProxy's row of statistics for each section and address."""
    found: dict[str, dict[str, dict[str, str]]] = {name: {} for name, *_ in _LISTENERS}
    for row in csv.DictReader(io.StringIO(ask(_socket(folder), "show stat").removeprefix("# "))):
        if row["svname"].startswith("r"):
            found[row["pxname"]][f"10.0.1.{row['svname'][1:]}"] = row
    return found


def states(folder: Path, section: str = "smtp") -> dict[str, str]:
    """UP or DOWN for each address that a section sends to."""
    rows = statistics(folder)[section].items()
    return {address: row["status"].split()[0] for address, row in rows if not row["status"].startswith("MAINT")}


def connections(folder: Path, address: str, port: int = 25) -> int:
    """How many connections were sent to an address's port so far; checks are none."""
    found = statistics(folder)
    return sum(int(found[name][address]["stot"]) for name, _, listens in _LISTENERS if listens == port)


def _socket(folder: Path) -> Path:
    return folder / "haproxy.sock"

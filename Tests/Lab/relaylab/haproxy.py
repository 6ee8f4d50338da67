"""HAProxy as the load balancers: TCP pass-through, health checked over HTTP on port 80."""

import csv
import io
from pathlib import Path

from . import network
from .control import ask

# The options of a server that is sent the PROXY protocol: checks of a classic load balancer have no header, those of a
# target group do.
_CLASSIC = "send-proxy"
_GROUP = "send-proxy-v2 check-send-proxy"
# A listener each: its section's name, the address, the port, and how it speaks the PROXY protocol.
_LISTENERS = (
    ("smtp", network.LOAD_BALANCER, 25, _CLASSIC),
    ("submission", network.LOAD_BALANCER, 587, _CLASSIC),
    ("relay-25", network.NETWORK_LOAD_BALANCER, 25, _GROUP),
    ("relay-587-ip", network.NETWORK_LOAD_BALANCER, 587, _GROUP),
)
_SLOTS = range(10, 18)


def configuration(folder: Path) -> str:
    """A slot for each instance that may register; none serves until it does.

    A node is out after two seconds of failed checks. AWS's load balancers need five at least, which would make the tests long.
    """
    return f"""
global
    stats socket {_socket(folder)} level admin
defaults
    mode tcp
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    option httpchk GET /health
    default-server inter 1s rise 2 fall 3
{"".join(_section(*listener) for listener in _LISTENERS)}
"""


def _section(name: str, address: str, port: int, proxy: str) -> str:
    """Each slot has two servers, since whether one is sent the PROXY protocol can't change while HAProxy runs."""
    servers = "\n".join(
        f"    server {kind}{slot} 10.0.1.{slot}:{port} check port 80 disabled {options}"
        for slot in _SLOTS for kind, options in (("r", ""), ("p", proxy)))
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


def admit(folder: Path, section: str, address: str, proxied: bool = False, check_port: int = 80,
          anew: bool = True) -> None:
    """Have an address serve in a section, with or without the PROXY protocol: as soon as its checks succeed, or, where it
    served there before, until they fail."""
    withdraw(folder, section, address)
    server = _server(section, address, proxied)
    ask(_socket(folder), f"set server {server} check-port {check_port}")
    ask(_socket(folder), f"set server {server} state ready")
    ask(_socket(folder), f"set server {server} health {'down' if anew else 'up'}")


def withdraw(folder: Path, section: str, address: str) -> None:
    """Send no more connections of a section to an address."""
    for proxied in (False, True):
        ask(_socket(folder), f"set server {_server(section, address, proxied)} state maint")


def hold_checks(folder: Path, section: str, address: str, proxied: bool = False) -> None:
    """Have a section's checks of an address see nothing from now on, so that it goes on sending there."""
    ask(_socket(folder), f"disable health {_server(section, address, proxied)}")


def resume_checks(folder: Path, section: str, address: str, proxied: bool = False) -> None:
    """Have them see again."""
    ask(_socket(folder), f"enable health {_server(section, address, proxied)}")


def _server(section: str, address: str, proxied: bool) -> str:
    return f"{section}/{'p' if proxied else 'r'}{address.rsplit('.', 1)[1]}"


def statistics(folder: Path) -> dict[str, dict[str, dict[str, str]]]:
    """HAProxy's row of statistics for each section and address: of its two servers the one that may serve."""
    found: dict[str, dict[str, dict[str, str]]] = {name: {} for name, *_ in _LISTENERS}
    for section, address, row in _rows(folder):
        if address not in found[section] or not row["status"].startswith("MAINT"):
            # A server whose checks are held is sent to.
            found[section][address] = {**row, "status": "UP"} if row["status"] == "no check" else row
    return found


def _rows(folder: Path):
    for row in csv.DictReader(io.StringIO(ask(_socket(folder), "show stat").removeprefix("# "))):
        if row["svname"][1:].isdigit():
            yield row["pxname"], f"10.0.1.{row['svname'][1:]}", row


def states(folder: Path, section: str = "smtp") -> dict[str, str]:
    """UP or DOWN for each address that a section sends to."""
    rows = statistics(folder)[section].items()
    return {address: row["status"].split()[0] for address, row in rows if not row["status"].startswith("MAINT")}


def connections(folder: Path, address: str, port: int = 25) -> int:
    """The number of connections to an address's port so far, without checks."""
    sections = [name for name, _, listens, _ in _LISTENERS if listens == port]
    return sum(int(row["stot"]) for section, to, row in _rows(folder) if to == address and section in sections)


def _socket(folder: Path) -> Path:
    return folder / "haproxy.sock"

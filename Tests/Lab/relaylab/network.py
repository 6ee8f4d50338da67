"""The VPC and the world outside, in network namespaces. Nothing in them has a way to the real internet."""

from .ledger import Ledger
from .shell import run

VPC = "10.0.0.0/16"
SUBNET = "10.0.1.0/24"
GATEWAY = "10.0.0.1"
RESOLVER = "10.0.0.2"
REPOSITORY = "10.0.0.4"
API = "10.0.0.5"
ARTIFACTS = "10.0.0.6"
MAILBOX = "10.0.0.7"
LOAD_BALANCER = "10.0.0.25"
NETWORK_LOAD_BALANCER = "10.0.0.26"
SENDER = "10.0.2.20"
OFFICE = "10.0.2.30"
METADATA = "169.254.169.254"
OUTSIDE_GATEWAY = "198.51.100.1"
SINK = "198.51.100.10"
OUTSIDER = "198.51.100.66"
_BRIDGES = {"br-vpc": "02:00:00:00:00:01", "br-out": "02:00:00:00:00:02"}


class Network:
    """Bridges in a namespace of their own, and a namespace a host."""

    def __init__(self, lab: str, ledger: Ledger):
        self.lab = lab
        self.ledger = ledger
        self.router = self._namespace("vpc")
        for bridge, address in (("br-vpc", f"{GATEWAY}/16"), ("br-out", f"{OUTSIDE_GATEWAY}/24")):
            # A bridge without an address of its own takes its lowest port's, so a new machine can change it. The others then
            # send to the old one for half a minute: no DNS, no AWS.
            self._in(self.router, "link", "add", bridge, "address", _BRIDGES[bridge], "type", "bridge")
            self._in(self.router, "link", "set", bridge, "up")
            self._in(self.router, "addr", "add", address, "dev", bridge)
        for address in (RESOLVER, REPOSITORY, API, ARTIFACTS, MAILBOX):
            self._in(self.router, "addr", "add", f"{address}/16", "dev", "br-vpc")
        self._in(self.router, "addr", "add", f"{METADATA}/32", "dev", "br-vpc")
        run("ip", "netns", "exec", self.router, "sysctl", "-qw", "net.ipv4.ip_forward=1")

    def host(self, name: str, address: str, mac: str | None = None, outside: bool = False) -> str:
        """Join a host to the VPC, or to the world outside. Returns its namespace."""
        namespace = self._namespace(name)
        bridge, gateway, length = ("br-out", OUTSIDE_GATEWAY, 24) if outside else ("br-vpc", GATEWAY, 16)
        port = f"p-{name}"
        self._in(self.router, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", namespace)
        self._in(self.router, "link", "set", port, "master", bridge, "up")
        if mac:
            self._in(namespace, "link", "set", "eth0", "address", mac)
        self._in(namespace, "addr", "add", f"{address}/{length}", "dev", "eth0")
        self._in(namespace, "link", "set", "eth0", "up")
        self._in(namespace, "route", "add", "default", "via", gateway)
        if not outside:
            self._in(namespace, "route", "add", f"{METADATA}/32", "dev", "eth0")
        return namespace

    def without_metadata(self, namespace: str) -> None:
        """Have a host be none of EC2's: whoever asks for metadata there is told that no way leads to it."""
        self._in(namespace, "route", "replace", "unreachable", f"{METADATA}/32")

    def address(self, namespace: str, address: str) -> None:
        """Give a host of the VPC another address."""
        self._in(namespace, "addr", "add", f"{address}/16", "dev", "eth0")

    def move(self, namespace: str, old: str, new: str) -> None:
        """Give a host of the VPC another address in place of the one that it has."""
        self._in(namespace, "addr", "del", f"{old}/16", "dev", "eth0")
        self.address(namespace, new)
        self._in(namespace, "route", "replace", "default", "via", GATEWAY)
        self._in(namespace, "route", "replace", f"{METADATA}/32", "dev", "eth0")

    def _namespace(self, name: str) -> str:
        namespace = f"{self.lab}-{name}"
        self.ledger.add("namespace", namespace)
        run("ip", "netns", "add", namespace)
        self._in(namespace, "link", "set", "lo", "up")
        return namespace

    @staticmethod
    def _in(namespace: str, *arguments: str) -> None:
        run("ip", "-n", namespace, *arguments)

"""A name server whose records a test changes. It asks the VPC's own for all other names."""

import base64
import ipaddress
import os
import select
import shlex
import signal
from dataclasses import dataclass

from . import network
from .lab import Lab
from .machine import Machine
from .shell import run, uninterrupted

ADDRESS = "10.0.0.8"
# No host has it.
_NOBODY = "10.0.0.99"
_NUMBERS = {"A": 1, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28}


@dataclass(frozen=True)
class Record:
    """A line of a zone file: 'example.org. 3600 IN TXT "text"'."""
    name: str
    kind: str
    data: str

    @staticmethod
    def of(line: str) -> "Record":
        name, _, _, kind, data = line.split(" ", 4)
        assert name.endswith("."), line
        return Record(name[:-1], kind, data)

    @property
    def text(self) -> str:
        """The text of a TXT record, its strings joined."""
        return "".join(shlex.split(self.data))

    def option(self) -> str:
        """The record for dnsmasq, byte by byte."""
        return f"--dns-rr={self.name},{_NUMBERS[self.kind]},{self._bytes().hex()}"

    def _bytes(self) -> bytes:
        if self.kind == "TXT":
            strings = [string.encode() for string in shlex.split(self.data)]
            assert all(len(string) <= 255 for string in strings), self
            return b"".join(bytes([len(string)]) + string for string in strings)
        if self.kind == "MX":
            preference, host = self.data.split()
            return int(preference).to_bytes(2, "big") + _name(host)
        return _name(self.data) if self.kind == "PTR" else ipaddress.ip_address(self.data).packed


def _name(text: str) -> bytes:
    labels = [label.encode() for label in text.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


class Zone:
    """The server, in the VPC's own namespace."""

    def __init__(self, lab: Lab):
        self.lab = lab
        self.process = 0
        self.records: list[Record] = []
        self.silent: list[str] = []
        self.questions = lab.folder / "zone.log"
        run("ip", "-n", lab.network.router, "addr", "add", f"{ADDRESS}/16", "dev", "br-vpc")

    def serve(self, relay: Machine) -> None:
        """Have a machine ask this server, also before it boots."""
        (relay.root / "etc/resolv.conf").write_text(f"nameserver {ADDRESS}\n")

    def set(self, lines: list[str]) -> None:
        """Have these records, and no others."""
        self.records = [Record.of(line) for line in lines]
        self._restart()

    def silence(self, *domains: str) -> None:
        """Have no answer about names below these domains, and answers about all others."""
        self.silent = list(domains)
        self._restart()

    def remove(self, name: str, kind: str, start: str = "") -> None:
        """Take records away; of TXT records those whose text starts so."""
        self.records = [record for record in self.records
                        if (record.name, record.kind) != (name, kind) or not (kind != "TXT" or record.text.startswith(start))]
        self._restart()

    def add(self, *lines: str) -> None:
        self.records += [Record.of(line) for line in lines]
        self._restart()

    def _is_silent(self, name: str) -> bool:
        return any(name.endswith(f".{domain}") for domain in self.silent)

    def _stop(self) -> None:
        """Its port is free only when the process is gone."""
        handle = os.pidfd_open(self.process)
        try:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            assert select.select([handle], [], [], 20)[0], "the name server does not end"
        finally:
            os.close(handle)

    def _restart(self) -> None:
        if self.process:
            self._stop()
        self.questions.write_text("")
        pid_file = self.lab.folder / "zone.pid"
        # It answers as soon as the command ends.
        with uninterrupted():
            run("ip", "netns", "exec", self.lab.network.router, "dnsmasq", "--user=root", "--conf-file=/dev/null",
                f"--pid-file={pid_file}", "--no-hosts", "--no-resolv", f"--listen-address={ADDRESS}", "--bind-interfaces",
                f"--server={network.RESOLVER}", "--cache-size=0", "--log-queries", f"--log-facility={self.questions}",
                *[f"--server=/{domain}/{_NOBODY}" for domain in self.silent],
                *[record.option() for record in self.records if not self._is_silent(record.name)])
            self.process = int(pid_file.read_text())
            self.lab.ledger.process(self.process)


def text_line(name: str, text: str) -> str:
    """A line of a TXT record."""
    strings = " ".join(f'"{text[start:start + 255]}"' for start in range(0, len(text), 255))
    return f"{name}. 3600 IN TXT {strings}"


def key_line(name: str, bits: int, tags: str = "") -> str:
    """A line of a DKIM key's record, of a key made for it."""
    private = run("openssl", "genrsa", str(bits), stderr=-3).stdout
    public = run("openssl", "rsa", "-pubout", "-outform", "PEM", input=private, stderr=-3).stdout
    der = "".join(public.splitlines()[1:-1])
    assert base64.b64decode(der)
    return text_line(name, f"v=DKIM1; {tags}k=rsa; p={der}")

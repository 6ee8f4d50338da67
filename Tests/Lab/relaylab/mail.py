"""A test's acts with mail in a lab."""

import json
import secrets
import subprocess
import sys

from . import jsonfile, network, paths, records
from .control import ask
from .machine import Relay
from .shell import die_with_parent, output, start, uninterrupted
from .submit import numbered
from .traffic import Traffic


class Mail:
    """The part of a Lab that sends, and looks at what arrives outside."""

    def send(self, count: int, prefix: str = "mail", recipient: str = "someone@example.net") -> list[str]:
        """Send mails from the application host. Returns their subjects."""
        return send(self.application, count, prefix, recipient)

    def send_in_background(self, count: int, seconds: float, recipient: str = "someone@example.net") -> Traffic:
        """Have the application host send mails, evenly over a time, while a test goes on."""
        return self._in_background("127.0.0.1", count, seconds, recipient)

    def _in_background(self, server: str, count: int, seconds: float, recipient: str) -> Traffic:
        stem = _stem("background")
        command = _submission(self.application, server, stem, count, recipient, seconds=seconds)
        with uninterrupted():
            process = start(*command, cwd=paths.SOURCES.parent, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, prepare=die_with_parent)
            self.ledger.process(process.pid)
        return Traffic(process, numbered(stem, count), seconds)

    def submit(self, relay: Relay, count: int, recipient: str = "someone@example.net", port: int = 25) -> list[str]:
        """Submit mails from the application host straight to one relay, which has them queued then. Their subjects."""
        return _submit(self.application, relay.address, _stem(f"by {relay.name}"), count, recipient, port)

    def submit_bytes(self, relay: Relay, messages: dict[str, bytes], sender: str = "joe@example.com") -> None:
        """Submit messages byte by byte from the application host straight to a relay, by their recipients."""
        script = (
            "import json,smtplib,sys\n"
            f"with smtplib.SMTP({relay.address!r}, 25, 'app.example.com', timeout=20) as client:\n"
            "    for recipient, text in json.load(sys.stdin).items():\n"
            f"        client.sendmail({sender!r}, [recipient], text.encode('latin-1'), ['BODY=8BITMIME', 'SMTPUTF8'])\n"
        )
        texts = {recipient: message.decode("latin-1") for recipient, message in messages.items()}
        output("ip", "netns", "exec", self.application, sys.executable, "-c", script, input=json.dumps(texts))

    def submit_large(self, relay: Relay, size: int, recipient: str = "someone@example.net", proxied: bool = False) -> str:
        """Submit one mail of at least so many bytes straight to a relay. Its subject."""
        stem = _stem(f"large by {relay.name}")
        return _submit(self.application, relay.address, stem, 1, recipient, size=size, proxied=proxied)[0]

    def submit_at_once(self, relay: Relay, count: int, recipient: str = "someone@example.net",
                       proxied: bool = False) -> list[str]:
        """Submit many mails straight to a relay, by one connection, with the PROXY protocol's header or not. Their subjects."""
        stem = _stem(f"many by {relay.name}")
        return _submit(self.application, relay.address, stem, count, recipient, at_once=True, proxied=proxied)

    def submit_by_network(self, count: int, port: int = 25, recipient: str = "someone@example.net") -> list[str]:
        """Submit mails from the application host through the network load balancer. Their subjects."""
        return self.submit_by(network.NETWORK_LOAD_BALANCER, count, port, recipient)

    def submit_by(self, server: str, count: int, port: int = 25, recipient: str = "someone@example.net") -> list[str]:
        """The same through the load balancer at an address."""
        return _submit(self.application, server, _stem(f"by port {port}"), count, recipient, port)

    def submit_by_network_in_background(self, count: int, seconds: float,
                                        recipient: str = "someone@example.net") -> Traffic:
        """The same, evenly over a time, while a test goes on."""
        return self._in_background(network.NETWORK_LOAD_BALANCER, count, seconds, recipient)

    def mails(self) -> list[dict]:
        """The mails that have arrived outside."""
        return self.arrived.read()

    def wait_for_mails(self, subjects: list[str], seconds: float = 60) -> list[dict]:
        wanted = set(subjects)
        self._wait(lambda: wanted <= {mail["subject"] for mail in self.mails()}, seconds, f"{len(wanted)} mails")
        return [mail for mail in self.mails() if mail["subject"] in wanted]

    def sink_down(self) -> None:
        """Have the mail server outside refuse connections from now on. What it has kept stays."""
        ask(self.folder / "sink.sock", "down")

    def sink_up(self) -> None:
        """Have it accept mail again."""
        ask(self.folder / "sink.sock", "up")

    def sink_manner(self, tls: bool = True, seconds: float = 0) -> None:
        """Have it know TLS or not, and take so long for each message."""
        jsonfile.write(self.folder / "sink.json", {"tls": tls, "seconds": seconds})

    def smarthost_password(self, user: str, password: str) -> None:
        """Have the smarthost know this user alone from now on."""
        jsonfile.write(self.folder / "smarthost.json", {"user": user, "password": password})

    def try_relay(self, address: str, recipient: str = "victim@example.net", port: int = 25,
                  inside: bool = False, neighbour: bool = False) -> str:
        """Have a host outside try to relay by an address, or the application host, or the VPC's router, which has another
        address of the VPC's. Returns the answer to RCPT TO."""
        script = (
            "import smtplib,sys\n"
            f"client = smtplib.SMTP({address!r}, {port}, 'outsider.example.org', timeout=20)\n"
            "client.ehlo(); client.mail('a@example.org')\n"
            f"code, text = client.rcpt({recipient!r})\n"
            "print(code, text.decode()); client.quit()\n"
        )
        namespace = self.network.router if neighbour else self.application if inside else self.outsider
        return output("ip", "netns", "exec", namespace, sys.executable, "-c", script, timeout=60).strip()


def send(namespace: str, count: int, prefix: str, recipient: str) -> list[str]:
    """Submit mails to the Postfix of the host in a namespace. Returns their subjects."""
    return _submit(namespace, "127.0.0.1", _stem(prefix), count, recipient)


def _submit(namespace: str, server: str, stem: str, count: int, recipient: str, port: int = 25, **how) -> list[str]:
    output(*_submission(namespace, server, stem, count, recipient, port, **how), cwd=paths.SOURCES.parent, timeout=60 + count)
    return numbered(stem, count)


def _stem(prefix: str) -> str:
    """The beginning of the subjects of these mails, and of no others."""
    return f"{prefix} {secrets.token_hex(3)}"


def _submission(namespace: str, server: str, stem: str, count: int, recipient: str, port: int = 25,
                seconds: float = 0, size: int = 0, at_once: bool = False, proxied: bool = False) -> list[str]:
    """The command line that submits."""
    order = {"server": server, "port": port, "stem": stem, "count": count, "recipient": recipient, "seconds": seconds,
             "size": size, "at_once": at_once, "proxied": proxied}
    return ["ip", "netns", "exec", namespace, sys.executable, "-m", "relaylab.submit", json.dumps(order)]

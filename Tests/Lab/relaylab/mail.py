"""What a test does with mail in a lab."""

import json
import secrets
import sys

from . import paths, records
from .control import ask
from .shell import output


class Mail:
    """The part of a Lab that sends, and looks at what arrives outside."""

    def send(self, count: int, prefix: str = "mail", recipient: str = "someone@example.net") -> list[str]:
        """Send mails from the application host. Returns their subjects."""
        return send(self.application, count, prefix, recipient)

    def mails(self) -> list[dict]:
        """What has arrived outside."""
        return records.read(self.folder / "mails.jsonl")

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

    def try_relay(self, address: str) -> str:
        """Have a host outside try to relay by an address. Returns the answer to RCPT TO."""
        script = (
            "import smtplib,sys\n"
            f"client = smtplib.SMTP({address!r}, 25, 'outsider.example.org', timeout=20)\n"
            "client.ehlo(); client.mail('a@example.org')\n"
            "code, text = client.rcpt('victim@example.net')\n"
            "print(code, text.decode()); client.quit()\n"
        )
        return output("ip", "netns", "exec", self.outsider, sys.executable, "-c", script, timeout=60).strip()


def send(namespace: str, count: int, prefix: str, recipient: str) -> list[str]:
    """Submit mails to the Postfix of the host in a namespace. Returns their subjects."""
    subjects = _subjects(prefix, count)
    output(*_submission(namespace, "127.0.0.1", subjects, recipient), cwd=paths.SOURCES.parent, timeout=60 + count)
    return subjects


def _subjects(prefix: str, count: int) -> list[str]:
    """Subjects that no other mail has."""
    run_id = secrets.token_hex(3)
    return [f"{prefix} {run_id}-{number}" for number in range(1, count + 1)]


def _submission(namespace: str, server: str, subjects: list[str], recipient: str, seconds: float = 0) -> list[str]:
    """The command line that submits."""
    order = {"server": server, "subjects": subjects, "recipient": recipient, "seconds": seconds}
    return ["ip", "netns", "exec", namespace, sys.executable, "-m", "relaylab.submit", json.dumps(order)]

"""Other implementations of what receivers do, which judge the mail that arrives outside."""

import json
import re
import shlex
import sys

import dkim

from . import paths, zone
from .lab import Lab
from .shell import run


def printed_records(text: str) -> dict[str, str]:
    """The TXT records that the agent's 'dkim' prints, by their names."""
    found = dict(re.findall(r"^Name:\n(\S+)\n\nValue:\n(.+)$", text, re.M))
    for strings in re.findall(r"^Value for Route 53.*:\n(.+)$", text, re.M):
        parts = re.findall(r'"([^"]*)"', strings)
        assert "".join(parts) in found.values() and all(len(part) <= 255 for part in parts), text
    return found


def signatures(whole: str) -> list[str]:
    """The selectors of a message's signatures, from the top."""
    return re.findall(r"^DKIM-Signature:(?:.|\r?\n[ \t])*?[; \t\n]s=([^;]+);", whole, re.M)


def dkimpy(whole: str, records: dict[str, str]) -> list[bool]:
    """Whether each signature of a message, whose bytes are characters here, verifies for dkimpy."""
    verifier = dkim.DKIM(whole.encode("latin-1"))

    def text(name, **_):
        return records[name.decode().rstrip(".")].encode()

    def verifies(index: int) -> bool:
        try:
            return verifier.verify(index, dnsfunc=text)
        except dkim.DKIMException:
            return False

    return [verifies(index) for index in range(len(signatures(whole)))]


class Judges:
    """Programs in a host whose name server is the lab's zone."""

    def __init__(self, lab: Lab):
        self.namespace = lab.application
        self.resolver = lab.folder / "judge-resolv.conf"
        self.resolver.write_text(f"nameserver {zone.ADDRESS}\n")

    def opendkim(self, whole: str) -> str:
        """What opendkim-testmsg says against a message, whose bytes are characters here; nothing where it verifies."""
        judged = self._run(whole, "opendkim-testmsg")
        return judged.stdout.strip() or ("" if judged.returncode == 0 else f"exit status {judged.returncode}")

    def receiver(self, mail: dict, client: str = "", whole: str = "") -> dict[str, bool]:
        """Whether a mail that has arrived passes SPF, DKIM and DMARC, as it is or with something else in its place."""
        envelope = {"client": client or mail["client"], "helo": mail["helo"], "sender": mail["from"]}
        command = (sys.executable, "-m", "relaylab.receiver", json.dumps(envelope))
        judged = self._run(whole or mail["whole"], *command)
        assert judged.returncode == 0, judged.stdout
        return json.loads(judged.stdout.splitlines()[-1])

    def _run(self, whole: str, *command: str):
        script = f"mount --bind {shlex.quote(str(self.resolver))} /etc/resolv.conf && exec {shlex.join(command)}"
        return run("ip", "netns", "exec", self.namespace, "unshare", "--mount", "sh", "-c", script, input=whole,
                   encoding="latin-1", check=False, cwd=paths.SOURCES.parent)

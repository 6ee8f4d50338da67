"""The messages that a relay takes and delivers in a second, with and without the signer, in one run."""

import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from . import user_data
from .lab import Lab
from .machine import Relay

_CONFIG = "/etc/smtp-relay-agent/config.toml"
_KEY = "/etc/smtp-relay-agent/throughput.pem"
_SIGNING = f'\n[[mail.dkim]]\ndomain = "example.com"\nselector = "throughput"\nkey_file = "{_KEY}"\n'
# As many connections as a few busy application hosts have, and the size of a usual message.
_SESSIONS, _SIZE = 10, 5_000


@dataclass
class Run:
    """Messages in a second: as Postfix accepts them, and as they arrive outside."""

    accepted: float
    delivered: float


class Bench:
    """A relay that signs or not, and a host that sends with smtp-source."""

    def __init__(self, lab: Lab, relay: Relay):
        self.lab, self.relay = lab, relay
        relay.agent("dkim", "generate", "--domain", "example.com", "--selector", "throughput", "--file", _KEY, check=True)
        self.settings = relay.shell(f"cat {_CONFIG}")

    def set(self, signs: bool) -> None:
        self.relay.write(_CONFIG, self.settings + (_SIGNING if signs else ""))
        self.relay.agent("reconcile", check=True)

    def run(self, messages: int, signs: bool) -> Run:
        before = len(self.lab.mails())
        began = time.monotonic()
        self.lab.sender.exec("smtp-source", "-s", str(min(_SESSIONS, messages)), "-m", str(messages), "-l", str(_SIZE), "-f",
                             "app@example.com", "-t", "someone@example.net", f"{self.relay.address}:25", timeout=60 + messages)
        accepted = time.monotonic() - began
        self.lab._wait(lambda: len(self.lab.mails()) - before >= messages, 60 + messages, f"{messages} messages")
        delivered = time.monotonic() - began
        assert all((mail["whole"] is not None) == signs for mail in self.lab.mails()[before:])
        return Run(messages / accepted, messages / delivered)


def measure(binary: Path, say, rounds: int, messages: int) -> None:
    """Print medians, and the ratio of those with the signer to those without it."""
    with Lab(binary) as lab:
        relay = lab.add_relay(user_data.shell_script(lab.sha256, "[reconcile]\nresident = false"))
        lab.add_sender()
        relay.wait_for_cloud_init()
        bench = Bench(lab, relay)
        runs: dict[bool, list[Run]] = {False: [], True: []}
        for number in range(rounds):
            # The two take turns at the first place, so that what slows the machine down meanwhile slows down both.
            for signs in (False, True) if number % 2 == 0 else (True, False):
                bench.set(signs)
                runs[signs].append(bench.run(messages, signs))
    medians = {signs: Run(statistics.median(run.accepted for run in found), statistics.median(run.delivered for run in found))
               for signs, found in runs.items()}
    for signs, name in ((False, "without the signer"), (True, "with the signer")):
        say(f"throughput {name}: median {medians[signs].accepted:.0f} messages/s accepted, {medians[signs].delivered:.0f} messages/s "
            f"delivered, of {rounds} runs of {messages}")
    ratio = medians[True].accepted / medians[False].accepted, medians[True].delivered / medians[False].delivered
    say(f"throughput with the signer, as a part of that without it: {ratio[0]:.2f} accepted, {ratio[1]:.2f} delivered")

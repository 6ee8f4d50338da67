"""Two relays, of which one leaves while it has mail: what they are sent, what arrives, and their return into service.

All mail is counted at its receiver's server and in both queues: each message is somewhere, and once.
"""

import json
import secrets
import subprocess
import sys
import threading
import time

import pytest

from departure_places import PLACES, LoadBalancers
from relaylab import user_data
from relaylab.client import Client
from relaylab.lab import Lab

AGENT = "/usr/local/bin/smtp-relay-agent"
CONFIG = "/etc/smtp-relay-agent/config.toml"
TARGET = "autoscaling/target-lifecycle-state"
SPOT = "spot/instance-action"
REBALANCE = "events/recommendations/rebalance"
TERMINATION = "relay-terminating"
# Long enough for a health check, a hand-over, and for another relay that comes late; and short enough for many cases.
TIMEOUT = 50.0
SETTINGS = (f'[auto_scaling]\ntermination_hook = "{TERMINATION}"\n[reconcile]\ninterval = "10s"\njitter = "1s"\n'
            f'[shutdown]\ndrain_timeout = "{TIMEOUT:.0f}s"')
# What the agent takes beside its budget: to see a notice, to begin a pass, to be asked.
SLACK = 20.0
QUEUES = ("maildrop", "incoming", "active", "deferred")


def is_message(path) -> bool:
    """Whether it is a queue file that a server has written to its end: Postfix lets its owner execute it then.

    The self-test of a pass begins a message, too, and takes it back.
    """
    try:
        return path.is_file() and bool(path.stat().st_mode & 0o100)
    except FileNotFoundError:
        return False


class Pair:
    """Two relays: the first leaves, over and over, and the other stays."""

    def __init__(self, lab: Lab):
        self.lab = lab
        self.leaving, self.other = lab.relays
        # The actions of conditions at the beginning of an end.
        self.begun: list = []
        # Scripts that undo what a condition has done to the leaving relay, once that is in service again.
        self.undo: list[str] = []
        self.expect()
        # How the leaving one ends.
        self.way = ""
        self._client, self._calling = Client(self.other.namespace, lab.folder), threading.Lock()
        self.balancers = LoadBalancers(lab, self.client)
        self._settings = {relay: relay.shell(f"cat {CONFIG}") for relay in lab.relays}
        for relay in lab.relays:
            relay.shell(f"cp {CONFIG} /root/good.toml; cp {AGENT} /root/agent")

    def expect(self, stays: tuple[str, ...] = (), by: set[str] | None = None, word: str | None = None) -> None:
        """What a condition leads to: the subjects that stay, whom the world gets the others from, which is the other relay by
        itself, and what the load balancer says of the node at the end, which is nothing.
        """
        self.stays, self.by, self.word = list(stays), by or {self.other.address}, word

    # Mail

    def queued(self, relay, directory: str = "/var/spool/postfix", hold: bool = False) -> int:
        # Seen from outside: it may be off.
        folders = [relay.root / f"{directory}/{name}".lstrip("/") for name in QUEUES + (("hold",) if hold else ())]
        # A message may go from one folder to the next meanwhile.
        return len({path.name for folder in folders for path in folder.rglob("*") if is_message(path)})

    def fill(self, count: int, recipient: str = "someone@example.net") -> list[str]:
        """Have the leaving relay queue mail that nobody takes now. Its subjects."""
        self.lab.sink_down()
        subjects = self.lab.submit_at_once(self.leaving, count, recipient, self.balancers.place.proxied)
        assert self.queued(self.leaving) >= count
        return subjects

    def forget(self) -> None:
        """Delete what has stayed on the leaving relay."""
        if self.stays and self.leaving.process.poll() is None:
            self.leaving.shell("postsuper -d ALL 2>/dev/null || true")

    def deliver(self, subjects: list[str], seconds: float = 60) -> list[dict]:
        """Have the world take mail again: each message arrives, and once."""
        self.lab.sink_up()
        for relay in self.lab.relays:
            if relay.process.poll() is None:
                relay.shell("postqueue -f", check=False)
        self.lab.wait_for_mails(subjects, seconds)
        time.sleep(1)
        arrived = [mail for mail in self.lab.mails() if mail["subject"] in set(subjects)]
        assert sorted(mail["subject"] for mail in arrived) == sorted(subjects)
        return arrived

    # The agent

    def log(self, cursor: str) -> str:
        return self.leaving.shell(f"journalctl -u smtp-relay-agent -o cat --no-pager --after-cursor='{cursor}'")

    def mark(self) -> str:
        shown = self.leaving.shell("journalctl -u smtp-relay-agent -n 1 --show-cursor --no-pager")
        return shown.strip().splitlines()[-1].removeprefix("-- cursor: ")

    def status(self) -> dict:
        return json.loads(self.leaving.agent("status", "--json").stdout)

    def configure(self, relay, text: str) -> None:
        """Add settings, and have them in force."""
        relay.shell(f"cp /root/good.toml {CONFIG}")
        relay.write("/root/more.toml", text)
        relay.shell(f"cat /root/more.toml >> {CONFIG}")
        done = relay.agent("reconcile")
        assert done.returncode == 0, done.stdout

    def restore(self, relay) -> None:
        if relay.exec("cmp", "-s", "/root/good.toml", CONFIG, check=False).returncode != 0:
            relay.shell(f"cp /root/good.toml {CONFIG}")

    def client(self, service: str, call: str, **arguments) -> dict:
        """An AWS call as a person makes it on the other relay."""
        with self._calling:
            answer = self._client(service, call, **arguments)
        assert "Error" not in answer, answer
        return answer

    def close(self) -> None:
        self._client.close()

    # The load balancers

    def settle(self, name: str) -> None:
        """Have both relays in service in a place's load balancers, and the application host send to these."""
        place = PLACES[name]
        if self.balancers.place == place:
            return
        # A pass in between would see load balancers and settings that disagree, and remember that.
        for relay in self.lab.relays:
            relay.shell("systemctl stop smtp-relay-agent", timeout=90)
        self.balancers.become(place)
        for relay in self.lab.relays:
            relay.write("/root/good.toml", self.balancers.settings(self._settings[relay]))
            self.restore(relay)
            done = relay.agent("reconcile")
            assert done.returncode == 0, done.stdout
            relay.shell("systemctl start --no-block smtp-relay-agent")
        for relay in self.lab.relays:
            relay.wait_for_agent()
            self.balancers.wait_for(relay, "UP", 60)
        self.lab.sender.exec("postconf", "-e", f"relayhost = [{place.server}]:25")
        self.lab.sender.exec("postfix", "reload")

    def answers(self) -> list[dict]:
        return [answer for answer in self.lab.lifecycle_answers(self.leaving) if answer["hook"] == TERMINATION]

    # Back

    def back(self) -> None:
        """Have the leaving relay in service again, as if nothing had been."""
        lab, relay = self.lab, self.leaving
        self.begun = []
        self.expect()
        lab.api_fault()
        lab.metadata_fault(relay, "")
        lab.sink_up()
        for path in (TARGET, SPOT, REBALANCE):
            lab.set_metadata(relay, path, None)
        lab.lifecycle(relay, None)
        if relay.process.poll() is not None:
            relay.boot()
            relay.wait_until("systemctl is-active -q smtp-relay-agent", 90, "the agent after the boot")
        for node in lab.relays:
            self.restore(node)
        if relay.exec("test", "-e", AGENT, check=False).returncode != 0:
            result = relay.exec("/root/agent", "bootstrap", check=False, timeout=180)
            assert result.returncode == 0, result.stdout
        relay.shell("rm -f /run/smtp-relay-agent/notices /run/smtp-relay-agent/completed-hook")
        result = relay.agent("undrain")
        assert result.returncode == 0, result.stdout
        relay.shell("systemctl restart smtp-relay-agent", timeout=90)
        relay.wait_for_agent()
        if self.undo:
            # As long as the node leaves, main.cf keeps a line that was there before in a comment, and puts it back later.
            self.balancers.wait_for(relay, "UP", 60)
            relay.shell("; ".join(self.undo))
            self.undo = []
        for node in lab.relays:
            node.shell("postsuper -d ALL >/dev/null 2>&1 || true")
            self.balancers.wait_for(node, "UP", 60)


def boot(binary):
    """A lab with two relays and a sender, for a module's tests."""
    with Lab(binary) as lab:
        lab.add_relay(user_data.cloud_config(lab.sha256, SETTINGS))
        lab.add_relay(user_data.shell_script(lab.sha256, SETTINGS))
        lab.add_sender()
        for relay in lab.relays:
            relay.wait_for_cloud_init()
        for relay in lab.relays:
            lab.wait_for_backend(relay, "UP")
            relay.wait_until("smtp-relay-agent status | grep -q 'resident, process'", 60, "the resident agent's first pass")
        pair = Pair(lab)
        yield pair
        pair.close()


@pytest.fixture(scope="module")
def pair(binary):
    yield from boot(binary)


@pytest.fixture(autouse=True)
def back(pair):
    """Each test begins with both relays in service."""
    yield
    pair.back()


class Sending:
    """A host that keeps one connection to a relay, and goes on sending until it ends."""

    def __init__(self, lab: Lab, server: str, count: int, pause: float):
        self.stem = f"kept {secrets.token_hex(3)}"
        script = _SENDING.format(server=server, stem=self.stem, count=count, pause=pause)
        self.process = subprocess.Popen(["ip", "netns", "exec", lab.application, sys.executable, "-c", script],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

    def finish(self) -> tuple[list[str], str]:
        """The subjects that were answered 250, and what the session ended with."""
        printed, _ = self.process.communicate(timeout=120)
        *accepted, last = printed.splitlines()
        return accepted, last


_SENDING = """
import smtplib, time
client = smtplib.SMTP({server!r}, 25, 'app.example.com', timeout=30)
try:
    for number in range({count}):
        subject = f'{stem}-{{number}}'
        text = f'From: app@example.com\\r\\nTo: someone@example.net\\r\\nSubject: {{subject}}\\r\\n\\r\\nHello.\\r\\n'
        client.sendmail('app@example.com', ['someone@example.net'], text)
        print(subject, flush=True)
        time.sleep({pause})
    print('finished')
except smtplib.SMTPException as error:
    print(repr(error))
except OSError as error:
    print(repr(error))
"""


def sending(lab: Lab, server: str, count: int, pause: float) -> Sending:
    return Sending(lab, server, count, pause)

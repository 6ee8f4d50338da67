"""Relays that leave while they have mail, in every way and under all conditions, and the mail that is counted then.

A case is an end and a condition. It begins with two relays in service, and ends so. All mail is counted at its receiver's
server and in both queues: each message is somewhere, and once.
"""

import json
import secrets
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from relaylab import account, jsonfile, user_data
from relaylab.client import Client
from relaylab.lab import Lab

AGENT = "/usr/local/bin/smtp-relay-agent"
CONFIG = "/etc/smtp-relay-agent/config.toml"
TARGET = "autoscaling/target-lifecycle-state"
SPOT = "spot/instance-action"
TERMINATION = "relay-terminating"
# Long enough for a health check, a hand-over, and for another relay that comes late; and short enough for many cases.
TIMEOUT = 50.0
SETTINGS = (f'[auto_scaling]\ntermination_hook = "{TERMINATION}"\n[reconcile]\ninterval = "10s"\njitter = "1s"\n'
            f'[shutdown]\ndrain_timeout = "{TIMEOUT:.0f}s"')
# What the agent takes beside its budget: to see a notice, to begin a pass, to be asked.
SLACK = 20.0
QUEUES = ("maildrop", "incoming", "active", "deferred")


class Pair:
    """Two relays: the first leaves, over and over, and the other stays."""

    def __init__(self, lab: Lab):
        self.lab = lab
        self.leaving, self.other = lab.relays
        # Is called when an end has begun: what a condition does then.
        self.begun = lambda: None
        # Scripts that undo what a condition has done to the leaving relay, once that is up again.
        self.undo: list[str] = []
        self.expect()
        # How the leaving one ends.
        self.way = ""
        # Where the load balancers have both relays while they are in service, and whether Postfix wants the header there.
        self.sections = ["smtp"]
        self.proxied = False
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
        return sum(path.is_file() for folder in folders for path in folder.rglob("*"))

    def fill(self, count: int, recipient: str = "someone@example.net") -> list[str]:
        """Have the leaving relay queue mail that nobody takes now. Its subjects."""
        self.lab.sink_down()
        subjects = self.lab.submit_at_once(self.leaving, count, recipient, self.proxied)
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
        client = Client(self.other.namespace, self.lab.folder)
        try:
            answer = client(service, call, **arguments)
        finally:
            client.close()
        assert "Error" not in answer, answer
        return answer

    # The load balancer

    def delete_load_balancer(self) -> None:
        self.client("elb", "delete_load_balancer", LoadBalancerName=account.NAME)

    def make_load_balancer(self, scheme: str = "internal") -> None:
        """Make it anew, with the relay that stays."""
        made = jsonfile.read(self.lab.folder / "account.json")
        for call, arguments in account.classic(made["subnet"], made["group"], scheme):
            self.client("elb", call, **arguments)
        self.client("elb", "register_instances_with_load_balancer", LoadBalancerName=account.NAME,
                    Instances=[{"InstanceId": self.other.instance}])

    def answers(self) -> list[dict]:
        return [answer for answer in self.lab.lifecycle_answers(self.leaving) if answer["hook"] == TERMINATION]

    # Back

    def back(self) -> None:
        """Have the leaving relay in service again, as if nothing had been."""
        lab, relay = self.lab, self.leaving
        self.begun = lambda: None
        self.expect()
        lab.api_fault()
        lab.metadata_fault(relay, "")
        lab.sink_up()
        for path in (TARGET, SPOT):
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
        for script in self.undo:
            relay.shell(script)
        self.undo = []
        relay.shell("rm -f /run/smtp-relay-agent/notices /run/smtp-relay-agent/completed-hook")
        result = relay.agent("undrain")
        assert result.returncode == 0, result.stdout
        relay.shell("systemctl restart smtp-relay-agent", timeout=90)
        for node in lab.relays:
            node.shell("postsuper -d ALL >/dev/null 2>&1 || true")
            self.wait_for(node, "UP", 60)

    def wait_for(self, relay, state: str | None, seconds: float) -> None:
        """Wait until all load balancers say so of a relay; None: it is sent nothing any more."""
        for section in self.sections:
            self.lab.wait_for_target(section, relay, state, seconds)


class End:
    """A way to end: how it is brought about, and how one sees that the node has left."""

    def __init__(self, pair: Pair):
        self.pair, self.lab, self.relay = pair, pair.lab, pair.leaving
        self.began = 0.0
        self.seconds = 0.0

    def begin(self) -> None:
        self.began = time.time()
        self.cursor = self.pair.mark()

    def words(self) -> str:
        """What the node has said while it left."""
        return self.pair.log(self.cursor)

    def wait(self, limit: float) -> None:
        """Wait until the node has left."""
        deadline = time.monotonic() + limit
        while not self.is_over():
            log = self.relay.shell("journalctl -u smtp-relay-agent -n 25 -o cat --no-pager", check=False)
            assert time.monotonic() < deadline, f"it did not leave within {limit:.0f} s:\n{log}"
            time.sleep(0.2)
        self.seconds = time.time() - self.began

    def is_over(self) -> bool:
        return self.order().get("left") is not None

    def order(self) -> dict:
        text = self.relay.shell("cd / && for folder in run var/lib; do cat $folder/smtp-relay-agent/drain.json 2>/dev/null && "
                                "break; done", check=False)
        return json.loads(text) if text.strip() else {}


class ScaleIn(End):
    def begin(self) -> None:
        super().begin()
        self.answered = len(self.pair.answers())
        self.lab.lifecycle(self.relay, "Terminating:Wait", TERMINATION)
        self.lab.set_metadata(self.relay, TARGET, "Terminated")

    def is_over(self) -> bool:
        return len(self.pair.answers()) > self.answered

    @property
    def result(self) -> str:
        return self.pair.answers()[-1]["result"]


class Spot(End):
    def begin(self, seconds: float = 120) -> None:
        super().begin()
        end = datetime.now(UTC) + timedelta(seconds=seconds)
        notice = {"action": "terminate", "time": end.strftime("%Y-%m-%dT%H:%M:%SZ")}
        self.lab.set_metadata(self.relay, SPOT, json.dumps(notice))


class Drain(End):
    """By hand; what the command says is kept."""

    command = ("drain",)

    def begin(self) -> None:
        super().begin()
        self.result = None

        def drain():
            self.result = self.relay.agent(*self.command, timeout=TIMEOUT + 60)

        self.thread = threading.Thread(target=drain)
        self.thread.start()

    def words(self) -> str:
        return self.result.stdout

    def wait(self, limit: float) -> None:
        self.thread.join(limit)
        assert self.result is not None, f"'{self.command[0]}' did not end within {limit:.0f} s"
        self.seconds = time.time() - self.began


class Uninstall(Drain):
    command = ("uninstall",)


class Shutdown(End):
    def wait(self, limit: float) -> None:
        self.relay.process.wait(limit + 30)
        self.seconds = time.time() - self.began

    def begin(self) -> None:
        super().begin()
        self.relay.exec("poweroff", check=False)

    def words(self) -> str:
        # Its journal has gone with it.
        return ""

    def order(self) -> dict:
        return {}


ENDS = {"scale-in": ScaleIn, "spot": Spot, "drain": Drain, "shutdown": Shutdown, "uninstall": Uninstall}


def has_left(pair: Pair, end: End, way: str) -> None:
    """Its queue is empty but for what is named, and everybody says so."""
    staying = len(pair.stays)
    assert pair.queued(pair.leaving) == staying, end.words()
    if way in ("scale-in", "spot", "drain"):
        # The others' order has gone with the boot, or with the agent.
        assert end.order()["left"]["waiting"] == staying
    if staying and way != "shutdown":
        assert f"{staying} message is still queued here: {staying} for example.net" in end.words()
    if way == "scale-in":
        assert end.result == ("ABANDON" if staying else "CONTINUE")
    if way == "drain":
        assert end.result.returncode == (1 if staying or pair.word else 0), end.words()
    pair.wait_for(pair.leaving, pair.word, 15)
    pair.forget()


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
        yield Pair(lab)


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

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
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from relaylab import network, user_data
from relaylab.client import Client
from relaylab.lab import Lab
from relaylab.shell import CommandError

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
        for relay in lab.relays:
            relay.shell(f"cp {CONFIG} /root/good.toml; cp {AGENT} /root/agent")

    # Mail

    def queued(self, relay, directory: str = "/var/spool/postfix", hold: bool = False) -> int:
        # Seen from outside: it may be off.
        folders = [relay.root / f"{directory}/{name}".lstrip("/") for name in QUEUES + (("hold",) if hold else ())]
        return sum(path.is_file() for folder in folders for path in folder.rglob("*"))

    def fill(self, count: int, recipient: str = "someone@example.net") -> list[str]:
        """Have the leaving relay queue mail that nobody takes now. Its subjects."""
        self.lab.sink_down()
        subjects = self.lab.submit(self.leaving, count, recipient)
        assert self.queued(self.leaving) >= count
        return subjects

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

    def answers(self) -> list[dict]:
        return [answer for answer in self.lab.lifecycle_answers(self.leaving) if answer["hook"] == TERMINATION]

    # Back

    def back(self) -> None:
        """Have the leaving relay in service again, as if nothing had been."""
        lab, relay = self.lab, self.leaving
        self.begun = lambda: None
        lab.api_fault()
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
            lab.wait_for_backend(node, "UP", 60)


class End:
    """A way to end: how it is brought about, and how one sees that the node has left."""

    def __init__(self, pair: Pair):
        self.pair, self.lab, self.relay = pair, pair.lab, pair.leaving
        self.began = 0.0
        self.seconds = 0.0

    def begin(self) -> None:
        self.began = time.time()

    def wait(self, limit: float) -> None:
        """Wait until the node has left."""
        deadline = time.monotonic() + limit
        while not self.is_over():
            log = self.relay.shell("journalctl -u smtp-relay-agent -n 25 -o cat --no-pager", check=False)
            assert time.monotonic() < deadline, f"it did not leave within {limit:.0f} s:\n{log}"
            time.sleep(0.2)
        self.seconds = time.time() - self.began

    def is_over(self) -> bool:
        return bool(self.order().get("doneAt"))

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

    def order(self) -> dict:
        return {}


ENDS = {"scale-in": ScaleIn, "spot": Spot, "drain": Drain, "shutdown": Shutdown, "uninstall": Uninstall}


# Conditions: each is there while it is entered, and gives what else is expected.


@contextmanager
def plain(pair: Pair):
    yield


@contextmanager
def rate_delay(pair: Pair):
    slow = '[mail]\ndefault_destination_rate_delay = "1s"\ndefault_destination_concurrency_limit = 1'
    pair.leaving.write(CONFIG, pair.leaving.shell("cat /root/good.toml").replace("[mail]", slow, 1))
    assert pair.leaving.agent("reconcile").returncode == 0
    yield


@contextmanager
def transport(pair: Pair):
    """A way of its own for a domain, which leads nowhere now."""
    pair.configure(pair.leaving, '\n[[mail.transport]]\ndomain = "example.net"\nnexthop = "[198.51.100.99]:25"\n')
    yield


@contextmanager
def smarthost(pair: Pair):
    pair.configure(pair.leaving, '\n[mail.upstream]\nhost = "nowhere.example.net"\nport = 587\n')
    yield


@contextmanager
def sender_dependent(pair: Pair):
    pair.leaving.write("/etc/postfix/by-sender", "@example.com [198.51.100.99]:25\n")
    pair.leaving.shell("printf 'sender_dependent_relayhost_maps = texthash:/etc/postfix/by-sender\\n' "
                       ">> /etc/postfix/main.cf; postfix reload")
    pair.undo.append("sed -i '/sender_dependent_relayhost_maps = texthash/d' /etc/postfix/main.cf; postfix reload || true")
    yield


@contextmanager
def refusing(pair: Pair, answer: str = "554 5.7.1 not this one"):
    """The other relay refuses the leaving one's mail until 20 s after it was asked."""
    other = pair.other
    other.write("/etc/postfix/refused", f"leaving.example.com {answer}\n")
    other.shell("printf 'smtpd_helo_restrictions = check_helo_access texthash:/etc/postfix/refused\n' "
                ">> /etc/postfix/main.cf; postfix reload")
    pair.lab.wait_for_backend(other, "UP", 30)

    def relent():
        time.sleep(20)
        other.shell("sed -i '/smtpd_helo_restrictions = check_helo_access/d' /etc/postfix/main.cf; postfix reload")

    thread = threading.Thread(target=relent)
    pair.begun = thread.start
    yield
    thread.join()


@contextmanager
def deferring(pair: Pair):
    with refusing(pair, "450 4.7.1 not now"):
        yield


@contextmanager
def late(pair: Pair):
    """The other relay is registered 30 s after the node has begun to leave."""
    instance = [{"InstanceId": pair.other.instance}]
    arguments = {"LoadBalancerName": "smtp-relay", "Instances": instance}
    # Its own agent would put it back at once.
    pair.other.shell("systemctl stop smtp-relay-agent", timeout=90)
    pair.client("elb", "deregister_instances_from_load_balancer", **arguments)

    def come():
        time.sleep(30)
        pair.client("elb", "register_instances_with_load_balancer", **arguments)

    thread = threading.Thread(target=come)
    pair.begun = thread.start
    yield
    thread.join()
    pair.other.shell("systemctl start --no-block smtp-relay-agent")


@contextmanager
def throttled(pair: Pair):
    pair.begun = lambda: pair.lab.api_fault(throttle=12)
    yield


@contextmanager
def no_answer(pair: Pair):
    """AWS answers nothing for 20 s."""
    def fail():
        pair.lab.api_fault(unavailable=True)
        time.sleep(20)
        pair.lab.api_fault()

    thread = threading.Thread(target=fail)
    pair.begun = thread.start
    yield
    thread.join()


@contextmanager
def mistake(pair: Pair):
    """A key that nobody knows, as of a newer version."""
    pair.leaving.shell(f"printf '\\n[oops]\\nkey = 1\\n' >> {CONFIG}")
    yield


@contextmanager
def postfix_down(pair: Pair):
    """Its master is killed once the node leaves, and systemd does not start it again."""
    relay = pair.leaving
    relay.write("/run/systemd/system/postfix.service.d/no.conf", "[Service]\nRestart=no\n")
    relay.shell("systemctl daemon-reload")

    def kill():
        try:
            relay.wait_until("cat /run/smtp-relay-agent/drain.json /var/lib/smtp-relay-agent/drain.json 2>/dev/null | "
                             "grep -q phase", 30, "the order to leave")
            relay.shell("systemctl kill -s KILL postfix")
        except CommandError:
            # It has left already.
            pass

    thread = threading.Thread(target=kill)
    pair.begun = thread.start
    pair.undo.append("rm -f /run/systemd/system/postfix.service.d/no.conf; systemctl daemon-reload")
    yield
    thread.join()


@contextmanager
def nginx_down(pair: Pair):
    pair.begun = lambda: pair.leaving.shell("systemctl kill -s KILL nginx")
    yield


CONDITIONS = {
    "nothing": plain, "rate-delay": rate_delay, "transport": transport, "smarthost": smarthost,
    "sender-dependent": sender_dependent, "refusing": refusing, "deferring": deferring, "late": late,
    "throttled": throttled, "no-answer": no_answer, "mistake": mistake, "postfix-down": postfix_down,
    "nginx-down": nginx_down,
}


@contextmanager
def without_other(pair: Pair):
    """The other relay is not registered: nobody takes mail over."""
    arguments = {"LoadBalancerName": "smtp-relay", "Instances": [{"InstanceId": pair.other.instance}]}
    # Its own agent would put it back at once.
    pair.other.shell("systemctl stop smtp-relay-agent", timeout=90)
    pair.client("elb", "deregister_instances_from_load_balancer", **arguments)
    try:
        yield
    finally:
        pair.client("elb", "register_instances_with_load_balancer", **arguments)
        pair.other.shell("systemctl start --no-block smtp-relay-agent")


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

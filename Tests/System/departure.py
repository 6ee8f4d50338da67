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

import pytest

from relaylab import account, jsonfile, user_data
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
        text = self.relay.shell("cat /run/smtp-relay-agent/drain.json /var/lib/smtp-relay-agent/drain.json 2>/dev/null | "
                                "head -1", check=False)
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
    def begin(self) -> None:
        super().begin()
        notice = {"action": "terminate", "time": "2026-11-24T18:22:00Z"}
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


# Conditions: each is there while it is entered. One that has queued mail of its own gives its subjects.


@contextmanager
def plain(pair: Pair):
    yield


@contextmanager
def meanwhile(pair: Pair, act, after: float = 0, once_leaving: bool = False):
    """Have something happen so many seconds after the end has begun, or once the node itself has begun to leave."""
    def wait():
        time.sleep(after)
        if once_leaving:
            try:
                pair.leaving.wait_until(_LEAVES, 30, "the order to leave")
            except CommandError:
                # It has left already.
                return
        act()

    thread = threading.Thread(target=wait)
    pair.begun = thread.start
    yield
    thread.join()


_LEAVES = "cat /run/smtp-relay-agent/drain.json /var/lib/smtp-relay-agent/drain.json 2>/dev/null | grep -q phase"


def with_parameter(relay, line: str) -> None:
    """Add a line of nobody's to a relay's main.cf, which its agent leaves alone."""
    relay.write("/root/line", f"{line}\n")
    relay.shell("cat /root/line >> /etc/postfix/main.cf; postfix reload")


def without_parameter(name: str) -> str:
    """The script that takes such a line away."""
    return f"sed -i '/^{name} = /d' /etc/postfix/main.cf; postfix reload || true"


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
    with_parameter(pair.leaving, "sender_dependent_relayhost_maps = texthash:/etc/postfix/by-sender")
    pair.undo.append(without_parameter("sender_dependent_relayhost_maps"))
    yield


@contextmanager
def refusing(pair: Pair, answer: str = "554 5.7.1 not this one"):
    """The other relay refuses the leaving one's mail until 20 s after it was asked."""
    other = pair.other
    other.write("/etc/postfix/refused", f"leaving.example.com {answer}\n")
    with_parameter(other, "smtpd_helo_restrictions = check_helo_access texthash:/etc/postfix/refused")
    pair.lab.wait_for_backend(other, "UP", 30)
    with meanwhile(pair, lambda: other.shell(without_parameter("smtpd_helo_restrictions")), after=20):
        yield


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
    with meanwhile(pair, lambda: pair.client("elb", "register_instances_with_load_balancer", **arguments), after=30):
        yield
    pair.other.shell("systemctl start --no-block smtp-relay-agent")


# Larger than the smallest message_size_limit that a relay may have, and than what the other relay takes.
_LIMIT, _LARGE = 20_000, 50_000


@contextmanager
def larger(pair: Pair):
    """The other relay takes smaller messages than this one, until 20 s after it was asked."""
    with limited(pair), meanwhile(pair, lambda: pair.other.shell(without_parameter("message_size_limit")), after=20):
        yield [large(pair)]


@contextmanager
def too_large(pair: Pair):
    """The same for good: what is too large stays here."""
    with limited(pair):
        subject = large(pair)
        pair.expect(stays=(subject,))
        yield [subject]


@contextmanager
def limited(pair: Pair):
    """The other relay takes small messages only."""
    with_parameter(pair.other, f"message_size_limit = {_LIMIT}")
    pair.lab.wait_for_backend(pair.other, "UP", 30)
    try:
        yield
    finally:
        pair.other.shell(without_parameter("message_size_limit"))


def large(pair: Pair) -> str:
    pair.lab.sink_down()
    return pair.lab.submit_large(pair.leaving, _LARGE)


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

    with meanwhile(pair, fail):
        yield


@contextmanager
def denied(pair: Pair):
    """The role may do nothing with load balancers any more."""
    calls = ["DescribeInstanceHealth", "DescribeLoadBalancers", "DescribeLoadBalancerAttributes",
             "DescribeLoadBalancerPolicies", "DeregisterInstancesFromLoadBalancer", "RegisterInstancesWithLoadBalancer"]
    pair.begun = lambda: pair.lab.api_fault(denied=calls)
    # It is in the load balancer still, which sends it nothing.
    pair.expect(word="DOWN")
    yield
    pair.lab.api_fault()


@contextmanager
def deleted(pair: Pair, at_once: bool = False):
    """The load balancer is deleted, and the world takes mail 20 s later: there is no way to another relay then."""
    pair.expect(by={pair.leaving.address, pair.other.address})

    def go():
        if not at_once:
            pair.delete_load_balancer()
        time.sleep(20)
        pair.lab.sink_up()

    if at_once:
        pair.delete_load_balancer()
    try:
        with meanwhile(pair, go, once_leaving=not at_once):
            yield
    finally:
        pair.make_load_balancer()


@contextmanager
def deleted_before(pair: Pair):
    with deleted(pair, at_once=True):
        yield


@contextmanager
def slow_check(pair: Pair):
    """The load balancer's checks take longer than half of the time to leave: it goes on sending."""
    lab = pair.lab
    pair.begun = lambda: lab.hold_checks(pair.leaving)
    try:
        yield
    finally:
        lab.resume_checks(pair.leaving)


@contextmanager
def slow_metadata(pair: Pair):
    """Each answer takes a second."""
    pair.begun = lambda: pair.lab.metadata_fault(pair.leaving, "slow")
    yield


@contextmanager
def silent_metadata(pair: Pair):
    """Metadata answers no more, once its notice has been seen. A command has no credentials then to leave with."""
    if pair.way in ("drain", "uninstall"):
        pair.expect(word="DOWN")
    with meanwhile(pair, lambda: pair.lab.metadata_fault(pair.leaving, "silent"),
                   once_leaving=pair.way in ("scale-in", "spot")):
        yield


@contextmanager
def maildrop(pair: Pair):
    """The program that takes mail of this host's own into the queue is stuck."""
    yield own_mail(pair, "pkill -STOP -x pickup")


@contextmanager
def stopped(pair: Pair):
    """Somebody has stopped Postfix, and the host has sent mail of its own since."""
    yield own_mail(pair, "systemctl stop postfix")


def own_mail(pair: Pair, before: str, count: int = 5) -> list[str]:
    """Have the leaving relay itself send mails that nobody takes now, after a script."""
    pair.lab.sink_down()
    subjects = [f"own {secrets.token_hex(4)}" for _ in range(count)]
    pair.begun = lambda: pair.leaving.shell(before + "".join(
        f"; printf 'Subject: {subject}\\n\\nHello\\n' | sendmail -f app@example.com someone@example.net"
        for subject in subjects))
    return subjects


@contextmanager
def mistake(pair: Pair):
    """A key that nobody knows."""
    pair.leaving.shell(f"printf '\\n[oops]\\nkey = 1\\n' >> {CONFIG}")
    yield


@contextmanager
def newer(pair: Pair):
    """A newer version has run here, and both settings and what it has kept of them have keys that this one does not know."""
    relay = pair.leaving
    kept = "/var/lib/smtp-relay-agent/settings.json"
    text = json.loads(relay.shell(f"cat {kept}"))
    text["text"] += "\n[oops]\nkey = 1\n"
    relay.shell("systemctl stop smtp-relay-agent", timeout=90)
    relay.write(kept, json.dumps({**text, "more": {"of": "a newer version"}}))
    relay.shell(f"printf '\\n[oops]\\nkey = 1\\n' >> {CONFIG}; systemctl start --no-block smtp-relay-agent")
    relay.wait_for_agent()
    yield


@contextmanager
def postfix_down(pair: Pair):
    """Its master is killed once the node leaves, and systemd does not start it again."""
    relay = pair.leaving
    relay.write("/run/systemd/system/postfix.service.d/no.conf", "[Service]\nRestart=no\n")
    relay.shell("systemctl daemon-reload")
    pair.undo.append("rm -f /run/systemd/system/postfix.service.d/no.conf; systemctl daemon-reload")
    with meanwhile(pair, lambda: relay.shell("systemctl kill -s KILL postfix", check=False), once_leaving=True):
        yield


@contextmanager
def nginx_down(pair: Pair):
    pair.begun = lambda: pair.leaving.shell("systemctl kill -s KILL nginx")
    yield


CONDITIONS = {
    "nothing": plain, "rate-delay": rate_delay, "transport": transport, "smarthost": smarthost,
    "sender-dependent": sender_dependent, "refusing": refusing, "deferring": deferring, "late": late, "larger": larger,
    "too-large": too_large, "throttled": throttled, "no-answer": no_answer, "denied": denied, "deleted": deleted,
    "deleted-before": deleted_before, "slow-check": slow_check, "slow-metadata": slow_metadata,
    "silent-metadata": silent_metadata, "maildrop": maildrop, "stopped": stopped, "mistake": mistake, "newer": newer,
    "postfix-down": postfix_down, "nginx-down": nginx_down,
}


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

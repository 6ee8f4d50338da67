"""A relay with a resident agent that tests break, and its health, which is asked for all the time meanwhile.

The outcome of a test is what the health check answers and when, what the load balancer makes of it, and what hosts inside
and outside of the networks are answered.
"""

import statistics
import time
from contextlib import contextmanager

from relaylab import haproxy, health, machine, network, records, user_data
from relaylab.dialogue import speak
from relaylab.lab import Lab
from relaylab.shell import CommandError

MAIN = "/etc/postfix/main.cf"
MASTER = "/etc/postfix/master.cf"
CONFIG = "/etc/smtp-relay-agent/config.toml"
AGENT = "/usr/local/bin/smtp-relay-agent"

# The seconds for which a node that isn't proven may answer 200 after the change that is the cause.
WITHDRAWN = 3.0
# The seconds that a mended node may take to answer 200.
BACK = 30.0
INTERVAL = 10.0

SETTINGS = f'[reconcile]\ninterval = "{INTERVAL:.0f}s"\njitter = "1s"\n[shutdown]\ndrain_timeout = "20s"'
_GOOD = "/root/good"


class Health:
    """The answers of a relay's health check, by the time of the question."""

    def __init__(self, path):
        self.path = path

    def samples(self, since: float, until: float | None = None) -> list[dict]:
        return [sample for sample in records.read(self.path)
                if since <= sample["asked"] and (until is None or sample["asked"] <= until)]

    def first(self, since: float, within: float, serving: bool) -> float | None:
        """After how many seconds it was first answered 200, or anything else; None where it was not in time."""
        while True:
            samples = self.samples(since)
            for sample in samples:
                if (sample["code"] == 200) == serving:
                    seconds = sample["asked"] - since
                    return seconds if seconds <= within else None
            if samples and samples[-1]["asked"] > since + within:
                return None
            if time.time() > since + within + 5:
                raise CommandError("nobody asks for the relay's health any more")
            time.sleep(0.1)

    def longest_gap(self, since: float, until: float) -> float:
        """For how many seconds in a row it was answered anything but 200."""
        longest, began = 0.0, None
        for sample in self.samples(since, until):
            if sample["code"] == 200:
                began = None
            else:
                began = sample["asked"] if began is None else began
                longest = max(longest, sample["time"] - began)
        return longest


class Service:
    """The one relay of a lab."""

    def __init__(self, lab: Lab):
        self.lab = lab
        self.relay = lab.relays[0]
        path = lab.folder / "health.jsonl"
        lab._service("health", lab.application, *lab._python("health"), self.relay.address, path)
        self.health = Health(path)
        # Seconds from harmful changes to 503, and from mending to 200.
        self.withdrawals: list[float] = []
        self.returns: list[float] = []
        self.relay.shell(f"cp -a /etc/postfix {_GOOD}; cp {CONFIG} {_GOOD}.toml")

    # Breaking

    def change(self, script: str) -> float:
        """Run a script on the relay. Returns the time at which it had ended."""
        self.relay.shell(script, timeout=60)
        return time.time()

    def edit(self, main: str = "", master=None, then: str = "postfix reload") -> float:
        """Add lines to main.cf, pass master.cf's text through a function, and do what loads them. Returns the time."""
        if master:
            before = self.relay.shell(f"cat {MASTER}")
            after = master(before)
            assert after != before, "master.cf has no such line to change"
            self.relay.write("/root/master.cf", after)
        # Editors replace a file in one step, too.
        script = f"mv /root/master.cf {MASTER}\n" if master else ""
        if main:
            self.relay.write("/root/main.cf", main.rstrip("\n") + "\n")
            script += f"cat /root/main.cf >> {MAIN}\n"
        return self.change(script + then + "\n")

    def main_cf(self, name: str) -> str:
        """The last value of a parameter in main.cf. postconf would not say so where master.cf is broken."""
        value, ours = "", False
        for line in self.relay.shell(f"cat {MAIN}").splitlines():
            if line.strip() and not line.lstrip().startswith("#"):
                if line[0].isspace():
                    value += line if ours else ""
                else:
                    key, _, text = line.partition("=")
                    ours = key.strip() == name
                    value = text if ours else value
        return " ".join(value.split())

    def mark(self) -> str:
        """A point in the agent's log."""
        shown = self.relay.shell("journalctl -u smtp-relay-agent -n 1 --show-cursor --no-pager")
        return shown.strip().splitlines()[-1].removeprefix("-- cursor: ")

    def log(self, cursor: str) -> str:
        return self.relay.shell(f"journalctl -u smtp-relay-agent -o cat --no-pager --after-cursor='{cursor}'")

    # Mending

    def mend(self, script: str = "") -> float:
        """Put Postfix's and the agent's files back, and wait for the node to be in service.

        Returns after how long it was. The agent starts anew, since it slows down for who edits a file over and over.
        """
        began = self.change(f"""
            {script}
            cmp -s {_GOOD}.toml {CONFIG} || cp {_GOOD}.toml {CONFIG}
            for file in {MAIN} {MASTER}; do
                cmp -s {_GOOD}/${{file##*/}} $file || {{ cp -a {_GOOD}/${{file##*/}} /root/mended; mv /root/mended $file; }}
            done
            postfix reload || true
        """)
        seconds = self.stays_back(began)
        if seconds is not None:
            self.returns.append(seconds)
            self.relay.shell("systemctl restart smtp-relay-agent", timeout=90)
            self.lab.wait_for_backend(self.relay, "UP", 15)
            return seconds
        # The tests that follow have nothing to do with this one's fault.
        self.relay.shell("systemctl restart postfix; systemctl restart --no-block smtp-relay-agent", check=False)
        self.relay.wait_until("curl -sf http://127.0.0.1/health", 90, "its health after a restart of everything")
        raise CommandError(f"the node that was mended did not answer 200 within {BACK:.0f} s; what it logged last:\n"
                           + self.relay.shell("journalctl -u smtp-relay-agent -n 15 -o cat --no-pager"))

    def stays_back(self, since: float, within: float = BACK) -> float | None:
        """After how many seconds it answers 200 and goes on so for a while; None where it was not in time."""
        deadline = since + within
        while time.time() < deadline + 2:
            samples = self.health.samples(since)
            outs = [sample["asked"] for sample in samples if sample["code"] != 200]
            first = next((sample["asked"] for sample in samples if not outs or sample["asked"] > outs[-1]), None)
            if first is not None and first <= deadline and time.time() - first > 1.5:
                return first - since
            time.sleep(0.2)
        return None

    @contextmanager
    def broken(self, main: str = "", master=None, then: str = "postfix reload", mend: str = ""):
        """An edit, for a while; what is given is its time, and the log's mark before it. At the end the node is back."""
        cursor = self.mark()
        try:
            yield self.edit(main, master, then), cursor
        finally:
            self.mend(mend)

    # Assertions

    def assert_withdrawn(self, since: float, within: float = WITHDRAWN, balancer: bool = True) -> float:
        """It answers 503 in time and goes on so, and the load balancer takes it out. Returns after how many seconds."""
        seconds = self.health.first(since, within, serving=False)
        assert seconds is not None, (
            f"the health check still answered 200 {within:.0f} s after the change; the agent's log:\n"
            + self.relay.shell("journalctl -u smtp-relay-agent -n 8 -o cat --no-pager"))
        self.withdrawals.append(seconds)
        if balancer:
            self.lab.wait_for_backend(self.relay, "DOWN", 10)
        again = [sample for sample in self.health.samples(since + seconds) if sample["code"] == 200]
        assert not again, f"it answered 200 again {again[0]['asked'] - since:.1f} s after the change"
        return seconds

    def assert_serving(self, since: float, seconds: float, blip: float = 1.9) -> None:
        """It answers 200 all the time until so many seconds after the change, and the load balancer never called it DOWN.

        What is shorter than three of its checks, as a repair on a busy machine may be, is nothing to it.
        """
        downs = self._downs()
        time.sleep(max(0.0, since + seconds - time.time()))
        gap = self.health.longest_gap(since, since + seconds)
        assert gap <= blip, (f"its health was not 200 for {gap:.1f} s; the agent's log:\n"
                             + self.relay.shell("journalctl -u smtp-relay-agent -n 12 -o cat --no-pager"))
        assert self.lab.backends()[self.relay.address] == "UP"
        assert self._downs() == downs, "the load balancer has called it DOWN meanwhile"

    def _downs(self) -> int:
        return int(haproxy.statistics(self.lab.folder)["smtp"][self.relay.address]["chkdown"])

    def assert_named(self, cursor: str, *words: str) -> None:
        """The log, 'probe', 'status' and the doctor each say these words."""
        self.wait_for_log(cursor, *words)
        said = {command: self.relay.agent(command).stdout for command in ("probe", "doctor")}
        said["status"] = self.relay.status()
        for command, text in said.items():
            missing = [word for word in words if not machine.shows(text, word)]
            assert not missing, f"'{command}' does not say {missing}:\n{text}"

    def wait_for_log(self, cursor: str, *words: str, seconds: float = 10) -> str:
        """The agent's log since a mark, once it says these words."""
        deadline = time.monotonic() + seconds
        while True:
            log = self.log(cursor)
            missing = [word for word in words if word not in log]
            if not missing:
                return log
            assert time.monotonic() < deadline, f"the log does not say {missing}:\n{log}"
            time.sleep(0.3)

    def tell(self) -> None:
        """Print the times; 'pytest -s' shows them."""
        for what, times in (("a harmful change to 503", self.withdrawals), ("mending to 200", self.returns)):
            if times:
                print(f"\nfrom {what}: median {statistics.median(times):.2f} s, at most {max(times):.2f} s, of {len(times)}")

    # Hosts

    def stranger(self, port: int = 25, recipient: str = "<victim@example.net>", lines: tuple[str, ...] = ()) -> list[str]:
        """The answers to a host outside of the networks: to its greeting, EHLO, 'lines', MAIL and RCPT."""
        said = ["EHLO outsider.example.org", *lines, "MAIL FROM:<a@example.org>", f"RCPT TO:{recipient}"]
        return speak(self.lab.outsider, self.relay.address, said, port) or []

    def assert_open(self, port: int = 25) -> None:
        """A stranger's recipient is accepted, as soon as the processes from before a reload are gone."""
        deadline = time.monotonic() + 3
        while True:
            answers = self.stranger(port)
            if len(answers) > 3 and answers[3].startswith("250 "):
                return
            assert time.monotonic() < deadline, f"this was to open port {port}, but a stranger is answered {answers}"
            time.sleep(0.1)

    def assert_closed(self, port: int = 25, within: float = 5.0) -> None:
        """A stranger's recipient is refused, from now on or a few seconds later."""
        deadline = time.monotonic() + within
        while True:
            answers = self.stranger(port)
            if len(answers) < 4 or answers[3][:1] in ("4", "5"):
                return
            assert time.monotonic() < deadline, f"a stranger is answered {answers[3]} at port {port}"
            time.sleep(0.2)

    def mail(self, server: str = network.LOAD_BALANCER, port: int = 25, sender: str = "app@example.net") -> str:
        """Hand a mail over from the senders' host through the load balancer. Returns its subject; fails where it is refused."""
        subject = f"service {time.time_ns()}"
        text = f"From: {sender}\r\nTo: someone@example.net\r\nSubject: {subject}\r\n\r\nHello.\r\n."
        lines = ["EHLO mx.example.net", f"MAIL FROM:<{sender}>", "RCPT TO:<someone@example.net>", "DATA", text, "QUIT"]
        answers = speak(self.lab.application, server, lines, port)
        assert answers and len(answers) >= 6 and answers[5].startswith("250 "), (
            f"the sender was answered {answers}; the agent's log:\n"
            + self.relay.shell("journalctl -u smtp-relay-agent -n 25 -o short-precise --no-pager"))
        return subject

    def assert_mail_flows(self, **options) -> None:
        """A mail from the senders' host arrives outside, once."""
        subject = self.mail(**options)
        arrived = self.lab.wait_for_mails([subject], 30)
        assert [mail["client"] for mail in arrived] == [self.relay.address], arrived


def boot(binary, settings: str = SETTINGS):
    """A lab with one relay in service, for a module's tests."""
    with Lab(binary) as lab:
        lab.add_relay(user_data.cloud_config(lab.sha256, settings))
        lab.relays[0].wait_for_cloud_init()
        lab.wait_for_backend(lab.relays[0], "UP")
        lab.relays[0].wait_for_agent()
        service = Service(lab)
        yield service
        service.tell()


def assert_stops_as_it_starts(relay, unit: str) -> None:
    """Each part of the start of a unit has its turn. A stop that is lost would hang."""
    shown = relay.exec("sh", "-c", f"""
        systemctl stop {unit}
        for round in 1 2; do for delay in $(seq 0 0.004 0.08); do
            systemctl reset-failed {unit}
            systemctl start --no-block {unit}
            sleep $delay
            timeout 10 systemctl stop {unit} || {{ systemctl kill -s KILL {unit}; exit 1; }}
        done; done""", check=False, timeout=300)
    relay.shell(f"systemctl reset-failed {unit}; systemctl start {unit}", check=False)
    assert shown.returncode == 0, shown.stdout


@contextmanager
def slow_unit(relay, unit: str, line: str):
    """A unit of which something takes long, by a line of its own."""
    path = f"/etc/systemd/system/{unit}.service.d/slow.conf"
    relay.shell(f"mkdir -p $(dirname {path}); printf '[Service]\\n{line}\\n' > {path}; systemctl daemon-reload")
    try:
        yield
    finally:
        relay.shell(f"rm -f {path}; systemctl daemon-reload")


# Watching for false alarms

# After so long, the passes that an edit calls for have ended, and a regular one: these come faster here.
WATCHED = 9.0


def boot_for_long(binary):
    """The same with passes that come fast, and a certificate in /etc/lab.pem."""
    for service in boot(binary, SETTINGS.replace(f'"{INTERVAL:.0f}s"', '"5s"')):
        service.relay.shell("openssl req -x509 -newkey rsa:2048 -nodes -days 5 -subj /CN=lab -keyout /etc/lab.pem "
                            "-out /root/lab.crt 2>/dev/null; cat /root/lab.crt >> /etc/lab.pem")
        yield service


def assert_unmoved(service, main: str = "", master=None, then: str = "postfix reload", mend: str = "",
                   watched: float = WATCHED, **mail) -> None:
    """After an edit the node serves on without a pause, senders' mail flows, a stranger gets nothing, no error is told."""
    cursor = service.mark()
    try:
        since = service.edit(main, master, then)
        service.assert_mail_flows(**mail)
        service.assert_closed(within=0)
        service.assert_serving(since, watched)
        said = service.log(cursor) + service.relay.agent("probe").stdout
        assert "open relay" not in said and "refuses" not in said, said
        service.assert_mail_flows(**mail)
    finally:
        service.mend(mend)


# Edits of master.cf

# The fields of an entry behind its name and type.
SMTPD = "n       -       n       -       -       smtpd"
DOOR = "smtp      inet  n       -       n       -       -       smtpd"


def below(text: str):
    """Put text behind the entry of port 25."""
    def edit(master: str) -> str:
        assert master.count(f"\n{DOOR}\n") == 1, master
        return master.replace(f"\n{DOOR}\n", f"\n{DOOR}{text}\n")
    return edit


def instead(text: str):
    """Put text in place of the entry of port 25."""
    def edit(master: str) -> str:
        assert master.count(f"\n{DOOR}\n") == 1, master
        return master.replace(f"\n{DOOR}\n", f"\n{text}\n")
    return edit


def also(text: str):
    """Put entries at the end."""
    return lambda master: master.rstrip("\n") + f"\n{text}\n"


POSTSCREEN = """\
smtp      inet  n       -       n       -       1       postscreen
smtpd     pass  -       -       n       -       -       smtpd%s
dnsblog   unix  -       -       n       -       0       dnsblog
tlsproxy  unix  -       -       n       -       0       tlsproxy"""

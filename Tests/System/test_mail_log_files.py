"""Postfix's own log file, in each form that a host may give it: however it is rotated and written, each message counts once."""

import shutil
import time

import pytest

from mail_counts import send, value, wait_for
from relaylab import user_data
from relaylab.lab import Lab
from relaylab.network import SENDER

AGENT = "smtp-relay-agent.service"
CONFIG = "/etc/smtp-relay-agent/config.toml"
LOG = "/var/log/postfix.log"


@pytest.fixture(scope="module")
def lab(binary):
    """One relay with the resident agent, whose Postfix writes a log file and compresses it with xz."""
    settings = f'[postfix]\nmaillog_file = "{LOG}"\nmaillog_file_compressor = "xz"\n'
    with Lab(binary) as lab:
        relay = lab.add_relay(user_data.cloud_config(lab.sha256, settings))
        # The image has none.
        shutil.copy("/usr/bin/xz", relay.root / "usr/bin")
        lab.add_sender()
        relay.wait_for_cloud_init()
        lab.wait_for_backend(relay, "UP")
        yield lab


class Counting:
    """What the agent counts while mail is sent, beside what the sink keeps."""

    METRICS = [("smtpd_messages_total",), ("deliveries_total", 'result="sent"')]

    def __init__(self, lab, relay):
        self.lab, self.relay = lab, relay
        self.before = [value(relay, *metric) for metric in self.METRICS]
        self.arrived = len(lab.mails())
        self.sent = 0

    def send(self, count: int) -> None:
        """Send messages, and wait until the log has all that becomes of them."""
        removed = f"grep -c ': removed$' {LOG} || :"
        before = int(self.relay.shell(removed))
        send(self.lab, self.relay, count)
        self.relay.wait_until(f"[ $({removed}) = {before + count} ]", 30, "the ends of the messages in the log")
        self.sent += count

    def check(self) -> None:
        """Each message has arrived, is counted once and is found by its Message-ID."""
        mails = self.lab.mails()[self.arrived:]
        assert len(mails) == len({mail["id"] for mail in mails}) == self.sent
        for before, metric in zip(self.before, self.METRICS):
            wait_for(self.relay, before + self.sent, *metric)
        self.read_on()
        assert [value(self.relay, *metric) for metric in self.METRICS] == [before + self.sent for before in self.before]
        for mail in (mails[0], mails[-1]):
            result = self.relay.agent("trace", "--message-id", mail["id"])
            assert result.returncode == 0 and "sent to someone@example.net" in result.stdout, result.stdout

    def read_on(self) -> None:
        """Have the agent read the log once more, which has grown by lines that tell of no mail."""
        began, deadline = time.time(), time.monotonic() + 30
        while value(self.relay, "mail_log_read_timestamp_seconds") <= began:
            assert time.monotonic() < deadline
            self.relay.shell("postlog -t test nothing")
            time.sleep(0.5)


@pytest.fixture
def counting(lab, relay):
    return Counting(lab, relay)


def cut(relay) -> None:
    """Rotate the log as logrotate(8) does with copytruncate: Postfix goes on writing to the same file."""
    relay.shell(f"cd /var/log; for number in 2 1; do [ ! -e {LOG}.$number ] || mv {LOG}.$number {LOG}.$((number + 1)); done; "
                f"cp -p {LOG} {LOG}.1; truncate -s 0 {LOG}")


def set_postfix(relay, *lines: str) -> str:
    """Add parameters of Postfix's to the settings. The settings before."""
    before = relay.shell(f"cat {CONFIG}")
    relay.write(CONFIG, before.replace("[postfix]\n", "\n".join(["[postfix]", *lines, ""]), 1))
    relay.agent("reconcile", check=True)
    return before


def test_a_log_that_is_copied_and_cut(relay, counting):
    counting.send(30)
    counting.check()
    cut(relay)
    counting.send(30)
    # Whether or not the agent has read the last lines before.
    cut(relay)
    counting.send(30)
    counting.check()
    assert relay.shell(f"ls {LOG}.1 {LOG}.2").split() == [f"{LOG}.1", f"{LOG}.2"]


def test_a_log_that_is_compressed_with_xz(relay, counting):
    counting.send(30)
    relay.shell("postfix logrotate")
    counting.send(30)
    assert len(relay.shell(f"ls {LOG}.*.xz").split()) == 1
    counting.check()


def test_a_log_that_is_still_being_compressed(relay, counting):
    """gzip writes the compressed file beside the other one, and removes that at its end."""
    counting.send(50)
    counting.read_on()
    cut(relay)
    relay.shell(f"cp -p {LOG}.1 {LOG}.9; (gzip -c {LOG}.9 | (head -c 2000; sleep 20; cat) >{LOG}.9.gz; rm {LOG}.9) >/dev/null 2>&1 &")
    relay.shell(f"rm {LOG}.1")
    counting.send(10)
    counting.check()
    assert relay.shell(f"ls {LOG}.9*").split() == [f"{LOG}.9", f"{LOG}.9.gz"]
    relay.wait_until(f"[ ! -e {LOG}.9 ]", 30, "the end of gzip")
    counting.send(10)
    counting.check()
    relay.shell(f"rm {LOG}.9.gz")


def test_several_rotations_while_the_agent_is_stopped(relay, counting):
    counting.send(10)
    relay.shell(f"systemctl stop {AGENT}")
    try:
        counting.send(10)
        relay.shell("postfix logrotate")
        counting.send(10)
        cut(relay)
        counting.send(10)
        relay.shell(f"gzip {LOG}.1")
        relay.shell("postfix logrotate")
        counting.send(10)
    finally:
        relay.shell(f"systemctl start {AGENT}")
    relay.wait_for_agent()
    counting.check()


def test_long_queue_ids(relay, counting):
    before = set_postfix(relay, "enable_long_queue_ids = true")
    try:
        counting.send(20)
        relay.shell("postfix logrotate")
        counting.send(20)
        # A long id has a letter that no short one has, and fourteen characters or more.
        assert int(relay.shell(f"grep -cE 'smtpd\\[[0-9]+\\]: [0-9A-Za-z]{{10,}}z[0-9A-Za-z]+: client=.*\\[{SENDER}]' {LOG}")) == 20
        counting.check()
        identity = relay.shell(f"tail -n 40 {LOG} | sed -n 's/.*qmgr.*: \\(.*\\): removed/\\1/p' | tail -n 1").strip()
        result = relay.agent("trace", "--queue-id", identity)
        assert result.returncode == 0 and f"{identity}: sent" in result.stdout, result.stdout
    finally:
        relay.write(CONFIG, before)
        relay.agent("reconcile", check=True)


def test_another_name_in_the_log(lab, relay, counting):
    before = set_postfix(relay, 'syslog_name = "relay-out"')
    try:
        counting.send(20)
        cut(relay)
        counting.send(20)
        assert int(relay.shell(f"grep -c ' relay-out/smtpd.*: client=' {LOG}")) == 20
        counting.check()
        named = relay.shell(f"sed -n 's/.* relay-out.qmgr.*: \\(.*\\): removed/\\1/p' {LOG} | tail -n 1").strip()
    finally:
        relay.write(CONFIG, before)
        relay.agent("reconcile", check=True)
    # Mail stays to be found that was logged by the name of before.
    result = relay.agent("trace", "--queue-id", named)
    assert result.returncode == 0 and f"{named}: sent" in result.stdout, result.stdout
    back = Counting(lab, relay)
    back.send(10)
    back.check()

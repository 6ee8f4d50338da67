"""The lab's own parts, each by the clients that a relay or a test would use."""

import json
import re
import subprocess
import sys
import time

import pytest
from conftest import fetch_only

from relaylab.lab import Lab
from relaylab.shell import output, run


@pytest.fixture(scope="module")
def parts(binary):
    """A lab with a sender and one node, which has a Postfix that relays and a health check, but no agent at work."""
    with Lab(binary) as lab:
        relay = lab.add_relay(fetch_only(lab), preinstalled=True)
        lab.add_sender()
        relay.wait_for_cloud_init(60)
        relay.shell("postconf -e inet_interfaces=all inet_protocols=ipv4 mynetworks=10.0.0.0/16 minimal_backoff_time=2s"
                    " queue_run_delay=2s && systemctl start postfix")
        relay.shell("mkdir /run/www && touch /run/www/health && systemd-run -q python3 -m http.server -d /run/www 80")
        relay.wait_until("curl -sf http://127.0.0.1/health && postfix status", 20, "Postfix and the health check")
        yield lab


def within(seconds: float, condition) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.1)


# The mail server outside


def knock(namespace: str) -> str:
    """What a host hears from the mail server outside, at once."""
    script = ("import smtplib\ntry: print(smtplib.SMTP('198.51.100.10', 25, 'x', timeout=2).ehlo()[0])\n"
              "except OSError as error: print(type(error).__name__)")
    return output("ip", "netns", "exec", namespace, sys.executable, "-c", script, timeout=5).strip()


def test_the_mail_server_outside_goes_down_and_comes_back_and_forgets_nothing(parts):
    relay = parts.relays[0]
    assert knock(relay.namespace) == "250"
    before = parts.mails()
    parts.sink_down()
    try:
        parts.sink_down()
        assert knock(relay.namespace) == "ConnectionRefusedError"
        subject = "while it is down"
        relay.shell(f"printf 'Subject: {subject}\\n\\nHello.\\n' | sendmail -f app@example.com someone@example.net")
        relay.wait_until("postqueue -p | grep -q 'Connection refused'", 10, "a mail that waits")
        assert parts.mails() == before
    finally:
        parts.sink_up()
    assert knock(relay.namespace) == "250"
    mail, = parts.wait_for_mails([subject], 15)
    assert parts.mails() == [*before, mail]
    assert (mail["client"], mail["from"], mail["to"]) == (relay.address, "app@example.com", ["someone@example.net"])
    assert abs(mail["time"] - time.time()) < 15


# Instance metadata


def ask_metadata(relay, path: str) -> str:
    """What a node is told at a path below meta-data/, with a token, or the status that is not 200."""
    url = "http://169.254.169.254/latest"
    return relay.shell(
        f"token=$(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' {url}/api/token);"
        f"curl -s -w '%{{http_code}}' -H \"X-aws-ec2-metadata-token: $token\" '{url}/meta-data/{path}'"
    ).removesuffix("200")


SPOT = json.dumps({"action": "terminate", "time": "2026-01-01T00:02:00Z"})
MAINTENANCE = json.dumps([{"Code": "system-reboot", "State": "active"}])


@pytest.mark.parametrize("path, value", [
    ("autoscaling/target-lifecycle-state", "Terminated"),
    ("spot/instance-action", SPOT),
    ("events/recommendations/rebalance", json.dumps({"noticeTime": "2026-01-01T00:00:00Z"})),
    ("events/maintenance/scheduled", MAINTENANCE),
    ("tags/instance/smtp-relay:hostname", "relay.example.com"),
])
def test_metadata_says_what_a_test_sets_until_it_takes_it_away(parts, path, value):
    relay = parts.relays[0]
    before = ask_metadata(relay, "")
    assert ask_metadata(relay, path) == "404"
    parts.set_metadata(relay, path, value)
    assert ask_metadata(relay, path) == value
    assert ask_metadata(relay, path.replace(":", "%3A")) == value
    parts.set_metadata(relay, path, None)
    assert ask_metadata(relay, path) == "404"
    assert ask_metadata(relay, "") == before
    assert parts.metadata_calls(relay)[-1] == "/latest/meta-data/"
    assert f"/latest/meta-data/{path}" in parts.metadata_calls(relay)


def test_metadata_without_tags_stays_so_when_one_that_is_not_there_is_taken_away(parts):
    relay = parts.relays[0]
    tags = parts.nodes[relay.address]["meta-data"].pop("tags")
    parts.set_metadata(relay, "tags/instance/Name", None)
    try:
        assert ask_metadata(relay, "tags/instance") == "404"
    finally:
        parts.nodes[relay.address]["meta-data"]["tags"] = tags
        parts.write_metadata()
    assert ask_metadata(relay, "tags/instance") == ""


def test_the_vpcs_ranges_can_change(parts):
    relay = parts.relays[0]
    path = f"network/interfaces/macs/{parts.nodes[relay.address]['meta-data']['mac']}/vpc-ipv4-cidr-blocks"
    parts.set_metadata(relay, path, "10.0.0.0/16\n10.1.0.0/16")
    try:
        assert ask_metadata(relay, path).split() == ["10.0.0.0/16", "10.1.0.0/16"]
        facts = json.loads(relay.exec("/usr/local/bin/smtp-relay-agent", "facts", stderr=None).stdout)
        assert facts["vpcNetworks"] == ["10.0.0.0/16", "10.1.0.0/16"]
    finally:
        parts.set_metadata(relay, path, "10.0.0.0/16")


def test_metadata_calls_are_counted_also_when_they_fail(parts):
    relay = parts.relays[0]
    parts.metadata_fault(relay, "unavailable")
    try:
        count = len(parts.metadata_calls(relay))
        assert ask_metadata(relay, "local-ipv4") == "503"
    finally:
        parts.metadata_fault(relay, "")
    assert parts.metadata_calls(relay)[count:] == ["/latest/api/token", "/latest/meta-data/local-ipv4"]

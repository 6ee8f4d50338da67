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
        relay.wait_for_cloud_init()
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

"""`trace --fleet`: a message that one relay has handed over to another is followed over both, on whichever it is asked for."""

import json
import re
import time

import pytest

from relaylab import user_data
from relaylab.client import Client
from relaylab.dialogue import speak
from relaylab.lab import Lab

GROUP = "/smtp-relay/lab"
SETTINGS = f'[cloudwatch]\nlogs = "{GROUP}"\n[shutdown]\ndrain_timeout = "60s"\n'


@pytest.fixture(scope="module")
def lab(binary):
    """Two relays with resident agents, which write their logs to one group."""
    with Lab(binary) as lab:
        for _ in range(2):
            lab.add_relay(user_data.shell_script(lab.sha256, SETTINGS), preinstalled=True)
        lab.relays[0].wait_for_cloud_init()
        client = Client(lab.relays[0].namespace, lab.folder)
        assert "Error" not in client("logs", "create_log_group", logGroupName=GROUP)
        client.close()
        for relay in lab.relays:
            relay.wait_for_cloud_init()
            # The events that it has kept are sent at once.
            relay.shell("systemctl restart --no-block smtp-relay-agent")
        for relay in lab.relays:
            relay.wait_for_agent()
            lab.wait_for_backend(relay, "UP")
        yield lab


def take(lab, relay) -> str:
    """Have a relay take one mail from the application host. Its Message-ID."""
    identifier = f"<{time.monotonic_ns()}@example.com>"
    text = f"From: app@example.com\r\nTo: anna@example.net\r\nMessage-ID: {identifier}\r\nSubject: handed over\r\n\r\nHello.\r\n."
    lines = ["EHLO app.example.com", "MAIL FROM:<app@example.com>", "RCPT TO:<anna@example.net>", "DATA", text]
    said = speak(lab.application, relay.address, lines)
    assert said[-1].startswith("250 "), said
    return identifier


def traced(relay, other, identifier: str, here: str, there: str) -> str:
    """What a node shows of a message, once it shows these steps of its own and those of the other node."""
    heading = f"On node {other.instance}:"
    deadline = time.monotonic() + 60
    while True:
        shown = relay.agent("trace", "--fleet", "--message-id", identifier).stdout
        parts = shown.split(heading)
        if len(parts) == 2 and re.search(here, parts[0], re.S) and re.search(there, parts[1], re.S):
            return shown
        assert time.monotonic() < deadline, shown
        time.sleep(1)


def test_a_message_is_followed_from_its_acceptance_over_the_hand_over_to_its_delivery(lab):
    first, second = lab.relays
    lab.sink_down()
    identifier = take(lab, first)
    first.wait_until("find /var/spool/postfix/deferred -type f | grep -q .", 20, "the first try")
    try:
        drained = first.agent("drain", timeout=120)
        assert drained.returncode == 0, drained.stdout
        # The other node has it now, and has tried it in vain.
        second.wait_until("find /var/spool/postfix/deferred -type f | grep -q .", 20, "the second node's try")
        waits = traced(first, second, identifier, "handed over to the relay", "deferred for")
        assert "sent to" not in waits
        lab.sink_up()
        second.shell("postqueue -f")
        ways = "accepted from .*deferred for .*handed over to the relay .*done"
        on_first = traced(first, second, identifier, ways, "accepted from .*deferred for .*sent to .*done")
        on_second = traced(second, first, identifier, "accepted from .*deferred for .*sent to .*done", ways)
    finally:
        lab.sink_up()
        assert first.agent("undrain", timeout=120).returncode == 0
    assert len([mail for mail in lab.mails() if mail["id"] == identifier]) == 1
    # The id that the second node gave is the one that the first one names.
    identity = re.search(r"handed over to the relay \S+ for \S+, where it is (\w+): ", on_first).group(1)
    assert f"{identity}: sent, from " in on_first.split("On node ")[1]
    assert f"{identity}: sent, from " in on_second.split("On node ")[0]
    # By JSON, each node has one message.
    for relay, other in ((first, second), (second, first)):
        document = json.loads(relay.agent("trace", "--fleet", "--json", "--message-id", identifier).stdout)
        assert len(document["messages"]) == 1
        assert [(node["instance"], len(node["messages"])) for node in document["otherNodes"]] == [(other.instance, 1)]

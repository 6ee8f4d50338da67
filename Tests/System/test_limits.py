"""What goes by the senders' own addresses, behind a load balancer that shows them: `[mail.limits]` and `[[mail.client]]`."""

import time

import pytest
from test_doctor import examine
from test_doors_proxied import boot_behind_proxy, header
from test_postfix import values

from conftest import hold_timer
from relaylab import network
from relaylab.dialogue import speak
from relaylab.lab import Lab

SETTINGS = {"proxy_protocol": "true", "networks": "10.0.2.0/24,10.0.1.0/24", "reconcile.resident": "false",
            "limits.messages_per_minute": "3", "limits.recipients_per_minute": "5", "limits.exempt": "10.0.2.64/26"}
OTHER = "10.0.2.21"
EXEMPT = "10.0.2.70"
HEALTH = "curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/health"


@pytest.fixture(scope="module")
def lab(binary):
    with Lab(binary) as lab:
        hold_timer(boot_behind_proxy(lab, SETTINGS))
        yield lab


def answers(lab, client: str, *lines: str) -> list[str]:
    """The answers to a host that comes by the load balancer's header."""
    relay = lab.relays[0]
    said = speak(lab.application, relay.address, ["EHLO host.example.com", *lines], header=header(client, relay.address))
    return said[2:]


def mail(subject: str, recipients: int = 1) -> list[str]:
    return ["MAIL FROM:<a@example.com>", *[f"RCPT TO:<b{number}@example.net>" for number in range(recipients)],
            "DATA", f"Subject: {subject}\r\n\r\ntext\r\n."]


def test_a_sender_above_its_limit_waits_and_nobody_else(lab):
    relay = lab.relays[0]
    marks = [f"limits {time.monotonic_ns()} {number}" for number in range(3)]
    sent = answers(lab, network.SENDER, *[line for mark in marks for line in mail(mark)], "MAIL FROM:<a@example.com>")
    assert [answer[:3] for answer in sent] == ["250", "250", "354", "250"] * 3 + ["450"]
    assert "too many mails" in sent[-1] or "too much mail" in sent[-1], sent[-1]
    # Each message that was accepted arrives.
    assert len(lab.wait_for_mails(marks)) == 3
    # Another sender, one that is exempt, and the proof are not limited.
    assert answers(lab, OTHER, "MAIL FROM:<a@example.com>")[0].startswith("250 ")
    free = answers(lab, EXEMPT, *[line for _ in range(4) for line in ("MAIL FROM:<a@example.com>", "RSET")])
    assert {answer[:3] for answer in free} == {"250"}
    for _ in range(3):
        assert relay.agent("probe").returncode == 0
    assert relay.shell(HEALTH) == "200"
    lab.wait_for_backend(relay, "UP", 5)
    finding = examine(relay)["sender-over-limit"]
    assert f"{network.SENDER} was over mail.limits.messages_per_minute once" in finding["seen"]


def test_so_are_its_recipients(lab):
    sent = answers(lab, "10.0.2.22", *mail("recipients", 6)[:-2])
    assert [answer[:3] for answer in sent] == ["250"] * 6 + ["450"]


def test_without_the_senders_addresses_there_is_no_limit(lab):
    relay = lab.relays[0]
    before = relay.shell("cat /etc/postfix/main.cf")
    refused = relay.agent("reconcile", "--set", "mail.proxy_protocol=false", "--set", "load_balancer.classic=smtp-relay")
    assert refused.returncode == 1
    assert "mail.limits.messages_per_minute: load_balancer.classic hides the senders' addresses" in refused.stdout
    assert relay.shell("cat /etc/postfix/main.cf") == before


def test_limits_that_are_taken_out_are_gone(lab):
    relay = lab.relays[0]
    assert values(relay)["smtpd_client_message_rate_limit"] == "3"
    plan = relay.agent("plan", "--set", "mail.limits.messages_per_minute=7").stdout
    assert "-smtpd_client_message_rate_limit = 3" in plan and "+smtpd_client_message_rate_limit = 7" in plan
    kept = relay.shell("cat /etc/smtp-relay-agent/environment")
    relay.shell("sed -i /LIMITS/d /etc/smtp-relay-agent/environment")
    try:
        assert relay.agent("reconcile").returncode == 0
        assert not {"smtpd_client_message_rate_limit", "smtpd_client_event_limit_exceptions"} & set(values(relay))
        sent = answers(lab, "10.0.2.23", *[line for _ in range(5) for line in ("MAIL FROM:<a@example.com>", "RSET")])
        assert {answer[:3] for answer in sent} == {"250"}
    finally:
        relay.write("/etc/smtp-relay-agent/environment", kept)
        assert relay.agent("reconcile").returncode == 0


def test_a_host_has_senders_of_its_own(lab):
    relay = lab.relays[0]
    kept = relay.shell("cat /etc/smtp-relay-agent/environment")
    relay.write("/etc/smtp-relay-agent/environment",
                kept + "SMTP_RELAY_SENDERS=example.com\nSMTP_RELAY_CLIENT=10.0.2.31/32=billing@example.org\n")

    def last(client: str, sender: str) -> str:
        text = f"From: {sender}\r\nSubject: own senders {time.monotonic_ns()}\r\n\r\ntext\r\n."
        return answers(lab, client, f"MAIL FROM:<{sender}>", "RCPT TO:<b@example.net>", "DATA", text)[-1]

    try:
        assert relay.agent("reconcile").returncode == 0
        assert last("10.0.2.31", "billing@example.org").startswith("250 ")
        assert last("10.0.2.31", "app@example.com").startswith("550 5.7.1 ")
        assert last("10.0.2.32", "app@example.com").startswith("250 ")
        assert last("10.0.2.32", "billing@example.org").startswith("550 5.7.1 ")
        # Without the senders' addresses, nobody could tell them apart.
        hidden = relay.agent("plan", "--set", "mail.proxy_protocol=false", "--set", "load_balancer.classic=smtp-relay")
        assert hidden.returncode == 1 and "mail.client: load_balancer.classic hides the senders' addresses" in hidden.stdout
    finally:
        relay.write("/etc/smtp-relay-agent/environment", kept)
        assert relay.agent("reconcile").returncode == 0

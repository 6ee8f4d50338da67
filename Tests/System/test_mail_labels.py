"""The labels of the mail log's metrics: reasons of refusals, providers of deliveries, and TLS of senders, by a real Postfix."""

import sys
import time
from contextlib import contextmanager

import pytest

from mail_counts import metrics, value, wait_for
from relaylab import network, user_data
from relaylab.dialogue import speak
from relaylab.lab import Lab
from relaylab.shell import output
from relaylab.zone import Zone
from test_postfix import FILES, give_certificate, settings

AGENT = "smtp-relay-agent.service"
SENDER = "app@example.com"

# A domain of each provider, and the name of its mail server where the server's name decides.
SERVERS = {
    "amazon_ses": ("bounces.example.org", "inbound-smtp.eu-central-1.amazonaws.com"),
    "google": ("workspace.example.org", "aspmx.l.google.com"),
    "microsoft": ("tenant.example.org", "tenant-example-org.mail.protection.outlook.com"),
    "other": ("own.example.org", "mail.own.example.org"),
}
DOMAINS = {
    "apple": ["icloud.com"], "docomo": ["docomo.ne.jp"], "gmx": ["gmx.de", "web.de"], "kddi": ["ezweb.ne.jp"], "mail_ru": ["mail.ru"],
    "microsoft": ["hotmail.co.uk", "outlook.com"], "netease": ["163.com"], "proton": ["proton.me"],
    "softbank": ["softbank.ne.jp"], "tencent": ["qq.com"], "yahoo": ["yahoo.co.jp", "aol.com"], "yandex": ["yandex.ru"],
}


@pytest.fixture(scope="module")
def lab(binary):
    """One relay with the resident agent, which asks a name server with some providers' mail servers."""
    with Lab(binary) as lab:
        zone = Zone(lab)
        zone.set(["example.com. 3600 IN MX 10 mailbox.example.com."] + [line for domain, server in SERVERS.values() for line in (
            f"{domain}. 3600 IN MX 10 {server}.", f"{server}. 3600 IN A {network.SINK}")])
        relay = lab.add_relay(user_data.cloud_config(lab.sha256), boot=False)
        zone.serve(relay)
        relay.boot()
        relay.wait_for_cloud_init()
        lab.wait_for_backend(relay, "UP")
        yield lab


def mail(sender: str, recipient: str, subject: str = "counted") -> list[str]:
    """The lines of a client that sends one message."""
    text = f"From: {sender}\r\nTo: {recipient}\r\nSubject: {subject}\r\n\r\nHello.\r\n."
    return ["EHLO app.example.com", f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>", "DATA", text]


def say(host: str, relay, lines: list[str], answer: str) -> None:
    """Say lines to the relay. The last answer begins so."""
    said = speak(host, relay.address, lines)
    assert said[-1].startswith(answer), said


def by_label(relay, name: str, label: str, *labels: str) -> dict[str, float]:
    """The samples of a metric that have some labels, by the value of another one."""
    found: dict[str, float] = {}
    for key, number in metrics(relay).items():
        if key.startswith(f"{name}{{") and all(one in key for one in labels):
            word = key.split(f'{label}="')[1].split('"')[0]
            found[word] = found.get(word, 0) + number
    return found


def wait_for_more(relay, before: dict[str, float], more: dict[str, float], name: str, label: str, *labels: str) -> None:
    """Wait until a metric has grown so, by a label, and in no other way."""
    deadline = time.monotonic() + 60
    while (grown := growth(before, by_label(relay, name, label, *labels))) != more:
        assert time.monotonic() < deadline, f"{name} has grown by {grown}, not {more}"
        time.sleep(0.5)


def growth(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {word: number - before.get(word, 0) for word, number in after.items() if number != before.get(word, 0)}


# Refusals


RESTRICTIONS = f"""
[postfix]
smtpd_client_restrictions = "check_client_access inline:{{ {{ {network.SENDER} = OK }}, {{ {network.OUTSIDER} = REJECT }} }}"
smtpd_helo_restrictions = "check_helo_access inline:{{ {{ bad.example.com = REJECT }} }}"
smtpd_sender_restrictions = "check_sender_access inline:{{ {{ bad@example.com = REJECT }} }}, reject_unknown_sender_domain"
smtpd_client_message_rate_limit = 2
smtpd_end_of_data_restrictions = "reject_multi_recipient_bounce"
header_checks = "regexp:/etc/postfix/forbidden"
"""


def test_each_refusal_has_its_reason(lab, relay):
    """Those that an operator's own settings make; the milter is the agent's own."""
    relay.write("/etc/postfix/forbidden", "/^Subject: forbidden/ REJECT\n")
    before = by_label(relay, "smtpd_rejects_total", "reason")
    inside, outside = lab.application, lab.outsider
    with settings(lab, relay, 'senders = ["example.com", "unknown.example"]', RESTRICTIONS):
        # Postfix counts for each client, and not for those of mynetworks.
        first = speak(outside, relay.address, ["EHLO out.example.org", "MAIL FROM:<a@example.com>", "RCPT TO:<a@example.net>"])
        assert "Client host rejected" in first[-1], first
        say(outside, relay, ["EHLO out.example.org", "MAIL FROM:<a@example.com>", "RSET", "MAIL FROM:<a@example.com>"], "450 ")
        said = speak(inside, relay.address, ["EHLO bad.example.com", *mail(SENDER, "a@example.net")[1:3]])
        assert "Helo command rejected" in said[-1], said
        say(inside, relay, mail("bad@example.com", "a@example.net")[:3], "554 ")
        say(inside, relay, mail("bad@unknown.example", "a@example.net")[:3], "450 ")
        say(inside, relay, mail(SENDER, "nobody-of-this-host@localhost")[:3], "550 ")
        say(inside, relay, mail(SENDER, "a@example.net", "forbidden"), "550 ")
        say(inside, relay, mail("a@own.example.org", "a@example.net"), "550 ")
        bounce = mail("", "a@example.net")
        say(inside, relay, [*bounce[:3], "RCPT TO:<b@example.net>", *bounce[3:]], "550 ")
        more = {"client": 1, "rate_limit": 1, "helo": 1, "sender": 2, "recipient": 1, "content": 1, "milter": 1, "other": 1}
        wait_for_more(relay, before, more, "smtpd_rejects_total", "reason")
    relay.shell("rm /etc/postfix/forbidden")


@contextmanager
def by_hand(relay, *parameters: str):
    """Postfix with parameters that nobody would leave there: the agent is stopped meanwhile, and reads the log later."""
    relay.shell(f"systemctl stop {AGENT}; cp -a /etc/postfix/main.cf /root/main.cf.before")
    try:
        relay.shell("cat >> /etc/postfix/main.cf && postfix reload", input="\n".join([*parameters, ""]))
        yield
    finally:
        relay.shell(f"cp -a /root/main.cf.before /etc/postfix/main.cf; postfix reload; systemctl start {AGENT}")
    relay.wait_for_agent()


def test_a_session_without_tls_is_a_reason(lab, relay):
    before = by_label(relay, "smtpd_rejects_total", "reason")
    with by_hand(relay, "smtpd_sender_restrictions = reject_plaintext_session"):
        say(lab.application, relay, mail(SENDER, "a@example.net")[:3], "450 4.7.1 Session encryption is required")
    wait_for_more(relay, before, {"tls": 1}, "smtpd_rejects_total", "reason")


def test_a_full_disk_is_a_reason(lab, relay):
    before = by_label(relay, "smtpd_rejects_total", "reason")
    with by_hand(relay, "queue_minfree = 999999999999"):
        said = speak(lab.application, relay.address, mail(SENDER, "a@example.net")[:2])
        assert said[-1].startswith("452 4.3.1 Insufficient system storage"), said
    wait_for_more(relay, before, {"queue_full": 1}, "smtpd_rejects_total", "reason")


# Deliveries


def test_each_provider_is_known_by_its_server_or_its_domain(lab, relay):
    """The servers take the mail. The name server knows none of the other domains, so their mail bounces."""
    sent, bounced = (by_label(relay, "deliveries_total", "provider", f'result="{result}"') for result in ("sent", "bounced"))
    for domain in [domain for domain, _ in SERVERS.values()] + [domain for domains in DOMAINS.values() for domain in domains]:
        say(lab.application, relay, mail("", f"someone@{domain}"), "250 ")
    wait_for_more(relay, sent, dict.fromkeys(SERVERS, 1), "deliveries_total", "provider", 'result="sent"')
    wanted = {provider: len(domains) for provider, domains in DOMAINS.items()}
    wait_for_more(relay, bounced, wanted, "deliveries_total", "provider", 'result="bounced"')


def test_mail_that_stays_on_the_host_is_local(lab, relay):
    sent = by_label(relay, "deliveries_total", "provider", 'result="sent"')
    say(lab.application, relay, mail("", "root@localhost"), "250 ")
    wait_for_more(relay, sent, {"local": 1}, "deliveries_total", "provider", 'result="sent"')


# TLS


TLS = """
import smtplib, ssl
context = ssl.create_default_context(cafile={authority!r})
context.maximum_version = ssl.TLSVersion.{version}
client = smtplib.SMTP({server!r}, 25, "app.example.com", timeout=20)
client.starttls(context=context)
client.sendmail("app@example.com", ["someone@example.net"], "Subject: by TLS\\r\\n\\r\\nHello.")
print(client.sock.version())
client.quit()
"""


def test_sessions_of_senders_with_tls_are_counted_by_their_version(lab, relay):
    give_certificate(lab, relay)
    labels = 'direction="in"', 'version="TLSv1.{}"'
    with settings(lab, relay, FILES):
        before = {minor: value(relay, "tls_sessions_total", labels[0], labels[1].format(minor)) for minor in (2, 3)}
        for minor in (2, 3, 3):
            script = TLS.format(authority=str(lab.folder / "ca.pem"), version=f"TLSv1_{minor}", server=relay.address)
            said = output("ip", "netns", "exec", lab.application, sys.executable, "-c", script, timeout=60)
            assert said.strip() == f"TLSv1.{minor}"
        for minor, more in ((2, 1), (3, 2)):
            wait_for(relay, before[minor] + more, "tls_sessions_total", labels[0], labels[1].format(minor))
        # A session without is none.
        say(lab.application, relay, mail(SENDER, "someone@example.net"), "250 ")
        assert value(relay, "tls_sessions_total", labels[0]) == sum(before.values()) + 3

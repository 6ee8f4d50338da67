"""A relay accepts nothing from a host outside the allowed networks, whatever trick is tried on the real Postfix."""

import re
import secrets

import pytest
from strangers import nothing_gets_through

from relaylab import network
from relaylab.dialogue import speak
from relaylab.shell import run

# RCPT TO's argument; the lab's outside is example.net, RELAY the relay's own name, ADDRESS its address.
RECIPIENTS = {
    "plain": "<victim@example.net>",
    "no brackets": "victim@example.net",
    "percent hack": "<victim%example.net@RELAY>",
    "percent hack at the service's domain": "<victim%example.net@example.com>",
    "percent hack twice": "<victim%example.net%RELAY@RELAY>",
    "percent hack at an address literal": "<victim%example.net@[ADDRESS]>",
    "percent hack without a domain": "<victim%example.net>",
    "bang path": "<example.net!victim>",
    "bang path at the relay": "<example.net!victim@RELAY>",
    "bang path through the relay": "<RELAY!example.net!victim>",
    "bang path and percent hack": "<RELAY!victim%example.net>",
    "source route": "<@RELAY:victim@example.net>",
    "source route of two": "<@RELAY,@example.com:victim@example.net>",
    "source route by address": "<@[ADDRESS]:victim@example.net>",
    "source route and percent hack": "<@RELAY:victim%example.net@RELAY>",
    "quoted address": '<"victim@example.net"@RELAY>',
    "quoted address at an address literal": '<"victim@example.net"@[ADDRESS]>',
    "quoted percent hack": '<"victim%example.net"@RELAY>',
    "quoted bang path": '<"example.net!victim"@RELAY>',
    "quoted address alone": '<"victim@example.net">',
    "quoted source route": '<"@RELAY:victim@example.net"@RELAY>',
    "escaped at": "<victim\\@example.net@RELAY>",
    "address literal": f"<victim@[{network.SINK}]>",
    "address without brackets": f"<victim@{network.SINK}>",
    "IPv6 literal": f"<victim@[IPv6:::ffff:{network.SINK}]>",
    "address literal as a number": "<victim@[3325256714]>",
    "trailing dot": "<victim@example.net.>",
    "two trailing dots": "<victim@example.net..>",
    "two ats": "<victim@example.net@RELAY>",
    "two ats, the relay first": "<victim@RELAY@example.net>",
    "the relay's name as a label": "<victim@RELAY.example.net>",
    "comment": "<victim@example.net(@RELAY)>",
    "comma": "<root@RELAY,victim@example.net>",
    "semicolon": "<group:victim@example.net;>",
    "two addresses in brackets": "<root@RELAY> <victim@example.net>",
    "brackets in brackets": "<<victim@example.net>>",
    "space before": "< victim@example.net>",
    "capitals": "<VICTIM@EXAMPLE.NET>",
    "NUL": "<root@RELAY\0victim@example.net>",
    "command": "<|/bin/cat@example.net>",
    "file": "</tmp/x@example.net>",
    "subdomain": "<victim@mx.example.net>",
    "the service's own domain": "<someone@example.com>",
    "a name in the service's domain": "<someone@other.example.com>",
    "resolver's domain": "<victim@localhost.example.net>",
    "UTF-8": "<vïctim@example.net>",
    "the relay's own root": "<root@RELAY>",
    "the relay's own postmaster": "<postmaster@RELAY>",
    "the relay's own root at its address": "<root@[ADDRESS]>",
}

SENDERS = {
    "null sender": "<>",
    "sender in the service's domain": "<someone@example.com>",
    "sender at the relay": "<root@RELAY>",
    "sender without a domain": "<root>",
    "sender postmaster": "<postmaster@example.com>",
    "sender at loopback": "<root@localhost>",
    "sender at loopback's address": "<root@[127.0.0.1]>",
    "sender at the relay's address": "<root@[ADDRESS]>",
    "sender is the recipient": "<victim@example.net>",
    "sender with a percent hack": "<a%example.org@RELAY>",
    "sender with a source route": "<@RELAY:a@example.org>",
    "sender with options": "<someone@example.com> SIZE=100 BODY=8BITMIME RET=HDRS AUTH=<>",
}

GREETINGS = {
    "greeted as the relay": "EHLO RELAY",
    "greeted as the service's domain": "EHLO example.com",
    "greeted as localhost": "EHLO localhost",
    "greeted as loopback": "EHLO [127.0.0.1]",
    "greeted as a host of the VPC": "EHLO [10.0.0.1]",
    "greeted by HELO": "HELO outsider.example.org",
    "not greeted": "NOOP",
}

STANDARD = ("EHLO outsider.example.org", "<a@example.org>", "<victim@example.net>")
ATTACKS = (
    {trick: (STANDARD[0], STANDARD[1], recipient) for trick, recipient in RECIPIENTS.items()}
    | {trick: (STANDARD[0], sender, STANDARD[2]) for trick, sender in SENDERS.items()}
    | {f"{trick}, percent hack": (STANDARD[0], sender, RECIPIENTS["percent hack"]) for trick, sender in SENDERS.items()}
    | {trick: (greeting, STANDARD[1], STANDARD[2]) for trick, greeting in GREETINGS.items()}
)


MARK = f"attack {secrets.token_hex(4)}"


@pytest.fixture(scope="module")
def relay(lab):
    with nothing_gets_through(lab, MARK) as relay:
        yield relay


def said_to(relay, lab, *lines: str) -> list[str]:
    """The relay's answers to a host outside, for each line."""
    filled = [line.replace("RELAY", relay.hostname).replace("ADDRESS", relay.address) for line in lines]
    answers = speak(lab.outsider, relay.address, filled)
    assert answers[0].startswith("220 "), answers
    return answers[1:]


@pytest.mark.parametrize("trick", ATTACKS)
def test_a_trick_is_refused(lab, relay, trick):
    greeting, sender, recipient = ATTACKS[trick]
    mail = f"Subject: {MARK} {trick}\n\nThis must not arrive.\n.".replace("\n", "\r\n")
    answers = said_to(relay, lab, greeting, f"MAIL FROM:{sender}", f"RCPT TO:{recipient}", "DATA", mail)
    # The relay says no to the recipient, or to the sender before; and without one there is nothing to take a mail for.
    assert len(answers) >= 4, answers
    for answer in answers[2:4]:
        assert re.match(r"[45]\d\d ", answer), answers


@pytest.mark.parametrize("line", [
    "VRFY root", "VRFY victim@example.net", "EXPN root", "EXPN postmaster", "ETRN example.net", "ETRN RELAY", "ETRN #",
    "AUTH PLAIN AGEAYg==", "AUTH LOGIN", "AUTH", "TURN", "ATRN example.net", "SEND FROM:<a@example.org>", "STARTTLS x",
    "XCLIENT ADDR=127.0.0.1", "XCLIENT ADDR=10.0.0.1 NAME=app.example.com", "XCLIENT LOGIN=root",
    "XFORWARD ADDR=10.0.0.1", "XFORWARD NAME=app.example.com ADDR=127.0.0.1",
    "PROXY TCP4 10.0.0.1 10.0.1.10 40000 25",
])
def test_a_command_of_others_is_refused_and_changes_nothing(lab, relay, line):
    answers = said_to(relay, lab, STANDARD[0], line, f"MAIL FROM:{STANDARD[1]}", f"RCPT TO:{STANDARD[2]}")
    assert re.match(r"[45]\d\d ", answers[1]), answers
    assert len(answers) < 4 or re.match(r"[45]\d\d ", answers[3]), answers


def test_a_proxys_header_before_the_greeting_makes_no_host_of_the_vpc_of_a_stranger(lab, relay):
    header = "PROXY TCP4 10.0.0.1 10.0.1.10 40000 25"
    answers = said_to(relay, lab, header, STANDARD[0], f"MAIL FROM:{STANDARD[1]}", f"RCPT TO:{STANDARD[2]}")
    assert re.match(r"[45]\d\d ", answers[0]), answers
    assert len(answers) < 4 or re.match(r"[45]\d\d ", answers[3]), answers


def test_what_would_open_the_relay_is_not_even_offered(lab, relay):
    greeting = said_to(relay, lab, STANDARD[0])[0]
    assert greeting.startswith("250-"), greeting
    offered = {line[4:].split(" ")[0].split("=")[0].upper() for line in greeting.splitlines()}
    assert not offered & {"AUTH", "XCLIENT", "XFORWARD", "VRFY", "EXPN", "ATRN"}, greeting


def test_a_refused_recipient_leaves_the_next_one_refused(lab, relay):
    """Nor does one session's many tries wear the relay down."""
    lines = [f"RCPT TO:{recipient}" for recipient in list(RECIPIENTS.values())[:10]]
    answers = said_to(relay, lab, STANDARD[0], f"MAIL FROM:{STANDARD[1]}", *lines, "RSET", "MAIL FROM:<>", lines[0])
    assert len(answers) == len(lines) + 5, answers
    assert all(re.match(r"[45]\d\d ", answer) for answer in answers[2:-3] + answers[-1:]), answers


def test_only_the_node_itself_may_speak_for_others(lab, relay):
    """The proof comes from the node's private address, to the doors themselves. No other host has that address."""
    assert relay.shell("postconf -h smtpd_authorized_xclient_hosts").strip() == relay.address
    lines = ["EHLO x", "XCLIENT ADDR=192.0.2.25"]
    assert re.match(r"220 ", speak(relay.namespace, relay.address, lines)[2])
    for namespace, server in ((lab.outsider, relay.address), (lab.application, relay.address),
                              (lab.network.router, relay.address), (lab.application, network.LOAD_BALANCER),
                              (relay.namespace, "127.0.0.1")):
        assert re.match(r"5\d\d ", speak(namespace, server, lines)[2]), (namespace, server)


def test_no_listener_is_there_but_the_doors(lab, relay):
    assert relay.shell("ss -Hltn 'sport = :10025'") == ""
    assert speak(lab.outsider, relay.address, ["EHLO x"], port=10025) is None


@pytest.mark.parametrize("recipient", ["<postmaster>", "<Postmaster>", "<POSTMASTER>", '<"postmaster">', "postmaster"])
def test_a_recipient_that_postfix_must_accept_gets_no_mail_through(lab, relay, recipient):
    """More of it is in test_postmaster.py."""
    mail = f"Subject: {MARK} {recipient}\r\n\r\nThis must not arrive.\r\n."
    answers = said_to(relay, lab, STANDARD[0], f"MAIL FROM:{STANDARD[1]}", f"RCPT TO:{recipient}", "DATA", mail)
    assert re.match(r"[45]\d\d ", answers[3]), answers


def test_the_relays_own_mailboxes_are_for_the_networks(lab, relay):
    """The mail that a stranger may not send above: cron's mail and the like."""
    lab.submit(relay, 1, f"root@{relay.hostname}")
    relay.wait_until(f"journalctl -u postfix | grep 'to=<root@{relay.hostname}>' | grep -q 'relay=local.*status=sent'", 30,
                     "the mail for root")


IPV6 = {"ipv6s": "2001:db8:1::10", "vpc-ipv6-cidr-blocks": "2001:db8:1::/56"}


def test_an_ipv6_network_is_served_and_none_beside_it(lab, relay):
    mac = lab.nodes[relay.address]["meta-data"]["mac"]
    interface = f"network/interfaces/macs/{mac}"

    def address(namespace: str, change: str, text: str) -> None:
        run("ip", "-n", namespace, "address", change, text, "dev", "eth0", *(["nodad"] if change == "add" else []))

    address(relay.namespace, "add", "2001:db8:1::10/32")
    for name, value in IPV6.items():
        lab.set_metadata(relay, f"{interface}/{name}", value)
    try:
        # Clients that are not served are tried by XCLIENT: the neighbours of each range, too.
        relay.agent("reconcile", check=True)
        assert relay.shell("postconf -h mynetworks").strip() == "127.0.0.0/8 [::1]/128 10.0.0.0/16 [2001:db8:1::]/56"
        proof = relay.agent("probe")
        assert proof.returncode == 0, proof.stdout
        answers = {}
        for client in ("2001:db8:1:ff::20", "2001:db8:1:100::20"):
            address(lab.application, "add", f"{client}/32")
            answers[client] = lab.try_relay("2001:db8:1::10", inside=True)
            address(lab.application, "del", f"{client}/32")
    finally:
        for name in IPV6:
            lab.set_metadata(relay, f"{interface}/{name}", None)
        address(relay.namespace, "del", "2001:db8:1::10/32")
        relay.agent("reconcile", check=True)
    assert answers["2001:db8:1:ff::20"].startswith("250 "), answers
    assert answers["2001:db8:1:100::20"].startswith("554 ") and "Relay access denied" in answers["2001:db8:1:100::20"]

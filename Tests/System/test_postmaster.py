"""Postfix answers 250 to a bare <postmaster> of anybody's (RFC 5321, 4.5.1), before any restriction. No mail of a stranger
gets through by it all the same: DATA and BDAT are refused, on the real Postfix.
"""

import json
import re
import secrets
import sys

import pytest
from strangers import nothing_gets_through
from test_open_relay import SENDERS

from relaylab import network
from relaylab.dialogue import speak
from relaylab.shell import output

MARK = f"postmaster {secrets.token_hex(4)}"

# RCPT TO's argument; RELAY is the relay's own name, ADDRESS its address.
POSTMASTERS = {
    "bare": "<postmaster>",
    "with a capital": "<Postmaster>",
    "in capitals": "<POSTMASTER>",
    "mixed": "<pOsTmAsTeR>",
    "quoted": '<"postmaster">',
    "quoted, with a capital": '<"Postmaster">',
    "escaped": "<post\\master>",
    "quoted and escaped": '<"post\\master">',
    "no brackets": "postmaster",
    "no brackets, in capitals": "POSTMASTER",
    "no brackets, quoted": '"postmaster"',
    "blanks in the brackets": "< postmaster >",
    "a blank before": " <postmaster>",
    "at the address": "<postmaster@[ADDRESS]>",
    "at loopback's address": "<postmaster@[127.0.0.1]>",
    "at the relay": "<postmaster@RELAY>",
    "at the relay, with a dot": "<postmaster@RELAY.>",
    "at the service's domain": "<postmaster@example.com>",
    "at localhost": "<postmaster@localhost>",
    "at nothing": "<postmaster@>",
    "with a source route": "<@RELAY:postmaster>",
    "with a source route of another": "<@example.net:postmaster>",
    "with a source route by address": "<@[ADDRESS]:postmaster@RELAY>",
    "with a percent hack": "<postmaster%example.net>",
    "with a percent hack at the relay": "<postmaster%example.net@RELAY>",
    "with a bang path": "<RELAY!postmaster>",
    "with an extension": "<postmaster+victim>",
    "with options": "<postmaster> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;victim@example.net",
    "with a comment": "<postmaster(victim@example.net)>",
    "two addresses": "<postmaster>,<victim@example.net>",
    "with another": "<postmaster victim@example.net>",
}


@pytest.fixture(scope="module")
def relay(lab):
    with nothing_gets_through(lab, MARK) as relay:
        yield relay


def filled(relay, lines) -> list[str]:
    return [line.replace("RELAY", relay.hostname).replace("ADDRESS", relay.address) for line in lines]


def mail(kind: str) -> str:
    return f"Subject: {MARK} {kind}\r\n\r\nThis must not arrive.\r\n."


HELLO = "EHLO outsider.example.org"


def assert_nothing_is_taken(answers: list[str], first: int) -> None:
    """Neither DATA nor what follows is answered by anything but a refusal, or a goodbye."""
    for answer in answers[first:]:
        assert re.match(r"(221|4\d\d|5\d\d)[ -]", answer), answers


def said(lab, relay, lines: list[str]) -> list[str]:
    """The relay's answers to a host outside: to its greeting, and to each line."""
    return speak(lab.outsider, relay.address, filled(relay, lines))


@pytest.mark.matrix(every=3)
@pytest.mark.parametrize("kind", POSTMASTERS)
def test_mail_to_postmaster_gets_no_further_than_the_recipient(lab, relay, kind):
    answers = said(lab, relay, [HELLO, "MAIL FROM:<a@example.org>", f"RCPT TO:{POSTMASTERS[kind]}", "DATA", mail(kind)])
    assert len(answers) >= 5, answers
    assert_nothing_is_taken(answers, 4)


@pytest.mark.matrix(every=3)
@pytest.mark.parametrize("kind", SENDERS)
def test_whoever_it_claims_to_be_from(lab, relay, kind):
    answers = said(lab, relay, [HELLO, f"MAIL FROM:{SENDERS[kind]}", "RCPT TO:<postmaster>", "DATA", mail(kind)])
    assert_nothing_is_taken(answers, 4)


SEQUENCES = {
    "several of them": ["RCPT TO:<postmaster>", "RCPT TO:<Postmaster>", "RCPT TO:<POSTMASTER>"],
    "after a refused one": ["RCPT TO:<victim@example.net>", "RCPT TO:<postmaster>"],
    "before a refused one": ["RCPT TO:<postmaster>", "RCPT TO:<victim@example.net>"],
    "between refused ones": ["RCPT TO:<victim@example.net>", "RCPT TO:<postmaster>", "RCPT TO:<root@RELAY>"],
    "twenty of them": ["RCPT TO:<postmaster>"] * 20,
    "after a reset": ["RCPT TO:<postmaster>", "RSET", "MAIL FROM:<>", "RCPT TO:<postmaster>"],
    "after another greeting": ["RCPT TO:<postmaster>", HELLO, "MAIL FROM:<>", "RCPT TO:<postmaster>"],
    "after a refused DATA": ["RCPT TO:<postmaster>", "DATA", "RCPT TO:<postmaster>"],
}


@pytest.mark.matrix(every=4)
@pytest.mark.parametrize("kind", SEQUENCES)
@pytest.mark.parametrize("greeting", [HELLO, "HELO outsider.example.org"])
def test_nor_in_a_sequence(lab, relay, kind, greeting):
    lines = [greeting, "MAIL FROM:<a@example.org>", *SEQUENCES[kind], "DATA", mail(kind)]
    answers = said(lab, relay, lines)
    assert_nothing_is_taken(answers, len(lines) - 1)
    assert not any(answer.startswith("354") for answer in answers), answers


# BDAT (RFC 3030) in DATA's place. Its octets follow the command at once, which dialogue.py can't say.

_BDAT = """
import socket, sys, json
order = json.loads(sys.argv[1])
connection = socket.create_connection((order["server"], 25), 20)
answers = connection.makefile("rb")
def reply():
    text = ""
    while line := answers.readline().decode(errors="replace"):
        text += line
        if line[3:4] != "-":
            break
    return text.strip()
heard = [reply()]
if order["pipelined"]:
    connection.sendall("".join(order["blocks"]).encode())
    for _ in order["blocks"]:
        heard.append(reply())
else:
    for block in order["blocks"]:
        try:
            connection.sendall(block.encode())
        except OSError:
            break
        heard.append(reply())
print(json.dumps(heard))
"""


def blocks_said(lab, relay, blocks: list[str], pipelined: bool) -> list[str]:
    order = json.dumps({"server": relay.address, "blocks": filled(relay, blocks), "pipelined": pipelined})
    return json.loads(output("ip", "netns", "exec", lab.outsider, sys.executable, "-c", _BDAT, order, timeout=120))


def bdat(text: str, last: bool = True) -> str:
    return f"BDAT {len(text)}{' LAST' if last else ''}\r\n{text}"


CONTENT = f"Subject: {MARK} by BDAT\r\n\r\nThis must not arrive.\r\n"
BODIES = {
    "BDAT": [bdat(CONTENT)],
    "BDAT in two": [bdat(CONTENT[:20], last=False), bdat(CONTENT[20:])],
    "BDAT and an empty last": [bdat(CONTENT, last=False), "BDAT 0 LAST\r\n"],
    "an empty BDAT first": ["BDAT 0\r\n", bdat(CONTENT)],
    "BDAT after DATA": ["DATA\r\n", bdat(CONTENT)],
    "DATA after BDAT": [bdat(CONTENT, last=False), "DATA\r\n"],
    "DATA": ["DATA\r\n", f"{CONTENT}.\r\n"],
}


@pytest.mark.matrix(every=4)
@pytest.mark.parametrize("pipelined", [False, True], ids=["step by step", "pipelined"])
@pytest.mark.parametrize("recipient", ["<postmaster>", '<"Postmaster">', "postmaster"])
@pytest.mark.parametrize("kind", BODIES)
def test_nor_by_chunks_nor_in_one_go(lab, relay, kind, recipient, pipelined):
    head = [f"{HELLO}\r\n", "MAIL FROM:<a@example.org>\r\n", f"RCPT TO:{recipient}\r\n"]
    answers = blocks_said(lab, relay, head + BODIES[kind], pipelined)
    assert len(answers) >= 4, answers
    # In one go, the lines of a mail are taken for commands, none of which is answered well.
    assert_nothing_is_taken([answer for answer in answers if answer], 4)


def test_bdat_is_refused_of_each_transaction(lab, relay):
    one = ["MAIL FROM:<a@example.org>\r\n", "RCPT TO:<postmaster>\r\n", bdat(CONTENT)]
    answers = blocks_said(lab, relay, [f"{HELLO}\r\n", *one, "RSET\r\n", *one], False)
    for number in (4, 8):
        assert len(answers) <= number or re.match(r"[45]\d\d[ -]", answers[number]), answers


# Senders are served as before


def test_senders_mail_to_postmaster_and_to_others_flows(lab, relay):
    subject = f"service {secrets.token_hex(4)}"
    lines = ["EHLO app.example.com", "MAIL FROM:<app@example.net>", "RCPT TO:<someone@example.net>", "DATA",
             f"Subject: {subject}\r\n\r\nHello.\r\n.", "QUIT"]
    for server in (relay.address, network.LOAD_BALANCER):
        answers = speak(lab.application, server, lines)
        assert answers[4].startswith("354 ") and answers[5].startswith("250 "), answers
    lab._wait(lambda: [mail["subject"] for mail in lab.mails()].count(subject) == 2, 30, "both mails")


def test_senders_mail_flows_by_chunks(lab, relay):
    content = f"Subject: {secrets.token_hex(4)} by BDAT\r\n\r\nHello.\r\n"
    order = json.dumps({"server": relay.address, "pipelined": True, "blocks": [
        "EHLO app.example.com\r\n", "MAIL FROM:<app@example.net>\r\n", "RCPT TO:<someone@example.net>\r\n", bdat(content)]})
    answers = json.loads(output("ip", "netns", "exec", lab.application, sys.executable, "-c", _BDAT, order, timeout=60))
    assert answers[4].startswith("250 "), answers
    lab.wait_for_mails([content.split("\r\n")[0].removeprefix("Subject: ")])


def test_the_probe_looks_at_the_barrier(lab):
    """Without it, a stranger's mail to <postmaster> is taken: that is no relay that serves."""
    relay = lab.relays[1]
    assert relay.shell("postconf -h smtpd_data_restrictions").strip() == "permit_mynetworks, reject"
    relay.shell("postconf -e smtpd_data_restrictions=; postfix reload")
    lines = [HELLO, "MAIL FROM:<a@example.org>", "RCPT TO:<postmaster>", "DATA"]
    try:
        lab._wait(lambda: speak(lab.outsider, relay.address, lines)[4].startswith("354 "), 5, "a relay without the barrier")
        proof = relay.agent("probe")
    finally:
        repaired = relay.agent("reconcile")
    assert proof.returncode == 1 and "smtpd_data_restrictions is '' instead of" in proof.stdout, proof.stdout
    assert repaired.returncode == 0, repaired.stdout
    assert relay.shell("postconf -h smtpd_data_restrictions").strip() == "permit_mynetworks, reject"
    lab.wait_for_backend(relay, "UP", 20)

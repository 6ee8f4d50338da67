"""`trace` and `queue`: what became of mail, and what waits, by the log and the queue of a real Postfix."""

import json
import re
import time

import pytest

from relaylab import network
from relaylab.dialogue import speak

SENDER = "app@example.com"


@pytest.fixture
def relay(lab):
    relay = lab.relays[0]
    yield relay
    lab.sink_up()
    relay.shell("postsuper -d ALL 2>/dev/null || true")


def take(lab, relay, recipient: str, answer: str = "250 ", sender: str = SENDER) -> str:
    """Have a relay take one mail from the application host. Its Message-ID."""
    identifier = f"<{time.monotonic_ns()}@example.com>"
    text = f"From: {SENDER}\r\nTo: {recipient}\r\nMessage-ID: {identifier}\r\nSubject: traced\r\n\r\nHello.\r\n."
    lines = ["EHLO app.example.com", f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>", "DATA", text]
    said = speak(lab.application, relay.address, lines)
    assert said[-1].startswith(answer), said
    return identifier


def trace(relay, *arguments: str) -> tuple[int, str]:
    result = relay.agent("trace", *arguments)
    return result.returncode, result.stdout


def wait_for_trace(relay, status: int, *arguments: str) -> str:
    """What `trace` says once its exit status is this one."""
    deadline = time.monotonic() + 90
    while (said := trace(relay, *arguments))[0] != status:
        assert time.monotonic() < deadline, said
        time.sleep(0.5)
    return said[1]


def queue(relay, *arguments: str) -> str:
    result = relay.agent("queue", *arguments)
    assert result.returncode == 0, result.stdout
    return result.stdout


def test_mail_that_was_sent_is_found_by_whatever_is_known_of_it(lab, relay):
    identifier = take(lab, relay, "sent@example.net")
    shown = wait_for_trace(relay, 0, "--message-id", identifier)
    steps = [line.split("  ")[2] for line in shown.splitlines() if line.startswith("  ")]
    assert steps[0].startswith("accepted from 10.0.2."), shown
    assert re.fullmatch(r"sent to sent@example.net by \S+\[198\.51\.100\.\d+\]:25: 250 kept", steps[1]), shown
    assert steps[2] == "done: it has left the queue"
    identity = shown.split(":")[0]
    client = re.search(r"accepted from (\S+)", shown).group(1)
    for known in (["sent@example.net"], [identity], [identifier], ["--recipient", "SENT@example.net"], ["--sender", SENDER],
                  ["--queue-id", identity], ["--client", client]):
        status, said = trace(relay, *known)
        # Other tests' mail has the same sender and client.
        assert f"{identity}: sent, from {SENDER}" in said and (status == 0 or known[0] in ("--sender", "--client")), known
    document = json.loads(trace(relay, "--json", identity)[1])
    message, = document["messages"]
    assert (message["queueID"], message["messageID"], message["sender"]) == (identity, identifier, SENDER)
    assert [step["event"] for step in message["steps"]] == ["accepted", "sent", "removed"]
    reach = re.search(r"The log reaches back to (\S+)\.$", shown.strip()).group(1)
    assert reach == document["logReachesBackTo"] <= message["steps"][0]["time"]


def test_mail_that_is_not_in_the_log_is_not_found(relay):
    status, said = trace(relay, "nobody@nowhere.example")
    assert status == 1
    assert said.startswith("No such mail is in this node's log.\nThe log reaches back to 20")


def test_mail_that_waits_is_shown_with_the_servers_words_and_the_next_try(lab, relay):
    lab.sink_down()
    identifier = take(lab, relay, "waits@example.net")
    relay.wait_until("find /var/spool/postfix/deferred -type f | grep -q .", 20, "the first try")
    shown = wait_for_trace(relay, 2, identifier)
    assert re.search(r"deferred for waits@example\.net: connect to \S+: Connection refused", shown), shown
    identity, due = re.match(r"(\w+): waiting, next try (\S+), from", shown).groups()
    # Postfix's own word for it (qmgr(8)): the time of the file.
    file = relay.shell(f"find /var/spool/postfix/deferred -name {identity}").strip()
    assert relay.shell(f"date -u -d @$(stat -c %Y {file}) +%Y-%m-%dT%H:%M:%SZ").strip() == due
    lab.sink_up()
    relay.shell("postqueue -f")
    assert "sent to waits@example.net" in wait_for_trace(relay, 0, identifier)


def test_a_bounce_is_shown_with_its_notice(lab, relay):
    identifier = take(lab, relay, "refused@example.net")
    shown = wait_for_trace(relay, 3, identifier)
    assert re.search(r"bounced for refused@example\.net by \S+: host \S+ said: 550 5\.1\.1 no such user", shown), shown
    notice = re.search(r"its sender is told by message (\w+)", shown).group(1)
    assert re.search(rf"^{notice}: \w+, from <>", shown, re.M), shown


def test_mail_that_was_refused_at_the_door_is_found(lab, relay):
    assert lab.try_relay(relay.address).startswith("554 ")
    stranger = network.OUTSIDER
    status, said = trace(relay, "--client", stranger)
    assert status == 3
    assert re.search(rf"refused at RCPT: mail of \S+ for \S+ from {re.escape(stranger)}\S*.*: 554 5\.7\.1 .*Relay access denied",
                     said), said


def test_a_mistake_in_the_question_is_said(relay):
    for arguments in (["--queue-id", "nonsense"], [], ["a@b.example", "--client", "x"], [""]):
        result = relay.agent("trace", *arguments)
        assert result.returncode == 64 and "Usage:" in result.stdout, result.stdout


def test_mail_is_found_where_the_log_was_rotated(lab, relay):
    """Postfix's own log file. Its rotation compresses what was there."""
    relay.shell("cp -a /etc/postfix/main.cf /root/main.cf.logged; "
                "echo 'maillog_file = /var/log/postfix.log' >> /etc/postfix/main.cf; postfix reload")
    try:
        old = take(lab, relay, "old@example.net")
        assert "sent to old@example.net" in wait_for_trace(relay, 0, old)
        relay.shell("postfix logrotate; ls /var/log/postfix.log.*.gz")
        new = take(lab, relay, "new@example.net")
        assert "sent to new@example.net" in wait_for_trace(relay, 0, new)
        assert "sent to old@example.net" in wait_for_trace(relay, 0, old)
    finally:
        relay.shell("cp -a /root/main.cf.logged /etc/postfix/main.cf; postfix reload; rm -f /var/log/postfix.log*")


def test_mail_is_found_in_syslogs_files_of_both_time_formats(lab, relay):
    identifier = take(lab, relay, "syslog@example.net")
    shown = wait_for_trace(relay, 0, identifier)
    identity = shown.split(":")[0]
    try:
        # A syslog daemon's file, and one that it was rotated to. The newer one has the newest line.
        relay.shell(f"journalctl -o short --no-pager | grep {identity} | gzip > /var/log/maillog-20261130.gz;"
                    "touch -d yesterday /var/log/maillog-20261130.gz;"
                    "date +'%Y-%m-%dT%H:%M:%S.123456%:z r1 postfix/qmgr[1]: 0123456789: removed' > /var/log/maillog")
        assert "sent to syslog@example.net" in wait_for_trace(relay, 0, identifier)
        assert trace(relay, "0123456789")[1].startswith("0123456789: ")
        # One that is written no more gives way to the journal.
        relay.shell("echo 'Jan  1 00:00:00 r1 postfix/qmgr[1]: 0123456789: removed' > /var/log/maillog; rm /var/log/maillog-*")
        assert "sent to syslog@example.net" in wait_for_trace(relay, 0, identifier)
    finally:
        relay.shell("rm -f /var/log/maillog*")


def test_the_queue_is_listed_held_released_requeued_and_deleted(lab, relay):
    lab.sink_down()
    one = take(lab, relay, "one@example.net")
    take(lab, relay, "two@mx.example.net", sender="other@example.com")
    relay.wait_until("test $(find /var/spool/postfix/deferred -type f | wc -l) = 2", 20, "the first tries")
    listed = queue(relay)
    assert listed.splitlines()[-1] == "2 messages: 2 deferred"
    assert re.search(r"^\w+  deferred  \d+ s old  \d+ bytes  from app@example\.com by 10\.0\.2\.\d+, next try in \d+ \w+\n"
                     r"    to one@example\.net: connect to \S+: Connection refused$", listed, re.M), listed
    document = json.loads(queue(relay, "list", "--json"))
    assert {message["sender"] for message in document} == {SENDER, "other@example.com"}
    client = document[0]["client"]
    for choice, count in (("--sender example.com", 2), ("--sender other@example.com", 1), ("--recipient mx.example.net", 1),
                          (f"--client {client}", 2), ("--client 10.9.9.9", 0), ("--reason 'connection refused'", 2),
                          ("--reason timeout", 0), ("--older-than 1h", 0), ("--older-than 0s", 2), ("--state hold", 0),
                          (document[0]["id"], 1), ("--sender '<>'", 0)):
        shown = relay.shell(f"smtp-relay-agent queue list {choice} 2>&1")
        assert shown.splitlines()[-1].startswith(f"{count} message" if count else "No message is chosen."), (choice, shown)
    # Nothing is changed without a choice, without a yes, or in a rehearsal.
    assert relay.agent("queue", "delete").returncode == 64
    assert relay.agent("queue", "delete", "--reason", "", "--yes").returncode == 64
    unsaid = relay.agent("queue", "delete", "--all")
    assert unsaid.returncode == 1 and "nothing was changed" in unsaid.stdout
    assert "one@example.net" in queue(relay, "delete", "--recipient", "one@example.net", "--dry-run")
    assert queue(relay).splitlines()[-1] == "2 messages: 2 deferred"
    said = relay.shell("echo yes | smtp-relay-agent queue hold --recipient one@example.net")
    assert "Hold this message? Type yes: " in said and said.endswith("held: 1 of 1\n"), said
    assert queue(relay).splitlines()[-1] == "2 messages: 1 deferred, 1 hold"
    assert trace(relay, one)[1].splitlines()[0].split(", ")[0].endswith(": on hold")
    assert queue(relay, "release", "--all", "--yes").endswith("released: 1 of 1\n")
    lab.sink_up()
    assert queue(relay, "requeue", "--recipient", "one@example.net", "--yes").endswith("requeued: 1 of 1\n")
    # Postfix looks for it once a minute (pickup(8)).
    shown = wait_for_trace(relay, 0, "--recipient", "one@example.net")
    assert re.search(r"requeued: \w+ before", shown), shown
    assert queue(relay, "delete", "--client", client, "--older-than", "1d") == "No message is chosen.\n"
    assert queue(relay, "delete", "--sender", "other@example.com", "--yes").endswith("deleted: 1 of 1\n")
    assert queue(relay) == "No message is chosen.\n"
    assert "deleted by an operator" in wait_for_trace(relay, 3, "--recipient", "two@mx.example.net")


def test_recipients_from_the_header_are_those_of_the_message(lab, relay):
    lab.sink_down()
    relay.shell("printf 'To: header@example.net\\nSubject: x\\n\\nHello\\n' | sendmail -t -f app@example.com")
    relay.wait_until("smtp-relay-agent queue --recipient header@example.net | grep -q 'to header@example.net: connect to'", 20, "it")


def test_mail_that_was_handed_over_is_followed_from_relay_to_relay(lab, relay):
    other = lab.relays[1]
    lab.sink_down()
    identifier = take(lab, relay, "handed@example.net")
    drained = relay.agent("drain", timeout=120)
    try:
        assert drained.returncode == 0, drained.stdout
        shown = wait_for_trace(relay, 0, identifier)
        handed = re.search(r"handed over to the relay (\S+) for handed@example\.net, where it is (\w+): ", shown)
        assert handed, shown
        assert handed.group(2) in wait_for_trace(other, 2, handed.group(2))
        lab.sink_up()
        other.shell("postqueue -f")
        assert "sent to handed@example.net" in wait_for_trace(other, 0, identifier)
    finally:
        lab.sink_up()
        assert relay.agent("undrain", timeout=120).returncode == 0

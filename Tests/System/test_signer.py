"""The DKIM signer: what arrives outside is verified by dkimpy, and nothing goes out unsigned while mail.dkim_required is true."""

import json
import re
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from relaylab.dialogue import speak
from relaylab.judges import Judges, dkimpy, printed_records, signatures
from relaylab.zone import Zone, text_line
from service import BACK, CONFIG, INTERVAL, assert_stops_as_it_starts, boot, slow_unit

UNIT = "smtp-relay-agent-signer"
KEYS = "/etc/smtp-relay-agent"
ODD = Path(__file__).parents[1] / "SignerTests/odd-messages.json"
RING = "/var/lib/smtp-relay-agent/signer/keys.json"
# Postfix and the agent see a dead signer within a look.
SEEN = INTERVAL + 10


def ask_zone(service) -> None:
    """Have the relay ask a name server whose records the test publishes."""
    service.zone = Zone(service.lab)
    service.zone.serve(service.relay)


def generate(service, selector: str, *options: str) -> dict[str, str]:
    """Make a key on the relay, and publish its record. Returns the record, by its name."""
    path, relay = f"{KEYS}/{selector}.pem", service.relay
    made = relay.agent("dkim", "generate", "--domain", "example.com", "--selector", selector, "--file", path, *options)
    assert made.returncode == 0, made.stdout
    assert relay.shell(f"stat -c '%a %U' {path}").split() == ["600", "root"]
    return publish(service, printed_records(made.stdout))


def publish(service, records: dict[str, str]) -> dict[str, str]:
    """Have these records in DNS, in place of others of the same names."""
    for name, value in records.items():
        service.zone.remove(name, "TXT")
        service.zone.add(text_line(name, value))
    return records


def table(selector: str) -> str:
    return f'[[mail.dkim]]\ndomain = "example.com"\nselector = "{selector}"\nkey_file = "{KEYS}/{selector}.pem"\n'


def settings(service, text: str) -> None:
    """Give the relay these settings beside those that it has booted with, and wait until they are in force."""
    service.relay.write("/root/dkim.toml", text)
    service.relay.shell(f"cat /root/good.toml /root/dkim.toml > {CONFIG}.new && mv {CONFIG}.new {CONFIG}")
    reconciled = service.relay.agent("reconcile")
    assert reconciled.returncode == 0, reconciled.stdout


@pytest.fixture(scope="module")
def service(binary):
    """A relay that signs the mail of example.com by two keys."""
    for service in boot(binary):
        service.lab.add_sender()
        ask_zone(service)
        service.dns = generate(service, "r1") | generate(service, "e1", "--type", "ed25519")
        settings(service, table("r1") + table("e1"))
        assert service.stays_back(time.time(), BACK) is not None
        yield service


def verified(service, mail: dict) -> list[str]:
    """The selectors by which a mail that has arrived is signed, each of which dkimpy verifies."""
    assert mail["whole"], f"{mail['subject']} has arrived unsigned"
    assert all(dkimpy(mail["whole"], service.dns)), mail
    return signatures(mail["whole"])


def sent(service, count: int = 1, **options) -> list[dict]:
    return service.lab.wait_for_mails(service.lab.submit(service.relay, count, **options), 30)


def signer(service) -> list[int]:
    """The processes of the signer: root's first one, and the one that speaks with Postfix."""
    return [int(word) for word in service.relay.shell("pgrep -f 'smtp-relay-agent sign( |$)'").split()]


@contextmanager
def dead(service):
    """A signer that does not come up again, whoever starts it. What is given is the time of its end."""
    folder = f"/etc/systemd/system/{UNIT}.service.d"
    service.relay.write(f"{folder}/dead.conf", "[Service]\nType=simple\nExecStart=\nExecStart=/bin/false\n")
    try:
        # A pass that restarts it at this moment cancels the stop.
        yield service.change(f"systemctl daemon-reload; until systemctl stop {UNIT}; do sleep 0.1; done")
    finally:
        service.relay.shell(f"rm -r {folder}; systemctl daemon-reload; systemctl restart {UNIT}")


def test_mail_arrives_signed_by_both_keys(service):
    for mail in sent(service, 3):
        assert sorted(verified(service, mail)) == ["e1", "r1"]
    assert service.dns == printed_records(service.relay.agent("dkim", "record").stdout)


def arrivals(service, messages: dict[str, bytes]) -> dict[str, dict]:
    """Send messages byte by byte, and wait until each has arrived. They are told apart by their recipients."""
    recipients = {f"{name}@example.net": message for name, message in messages.items()}
    service.lab.submit_bytes(service.relay, recipients)
    def found():
        return {mail["to"][0].split("@")[0]: mail for mail in service.lab.mails() if mail["to"][0] in recipients}
    service.lab._wait(lambda: len(found()) == len(messages), 30, "the odd messages")
    return found()


def test_odd_messages_verify_for_dkimpy_and_opendkim(service):
    odd = {name: text.encode("latin-1") for name, text in json.loads(ODD.read_text()).items()}
    # OpenDKIM judges no message without a date.
    odd |= {f"dated-{name}": b"Date: Tue, 01 Dec 2026 02:00:00 +0000\r\n" + message for name, message in odd.items()}
    found = arrivals(service, odd)
    assert [name for name, mail in found.items() if not mail["whole"]] == []
    assert {name: sorted(verified(service, mail)) for name, mail in found.items()} == {name: ["e1", "r1"] for name in odd}
    judges = Judges(service.lab)
    said = {name: judges.opendkim(mail["whole"]) for name, mail in found.items() if name.startswith("dated-")}
    # Nor one that has a header twice of which RFC 5322 allows one.
    assert {name for name, words in said.items() if words} == {"dated-repeated"}, said
    assert "Syntax error" in said["dated-repeated"]
    # The judges judge.
    changed = found["dated-plain"]["whole"].replace("Hello", "Hallo")
    assert judges.opendkim(changed) and not any(dkimpy(changed, service.dns))


def test_a_line_that_is_too_long_for_smtp_is_broken_after_the_signature(service):
    head = b"From: joe@example.com\r\nSubject: long\r\n\r\n"
    mail, = arrivals(service, {"too-long": head + b"x" * 1200 + b"\r\n"}).values()
    assert "x" * 998 + "\r\n xx" in mail["whole"] and not any(dkimpy(mail["whole"], service.dns))


def test_a_local_programs_mail_is_signed_too(service):
    text = "From: root@host.example.com\\nTo: someone@example.net\\nSubject: by sendmail\\n\\nHello.\\n"
    service.relay.shell(f"printf '{text}' | sendmail -f root@example.com someone@example.net")
    assert len(verified(service, service.lab.wait_for_mails(["by sendmail"], 30)[0])) == 2


def test_mail_that_another_relay_has_signed_is_not_signed_again(service):
    first = sent(service)[0]
    text = first["whole"].replace("\r\n", "\n")
    service.relay.write("/root/signed.eml", text)
    before = len(service.lab.mails())
    service.relay.shell("sendmail -f app@example.com someone@example.net < /root/signed.eml")
    service.lab._wait(lambda: len(service.lab.mails()) > before, 30, "the mail")
    assert sorted(verified(service, service.lab.mails()[-1])) == ["e1", "r1"]


def test_the_process_that_speaks_with_postfix_has_no_rights(service):
    parent, worker = sorted(signer(service))
    status = service.relay.shell(f"cat /proc/{worker}/status")
    assert re.search(r"^Uid:\s+64895\s+64895\s+64895\s+64895$", status, re.M), status
    assert re.search(r"^Groups:\s*$", status, re.M) and re.search(r"^CapEff:\s+0+$", status, re.M), status
    assert service.relay.shell(f"stat -c '%a %U' {RING} $(dirname {RING})").split() == ["600", "root", "700", "root"]
    assert service.relay.shell(f"ps -o user= -p {parent}").strip() == "root"


def test_a_rotation_needs_no_restart_and_sends_nothing_unsigned(service):
    before = signer(service)
    service.dns |= generate(service, "r2")
    traffic = service.lab._in_background(service.relay.address, 60, 12, "someone@example.net")
    settings(service, table("r1") + table("r2"))
    settings(service, table("r2"))
    arrived = service.lab.wait_for_mails(traffic.finish(), 30)
    assert all(set(verified(service, mail)) <= {"e1", "r1", "r2"} for mail in arrived)
    assert verified(service, sent(service)[0]) == ["r2"]
    # A new key in the file of the old one, too.
    service.relay.shell(f"mv {KEYS}/r2.pem {KEYS}/old.pem")
    service.dns |= generate(service, "r2")
    # JSON may write a slash with a backslash before it.
    has_key = f"tr -d '\\\\' < {RING} | grep -qF \"$(tail -3 {KEYS}/r2.pem | head -1)\""
    service.relay.wait_until(has_key, 20, "the new key")
    assert verified(service, sent(service)[0]) == ["r2"]
    assert signer(service) == before


def test_a_killed_signer_loses_nothing_and_sends_nothing_unsigned(service):
    traffic = service.lab.send_in_background(60, 12)
    for _ in range(4):
        time.sleep(2)
        service.relay.shell("pkill -KILL -f 'smtp-relay-agent sign( |$)'")
    arrived = service.lab.wait_for_mails(traffic.finish(), 60)
    assert all(verified(service, mail) == ["r2"] for mail in arrived)
    assert service.stays_back(time.time()) is not None


def test_while_the_signer_is_dead_mail_waits_and_the_node_is_out_of_service(service):
    service.relay.shell(f"systemctl stop smtp-relay-agent; systemctl stop {UNIT}")
    try:
        with pytest.raises(Exception, match="451"):
            service.lab.submit(service.relay, 1)
        service.relay.wait_until("! smtp-relay-agent probe", 20, "a probe that fails")
    finally:
        since = time.time()
        service.relay.shell("systemctl start --no-block smtp-relay-agent")
    # The resident agent's pass starts it again.
    assert service.stays_back(since) is not None
    assert verified(service, sent(service)[0]) == ["r2"]


def test_the_health_check_answers_503_within_seconds_and_200_with_the_signer(service):
    with dead(service) as since:
        service.assert_withdrawn(since, SEEN)
    assert service.stays_back(time.time()) is not None
    assert verified(service, sent(service)[0]) == ["r2"]


def test_a_hung_signer_is_replaced_and_nothing_goes_out_unsigned(service):
    worker = sorted(signer(service))[1]
    since = service.change(f"kill -STOP {worker}")
    answers = speak(service.lab.application, service.relay.address, ["EHLO a.example", "MAIL FROM:<app@example.com>"])
    assert answers[-1].startswith("451 "), answers
    assert service.health.first(since, 12, serving=False) is not None, "the health check answered 200 all the time"
    # The resident agent's pass puts another one in its place.
    service.relay.wait_until(f"! kill -0 {worker} && [ $(pgrep -fc 'smtp-relay-agent sign( |$)') = 2 ]", 3 * BACK, "another signer")
    assert service.stays_back(time.time()) is not None
    assert verified(service, sent(service)[0]) == ["r2"]


def counted(service) -> dict[str, float]:
    """The messages of the signer by their results, as Prometheus reads them after a pass."""
    assert service.relay.agent("reconcile").returncode == 0
    found = re.findall(r'^smtp_relay_agent_signer_messages_total\{result="(.+)"\} (\d+)$',
                       service.relay.shell("curl -fsS http://127.0.0.1/metrics"), re.M)
    return {result: int(number) for result, number in found}


def test_a_stop_that_comes_as_it_starts_ends_it(service):
    assert_stops_as_it_starts(service.relay, UNIT)
    assert service.stays_back(time.time(), BACK) is not None
    sent(service)


def test_an_operators_stop_is_not_broken_off(service):
    """A pass sees the dead signer while its stop still goes on."""
    with slow_unit(service.relay, UNIT, "ExecStopPost=/bin/sleep 3"):
        # A stop that is broken off fails.
        since = service.change(f"systemctl stop {UNIT}")
        service.relay.wait_until(f"systemctl is-active -q {UNIT}", BACK, "the signer")
        assert service.stays_back(since, BACK) is not None
    sent(service)


def test_its_messages_are_counted_by_their_results(service):
    # A signer that has just begun has counted nothing yet.
    sent(service)
    service.lab._wait(lambda: len(counted(service)) == 7, 30, "the counts")
    before = counted(service)
    first, *_ = sent(service, 3)
    # One message has a domain without a key, and one is signed already.
    others = first["whole"].replace("\r\n", "\n"), "From: a@other.example\nSubject: no key\n\nHello.\n"
    for text in others:
        service.relay.write("/root/counted.eml", text)
        service.relay.shell("sendmail -f app@example.com someone@example.net < /root/counted.eml")
    service.lab.wait_for_mails(["no key"], 30)
    wanted = {**before, "signed": before["signed"] + 3, "signed before": before["signed before"] + 1, "no key": before["no key"] + 1}
    service.lab._wait(lambda: counted(service) == wanted, 30, f"the counts {wanted}")
    # The process that signs may end, and its successor's counts are added.
    service.relay.shell(f"kill -KILL {sorted(signer(service))[1]}")
    service.lab._wait(lambda: len(signer(service)) == 2, 20, "another process that signs")
    assert service.stays_back(time.time()) is not None
    sent(service)
    wanted["signed"] += 1
    service.lab._wait(lambda: counted(service) == wanted, 30, f"the counts {wanted}")


def test_where_it_is_not_required_mail_goes_out_unsigned(service):
    settings(service, table("r2"))
    service.relay.shell(f"sed -i 's/^\\[mail\\]$/[mail]\\ndkim_required = false/' {CONFIG}")
    assert service.relay.agent("reconcile").returncode == 0
    with dead(service):
        assert sent(service)[0]["whole"] is None
        # A pass that can't start it leaves the node in service.
        service.relay.agent("reconcile")
        assert service.relay.shell("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/health") == "200"
    assert verified(service, sent(service)[0]) == ["r2"]


def test_a_key_in_ssm_is_made_read_and_never_replaced(service):
    make = ("dkim", "generate", "--domain", "example.com", "--selector", "p1", "--parameter", "/smtp-relay/dkim-p1")
    made = service.relay.agent(*make)
    assert made.returncode == 0, made.stdout
    service.dns |= publish(service, printed_records(made.stdout))
    again = service.relay.agent(*make)
    assert again.returncode == 1 and "ssm:PutParameter" in again.stdout, again.stdout
    settings(service, '[[mail.dkim]]\ndomain = "example.com"\nselector = "p1"\nkey_parameter = "/smtp-relay/dkim-p1"\n')
    assert verified(service, sent(service)[0]) == ["p1"]
    # Nobody reads a key in the log.
    line = service.relay.shell(f"grep -o 'PRIVATE KEY-----.n[A-Za-z0-9+/]*' {RING} | head -1").split("n", 1)[1].strip()
    assert len(line) > 40 and line not in service.relay.shell("journalctl --no-pager")


def test_without_keys_nothing_is_left_of_the_signer(service):
    since = time.time()
    settings(service, "")
    # The resident agent has known of a signer until now, and takes its end for no fault.
    service.assert_serving(since, INTERVAL, blip=0.0)
    assert "8895" not in service.relay.shell("cat /etc/postfix/main.cf; ss -Hltn")
    assert counted(service) == {}
    service.relay.shell(f"! test -e {RING} && ! test -e /etc/systemd/system/{UNIT}.service && ! systemctl is-active {UNIT}")
    assert sent(service)[0]["whole"] is None

"""The doctor of deliverability: a domain as receivers see it, and the records that mend it."""

import json

import pytest

from conftest import hold_timer
from relaylab import user_data, zone
from relaylab.lab import Lab
from relaylab.zone import Record, Zone, text_line

DOMAIN = "example.org"
ADDRESS = "198.51.100.90"
POINTER = "90.100.51.198.in-addr.arpa"
KEY = f"relay._domainkey.{DOMAIN}"
GREETING = f"mail.{DOMAIN}"
MX = f"{DOMAIN}. 3600 IN MX 10 mx.example.net."


@pytest.fixture(scope="module")
def good() -> list[str]:
    """The records of a domain that has all that receivers want."""
    return [text_line(DOMAIN, f"v=spf1 ip4:{ADDRESS} -all"), text_line(DOMAIN, "something-else=1"),
            zone.key_line(KEY, 2048), text_line(f"_dmarc.{DOMAIN}", "v=DMARC1; p=reject"), MX,
            f"{GREETING}. 3600 IN A {ADDRESS}", f"{POINTER}. 3600 IN PTR {GREETING}."]


@pytest.fixture(scope="module")
def practice(binary, good):
    """A relay with a public address, and a name server of the sending domain."""
    with Lab(binary) as lab:
        lab.zone = Zone(lab)
        lab.zone.set(good)
        relay = lab.add_relay(user_data.cloud_config(lab.sha256, "[reconcile]\nresident = false"), boot=False)
        (relay.root / "etc/resolv.conf").write_text(f"nameserver {zone.ADDRESS}\n")
        lab.set_metadata(relay, "public-ipv4", ADDRESS)
        relay.boot()
        relay.wait_for_cloud_init()
        hold_timer(relay)
        yield lab


@pytest.fixture
def domain(practice, good) -> Zone:
    if practice.zone.records != [Record.of(line) for line in good]:
        practice.zone.set(good)
    return practice.zone


@pytest.fixture
def relay(practice):
    return practice.relays[0]


def ask(relay, *arguments: str):
    return relay.agent("doctor", "--domain", DOMAIN, "--selector", "relay", *arguments)


def look(relay, *arguments: str) -> dict:
    """The report for programs, with the findings by name. Its status is that of its findings."""
    result = ask(relay, "--json", *arguments)
    report = json.loads(result.stdout[result.stdout.index("{"):])
    worst = max([{"info": 0, "warning": 2, "critical": 3}[finding["severity"]] for finding in report["findings"]], default=0)
    assert result.returncode == worst, result.stdout
    return report | {"found": {finding["name"]: finding for finding in report["findings"]}}


def printed(text: str) -> list[tuple[str, Record]]:
    """The records that a report says to publish, each with the comment above it."""
    lines = text.split("Publish in DNS:\n")[1].split("\n\n")[0].splitlines()
    comments = [""] + lines[:-1]
    return [(comment if comment.startswith(";") else "", Record.of(line))
            for comment, line in zip(comments, lines) if not line.startswith(";")]


def publish(domain: Zone, text: str) -> None:
    """Do what a report says, to the letter."""
    for comment, record in printed(text):
        if comment:
            assert comment.startswith("; in place of ") and record.name in comment + f" _dmarc.{DOMAIN}"
            domain.remove(record.name, record.kind, "v=spf1" if "SPF" in comment else "")
        domain.add(f"{record.name}. 3600 IN {record.kind} {record.data}")


def test_a_good_domain_has_no_finding_and_the_table_says_so(domain, relay):
    result = ask(relay)
    assert (result.returncode, result.stdout.endswith("\nNothing found.\n")) == (0, True), result.stdout
    lines = [line.split(None, 2) for line in result.stdout.splitlines() if line.startswith("  ") and "leaves by" not in line]
    assert {line[1] for line in lines} == {"ok"}
    assert [line[0] for line in lines] == ["SPF", "SPF", "DKIM", "DMARC", "DMARC", "PTR", "greeting", "TLS", "lists", "bounces"]
    seen = "\n".join(line[2] for line in lines)
    assert f"{ADDRESS}: pass, as 'ip4:{ADDRESS}' in the record of {DOMAIN} matches" in seen
    assert f"{KEY}: an RSA key of 2048 bits" in seen and f"policy reject, of {DOMAIN}" in seen
    assert "SPF passes, aligned; DKIM passes, aligned" in seen
    report = look(relay)
    assert report["domain"] == DOMAIN and report["findings"] == report["records"] == []
    assert [[line["part"], line["verdict"], line["seen"]] for line in report["table"][1:]] == lines


MENDED = {
    "no-spf": [(DOMAIN, "v=spf1", [])],
    "several-spf-records": [(DOMAIN, "v=spf1", ["v=spf1 a -all", "v=spf1 mx -all"])],
    "spf-without-relay": [(DOMAIN, "v=spf1", ["v=spf1 mx ip4:192.0.2.0/24 ~all"])],
    "spf-allows-everybody": [(DOMAIN, "v=spf1", ["v=spf1 mx +all"])],
    "no-dmarc": [(f"_dmarc.{DOMAIN}", "", [])],
    "several-dmarc-records": [(f"_dmarc.{DOMAIN}", "", ["v=DMARC1; p=none", "v=DMARC1; p=reject"])],
    "dmarc-broken": [(f"_dmarc.{DOMAIN}", "", ["v=DMARC1; p=refuse"])],
    "dmarc-fails": [(DOMAIN, "v=spf1", ["v=spf1 -all"]), (KEY, "", ["v=DKIM1; p="])],
}


@pytest.mark.parametrize("name", MENDED)
def test_the_records_that_it_prints_mend_a_wrong_text(domain, relay, name):
    for owner, start, texts in MENDED[name]:
        domain.remove(owner, "TXT", start)
        domain.add(*[text_line(owner, text) for text in texts])
    before = ask(relay)
    assert before.returncode == 2 and f" {name}\n" in before.stdout, before.stdout
    publish(domain, before.stdout)
    after = look(relay)
    # A revoked key needs a new one.
    assert after["found"].keys() <= {"dkim-revoked"} and name not in after["found"], after


def test_a_key_in_test_mode_is_published_without_that(domain, relay):
    domain.remove(KEY, "TXT")
    domain.add(zone.key_line(KEY, 2048, "t=y:s; "))
    before = ask(relay)
    assert "WARNING dkim-test-mode\n" in before.stdout
    publish(domain, before.stdout)
    assert look(relay)["findings"] == []
    text = next(record.text for record in domain.records if record.name == KEY)
    assert text.startswith("v=DKIM1; t=s; k=rsa; p=MII")


@pytest.mark.parametrize("name, lost", [("no-reverse-dns", [(POINTER, "PTR")]),
                                        ("greeting-does-not-resolve", [(GREETING, "A")]),
                                        ("no-reverse-dns", [(POINTER, "PTR"), (GREETING, "A")])])
def test_names_that_lead_nowhere_are_mended(domain, relay, name, lost):
    for owner, kind in lost:
        domain.remove(owner, kind)
    before = ask(relay)
    assert before.returncode == 2 and f" {name}\n" in before.stdout, before.stdout
    publish(domain, before.stdout)
    assert look(relay)["findings"] == []


def test_a_name_that_leads_elsewhere_is_mended(domain, relay):
    domain.remove(GREETING, "A")
    domain.add(f"{GREETING}. 3600 IN A 198.51.100.91")
    before = ask(relay)
    assert "WARNING reverse-dns-mismatch\n" in before.stdout, before.stdout
    publish(domain, before.stdout)
    assert look(relay)["findings"] == []


# Faults that only the operator can mend


@pytest.mark.parametrize("record, name", [
    ("", "dkim-no-record"), ("v=DKIM1; p=", "dkim-revoked"), ("v=DKIM1; p=AAAA", "dkim-broken"),
    ("1024", "dkim-key-weak"), ("512", "dkim-broken")])
def test_a_key_that_receivers_dont_take_is_named(domain, relay, record, name):
    domain.remove(KEY, "TXT")
    if record:
        domain.add(zone.key_line(KEY, int(record)) if record.isdigit() else text_line(KEY, record))
    report = look(relay)
    assert list(report["found"]) == [name] and KEY in report["found"][name]["seen"]
    verdict = "info" if name == "dkim-key-weak" else "warning"
    assert [line["verdict"] for line in report["table"] if line["part"] == "DKIM"] == [verdict]


@pytest.mark.parametrize("record, name", [
    (f"{DOMAIN}. 3600 IN MX 0 .", "bounces-lost"), ("", "bounces-lost"),
    (f"{DOMAIN}. 3600 IN MX 10 nowhere.example.net.", "mx-without-address")])
def test_bounces_need_a_way(domain, relay, record, name):
    domain.remove(DOMAIN, "MX")
    if record:
        domain.add(record)
    assert list(look(relay)["found"]) == [name]


def test_block_lists_are_asked_unless_that_is_switched_off(domain, relay):
    listed = "90.100.51.198.zen.spamhaus.org"
    domain.add(f"{listed}. 3600 IN A 127.0.0.2", text_line(listed, "https://list.example/why"))
    found = look(relay)["found"]
    assert found["on-block-list"]["seen"] == f"{ADDRESS} is on zen.spamhaus.org: https://list.example/why"
    # Besides this address, a list is asked only for the one that none has.
    asked = {line.split()[-3] for line in domain.questions.read_text().splitlines() if "query[" in line and "zen." in line}
    assert asked == {listed, "1.0.0.127.zen.spamhaus.org"}
    domain.add()
    report = look(relay, "--no-block-lists")
    assert report["findings"] == [] and "spamhaus" not in domain.questions.read_text()


# The node


def test_without_tls_it_is_said(domain, relay):
    relay.shell("postconf -e smtp_tls_security_level=none")
    found = look(relay)["found"]
    relay.agent("reconcile", check=True)
    assert list(found) == ["outbound-tls-off"]
    assert look(relay)["findings"] == []


def test_behind_a_nat_gateway_spf_is_evaluated_for_its_address(practice, domain, relay):
    practice.set_metadata(relay, "public-ipv4", None)
    report = look(relay)
    practice.set_metadata(relay, "public-ipv4", ADDRESS)
    leaving = report["table"][0]["seen"]
    assert leaving.endswith(", of the NAT gateway")
    address = leaving.split(",")[0]
    assert f"ip4:{address} " in report["found"]["spf-without-relay"]["records"][0]["value"]


def test_with_a_smarthost_its_addresses_are_not_judged(domain, relay):
    relay.shell("postconf -e 'relayhost = [smarthost.example.net]:587'")
    result = ask(relay)
    relay.shell("sed -i '/^relayhost/d' /etc/postfix/main.cf")
    relay.agent("reconcile", check=True)
    assert result.returncode == 0
    assert "[smarthost.example.net]:587, the smarthost, delivers" in result.stdout
    assert result.stdout.endswith("\nNothing found. Not known from here: leaves by.\n")


def test_without_a_selector_dkim_is_not_known(domain, relay):
    result = relay.agent("doctor", "--domain", DOMAIN)
    assert result.returncode == 0 and result.stdout.endswith("\nNothing found. Not known from here: DKIM.\n")


@pytest.mark.parametrize("arguments", [["--selector", "a"], ["--no-block-lists"], ["--domain", DOMAIN, "--metrics"],
                                       ["--domain", "nonsense"], ["--domain", DOMAIN, "--selector", "a b"]])
def test_a_question_that_makes_no_sense_is_refused(domain, relay, arguments):
    assert relay.agent("doctor", *arguments).returncode == 64

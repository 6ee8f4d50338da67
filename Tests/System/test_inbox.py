"""The five steps to the inbox of the first page: after them, mail of an application passes SPF, DKIM and DMARC."""

import pytest

from conftest import hold_timer
from pages import PAGES, blocks, lines
from relaylab import network, user_data
from relaylab.judges import Judges, printed_records
from relaylab.lab import Lab
from relaylab.shell import run
from relaylab.zone import Record, Zone, text_line

DOMAIN = "example.com"
PUBLIC = "203.0.113.90"


@pytest.fixture(scope="module")
def lab(binary):
    """A relay with a public address, by which its mail leaves; a domain that has mailboxes and nothing else in DNS."""
    with Lab(binary) as lab:
        lab.zone = Zone(lab)
        lab.zone.set([f"{DOMAIN}. 3600 IN MX 10 mailbox.{DOMAIN}.", text_line(DOMAIN, "something-else=1")])
        relay = lab.add_relay(user_data.cloud_config(lab.sha256, "[reconcile]\nresident = false"), boot=False)
        lab.zone.serve(relay)
        lab.set_metadata(relay, "public-ipv4", PUBLIC)
        # As receivers see it: EC2 puts the public address in the place of the private one.
        run("ip", "-n", lab.network.router, "route", "add", f"{PUBLIC}/32", "via", relay.address)
        run("ip", "-n", relay.namespace, "addr", "add", f"{PUBLIC}/32", "dev", "lo")
        run("ip", "-n", relay.namespace, "route", "add", f"{network.SINK}/32", "via", network.GATEWAY, "src", PUBLIC)
        relay.boot()
        relay.wait_for_cloud_init()
        hold_timer(relay)
        lab.wait_for_backend(relay, "UP")
        lab.add_sender()
        yield lab


def publish(lab, report: str) -> list[str]:
    """Publish the records that the doctor prints, each in the place that its comment says. Their kinds and names."""
    comment, published = "", []
    for line in report.split("Publish in DNS:\n")[1].split("\n\n")[0].splitlines():
        if line.startswith(";"):
            comment = line
            continue
        record = Record.of(line)
        if comment:
            lab.zone.remove(record.name, record.kind, "v=spf1" if "SPF" in comment else "")
        lab.zone.add(line)
        published.append(f"{record.kind} {record.name}")
        comment = ""
    return published


def test_five_steps_lead_to_the_inbox(lab):
    relay = lab.relays[0]
    generate, doctor = lines("sh inbox")
    before, = lab.wait_for_mails(lab.send(1))
    assert before["client"] == PUBLIC and before["whole"] is None

    made = relay.exec("sh", "-c", generate)
    (name, value), = printed_records(made.stdout).items()
    lab.zone.add(text_line(name, value))

    settings, = [block for block in blocks("toml", PAGES["units/README.md"]) if "[[mail.dkim]]" in block]
    key = settings[settings.index("[[mail.dkim]]"):]
    relay.shell("cat >> /etc/smtp-relay-agent/config.toml; smtp-relay-agent reconcile", input=key)

    first = relay.exec("sh", "-c", doctor, check=False)
    assert first.returncode == 2, first.stdout
    published = publish(lab, first.stdout)
    assert {f"TXT {DOMAIN}", f"TXT _dmarc.{DOMAIN}"} <= set(published), first.stdout
    second = relay.exec("sh", "-c", doctor, check=False)
    assert (second.returncode, second.stdout.endswith("\nNothing found.\n")) == (0, True), second.stdout

    mail, = lab.wait_for_mails(lab.send(1))
    judges = Judges(lab)
    assert judges.receiver(mail) == {"spf": True, "dkim": True, "dmarc": True}
    # One of SPF and DKIM is enough, and the judges do judge.
    elsewhere, changed = network.OUTSIDER, mail["whole"].replace("Hello", "Hallo")
    assert changed != mail["whole"]
    assert judges.receiver(mail, client=elsewhere) == {"spf": False, "dkim": True, "dmarc": True}
    assert judges.receiver(mail, whole=changed) == {"spf": True, "dkim": False, "dmarc": True}
    assert judges.receiver(mail, elsewhere, changed) == {"spf": False, "dkim": False, "dmarc": False}

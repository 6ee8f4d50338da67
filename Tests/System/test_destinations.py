"""`[[mail.destination]]`: what the receiving domain sees of its pace and its TLS level, and that no other domain is slowed."""

import pytest

from relaylab import user_data
from relaylab.lab import Lab
from test_postfix import CONFIG, values

# Each is the world's one mail server, by another name.
PACED, FREE, OTHER = "mx.example.net", "example.net", "false.example.net"
MASTER = "cat /etc/postfix/master.cf"
DESTINATIONS = f"""
[[mail.destination]]
domain = "{PACED}"
rate = "20/m"

[[mail.destination]]
domain = "{OTHER}"
concurrency = 2
"""


@pytest.fixture(scope="module")
def lab(binary):
    with Lab(binary) as lab:
        relay = lab.add_relay(user_data.shell_script(lab.sha256, "[reconcile]\nresident = false"))
        relay.wait_for_cloud_init()
        relay.shell(f"systemctl stop smtp-relay-agent-reconcile.timer smtp-relay-agent-watch.path; cp {CONFIG} /root/good.toml")
        lab.wait_for_backend(relay, "UP")
        yield lab


@pytest.fixture
def relay(lab):
    """A relay with the settings that it was booted with; after the test it has them again, and nothing else."""
    relay = lab.relays[0]
    before = values(relay), relay.shell(MASTER)
    yield relay
    lab.sink_manner()
    relay.shell(f"cp /root/good.toml {CONFIG}")
    assert relay.agent("reconcile").returncode == 0
    assert (values(relay), relay.shell(MASTER)) == before


def given(relay, text: str) -> None:
    """Have the relay have these settings too."""
    relay.write("/root/more.toml", text)
    relay.shell(f"cat /root/good.toml /root/more.toml > {CONFIG}")
    done = relay.agent("reconcile")
    assert done.returncode == 0, done.stdout
    assert relay.agent("plan").returncode == 0


def submitted(lab, domain: str, count: int) -> list[str]:
    return lab.submit_at_once(lab.relays[0], count, f"someone@{domain}")


def together(mails: list[dict]) -> int:
    """The most messages that the receiver took at the same time."""
    return max(mail["together"] for mail in mails)


def test_a_domain_sees_its_pace_and_the_others_theirs(lab, relay):
    lab.sink_manner(seconds=0.5)
    given(relay, DESTINATIONS)
    slow, narrow, free = submitted(lab, PACED, 4), submitted(lab, OTHER, 10), submitted(lab, FREE, 30)
    arrived = lab.wait_for_mails(free)
    # The domain without a table is neither slowed nor made narrow by the others, whose mail was there before.
    waiting = {*slow, *narrow} - {mail["subject"] for mail in lab.mails()}
    assert together(arrived) > 2 and waiting
    assert together(lab.wait_for_mails(narrow)) == 2
    times = sorted(mail["time"] for mail in lab.wait_for_mails(slow))
    # One message every three seconds, by Postfix's clock, which has whole ones.
    assert all(later - earlier > 2 for earlier, later in zip(times, times[1:])), times
    assert times[-1] - times[0] > 3 * (len(times) - 1) - 1, times


def test_a_domain_gets_no_plain_text_where_its_level_forbids_it(lab, relay):
    given(relay, f'[[mail.destination]]\ndomain = "{PACED}"\ntls = "encrypt"\n')
    assert [mail["tls"] for mail in lab.wait_for_mails(submitted(lab, PACED, 1))] == [True]
    lab.sink_manner(tls=False)
    secret, = submitted(lab, PACED, 1)
    assert [mail["tls"] for mail in lab.wait_for_mails(submitted(lab, FREE, 1))] == [False]
    relay.wait_until("mailq | grep -q 'TLS is required, but was not offered'", 20, "the reason of the mail that waits")
    assert secret not in {mail["subject"] for mail in lab.mails()}
    lab.sink_manner()
    relay.shell("postqueue -f")
    assert [mail["tls"] for mail in lab.wait_for_mails([secret])] == [True]


def test_a_certificate_of_another_name_is_no_secure_one(lab, relay):
    given(relay, f'[[mail.destination]]\ndomain = "{PACED}"\ntls = "secure"\n\n'
                 f'[[mail.destination]]\ndomain = "{OTHER}"\ntls = "secure"\n')
    assert lab.wait_for_mails(submitted(lab, PACED, 1))[0]["tls"]
    false, = submitted(lab, OTHER, 1)
    relay.wait_until("mailq | grep -q 'Server certificate not verified'", 20, "the reason of the mail that waits")
    assert false not in {mail["subject"] for mail in lab.mails()}
    relay.shell("postsuper -d ALL")


def test_by_a_smarthost_a_domain_has_its_pace_as_well(lab, relay):
    relay.shell("echo never-printed-upstream-password > /root/password; chmod 600 /root/password")
    smarthost = '[mail.upstream]\nhost = "smarthost.example.net"\nport = {}\nusername = "relay"\npassword_file = "/root/password"\n'
    lab.sink_manner(seconds=0.5)
    for port in (587, 465):
        given(relay, smarthost.format(port) + DESTINATIONS)
        narrow, free = submitted(lab, OTHER, 8), submitted(lab, FREE, 20)
        arrived = lab.wait_for_mails(narrow)
        assert {(mail["by"], mail["port"], mail["tls"], mail["user"]) for mail in arrived} == {
            ("smarthost.example.net", port, True, "relay")}
        assert together(arrived) == 2 and together(lab.wait_for_mails(free)) > 2


def test_an_operators_smarthost_is_not_passed_by(lab, relay):
    relay.shell("cp /etc/postfix/main.cf /root/own.cf; echo 'relayhost = [mx.example.net]' >> /etc/postfix/main.cf")
    relay.write("/root/more.toml", DESTINATIONS)
    relay.shell(f"cat /root/good.toml /root/more.toml > {CONFIG}")
    before = relay.shell("cat /etc/postfix/*")
    refused = relay.agent("reconcile")
    assert refused.returncode == 1 and f"relayhost is [mx.example.net] in main.cf or [postfix], but {PACED}" in refused.stdout
    assert relay.shell("cat /etc/postfix/*") == before
    relay.shell("cp /root/own.cf /etc/postfix/main.cf")


def test_a_leaving_node_keeps_no_pace(lab, relay):
    given(relay, f'[[mail.destination]]\ndomain = "{PACED}"\nrate = "1/h"\n\n[shutdown]\ndrain_timeout = "30s"\n')
    lab.sink_down()
    subjects = submitted(lab, PACED, 12)
    lab.sink_up()
    assert relay.agent("drain", timeout=90).returncode == 0
    assert len(lab.wait_for_mails(subjects, 5)) == 12
    assert relay.agent("undrain").returncode == 0

"""`mail.senders`, `[[mail.client]]` and `[mail.rewrite]`: who may send as whom, and as whom mail leaves."""

import time

import pytest
from service import CONFIG, boot
from test_signer import ask_zone, dead, generate, table

from relaylab.dialogue import speak

SENDERS = 'senders = ["example.com", ".example.com", "billing@example.org"]\n'
REWRITE = """
[mail.rewrite]
masquerade = ["example.com"]

[[mail.rewrite.map]]
from = ".ec2.internal"
to = "ops@example.com"
"""
HEALTH = "curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/health"


@pytest.fixture(scope="module")
def service(binary):
    for service in boot(binary):
        service.lab.add_sender()
        ask_zone(service)
        generate(service, "s1")
        settings(service, SENDERS, table("s1"))
        yield service


def settings(service, mail: str, more: str = "") -> str:
    """Give the relay these settings of [mail], and further tables. Returns what the pass printed."""
    good = service.relay.shell("cat /root/good.toml")
    assert good.count("[mail]\n") == 1, good
    service.relay.write(CONFIG, good.replace("[mail]\n", f"[mail]\n{mail}") + more)
    reconciled = service.relay.agent("reconcile")
    assert reconciled.returncode == 0, reconciled.stdout
    return reconciled.stdout


def answer(service, sender: str, *headers: str, hello: str = "app.internal") -> tuple[str, str]:
    """The last answer to the application host's mail, and the mail's subject."""
    subject = f"senders {time.monotonic_ns()}"
    text = "\r\n".join([*headers, "To: someone@example.net", f"Subject: {subject}", "", "Hello.", "."])
    lines = [f"EHLO {hello}", f"MAIL FROM:<{sender}>", "RCPT TO:<someone@example.net>", "DATA", text]
    return speak(service.lab.application, service.relay.address, lines)[-1], subject


def arrives(service, sender: str, *headers: str, **how) -> dict:
    said, subject = answer(service, sender, *headers, **how)
    assert said.startswith("250 "), said
    return service.lab.wait_for_mails([subject], 30)[0]


def refused(service, sender: str, *headers: str) -> str:
    said, subject = answer(service, sender, *headers)
    assert said.startswith("550 5.7.1 "), said
    assert subject not in {mail["subject"] for mail in service.lab.mails()}
    return said


def test_senders_that_may_send(service):
    for sender in ("app@example.com", "APP@Example.COM", "app@web.example.com", "billing+june@example.org"):
        mail = arrives(service, sender, f"From: App <{sender}>")
        assert (mail["whole"] is None) == sender.endswith("example.org"), mail


def test_others_are_told_what_to_do(service):
    said = refused(service, "app@victim.example", "From: app@example.com")
    assert "envelope sender <app@victim.example>" in said and "use an address of example.com" in said, said
    assert "mail.senders" in said
    said = refused(service, "app@example.com", "From: CEO <ceo@victim.example>")
    assert "From <ceo@victim.example>" in said, said
    # Postfix reads these as addresses of the other host.
    for sender in ("victim.example!ceo", "ceo%victim.example", "@example.com:ceo@victim.example"):
        refused(service, sender, "From: app@example.com")


@pytest.mark.parametrize("headers", [
    [], ["From: app@example.com", "From: ceo@victim.example"], ["From: app@example.com, ceo@victim.example"],
    ["From: app@example.com,\r\n ceo@victim.example"], ["FROM : ceo@victim.example"], ["From: Team: ceo@victim.example;"],
    ["From: =?utf-8?q?app=40example.com?="], ["From: ceo@victim.example <app@example.com>"], ["From: (app@example.com"],
    ["From: <app@example.com> <ceo@victim.example>"], ["From: app@example.com", "X: y", "from:ceo@victim.example"]])
def test_a_forged_author_is_refused(service, headers):
    refused(service, "app@example.com", *headers)


def test_bounces_pass(service):
    arrives(service, "", "From: MAILER-DAEMON@app.internal (Mail Delivery System)")
    refused(service, "", "From: ceo@victim.example")


def test_the_mail_of_a_leaving_relay_passes(service):
    arrives(service, "app@victim.example", "From: app@victim.example", hello="leaving.example.com")
    entry = service.relay.shell("postconf -P evacuation/unix/smtp_helo_name")
    assert "leaving.$mydomain" in entry, entry


def test_the_relays_own_mail_passes(service):
    subject = f"own {time.monotonic_ns()}"
    text = f"From: root@host.invalid\\nTo: someone@example.net\\nSubject: {subject}\\n\\nHello.\\n"
    service.relay.shell(f"printf '{text}' | sendmail -f root@host.invalid someone@example.net")
    assert service.lab.wait_for_mails([subject], 30)
    assert service.relay.agent("probe").returncode == 0 and service.relay.shell(HEALTH) == "200"


def test_plan_lists_the_senders_of_the_last_day(service):
    settings(service, "")
    arrives(service, "old@victim.example", "From: old@victim.example")
    plan = service.relay.agent("plan", "--set", "mail.senders=example.com").stdout
    assert "# senders of the last day that mail.senders does not name\n" in plan, plan
    assert "<old@victim.example>: 1 message\n" in plan and "<app@example.com>" not in plan, plan
    assert "host.invalid" not in plan, plan
    settings(service, SENDERS, table("s1"))


def test_warn_only_reports(service):
    settings(service, SENDERS + 'senders_mode = "warn"\n')
    arrives(service, "app@victim.example", "From: app@example.com")
    log = "journalctl -u smtp-relay-agent-signer -o cat --no-pager"
    service.relay.wait_until(f"{log} | grep -q 'would be refused: envelope sender <app@victim.example>'", 10, "the report")
    service.relay.wait_until("grep -q '\"sender reported\":1' /run/smtp-relay-agent-signer/counts.json", 10, "the count")
    assert service.relay.agent("reconcile").returncode == 0
    metrics = service.relay.shell("curl -s http://127.0.0.1/metrics")
    assert 'smtp_relay_agent_other_senders_total{verdict="reported"} 1' in metrics, metrics
    with dead(service):
        arrives(service, "app@victim.example", "From: app@example.com")
    settings(service, SENDERS, table("s1"))


def test_a_dead_signer_lets_nothing_forged_through(service):
    settings(service, SENDERS + "dkim_required = false\n")
    with dead(service):
        said = speak(service.lab.application, service.relay.address, ["EHLO app.internal", "MAIL FROM:<ceo@victim.example>"])
        assert said[-1].startswith("451 "), said
        assert service.relay.agent("probe").returncode == 1
    settings(service, SENDERS, table("s1"))


def test_a_door_that_goes_past_the_check_is_unprovable(service):
    service.relay.shell("cp -a /etc/postfix/master.cf /root/master.cf; postconf -P smtp/inet/smtpd_milters= && postfix reload")
    try:
        probe = service.relay.agent("probe")
        assert probe.returncode == 1 and "smtpd_milters" in probe.stdout, probe.stdout
    finally:
        service.relay.shell("cp -a /root/master.cf /etc/postfix/master.cf; postfix reload")
    assert service.relay.agent("reconcile").returncode == 0 and service.relay.shell(HEALTH) == "200"


def test_cron_on_every_host_leaves_as_an_address_of_the_domain(service):
    settings(service, SENDERS, REWRITE + table("s1"))
    host = "root@ip-10-0-2-20.ec2.internal"
    mail = arrives(service, host, f"From: {host} (Cron Daemon)", "Reply-To: x@y.ec2.internal")
    assert "From: ops@example.com (Cron Daemon)" in mail["whole"] and "DKIM-Signature" in mail["whole"], mail["whole"]
    assert mail["from"] == "ops@example.com", mail
    mail = arrives(service, "app@web1.example.com", "From: App <app@web1.example.com>", "Cc: a@web1.example.com")
    assert mail["from"] == "app@example.com" and "From: App <app@example.com>" in mail["whole"], mail
    # Receivers stay.
    assert "Cc: a@web1.example.com" in mail["whole"], mail["whole"]
    # A sender that is not mapped is refused as before.
    refused(service, "root@host.internal", "From: root@host.internal")
    # The relay's own cron.
    subject = f"cron {time.monotonic_ns()}"
    own = "root@ip-10-0-1-10.ec2.internal"
    text = f"From: {own} (Cron Daemon)\\nTo: someone@example.net\\nSubject: {subject}\\n\\nHello.\\n"
    service.relay.shell(f"printf '{text}' | sendmail -f {own} someone@example.net")
    mail = service.lab.wait_for_mails([subject], 30)[0]
    assert mail["from"] == "ops@example.com" and "From: ops@example.com" in mail["whole"], mail


def test_parameters_of_these_settings_are_refused_elsewhere(service):
    for name, setting in (("receive_override_options", "mail.senders"), ("sender_canonical_maps", "[mail.rewrite]")):
        said = service.relay.agent("plan", "--set", f"postfix={name}=x")
        assert said.returncode == 1 and name in said.stdout and setting in said.stdout, said.stdout


def test_without_them_nothing_is_left(service):
    settings(service, "")
    main = service.relay.shell("cat /etc/postfix/main.cf")
    assert "8895" not in main and "sender_table" not in main and "masquerade" not in main
    service.relay.shell("! test -e /etc/postfix/sender_table && ! test -e /run/smtp-relay-agent-signer")
    arrives(service, "app@victim.example", "From: app@victim.example")

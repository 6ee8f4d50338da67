"""Postfix as the settings of [mail] have it, on a real one."""

import sys
from contextlib import contextmanager

import pytest
from relaylab import certificates
from relaylab.shell import output

CONFIG = "/etc/smtp-relay-agent/config.toml"


@contextmanager
def settings(lab, relay, mail: str = "", more: str = ""):
    """A node with these settings besides what it has; afterwards it is as it was."""
    relay.shell(f"cp {CONFIG} /tmp/config.toml; cp /etc/postfix/main.cf /tmp/main.cf")
    text = relay.shell(f"cat {CONFIG}")
    assert text.count("[mail]\n") == 1
    relay.write(CONFIG, text.replace("[mail]\n", f"[mail]\n{mail}\n") + more)
    try:
        result = relay.agent("reconcile")
        assert result.returncode == 0, result.stdout
        assert relay.agent("plan").stdout == "Nothing to do.\n"
        yield
    finally:
        relay.shell(f"cp /tmp/config.toml {CONFIG}")
        result = relay.agent("reconcile")
    assert result.returncode == 0, result.stdout
    assert relay.shell("diff /tmp/main.cf /etc/postfix/main.cf", check=False) == ""
    assert relay.shell("ls /etc/postfix | grep '_table$'").split() == ["leaving_table"]
    lab.wait_for_backend(relay, "UP")


def values(relay) -> dict[str, str]:
    """The values that Postfix reads in main.cf."""
    lines = relay.shell("postconf -n").splitlines()
    return dict(line.split(" = ", 1) if " = " in line else (line.removesuffix(" ="), "") for line in lines)


def delivered(lab, relay, **options) -> dict:
    """A mail that was submitted to a relay, as it arrived."""
    return lab.wait_for_mails(lab.submit(relay, 1, **options))[0]


# Networks


def test_many_networks_stand_in_a_table_that_is_kept(lab):
    relay = lab.relays[1]
    others = ", ".join(f'"192.168.{number}.0/24"' for number in range(10))
    with settings(lab, relay, f'networks = ["vpc", {others}]'):
        assert values(relay)["mynetworks"] == "cidr:/etc/postfix/network_table"
        ask = "postmap -q {} cidr:/etc/postfix/network_table"
        assert relay.shell(ask.format("10.0.2.20")).strip() == "permit"
        assert relay.shell(ask.format("192.168.9.255")).strip() == "permit"
        assert relay.exec("sh", "-c", ask.format("192.168.10.0"), check=False).returncode == 1
        assert delivered(lab, relay)["client"] == relay.address
        assert "Relay access denied" in lab.try_relay(relay.address)
        # A stranger that is written into it by hand is out again, and had no mail relayed by the proof.
        relay.shell("echo '198.51.100.0/24 permit' >> /etc/postfix/network_table && postfix reload")
        result = relay.agent("reconcile")
        assert result.returncode == 0
        assert "edit /etc/postfix/network_table" in result.stdout and "reload postfix" in result.stdout
        assert "Relay access denied" in lab.try_relay(relay.address)


@pytest.mark.parametrize("networks", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7",
                                      "10.0.0.0/9,10.128.0.0/9"])
def test_a_whole_private_range_is_refused_unless_it_is_listed(lab, networks):
    relay = lab.relays[1]
    refused = relay.agent("plan", "--set", f"mail.networks={networks}")
    assert refused.returncode == 1
    assert "is refused as a whole" in refused.stdout and "mail.allow_private_networks" in refused.stdout
    whole = "10.0.0.0/8" if "," in networks else networks
    allowed = relay.agent("plan", "--set", f"mail.networks={networks}", "--set", f"mail.allow_private_networks={whole}")
    assert allowed.returncode == 2, allowed.stdout
    assert "+mynetworks = 127.0.0.0/8" in allowed.stdout


# Submission


def test_mail_comes_in_by_587_of_the_same_senders_while_that_is_asked_for(lab):
    relay = lab.relays[1]
    before = relay.shell("cat /etc/postfix/master.cf")
    with settings(lab, relay, "submission = true"):
        mail = delivered(lab, relay, port=587)
        assert mail["client"] == relay.address
        assert "Relay access denied" in lab.try_relay(relay.address, port=587)
        assert "postfix/submission/smtpd" in relay.shell("cat /var/log/maillog /var/log/mail.log 2>/dev/null; journalctl")
        assert relay.shell("postconf -P submission/inet").strip() == "submission/inet/syslog_name = postfix/submission"
        entry = relay.shell("postconf -M submission/inet").split()
        assert entry == "submission inet n - n - - smtpd -o syslog_name=postfix/submission".split()
        assert relay.agent("probe").returncode == 0
        # Another tool's idea of who may relay there never serves.
        relay.shell("cp /etc/postfix/master.cf /tmp/master.cf; "
                    "postconf -P submission/inet/smtpd_relay_restrictions=permit && postfix reload")
        result = relay.agent("reconcile")
        assert result.returncode == 1
        assert "the 'submission' service sets '-o smtpd_relay_restrictions=permit'" in result.stdout
        relay.shell("cp /tmp/master.cf /etc/postfix/master.cf")
        assert relay.agent("reconcile").returncode == 0
    assert relay.shell("cat /etc/postfix/master.cf") == before
    assert relay.exec("sh", "-c", "ss -ltn | grep -q ':587 '", check=False).returncode == 1


# TLS

CERTIFICATE = "/etc/pki/tls/certs/relay.pem"
KEY = "/etc/pki/tls/private/relay.key"
FILES = f'tls.certificate = "{CERTIFICATE}"\ntls.key = "{KEY}"'
FLAGS = ["--set", f"mail.tls.certificate={CERTIFICATE}", "--set", f"mail.tls.key={KEY}"]


def give_certificate(lab, relay, days: int = 300) -> None:
    """A certificate by the lab's authority, as an operator puts it there."""
    certificates.issue(lab.folder, "relay", ["mail.example.com"], relay.address, days=days)
    relay.write(CERTIFICATE, (lab.folder / "relay.pem").read_text())
    relay.write(KEY, (lab.folder / "relay.key").read_text())
    relay.shell(f"chmod 600 {KEY}")


def test_senders_find_tls_with_the_certificate_that_is_given(lab):
    relay = lab.relays[1]
    give_certificate(lab, relay)
    script = ("import smtplib, ssl\n"
              f"client = smtplib.SMTP({relay.address!r}, 587, 'app.example.com', timeout=20)\n"
              f"client.starttls(context=ssl.create_default_context(cafile={str(lab.folder / 'ca.pem')!r}))\n"
              "client.sendmail('app@example.com', ['someone@example.net'], 'Subject: by TLS\\r\\n\\r\\nHello.')\n"
              "print(client.sock.version()); client.quit()\n")
    with settings(lab, relay, FILES + "\nsubmission = true"):
        said = output("ip", "netns", "exec", lab.application, sys.executable, "-c", script, timeout=60)
        assert said.startswith("TLSv1"), said
        assert "with ESMTPS id" in lab.wait_for_mails(["by TLS"])[0]["received"][0]
        # Without, they are served as before.
        assert delivered(lab, relay)["client"] == relay.address
    certificate = "smtpd_tls_security_level", "smtpd_tls_cert_file", "smtpd_tls_key_file"
    assert not set(certificate) & set(values(relay))


@pytest.mark.parametrize("damage, words", [
    (f"chmod 644 {KEY}", f"every user of this host may read its key; run 'chmod o= {KEY}'"),
    (f"openssl ecparam -name prime256v1 -genkey -noout -out {KEY}", "is not the key of the first certificate"),
    (f"echo hello > {CERTIFICATE}", "holds no certificate in PEM"),
    (f"echo hello > {KEY}", "holds no key in PEM"),
    (f"rm {CERTIFICATE}", f"cannot read {CERTIFICATE}"),
    ("", "has ended; renew it"),
])
def test_a_certificate_that_can_not_be_used_changes_nothing(lab, damage, words):
    relay = lab.relays[1]
    give_certificate(lab, relay, days=300 if damage else 0)
    relay.shell(damage)
    before = relay.shell("sha256sum /etc/postfix/*")
    result = relay.agent("reconcile", *FLAGS)
    assert result.returncode == 1
    assert words in result.stdout, result.stdout
    assert relay.shell("sha256sum /etc/postfix/*") == before
    relay.shell(f"rm -f {CERTIFICATE} {KEY}")


def test_a_certificate_in_use_that_ends_soon_is_told_and_the_relay_goes_on(lab):
    relay = lab.relays[1]
    give_certificate(lab, relay, days=20)
    with settings(lab, relay, FILES):
        assert f"{CERTIFICATE} ends on 2" in relay.agent("reconcile").stdout
        give_certificate(lab, relay, days=0)
        # Other drift is put right all the same.
        relay.shell("sed -i 's/^biff = no/biff = yes/' /etc/postfix/main.cf")
        result = relay.agent("reconcile")
        assert result.returncode == 0
        assert "has ended; renew it" in result.stdout and "edit /etc/postfix/main.cf" in result.stdout


def test_mail_goes_out_by_tls_as_the_level_says(lab):
    relay = lab.relays[1]
    assert values(relay)["smtp_tls_security_level"] == "may"
    assert delivered(lab, relay)["tls"]
    with settings(lab, relay, 'tls.outbound_level = "none"'):
        assert not delivered(lab, relay)["tls"]
    with settings(lab, relay, 'tls.outbound_level = "secure"'):
        assert values(relay)["smtp_tls_CAfile"] == "/etc/ssl/certs/ca-certificates.crt"
        assert delivered(lab, relay)["tls"]
    for level, parameter in (("dane", "smtp_dns_support_level"), ("encrypt", None)):
        plan = relay.agent("plan", "--set", f"mail.tls.outbound_level={level}").stdout
        assert f"+smtp_tls_security_level = {level}\n" in plan
        assert parameter is None or f"+{parameter} = dnssec\n" in plan
    result = relay.agent("reconcile", "--set", "mail.tls.outbound_level=fingerprint")
    assert result.returncode == 1 and "set smtp_tls_fingerprint_cert_match" in result.stdout
    assert "'strict' is not one of" in relay.agent("plan", "--set", "mail.tls.outbound_level=strict").stdout


# The service's own domain

TRANSPORT = '\n[[mail.transport]]\ndomain = "example.com"\nnexthop = "[mailbox.example.com]:25"\n'


def test_a_bounce_reaches_the_senders_mailbox_host(lab):
    relay = lab.relays[1]
    with settings(lab, relay, more=TRANSPORT):
        assert values(relay)["relay_domains"] == "example.com"
        [subject] = lab.submit(relay, 1, recipient="refused@example.net")

        def bounces() -> list[dict]:
            return [mail for mail in lab.mails() if mail["report"] and f"Subject: {subject}" in mail["report"]]

        lab._wait(bounces, 30, "the bounce")
        [bounce] = bounces()
        assert bounce["by"] == "mailbox.example.com" and bounce["to"] == ["app@example.com"] and bounce["from"] == ""
        assert "Diagnostic-Code: smtp; 550 5.1.1 no such user" in bounce["report"]
        # Mail of senders to their own domain goes there, too.
        assert delivered(lab, relay, recipient="other@example.com")["by"] == "mailbox.example.com"
        # But not that of strangers.
        for recipient in ("other@example.com", "postmaster@ip-10-0-1-11.example.com"):
            assert lab.try_relay(relay.address, recipient).startswith("554 5.7.1 "), recipient


# Delivery


def test_delivery_is_set_under_postfixs_own_names(lab):
    relay = lab.relays[1]
    before = values(relay)
    wanted = {"message_size_limit": "2000", "maximal_queue_lifetime": "3d", "bounce_queue_lifetime": "1d",
              "default_destination_concurrency_limit": "5", "default_destination_rate_delay": "1s"}
    lines = "\n".join(f'{name} = {value if value.isdigit() else repr(value)}' for name, value in wanted.items())
    with settings(lab, relay, lines):
        assert wanted.items() <= values(relay).items()
        script = (f"import smtplib; client = smtplib.SMTP({relay.address!r}, 25, timeout=20); client.ehlo()\n"
                  "print(client.esmtp_features['size'], client.mail('app@example.com', ['SIZE=3000'])[0])")
        said = output("ip", "netns", "exec", lab.application, sys.executable, "-c", script, timeout=60)
        assert said.split() == ["2000", "552"]
        assert delivered(lab, relay)["client"] == relay.address
    assert values(relay) == before


def test_headers_of_internal_hosts_are_masked_and_no_hop_is_lost(lab):
    relay = lab.relays[1]
    assert "[10.0.2.20]" in delivered(lab, relay)["received"][0]
    with settings(lab, relay, 'hide_internal_headers = true\nhostname = "mail.example.com"'):
        mail = delivered(lab, relay)
        [received] = mail["received"]
        assert received.startswith("from internal by example.com; "), received
        subject = relay.shell("subject=local-$$; printf 'Subject: %s\\nReceived: from far.example.org (far.example.org "
                              "[192.0.2.9]) by app.example.com; Tue, 24 Nov 2026 10:00:00 +0000\\nX-Originating-IP: "
                              "10.0.2.20\\n\\nHello\\n' $subject | sendmail someone@example.net; echo $subject").strip()
        own, foreign = lab.wait_for_mails([subject])[0]["received"]
        assert own.startswith("by example.com; "), own
        # The name of a host of the world outside is nobody's secret.
        assert "far.example.org [192.0.2.9]" in foreign
    assert "[10.0.2.20]" in delivered(lab, relay)["received"][0]

"""`[postfix]`: the operator's own parameters of main.cf, in force only where Postfix takes them and the relay is proven with them."""

import pytest

from relaylab import dialogue
from test_postfix import CONFIG, settings, values

HEALTH = "curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/health"
STATE = "cat /etc/postfix/main.cf /etc/postfix/master.cf; cat /etc/postfix/*_table"


@pytest.fixture
def relay(lab):
    return lab.relays[1]


def said(lab, relay, *lines: str) -> list[str]:
    """The relay's answers to a host whose mail it relays, the greeting first."""
    return dialogue.speak(lab.relays[0].namespace, relay.address, list(lines))


def refused(relay, section: str, lives: bool = True) -> str:
    """What a pass says of settings with this section, after which Postfix and the health check are as they were."""
    before = relay.shell(STATE)
    relay.shell(f"cp {CONFIG} /tmp/config.toml")
    relay.write(CONFIG, relay.shell(f"cat {CONFIG}") + f"\n[postfix]\n{section}\n")
    try:
        result = relay.agent("reconcile")
        assert result.returncode == 1, result.stdout
        assert relay.shell(STATE) == before
        if lives:
            assert relay.shell(HEALTH) == "200"
        return result.stdout
    finally:
        relay.shell(f"cp /tmp/config.toml {CONFIG}")
        result = relay.agent("reconcile")
        assert result.returncode == 0, result.stdout
        assert relay.shell(STATE) == before
        assert relay.shell(HEALTH) == "200"


def test_a_line_that_a_tool_appends_at_each_run_is_set_aside_once(lab, relay):
    main = "/etc/postfix/main.cf"
    before = relay.shell(f"cat {main}")
    with settings(lab, relay, "", '[postfix]\nsmtpd_banner = "mx.section.example ESMTP"\nheader_size_limit = 51200\n'):
        for _ in range(3):
            relay.shell(f"printf 'header_size_limit = 1000\\nbiff = yes\\n' >> {main}")
            result = relay.agent("reconcile")
            assert result.returncode == 0, result.stdout
        text = relay.shell(f"cat {main}")
        assert [text.count(line) for line in ("header_size_limit = 1000", "header_size_limit = 51200", "biff =")] == [1, 1, 1]
        assert "overriding earlier entry" not in relay.shell("postconf -n 2>&1")
        relay.shell(f"sed -i '/header_size_limit = 1000/d' {main}")
        assert relay.agent("reconcile").returncode == 0
    assert relay.shell(f"cat {main}") == before


def test_a_parameter_is_in_force_and_gone_when_it_is_taken_out(lab, relay):
    before = values(relay)
    assert "ESMTP" in said(lab, relay)[0] and "mx.section.example" not in said(lab, relay)[0]
    section = """
[postfix]
smtpd_banner = "mx.section.example ESMTP ours"
smtpd_recipient_limit = 3
smtpd_helo_required = true
smtpd_discard_ehlo_keywords = ["dsn", "etrn"]
my_table = "/etc/postfix/mine"
virtual_alias_maps = "texthash:$my_table"
"""
    relay.shell("echo 'alias@example.org someone@example.net' > /etc/postfix/mine")
    with settings(lab, relay, "", section):
        now = values(relay)
        assert now["smtpd_discard_ehlo_keywords"] == "dsn, etrn"
        assert now["smtpd_helo_required"] == "yes" and now["my_table"] == "/etc/postfix/mine"
        answers = said(lab, relay, "MAIL FROM:<a@example.com>", "EHLO a.example", "MAIL FROM:<a@example.com>",
                       *[f"RCPT TO:<a{number}@example.net>" for number in range(4)], "QUIT")
        assert answers[0] == "220 mx.section.example ESMTP ours"
        assert answers[1].startswith("503 ")
        assert "DSN" not in answers[2] and "ETRN" not in answers[2] and "PIPELINING" in answers[2]
        assert [answer[:3] for answer in answers[4:8]] == ["250", "250", "250", "452"]
    relay.shell("rm /etc/postfix/mine")
    assert relay.agent("reconcile").returncode == 0
    assert values(relay) == before
    assert "mx.section.example" not in said(lab, relay)[0]


def test_an_operators_line_of_main_cf_counts_again(lab, relay):
    relay.shell("cp /etc/postfix/main.cf /tmp/own.cf; echo 'smtp_connect_timeout = 17s' >> /etc/postfix/main.cf")
    assert relay.agent("reconcile").returncode == 0
    plan = relay.agent("plan", "--set", "postfix=smtp_connect_timeout=12s").stdout
    assert "+smtp_connect_timeout = 12s" in plan and "-smtp_connect_timeout = 17s" in plan
    with settings(lab, relay, "", "\n[postfix]\nsmtp_connect_timeout = '12s'\n"):
        assert values(relay)["smtp_connect_timeout"] == "12s"
    assert values(relay)["smtp_connect_timeout"] == "17s"
    relay.shell("cp /tmp/own.cf /etc/postfix/main.cf")
    assert relay.agent("reconcile").returncode == 0


@pytest.mark.parametrize("line, reason", [
    ("smtpd_baner = 'x'", "this Postfix does not know it"),
    ("smtp_connect_timeout = 'soon'", "Postfix expects a time"),
])
def test_what_postfix_refuses_changes_nothing(relay, line, reason):
    text = refused(relay, line)
    assert f"postfix.{line.split(' = ')[0]} = " in text and reason in text and f"{CONFIG}:" in text, text


def test_a_parameter_of_the_agents_is_refused_by_name(relay):
    wrong = {"mynetworks = '0.0.0.0/0'": "set mail.networks instead", "smtpd_recipient_restrictions = 'permit'": "never be open",
             "inet_interfaces = 'loopback-only'": "never be deaf", 'smtpd_banner = "a\\nmynetworks = 0.0.0.0/0"': "one line of main.cf"}
    text = refused(relay, "\n".join(wrong))
    for line, reason in wrong.items():
        told = [said for said in text.splitlines() if f": postfix.{line.split(' = ')[0]}: " in said]
        assert told and reason in told[0] and f"{CONFIG}:" in told[0], text


@pytest.mark.parametrize("line, finding", [
    # The restrictions stand, but never see the recipient.
    ("smtpd_command_filter = 'regexp:/etc/lab-filter'", "open relay: "),
    # smtpd itself ends at this one.
    ("smtpd_tls_security_level = 'sometimes'", "postfix did not work with its new configuration"),
])
def test_what_opens_the_relay_or_makes_it_deaf_is_rolled_back_and_named(relay, line, finding):
    relay.write("/etc/lab-filter", "/^RCPT TO/ NOOP\n")
    text = refused(relay, line)
    assert finding in text and "the previous files are back" in text, text
    assert f"{CONFIG}:" in text and f"postfix.{line.split(' = ')[0]} = " in text, text
    assert "take back this change" in text


def test_of_several_all_that_have_changed_are_named(relay):
    text = refused(relay, "smtpd_client_restrictions = 'reject'\nmax_use = 99")
    assert "the relay refuses its own senders: " in text and "the previous files are back" in text, text
    assert "postfix.smtpd_client_restrictions = 'reject'" in text and "postfix.max_use = '99'" in text
    assert "one at a time" in text

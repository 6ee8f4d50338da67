"""A host that sends, off EC2: only where its mail goes is the agent's."""

import json
import re
import time

import pytest

from conftest import hold_timer
from relaylab import machine, network, records, user_data
from relaylab.lab import Lab

AGENT = "/usr/local/bin/smtp-relay-agent"
CONFIG = "/etc/smtp-relay-agent/config.toml"
MAIN = "/etc/postfix/main.cf"
# The load balancer's name, as AWS gives it.
RELAYHOST = "[smtp-relay.us-east-1.elb.amazonaws.com]:25"
SETTINGS = f'role = "sender"\n\n[sender]\nrelayhost = "{RELAYHOST}"\n'


@pytest.fixture(scope="module")
def office(binary):
    """A sender with a resident agent, and a relay in service that its mail goes by."""
    with Lab(binary) as lab:
        relay = lab.add_relay(user_data.shell_script(lab.sha256, "[reconcile]\nresident = false"))
        office = lab.add_office()
        office.lab = lab
        relay.wait_for_cloud_init()
        lab.wait_for_backend(relay, "UP")
        hold_timer(relay)
        office.write(CONFIG, SETTINGS)
        began = time.monotonic()
        office.bootstrap = office.exec(AGENT, "bootstrap", check=False)
        office.seconds = time.monotonic() - began
        yield office


@pytest.fixture
def settled(office):
    """The sender, with its resident agent at rest and nothing of the test before in its log."""
    office.wait_for_agent()
    office.shell("journalctl --rotate --vacuum-size=1 -q")
    return office


def run(office, *arguments: str):
    return office.exec(AGENT, *arguments, check=False)


def send(office, subject: str) -> None:
    office.shell(f"printf 'Subject: {subject}\\n\\nHello.\\n' | sendmail -f office@example.com someone@example.net")


def examine(office) -> dict[str, dict]:
    report = json.loads(office.exec(AGENT, "doctor", "--json", check=False, stderr=None).stdout)
    return {finding["name"]: finding for finding in report["findings"]}


def test_bootstrap_takes_it_from_nothing_to_a_sender_without_metadata(office):
    assert office.bootstrap.returncode == 0, office.bootstrap.stdout
    assert "install postfix" in office.bootstrap.stdout
    assert "the node is as it should be" in office.bootstrap.stdout
    assert "instance metadata" not in office.bootstrap.stdout
    # Metadata's own patience would be two minutes.
    assert office.seconds < 60
    assert office.shell("postconf -h relayhost").strip() == RELAYHOST
    assert office.shell("systemctl is-enabled postfix smtp-relay-agent").split() == ["enabled", "enabled"]
    # A relay has more.
    assert office.shell("ls /etc/nginx /etc/systemd/system/smtp-relay-agent-health.service 2>/dev/null", check=False) == ""
    assert records.read(office.lab.folder / "metadata-calls.jsonl") != []
    assert not any(call["client"] == network.OFFICE for call in records.read(office.lab.folder / "metadata-calls.jsonl"))
    assert not any(call["client"] == network.OFFICE for call in records.read(office.lab.folder / "calls.jsonl"))


def test_its_mail_goes_by_the_load_balancer_and_a_relay(settled):
    send(settled, "from the office")
    mail, = settled.lab.wait_for_mails(["from the office"])
    assert mail["client"] == settled.lab.relays[0].address
    assert any("10.0.0.25" in line for line in mail["received"])


def test_main_cf_is_as_the_package_brought_it_but_for_one_line(settled):
    difference = settled.exec("diff", f"{MAIN}.before-smtp-relay-agent", MAIN, check=False).stdout.splitlines()
    assert [line for line in difference if line[0] in "<>"] == [f"> relayhost = {RELAYHOST}"]
    # Only this file of the package has other bytes than before.
    assert settled.shell("rpm -V postfix | grep '^..5'", check=False).split()[1:] == [MAIN]


def test_each_command_does_what_makes_sense_there(settled):
    assert run(settled, "plan").stdout == "Nothing to do.\n"
    reconciled = run(settled, "reconcile", "--detailed-exit-status")
    assert (reconciled.returncode, "all 6 parts are as they should be" in reconciled.stdout) == (0, True)
    status = machine.unwrapped(run(settled, "status").stdout)
    assert re.search(rf"^node +sender, whose mail goes to {re.escape(RELAYHOST)}\n", status, re.M), status
    assert json.loads(run(settled, "status", "--json").stdout)["role"] == "sender"
    assert run(settled, "config", "check").stdout == "The settings are in order.\n"
    shown = run(settled, "config", "show").stdout
    assert re.search(rf'sender.relayhost = "{re.escape(RELAYHOST)}" +# {CONFIG}:4:1', shown)
    assert "mail.networks" not in shown
    probe = run(settled, "probe")
    assert (probe.returncode, f"{RELAYHOST} answers (10.0.0.25)" in probe.stdout) == (0, True), probe.stdout
    assert examine(settled) == {}
    for command in (["drain"], ["undrain"], ["doctor", "--from", "10.0.0.1"],
                    ["doctor", "--domain", "example.com"]):
        refused = run(settled, *command)
        assert refused.returncode == 1
        assert "this host is a sender" in refused.stdout
    assert settled.exec("ls", "/var/lib/smtp-relay-agent/drain.json", check=False).returncode != 0


def test_another_relayhost_is_set_right_at_once_and_planned_before(settled):
    settled.shell("systemctl stop smtp-relay-agent; postconf -e 'relayhost = [10.0.0.7]:25'")
    plan = run(settled, "plan")
    assert plan.returncode == 2
    lines = [line for line in plan.stdout.splitlines() if line[0] in "+-" and line[:3] not in ("+++", "---")]
    assert lines == ["-relayhost = [10.0.0.7]:25", f"+relayhost = {RELAYHOST}"]
    settled.shell("systemctl start smtp-relay-agent")
    settled.wait_until(f"[ \"$(postconf -h relayhost)\" = '{RELAYHOST}' ]", 10, "the first pass's repair")
    # An edit that comes while a pass is under way waits for the next one.
    settled.wait_for_agent()
    seconds = float(settled.shell(f"""
        began=$(date +%s.%N)
        sed -i 's/^relayhost = .*/relayhost = [10.0.0.7]:25/' {MAIN}
        for try in $(seq 1 400); do grep -qF 'relayhost = {RELAYHOST}' {MAIN} && break; sleep 0.02; done
        echo "$(date +%s.%N) $began" | awk '{{ print $1 - $2 }}'
    """))
    # Its passes come minutes apart.
    assert seconds < 5
    # Mail that is handed in while Postfix reloads may wait for pickup(8)'s next look, a minute later.
    settled.wait_until("smtp-relay-agent plan", 20, "the repair's reload")
    send(settled, "after the drift")
    settled.lab.wait_for_mails(["after the drift"])


OPERATORS = """\
# Ours, with a tab and a late definition.
smtpd_banner = $myhostname ready
mydestination =
\t$myhostname,
# between
\tlocalhost
myorigin=example.com
inet_interfaces = loopback-only
relayhost = [older.example.com]
# ours
relayhost = [old.example.com]
  :26
message_size_limit = 1000000"""


def test_every_setting_of_the_operators_stays_byte_by_byte(settled):
    settled.shell(f"systemctl stop smtp-relay-agent; cp -p {MAIN} /tmp/main.cf; cp -p /etc/postfix/master.cf /tmp/master.cf")
    try:
        stock = "".join(line for line in settled.shell(f"cat {MAIN}").splitlines(keepends=True)
                        if not line.startswith(("relayhost", "mydestination", "inet_interfaces")))
        settled.write(MAIN, stock + OPERATORS)
        # They need nobody else's Postfix to listen, and let a group of theirs write there.
        settled.shell(f"chgrp mail {MAIN}; chmod 664 {MAIN}; "
                      "sed -i 's/^smtp      inet/#smtp      inet/' /etc/postfix/master.cf; cp /etc/postfix/master.cf /tmp/ours")
        result = run(settled, "reconcile")
        assert result.returncode == 0, result.stdout
        operators = OPERATORS.replace("relayhost = [older.example.com]\n", "")
        wanted = stock + operators.replace("relayhost = [old.example.com]\n  :26", f"relayhost = {RELAYHOST}") + "\n"
        assert settled.shell(f"cat {MAIN}") == wanted
        assert settled.shell(f"stat -c '%a %U %G' {MAIN}").split() == ["664", "root", "mail"]
        assert settled.exec("cmp", "/tmp/ours", "/etc/postfix/master.cf").stdout == ""
        assert run(settled, "plan").stdout == "Nothing to do.\n"
        send(settled, "with our settings")
        settled.lab.wait_for_mails(["with our settings"])
    finally:
        settled.shell(f"cp -p /tmp/main.cf {MAIN}; cp -p /tmp/master.cf /etc/postfix/master.cf; systemctl restart postfix; "
                      "systemctl start smtp-relay-agent")


def test_tls_to_the_relays_is_there_while_it_is_asked_for(settled):
    before = settled.shell(f"cat {MAIN}")
    settled.shell("systemctl stop smtp-relay-agent")
    assert run(settled, "reconcile", "--set", "sender.outbound_level=encrypt").returncode == 0
    assert settled.shell("postconf -h smtp_tls_security_level").strip() == "encrypt"
    assert run(settled, "reconcile").returncode == 0
    assert settled.shell(f"cat {MAIN}") == before
    settled.shell("systemctl start smtp-relay-agent")


def test_fingerprints_that_are_missing_are_an_error_before_any_mail_waits_for_them(settled):
    """Without them Postfix trusts no server, and would defer all mail."""
    before = settled.shell(f"cat {MAIN}")
    settled.shell("systemctl stop smtp-relay-agent")
    asking = ("reconcile", "--set", "sender.outbound_level=fingerprint")
    result = run(settled, *asking)
    assert result.returncode == 1
    assert 'sender.outbound_level is "fingerprint", but no mail could leave' in result.stdout
    assert settled.shell(f"cat {MAIN}") == before
    settled.shell("postconf -e 'smtp_tls_fingerprint_cert_match = 3D:95:34:51:24:66:33:B9:D2:40:99:C0:C1:17:0B:D1'")
    assert run(settled, *asking).returncode == 0
    assert settled.shell("postconf -h smtp_tls_security_level").strip() == "fingerprint"
    settled.shell(f"sed -i /^smtp_tls_fingerprint_cert_match/d {MAIN}")
    assert run(settled, "reconcile").returncode == 0
    assert settled.shell(f"cat {MAIN}") == before
    settled.shell("systemctl start smtp-relay-agent")


def test_a_way_past_the_relays_is_told_and_left_alone(settled):
    settled.shell("systemctl stop smtp-relay-agent; postconf -e 'default_transport = smtp:[10.0.0.7]' "
                  "'transport_maps = texthash:/etc/postfix/transport'; touch /etc/postfix/transport")
    result = run(settled, "reconcile")
    found = examine(settled)
    kept = settled.shell("postconf -h default_transport").strip()
    settled.shell(f"sed -i '/^default_transport/d; /^transport_maps/d' {MAIN}; postfix reload; "
                  "systemctl start smtp-relay-agent")
    assert result.returncode == 0
    assert "'default_transport = smtp:[10.0.0.7]' comes before relayhost: all mail does not go to relayhost" in result.stdout
    assert "'transport_maps = texthash:/etc/postfix/transport' comes before relayhost" in result.stdout
    assert found["relayhost-overridden"]["severity"] == "warning"
    assert kept == "smtp:[10.0.0.7]"


@pytest.mark.parametrize("relayhost", [f"[{network.OFFICE}]:25", "[127.0.0.1]:25", "[office.lab.internal]:25"])
def test_a_relayhost_that_is_this_host_is_refused(settled, relayhost):
    """By its address, by loopback's, and by a name that leads to it."""
    before = settled.shell(f"cat {MAIN}")
    for command in ("plan", "reconcile"):
        result = run(settled, command, "--set", f"sender.relayhost={relayhost}")
        assert result.returncode == 1, result.stdout
        assert "round in circles" in result.stdout
    assert settled.shell(f"cat {MAIN}") == before


def test_a_setting_of_a_relays_is_refused_with_the_cure(settled):
    result = run(settled, "config", "check", "--set", "load_balancer.classic=smtp-relay")
    assert result.returncode == 1
    assert 'load_balancer.classic: it means nothing where role is "sender"; remove it' in result.stdout


def test_a_relay_that_is_told_to_be_a_sender_stays_what_it_is(settled):
    relay = settled.lab.relays[0]
    before = relay.shell(f"cat {MAIN}")
    settings = ["--config", "/tmp/sender.toml"]
    relay.write("/tmp/sender.toml", SETTINGS)
    result = relay.agent("reconcile", *settings)
    assert result.returncode == 1
    assert "this host was made a relay before" in result.stdout
    assert relay.shell(f"cat {MAIN}") == before


# The doctor


def test_the_doctor_finds_a_service_that_is_down_and_drift(settled):
    settled.shell(f"systemctl stop smtp-relay-agent postfix; sed -i 's/^relayhost = .*/relayhost = [10.0.0.7]/' {MAIN}")
    found = examine(settled)
    settled.shell("systemctl start smtp-relay-agent")
    settled.wait_until("systemctl is-active -q postfix", 20, "Postfix")
    assert found["service-down"]["severity"] == "critical"
    assert "this host's mail is not sent" in found["service-down"]["why"]
    assert {"agent-down", "configuration-drift"} <= found.keys()


def test_the_doctor_finds_a_load_balancer_that_nobody_knows(settled):
    settled.shell("cp /etc/resolv.conf /tmp/resolv.conf; echo nameserver 10.0.0.99 > /etc/resolv.conf")
    found = examine(settled)
    settled.shell("cat /tmp/resolv.conf > /etc/resolv.conf")
    assert found["relayhost-unknown"]["severity"] == "critical"
    assert "dns-no-answer" in found


def test_the_doctor_finds_a_load_balancer_that_is_out_of_reach_and_one_without_a_relay(settled):
    settled.shell("ip route add blackhole 10.0.0.25/32")
    closed = examine(settled)
    settled.shell("ip route del blackhole 10.0.0.25/32")
    assert "authorize-security-group-ingress" in closed["relayhost-unreachable"]["fix"]
    relay = settled.lab.relays[0]
    relay.shell("systemctl stop postfix")
    settled.lab.wait_for_backend(relay, "DOWN")
    empty = examine(settled)
    probe = run(settled, "probe")
    assert relay.agent("reconcile").returncode == 0
    settled.lab.wait_for_backend(relay, "UP")
    assert "no relay in service" in empty["relayhost-unreachable"]["fix"]
    assert probe.returncode == 1
    assert "no relay answers at" in probe.stdout


def test_the_doctor_finds_that_the_relays_refuse_this_host(settled):
    relay = settled.lab.relays[0]
    assert relay.agent("reconcile", "--set", "mail.networks=192.168.7.0/24").returncode == 0
    send(settled, "refused by the relay")
    settled.wait_until("journalctl -u postfix | grep -q 'Relay access denied'", 20, "the refusal")
    found = examine(settled)
    assert relay.agent("reconcile").returncode == 0
    settled.lab.wait_for_backend(relay, "UP")
    refusal = found["relay-refuses-this-host"]
    assert refusal["severity"] == "critical"
    assert f"add {network.OFFICE}/32 to networks below [mail]" in refusal["fix"]


# The last test: it takes the agent away.


def test_uninstall_puts_the_sender_back_without_aws_and_metadata(settled):
    settled.shell(f"cp {AGENT} /root/agent")
    original = settled.shell(f"stat -c '%a %U:%G' {MAIN}.before-smtp-relay-agent; cat {MAIN}.before-smtp-relay-agent")
    result = settled.exec("/root/agent", "uninstall", check=False)
    assert result.returncode == 0, result.stdout
    assert "the host is as it was before smtp-relay-agent" in result.stdout
    assert "load balancer" not in result.stdout
    assert settled.shell(f"stat -c '%a %U:%G' {MAIN}; cat {MAIN}") == original
    assert settled.shell("postconf -h relayhost").strip() == ""
    # There was none before; its package stays.
    assert settled.exec("systemctl", "is-enabled", "postfix", check=False).stdout.strip() == "disabled"
    assert settled.exec("systemctl", "is-active", "postfix", check=False).stdout.strip() == "inactive"
    left = settled.shell("ls -d /etc/systemd/system/smtp-relay-agent* /var/lib/smtp-relay-agent /run/smtp-relay-agent "
                         f"{AGENT}* {MAIN}.before-smtp-relay-agent 2>/dev/null", check=False)
    assert left == ""
    assert settled.shell(f"cat {CONFIG}") == SETTINGS
    assert not any(call["client"] == network.OFFICE for call in records.read(settled.lab.folder / "calls.jsonl"))
    assert "nothing to do" in settled.exec("/root/agent", "uninstall").stdout

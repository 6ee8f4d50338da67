"""The whole path on an older and a newer generation of glibc, systemd, cloud-init, dnf, Postfix and nginx: Debian 11's, which
stand for RHEL 8's, and Debian 13's, for RHEL 10's. All other tests run on Debian 12's."""

import re

import pytest

from conftest import repaired, send_by_all, wait_until_all_serve
from relaylab import packages, systems
from relaylab.lab import Lab
from relaylab.suites import BULLSEYE, TRIXIE
from test_doctor import examine

AGENT = "smtp-relay-agent"
PLACES = "/etc/postfix/master.cf /etc/postfix/*_table /etc/nginx/nginx.conf /etc/systemd/system/smtp-relay-agent*"
# Settings that need a table each, of whichever type Postfix has there.
SETTINGS = {"network_table": "always", "transport": "example.org=[mx.example.net]:25", "hide_internal_headers": "true",
            "submission": "true"}
BOTH = pytest.mark.parametrize("suite", (BULLSEYE, TRIXIE), ids=lambda suite: suite.name)


@pytest.fixture(scope="module")
def lab(binary):
    with Lab(binary) as lab:
        lab.add_relay(suite=BULLSEYE, system=systems.ROCKY_8, boot=False)
        lab.add_relay(suite=TRIXIE, system=systems.ALMA_10, boot=False)
        for relay in lab.relays:
            relay.give(SETTINGS)
            relay.boot()
        lab.add_sender()
        wait_until_all_serve(lab)
        yield lab


@pytest.fixture
def relay(lab, suite):
    return lab.relays[(BULLSEYE, TRIXIE).index(suite)]


@BOTH
def test_it_is_of_its_generation(relay, suite):
    systemd, glibc = {BULLSEYE: ("systemd 247", "2.31"), TRIXIE: ("systemd 257", "2.41")}[suite]
    assert relay.shell("systemctl --version").startswith(systemd)
    assert relay.shell("getconf GNU_LIBC_VERSION").split() == ["glibc", glibc]
    assert relay.shell("postconf -h mail_version").strip() == packages.version("postfix", suite)
    assert f"nginx/{packages.version('nginx', suite)}" in relay.shell("nginx -v 2>&1")
    # RHEL 10's Postfix has no Berkeley DB.
    assert relay.shell("postconf -h alias_maps").strip() == f"{suite.tables}:/etc/aliases"


@BOTH
def test_user_data_brings_it_into_service_without_a_warning(relay, suite):
    assert relay.shell("cloud-init status").strip() == "status: done", relay.log()
    lines = [line for line in relay.log().splitlines() if f"{AGENT}: " in line]
    assert "the node is as it should be" in lines[-1]
    assert [line for line in lines if "warning" in line] == []
    # The lines of the agent's units that this systemd can't read.
    units = relay.shell("journalctl -b -o cat _PID=1").splitlines()
    assert [line for line in units if AGENT in line and ("nknown" in line or "ignoring" in line or "ailed" in line)] == []


def test_mails_go_by_both(lab):
    send_by_all(lab)


@BOTH
def test_the_doctor_has_no_finding_and_a_stranger_is_refused(lab, relay, suite):
    assert examine(relay) == {}
    assert lab.try_relay(relay.address).startswith("554 5.7.1 ")


@BOTH
def test_postfix_and_nginx_say_nothing_of_their_configuration(relay, suite):
    said = relay.shell("postfix check 2>&1; postconf -n 2>&1 >/dev/null").splitlines()
    # The distribution sets compatibility_level = 2 itself, and the agent leaves it.
    assert [line for line in said if not re.search("backwards-compatib|COMPATIBILITY|compatibility_level", line)] == []
    assert "warn" not in relay.shell("nginx -t 2>&1")
    warnings = relay.shell("journalctl -b -o cat -t postfix/postfix-script -t postfix/master -t postfix/smtpd -p warning")
    assert warnings == ""


@BOTH
def test_a_second_pass_has_nothing_to_do(relay, suite):
    again = relay.agent("reconcile", "--detailed-exit-status")
    assert again.returncode == 0, again.stdout


@BOTH
@pytest.mark.parametrize("broken", [
    "echo 'mynetworks = 0.0.0.0/0' >>/etc/postfix/main.cf",
    "echo '0.0.0.0/0 OK' >>/etc/postfix/network_table",
    f"echo '# more' >>/etc/systemd/system/{AGENT}-health.service",
    "systemctl stop nginx",
    "systemctl kill -s KILL postfix",
], ids=("main.cf", "table", "unit", "nginx", "postfix"))
def test_what_was_broken_is_repaired_by_the_resident_agent(lab, relay, suite, broken):
    state = (f"postconf -n 2>/dev/null; sha256sum {PLACES}; systemctl is-active postfix nginx {AGENT} {AGENT}-health; "
             "cat /run/smtp-relay-agent/www/health")
    # The proof after the case before may have taken longer than an edit may go unproven.
    relay.wait_until("test -e /run/smtp-relay-agent/www/health", 30, "its health")
    assert repaired(relay, broken, state, 60), relay.shell(f"{state}; journalctl -u {AGENT} -n 20 -o cat", check=False)
    lab.wait_for_backend(relay, "UP")


@BOTH
def test_a_killed_agent_is_started_again(relay, suite):
    old = relay.shell(f"systemctl show -p MainPID {AGENT}").strip()
    relay.shell(f"systemctl kill -s KILL {AGENT}")
    relay.wait_until(f'systemctl is-active {AGENT} && [ "$(systemctl show -p MainPID {AGENT})" != {old} ]', 30, "another process")


def test_after_a_boot_both_are_in_service_again(lab):
    for relay in lab.relays:
        relay.reboot()
    for relay in lab.relays:
        lab.wait_for_backend(relay, "UP", 90)
        relay.wait_until(f"systemctl is-active {AGENT}", 60, "the agent")
    assert len(lab.wait_for_mails(lab.send(2))) == 2


@BOTH
def test_uninstall_leaves_nothing(lab, relay, suite):
    result = relay.agent("uninstall", timeout=300)
    assert result.returncode == 0, result.stdout
    lab.wait_for_backend(relay, None)
    left = relay.shell(f"find /etc /usr/local /run /var/lib -xdev -name '*{AGENT}*'").split()
    assert left == [f"/etc/{AGENT}"]

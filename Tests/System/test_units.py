"""The agent's units: systemd finds nothing wrong with them, and what they keep from the agent it can do without."""

import json
import re

import pytest

from relaylab import machine, paths, user_data
from relaylab.lab import Lab

MAIN = "/etc/postfix/main.cf"
MASTER = "/etc/postfix/master.cf"
UNITS = ("smtp-relay-agent.service", "smtp-relay-agent-health.service", "smtp-relay-agent-reconcile.service",
         "smtp-relay-agent-reconcile.timer", "smtp-relay-agent-watch.service")
# What 'systemd-analyze security' says at most: 0 is a service that may do nothing, 10 one that may do all.
EXPOSURE = {"smtp-relay-agent.service": 4.3, "smtp-relay-agent-health.service": 2.3,
            "smtp-relay-agent-reconcile.service": 4.3, "smtp-relay-agent-watch.service": 4.3}


@pytest.fixture(scope="module")
def relay(binary):
    """A relay with a resident agent that has settled."""
    with Lab(binary) as lab:
        relay = lab.add_relay(user_data.shell_script(lab.sha256, '[reconcile]\ninterval = "30s"\njitter = "1s"'))
        relay.wait_for_cloud_init()
        relay.wait_for_agent()
        relay.lab = lab
        yield relay


def cursor(relay) -> str:
    """The end of the agent's log."""
    shown = relay.shell("journalctl -u smtp-relay-agent -n 1 --show-cursor --no-pager")
    return shown.strip().splitlines()[-1].removeprefix("-- cursor: ")


def entries(relay, after: str) -> list[dict]:
    """The agent's log since, as the journal has it."""
    text = relay.shell(f"journalctl -u smtp-relay-agent -o json --no-pager --after-cursor='{after}'")
    return [entry for entry in map(json.loads, text.splitlines()) if entry["SYSLOG_IDENTIFIER"] == "smtp-relay-agent"]


def test_systemd_finds_nothing_wrong_with_them(relay):
    verify = relay.exec("systemd-analyze", "verify", *(f"/etc/systemd/system/{unit}" for unit in UNITS), check=False)
    assert (verify.returncode, verify.stdout) == (0, "")


def test_a_system_that_goes_down_waits_a_quarter_of_an_hour_for_the_agent_under_each_init():
    units = paths.REPOSITORY / "units"
    assert "\nTimeoutStopSec=15min\n" in (units / "smtp-relay-agent.service").read_text()
    assert "\npatience=900\n" in (units / "smtp-relay-agent.init").read_text()


@pytest.mark.parametrize("unit", ["smtp-relay-agent.service", "smtp-relay-agent-health.service"])
def test_there_is_no_limit_to_how_often_they_start(relay, unit):
    """The key that systemd 219 has for it means the same today."""
    assert relay.shell(f"systemctl show -p StartLimitIntervalUSec --value {unit}").strip() == "0"
    assert "StartLimit" not in relay.shell("journalctl -b _PID=1 --no-pager")


@pytest.mark.parametrize("unit", UNITS)
def test_they_are_the_files_of_this_source(relay, unit):
    assert relay.shell(f"cat /etc/systemd/system/{unit}") == (paths.REPOSITORY / "units" / unit).read_text()


def test_the_agent_is_ready_before_its_first_pass_and_says_how_the_node_is(relay):
    """A restart, such as that of an upgrade, does not wait for packages or for another pass."""
    relay.shell("systemctl stop smtp-relay-agent")
    text = "systemctl show -p StatusText --value smtp-relay-agent"
    # Its first pass has to wait for this one.
    relay.shell("flock /run/smtp-relay-agent/lock sh -c 'sleep 8' >/dev/null 2>&1 & sleep 0.5; "
                "timeout 5 systemctl start smtp-relay-agent")
    assert relay.shell(text).strip() == "the first pass is under way"
    relay.wait_until(f"[ \"$({text})\" = 'the node is as it should be' ]", 20, "the first pass")


def test_an_agent_that_hangs_is_started_anew(relay):
    """The watchdog is fed by the loop that does the work, not by a thread beside it."""
    process = "systemctl show -p MainPID --value smtp-relay-agent"
    before = relay.shell(process).strip()
    relay.shell(f"kill -STOP {before}")
    relay.wait_until(f"pid=$({process}); [ $pid != 0 ] && [ $pid != {before} ]", 90, "another process")
    assert "Watchdog timeout" in relay.shell("journalctl -u smtp-relay-agent --no-pager")
    relay.wait_until("[ $(systemctl show -p ActiveState --value smtp-relay-agent) = active ]", 30, "readiness")


@pytest.mark.parametrize("unit", EXPOSURE)
def test_they_may_do_no_more_than_is_needed(relay, unit):
    text = relay.exec("systemd-analyze", "security", "--no-pager", unit, check=False).stdout
    assert float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", text).group(1)) <= EXPOSURE[unit], text


def test_a_pass_may_do_the_same_whoever_starts_it(relay):
    def section(unit: str) -> str:
        return relay.shell(f"cat /etc/systemd/system/{unit}").split("# It installs packages")[1].split("[Install]")[0].strip()

    assert section("smtp-relay-agent.service") == section("smtp-relay-agent-reconcile.service")


def test_the_resident_agent_puts_a_package_back(relay):
    relay.shell("rpm -e --nodeps nginx; ! command -v nginx")
    relay.wait_until("rpm -q nginx && systemctl is-active nginx && curl -fs http://127.0.0.1/health", 60, "nginx again")
    # The package manager may still be at its end.
    relay.wait_until("smtp-relay-agent plan", 30, "the end of the pass")
    relay.shell("rpm -e --nodeps postfix; ! command -v postconf")
    relay.wait_until("rpm -q postfix && systemctl is-active postfix && curl -fs http://127.0.0.1/health", 90, "Postfix")
    # A setgid program of a package is so again: what the units keep from the agent, packages need not.
    assert relay.shell("stat -c '%a %G' /usr/sbin/postdrop").split() == ["2755", "postdrop"]
    relay.lab.wait_for_backend(relay, "UP", 30)
    relay.wait_until("smtp-relay-agent plan", 30, "a node with nothing to do")


def test_the_resident_agent_has_a_candidate_judged(relay):
    """It needs a mount namespace for that."""
    before = cursor(relay)
    relay.shell(f"echo 'mail_owner = nobody_there' >> {MAIN}; sed -i 's/^biff = no/biff = yes/' {MAIN}")
    relay.wait_until(f"journalctl -u smtp-relay-agent --after-cursor='{before}' | grep -q nobody_there", 20, "a refusal")
    relay.shell(f"sed -i '/^mail_owner = nobody_there/d' {MAIN}")
    relay.wait_until("smtp-relay-agent plan", 30, "a node with nothing to do")


def test_the_journal_has_the_priority_of_each_line(relay):
    before = cursor(relay)
    relay.shell(f"sed -i 's/^biff = no/biff = yes/' {MAIN}")
    relay.wait_until("[ $(postconf -h biff) = no ]", 10, "the file as it was")
    relay.shell(f"cp -p {MASTER} /tmp/master.cf; "
                f"sed -i 's/^smtp      inet.*/&\\n  -o smtpd_relay_restrictions=permit/' {MASTER}")
    relay.wait_until(f"journalctl -u smtp-relay-agent --after-cursor='{before}' | grep -q \"sets '-o\"", 20, "an error")
    relay.shell(f"cp -p /tmp/master.cf {MASTER}")
    relay.wait_until("smtp-relay-agent plan", 30, "a node with nothing to do")
    found = entries(relay, before)
    assert not [entry for entry in found if entry["MESSAGE"].startswith("<")]
    for words, priority in ((f"postfix: edit {MAIN}", "6"), ("-biff = yes", "6"),
                            ("the 'smtp' service sets '-o smtpd_relay_restrictions=permit'", "3")):
        assert {entry["PRIORITY"] for entry in found if words in entry["MESSAGE"]} == {priority}, words


def test_status_tells_all_as_root_and_not_with_and_without_the_agent(relay):
    relay.agent("reconcile", check=True)
    nobody = ["setpriv", "--reuid=nobody", "--clear-groups", "/usr/local/bin/smtp-relay-agent", "status"]
    try:
        for agent in ("start", "stop"):
            relay.shell(f"systemctl {agent} smtp-relay-agent")
            for command in (["smtp-relay-agent", "status"], nobody):
                text = machine.unwrapped(relay.exec(*command).stdout)
                for line in (rf"node +relay {relay.instance}, {relay.address}, eu-central-1a", r"system +\S",
                             r"networks +vpc-\S+: 10\.0\.0\.0/16",
                             "agent +" + ("resident, process [0-9]+" if agent == "start" else "not resident"),
                             r"last pass +[0-9]+ s ago, for .+: [0-9]+ changes?$",
                             r"postfix +as it should be, checked [0-9]+ (s|min) ago", r"nginx +active, enabled, process [0-9]+",
                             r"probe relay policy +passed, [0-9]+ (s|min) ago \(RCPT TO as 2 hosts inside",
                             r"probe smtp +passed, [0-9]+ s ago", r"probe queue disk +passed", r"probe health check +passed",
                             r"load balancer smtp-relay +InService$",
                             r"queue +0 incoming, 0 active, 0 deferred, 0 on hold" +
                             (", counted [0-9]+ s ago$" if command is nobody else "$")):
                    assert re.search(f"^{line}", text, re.M), (agent, command[0], line, text)
                assert bool(re.search(r"^next pass +in about [0-9]+ s$", text, re.M)) == (agent == "start"), text
    finally:
        relay.shell("systemctl start smtp-relay-agent")


def test_the_timer_comes_soon_after_a_boot_and_every_few_minutes(lab):
    """The passes of a node come by the timer."""
    relay = lab.relays[0]
    shown = relay.shell("systemctl show -p TimersMonotonic -p TimersCalendar -p Persistent -p RandomizedDelayUSec "
                        "smtp-relay-agent-reconcile.timer")
    assert "OnBootUSec=15s" in shown and "OnCalendar=*-*-* *:00/5:00" in shown
    assert "Persistent=yes" in shown and "RandomizedDelayUSec=1min" in shown
    # When it came last is kept over a boot, and so is that it did not.
    relay.shell("test -e /var/lib/systemd/timers/stamp-smtp-relay-agent-reconcile.timer")


def test_after_a_boot_the_timers_pass_comes_soon(binary):
    with Lab(binary) as lab:
        relay = lab.add_relay(user_data.shell_script(lab.sha256, "[reconcile]\nresident = false"), preinstalled=True)
        relay.wait_for_cloud_init()
        lab.wait_for_backend(relay, "UP")
        relay.reboot()
        assert lab.api_calls(relay).count("DeregisterInstancesFromLoadBalancer") == 1
        # The records of earlier passes are gone with the boot: 15 s, a minute by chance, and the boot itself. It opens
        # the doors that were closed at the shutdown.
        relay.wait_until("smtp-relay-agent status | grep -q '^last pass .* for reconcile: [0-9]* change'", 100, "a pass")
        lab.wait_for_backend(relay, "UP", 20)

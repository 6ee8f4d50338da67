"""A host that System V init has booted, with service and chkconfig: the whole path, from user-data to 'uninstall'."""

import time

import pytest

from relaylab import paths, system_v, user_data
from relaylab.lab import Lab
from relaylab.shell import run

AGENT = "smtp-relay-agent"
SCRIPTS = (AGENT, f"{AGENT}-health", f"{AGENT}-reconcile")
PLACES = [f"/etc/init.d/{name}" for name in SCRIPTS] + [f"/etc/cron.d/{AGENT}", f"/etc/logrotate.d/{AGENT}"]
LOG = f"/var/log/{AGENT}.log"


@pytest.fixture(scope="module")
def lab(binary):
    with Lab(binary) as lab:
        relay = lab.add_relay(user_data.shell_script(lab.sha256), disk=str(system_v.root()))
        lab.add_sender()
        relay.wait_for_cloud_init()
        yield lab


@pytest.fixture
def relay(lab):
    return lab.relays[0]


def process(relay, name: str = AGENT) -> str:
    return relay.shell(f"cat /var/run/{name}.pid").strip()


def wait_for_another(relay, old: str, seconds: float, name: str = AGENT) -> str:
    """Wait until a pid file names another process, which lives."""
    relay.wait_until(f'now=$(cat /var/run/{name}.pid) && [ "$now" != {old} ] && [ -e /proc/$now ]', seconds,
                     f"another process of {name}")
    return process(relay, name)


@pytest.mark.parametrize("name", SCRIPTS)
def test_shellcheck_finds_nothing_in_the_scripts(name):
    script = paths.REPOSITORY / "units" / f"{name}.init"
    found = run("shellcheck", "--shell=sh", script, check=False)
    assert found.returncode == 0, found.stdout
    text = script.read_text()
    assert "\n# chkconfig: " in text and "### BEGIN INIT INFO" in text


def test_init_is_system_v(relay):
    assert relay.shell("cat /proc/1/comm").strip() == "init"
    assert relay.exec("test", "-e", "/run/systemd/system", check=False).returncode == 1


def test_the_labs_chkconfig_does_as_the_real_one(relay):
    """Its words and exit statuses, as chkconfig(8) of the RPM distributions has them."""
    unknown = relay.exec("chkconfig", "--list", "nobody", check=False)
    assert (unknown.returncode, "error reading information on service nobody" in unknown.stdout) == (1, True)
    script = "#!/bin/sh\n# chkconfig: - 61 39\n# description: Nothing.\nexit 3\n"
    relay.write("/etc/init.d/nothing", script)
    relay.shell("chmod 755 /etc/init.d/nothing")
    unmanaged = relay.exec("chkconfig", "--list", "nothing", check=False)
    assert (unmanaged.returncode, "is not referenced in any runlevel" in unmanaged.stdout) == (1, True)
    relay.shell("chkconfig --add nothing")
    assert relay.exec("chkconfig", "nothing", check=False).returncode == 1
    relay.shell("chkconfig nothing on")
    assert relay.exec("chkconfig", "nothing", check=False).returncode == 0
    assert relay.shell("chkconfig --list nothing").split() == ["nothing", "0:off", "1:off", "2:on", "3:on", "4:on",
                                                              "5:on", "6:off"]
    assert relay.shell("ls /etc/rc3.d /etc/rc6.d | grep nothing").split() == ["S61nothing", "K39nothing"]
    relay.shell("chkconfig nothing off; chkconfig --del nothing; rm /etc/init.d/nothing")
    assert relay.shell("ls /etc/rc?.d | grep -c nothing || :").strip() == "0"


def test_user_data_brings_the_node_into_service(lab, relay):
    lab.wait_for_backend(relay, "UP")
    assert relay.shell("cloud-init status").strip() == "status: done", relay.log()
    for name in ("postfix", "nginx", AGENT, f"{AGENT}-health"):
        assert "3:on" in relay.shell(f"chkconfig --list {name}")
        relay.shell(f"service {name} status")
    # The resident agent takes its place.
    assert "3:on" not in relay.shell(f"chkconfig --list {AGENT}-reconcile || :")
    for path in PLACES:
        assert relay.shell(f"stat -c %a {path}").strip() == ("755" if "init.d" in path else "644")
    subjects = lab.send(3)
    assert {mail["client"] for mail in lab.wait_for_mails(subjects)} == {relay.address}


def test_a_second_pass_has_nothing_to_do(relay):
    again = relay.agent("reconcile", "--detailed-exit-status")
    assert again.returncode == 0, again.stdout


def test_a_killed_agent_is_started_again_and_says_so_in_its_log(relay):
    old = process(relay)
    relay.shell(f"kill -9 {old}")
    wait_for_another(relay, old, 10)
    assert "it ended with status 137 and is started again" in relay.shell(f"cat {LOG}")
    relay.shell(f"service {AGENT} status")


def test_cron_starts_a_killed_keeper_again_and_the_agent_goes_on_meanwhile(relay):
    agent, keeper = process(relay), process(relay, f"{AGENT}-keeper")
    relay.shell(f"kill -9 {keeper}")
    assert relay.exec("service", AGENT, "status", check=False).returncode == 2
    keeper = wait_for_another(relay, keeper, 75, f"{AGENT}-keeper")
    assert process(relay) == agent
    # It keeps that one, too.
    relay.shell(f"kill -9 {agent}")
    wait_for_another(relay, agent, 15)


@pytest.mark.parametrize("broken", [
    "echo 'mynetworks = 0.0.0.0/0' >>/etc/postfix/main.cf",
    f"echo '# more' >>/etc/init.d/{AGENT}-health",
    f"rm /etc/cron.d/{AGENT}",
    f"chmod 644 /etc/init.d/{AGENT}-reconcile",
    "service postfix stop >/dev/null",
])
def test_what_was_broken_is_repaired_by_the_resident_agent(lab, relay, broken):
    state = (f"postconf -h mynetworks; sha256sum {' '.join(PLACES)}; stat -c %a {' '.join(PLACES)}; "
             "service postfix status | cut -d ' ' -f 1,4-; test -e /run/smtp-relay-agent/www/health; echo $?")
    before = relay.shell(state)
    relay.shell(broken)
    deadline = time.monotonic() + 20
    while relay.shell(state, check=False) != before and time.monotonic() < deadline:
        time.sleep(0.2)
    assert relay.shell(state, check=False) == before, relay.shell(f"tail -n 20 {LOG}")


def test_the_log_is_rotated_while_the_agent_writes_on(relay):
    relay.shell(f"logrotate --force /etc/logrotate.d/{AGENT}")
    assert relay.shell(f"stat -c %s {LOG}").strip() == "0"
    assert "status 137" in relay.shell(f"cat {LOG}.1")
    old = process(relay)
    relay.shell(f"kill -9 {old}")
    wait_for_another(relay, old, 10)
    assert "status 137" in relay.shell(f"cat {LOG}")


def test_after_a_boot_it_is_in_service_again(lab, relay):
    relay.reboot()
    lab.wait_for_backend(relay, "UP", 90)
    relay.wait_until(f"service {AGENT} status", 60, "the agent")
    assert {mail["client"] for mail in lab.wait_for_mails(lab.send(1))} == {relay.address}


def test_uninstall_leaves_nothing(lab, relay):
    result = relay.agent("uninstall", timeout=300)
    assert result.returncode == 0, result.stdout
    lab.wait_for_backend(relay, None)
    left = relay.shell(f"find /etc /usr/local /run /var/lib /var/lock -xdev -name '*{AGENT}*'").split()
    assert left == [f"/etc/{AGENT}"]
    assert relay.shell(f"pgrep -f '[b]in/{AGENT}|[i]nit.d/{AGENT}' || :").strip() == ""

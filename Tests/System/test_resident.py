"""The resident agent: it repairs what drifts, at once, and comes back to the load balancer."""

import json
import re
import struct
import subprocess
import time

import pytest

from conftest import boot_pair
from relaylab.lab import Lab
from relaylab.shell import run, start
from service import assert_stops_as_it_starts, slow_unit

MAIN = "/etc/postfix/main.cf"
NGINX = "/etc/nginx/nginx.conf"
UNIT = "/etc/systemd/system/smtp-relay-agent-health.service"


@pytest.fixture(scope="module")
def resident(binary):
    """Two relays with resident agents, which make a pass every ten seconds."""
    with Lab(binary) as lab:
        boot_pair(lab, '[reconcile]\ninterval = "10s"\njitter = "1s"\n[shutdown]\ndrain_timeout = "40s"')
        for relay in lab.relays:
            relay.wait_for_agent()
        yield lab


def journal(relay, since: str = "-1h") -> str:
    return relay.shell(f"journalctl -u smtp-relay-agent -o cat --no-pager --since={since}")


def mark(relay) -> str:
    """A point in the agent's log."""
    # The cursor has to be of an entry of the same unit: with another, the first entry after it would be left out.
    shown = relay.shell("journalctl -u smtp-relay-agent -n 1 --show-cursor --no-pager")
    return shown.strip().splitlines()[-1].removeprefix("-- cursor: ")


def after(relay, cursor: str) -> str:
    return relay.shell(f"journalctl -u smtp-relay-agent -o cat --no-pager --after-cursor='{cursor}'")


def fingerprint(*files: str) -> str:
    return f"stat -c '%n %F %a %U' {' '.join(files)}; sha256sum {' '.join(files)}"


# Each is told the time at which it was done; the shell waits until the file is as it was, and tells how long that took.
CHANGES = {
    "an edit of main.cf": (MAIN, f"sed -i 's/^mynetworks = .*/mynetworks = 0.0.0.0\\/0/' {MAIN}"),
    "main.cf deleted": (MAIN, f"rm {MAIN}"),
    "another mode of main.cf": (MAIN, f"chmod 666 {MAIN}"),
    "another owner of nginx.conf": (NGINX, f"chown nginx {NGINX}"),
    "an empty nginx.conf": (NGINX, f": > {NGINX}"),
    "nginx.conf deleted": (NGINX, f"rm {NGINX}"),
    "an edit of a unit": (UNIT, f"echo '# more' >> {UNIT}"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_is_undone_within_a_second_and_told(resident, kind):
    relay = resident.relays[0]
    file, change = CHANGES[kind]
    quiet(relay)
    cursor = mark(relay)
    before = relay.shell(fingerprint(file))
    seconds = float(relay.shell(f"""
        exec 2>/dev/null
        before=$({fingerprint(file)})
        {change}
        began=$(date +%s.%N)
        for try in $(seq 1 400); do
            [ "$({fingerprint(file)})" = "$before" ] && break
            sleep 0.02
        done
        echo "$(date +%s.%N) $began" | awk '{{ print $1 - $2 }}'
    """))
    assert relay.shell(fingerprint(file)) == before
    assert seconds < 1, f"it took {seconds} s"
    relay.wait_until(f"journalctl -u smtp-relay-agent --after-cursor='{cursor}' | grep -q 'made; the node'", 20, "the end")
    quiet(relay)
    log = after(relay, cursor)
    assert log.count(" made; the node is as it should be") == 1, log
    if kind == "an edit of main.cf":
        assert "-mynetworks = 0.0.0.0/0" in log and "+mynetworks = 127.0.0.0/8 10.0.0.0/16" in log
    if file != UNIT and "another" not in kind:
        service = "postfix" if file == MAIN else "nginx"
        assert log.count(f"reload {service}") + log.count(f"restart {service}") == 1, log
    resident.wait_for_backend(relay, "UP")


def quiet(relay) -> None:
    """Wait for the agent to have nothing under way, and nothing coming."""
    relay.wait_until("inode=$(stat -c %i /run/smtp-relay-agent/lock); for i in 1 2 3 4 5 6; do "
                     "grep -q \":$inode \" /proc/locks && exit 1; sleep 0.1; done", 30, "the end of the pass")


def test_a_service_that_is_killed_is_back_at_once(resident):
    relay = resident.relays[0]
    for name, pid in (("postfix", "$(tr -d ' ' </var/spool/postfix/pid/master.pid)"), ("nginx", "$(cat /run/nginx.pid)")):
        quiet(relay)
        cursor = mark(relay)
        relay.shell(f"kill -9 {pid}")
        relay.wait_until(f"systemctl is-active {name}", 6, f"{name} again")
        relay.wait_until("curl -fs http://127.0.0.1/health", 15, "health")
        assert f"start {name}" in after(relay, cursor)
    resident.wait_for_backend(relay, "UP")


def test_a_health_file_that_is_removed_is_back(resident):
    relay = resident.relays[0]
    quiet(relay)
    relay.shell("rm /run/smtp-relay-agent/www/health")
    relay.wait_until("curl -fs http://127.0.0.1/health", 5, "health")


def test_it_is_quiet_and_changes_nothing_when_nothing_happens(resident):
    relay = resident.relays[1]
    quiet(relay)
    cursor = mark(relay)
    before = relay.shell("systemctl show -p MainPID --value postfix nginx smtp-relay-agent; stat -c %Y /etc/postfix/*")
    time.sleep(25)
    assert after(relay, cursor).strip() in ("", "-- No entries --")
    assert relay.shell("systemctl show -p MainPID --value postfix nginx smtp-relay-agent; stat -c %Y /etc/postfix/*") == before


def test_the_memory_of_constants_that_is_let_go_of_was_never_written(binary, resident):
    """What had been written there would be lost: it comes back as it is in the program's file."""
    section = re.search(r" \.rodata +PROGBITS +0*(\w+) \w+ (\w+)", run("readelf", "-SW", binary).stdout)
    address, size = (int(number, 16) for number in section.groups())
    # This process lets go of nothing. Bit 63 is set for a page that is there, and bit 61 for one of a file (pagemap(5)).
    with start(binary, "status", "--watch", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as watching:
        try:
            time.sleep(1)
            with open(f"/proc/{watching.pid}/pagemap", "rb") as pages:
                pages.seek(address // 4096 * 8)
                present = [page for page, in struct.iter_unpack("Q", pages.read(size // 4096 * 8)) if page >> 63]
        finally:
            watching.kill()
    assert len(present) > 10 and all(page >> 61 & 1 for page in present), present
    # From then on, a write would end the agent.
    relay = resident.relays[1]
    relay.agent("reconcile", check=True)
    maps = relay.shell("cat /proc/$(systemctl show -p MainPID --value smtp-relay-agent)/maps")
    assert re.search(rf"^0*{section.group(1)}-\w+ r--p ", maps, re.M), maps


def test_who_is_removed_from_the_load_balancer_is_back_within_an_interval(resident):
    relay = resident.relays[0]
    quiet(relay)
    resident.deregister(relay)
    resident.wait_for_backend(relay, None, 5)
    resident.wait_for_backend(relay, "UP", 25)
    assert f"register {relay.instance} with load balancer smtp-relay" in journal(relay)


def test_sighup_rereads_the_settings(resident):
    relay = resident.relays[0]
    quiet(relay)
    relay.shell("sed -i 's/^domain = .*/domain = \"other.example\"/' /etc/smtp-relay-agent/config.toml && "
                "systemctl reload smtp-relay-agent")
    relay.wait_until("[ $(postconf -h mydomain) = other.example ]", 5, "the new domain")
    relay.shell("sed -i 's/^domain = .*/domain = \"example.com\"/' /etc/smtp-relay-agent/config.toml && "
                "systemctl reload smtp-relay-agent")
    relay.wait_until("[ $(postconf -h mydomain) = example.com ]", 5, "the old domain")


def test_a_person_who_sends_sighup_often_is_no_enemy(resident):
    relay = resident.relays[0]
    cursor = mark(relay)
    for _ in range(40):
        relay.shell("systemctl kill -s HUP --kill-who=main smtp-relay-agent")
        time.sleep(0.3)
    assert "over and over" not in after(relay, cursor)
    relay.wait_until("smtp-relay-agent status | grep -q 'as it should be'", 20, "a pass")


def test_the_mode_of_the_folder_that_nginx_serves_is_back_at_once(resident):
    relay = resident.relays[0]
    for folder in ("/run/smtp-relay-agent/www", "/run/smtp-relay-agent"):
        relay.shell(f"chmod 700 {folder}")
        relay.wait_until(f"[ $(stat -c %a {folder}) = 755 ]", 5, "the mode")


def test_a_changed_vpc_range_and_a_tag_are_taken_up(resident):
    relay = resident.relays[0]
    tree = resident.nodes[relay.address]["meta-data"]
    interface = tree["network"]["interfaces"]["macs"][tree["mac"]]
    interface["vpc-ipv4-cidr-blocks"] = "10.0.0.0/16\n10.7.0.0/16"
    tree["tags"]["instance"]["smtp-relay:hostname"] = "mail.example.com"
    resident.write_metadata()
    relay.wait_until("postconf -h mynetworks | grep -q 10.7.0.0/16", 20, "the second range")
    relay.wait_until("[ $(postconf -h myhostname) = mail.example.com ]", 5, "the host name")
    interface["vpc-ipv4-cidr-blocks"] = "10.0.0.0/16"
    del tree["tags"]["instance"]["smtp-relay:hostname"]
    resident.write_metadata()
    relay.wait_until("[ \"$(postconf -h mynetworks)\" = '127.0.0.0/8 10.0.0.0/16' ]", 20, "the range alone")


def test_what_fights_back_is_slowed_down_and_named(resident):
    relay = resident.relays[1]
    quiet(relay)
    cursor = mark(relay)
    agent = relay.shell("systemctl show -p MainPID --value smtp-relay-agent").strip()
    ticks = f"awk '{{ print $14 + $15 }}' /proc/{agent}/stat"
    before = int(relay.shell(ticks))
    told = f"{MAIN} changed over and over: another program works against this agent"
    # Another tool that writes its own idea of the file every tenth of a second, until the agent has had enough.
    relay.shell(f"for i in $(seq 1 900); do grep -q '^biff = yes' {MAIN} || echo 'biff = yes' >> {MAIN}; sleep 0.1; "
                f"[ $((i % 10)) = 0 ] && journalctl -u smtp-relay-agent --after-cursor='{cursor}' | grep -q '{told}' && exit; "
                "done; exit 1", timeout=120)
    spent = int(relay.shell(ticks)) - before
    log = after(relay, cursor)
    assert log.count(told) == 1, log
    assert log.count(f"edit {MAIN}") < 20
    assert spent < 600, f"{spent} ticks of processor time"
    relay.wait_until("[ $(postconf -h biff) = no ]", 20, "the agent's last word")
    quiet(relay)
    # Each process of Postfix would warn of a second definition.
    assert relay.shell(f"grep -c ^biff {MAIN}").strip() == "1"


def test_one_pass_at_a_time_and_the_others_say_who_they_wait_for(resident):
    relay = resident.relays[0]
    relay.shell("flock /run/smtp-relay-agent/lock sh -c 'echo process 1: a test >/run/smtp-relay-agent/lock; sleep 3' &"
                " sleep 0.5; smtp-relay-agent reconcile >/tmp/waited 2>&1; echo $? >>/tmp/waited", timeout=60)
    waited = relay.shell("cat /tmp/waited")
    assert waited.endswith("\n0\n"), waited
    assert "another pass is under way: process 1: a test" in waited


def test_kill_9_of_each_under_load_loses_no_mail(resident):
    load = []
    relay = resident.relays[0]
    for step in range(3):
        load += resident.send(10, prefix=f"load{step}")
        relay.shell(["kill -9 $(systemctl show -p MainPID --value smtp-relay-agent)",
                     "kill -9 $(tr -d ' ' </var/spool/postfix/pid/master.pid)",
                     "kill -9 $(cat /run/nginx.pid)"][step])
        load += resident.send(10, prefix=f"after{step}")
    arrived = [mail["subject"] for mail in resident.wait_for_mails(load, 120)]
    assert set(arrived) == set(load)
    # A kill of Postfix may come between a message and the sink's answer to it.
    assert {subject.split()[0] for subject in arrived if arrived.count(subject) > 1} <= {"load1"}
    for name in ("postfix", "nginx", "smtp-relay-agent"):
        relay.wait_until(f"systemctl is-active {name}", 20, name)
    resident.wait_for_backend(relay, "UP")


def test_a_dead_agent_leaves_a_working_relay_in_service(resident):
    relay = resident.relays[0]
    relay.shell("systemctl stop smtp-relay-agent")
    time.sleep(8)
    assert resident.backends()[relay.address] == "UP"
    status = relay.agent("status")
    assert status.returncode == 0 and "not resident" in status.stdout
    relay.shell("systemctl start smtp-relay-agent")


def test_a_stop_that_comes_as_the_agent_starts_ends_it(resident):
    relay = resident.relays[0]
    assert_stops_as_it_starts(relay, "smtp-relay-agent")
    resident.wait_for_backend(relay, "UP")


def test_a_pass_by_hand_does_not_break_off_a_stop_of_the_agent(resident):
    relay = resident.relays[0]
    with slow_unit(relay, "smtp-relay-agent", "ExecStopPost=/bin/sleep 3"):
        # A stop that is broken off fails.
        relay.shell("systemctl stop smtp-relay-agent & stop=$!; sleep 0.5; smtp-relay-agent reconcile; wait $stop")
        relay.wait_until("systemctl is-active -q smtp-relay-agent", 20, "the agent, which the pass starts")
    resident.wait_for_backend(relay, "UP")


def test_status_answers_quickly_for_everyone(resident):
    relay = resident.relays[0]
    quiet(relay)
    for user in ("root", "nobody"):
        began = time.monotonic()
        result = relay.exec("setpriv", f"--reuid={user}", "--clear-groups", "/usr/local/bin/smtp-relay-agent", "status")
        # It waits for nobody, and on a busy machine for a processor.
        assert time.monotonic() - began < 5
        for words in (relay.instance, "resident, process", "load balancer smtp-relay", "InService", "0 deferred",
                      "postfix", "next pass"):
            assert words in result.stdout, (user, words, result.stdout)
    status = json.loads(relay.agent("status", "--json").stdout)
    assert {part["name"]: part["state"] for part in status["parts"]}["health"] == "as it should be"
    assert status["memberships"] == [{"name": "load balancer smtp-relay", "state": "InService", "reason": ""}]


def test_a_drained_node_stays_out_until_it_is_brought_back(resident):
    relay, other = resident.relays
    began = time.time()
    result = relay.agent("drain")
    assert result.returncode == 0, result.stdout
    # The resident agent sees the order as well. Who has the lock first leaves.
    assert "leave load balancer smtp-relay" in result.stdout + relay.agent_log(began)
    resident.wait_for_backend(relay, None, 5)
    relay.shell("systemctl restart smtp-relay-agent")
    quiet(relay)
    assert relay.shell("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/health") == "503"
    assert "by hand" in relay.agent("status").stdout
    arrived = resident.wait_for_mails(resident.send(4))
    assert {mail["client"] for mail in arrived} == {other.address}
    # A person's `systemctl restart postfix` does not publish its health.
    relay.shell("systemctl restart postfix")
    quiet(relay)
    assert relay.address not in resident.backends()
    back = relay.agent("undrain")
    assert back.returncode == 0, back.stdout
    resident.wait_for_backend(relay, "UP", 20)

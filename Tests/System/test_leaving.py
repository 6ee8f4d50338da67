"""A node leaves its load balancer without losing a mail, or it stays."""

import json
import time

import pytest

from conftest import boot_pair
from relaylab.lab import Lab

SPOT = "spot/instance-action"
TARGET = "autoscaling/target-lifecycle-state"


@pytest.fixture(scope="module")
def pair(binary):
    """Two relays with resident agents, which make a pass every ten seconds."""
    with Lab(binary) as lab:
        boot_pair(lab, '[reconcile]\ninterval = "10s"\njitter = "1s"\n[shutdown]\ndrain_timeout = "60s"')
        for relay in lab.relays:
            relay.wait_for_agent()
        yield lab


def journal(relay) -> str:
    return relay.shell("journalctl -u smtp-relay-agent -o cat --no-pager")


def reads(lab, relay, path: str) -> int:
    """The reads of a path of metadata by a relay."""
    calls = (lab.folder / "metadata-calls.jsonl").read_text().splitlines()
    return sum(f'"client": "{relay.address}"' in call and f"/{path}" in call for call in calls)


def bring_back(lab, relay) -> None:
    back = relay.agent("undrain")
    assert back.returncode == 0, back.stdout
    lab.wait_for_backend(relay, "UP", 20)


def test_an_on_demand_instance_is_asked_half_as_often_and_for_no_spot_interruption(pair):
    relay, _ = pair.relays
    spot = 0
    pair.set_metadata(relay, "instance-life-cycle", "on-demand")
    try:
        # The next pass reads it.
        known = reads(pair, relay, "instance-life-cycle")
        deadline = time.monotonic() + 30
        while reads(pair, relay, "instance-life-cycle") == known:
            assert time.monotonic() < deadline, "no pass"
            time.sleep(0.2)
        time.sleep(2)
        spot, target, passes = (reads(pair, relay, path) for path in (SPOT, TARGET, "instance-life-cycle"))
        time.sleep(25)
        assert reads(pair, relay, SPOT) == spot
        # A pass reads both.
        looks = reads(pair, relay, TARGET) - target - (reads(pair, relay, "instance-life-cycle") - passes)
        assert 1 <= looks <= 3
    finally:
        pair.set_metadata(relay, "instance-life-cycle", None)
        deadline = time.monotonic() + 30
        while reads(pair, relay, SPOT) == spot:
            assert time.monotonic() < deadline, "it is not asked again"
            time.sleep(0.2)


def test_a_spot_interruption_takes_the_node_out_once_and_loses_no_mail(pair):
    relay, other = pair.relays
    calls = len(pair.api_calls(relay))
    mails = pair.send_in_background(40, 20)
    pair.set_metadata(relay, SPOT, json.dumps({"action": "terminate", "time": "2026-11-24T18:22:00Z"}))
    seen = []
    deadline = time.monotonic() + 60
    while relay.address in (backends := pair.backends()):
        seen.append(backends[relay.address])
        assert time.monotonic() < deadline, journal(relay)
        time.sleep(0.1)
    # It left only when the load balancer's own checks had it down.
    assert seen[0] == "UP" and seen[-1] == "DOWN"
    assert relay.shell("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/health") == "503"
    subjects = mails.finish()
    pair.wait_for_mails(subjects)
    time.sleep(2)
    arrived = [mail["subject"] for mail in pair.mails() if mail["subject"] in subjects]
    assert sorted(arrived) == sorted(subjects)
    assert "a spot interruption" in relay.agent("status").stdout
    # The notice stays, and is seen at each pass.
    relay.wait_until("smtp-relay-agent status | grep -q 'last pass *[0-9] s ago, for the interval'", 30, "another pass")
    time.sleep(11)
    assert journal(relay).count("leaving: a spot interruption (terminate at 2026-11-24T18:22:00Z)") == 1
    assert pair.api_calls(relay)[calls:].count("DeregisterInstancesFromLoadBalancer") == 1
    # A person who brings it back has the last word, notice or not.
    bring_back(pair, relay)
    time.sleep(12)
    assert pair.backends()[relay.address] == "UP"
    pair.set_metadata(relay, SPOT, None)


def test_a_notice_that_was_withdrawn_is_not_obeyed_again(pair):
    """The agent may not have read metadata since, but look at the host."""
    relay = pair.relays[0]
    pair.set_metadata(relay, SPOT, json.dumps({"action": "terminate", "time": "2026-11-25T09:10:00Z"}))
    pair.wait_for_backend(relay, None, 60)
    pair.set_metadata(relay, SPOT, None)
    relay.shell("smtp-relay-agent undrain; echo '# a comment' >> /etc/postfix/main.cf")
    pair.wait_for_backend(relay, "UP", 20)
    deadline = time.monotonic() + 12
    while time.monotonic() < deadline:
        assert pair.backends()[relay.address] == "UP", journal(relay)
        time.sleep(0.2)


def test_a_rebalance_recommendation_and_maintenance_are_told_once_and_change_nothing(pair):
    relay = pair.relays[1]
    pair.set_metadata(relay, "events/recommendations/rebalance", json.dumps({"noticeTime": "2026-11-24T08:22:00Z"}))
    event = {"Code": "system-reboot", "State": "active", "NotBefore": "21 Jan 2027 09:00:43 GMT"}
    pair.set_metadata(relay, "events/maintenance/scheduled", json.dumps([event]))
    words = ("EC2 recommends to replace this instance", "EC2 has scheduled maintenance: system-reboot, not before 21 Jan 2027")
    for word in words:
        relay.wait_until(f"journalctl -u smtp-relay-agent | grep -q '{word}'", 25, word)
    time.sleep(22)
    for word in words:
        assert journal(relay).count(word) == 1
    assert pair.backends()[relay.address] == "UP"
    pair.set_metadata(relay, "events/recommendations/rebalance", None)
    pair.set_metadata(relay, "events/maintenance/scheduled", None)


def test_who_is_detached_from_its_group_goes_on_without_it(pair):
    relay = pair.relays[0]
    pair.set_metadata(relay, TARGET, "Detached")
    seen, deadline = reads(pair, relay, TARGET), time.monotonic() + 30
    # By the watch for announcements, and by the pass after it.
    while reads(pair, relay, TARGET) < seen + 3:
        assert time.monotonic() < deadline, relay.agent("status").stdout
        time.sleep(0.2)
    pair.deregister(relay)
    pair.wait_for_backend(relay, None, 5)
    pair.wait_for_backend(relay, "UP", 25)
    pair.set_metadata(relay, TARGET, None)


def test_a_host_that_changes_all_the_time_keeps_a_slow_node_from_nothing(pair):
    """Each answer of metadata takes a second, so a full pass takes a while, and each edit calls for a look at the host."""
    relay = pair.relays[0]
    # Postfix's programs wait for a main.cf that was written within the last second: each that a pass runs hangs.
    relay.shell("systemd-run -q --unit=editor sh -c 'while sleep 0.2; do echo \"# $(date)\" >> /etc/postfix/main.cf; done'")
    pair.metadata_fault(relay, "slow")
    pair.set_metadata(relay, TARGET, "Standby")
    try:
        # Fifteen seconds in which it may be cut short, one pass by each slow read, and the load balancers' own time.
        pair.wait_for_backend(relay, None, 60)
    finally:
        relay.shell("systemctl stop editor")
        pair.metadata_fault(relay, "")
        pair.set_metadata(relay, TARGET, None)
    pair.wait_for_backend(relay, "UP", 60)


def test_a_restart_of_the_agent_is_no_reason_to_leave(pair):
    relay = pair.relays[0]
    calls = len(pair.api_calls(relay))
    relay.shell("systemctl restart smtp-relay-agent")
    relay.shell("kill -9 $(systemctl show -p MainPID --value smtp-relay-agent)")
    relay.wait_for_agent()
    time.sleep(5)
    assert "DeregisterInstancesFromLoadBalancer" not in pair.api_calls(relay)[calls:]
    assert pair.backends()[relay.address] == "UP"


def test_who_the_load_balancer_does_not_reach_is_told_why(pair):
    relay = pair.relays[0]
    relay.shell("ip route add blackhole 10.0.0.25")
    try:
        pair.wait_for_backend(relay, "DOWN", 20)
        relay.wait_until("smtp-relay-agent status | tr -s ' \\n' ' ' | grep -q 'OutOfService (Instance: '", 25, "its reason")
        told = journal(relay)
        assert "it does not call this node in service: OutOfService (Instance: " in told
        assert "this node answers its own health check" in told
        assert relay.shell("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/health") == "200"
    finally:
        relay.shell("ip route del blackhole 10.0.0.25")
    pair.wait_for_backend(relay, "UP", 20)


def test_throttling_makes_it_slower_and_never_wrong(pair):
    relay = pair.relays[0]
    pair.api_fault(throttle=100000)
    time.sleep(25)
    assert pair.backends()[relay.address] == "UP"
    pair.api_fault()
    # Just after a pass, so that the next one finds all of it.
    relay.wait_until("smtp-relay-agent status | grep -q 'last pass *[01] s ago.*: 0 changes'", 60, "a pass that went well")
    pair.deregister(relay)
    pair.wait_for_backend(relay, None, 5)
    pair.api_fault(throttle=4)
    pair.wait_for_backend(relay, "UP", 60)
    assert json.loads((pair.folder / "faults.json").read_text()) == {"throttle": 0}
    pair.api_fault()


def test_a_reboot_leaves_and_comes_back_and_a_drained_node_stays_out_over_it(pair):
    relay, other = pair.relays
    calls = len(pair.api_calls(relay))
    relay.reboot()
    assert pair.api_calls(relay)[calls:].count("DeregisterInstancesFromLoadBalancer") == 1
    pair.wait_for_backend(relay, "UP", 90)
    assert relay.agent("drain").returncode == 0
    pair.wait_for_backend(relay, None, 5)
    relay.reboot()
    relay.wait_for_agent()
    time.sleep(12)
    assert relay.address not in pair.backends()
    assert relay.shell("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/health") == "503"
    assert pair.backends() == {other.address: "UP"}
    bring_back(pair, relay)


def test_a_shutdown_hands_the_queue_over(pair):
    relay, other = pair.relays
    pair.sink_down()
    subjects = pair.submit(relay, 20)
    relay.wait_until("[ $(find /var/spool/postfix/deferred -type f | wc -l) = 20 ]", 30, "20 deferred mails")
    relay.power_off()
    pair.wait_for_backend(relay, None, 5)
    assert [mail for mail in pair.mails() if mail["subject"] in subjects] == []
    pair.sink_up()
    other.shell("postqueue -f")
    pair.wait_for_mails(subjects, 90)
    time.sleep(2)
    arrived = [mail for mail in pair.mails() if mail["subject"] in subjects]
    assert sorted(mail["subject"] for mail in arrived) == sorted(subjects)
    assert {mail["client"] for mail in arrived} == {other.address}

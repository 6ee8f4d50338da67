"""Target groups of a network load balancer, beside the classic load balancer."""

import json
import re
import time

import pytest

from conftest import boot_pair
from relaylab.client import Client
from relaylab.lab import Lab

CONFIG = "/etc/smtp-relay-agent/config.toml"
NETWORK_LOAD_BALANCER = "10.0.0.26"
GROUPS = ("relay-25", "relay-587-ip")


@pytest.fixture(scope="module")
def pair(binary):
    """Two relays in service at the classic load balancer and in both target groups, which look every ten seconds."""
    with Lab(binary) as lab:
        arns = ", ".join(f'"{lab.target_groups[name]}"' for name in GROUPS)
        boot_pair(lab, f'target_groups = [{arns}]\n[reconcile]\ninterval = "10s"\njitter = "1s"\n'
                       '[shutdown]\ndrain_timeout = "40s"')
        for relay in lab.relays:
            relay.wait_for_agent()
        yield lab


@pytest.fixture
def aws(pair):
    client = Client(pair.relays[0].namespace, pair.folder)
    yield client
    client.close()


def membership(relay, group: str) -> dict:
    """The line of 'status' about a group."""
    status = json.loads(relay.agent("status", "--json").stdout)
    return next(one for one in status["memberships"] if one["name"] == f"target group {group}")


def target(relay, group: str) -> str:
    return relay.address if group.endswith("-ip") else relay.instance


def wait_for_membership(relay, group: str, state: str, seconds: float) -> dict:
    deadline = time.monotonic() + seconds
    while (found := membership(relay, group))["state"] != state:
        assert time.monotonic() < deadline, found
        time.sleep(0.5)
    return found


def journal(relay) -> str:
    return relay.shell("journalctl -u smtp-relay-agent -o cat --no-pager")


def test_user_data_ends_in_service_in_both_kinds_of_group(pair):
    for relay in pair.relays:
        for group in GROUPS:
            assert pair.target_backends(group)[relay.address] == "UP"
            assert f"target group {group}: register {relay.instance} with target group {group}" in relay.log()
            calls = [call["fields"] for call in pair.api_requests(relay) if call["action"] == "RegisterTargets"]
            assert {"TargetGroupArn": pair.target_groups[group],
                    "Targets.member.1.Id": target(relay, group)} in calls
        joined = [call["time"] for call in pair.api_requests(relay) if call["action"].startswith("Register")]
        # None waits for another: the first checks of one alone take two seconds here, and minutes at a real one.
        assert max(joined) - min(joined) < 2
        assert pair.backends()[relay.address] == "UP"
        assert "the node is as it should be" in relay.log()


def test_status_shows_each_group(pair):
    for relay in pair.relays:
        for group in GROUPS:
            found = wait_for_membership(relay, group, "healthy", 20)
            assert found == {"name": f"target group {group}", "state": "healthy", "reason": ""}
        table = relay.agent("status").stdout
        assert "load balancer smtp-relay" in table and "InService" in table
        assert table.count("healthy\n") == 2


def test_mails_through_the_network_load_balancer_arrive_by_both_relays(pair):
    subjects = pair.submit_by_network(10)
    arrived = pair.wait_for_mails(subjects)
    assert sorted(mail["subject"] for mail in arrived) == sorted(subjects)
    assert {mail["client"] for mail in arrived} == {relay.address for relay in pair.relays}


def test_mails_through_the_group_of_addresses_arrive_where_postfix_listens_there(pair):
    for relay in pair.relays:
        relay.shell("echo 'submission inet n - n - - smtpd' >> /etc/postfix/master.cf && postfix reload")
        relay.wait_until("grep -q ':024B 00000000:0000 0A' /proc/net/tcp", 10, "port 587")
    subjects = pair.submit_by_network(6, port=587)
    arrived = pair.wait_for_mails(subjects)
    assert {mail["client"] for mail in arrived} == {relay.address for relay in pair.relays}


@pytest.mark.parametrize("group", GROUPS)
def test_who_is_removed_from_a_group_is_back_within_an_interval(pair, aws, group):
    relay = pair.relays[0]
    which = {"TargetGroupArn": pair.target_groups[group], "Targets": [{"Id": target(relay, group)}]}
    registrations = pair.api_calls(relay).count("RegisterTargets")
    began = time.monotonic()
    assert "Error" not in aws("elbv2", "deregister_targets", **which)
    while pair.api_calls(relay).count("RegisterTargets") == registrations:
        # An interval, its jitter, and a pass.
        assert time.monotonic() - began < 10 + 1 + 5
        time.sleep(0.2)
    pair.wait_for_target(group, relay, "UP", 20)
    wait_for_membership(relay, group, "healthy", 20)


def test_who_is_registered_and_unhealthy_is_told_why_by_both(pair):
    relay = pair.relays[0]
    # Its answers to the network load balancer get lost, as where a security group is in the way.
    relay.shell(f"ip route add blackhole {NETWORK_LOAD_BALANCER}")
    try:
        for group in GROUPS:
            found = wait_for_membership(relay, group, "unhealthy", 40)
            assert found["reason"] == "Target.FailedHealthChecks: Health checks failed"
            assert found["ours"].startswith("this node answers its own health check; check the group's (wanted: HTTP:80")
            assert "security group" in found["ours"]
        assert "unhealthy (Target.FailedHealthChecks: Health checks failed); this node answers" in relay.status()
        relay.wait_until("journalctl -u smtp-relay-agent -o cat | grep -q 'does not call this node in service: unhealthy "
                         "(Target.FailedHealthChecks: Health checks failed); this node answers its own'", 20, "the reason")
        assert pair.backends()[relay.address] == "UP"
    finally:
        relay.shell(f"ip route del blackhole {NETWORK_LOAD_BALANCER}")
    for group in GROUPS:
        pair.wait_for_target(group, relay, "UP", 20)
        wait_for_membership(relay, group, "healthy", 30)


def test_who_is_unhealthy_by_its_own_fault_is_told_that(pair):
    relay = pair.relays[0]
    relay.shell("systemctl mask --runtime --now nginx 2>&1")
    try:
        found = wait_for_membership(relay, "relay-25", "unhealthy", 60)
        assert found["reason"].startswith("Target.FailedHealthChecks")
        assert "nginx" in found["ours"]
    finally:
        relay.shell("systemctl unmask --runtime nginx 2>&1")
    pair.wait_for_target("relay-25", relay, "UP", 60)
    wait_for_membership(relay, "relay-25", "healthy", 30)


def test_a_pass_with_nothing_to_do_costs_a_call_for_each_and_comes_after_a_minute_for_each(pair):
    relay = pair.relays[1]
    earlier = json.loads(relay.agent("status", "--json").stdout)["lastPass"]["startedAt"]
    # The status says whole seconds.
    time.sleep(1)
    relay.shell(f"cp {CONFIG} /tmp/config.toml && sed -i '/^interval/d' {CONFIG} && systemctl reload smtp-relay-agent")
    try:
        status = {}
        deadline = time.monotonic() + 30
        while not status or status["lastPass"]["startedAt"] == earlier or "SIGHUP" not in status["lastPass"]["trigger"]:
            assert time.monotonic() < deadline, status
            time.sleep(0.5)
            status = json.loads(relay.agent("status", "--json").stdout)
        # The pass that reads the new settings was begun by the old ones; the next one by these.
        earlier = status["lastPass"]["startedAt"]
        time.sleep(1)
        began = time.time()
        relay.shell("systemctl reload smtp-relay-agent")
        while status["lastPass"]["startedAt"] == earlier or status["nextPassAt"] < began + 100:
            assert time.time() < began + 30, status
            time.sleep(0.5)
            status = json.loads(relay.agent("status", "--json").stdout)
        assert status["lastPass"]["changes"] == 0
        assert 175 <= status["nextPassAt"] - status["lastPass"]["startedAt"] <= 185
        calls = [call for call in pair.api_requests(relay) if call["time"] >= began]
        assert sorted(call["action"] for call in calls) == [
            "DescribeInstanceHealth", "DescribeTargetHealth", "DescribeTargetHealth"]
        assert all("Targets.member.1.Id" in call["fields"] for call in calls if call["action"] == "DescribeTargetHealth")
    finally:
        relay.shell(f"cp /tmp/config.toml {CONFIG} && systemctl reload smtp-relay-agent")


def also(pair, arn: str) -> str:
    """The node's own groups and another one: it would leave those that the settings do not name."""
    return ",".join([*pair.target_groups.values(), arn])


def test_a_group_that_is_open_to_the_world_and_masked_is_refused(pair, aws):
    relay, arn = pair.relays[0], pair.open_target_group
    result = relay.agent("reconcile", "--set", f"load_balancer.target_groups={also(pair, arn)}")
    assert result.returncode == 1, result.stdout
    for words in ("target group open-door: ", "will not join target group open-door (load balancer open-door-nlb)",
                  "has no security group", "Key=preserve_client_ip.enabled,Value=true",
                  "set load_balancer.allow_open_to_world = true"):
        assert words in result.stdout, result.stdout
    found, = aws("elbv2", "describe_target_health", TargetGroupArn=arn,
                 Targets=[{"Id": relay.instance}])["TargetHealthDescriptions"]
    assert found["TargetHealth"]["State"] == "unused"
    # A refusal by one group keeps the node out of no other.
    assert pair.backends()[relay.address] == "UP"


def test_a_group_with_the_proxy_protocol_is_refused(pair, aws):
    relay, arn = pair.relays[0], pair.open_target_group

    def proxy(value: str) -> None:
        answer = aws("elbv2", "modify_target_group_attributes", TargetGroupArn=arn,
                     Attributes=[{"Key": "proxy_protocol_v2.enabled", "Value": value}])
        assert "Error" not in answer, answer

    proxy("true")
    try:
        result = relay.agent("reconcile", "--set", f"load_balancer.target_groups={also(pair, arn)}",
                             "--set", "load_balancer.allow_open_to_world=true")
    finally:
        proxy("false")
    assert result.returncode == 1, result.stdout
    assert "will not join target group open-door: it sends a header of the PROXY protocol" in result.stdout


def test_a_missing_permission_is_named_and_the_other_memberships_stand(pair):
    relay = pair.relays[0]
    pair.api_fault(denied=["DescribeTargetHealth"])
    try:
        pair.deregister(relay)
        result = relay.agent("reconcile")
    finally:
        pair.api_fault()
    assert result.returncode == 1, result.stdout
    assert "allow elasticloadbalancing:DescribeTargetHealth in the policy of the instance's role" in result.stdout
    # The classic load balancer is none of the group's business.
    pair.wait_for_backend(relay, "UP", 20)


def test_a_drained_node_leaves_both_groups_is_sent_nothing_and_comes_back(pair):
    relay, other = pair.relays
    traffic = pair.submit_by_network_in_background(60, seconds=30)
    began = time.time()
    result = relay.agent("drain")
    assert result.returncode == 0, result.stdout
    left = {call["fields"]["TargetGroupArn"]: call["time"] for call in pair.api_requests(relay)
            if call["action"] == "DeregisterTargets" and call["time"] >= began}
    assert set(left) == set(pair.target_groups.values())
    count = pair.connections(relay)
    # The resident agent sees the order as well. Who has the lock first leaves.
    said = result.stdout + relay.agent_log(began)
    for group in GROUPS:
        assert f"leave target group {group}" in said
        # It failed its checks before it was deregistered, so nothing more was sent, draining or not.
        assert pair.target_backends(group).get(relay.address) in (None, "DOWN")
    subjects = traffic.finish()
    arrived = pair.wait_for_mails(subjects)
    assert sorted(mail["subject"] for mail in arrived) == sorted(subjects)
    assert {mail["client"] for mail in arrived if mail["time"] > max(left.values()) + 5} == {other.address}
    assert pair.connections(relay) == count
    for group in GROUPS:
        pair.wait_for_target(group, relay, None, 20)
        assert wait_for_membership(relay, group, "not registered", 30)["reason"] == ""
    back = relay.agent("undrain")
    assert back.returncode == 0, back.stdout
    for group in GROUPS:
        pair.wait_for_target(group, relay, "UP", 20)
    pair.wait_for_backend(relay, "UP", 20)


def test_a_node_that_leaves_hands_its_mail_over_through_the_network_load_balancer(pair):
    relay, other = pair.relays
    # Without the classic load balancer, which would be preferred.
    for node in pair.relays:
        node.shell(f"cp {CONFIG} /tmp/config.toml && sed -i '/^classic/d' {CONFIG} && systemctl reload smtp-relay-agent")
    pair.sink_down()
    try:
        subjects = pair.submit(relay, 10)
        result = relay.agent("drain")
        assert result.returncode == 0, result.stdout
        assert re.search(r"handing mail over to \[smtp-relay-nlb[^]]*\]:25", result.stdout), result.stdout
        assert relay.shell("postqueue -j") == ""
        assert len(other.shell("postqueue -j").splitlines()) == 10
    finally:
        pair.sink_up()
    other.shell("postqueue -f")
    arrived = pair.wait_for_mails(subjects)
    assert sorted(mail["subject"] for mail in arrived) == sorted(subjects)
    assert {mail["client"] for mail in arrived} == {other.address}
    for node in pair.relays:
        node.shell(f"cp /tmp/config.toml {CONFIG} && systemctl reload smtp-relay-agent")
    assert relay.agent("undrain").returncode == 0

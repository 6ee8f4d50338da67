"""A node in its account and its network: it says early what it lacks, and takes up what changes."""

import json
import re
import time
from collections import Counter

import pytest

from conftest import boot_pair
from relaylab.lab import Lab
from test_failures import AGENT, KEPT

INTERFACE = "network/interfaces/macs/{}"
KEYS = "iam/security-credentials/smtp-relay"
FIRST_KEY = "ASIALABLABLABLABLAB1"


def first_look(relay, *arguments: str) -> str:
    """The output of the first 15 seconds of a bootstrap."""
    script = f"rm -f {KEPT}; timeout 15 {AGENT} bootstrap {' '.join(arguments)} 2>&1; systemctl stop smtp-relay-agent 2>/dev/null; :"
    return relay.shell(script)


def interface(lab, relay) -> str:
    return INTERFACE.format(lab.nodes[relay.address]["meta-data"]["mac"])


# An instance that can't work


def test_no_role_is_said_at_the_first_look(baked):
    keys = baked.lab.nodes[baked.address]["meta-data"]["iam"]["security-credentials"]["smtp-relay"]
    baked.lab.set_metadata(baked, KEYS, None)
    try:
        output = first_look(baked)
    finally:
        baked.lab.set_metadata(baked, KEYS, keys)
    assert "this node can't come into service like this: without keys it can't call AWS" in output
    assert "this instance has no role" in output and "aws ec2 associate-iam-instance-profile" in output


def test_a_role_that_ec2_may_not_use_names_its_trust_policy(baked):
    keys = baked.lab.nodes[baked.address]["meta-data"]["iam"]["security-credentials"]["smtp-relay"]
    baked.lab.set_metadata(baked, KEYS, json.dumps({"Code": "AssumeRoleUnauthorizedAccess", "Message": "EC2 cannot assume it"}))
    try:
        output = first_look(baked)
    finally:
        baked.lab.set_metadata(baked, KEYS, keys)
    assert "the role's trust policy does not let EC2 use it" in output


@pytest.mark.parametrize("way", ["unreachable 10.0.0.5/32", "10.0.0.5/32 via 10.0.250.250"])
def test_no_way_out_of_the_subnet_is_said_at_the_first_look(baked, way):
    baked.shell(f"ip route replace {way}")
    try:
        output = first_look(baked)
    finally:
        baked.shell("ip route del 10.0.0.5/32")
    assert "this node can't come into service like this: no answer from elasticloadbalancing.eu-central-1.amazonaws.com" in output
    assert re.search(r"check the way out of the subnet subnet-\w+ \(NAT gateway, VPC endpoint or proxy\)", output), output


def test_a_hop_limit_is_said_at_the_first_look(baked):
    baked.lab.metadata_fault(baked, "no-token-answer")
    try:
        began = time.monotonic()
        result = baked.agent("facts")
        assert time.monotonic() - began < 15
    finally:
        baked.lab.metadata_fault(baked, "")
    assert result.returncode == 1
    assert "--http-put-response-hop-limit 2" in result.stdout


def test_an_ipv6_only_subnet_is_said_at_once(baked):
    lab, folder = baked.lab, interface(baked.lab, baked)
    lab.set_metadata(baked, "local-ipv4", None)
    lab.set_metadata(baked, f"{folder}/subnet-ipv4-cidr-block", None)
    lab.set_metadata(baked, f"{folder}/ipv6s", "2600:1f14:abc:de00::25")
    lab.set_metadata(baked, f"{folder}/subnet-ipv6-cidr-blocks", "2600:1f14:abc:de00::/64")
    try:
        began = time.monotonic()
        result = baked.agent("facts")
        assert time.monotonic() - began < 5
    finally:
        lab.set_metadata(baked, "local-ipv4", baked.address)
        lab.set_metadata(baked, f"{folder}/subnet-ipv4-cidr-block", "10.0.1.0/24")
        lab.set_metadata(baked, f"{folder}/ipv6s", None)
        lab.set_metadata(baked, f"{folder}/subnet-ipv6-cidr-blocks", None)
    assert result.returncode == 1
    assert "its subnet has none to give (IPv6-only)" in result.stdout


# A resident agent


@pytest.fixture(scope="module")
def resident(binary):
    with Lab(binary) as lab:
        boot_pair(lab, '[reconcile]\ninterval = "10s"\njitter = "1s"\n[shutdown]\ndrain_timeout = "20s"')
        for relay in lab.relays:
            relay.wait_for_agent()
        yield lab


def journal(relay, since: str) -> str:
    return relay.shell(f"journalctl -u smtp-relay-agent -o cat --no-pager --since='{since}'")


def set_interval(relay, interval: str) -> None:
    """Have the agent look again after another time, from its next pass on, which it makes now."""
    relay.shell(f"sed -i 's/^interval = .*/interval = \"{interval}\"/' /etc/smtp-relay-agent/config.toml; "
                "systemctl reload smtp-relay-agent")
    time.sleep(5)


def now(relay) -> str:
    time.sleep(1)
    return relay.shell("date '+%Y-%m-%d %H:%M:%S'").strip()


def test_keys_of_a_role_that_was_made_anew_are_taken_up(resident):
    relay = resident.relays[0]
    keys = json.loads(resident.nodes[relay.address]["meta-data"]["iam"]["security-credentials"]["smtp-relay"])
    since, calls = now(relay), len(resident.api_calls(relay))
    resident.set_metadata(relay, KEYS, json.dumps({**keys, "AccessKeyId": "ASIALABLABLABLABLAB2"}))
    resident.api_fault(keys={FIRST_KEY: "InvalidClientTokenId"})
    try:
        deadline = time.monotonic() + 40
        while len(resident.api_calls(relay)) < calls + 3:
            assert time.monotonic() < deadline
            time.sleep(0.5)
    finally:
        resident.api_fault()
    assert "error" not in journal(relay, since), journal(relay, since)
    assert resident.backends()[relay.address] == "UP"


def test_a_refusal_names_the_policy(resident):
    relay = resident.relays[0]
    reason = ("User: arn:aws:sts::123456789012:assumed-role/relay/i-1 is not authorized to perform: "
              "elasticloadbalancing:DescribeInstanceHealth because no VPC endpoint policy allows it")
    resident.api_fault(denied=["DescribeInstanceHealth"], reason=reason)
    try:
        result = relay.agent("reconcile")
    finally:
        resident.api_fault()
    assert result.returncode == 1
    assert ("the policy of the VPC endpoint on the way to the service does not allow "
            "elasticloadbalancing:DescribeInstanceHealth") in result.stdout


def test_a_new_ipv6_address_is_taken_up_and_given_up(resident):
    relay = resident.relays[0]
    folder = interface(resident, relay)
    assert relay.shell("postconf -h inet_protocols").strip() == "ipv4"
    resident.set_metadata(relay, f"{folder}/ipv6s", "2001:db8:1::10")
    resident.set_metadata(relay, f"{folder}/vpc-ipv6-cidr-blocks", "2001:db8:1::/56")
    try:
        relay.wait_until("[ $(postconf -h inet_protocols) = all ]", 30, "IPv6")
        relay.wait_until("postconf -h mynetworks | grep -qF '[2001:db8:1::]/56'", 5, "the VPC's range")
        # Large receivers refuse mail from addresses without names, such as Amazon's.
        assert relay.shell("postconf -h smtp_address_preference").strip() == "ipv4"
    finally:
        resident.set_metadata(relay, f"{folder}/ipv6s", None)
        resident.set_metadata(relay, f"{folder}/vpc-ipv6-cidr-blocks", None)
    relay.wait_until("[ $(postconf -h inet_protocols) = ipv4 ]", 30, "IPv4 alone")
    assert "smtp_address_preference" not in relay.shell("postconf -n")
    resident.wait_for_backend(relay, "UP")


def test_a_pass_by_hand_that_sees_it_first_is_not_undone(resident):
    relay = resident.relays[1]
    folder = interface(resident, relay)
    set_interval(relay, "10m")
    resident.set_metadata(relay, f"{folder}/ipv6s", "2001:db8:1::10")
    try:
        since = now(relay)
        result = relay.agent("reconcile")
        assert result.returncode == 0, result.stdout
        assert relay.shell("postconf -h inet_protocols").strip() == "all"
        master = relay.shell("cat /var/spool/postfix/pid/master.pid")
        # An edit makes the resident agent look at the host, by the facts that it knows.
        relay.shell("postconf -e biff=yes")
        relay.wait_until("[ $(postconf -h biff) = no ]", 10, "the repair")
        time.sleep(3)
        assert relay.shell("postconf -h inet_protocols").strip() == "all", journal(relay, since)
        assert relay.shell("cat /var/spool/postfix/pid/master.pid") == master
    finally:
        resident.set_metadata(relay, f"{folder}/ipv6s", None)
        set_interval(relay, "10s")
    relay.wait_until("[ $(postconf -h inet_protocols) = ipv4 ]", 30, "IPv4 alone")
    resident.wait_for_backend(relay, "UP")


def test_a_throttled_node_asks_little_and_waits_longer_each_time(resident):
    relay = resident.relays[0]
    set_interval(relay, "5m")
    resident.api_fault(throttle=100000)
    calls = len(resident.api_calls(relay))
    try:
        relay.shell("systemctl reload smtp-relay-agent")
        time.sleep(60)
        made = Counter(resident.api_calls(relay)[calls:])
    finally:
        resident.api_fault()
        set_interval(relay, "10s")
    # Three passes, after 0, 10 and 30 seconds, with three tries each.
    assert 3 <= made.pop("DescribeInstanceHealth") <= 10
    # A reload asks anew what is known for longer than a minute, and the first failure ends the pass.
    assert made.total() <= 3, made
    relay.wait_until("smtp-relay-agent status | grep -q 'InService'", 30, "a pass that succeeds")

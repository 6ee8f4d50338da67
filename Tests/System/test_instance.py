"""A node that is not new: a second bootstrap, another address, another instance's disk."""

import json
import time

import pytest

from relaylab import user_data
from relaylab.lab import Lab
from test_path import fingerprint

# The node looks often, so that a test waits for little; the drain is short, since nobody takes over its mail.
SETTINGS = '[reconcile]\ninterval = "10s"\njitter = "1s"\n[shutdown]\ndrain_timeout = "15s"'


@pytest.fixture(scope="module")
def lab(binary):
    """A relay in the classic load balancer and in target groups of both kinds."""
    with Lab(binary) as lab:
        lab.settings = f"target_groups = {json.dumps(list(lab.target_groups.values()))}\n{SETTINGS}"
        relay = lab.add_relay(user_data.shell_script(lab.sha256, lab.settings))
        relay.wait_for_cloud_init()
        relay.wait_for_agent()
        lab.wait_for_backend(relay, "UP")
        lab.wait_for_target("relay-25", relay, "UP")
        yield lab


def journal(relay) -> str:
    return relay.shell("journalctl -u smtp-relay-agent -o cat --no-pager")


def test_a_second_bootstrap_changes_nothing_and_the_node_serves_on(lab):
    relay = lab.relays[0]
    before, calls = fingerprint(relay), len(lab.api_calls(relay))
    mails = lab.submit_by_network_in_background(20, 8)
    again = relay.agent("bootstrap")
    assert again.returncode == 0, again.stdout
    assert "nothing to do: all 11 parts are as they should be" in again.stdout
    subjects = mails.finish()
    lab.wait_for_mails(subjects)
    assert fingerprint(relay) == before
    assert not {"RegisterInstancesWithLoadBalancer", "RegisterTargets", "DeregisterTargets"} & set(
        lab.api_calls(relay)[calls:])
    assert lab.backends() == {relay.address: "UP"}


def test_a_node_that_comes_back_with_another_address_has_its_new_one_everywhere(lab):
    relay = lab.relays[0]
    old = relay.address
    relay.power_off()
    lab.wait_for_backend(relay, None, 10)
    # A network load balancer sends to who has left for a while.
    for group in lab.target_groups:
        lab.wait_for_target(group, relay, None, 20)
    lab.move(relay, "10.0.1.17")
    relay.boot()
    lab.wait_for_backend(relay, "UP", 90)
    lab.wait_for_target("relay-587-ip", relay, "UP", 30)
    assert relay.shell("postconf -h myhostname").strip() == "ip-10-0-1-17.example.com"
    # The greeting has its new name, too.
    greeting = relay.exec("bash", "-c", "exec 3<>/dev/tcp/10.0.1.17/25; head -1 <&3").stdout
    assert greeting.startswith("220 ip-10-0-1-17.example.com")
    assert {call["fields"]["Targets.member.1.Id"] for call in lab.api_requests(relay)
            if call["action"] == "RegisterTargets"} == {relay.address, relay.instance}
    assert old not in lab.target_backends("relay-587-ip")
    assert lab.backends() == {relay.address: "UP"}


def test_another_instance_with_a_drained_nodes_disk_is_a_node_of_its_own(lab):
    """As an image or a snapshot of a node makes one: it is neither drained, nor sends the other's mail, nor is the other."""
    first = lab.relays[0]
    lab.sink_down()
    subjects = lab.submit(first, 3)
    first.wait_until("[ $(find /var/spool/postfix/deferred -type f | wc -l) = 3 ]", 30, "3 deferred mails")
    # Nobody takes its mail over.
    assert first.agent("drain").returncode == 1
    lab.wait_for_backend(first, None, 5)
    first.power_off()
    # With the same user-data, as the members of a group have.
    other = lab.add_relay(lab.nodes[first.address]["user-data"], disk=first.disk())
    other.wait_for_cloud_init()
    lab.wait_for_backend(other, "UP")
    lab.wait_for_target("relay-587-ip", other, "UP", 30)
    told = other.log() + journal(other)
    assert told.count(f"{first.instance} was drained, not this instance: its order came with its disk, and is dropped") == 1
    assert told.count(f"3 queued messages came with the disk of {first.instance}, which may send the same messages: now on hold") == 1
    assert other.shell("find /var/spool/postfix/hold -type f | wc -l").strip() == "3"
    assert other.shell("find /var/spool/postfix/deferred /var/spool/postfix/active -type f | wc -l").strip() == "0"
    lab.sink_up()
    # Its facts are its own, and so is its place.
    assert other.shell("postconf -h myhostname").strip() == "ip-10-0-1-11.example.com"
    assert lab.backends() == {other.address: "UP"}
    assert list(lab.target_backends("relay-587-ip")) == [other.address]
    for call in lab.api_requests(other):
        assert first.instance not in call["fields"].values(), call
    # A message of its own goes out, and the other's wait for a person.
    own = lab.submit(other, 1)
    lab.wait_for_mails(own)
    time.sleep(2)
    assert [mail for mail in lab.mails() if mail["subject"] in subjects] == []
    other.shell("postsuper -H ALL; postqueue -f")
    lab.wait_for_mails(subjects, 30)
    # The files of another instance are met once: the node's own order to leave holds.
    assert other.agent("drain").returncode == 0
    lab.wait_for_backend(other, None, 5)
    assert "not this instance" not in other.agent("reconcile").stdout
    assert lab.backends() == {}

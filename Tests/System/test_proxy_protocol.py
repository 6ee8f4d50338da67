"""The senders' own addresses by the PROXY protocol, through both kinds of load balancer."""

import json
import time
from contextlib import contextmanager

import pytest
from test_doctor import examine
from test_postfix import values

from conftest import hold_timer
from relaylab import account, network, stack, user_data
from relaylab.client import Client
from relaylab.dialogue import speak
from relaylab.lab import Lab
from relaylab.shell import run

GROUPS = ("relay-25", "relay-587-ip")
POLICY = "smtp-relay-proxy-protocol"
# An address of the VPC in none of the networks below.
STRANGER = network.GATEWAY
SETTINGS = {"proxy_protocol": "true", "submission": "true", "networks": "10.0.2.0/24,10.0.1.0/24",
            "health.proxy_port": "81", "reconcile.resident": "false", "shutdown.drain_timeout": "40s"}


def classic(lab, ports: dict[int, bool]) -> None:
    """Have the classic load balancer put the header before connections to these instance ports, or no longer."""
    for port, on in ports.items():
        lab.call("elb", "set_load_balancer_policies_for_backend_server", LoadBalancerName="smtp-relay",
                 InstancePort=port, PolicyNames=[POLICY] if on else [])


def groups(lab, on: bool, names=GROUPS) -> None:
    """The same of target groups."""
    for name in names:
        lab.call("elbv2", "modify_target_group_attributes", TargetGroupArn=lab.target_groups[name],
                 Attributes=[{"Key": "proxy_protocol_v2.enabled", "Value": "true" if on else "false"}])


@pytest.fixture(scope="module")
def pair(binary):
    """Two relays in both kinds of load balancer, all of which speak the PROXY protocol from the start.

    One has the user-data of cloud-init/stack.yaml.
    """
    with Lab(binary) as lab:
        arns = ",".join(lab.target_groups[name] for name in GROUPS)
        tags = {"smtp-relay:load_balancer.target_groups": arns}
        lab.add_relay(user_data.cloud_config(lab.sha256), boot=False, tags=tags)
        with stack.made(ProxyProtocol="true", Submission="true", AgentUrl=user_data.URL, AgentSha256=lab.sha256) as made:
            text = made.user_data().replace(made.ids["ClassicLoadBalancer"], account.NAME)
        lab.add_relay(text, boot=False, tags=tags)
        for relay in lab.relays:
            relay.give(SETTINGS)
        client = Client(lab.relays[0].namespace, lab.folder)

        def call(service: str, action: str, **arguments) -> dict:
            answer = client(service, action, **arguments)
            assert "Error" not in answer, answer
            return answer

        lab.call = call
        lab.call("elb", "create_load_balancer_policy", LoadBalancerName="smtp-relay", PolicyName=POLICY,
                 PolicyTypeName="ProxyProtocolPolicyType",
                 PolicyAttributes=[{"AttributeName": "ProxyProtocol", "AttributeValue": "true"}])
        classic(lab, {25: True, 587: True})
        groups(lab, True)
        for name in GROUPS:
            lab.call("elbv2", "modify_target_group", TargetGroupArn=lab.target_groups[name], HealthCheckPort="81")
        for relay in lab.relays:
            relay.boot()
        for relay in lab.relays:
            relay.wait_for_cloud_init()
            hold_timer(relay)
        yield lab
        client.close()


@pytest.fixture
def relay(pair):
    relay = pair.relays[0]
    relay.shell("journalctl --rotate --vacuum-size=1 -q")
    yield relay
    # The state is as before, whatever a test has tried.
    assert relay.agent("reconcile").returncode == 0
    in_service(pair, relay)


def in_service(lab, relay) -> None:
    for section in ("smtp", "submission", *GROUPS):
        lab.wait_for_target(section, relay, "UP", 20)


DOORS = [(network.LOAD_BALANCER, 25), (network.LOAD_BALANCER, 587), (network.NETWORK_LOAD_BALANCER, 25),
         (network.NETWORK_LOAD_BALANCER, 587)]


# In agreement


def test_user_data_ends_in_service_and_every_probe_passes(pair):
    for relay in pair.relays:
        in_service(pair, relay)
        assert "the node is as it should be" in relay.log()
        assert values(relay)["smtpd_upstream_proxy_protocol"] == "haproxy"
        assert relay.agent("probe").returncode == 0
        again = relay.agent("reconcile")
        assert again.returncode == 0 and "nothing to do" in again.stdout, again.stdout
        relay.shell("systemctl restart postfix")
        relay.wait_until("curl -sf http://127.0.0.1/health", 20, "its health, published again")
        # Nor does the load balancer see less of it.
        in_service(pair, relay)


@pytest.mark.parametrize("server, port", DOORS)
def test_the_senders_own_address_decides(pair, server, port):
    arrived = pair.wait_for_mails(pair.submit_by(server, 4, port))
    assert {mail["client"] for mail in arrived} == {relay.address for relay in pair.relays}
    for mail in arrived:
        assert f"[{network.SENDER}]" in mail["received"][0], mail["received"]
    refused = pair.try_relay(server, port=port, neighbour=True)
    assert refused.startswith("554 ") and "Relay access denied" in refused
    # The load balancer's own address, which would have been in the VPC, is nowhere.
    log = "".join(relay.shell("journalctl -o cat --no-pager") for relay in pair.relays)
    assert f"[{STRANGER}]" in log and f"[{server}]" not in log


def test_health_checks_with_a_header_have_a_port_of_their_own_and_all_else_goes_on(pair):
    relay = pair.relays[0]
    ask = ["ip", "netns", "exec", pair.application, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}"]
    assert run(*ask, f"http://{relay.address}/health").stdout == "200"
    assert run(*ask, f"http://{relay.address}/metrics").stdout == "200"
    assert run(*ask, f"http://{relay.address}:81/health", check=False).stdout == "000"
    assert run(*ask, "--haproxy-protocol", f"http://{relay.address}:81/health").stdout == "200"


def test_with_target_groups_alone_they_come_to_the_one_port_and_this_host_asks_at_another(pair, relay):
    arguments = ["--set", "load_balancer.classic=", "--set", "health.proxy_port=80",
                 "--set", f"load_balancer.target_groups={pair.target_groups['relay-25']}"]
    pair.deregister(relay)
    pair.call("elbv2", "modify_target_group", TargetGroupArn=pair.target_groups["relay-25"], HealthCheckPort="80")
    try:
        result = relay.agent("reconcile", *arguments)
        assert result.returncode == 0, result.stdout
        pair.wait_for_target("relay-25", relay, "UP", 20)
        for path in ("health", "metrics"):
            assert relay.shell(f"curl -sf http://127.0.0.1:8008/{path}")
        assert relay.exec("curl", "-sf", f"http://{relay.address}:8008/health", check=False).returncode == 7
        assert relay.exec("curl", "-sf", "http://127.0.0.1/health", check=False).returncode != 0
        assert relay.agent("probe", *arguments).returncode == 0
        # The other one expects these checks elsewhere, and is soon out.
        pair.wait_for_target("relay-25", pair.relays[1], "DOWN", 20)
        arrived = pair.wait_for_mails(pair.submit_by_network(2))
        assert {mail["client"] for mail in arrived} == {relay.address}
        both = relay.agent("reconcile", "--set", "health.proxy_port=80")
        assert both.returncode == 1 and "set health.proxy_port to a port of its own" in both.stdout
    finally:
        pair.call("elbv2", "modify_target_group", TargetGroupArn=pair.target_groups["relay-25"], HealthCheckPort="81")


LOCAL = b"\r\n\r\n\0\r\nQUIT\n" + bytes([0x20, 0, 0, 0])
MAIL = ["EHLO host.example.org", "MAIL FROM:<a@example.org>", "RCPT TO:<victim@example.net>"]


def test_what_the_load_balancer_says_for_itself_counts_as_its_own(pair):
    address = pair.relays[0].address
    assert speak(pair.network.router, address, MAIL, header=LOCAL)[3].startswith("554 ")
    assert speak(pair.application, address, MAIL, header=LOCAL)[3].startswith("250 ")


def test_a_postfix_without_ipv6_refuses_the_header_of_an_ipv6_sender(pair):
    address = pair.relays[0].address
    [answer, *rest] = speak(pair.application, address, [], header=b"PROXY TCP6 2001:db8::1 2001:db8::2 40000 25\r\n")
    assert not answer.startswith("220") and rest == []


# Disagreement


@contextmanager
def disagreeing(lab, relay):
    """The load balancers' side the other way; at the end they agree, and the relay is back."""
    classic(lab, {25: False, 587: False})
    groups(lab, False)
    try:
        yield
    finally:
        classic(lab, {25: True, 587: True})
        groups(lab, True)


def test_who_expects_a_header_leaves_load_balancers_that_put_none_and_is_told_what_to_run(pair, relay):
    with disagreeing(pair, relay):
        result = relay.agent("reconcile")
        assert result.returncode == 1, result.stdout
        # Its checks know nothing of it, so it would have been sent mail for ever.
        pair.wait_for_backend(relay, None, 10)
        for group in GROUPS:
            # Its own checks fail first, or it is gone before they do.
            pair.wait_until_out_of_target(group, relay, 10)
        result = relay.agent("reconcile")
        found = examine(relay)
    assert result.returncode == 1
    for words in (
            "will not join load balancer smtp-relay: it sends no header of the PROXY protocol before connections to port "
            "25 and 587",
            f"aws elb create-load-balancer-policy --load-balancer-name smtp-relay --policy-name {POLICY} "
            "--policy-type-name ProxyProtocolPolicyType --policy-attributes AttributeName=ProxyProtocol,AttributeValue=true",
            "aws elb set-load-balancer-policies-for-backend-server --load-balancer-name smtp-relay --instance-port 587 "
            f"--policy-names {POLICY}",
            "will not join target group relay-25: it sends no header of the PROXY protocol before connections and health",
            f"aws elbv2 modify-target-group-attributes --target-group-arn {pair.target_groups['relay-25']} "
            "--attributes Key=proxy_protocol_v2.enabled,Value=true"):
        assert words in result.stdout, result.stdout
    assert "mail.proxy_protocol = true" in found["proxy-protocol-mismatch"]["seen"]
    assert found["proxy-protocol-mismatch"]["fix"].startswith("aws elb")


def test_who_expects_none_leaves_load_balancers_that_put_one(pair, relay):
    off = ["--set", "mail.proxy_protocol=false"]
    result = relay.agent("reconcile", *off)
    assert result.returncode == 1, result.stdout
    assert "will not join load balancer smtp-relay: it sends a header of the PROXY protocol, version 1" in result.stdout
    pair.wait_for_backend(relay, None, 10)
    for group in GROUPS:
        pair.wait_for_target(group, relay, "DOWN", 10)
    result = relay.agent("reconcile", *off)
    assert result.returncode == 1, result.stdout
    assert "will not join load balancer smtp-relay: it sends a header of the PROXY protocol, version 1" in result.stdout
    assert "will not join target group relay-25: it sends a header of the PROXY protocol, version 2" in result.stdout
    assert "mail.proxy_protocol = false" in examine(relay, *off)["proxy-protocol-mismatch"]["seen"]


# The doctor


def test_a_healthy_relay_has_no_finding_but_who_else_may_write_headers(pair, relay):
    account = json.loads((pair.folder / "account.json").read_text())
    node, group = account["node-group"], account["group"]
    in_service(pair, relay)

    def permission(port: int, source: dict) -> dict:
        return {"GroupId": node, "IpPermissions": [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **source}]}

    everyone = {"IpRanges": [{"CidrIp": network.VPC}]}
    near = {"IpRanges": [{"CidrIp": "10.0.0.0/24"}], "UserIdGroupPairs": [{"GroupId": group}]}
    pair.call("ec2", "authorize_security_group_ingress", **permission(81, near))
    found = examine(relay)
    assert list(found) == ["proxy-header-forgeable"]
    assert node in found["proxy-header-forgeable"]["seen"]
    for port in (25, 587):
        pair.call("ec2", "revoke_security_group_ingress", **permission(port, everyone))
        pair.call("ec2", "authorize_security_group_ingress", **permission(port, near))
    try:
        assert examine(relay) == {}
        trusting = examine(relay, "--set", "mail.networks=vpc")
        assert network.LOAD_BALANCER in trusting["load-balancer-in-networks"]["seen"]
        for sender, names in ((network.SENDER, []), (STRANGER, ["sender-not-in-networks", "sender-refused-by-relay"])):
            found = examine(relay, "--from", sender)
            assert sorted(found) == names, found
    finally:
        for port in (25, 587):
            pair.call("ec2", "revoke_security_group_ingress", **permission(port, near))
            pair.call("ec2", "authorize_security_group_ingress", **permission(port, everyone))


def test_an_instance_that_the_internet_reaches_itself_is_not_joined(pair, relay):
    """A host that comes there without the load balancer could claim to be anybody."""
    rule = {"GroupId": json.loads((pair.folder / "account.json").read_text())["node-group"], "IpPermissions": [
        {"IpProtocol": "tcp", "FromPort": 25, "ToPort": 25, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]}
    header = f"PROXY TCP4 {network.SENDER} {relay.address} 40000 25\r\n".encode()
    assert speak(pair.outsider, relay.address, MAIL, header=header)[3].startswith("250 ")
    pair.call("ec2", "authorize_security_group_ingress", **rule)
    pair.set_metadata(relay, "public-ipv4", "192.0.2.10")
    pair.deregister(relay)
    try:
        result, found = relay.agent("reconcile"), examine(relay)
    finally:
        pair.call("ec2", "revoke_security_group_ingress", **rule)
        pair.set_metadata(relay, "public-ipv4", None)
    assert result.returncode == 1
    assert "will not join load balancer smtp-relay: this instance has a public address" in result.stdout
    assert found["proxy-header-forgeable"]["severity"] == "critical"


# Leaving


def test_a_node_that_leaves_hands_its_mail_over(pair, relay):
    other = pair.relays[1]
    pair.sink_down()
    try:
        subjects = queued(pair, relay)
        result = relay.agent("drain")
        assert result.returncode == 0, result.stdout
        assert relay.shell("postqueue -j 2>/dev/null") == "", result.stdout
        assert len(other.shell("postqueue -j 2>/dev/null").splitlines()) == len(subjects)
    finally:
        pair.sink_up()
    other.shell("postqueue -f")
    arrived = pair.wait_for_mails(subjects)
    assert {mail["client"] for mail in arrived} == {other.address}
    # It came to the other by the load balancer, and under this one's own address.
    assert all(f"[{relay.address}]" in mail["received"][0] for mail in arrived)
    assert relay.agent("undrain").returncode == 0


def test_mail_that_the_others_would_refuse_stays_and_is_not_sent_back(pair, relay):
    trust(pair, "10.0.2.0/24")
    assert "hand-over-refused" in examine(relay)
    pair.sink_down()
    try:
        subjects = queued(pair, relay)
        result = relay.agent("drain")
        assert f"the other relays see this node's own address, {relay.address}" in result.stdout, result.stdout
        assert len(relay.shell("postqueue -j 2>/dev/null").splitlines()) == len(subjects)
    finally:
        pair.sink_up()
    assert relay.agent("undrain").returncode == 0
    relay.shell("postqueue -f")
    arrived = pair.wait_for_mails(subjects)
    assert {mail["client"] for mail in arrived} == {relay.address}
    trust(pair, SETTINGS["networks"])


def trust(lab, networks: str) -> None:
    """Have both relays relay for these networks."""
    for node in lab.relays:
        node.give(SETTINGS | {"networks": networks})
        assert node.agent("reconcile").returncode == 0
        in_service(lab, node)


def queued(lab, relay, count: int = 5) -> list[str]:
    """Mails that wait on a relay, which took them through the load balancer. Their subjects."""
    other = next(node for node in lab.relays if node is not relay)
    other.shell("systemctl stop nginx")
    lab.wait_for_backend(other, "DOWN", 10)
    try:
        subjects = lab.submit_by(network.LOAD_BALANCER, count)
    finally:
        other.shell("systemctl start nginx")
    in_service(lab, other)
    deadline = time.monotonic() + 20
    while len(relay.shell("postqueue -j 2>/dev/null").splitlines()) < count:
        assert time.monotonic() < deadline
        time.sleep(0.3)
    return subjects

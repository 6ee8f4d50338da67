"""A node leaves load balancers of each kind, one or several, and loses nothing that it has answered 250."""

import pytest

import departure
from departure import CONFIG, ENDS, SLACK, TIMEOUT, back, has_left  # noqa: F401
from departure_conditions import meanwhile
from relaylab import network

GROUPS = ("relay-25", "relay-587-ip")
POLICY = "smtp-relay-proxy-protocol"
QUEUED, ARRIVING = 100, 20


@pytest.fixture(scope="module")
def pair(binary):
    for pair in departure.boot(binary):
        pair.good = {relay: relay.shell("cat /root/good.toml") for relay in pair.lab.relays}
        pair.place, pair.scheme = None, "internal"
        yield pair


# Places: each puts both relays into its load balancers.


def settle(pair, classic: str | None, groups: tuple[str, ...], proxied: bool = False) -> None:
    """Have both relays in service at these load balancers, and the application host send by one of them. The classic one has
    this scheme, or none is wanted."""
    lab = pair.lab
    if classic and classic != pair.scheme:
        pair.delete_load_balancer()
        pair.make_load_balancer(classic)
        pair.scheme = classic
    arns = ", ".join(f'"{lab.target_groups[name]}"' for name in groups)
    for relay in lab.relays:
        named = '"smtp-relay"' if classic else ""
        text = pair.good[relay].replace('classic = ["smtp-relay"]', f"classic = [{named}]\ntarget_groups = [{arns}]")
        if proxied:
            text = text.replace("[mail]", "[mail]\nproxy_protocol = true", 1) + "\n[health]\nproxy_port = 81\n"
        relay.write("/root/good.toml", text)
        relay.shell(f"cp /root/good.toml {CONFIG}")
    show_senders(pair, proxied)
    pair.sections, pair.proxied = [*(["smtp"] if classic else []), *groups], proxied
    for relay in lab.relays:
        done = relay.agent("reconcile")
        assert done.returncode == 0, done.stdout
        pair.wait_for(relay, "UP", 30)
    server = network.LOAD_BALANCER if classic else network.NETWORK_LOAD_BALANCER
    lab.sender.exec("postconf", "-e", f"relayhost = [{server}]:25")
    lab.sender.exec("postfix", "reload")


def show_senders(pair, on: bool) -> None:
    """Have the load balancers put the header of the PROXY protocol before connections, the classic one version 1 and the
    other one version 2, or have them put none."""
    for name in GROUPS:
        arn = pair.lab.target_groups[name]
        pair.client("elbv2", "modify_target_group_attributes", TargetGroupArn=arn,
                    Attributes=[{"Key": "proxy_protocol_v2.enabled", "Value": "true" if on else "false"}])
        pair.client("elbv2", "modify_target_group", TargetGroupArn=arn, HealthCheckPort="81" if on else "80")
    if on:
        pair.client("elb", "create_load_balancer_policy", LoadBalancerName="smtp-relay", PolicyName=POLICY,
                    PolicyTypeName="ProxyProtocolPolicyType",
                    PolicyAttributes=[{"AttributeName": "ProxyProtocol", "AttributeValue": "true"}])
    for port in (25, 587):
        pair.client("elb", "set_load_balancer_policies_for_backend_server", LoadBalancerName="smtp-relay",
                    InstancePort=port, PolicyNames=[POLICY] if on else [])


def network_alone(pair) -> None:
    settle(pair, classic=None, groups=GROUPS)


def both(pair) -> None:
    settle(pair, classic="internal", groups=GROUPS)


def internet_facing(pair) -> None:
    """The classic one, by which no mail is handed over: the others would see an address from outside."""
    settle(pair, classic="internet-facing", groups=())


def internet_facing_and_internal(pair) -> None:
    """The same, with an internal network load balancer, by which it is."""
    settle(pair, classic="internet-facing", groups=("relay-25",))


def proxied(pair) -> None:
    """Both kinds, internal, with the PROXY protocol."""
    settle(pair, classic="internal", groups=("relay-25",), proxied=True)


# The one with the PROXY protocol is last, which nobody switches off again.
CASES = [
    (both, "spot"), (both, "drain"), (network_alone, "scale-in"), (network_alone, "shutdown"),
    (internet_facing, "drain"), (internet_facing, "scale-in"),
    (internet_facing_and_internal, "shutdown"), (internet_facing_and_internal, "uninstall"),
    (proxied, "scale-in"), (proxied, "shutdown"), (proxied, "drain"), (proxied, "uninstall"),
]


@pytest.mark.matrix(every=2)
@pytest.mark.parametrize("place, way", CASES, ids=[f"{place.__name__}-{way}" for place, way in CASES])
def test_nothing_is_lost(pair, place, way):
    lab = pair.lab
    if pair.place is not place:
        place(pair)
        pair.place = place
    subjects = pair.fill(QUEUED)
    arriving = lab.send_in_background(ARRIVING, 8)
    # Where no load balancer leads to the other relay, only the world can take the mail.
    world = lab.sink_up if place is internet_facing else lambda: None
    if place is internet_facing:
        pair.by = {pair.leaving.address, pair.other.address}
    with meanwhile(pair, world, after=20):
        end = ENDS[way](pair)
        pair.begun()
        end.begin()
        subjects += arriving.finish()
        end.wait(TIMEOUT + SLACK)
    assert end.seconds < TIMEOUT + SLACK
    has_left(pair, end, way)
    arrived = pair.deliver(subjects)
    assert {mail["client"] for mail in arrived} <= pair.by

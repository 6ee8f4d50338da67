"""The load balancers that the relays of a departure test are in, and what happens to them.

A load balancer has one of two schemes: 'internal' and 'internet-facing'. No relay hands mail over through an internet-facing
one, since the other relays would see a public address.
"""

from dataclasses import dataclass

from relaylab import account, haproxy, jsonfile, network
from relaylab.lab import Lab

GROUPS = tuple(account.TARGET_GROUPS)
_POLICY = "smtp-relay-proxy-protocol"


@dataclass(frozen=True)
class Place:
    """A combination of load balancers."""

    # The scheme of the classic load balancer; None: there is none.
    classic: str | None = None
    # The scheme of each network load balancer. All of them send to the target groups.
    network: tuple[str, ...] = ()
    # Whether they send the PROXY protocol's header: the classic one version 1, a network load balancer version 2.
    proxied: bool = False

    @property
    def leads_to_others(self) -> bool:
        """Whether a relay can hand its mail over here."""
        return "internal" in (self.classic, *self.network)

    @property
    def groups(self) -> tuple[str, ...]:
        return GROUPS if self.network else ()

    @property
    def sections(self) -> list[str]:
        """What the lab's HAProxy calls these load balancers."""
        return [*(["smtp"] if self.classic else []), *self.groups]

    @property
    def server(self) -> str:
        """The address that senders use."""
        return network.LOAD_BALANCER if self.classic else network.NETWORK_LOAD_BALANCER


PLACES = {
    "classic": Place("internal"),
    "network": Place(network=("internal",)),
    "both": Place("internal", ("internal",)),
    "both-proxied": Place("internal", ("internal",), proxied=True),
    "classic-facing": Place("internet-facing"),
    "classic-facing-proxied": Place("internet-facing", proxied=True),
    "classic-facing-network": Place("internet-facing", ("internal",)),
    "network-facing": Place(network=("internet-facing",)),
    "network-facing-proxied": Place(network=("internet-facing",), proxied=True),
    # One target group behind two load balancers.
    "network-facing-and-internal": Place(network=("internet-facing", "internal")),
}


class LoadBalancers:
    """The load balancers of a place, as a person with the AWS command line sees them."""

    def __init__(self, lab: Lab, call):
        self.lab, self.call = lab, call
        self.place = PLACES["classic"]
        made = jsonfile.read(lab.folder / "account.json")
        self._subnet, self._group, self._arns = made["subnet"], made["group"], made["target-groups"]

    def become(self, place: Place) -> None:
        """Delete all load balancers, and make those of another place, with no relay in them."""
        self.delete()
        self.place = place
        for arn in self._arns.values():
            self.call("elbv2", "modify_target_group_attributes", TargetGroupArn=arn, Attributes=[
                {"Key": "proxy_protocol_v2.enabled", "Value": "true" if place.proxied else "false"}])
            self.call("elbv2", "modify_target_group", TargetGroupArn=arn, HealthCheckPort="81" if place.proxied else "80")
        self.make()

    def delete(self) -> None:
        self.call("elb", "delete_load_balancer", LoadBalancerName=account.NAME)
        for made in self.call("elbv2", "describe_load_balancers")["LoadBalancers"]:
            if made["LoadBalancerName"].startswith(account.NAME):
                self.call("elbv2", "delete_load_balancer", LoadBalancerArn=made["LoadBalancerArn"])

    def make(self) -> None:
        if self.place.classic:
            self._make_classic(self.place.classic)
        for scheme in self.place.network:
            self._make_network(scheme)

    def _make_classic(self, scheme: str) -> None:
        for call, arguments in account.classic(self._subnet, self._group, scheme):
            self.call("elb", call, **arguments)
        if self.place.proxied:
            self.call("elb", "create_load_balancer_policy", LoadBalancerName=account.NAME, PolicyName=_POLICY,
                      PolicyTypeName="ProxyProtocolPolicyType",
                      PolicyAttributes=[{"AttributeName": "ProxyProtocol", "AttributeValue": "true"}])
            for port in (25, 587):
                self.call("elb", "set_load_balancer_policies_for_backend_server", LoadBalancerName=account.NAME,
                          InstancePort=port, PolicyNames=[_POLICY])

    def _make_network(self, scheme: str) -> None:
        # Without the header, the relays do not join an internet-facing load balancer that everybody reaches.
        guard = [self._group] if scheme == "internet-facing" and not self.place.proxied else []
        made, = self.call("elbv2", "create_load_balancer", Name=f"{account.NAME}-{scheme}", Type="network", Scheme=scheme,
                          Subnets=[self._subnet], SecurityGroups=guard)["LoadBalancers"]
        for name in GROUPS:
            self.call("elbv2", "create_listener", LoadBalancerArn=made["LoadBalancerArn"], Protocol="TCP",
                      Port=account.TARGET_GROUPS[name][1],
                      DefaultActions=[{"Type": "forward", "TargetGroupArn": self._arns[name]}])

    def register(self, relay) -> None:
        self._change(relay, "register_instances_with_load_balancer", "register_targets")

    def deregister(self, relay) -> None:
        self._change(relay, "deregister_instances_from_load_balancer", "deregister_targets")

    def _change(self, relay, classic: str, target: str) -> None:
        if self.place.classic:
            self.call("elb", classic, LoadBalancerName=account.NAME, Instances=[{"InstanceId": relay.instance}])
        for name in self.place.groups:
            kind = account.TARGET_GROUPS[name][0]
            self.call("elbv2", target, TargetGroupArn=self._arns[name],
                      Targets=[{"Id": relay.instance if kind == "instance" else relay.address}])

    def hold_checks(self, relay) -> None:
        """Have all checks take a relay for healthy, whatever it answers, until resume_checks()."""
        for section in self.place.sections:
            haproxy.hold_checks(self.lab.folder, section, relay.address, self.place.proxied)

    def resume_checks(self, relay) -> None:
        for section in self.place.sections:
            haproxy.resume_checks(self.lab.folder, section, relay.address, self.place.proxied)

    def wait_for(self, relay, state: str | None, seconds: float) -> None:
        """Wait until all checks say so of a relay; None: no load balancer sends to it."""
        for section in self.place.sections:
            self.lab.wait_for_target(section, relay, state, seconds)

    def settings(self, text: str) -> str:
        """The settings of a relay in the classic load balancer, for this place."""
        arns = ", ".join(f'"{self._arns[name]}"' for name in self.place.groups)
        named = f'"{account.NAME}"' if self.place.classic else ""
        text = text.replace(f'classic = ["{account.NAME}"]', f"classic = [{named}]\ntarget_groups = [{arns}]")
        if self.place.proxied:
            text = text.replace("[mail]", "[mail]\nproxy_protocol = true", 1) + "\n[health]\nproxy_port = 81\n"
        return text

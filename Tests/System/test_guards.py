"""A node that would be an open relay leaves its load balancers, also in service, and comes back when that is mended."""

import json
import time
from contextlib import contextmanager

import pytest

from relaylab import machine
from relaylab.account import NAME
from relaylab.client import Client
from relaylab.lab import Lab

CONFIG = "/etc/smtp-relay-agent/config.toml"
GROUP = "relay-25"
# The senders' own ranges: private, and a few public addresses.
OWN = ["10.0.0.0/8", "203.0.113.0/24"]
HALVES = ["0.0.0.0/1", "128.0.0.0/1"]
BUT_TEN = ["0.0.0.0/5", "8.0.0.0/7", "11.0.0.0/8", "12.0.0.0/6", "16.0.0.0/4", "32.0.0.0/3", "64.0.0.0/2", "128.0.0.0/1"]
# The time for which a refusal counts, the wait after a failed pass, and a pass.
MENDED = 60 + 10 + 15


class Site:
    """A relay in service behind internet-facing load balancers of both kinds, whose doors are closed to the world."""

    def __init__(self, lab: Lab):
        self.lab = lab
        self.relay = lab.add_relay(boot=False)
        self.client = Client(self.relay.namespace, lab.folder)
        account = json.loads((lab.folder / "account.json").read_text())
        self.subnet, self.node_group = account["subnet"], account["node-group"]
        self.arn = lab.target_groups[GROUP]
        self.door, self.further = (self.group(name, account["vpc"]) for name in ("classic-door", "further-door"))
        self.allow(self.door, *OWN)
        # The lab's is internal, and a scheme can't be changed.
        self("elb", "delete_load_balancer", LoadBalancerName=NAME)
        listener = {"Protocol": "TCP", "LoadBalancerPort": 25, "InstanceProtocol": "TCP", "InstancePort": 25}
        self("elb", "create_load_balancer", LoadBalancerName=NAME, Scheme="internet-facing", Subnets=[self.subnet],
             SecurityGroups=[self.door], Listeners=[listener])
        self("elb", "configure_health_check", LoadBalancerName=NAME, HealthCheck={
            "Target": "HTTP:80/health", "Interval": 5, "Timeout": 2, "UnhealthyThreshold": 2, "HealthyThreshold": 2})
        lab.set_metadata(self.relay, "tags/instance/smtp-relay:load_balancer.target_groups", self.arn)
        lab.set_metadata(self.relay, "tags/instance/smtp-relay:reconcile.interval", "5s")
        lab.set_metadata(self.relay, "tags/instance/smtp-relay:reconcile.jitter", "1s")
        self.relay.boot()
        self.relay.wait_for_cloud_init()
        self.relay.wait_for_agent()
        self.in_service()

    def __call__(self, service: str, action: str, **arguments) -> dict:
        answer = self.client(service, action, **arguments)
        assert "Error" not in answer, answer
        return answer

    def group(self, name: str, vpc: str) -> str:
        return self("ec2", "create_security_group", GroupName=name, Description=name, VpcId=vpc)["GroupId"]

    def allow(self, group: str, *ranges: str, on: bool = True, **more) -> None:
        """Let ranges, or what else names a source, in to a security group on port 25, or no longer."""
        permission = {"IpProtocol": "tcp", "FromPort": 25, "ToPort": 25, **more}
        if ranges:
            permission["IpRanges"] = [{"CidrIp": cidr} for cidr in ranges]
        self("ec2", f"{'authorize' if on else 'revoke'}_security_group_ingress", GroupId=group, IpPermissions=[permission])

    @contextmanager
    def allowed(self, group: str, *ranges: str, **more):
        self.allow(group, *ranges, **more)
        try:
            yield
        finally:
            self.allow(group, *ranges, on=False, **more)

    def prefix_list(self, *ranges: str) -> str:
        made = self("ec2", "create_managed_prefix_list", PrefixListName="list", MaxEntries=50, AddressFamily="IPv4",
                    Entries=[{"Cidr": cidr} for cidr in ranges])
        return made["PrefixList"]["PrefixListId"]

    def attribute(self, name: str, value: str) -> None:
        self("elbv2", "modify_target_group_attributes", TargetGroupArn=self.arn, Attributes=[{"Key": name, "Value": value}])

    def look(self) -> None:
        """Have the agent ask anew, as its first pass does."""
        self.relay.shell("systemctl restart smtp-relay-agent")

    def looked(self) -> None:
        """The same, until its first pass has ended."""
        self.look()
        self.relay.wait_for_agent()

    def reload(self) -> None:
        self.relay.shell("systemctl reload smtp-relay-agent")

    def registered(self) -> bool:
        found, = self("elb", "describe_load_balancers", LoadBalancerNames=[NAME])["LoadBalancerDescriptions"]
        return {"InstanceId": self.relay.instance} in found["Instances"]

    def until(self, condition, seconds: float, what: str) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"{what}\n{self.relay.agent('status').stdout}\n{self.log()[-3000:]}"
            time.sleep(0.3)

    def log(self) -> str:
        return self.relay.shell("journalctl -u smtp-relay-agent -o cat --no-pager -n 60")

    def leaves(self, *words: str, seconds: float = 15) -> None:
        """The classic load balancer has the node no more, and status and log say why."""
        self.until(lambda: not self.registered(), seconds, "the node is still registered")
        self.lab.wait_for_backend(self.relay, None, 5)
        self.told(f"load balancer {NAME}", *words)

    def leaves_group(self, *words: str) -> None:
        self.until(lambda: self.lab.target_backends(GROUP).get(self.relay.address) is None, 30, "it is still a target")
        self.told(f"target group {GROUP}", *words)

    def told(self, name: str, *words: str) -> None:
        """The status line of a load balancer says these words, and so does the log."""
        for word in words:
            self.until(lambda: machine.shows(self.line(name), word), 15, f"status does not say '{word}'")
            assert word in self.log()

    def line(self, name: str) -> str:
        rows = self.relay.status().splitlines()
        # A part of the node has the same name, and a line after it.
        return next((row for row in rows if row.startswith(name)), "")

    def in_service(self, seconds: float = MENDED) -> None:
        self.until(lambda: self.lab.backends().get(self.relay.address) == "UP", seconds, "it is not in service")
        self.lab.wait_for_target(GROUP, self.relay, "UP", seconds)


@pytest.fixture(scope="module")
def site(binary):
    with Lab(binary) as lab:
        site = Site(lab)
        yield site
        site.client.close()


@pytest.fixture(autouse=True)
def well(site):
    """Each test begins and ends in service, and with a log of its own."""
    site.in_service()
    site.relay.shell("journalctl --rotate --vacuum-size=1 -q")
    yield
    site.look()
    site.in_service()


@pytest.mark.parametrize("ranges", [["0.0.0.0/0"], HALVES, BUT_TEN], ids=["the world", "halves", "all but a few"])
def test_a_group_that_is_opened_later(site, ranges):
    with site.allowed(site.door, *ranges):
        site.look()
        site.leaves("would be an open relay", f"security group {site.door} lets the internet in on port 25",
                    f"revoke-security-group-ingress --group-id {site.door}")
        # The other load balancer has no part in it.
        assert site.lab.target_backends(GROUP)[site.relay.address] == "UP"
        # It stays out, whoever registers it.
        site("elb", "register_instances_with_load_balancer", LoadBalancerName=NAME,
             Instances=[{"InstanceId": site.relay.instance}])
        site.leaves("would be an open relay", seconds=25)


def test_a_reload_asks_anew_and_the_node_comes_back_by_itself(site):
    site.look()
    site.in_service()
    with site.allowed(site.door, "0.0.0.0/0"):
        # An answer of a minute ago still counts.
        time.sleep(61)
        site.reload()
        site.leaves("would be an open relay")
    site.in_service()


def test_a_group_that_names_a_prefix_list(site):
    own, world, rest = (site.prefix_list(*ranges) for ranges in (["203.0.113.0/24"], ["0.0.0.0/0"], HALVES[1:]))

    def named(name: str) -> dict:
        return {"PrefixListIds": [{"PrefixListId": name}]}

    with site.allowed(site.door, **named(own)):
        site.looked()
        assert site.registered()
    with site.allowed(site.door, **named(world)):
        site.look()
        site.leaves(f"prefix list {world}", f"PrefixListIds=[{{PrefixListId={world}}}]")
    site.look()
    site.in_service()
    with site.allowed(site.door, HALVES[0]), site.allowed(site.door, **named(rest)):
        site.look()
        site.leaves(f"prefix list {rest}", HALVES[0])


def test_a_prefix_list_that_may_not_be_read_keeps_out_but_takes_nobody_out(site):
    own = site.prefix_list("203.0.113.0/24")
    site.lab.api_fault(denied=["GetManagedPrefixListEntries"])
    try:
        with site.allowed(site.door, PrefixListIds=[{"PrefixListId": own}]):
            site.look()
            site.told(f"load balancer {NAME}", "could not find out whether this node may be there", "allow ec2:GetManagedPrefixListEntries")
            assert site.registered()
            site.lab.deregister(site.relay)
            site.until(lambda: "can't tell whether" in site.log(), 30, "no word of the list")
            time.sleep(10)
            assert not site.registered()
    finally:
        site.lab.api_fault()


def test_an_api_that_does_not_answer_takes_nobody_out(site):
    site.lab.api_fault(denied=["DescribeSecurityGroups", "DescribeLoadBalancers"])
    try:
        site.look()
        site.told(f"load balancer {NAME}", "could not find out whether this node may be there")
        site.told(f"target group {GROUP}", "could not find out whether this node may be there")
        for section in ("smtp", GROUP):
            assert site.lab.target_backends(section)[site.relay.address] == "UP"
    finally:
        site.lab.api_fault()


def test_a_further_group_that_is_attached_later(site):
    site.allow(site.further, "0.0.0.0/0")
    site("elb", "apply_security_groups_to_load_balancer", LoadBalancerName=NAME, SecurityGroups=[site.door, site.further])
    try:
        site.look()
        site.leaves(f"security group {site.further} lets the internet in")
    finally:
        site("elb", "apply_security_groups_to_load_balancer", LoadBalancerName=NAME, SecurityGroups=[site.door])


def test_allow_open_to_world_is_withdrawn(site):
    site.relay.shell(f"cp {CONFIG} /tmp/config.toml && sed -i '/^.load_balancer/a allow_open_to_world = true' {CONFIG}")
    try:
        with site.allowed(site.door, "0.0.0.0/0"):
            site.looked()
            assert site.registered()
            site.relay.shell(f"cp /tmp/config.toml {CONFIG}")
            # A change of the node's own side is asked about in the next pass, whatever was asked just now.
            site.leaves("set load_balancer.allow_open_to_world = true")
    finally:
        site.relay.shell(f"cp /tmp/config.toml {CONFIG}")


def test_a_target_group_before_which_an_internet_facing_load_balancer_is_put_and_that_no_longer_shows_the_senders(site):
    site.attribute("preserve_client_ip.enabled", "true")
    made, = site("elbv2", "create_load_balancer", Name="second", Type="network", Scheme="internet-facing",
                 Subnets=[site.subnet])["LoadBalancers"]
    try:
        site("elbv2", "create_listener", LoadBalancerArn=made["LoadBalancerArn"], Protocol="TCP", Port=25,
             DefaultActions=[{"Type": "forward", "TargetGroupArn": site.arn}])
        site.looked()
        site.in_service()
        site.attribute("preserve_client_ip.enabled", "false")
        site.look()
        site.leaves_group("has no security group", "Key=preserve_client_ip.enabled,Value=true")
        assert f"has left, and will not join target group {GROUP} (load balancer second)" in site.log()
        assert site.registered()
        site.attribute("preserve_client_ip.enabled", "true")
        site.in_service()
    finally:
        site("elbv2", "delete_load_balancer", LoadBalancerArn=made["LoadBalancerArn"])
        site.attribute("preserve_client_ip.enabled", "false")


def test_a_target_group_that_begins_to_speak_the_proxy_protocol(site):
    site.attribute("proxy_protocol_v2.enabled", "true")
    try:
        site.look()
        site.leaves_group("it sends a header of the PROXY protocol, version 2")
    finally:
        site.attribute("proxy_protocol_v2.enabled", "false")


def test_an_open_relay_leaves_also_where_the_host_can_not_be_repaired(site):
    """A pass that fails before it comes to the load balancers does not keep an open relay in them."""
    site.relay.shell("cp /etc/postfix/master.cf /tmp/master.cf && "
                     "echo ' -o mynetworks=0.0.0.0/0' > /tmp/override && sed -i '/^smtp .*inet/r /tmp/override' /etc/postfix/master.cf")
    try:
        with site.allowed(site.door, "0.0.0.0/0"):
            site.look()
            site.leaves("would be an open relay")
    finally:
        site.relay.shell("cp /tmp/master.cf /etc/postfix/master.cf")


def test_with_nothing_to_do_the_question_is_not_asked_in_each_pass(site):
    site.look()
    site.in_service()
    began = time.time()
    time.sleep(20)
    actions = {call["action"] for call in site.lab.api_requests(site.relay) if call["time"] > began + 2}
    assert actions == {"DescribeInstanceHealth", "DescribeTargetHealth"}
    site.looked()
    asked = [call["action"] for call in site.lab.api_requests(site.relay) if call["time"] > began + 20]
    assert asked.count("DescribeSecurityGroups") == 1 and asked.count("DescribeTargetGroupAttributes") == 1

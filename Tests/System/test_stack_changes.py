"""What a later change of each parameter of cloud-init/stack.yaml does: by CloudFormation's schemas, on the page, and in moto."""

import json
import re
import tomllib

import pytest

from pages import section
from relaylab import stack
from relaylab.changes import Refused, replaced
from relaylab.template import Template, text

TEMPLATE = text()
ARM = {"AgentUrlArm64": "https://example.com/arm", "AgentSha256Arm64": "0" * 64}
ZONE = {"HostedZoneId": "Z1", "RecordName": "smtp.example.com", "Hostname": "mail.example.com"}
LOGIN = {"UpstreamHost": "smtp.example.net", "UpstreamUsername": "AKIA", "UpstreamPasswordParameter": "/password",
         "UpstreamPasswordKey": "arn:aws:kms:us-east-1:1:key/1"}
DKIM = {"DkimDomain": "example.com", "DkimSelector": "s1", "DkimKeyParameter": "/key", "DkimKmsKey": "arn:aws:kms:us-east-1:1:key/3",
        "DkimRecord": '"v=DKIM1; p=x"', "HostedZoneId": "Z1"}
# For each parameter what a stack may have, and another value of it.
CASES = {
    "MailDomain": ({}, "example.net"),
    "SenderRanges": ({}, "10.0.0.0/16,10.1.0.0/16"),
    "Submission": ({}, "true"),
    "Architecture": (ARM, "arm64"),
    "AgentUrl": ({}, "https://example.com/2"),
    "AgentSha256": ({}, "1" * 64),
    "AgentUrlArm64": ({**ARM, "Architecture": "arm64"}, "https://example.com/2"),
    "AgentSha256Arm64": ({**ARM, "Architecture": "arm64"}, "1" * 64),
    "Proxy": ({}, "http://proxy:3128"),
    "NoProxy": ({"Proxy": "http://proxy:3128"}, ".internal"),
    "VpcId": ({"VpcId": "vpc-0a", "SubnetIds": "subnet-0a,subnet-0b"}, "vpc-0b"),
    "SubnetIds": ({"VpcId": "vpc-0a", "SubnetIds": "subnet-0a,subnet-0b"}, "subnet-0a,subnet-0c"),
    "VpcRange": ({}, "10.26.0.0/16"),
    "SubnetRanges": ({}, "10.25.4.0/24,10.25.1.0/24,10.25.128.0/24,10.25.129.0/24"),
    "LoadBalancerType": ({}, "both"),
    "ProxyProtocol": ({}, "true"),
    "AccessLogsBucket": ({}, "logs"),
    "HostedZoneId": (ZONE, "Z2"),
    "RecordName": (ZONE, "relay.example.com"),
    "Hostname": (ZONE, "nodes.example.com"),
    "MinSize": ({}, "3"),
    "MaxSize": ({}, "6"),
    "InstanceType": ({}, "m7i.large"),
    "ImageId": ({}, "another"),
    "ImageIdArm64": ({**ARM, "Architecture": "arm64"}, "another"),
    "RootDevice": ({}, "/dev/sda1"),
    "VolumeSize": ({}, "32"),
    "SessionManager": ({}, "false"),
    "MetricsRange": ({}, "10.9.0.0/24"),
    "CloudWatch": ({}, "true"),
    "DoctorPermissions": ({}, "false"),
    "FleetSettings": ({"FleetSettings": "ssm:/a"}, "ssm:/b"),
    "UpstreamHost": (LOGIN, "other.example.net"),
    "UpstreamUsername": (LOGIN, "BKIA"),
    "UpstreamPasswordParameter": (LOGIN, "/other"),
    "UpstreamPasswordKey": (LOGIN, "arn:aws:kms:us-east-1:1:key/2"),
    "DkimDomain": (DKIM, "example.net"),
    "DkimSelector": (DKIM, "s2"),
    "DkimKeyParameter": (DKIM, "/other"),
    "DkimKmsKey": (DKIM, "arn:aws:kms:us-east-1:1:key/4"),
    "DkimRecord": (DKIM, '"v=DKIM1; p=y"'),
}
SHOWING = [{"LoadBalancerType": "network"}, {"LoadBalancerType": "both"}, {"ProxyProtocol": "true"}]


def effect(name: str, others: dict[str, str]) -> str:
    """In the words of the page's table."""
    before, value = {**stack.REQUIRED, **others, **CASES[name][0]}, CASES[name][1]
    assert Template(**before).refusals() == Template(**{**before, name: value}).refusals() == []
    try:
        found = replaced(Template(**before), Template(**{**before, name: value}))
    except Refused:
        return "refused"
    made = {kind for kind in found if re.search(r"Subnet|Vpc|Group$|Targets$", kind)}
    if made:
        return "new stack"
    records = found & {"Name", "NatName"}
    return "nodes" if "nodes" in found else f"new `{min(records)}`" if records else "in place"


def on_the_page() -> dict[str, str]:
    table = section("cloud-init/README.md", "## The stack").split("| parameter | | a later change |\n")[1].split("\n\n")[0]
    rows = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in table.splitlines()[1:]]
    return {name: row[-1] for row in rows for name in re.findall(r"`(\w+)`", row[0])}


def test_the_page_has_every_parameter_and_this_test_a_case():
    assert set(on_the_page()) == set(CASES) == set(TEMPLATE["Parameters"])


@pytest.mark.parametrize("name", CASES)
def test_a_change_replaces_what_the_page_says(name):
    said = on_the_page()[name]
    if name in ("ImageId", "ImageIdArm64"):
        # CloudFormation alone looks up the image's id.
        template = TEMPLATE["Resources"]["NodeTemplate"]["Properties"]["LaunchTemplateData"]["ImageId"]["Fn::If"]
        assert {"Ref": name} in template and said == "nodes"
        return
    if name == "SenderRanges":
        assert said == "in place; nodes where they see the senders' addresses"
        assert effect(name, {}) == "in place" and {effect(name, others) for others in SHOWING} == {"nodes"}
        fleet = {"FleetSettings": "ssm:/a"}
        assert {effect(name, {**others, **fleet}) for others in SHOWING} == {"in place"}
        return
    if name == "LoadBalancerType":
        assert said == "nodes; refused without `both` in between"
    assert effect(name, {}) == said.split(";")[0]


@pytest.mark.parametrize("name", ["MailDomain", "Submission", "Hostname", "MetricsRange", "VpcRange", "SubnetIds", "UpstreamHost"])
@pytest.mark.parametrize("others", SHOWING[:2], ids=str)
def test_a_change_replaces_the_same_with_another_load_balancer(name, others):
    assert effect(name, others) == on_the_page()[name].split(";")[0]


def test_the_schemas_are_known():
    """CloudFormation's own: a group's description can't change, its rules can."""
    with_other = Template(**stack.REQUIRED)
    changed = Template(**stack.REQUIRED)
    changed.written = json.loads(json.dumps(TEMPLATE))
    changed.written["Resources"]["NodeGroup"]["Properties"]["GroupDescription"] = "other"
    assert replaced(with_other, changed) >= {"NodeGroup", "NodeMailRule", "NodeHealthRule", "nodes"}


# Changes that would lose mail


@pytest.mark.parametrize("old, new", [("classic", "network"), ("network", "classic")])
def test_the_kind_of_load_balancer_changes_by_way_of_both_alone(old, new):
    def of(kind: str) -> Template:
        return Template(**stack.REQUIRED, LoadBalancerType=kind)

    with pytest.raises(Refused, match="ChangeLoadBalancerTypeByWayOfBoth"):
        replaced(of(old), of(new))
    assert replaced(of(old), of("both")) == replaced(of("both"), of(new)) == {"nodes"}


def test_a_refusal_comes_before_anything_is_changed_that_mail_goes_through():
    resources = TEMPLATE["Resources"]
    for name in ("ClassicLoadBalancer", "MailTargets", "SubmissionTargets"):
        assert resources[name]["DependsOn"] == "ProxyProtocolCannotBeChanged"
    assert "ChangeLoadBalancerTypeByWayOfBoth" in str(resources["RelayNodes"]["Metadata"])
    # The name is not moved before the nodes, which wait for that.
    assert resources["Name"]["DependsOn"] == "RelayNodes"


def test_while_the_kind_changes_nodes_serve_both_load_balancers_and_may_leave_each():
    for old, new in (("classic", "network"), ("network", "classic")):
        with stack.made(LoadBalancerType=old, Submission="true", RecordName="smtp.example.com") as made:
            joined = []
            for kind in (old, "both", new):
                made.update(LoadBalancerType=kind)
                settings = tomllib.loads(made.settings())
                joined.append(set(settings["load_balancer"]))
                # The classic load balancer's own address, and that of other nodes.
                assert settings["mail"]["networks"][0] == "vpc"
            kinds = {"classic": {"classic"}, "network": {"target_groups"}}
            assert joined == [kinds[old], {"classic", "target_groups"}, kinds[new]]
            # The names of the old one are in the policy still.
            assert any(one.startswith("elasticloadbalancing:DeregisterTargets") for one in made.actions())
            assert "elasticloadbalancing:DeregisterInstancesFromLoadBalancer" in made.actions()
            assert ("ClassicLoadBalancer" in made.ids, "NetworkLoadBalancer" in made.ids) == (new == "classic", new == "network")


def test_the_role_is_the_same_with_each_kind_of_load_balancer():
    roles = [Template(**stack.REQUIRED, LoadBalancerType=kind).resources()["NodeRole"] for kind in ("classic", "network", "both")]
    assert roles[0] == roles[1] == roles[2]


# In moto


@pytest.mark.parametrize("before, after", [
    ("10.1.0.0/16,10.2.0.0/16", "10.2.0.0/16"), ("10.2.0.0/16", "10.1.0.0/16,10.2.0.0/16"),
    ("10.1.0.0/16,10.2.0.0/16", "10.2.0.0/16,10.1.0.0/16"),
    ("10.1.0.0/16", "10.1.0.0/16,10.2.0.0/16,10.3.0.0/16,10.4.0.0/16"),
])
def test_a_range_that_is_still_wanted_stays(before, after):
    with stack.made(SenderRanges=before, Submission="true") as made:
        user_data = made.user_data()
        made.update(SenderRanges=after)
        assert made.status == "UPDATE_COMPLETE"
        senders = {(port, network) for port in (25, 587) for network in after.split(",")}
        assert made.rules("LoadBalancerGroup") == senders | {(25, made.ids["NodeGroup"])}
        assert made.user_data() == user_data


SKIPPED = {"VpcId", "SubnetIds", "VpcRange", "SubnetRanges", "ProxyProtocol", "ImageId", "ImageIdArm64"}


@pytest.mark.parametrize("name", sorted(set(CASES) - SKIPPED))
def test_moto_lives_through_each_change_and_the_deletion(name):
    others, value = CASES[name]
    with stack.made(**{key: other for key, other in others.items() if key != "HostedZoneId"}) as made:
        value = stack.zone() if name == "HostedZoneId" else value
        made.update(**{name: value})
        assert made.status == "UPDATE_COMPLETE"
        made.delete()
        assert made.client("cloudformation").list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
        for found in (made.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"],
                      made.client("elb").describe_load_balancers()["LoadBalancerDescriptions"],
                      made.client("elbv2").describe_load_balancers()["LoadBalancers"]):
            assert found == []


# The end


def test_the_name_ends_before_the_nodes_and_all_that_nodes_need_after_them():
    """CloudFormation deletes what depends on another resource before that resource."""
    resources = TEMPLATE["Resources"]
    assert resources["Name"]["DependsOn"] == "RelayNodes"
    needed = str(resources["RelayNodes"]) + str(resources["NodeTemplate"])
    for name in ("ClassicLoadBalancer", "MailTargets", "NodeMailRule", "NodeHealthRule", "PrivateDefaultRouteA", "NodeProfile"):
        assert name in needed

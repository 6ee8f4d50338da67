"""The stack of cloud-init/stack.yaml, made in moto within this process."""

import base64
import os
from contextlib import contextmanager
from unittest import mock

import boto3
import yaml
from moto import mock_aws
from moto.cloudformation.models import cloudformation_backends
from moto.cloudformation.parsing import clean_json
from moto.elbv2.models import FakeLoadBalancer, elbv2_backends

from . import paths, user_data

TEMPLATE = paths.REPOSITORY / "cloud-init" / "stack.yaml"
REGION = "us-east-1"
ACCOUNT = "123456789012"
NAME = "relays"
# The parameters without a default.
REQUIRED = {"MailDomain": "example.com", "SenderRanges": "10.0.0.0/16", "AgentUrl": "https://example.com/smtp-relay-agent",
            "AgentSha256": "0" * 64}


class Stack:
    """A stack that moto has made."""

    def __init__(self, parameters: dict[str, str]):
        formation = self.client("cloudformation")
        formation.create_stack(
            StackName=NAME, TemplateBody=TEMPLATE.read_text(), Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value}
                        for key, value in {**REQUIRED, **parameters}.items()])
        made, = formation.describe_stacks(StackName=NAME)["Stacks"]
        self.status = made["StackStatus"]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in made["Outputs"]}
        self.ids = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource
                    in formation.list_stack_resources(StackName=NAME)["StackResourceSummaries"]}
        self._map = cloudformation_backends[ACCOUNT][REGION].get_stack(NAME).resource_map

    @staticmethod
    def client(service: str):
        """AWS's own client."""
        return boto3.client(service, REGION)

    def resolved(self, resource: str) -> dict:
        """A resource as the template has it, with each function as moto works it out.

        Also where moto makes nothing of it: hooks of an Auto Scaling group, or a classic load balancer's subnets.
        """
        return clean_json(yaml.load(TEMPLATE.read_text(), Loader)["Resources"][resource], self._map)

    def template_data(self) -> dict:
        """The launch template's data."""
        found = self.client("ec2").describe_launch_template_versions(
            LaunchTemplateId=self.ids["NodeTemplate"], Versions=["$Latest"])
        return found["LaunchTemplateVersions"][0]["LaunchTemplateData"]

    def user_data(self) -> str:
        return base64.b64decode(self.template_data()["UserData"]).decode()

    def tags(self) -> dict[str, str]:
        """The tags of the nodes at launch."""
        tags, = (tags["Tags"] for tags in self.template_data()["TagSpecifications"] if tags["ResourceType"] == "instance")
        return {tag["Key"]: tag["Value"] for tag in tags}

    def statements(self) -> list[dict]:
        """All that the nodes' role allows."""
        iam, role = self.client("iam"), self.ids["NodeRole"]
        assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
        policies = iam.list_role_policies(RoleName=role)["PolicyNames"]
        return [statement for name in policies
                for statement in iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]]

    def actions(self) -> set[str]:
        """The same by their names alone."""
        return {action for statement in self.statements() for action in statement["Action"]}

    def rules(self, group: str) -> set[tuple[int, str]]:
        """The sources that a security group lets in: port, and range or group."""
        found, = self.client("ec2").describe_security_groups(GroupIds=[self.ids[group]])["SecurityGroups"]
        entries = set()
        for permission in found["IpPermissions"]:
            assert permission["IpProtocol"] == "tcp" and permission["FromPort"] == permission["ToPort"]
            assert not permission["Ipv6Ranges"] and not permission["PrefixListIds"]
            entries |= {(permission["FromPort"], entry["CidrIp"]) for entry in permission["IpRanges"]}
            entries |= {(permission["FromPort"], entry["GroupId"]) for entry in permission["UserIdGroupPairs"]}
        return entries


def script(joined: str, url: str = REQUIRED["AgentUrl"], proxy: str = "") -> str:
    """user-data.sh with a stack's values in place of the examples."""
    return user_data.filled((user_data.FOLDER / "user-data.sh").read_text(), {
        user_data.EXAMPLE_JOINED: joined, user_data.EXAMPLE_URL: url,
        user_data.EXAMPLE_SHA256: REQUIRED["AgentSha256"], user_data.EXAMPLE_PROXY: f"proxy='{proxy}'",
    })


@contextmanager
def made(is_in_existing_vpc: bool = False, **parameters: str):
    """Have moto make the stack in an account of its own, on request in a VPC that is there already.

    With a RecordName, there is a hosted zone for it.
    """
    credentials = {"AWS_ACCESS_KEY_ID": "lab", "AWS_SECRET_ACCESS_KEY": "lab"}
    with mock.patch.dict(os.environ, credentials), mock_aws(), \
            mock.patch.object(FakeLoadBalancer, "create_from_cloudformation_json", _load_balancer):
        if is_in_existing_vpc:
            parameters.update(_vpc())
        if "RecordName" in parameters:
            zone = boto3.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
            parameters["HostedZoneId"] = zone.removeprefix("/hostedzone/")
        yield Stack(parameters)


def _vpc() -> dict[str, str]:
    """Make a VPC with two subnets. The stack's parameters for it."""
    ec2 = boto3.client("ec2", REGION)
    vpc = ec2.create_vpc(CidrBlock="172.20.0.0/16")["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"172.20.{i}.0/24", AvailabilityZone=f"{REGION}{zone}")
               for i, zone in enumerate("ab")]
    return {"VpcId": vpc, "SubnetIds": ",".join(subnet["Subnet"]["SubnetId"] for subnet in subnets)}


def _load_balancer(name: str, resource: dict, account: str, region: str, **unused) -> FakeLoadBalancer:
    """moto's CloudFormation makes each load balancer one of HTTP, whatever its Type is."""
    properties = resource["Properties"]
    return elbv2_backends[account][region].create_load_balancer(
        name, properties["SecurityGroups"], properties["Subnets"], scheme=properties["Scheme"],
        loadbalancer_type=properties["Type"])


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def _function(loader: Loader, tag: str, node: yaml.Node) -> dict:
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if tag == "GetAtt":
        value = value.split(".", 1)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


Loader.add_multi_constructor("!", _function)

"""The stack of cloud-init/stack.yaml, made in moto within this process."""

import ast
import base64
import json
import os
from contextlib import contextmanager
from unittest import mock

import boto3
from moto import mock_aws
from moto.cloudformation.models import cloudformation_backends
from moto.cloudformation.parsing import clean_json

from . import user_data
from .moto_patches import patched
from .template import Template

REGION = "us-east-1"
ACCOUNT = "123456789012"
NAME = "relays"
# The parameters without a default.
REQUIRED = {"MailDomain": "example.com", "SenderRanges": "10.0.0.0/16", "AgentUrl": "https://example.com/smtp-relay-agent",
            "AgentSha256": "0" * 64}


class Stack:
    """A stack that moto has made."""

    def __init__(self, parameters: dict[str, str]):
        self.parameters = {**REQUIRED, **parameters}
        self.client("cloudformation").create_stack(StackName=NAME, TemplateBody=self._body(), Capabilities=["CAPABILITY_IAM"])
        self._look()

    def _body(self) -> str:
        self.template = Template(**self.parameters)
        # The lab's server, from which nodes with this user-data fetch the agent, has no certificate.
        url = self.parameters["AgentUrl"].replace("http://", "https://")
        refusals = Template(**{**self.parameters, "AgentUrl": url}).refusals()
        assert refusals == [], refusals
        return json.dumps(self.template.body())

    def _look(self) -> None:
        formation = self.client("cloudformation")
        found, = formation.describe_stacks(StackName=NAME)["Stacks"]
        self.status = found["StackStatus"]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}
        self.ids = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource
                    in formation.list_stack_resources(StackName=NAME)["StackResourceSummaries"]}
        self._map = cloudformation_backends[ACCOUNT][REGION].get_stack(NAME).resource_map

    def update(self, **parameters: str) -> None:
        """Change parameters, as 'aws cloudformation deploy' does."""
        self.parameters |= parameters
        self.client("cloudformation").update_stack(StackName=NAME, TemplateBody=self._body(), Capabilities=["CAPABILITY_IAM"])
        self._look()

    def delete(self) -> None:
        self.client("cloudformation").delete_stack(StackName=NAME)

    @staticmethod
    def client(service: str):
        """AWS's own client."""
        return boto3.client(service, REGION)

    def resolved(self, resource: str) -> dict:
        """A resource as the template has it, with each function as moto works it out.

        Also where moto makes nothing of it: hooks of an Auto Scaling group, or a classic load balancer's subnets.
        """
        return clean_json(self.template.resources()[resource], self._map)

    def attribute(self, resource: str, name: str) -> str:
        """What Fn::GetAtt gives."""
        return clean_json({"Fn::GetAtt": [resource, name]}, self._map)

    def template_data(self) -> dict:
        """The launch template's data."""
        found = self.client("ec2").describe_launch_template_versions(
            LaunchTemplateId=self.ids["NodeTemplate"], Versions=["$Latest"])
        return found["LaunchTemplateVersions"][0]["LaunchTemplateData"]

    def user_data(self) -> str:
        return base64.b64decode(self.template_data()["UserData"]).decode()

    def settings(self) -> str:
        """The text of the nodes' settings."""
        return self.user_data().split(user_data.BEFORE_SETTINGS)[1].split(user_data.AFTER_SETTINGS)[0]

    def tags(self) -> dict[str, str]:
        """The tags of the nodes at launch."""
        tags, = (tags["Tags"] for tags in self.template_data()["TagSpecifications"] if tags["ResourceType"] == "instance")
        return {tag["Key"]: tag["Value"] for tag in tags}

    def statements(self) -> list[dict]:
        """All that the nodes' role allows."""
        iam, role = self.client("iam"), self.ids["NodeRole"]
        assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
        policies = iam.list_role_policies(RoleName=role)["PolicyNames"]
        documents = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in policies]
        # moto gives back the text of a policy that a role was made with.
        return [statement for document in documents
                for statement in (ast.literal_eval(document) if isinstance(document, str) else document)["Statement"]]

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


def script(settings: str, url: str = REQUIRED["AgentUrl"], proxy: str = "", direct: str = "") -> str:
    """user-data.sh with a stack's settings and values in place of the examples, as short as the template has it."""
    head, rest = user_data.short((user_data.FOLDER / "user-data.sh").read_text()).split(user_data.BEFORE_SETTINGS)
    return user_data.filled(head + user_data.BEFORE_SETTINGS + settings + rest[rest.index(user_data.AFTER_SETTINGS):], {
        user_data.EXAMPLE_URL: url, user_data.EXAMPLE_SHA256: REQUIRED["AgentSha256"],
        user_data.EXAMPLE_PROXY: f"proxy='{proxy}'", user_data.EXAMPLE_DIRECT: f"direct='{direct}'",
        user_data.EXAMPLE_REGION: f"region='{REGION}'", user_data.EXAMPLE_DOMAIN: "domain='amazonaws.com'",
    })


@contextmanager
def made(is_in_existing_vpc: bool = False, **parameters: str):
    """Have moto make the stack in an account of its own, on request in a VPC that is there already.

    With a RecordName or a Hostname, there is a hosted zone for it.
    """
    credentials = {"AWS_ACCESS_KEY_ID": "lab", "AWS_SECRET_ACCESS_KEY": "lab"}
    with mock.patch.dict(os.environ, credentials), mock_aws(), patched():
        if is_in_existing_vpc:
            parameters.update(vpc())
        if {"RecordName", "Hostname", "DkimRecord"} & set(parameters):
            parameters["HostedZoneId"] = zone()
        yield Stack(parameters)


def zone() -> str:
    """Make the hosted zone example.com. Its id."""
    made = boto3.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
    return made.removeprefix("/hostedzone/")


def vpc() -> dict[str, str]:
    """Make a VPC with two subnets. The stack's parameters for it."""
    ec2 = boto3.client("ec2", REGION)
    vpc = ec2.create_vpc(CidrBlock="172.20.0.0/16")["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"172.20.{i}.0/24", AvailabilityZone=f"{REGION}{zone}")
               for i, zone in enumerate("ab")]
    return {"VpcId": vpc, "SubnetIds": ",".join(subnet["Subnet"]["SubnetId"] for subnet in subnets)}

"""What moto's CloudFormation lacks for cloud-init/stack.yaml."""

import warnings
from contextlib import ExitStack, contextmanager
from unittest import mock

import boto3
from moto.ec2.models import ec2_backends
from moto.ec2.models.security_groups import SecurityGroup
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.vpcs import VPC
from moto.elb.models import LoadBalancer as ClassicLoadBalancer
from moto.elbv2.models import FakeLoadBalancer, elbv2_backends


@contextmanager
def patched():
    """Have moto do what it lacks."""
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(FakeLoadBalancer, "create_from_cloudformation_json", _load_balancer))
        stack.enter_context(mock.patch.object(SecurityGroup, "update_from_cloudformation_json", _group_updated))
        stack.enter_context(mock.patch.object(VPC, "delete_from_cloudformation_json", _vpc_deleted))
        stack.enter_context(warnings.catch_warnings())
        for message in ("Tried to parse AWS::CloudFormation::WaitCondition", "Unable to delete .*CannotBeChanged|.*WayOfBoth",
                        ".*DependencyViolation"):
            warnings.filterwarnings("ignore", message)
        _attribute(stack, Subnet, "CidrBlock", lambda subnet: subnet.cidr_block)
        _attribute(stack, ClassicLoadBalancer, "CanonicalHostedZoneNameID", lambda balancer: "Z35SXDOTRQ7X7K")
        _attribute(stack, FakeLoadBalancer, "CanonicalHostedZoneID", lambda balancer: "Z26RNL4JYFTOTI")
        yield


def _attribute(stack: ExitStack, model: type, name: str, value) -> None:
    """Give Fn::GetAtt an attribute of a model."""
    original, has = model.get_cfn_attribute, model.has_cfn_attr

    def get_cfn_attribute(self, attribute):
        return value(self) if attribute == name else original(self, attribute)

    stack.enter_context(mock.patch.object(model, "get_cfn_attribute", get_cfn_attribute))
    stack.enter_context(mock.patch.object(model, "has_cfn_attr", lambda attribute: attribute == name or has(attribute)))


def _load_balancer(name: str, resource: dict, account: str, region: str, **unused) -> FakeLoadBalancer:
    """moto's CloudFormation makes each load balancer one of HTTP, whatever its Type is."""
    properties = resource["Properties"]
    return elbv2_backends[account][region].create_load_balancer(
        name, properties["SecurityGroups"], properties["Subnets"], scheme=properties["Scheme"],
        loadbalancer_type=properties["Type"])


def _group_updated(original_resource: SecurityGroup, new_resource_name: str, cloudformation_json: dict, account_id: str,
                   region_name: str) -> SecurityGroup:
    """CloudFormation changes the rules that are part of a group in place. moto makes another group, without the others' rules.

    In this template, all rules of ranges and no others are such parts once the stack is made.
    """
    client = boto3.client("ec2", region_name)

    def rules(permissions: list[dict]) -> set[tuple[int, str]]:
        return {(permission["FromPort"], entry["CidrIp"]) for permission in permissions for entry in permission["IpRanges"]}

    group = original_resource.id
    found, = client.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    had = rules(found["IpPermissions"])
    parts = cloudformation_json["Properties"].get("SecurityGroupIngress", [])
    wanted = {(int(rule["FromPort"]), rule["CidrIp"]) for rule in parts if "CidrIp" in rule}
    for call, entries in ((client.revoke_security_group_ingress, had - wanted),
                          (client.authorize_security_group_ingress, wanted - had)):
        for port, network in entries:
            call(GroupId=group, IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp=network)
    return original_resource


def _vpc_deleted(resource_name: str, cloudformation_json: dict, account_id: str, region_name: str) -> None:
    """moto keeps route tables of a deleted stack, and a group of its own for each classic load balancer."""
    client, of_vpc = boto3.client("ec2", region_name), [{"Name": "vpc-id", "Values": [resource_name]}]
    for group in client.describe_security_groups(Filters=of_vpc)["SecurityGroups"]:
        if group["GroupName"].startswith("default_elb_"):
            client.delete_security_group(GroupId=group["GroupId"])
    for table in client.describe_route_tables(Filters=of_vpc)["RouteTables"]:
        if not table["Associations"]:
            client.delete_route_table(RouteTableId=table["RouteTableId"])
    ec2_backends[account_id][region_name].delete_vpc(resource_name)

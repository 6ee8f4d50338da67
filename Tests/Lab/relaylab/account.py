"""The AWS account's VPC, instances and load balancers, made in moto by AWS's own client."""

import json
from pathlib import Path

import boto3

from . import network

NAME = "smtp-relay"
NETWORK_NAME = "smtp-relay-nlb"
# The network load balancer's, each with its type of target and its port.
TARGET_GROUPS = {"relay-25": ("instance", 25), "relay-587-ip": ("ip", 587)}
ACCOUNT = "123456789012"
REGION = "eu-central-1"
SERVICES = ("ec2", "elasticloadbalancing", "autoscaling", "cloudformation", "logs", "monitoring", "ssm", "s3")
# A bucket is a name of its own.
BUCKET = "relay-fleet"
HOSTS = [f"{service}.{REGION}.amazonaws.com" for service in (*SERVICES, f"{BUCKET}.s3")]


def seed(folder: Path) -> None:
    """Make all of it, and write down what it is called."""
    options = {"region_name": REGION, "endpoint_url": f"https://{network.API}", "verify": str(folder / "ca.pem"),
               "aws_access_key_id": "lab", "aws_secret_access_key": "lab"}
    ec2 = boto3.client("ec2", **options)
    vpc = ec2.create_vpc(CidrBlock=network.VPC)["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=network.SUBNET,
                               AvailabilityZone=f"{REGION}a")["Subnet"]["SubnetId"]
    group, node_group = _security_groups(ec2, vpc)
    _way_out(ec2, vpc, subnet)
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    made = ec2.run_instances(ImageId=image, MinCount=8, MaxCount=8, SubnetId=subnet,
                             SecurityGroupIds=[node_group])["Instances"]
    instances = {made[i]["InstanceId"]: f"10.0.1.{10 + i}" for i in range(8)}
    ec2.create_tags(Resources=list(instances), Tags=[{"Key": "Purpose", "Value": "relay"}])
    _classic(boto3.client("elb", **options), ec2, vpc, subnet, group)
    elbv2 = boto3.client("elbv2", **options)
    groups = _network(elbv2, vpc, subnet)
    open_group = _open_network(elbv2, vpc, subnet)
    (folder / "instances.json").write_text(json.dumps(instances))
    account = {"vpc": vpc, "subnet": subnet, "group": group, "node-group": node_group, "target-groups": groups,
               "open-target-group": open_group}
    (folder / "account.json").write_text(json.dumps(account))


def _security_groups(ec2, vpc: str) -> tuple[str, str]:
    """The classic load balancer's group, and the relays'. Each lets in who has to come."""
    group, node_group = (ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
                         for name in ("relay", "relay-nodes"))
    for members, ports in ((group, (25, 587)), (node_group, (25, 80, 587))):
        # The network load balancer has no group, so its address has to be let in.
        ec2.authorize_security_group_ingress(GroupId=members, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": network.VPC}]}
            for port in ports])
    return group, node_group


def _way_out(ec2, vpc: str, subnet: str) -> None:
    """The VPC's main route table leads to the internet by a NAT gateway."""
    # An address whose name leads back to it, and that the domain's SPF record names.
    address = ec2.allocate_address(Domain="vpc", Address="198.51.100.78")["AllocationId"]
    gateway = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    ec2.create_route(RouteTableId=tables[0]["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", NatGatewayId=gateway)


def classic(subnet: str, group: str, scheme: str = "internal") -> list[tuple[str, dict]]:
    """The calls that make the classic load balancer."""
    listeners = [{"Protocol": "TCP", "LoadBalancerPort": port, "InstanceProtocol": "TCP", "InstancePort": port}
                 for port in (25, 587)]
    check = {"Target": "HTTP:80/health", "Interval": 5, "Timeout": 2, "UnhealthyThreshold": 2, "HealthyThreshold": 2}
    return [
        ("create_load_balancer", {"LoadBalancerName": NAME, "Scheme": scheme, "Subnets": [subnet],
                                  "SecurityGroups": [group], "Listeners": listeners}),
        ("configure_health_check", {"LoadBalancerName": NAME, "HealthCheck": check}),
    ]


def _classic(elb, ec2, vpc: str, subnet: str, group: str) -> None:
    for call, arguments in classic(subnet, group):
        getattr(elb, call)(**arguments)
    # A load balancer that would make an open relay: anyone may come in, and Postfix sees its address, not theirs.
    door = ec2.create_security_group(GroupName="door", Description="open to the world", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=door, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 25, "ToPort": 25, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    elb.create_load_balancer(
        LoadBalancerName="open-door", Scheme="internet-facing", Subnets=[subnet], SecurityGroups=[door],
        Listeners=[{"Protocol": "TCP", "LoadBalancerPort": 25, "InstanceProtocol": "TCP", "InstancePort": 25}],
    )


def _network(elbv2, vpc: str, subnet: str) -> dict[str, str]:
    """The network load balancer, which as most has no security group. Returns its target groups' ARNs by name."""
    balancer = elbv2.create_load_balancer(Name=NETWORK_NAME, Type="network", Scheme="internal", Subnets=[subnet])
    groups = {name: _group(elbv2, vpc, name, kind, port) for name, (kind, port) in TARGET_GROUPS.items()}
    for name, (_, port) in TARGET_GROUPS.items():
        _listener(elbv2, balancer, port, groups[name])
    return groups


def _open_network(elbv2, vpc: str, subnet: str) -> str:
    """A network load balancer that would make an open relay: anyone may come in, masked. Returns its group's ARN."""
    balancer = elbv2.create_load_balancer(Name="open-door-nlb", Type="network", Scheme="internet-facing",
                                          Subnets=[subnet])
    group = _group(elbv2, vpc, "open-door", "instance", 25)
    _listener(elbv2, balancer, 25, group)
    return group


def _group(elbv2, vpc: str, name: str, kind: str, port: int) -> str:
    """Make a target group. Returns its ARN."""
    made = elbv2.create_target_group(
        Name=name, Protocol="TCP", Port=port, VpcId=vpc, TargetType=kind, HealthCheckProtocol="HTTP",
        HealthCheckPort="80", HealthCheckPath="/health", HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=2,
        HealthyThresholdCount=2, UnhealthyThresholdCount=2,
    )
    arn = made["TargetGroups"][0]["TargetGroupArn"]
    # The group hides senders as HAProxy does: Postfix sees the load balancer's address.
    elbv2.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[
        {"Key": key, "Value": "false"} for key in ("preserve_client_ip.enabled", "proxy_protocol_v2.enabled")])
    return arn


def _listener(elbv2, balancer: dict, port: int, group: str) -> None:
    elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"], Protocol="TCP", Port=port,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )

"""cloud-init/stack.yaml: what cfn-lint says of it, and what moto makes of it with each load balancer in each VPC."""

import re
import subprocess
import sys

import pytest
import yaml

from relaylab import stack

TEMPLATE = yaml.load(stack.TEMPLATE.read_text(), stack.Loader)


def test_cfn_lint_has_no_warning():
    result = subprocess.run([sys.executable, "-c", "from cfnlint.runner import main; main()", stack.TEMPLATE],
                            capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_a_command_line_may_hold_the_template():
    # CloudFormation takes no more of a template that is not in S3.
    assert len(stack.TEMPLATE.read_bytes()) <= 51200


@pytest.fixture(scope="module", params=[("classic", False), ("classic", True), ("network", False), ("network", True)],
                ids=lambda param: f"{param[0]}, {'existing' if param[1] else 'new'} VPC")
def made(request):
    """Each kind of load balancer in each kind of VPC, with 587 and two ranges of senders."""
    kind, is_in_existing_vpc = request.param
    with stack.made(is_in_existing_vpc, LoadBalancerType=kind, Submission="true",
                    SenderRanges="10.1.0.0/16,10.2.0.0/16") as made:
        assert made.status == "CREATE_COMPLETE"
        made.kind, made.is_in_existing_vpc = request.param
        yield made


def nodes_subnets(made) -> list[dict]:
    group, = made.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return made.client("ec2").describe_subnets(SubnetIds=group["VPCZoneIdentifier"].split(","))["Subnets"]


def test_only_the_senders_and_leaving_nodes_reach_the_load_balancer(made):
    senders = {(port, network) for port in (25, 587) for network in ("10.1.0.0/16", "10.2.0.0/16")}
    assert made.rules("LoadBalancerGroup") == senders | {(25, made.ids["NodeGroup"])}


def test_only_the_load_balancer_reaches_the_nodes(made):
    assert made.rules("NodeGroup") == {(port, made.ids["LoadBalancerGroup"]) for port in (25, 80, 587)}


def test_the_load_balancer_reaches_only_the_nodes(made):
    egress = made.resolved("LoadBalancerGroup")["Properties"]["SecurityGroupEgress"]
    assert {(rule["FromPort"], rule["ToPort"], rule["DestinationSecurityGroupId"]) for rule in egress} == \
        {(port, port, made.ids["NodeGroup"]) for port in (25, 80, 587)}


def test_nodes_and_load_balancer_are_in_two_zones_of_the_vpc(made):
    subnets = nodes_subnets(made)
    assert len({subnet["AvailabilityZone"] for subnet in subnets}) == 2
    vpcs = made.client("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["false"]}])["Vpcs"]
    assert {subnet["VpcId"] for subnet in subnets} == {vpc["VpcId"] for vpc in vpcs}
    assert ("Vpc" in made.ids) == (not made.is_in_existing_vpc) and len(vpcs) == 1
    name = "ClassicLoadBalancer" if made.kind == "classic" else "NetworkLoadBalancer"
    balancer = made.resolved(name)["Properties"]
    assert balancer["Subnets"] == [subnet["SubnetId"] for subnet in subnets]
    assert balancer["SecurityGroups"] == [made.ids["LoadBalancerGroup"]]
    assert balancer["Scheme"] == "internal"


def test_in_a_new_vpc_each_zones_nodes_have_a_nat_gateway_of_their_zone(made):
    ec2 = made.client("ec2")
    gateways = {gateway["NatGatewayId"]: gateway for gateway in ec2.describe_nat_gateways()["NatGateways"]}
    assert len(gateways) == (0 if made.is_in_existing_vpc else 2)
    if made.is_in_existing_vpc:
        return
    zones = {subnet["SubnetId"]: subnet["AvailabilityZone"] for subnet in ec2.describe_subnets()["Subnets"]}
    # moto makes these, but does not show them.
    associations = [made.resolved(f"{kind}RoutesOf{zone}")["Properties"] for kind in ("Public", "Private") for zone in "AB"]
    tables = {association["SubnetId"]: association["RouteTableId"] for association in associations}

    def way_out(subnet: str) -> dict:
        table, = ec2.describe_route_tables(RouteTableIds=[tables[subnet]])["RouteTables"]
        route, = (route for route in table["Routes"] if route["DestinationCidrBlock"] == "0.0.0.0/0")
        return route

    for subnet in nodes_subnets(made):
        gateway = gateways[way_out(subnet["SubnetId"])["NatGatewayId"]]
        assert zones[gateway["SubnetId"]] == subnet["AvailabilityZone"]
        assert way_out(gateway["SubnetId"])["GatewayId"] == made.ids["InternetGateway"]
    assert made.outputs["NatAddresses"].count(".") == 6


def test_the_load_balancer_takes_mail_and_checks_health_over_http_on_port_80(made):
    if made.kind == "classic":
        balancer, = made.client("elb").describe_load_balancers()["LoadBalancerDescriptions"]
        listeners = [entry["Listener"] for entry in balancer["ListenerDescriptions"]]
        assert {(listener["Protocol"], listener["LoadBalancerPort"], listener["InstancePort"])
                for listener in listeners} == {("TCP", 25, 25), ("TCP", 587, 587)}
        assert balancer["HealthCheck"]["Target"] == "HTTP:80/health"
        assert balancer["Scheme"] == "internal"
        properties = made.resolved("ClassicLoadBalancer")["Properties"]
        assert properties["CrossZone"] is True and properties["ConnectionSettings"]["IdleTimeout"] >= 60
        return
    client = made.client("elbv2")
    balancer, = client.describe_load_balancers()["LoadBalancers"]
    assert (balancer["Type"], balancer["Scheme"]) == ("network", "internal")
    groups = {group["TargetGroupArn"]: group for group in client.describe_target_groups()["TargetGroups"]}
    assert sorted(group["Port"] for group in groups.values()) == [25, 587]
    for group in groups.values():
        assert (group["HealthCheckProtocol"], group["HealthCheckPort"], group["HealthCheckPath"]) == ("HTTP", "80", "/health")
        assert (group["Protocol"], group["TargetType"]) == ("TCP", "instance")
    for listener in client.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]:
        action, = listener["DefaultActions"]
        assert groups.pop(action["TargetGroupArn"])["Port"] == listener["Port"]
    assert groups == {}
    for name in ("MailTargets", "SubmissionTargets"):
        attributes = {attribute["Key"]: attribute["Value"]
                      for attribute in made.resolved(name)["Properties"]["TargetGroupAttributes"]}
        assert attributes["preserve_client_ip.enabled"] == "true" and attributes["proxy_protocol_v2.enabled"] == "false"


def test_metadata_needs_a_token_and_holds_the_tags_and_the_disk_is_encrypted(made):
    data = made.template_data()
    assert data["MetadataOptions"] == {"HttpEndpoint": "enabled", "HttpTokens": "required", "HttpPutResponseHopLimit": 1,
                                       "InstanceMetadataTags": "enabled"}
    disk, = data["BlockDeviceMappings"]
    assert disk["Ebs"]["Encrypted"] is True
    assert data["SecurityGroupIds"] == [made.ids["NodeGroup"]]
    assert "KeyName" not in data


def test_the_user_data_is_the_script_with_the_stacks_values(made):
    if made.kind == "classic":
        joined = f'classic = ["{made.ids["ClassicLoadBalancer"]}"]'
    else:
        joined = f'target_groups = ["{made.ids["MailTargets"]}", "{made.ids["SubmissionTargets"]}"]'
    assert made.user_data() == stack.script(joined)


def test_the_tags_are_settings_that_the_agent_takes(made, binary):
    tags = made.tags()
    assert tags.pop("Name") == stack.NAME
    assert all(re.fullmatch(r"[A-Za-z0-9+=.,_:@-]+", key) and len(value) <= 256 for key, value in tags.items())
    # The tags become variables, which are read as tags are.
    variables = {key.replace("smtp-relay:", "SMTP_RELAY_").replace(".", "_").upper().replace("SMTP-RELAY:", ""): value
                 for key, value in tags.items()}
    shown = subprocess.run([binary, "config", "show", "--no-tags", "--set", "mail.domain=example.com"], env=variables,
                           capture_output=True, text=True, check=True).stdout
    set_by_tag = dict(re.findall(r"^([a-z_.]+) = (.*?) +# environment ", shown, re.M))
    assert len(set_by_tag) == len(tags)
    assert set_by_tag["mail.networks"] == ('["vpc", "10.1.0.0/16", "10.2.0.0/16"]' if made.kind == "network" else '["vpc"]')
    assert set_by_tag["mail.submission"] == "true" and set_by_tag["mail.proxy_protocol"] == "false"
    hooks = {hook["LifecycleTransition"].rpartition("_")[2]: hook["LifecycleHookName"] for hook in
             made.resolved("RelayNodes")["Properties"]["LifecycleHookSpecificationList"]}
    assert set_by_tag["auto_scaling.launch_hook"] == f'"{hooks["LAUNCHING"]}"'
    assert set_by_tag["auto_scaling.termination_hook"] == f'"{hooks["TERMINATING"]}"'
    assert set_by_tag["cloudformation.stack"] == f'"{stack.NAME}"'
    assert made.resolved(set_by_tag["cloudformation.resource"].strip('"'))["Type"] == "AWS::AutoScaling::AutoScalingGroup"


def test_the_group_has_two_nodes_or_more_and_waits_for_their_word(made):
    group, = made.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert (group["MinSize"], group["MaxSize"], len(group["Instances"])) == (2, 4, 2)
    assert group["LaunchTemplate"]["LaunchTemplateId"] == made.ids["NodeTemplate"]
    assert TEMPLATE["Parameters"]["MinSize"]["MinValue"] == 2
    resource = made.resolved("RelayNodes")
    assert resource["CreationPolicy"]["ResourceSignal"] == {"Count": 2, "Timeout": "PT30M"}
    update = resource["UpdatePolicy"]["AutoScalingRollingUpdate"]
    assert update["WaitOnResourceSignals"] is True and update["PauseTime"] == "PT30M"
    assert update["MinInstancesInService"] == 2


def test_the_hooks_wait_longer_than_the_agent_may_take(made, binary):
    shown = subprocess.run([binary, "config", "show", "--no-tags", "--set", "mail.domain=example.com"],
                           capture_output=True, text=True, check=True).stdout
    launching, terminating = made.resolved("RelayNodes")["Properties"]["LifecycleHookSpecificationList"]
    assert 'bootstrap.timeout = "20m"' in shown and 'shutdown.drain_timeout = "110s"' in shown
    assert launching["HeartbeatTimeout"] >= 25 * 60 and launching["DefaultResult"] == "ABANDON"
    assert terminating["HeartbeatTimeout"] >= 2 * 110 and terminating["DefaultResult"] == "CONTINUE"


def test_all_that_a_booting_node_needs_is_made_before_the_group(made):
    """By what the group waits for, and what that refers to, to the end."""
    resources, seen, waiting = TEMPLATE["Resources"], set(), ["RelayNodes"]
    while waiting:
        name = waiting.pop()
        if name in resources and name not in seen:
            seen.add(name)
            text = str(resources[name])
            waiting += re.findall(r"'Ref': '(\w+)'", text) + re.findall(r"'Fn::GetAtt': \['(\w+)'", text)
            depends = resources[name].get("DependsOn", [])
            waiting += [depends] if isinstance(depends, str) else depends
    # Senders and leaving nodes may come later.
    late = {name for name in resources if re.fullmatch(r"(Mail|Submission)Senders\d|MailOfLeavingNodes", name)}
    assert set(resources) - seen == late | {"Name", "DoctorPolicy"}


def test_each_action_is_limited_to_what_is_the_stacks_own(made):
    account = f"{stack.REGION}:{stack.ACCOUNT}"
    for statement in made.statements():
        resources = [statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"]
        only_reads = all(re.match(r"\w+:Describe", action) for action in statement["Action"])
        # AWS knows no limits for Describe.
        assert (resources == ["*"]) == only_reads
        assert not any("*" in action for action in statement["Action"])
    by_action = {action: statement["Resource"] for statement in made.statements() for action in statement["Action"]}
    group, = made.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    pattern = re.escape(by_action["autoscaling:CompleteLifecycleAction"]).replace(r"\*", ".*")
    assert re.fullmatch(pattern, group["AutoScalingGroupARN"])
    assert by_action["cloudformation:SignalResource"].startswith(f"arn:aws:cloudformation:{account}:stack/{stack.NAME}/")
    if made.kind == "classic":
        assert by_action["elasticloadbalancing:RegisterInstancesWithLoadBalancer"] == \
            [f"arn:aws:elasticloadbalancing:{account}:loadbalancer/{made.ids['ClassicLoadBalancer']}"]
    else:
        assert by_action["elasticloadbalancing:RegisterTargets"] == \
            [made.ids["MailTargets"], made.ids["SubmissionTargets"]]

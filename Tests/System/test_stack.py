"""cloud-init/stack.yaml: what cfn-lint says of it, and what moto makes of it with each load balancer in each VPC."""

import re
import subprocess
import sys
import tomllib

import pytest

from relaylab import stack, template

TEMPLATE = template.text()


def test_cfn_lint_has_no_warning():
    result = subprocess.run([sys.executable, "-c", "from cfnlint.runner import main; main()", template.TEMPLATE],
                            capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_a_command_line_may_hold_the_template():
    # CloudFormation takes no more of a template that is not in S3.
    assert len(template.TEMPLATE.read_bytes()) <= 51200


@pytest.fixture(scope="module", params=[("classic", False), ("classic", True), ("network", False), ("network", True), ("both", False)],
                ids=lambda param: f"{param[0]}, {'existing' if param[1] else 'new'} VPC")
def made(request):
    """Each kind of load balancer in each kind of VPC, with 587 and two ranges of senders."""
    kind, is_in_existing_vpc = request.param
    with stack.made(is_in_existing_vpc, LoadBalancerType=kind, Submission="true",
                    SenderRanges="10.1.0.0/16,10.2.0.0/16") as made:
        assert made.status == "CREATE_COMPLETE"
        made.kind, made.is_in_existing_vpc = request.param
        yield made


def test_the_user_data_fits_into_an_instance(made):
    assert len(made.user_data().encode()) < 16384


def test_no_rule_of_a_range_is_a_resource_of_its_own():
    """CloudFormation makes the new one before it deletes the old one, and may so delete a range that is still wanted."""
    for resource in TEMPLATE["Resources"].values():
        if resource["Type"] == "AWS::EC2::SecurityGroupIngress":
            assert "SourceSecurityGroupId" in resource["Properties"] and "CidrIp" not in resource["Properties"]


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
    names = {"classic": ["ClassicLoadBalancer"], "network": ["NetworkLoadBalancer"],
             "both": ["ClassicLoadBalancer", "NetworkLoadBalancer"]}[made.kind]
    for name in names:
        balancer = made.resolved(name)["Properties"]
        # In a new VPC, the nodes' subnets do not hold its addresses.
        assert balancer["Subnets"] == ([subnet["SubnetId"] for subnet in subnets] if made.is_in_existing_vpc else
                                       [made.ids["PublicSubnetA"], made.ids["PublicSubnetB"]])
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


def test_a_classic_load_balancer_takes_mail_and_checks_health_as_often_as_it_can(made):
    balancers = made.client("elb").describe_load_balancers()["LoadBalancerDescriptions"]
    assert len(balancers) == (0 if made.kind == "network" else 1)
    for balancer in balancers:
        listeners = [entry["Listener"] for entry in balancer["ListenerDescriptions"]]
        assert {(listener["Protocol"], listener["LoadBalancerPort"], listener["InstancePort"])
                for listener in listeners} == {("TCP", 25, 25), ("TCP", 587, 587)}
        assert balancer["HealthCheck"] == {"Target": "HTTP:80/health", "Interval": 5, "Timeout": 4, "HealthyThreshold": 2,
                                           "UnhealthyThreshold": 2}
        assert balancer["Scheme"] == "internal"
        properties = made.resolved("ClassicLoadBalancer")["Properties"]
        assert properties["CrossZone"] is True and properties["ConnectionSettings"]["IdleTimeout"] >= 60
        assert "AccessLoggingPolicy" not in properties


def test_a_network_load_balancer_takes_mail_and_checks_health_as_often_as_it_can(made):
    client = made.client("elbv2")
    balancers = client.describe_load_balancers()["LoadBalancers"]
    assert len(balancers) == (0 if made.kind == "classic" else 1)
    for balancer in balancers:
        assert (balancer["Type"], balancer["Scheme"]) == ("network", "internal")
        groups = {group["TargetGroupArn"]: group for group in client.describe_target_groups()["TargetGroups"]}
        assert sorted(group["Port"] for group in groups.values()) == [25, 587]
        for group in groups.values():
            assert (group["HealthCheckProtocol"], group["HealthCheckPort"], group["HealthCheckPath"]) == ("HTTP", "80", "/health")
            assert (group["HealthCheckIntervalSeconds"], group["HealthCheckTimeoutSeconds"], group["HealthyThresholdCount"],
                    group["UnhealthyThresholdCount"]) == (5, 4, 2, 2)
            assert (group["Protocol"], group["TargetType"]) == ("TCP", "instance")
        for listener in client.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]:
            action, = listener["DefaultActions"]
            assert groups.pop(action["TargetGroupArn"])["Port"] == listener["Port"]
        assert groups == {}
        for name in ("MailTargets", "SubmissionTargets"):
            attributes = {attribute["Key"]: attribute["Value"]
                          for attribute in made.resolved(name)["Properties"]["TargetGroupAttributes"]}
            assert attributes["preserve_client_ip.enabled"] == "true" and attributes["proxy_protocol_v2.enabled"] == "false"


def test_the_output_adds_up_how_long_a_launch_takes(made):
    total, *parts = map(int, re.findall(r"(\d+) s\b", made.outputs["LaunchTime"]))
    assert total == sum(parts) and ("registration" in made.outputs["LaunchTime"]) == (made.kind != "classic")
    checks = made.resolved("ClassicLoadBalancer")["Properties"]["HealthCheck"] if made.kind == "classic" else None
    # Two checks, at their interval.
    assert parts[-1] == (int(checks["Interval"]) * int(checks["HealthyThreshold"]) if checks else 2 * 5)
    assert "two health checks" in made.outputs["LaunchTime"]


def test_metadata_needs_a_token_and_holds_no_tags_and_the_disk_is_encrypted(made):
    """EC2 launches no instance with tags in metadata if a tag's key, also one of the stack, has a blank or a slash."""
    data = made.template_data()
    assert data["MetadataOptions"] == {"HttpEndpoint": "enabled", "HttpTokens": "required", "HttpPutResponseHopLimit": 1,
                                       "InstanceMetadataTags": "disabled"}
    assert made.tags() == {"Name": stack.NAME}
    disk, = data["BlockDeviceMappings"]
    assert disk["Ebs"]["Encrypted"] is True
    assert data["SecurityGroupIds"] == [made.ids["NodeGroup"]]
    assert "KeyName" not in data


def test_the_user_data_is_the_script_with_the_stacks_values(made):
    assert made.user_data() == stack.script(made.settings())


def test_the_settings_are_all_in_user_data_and_the_agent_takes_them(made, binary, tmp_path):
    settings = tomllib.loads(made.settings())
    assert settings["mail"]["domain"] == "example.com" and "hostname" not in settings["mail"]
    assert settings["mail"]["networks"] == ["vpc"] + ([] if made.kind == "classic" else ["10.1.0.0/16", "10.2.0.0/16"])
    assert settings["mail"]["submission"] is True and settings["mail"]["proxy_protocol"] is False
    balancers = {}
    if made.kind != "network":
        balancers["classic"] = [made.ids["ClassicLoadBalancer"]]
    if made.kind != "classic":
        balancers["target_groups"] = [made.ids["MailTargets"], made.ids["SubmissionTargets"]]
    assert settings["load_balancer"] == balancers
    hooks = {hook["LifecycleTransition"].rpartition("_")[2]: hook["LifecycleHookName"] for hook in
             made.resolved("RelayNodes")["Properties"]["LifecycleHookSpecificationList"]}
    assert settings["auto_scaling"] == {"launch_hook": hooks["LAUNCHING"], "termination_hook": hooks["TERMINATING"]}
    assert settings["cloudformation"]["stack"] == stack.NAME
    assert made.resolved(settings["cloudformation"]["resource"])["Type"] == "AWS::AutoScaling::AutoScalingGroup"
    path = tmp_path / "config.toml"
    path.write_text(made.settings())
    checked = subprocess.run([binary, "config", "check", "--config", path], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


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
    # Names lead to the load balancer only once there are nodes.
    assert set(resources) - seen == {"Name", "NatName"}
    assert resources["Name"]["DependsOn"] == "RelayNodes"


def test_each_action_is_limited_to_what_is_the_stacks_own(made):
    account = f"{stack.REGION}:{stack.ACCOUNT}"
    for statement in made.statements():
        resources = [statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"]
        # AWS knows no limits for these.
        is_unlimited = all(re.match(r"\w+:Describe|ssmmessages:|ssm:UpdateInstanceInformation", action)
                           for action in statement["Action"])
        assert (resources == ["*"]) == is_unlimited
        assert not any("*" in action for action in statement["Action"])
    by_action = {action: statement["Resource"] for statement in made.statements() for action in statement["Action"]}
    group, = made.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    pattern = re.escape(by_action["autoscaling:CompleteLifecycleAction"]).replace(r"\*", ".*")
    assert re.fullmatch(pattern, group["AutoScalingGroupARN"])
    assert by_action["cloudformation:SignalResource"].startswith(f"arn:aws:cloudformation:{account}:stack/{stack.NAME}/")
    # Those of both kinds, also of one that is no longer there: its nodes have to leave it.
    allowed = by_action["elasticloadbalancing:RegisterInstancesWithLoadBalancer"]
    assert allowed == by_action["elasticloadbalancing:DeregisterTargets"] and len(allowed) == 2
    groups = [made.ids[name] for name in ("MailTargets", "SubmissionTargets") if name in made.ids]
    classic = [f"arn:aws:elasticloadbalancing:{account}:loadbalancer/{made.ids['ClassicLoadBalancer']}"] if made.kind != "network" else []
    assert len(groups + classic) == {"classic": 1, "network": 2, "both": 3}[made.kind]
    for arn in groups + classic:
        assert [one for one in allowed if re.fullmatch(re.escape(one).replace(r"\*", "[^:]*"), arn)], arn
    # The name is of this stack alone.
    own = made.client("cloudformation").describe_stacks(StackName=stack.NAME)["Stacks"][0]["StackId"].split("/")[2].split("-")[0]
    assert all(f"/smtp-relay-{own}" in one for one in allowed)

"""The options of cloud-init/stack.yaml, and the pages' texts about them."""

import re
import shlex
import subprocess

import pytest
import yaml

from pages import blocks, section
from relaylab import paths, stack

PAGE = "cloud-init/README.md"
TEMPLATE = yaml.load(stack.TEMPLATE.read_text(), stack.Loader)
EVERYTHING = {
    "Submission": "true", "SenderRanges": "10.1.0.0/16,10.2.0.0/16,10.3.0.0/16,192.168.7.0/24", "Proxy": "http://proxy:3128",
    "RecordName": "smtp.example.com", "AgentUrl": "s3://bucket/agents/1.0/smtp-relay-agent",
    "UpstreamHost": "email-smtp.us-east-1.amazonaws.com", "UpstreamUsername": "AKIA",
    "UpstreamPasswordParameter": "/relay/password", "UpstreamPasswordKey": "arn:aws:kms:us-east-1:123456789012:key/1",
}


@pytest.fixture
def full():
    """Everything that may be asked for."""
    with stack.made(**EVERYTHING) as made:
        yield made


def test_one_range_of_senders_is_one_rule_and_without_587_it_is_shut():
    with stack.made(SenderRanges="10.1.0.0/16") as made:
        assert made.rules("LoadBalancerGroup") == {(25, "10.1.0.0/16"), (25, made.ids["NodeGroup"])}
        assert made.rules("NodeGroup") == {(port, made.ids["LoadBalancerGroup"]) for port in (25, 80)}
        balancer, = made.client("elb").describe_load_balancers()["LoadBalancerDescriptions"]
        assert [entry["Listener"]["LoadBalancerPort"] for entry in balancer["ListenerDescriptions"]] == [25]


def test_up_to_four_ranges_of_senders_are_let_in(full):
    networks = EVERYTHING["SenderRanges"].split(",")
    assert full.rules("LoadBalancerGroup") == \
        {(port, network) for port in (25, 587) for network in networks} | {(25, full.ids["NodeGroup"])}


@pytest.mark.parametrize("submission, ports", [("true", [25, 587]), ("false", [25])])
def test_a_classic_load_balancer_speaks_the_proxy_protocol_where_the_nodes_expect_it(submission, ports):
    for wanted in ("true", "false"):
        with stack.made(ProxyProtocol=wanted, Submission=submission) as made:
            elb = made.client("elb")
            balancer, = elb.describe_load_balancers()["LoadBalancerDescriptions"]
            name = balancer["LoadBalancerName"]
            proxied = {backend["InstancePort"]: backend["PolicyNames"] for backend in balancer["BackendServerDescriptions"]}
            assert made.tags()["smtp-relay:proxy_protocol"] == wanted
            # Postfix then sees the senders themselves, and else the load balancer alone.
            assert made.tags()["smtp-relay:networks"] == ("vpc,10.0.0.0/16" if wanted == "true" else "vpc")
            if wanted == "false":
                assert proxied == {}
                continue
            assert proxied == {port: ["proxy-protocol"] for port in ports}
            policy, = elb.describe_load_balancer_policies(LoadBalancerName=name)["PolicyDescriptions"]
            assert policy["PolicyTypeName"] == "ProxyProtocolPolicyType"
            # moto keeps CloudFormation's own names of these, and shows none.
            said, = made.resolved("ClassicLoadBalancer")["Properties"]["Policies"]
            assert said["Attributes"] == [{"Name": "ProxyProtocol", "Value": "true"}]


@pytest.mark.parametrize("submission, ports", [("true", [25, 587]), ("false", [25])])
def test_the_target_groups_speak_the_proxy_protocol_where_the_nodes_expect_it(submission, ports):
    for wanted in ("true", "false"):
        with stack.made(LoadBalancerType="network", ProxyProtocol=wanted, Submission=submission) as made:
            assert made.tags()["smtp-relay:proxy_protocol"] == wanted
            groups = made.client("elbv2").describe_target_groups()["TargetGroups"]
            # The health checks have the header as well, and come to the one port that the nodes' group lets in.
            assert sorted((group["Port"], group["HealthCheckPort"]) for group in groups) == [(port, "80") for port in ports]
            assert "smtp-relay:health.proxy_port" not in made.tags()
            for name in ("MailTargets", "SubmissionTargets")[:len(ports)]:
                attributes = {attribute["Key"]: attribute["Value"]
                              for attribute in made.resolved(name)["Properties"]["TargetGroupAttributes"]}
                assert attributes["proxy_protocol_v2.enabled"] == wanted


def test_with_the_proxy_protocol_a_node_may_see_who_reaches_it():
    with stack.made(ProxyProtocol="true", DoctorPermissions="false") as made:
        assert {action for action in made.actions() if action.startswith("ec2:")} == {
            "ec2:DescribeSecurityGroups", "ec2:GetManagedPrefixListEntries"}


def test_a_smarthost_is_in_the_settings_and_its_password_may_be_read(full, binary, tmp_path):
    joined = f'classic = ["{full.ids["ClassicLoadBalancer"]}"]\n\n[mail.upstream]\n' \
        'host = "email-smtp.us-east-1.amazonaws.com"\nusername = "AKIA"\npassword_parameter = "/relay/password"'
    assert full.user_data() == stack.script(joined, EVERYTHING["AgentUrl"], EVERYTHING["Proxy"])
    settings = tmp_path / "config.toml"
    text = full.user_data().split("<<'SETTINGS'\n")[1].split("SETTINGS\n")[0]
    # CloudFormation keeps 32 characters of a name that it makes; moto does not.
    settings.write_text(text.replace(full.ids["ClassicLoadBalancer"], "smtp-relay"))
    subprocess.run([binary, "config", "check", "--config", settings], check=True)
    resources = {action: statement["Resource"] for statement in full.statements() for action in statement["Action"]}
    assert resources["ssm:GetParameter"] == f"arn:aws:ssm:{stack.REGION}:{stack.ACCOUNT}:parameter/relay/password"
    assert resources["kms:Decrypt"] == EVERYTHING["UpstreamPasswordKey"]


def test_a_smarthost_without_a_login_is_in_the_settings():
    with stack.made(UpstreamHost="relay.example.net") as made:
        assert '"]\n\n[mail.upstream]\nhost = "relay.example.net"\nSETTINGS\n' in made.user_data()
        assert not {"ssm:GetParameter", "kms:Decrypt"} & made.actions()


def test_a_binary_in_s3_may_be_read_and_nothing_else_there(full):
    fetched, = (statement for statement in full.statements() if "s3:GetObject" in statement["Action"])
    assert fetched["Resource"] == "arn:aws:s3:::bucket/agents/1.0/smtp-relay-agent"


def test_a_binary_elsewhere_needs_no_permission():
    with stack.made() as made:
        assert "s3:GetObject" not in made.actions()


def test_a_name_leads_to_the_load_balancer(full):
    record = full.resolved("Name")["Properties"]
    zone, = full.client("route53").list_hosted_zones()["HostedZones"]
    records = full.client("route53").list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    record, = (record for record in records if record["Type"] == "CNAME")
    assert record["Name"].rstrip(".") == "smtp.example.com"
    assert record["ResourceRecords"][0]["Value"].startswith(full.ids["ClassicLoadBalancer"])
    assert full.outputs["RelayHost"] == "[smtp.example.com]:25"


def test_the_doctors_permissions_can_be_left_out():
    with stack.made(DoctorPermissions="false") as made:
        assert not any(action.startswith("ec2:") for action in made.actions())


# The texts of the pages


def on_the_page() -> dict[str, str]:
    """The actions of the page's table, each with why."""
    table = section(PAGE, "## Permissions")
    return {action: why for action, why in re.findall(r"^\| `(\w+:\w+)` \|.*\| ([^|]+) \|$", table, re.M)}


def test_the_page_has_each_action_and_why():
    found = set()
    for kind in ("classic", "network"):
        with stack.made(LoadBalancerType=kind, **EVERYTHING) as made:
            found |= made.actions()
    listed = on_the_page()
    assert found == set(listed) - {"ec2:DescribeTags"}
    assert all(len(why.split()) > 1 for why in listed.values())


def test_the_pages_actions_are_those_that_the_agent_calls():
    sources = "".join(path.read_text() for path in (paths.REPOSITORY / "Sources/AWS").glob("**/*.swift"))
    verbs = "Complete|Deregister|Describe|Get|Record|Register|Signal"
    called = {name for name in re.findall(rf'"((?:{verbs})[A-Z]\w+)"', sources) if not name.endswith("Result")}
    # The download and Systems Manager call these on the node's behalf.
    assert {action.split(":")[1] for action in on_the_page()} - called == {"GetObject", "Decrypt"}
    assert called <= {action.split(":")[1] for action in on_the_page()}


@pytest.mark.parametrize("block", blocks("sh aws"))
def test_each_command_of_the_pages_makes_the_stack(block):
    checksum = "$(sha256sum .build/release/smtp-relay-agent | cut -c1-64)"
    assert block.count(checksum) == 1
    words = shlex.split(block.replace(checksum, "0" * 64).replace("\\\n", " "))
    assert words[:3] == ["aws", "cloudformation", "deploy"]
    options = dict(zip(words[3::2], words[4::2]))
    assert options["--template-file"] == "cloud-init/stack.yaml" and options["--capabilities"] == "CAPABILITY_IAM"
    at = words.index("--parameter-overrides")
    assert at == 9
    given = dict(word.split("=", 1) for word in words[at + 1:])
    declared = TEMPLATE["Parameters"]
    assert {name for name, parameter in declared.items() if "Default" not in parameter} == set(stack.REQUIRED)
    assert set(stack.REQUIRED) <= set(given) <= set(declared)
    for name, value in given.items():
        allowed = declared[name]
        assert value in allowed["AllowedValues"] if "AllowedValues" in allowed else re.fullmatch(allowed["AllowedPattern"], value)
    # The account has a VPC of its own in place of the page's.
    with stack.made(is_in_existing_vpc="VpcId" in given, **given) as made:
        assert made.status == "CREATE_COMPLETE"


def test_the_page_has_every_parameter():
    table = section(PAGE, "## The stack").split("| parameter | |\n")[1].split("\n\n")[0]
    rows = [row.split("|")[1] for row in table.splitlines()[1:]]
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(TEMPLATE["Parameters"])


@pytest.mark.parametrize("name, good, bad", [
    ("SubnetIds", "subnet-0a1,subnet-0b2", "subnet-0a1"),
    ("SenderRanges", "10.0.0.0/16,10.1.0.0/8", "10.0.0.0/16, 10.1.0.0/16"),
    ("SenderRanges", "192.168.1.7/32", "0.0.0.0/0"),
    ("SenderRanges", "10.1.0.0/16,10.2.0.0/16,10.3.0.0/16,10.4.0.0/16", "10.1.0.0/16" + 4 * ",10.2.0.0/16"),
    ("VpcId", "vpc-0123", "sg-0123"),
    ("AgentUrl", "s3://bucket/key", "http://example.com/agent"),
    ("AgentUrl", "https://example.com/a?b=c&d=e", "https://example.com/agent'; reboot '"),
    ("Proxy", "http://proxy.internal:3128", "proxy'"),
    ("MailDomain", "mail.example.com", 'example.com"\n[x]'),
    ("UpstreamUsername", "AKIA+a/b=", 'AKIA"'),
])
def test_a_parameter_is_checked_before_anything_is_made(name, good, bad):
    pattern = TEMPLATE["Parameters"][name]["AllowedPattern"]
    assert re.fullmatch(pattern, good) and not re.fullmatch(pattern, bad)

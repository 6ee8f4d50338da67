"""The options of cloud-init/stack.yaml, and the pages' texts about them."""

import json
import re
import shlex
import subprocess
import tomllib

import pytest

from pages import blocks, section
from relaylab import monitoring, paths, stack, template

PAGE = "cloud-init/README.md"
TEMPLATE = template.text()
EVERYTHING = {
    "Submission": "true", "SenderRanges": "10.1.0.0/16,10.2.0.0/16,10.3.0.0/16,192.168.7.0/24", "Proxy": "http://proxy:3128",
    "NoProxy": ".amazonaws.com,10.0.0.0/8", "RecordName": "smtp.example.com", "Hostname": "mail.example.com", "AgentUrl": "s3://bucket/agents/1.0/smtp-relay-agent",
    "UpstreamHost": "email-smtp.us-east-1.amazonaws.com", "UpstreamUsername": "AKIA",
    "UpstreamPasswordParameter": "/relay/password", "UpstreamPasswordKey": "arn:aws:kms:us-east-1:123456789012:key/1",
    "DkimDomain": "example.com", "DkimSelector": "relay2026", "DkimKeyParameter": "/relay/dkim",
    "DkimKmsKey": "arn:aws:kms:us-east-1:123456789012:key/2", "DkimRecord": '"v=DKIM1; k=rsa; p=abc" "def"',
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
            mail = tomllib.loads(made.settings())["mail"]
            assert mail["proxy_protocol"] == (wanted == "true")
            # Postfix then sees the senders and leaving nodes themselves, and else the load balancer alone.
            assert mail["networks"] == (["10.25.128.0/24", "10.25.129.0/24", "10.0.0.0/16"] if wanted == "true" else ["vpc"])
            # The doctor warns where they hold the load balancer's own addresses.
            subnets = made.client("ec2").describe_subnets(SubnetIds=made.resolved("ClassicLoadBalancer")["Properties"]["Subnets"])
            assert not {subnet["CidrBlock"] for subnet in subnets["Subnets"]} & set(mail["networks"])
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
            assert tomllib.loads(made.settings())["mail"]["proxy_protocol"] == (wanted == "true")
            groups = made.client("elbv2").describe_target_groups()["TargetGroups"]
            # The health checks have the header as well, and come to the one port that the nodes' group lets in.
            assert sorted((group["Port"], group["HealthCheckPort"]) for group in groups) == [(port, "80") for port in ports]
            assert "health" not in tomllib.loads(made.settings())
            for name in ("MailTargets", "SubmissionTargets")[:len(ports)]:
                attributes = {attribute["Key"]: attribute["Value"]
                              for attribute in made.resolved(name)["Properties"]["TargetGroupAttributes"]}
                assert attributes["proxy_protocol_v2.enabled"] == wanted


def test_with_the_proxy_protocol_a_node_may_see_who_reaches_it():
    with stack.made(ProxyProtocol="true", DoctorPermissions="false") as made:
        assert {action for action in made.actions() if action.startswith("ec2:")} == {
            "ec2:DescribeSecurityGroups", "ec2:GetManagedPrefixListEntries"}


def test_a_smarthost_is_in_the_settings_and_its_password_may_be_read(full, binary, tmp_path):
    assert full.user_data() == stack.script(full.settings(), EVERYTHING["AgentUrl"], EVERYTHING["Proxy"], EVERYTHING["NoProxy"])
    assert tomllib.loads(full.settings())["mail"]["upstream"] == {
        "host": "email-smtp.us-east-1.amazonaws.com", "username": "AKIA", "password_parameter": "/relay/password"}
    settings = tmp_path / "config.toml"
    settings.write_text(full.settings())
    subprocess.run([binary, "config", "check", "--config", settings], check=True)
    assert f"arn:aws:ssm:{stack.REGION}:{stack.ACCOUNT}:parameter/relay/password" in allowed(full, "ssm:GetParameter")
    assert EVERYTHING["UpstreamPasswordKey"] in allowed(full, "kms:Decrypt")


def allowed(made, action: str) -> list[str]:
    """The resources on which the nodes may do something."""
    return [statement["Resource"] for statement in made.statements() if action in statement["Action"]]


DKIM = {name: value for name, value in EVERYTHING.items() if name.startswith("Dkim")}


def test_the_record_of_a_signing_key_is_published(full):
    published, = records(full, "TXT").items()
    assert published[0] == "relay2026._domainkey.example.com"
    assert [value["Value"] for value in published[1]["ResourceRecords"]] == [EVERYTHING["DkimRecord"]]


def test_a_signing_key_is_in_the_settings_and_may_be_read(binary, tmp_path):
    with stack.made(**{name: value for name, value in DKIM.items() if name != "DkimRecord"}) as made:
        assert allowed(made, "ssm:GetParameter") == [f"arn:aws:ssm:{stack.REGION}:{stack.ACCOUNT}:parameter/relay/dkim"]
        assert allowed(made, "kms:Decrypt") == [EVERYTHING["DkimKmsKey"]] and "DkimName" not in made.ids
        assert tomllib.loads(made.settings())["mail"]["dkim"] == [
            {"domain": "example.com", "selector": "relay2026", "key_parameter": "/relay/dkim"}]
        settings = tmp_path / "config.toml"
        settings.write_text(made.settings())
    subprocess.run([binary, "config", "check", "--config", settings], check=True)


def test_the_record_of_a_former_key_stays_until_an_operator_deletes_it():
    """Mail that was signed by it is still on its way. The nodes wait for the new one."""
    assert TEMPLATE["Resources"]["DkimName"]["UpdateReplacePolicy"] == "Retain"
    assert {"Ref": "DkimName"} in TEMPLATE["Resources"]["RelayNodes"]["Metadata"]["Records"]["Fn::If"]


def test_the_stack_takes_the_record_that_the_agent_prints(binary, tmp_path):
    key = tmp_path / "key.pem"
    made = subprocess.run([binary, "dkim", "generate", "--domain", "example.com", "--selector", "s1", "--file", key],
                          capture_output=True, text=True, check=True).stdout
    printed, = re.findall(r"^Value for Route 53.*:\n(.+)$", made, re.M)
    given = {"DkimDomain": "example.com", "DkimSelector": "s1", "DkimKeyParameter": "/k", "DkimRecord": printed, "HostedZoneId": "Z1"}
    assert template.Template(**stack.REQUIRED, **given).refusals() == []


def test_a_smarthost_without_a_login_is_in_the_settings():
    with stack.made(UpstreamHost="relay.example.net") as made:
        assert tomllib.loads(made.settings())["mail"]["upstream"] == {"host": "relay.example.net"}
        assert not {"ssm:GetParameter", "kms:Decrypt"} & made.actions()


@pytest.mark.parametrize("place, action, resource", [
    ("ssm:/smtp-relay/config", "ssm:GetParameter", f"arn:aws:ssm:{stack.REGION}:{stack.ACCOUNT}:parameter/smtp-relay/config"),
    ("s3://bucket/a/fleet.toml", "s3:GetObject", "arn:aws:s3:::bucket/a/fleet.toml"),
])
def test_the_fleets_settings_may_be_read_and_say_who_may_send(binary, tmp_path, place, action, resource):
    with stack.made(FleetSettings=place, LoadBalancerType="network") as made:
        settings = tomllib.loads(made.settings())
        assert settings["fleet"] == {"settings": place}
        assert not {"networks", "allow_public_networks"} & set(settings["mail"])
        path = tmp_path / "config.toml"
        path.write_text(made.settings())
        subprocess.run([binary, "config", "check", "--config", path], check=True)
        assert [statement["Resource"] for statement in made.statements() if action in statement["Action"]] == [resource]


def test_without_a_place_of_the_fleets_settings_none_may_be_read():
    with stack.made() as made:
        assert "fleet" not in tomllib.loads(made.settings())
        assert not {"ssm:GetParameter", "s3:GetObject"} & made.actions()


def test_a_binary_in_s3_may_be_read_and_nothing_else_there(full):
    fetched, = (statement for statement in full.statements() if "s3:GetObject" in statement["Action"])
    assert fetched["Resource"] == "arn:aws:s3:::bucket/agents/1.0/smtp-relay-agent"


def test_a_binary_elsewhere_needs_no_permission():
    with stack.made() as made:
        assert "s3:GetObject" not in made.actions()


def records(made, kind: str = "A") -> dict[str, dict]:
    zone, = made.client("route53").list_hosted_zones()["HostedZones"]
    found = made.client("route53").list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    return {record["Name"].rstrip("."): record for record in found if record["Type"] == kind}


@pytest.mark.parametrize("kind", ["classic", "network", "both"])
def test_a_name_leads_to_the_load_balancer(kind):
    """As an alias, which may be the name of a zone itself. Of two load balancers, to the network load balancer."""
    with stack.made(LoadBalancerType=kind, RecordName="example.com") as made:
        target = records(made)["example.com"]["AliasTarget"]
        balancer = "ClassicLoadBalancer" if kind == "classic" else "NetworkLoadBalancer"
        assert target["DNSName"].rstrip(".") == made.attribute(balancer, "DNSName")
        assert made.outputs["RelayHost"] == "[example.com]:25"


def test_nodes_greet_with_a_name_that_leads_to_the_nat_addresses(full, binary):
    assert tomllib.loads(full.settings())["mail"]["hostname"] == "mail.example.com"
    addresses = full.outputs["NatAddresses"].split(", ")
    assert [value["Value"] for value in records(full)["mail.example.com"]["ResourceRecords"]] == addresses
    assert full.outputs["PtrRecords"] == ", ".join(f"{address} PTR mail.example.com" for address in addresses)


def test_without_a_zone_the_name_is_only_greeted_with():
    for in_existing_vpc in (False, True):
        with stack.made(is_in_existing_vpc=in_existing_vpc) as made:
            made.update(Hostname="mail.example.net")
            assert tomllib.loads(made.settings())["mail"]["hostname"] == "mail.example.net"
            assert "NatName" not in made.ids and ("PtrRecords" in made.outputs) == (not in_existing_vpc)


@pytest.mark.parametrize("architecture, kind, image", [("x86_64", "t3.micro", "x86_64"), ("arm64", "t4g.micro", "arm64")])
def test_the_architecture_selects_type_image_binary_and_checksum(architecture, kind, image):
    both = {"AgentUrl": "s3://bucket/x86", "AgentSha256": "1" * 64, "AgentUrlArm64": "s3://bucket/arm", "AgentSha256Arm64": "2" * 64}
    with stack.made(Architecture=architecture, **both) as made:
        data = made.template_data()
        found, = made.client("ec2").describe_images(ImageIds=[data["ImageId"]])["Images"]
        assert (found["Architecture"], data["InstanceType"]) == (image, kind)
        url, checksum = ("s3://bucket/x86", "1" * 64) if architecture == "x86_64" else ("s3://bucket/arm", "2" * 64)
        assert f"url='{url}'\nsha256='{checksum}'\n" in made.user_data()
        fetched, = (statement for statement in made.statements() if "s3:GetObject" in statement["Action"])
        assert fetched["Resource"] == url.replace("s3://", "arn:aws:s3:::")


def test_session_manager_can_be_switched_off_and_reads_no_parameters():
    with stack.made() as made:
        allowed = {action for action in made.actions() if action.startswith("ssm")}
        # AWS's own list of what a session needs, without what runs commands on its own.
        assert allowed == {"ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
                           "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"}
    with stack.made(SessionManager="false") as made:
        assert not any(action.startswith("ssm") for action in made.actions())


def test_a_scraper_reaches_the_nodes_on_port_80_alone():
    with stack.made(MetricsRange="10.9.0.0/24") as made:
        assert made.rules("NodeGroup") == {(80, "10.9.0.0/24")} | {(port, made.ids["LoadBalancerGroup"]) for port in (25, 80)}


def test_access_logs_of_a_classic_load_balancer_go_to_a_bucket():
    with stack.made(AccessLogsBucket="logs-bucket") as made:
        policy = made.resolved("ClassicLoadBalancer")["Properties"]["AccessLoggingPolicy"]
        assert policy == {"Enabled": True, "EmitInterval": 60, "S3BucketName": "logs-bucket", "S3BucketPrefix": stack.NAME}


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
    with stack.made(**EVERYTHING) as made:
        found |= made.actions()
    listed = on_the_page()
    policy = monitoring.text()["Resources"]["Permissions"]["Properties"]["PolicyDocument"]
    found |= {action for statement in policy["Statement"] for action in statement["Action"]}
    assert found == set(listed) - {"ec2:DescribeTags"}
    assert all(len(why.split()) > 1 for why in listed.values())


def test_the_pages_actions_are_those_that_the_agent_calls():
    sources = "".join(path.read_text() for path in (paths.REPOSITORY / "Sources/AWS").glob("**/*.swift"))
    verbs = "Complete|Create|Deregister|Describe|Filter|Get|PutLog|PutMetric|Record|Register|Signal"
    called = {name for name in re.findall(rf'"((?:{verbs})[A-Z]\w+)"', sources) if not name.endswith("Result")}
    # SSM and Systems Manager call these on the node's behalf.
    sessions = {"UpdateInstanceInformation"} | {f"{verb}{kind}Channel" for verb in ("Create", "Open") for kind in ("Control", "Data")}
    assert {action.split(":")[1] for action in on_the_page()} - called == {"Decrypt"} | sessions
    assert called <= {action.split(":")[1] for action in on_the_page()}


@pytest.mark.parametrize("block", [block for block in blocks("sh aws") if "stack.yaml" in block])
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
    assert {name for name, parameter in declared.items() if "Default" not in parameter} <= set(stack.REQUIRED)
    assert set(stack.REQUIRED) <= set(given) <= set(declared)
    assert template.Template(**given).refusals() == []
    # The account has a VPC of its own in place of the page's.
    with stack.made(is_in_existing_vpc="VpcId" in given, **given) as made:
        assert made.status == "CREATE_COMPLETE"


def test_each_check_of_checkov_that_fails_has_a_reason_on_the_page():
    checkov = paths.REPOSITORY / ".build/lab/checkov/bin/checkov"
    shown = subprocess.run([checkov, "--quiet", "--compact", "--skip-download", "-o", "json", "-f", template.TEMPLATE,
                            "-f", monitoring.TEMPLATE],
                           capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "LOG_LEVEL": "ERROR"})
    failed = {check["check_id"] for check in json.loads(shown.stdout)["results"]["failed_checks"]}
    reasons = dict(re.findall(r"^\| `(CKV\w+)` \| (.+) \|$", section("cloud-init/README.md", "### Findings of checkov"), re.M))
    assert failed == set(reasons)
    assert all(len(reason.split()) > 5 for reason in reasons.values())

"""What cloud-init/stack.yaml refuses before anything is made: each parameter's pattern, and pairs that contradict each other."""

import ipaddress
import itertools
import json
import re
import subprocess

import pytest

from relaylab import stack
from relaylab.template import Template, text

TEMPLATE = text()
SUBNETS = {"VpcId": "vpc-0a", "SubnetIds": "subnet-0a,subnet-0b"}
ARM = {"Architecture": "arm64", "AgentUrlArm64": "https://example.com/arm", "AgentSha256Arm64": "0" * 64}
LOGIN = {"UpstreamHost": "smtp.example.net", "UpstreamUsername": "AKIA", "UpstreamPasswordParameter": "/password"}
DKIM = {"DkimDomain": "example.com", "DkimSelector": "s1", "DkimKeyParameter": "/smtp-relay/dkim"}
DEFAULT_RANGES = TEMPLATE["Parameters"]["SubnetRanges"]["Default"]


def refusals(**parameters: str) -> list[str]:
    """Why a stack with these and the required parameters is refused; '' leaves one out."""
    return Template(**{**stack.REQUIRED, **parameters}).refusals()


# Pairs of parameters: what is refused, and what each becomes right with

CONTRADICTIONS = [
    ({"VpcId": "vpc-0a"}, SUBNETS, "VpcId needs SubnetIds as well."),
    ({"SubnetIds": "subnet-0a,subnet-0b"}, SUBNETS, "SubnetIds need VpcId as well."),
    ({**SUBNETS, "VpcRange": "10.7.0.0/16"}, {"VpcRange": "10.7.0.0/16"}, "VpcRange is for a new VPC."),
    ({**SUBNETS, "SubnetRanges": DEFAULT_RANGES.replace("129", "130")}, {"SubnetRanges": DEFAULT_RANGES.replace("129", "130")},
     "SubnetRanges are for a new VPC."),
    ({"AgentUrl": ""}, {}, "Architecture x86_64 needs AgentUrl."),
    ({"AgentSha256": ""}, {}, "Architecture x86_64 needs AgentSha256."),
    ({**ARM, "AgentUrlArm64": ""}, ARM, "Architecture arm64 needs AgentUrlArm64."),
    ({**ARM, "AgentSha256Arm64": ""}, ARM, "Architecture arm64 needs AgentSha256Arm64."),
    ({"InstanceType": "t4g.micro"}, {**ARM, "InstanceType": "t4g.micro"}, "InstanceType is for arm64, but Architecture is x86_64."),
    ({**ARM, "InstanceType": "t3.micro"}, {"InstanceType": "t3.micro"}, "InstanceType is for x86_64, but Architecture is arm64."),
    ({"NoProxy": ".amazonaws.com"}, {"NoProxy": ".amazonaws.com", "Proxy": "http://proxy:1"}, "NoProxy needs Proxy as well."),
    ({"ProxyProtocol": "true", "LoadBalancerType": "both"}, {"ProxyProtocol": "true", "LoadBalancerType": "network"},
     "ProxyProtocol needs LoadBalancerType classic or network, not both."),
    ({"AccessLogsBucket": "logs", "LoadBalancerType": "network"}, {"AccessLogsBucket": "logs", "LoadBalancerType": "both"},
     "AccessLogsBucket is for a classic load balancer."),
    ({"MetricsRange": "10.0.0.0/16", "ProxyProtocol": "true", "LoadBalancerType": "network"},
     {"MetricsRange": "10.0.0.0/16", "ProxyProtocol": "true", "LoadBalancerType": "classic"},
     "MetricsRange can't be used with ProxyProtocol and a network load balancer."),
    ({"RecordName": "smtp.example.com"}, {"RecordName": "smtp.example.com", "HostedZoneId": "Z1"},
     "RecordName needs HostedZoneId as well."),
    ({"RecordName": "a.example.com", "Hostname": "a.example.com", "HostedZoneId": "Z1"},
     {"RecordName": "a.example.com", "Hostname": "b.example.com", "HostedZoneId": "Z1"}, "RecordName and Hostname must differ."),
    ({"HostedZoneId": "Z1"}, {"HostedZoneId": "Z1", "Hostname": "mail.example.com"},
     "HostedZoneId needs RecordName, Hostname or DkimRecord as well."),
    ({"HostedZoneId": "Z1", "Hostname": "mail.example.com", **SUBNETS},
     {"HostedZoneId": "Z1", "Hostname": "mail.example.com", "RecordName": "smtp.example.com", **SUBNETS},
     "HostedZoneId with VpcId needs RecordName or DkimRecord."),
    ({"DkimDomain": "example.com", "DkimSelector": "s1"}, DKIM, "DkimDomain, DkimSelector and DkimKeyParameter need each other."),
    ({"DkimKmsKey": "arn:aws:kms:r:1:key/2"}, {**DKIM, "DkimKmsKey": "arn:aws:kms:r:1:key/2"}, "DkimKmsKey needs DkimKeyParameter as well."),
    ({**DKIM, "DkimRecord": '"v=DKIM1"'}, {**DKIM, "DkimRecord": '"v=DKIM1" "p=x"', "HostedZoneId": "Z1", **SUBNETS},
     "DkimRecord needs DkimSelector and HostedZoneId as well."),
    ({"MinSize": "4", "MaxSize": "4"}, {"MinSize": "4", "MaxSize": "5"}, "MaxSize must be above MinSize."),
    ({**LOGIN, "UpstreamHost": ""}, LOGIN, "UpstreamUsername needs UpstreamHost as well."),
    ({**LOGIN, "UpstreamPasswordParameter": ""}, LOGIN, "UpstreamUsername needs UpstreamPasswordParameter as well."),
    ({**LOGIN, "UpstreamUsername": ""}, LOGIN, "UpstreamPasswordParameter needs UpstreamUsername as well."),
    ({"UpstreamPasswordKey": "arn:aws:kms:r:1:key/2"}, {**LOGIN, "UpstreamPasswordKey": "arn:aws:kms:r:1:key/2"},
     "UpstreamPasswordKey needs UpstreamPasswordParameter as well."),
]


@pytest.mark.parametrize("wrong, right, message", CONTRADICTIONS)
def test_parameters_that_contradict_each_other_are_refused_with_a_message(wrong, right, message):
    found = refusals(**wrong)
    assert len(found) == 1 and found[0].startswith(message), found
    assert refusals(**right) == []


@pytest.mark.parametrize("missing", DKIM)
def test_a_signing_key_is_given_whole(missing):
    assert len(refusals(**{**DKIM, missing: ""})) == len(refusals(**{missing: DKIM[missing]})) == 1
    record, zone = {"DkimRecord": '"v=DKIM1"'}, {"HostedZoneId": "Z1", "RecordName": "smtp.example.com"}
    assert len(refusals(**record, **zone)) == len(refusals(**DKIM, **record)) == 1


def test_every_message_of_a_rule_has_its_case():
    messages = [assertion["AssertDescription"] for rule in TEMPLATE["Rules"].values() for assertion in rule["Assertions"]]
    assert len(messages) == len(set(messages)) == len(CONTRADICTIONS)
    assert all(any(message.startswith(case[2]) for case in CONTRADICTIONS) for message in messages)


def test_rules_have_only_the_functions_that_cloudformation_allows_there():
    used = set(re.findall(r'"(Fn::\w+|Ref|Condition)"', json.dumps(TEMPLATE["Rules"])))
    assert used <= {"Fn::And", "Fn::Contains", "Fn::Equals", "Fn::Not", "Fn::Or", "Ref"}
    used = set(re.findall(r'"(Fn::\w+)"', json.dumps(TEMPLATE["Conditions"])))
    assert used <= {"Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or", "Fn::Select", "Fn::Split", "Fn::Sub"}


def test_each_known_type_is_listed_for_its_architecture():
    """A 'g' after the digit means Graviton."""
    lists = {name: TEMPLATE["Rules"][name]["Assertions"][2]["Assert"]["Fn::Not"][0]["Fn::Contains"][0] for name in ("X86", "Arm64")}
    assert all(re.match(r"[a-z]+\dg\.", one) for one in lists["X86"]) and len(set(lists["X86"])) == len(lists["X86"])
    assert not any(re.match(r"[a-z]+\d+g[a-z]*\.", one) for one in lists["Arm64"])
    assert refusals(InstanceType="x99.large") == refusals(**ARM, InstanceType="x99.large") == []


# Each parameter by itself

DOMAINS = [("example.com", "example"), ("a.b", "-a.b"), ("a-b.example.com", "a-.example.com"), (f"{'a' * 63}.example", f"{'a' * 64}.example"),
           ("1.example.com", "example.com."), ("xn--e1aybc.example", "mail_1.example"), ("EXAMPLE.com", "example..com"),
           ("example.com", 'example.com"\n[x]'), ("mail.example.com", "*.example.com"), ("a.b.c.d", " example.com")]


@pytest.mark.parametrize("name, good, bad", [
    *[(name, good, bad) for name in ("MailDomain", "RecordName", "Hostname", "UpstreamHost", "DkimDomain") for good, bad in DOMAINS],
    ("DkimSelector", "relay2026", "a_b"),
    ("DkimSelector", "A.b-c", "a..b"),
    ("DkimKeyParameter", "/smtp-relay/dkim", "dkim"),
    ("DkimRecord", '"v=DKIM1; k=rsa; p=a" "b"', "v=DKIM1"),
    ("DkimRecord", f'"{"a" * 255}"', f'"{"a" * 256}"'),
    ("SubnetIds", "subnet-0a1,subnet-0b2", "subnet-0a1"),
    ("VpcId", "vpc-0123", "sg-0123"),
    ("AgentUrl", "s3://bucket/key", "http://example.com/agent"),
    ("AgentUrl", "https://example.com/a?b=c&d=e", "https://example.com/agent'; reboot '"),
    ("AgentUrlArm64", "s3://a.dotted.bucket/key", "s3://bucket/k y"),
    ("AgentSha256", "0" * 64, "A" * 64),
    ("Architecture", "arm64", "aarch64"),
    ("LoadBalancerType", "both", "application"),
    ("Proxy", "http://proxy.internal:3128", "proxy'"),
    ("NoProxy", ".amazonaws.com,10.0.0.0/8,*.internal,[::1]".replace(",[::1]", ",fd00::1"), "a b"),
    ("MetricsRange", "10.0.0.0/16", "0.0.0.0/0"),
    ("InstanceType", "m7g.16xlarge", "m7g"),
    ("AccessLogsBucket", "my.logs", "My_Logs"),
    ("UpstreamUsername", "AKIA+a/b=", 'AKIA"'),
    ("MinSize", "2", "1"),
    ("MaxSize", "3", "2"),
])
def test_a_parameter_is_checked_before_anything_is_made(name, good, bad):
    def of(value: str) -> list[str]:
        return [message for message in refusals(**{name: value}) if message.startswith(f"Parameter {name} ")]

    assert of(good) == [] and len(of(bad)) == 1


@pytest.mark.parametrize("domain", sorted({good for good, _ in DOMAINS}))
def test_the_agent_takes_each_name_that_the_stack_takes(binary, domain):
    flags = [word for name in ("domain", "hostname", "upstream.host") for word in ("--set", f"mail.{name}={domain}")]
    checked = subprocess.run([binary, "config", "check", *flags], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


# The senders' ranges


def canonical(first: str, prefix: int) -> str:
    return str(ipaddress.ip_network(f"{first}/{prefix}", strict=False))


BOUNDARIES = sorted({canonical(address, prefix) for prefix in range(8, 33) for address in (
    "10.0.0.0", "172.16.0.0", "192.168.0.0", "100.64.0.0", "203.0.113.255", "255.255.255.255", "0.0.0.0", "169.254.169.254",
    "10.170.85.170", "10.85.170.85")})


def test_every_range_that_the_stack_takes_is_one_for_the_agent(binary, tmp_path):
    """Each prefix length, at the edges of each octet."""
    assert [one for one in BOUNDARIES if refusals(SenderRanges=one)] == []
    path, joined = tmp_path / "config.toml", json.dumps(BOUNDARIES)
    path.write_text(f'[mail]\ndomain = "example.com"\nnetworks = {joined}\nallow_public_networks = {joined}\n'
                    f"allow_private_networks = {joined}\n")
    checked = subprocess.run([binary, "config", "check", "--config", path], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("prefix", range(8, 32))
def test_a_range_with_bits_behind_its_prefix_is_refused(binary, prefix):
    """EC2 takes 10.1.2.3/16 for 10.1.0.0/16, and the agent refuses it."""
    network = ipaddress.ip_network(canonical("10.170.85.170", prefix))
    for bit in range(32 - prefix):
        one = f"{network.network_address + (1 << bit)}/{prefix}"
        message, = refusals(SenderRanges=one)
        assert "10.1.0.0/16 and not 10.1.2.3/16" in message
    checked = subprocess.run([binary, "config", "check", "--set", "mail.domain=example.com", "--set", f"mail.networks={one}"],
                             capture_output=True, text=True)
    assert checked.returncode != 0 and one in checked.stderr, checked.stderr


@pytest.mark.parametrize("wrong", [
    "0.0.0.0/0", "10.0.0.0/7", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0", "10.0.0/8", "256.0.0.0/8", "010.0.0.0/8", "10.0.0.0/16,",
    ",10.0.0.0/16", "10.0.0.0/16, 10.1.0.0/16", "10.0.0.0/16,,10.1.0.0/16", "2001:db8::/32", "", "vpc",
    "10.1.0.0/16" + "".join(f",10.{i}.0.0/16" for i in range(2, 6)),
    "10.1.0.0/16,10.1.0.0/16", "10.1.0.0/16,10.2.0.0/16,10.1.0.0/16", "10.2.0.0/16,10.3.0.0/16,10.1.0.0/16,10.1.0.0/16",
])
def test_what_is_no_list_of_ranges_is_refused(wrong):
    assert len(refusals(SenderRanges=wrong)) == 1


def test_ranges_that_look_alike_are_different():
    for one, other in itertools.permutations(["10.1.0.0/16", "110.1.0.0/16", "10.1.0.0/17", "10.10.0.0/16"], 2):
        assert refusals(SenderRanges=f"{one},{other}") == []


@pytest.mark.parametrize("parameters", [
    {}, {"LoadBalancerType": "network"}, {"LoadBalancerType": "both"}, {"ProxyProtocol": "true"},
    {"LoadBalancerType": "network", "ProxyProtocol": "true"},
], ids=str)
@pytest.mark.parametrize("vpc, ranges", [
    ("192.168.0.0/16", "172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,198.51.100.0/22"), ("11.0.0.0/16", "10.0.0.0/9,10.128.0.0/9"),
])
def test_the_widest_ranges_are_allowed_in_the_nodes_settings(binary, tmp_path, parameters, vpc, ranges):
    """RelayNodeTests shows that nodes with these settings relay for them."""
    first = vpc.split(".")[0] + "." + vpc.split(".")[1]
    subnets = ",".join(f"{first}.{i}.0/24" for i in range(4))
    with stack.made(SenderRanges=ranges, VpcRange=vpc, SubnetRanges=subnets, **parameters) as made:
        path = tmp_path / "config.toml"
        path.write_text(made.settings())
    shown = subprocess.run([binary, "config", "show", "--no-tags", "--config", path], capture_output=True, text=True, check=True).stdout
    values = dict(re.findall(r"^(mail\.\w+) = (\[.*\]) +# ", shown, re.M))
    networks, public = json.loads(values["mail.networks"]), json.loads(values["mail.allow_public_networks"])
    named = ranges.split(",") if parameters else []
    assert set(named) | {vpc} == set(public)
    assert set(named) <= set(networks)
    assert {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"} == set(json.loads(values["mail.allow_private_networks"]))

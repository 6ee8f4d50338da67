"""The lab's own parts, each by the clients that a relay or a test would use."""

import json
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from conftest import fetch_only

from relaylab.client import Client
from relaylab.lab import Lab
from relaylab.shell import CommandError, output, run
from relaylab.traffic import Traffic


@pytest.fixture(scope="module")
def parts(binary):
    """A lab with a sender and one node, which has a Postfix that relays and a health check, but no agent at work."""
    with Lab(binary) as lab:
        relay = lab.add_relay(fetch_only(lab), preinstalled=True)
        lab.add_sender()
        relay.wait_for_cloud_init(60)
        relay.shell("postconf -e inet_interfaces=all inet_protocols=ipv4 mynetworks=10.0.0.0/16 minimal_backoff_time=2s"
                    " queue_run_delay=2s && systemctl start postfix")
        relay.shell("mkdir /run/www && touch /run/www/health && systemd-run -q python3 -m http.server -d /run/www 80")
        relay.wait_until("curl -sf http://127.0.0.1/health && postfix status", 20, "Postfix and the health check")
        yield lab


@pytest.fixture(scope="module")
def aws(parts):
    """boto3 on the node: by AWS's names, over TLS, with the role's credentials."""
    client = Client(parts.relays[0].namespace, parts.folder)
    yield client
    client.close()


def within(seconds: float, condition) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.1)


# The mail server outside


def knock(namespace: str) -> str:
    """The greeting that a host gets from the mail server outside, at once."""
    script = ("import smtplib\ntry: print(smtplib.SMTP('198.51.100.10', 25, 'x', timeout=2).ehlo()[0])\n"
              "except OSError as error: print(type(error).__name__)")
    return output("ip", "netns", "exec", namespace, sys.executable, "-c", script, timeout=5).strip()


def test_the_mail_server_outside_goes_down_and_comes_back_and_forgets_nothing(parts):
    relay = parts.relays[0]
    assert knock(relay.namespace) == "250"
    before = parts.mails()
    parts.sink_down()
    try:
        parts.sink_down()
        assert knock(relay.namespace) == "ConnectionRefusedError"
        subject = "while it is down"
        relay.shell(f"printf 'Subject: {subject}\\n\\nHello.\\n' | sendmail -f app@example.com someone@example.net")
        relay.wait_until("postqueue -p | grep -q 'Connection refused'", 10, "a mail that waits")
        assert parts.mails() == before
    finally:
        parts.sink_up()
    assert knock(relay.namespace) == "250"
    mail, = parts.wait_for_mails([subject], 15)
    assert parts.mails() == [*before, mail]
    assert (mail["client"], mail["from"], mail["to"]) == (relay.address, "app@example.com", ["someone@example.net"])
    assert abs(mail["time"] - time.time()) < 15


# Instance metadata


def ask_metadata(relay, path: str) -> str:
    """The node's metadata at a path below meta-data/, with a token, or the status that is not 200."""
    url = "http://169.254.169.254/latest"
    return relay.shell(
        f"token=$(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' {url}/api/token);"
        f"curl -s -w '%{{http_code}}' -H \"X-aws-ec2-metadata-token: $token\" '{url}/meta-data/{path}'"
    ).removesuffix("200")


SPOT = json.dumps({"action": "terminate", "time": "2026-01-01T00:02:00Z"})
MAINTENANCE = json.dumps([{"Code": "system-reboot", "State": "active"}])


@pytest.mark.parametrize("path, value", [
    ("autoscaling/target-lifecycle-state", "Terminated"),
    ("spot/instance-action", SPOT),
    ("events/recommendations/rebalance", json.dumps({"noticeTime": "2026-01-01T00:00:00Z"})),
    ("events/maintenance/scheduled", MAINTENANCE),
    ("tags/instance/smtp-relay:hostname", "relay.example.com"),
])
def test_metadata_says_what_a_test_sets_until_it_takes_it_away(parts, path, value):
    relay = parts.relays[0]
    before = ask_metadata(relay, "")
    assert ask_metadata(relay, path) == "404"
    parts.set_metadata(relay, path, value)
    assert ask_metadata(relay, path) == value
    assert ask_metadata(relay, path.replace(":", "%3A")) == value
    parts.set_metadata(relay, path, None)
    assert ask_metadata(relay, path) == "404"
    assert ask_metadata(relay, "") == before
    assert parts.metadata_calls(relay)[-1] == "/latest/meta-data/"
    assert f"/latest/meta-data/{path}" in parts.metadata_calls(relay)


def test_metadata_without_tags_stays_so_when_one_that_is_not_there_is_taken_away(parts):
    relay = parts.relays[0]
    tags = parts.nodes[relay.address]["meta-data"].pop("tags")
    parts.set_metadata(relay, "tags/instance/Name", None)
    try:
        assert ask_metadata(relay, "tags/instance") == "404"
    finally:
        parts.nodes[relay.address]["meta-data"]["tags"] = tags
        parts.write_metadata()
    assert ask_metadata(relay, "tags/instance") == ""


def test_the_vpcs_ranges_can_change(parts):
    relay = parts.relays[0]
    path = f"network/interfaces/macs/{parts.nodes[relay.address]['meta-data']['mac']}/vpc-ipv4-cidr-blocks"
    parts.set_metadata(relay, path, "10.0.0.0/16\n10.1.0.0/16")
    try:
        assert ask_metadata(relay, path).split() == ["10.0.0.0/16", "10.1.0.0/16"]
        facts = json.loads(relay.exec("/usr/local/bin/smtp-relay-agent", "facts", stderr=None).stdout)
        assert facts["vpcNetworks"] == ["10.0.0.0/16", "10.1.0.0/16"]
    finally:
        parts.set_metadata(relay, path, "10.0.0.0/16")


def test_metadata_calls_are_counted_also_when_they_fail(parts):
    relay = parts.relays[0]
    parts.metadata_fault(relay, "unavailable")
    try:
        count = len(parts.metadata_calls(relay))
        assert ask_metadata(relay, "local-ipv4") == "503"
    finally:
        parts.metadata_fault(relay, "")
    assert parts.metadata_calls(relay)[count:] == ["/latest/api/token", "/latest/meta-data/local-ipv4"]


# The AWS APIs' record


def test_api_requests_have_their_parameters_and_api_calls_their_names(parts, aws):
    relay = parts.relays[0]
    count = len(parts.api_calls(relay))
    aws("elb", "describe_load_balancers", LoadBalancerNames=["smtp-relay"])
    aws("ec2", "describe_tags", Filters=[{"Name": "resource-id", "Values": [relay.instance]}])
    assert parts.api_calls(relay)[count:] == ["DescribeLoadBalancers", "DescribeTags"]
    first, second = parts.api_requests(relay)[count:]
    assert first["fields"] == {"LoadBalancerNames.member.1": "smtp-relay"}
    assert second["fields"] == {"Filter.1.Name": "resource-id", "Filter.1.Value.1": relay.instance}
    assert (first["service"], second["service"]) == ("elasticloadbalancing", "ec2")
    assert time.time() - 5 < first["time"] <= second["time"] <= time.time()


def test_a_call_that_a_fault_fails_is_in_the_record_too(parts, aws):
    relay = parts.relays[0]
    parts.api_fault(denied=["DescribeAutoScalingInstances"])
    try:
        answer = aws("autoscaling", "describe_auto_scaling_instances", InstanceIds=[relay.instance])
    finally:
        parts.api_fault()
    assert answer["Error"]["Code"] == "AccessDenied"
    assert parts.api_requests(relay)[-1]["fields"] == {"InstanceIds.member.1": relay.instance}


# Auto Scaling and CloudFormation


def lifecycle_state(parts, aws) -> str | None:
    """The node in Auto Scaling."""
    found = aws("autoscaling", "describe_auto_scaling_instances", InstanceIds=[parts.relays[0].instance])
    states = [(entry["AutoScalingGroupName"], entry["LifecycleState"]) for entry in found["AutoScalingInstances"]]
    assert all(group == "smtp-relay" for group, _ in states)
    return states[0][1] if states else None


def action(parts, hook: str = "relay-terminating", group: str = "smtp-relay") -> dict:
    return {"LifecycleHookName": hook, "AutoScalingGroupName": group, "InstanceId": parts.relays[0].instance}


def test_a_lifecycle_action_is_kept_alive_and_completed_once(parts, aws):
    relay = parts.relays[0]
    assert lifecycle_state(parts, aws) is None
    parts.lifecycle(relay, state="Terminating:Wait", hook="relay-terminating")
    assert lifecycle_state(parts, aws) == "Terminating:Wait"
    assert "Error" not in aws("autoscaling", "record_lifecycle_action_heartbeat", **action(parts))
    assert parts.lifecycle_answers(relay) == []
    complete = {**action(parts), "LifecycleActionResult": "CONTINUE"}
    for wrong in (action(parts, hook="another"), action(parts, group="another")):
        assert "Error" in aws("autoscaling", "complete_lifecycle_action", LifecycleActionResult="CONTINUE", **wrong)
    assert "Error" not in aws("autoscaling", "complete_lifecycle_action", **complete)
    answer, = parts.lifecycle_answers(relay)
    assert abs(answer.pop("time") - time.time()) < 5
    assert answer == {"hook": "relay-terminating", "result": "CONTINUE", "group": "smtp-relay"}
    assert lifecycle_state(parts, aws) == "Terminating:Proceed"
    refusals = (aws("autoscaling", "complete_lifecycle_action", **complete),
                aws("autoscaling", "record_lifecycle_action_heartbeat", **action(parts)))
    for refused in refusals:
        assert refused["Error"]["Code"] == "ValidationError"
        assert refused["Error"]["Message"] == f"No active Lifecycle Action found with instance ID {relay.instance}"
        assert refused["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert len(parts.lifecycle_answers(relay)) == 1
    parts.lifecycle(relay, state="InService", hook=None)
    assert lifecycle_state(parts, aws) == "InService"
    assert "Error" in aws("autoscaling", "complete_lifecycle_action", **complete)
    parts.lifecycle(relay, state=None)
    assert lifecycle_state(parts, aws) is None


def test_cloudformation_takes_a_signal(parts, aws):
    relay = parts.relays[0]
    signal = {"StackName": "relays", "LogicalResourceId": "Group", "UniqueId": relay.instance, "Status": "SUCCESS"}
    assert "Error" not in aws("cloudformation", "signal_resource", **signal)
    assert parts.api_requests(relay)[-1]["fields"] == signal
    refused = aws("cloudformation", "signal_resource", **{**signal, "Status": "PERHAPS"})
    assert refused["Error"]["Code"] == "ValidationError"
    assert aws("cloudformation", "list_stacks")["Error"]["Code"] == "InvalidAction"


def test_the_apis_are_reached_by_name_from_a_node_and_speak_awss_xml(parts):
    relay = parts.relays[0]

    def ask(service: str, action: str) -> str:
        signed = f"AWS4-HMAC-SHA256 Credential=x/20260101/eu-central-1/{service}/aws4_request"
        return relay.shell(f"curl -sS -d Action={action} -H 'Authorization: {signed}' "
                           f"https://{service}.eu-central-1.amazonaws.com/")

    assert "<Code>InvalidAction</Code>" in ask("cloudformation", "Nothing")
    assert ask("autoscaling", "DescribeAutoScalingInstances").startswith(
        '<DescribeAutoScalingInstancesResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/">'
        "<DescribeAutoScalingInstancesResult><AutoScalingInstances></AutoScalingInstances>")


# The network load balancer


@pytest.fixture
def health_check(parts):
    """The node's health check, which a test may fail."""
    relay = parts.relays[0]
    yield lambda good: relay.shell("touch /run/www/health" if good else "rm /run/www/health")
    relay.shell("touch /run/www/health")


def target_health(aws, arn: str, *targets: str) -> list[tuple[str, str | None]]:
    """Each target's state, and its reason."""
    which = {"Targets": [{"Id": target} for target in targets]} if targets else {}
    found = aws("elbv2", "describe_target_health", TargetGroupArn=arn, **which)["TargetHealthDescriptions"]
    assert [entry["Target"]["Id"] for entry in found] == list(targets) or not targets
    return [(entry["TargetHealth"]["State"], entry["TargetHealth"].get("Reason")) for entry in found]


def greeted(parts, port: int) -> bool:
    """Whether the network load balancer leads the application host to a Postfix."""
    script = f"import smtplib; smtplib.SMTP('10.0.0.26', {port}, 'x', timeout=3).quit()"
    return run("ip", "netns", "exec", parts.application, sys.executable, "-c", script, check=False).returncode == 0


def test_both_generations_of_the_api_are_told_apart(parts, aws):
    classic, = [one for one in aws("elb", "describe_load_balancers")["LoadBalancerDescriptions"]
                if one["LoadBalancerName"] == "smtp-relay"]
    assert classic["HealthCheck"]["Target"] == "HTTP:80/health"
    network, = [one for one in aws("elbv2", "describe_load_balancers")["LoadBalancers"]
                if one["LoadBalancerName"] == "smtp-relay-nlb"]
    assert (network["Type"], network["Scheme"]) == ("network", "internal")
    groups = aws("elbv2", "describe_target_groups", LoadBalancerArn=network["LoadBalancerArn"])["TargetGroups"]
    assert {group["TargetGroupName"]: group["TargetGroupArn"] for group in groups} == parts.target_groups
    assert {(group["TargetType"], group["Protocol"], group["Port"]) for group in groups} == {
        ("instance", "TCP", 25), ("ip", "TCP", 587)}
    assert {(group["HealthCheckProtocol"], group["HealthCheckPort"], group["HealthCheckPath"]) for group in groups} == {
        ("HTTP", "80", "/health")}
    listeners = aws("elbv2", "describe_listeners", LoadBalancerArn=network["LoadBalancerArn"])["Listeners"]
    assert {(one["Port"], one["DefaultActions"][0]["TargetGroupArn"]) for one in listeners} == {
        (25, parts.target_groups["relay-25"]), (587, parts.target_groups["relay-587-ip"])}


def test_a_targets_way_into_service_out_of_it_and_back(parts, aws, health_check):
    relay, arn = parts.relays[0], parts.target_groups["relay-25"]
    target = {"TargetGroupArn": arn, "Targets": [{"Id": relay.instance}]}

    def state():
        return target_health(aws, arn, relay.instance)[0]

    assert state() == ("unused", "Target.NotRegistered")
    assert "Error" not in aws("elbv2", "deregister_targets", **target)
    assert not greeted(parts, 25)
    assert "Error" not in aws("elbv2", "register_targets", **target)
    assert state() == ("initial", "Elb.RegistrationInProgress")
    within(10, lambda: state() != ("initial", "Elb.RegistrationInProgress"))
    assert state() == ("healthy", None)
    assert parts.target_backends("relay-25") == {relay.address: "UP"}
    assert target_health(aws, arn) == [("healthy", None)]
    assert target_health(aws, parts.target_groups["relay-587-ip"]) == []
    count = parts.connections(relay)
    assert greeted(parts, 25)
    assert parts.connections(relay) == count + 1
    health_check(False)
    within(10, lambda: state() == ("unhealthy", "Target.FailedHealthChecks"))
    assert not greeted(parts, 25)
    health_check(True)
    within(10, lambda: state() == ("healthy", None))

    # Deregistered, it is sent to for a time.
    assert "Error" not in aws("elbv2", "deregister_targets", **target)
    began = time.monotonic()
    assert state() == ("draining", "Target.DeregistrationInProgress")
    assert target_health(aws, arn) == [("draining", "Target.DeregistrationInProgress")]
    assert greeted(parts, 25)
    within(10, lambda: state() == ("unused", "Target.NotRegistered"))
    assert 4 < time.monotonic() - began < 7
    assert target_health(aws, arn) == [] and parts.target_backends("relay-25") == {}
    assert not greeted(parts, 25)


def test_a_deregistered_target_is_not_sent_to_when_its_checks_fail_and_begins_anew(parts, aws, health_check):
    relay, arn = parts.relays[0], parts.target_groups["relay-587-ip"]
    target = {"TargetGroupArn": arn, "Targets": [{"Id": relay.address}]}
    health_check(False)
    aws("elbv2", "register_targets", **target)
    assert target_health(aws, arn, relay.address) == [("initial", "Elb.RegistrationInProgress")]
    within(10, lambda: target_health(aws, arn) != [("initial", "Elb.RegistrationInProgress")])
    assert target_health(aws, arn) == [("unhealthy", "Target.FailedHealthChecks")]
    health_check(True)
    within(10, lambda: parts.target_backends("relay-587-ip") == {relay.address: "UP"})
    aws("elbv2", "deregister_targets", **target)
    health_check(False)
    within(4, lambda: parts.target_backends("relay-587-ip") == {relay.address: "DOWN"})
    assert target_health(aws, arn, relay.address) == [("draining", "Target.DeregistrationInProgress")]
    health_check(True)
    aws("elbv2", "register_targets", **target)
    assert target_health(aws, arn, relay.address) == [("initial", "Elb.RegistrationInProgress")]
    within(10, lambda: target_health(aws, arn) == [("healthy", None)])
    aws("elbv2", "deregister_targets", **target)


def test_targets_of_another_type_or_port_are_not_the_groups(parts, aws):
    relay = parts.relays[0]
    for name, target in (("relay-25", relay.address), ("relay-587-ip", relay.instance)):
        refused = aws("elbv2", "register_targets", TargetGroupArn=parts.target_groups[name], Targets=[{"Id": target}])
        assert refused["Error"]["Code"] == "ValidationError"
    asked = {"TargetGroupArn": parts.target_groups["relay-25"], "Targets": [{"Id": relay.instance, "Port": 26}]}
    found, = aws("elbv2", "describe_target_health", **asked)["TargetHealthDescriptions"]
    assert found["TargetHealth"]["State"] == "unused"
    unknown = parts.target_groups["relay-25"].replace("relay-25", "unknown")
    assert aws("elbv2", "describe_target_health", TargetGroupArn=unknown)["Error"]["Code"] == "TargetGroupNotFound"


# The load balancers' names


def test_each_load_balancers_name_leads_to_it(parts, aws):
    relay = parts.relays[0]
    classic = {one["DNSName"] for one in aws("elb", "describe_load_balancers")["LoadBalancerDescriptions"]}
    network = {one["DNSName"] for one in aws("elbv2", "describe_load_balancers")["LoadBalancers"]}
    assert (len(classic), len(network)) == (2, 2)
    for names, address in ((classic, "10.0.0.25"), (network, "10.0.0.26")):
        for name in names:
            assert relay.shell(f"getent ahosts {name} | cut -d' ' -f1 | sort -u").split() == [address]
    assert relay.exec("getent", "hosts", "elb.amazonaws.com", check=False).returncode != 0


# Traffic


@contextmanager
def in_service(parts, aws):
    """The node at the classic load balancer, for as long as it takes."""
    relay = parts.relays[0]
    which = {"LoadBalancerName": "smtp-relay", "Instances": [{"InstanceId": relay.instance}]}
    aws("elb", "register_instances_with_load_balancer", **which)
    try:
        parts.wait_for_backend(relay, "UP", 10)
        within(2, lambda: aws("elb", "describe_instance_health", **which)["InstanceStates"][0]["State"] == "InService")
        yield relay
    finally:
        aws("elb", "deregister_instances_from_load_balancer", **which)
        within(5, lambda: parts.backends() == {})


def test_mails_go_on_in_the_background_and_connections_are_counted(parts, aws):
    before = parts.connections(parts.relays[0])
    with in_service(parts, aws) as relay:
        # A connection that a check has made is none.
        assert parts.connections(relay) == before
        began = time.monotonic()
        traffic = parts.send_in_background(8, seconds=2)
        assert time.monotonic() - began < 0.5
        at_once = parts.send(1)
        subjects = traffic.finish()
        assert 1.5 < time.monotonic() - began < 5
        arrived = parts.wait_for_mails([*subjects, *at_once], 15)
    assert len(arrived) == 9 and len(set(subjects)) == 8
    times = sorted(mail["time"] for mail in arrived if mail["subject"] in subjects)
    assert times[-1] - times[0] > 1.2
    assert parts.connections(relay) == before + 9


def test_what_no_relay_took_is_sent_again_soon(parts, aws):
    subjects = parts.send(2)
    parts.sender.wait_until("postqueue -p | grep -q 10.0.0.25", 5, "a mail that the load balancer takes to nobody")
    with in_service(parts, aws):
        assert len(parts.wait_for_mails(subjects, 15)) == 2


def test_traffic_that_can_not_be_submitted_is_an_error(parts):
    traffic = Traffic(subprocess.Popen(["false"], stdout=subprocess.PIPE, text=True), ["one"], 0)
    with pytest.raises(CommandError, match="not all of 1 mails"):
        traffic.finish()


def test_mails_submitted_to_one_relay_are_queued_there(parts):
    relay = parts.relays[0]
    before = parts.connections(relay)
    parts.sink_down()
    try:
        subjects = parts.submit(relay, 3)
        queued = relay.shell("postqueue -j").splitlines()
        assert len(queued) == 3 and len(set(subjects)) == 3
        assert not {mail["subject"] for mail in parts.mails()} & set(subjects)
    finally:
        parts.sink_up()
    relay.shell("postqueue -f")
    arrived = parts.wait_for_mails(subjects, 15)
    assert [mail["client"] for mail in arrived] == [relay.address] * 3
    assert all("from app.example.com (unknown [10.0.2.20])" in mail["received"][0] for mail in arrived)
    assert parts.connections(relay) == before

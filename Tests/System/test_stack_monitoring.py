"""cloud-init/monitoring.yaml: what cfn-lint says of it, what moto makes of it, and whether it watches what the nodes write."""

import json
import re
import shlex
import subprocess
import sys
import tomllib

import pytest

from pages import blocks, section
from relaylab import monitoring, paths, stack
from relaylab.template import Template

TEMPLATE = monitoring.text()
ALARMS = {name: resource["Properties"] for name, resource in TEMPLATE["Resources"].items()
          if resource["Type"] == "AWS::CloudWatch::Alarm"}


@pytest.fixture(scope="module")
def made():
    with monitoring.made(AlarmTopic=monitoring.TOPIC, RetentionInDays="90", HealthyNodes="3") as made:
        yield made


def written() -> set[str]:
    """The metrics that a node writes, by the source."""
    source = (paths.REPOSITORY / "Sources/CloudWatch/NodeReadings.swift").read_text()
    return set(re.findall(r'MetricDatum\("(\w+)"', source))


def test_cfn_lint_has_no_warning():
    result = subprocess.run([sys.executable, "-c", "from cfnlint.runner import main; main()", monitoring.TEMPLATE],
                            capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert len(monitoring.TEMPLATE.read_bytes()) <= 51200


def test_the_log_is_kept_for_a_time(made):
    group, = boto("logs").describe_log_groups()["logGroups"]
    assert (group["logGroupName"], group["retentionInDays"]) == ("/smtp-relay/relays", 90)


def test_the_nodes_write_to_this_group_and_to_this_namespace(made):
    settings = tomllib.loads(made.settings())
    assert settings["cloudwatch"] == {"logs": "/smtp-relay/relays", "metrics": "SMTPRelay"}
    assert settings["cloudformation"]["stack"] == stack.NAME
    by_action = {action: statement for statement in made.statements() for action in statement["Action"]}
    group, = boto("logs").describe_log_groups()["logGroups"]
    for action in ("logs:CreateLogStream", "logs:PutLogEvents", "logs:FilterLogEvents"):
        # CloudFormation's own attribute ends so, too, as the name of a stream needs it.
        assert f"{by_action[action]['Resource']}:*" == group["arn"]
    assert by_action["cloudwatch:PutMetricData"]["Condition"] == {"StringEquals": {"cloudwatch:namespace": "SMTPRelay"}}


def test_without_the_parameter_nothing_leaves_the_nodes():
    def nodes(value: str) -> str:
        return str(Template(**stack.REQUIRED, CloudWatch=value).resources()["NodeTemplate"])

    assert "[cloudwatch]" in nodes("true") and "[cloudwatch]" not in nodes("false")


def test_the_alarms_tell_the_topic(made):
    alarms = boto("cloudwatch").describe_alarms()["MetricAlarms"]
    assert len(alarms) == len(ALARMS) == 6
    for alarm in alarms:
        assert alarm["AlarmActions"] == alarm["OKActions"] == [monitoring.TOPIC]
    healthy, = (alarm for alarm in alarms if alarm.get("MetricName") == "Healthy")
    assert healthy["Threshold"] == 3 and healthy["Dimensions"] == [{"Name": "Group", "Value": stack.NAME}]


def test_without_a_topic_the_alarms_tell_nobody():
    resources = Template(TEMPLATE, RelayStack="relays", NodeRole="role").resources()
    for name in ALARMS:
        assert not {"AlarmActions", "OKActions"} & set(resources[name]["Properties"])


def metrics(alarm: dict) -> list[dict]:
    """The metrics of an alarm, with their dimensions."""
    if "MetricName" in alarm:
        return [alarm]
    return [query["MetricStat"]["Metric"] for query in alarm["Metrics"] if "MetricStat" in query]


def test_each_alarm_watches_a_metric_that_the_nodes_write():
    for alarm in ALARMS.values():
        for metric in metrics(alarm):
            assert metric["MetricName"] in written() and metric["Namespace"] == "SMTPRelay"
            assert metric["Dimensions"] == [{"Name": "Group", "Value": {"Ref": "RelayStack"}}]


def test_the_dashboard_shows_all_that_a_node_writes_and_every_alarm(made):
    widgets = json.loads(boto("cloudwatch").get_dashboard(DashboardName=f"{stack.NAME}-mail")["DashboardBody"])["widgets"]
    shown = {metric[1] for widget in widgets if widget["type"] == "metric" for metric in widget["properties"]["metrics"]}
    assert shown == written() and len(shown) == 12
    alarms, = (widget["properties"]["alarms"] for widget in widgets if widget["type"] == "alarm")
    known = {alarm["AlarmArn"] for alarm in boto("cloudwatch").describe_alarms()["MetricAlarms"]}
    assert set(alarms) == known and len(alarms) == len(ALARMS)
    # No two widgets are at one place.
    places = [(widget["x"] + column, widget["y"] + row) for widget in widgets
              for column in range(widget["width"]) for row in range(widget["height"])]
    assert len(places) == len(set(places)) and max(x for x, _ in places) < 24


def test_the_page_has_every_parameter_and_every_alarm():
    text = section("cloud-init/README.md", "### Logs and alarms in CloudWatch")
    rows = re.findall(r"^\| (`.+`) \|", text, re.M)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(TEMPLATE["Parameters"]) | set(ALARMS)


@pytest.mark.parametrize("block", [block for block in blocks("sh aws") if "monitoring.yaml" in block])
def test_each_command_of_the_page_makes_it(block):
    words = shlex.split(block.replace("\\\n", " "))
    assert words[:3] == ["aws", "cloudformation", "deploy"]
    assert dict(zip(words[3::2], words[4::2]))["--capabilities"] == "CAPABILITY_IAM"
    given = dict(word.split("=", 1) for word in words[words.index("--parameter-overrides") + 1:])
    for name, value in given.items():
        assert re.fullmatch(TEMPLATE["Parameters"][name]["AllowedPattern"], value)
    assert {name for name, parameter in TEMPLATE["Parameters"].items() if "Default" not in parameter} <= set(given)


def boto(service: str):
    """AWS's own client."""
    return stack.Stack.client(service)

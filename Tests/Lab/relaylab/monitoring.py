"""The stack of cloud-init/monitoring.yaml, beside that of the nodes, made in moto within this process."""

import functools
import json
import re
from contextlib import contextmanager

import boto3
import yaml

from . import paths, stack, template

TEMPLATE = paths.REPOSITORY / "cloud-init" / "monitoring.yaml"
NAME = "relays-monitoring"
TOPIC = f"arn:aws:sns:{stack.REGION}:{stack.ACCOUNT}:mail-alarms"


@functools.cache
def text() -> dict:
    """The template as it is written."""
    return yaml.load(TEMPLATE.read_text(), template.Loader)


@contextmanager
def made(**parameters: str):
    """Have moto make both stacks. Gives the nodes' one.

    moto's CloudFormation knows neither alarms nor dashboards, so those are made by their own API.
    """
    with stack.made(CloudWatch="true") as nodes:
        given = {"RelayStack": stack.NAME, "NodeRole": nodes.outputs["NodeRoleName"], **parameters}
        resources = template.Template(text(), **given).resources()
        own = {name: resource for name, resource in resources.items() if "CloudWatch" not in resource["Type"]}
        formation, watch = (boto3.client(service, stack.REGION) for service in ("cloudformation", "cloudwatch"))
        formation.create_stack(StackName=NAME, TemplateBody=json.dumps({"Resources": own}), Capabilities=["CAPABILITY_IAM"])
        for name, resource in resources.items():
            properties = resource["Properties"]
            if resource["Type"] == "AWS::CloudWatch::Alarm":
                watch.put_metric_alarm(AlarmName=name, **properties)
            if resource["Type"] == "AWS::CloudWatch::Dashboard":
                body = properties["DashboardBody"]["Fn::Sub"].replace("${AWS::Region}", stack.REGION)
                body = body.replace("${LogGroup}", own["LogGroup"]["Properties"]["LogGroupName"])
                arn = rf"arn:aws:cloudwatch:{stack.REGION}:{stack.ACCOUNT}:alarm:\1"
                body = re.sub(r"\$\{(\w+)\.Arn\}", arn, body)
                assert "${" not in body
                watch.put_dashboard(DashboardName=properties["DashboardName"], DashboardBody=body)
        yield nodes

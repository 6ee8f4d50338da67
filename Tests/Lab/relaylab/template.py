"""cloud-init/stack.yaml as CloudFormation reads it: parameters checked, rules judged, conditions and functions worked out.

Neither moto nor cfn-lint judges rules, and moto knows conditions only while it makes a stack, not while it changes one.
"""

import functools
import re

import yaml

from . import paths

TEMPLATE = paths.REPOSITORY / "cloud-init" / "stack.yaml"
# A value that leaves out its property or its place in a list.
_NOTHING = object()


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def _function(loader: Loader, tag: str, node: yaml.Node) -> dict:
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if tag == "GetAtt":
        value = value.split(".", 1)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


Loader.add_multi_constructor("!", _function)


@functools.cache
def text() -> dict:
    """The template as it is written."""
    return yaml.load(TEMPLATE.read_text(), Loader)


class Template:
    """The template with parameters."""

    def __init__(self, written: dict | None = None, /, **given: str):
        self.written = written or text()
        self.given = given
        declared = self.written["Parameters"]
        self.values = {name: str(given.get(name, parameter.get("Default"))) for name, parameter in declared.items()}
        # The template has each condition after those that it names.
        self._conditions: dict[str, bool] = {}
        for name, condition in self.written["Conditions"].items():
            self._conditions[name] = self._judge(condition)

    # Refusals

    def refusals(self) -> list[str]:
        """Why CloudFormation takes these parameters not at all: each message."""
        wrong = [self._wrong(name) for name in self.values]
        return [message for message in wrong if message] or [
            assertion["AssertDescription"] for rule in self.written["Rules"].values()
            if "RuleCondition" not in rule or self._judge(rule["RuleCondition"])
            for assertion in rule["Assertions"] if not self._judge(assertion["Assert"])]

    def _wrong(self, name: str) -> str | None:
        parameter, value = self.written["Parameters"][name], self.values[name]
        if name not in self.given and "Default" not in parameter:
            return f"Parameters: [{name}] must have values"
        if value not in parameter.get("AllowedValues", [value]) or not re.fullmatch(parameter.get("AllowedPattern", ".*"), value):
            return f"Parameter {name} failed to satisfy constraint: {parameter.get('ConstraintDescription', '')}"
        if float(parameter.get("MinValue", 0)) > float(value if parameter["Type"] == "Number" else 0):
            return f"Parameter {name} is too small"
        return None

    def _judge(self, node) -> bool:
        (function, arguments), = node.items()
        if function == "Condition":
            return self._conditions[arguments]
        if function == "Fn::Contains":
            return self.resolved(arguments[1]) in arguments[0]
        if function == "Fn::Equals":
            return self.resolved(arguments[0]) == self.resolved(arguments[1])
        judged = [self._judge(argument) for argument in arguments]
        return {"Fn::Not": not judged[0], "Fn::And": all(judged), "Fn::Or": any(judged)}[function]

    # Resources

    def resources(self) -> dict[str, dict]:
        """Each resource that is made, with all worked out but what only AWS knows: references to resources."""
        return {name: self.resolved(resource) for name, resource in self.written["Resources"].items()
                if self._conditions.get(resource.get("Condition"), True)}

    def body(self) -> dict:
        """The same as a template, without parameters that have a value now."""
        outputs = {name: self.resolved(output) for name, output in self.written["Outputs"].items()
                   if self._conditions.get(output.get("Condition"), True)}
        looked_up = {name: parameter for name, parameter in self.written["Parameters"].items() if self._is_looked_up(name)}
        return {"Parameters": looked_up,
                "Resources": {name: _without("Condition", resource) for name, resource in self.resources().items()},
                "Outputs": {name: _without("Condition", output) for name, output in outputs.items()}}

    def _is_looked_up(self, name: str) -> bool:
        return self.written["Parameters"][name]["Type"].startswith("AWS::SSM::")

    def resolved(self, node):
        """A part of the template, worked out."""
        if isinstance(node, list):
            return [item for item in map(self.resolved, node) if item is not _NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (function, argument), = node.items()
            if function == "Ref":
                if argument == "AWS::NoValue":
                    return _NOTHING
                if argument not in self.values or self._is_looked_up(argument):
                    return node
                is_number = self.written["Parameters"][argument]["Type"] == "Number"
                return int(self.values[argument]) if is_number else self.values[argument]
            if function == "Fn::If":
                return self.resolved(argument[1 if self._conditions[argument[0]] else 2])
            if function == "Fn::Sub":
                return self._substituted(argument)
            if function in ("Fn::Join", "Fn::Split", "Fn::Select"):
                return self._computed(function, self.resolved(argument))
        values = {key: self.resolved(value) for key, value in node.items()}
        return {key: value for key, value in values.items() if value is not _NOTHING}

    @staticmethod
    def _computed(function: str, arguments: list):
        first, second = arguments
        parts = second if isinstance(second, list) else [second]
        if any(isinstance(part, dict) for part in parts):
            return {function: arguments}
        if function == "Fn::Split":
            return second.split(first)
        return second[int(first)] if function == "Fn::Select" else first.join(second)

    def _substituted(self, argument):
        template, variables = argument if isinstance(argument, list) else (argument, {})
        variables = {name: self.resolved(value) for name, value in variables.items()}
        known = {name: value for name, value in self.values.items() if not self._is_looked_up(name)}
        known |= {name: value for name, value in variables.items() if isinstance(value, str)}
        rest = {name: value for name, value in variables.items() if not isinstance(value, str)}
        done = re.sub(r"\$\{(\w+)\}", lambda found: known.get(found[1], found[0]) if found[1] not in rest else found[0], template)
        if "${" not in done:
            return done
        return {"Fn::Sub": [done, rest] if rest else done}


def _without(key: str, table: dict) -> dict:
    return {name: value for name, value in table.items() if name != key}

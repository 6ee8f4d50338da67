"""What a change of the stack's parameters does: which resources an update replaces, by CloudFormation's own schemas."""

import re

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from .stack import REGION
from .template import Template

# An update of these properties of an Auto Scaling group replaces its instances, with AutoScalingRollingUpdate.
_ROLLING = {"LaunchTemplate", "VPCZoneIdentifier"}


def replaced(before: Template, after: Template) -> set[str]:
    """The resources that an update replaces, and 'nodes' where it replaces the instances.

    Raises Refused where CloudFormation ends the update.
    """
    old, new = before.resources(), after.resources()
    both = [name for name in new if name in old]
    found: set[str] = set()
    while True:
        changed = {name: _changed(name, old, new, found) for name in both}
        for name in both:
            if new[name]["Type"] == "AWS::CloudFormation::WaitCondition" and changed[name]:
                # "Updates aren't supported", AWS says of each of its properties.
                raise Refused(name)
        now = {name for name in both if any(_is_fixed(new[name]["Type"], path) for path in changed[name])}
        # Each change of a launch template is a new version of it.
        rolls = _ROLLING & {path[0] for path in changed["RelayNodes"]} or changed["NodeTemplate"]
        now |= {"nodes"} if rolls else set()
        if now == found:
            return found
        found = now


class Refused(Exception):
    """CloudFormation does not update this resource, and rolls back."""


def _changed(name: str, old: dict, new: dict, replaced: set[str]) -> list[tuple[str, ...]]:
    """The paths of the properties that differ, or that refer to a resource that is replaced."""
    return list(_differences(old[name].get("Properties", {}), new[name].get("Properties", {}), replaced, ()))


def _differences(old, new, replaced: set[str], path: tuple[str, ...]):
    keys = {*old, *new} if isinstance(old, dict) and isinstance(new, dict) else set()
    if keys and not any(key.startswith("Fn::") or key == "Ref" for key in keys):
        for key in keys:
            yield from _differences(old.get(key), new.get(key), replaced, (*path, key))
    elif old != new or _references(new) & replaced:
        yield path


def _references(value) -> set[str]:
    found = re.findall(r"'Ref': '(\w+)'|'Fn::GetAtt': \['(\w+)'|\$\{(\w+)[.}]", str(value))
    return {name for names in found for name in names if name}


def _is_fixed(kind: str, path: tuple[str, ...]) -> bool:
    """Whether CloudFormation makes another resource where this property changes."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
    fixed = [tuple(pointer.split("/")[2:]) for pointer in schema.get("createOnlyProperties", [])]
    return any(path[:len(pointer)] == pointer or pointer[:len(path)] == path for pointer in fixed)

"""The network load balancer's target groups: HAProxy, kept equal to moto, and its checks' word on each target's health.

As a real one, it goes on sending to a target for a while after DeregisterTargets, unless its checks fail.
"""

import time
from dataclasses import dataclass
from pathlib import Path

from moto.backends import get_backend

from . import haproxy, jsonfile
from .account import ACCOUNT, REGION, TARGET_GROUPS
from .query import QueryError, answer, members

_XML = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"


@dataclass
class Target:
    """A target that HAProxy sends to, or will when its checks succeed."""

    since: float
    # Whether the PROXY protocol is spoken to it, and the port of its checks.
    way: tuple[bool, int]
    healthy: bool = False
    decided: bool = False
    leaves: float | None = None


class TargetGroups:
    """Follows moto's registrations, and answers what moto makes up: DescribeTargetHealth."""

    # The seconds for which a deregistered target gets connections, and is called draining. A real target group takes
    # about two minutes, and five.
    SENDS_ON = 5.0
    # When checks that have not succeeded have failed: two of them, a second apart, and the first one's delay.
    DECIDED = 3.0

    def __init__(self, folder: Path):
        self.folder = folder
        self.targets: dict[tuple[str, str], Target] = {}

    def follow(self) -> None:
        """Have HAProxy send to who is registered now, or was until just now."""
        now = time.monotonic()
        for group in TARGET_GROUPS:
            # A group that no load balancer has is sent nothing.
            registered = self._registered(group) if self._is_used(group) else []
            way = self._way(group)
            for name in registered:
                known = self.targets.get((group, name))
                if known is None or known.leaves is not None:
                    self._have(haproxy.admit, group, name, *way)
                    self.targets[group, name] = Target(now, way)
                elif known.way != way:
                    self._have(haproxy.admit, group, name, *way, not known.healthy)
                    known.way = way
            for name in [name for where, name in self.targets if where == group and name not in registered]:
                target = self.targets[group, name]
                if target.leaves is None:
                    target.leaves = now + self.SENDS_ON
                elif now >= target.leaves:
                    self._have(haproxy.withdraw, group, name)
                    del self.targets[group, name]

    def see(self, statistics: dict) -> None:
        """Take note of what HAProxy's checks say."""
        now = time.monotonic()
        for (group, name), target in list(self.targets.items()):
            # "DOWN 1/2" is one whose checks have begun to succeed.
            status = statistics[group].get(self._address(name), {"status": "DOWN"})["status"]
            target.healthy = status.startswith("UP")
            target.decided |= target.healthy or (status == "DOWN" and now > target.since + self.DECIDED)

    # The answers of the API

    def delete_load_balancer(self, form: dict[str, str]) -> None:
        """DeleteLoadBalancer: its target groups have it no longer, which to moto they do."""
        for group in self._groups().values():
            group.load_balancer_arns = [arn for arn in group.load_balancer_arns if arn != form.get("LoadBalancerArn")]

    def register(self, form: dict[str, str]) -> None:
        """RegisterTargets: what is no target of the group's type is refused, which moto does not."""
        group = self._group(form)
        for asked in members(form, "Targets") if group else []:
            is_instance = asked["Id"].startswith("i-")
            if group.target_type == "instance" and not is_instance:
                raise QueryError("ValidationError", f"Instance ID '{asked['Id']}' is not valid")
            if group.target_type == "ip" and is_instance:
                raise QueryError("ValidationError", f"The IP address '{asked['Id']}' is not a valid IPv4 address")

    def deregister(self, form: dict[str, str]) -> str | None:
        """DeregisterTargets: to take away what is not there is no error, which it is to moto."""
        group = self._group(form)
        if group is None:
            return None
        group.deregister([asked for asked in members(form, "Targets") if asked["Id"] in group.targets])
        return answer("DeregisterTargets", _XML, {})

    def health(self, form: dict[str, str]) -> str | None:
        """DescribeTargetHealth, of the targets asked for or of all; moto answers for groups that are not the lab's."""
        group = self._group(form)
        if group is None:
            return None
        everyone = [*group.targets, *(name for where, name in self.targets.copy()
                                      if where == group.name and name not in group.targets)]
        asked = members(form, "Targets") or [{"Id": name} for name in everyone]
        return answer("DescribeTargetHealth", _XML, {"TargetHealthDescriptions": [
            self._description(group, target["Id"], int(target.get("Port", group.port))) for target in asked
        ]})

    def _description(self, group, name: str, port: int) -> dict:
        entry = group.targets.get(name)
        target = self.targets.get((group.name, name))
        # Nothing drains in a group that no load balancer has.
        is_gone = entry is None and (target is None or not group.load_balancer_arns)
        if port != int(entry["Port"] if entry else group.port) or is_gone:
            health = ("unused", "Target.NotRegistered", "Target is not registered to the target group")
        elif not group.load_balancer_arns:
            health = ("unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer")
        elif entry is None:
            health = ("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
        elif target is None or target.leaves is not None or not target.decided:
            health = ("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
        elif not target.healthy:
            health = ("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
        else:
            health = ("healthy",)
        words = dict(zip(("State", "Reason", "Description"), health))
        return {"HealthCheckPort": self._way(group.name)[1], "Target": {"Id": name, "Port": port}, "TargetHealth": words}

    # The targets and the target group

    @staticmethod
    def _groups() -> dict:
        return get_backend("elbv2")[ACCOUNT][REGION].target_groups

    def _group(self, form: dict[str, str]):
        """The group that a call is about, if it is one of the lab's."""
        group = self._groups().get(form.get("TargetGroupArn"))
        return group if group and group.name in TARGET_GROUPS else None

    def _registered(self, name: str) -> list[str]:
        groups = [group for group in list(self._groups().values()) if group.name == name]
        return [target for group in groups for target in list(group.targets)]

    def _is_used(self, name: str) -> bool:
        return any(group.name == name and group.load_balancer_arns for group in list(self._groups().values()))

    def _way(self, name: str) -> tuple[bool, int]:
        """Whether a group speaks the PROXY protocol, and the port of its health checks; HAProxy knows those by HTTP alone."""
        group = next((group for group in list(self._groups().values()) if group.name == name), None)
        if group is None:
            return False, 80
        has_port = group.health_check_protocol == "HTTP" and group.health_check_port != "traffic-port"
        return (group.attributes.get("proxy_protocol_v2.enabled") == "true",
                int(group.health_check_port) if has_port else 80)

    def _address(self, name: str) -> str:
        return jsonfile.read(self.folder / "instances.json").get(name, name)

    def _have(self, change, group: str, name: str, *way) -> None:
        """Change what HAProxy does for a target, if it is one that it has a place for."""
        if haproxy.has_slot(self._address(name)):
            change(self.folder, group, self._address(name), *way)

"""The classic load balancer: HAProxy, kept equal to what is registered in moto, and its checks' word on health."""

import json
from pathlib import Path

from moto.backends import get_backend

from . import haproxy
from .account import ACCOUNT, NAME, REGION
from .query import QueryError, answer, members

_XML = "http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/"


# HAProxy's section for each instance port.
_SECTIONS = {25: "smtp", 587: "submission"}


class ClassicLoadBalancer:
    """Follows moto, and answers what moto makes up: DescribeInstanceHealth."""

    def __init__(self, folder: Path):
        self.folder = folder
        # The instances that get connections, with the ports on which the PROXY protocol is spoken to them.
        self.registered: dict[str, set[int]] = {}
        # The instances that were taken away since HAProxy followed last, and may be back already.
        self.deregistered: set[str] = set()
        self.states: dict[str, str] = {}

    def addresses(self) -> dict[str, str]:
        return json.loads((self.folder / "instances.json").read_text())

    def follow(self) -> None:
        """Have HAProxy send to who is registered now."""
        balancer = self._balancer()
        instances = set(balancer.instance_ids) if balancer else set()
        proxied = self._proxied(balancer) if balancer else set()
        gone, self.deregistered = self.deregistered, set()
        for instance, address in self.addresses().items():
            if instance not in instances or instance in gone:
                self.states.pop(address, None)
                if self.registered.pop(instance, None) is not None:
                    for section in _SECTIONS.values():
                        haproxy.withdraw(self.folder, section, address)
            if instance not in instances:
                continue
            for port in _SECTIONS:
                known = self.registered.get(instance)
                if known is None or (port in known) != (port in proxied):
                    haproxy.admit(self.folder, _SECTIONS[port], address, port in proxied, anew=known is None)
            self.registered[instance] = proxied

    @staticmethod
    def _balancer():
        """The load balancer in moto; `None` while there is none."""
        return get_backend("elb")[ACCOUNT][REGION].load_balancers.get(NAME)

    @staticmethod
    def _proxied(balancer) -> set[int]:
        """The instance ports that have a policy that switches the PROXY protocol on."""
        attribute = {"AttributeName": "ProxyProtocol", "AttributeValue": "true"}
        names = {policy.policy_name for policy in balancer.policies
                 if policy.policy_type_name == "ProxyProtocolPolicyType"
                 and attribute in policy.policy_attribute_descriptions}
        return {int(backend.instance_port) for backend in balancer.backends if names & set(backend.policy_names)}

    def see(self, statistics: dict) -> None:
        """Take note of what HAProxy's checks say."""
        self.states = {address: row["status"] for address, row in statistics["smtp"].items()}

    def register(self, form: dict[str, str]) -> None:
        """RegisterInstancesWithLoadBalancer."""
        self._require(form)

    def deregister(self, form: dict[str, str]) -> None:
        """DeregisterInstancesFromLoadBalancer: who comes back at once is checked anew, as a real one does."""
        self._require(form)
        self.deregistered |= {member["InstanceId"] for member in members(form, "Instances")}

    def health(self, form: dict[str, str]) -> str | None:
        """DescribeInstanceHealth; moto answers for all instances."""
        self._require(form)
        asked = members(form, "Instances")
        if not asked:
            return None
        states = [{"InstanceId": member["InstanceId"], **self._state(member["InstanceId"])} for member in asked]
        return answer("DescribeInstanceHealth", _XML, {"InstanceStates": states})

    def _require(self, form: dict[str, str]) -> None:
        """To moto, one that was deleted is a fault of its own."""
        if form.get("LoadBalancerName") == NAME and self._balancer() is None:
            raise QueryError("LoadBalancerNotFound", f"There is no ACTIVE Load Balancer named '{NAME}'")

    def _state(self, instance: str) -> dict[str, str]:
        # An instance that was just taken away is gone for callers, whether HAProxy has followed or not.
        balancer = self._balancer()
        if balancer is None or instance not in balancer.instance_ids:
            raise QueryError("InvalidInstance", f"Could not find EC2 instance {instance}.")
        # "UP 1/2" is one whose checks have begun to fail.
        state = self.states.get(self.addresses()[instance], "")
        if instance in self.registered and instance not in self.deregistered and state.startswith("UP"):
            return {"State": "InService", "ReasonCode": "N/A", "Description": "N/A"}
        text = "Instance has failed at least the UnhealthyThreshold number of health checks consecutively."
        return {"State": "OutOfService", "ReasonCode": "Instance", "Description": text}

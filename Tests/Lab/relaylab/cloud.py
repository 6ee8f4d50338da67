"""A test's orders and questions to AWS's side of a lab."""

from . import account, haproxy, jsonfile, metadata, records
from .client import Client
from .lifecycle import Lifecycles
from .machine import Relay


class Cloud:
    """The part of a Lab that is instance metadata, the AWS APIs and the load balancers."""

    # Instance metadata

    def write_metadata(self) -> None:
        """Have metadata say what 'nodes' holds now."""
        jsonfile.write(self.folder / "metadata.json", self.nodes)

    def metadata_fault(self, relay: Relay, fault: str) -> None:
        """Break a relay's metadata from now on; with '' mend it."""
        self.nodes[relay.address]["fault"] = fault
        self.write_metadata()

    def set_metadata(self, relay: Relay, path: str, value: str | None) -> None:
        """Have a relay's metadata say another text at a path below meta-data/ from now on, or None: nothing there."""
        metadata.edit(self.nodes[relay.address]["meta-data"], path, value)
        self.write_metadata()

    def metadata_calls(self, relay: Relay) -> list[str]:
        """The paths that a relay has asked metadata for; cloud-init's too."""
        calls = records.read(self.folder / "metadata-calls.jsonl")
        return [call["path"] for call in calls if call["client"] == relay.address]

    # The AWS APIs

    def api_fault(self, **fault) -> None:
        """Break the AWS API from now on, of one service where 'of' names it; without a fault, mend it."""
        jsonfile.write(self.folder / "faults.json", fault)

    def api_calls(self, relay: Relay) -> list[str]:
        """The actions that a relay has called."""
        return [request["action"] for request in self.api_requests(relay)]

    def api_requests(self, relay: Relay) -> list[dict]:
        """Each AWS call of a relay, with its 'time', 'service', 'action', and the other 'fields' of its form."""
        calls = records.read(self.folder / "calls.jsonl")
        return [{key: call[key] for key in ("time", "service", "action", "fields")}
                for call in calls if call["client"] == relay.address]

    def lifecycle(self, relay: Relay, state: str | None = "Terminating:Wait",
                  hook: str | None = "relay-terminating") -> None:
        """Have Auto Scaling hold a relay in a state, waiting for a hook's action, or for none.

        Without a state the relay is in no group, as all are at first. Metadata's target state is another matter.
        """
        Lifecycles(self.folder).set(relay.instance, state, hook)

    def lifecycle_answers(self, relay: Relay) -> list[dict]:
        """The lifecycle actions that were completed for a relay: 'hook', 'result', 'group' and 'time' of each."""
        return Lifecycles(self.folder).answers(relay.instance)

    def put_parameter(self, relay: Relay, name: str, value: str) -> None:
        """Have a SecureString of Systems Manager hold another value."""
        client = Client(relay.namespace, self.folder)
        # The standard tier ends at 4 KB.
        tier = "Advanced" if len(value) > 4096 else "Standard"
        answer = client("ssm", "put_parameter", Name=name, Value=value, Type="SecureString", Overwrite=True, Tier=tier)
        client.close()
        assert "Error" not in answer, answer

    def put_object(self, relay: Relay, key: str, text: str) -> None:
        """Have an object of the lab's bucket hold a text."""
        client = Client(relay.namespace, self.folder)
        place = {"CreateBucketConfiguration": {"LocationConstraint": account.REGION}}
        made = client("s3", "create_bucket", Bucket=account.BUCKET, **place)
        assert made.get("Error", {}).get("Code") in (None, "BucketAlreadyOwnedByYou"), made
        answer = client("s3", "put_object", Bucket=account.BUCKET, Key=key, Body=text)
        client.close()
        assert "Error" not in answer, answer

    # The load balancers

    def deregister(self, relay: Relay) -> None:
        """Take a relay out of the classic load balancer, as a person with the AWS command line would."""
        client = Client(relay.namespace, self.folder)
        answer = client("elb", "deregister_instances_from_load_balancer", LoadBalancerName=account.NAME,
                        Instances=[{"InstanceId": relay.instance}])
        client.close()
        assert "Error" not in answer, answer

    def backends(self) -> dict[str, str]:
        """The state of each registered relay by the classic load balancer's checks, by address."""
        return haproxy.states(self.folder)

    def wait_for_backend(self, relay: Relay, state: str | None, seconds: float = 60) -> None:
        """Wait for what its checks say of a relay; None once it is sent nothing any more."""
        self._wait(lambda: self.backends().get(relay.address) == state, seconds,
                   f"{relay.name} {state} at the load balancer")

    def hold_checks(self, relay: Relay) -> None:
        """Have the classic load balancer's checks take a relay for healthy, whatever it answers, until resume_checks()."""
        haproxy.hold_checks(self.folder, "smtp", relay.address)

    def resume_checks(self, relay: Relay) -> None:
        haproxy.resume_checks(self.folder, "smtp", relay.address)

    def connections(self, relay: Relay) -> int:
        """The number of connections that both load balancers have sent to a relay's port 25 so far."""
        return haproxy.connections(self.folder, relay.address)

    @property
    def target_groups(self) -> dict[str, str]:
        """The ARN of each of the network load balancer's target groups, by name."""
        return jsonfile.read(self.folder / "account.json")["target-groups"]

    @property
    def open_target_group(self) -> str:
        """The ARN of the group of an internet-facing network load balancer that masks who comes in."""
        return jsonfile.read(self.folder / "account.json")["open-target-group"]

    def target_backends(self, group: str) -> dict[str, str]:
        """The state of each address that the network load balancer sends to for a target group's name, by its checks.

        A target that was deregistered is among them as long as it is sent to.
        """
        return haproxy.states(self.folder, group)

    def wait_until_out_of_target(self, group: str, relay: Relay, seconds: float = 60) -> None:
        """Wait until the network load balancer sends a relay nothing: its checks fail, or it is deregistered."""
        self._wait(lambda: self.target_backends(group).get(relay.address) != "UP", seconds,
                   f"{relay.name} out of target group {group}")

    def wait_for_target(self, group: str, relay: Relay, state: str | None, seconds: float = 60) -> None:
        """Wait until the network load balancer's checks say so of a relay; None: it is not sent to."""
        self._wait(lambda: self.target_backends(group).get(relay.address) == state, seconds,
                   f"{relay.name} {state} in target group {group}")

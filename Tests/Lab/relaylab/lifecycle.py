"""Auto Scaling's word on an instance: its state, and the lifecycle action that waits for it.

A test sets both; the API answers from them and writes down who completed what. Both keep to one lock, so that an action
is completed once, however many ask at the same time.
"""

import fcntl
from contextlib import contextmanager
from pathlib import Path

from . import jsonfile, records
from .account import NAME as GROUP
from .query import QueryError, answer, members

_XML = "http://autoscaling.amazonaws.com/doc/2011-01-01/"


class Lifecycles:
    """Each instance's state and hook, kept in the lab's folder."""

    def __init__(self, folder: Path):
        self.path = folder / "lifecycles.json"
        self.completed = folder / "lifecycle-answers.jsonl"

    def set(self, instance: str, state: str | None, hook: str | None) -> None:
        """Put an instance into a state and have a hook's action wait, or none. Without a state it is in no group."""
        with self._instances() as instances:
            instances.pop(instance, None)
            if state is not None:
                instances[instance] = {"state": state, "hook": hook}

    def answers(self, instance: str) -> list[dict]:
        """The actions that were completed, in their order."""
        entries = [entry for entry in records.read(self.completed) if entry["instance"] == instance]
        return [{key: entry[key] for key in ("hook", "result", "group", "time")} for entry in entries]

    # The answers of the API

    def describe(self, form: dict[str, str]) -> str:
        """DescribeAutoScalingInstances: those asked for that are in the group; without names, all that are."""
        asked = {member[""] for member in members(form, "InstanceIds")}
        with self._instances() as instances:
            found = [{
                "InstanceId": instance, "AutoScalingGroupName": GROUP, "AvailabilityZone": "eu-central-1a",
                "LifecycleState": entry["state"], "HealthStatus": "HEALTHY", "ProtectedFromScaleIn": "false",
            } for instance, entry in instances.items() if instance in asked or not asked]
        return answer("DescribeAutoScalingInstances", _XML, {"AutoScalingInstances": found})

    def complete(self, form: dict[str, str]) -> str:
        """CompleteLifecycleAction: the action is over, and the instance goes on."""
        result = form.get("LifecycleActionResult")
        if result not in ("CONTINUE", "ABANDON"):
            raise QueryError("ValidationError", f"Lifecycle action result {result} is neither CONTINUE nor ABANDON")
        with self._instances() as instances:
            entry = self._waiting(instances, form)
            hook, entry["hook"] = entry["hook"], None
            entry["state"] = entry["state"].replace(":Wait", ":Proceed")
            records.append(self.completed, instance=form["InstanceId"], hook=hook, result=result, group=GROUP)
        return answer("CompleteLifecycleAction", _XML, {})

    def heartbeat(self, form: dict[str, str]) -> str:
        """RecordLifecycleActionHeartbeat: the action may take longer. The lab's never end by themselves."""
        with self._instances() as instances:
            self._waiting(instances, form)
        return answer("RecordLifecycleActionHeartbeat", _XML, {})

    @staticmethod
    def _waiting(instances: dict[str, dict], form: dict[str, str]) -> dict:
        """The entry of the instance whose action a call is about."""
        asked = (form.get("AutoScalingGroupName"), form.get("LifecycleHookName"))
        entry = instances.get(form.get("InstanceId", ""))
        if entry is None or entry["hook"] is None or (GROUP, entry["hook"]) != asked:
            token = f"token {form.get('LifecycleActionToken')}"
            named = f"instance ID {form['InstanceId']}" if "InstanceId" in form else token
            raise QueryError("ValidationError", f"No active Lifecycle Action found with {named}")
        return entry

    @contextmanager
    def _instances(self):
        """All entries, which are kept as they are at the end unless an error ends it."""
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            instances = jsonfile.read(self.path) if self.path.exists() else {}
            yield instances
            jsonfile.write(self.path, instances)

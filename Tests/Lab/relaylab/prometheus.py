"""Debian's Prometheus on the application host of the VPC. It scrapes the relays, and has rules, as an operator's does."""

import json
import subprocess
import time
from pathlib import Path

import yaml

from . import paths
from .lab import Lab
from .shell import die_with_parent, output, run, start, uninterrupted

PROGRAM = paths.CACHE / "prometheus"
PROMTOOL = paths.CACHE / "promtool"
MONITORING = paths.REPOSITORY / "units/monitoring"
ADDRESS = "127.0.0.1:9090"


class Prometheus:
    """Runs until it is told to stop, and at most as long as the lab. It looks at everything once a second."""

    def __init__(self, lab: Lab, folder: Path):
        self.lab = lab
        # As an operator has it in /etc/prometheus.
        self.settings = folder / "etc/prometheus"
        (self.settings / "rules").mkdir(parents=True)
        self.rules = self.settings / "rules/smtp-relay-agent.yml"
        self.rules.write_text((MONITORING / "alerts.yml").read_text())
        (self.settings / "prometheus.yml").write_text(yaml.safe_dump(self._configuration()))
        log = (folder / "prometheus.log").open("w")
        with uninterrupted():
            self.process = start(
                "ip", "netns", "exec", lab.application, PROGRAM, f"--config.file={self.settings}/prometheus.yml",
                f"--storage.tsdb.path={folder}/data", "--storage.tsdb.retention.time=2h", f"--web.listen-address={ADDRESS}",
                "--web.enable-lifecycle", stdin=subprocess.DEVNULL, stdout=log, stderr=log, prepare=die_with_parent)
            lab.ledger.process(self.process.pid)
        self.wait_for(lambda: run(*self._curl("-/ready"), check=False).returncode == 0, 30, "Prometheus")

    def _configuration(self) -> dict:
        """The example, whose nodes are those of the lab: moto's EC2 can't be asked by Prometheus."""
        example = yaml.safe_load((MONITORING / "prometheus.yml").read_text())
        example["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        scrape, = example["scrape_configs"]
        found, = scrape.pop("ec2_sd_configs")
        scrape["static_configs"] = [
            {"targets": [f"{relay.address}:{found['port']}"], "labels": {"__meta_ec2_instance_id": relay.instance}}
            for relay in self.lab.relays]
        return example

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)

    def load(self, rules: str) -> None:
        """Have it go by other rules."""
        self.rules.write_text(rules)
        run(*self._curl("-/reload", "-X", "POST"))

    def query(self, expression: str) -> list[dict]:
        """The samples that an expression gives now: each its labels and its value."""
        result = self._api("query", "--data-urlencode", f"query={expression}")["result"]
        return [{**sample["metric"], "value": float(sample["value"][1])} for sample in result]

    def targets(self) -> list[dict]:
        return self._api("targets")["activeTargets"]

    def rule_states(self) -> list[dict]:
        return [rule for group in self._api("rules")["groups"] for rule in group["rules"]]

    def alerts(self, state: str = "firing") -> set[tuple[str, str]]:
        """The alerts in a state: the name of each, and its node."""
        return {(alert["labels"]["alertname"], alert["labels"].get("instance", ""))
                for alert in self._api("alerts")["alerts"] if alert["state"] == state}

    def wait_for(self, condition, seconds: float, what: str) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, "Prometheus has ended"
            assert time.monotonic() < deadline, f"{what} did not come within {seconds:.0f} s"
            time.sleep(0.3)

    def _api(self, path: str, *options: str) -> dict:
        answer = json.loads(output(*self._curl(f"api/v1/{path}", *options)))
        assert answer["status"] == "success", answer
        return answer["data"]

    def _curl(self, path: str, *options: str) -> list[str]:
        return ["ip", "netns", "exec", self.lab.application, "curl", "-fsS", "-m", "10", *options, f"http://{ADDRESS}/{path}"]

"""A lab as a whole."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path

from . import certificates, dns, haproxy, image, metadata, network, packages, paths, records, sink, systems, user_data
from .account import HOSTS
from .cloud import Cloud
from .ledger import Ledger
from .machine import Machine, Relay
from .mail import Mail
from .network import Network
from .shell import CommandError, die_with_parent, output, run, start, uninterrupted
from .suites import BOOKWORM, Suite


_SYSTEMD_IS_UP = "systemctl is-system-running | grep -qE 'running|degraded'"


class Lab(Cloud, Mail):
    """A VPC with metadata, AWS APIs, DNS, a package repository, load balancers, a sender, and the world outside."""

    def __init__(self, binary: Path):
        self.id = f"lab{secrets.token_hex(2)}"
        self.folder = paths.CACHE / "run" / self.id
        self.ledger = Ledger(self.folder / "ledger.jsonl")
        with uninterrupted():
            self.folder.mkdir(parents=True)
            self.ledger.add("folder", self.folder)
        (self.folder / "owner").write_text(json.dumps({"process": os.getpid(), "kept": False}))
        self.relays: list[Relay] = []
        self.nodes: dict[str, dict] = {}
        self.arrived = records.Following(self.folder / "mails.jsonl")
        self.sender: Machine | None = None
        try:
            self._build(binary)
        except BaseException:
            self.down()
            raise

    def __enter__(self) -> "Lab":
        return self

    def __exit__(self, *unused) -> None:
        self.down()

    def down(self) -> None:
        """Undo everything."""
        self.ledger.undo()

    def _build(self, binary: Path) -> None:
        self.network = Network(self.id, self.ledger)
        certificates.authority(self.folder)
        certificates.issue(self.folder, "api", HOSTS, network.API)
        certificates.issue(self.folder, "mail", [sink.MX, sink.SMARTHOST, sink.SES, sink.MAILBOX])
        (self.folder / "faults.json").write_text("{}")
        (self.folder / "metadata.json").write_text("{}")
        artifacts = self.folder / "artifacts"
        artifacts.mkdir()
        os.link(binary, artifacts / "smtp-relay-agent") if binary.stat().st_dev == artifacts.stat().st_dev else \
            shutil.copy(binary, artifacts)
        self.sha256 = output("sha256sum", binary).split()[0]
        balancer = self.network.host("elb", network.LOAD_BALANCER)
        self.network.address(balancer, network.NETWORK_LOAD_BALANCER)
        (self.folder / "haproxy.cfg").write_text(haproxy.configuration(self.folder))
        self._service("haproxy", balancer, "haproxy", "-db", "-f", self.folder / "haproxy.cfg")
        router = self.network.router
        self._service("dns", router, *dns.command())
        self._module("metadata", router, self.folder)
        self._service("repository", router, *self._python("files"), network.REPOSITORY, self._repository(BOOKWORM).parent)
        self._service("artifacts", router, *self._python("files"), network.ARTIFACTS, artifacts)
        self._service("api", router, *self._python("api"), self.folder)
        outside = self.network.host("sink", network.SINK, outside=True)
        self.smarthost_password("relay", "never-printed-upstream-password")
        self._module("sink", outside, self.folder, "mx", "smarthost", "smarthosts")
        self._service("mailbox", router, *self._python("sink"), self.folder, "mailbox")
        self.application = self.network.host("app", network.SENDER)
        self.outsider = self.network.host("out", network.OUTSIDER, outside=True)
        self._wait((self.folder / "api.ready").exists, 60, "the AWS API")
        self._wait((self.folder / "sink.sock").exists, 20, "the mail server outside")
        self.instances = json.loads((self.folder / "instances.json").read_text())
        self.state()

    def state(self) -> None:
        """Write down what other commands need to know."""
        relays = {relay.name: {"leader": relay.leader, "instance": relay.instance, "address": relay.address}
                  for relay in self.relays}
        state = {"id": self.id, "process": os.getpid(), "relays": relays, "sender": self.application}
        (self.folder / "state.json").write_text(json.dumps(state))

    def _python(self, module: str) -> list[str]:
        return [sys.executable, "-m", f"relaylab.{module}"]

    def _repository(self, suite: Suite) -> Path:
        """Where a release's packages are among the repositories that machines reach."""
        place = self.folder / "repositories" / suite.name
        place.parent.mkdir(exist_ok=True)
        if not place.exists():
            place.symlink_to(packages.build(suite))
        return place

    def _module(self, name: str, namespace: str, *arguments) -> None:
        self._service(name, namespace, *self._python(name), *arguments)

    def _service(self, name: str, namespace: str, *argv) -> None:
        log = (self.folder / f"{name}.log").open("w")
        with uninterrupted():
            process = start("ip", "netns", "exec", namespace, *argv, cwd=paths.SOURCES.parent,
                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, prepare=die_with_parent)
            self.ledger.process(process.pid)

    def _wait(self, condition, seconds: float, what: str) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                logs = "\n".join(f"{p.name}: {p.read_text()[-800:]}" for p in self.folder.glob("*.log"))
                raise CommandError(f"{what} did not come within {seconds:.0f} s\n{logs}")
            time.sleep(0.1)

    # Machines

    def add_relay(self, user_data_text: str | None = None, tags: dict | None = None, role: bool = True,
                  has_tags: bool = True, preinstalled: bool = False, fault: str = "", boot: bool = True,
                  disk: str | None = None, system: str = systems.ALMA_9, suite: Suite = BOOKWORM) -> Relay:
        """Boot another relay from user-data; by default from the cloud-config in cloud-init/.

        Its image is the stock one, or the disk of another machine.
        """
        instance, address = list(self.instances.items())[len(self.relays)]
        name = f"r{len(self.relays) + 1}"
        mac = "0e:49:61:0f:c3:%02x" % (16 + len(self.relays))
        namespace = self.network.host(name, address, mac=mac)
        self._repository(suite)
        relay = Relay(name, disk or image.relay(suite), namespace, self.folder, self.ledger, instance, address)
        relay.trust(self.folder / "ca.pem")
        systems.name(relay.root, system)
        if preinstalled:
            for package in sorted(packages.build(suite).glob("[pn]*.rpm"), reverse=True):
                shutil.copy(package, relay.root / "tmp")
                run("chroot", relay.root, "rpm", "-i", "--nodeps", f"/tmp/{package.name}", timeout=120)
        self.relays.append(relay)
        self.nodes[address] = {
            "meta-data": metadata.tree(instance, address, mac, (tags or {}) if has_tags else None, role),
            "dynamic": metadata.identity(instance, address),
            "user-data": user_data_text or user_data.cloud_config(self.sha256),
            "fault": fault,
        }
        self._place(address, mac)
        self.write_metadata()
        if boot:
            relay.boot()
        self.state()
        return relay

    def _place(self, address: str, mac: str) -> None:
        """Have a relay's metadata say where in the account it is."""
        account = json.loads((self.folder / "account.json").read_text())
        interface = self.nodes[address]["meta-data"]["network"]["interfaces"]["macs"][mac]
        interface.update({"vpc-id": account["vpc"], "subnet-id": account["subnet"],
                          "security-group-ids": account["node-group"]})

    def move(self, relay: Relay, address: str) -> None:
        """Give a relay that is off another private address, as a network interface of another subnet would."""
        node = self.nodes.pop(relay.address)
        mac = node["meta-data"]["mac"]
        self.network.move(relay.namespace, relay.address, address)
        relay.address = self.instances[relay.instance] = address
        tags = node["meta-data"].get("tags", {}).get("instance")
        self.nodes[address] = node | {
            "meta-data": metadata.tree(relay.instance, address, mac, tags, "iam" in node["meta-data"]),
            "dynamic": metadata.identity(relay.instance, address),
        }
        self._place(address, mac)
        (self.folder / "instances.json").write_text(json.dumps(self.instances))
        self.write_metadata()
        self.state()

    def add_office(self, disk: str | None = None, booted: str = _SYSTEMD_IS_UP) -> Machine:
        """Boot a host that sends, off EC2 and joined to the VPC by a line of its own: no metadata, no cloud-init, no AWS.

        The agent is there, and was not run yet; Postfix is not. Its image is the stock one, or the disk of another
        machine, which is up when a shell's script succeeds.
        """
        namespace = self.network.host("office", network.OFFICE)
        self.network.without_metadata(namespace)
        machine = Machine("office", disk or image.relay(), namespace, self.folder, self.ledger)
        (machine.root / "etc/cloud/cloud-init.disabled").touch()
        systems.name(machine.root, systems.ALMA_9)
        (machine.root / "etc/hostname").write_text("office\n")
        shutil.copy(self.folder / "artifacts/smtp-relay-agent", machine.root / "usr/local/bin")
        machine.boot()
        machine.wait_until(booted, 60, "the end of the boot")
        return machine

    def add_sender(self) -> None:
        """An application host, whose own Postfix has the load balancer as its relayhost."""
        machine = Machine("app", image.sender(), self.application, self.folder, self.ledger)
        settings = [f"relayhost = [{network.LOAD_BALANCER}]:25", "myhostname = app.example.com", "mydomain = example.com",
                    "myorigin = $mydomain", "mydestination =", "inet_protocols = ipv4", "inet_interfaces = loopback-only",
                    "maillog_file = /var/log/mail.log", "alias_maps =", "compatibility_level = 3.6",
                    # One message a connection, so that the load balancer has something to balance.
                    "smtp_connection_cache_on_demand = no", "initial_destination_concurrency = 1",
                    # Mail that no relay took is tried again at once: no test waits the usual five minutes.
                    "minimal_backoff_time = 2s", "maximal_backoff_time = 4s", "queue_run_delay = 2s"]
        (machine.root / "etc/postfix/main.cf").write_text("\n".join(settings) + "\n")
        machine.start("--as-pid2", "/usr/sbin/postfix", "start-fg")
        self.sender = machine
        self.state()
        self._wait(lambda: _smtp_greets(self.application), 20, "the sender's Postfix")


def _smtp_greets(namespace: str) -> bool:
    script = "import smtplib; smtplib.SMTP('127.0.0.1', 25, timeout=2).quit()"
    return run("ip", "netns", "exec", namespace, sys.executable, "-c", script, check=False).returncode == 0

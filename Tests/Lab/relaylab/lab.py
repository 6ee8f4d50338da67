"""A lab as a whole."""

import ctypes
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from . import certificates, haproxy, image, metadata, network, packages, paths, user_data
from .api import HOSTS, NAME, REGION
from .ledger import Ledger
from .machine import Machine, Relay
from .network import Network
from .shell import CommandError, output, run


def _die_with_parent() -> None:
    """Have the kernel end a service when the lab's process is gone."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Lab:
    """A VPC with metadata, AWS APIs, DNS, a package repository, a load balancer, a sender, and the world outside."""

    def __init__(self, binary: Path):
        self.id = f"lab{secrets.token_hex(2)}"
        self.folder = paths.CACHE / "run" / self.id
        self.folder.mkdir(parents=True)
        self.ledger = Ledger(self.folder / "ledger.jsonl")
        self.ledger.add("folder", self.folder)
        (self.folder / "owner").write_text(json.dumps({"process": os.getpid(), "kept": False}))
        self.relays: list[Relay] = []
        self.nodes: dict[str, dict] = {}
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
        certificates.issue(self.folder, HOSTS, network.API)
        (self.folder / "faults.json").write_text("{}")
        (self.folder / "metadata.json").write_text("{}")
        artifacts = self.folder / "artifacts"
        artifacts.mkdir()
        os.link(binary, artifacts / "smtp-relay-agent") if binary.stat().st_dev == artifacts.stat().st_dev else \
            shutil.copy(binary, artifacts)
        self.sha256 = output("sha256sum", binary).split()[0]
        balancer = self.network.host("elb", network.LOAD_BALANCER)
        (self.folder / "haproxy.cfg").write_text(haproxy.configuration(self.folder))
        self._service("haproxy", balancer, "haproxy", "-db", "-f", self.folder / "haproxy.cfg")
        router = self.network.router
        self._service("dns", router, *self._dnsmasq())
        self._module("metadata", router, self.folder / "metadata.json")
        self._service("repository", router, *self._python("files"), network.REPOSITORY, packages.build())
        self._service("artifacts", router, *self._python("files"), network.ARTIFACTS, artifacts)
        self._service("api", router, *self._python("api"), self.folder)
        outside = self.network.host("sink", network.SINK, outside=True)
        self._module("sink", outside, self.folder / "mails.jsonl")
        self.outsider = self.network.host("out", network.OUTSIDER, outside=True)
        self._wait((self.folder / "api.ready").exists, 60, "the AWS API")
        self.instances = json.loads((self.folder / "instances.json").read_text())
        self.state()

    def state(self) -> None:
        """Write down what other commands need to know."""
        relays = {relay.name: {"leader": relay.leader, "instance": relay.instance, "address": relay.address}
                  for relay in self.relays}
        state = {"id": self.id, "process": os.getpid(), "relays": relays, "sender": f"{self.id}-app"}
        (self.folder / "state.json").write_text(json.dumps(state))

    def _python(self, module: str) -> list[str]:
        return [sys.executable, "-m", f"relaylab.{module}"]

    def _module(self, name: str, namespace: str, *arguments) -> None:
        self._service(name, namespace, *self._python(name), *arguments)

    def _service(self, name: str, namespace: str, *argv) -> None:
        log = (self.folder / f"{name}.log").open("w")
        process = subprocess.Popen(
            ["ip", "netns", "exec", namespace, *map(str, argv)], cwd=paths.SOURCES.parent, stdin=subprocess.DEVNULL,
            stdout=log, stderr=log, preexec_fn=_die_with_parent,
        )
        self.ledger.process(process.pid)

    def _dnsmasq(self) -> list[str]:
        names = {**{host: network.API for host in HOSTS}, "repo.lab.internal": network.REPOSITORY,
                 "artifacts.lab.internal": network.ARTIFACTS, "mx.example.net": network.SINK}
        records = [f"--host-record={name},{address}" for name, address in names.items()]
        return ["dnsmasq", "--keep-in-foreground", "--user=root", "--conf-file=/dev/null", "--pid-file=", "--no-hosts",
                "--no-resolv", f"--listen-address={network.RESOLVER}", "--bind-interfaces", "--address=/#/",
                "--mx-host=example.net,mx.example.net,10", *records]

    def _wait(self, condition, seconds: float, what: str) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                logs = "\n".join(f"{p.name}: {p.read_text()[-800:]}" for p in self.folder.glob("*.log"))
                raise CommandError(f"{what} did not come within {seconds:.0f} s\n{logs}")
            time.sleep(0.1)

    # Machines

    def add_relay(self, user_data_text: str | None = None, tags: dict | None = None, role: bool = True,
                  has_tags: bool = True, preinstalled: bool = False, fault: str = "", boot: bool = True) -> Relay:
        """Boot another relay from user-data; by default from the cloud-config in cloud-init/."""
        instance, address = list(self.instances.items())[len(self.relays)]
        name = f"r{len(self.relays) + 1}"
        mac = "0e:49:61:0f:c3:%02x" % (16 + len(self.relays))
        namespace = self.network.host(name, address, mac=mac)
        relay = Relay(name, image.relay(), namespace, self.folder, self.ledger, instance, address)
        relay.trust(self.folder / "ca.pem")
        if preinstalled:
            for package in sorted(packages.build().glob("[pn]*.rpm"), reverse=True):
                shutil.copy(package, relay.root / "tmp")
                run("chroot", relay.root, "rpm", "-i", "--nodeps", f"/tmp/{package.name}", timeout=120)
        self.relays.append(relay)
        self.nodes[address] = {
            "meta-data": metadata.tree(instance, address, mac, (tags or {}) if has_tags else None, role),
            "dynamic": metadata.identity(instance, address),
            "user-data": user_data_text or user_data.cloud_config(self.sha256),
            "fault": fault,
        }
        account = json.loads((self.folder / "account.json").read_text())
        interface = self.nodes[address]["meta-data"]["network"]["interfaces"]["macs"][mac]
        interface.update({"vpc-id": account["vpc"], "subnet-id": account["subnet"]})
        self.write_metadata()
        if boot:
            relay.boot()
        self.state()
        return relay

    def write_metadata(self) -> None:
        temporary = self.folder / "metadata.new"
        temporary.write_text(json.dumps(self.nodes))
        temporary.rename(self.folder / "metadata.json")

    def metadata_fault(self, relay: Relay, fault: str) -> None:
        self.nodes[relay.address]["fault"] = fault
        self.write_metadata()

    def api_fault(self, **fault) -> None:
        """Break the AWS API from now on; without a fault, mend it."""
        (self.folder / "faults.json").write_text(json.dumps(fault))

    def api_calls(self, relay: Relay) -> list[str]:
        """The actions that a relay has called."""
        path = self.folder / "calls.jsonl"
        calls = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [call["action"] for call in calls if call["client"] == relay.address]

    def add_sender(self) -> None:
        """An application host, whose own Postfix has the load balancer as its relayhost."""
        namespace = self.network.host("app", network.SENDER)
        machine = Machine("app", image.sender(), namespace, self.folder, self.ledger)
        settings = [f"relayhost = [{network.LOAD_BALANCER}]:25", "myhostname = app.example.com", "mydomain = example.com",
                    "myorigin = $mydomain", "mydestination =", "inet_protocols = ipv4", "inet_interfaces = loopback-only",
                    "maillog_file = /var/log/mail.log", "alias_maps =", "compatibility_level = 3.6",
                    # One message a connection, so that the load balancer has something to balance.
                    "smtp_connection_cache_on_demand = no", "initial_destination_concurrency = 1"]
        (machine.root / "etc/postfix/main.cf").write_text("\n".join(settings) + "\n")
        machine.start("--as-pid2", "/usr/sbin/postfix", "start-fg")
        self.sender = machine
        self.state()
        self._wait(lambda: _smtp_greets(namespace), 20, "the sender's Postfix")

    # What a person or a test looks at

    def send(self, count: int, prefix: str = "mail", recipient: str = "someone@example.net") -> list[str]:
        """Send mails from the application host. Returns their subjects."""
        return send(f"{self.id}-app", count, prefix, recipient)

    def mails(self) -> list[dict]:
        path = self.folder / "mails.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def wait_for_mails(self, subjects: list[str], seconds: float = 60) -> list[dict]:
        wanted = set(subjects)
        self._wait(lambda: wanted <= {mail["subject"] for mail in self.mails()}, seconds, f"{len(wanted)} mails")
        return [mail for mail in self.mails() if mail["subject"] in wanted]

    def backends(self) -> dict[str, str]:
        """What the load balancer's checks say of each registered relay, by address."""
        return haproxy.states(self.folder / "haproxy.sock")

    def deregister(self, relay: Relay) -> None:
        """Take a relay out of the load balancer, as a person with the AWS command line would."""
        script = (
            "import boto3\n"
            f"elb = boto3.client('elb', region_name={REGION!r}, endpoint_url='https://{network.API}',"
            f" verify={str(self.folder / 'ca.pem')!r}, aws_access_key_id='lab', aws_secret_access_key='lab')\n"
            f"elb.deregister_instances_from_load_balancer(LoadBalancerName={NAME!r},"
            f" Instances=[{{'InstanceId': {relay.instance!r}}}])\n"
        )
        output("ip", "netns", "exec", self.network.router, sys.executable, "-c", script, timeout=60)

    def wait_for_backend(self, relay: Relay, state: str, seconds: float = 60) -> None:
        self._wait(lambda: self.backends().get(relay.address) == state, seconds, f"{relay.name} {state} at the load balancer")

    def try_relay(self, address: str) -> str:
        """Have a host outside try to relay by an address. Returns the answer to RCPT TO."""
        script = (
            "import smtplib,sys\n"
            f"client = smtplib.SMTP({address!r}, 25, 'outsider.example.org', timeout=20)\n"
            "client.ehlo(); client.mail('a@example.org')\n"
            "code, text = client.rcpt('victim@example.net')\n"
            "print(code, text.decode()); client.quit()\n"
        )
        return output("ip", "netns", "exec", self.outsider, sys.executable, "-c", script, timeout=60).strip()


def send(namespace: str, count: int, prefix: str, recipient: str) -> list[str]:
    """Submit mails to the Postfix of the host in a namespace."""
    run_id = secrets.token_hex(3)
    subjects = [f"{prefix} {run_id}-{number}" for number in range(1, count + 1)]
    script = (
        "import smtplib\n"
        f"for subject in {subjects!r}:\n"
        "    client = smtplib.SMTP('127.0.0.1', 25, timeout=20)\n"
        "    text = f'From: app@example.com\\r\\nTo: " + recipient + "\\r\\nSubject: {subject}\\r\\n\\r\\nHello.\\r\\n'\n"
        f"    client.sendmail('app@example.com', [{recipient!r}], text)\n"
        "    client.quit()\n"
    )
    output("ip", "netns", "exec", namespace, sys.executable, "-c", script, timeout=60 + count)
    return subjects


def _smtp_greets(namespace: str) -> bool:
    script = "import smtplib; smtplib.SMTP('127.0.0.1', 25, timeout=2).quit()"
    return run("ip", "netns", "exec", namespace, sys.executable, "-c", script, check=False).returncode == 0


LOAD_BALANCER_NAME = NAME

"""Machines: booted by systemd-nspawn from an image, each in its own network namespace, thrown away at the end."""

import os
import re
import shlex
import signal
import subprocess
import time
from pathlib import Path

from . import cgroup
from .ledger import Ledger, children
from .shell import CommandError, run, start, uninterrupted


class Machine:
    """A machine with a root of its own over an image's."""

    def __init__(self, name: str, image: Path | str, namespace: str, folder: Path, ledger: Ledger):
        self.name = name
        self.image = image
        self.namespace = namespace
        self.ledger = ledger
        self.folder = folder / name
        self.root = self.folder / "root"
        self.leader = 0
        self.process: subprocess.Popen | None = None
        # Run in each process on its way into the machine.
        self.enter = lambda: None
        for part in ("upper", "work", "root"):
            (self.folder / part).mkdir(parents=True)
        ledger.add("mount", self.root)
        run("mount", "-t", "overlay", "overlay", "-o",
            f"lowerdir={image},upperdir={self.folder}/upper,workdir={self.folder}/work", self.root)
        resolver = self.root / "etc/resolv.conf"
        resolver.unlink(missing_ok=True)
        resolver.write_text("nameserver 10.0.0.2\n")

    def trust(self, authority: Path) -> None:
        """Have the machine's programs believe the lab's certificate authority."""
        with (self.root / "etc/ssl/certs/ca-certificates.crt").open("a") as bundle:
            bundle.write(authority.read_text())

    def start(self, *arguments: str) -> None:
        """Boot, or run one program as the machine's only one."""
        with uninterrupted():
            group = cgroup.make(self.namespace)
            self.ledger.add("cgroup", group)
        console = (self.folder / "console.log").open("w")
        with uninterrupted():
            self.process = start(
                "systemd-nspawn", "-q", "-D", self.root, f"--network-namespace-path=/run/netns/{self.namespace}",
                "--register=no", "--keep-unit", "--resolv-conf=off", "--timezone=off", "--link-journal=no",
                f"--machine={self.namespace}", *arguments,
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
                prepare=lambda: (cgroup.enter(group), self.enter()),
                env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            )
            self.ledger.process(self.process.pid)
        self.leader = self._leader(time.monotonic() + 20)
        self.ledger.init(self.leader)

    def boot(self) -> None:
        self._show_the_boot_to_units()
        self.start("-b")

    def _show_the_boot_to_units(self) -> None:
        """systemd-nspawn gives each boot a name of its own, by a mount that a unit with ProtectKernelTunables= does not have."""
        folder = self.root / "usr/lib"
        copy = folder / "tmpfiles.d/lab-boot-id.conf"
        # Only Debian 12's systemd has tests that end a boot. System V leaves the file system read-only when it goes down.
        is_wanted = any(self.root.glob("usr/lib/*/systemd/libsystemd-shared-252.so"))
        if copy.exists() or not copy.parent.exists() or not is_wanted or (folder / "systemd-of-this-image").exists():
            return
        copy.write_text("C /run/boot-id 0444 root root - /proc/sys/kernel/random/boot_id\n")
        for unit in ("", "-health", "-reconcile", "-watch"):
            drop_ins = folder / f"systemd/system/smtp-relay-agent{unit}.service.d"
            drop_ins.mkdir(parents=True, exist_ok=True)
            (drop_ins / "lab-boot-id.conf").write_text(
                "[Service]\nBindReadOnlyPaths=-/run/boot-id:/proc/sys/kernel/random/boot_id\n")

    def reboot(self) -> None:
        """Have the machine shut down in good order and start again, as a person's 'reboot' does."""
        self.exec("reboot", check=False)
        # systemd-nspawn ends where it can't clean up for the next boot, so each boot has one of its own.
        self.process.wait(180)
        self.boot()

    def power_off(self) -> None:
        """Have the machine shut down in good order, and wait until it is off."""
        self.exec("poweroff", check=False)
        self.process.wait(180)

    def disk(self) -> str:
        """This machine's disk as an image for others. The machine has to be off, and stays so."""
        run("umount", self.root)
        return f"{self.folder}/upper:{self.image}"

    def stop(self) -> None:
        """Power off at once."""
        if self.process and self.process.poll() is None:
            os.kill(self.leader, signal.SIGKILL)
            self.process.wait(10)

    def _leader(self, deadline: float) -> int:
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise CommandError(f"{self.name} ended at once:\n{(self.folder / 'console.log').read_text()}")
            for child in children(self.process.pid):
                # The first child sets up; the one in a PID namespace of its own is the machine's init.
                if os.readlink(f"/proc/{child}/ns/pid") != os.readlink("/proc/self/ns/pid"):
                    return child
            time.sleep(0.05)
        raise CommandError(f"{self.name} did not start:\n{(self.folder / 'console.log').read_text()}")

    def command(self, argv: list[str]) -> list[str]:
        """A command line that runs another one inside."""
        inside = ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"]
        return ["nsenter", "-t", str(self.leader), "-a", "--", *inside, *argv]

    def exec(self, *argv: str, check: bool = True, timeout: float = 120, **options) -> subprocess.CompletedProcess:
        """Run a command inside."""
        return run(*self.command(list(argv)), check=check, timeout=timeout, prepare=self.enter, **options)

    def shell(self, script: str, **options) -> str:
        """Run a shell's script inside, and give what it prints."""
        return self.exec("sh", "-c", script, **options).stdout

    def write(self, path: str, text: str) -> None:
        """Write a file inside."""
        self.shell(f"mkdir -p $(dirname {shlex.quote(path)}) && cat > {shlex.quote(path)}", input=text)

    def wait_for_agent(self) -> None:
        """Wait for the end of the first pass of the resident agent that runs now; it is active before."""
        self.wait_until("smtp-relay-agent status | grep -q 'resident, process'", 90, "the resident agent's first pass")

    def wait_until(self, script: str, seconds: float, what: str) -> None:
        """Wait until a shell's script succeeds inside."""
        deadline = time.monotonic() + seconds
        while self.exec("sh", "-c", script, check=False).returncode != 0:
            if time.monotonic() > deadline:
                raise CommandError(f"{self.name}: {what} did not come within {seconds:.0f} s\n{self.services_log()}")
            time.sleep(0.3)

    def services_log(self) -> str:
        """The last words of the agent and of what it keeps, for the reader of a failure."""
        units = "-u smtp-relay-agent -u nginx -u postfix"
        return self.exec("sh", "-c", f"journalctl {units} -n 40 -o short-precise --no-pager 2>/dev/null || "
                         "tail -n 40 /var/log/smtp-relay-agent.log", check=False, timeout=20).stdout


class Relay(Machine):
    """A relay node: booted by real cloud-init from its user-data."""

    def __init__(self, name, image, namespace, folder, ledger, instance: str, address: str):
        super().__init__(name, image, namespace, folder, ledger)
        self.instance = instance
        self.address = address
        self.booted = 0.0

    def give(self, settings: dict[str, str]) -> None:
        """Have the machine know settings as bootstrap keeps its variables, by their names without the section 'mail'."""
        lines = "".join(f"SMTP_RELAY_{name.upper().replace('.', '_')}={value}\n" for name, value in settings.items())
        if self.leader:
            return self.write("/etc/smtp-relay-agent/environment", lines)
        folder = self.root / "etc/smtp-relay-agent"
        folder.mkdir(exist_ok=True)
        (folder / "environment").write_text(lines)

    def boot(self) -> None:
        self.booted = time.monotonic()
        super().boot()

    def wait_for_cloud_init(self, seconds: float = 240) -> None:
        """Wait until user-data has run, to whatever end."""
        done = self.root / "var/lib/cloud/instances" / self.instance / "boot-finished"
        deadline = self.booted + seconds
        while not done.exists():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise CommandError(f"{self.name}: user-data did not end within {seconds:.0f} s:\n{self.log()}")
            time.sleep(0.2)

    def log(self) -> str:
        """The output of user-data."""
        path = self.root / "var/log/cloud-init-output.log"
        return path.read_text() if path.exists() else (self.folder / "console.log").read_text()

    def agent(self, *arguments: str, check: bool = False, timeout: float = 180) -> subprocess.CompletedProcess:
        """Run the agent inside."""
        return self.exec("/usr/local/bin/smtp-relay-agent", *arguments, check=check, timeout=timeout)

    def agent_log(self, since: float) -> str:
        """What the resident agent has logged since a time."""
        return self.shell(f"journalctl -u smtp-relay-agent -o cat --no-pager --since=@{since:.6f}")

    def status(self) -> str:
        """The table of the agent's 'status', each row in one line."""
        return unwrapped(self.agent("status").stdout)


def shows(table: str, words: str) -> bool:
    """Whether 'status' shows these words. It breaks a word that is longer than a line."""
    return "".join(words.split()) in "".join(table.split())


def unwrapped(table: str) -> str:
    """A table of 'status' with each row in one line. It wraps long ones, and indents their further lines."""
    return re.sub(r"\n +", " ", table)

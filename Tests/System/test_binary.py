"""The binary as a file, and on a system with another glibc."""

import lzma
import re
import subprocess

from relaylab import image
from relaylab.machine import Machine


def test_it_is_static_stripped_and_small_enough(binary):
    head = binary.read_bytes()
    assert len(head) <= 38_000_000
    described = subprocess.run(["readelf", "-lS", binary], capture_output=True, text=True, check=True).stdout
    assert "INTERP" not in described
    assert ".symtab" not in described


def test_it_prints_its_version(binary):
    text = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
    # A release is tested in test_release.py.
    assert re.fullmatch(r"\d+\.\d+\.\d+ \(development\)\n", text)


def test_every_command_has_a_help_text_with_its_exit_status_and_config(binary):
    for command in ("bootstrap", "reconcile", "plan", "facts", "probe", "config check", "config show"):
        text = subprocess.run([binary, *command.split(), "--help"], capture_output=True, text=True, check=True).stdout
        assert "Exit status: 0" in text
        assert "--config <file>" in text


def test_it_resolves_names_on_another_glibc(lab):
    """Debian 13's name service names modules that a static program of Debian 12 must not load."""
    namespace = lab.network.host("foreign", "10.0.2.30")
    machine = Machine("foreign", image.foreign(), namespace, lab.folder, lab.ledger)
    assert "myhostname resolve [!UNAVAIL=return]" in (machine.root / "etc/nsswitch.conf").read_text()
    machine.start("--as-pid2", "sleep", "600")
    try:
        machine.shell("cat > /usr/local/bin/agent && chmod 755 /usr/local/bin/agent",
                      stdin=(lab.folder / "artifacts/smtp-relay-agent").open("rb"))

        def facts(host: str):
            return machine.exec("env", f"AWS_EC2_METADATA_SERVICE_ENDPOINT=http://{host}", "/usr/local/bin/agent",
                                "facts", "--set", "metadata.timeout=2s", check=False)

        known = facts("artifacts.lab.internal")
        # The name leads to a server that is none for metadata: it answers, with an error.
        assert known.returncode == 1
        assert "answers with status 501" in known.stdout, known.stdout
        unknown = facts("no-such-name.lab.internal")
        assert unknown.returncode == 1
        assert "can't be resolved" in unknown.stdout, unknown.stdout
    finally:
        machine.stop()

"""'bake': a machine becomes an image, and an instance of it a node, without a package call."""

import json
import re
import subprocess

import pytest
import yaml

from relaylab import paths, user_data
from relaylab.lab import Lab

PIECES = paths.REPOSITORY / "cloud-init"
# A pipeline runs it from another place than where it is installed.
BAKE = "/tmp/smtp-relay-agent bake"
BOOTSTRAP = """\
#!/bin/sh
set -eu
ss -Hltn >/var/listeners-before
systemctl is-active postfix nginx >/var/services-before || :
mkdir -p /etc/smtp-relay-agent
printf '[mail]\\ndomain = "example.com"\\n[load_balancer]\\nclassic = ["smtp-relay"]\\n' >/etc/smtp-relay-agent/config.toml
exec /usr/local/bin/smtp-relay-agent bootstrap
"""
# In place of the package managers: one that tells of its call.
RECORDER = "#!/bin/sh\necho \"$0 $*\" >>/var/package-calls\nexit 1\n"
TRACES = ("/etc/ssh/ssh_host_ed25519_key", "/root/.ssh/authorized_keys", "/home/ec2-user/.ssh/authorized_keys",
          "/root/.bash_history", "/root/.aws/credentials", "/home/ec2-user/.netrc", "/root/.ssh/known_hosts",
          "/root/.python_history", "/root/.viminfo", "/root/.lesshst", "/var/tmp/left", "/tmp/left",
          "/var/lib/amazon/ssm/i-0123456789abcdef0/state", "/var/log/messages-20261101.gz", "/etc/relay-password")
# The paths that are told of them, where a folder goes.
FOLDERS = {"/root/.aws/credentials": "/root/.aws",
           "/var/lib/amazon/ssm/i-0123456789abcdef0/state": "/var/lib/amazon/ssm/i-0123456789abcdef0"}
SETTINGS = """\
[mail]
domain = "example.com"
[mail.upstream]
host = "smtp.example.net"
username = "relay"
password_file = "/etc/relay-password"
"""


def record_package_calls(machine) -> None:
    """Have a machine that is off write each call of its package managers down, and refuse it."""
    for program in ("yum", "dnf-3", "rpm"):
        path = machine.root / "usr/bin" / program
        path.unlink()
        path.write_text(RECORDER)
        path.chmod(0o755)


@pytest.fixture(scope="module")
def lab(binary):
    with Lab(binary) as lab:
        yield lab


@pytest.fixture(scope="module")
def builder(lab):
    """A machine of a stock image, with traces of those who built on it."""
    relay = lab.add_relay(user_data.fetch_to("/tmp/smtp-relay-agent"))
    relay.wait_for_cloud_init()
    for path in TRACES:
        relay.write(path, "builder\n")
    relay.write("/var/log/maillog", "builder\n")
    relay.write("/etc/smtp-relay-agent/config.toml", SETTINGS)
    return relay


@pytest.fixture(scope="module")
def baked(builder):
    """The output of 'bake'."""
    result = builder.exec("sh", "-c", BAKE, check=False)
    assert result.returncode == 0, result.stdout
    return result.stdout


@pytest.fixture(scope="module")
def node(lab, builder, baked):
    """An instance of the image, whose user-data only runs 'bootstrap'."""
    builder.power_off()
    relay = lab.add_relay(BOOTSTRAP, disk=builder.disk(), boot=False)
    record_package_calls(relay)
    # The state of the disk before anything runs; no running machine shows it.
    relay.disk_before = {
        "machine-id": (relay.root / "etc/machine-id").read_text(),
        "traces": [path for path in TRACES if (relay.root / path.lstrip("/")).exists()],
        "instances": [*(relay.root / "var/lib/cloud").glob("instance*")],
        "journal": [*(relay.root / "var/log/journal").rglob("*.journal")],
        "state": [path for path in ("var/lib/smtp-relay-agent", "etc/smtp-relay-agent/environment",
                                    "var/lib/systemd/random-seed")
                  if (relay.root / path).exists()],
        "logs": [path for path in (relay.root / "var/log").rglob("*") if path.is_file()
                 and (builder.instance in (text := path.read_text(errors="replace")) or "builder" in text)],
    }
    relay.boot()
    relay.wait_for_cloud_init()
    return relay


def component() -> dict:
    return yaml.safe_load((PIECES / "image-builder-component.yaml").read_text())


def test_mail_in_the_queue_is_refused_before_anything_is_changed(builder):
    builder.shell("mkdir -p /var/spool/postfix/deferred/A && touch /var/spool/postfix/deferred/A/A1B2C3")
    result = builder.exec("sh", "-c", BAKE, check=False)
    assert result.returncode == 1
    assert "1 message is in the queue" in result.stdout and "postqueue -f" in result.stdout
    assert builder.exec("ls", "/usr/sbin/postfix", check=False).returncode != 0
    assert builder.shell("cat /root/.ssh/authorized_keys") == "builder\n"
    builder.shell("rm -r /var/spool/postfix")


def test_it_prints_what_is_in_the_image_and_what_was_taken_out(builder, baked):
    for line in ("packages   postfix, nginx, cyrus-sasl-plain", "program    /usr/local/bin/smtp-relay-agent, version",
                 "settings   /etc/smtp-relay-agent/config.toml", "emptied    /etc/machine-id", "emptied    /var/log/maillog",
                 *(f"removed    {FOLDERS.get(path, path)} (" for path in TRACES)):
        assert f"  {line}" in baked
    states = "systemctl is-enabled postfix nginx smtp-relay-agent smtp-relay-agent-health smtp-relay-agent-reconcile.timer"
    assert set(builder.shell(states, check=False).split()) == {"disabled"}
    assert builder.shell("systemctl is-active postfix nginx", check=False).split() == ["inactive"] * 2
    assert "before-smtp-relay-agent" not in builder.shell("ls /etc/postfix /etc/nginx")
    # The program that runs is in use.
    assert re.search(r"  in use     /tmp/smtp-relay-agent \(process \d+ uses it\)", baked), baked
    # A second bake finds only the traces of a later step.
    again = builder.exec("sh", "-c", BAKE, check=False)
    assert again.returncode == 0
    assert "ssh" not in again.stdout


def test_what_the_component_runs_is_what_a_machine_passes(builder, baked):
    """Each command as it stands, where it may be run once more: all but the download, which the user-data did here."""
    steps = [step for phase in component()["phases"] for step in phase["steps"] if step["action"] == "ExecuteBash"]
    builder.shell("cp /usr/local/bin/smtp-relay-agent /var/tmp/smtp-relay-agent")
    for step in steps:
        result = builder.exec("bash", "-ec", "\n".join(step["inputs"]["commands"]), check=False)
        assert result.returncode == 0, (step["name"], result.stdout)
    assert [step["name"] for step in steps] == ["Bake", "Installed", "Silent"]


def test_nothing_of_the_machine_that_was_baked_is_on_the_disk(node):
    assert node.disk_before == {"machine-id": "", "traces": [], "instances": [], "journal": [], "state": [], "logs": []}


def test_nothing_answers_before_bootstrap(node):
    listeners = node.shell("cat /var/listeners-before")
    assert not re.search(r":(25|80|587)\s", listeners), listeners
    assert node.shell("cat /var/services-before").split() == ["inactive"] * 2


def test_bootstrap_reaches_service_without_a_package_call(lab, node):
    assert node.shell("cloud-init status").strip() == "status: done", node.log()
    assert "the node is as it should be" in node.log()
    assert "packages" not in node.log().split("modules:final")[-1]
    assert node.exec("cat", "/var/package-calls", check=False).returncode != 0
    lab.wait_for_backend(node, "UP")
    assert lab.backends() == {node.address: "UP"}
    assert json.loads(node.exec("/usr/local/bin/smtp-relay-agent", "facts", stderr=None).stdout)["instanceID"] == node.instance
    subjects = lab.submit(node, 1)
    lab.wait_for_mails(subjects)


def test_a_node_is_refused_and_serves_on(lab, node):
    result = node.agent("bake")
    assert result.returncode == 1
    assert "this host is a relay node, or was one (there is /var/lib/smtp-relay-agent/instance" in result.stdout
    assert "smtp-relay-agent.service runs" in result.stdout
    assert lab.backends() == {node.address: "UP"}
    assert node.shell("systemctl is-active postfix nginx smtp-relay-agent").split() == ["active"] * 3


# The pieces for pipelines


def test_the_image_builder_component_is_one():
    """As "Use the AWSTOE component document framework" has it in the EC2 Image Builder user guide."""
    document = component()
    assert set(document) <= {"name", "description", "schemaVersion", "parameters", "constants", "phases"}
    assert document["schemaVersion"] == 1.0
    assert [phase["name"] for phase in document["phases"]] == ["build", "validate"]
    steps = [step for phase in document["phases"] for step in phase["steps"]]
    assert len({step["name"] for step in steps}) == len(steps)
    for step in steps:
        assert set(step) <= {"name", "action", "inputs", "timeoutSeconds", "onFailure", "maxAttempts", "loop"}
        assert step["action"] in ("ExecuteBash", "WebDownload")
        if step["action"] == "ExecuteBash":
            assert step["inputs"]["commands"] and all(isinstance(line, str) for line in step["inputs"]["commands"])
        else:
            assert all({"source", "destination", "checksum", "algorithm"} <= set(file) for file in step["inputs"])
    # Its parameters are all there are, and all are used.
    names = {name for parameter in document["parameters"] for name in parameter}
    assert set(re.findall(r"\{\{ *(\w+) *\}\}", (PIECES / "image-builder-component.yaml").read_text())) == names


def test_packers_lines_are_balanced_and_run_what_there_is(binary):
    text = (PIECES / "packer-provisioner.pkr.hcl").read_text()
    assert text.count("{") == text.count("}") and text.count('"') % 2 == 0
    assert re.search(r'provisioner "file" \{', text) and re.search(r'provisioner "shell" \{', text)
    assert "smtp-relay-agent bake" in text
    shown = subprocess.run([binary, "bake", "--help"], capture_output=True, text=True, check=True).stdout
    assert "the last Packer provisioner" in " ".join(shown.split())

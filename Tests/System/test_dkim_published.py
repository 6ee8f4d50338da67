"""A node joins only when receivers can verify its signatures, and DNS that is silent or wrong later takes no node out."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import hold_timer
from relaylab import machine, user_data
from relaylab.judges import dkimpy, printed_records, signatures
from relaylab.lab import Lab
from relaylab.shell import output
from relaylab.zone import Zone, text_line

DOMAIN = "_domainkey.example.com"
NAME = f"r1.{DOMAIN}"
CONFIG = "/etc/smtp-relay-agent/config.toml"
PUBLISHED = "/var/lib/smtp-relay-agent/signer/published.json"
# Passes come by hand.
SETTINGS = '[[mail.dkim]]\ndomain = "example.com"\nselector = "{0}"\nkey_parameter = "/smtp-relay/{0}"\n'
ALONE = "[reconcile]\nresident = false\n"


@pytest.fixture(scope="module")
def node(binary):
    """A fresh node that was told to sign, of whose key DNS has nothing."""
    with Lab(binary) as lab:
        lab.zone = Zone(lab)
        lab.zone.set([])
        relay = lab.add_relay(user_data.cloud_config(lab.sha256, SETTINGS.format("r1") + ALONE), boot=False)
        relay.lab = lab
        lab.zone.serve(relay)
        for selector in ("r1", "r2"):
            lab.put_parameter(relay, f"/smtp-relay/{selector}", output("openssl", "genpkey", "-algorithm", "ed25519"))
        relay.boot()
        relay.wait_for_cloud_init()
        hold_timer(relay)
        relay.shell(f"cp {CONFIG} /root/config.toml")
        relay.dns = printed_records(relay.agent("dkim", "record").stdout)
        yield relay


@pytest.fixture
def serving(node):
    """The node in service with the key r1, whatever the test before has left."""
    node.lab.zone.silence()
    publish(node)
    node.shell(f"cp /root/config.toml {CONFIG}")
    reconcile(node)
    node.lab.wait_for_backend(node, "UP", 20)
    return node


def health(node) -> str:
    return node.shell("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/health")


def reconcile(node) -> str:
    """A pass that succeeds. What it says."""
    result = node.agent("reconcile")
    assert result.returncode == 0, result.stdout
    return result.stdout


def refused(node, command: str, *words: str) -> None:
    """The node does not join, and the command and the status say why."""
    result = node.agent(command)
    assert result.returncode == 1, result.stdout
    assert node.address not in node.lab.backends()
    for said in (result.stdout, node.agent("status").stdout):
        assert all(machine.shows(said, word) for word in words), said


def publish(node, text: str = "", selector: str = "r1") -> None:
    """Have DNS say this of a key; without a text, what the program says."""
    name = f"{selector}._domainkey.example.com"
    node.lab.zone.remove(name, "TXT")
    node.lab.zone.add(text_line(name, text or node.dns[name]))


def forget(node) -> None:
    """As if the last answer of DNS were an hour old."""
    node.shell(f"sed -i 's/\"verifiedAt\":[0-9]*/\"verifiedAt\":1/g' {PUBLISHED}")


def signed(node) -> list[str]:
    """The selectors under which the node signs now; receivers can verify all of them."""
    mail, = node.lab.wait_for_mails(node.lab.submit(node, 1), 30)
    assert all(dkimpy(mail["whole"], node.dns)), mail
    return sorted(signatures(mail["whole"]))


UNUSABLE = {
    "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=": "has another key than the one that signs",
    "v=DKIM1; p=": "says that its key is revoked", "{}; t=y": "says that DKIM is only tested",
    "{}; h=sha1": "does not allow SHA-256", "v=DKIM1; k=dsa; p=AAAA": "neither rsa nor ed25519",
}


def test_a_fresh_node_joins_by_itself_once_its_record_is_published(node):
    value = node.dns[NAME]
    assert f'{NAME} is not in DNS; publish this TXT record of {NAME}: "{value}"' in node.log()
    assert value.startswith("v=DKIM1; k=ed25519; p=") and health(node) == "503"
    refused(node, "reconcile", f"{NAME} is not in DNS", f'"{value}"', "mail.allow_unpublished_dkim")
    findings = {finding["name"]: finding for finding in json.loads(node.agent("doctor", "--json").stdout)["findings"]}
    assert f'{NAME}. 3600 IN TXT "{value}"' in findings["dkim-no-record"]["fix"]
    for text, words in UNUSABLE.items():
        publish(node, text.format(value))
        refused(node, "reconcile", NAME, words)
    node.lab.zone.silence(DOMAIN)
    refused(node, "reconcile", f"DNS could not be asked for {NAME}")
    # Postfix, and with it the health unit, starts before the agent at a boot.
    node.shell("systemctl restart postfix")
    assert health(node) == "503"
    publish(node)
    # A launch waits for a name server that comes up late.
    with ThreadPoolExecutor() as pool:
        launch = pool.submit(node.agent, "bootstrap")
        time.sleep(8)
        assert not launch.done() and health(node) == "503"
        node.lab.zone.silence()
        done = launch.result()
    assert done.returncode == 0 and "waiting for DNS: receivers can't verify" in done.stdout, done.stdout
    assert health(node) == "200"
    node.lab.wait_for_backend(node, "UP", 20)
    assert signed(node) == ["r1"]


def test_a_dns_that_dies_later_changes_nothing(serving):
    serving.lab.zone.silence(DOMAIN)
    forget(serving)
    assert "receivers can't verify" not in reconcile(serving)
    assert health(serving) == "200" and serving.lab.backends()[serving.address] == "UP"
    # It comes back into service meanwhile, too.
    serving.agent("drain", check=True)
    serving.agent("undrain", check=True)
    assert health(serving) == "200"
    serving.lab.wait_for_backend(serving, "UP", 20)


def test_a_record_that_is_gone_keeps_only_a_node_out_that_is_out(serving):
    serving.lab.zone.set([])
    forget(serving)
    assert f"receivers can't verify the mail that this node signs: {NAME} is not in DNS" in reconcile(serving)
    assert health(serving) == "200" and serving.lab.backends()[serving.address] == "UP"
    serving.agent("drain", check=True)
    refused(serving, "undrain", f"{NAME} is not in DNS")


def test_in_a_rotation_a_key_signs_only_once_it_is_published(serving):
    before = serving.shell(f"cat {CONFIG}")
    serving.write(CONFIG, before + SETTINGS.format("r2"))
    said = reconcile(serving)
    assert "this key does not sign yet, and mail is signed under r1: r2._domainkey.example.com is not in DNS" in said
    serving.dns |= printed_records(serving.agent("dkim", "record").stdout)
    assert signed(serving) == ["r1"]
    # The settings have given the old one up too early.
    serving.write(CONFIG, before.replace('"r1"', '"r2"').replace("/r1", "/r2"))
    assert "this key does not sign yet, and mail is signed under r1" in reconcile(serving)
    assert signed(serving) == ["r1"]
    publish(serving, selector="r2")
    reconcile(serving)
    assert signed(serving) == ["r2"]
    serving.lab.zone.remove("r2._domainkey.example.com", "TXT")


def test_the_doctor_knows_the_selectors_and_compares_the_record_with_the_key(serving):
    def found() -> dict:
        report = serving.agent("doctor", "--domain", "example.com", "--no-block-lists", "--json")
        return json.loads(report.stdout[report.stdout.index("{"):])
    line, = [line for line in found()["table"] if line["part"] == "DKIM"]
    assert (line["verdict"], line["seen"]) == ("ok", f"{NAME}: an Ed25519 key")
    publish(serving, next(iter(UNUSABLE)))
    finding, = [finding for finding in found()["findings"] if finding["name"] == "dkim-key-differs"]
    assert finding["records"][0]["value"] == serving.dns[NAME]


def test_a_setting_lets_it_join_without_asking(serving):
    serving.agent("drain", check=True)
    serving.lab.zone.set([])
    before = serving.shell(f"cat {CONFIG}")
    serving.write(CONFIG, before.replace("[mail]\n", "[mail]\nallow_unpublished_dkim = true\n"))
    serving.agent("undrain", check=True)
    assert "_domainkey" not in serving.lab.zone.questions.read_text()
    serving.lab.wait_for_backend(serving, "UP", 20)
    assert signed(serving) == ["r1"]

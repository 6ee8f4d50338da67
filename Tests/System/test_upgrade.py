"""A newer program over a running older one, and the way back, while mail flows."""

import json
import shutil
import time

import pytest

from relaylab import user_data
from relaylab.lab import Lab

AGENT = "/usr/local/bin/smtp-relay-agent"
PREVIOUS = f"{AGENT}.previous"
STATE = "/var/lib/smtp-relay-agent"
# Text that every program has in its data, and one of the same length.
OLD, NEW = b"SMTP relay agent: repairs drift", b"SMTP relay agent: mends   drift"


@pytest.fixture(scope="module")
def relay(binary):
    """One relay in service with a resident agent, and a newer program beside it: the same, with another unit text."""
    with Lab(binary) as lab:
        relay = lab.add_relay(user_data.shell_script(lab.sha256))
        lab.add_sender()
        relay.wait_for_cloud_init()
        lab.wait_for_backend(relay, "UP")
        relay.wait_for_agent()
        program = binary.read_bytes()
        assert program.count(OLD) == 1
        (relay.root / "root/newer").write_bytes(program.replace(OLD, NEW))
        shutil.copymode(binary, relay.root / "root/newer")
        relay.lab = lab
        yield relay


def description(relay) -> str:
    """The resident agent's unit as the service manager has read it."""
    return relay.shell("systemctl show -p Description --value smtp-relay-agent").strip()


def runs(relay, program: str) -> bool:
    """Whether the resident agent is up, and its program has the bytes of a file."""
    process = relay.shell("systemctl show -p MainPID --value smtp-relay-agent").strip()
    return relay.exec("cmp", f"/proc/{process}/exe", program, check=False).returncode == 0


def while_serving(relay, work) -> None:
    """Do something that no health check, load balancer or sender may notice."""
    lab = relay.lab
    relay.shell("rm -f /tmp/health /tmp/stop; (while ! [ -e /tmp/stop ]; do curl -s -m 5 -o /dev/null -w '%{http_code}\\n' "
                "http://127.0.0.1/health >> /tmp/health; sleep 0.1; done) > /dev/null 2>&1 < /dev/null &")
    calls = len(lab.api_calls(relay))
    postfix = relay.shell("systemctl show -p MainPID -p ActiveEnterTimestamp postfix nginx")
    traffic = lab.send_in_background(40, 8)
    work()
    subjects = traffic.finish()
    arrived = [mail["subject"] for mail in lab.wait_for_mails(subjects)]
    relay.shell("touch /tmp/stop")
    assert sorted(arrived) == sorted(subjects)
    assert set(relay.shell("cat /tmp/health").split()) == {"200"}
    assert relay.shell("systemctl show -p MainPID -p ActiveEnterTimestamp postfix nginx") == postfix
    assert not any("Deregister" in action for action in lab.api_calls(relay)[calls:])
    assert lab.backends() == {relay.address: "UP"}


def test_a_mere_restart_of_the_agent_is_not_noticed(relay):
    while_serving(relay, lambda: relay.shell("systemctl restart smtp-relay-agent"))


def test_a_newer_program_takes_over_while_the_node_serves(relay):
    # The file is as the first version wrote it.
    first = json.loads(relay.shell(f"cat {STATE}/before.json"))["services"]
    relay.write(f"{STATE}/before.json", json.dumps(first))

    def upgrade():
        result = relay.exec("/root/newer", "bootstrap", check=False)
        assert result.returncode == 0, result.stdout
        assert f"install {AGENT}" in result.stdout
        assert "restart smtp-relay-agent.service with the program that is installed now" in result.stdout

    while_serving(relay, upgrade)
    assert runs(relay, "/root/newer")
    assert description(relay).startswith(NEW.decode())
    assert OLD.decode() in relay.shell(f"grep -a -o '{OLD.decode()}' {PREVIOUS}")
    record = json.loads(relay.shell(f"cat {STATE}/before.json"))
    assert (record["format"], record["services"]) == (2, first)


def test_a_second_bootstrap_of_the_same_program_changes_nothing(relay):
    # The mail log is read on meanwhile.
    look = (f"sha256sum {AGENT} {PREVIOUS} /etc/systemd/system/smtp-relay-agent* /etc/postfix/*.cf /etc/nginx/nginx.conf "
            f"$(ls {STATE}/*.json | grep -v mail-log); stat -c '%n %i %y' {AGENT} {PREVIOUS}; systemctl show -p MainPID smtp-relay-agent postfix nginx")
    before = relay.shell(look)
    for program in ("/root/newer", AGENT):
        result = relay.exec(program, "bootstrap", check=False)
        assert result.returncode == 0, result.stdout
        assert "nothing to do: all " in result.stdout
    assert relay.shell(look) == before


def test_the_previous_programs_bootstrap_is_the_way_back(relay):
    relay.shell(f"cp {PREVIOUS} /root/older")

    def back():
        result = relay.exec(PREVIOUS, "bootstrap", check=False)
        assert result.returncode == 0, result.stdout

    while_serving(relay, back)
    assert runs(relay, "/root/older")
    assert description(relay).startswith(OLD.decode())
    relay.exec("cmp", PREVIOUS, "/root/newer")


def test_a_program_that_was_put_in_place_by_hand_takes_over_too(relay):
    relay.shell(f"cp /root/newer {AGENT}.new && mv {AGENT}.new {AGENT}")
    result = relay.exec(AGENT, "bootstrap", check=False)
    assert result.returncode == 0, result.stdout
    assert runs(relay, "/root/newer")
    assert relay.exec("/root/older", "bootstrap", check=False).returncode == 0


def test_a_newer_versions_order_to_drain_holds_after_the_way_back(relay):
    lab = relay.lab
    order = json.dumps({"format": 9, "reason": "a reason to come", "since": int(time.time()), "for": {"pool": "blue"}})
    status = "/run/smtp-relay-agent/status.json"
    relay.shell("systemctl stop smtp-relay-agent")
    relay.write(f"{STATE}/drain.json", order)
    relay.write(f"{STATE}/before.json", '{"format": 9, "services": []}')
    relay.write(status, '{"format": 9}')
    result = relay.agent("reconcile")
    assert result.returncode == 0, result.stdout
    assert "a newer version of this program has ordered the node out of its load balancers, and it stays out" in result.stdout
    lab.wait_for_backend(relay, None)
    assert relay.shell(f"cat {STATE}/drain.json") == order
    assert relay.shell(f"cat {STATE}/before.json") == '{"format": 9, "services": []}'
    assert json.loads(relay.shell(f"cat {status}"))["format"] == 1
    assert "an order of a newer version" in relay.agent("status").stdout
    result = relay.agent("undrain")
    assert result.returncode == 0, result.stdout
    lab.wait_for_backend(relay, "UP")
    assert relay.exec("ls", f"{STATE}/drain.json", check=False).returncode != 0

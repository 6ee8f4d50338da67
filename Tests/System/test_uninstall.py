"""'uninstall' puts a host back to what it was before the agent."""

import time

import pytest

from conftest import fetch_only
from relaylab.lab import Lab

AGENT = "/usr/local/bin/smtp-relay-agent"
# The host's own main.cf before the agent: with a setting, a mode and a group of its own, and a parameter that is set twice.
OWN = """
postconf -e 'message_size_limit = 7654321'
printf 'biff = yes\\nbiff =\\n  yes\\n' >>/etc/postfix/main.cf
chmod 640 /etc/postfix/main.cf
chown root:postfix /etc/postfix/main.cf
systemctl enable --now postfix
"""
# Everything that the agent may have touched, with its mode and owner.
LOOK = ("find /etc /usr/local/bin /var/lib/smtp-relay-agent /run/smtp-relay-agent -xdev -type f "
        "! -path '/etc/.*' ! -name resolv.conf -exec stat -c '%n %a %U:%G' {} + -exec sha256sum {} + 2>/dev/null | sort; "
        "systemctl is-enabled postfix nginx; systemctl is-active postfix nginx; rpm -qa | sort")


@pytest.fixture(scope="module")
def relay(binary):
    """A host with packages of its own, Postfix in use and nginx not, which then became a node."""
    with Lab(binary) as lab:
        relay = lab.add_relay(fetch_only(lab), preinstalled=True)
        relay.wait_for_cloud_init()
        relay.shell(OWN)
        # A person may keep a copy elsewhere.
        relay.shell(f"cp {AGENT} /root/agent")
        relay.lab = lab
        relay.before = relay.shell(LOOK, check=False)
        bootstrap(relay)
        yield relay


def bootstrap(relay) -> None:
    result = relay.exec("/root/agent", "bootstrap", check=False)
    assert result.returncode == 0, result.stdout
    relay.lab.wait_for_backend(relay, "UP")
    # Its first pass is over, and would not come in between.
    relay.wait_for_agent()
    assert "message_size_limit = 7654321" in relay.shell("postconf -n")


def test_where_the_load_balancer_cannot_be_left_nothing_is_changed(relay):
    lab = relay.lab
    before = relay.shell(LOOK, check=False)
    lab.api_fault(denied=["DeregisterInstancesFromLoadBalancer"])
    try:
        result = relay.agent("uninstall", timeout=300)
    finally:
        lab.api_fault()
    assert result.returncode == 1
    assert "could not leave its load balancers, so it goes on as before, and nothing was uninstalled" in result.stdout
    assert "--stay-registered" in result.stdout
    lab.wait_for_backend(relay, "UP", 30)
    # The agent goes on, and reads the mail log further.
    lines, lines_before = ([line for line in look.splitlines() if "/run/" not in line and "mail-log.json" not in line]
                           for look in (relay.shell(LOOK, check=False), before))
    assert lines == lines_before
    assert "drained" not in relay.agent("status").stdout


def killed_at(relay, word: str) -> None:
    """Have the agent killed when it asks systemd for something."""
    relay.write("/tmp/systemctl", f'#!/bin/sh\n[ "$1" != {word} ] || kill -9 $PPID\nexec /tmp/systemctl.real "$@"\n')
    relay.shell("cp /usr/bin/systemctl /tmp/systemctl.real; chmod 755 /tmp/systemctl; "
                "mount --bind /tmp/systemctl /usr/bin/systemctl")
    try:
        killed = relay.agent("uninstall")
    finally:
        relay.shell("umount /usr/bin/systemctl")
    assert killed.returncode in (-9, 137), killed.stdout


def test_one_that_is_killed_half_way_finishes_when_it_is_run_again(relay):
    lab = relay.lab
    killed_at(relay, "daemon-reload")
    assert relay.exec("ls", "/etc/systemd/system/smtp-relay-agent.service", check=False).returncode != 0
    assert "smtp-relay-agent" in relay.shell("ls /etc/postfix")
    assert lab.backends() == {}
    calls = len(lab.api_calls(relay))
    killed_at(relay, "restart")
    assert "smtp-relay-agent" not in relay.shell("ls /etc/postfix /etc/nginx")
    assert "before.json" in relay.shell("ls /var/lib/smtp-relay-agent")
    again = relay.agent("uninstall")
    assert again.returncode == 0, again.stdout
    # It had left already.
    assert lab.api_calls(relay)[calls:] == []
    assert "the host is as it was before smtp-relay-agent" in again.stdout
    relay.shell("rm /tmp/systemctl /tmp/systemctl.real")
    assert relay.shell(LOOK, check=False) == without_agent(relay.before)


def without_agent(before: str) -> str:
    """The host is as before, and the binary that user-data had put into its place is gone, too."""
    return "".join(line for line in before.splitlines(keepends=True) if AGENT not in line)


def test_a_second_one_finds_nothing_to_do(relay):
    result = relay.exec("/root/agent", "uninstall", check=False)
    assert result.returncode == 0
    assert "nothing to do: nothing of smtp-relay-agent is on this host; /etc/smtp-relay-agent/config.toml stays" in result.stdout
    assert "smtp-relay" not in relay.shell("ls /etc/systemd/system /run /var/lib /usr/local/bin")


def test_a_whole_one_leaves_the_load_balancer_first_and_the_agent_can_come_again(relay):
    lab = relay.lab
    bootstrap(relay)
    result = relay.exec("/root/agent", "uninstall", check=False, timeout=180)
    assert result.returncode == 0, result.stdout
    steps = [line.split("smtp-relay-agent: ")[1].split(":")[0] for line in result.stdout.splitlines()
             if "smtp-relay-agent: " in line]
    order = [steps.index(step) for step in ("health", "load balancer smtp-relay", "units", "files", "services", "state", "agent")]
    assert order == sorted(order)
    assert lab.backends() == {}
    assert relay.shell(LOOK, check=False) == without_agent(relay.before)


def test_with_the_flag_it_needs_no_aws(relay):
    lab = relay.lab
    bootstrap(relay)
    lab.api_fault(unavailable=True)
    try:
        result = relay.exec("/root/agent", "uninstall", "--stay-registered", check=False)
    finally:
        lab.api_fault()
    assert result.returncode == 0, result.stdout
    assert "the node stays registered with its load balancers" in result.stdout
    lab.wait_for_backend(relay, "DOWN", 20)
    assert relay.exec("ls", AGENT, check=False).returncode != 0


def test_what_others_have_written_since_stays(relay):
    """Into main.cf and master.cf while the agent is at work, and into nginx.conf, which is the agent's, while it is not."""
    lab = relay.lab
    before = {name: relay.shell(f"cat /etc/postfix/{name}") for name in ("main.cf", "master.cf")}
    nginx = relay.shell("cat /etc/nginx/nginx.conf")
    bootstrap(relay)
    relay.shell("""
        postconf -e 'message_size_limit = 8888888' 'smtp_tls_fingerprint_cert_match = AA:BB'
        echo '127.0.0.1:10026 inet n - n - - smtpd' >>/etc/postfix/master.cf
        postfix reload
    """)
    relay.wait_until("curl -fs http://127.0.0.1/health", 20, "the proof of the edited files")
    time.sleep(2)
    relay.shell("systemctl stop smtp-relay-agent; echo '# ours' >>/etc/nginx/nginx.conf")
    result = relay.exec("/root/agent", "uninstall", check=False, timeout=180)
    assert result.returncode == 0, result.stdout
    assert lab.backends() == {}
    wanted = (before["main.cf"].replace("message_size_limit = 7654321", "message_size_limit = 8888888")
              + "smtp_tls_fingerprint_cert_match = AA:BB\n")
    assert relay.shell("cat /etc/postfix/main.cf") == wanted
    assert relay.shell("cat /etc/postfix/master.cf") == before["master.cf"] + "127.0.0.1:10026 inet n - n - - smtpd\n"
    assert relay.shell("cat /etc/nginx/nginx.conf") == nginx
    copy = "/etc/nginx/nginx.conf.after-smtp-relay-agent"
    assert relay.shell(f"tail -n 1 {copy}") == "# ours\n"
    assert f"see the copies: {copy}" in result.stdout
    for name in ("main.cf", "master.cf"):
        assert f"restore /etc/postfix/{name}, with what others have written there since" in result.stdout
    assert relay.shell("systemctl is-active postfix").strip() == "active"
    relay.shell(f"rm {copy}")

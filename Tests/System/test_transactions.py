"""A package manager is never killed in its transaction, whatever ends the agent that waits for it."""

import time

import pytest
from relaylab import user_data
from relaylab.lab import Lab

YUM = "/usr/bin/yum"
# nginx comes together with a package that takes its time until it is told to go on.
SLOW = "#!/bin/sh\nexec /usr/bin/dnf-3 \"$@\" lab-slow\n"
LOG = "journalctl -u smtp-relay-agent -o cat --no-pager --since=-2min"
TRANSACTION = "pgrep -f '[i]nstall nginx lab-slow'"


@pytest.fixture(scope="module")
def relay(binary):
    with Lab(binary) as lab:
        relay = lab.add_relay(user_data.cloud_config(lab.sha256, ""))
        relay.wait_for_cloud_init()
        lab.wait_for_backend(relay, "UP")
        relay.lab = lab
        yield relay


@pytest.mark.parametrize("end", [
    "systemctl stop smtp-relay-agent",
    "systemctl restart smtp-relay-agent",
    "kill -9 $(systemctl show -p MainPID smtp-relay-agent | cut -d= -f2)",
    # Only the wait for it ends: the resident agent's own limit.
    "sleep 12",
])
def test_a_transaction_that_has_begun_ends_whole(relay, end):
    settings = "/etc/smtp-relay-agent/config.toml"
    relay.shell(f"cp {settings} /root/settings; cp -P {YUM} /root/yum; rm -f /tmp/lab-slow-*")
    try:
        if end.startswith("sleep"):
            relay.shell(f"printf '[packages]\\ntimeout = \"6s\"\\n' >> {settings}")
        relay.write("/root/slow", SLOW)
        relay.shell(f"chmod 755 /root/slow; rm {YUM}; cp /root/slow {YUM}; rpm -e nginx")
        relay.wait_until("[ -e /tmp/lab-slow-began ]", 60, "the transaction")
        process = relay.shell(TRANSACTION).split()
        relay.shell(end, timeout=60)
        assert set(process) <= set(relay.shell(TRANSACTION).split())
        if "stop" not in end:
            deadline = time.monotonic() + 60
            while "which an earlier pass began" not in (log := relay.shell(LOG)):
                assert time.monotonic() < deadline, log + relay.shell("ps axf; ls -lR /run/smtp-relay-agent/transactions")
                time.sleep(0.5)
    finally:
        relay.shell(f"touch /tmp/lab-slow-done; while {TRANSACTION}; do sleep 0.2; done; rm {YUM}; cp -P /root/yum {YUM}; "
                    f"cp /root/settings {settings}", timeout=120)
    assert "is not installed" not in relay.shell("rpm -q nginx lab-slow")
    assert relay.exec("rpm", "-V", "--nofiles", "nginx", check=False).returncode == 0
    relay.shell("rpm -e lab-slow; systemctl start smtp-relay-agent")
    relay.lab.wait_for_backend(relay, "UP", 60)

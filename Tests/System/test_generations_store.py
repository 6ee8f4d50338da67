"""Changes that fail, and links, on a node in service with a resident agent: it stays in service on its proven files."""

import time

import pytest

from conftest import boot_pair
from relaylab.lab import Lab
from test_resident import after, mark, quiet

MAIN = "/etc/postfix/main.cf"
CONFIG = "/etc/smtp-relay-agent/config.toml"
SQUATTER = "import socket, time; s = socket.socket(); s.bind((\"0.0.0.0\", 8088)); time.sleep(600)"
STORE = "/var/lib/smtp-relay-agent/generations"


@pytest.fixture(scope="module")
def pair(binary):
    """Two relays with resident agents, which make a pass every five seconds."""
    with Lab(binary) as lab:
        boot_pair(lab, '[reconcile]\ninterval = "5s"\njitter = "1s"')
        for relay in lab.relays:
            relay.wait_for_agent()
            relay.wait_until(f"ls {STORE}/postfix/*-proven {STORE}/nginx/*-proven", 30, "the proven files")
        yield lab


def watch_service(lab, relay, seconds: float) -> tuple[set, set]:
    """The load balancer's states of a node for some time, and the greetings of its port 25."""
    states, greetings = set(), set()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        states.add(lab.backends()[relay.address])
        greeting = relay.shell("bash -c 'exec 3<>/dev/tcp/127.0.0.1/25 && read -t 5 line <&3 && echo ${line%% *}'", check=False)
        greetings.add(greeting.strip())
        time.sleep(0.5)
    return states, greetings


def set_key(relay, table: str, line: str) -> None:
    relay.shell(f"printf '[{table}]\\n{line}\\n' >> {CONFIG}; systemctl reload smtp-relay-agent")


def restore_settings(relay) -> None:
    relay.shell(f"cp /tmp/config.toml {CONFIG}; systemctl reload smtp-relay-agent")


def save_settings(relay) -> None:
    quiet(relay)
    relay.shell(f"cp -a {CONFIG} /tmp/config.toml")


def test_a_port_that_somebody_else_holds_takes_nothing_out(pair):
    relay = pair.relays[0]
    save_settings(relay)
    relay.shell("systemd-run --unit=squatter python3 -m http.server --bind 127.0.0.1 587")
    relay.wait_until("ss -ltn | grep -q :587", 10, "the squatter")
    cursor = mark(relay)
    started = relay.shell("systemctl show -p MainPID -p ActiveEnterTimestamp postfix")
    relay.shell(f"sed -i '/^\\[mail\\]/a submission = true' {CONFIG}; systemctl reload smtp-relay-agent")
    states, greetings = watch_service(pair, relay, 30)
    assert states == {"UP"} and greetings == {"220"}
    log = after(relay, cursor)
    assert log.count("can't have port 587") == 1, log
    # Other differences are still repaired.
    relay.shell(f"sed -i 's/^mynetworks = .*/mynetworks = 0.0.0.0\\/0/' {MAIN}")
    relay.wait_until("! postconf -h mynetworks | grep -q 0.0.0.0/0", 5, "the repair")
    assert relay.shell("systemctl show -p MainPID -p ActiveEnterTimestamp postfix") == started
    relay.shell("systemctl stop squatter")
    relay.wait_until("ss -ltn | grep -q :587", 20, "the submission port")
    restore_settings(relay)
    relay.wait_until("! ss -ltn | grep -q :587", 20, "the end of it")
    pair.wait_for_backend(relay, "UP")


def test_a_port_that_the_system_refuses_to_nginx_takes_nothing_out(pair):
    relay = pair.relays[0]
    save_settings(relay)
    # A socket that is bound and does not listen: no table shows it, 'nginx -t' is content, and nginx can't have the port.
    relay.shell(f"systemd-run --unit=squatter python3 -c '{SQUATTER}'")
    cursor = mark(relay)
    set_key(relay, "health", "port = 8088")
    states, greetings = watch_service(pair, relay, 45)
    assert states == {"UP"} and greetings == {"220"}
    log = after(relay, cursor)
    assert log.count("nginx did not work with its new configuration") == 1, log
    assert "does not listen on port 8088" in log
    assert relay.shell(f"ls {STORE}/nginx").count("rejected") == 1
    # The message names these commands.
    relay.shell(f"systemctl stop squatter; rm {STORE}/nginx/*-rejected; systemctl reload smtp-relay-agent")
    relay.wait_until("curl -fs http://127.0.0.1:8088/health", 20, "the new port")
    restore_settings(relay)
    relay.wait_until("curl -fs http://127.0.0.1:80/health", 20, "the old port")
    pair.wait_for_backend(relay, "UP")


@pytest.mark.parametrize("target", ["/srv/mail/main.cf", "../../srv/mail/main.cf", "chain"])
def test_a_link_stays_and_the_operators_settings_in_its_target_too(pair, target):
    relay = pair.relays[1]
    quiet(relay)
    relay.shell(f"""
        mkdir -p /srv/mail; cp {MAIN} /tmp/plain; cp {MAIN} /srv/mail/main.cf; chmod 640 /srv/mail/main.cf
        printf 'always_bcc = archive@example.com\\n' >> /srv/mail/main.cf
        sed -i 's/^mynetworks = .*/mynetworks = 0.0.0.0\\/0/' /srv/mail/main.cf
        ln -sfn /srv/mail/main.cf /srv/other
        link={target}; [ $link = chain ] && link=/srv/other
        ln -sfn $link {MAIN}
    """)
    relay.wait_until("! grep -q 0.0.0.0/0 /srv/mail/main.cf", 5, "the repair of the target")
    assert relay.shell(f"stat -c %F {MAIN}; stat -c %a /srv/mail/main.cf") == "symbolic link\n640\n"
    assert relay.shell("postconf -h always_bcc").strip() == "archive@example.com"
    # A later edit of the target is seen at once.
    quiet(relay)
    relay.shell("sed -i 's/^mynetworks = .*/mynetworks = 0.0.0.0\\/0/' /srv/mail/main.cf")
    relay.wait_until("! grep -q 0.0.0.0/0 /srv/mail/main.cf", 3, "the repair of the target")
    quiet(relay)
    relay.shell(f"rm {MAIN}; cp /tmp/plain {MAIN}; rm -r /srv/mail /srv/other")
    quiet(relay)
    pair.wait_for_backend(relay, "UP")


def test_a_link_that_can_not_be_edited_is_refused_by_name(pair):
    relay = pair.relays[1]
    quiet(relay)
    cursor = mark(relay)
    relay.shell(f"cp {MAIN} /tmp/plain; ln -sfn /srv/none {MAIN}")
    relay.wait_until(f"journalctl -u smtp-relay-agent --after-cursor='{cursor}' | grep -q "
                     f"'{MAIN} is a link to /srv/none, and'", 10, "the refusal")
    assert relay.shell(f"readlink {MAIN}").strip() == "/srv/none"
    relay.shell(f"rm {MAIN}; cp /tmp/plain {MAIN}")
    pair.wait_for_backend(relay, "UP", 30)


def test_a_killed_agent_leaves_no_half_change(pair):
    relay = pair.relays[1]
    for delay in (0.0, 0.02, 0.05, 0.1, 0.3, 1.0):
        quiet(relay)
        relay.shell(f"sed -i 's/^inet_interfaces = .*/inet_interfaces = localhost/' {MAIN}; sleep {delay}; "
                    "kill -9 $(systemctl show -p MainPID --value smtp-relay-agent)", check=False)
        relay.wait_until("systemctl is-active smtp-relay-agent && grep -q '^inet_interfaces = all' /etc/postfix/main.cf "
                         "&& ss -ltn | grep -q '0.0.0.0:25'", 30, "the whole change")
        relay.wait_until("! ls -A /etc/postfix | grep -q 'smtp-relay-agent-'", 15, "the end of what was left")
    pair.wait_for_backend(relay, "UP", 30)


def test_a_long_queue_does_not_make_a_change_impossible(pair):
    relay = pair.relays[1]
    quiet(relay)
    spool = relay.shell("postconf -h queue_directory").strip()
    # The program is as slow as with a queue so long that postsuper does not end.
    relay.shell(f"install -o postfix -m 700 /dev/null {spool}/hold/4cBogus; "
                "mv /usr/sbin/postsuper /usr/sbin/postsuper.was; "
                "printf '#!/bin/sh\\n[ -e hold/4cBogus ] && exec sleep 600\\nexit 0\\n' > /usr/sbin/postsuper; "
                "chmod 755 /usr/sbin/postsuper")
    try:
        relay.shell(f"sed -i 's/^mynetworks = .*/mynetworks = 0.0.0.0\\/0/; s/^biff.*/biff = no\\n# edited/' {MAIN}")
        relay.wait_until("! grep -q 0.0.0.0/0 /etc/postfix/main.cf", 15, "the change")
    finally:
        relay.shell("mv /usr/sbin/postsuper.was /usr/sbin/postsuper")
    # The queue itself was not touched.
    relay.shell(f"rm {spool}/hold/4cBogus")

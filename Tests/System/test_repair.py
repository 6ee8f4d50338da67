"""Drift of every kind is put right, and a node that does not work leaves the load balancer."""

import time

import pytest

BROKEN = {
    "a value": "sed -i 's/^mynetworks = .*/mynetworks = 0.0.0.0\\/0/' /etc/postfix/main.cf && postfix reload",
    "a later definition": "echo 'smtpd_relay_restrictions = permit' >> /etc/postfix/main.cf && postfix reload",
    "an empty file": ": > /etc/nginx/nginx.conf",
    "no file": "rm /etc/nginx/nginx.conf",
    "the mode of the folder that nginx serves": "chmod 700 /run/smtp-relay-agent/www",
    "the owner of the agent's folder": "chown nginx /run/smtp-relay-agent; chmod 770 /run/smtp-relay-agent",
    "a mode": "chmod 600 /etc/nginx/nginx.conf",
    "an owner": "chown nginx /etc/postfix/main.cf",
    "no door": "sed -i 's/^smtp      inet/#&/' /etc/postfix/master.cf && postfix reload",
    "the barrier at DATA": "sed -i 's/^smtpd_data_restrictions = .*/smtpd_data_restrictions =/' /etc/postfix/main.cf && postfix reload",
    "a unit": "echo '# more' >> /etc/systemd/system/smtp-relay-agent-health.service",
    "a drop-in": "echo '# more' >> /etc/systemd/system/postfix.service.d/smtp-relay-agent.conf",
    "no drop-in": "rm -r /etc/systemd/system/postfix.service.d",
    "a service that is off": "systemctl disable --now nginx",
    "a timer that is off": "systemctl disable --now smtp-relay-agent-reconcile.timer",
    "a health file that is gone": "rm /run/smtp-relay-agent/www/health",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_was_broken_by_hand_comes_back(lab, kind):
    relay = lab.relays[1]
    files = "/etc/postfix/main.cf /etc/postfix/master.cf /etc/nginx/nginx.conf /etc/systemd/system/smtp-relay-agent* " \
        "/etc/systemd/system/postfix.service.d/*"
    folders = "/run/smtp-relay-agent /run/smtp-relay-agent/www"
    state = f"sha256sum {files}; stat -c '%n %F %a %U' {files} {folders}; systemctl is-enabled nginx postfix"
    before = relay.shell(state)
    relay.shell(BROKEN[kind])
    plan = relay.agent("plan")
    assert plan.returncode == 2, plan.stdout
    result = relay.agent("reconcile", "--detailed-exit-status")
    assert result.returncode == 2, result.stdout
    # The load balancer may have asked for the health file in the meantime.
    lab.wait_for_backend(relay, "UP")
    # The agent does not wait for the units that it starts: its own may wait for the pass.
    relay.wait_until("! systemctl list-jobs | grep -q smtp-relay-agent", 20, "the end of the orders for its units")
    again = relay.agent("reconcile", "--detailed-exit-status")
    assert again.returncode == 0, again.stdout
    assert kind in ("a later definition", "no door") or relay.shell(state) == before
    assert relay.shell("postconf -h mynetworks").strip() == "127.0.0.0/8 10.0.0.0/16"


def test_an_smtpd_that_died_of_main_cf_and_is_held_back_comes_back_at_once(lab):
    """Postfix's master holds a service back for a minute that died as it started, over any reload."""
    relay = lab.relays[1]
    relay.shell("printf 'smtpd_relay_restrictions = permit\nsmtpd_recipient_restrictions = permit\n' >> /etc/postfix/main.cf; "
                "postfix reload")
    relay.wait_until("curl -s -m 2 telnet://127.0.0.1:25 </dev/null; journalctl -t postfix/master --since=-40s | grep -q throttling",
                     20, "port 25 to be held back")
    began = time.monotonic()
    result = relay.agent("reconcile")
    seconds = time.monotonic() - began
    assert result.returncode == 0, result.stdout
    # Less than what is left of the minute.
    assert seconds < 30
    lab.wait_for_backend(relay, "UP", 20)
    assert relay.agent("plan").stdout == "Nothing to do.\n"


def test_postfix_stopped_by_hand_takes_the_node_out_and_reconcile_brings_it_back(lab):
    relay = lab.relays[1]
    relay.shell("systemctl stop postfix")
    answer = relay.shell("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/health")
    assert answer == "503"
    lab.wait_for_backend(relay, "DOWN", 20)
    arrived = lab.wait_for_mails(lab.send(4))
    assert {mail["client"] for mail in arrived} == {lab.relays[0].address}
    result = relay.agent("reconcile")
    assert result.returncode == 0, result.stdout
    assert "start postfix" in result.stdout
    lab.wait_for_backend(relay, "UP", 20)


def test_a_killed_postfix_takes_the_node_out(lab):
    relay = lab.relays[1]
    relay.shell("kill -9 $(head -1 /var/spool/postfix/pid/master.pid)")
    lab.wait_for_backend(relay, "DOWN", 20)
    result = relay.agent("reconcile")
    assert result.returncode == 0, result.stdout
    lab.wait_for_backend(relay, "UP", 20)


def test_a_relay_that_refuses_its_own_senders_leaves_and_comes_back(lab):
    relay = lab.relays[1]
    relay.shell(""
                "echo 'smtpd_client_restrictions = reject' >> /etc/postfix/main.cf; postfix reload")
    result = relay.agent("reconcile")
    assert result.returncode == 1
    assert "refuses its own senders" in result.stdout
    assert "open relay" not in result.stdout
    lab.wait_for_backend(relay, "DOWN", 20)
    relay.shell("sed -i '/^smtpd_client_restrictions/d' /etc/postfix/main.cf; postfix reload")
    assert relay.agent("reconcile").returncode == 0
    lab.wait_for_backend(relay, "UP", 20)


def test_an_open_relay_by_a_foreign_setting_never_serves(lab):
    relay = lab.relays[1]
    # The restrictions stand, but never see the recipient.
    relay.shell("echo '/^RCPT TO/ NOOP' > /tmp/command-filter; "
                "echo 'smtpd_command_filter = regexp:/tmp/command-filter' >> /etc/postfix/main.cf; postfix reload")
    result = relay.agent("reconcile")
    assert result.returncode == 1
    assert "open relay: " in result.stdout
    lab.wait_for_backend(relay, "DOWN", 20)
    relay.shell("sed -i '/^smtpd_command_filter/d' /etc/postfix/main.cf; postfix reload")
    assert relay.agent("reconcile").returncode == 0
    lab.wait_for_backend(relay, "UP", 20)


# Below the entry of port 25; with each, Postfix relays for a stranger.
HIDDEN = {
    "mynetworks": "-o mynetworks=0.0.0.0/0",
    "mynetworks in braces": "{ -o mynetworks = 0.0.0.0/0 }",
    # Postfix itself does not run with a mere "permit".
    "restrictions": "-o smtpd_relay_restrictions=check_client_access,static:OK,reject "
                    "-o smtpd_recipient_restrictions=check_client_access,static:OK,reject",
}


@pytest.mark.parametrize("kind", HIDDEN)
def test_a_policy_hidden_in_master_cf_never_serves(lab, kind):
    relay = lab.relays[1]
    option = HIDDEN[kind].replace("/", "\\/")
    relay.shell(f"cp /etc/postfix/master.cf /tmp/master.cf; sed -i 's/^smtp      inet.*/&\\n  {option}/' "
                "/etc/postfix/master.cf; postfix reload")
    lab._wait(lambda: lab.try_relay(relay.address).startswith("250 "), 5, "an open relay")
    result = relay.agent("reconcile")
    assert result.returncode == 1
    for word in ("/etc/postfix/master.cf", "smtp", HIDDEN[kind].strip("{ ").removeprefix("-o ").split("=")[0].strip(), "remove"):
        assert word in result.stdout, result.stdout
    lab.wait_for_backend(relay, "DOWN", 10)
    # The load balancer sends everybody to the other one, where a stranger is refused.
    assert lab.try_relay(lab.relays[0].address).startswith("554 ")
    arrived = lab.wait_for_mails(lab.send(2))
    assert {mail["client"] for mail in arrived} == {lab.relays[0].address}
    probe = relay.agent("probe")
    assert probe.returncode == 1 and "nobody else" not in probe.stdout, probe.stdout
    relay.shell("cat /tmp/master.cf > /etc/postfix/master.cf")
    assert relay.agent("reconcile").returncode == 0
    assert lab.try_relay(relay.address).startswith("554 ")
    lab.wait_for_backend(relay, "UP", 20)


def test_a_candidate_that_postfix_refuses_is_not_installed(lab):
    relay = lab.relays[1]
    relay.shell("cp /etc/postfix/main.cf /tmp/main.cf; "
                "echo 'import_environment = $nothing_\nmail_owner = nobody_there' >> /etc/postfix/main.cf; "
                "sed -i 's/^biff = no/biff = yes/' /etc/postfix/main.cf")
    before = relay.shell("sha256sum /etc/postfix/main.cf; systemctl show -p MainPID -p ActiveEnterTimestamp postfix")
    result = relay.agent("reconcile")
    assert result.returncode == 1
    assert "refuses the new configuration, so nothing was changed" in result.stdout
    assert "nobody_there" in result.stdout
    assert relay.shell("sha256sum /etc/postfix/main.cf; systemctl show -p MainPID -p ActiveEnterTimestamp postfix") == before
    relay.shell("cat /tmp/main.cf > /etc/postfix/main.cf")
    assert relay.agent("reconcile").returncode == 0


def test_what_does_not_work_is_rolled_back(lab):
    """nginx -t is content with a port that the system does not let nginx have."""
    relay = lab.relays[1]
    before = relay.shell("sha256sum /etc/nginx/nginx.conf")
    bound = 'import socket, time; s = socket.socket(); s.bind(("0.0.0.0", 8081)); time.sleep(600)'
    relay.shell(f"systemd-run --unit=squatter python3 -c '{bound}'; sleep 1")
    result = relay.agent("reconcile", "--set", "health.port=8081")
    relay.shell("systemctl stop squatter")
    assert result.returncode == 1
    assert "so the previous files are back" in result.stdout
    assert relay.shell("sha256sum /etc/nginx/nginx.conf") == before
    assert "listen 8081" in relay.shell("cat /var/lib/smtp-relay-agent/generations/nginx/*-rejected")
    assert relay.agent("reconcile", "--detailed-exit-status").returncode in (0, 2)
    lab.wait_for_backend(relay, "UP", 20)


def test_a_pass_killed_half_way_is_finished_by_the_next(lab):
    relay = lab.relays[1]
    relay.shell(""
                "sed -i 's/^inet_interfaces = all/inet_interfaces = localhost/' /etc/postfix/main.cf; "
                "systemctl restart postfix")
    # Killed as soon as the file is written, before Postfix has taken it up.
    relay.shell("/usr/local/bin/smtp-relay-agent reconcile & agent=$!; "
                "while ! grep -q '^inet_interfaces = all' /etc/postfix/main.cf; do sleep 0.01; done; "
                "kill -9 $agent; wait $agent || true", timeout=60)
    result = relay.agent("reconcile", "--detailed-exit-status")
    assert result.returncode in (0, 2), result.stdout
    assert "0.0.0.0:25" in relay.shell("ss -ltn 2>/dev/null || netstat -ltn")
    lab.wait_for_backend(relay, "UP", 20)
    assert relay.agent("reconcile", "--detailed-exit-status").returncode == 0


def test_the_timers_pass_repairs_and_joins_too(lab):
    relay = lab.relays[1]
    assert "smtp-relay-agent-reconcile.timer" in relay.shell("systemctl list-timers --no-pager")
    relay.shell("touch /let-the-timer-run; rm /etc/nginx/nginx.conf; systemctl start smtp-relay-agent-reconcile.service;"
                "rm /let-the-timer-run; nginx -t")
    assert "write /etc/nginx/nginx.conf" in relay.shell("journalctl --no-pager -u smtp-relay-agent-reconcile.service")
    lab.wait_for_backend(relay, "UP", 20)
    assert relay.agent("reconcile", "--detailed-exit-status").returncode == 0

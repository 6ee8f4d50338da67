"""The metrics of the mail log: what the agent counts is what the sink and the senders have seen."""

import itertools
import json
import threading
import time

import pytest

from mail_counts import metrics, send, value, wait_for
from relaylab import user_data
from relaylab.dialogue import speak
from relaylab.lab import Lab

CONFIG = "/etc/smtp-relay-agent/config.toml"
AGENT = "smtp-relay-agent.service"
SECONDS = itertools.count()
SPOT = "spot/instance-action"


@pytest.fixture(scope="module")
def lab(binary):
    """One relay with the resident agent, and a host that sends."""
    with Lab(binary) as lab:
        lab.add_relay(user_data.cloud_config(lab.sha256))
        lab.add_sender()
        lab.relays[0].wait_for_cloud_init()
        lab.wait_for_backend(lab.relays[0], "UP")
        yield lab


def test_the_counts_equal_the_sinks_through_restarts_a_rotation_and_a_reboot(lab, relay, request):
    part = 2_000 if request.config.getoption("--all") else 200
    before = {name: value(relay, *name) for name in [("smtpd_messages_total",), ("deliveries_total", 'result="sent"')]}
    arrived = len(lab.mails())
    sent = 0

    def sends(what) -> None:
        """Have something happen while mail is sent, and see it counted."""
        nonlocal sent
        sending = threading.Thread(target=send, args=(lab, relay, part))
        sending.start()
        time.sleep(1)
        what()
        sending.join()
        sent += part
        lab._wait(lambda: len(lab.mails()) - arrived >= sent, 60 + part, f"{sent} messages")
        for name, count in before.items():
            wait_for(relay, count + sent, *name, seconds=90)

    def reboots() -> None:
        # Mail that is sent meanwhile is refused: the sender's own queue is another test's.
        time.sleep(part / 50)
        lab._wait(lambda: len(lab.mails()) - arrived >= sent + part, 60 + part, "the mail before the reboot")
        relay.reboot()
        lab.wait_for_backend(relay, "UP", 120)

    sends(lambda: relay.shell(f"systemctl restart {AGENT}"))
    sends(lambda: relay.shell(f"systemctl kill -s KILL {AGENT}; systemctl restart systemd-journald"))
    sends(lambda: relay.shell("journalctl --rotate"))
    relay.shell(f"systemctl stop {AGENT}")
    sends(lambda: relay.shell(f"sleep 3; journalctl --rotate; systemctl start {AGENT}"))
    sends(reboots)

    mails = lab.mails()[arrived:]
    assert len(mails) == sent == part * 5
    assert len({mail["id"] for mail in mails}) == sent
    assert value(relay, "delivery_delay_seconds_count") == value(relay, "deliveries_total", 'result="sent"')
    # One question for all. A question for each would read the whole log as often.
    found = json.loads(relay.agent("trace", "--sender", "app@example.com", "--limit", str(2 * sent), "--json").stdout)
    states = {message["messageID"]: message["state"] for message in found["messages"]}
    assert {mail["id"] for mail in mails} <= set(states)
    assert {states[mail["id"]] for mail in mails} == {"sent"}
    chosen = [mail["id"] for mail in mails[::part // 10]]
    for identifier in chosen:
        result = relay.agent("trace", "--message-id", identifier)
        assert result.returncode == 0 and "sent to someone@example.net" in result.stdout, result.stdout


def test_a_long_log_is_counted_to_its_end(lab, relay):
    """The agent was down while several times as much was logged as it reads at once."""
    count = 20_000
    before = value(relay, "deliveries_total", 'result="sent"')
    line = "ABC%d: to=<someone@example.net>, relay=mx.example.net[198.51.100.25]:25, delay=1, dsn=2.0.0, status=sent (250 ok)\\n"
    relay.shell(f"systemctl stop {AGENT}")
    # journald takes ten thousand lines of one service in half a minute (RateLimitBurst in journald.conf(5)).
    relay.shell("mkdir -p /run/systemd/journald.conf.d; printf '[Journal]\\nRateLimitBurst=0\\n' > /run/systemd/journald.conf.d/all.conf; "
                "systemctl restart systemd-journald")
    try:
        relay.shell(f"seq 100000 {99_999 + count} | awk '{{ printf \"{line}\", $1 }}' | logger -p mail.info -t postfix/smtp; journalctl --sync")
        size = int(relay.shell("journalctl -t postfix/smtp -o export --output-fields=SYSLOG_IDENTIFIER,MESSAGE | wc -c"))
        assert size > 5_000_000
    finally:
        relay.shell("rm /run/systemd/journald.conf.d/all.conf; systemctl restart systemd-journald; "
                    f"systemctl start {AGENT}")
    wait_for(relay, before + count, "deliveries_total", 'result="sent"')


def test_a_log_file_is_followed_through_its_rotation(lab, relay):
    """Postfix's own log file. Its rotation compresses what was there."""
    before = value(relay, "smtpd_messages_total")
    relay.shell("cp -a /etc/postfix/main.cf /root/main.cf.logged;"
                "echo 'maillog_file = /var/log/postfix.log' >> /etc/postfix/main.cf; postfix reload")
    try:
        send(lab, relay, 30)
        wait_for(relay, before + 30, "smtpd_messages_total")
        send(lab, relay, 30)
        relay.shell("postfix logrotate; ls /var/log/postfix.log.*.gz")
        send(lab, relay, 30)
        wait_for(relay, before + 90, "smtpd_messages_total")
        # Nothing is counted again later.
        time.sleep(6)
        assert value(relay, "smtpd_messages_total") == before + 90
    finally:
        relay.shell("cp -a /root/main.cf.logged /etc/postfix/main.cf; postfix reload; rm -f /var/log/postfix.log*")
    send(lab, relay, 10)
    wait_for(relay, before + 100, "smtpd_messages_total")


def test_each_result_of_a_delivery_is_counted_by_its_provider(lab, relay):
    def say(recipient: str) -> None:
        text = f"From: app@example.com\r\nTo: {recipient}\r\nSubject: counted\r\n\r\nHello.\r\n."
        lines = ["EHLO app.example.com", "MAIL FROM:<>", f"RCPT TO:<{recipient}>", "DATA", text]
        said = speak(lab.application, relay.address, lines)
        assert said[-1].startswith("250 "), said

    def of(result: str, provider: str) -> tuple[str, str, str]:
        return "deliveries_total", f'result="{result}"', f'provider="{provider}"'

    before = metrics(relay)
    bounced, deferred, expired = (value(relay, *of(result, "other")) for result in ("bounced", "deferred", "expired"))
    google = value(relay, *of("bounced", "google"))
    say("refused@example.net")
    wait_for(relay, bounced + 1, *of("bounced", "other"))
    # The lab's DNS knows no such domain.
    say("someone@gmail.com")
    wait_for(relay, google + 1, *of("bounced", "google"))
    lab.sink_down()
    try:
        say("deferred@example.net")
        wait_for(relay, deferred + 1, *of("deferred", "other"))
        settings = relay.shell(f"cat {CONFIG}")
        relay.write(CONFIG, settings.replace("[mail]\n", '[mail]\nmaximal_queue_lifetime = "1s"\nbounce_queue_lifetime = "1s"\n', 1))
        try:
            relay.agent("reconcile", check=True)
            relay.shell("postqueue -f")
            wait_for(relay, expired + 1, *of("expired", "other"))
        finally:
            relay.write(CONFIG, settings)
            relay.agent("reconcile", check=True)
    finally:
        lab.sink_up()
    assert value(relay, *of("sent", "relay")) == 0
    assert before["smtpd_messages_total"] + 3 == value(relay, "smtpd_messages_total")


def test_rejects_are_counted_by_their_reason(lab, relay):
    denied = value(relay, "smtpd_rejects_total", 'reason="relay_denied"')
    size = value(relay, "smtpd_rejects_total", 'reason="size"')
    relay_tries = [lab.try_relay(relay.address, port=25) for _ in range(3)]
    assert len(relay_tries) == 3
    wait_for(relay, denied + 3, "smtpd_rejects_total", 'reason="relay_denied"')
    said = speak(lab.application, relay.address, ["EHLO app.example.com", "MAIL FROM:<app@example.com> SIZE=999999999"])
    assert said[-1].startswith("552 "), said
    wait_for(relay, size + 1, "smtpd_rejects_total", 'reason="size"')


def test_sessions_with_tls_are_counted(lab, relay):
    out = value(relay, "tls_sessions_total", 'direction="out"')
    send(lab, relay, 5)
    deadline = time.monotonic() + 30
    while value(relay, "tls_sessions_total", 'direction="out"') <= out:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert any('version="TLSv1.3"' in key and number > 0 for key, number in metrics(relay).items())


def test_a_finding_is_a_metric_until_its_cause_is_gone(lab, relay):
    """The doctor looks soon after the agent's start, and then every two minutes."""
    lab.api_fault(throttle=100000)
    try:
        relay.agent("reconcile")
        relay.shell(f"systemctl restart {AGENT}")
        wait_for(relay, 1, "finding", 'name="passes-fail"', 'severity="')
    finally:
        lab.api_fault()
    relay.agent("reconcile", check=True)
    relay.shell(f"systemctl restart {AGENT}")
    wait_for(relay, 0, "finding", 'name="passes-fail"')


def test_findings_of_each_severity_are_metrics_until_their_causes_are_gone(lab, relay):
    """What the resident agent looks at gives warnings and critical findings. Infos are the whole doctor's."""
    spool = "/var/spool/postfix"

    def looks(*findings: str) -> None:
        """The agent looks anew, and has found this and nothing else."""
        relay.shell(f"systemctl restart --no-block {AGENT}")
        deadline = time.monotonic() + 90
        while (seen := {key for key in metrics(relay) if key.startswith("finding{")}) != set(findings):
            assert time.monotonic() < deadline, seen
            time.sleep(0.5)

    looks()
    # The agent can't start what is masked.
    relay.shell(f"systemctl mask -q --runtime --now postfix; mount -t tmpfs -o size=300m,mode=755 small {spool}", timeout=60)
    try:
        looks('finding{name="service-down",severity="critical"}', 'finding{name="disk-full",severity="warning"}')
        relay.shell(f"mount -o remount,size=40m {spool}")
        looks('finding{name="service-down",severity="critical"}', 'finding{name="disk-full",severity="critical"}')
    finally:
        relay.shell(f"umount -l {spool}; systemctl unmask -q --runtime postfix; systemctl start postfix", timeout=60)
    relay.agent("reconcile", check=True)
    looks()
    lab.wait_for_backend(relay, "UP")


@pytest.fixture
def hurried(lab, relay):
    """The relay with little time to leave; afterwards it is back."""
    settings = relay.shell(f"cat {CONFIG}")
    relay.write(CONFIG, settings + '[shutdown]\ndrain_timeout = "10s"\n')
    try:
        yield relay
    finally:
        lab.sink_up()
        lab.api_fault()
        lab.set_metadata(relay, SPOT, None)
        relay.write(CONFIG, settings)
        relay.agent("undrain", check=True)
    lab.wait_for_backend(relay, "UP", 60)
    relay.shell("postqueue -f")
    relay.wait_until("mailq | grep -q 'queue is empty'", 30, "an empty queue")


def interrupt(lab, relay) -> None:
    """Announce a spot interruption. Each has a time of its own, as on EC2: the agent may not see that one was withdrawn."""
    moment = f"2026-12-24T18:22:{next(SECONDS):02}Z"
    lab.set_metadata(relay, SPOT, json.dumps({"action": "terminate", "time": moment}))


def departures(relay) -> dict[str, float]:
    """The departures by their outcome."""
    return {outcome: value(relay, "departures_total", f'outcome="{outcome}"') for outcome in ("empty", "messages_left", "failed")}


def wait_for_departure(relay, before: dict[str, float], outcome: str) -> None:
    """Wait until one more departure has ended so, and none in another way."""
    wait_for(relay, before[outcome] + 1, "departures_total", f'outcome="{outcome}"')
    assert departures(relay) == {**before, outcome: before[outcome] + 1}


def test_a_departure_that_empties_the_queue_is_counted(hurried):
    before = departures(hurried)
    hurried.agent("drain", check=True)
    wait_for_departure(hurried, before, "empty")


def test_a_departure_that_leaves_messages_is_counted(lab, hurried):
    """The receiver is away, and no other relay takes the mail."""
    before = departures(hurried)
    lab.sink_down()
    subjects = lab.submit(hurried, 3)
    drained = hurried.agent("drain")
    assert drained.returncode == 1 and "3 messages are still queued here" in drained.stdout, drained.stdout
    wait_for_departure(hurried, before, "messages_left")
    assert value(hurried, "departure_messages_left", 'state="waiting"') == 3
    lab.sink_up()
    hurried.shell("postqueue -f")
    lab.wait_for_mails(subjects)


def test_a_load_balancer_that_comes_back_late_is_left(lab, hurried):
    """It does not answer in the first half of the time. The node closes its doors, and tries again until the end."""
    before = departures(hurried)
    lab.api_fault(of="elasticloadbalancing", unavailable=True)
    cursor = hurried.shell("date +%s").strip()
    interrupt(lab, hurried)
    hurried.wait_until(f"journalctl -u smtp-relay-agent --since=@{cursor} | grep -q 'answer 421 to all senders'", 30, "closed doors")
    assert lab.backends()[hurried.address] == "DOWN"
    lab.api_fault()
    lab.wait_for_backend(hurried, None, 10)
    wait_for_departure(hurried, before, "empty")


@pytest.mark.parametrize("messages", [0, 3])
def test_a_departure_that_fails_is_counted(lab, hurried, messages):
    """The instance goes, the load balancer can't be told, and nobody takes the mail."""
    before = departures(hurried)
    lab.sink_down()
    if messages:
        lab.submit(hurried, messages)
    lab.api_fault(of="elasticloadbalancing", unavailable=True)
    interrupt(lab, hurried)
    wait_for_departure(hurried, before, "failed")

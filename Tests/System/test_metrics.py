"""The metrics that nginx shows, as Prometheus reads them."""

import re
import time

import pytest

from relaylab import paths
from relaylab.shell import output, run

SIZE_OF_LOGS = "cat /var/log/nginx/*.log | wc -c; journalctl -u nginx -o cat | wc -l"


def fetch(lab, relay) -> str:
    """The metrics as a host of the VPC gets them."""
    return output("ip", "netns", "exec", lab.application, "curl", "-fsS", f"http://{relay.address}/metrics")


def values(text: str) -> dict[str, float]:
    """Each sample by its name and labels, as they are written."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def measured(lab, relay) -> dict[str, float]:
    """The record of a pass made now."""
    assert relay.agent("reconcile").returncode == 0
    return values(fetch(lab, relay))


def test_promtool_finds_nothing_wrong(lab):
    text = fetch(lab, lab.relays[0])
    assert text.count("# TYPE smtp_relay_agent_") == text.count("# HELP smtp_relay_agent_") > 10
    verdict = run(paths.CACHE / "promtool", "check", "metrics", input=text, check=False)
    assert (verdict.returncode, verdict.stdout) == (0, "")
    # The judge is awake: it does find a counter without its suffix.
    spoilt = run(paths.CACHE / "promtool", "check", "metrics", input=text.replace("passes_total", "passes"), check=False)
    assert spoilt.returncode != 0


def test_they_are_text_in_prometheus_format(lab):
    head = output("ip", "netns", "exec", lab.application, "curl", "-sSI", f"http://{lab.relays[0].address}/metrics")
    assert "200 OK" in head
    assert re.search(r"^Content-Type: text/plain; version=0\.0\.4", head, re.M), head


def test_a_host_outside_the_vpc_is_refused_and_nobody_is_logged(lab):
    relay = lab.relays[0]
    before = relay.shell(SIZE_OF_LOGS)
    ask = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"http://{relay.address}/metrics"]
    assert output("ip", "netns", "exec", lab.outsider, *ask) == "403"
    assert output("ip", "netns", "exec", lab.application, *ask) == "200"
    assert relay.shell("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/metrics") == "200"
    # Nothing else of the folder that they lie in.
    for name in ("status.json", "proof", "lock", "metrics/", "metrics/../status.json"):
        status = output("ip", "netns", "exec", lab.application, "curl", "-s", "--path-as-is", "-o", "/dev/null", "-w",
                        "%{http_code}", f"http://{relay.address}/{name}")
        assert status == "404", name
    assert relay.shell(SIZE_OF_LOGS) == before


def test_they_tell_a_healthy_node(lab):
    relay = lab.relays[0]
    found = measured(lab, relay)
    assert found['smtp_relay_agent_build_info{version="%s"}' % relay.agent("--version").stdout.split()[0]] == 1
    for service in ("postfix", "nginx"):
        assert found[f'smtp_relay_agent_service_up{{service="{service}"}}'] == 1
    for probe in ("relay policy", "smtp", "queue disk", "health check"):
        assert found[f'smtp_relay_agent_probe_success{{probe="{probe}"}}'] == 1
        assert found[f'smtp_relay_agent_probe_timestamp_seconds{{probe="{probe}"}}'] <= time.time()
    assert found['smtp_relay_agent_membership_in_service{membership="load balancer smtp-relay"}'] == 1
    assert found["smtp_relay_agent_draining"] == 0
    assert abs(found["smtp_relay_agent_last_success_timestamp_seconds"] - time.time()) < 20
    assert abs(found["smtp_relay_agent_last_pass_timestamp_seconds"] - time.time()) < 20
    assert 0 < found["smtp_relay_agent_last_pass_duration_seconds"] < 20


def test_passes_changes_and_calls_are_counted_over_the_processes(lab):
    relay = lab.relays[0]
    before = measured(lab, relay)
    calls = len(lab.api_calls(relay))
    # The load balancer must not see this change: the agent would ask about its word, too.
    relay.shell("chmod 600 /etc/nginx/nginx.conf")
    after = measured(lab, relay)
    # A command that makes no pass asks the API, too; what it asked is told by the next pass.
    assert relay.agent("plan").returncode == 0
    after = measured(lab, relay)

    def grown(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert grown("smtp_relay_agent_passes_total") == 2
    assert grown('smtp_relay_agent_changes_total{resource="nginx"}') == 1
    assert grown("smtp_relay_agent_failed_passes_total") == 0
    assert grown("smtp_relay_agent_api_calls_total") == len(lab.api_calls(relay)) - calls == 6


def test_throttled_calls_are_counted(lab):
    relay = lab.relays[0]
    before = measured(lab, relay)
    lab.api_fault(throttle=2)
    try:
        after = measured(lab, relay)
    finally:
        lab.api_fault()
    assert after["smtp_relay_agent_api_throttles_total"] - before["smtp_relay_agent_api_throttles_total"] == 2
    assert after["smtp_relay_agent_api_calls_total"] - before["smtp_relay_agent_api_calls_total"] == 4


@pytest.fixture
def without_sink(lab):
    lab.sink_down()
    yield
    lab.sink_up()
    for relay in lab.relays:
        relay.shell("postqueue -f")


def test_the_queue_is_told_by_its_states(lab, without_sink):
    relay = lab.relays[0]
    before = measured(lab, relay)
    assert before['smtp_relay_agent_queue_messages{state="deferred"}'] == 0
    assert before["smtp_relay_agent_queue_oldest_deferred_age_seconds"] == 0
    subjects = lab.submit(relay, 3)
    relay.wait_until("[ $(find /var/spool/postfix/deferred -type f | wc -l) = 3 ]", 30, "three deferred messages")
    relay.shell("postsuper -h $(basename $(find /var/spool/postfix/deferred -type f | head -1))")
    time.sleep(1.1)
    after = measured(lab, relay)
    assert after['smtp_relay_agent_queue_messages{state="deferred"}'] == 2
    assert after['smtp_relay_agent_queue_messages{state="hold"}'] == 1
    assert 1 <= after["smtp_relay_agent_queue_oldest_deferred_age_seconds"] < 120
    relay.shell("postsuper -H ALL")
    lab.sink_up()
    relay.shell("postqueue -f")
    lab.wait_for_mails(subjects)


def test_a_service_that_does_not_come_up_and_a_failed_probe_are_told(lab):
    relay = lab.relays[0]
    before = measured(lab, relay)
    relay.shell("systemctl stop postfix; systemctl mask --runtime postfix")
    assert relay.agent("reconcile").returncode == 1
    down = values(fetch(lab, relay))
    relay.shell("systemctl unmask --runtime postfix")
    assert relay.agent("reconcile").returncode == 0
    assert down['smtp_relay_agent_service_up{service="postfix"}'] == 0
    assert down["smtp_relay_agent_failed_passes_total"] == before["smtp_relay_agent_failed_passes_total"] + 1
    assert down["smtp_relay_agent_last_success_timestamp_seconds"] == before[
        "smtp_relay_agent_last_success_timestamp_seconds"]
    # A relay that refuses its own senders, by a setting that is not the agent's, is proven to be one.
    relay.shell("echo 'smtpd_client_restrictions = reject' >> /etc/postfix/main.cf; postfix reload")
    assert relay.agent("reconcile").returncode == 1
    refusing = values(fetch(lab, relay))
    status = relay.status()
    relay.shell("sed -i '/^smtpd_client_restrictions/d' /etc/postfix/main.cf; postfix reload")
    assert relay.agent("reconcile").returncode == 0
    assert refusing['smtp_relay_agent_probe_success{probe="relay policy"}'] == 0
    assert re.search(r"^probe relay policy +FAILED: ", status, re.M), status
    assert values(fetch(lab, relay))['smtp_relay_agent_probe_success{probe="relay policy"}'] == 1
    lab.wait_for_backend(relay, "UP", 20)

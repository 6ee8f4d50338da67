"""units/monitoring: the dashboard and the rules ask for metrics that exist, each rule has its cases, and a real Prometheus
scrapes the nodes and alerts."""

import functools
import json
import os
import re
import shutil
import subprocess

import pytest
import yaml

from conftest import boot_pair
from pages import PAGES, ROOT, anchors, blocks
from relaylab import paths
from relaylab.lab import Lab
from relaylab.prometheus import MONITORING, PROMTOOL, Prometheus
from relaylab.shell import run

RULES = {rule["alert"]: rule for group in yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"]
         for rule in group["rules"]}
CASES = yaml.safe_load((MONITORING / "alerts_test.yml").read_text())
DASHBOARD = json.loads((MONITORING / "smtp-relay-agent.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
# Each query of the dashboard, with values in place of Grafana's variables.
QUERIES = [target["expr"].replace("$__rate_interval", "2m").replace("$job", ".*").replace("$instance", ".*")
           for panel in PANELS for target in panel["targets"]]
# The labels that Prometheus gives to every sample.
OF_PROMETHEUS = {"job", "instance"}


@functools.cache
def metrics(binary) -> dict[str, dict]:
    """The metrics by the program's own word: the labels of each, and its text."""
    page = subprocess.run([binary, "help", "--markdown"], capture_output=True, text=True, check=True).stdout
    table = page.split("## Metrics\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*) \| ([^|]*)\|$", table, re.M)
    found = {name: {"help": text, "labels": set(re.findall(r"`(\w+)`", labels))} for name, text, labels in rows}
    delay = found["smtp_relay_agent_delivery_delay_seconds"]
    for part in ("bucket", "sum", "count"):
        found[f"smtp_relay_agent_delivery_delay_seconds_{part}"] = {**delay, "labels": {"le"} if part == "bucket" else set()}
    return found


@functools.cache
def findings(binary) -> dict[str, bool]:
    """The doctor's findings, and whether each is a metric."""
    shown = subprocess.run([binary, "help", "findings"], capture_output=True, text=True, check=True).stdout
    return {name: is_metric == "yes" for name, is_metric in
            re.findall(r"^([a-z0-9-]+)\n(?:    .*\n)*?    metric: (yes|no)$", shown, re.M)}


def faults(expression: str, known: dict[str, dict], names: dict[str, bool]) -> list[str]:
    """The parts of an expression that no node has: metrics, labels, values of labels."""
    found = []
    selected = re.findall(r"(smtp_relay_agent_\w+)(?:\{([^}]*)\})?", expression)
    labels = set(OF_PROMETHEUS)
    for metric, matchers in selected:
        if metric not in known:
            found.append(f"no metric {metric}")
            continue
        labels |= known[metric]["labels"]
        for label, _, value in re.findall(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"', matchers):
            if label in OF_PROMETHEUS:
                continue
            if label not in known[metric]["labels"]:
                found.append(f"{metric} has no label {label}")
            for one in value.split("|"):
                is_known = names.get(one, False) if label == "name" else re.search(
                    rf"(?<!\w){re.escape(one)}(?!\w)", known[metric]["help"])
                if not is_known:
                    found.append(f"{metric} has no {label} {one}")
    for listed in re.findall(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)", expression):
        found += [f"no label {label}" for label in re.split(r",\s*", listed) if label not in labels]
    return found


# The queries


@pytest.mark.parametrize("expression", [*QUERIES, *(rule["expr"] for rule in RULES.values())])
def test_each_query_asks_for_metrics_labels_and_values_that_exist(binary, expression):
    assert re.search(r"smtp_relay_agent_\w+", expression)
    assert faults(expression, metrics(binary), findings(binary)) == []


@pytest.mark.parametrize("wrong", [
    "smtp_relay_agent_passes", 'smtp_relay_agent_service_up{name="nginx"}', 'smtp_relay_agent_queue_messages{state=~"active|defered"}',
    "sum by (provider) (smtp_relay_agent_smtpd_rejects_total)", 'smtp_relay_agent_finding{name="no-such-finding"}',
    'smtp_relay_agent_finding{severity="fatal"}',
])
def test_the_judge_of_queries_finds_faults(binary, wrong):
    assert faults(wrong, metrics(binary), findings(binary)) != []


def test_the_dashboard_shows_every_metric_but_a_few(binary):
    """Those that it leaves out tell nothing that another does not."""
    shown = " ".join(QUERIES)
    left_out = {name.removeprefix("smtp_relay_agent_") for name in metrics(binary) if not re.search(rf"{name}\b", shown)}
    assert left_out == {"probe_timestamp_seconds", "last_success_timestamp_seconds", "departure_phase",
                        "departure_messages_left_by_domain", "fleet_settings_read_timestamp_seconds", "delivery_delay_seconds"}


# The dashboard


def test_the_dashboard_is_well_formed():
    assert DASHBOARD["uid"] == "smtp-relay-agent" and DASHBOARD["id"] is None and DASHBOARD["schemaVersion"] >= 36
    variables = {one["name"]: one for one in DASHBOARD["templating"]["list"]}
    assert set(variables) == {"datasource", "job", "instance"}
    assert (variables["datasource"]["type"], variables["datasource"]["query"]) == ("datasource", "prometheus")
    source = {"type": "prometheus", "uid": "${datasource}"}
    assert variables["job"]["datasource"] == variables["instance"]["datasource"] == source
    identifiers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(identifiers)) == len(identifiers)
    for panel in PANELS:
        assert panel["title"] and panel["description"].endswith("."), panel["title"]
        assert panel["datasource"] == source and all(target["datasource"] == source for target in panel["targets"])
        letters = [target["refId"] for target in panel["targets"]]
        assert letters and len(set(letters)) == len(letters)
        for target in panel["targets"]:
            assert '{job=~"$job",instance=~"$instance"' in target["expr"], panel["title"]


def test_no_panel_lies_upon_another():
    taken = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken and max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells


def test_each_legend_names_labels_that_the_query_gives(binary):
    known = metrics(binary)
    for panel in PANELS:
        for target in panel["targets"]:
            named = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            grouped = re.match(r"(?:sum|max) by \(([^)]*)\)", target["expr"])
            metric = re.search(r"smtp_relay_agent_\w+", target["expr"])[0]
            given = set(re.split(r",\s*", grouped[1])) if grouped else known[metric]["labels"] | OF_PROMETHEUS
            assert named <= given, panel["title"]


# The rules


def test_promtool_finds_the_rules_and_their_cases_right():
    assert "SUCCESS" in run(PROMTOOL, "check", "rules", MONITORING / "alerts.yml").stdout
    assert "SUCCESS" in run(PROMTOOL, "test", "rules", "alerts_test.yml", cwd=MONITORING).stdout


@pytest.mark.parametrize("alert", RULES)
def test_each_alert_has_cases_in_which_it_fires_and_does_not(alert):
    cases = [case for test in CASES["tests"] for case in test["alert_rule_test"] if case["alertname"] == alert]
    assert [case for case in cases if case["exp_alerts"]] and [case for case in cases if not case["exp_alerts"]]


@pytest.mark.parametrize("alert", RULES)
def test_the_cases_notice_a_rule_that_never_or_always_fires(tmp_path, alert):
    own = [test for test in CASES["tests"] if test["alert_rule_test"][0]["alertname"] == alert]
    for expression in ("vector(0) == 1", "vector(1)"):
        rules = yaml.safe_load((MONITORING / "alerts.yml").read_text())
        for rule in (rule for group in rules["groups"] for rule in group["rules"] if rule["alert"] == alert):
            rule["expr"] = expression
        (tmp_path / "alerts.yml").write_text(yaml.safe_dump(rules))
        (tmp_path / "alerts_test.yml").write_text(yaml.safe_dump({**CASES, "tests": own}))
        assert run(PROMTOOL, "test", "rules", "alerts_test.yml", cwd=tmp_path, check=False).returncode == 1, expression


@pytest.mark.parametrize("alert", RULES)
def test_each_alert_names_its_finding_and_the_page_to_read(binary, alert):
    rule, known = RULES[alert], findings(binary)
    assert rule["labels"]["severity"] in ("critical", "warning")
    notes = rule["annotations"]
    assert set(notes) - {"finding"} == {"summary", "description", "page"}
    for name in notes.get("finding", "").split(", "):
        assert name in known or name in ("", "{{ $labels.name }}"), name
    page, _, heading = notes["page"].partition("#")
    assert heading in anchors(PAGES[page]), notes["page"]


def test_the_page_has_a_row_for_each_alert_with_its_findings():
    rows = dict(re.findall(r"^\| `(SMTPRelay\w+)` \| (.*) \|$", PAGES["units/monitoring/README.md"], re.M))
    assert list(rows) and set(rows) == set(RULES)
    for alert, row in rows.items():
        named = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", row))
        allowed = set(RULES[alert]["annotations"].get("finding", "").split(", "))
        assert named <= allowed or "{{ $labels.name }}" in allowed, alert


def test_the_release_has_them_and_the_binary_does_not(binary):
    tracked = subprocess.run(["git", "ls-files", "units/monitoring"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = {"README.md", "alerts.yml", "alerts_test.yml", "prometheus.yml", "smtp-relay-agent.json"}
    # test_release.py compares the archive with what is tracked.
    assert {line.removeprefix("units/monitoring/") for line in tracked.splitlines()} == names
    assert b"SMTPRelayFewNodes" not in binary.read_bytes()


# A real Prometheus


@pytest.fixture(scope="module")
def pair(binary):
    """Two relays with resident agents, which read the mail log and make a pass every ten seconds."""
    with Lab(binary) as lab:
        boot_pair(lab, '[reconcile]\ninterval = "10s"\njitter = "1s"')
        for relay in lab.relays:
            relay.wait_for_agent()
        yield lab


@pytest.fixture(scope="module")
def prometheus(pair, tmp_path_factory):
    prometheus = Prometheus(pair, tmp_path_factory.mktemp("prometheus"))
    yield prometheus
    prometheus.stop()


@pytest.fixture
def relays(pair):
    """The relays, in service."""
    for relay in pair.relays:
        pair.wait_for_backend(relay, "UP", 30)
    return pair.relays


def test_prometheus_scrapes_the_nodes(prometheus, relays):
    names = {relay.instance for relay in relays}
    prometheus.wait_for(lambda: {one["labels"]["instance"] for one in prometheus.targets() if one["health"] == "up"} == names,
                        20, "a scrape of each node")
    assert {one["scrapeUrl"] for one in prometheus.targets()} == {f"http://{relay.address}:80/metrics" for relay in relays}
    for relay in relays:
        version, = prometheus.query(f'smtp_relay_agent_build_info{{job="smtp-relay",instance="{relay.instance}"}}')
        assert version["version"] == relay.agent("--version").stdout.split()[0]
        up = prometheus.query(f'smtp_relay_agent_service_up{{instance="{relay.instance}"}}')
        assert {one["service"]: one["value"] for one in up} == {"postfix": 1, "nginx": 1}
        age, = prometheus.query(f'time() - smtp_relay_agent_last_pass_timestamp_seconds{{instance="{relay.instance}"}}')
        assert 0 <= age["value"] < 60
    # Nothing that a node shows is refused, also no sample out of order or twice.
    assert prometheus.query("sum(scrape_samples_scraped == scrape_samples_post_metric_relabeling) > 40") != []


def test_the_counts_of_the_mail_log_arrive(prometheus, relays):
    def total(selected: str) -> float:
        return sum(one["value"] for one in prometheus.query(f"sum(smtp_relay_agent_{selected})"))

    before = {name: total(name) for name in ('deliveries_total{result="sent"}', "delivery_delay_seconds_count", "smtpd_messages_total")}
    arrived = prometheus.lab.wait_for_mails(prometheus.lab.send(6))
    assert len(arrived) == 6
    for name, count in before.items():
        prometheus.wait_for(lambda: total(name) == count + 6, 40, f"six more of {name}")
    # promtool judges the histogram and the other metrics of mail, too.
    for relay in relays:
        assert run(PROMTOOL, "check", "metrics", input=relay.shell("curl -fsS http://127.0.0.1/metrics")).stdout == ""
    age, *_ = prometheus.query("max(time() - smtp_relay_agent_mail_log_read_timestamp_seconds)")
    assert age["value"] < 60


# Nothing of this happens to nodes in service: rejects, departures, signatures, settings of the fleet.
WITHOUT_SAMPLES = ("smtpd_rejects_total", "departure", "signer_messages", "other_senders", "fleet_settings", "finding",
                   "result=~", "tls_sessions")


def test_prometheus_runs_every_query_of_the_dashboard(prometheus, relays):
    for query in QUERIES:
        found = prometheus.query(query)
        assert found or any(word in query for word in WITHOUT_SAMPLES), query
    in_service, = prometheus.query(QUERIES[0])
    assert in_service["value"] == 2


def test_the_rules_are_healthy_and_no_alert_goes_off_at_nodes_in_service(prometheus, relays):
    prometheus.wait_for(lambda: {rule["health"] for rule in prometheus.rule_states()} == {"ok"}, 20, "each rule's turn")
    assert {rule["name"] for rule in prometheus.rule_states()} == set(RULES)
    assert prometheus.alerts("pending") | prometheus.alerts() == set()


def test_a_stopped_postfix_sets_off_its_alert_and_a_started_one_ends_it(prometheus, relays):
    """Nobody waits for minutes here."""
    relay = relays[0]
    prometheus.load(re.sub(r"for: [1-9]\w*", "for: 2s", (MONITORING / "alerts.yml").read_text()))
    relay.shell("systemctl stop postfix; systemctl mask --runtime postfix")
    try:
        prometheus.wait_for(lambda: ("SMTPRelayServiceDown", relay.instance) in prometheus.alerts(), 40, "the alert")
        assert ("SMTPRelayServiceDown", relays[1].instance) not in prometheus.alerts()
    finally:
        relay.shell("systemctl unmask --runtime postfix")
    prometheus.wait_for(lambda: "SMTPRelayServiceDown" not in {name for name, _ in prometheus.alerts()}, 40, "the end")
    prometheus.lab.wait_for_backend(relay, "UP", 40)


def test_a_stopped_nginx_sets_off_an_alert(prometheus, relays):
    relay = relays[1]
    relay.shell("systemctl stop nginx; systemctl mask --runtime nginx")
    try:
        prometheus.wait_for(lambda: ("SMTPRelayUnreachable", relay.instance) in prometheus.alerts() | prometheus.alerts("pending"),
                            20, "the alert")
    finally:
        relay.shell("systemctl unmask --runtime nginx")
    prometheus.lab.wait_for_backend(relay, "UP", 40)


def test_each_command_of_the_page_works(prometheus, tmp_path):
    block, = blocks("sh monitoring")
    shutil.copytree(MONITORING, tmp_path / "monitoring")
    etc = prometheus.settings.parent
    prometheus.rules.unlink()
    run("ip", "netns", "exec", prometheus.lab.application, "sh", "-ec", block.replace(" /etc/", f" {etc}/"),
        cwd=tmp_path / "monitoring", env={**os.environ, "PATH": f"{paths.CACHE}:{os.environ['PATH']}"})
    assert prometheus.rules.read_bytes() == (MONITORING / "alerts.yml").read_bytes()
    prometheus.wait_for(lambda: {rule["name"] for rule in prometheus.rule_states()} == set(RULES), 20, "the rules")
    # The example is right as it stands, too.
    shutil.copy(MONITORING / "prometheus.yml", tmp_path)
    shutil.copytree(prometheus.rules.parent, tmp_path / "rules")
    assert "SUCCESS" in run(PROMTOOL, "check", "config", tmp_path / "prometheus.yml").stdout

"""Settings for the whole fleet, from an SSM parameter or an S3 object: taken live, refused as a whole, rolled back."""

import json
import re
import time

import pytest

from conftest import wait_until_all_serve
from relaylab import account, records, user_data
from relaylab.lab import Lab
from relaylab.shell import CommandError
from test_resident import journal

PLACE = "/smtp-relay/config"
CONFIG = "/etc/smtp-relay-agent/config.toml"
SETTINGS = f'[fleet]\nsettings = "ssm:{PLACE}"\ninterval = "4s"\n[reconcile]\ninterval = "4s"\njitter = "1s"'
# Long lines are wrapped.
STATUS = "smtp-relay-agent status | tr -s ' \\n' ' '"
# Longer than a standard parameter.
FILLING = "".join(f"# line {number} of many\n" for number in range(250))


def networks(*ranges: str) -> str:
    return f"[mail]\nnetworks = {json.dumps(list(ranges))}\n"


# As each test finds it.
USUAL = networks("vpc", "10.7.0.0/16")


class Fleet:
    """Two relays that go by one parameter."""

    def __init__(self, lab: Lab):
        self.lab = lab
        self.relays = lab.relays

    def put(self, text: str) -> None:
        self.lab.put_parameter(self.relays[0], PLACE, text)

    def wait(self, script: str, what: str, seconds: float = 30) -> None:
        for relay in self.relays:
            try:
                relay.wait_until(script, seconds, what)
            except CommandError as error:
                raise CommandError(f"{error}\n{relay.shell(STATUS)}\n{journal(relay, '-3m')}") from None

    def statuses(self) -> list[dict]:
        return [json.loads(relay.agent("status", "--json").stdout)["fleet"] for relay in self.relays]


@pytest.fixture(scope="module")
def fleet(binary):
    with Lab(binary) as lab:
        for _ in range(2):
            lab.add_relay(user_data.cloud_config(lab.sha256, SETTINGS), boot=False)
        lab.put_parameter(lab.relays[0], PLACE, USUAL + FILLING)
        for relay in lab.relays:
            relay.boot()
        lab.add_sender()
        wait_until_all_serve(lab)
        for relay in lab.relays:
            relay.wait_for_agent()
        yield Fleet(lab)


@pytest.fixture(autouse=True)
def usual(fleet):
    """Both nodes go by the usual settings."""
    fleet.put(USUAL)
    fleet.wait(f"postconf -h mynetworks | grep -qx '127.0.0.0/8 10.0.0.0/16 10.7.0.0/16' "
               f"&& ! {STATUS} | grep -E 'REFUSED|NOT READ'", "the usual settings")


class Watch:
    """The health checks' answers and the load balancer's word, all the while."""

    def __init__(self, fleet: Fleet):
        self.fleet = fleet
        self.paths = []
        for relay in fleet.relays:
            path = fleet.lab.folder / f"health-{relay.name}-{time.monotonic_ns()}.jsonl"
            fleet.lab._service("health", fleet.lab.application, *fleet.lab._python("health"), relay.address, path)
            self.paths.append(path)
        self.traffic = fleet.lab.send_in_background(60, 20)

    def expect_nothing_lost(self) -> None:
        arrived = self.fleet.lab.wait_for_mails(self.traffic.finish())
        assert len(arrived) == 60
        for path in self.paths:
            answers = [answer["code"] for answer in records.read(path)]
            assert len(answers) > 100 and set(answers) == {200}
        assert set(self.fleet.lab.backends().values()) == {"UP"}


def test_nodes_launch_by_the_fleets_settings_and_say_so(fleet):
    for relay in fleet.relays:
        shown = relay.agent("config", "show").stdout
        assert f"ssm:{PLACE}:2:1" in shown
        # Between two looks, the node may take a version that was put there just before.
        before = fleet.statuses()
        table = relay.shell(STATUS)
        found = re.search(rf"ssm:{PLACE}, version (\d+)( \(on trial\))?, read \d+ s ago", table)
        assert found and found[1] in {status["version"] for status in before + fleet.statuses()}, table
        metrics = relay.shell("curl -s http://127.0.0.1/metrics")
        assert 'smtp_relay_agent_fleet_settings_info{version="' in metrics
        assert "smtp_relay_agent_fleet_settings_refused 0" in metrics
        assert relay.shell("stat -c '%a %U' /var/lib/smtp-relay-agent/fleet.json").split() == ["600", "root"]


def test_plan_shows_on_any_node_what_a_version_would_change(fleet):
    relay = fleet.relays[0]
    fleet.lab.put_parameter(relay, "/smtp-relay/next", networks("vpc", "10.6.0.0/16"))
    fleet.lab.put_object(relay, "next/config.toml", networks("vpc", "10.8.0.0/16"))
    for place, wanted in (("ssm:/smtp-relay/next", "10.6.0.0/16"), (f"s3://{account.BUCKET}/next/config.toml", "10.8.0.0/16")):
        result = relay.agent("plan", "--config", place)
        assert result.returncode == 2, result.stdout
        assert f"+mynetworks = 127.0.0.0/8 10.0.0.0/16 {wanted}" in result.stdout
    assert "10.6" not in relay.shell("postconf -h mynetworks")
    result = relay.agent("plan", "--config", "ssm:/smtp-relay/nothing")
    assert result.returncode == 1 and "there is no parameter of that name" in result.stdout
    result = relay.agent("reconcile", "--config", "ssm:/smtp-relay/next")
    assert result.returncode == 1 and "only 'plan' shows settings from there" in result.stdout


def test_a_sender_range_is_added_in_service_and_nothing_is_lost(fleet):
    watch = Watch(fleet)
    fleet.put(networks("vpc", "10.7.0.0/16", "10.6.0.0/16"))
    fleet.wait("postconf -h mynetworks | grep -q 10.6.0.0/16", "the new range")
    watch.expect_nothing_lost()
    # The load balancers keep the node, so the version has worked.
    fleet.wait(f"! {STATUS} | grep -q 'on trial'", "the verdict", 120)


@pytest.mark.parametrize("text, words", [
    (networks("0.0.0.0/0"), "0.0.0.0/0 is refused"),
    ('[mail]\nnetwroks = ["vpc"]\n', "did you mean 'mail.networks'?"),
    ("[mail\n", f"ssm:{PLACE}:1:"),
    ('[health]\nport = 25\n' + networks("10.9.0.0/16"), "none of the relay's own"),
    ('[fleet]\nsettings = "ssm:/other"\n', "a host needs it before it can read the settings of the fleet"),
    ('[metadata]\ntimeout = "5s"\n', "a host needs it before it can read the settings of the fleet"),
    ('[mail.upstream]\nusername = "u"\n', "it needs mail.upstream.password_file too"),
    ("#" * 8000 + "\nx = 1\n", "unknown key 'x'"),
], ids=range(8))
def test_a_version_that_fails_a_check_is_refused_as_a_whole(fleet, text, words):
    before = [relay.shell("postconf -h mynetworks; stat -c %Y /etc/postfix/main.cf") for relay in fleet.relays]
    fleet.put(text)
    fleet.wait(f"{STATUS} | grep -F 'REFUSED' | grep -qF \"{words}\"", "the refusal in the status")
    for relay, was in zip(fleet.relays, before):
        assert relay.shell("postconf -h mynetworks; stat -c %Y /etc/postfix/main.cf") == was
        assert "smtp_relay_agent_fleet_settings_refused 1" in relay.shell("curl -s http://127.0.0.1/metrics")
        assert words in journal(relay, "-2m")
        assert relay.shell("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/health") == "200"
    fleet.put(USUAL)
    fleet.wait("curl -s http://127.0.0.1/metrics | grep -q 'fleet_settings_refused 0'", "the end of the refusal")


def test_a_version_that_does_not_work_is_rolled_back_and_not_tried_again(fleet):
    for relay in fleet.relays:
        relay.shell("systemd-run --quiet --unit=rival python3 -m http.server 8099")
    watch = Watch(fleet)
    fleet.put('[health]\nport = 8099\n' + networks("vpc", "10.8.0.0/16"))
    fleet.wait(f"{STATUS} | grep -qF 'REFUSED'", "the way back", 60)
    for relay in fleet.relays:
        assert relay.shell("postconf -h mynetworks").split() == ["127.0.0.0/8", "10.0.0.0/16", "10.7.0.0/16"]
        assert "does not work; going back to" in journal(relay, "-2m")
    time.sleep(15)
    for relay in fleet.relays:
        assert journal(relay, "-2m").count("does not work; going back to") == 1
        relay.shell("systemctl stop rival")
    watch.expect_nothing_lost()
    fleet.put(USUAL)
    fleet.wait("curl -s http://127.0.0.1/metrics | grep -q 'fleet_settings_refused 0'", "the end of the refusal")


def test_a_version_that_the_load_balancers_do_not_like_is_rolled_back(fleet):
    """Each pass succeeds, and the health checks look elsewhere."""
    fleet.put('[health]\npath = "/other"\n' + USUAL)
    fleet.wait(f"{STATUS} | grep -F 'REFUSED' | grep -qF 'has the node as OutOfService'", "the way back", 120)
    for relay in fleet.relays:
        fleet.lab.wait_for_backend(relay, "UP")
        assert relay.shell("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/health") == "200"
    fleet.put(USUAL)
    fleet.wait("curl -s http://127.0.0.1/metrics | grep -q 'fleet_settings_refused 0'", "the end of the refusal")


def test_a_place_that_can_not_be_read_leaves_the_last_version(fleet):
    fleet.lab.api_fault(denied=["GetParameter"])
    try:
        fleet.wait(f"{STATUS} | grep -F 'NOT READ' | grep -qF 'allow ssm:GetParameter'", "the failure in the status")
        for relay in fleet.relays:
            assert "10.7.0.0/16" in relay.shell("postconf -h mynetworks")
            assert "smtp_relay_agent_fleet_settings_unread 1" in relay.shell("curl -s http://127.0.0.1/metrics")
            # A process that has just begun has it, too.
            relay.shell("systemctl restart smtp-relay-agent")
            relay.wait_for_agent()
            assert "10.7.0.0/16" in relay.shell("postconf -h mynetworks")
    finally:
        fleet.lab.api_fault()
    fleet.wait(f"! {STATUS} | grep -q 'NOT READ'", "the reading", 90)


def test_an_object_of_s3_serves_as_well(fleet):
    relay = fleet.relays[1]
    fleet.lab.put_object(relay, "config.toml", networks("vpc", "10.8.0.0/16"))
    relay.shell(f"sed -i 's|ssm:{PLACE}|s3://{account.BUCKET}/config.toml|' {CONFIG}; systemctl reload smtp-relay-agent")
    relay.wait_until("postconf -h mynetworks | grep -q 10.8.0.0/16", 30, "the object's range")
    fleet.lab.put_object(relay, "config.toml", networks("vpc", "10.9.0.0/16"))
    relay.wait_until("postconf -h mynetworks | grep -q 10.9.0.0/16", 30, "the next version's range")
    relay.wait_until(f"! {STATUS} | grep -q 'on trial'", 120, "the verdict")
    # Another place that can't be read leaves the version of the former one.
    relay.shell(f"sed -i 's|s3://{account.BUCKET}/config.toml|s3://{account.BUCKET}/nothing|' {CONFIG}")
    result = relay.agent("reconcile")
    assert result.returncode == 0 and "there is no such object" in result.stdout
    assert "10.9.0.0/16" in relay.shell("postconf -h mynetworks")
    relay.shell(f"sed -i 's|s3://{account.BUCKET}/nothing|ssm:{PLACE}|' {CONFIG}; systemctl reload smtp-relay-agent")
    relay.wait_until("postconf -h mynetworks | grep -q 10.7.0.0/16", 30, "the parameter's range")


def test_tags_divert_no_mail_and_stop_nothing(fleet):
    relay = fleet.relays[0]
    tags = {"upstream.host": "smarthost.example.net", "networks": "0.0.0.0/0", "allow_public_networks": "0.0.0.0/0",
            "transport": "example.net=[mx.example.org]", "load_balancer.allow_open_to_world": "true", "oops": "1"}
    for name, value in tags.items():
        fleet.lab.set_metadata(relay, f"tags/instance/smtp-relay:{name}", value)
    try:
        result = relay.agent("reconcile")
        assert result.returncode == 1
        for name in tags:
            assert f"tag smtp-relay:{name}: " in result.stdout
        assert relay.shell("postconf -h relayhost transport_maps").strip() == ""
        # Protection and repair go on, and so do new settings.
        relay.shell("postconf -e 'mynetworks = 0.0.0.0/0'")
        relay.wait_until("! postconf -h mynetworks | grep -q 0.0.0.0/0", 10, "the repair")
        fleet.put(networks("vpc", "10.6.0.0/16"))
        relay.wait_until("postconf -h mynetworks | grep -q 10.6.0.0/16", 30, "the new range")
        assert relay.agent("drain").returncode in (0, 1)
        fleet.lab.wait_for_backend(relay, None)
    finally:
        for name in tags:
            fleet.lab.set_metadata(relay, f"tags/instance/smtp-relay:{name}", None)
    assert relay.agent("undrain").returncode == 0
    fleet.lab.wait_for_backend(relay, "UP")



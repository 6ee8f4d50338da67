"""The agent's log and its metrics in CloudWatch, with an API that is away for a while."""

import hashlib
import json
import time

import pytest

from relaylab import user_data
from relaylab.client import Client
from relaylab.lab import Lab

GROUP, NAMESPACE = "/smtp-relay/lab", "SMTPRelay"
SPOOL = "/var/lib/smtp-relay-agent/cloudwatch"
SETTINGS = f"""[reconcile]
interval = "10s"
jitter = "1s"
[cloudformation]
stack = "lab"
resource = "RelayNodes"
[cloudwatch]
logs = "{GROUP}"
metrics = "{NAMESPACE}"
"""


class Cloud:
    """CloudWatch as an operator reads it."""

    def __init__(self, lab: Lab):
        self.client = Client(lab.relays[0].namespace, lab.folder)
        self.instance = lab.relays[0].instance

    def __call__(self, service: str, call: str, **arguments) -> dict:
        answer = self.client(service, call, **arguments)
        assert "Error" not in answer, answer
        return answer

    def events(self) -> list[dict]:
        """Each event of the node's stream."""
        found, more = [], {}
        while True:
            page = self("logs", "filter_log_events", logGroupName=GROUP, logStreamNames=[self.instance], **more)
            found += [json.loads(event["message"]) for event in page["events"]]
            if "nextToken" not in page:
                return found
            more = {"nextToken": page["nextToken"]}

    def wait_for(self, text: str, seconds: float) -> dict:
        """Wait for the event of the agent's log that has a text."""
        deadline = time.monotonic() + seconds
        while True:
            found = [event for event in self.events() if text in event.get("text", "")]
            if found:
                assert len(found) == 1
                return found[0]
            assert time.monotonic() < deadline, self.events()[-5:]
            time.sleep(1)


@pytest.fixture(scope="module")
def lab(binary):
    with Lab(binary) as lab:
        relay = lab.add_relay(user_data.shell_script(lab.sha256, SETTINGS), preinstalled=True)
        relay.wait_for_cloud_init()
        lab.wait_for_backend(relay, "UP")
        yield lab


@pytest.fixture(scope="module")
def cloud(lab):
    """The log group exists only after the node has looked for it in vain."""
    relay = lab.relays[0]
    relay.wait_until(f"journalctl -u smtp-relay-agent -o cat | grep -qF \"there is no log group '{GROUP}'\"", 60, "the missing group")
    cloud = Cloud(lab)
    cloud("logs", "create_log_group", logGroupName=GROUP)
    yield cloud
    cloud.client.close()


def change(relay, parameter: str) -> str:
    """Have the agent repair something. The text of its log about that."""
    relay.shell(f"postconf -e {parameter}=yes")
    relay.wait_until(f"[ $(postconf -h {parameter}) = no ]", 20, "the repair")
    return relay.shell("journalctl -u smtp-relay-agent -o cat | grep -F main.cf | tail -n 1").strip()


def count(relay, text: str) -> int:
    return int(relay.shell(f"journalctl -u smtp-relay-agent -o cat | grep -cF '{text}' || :"))


def has_each_once(events: list[dict]) -> bool:
    names = [event["id"] for event in events]
    return len(names) == len(set(names))


def test_what_was_kept_arrives_when_the_group_is_there(lab, cloud):
    relay = lab.relays[0]
    relay.wait_until("journalctl -u smtp-relay-agent -o cat | grep -q 'the log is sent again'", 400, "the log's way")
    events = cloud.events()
    assert events and has_each_once(events)
    for event in events:
        assert event["instance"] == relay.instance
        assert event["log"] == "mail" or event["level"] in ("info", "warning", "error")
        assert abs(time.time() - time.mktime(time.strptime(event["time"], "%Y-%m-%dT%H:%M:%SZ")) + time.timezone) < 900
    # The failure itself is in the log, too, and was told once.
    cloud.wait_for("there is no log group", 30)
    assert count(relay, "there is no log group") == 1
    assert relay.shell(f"stat -c %a {SPOOL}").strip() == "700"


@pytest.mark.parametrize("fault, words", [
    ({"unavailable": True}, "the service is at fault"), ({"throttle": 1000}, "API limit is used up"),
    ({"denied": ["PutLogEvents"]}, "allow logs:PutLogEvents"),
], ids=["503", "throttled", "denied"])
def test_while_the_api_is_away_events_are_kept_and_sent_later(lab, cloud, fault, words):
    relay = lab.relays[0]
    told = count(relay, words)
    lab.api_fault(of="logs", **fault)
    try:
        relay.shell("systemctl kill -s HUP smtp-relay-agent")
        change(relay, "biff")
        relay.wait_until(f"[ $(journalctl -u smtp-relay-agent -o cat | grep -cF '{words}') -gt {told} ]", 30, "the failure")
        relay.wait_until(f"ls {SPOOL} | grep -q ^agent-", 10, "a kept event")
        # Neither mail nor passes wait.
        assert relay.shell("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/health") == "200"
        # An agent that ends leaves its events to the next.
        relay.shell("systemctl restart smtp-relay-agent")
        relay.wait_for_agent()
        time.sleep(10)
    finally:
        lab.api_fault()
    relay.wait_until(f"! ls {SPOOL} | grep -q ^agent-", 60, "an empty spool")
    events = cloud.events()
    assert has_each_once(events)
    assert [event for event in events if words in event.get("text", "")]


def test_each_mail_of_the_log_arrives_as_events(lab, cloud):
    """Also where the API is away, and the agent is killed, in between."""
    relay = lab.relays[0]

    def mail(event: str) -> list[dict]:
        return [found for found in cloud.events() if found["log"] == "mail" and found["event"] == event]

    before = len(mail("sent"))
    lab.submit(relay, 10)
    lab.api_fault(of="logs", unavailable=True)
    try:
        lab.submit(relay, 10, "anna@example.net")
        relay.wait_until(f"ls {SPOOL} | grep -q ^mail-", 30, "a kept batch")
        relay.shell("systemctl kill -s KILL smtp-relay-agent")
        lab.submit(relay, 10)
        relay.wait_for_agent()
    finally:
        lab.api_fault()
    deadline = time.monotonic() + 120
    while len(mail("sent")) < before + 30:
        assert time.monotonic() < deadline, len(mail("sent"))
        time.sleep(1)
    relay.wait_until(f"! ls {SPOOL} | grep -q ^mail-", 60, "an empty spool")
    assert has_each_once(cloud.events())
    sent = mail("sent")[before:]
    assert len(sent) == 30 and len({event["queue_id"] for event in sent}) == 30
    assert {event["queue_id"] for event in sent} <= {event["queue_id"] for event in mail("accepted")}
    # The address is hashed, and can be found again by its hash.
    assert sum(event["recipient"] == hashed("anna") + "@example.net" for event in sent) == 10
    assert not any("anna@" in json.dumps(event) for event in cloud.events())


def test_mail_is_traced_through_the_fleet(lab, cloud):
    """Another node's events are put there by its name: this one's, of a message with other ids."""
    relay = lab.relays[0]
    other, mine = "i-0fedcba9876543210", relay.instance
    chosen = next(event for event in cloud.events() if event.get("recipient") == hashed("anna") + "@example.net")["queue_id"]
    events = [{**event, "instance": other, "queue_id": "0123456789A"} for event in cloud.events() if event.get("queue_id") == chosen]
    assert len(events) > 3
    cloud("logs", "create_log_stream", logGroupName=GROUP, logStreamName=other)
    cloud("logs", "put_log_events", logGroupName=GROUP, logStreamName=other, logEvents=[
        {"timestamp": int(time.time() * 1000) + number, "message": json.dumps(event)} for number, event in enumerate(events)])
    own = relay.agent("trace", "--queue-id", "0123456789A")
    assert own.returncode == 1 and other not in own.stdout
    shown = relay.agent("trace", "--fleet", "--recipient", "anna@example.net")
    assert shown.returncode == 0, shown.stdout
    here, there = shown.stdout.split(f"On node {other}:")
    assert chosen in here and mine not in there
    assert "0123456789A: sent" in there and "accepted from 10.0." in there and "done: it has left the queue" in there
    nodes = json.loads(relay.agent("trace", "--fleet", "--json", "--queue-id", "0123456789A").stdout)
    assert not nodes["messages"]
    assert [(node["instance"], len(node["messages"])) for node in nodes["otherNodes"]] == [(other, 1)]


def hashed(user: str) -> str:
    return hashlib.sha256(f"{user}@example.net".encode()).hexdigest()[:32]


def test_a_call_that_hangs_holds_nothing_up(lab, cloud):
    relay = lab.relays[0]
    lab.api_fault(of="logs", hang=20)
    try:
        change(relay, "biff")
        began = time.monotonic()
        assert relay.agent("reconcile").returncode == 0
        assert time.monotonic() - began < 10
    finally:
        lab.api_fault()
    relay.wait_until(f"! ls {SPOOL} | grep -q ^agent-", 60, "an empty spool")


def test_a_dozen_metrics_of_the_group_arrive_each_minute(lab, cloud):
    deadline = time.monotonic() + 130
    while True:
        found = cloud("cloudwatch", "list_metrics", Namespace=NAMESPACE)["Metrics"]
        if found:
            break
        assert time.monotonic() < deadline
        time.sleep(2)
    assert len(found) <= 12 and {"Healthy", "QueueMessages", "DroppedEvents"} <= {metric["MetricName"] for metric in found}
    assert all(metric["Dimensions"] == [{"Name": "Group", "Value": "lab"}] for metric in found)
    now = time.time()
    points = cloud("cloudwatch", "get_metric_statistics", Namespace=NAMESPACE, MetricName="Healthy", Period=60,
                   Dimensions=[{"Name": "Group", "Value": "lab"}], StartTime=now - 600, EndTime=now + 60, Statistics=["Sum"])
    # One node, so no minute has more than one.
    assert points["Datapoints"] and {point["Sum"] for point in points["Datapoints"]} <= {0, 1}


# Kilobytes that a small disk for the spool has beyond the 256 MB that have to stay free.
ROOM = 80


def test_a_full_spool_drops_the_oldest_events_and_counts_them(lab, cloud):
    """A disk that is hardly larger than what has to stay free shows what happens to more events than a spool may have."""
    relay = lab.relays[0]
    waves, size = 6, 20

    def mail() -> list[dict]:
        return [event for event in cloud.events() if event["log"] == "mail"]

    before, known = dropped(cloud), len(mail())
    relay.shell(f"systemctl stop smtp-relay-agent; mount -t tmpfs -o size={256 * 1024 + ROOM}k,mode=700 small {SPOOL}; "
                "systemctl start --no-block smtp-relay-agent")
    try:
        relay.wait_for_agent()
        lab.api_fault(of="logs", unavailable=True)
        for wave in range(waves):
            # Nobody waits for CloudWatch.
            lab.wait_for_mails(lab.submit(relay, size, f"wave{wave}@example.net"), 10)
            assert relay.shell("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/health") == "200"
            found = f"cat {SPOOL}/mail-* | grep {hashed(f'wave{wave}')} | grep -c '\"sent\"'"
            relay.wait_until(f"[ $({found}) = {size} ]", 30, "the wave in the spool")
        assert int(relay.shell(f"du -sk {SPOOL}").split()[0]) <= ROOM
        lab.api_fault()
        # It sends at once, and not when its wait is over.
        relay.shell("systemctl restart --no-block smtp-relay-agent")
        relay.wait_until(f"! ls {SPOOL} | grep -q ^mail-", 60, "an empty spool")
        events = mail()
        recipients = [event["recipient"] for event in events if event["event"] == "sent"]
        arrived = [recipients.count(f"{hashed(f'wave{wave}')}@example.net") for wave in range(waves)]
        # The first may have been on its way when the API went away. Of the others, the oldest are gone.
        assert 0 in arrived and arrived[1:] == sorted(arrived[1:]) and arrived[-1] == size, arrived
        # Each message has five events. A few events of the agent's own log may be dropped with them.
        lost = 5 * size * waves - (len(events) - known)
        deadline = time.monotonic() + 130
        while not lost <= (counted := dropped(cloud) - before) <= lost + size:
            assert time.monotonic() < deadline, (counted, lost)
            time.sleep(1)
    finally:
        lab.api_fault()
        relay.shell(f"systemctl stop smtp-relay-agent; umount {SPOOL}; systemctl start --no-block smtp-relay-agent")
        relay.wait_for_agent()
    assert has_each_once(cloud.events())


def dropped(cloud) -> float:
    """The events that were dropped, as the metric has them."""
    now = time.time()
    points = cloud("cloudwatch", "get_metric_statistics", Namespace=NAMESPACE, MetricName="DroppedEvents", Period=60,
                   Dimensions=[{"Name": "Group", "Value": "lab"}], StartTime=now - 3600, EndTime=now + 60, Statistics=["Sum"])
    return sum(point["Sum"] for point in points["Datapoints"])

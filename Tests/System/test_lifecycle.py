"""Services that wait for the node get one answer: Auto Scaling and CloudFormation at launch, Auto Scaling at the end."""

import threading
import time

import pytest

from relaylab import account, network, stack, user_data
from relaylab.client import Client
from relaylab.lab import Lab

AGENT = "/usr/local/bin/smtp-relay-agent"
KEPT = "/etc/smtp-relay-agent/environment"
LAUNCH = "relay-launching"
TERMINATION = "relay-terminating"
ASKED = ("--set", f"auto_scaling.launch_hook={LAUNCH}", "--set", "cloudformation.stack=relays",
         "--set", "cloudformation.resource=Group", "--set", "reconcile.resident=false")
# No way back to the load balancer, so that its checks fail and it never calls the node in service.
UNSEEN = f"unreachable {network.LOAD_BALANCER}/32"


# Launch


class Launch:
    """A node that Auto Scaling and a stack wait for, and what they were told."""

    def __init__(self, relay):
        self.relay = relay
        self.lab = relay.lab
        self.asked = len(self.lab.api_requests(relay))
        self.answered = len(self.lab.lifecycle_answers(relay))

    def requests(self, *actions: str) -> list[dict]:
        """The calls since the launch began."""
        return [request for request in self.lab.api_requests(self.relay)[self.asked:] if request["action"] in actions]

    def completions(self) -> list[str]:
        answers = self.lab.lifecycle_answers(self.relay)[self.answered:]
        assert all(answer["hook"] == LAUNCH for answer in answers)
        return [answer["result"] for answer in answers]

    def signals(self) -> list[str]:
        signals = [request["fields"] for request in self.requests("SignalResource")]
        for signal in signals:
            assert (signal["StackName"], signal["LogicalResourceId"]) == ("relays", "Group")
            assert signal["UniqueId"] == self.relay.instance
        return [signal["Status"] for signal in signals]

    def bootstrap(self, *arguments: str, asked=ASKED):
        """Bootstrap with these flags alone: what others were given before is forgotten."""
        self.relay.shell(f"rm -f {KEPT}")
        return self.relay.agent("bootstrap", *asked, *arguments)

    def begin(self, *arguments: str) -> int:
        """Start a bootstrap as a group of its own, and wait until it waits for the load balancer. Its process."""
        self.relay.shell(f"ip route add {UNSEEN}")
        script = f"setsid {AGENT} bootstrap {' '.join((*ASKED, *arguments))} >/tmp/log 2>&1 & echo $!"
        process = int(self.relay.shell(script))
        deadline = time.monotonic() + 60
        while len(self.requests("DescribeInstanceHealth")) < 2:
            assert time.monotonic() < deadline, self.relay.shell("cat /tmp/log")
            time.sleep(0.1)
        return process

    def wait_for_the_end(self) -> str:
        """Wait for bootstrap and its guard to be gone; the log."""
        self.relay.wait_until("! pgrep -f 'smtp-relay-agent (bootstrap|launch-guard)'", 60, "the end of bootstrap")
        return self.relay.shell("cat /tmp/log")


@pytest.fixture
def launch(baked):
    """As after the instance's start: in no load balancer, nobody was told anything, and Auto Scaling waits."""
    if baked.address in baked.lab.backends():
        baked.lab.deregister(baked)
    baked.shell(f"rm -f /run/smtp-relay-agent/launch.json {KEPT}")
    baked.lab.lifecycle(baked, "Pending:Wait", LAUNCH)
    yield Launch(baked)
    baked.shell(f"ip route del {UNSEEN}", check=False)
    baked.lab.api_fault()
    baked.lab.metadata_fault(baked, "")
    baked.lab.lifecycle(baked, None)


def test_a_node_in_service_says_so_once(launch):
    result = launch.bootstrap()
    assert result.returncode == 0, result.stdout
    assert (launch.completions(), launch.signals()) == (["CONTINUE"], ["SUCCESS"])
    assert f"tell lifecycle hook {LAUNCH}: CONTINUE" in result.stdout
    assert "tell CloudFormation stack relays, resource Group: SUCCESS" in result.stdout
    assert launch.lab.backends()[launch.relay.address] == "UP"
    # A second bootstrap of the same boot asks nobody again.
    asked = len(launch.requests("DescribeAutoScalingInstances"))
    assert launch.bootstrap().returncode == 0
    assert len(launch.requests("DescribeAutoScalingInstances")) == asked == 1
    assert (launch.completions(), launch.signals()) == (["CONTINUE"], ["SUCCESS"])


def test_a_node_that_nobody_waits_for_tells_nobody(launch):
    launch.lab.lifecycle(launch.relay, "InService", None)
    result = launch.bootstrap("--set", "cloudformation.stack=", asked=ASKED[:2] + ASKED[-2:])
    assert result.returncode == 1 and "cloudformation.stack: '' is not a stack's name" in result.stdout
    launch.relay.shell("rm /run/smtp-relay-agent/launch.json")
    result = launch.bootstrap(asked=ASKED[:2] + ASKED[-2:])
    assert result.returncode == 0, result.stdout
    assert "waits for no answer: Auto Scaling has this instance in InService" in result.stdout
    launch.lab.lifecycle(launch.relay, None)
    launch.relay.shell("rm /run/smtp-relay-agent/launch.json")
    result = launch.bootstrap(asked=ASKED[:2] + ASKED[-2:])
    assert result.returncode == 0, result.stdout
    assert "waits for no answer: this instance is in no Auto Scaling group" in result.stdout
    assert (launch.completions(), launch.signals()) == ([], [])
    assert launch.requests("CompleteLifecycleAction") == []


def test_a_wait_that_is_still_coming_is_waited_for(launch):
    launch.lab.lifecycle(launch.relay, "Pending", LAUNCH)
    thread = threading.Thread(target=launch.bootstrap)
    thread.start()
    deadline = time.monotonic() + 60
    while not launch.requests("DescribeAutoScalingInstances"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert launch.requests("CompleteLifecycleAction") == []
    launch.lab.lifecycle(launch.relay, "Pending:Wait", LAUNCH)
    thread.join()
    assert launch.completions() == ["CONTINUE"]


def test_without_a_hook_or_a_stack_nobody_is_called(launch):
    result = launch.bootstrap(asked=ASKED[-2:])
    assert result.returncode == 0, result.stdout
    assert launch.bootstrap("--set", "health.port=25", asked=ASKED[-2:]).returncode == 1
    assert {request["service"] for request in launch.lab.api_requests(launch.relay)[launch.asked:]} == {
        "elasticloadbalancing"}


@pytest.mark.parametrize("arguments, words", [
    (("--set", "load_balancer.classic=no-such"), "check load_balancer.classic"),
    (("--set", "health.port=25"), "health.port: '25' is not a free port"),
    (("--config", "/etc/nothing.toml", "--set", "mail.domain=example.com"), "cannot read /etc/nothing.toml"),
    (("--set", "mail.networks=0.0.0.0/0"), "0.0.0.0/0 is refused"),
])
def test_a_bootstrap_that_fails_abandons_once(launch, arguments, words):
    result = launch.bootstrap(*arguments)
    assert result.returncode == 1
    assert words in result.stdout
    assert (launch.completions(), launch.signals()) == (["ABANDON"], ["FAILURE"])
    # An abandoned launch stays so: the group takes the instance away.
    launch.lab.lifecycle(launch.relay, "Pending:Wait", LAUNCH)
    assert launch.bootstrap().returncode == 0
    assert (launch.completions(), launch.signals()) == (["ABANDON"], ["FAILURE"])


def test_tags_may_say_who_waits_also_where_another_of_them_is_wrong(launch):
    tags = {"auto_scaling.launch_hook": LAUNCH, "cloudformation.stack": "relays", "cloudformation.resource": "Group",
            "health.prot": "80"}
    for name, value in tags.items():
        launch.lab.set_metadata(launch.relay, f"tags/instance/smtp-relay:{name}", value)
    try:
        result = launch.bootstrap(asked=ASKED[-2:])
    finally:
        for name in tags:
            launch.lab.set_metadata(launch.relay, f"tags/instance/smtp-relay:{name}", None)
    assert result.returncode == 1
    assert "did you mean 'smtp-relay:health.port'?" in result.stdout
    assert (launch.completions(), launch.signals()) == (["ABANDON"], ["FAILURE"])


def test_a_stack_without_a_resource_is_an_error(launch):
    result = launch.bootstrap(asked=("--set", "cloudformation.stack=relays"))
    assert result.returncode == 1
    assert "cloudformation.stack is set, but cloudformation.resource is not; set both or neither" in result.stdout


@pytest.mark.parametrize("kill", ["kill -KILL {0}", "kill -SEGV {0}", "kill -KILL -{0}"])
def test_a_bootstrap_that_is_killed_is_answered_for_by_its_guard(launch, kill):
    process = launch.begin()
    assert (launch.completions(), launch.signals()) == ([], [])
    launch.relay.shell(kill.format(process))
    log = launch.wait_for_the_end()
    assert "bootstrap ended without an answer" in log
    assert (launch.completions(), launch.signals()) == (["ABANDON"], ["FAILURE"])
    # The next one finds it done.
    launch.relay.shell(f"ip route del {UNSEEN}")
    assert launch.bootstrap().returncode == 0
    assert (launch.completions(), launch.signals()) == (["ABANDON"], ["FAILURE"])


@pytest.mark.parametrize("signal", ["TERM", "INT"])
def test_a_bootstrap_that_is_told_to_end_abandons_once(launch, signal):
    process = launch.begin()
    launch.relay.shell(f"kill -{signal} {process}")
    log = launch.wait_for_the_end()
    assert f"bootstrap was ended by SIG{signal}" in log
    assert "without an answer" not in log
    assert (launch.completions(), launch.signals()) == (["ABANDON"], ["FAILURE"])


def test_a_bootstrap_that_takes_too_long_abandons_once(launch):
    began = time.monotonic()
    launch.relay.shell(f"ip route add {UNSEEN}")
    result = launch.bootstrap("--set", "bootstrap.timeout=6s")
    assert time.monotonic() - began < 20
    assert result.returncode == 1
    assert "bootstrap did not end within 6 s" in result.stdout
    assert (launch.completions(), launch.signals()) == (["ABANDON"], ["FAILURE"])


def test_an_answer_that_is_cut_short_is_given_again_and_not_another_one(launch):
    launch.lab.api_fault(hang=2)
    script = f"setsid {AGENT} bootstrap {' '.join(ASKED)} >/tmp/log 2>&1 & echo $!"
    process = int(launch.relay.shell(script))
    deadline = time.monotonic() + 60
    while not launch.requests("DescribeAutoScalingInstances"):
        assert time.monotonic() < deadline, launch.relay.shell("cat /tmp/log")
        time.sleep(0.05)
    launch.relay.shell(f"kill -KILL {process}")
    launch.wait_for_the_end()
    assert (launch.completions(), launch.signals()) == (["CONTINUE"], ["SUCCESS"])


def test_a_second_bootstrap_does_not_answer_for_the_first(launch):
    process = launch.begin()
    second = launch.bootstrap("--set", "bootstrap.timeout=3s")
    assert second.returncode == 1
    assert f"another bootstrap is under way, and answers for this launch: process {process}" in second.stdout
    assert (launch.completions(), launch.signals()) == ([], [])
    launch.relay.shell(f"kill -TERM {process}")
    launch.wait_for_the_end()
    assert (launch.completions(), launch.signals()) == (["ABANDON"], ["FAILURE"])


def test_who_can_not_be_told_is_named_with_the_permission(launch):
    launch.lab.api_fault(denied=["CompleteLifecycleAction", "SignalResource"])
    result = launch.bootstrap()
    assert result.returncode == 1
    for words in (f"lifecycle hook {LAUNCH} could not be told CONTINUE", "allow autoscaling:CompleteLifecycleAction",
                  "resource Group could not be told SUCCESS", "allow cloudformation:SignalResource"):
        assert words in result.stdout, result.stdout
    # Once that is mended, the same is said: the node is in service, whatever a later bootstrap makes of its settings.
    launch.lab.api_fault()
    assert launch.bootstrap("--set", "health.port=25").returncode == 1
    assert (launch.completions(), launch.signals()[-1]) == (["CONTINUE"], "SUCCESS")


def test_a_failure_that_could_not_be_told_does_not_abandon_a_healthy_node(launch):
    """As with a role without a policy, which is attached before the next bootstrap."""
    launch.lab.api_fault(denied=["CompleteLifecycleAction", "SignalResource", "RegisterInstancesWithLoadBalancer"])
    assert launch.bootstrap().returncode == 1
    launch.lab.api_fault()
    assert launch.bootstrap().returncode == 0
    assert (launch.completions(), launch.signals()[-1]) == (["CONTINUE"], "SUCCESS")


def test_without_credentials_it_says_that_nobody_can_be_told(launch):
    data = launch.lab.nodes[launch.relay.address]["meta-data"]
    role = data.pop("iam")
    launch.lab.write_metadata()
    try:
        result = launch.bootstrap("--set", "load_balancer.classic=")
    finally:
        data["iam"] = role
        launch.lab.write_metadata()
    assert result.returncode == 1
    assert "autoscaling:DescribeAutoScalingInstances can't be called without credentials" in result.stdout
    assert (launch.completions(), launch.signals()) == ([], [])


# Termination


@pytest.fixture(scope="module")
def group(binary):
    """Two relays of an Auto Scaling group, launched with both hooks, which make a pass every five seconds.

    One is from multipart user-data; the other from the user-data and the tags that moto's launch template has, made from
    cloud-init/stack.yaml, and more tags. They go by one name, as relays behind one NAT gateway do, whose address has one PTR record.
    """
    settings = (f'[auto_scaling]\nlaunch_hook = "{LAUNCH}"\ntermination_hook = "{TERMINATION}"\n'
                '[reconcile]\ninterval = "5s"\njitter = "1s"\n[shutdown]\ndrain_timeout = "55s"')
    name = {"smtp-relay:hostname": "mail.example.com"}
    pace = {"smtp-relay:reconcile.interval": "5s", "smtp-relay:reconcile.jitter": "1s",
            "smtp-relay:shutdown.drain_timeout": "55s"}
    with Lab(binary) as lab:
        with stack.made(AgentUrl=user_data.URL, AgentSha256=lab.sha256) as made:
            text = made.user_data().replace(made.ids["ClassicLoadBalancer"], account.NAME)
            tags, lab.allowed = made.tags(), made.actions()
        launches = ((user_data.multipart(lab.sha256, settings), name), (text, {**tags, **name, **pace}))
        for text, tags in launches:
            relay = lab.add_relay(text, preinstalled=True, boot=False, tags=tags)
            lab.lifecycle(relay, "Pending:Wait", LAUNCH)
            relay.boot()
        for relay in lab.relays:
            relay.wait_for_cloud_init()
            lab.wait_for_backend(relay, "UP")
            relay.wait_for_agent()
        yield lab


def terminate(lab, relay) -> float:
    """Have Auto Scaling terminate a relay. The time."""
    lab.lifecycle(relay, "Terminating:Wait", TERMINATION)
    lab.set_metadata(relay, "autoscaling/target-lifecycle-state", "Terminated")
    return time.time()


def within(seconds: float, condition, what: str):
    """Wait for something to be true, and give it."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.1)
    return found


def terminations(lab, relay) -> list[dict]:
    return [answer for answer in lab.lifecycle_answers(relay) if answer["hook"] == TERMINATION]


def calls(lab, relay, action: str) -> list[dict]:
    return [request for request in lab.api_requests(relay) if request["action"] == action]


def queued(relay) -> int:
    folders = " ".join(f"/var/spool/postfix/{name}" for name in ("maildrop", "incoming", "active", "deferred"))
    # The self-test's message of a moment is not written to its end, and a message may go from one folder to the next.
    return int(relay.shell(f"find {folders} -type f -perm -100 -printf '%f\\n' 2>/dev/null | sort -u | wc -l"))


def agents_log(relay) -> str:
    return relay.shell("journalctl -u smtp-relay-agent -o cat --no-pager")


def test_each_relay_of_a_group_has_said_once_that_it_is_in_service(group):
    for relay in group.relays:
        answer, = group.lifecycle_answers(relay)
        assert (answer["hook"], answer["result"]) == (LAUNCH, "CONTINUE")
        registered, = calls(group, relay, "RegisterInstancesWithLoadBalancer")
        assert registered["time"] < answer["time"]
        assert f"tell lifecycle hook {LAUNCH}: CONTINUE" in relay.log()


def test_a_relay_of_the_stack_has_told_it_so(group):
    signal, = calls(group, group.relays[1], "SignalResource")
    assert signal["fields"] == {"StackName": stack.NAME, "LogicalResourceId": "RelayNodes", "Status": "SUCCESS",
                                "UniqueId": group.relays[1].instance}
    assert calls(group, group.relays[0], "SignalResource") == []


def test_a_relay_of_the_stack_calls_nothing_that_its_role_does_not_allow(group):
    called = {f"{request['service']}:{request['action']}" for request in group.api_requests(group.relays[1])}
    assert "elasticloadbalancing:RegisterInstancesWithLoadBalancer" in called
    assert called <= group.allowed


def test_without_a_hook_of_its_own_a_relay_leaves_and_calls_nobody(group):
    relay = group.relays[0]
    config = "/etc/smtp-relay-agent/config.toml"
    relay.shell(f"sed -i.before '/termination_hook/d' {config}")
    asked = len(group.api_requests(relay))
    terminate(group, relay)
    try:
        within(40, lambda: relay.address not in group.backends(), "the relay to leave")
        relay.wait_until("grep -q doneAt /run/smtp-relay-agent/drain.json", 20, "the end of leaving")
        assert {request["service"] for request in group.api_requests(relay)[asked:]} == {"elasticloadbalancing"}
        assert terminations(group, relay) == []
    finally:
        # The instance is as if it had never been told.
        group.lifecycle(relay, "InService", None)
        group.set_metadata(relay, "autoscaling/target-lifecycle-state", None)
        relay.shell(f"mv {config}.before {config}; cd /run/smtp-relay-agent; rm drain.json notices;"
                    "systemctl restart smtp-relay-agent", timeout=60)
    group.wait_for_backend(relay, "UP")


def test_scale_in_loses_no_mail_and_sends_none_twice(group):
    leaving, survivor = group.relays
    group.sink_down()
    subjects = group.submit(leaving, 200)
    assert queued(leaving) == 200
    terminate(group, leaving)
    within(20, lambda: leaving.shell("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/health") == "503",
           "health to be withdrawn")
    withdrawn = time.time()
    answer, = within(60, lambda: terminations(group, leaving), "the lifecycle hook to be completed")
    assert answer["result"] == "CONTINUE"
    left = calls(group, leaving, "DeregisterInstancesFromLoadBalancer")[-1]["time"]
    assert withdrawn < left < answer["time"]
    assert (queued(leaving), queued(survivor)) == (0, 200)
    group.sink_up()
    survivor.shell("postqueue -f")
    arrived = group.wait_for_mails(subjects, 90)
    assert sorted(mail["subject"] for mail in arrived) == sorted(subjects)
    assert {mail["client"] for mail in arrived} == {survivor.address}
    assert (queued(leaving), queued(survivor)) == (0, 0)


def test_a_notice_that_stays_is_acted_on_once_and_the_node_is_quiet_then(group):
    relay = group.relays[0]
    # The pass that has completed the hook has just ended.
    relay.wait_until("grep -q doneAt /run/smtp-relay-agent/drain.json", 10, "the end of leaving")
    time.sleep(1)
    asked, log = len(group.api_requests(relay)), agents_log(relay)
    time.sleep(20)
    assert agents_log(relay) == log
    assert log.count("leaving: Auto Scaling terminates the instance") == 2, "this test and the one without a hook"
    relay.shell("systemctl restart smtp-relay-agent", timeout=60)
    time.sleep(12)
    assert group.api_requests(relay)[asked:] == []
    assert len(terminations(group, relay)) == 1
    assert agents_log(relay).count("leaving: Auto Scaling terminates the instance") == 2


def test_leaving_that_takes_long_sends_heartbeats_and_ends_in_time(group):
    relay, spare = group.relays[1], list(group.instances)[5]
    # Another relay that is registered, but takes no mail: there is nobody to hand the queue to.
    client = Client(relay.namespace, group.folder)
    answer = client("elb", "register_instances_with_load_balancer", LoadBalancerName="smtp-relay",
                    Instances=[{"InstanceId": spare}])
    client.close()
    assert "Error" not in answer, answer
    group.sink_down()
    group.submit(relay, 3)
    told = terminate(group, relay)
    answer, = within(80, lambda: terminations(group, relay), "the lifecycle hook to be completed")
    assert answer["result"] == "ABANDON"
    beats = [beat["time"] for beat in calls(group, relay, "RecordLifecycleActionHeartbeat")]
    assert len(beats) == 2 and beats[1] - beats[0] > 19, beats
    # Five seconds at most pass before the notice is seen.
    assert 40 < answer["time"] - told < 60
    assert "3 messages are still queued here" in agents_log(relay)

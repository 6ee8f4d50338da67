"""Each fault is told clearly, with a status that is not 0, and keeps the node out of the load balancer."""

import re
import shlex
import threading

import pytest

from relaylab import packages

AGENT = "/usr/local/bin/smtp-relay-agent"
KEPT = "/etc/smtp-relay-agent/environment"


def bootstrap(relay, *arguments: str, environment: str = "", timeout: float = 120):
    """Bootstrap as if for the first time; the resident agent that it starts is stopped, and does not go on trying."""
    command = " ".join(shlex.quote(argument) for argument in (AGENT, "bootstrap", *arguments))
    script = f"rm -f {KEPT}; {environment} {command}; status=$?; systemctl stop smtp-relay-agent 2>/dev/null; exit $status"
    return relay.exec("sh", "-c", script, check=False, timeout=timeout)


def assert_refused(relay, result, *words: str):
    assert result.returncode == 1, result.stdout
    assert "error: " in result.stdout
    for word in words:
        assert word in result.stdout, result.stdout
    assert "never-printed" not in result.stdout
    assert relay.address not in relay.lab.backends()


@pytest.fixture(autouse=True)
def mended(request):
    """Mend what a test has broken."""
    yield
    for name in ("stock", "baked"):
        if name in request.fixturenames:
            relay = request.getfixturevalue(name)
            relay.lab.metadata_fault(relay, "")
            relay.lab.api_fault()


# Settings


def test_wrong_settings_change_nothing(stock):
    stock.write("/tmp/wrong.toml", '[mail]\ndomain = "example.com"\nnetwroks = ["vpc"]\n[health]\nport = 25\n')
    result = bootstrap(stock, "--config", "/tmp/wrong.toml")
    assert_refused(stock, result, "/tmp/wrong.toml:3:1: unknown key 'mail.netwroks'; did you mean 'mail.networks'?",
                   "/tmp/wrong.toml:5:1: health.port: '25' is not a free port")
    assert stock.exec("ls", "/etc/postfix", check=False).returncode != 0
    check = stock.agent("config", "check", "--config", "/tmp/wrong.toml")
    assert check.returncode == 1
    assert "/tmp/wrong.toml:3:1" in check.stdout


@pytest.mark.parametrize("network", ["0.0.0.0/0", "::/0", "203.0.0.0/16"])
def test_a_network_of_strangers_is_refused(stock, network):
    result = bootstrap(stock, "--set", f"mail.networks=vpc,{network}")
    assert_refused(stock, result, f"mail.networks: {network} is refused")


def test_a_tag_that_would_forge_a_line_of_main_cf_is_refused(stock):
    tags = stock.lab.nodes[stock.address]["meta-data"]["tags"]["instance"]
    tags["smtp-relay:hostname"] = "relay.example.com\nmynetworks = 0.0.0.0/0"
    stock.lab.write_metadata()
    try:
        assert_refused(stock, bootstrap(stock), "tag smtp-relay:hostname: mail.hostname: 'relay.example.com\\nmynetworks")
    finally:
        del tags["smtp-relay:hostname"]
        stock.lab.write_metadata()


@pytest.mark.parametrize("name, value", [
    ("upstream.host", "smarthost.example.net"), ("networks", "vpc"), ("allow_private_networks", "10.0.0.0/8"),
    ("transport", "example.net=[mx.example.org]"), ("destinations", "example.net"), ("tls.outbound_level", "none"),
    ("proxy_protocol", "true"), ("load_balancer.allow_open_to_world", "true"), ("hostname", "mx.example.net"),
    ("fleet.settings", "ssm:/other"), ("metadata.timeout", "5s"), ("oops", "1"), ("submission", "perhaps"),
])
def test_a_tag_that_decides_too_much_keeps_a_new_node_out(stock, name, value):
    stock.lab.set_metadata(stock, f"tags/instance/smtp-relay:{name}", value)
    try:
        assert_refused(stock, bootstrap(stock), f"tag smtp-relay:{name}: ")
    finally:
        stock.lab.set_metadata(stock, f"tags/instance/smtp-relay:{name}", None)


@pytest.mark.parametrize("place, words", [
    ("ssm:/nothing", "there is no parameter of that name"), ("s3://relay-fleet/nothing", "check its name (fleet.settings)"),
])
def test_a_new_node_without_the_fleets_settings_says_so(stock, place, words):
    assert_refused(stock, bootstrap(stock, "--set", f"fleet.settings={place}"), words)
    stock.lab.api_fault(denied=["GetParameter", "GetObject"])
    try:
        action = "ssm:GetParameter" if place.startswith("ssm") else "s3:GetObject"
        assert_refused(stock, bootstrap(stock, "--set", f"fleet.settings={place}"), f"allow {action}")
    finally:
        stock.lab.api_fault()


def test_a_missing_file_that_was_named_is_an_error(stock):
    assert_refused(stock, bootstrap(stock, "--config", "/etc/nothing.toml"), "cannot read /etc/nothing.toml")


def test_who_is_not_root_is_told(stock):
    result = stock.exec("setpriv", "--reuid=65534", "--clear-groups", AGENT, "reconcile", check=False)
    assert result.returncode == 1
    assert "must be run as root" in result.stdout


# Metadata


@pytest.mark.parametrize("fault, words", [
    ("unavailable", "answers with status 503"),
    ("disabled", "HTTP is disabled for this instance"),
    ("no-token-answer", "http-put-response-hop-limit 2"),
])
def test_each_trouble_with_metadata_is_told_apart(stock, fault, words):
    stock.lab.metadata_fault(stock, fault)
    assert_refused(stock, bootstrap(stock, "--set", "metadata.timeout=6s"), "instance metadata", words)


def test_no_metadata_at_all(stock):
    stock.shell("ip route replace unreachable 169.254.169.254/32")
    try:
        result = bootstrap(stock, "--set", "metadata.timeout=4s")
    finally:
        stock.shell("ip route replace 169.254.169.254/32 dev eth0")
    assert_refused(stock, result, "the service is out of reach", "is this an EC2 instance")


# Packages


def test_a_package_that_no_repository_has(stock):
    stock.shell("sed -i s/enabled=1/enabled=0/ /etc/yum.repos.d/lab.repo")
    try:
        result = bootstrap(stock)
    finally:
        stock.shell("sed -i s/enabled=0/enabled=1/ /etc/yum.repos.d/lab.repo")
    assert_refused(stock, result, "packages: ", "no enabled repository has")


def test_a_mirror_whose_name_is_unknown(stock):
    stock.shell("sed -i s/repo.lab.internal/no.such.mirror.internal/ /etc/yum.repos.d/lab.repo")
    try:
        result = bootstrap(stock, "--set", "packages.timeout=5s")
    finally:
        stock.shell("sed -i s/no.such.mirror.internal/repo.lab.internal/ /etc/yum.repos.d/lab.repo")
    assert_refused(stock, result, "a package mirror's name can't be resolved", "waiting for DNS")


def test_a_mirror_that_fails(stock):
    stock.shell("sed -i 's,repo.lab.internal/,repo.lab.internal/gone/,' /etc/yum.repos.d/lab.repo")
    try:
        result = bootstrap(stock, "--set", "packages.timeout=10s")
    finally:
        stock.shell("sed -i 's,repo.lab.internal/gone/,repo.lab.internal/,' /etc/yum.repos.d/lab.repo")
    assert_refused(stock, result, "a package mirror fails", "waiting for a package mirror")


@pytest.mark.parametrize("holder", ["rpm -i /tmp/lab-slow.rpm", "yum -y install lab-slow"])
def test_a_held_lock_is_named_with_its_holder(stock, holder):
    """A package that takes its time is being installed, by rpm alone or by yum."""
    package = next(packages.build().glob("lab-slow-*.rpm"))
    stock.shell("cat > /tmp/lab-slow.rpm; rm -f /tmp/lab-slow-*", stdin=package.open("rb"))
    stock.shell(f"{holder} >/dev/null 2>&1 & while [ ! -e /tmp/lab-slow-began ]; do sleep 0.1; done", timeout=60)
    try:
        result = bootstrap(stock, "--set", "packages.timeout=6s")
    finally:
        stock.shell("touch /tmp/lab-slow-done; while ! rpm -e lab-slow 2>/dev/null; do sleep 0.2; done", timeout=60)
    assert_refused(stock, result, "waiting for the package database, locked by process ", holder.split()[0])


def test_what_the_launch_was_given_holds_for_the_passes_after_it(baked):
    """Flags and variables are gone with user-data, but not what they said."""
    baked.shell("cp /etc/smtp-relay-agent/config.toml /etc/smtp-relay-agent/mine.toml")
    baked.shell(f"rm -f {KEPT}; cd /etc/smtp-relay-agent; SMTP_RELAY_HOSTNAME=mail.example.com {AGENT} bootstrap "
                "--config mine.toml --set load_balancer.classic= --set health.port=8080")
    plan = baked.agent("plan")
    assert (plan.returncode, plan.stdout) == (0, "Nothing to do.\n")
    check = baked.exec("setpriv", "--reuid=65534", "--clear-groups", AGENT, "config", "check", check=False)
    assert (check.returncode, check.stdout) == (0, "The settings are in order.\n")
    baked.wait_for_agent()
    assert baked.shell("postconf -h myhostname").strip() == "mail.example.com"
    assert re.search(r"listen +8080\b", baked.shell("cat /etc/nginx/nginx.conf"))
    assert baked.address not in baked.lab.backends()
    shown = baked.agent("config", "show").stdout
    assert re.search(rf"health.port = 8080 +# {KEPT}: SMTP_RELAY_HEALTH_PORT", shown)
    assert "# /etc/smtp-relay-agent/mine.toml:2:1" in shown
    # A second launch adds to it; what is given there is stronger.
    assert baked.agent("bootstrap", "--set", "health.port=80").returncode == 0
    assert "SMTP_RELAY_HOSTNAME=mail.example.com" in baked.shell(f"cat {KEPT}")
    assert re.search(r"listen +80\b", baked.shell("cat /etc/nginx/nginx.conf"))
    baked.shell(f"systemctl stop smtp-relay-agent; rm {KEPT} /etc/smtp-relay-agent/mine.toml")


# Credentials and the API: the node is ready but for its registration.


def test_late_metadata_is_waited_for(baked):
    baked.lab.metadata_fault(baked, "token")
    mend = threading.Timer(4, baked.lab.metadata_fault, (baked, ""))
    mend.start()
    result = bootstrap(baked, "--set", "load_balancer.classic=")
    mend.join()
    assert result.returncode == 0, result.stdout
    assert "waiting: instance metadata" in result.stdout


def test_no_role(baked):
    data = baked.lab.nodes[baked.address]["meta-data"]
    role = data.pop("iam")
    baked.lab.write_metadata()
    try:
        result = bootstrap(baked, timeout=180)
    finally:
        data["iam"] = role
        baked.lab.write_metadata()
    assert_refused(baked, result, "this instance has no role", "associate-iam-instance-profile")


def test_a_dead_api_is_bounded_in_time(baked):
    baked.lab.api_fault(hang=30)
    result = bootstrap(baked, timeout=150)
    assert_refused(baked, result, "elasticloadbalancing:DescribeInstanceHealth got no answer", "tries in", "check the route")


@pytest.mark.large
def test_an_api_that_fails(baked):
    baked.lab.api_fault(unavailable=True)
    result = bootstrap(baked, timeout=150)
    assert_refused(baked, result, "ServiceUnavailable", "tries in")


def test_a_missing_permission_names_the_action(baked):
    baked.lab.api_fault(denied=["RegisterInstancesWithLoadBalancer"])
    assert_refused(baked, bootstrap(baked), "allow elasticloadbalancing:RegisterInstancesWithLoadBalancer")


def test_an_unknown_load_balancer(baked):
    result = bootstrap(baked, "--set", "load_balancer.classic=no-such")
    assert_refused(baked, result, "check load_balancer.classic")


def test_an_open_door_before_a_hidden_address_is_not_joined(baked):
    result = bootstrap(baked, "--set", "load_balancer.classic=open-door")
    assert_refused(baked, result, "will not join load balancer open-door", "would be an open relay", "revoke-security-group-ingress")
    assert "RegisterInstancesWithLoadBalancer" not in baked.lab.api_calls(baked)[-3:]


def test_an_open_door_can_not_be_ruled_out_without_the_permission_to_look(baked):
    baked.lab.api_fault(denied=["DescribeSecurityGroups"])
    result = bootstrap(baked, "--set", "load_balancer.classic=open-door")
    assert_refused(baked, result, "allow ec2:DescribeSecurityGroups")


def test_throttling_and_a_wrong_clock_only_make_it_slower(baked):
    baked.lab.api_fault(throttle=2, skew=3600)
    result = bootstrap(baked)
    assert result.returncode == 0, result.stdout
    baked.lab.wait_for_backend(baked, "UP")


@pytest.mark.parametrize("fault, is_told", [
    ({"denied": ["DescribeTags"]}, False), pytest.param({"unavailable": True}, True, marks=pytest.mark.large),
], ids=["denied", "unavailable"])
def test_only_a_role_that_may_not_ask_means_no_tags(baked, fault, is_told):
    data = baked.lab.nodes[baked.address]["meta-data"]
    tags = data.pop("tags")
    baked.lab.write_metadata()
    baked.lab.api_fault(**fault)
    try:
        result = baked.exec(AGENT, "facts", check=False)
    finally:
        baked.lab.api_fault()
        data["tags"] = tags
        baked.lab.write_metadata()
    assert result.returncode == (1 if is_told else 0)
    assert ("the instance's tags, which may have settings, can't be read" in result.stdout) == is_told
    assert ('"tagSource" : "unavailable"' in result.stdout) != is_told


def test_tags_are_read_by_the_api_where_metadata_has_none(baked):
    data = baked.lab.nodes[baked.address]["meta-data"]
    tags = data.pop("tags")
    baked.lab.write_metadata()
    try:
        result = baked.exec(AGENT, "facts")
    finally:
        data["tags"] = tags
        baked.lab.write_metadata()
    assert result.stdout.count("read by ec2:DescribeTags") == 1
    assert '"tagSource" : "api"' in result.stdout
    assert '"Purpose" : "relay"' in result.stdout

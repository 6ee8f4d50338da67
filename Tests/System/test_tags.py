"""Tags of a node in service: read anew, wherever they come from, and never for more than they are worth."""

import pytest

from relaylab import user_data
from relaylab.lab import Lab

PACE = '[reconcile]\ninterval = "5s"\njitter = "1s"'


@pytest.fixture(scope="module")
def node(binary):
    """A relay whose metadata has no tags, and whose role may not ask for them."""
    with Lab(binary) as lab:
        relay = lab.add_relay(user_data.cloud_config(lab.sha256, PACE), has_tags=False, boot=False)
        lab.api_fault(denied=["DescribeTags"])
        relay.lab = lab
        relay.boot()
        relay.wait_for_cloud_init()
        lab.wait_for_backend(relay, "UP")
        relay.wait_for_agent()
        yield relay


def host_name(node, name: str, seconds: float = 30) -> None:
    node.wait_until(f"[ $(postconf -h myhostname) = {name} ]", seconds, f"the host name {name}")


def offer(node, tags: dict[str, str] | None) -> None:
    """Have metadata offer these tags; None: it offers none."""
    data = node.lab.nodes[node.address]["meta-data"]
    data.pop("tags", None)
    if tags is not None:
        data["tags"] = {"instance": tags}
    node.lab.write_metadata()


def test_tags_that_are_switched_on_in_metadata_are_seen_without_a_restart(node):
    process = node.shell("systemctl show -p MainPID --value smtp-relay-agent")
    assert '"tagSource" : "unavailable"' in node.exec("smtp-relay-agent", "facts").stdout
    offer(node, {"smtp-relay:hostname": "mail.example.com"})
    host_name(node, "mail.example.com")
    offer(node, {"smtp-relay:hostname": "mail2.example.com"})
    host_name(node, "mail2.example.com")
    assert node.shell("systemctl show -p MainPID --value smtp-relay-agent") == process


def test_a_passing_failure_to_read_tags_fails_the_pass_and_changes_nothing(node):
    offer(node, None)
    node.lab.api_fault(denied=["DescribeTags"])
    before = node.shell("postconf -h myhostname mynetworks")
    node.lab.api_fault(throttle=1000)
    try:
        result = node.agent("reconcile")
        assert result.returncode == 1
        assert "the instance's tags, which may have settings, can't be read" in result.stdout
        assert node.shell("postconf -h myhostname mynetworks") == before
        assert node.shell("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/health") == "200"
    finally:
        node.lab.api_fault(denied=["DescribeTags"])
        offer(node, {"smtp-relay:hostname": "mail2.example.com"})


def test_a_tag_is_weaker_than_the_file_and_the_page_shows_the_source(node):
    offer(node, {"smtp-relay:hostname": "mail2.example.com", "smtp-relay:domain": "example.org",
                 "smtp-relay:reconcile.interval": "1h", "smtp-relay:health.port": "8081"})
    shown = node.agent("config", "show").stdout
    assert 'mail.domain = "example.com"' in shown
    assert 'reconcile.interval = "5s"' in shown
    assert [line for line in shown.splitlines() if line.startswith("health.port = 8081") and line.endswith("# tag smtp-relay:health.port")]
    offer(node, {"smtp-relay:hostname": "mail2.example.com"})
    node.wait_until("curl -sf http://127.0.0.1/health", 30, "the health check at its usual port")


def test_config_show_tells_a_tag_that_is_left_out(node):
    offer(node, {"smtp-relay:hostname": "mail2.example.com", "smtp-relay:upstream.host": "smarthost.example.net"})
    result = node.agent("config", "show")
    assert result.returncode == 1
    assert "tag smtp-relay:upstream.host: mail.upstream.host: a tag may not decide where mail goes" in result.stdout
    assert "mail.upstream.host = (not set)" in result.stdout
    # A look at the node goes on as well.
    assert node.agent("plan").returncode in (0, 2)
    offer(node, {"smtp-relay:hostname": "mail2.example.com"})

"""Operating systems as they differ: where nginx comes from, and one that nobody has heard of."""

import json
import re

import pytest

from conftest import send_by_all, wait_until_all_serve
from relaylab import repositories, systems
from relaylab.lab import Lab
from test_repositories import origin


@pytest.fixture(scope="module")
def lab(binary):
    """A relay that is Amazon Linux 2, whose enabled repositories lack nginx, and one of an unknown system."""
    with Lab(binary) as lab:
        amazon = lab.add_relay(system=systems.AMAZON_LINUX_2, boot=False)
        repositories.amazon_linux_2(amazon.root)
        systems.make_old(amazon)
        amazon.boot()
        lab.add_relay(system=systems.UNKNOWN)
        lab.add_sender()
        wait_until_all_serve(lab)
        yield lab


def test_both_deliver_mail(lab):
    send_by_all(lab)


def test_amazon_linux_2_enables_its_extra_and_says_so(lab):
    amazon = lab.relays[0]
    assert amazon.log().count("'amazon-linux-extras enable nginx1', which enables the repository of nginx") == 1
    assert "enabled=1" in amazon.shell("cat /etc/yum.repos.d/lab-extras.repo")
    assert origin(amazon, "nginx") == "lab-extras"
    assert "is not a known system" not in amazon.log()


def test_an_unknown_system_is_warned_of_once_and_serves(lab):
    unknown = lab.relays[1]
    lines = [line for line in unknown.log().splitlines() if "is not a known system" in line]
    assert len(lines) == 1
    assert "system: Some Linux 1 is not a known system: the agent uses what it finds" in lines[0]
    assert "amazon-linux-extras" not in unknown.log()


def test_facts_and_doctor_show_the_system(lab):
    for relay, name, shown in ((lab.relays[0], "Amazon Linux 2", "system (Amazon Linux 2: Amazon Linux 2)"),
                               (lab.relays[1], "Some Linux 1", "system (Some Linux 1)")):
        facts = json.loads(relay.exec("/usr/local/bin/smtp-relay-agent", "facts", stderr=None).stdout)
        assert facts["operatingSystem"]["prettyName"] == name
        report = json.loads(relay.exec("/usr/local/bin/smtp-relay-agent", "doctor", "--json", check=False,
                                       stderr=None).stdout)
        assert shown in report["examined"]
        found = [finding["name"] for finding in report["findings"]]
        assert ("unknown-system" in found) == (name == "Some Linux 1")


def test_where_the_step_fails_the_error_names_it_with_its_words(lab):
    """Without nginx again, and with an extras library that does not have the topic."""
    amazon = lab.relays[0]
    amazon.shell("systemctl stop smtp-relay-agent; rpm -e nginx; sed -i s/enabled=1/enabled=0/ /etc/yum.repos.d/lab-extras.repo;"
                 "cp /usr/bin/amazon-linux-extras /tmp/; sed -i 's/enable nginx1/enable other/' /usr/bin/amazon-linux-extras")
    result = amazon.agent("reconcile")
    assert result.returncode == 1, result.stdout
    assert re.search(r"packages: .*'amazon-linux-extras enable nginx1' failed", result.stdout), result.stdout
    assert "Topic enable nginx1 is not found." in result.stdout
    amazon.shell("cp /tmp/amazon-linux-extras /usr/bin/")
    result = amazon.agent("reconcile")
    assert result.returncode == 0, result.stdout
    # A pass starts the resident agent, which may have come first.
    log = amazon.shell("journalctl -u smtp-relay-agent -o cat --no-pager --since=-2min")
    assert "which enables the repository of nginx" in result.stdout + log
    amazon.shell("systemctl start smtp-relay-agent")
    lab.wait_for_backend(amazon, "UP")

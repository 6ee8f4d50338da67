"""A node that leaves loses nothing that it has answered 250, however it leaves and whatever is in the way."""

import re
import time

import dkim
import pytest

from departure import CONFIG, SLACK, TIMEOUT, back, pair  # noqa: F401
from departure_conditions import CONDITIONS
from departure_ends import ENDS, has_left, loses_nothing

# Each condition meets all ends, and begins with another one each time. The selection has every other condition once, and all
# ends in turn.
CASES = [(list(ENDS)[(number + turn) % len(ENDS)], condition)
         for number, condition in enumerate(CONDITIONS) for turn in range(len(ENDS))]
QUEUED, ARRIVING = 200, 40


@pytest.mark.matrix(every=2 * len(ENDS))
@pytest.mark.parametrize("way, condition", CASES)
def test_nothing_is_lost(pair, way, condition):
    loses_nothing(pair, way, condition, QUEUED, ARRIVING)


def test_mail_that_is_handed_over_is_signed_once(pair):
    """Both relays sign the domain's mail: the leaving one has signed it already."""
    key = "/etc/smtp-relay-agent/handed.pem"
    made = pair.leaving.agent("dkim", "generate", "--domain", "example.com", "--selector", "handed", "--file", key)
    assert made.returncode == 0, made.stdout
    pair.other.write(key, pair.leaving.shell(f"cat {key}"))
    pair.other.shell(f"chmod 600 {key}")
    for relay in (pair.other, pair.leaving):
        # No record is published here.
        relay.shell("sed -i 's/^\\[mail\\]$/&\\nallow_unpublished_dkim = true/' /root/good.toml; grep -q unpublished /root/good.toml")
        pair.configure(relay, f'\n[[mail.dkim]]\ndomain = "example.com"\nselector = "handed"\nkey_file = "{key}"\n')
    for relay in (pair.other, pair.leaving):
        pair.balancers.wait_for(relay, "UP", 30)
    subjects = pair.fill(20)
    end = ENDS["drain"](pair)
    end.begin()
    end.wait(TIMEOUT + SLACK)
    has_left(pair, end, "drain")
    arrived = pair.deliver(subjects)
    assert {mail["client"] for mail in arrived} == {pair.other.address}
    record = re.search(r"^Value:\n(.+)$", made.stdout, re.M).group(1).encode()
    for mail in arrived:
        assert mail["whole"].count("DKIM-Signature:") == 1
        assert dkim.DKIM(mail["whole"].encode("latin-1")).verify(dnsfunc=lambda name, **_: record)
        # The other relay has added its own line above.
        assert sum("leaving.example.com" in line for line in mail["received"]) == 1, mail["received"]


def test_an_agent_that_has_just_started_leaves_without_metadata(pair):
    subjects = pair.fill(20)
    # Its first pass waits for another one, and has asked nothing of AWS yet.
    pair.leaving.shell("setsid flock /run/smtp-relay-agent/lock sleep 8 >/dev/null 2>&1 & systemctl restart smtp-relay-agent", timeout=90)
    time.sleep(3)
    pair.lab.metadata_fault(pair.leaving, "silent")
    end = ENDS["shutdown"](pair)
    end.begin()
    end.wait(TIMEOUT + SLACK)
    has_left(pair, end, "shutdown")
    assert {mail["client"] for mail in pair.deliver(subjects)} == {pair.other.address}


@pytest.mark.large
@pytest.mark.parametrize("way", ["scale-in", "drain"])
def test_ten_thousand_messages_are_handed_over(pair, way):
    """They have the time that is the default, since a slow host takes longer than the other cases' time."""
    limit = 110
    text = pair.leaving.shell("cat /root/good.toml")
    pair.leaving.write(CONFIG, text.replace(f'drain_timeout = "{TIMEOUT:.0f}s"', f'drain_timeout = "{limit}s"'))
    assert pair.leaving.agent("reconcile").returncode == 0
    subjects = pair.fill(10_000)
    end = ENDS[way](pair)
    end.begin()
    end.wait(limit + SLACK)
    has_left(pair, end, way)
    arrived = pair.deliver(subjects, 600)
    assert {mail["client"] for mail in arrived} == {pair.other.address}

"""A node that leaves loses nothing that it has answered 250, however it leaves and whatever is in the way."""

import pytest

from departure import CONFIG, SLACK, TIMEOUT, back, pair  # noqa: F401
from departure_conditions import CONDITIONS
from departure_ends import ENDS, has_left, loses_nothing

# Of each condition all ends, each time another one first: every fifth case has each condition once, and all ends in turn.
CASES = [(list(ENDS)[(number + turn) % len(ENDS)], condition)
         for number, condition in enumerate(CONDITIONS) for turn in range(len(ENDS))]
QUEUED, ARRIVING = 200, 40


@pytest.mark.matrix(every=len(ENDS))
@pytest.mark.parametrize("way, condition", CASES)
def test_nothing_is_lost(pair, way, condition):
    loses_nothing(pair, way, condition, QUEUED, ARRIVING)


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

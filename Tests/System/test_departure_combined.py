"""A node leaves each combination of load balancers under conditions of each kind, and loses nothing that it has answered 250.

test_departure.py has all conditions in one place. Here each place meets each kind of condition, and each kind meets each end.
Each condition occurs. Together with test_departure_places.py, each place meets each end.
"""

from itertools import cycle

import pytest

from departure import back, pair  # noqa: F401
from departure_ends import ENDS, loses_nothing
from departure_places import PLACES

QUEUED, ARRIVING = 100, 20

# Kinds of conditions that a node without a way to other relays can meet, too.
ALONE = [
    ["throttled", "no-answer", "denied", "deleted", "deleted-before", "slow-check"],
    ["slow-metadata", "silent-metadata", "mistake", "newer"],
    ["maildrop", "stopped", "postfix-down", "nginx-down"],
]
# Those in which another relay has a part.
BESIDE = [
    ["rate-delay", "transport", "paced", "smarthost", "sender-dependent"],
    ["refusing", "deferring", "late", "larger", "too-large"],
]


def cases():
    """From one place to the next, kinds and ends move on by different steps, so that all pairs come about."""
    conditions = [cycle(kind) for kind in ALONE + BESIDE]
    places = [name for name in PLACES if name != "classic"]
    for count, leads in ((len(ALONE + BESIDE), True), (len(ALONE), False)):
        for number, place in enumerate(name for name in places if PLACES[name].leads_to_others is leads):
            for turn in range(count):
                yield place, next(conditions[(turn + number) % count]), list(ENDS)[(2 * turn + number) % len(ENDS)]


CASES = list(cases())


@pytest.mark.matrix(every=6)
@pytest.mark.parametrize("place, condition, way", CASES)
def test_nothing_is_lost(pair, place, condition, way):
    pair.settle(place)
    loses_nothing(pair, way, condition, QUEUED, ARRIVING)

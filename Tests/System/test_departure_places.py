"""A node leaves load balancers of each kind, one or several, and loses nothing that it has answered 250."""

import pytest

from departure import back, pair  # noqa: F401
from departure_ends import loses_nothing

QUEUED, ARRIVING = 100, 20

# A place is made once, since that takes a while: its cases follow one another.
CASES = [(place, way) for place, ways in {
    "both": ("spot", "drain"),
    "network": ("scale-in", "shutdown"),
    "classic-facing": ("spot", "shutdown"),
    "network-facing": ("scale-in", "shutdown"),
    "classic-facing-network": ("shutdown", "uninstall"),
    "network-facing-and-internal": ("scale-in", "spot"),
    "both-proxied": ("scale-in", "shutdown", "drain", "uninstall"),
    "classic-facing-proxied": ("drain", "uninstall"),
    "network-facing-proxied": ("spot", "uninstall"),
}.items() for way in ways]


@pytest.mark.matrix(every=3)
@pytest.mark.parametrize("place, way", CASES)
def test_nothing_is_lost(pair, place, way):
    pair.settle(place)
    loses_nothing(pair, way, "nothing", QUEUED, ARRIVING)

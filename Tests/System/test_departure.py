"""A node that leaves loses nothing that it has answered 250, however it leaves and whatever is in the way."""

import itertools

import pytest

import departure
from departure import CONDITIONS, ENDS, SLACK, TIMEOUT

CASES = sorted(itertools.product(ENDS, CONDITIONS), key=lambda case: (list(CONDITIONS).index(case[1]), case[0]))


@pytest.fixture(scope="module")
def pair(binary):
    yield from departure.boot(binary)


@pytest.fixture(autouse=True)
def back(pair):
    yield
    pair.back()


@pytest.mark.matrix(every=7)
@pytest.mark.parametrize("way, condition", CASES)
def test_nothing_is_lost(pair, way, condition):
    lab = pair.lab
    with CONDITIONS[condition](pair):
        subjects = pair.fill(50)
        arriving = lab.send_in_background(20, 8)
        end = ENDS[way](pair)
        pair.begun()
        end.begin()
        subjects += arriving.finish()
        end.wait(TIMEOUT + SLACK)
    assert end.seconds < TIMEOUT + SLACK
    assert pair.queued(pair.leaving) == 0
    assert end.order().get("left", {}).get("waiting", 0) == 0
    arrived = pair.deliver(subjects)
    assert {mail["client"] for mail in arrived} == {pair.other.address}
    if way == "scale-in":
        assert end.result == "CONTINUE"

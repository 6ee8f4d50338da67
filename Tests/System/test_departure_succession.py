"""An order to leave that takes the place of a lesser one: the instance was to leave for a while, or some day, and ends now."""

import json
import time

import pytest

import departure
from departure import SLACK, TIMEOUT, back, pair  # noqa: F401
from departure_conditions import own_mail, without_other
from departure_ends import ENDS

# As the status has them.
STANDBY, REBALANCE = "in Standby", "a rebalance recommendation"
# The first and the last one have all four orders.
CASES = [(STANDBY, "spot"), (STANDBY, "scale-in"), (REBALANCE, "spot"), (REBALANCE, "scale-in")]
# The time for an order that leaves nothing to do: the agent sees it, and makes two passes.
SOON = 30


def announce(pair, lesser: str, timeout: str) -> None:
    """Have AWS announce the lesser order, to a node that obeys a recommendation, and has this time to leave."""
    relay = pair.leaving
    relay.shell(f"sed -i 's/^drain_timeout = .*/drain_timeout = \"{timeout}\"\\ndrain_on_rebalance = true/' {departure.CONFIG}")
    done = relay.agent("reconcile")
    assert done.returncode == 0, done.stdout
    if lesser == STANDBY:
        pair.lab.set_metadata(relay, departure.TARGET, "Standby")
    else:
        notice = json.dumps({"noticeTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())})
        pair.lab.set_metadata(relay, departure.REBALANCE, notice)


def is_at_its_queue(pair, words: str) -> None:
    pair.leaving.wait_until(f"smtp-relay-agent status | tr -s ' \\n' ' ' | grep -qE '{words}.*(flushed|handing over)'", 40, "the queue's turn")


def is_terminated(pair) -> None:
    """Auto Scaling terminates a node that has left: its hook is answered, and the node leaves nothing a second time."""
    calls = len(pair.lab.api_calls(pair.leaving))
    end = ENDS["scale-in"](pair)
    pair.begun = []
    end.begin()
    end.wait(SOON)
    assert end.result == "CONTINUE"
    assert "DeregisterInstancesFromLoadBalancer" not in pair.lab.api_calls(pair.leaving)[calls:]


@pytest.mark.matrix(every=3)
@pytest.mark.parametrize("lesser, way", CASES)
def test_a_graver_order_ends_a_departure_that_is_under_way(pair, lesser, way):
    """The lesser one may go on for an hour, and the graver one has the time of its own."""
    relay = pair.leaving
    with without_other(pair):
        subjects = pair.fill(50)
        announce(pair, lesser, "1h")
        is_at_its_queue(pair, lesser)
        before = ENDS["spot"](pair).order()
        # EC2 says how long it waits. Auto Scaling does not, so a termination has the hour.
        end = ENDS[way](pair)
        end.begin(seconds=60) if way == "spot" else end.begin()
        is_at_its_queue(pair, "interruption" if way == "spot" else "terminates")
        now = end.order()
        assert now["reason"] != before["reason"] and now["since"] >= int(end.began) > before["since"]
    end.wait(TIMEOUT + SLACK)
    assert end.seconds < 60
    assert pair.queued(relay) == 0
    if way == "spot":
        is_terminated(pair)
    else:
        assert end.result == "CONTINUE"
    arrived = pair.deliver(subjects)
    assert {mail["client"] for mail in arrived} == {pair.other.address}


@pytest.mark.matrix(every=3)
@pytest.mark.parametrize("lesser, way", CASES)
def test_a_graver_order_is_obeyed_by_a_node_that_has_left_already(pair, lesser, way):
    """Its doors are closed, but the node itself has sent mail since."""
    relay = pair.leaving
    announce(pair, lesser, f"{TIMEOUT:.0f}s")
    relay.wait_until("grep -q doneAt /run/smtp-relay-agent/drain.json", TIMEOUT + SLACK, "the end of leaving")
    pair.balancers.wait_for(relay, None, 5)
    subjects = own_mail(pair, "true")
    end = ENDS[way](pair)
    end.begin()
    end.wait(TIMEOUT + SLACK)
    assert end.seconds < TIMEOUT + SLACK
    assert pair.queued(relay) == 0
    if way == "spot":
        is_terminated(pair)
    else:
        assert end.result == "CONTINUE"
    pair.deliver(subjects)


def test_what_stays_after_a_graver_order_is_named_to_its_hook(pair):
    """Nobody takes the mail of a node in Standby that is terminated then: it tries until the termination's own deadline."""
    relay = pair.leaving
    with without_other(pair):
        pair.fill(3)
        announce(pair, STANDBY, f"{TIMEOUT:.0f}s")
        is_at_its_queue(pair, STANDBY)
        end = ENDS["scale-in"](pair)
        end.begin()
        end.wait(TIMEOUT + SLACK)
    assert TIMEOUT * 0.8 < end.seconds < TIMEOUT + SLACK
    assert end.result == "ABANDON"
    assert "3 messages are still queued here: 3 for example.net" in end.words()
    assert pair.queued(relay) == 3


def test_a_termination_while_a_node_leaves_for_a_spot_interruption_is_answered_at_its_end(pair):
    """Auto Scaling's hook is there before the queue is empty, and has one answer."""
    with without_other(pair):
        subjects = pair.fill(20)
        spot = ENDS["spot"](pair)
        spot.begin()
        is_at_its_queue(pair, "interruption")
        since = spot.order()["since"]
        end = ENDS["scale-in"](pair)
        end.begin()
    end.wait(TIMEOUT + SLACK)
    assert time.time() - spot.began < TIMEOUT + SLACK
    # It is the spot interruption's departure, and its time.
    assert spot.order()["since"] == since
    assert end.result == "CONTINUE"
    assert pair.queued(pair.leaving) == 0
    pair.deliver(subjects)

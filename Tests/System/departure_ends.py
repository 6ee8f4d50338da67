"""The ways in which a relay ends, and what is so once it has left.

A case is an end and a condition. It begins with two relays in service, and ends so.
"""

import json
import threading
import time
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

from departure import SLACK, SPOT, TARGET, TERMINATION, TIMEOUT, Pair
from departure_conditions import CONDITIONS, meanwhile

from relaylab.shell import CommandError, output


class End:
    """A way to end: how it is brought about, and how one sees that the node has left."""

    def __init__(self, pair: Pair):
        self.pair, self.lab, self.relay = pair, pair.lab, pair.leaving
        self.began = 0.0
        self.seconds = 0.0

    def begin(self) -> None:
        """Have the node end, and what a condition does at that time."""
        for act in self.pair.begun:
            act()
        self.began = time.time()
        self.cursor = self.pair.mark()

    def words(self) -> str:
        """What the node has said while it left."""
        return self.pair.log(self.cursor)

    def wait(self, limit: float) -> None:
        """Wait until the node has left."""
        deadline = time.monotonic() + limit
        while not self.is_over():
            log = self.relay.shell("journalctl -u smtp-relay-agent -n 25 -o cat --no-pager", check=False)
            assert time.monotonic() < deadline, f"it did not leave within {limit:.0f} s:\n{log}"
            time.sleep(0.2)
        self.seconds = time.time() - self.began

    def is_over(self) -> bool:
        return self.order().get("left") is not None

    def order(self) -> dict:
        text = self.relay.shell("cd / && for folder in run var/lib; do cat $folder/smtp-relay-agent/drain.json 2>/dev/null && "
                                "break; done", check=False)
        return json.loads(text) if text.strip() else {}


class ScaleIn(End):
    def begin(self) -> None:
        super().begin()
        self.answered = len(self.pair.answers())
        self.lab.lifecycle(self.relay, "Terminating:Wait", TERMINATION)
        self.lab.set_metadata(self.relay, TARGET, "Terminated")

    def is_over(self) -> bool:
        return len(self.pair.answers()) > self.answered

    @property
    def result(self) -> str:
        return self.pair.answers()[-1]["result"]


class Spot(End):
    def is_over(self) -> bool:
        # An order that it takes the place of may have ended before.
        return self.order().get("reason") == "a spot interruption" and super().is_over()

    def begin(self, seconds: float = 120) -> None:
        super().begin()
        end = datetime.now(UTC) + timedelta(seconds=seconds)
        notice = {"action": "terminate", "time": end.strftime("%Y-%m-%dT%H:%M:%SZ")}
        self.lab.set_metadata(self.relay, SPOT, json.dumps(notice))


class Drain(End):
    """By hand; what the command says is kept."""

    command = ("drain",)

    def begin(self) -> None:
        super().begin()
        self.result = None

        def drain():
            self.result = self.relay.agent(*self.command, timeout=TIMEOUT + 60)

        self.thread = threading.Thread(target=drain)
        self.thread.start()

    def words(self) -> str:
        return self.result.stdout

    def wait(self, limit: float) -> None:
        self.thread.join(limit)
        assert self.result is not None, f"'{self.command[0]}' did not end within {limit:.0f} s"
        self.seconds = time.time() - self.began


class Uninstall(Drain):
    command = ("uninstall",)


class Shutdown(End):
    def wait(self, limit: float) -> None:
        self.relay.process.wait(limit + 30)
        self.seconds = time.time() - self.began

    def begin(self) -> None:
        super().begin()
        self.relay.exec("poweroff", check=False)

    def words(self) -> str:
        # It is off; its journal is on its disk.
        return output("journalctl", f"--directory={self.relay.root}/var/log/journal", "-u", "smtp-relay-agent", "-o", "short-precise",
                      "--no-pager", f"--since=@{self.began:.0f}")

    def order(self) -> dict:
        return {}


ENDS = {"scale-in": ScaleIn, "spot": Spot, "drain": Drain, "shutdown": Shutdown, "uninstall": Uninstall}


def has_left(pair: Pair, end: End, way: str) -> None:
    """Its queue is empty but for what is named, and everybody says so."""
    staying = len(pair.stays)
    assert pair.queued(pair.leaving) == staying, end.words()
    if way in ("scale-in", "spot", "drain"):
        # The others' order has gone with the boot, or with the agent.
        assert end.order()["left"]["waiting"] == staying
    if staying and way != "shutdown":
        assert f"{staying} message is still queued here: {staying} for example.net" in end.words()
    if way == "scale-in":
        assert end.result == ("ABANDON" if staying else "CONTINUE")
    if way == "drain":
        assert end.result.returncode == (1 if staying or pair.word else 0), end.words()
    try:
        pair.balancers.wait_for(pair.leaving, pair.word, 15)
    except CommandError as error:
        raise AssertionError(f"{error}\n{end.words()}") from error
    pair.forget()


def loses_nothing(pair: Pair, way: str, condition: str, queued: int, arriving: int) -> None:
    """Have the relay leave with queued mail, while more arrives and a condition holds: each message arrives once."""
    lab, pair.way = pair.lab, way
    leads_to_others = pair.balancers.place.leads_to_others
    # Where no way leads to the other relay, only the world can take the mail, and takes it late.
    world = nullcontext() if leads_to_others else meanwhile(pair, lab.sink_up, after=20)
    with CONDITIONS[condition](pair) as own, world:
        if not leads_to_others:
            pair.by = {pair.leaving.address, pair.other.address}
        subjects = pair.fill(queued) + (own or [])
        traffic = lab.send_in_background(arriving, 8)
        end = ENDS[way](pair)
        end.begin()
        subjects += traffic.finish()
        end.wait(TIMEOUT + SLACK)
        assert end.seconds < TIMEOUT + SLACK
        if way == "uninstall" and pair.word is not None:
            # It stays, since a load balancer has it still; its mail is handed over or delivered all the same.
            assert "could not leave its load balancers, so it goes on as before" in end.words()
            pair.by = {pair.leaving.address, pair.other.address}
        else:
            has_left(pair, end, way)
    arrived = pair.deliver([subject for subject in subjects if subject not in pair.stays])
    assert {mail["client"] for mail in arrived} <= pair.by

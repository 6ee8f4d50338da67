"""Signs of life of work that takes minutes: what is done, how much of it, and for how long."""

import logging
import re
import subprocess
import time
from contextlib import contextmanager
from threading import Event, Thread, Timer

from .shell import CommandError

LOG = logging.getLogger("relaylab")
# Long enough to be read, and short enough that nobody thinks that it hangs.
PACE = 10.0
_STEP = re.compile(r"\[(\d+)/(\d+)\] (.*)")


@contextmanager
def shown(work: str, state=lambda: ""):
    """Say that some work has begun, every few seconds how far it is, and how long it took."""
    began = time.monotonic()
    ended = Event()

    def go_on() -> None:
        while not ended.wait(PACE):
            LOG.info("%s: %s%.0f s", work, f"{detail}, " if (detail := state()) else "", time.monotonic() - began)

    LOG.info("%s", work)
    thread = Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    LOG.info("%s: done after %.0f s", work, time.monotonic() - began)


def build(arguments: list[str], folder, timeout: float = 3600) -> None:
    """Run 'swift build', and show which of how many steps it is at."""
    printed: list[str] = []

    def state() -> str:
        steps = [found for line in printed[-50:] if (found := _STEP.match(line))]
        return "{} of {}, {}".format(*steps[-1].groups()) if steps else ""

    with shown("building smtp-relay-agent", state):
        process = subprocess.Popen(["swift", "build", *arguments], cwd=folder, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        limit = Timer(timeout, process.kill)
        limit.start()
        try:
            for line in process.stdout:
                printed.append(line)
            process.wait()
        except BaseException:
            # A person who gives up gets no build that goes on.
            process.terminate()
            process.wait()
            raise
        finally:
            limit.cancel()
    if process.returncode != 0:
        raise CommandError("".join(printed)[-4000:])

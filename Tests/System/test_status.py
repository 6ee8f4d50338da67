"""'status' for people: its first line, its width, its colours, and --watch on a terminal."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest

from pages import blocks
from relaylab.shell import die_with_parent, start, uninterrupted

STATUS = "/usr/local/bin/smtp-relay-agent"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Screen:
    """A terminal on which a command runs inside of a relay."""

    def __init__(self, relay, *arguments: str, columns: int = 80, rows: int = 40, **environment: str):
        self.controller, terminal = pty.openpty()
        self.resize(columns, rows)
        variables = [f"{name}={value}" for name, value in ({"TERM": "xterm"} | environment).items()]
        command = relay.command(["env", *variables, STATUS, "status", *arguments])
        self.modes = termios.tcgetattr(terminal)

        def prepare() -> None:
            die_with_parent()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            # A shell that starts the tests in the background has them ignore it, and a program goes by that.
            signal.signal(signal.SIGINT, signal.SIG_DFL)

        with uninterrupted():
            self.process = start(*command, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True, prepare=prepare)
            relay.ledger.process(self.process.pid)
        self.terminal = terminal
        self.text = ""

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.controller, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, until, seconds: float = 15) -> str:
        """Everything that is written, once it is enough."""
        deadline = time.monotonic() + seconds
        while not until(self.text):
            assert time.monotonic() < deadline, repr(self.text)
            if select.select([self.controller], [], [], 0.1)[0]:
                self.text += os.read(self.controller, 65536).decode()
        return self.text

    def whole(self) -> str:
        """Everything that a command writes until it ends."""
        self.read(lambda text: self.process.poll() is not None and not select.select([self.controller], [], [], 0.2)[0])
        return self.text

    def frames(self) -> list[list[str]]:
        """The screens so far, each as its lines."""
        return [frame.split("\x1b[J")[0].replace("\x1b[K", "").split("\r\n") for frame in self.text.split("\x1b[H")[1:]
                if "\x1b[J" in frame]

    def watch(self, count: int) -> list[list[str]]:
        self.read(lambda text: text.count("\x1b[J") >= count)
        return self.frames()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        os.close(self.terminal)
        os.close(self.controller)


@pytest.fixture
def screen():
    opened = []

    def on(relay, *arguments, **options) -> Screen:
        opened.append(Screen(relay, *arguments, **options))
        return opened[-1]

    yield on
    for one in opened:
        one.close()


@pytest.fixture
def relay(lab):
    relay = lab.relays[0]
    relay.agent("reconcile", check=True)
    return relay


# The first line


def first(relay) -> str:
    return relay.status().splitlines()[0]


def test_the_first_line_says_that_a_node_is_in_service(relay):
    assert re.match(r"IN SERVICE: it takes mail, and is in its load balancer; last pass \d+ s ago$", first(relay))


def test_the_first_line_says_why_a_node_is_out_of_service(lab, relay):
    relay.shell("systemctl stop postfix; systemctl mask --runtime postfix")
    try:
        assert first(relay) == "OUT OF SERVICE: the health check answers 503"
        relay.agent("reconcile")
        assert re.match(r"OUT OF SERVICE: the last pass failed \d+ s ago: .*postfix", first(relay))
    finally:
        relay.shell("systemctl unmask --runtime postfix")
        relay.agent("reconcile", check=True)
    lab.wait_for_backend(relay, "UP", 20)
    assert first(relay).startswith("IN SERVICE: ")


def test_the_first_line_says_that_passes_fail_or_do_not_come(relay):
    config = "/etc/smtp-relay-agent/config.toml"
    relay.shell(f"echo 'no_such_key = 1' >> {config}; systemctl stop smtp-relay-agent-reconcile.timer")
    try:
        relay.agent("reconcile")
        assert re.match(r"IN SERVICE, BUT: the last pass failed \d+ s ago: .*no_such_key", first(relay)), first(relay)
        relay.shell(f"sed -i /no_such_key/d {config}")
        # The status as the pass leaves it names the timer, which it starts again.
        relay.agent("reconcile", check=True)
        assert first(relay).startswith("IN SERVICE: ")
    finally:
        relay.shell(f"sed -i /no_such_key/d {config}; systemctl start smtp-relay-agent-reconcile.timer")
        relay.agent("reconcile", check=True)


def test_the_first_line_says_that_a_node_has_left(lab, relay):
    relay.agent("drain", check=True)
    try:
        assert re.match(r"HAS LEFT: by hand, \d+ s ago: ", first(relay)), first(relay)
    finally:
        relay.agent("undrain", check=True)
    lab.wait_for_backend(relay, "UP", 20)


def test_the_sample_in_the_page_is_like_a_real_status(relay):
    sample, = (block for block in blocks("text") if block.startswith("IN SERVICE: "))
    assert max(map(len, sample.splitlines())) <= 80
    shown = relay.agent("status").stdout
    labels = [line[:24].strip() for line in sample.splitlines()[1:]]
    # Passes of this node come by the timer.
    for label in {label for label in labels if label} - {"next pass"}:
        assert re.search(rf"^{label} ", shown, re.M), label


# Width and colours


def test_no_line_of_piped_output_is_longer_than_80_columns_or_has_colour(relay):
    shown = relay.agent("status").stdout
    assert max(map(len, shown.splitlines())) <= 80 and "\x1b" not in shown
    assert json.loads(relay.agent("status", "--json").stdout)["role"] == "relay"


@pytest.mark.parametrize("columns", [30, 60, 110])
def test_lines_are_as_wide_as_the_terminal(relay, screen, columns):
    lines = COLOUR.sub("", screen(relay, columns=columns).whole()).splitlines()
    assert columns - 20 < max(map(len, lines)) <= columns
    assert lines[0].startswith("IN SERVICE: ")


def test_a_terminal_gets_colours(relay, screen):
    assert screen(relay).whole().startswith("\x1b[1;32mIN SERVICE: ")
    relay.shell("systemctl stop postfix")
    try:
        assert screen(relay).whole().startswith("\x1b[1;31mOUT OF SERVICE: ")
    finally:
        relay.agent("reconcile", check=True)


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_gets_no_colours_where_it_wants_none(relay, screen, environment):
    shown = screen(relay, **environment).whole()
    assert shown.startswith("IN SERVICE: ") and "\x1b" not in shown


# --watch


def test_watch_draws_the_status_again_and_again_until_it_is_interrupted(relay, screen):
    watching = screen(relay, "--watch", NO_COLOR="1")
    once, again = watching.watch(2)[:2]
    assert once[0].startswith("IN SERVICE: ") and again[0].startswith("IN SERVICE: ")
    clock = [re.search(r":(\d\d)Z; .*Ctrl-C ends$", frame[-2]) for frame in (once, again)]
    assert (int(clock[1][1]) - int(clock[0][1])) % 60 in (2, 3)
    # The cursor waits on a line of its own.
    assert once[-1] == ""
    relay.shell("systemctl stop postfix")
    try:
        watching.read(lambda _: watching.frames()[-1][0].startswith("OUT OF SERVICE: "))
    finally:
        relay.agent("reconcile", check=True)
    # A terminal takes what it is sent. A program that can't write does not end.
    watching.read(lambda _: watching.frames()[-1][0].startswith("IN SERVICE: "))
    os.write(watching.controller, b"\x03")
    assert watching.process.wait(10) in (-signal.SIGINT, 128 + signal.SIGINT)
    # Neither a mode of the terminal nor the cursor, the scrolling or the other screen was touched.
    assert termios.tcgetattr(watching.terminal) == watching.modes
    assert set(re.findall(r"\x1b\[[^A-Za-z]*[A-Za-z]", watching.text)) == {"\x1b[H", "\x1b[K", "\x1b[J"}


@pytest.mark.parametrize("columns, rows", [(80, 24), (80, 5), (40, 10), (20, 3), (120, 2), (80, 1)])
def test_watch_fits_any_terminal(relay, screen, columns, rows):
    for frame in screen(relay, "--watch", columns=columns, rows=rows).watch(2)[:2]:
        plain = [COLOUR.sub("", line) for line in frame]
        assert len(plain) <= rows and max(map(len, plain)) <= columns, plain
        assert plain[0].startswith("IN SERVICE:")
        if rows > 2:
            assert columns < 60 or "more lines; Ctrl-C ends" in plain[-2]


def test_watch_follows_the_terminals_size(relay, screen):
    watching = screen(relay, "--watch", columns=100, rows=50)
    wide, = watching.watch(1)[:1]
    watching.resize(50, 10)
    watching.read(lambda _: len(watching.frames()[-1]) <= 10)
    assert max(map(len, map(str, wide))) > 80
    assert max(len(COLOUR.sub("", line)) for line in watching.frames()[-1]) <= 50


def test_watch_into_a_pipe_prints_each_status_below_its_time_and_ends_with_its_reader(relay):
    began = time.monotonic()
    shown = relay.shell("timeout 60 smtp-relay-agent status --watch | head -n 150")
    assert time.monotonic() - began < 40
    times = re.findall(r"^---- \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\nIN SERVICE: ", shown, re.M)
    assert len(times) >= 2 and "\x1b" not in shown
    documents = relay.shell("timeout 5 smtp-relay-agent status --watch --json || true")
    first, end = json.JSONDecoder().raw_decode(documents)
    second, _ = json.JSONDecoder().raw_decode(documents[end:].lstrip())
    assert first["role"] == second["role"] == "relay"


def test_watch_waits_for_the_first_pass(binary):
    """On a host without one: this machine."""
    with pytest.raises(subprocess.TimeoutExpired) as waited:
        subprocess.run([binary, "status", "--watch"], capture_output=True, timeout=5)
    assert waited.value.stdout.count(b"No pass has run since this host was booted") >= 2

"""The lab's own commands."""

import os
import re
import shlex
import signal
import subprocess
from pathlib import Path
from typing import TextIO

import pytest

from pages import lines

LAB = Path(__file__).resolve().parents[1] / "Lab" / "lab"


def run(binary, *arguments, timeout=300):
    return subprocess.run([LAB, *arguments], env={**os.environ, "LAB_BINARY": str(binary)}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=timeout)


def traces(lab: str) -> list[str]:
    """The things that a lab has left behind."""
    names = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout.split()
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    runs = [str(path) for path in (LAB.parents[2] / ".build/lab/run").glob("*")]
    processes = [str(path) for path in Path("/proc").glob("[0-9]*/cmdline") if lab in read(path)]
    return [thing for thing in (*names, *mounts, *runs) if lab in thing] + processes


def networks(lab: str) -> list[TextIO]:
    """The lab's network namespaces: a machine's own processes do not name their lab, but stay in its network.

    They are open files: of a namespace that is gone, the next one, which may be another lab's, gets the number.
    """
    return [path.open() for path in Path("/run/netns").glob(f"{lab}-*")]


def strays(networks: list[TextIO]) -> list[str]:
    """The processes that are still in these networks."""
    assert networks
    numbers = {os.fstat(network.fileno()).st_ino for network in networks}
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "ns/net").stat().st_ino in numbers:
                found.append(read(process / "cmdline"))
        except OSError:
            pass
    return found


def read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def name_in(output: str) -> str:
    found = re.search(r"lab (lab[0-9a-f]{4})", output)
    assert found, output
    return found.group(1)


def test_demo_shows_it_all_ends_by_itself_and_leaves_nothing_behind(binary):
    result = run(binary, "demo")
    assert result.returncode == 0, result.stdout
    assert result.stdout.count("arrived: mail") == 6
    assert result.stdout.count("is in service after") == 2
    assert "554 5.7.1" in result.stdout
    assert "the node is as it should be" in result.stdout
    assert traces(name_in(result.stdout)) == []
    # The next steps are the lab's own commands.
    _, following = result.stdout.split("Try next:\n")
    commands = re.findall(r"Tests/Lab/lab (\w+)", following)
    assert commands == ["up", "shell", "shell", "shell", "send", "status", "down"]


def test_up_send_shell_status_and_down_as_the_page_has_them(binary):
    up, send, shell, status, down = (shlex.split(line.removeprefix("Tests/Lab/lab ")) for line in lines("sh lab"))
    try:
        result = run(binary, *up)
        assert result.returncode == 0, result.stdout
        assert "is up" in result.stdout
        inside = networks(name_in(result.stdout))
        assert run(binary, *send).stdout.count("submitted: ") == 2
        assert "postfix" in run(binary, *shell).stdout
        assert run(binary, *status).stdout.count("  UP") == 2
    finally:
        down = run(binary, *down)
    assert down.returncode == 0
    assert traces(name_in(result.stdout)) + strays(inside) == []


@pytest.mark.parametrize("way", ["Ctrl-C", "SIGTERM", "a closed pipe"])
def test_up_that_is_given_up_leaves_nothing_behind(binary, way):
    # A shell has its background jobs ignore Ctrl-C, and these tests may run in one.
    process = subprocess.Popen([LAB, "up"], env={**os.environ, "LAB_BINARY": str(binary)}, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
    name = ""
    for line in process.stdout:
        if found := re.search(r"lab (lab[0-9a-f]{4}):", line):
            name = found.group(1)
        if "booting r1" in line:
            break
    inside = networks(name)
    if way == "a closed pipe":
        process.stdout.close()
    else:
        process.send_signal(signal.SIGINT if way == "Ctrl-C" else signal.SIGTERM)
    assert process.wait(120) != 0
    assert name and traces(name) + strays(inside) == []


def test_measure_tells_what_it_costs(binary):
    result = run(binary, "measure", "--boots", "1", "--runs", "2")
    assert result.returncode == 0, result.stdout
    for words in ("in service, a stock image: median", "in service, a baked image: median", "a baked image saves",
                  "ms of processor time of 2", "MB at most of 2", "child process"):
        assert words in result.stdout, result.stdout


def test_throughput_compares_a_relay_with_and_without_the_signer(binary):
    result = run(binary, "throughput", "--rounds", "2", "--messages", "15")
    assert result.returncode == 0, result.stdout
    numbers = r": median [1-9]\d* messages/s accepted, [1-9]\d* messages/s delivered, of 2 runs of 15$"
    for name in ("without", "with"):
        assert re.search(rf"throughput {name} the signer{numbers}", result.stdout, re.M), result.stdout
    assert re.search(r"as a part of that without it: \d\.\d\d accepted, \d\.\d\d delivered$", result.stdout, re.M), result.stdout


@pytest.mark.large
def test_measure_idle_tells_every_figure_beside_its_budget(binary):
    result = run(binary, "measure", "--idle", "1")
    figures = {found.group(1): found.group(2, 3) for found in
               re.finditer(r"idle: (.+): ([0-9.e+]+ .+?)(?:, budget [0-9.]+: (.+))?$", result.stdout, re.M)}
    for name in ("processor time", "a pass with nothing to do, mean of 10"):
        # The time of an act means something only on a machine with nothing else to do.
        assert figures[name][1] in ("holds", "DOES NOT HOLD"), result.stdout
    for name in ("resident memory at most", "AWS calls", "log lines", "a pass with nothing to do"):
        assert figures[name][1] == "holds", result.stdout
    for name in ("time", "passes", "share of memory (PSS)", "threads", "context switches", "metadata calls",
                 "its child process, of that", "system calls, of 15 s"):
        assert name in figures, result.stdout

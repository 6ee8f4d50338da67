"""The keeper of System V's script, with a stand-in for the agent: one keeper, and no agent that nobody knows of."""

import contextlib
import os
import subprocess
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def service(tmp_path):
    """The script, with all of its places in a folder of its own."""
    name = f"agent-{os.getpid()}"
    program = tmp_path / name
    program.write_text(f"#!/bin/sh\necho run >>{tmp_path}/runs\nwhile :; do sleep 0.1; done\n")
    program.chmod(0o755)
    text = (REPOSITORY / "units/smtp-relay-agent.init").read_text()
    text = text.replace("name=smtp-relay-agent", f"name={name}").replace("/etc/init.d/$name", f"{tmp_path}/script-$name")
    text = text.replace("/usr/local/bin/$name", str(program)).replace("/var/log", str(tmp_path))
    text = text.replace("/var/run", str(tmp_path)).replace("/var/lock", str(tmp_path))
    script = tmp_path / f"script-{name}"
    script.write_text(text)
    script.chmod(0o755)
    service = type("Service", (), {"script": script, "name": name, "folder": tmp_path})
    yield service
    subprocess.run([script, "stop"], timeout=30)
    for process in processes(name, "run") + processes(name, "keep"):
        os.kill(process, 9)


def processes(name: str, word: str) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(name.encode() in part for part in words) and word.encode() in words:
            found.append(int(folder.name))
    return found


def settle(name: str, keepers: int, agents: int) -> None:
    deadline = time.monotonic() + 10
    while (len(processes(name, "keep")), len(processes(name, "run"))) != (keepers, agents):
        assert time.monotonic() < deadline, (processes(name, "keep"), processes(name, "run"))
        time.sleep(0.05)


def test_two_starts_at_once_make_one_keeper(service):
    starts = [subprocess.Popen([service.script, "start"]) for _ in range(4)]
    assert [start.wait(30) for start in starts] == [0] * 4
    time.sleep(1)
    settle(service.name, 1, 1)
    subprocess.run([service.script, "stop"], check=True, timeout=30)
    settle(service.name, 0, 0)


@pytest.mark.parametrize("pause", [0, 0.03])
def test_a_stop_right_after_a_start_leaves_no_agent(service, pause):
    for _ in range(2):
        start = subprocess.Popen([service.script, "start"])
        time.sleep(pause)
        subprocess.run([service.script, "stop"], check=True, timeout=30)
        start.wait(30)
        subprocess.run([service.script, "stop"], check=True, timeout=30)
        settle(service.name, 0, 0)


def test_a_signal_to_the_keeper_makes_no_second_agent(service):
    subprocess.run([service.script, "start"], check=True, timeout=30)
    settle(service.name, 1, 1)
    for _ in range(3):
        os.kill(processes(service.name, "keep")[0], 15)
        time.sleep(0.2)
    settle(service.name, 1, 1)
    assert (service.folder / "runs").read_text() == "run\n"


def test_a_dead_agent_is_started_again(service):
    subprocess.run([service.script, "start"], check=True, timeout=30)
    settle(service.name, 1, 1)
    os.kill(processes(service.name, "run")[0], 9)
    deadline = time.monotonic() + 10
    while (service.folder / "runs").read_text() != "run\nrun\n":
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_keeper_that_is_killed_leaves_no_agent_that_nobody_knows(service):
    """The next keeper, as cron starts it, finds the agent by its pid file, whenever the former one was killed."""
    for pause in (0, 0.01, 0.02, 0.05, 0.3):
        start = subprocess.Popen([service.script, "start"])
        deadline = time.monotonic() + 10
        while not (keepers := processes(service.name, "keep")):
            assert time.monotonic() < deadline
        time.sleep(pause)
        # The caller would wait for the keeper.
        start.kill()
        start.wait(30)
        for keeper in keepers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(keeper, 9)
        # A killed process is there for a moment more, and would be taken for a keeper that lives.
        while set(keepers) & set(processes(service.name, "keep")):
            assert time.monotonic() < deadline
        subprocess.run([service.script, "start"], check=True, timeout=30)
        settle(service.name, 1, 1)
        subprocess.run([service.script, "stop"], check=True, timeout=30)
        settle(service.name, 0, 0)


def test_without_flock_there_is_one_keeper_too(service, tmp_path):
    """A host whose util-linux lacks it."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for place in ("/usr/bin", "/bin", "/usr/sbin", "/sbin"):
        for program in Path(place).iterdir():
            if program.name != "flock" and not (folder / program.name).exists():
                (folder / program.name).symlink_to(program)
    text = service.script.read_text()
    path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    assert path in text
    service.script.write_text(text.replace(path, f"PATH={folder}"))
    starts = [subprocess.Popen([service.script, "start"]) for _ in range(4)]
    assert [start.wait(30) for start in starts] == [0] * 4
    time.sleep(2)
    settle(service.name, 1, 1)

"""Every command in README.md is run, and every setting and command is in it."""

import re
import subprocess
from pathlib import Path

import pytest

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()


def blocks(info: str) -> list[str]:
    """The lines of the code blocks of a kind."""
    return [line for block in re.findall(rf"^```{info}\n(.*?)^```", README, re.S | re.M) for line in block.splitlines()]


@pytest.mark.parametrize("command", blocks("sh node"))
def test_each_command_for_a_node_works_there(lab, command):
    result = lab.relays[0].exec("sh", "-c", command, check=False)
    assert result.returncode == 0, result.stdout


def test_the_commands_for_this_machine_are_the_two_that_are_tested():
    # test_lab.py runs the first, and this test is run by the second.
    assert blocks("sh") == ["Tests/Lab/lab demo", "Tests/run"]


@pytest.mark.parametrize("settings", [["mail.domain=example.com"], ["role=sender", "sender.relayhost=[10.0.0.25]"]])
def test_every_setting_is_in_the_table(binary, settings):
    flags = [word for setting in settings for word in ("--set", setting)]
    shown = subprocess.run([binary, "config", "show", "--no-tags", *flags], capture_output=True, text=True, check=True).stdout
    for line in shown.splitlines():
        assert f"| `{line.split(' = ')[0]}` |" in README


def test_every_finding_of_the_doctor_is_in_the_readme():
    registry = (Path(__file__).resolve().parents[2] / "Sources/Doctor/Registry").glob("*.swift")
    text = "".join(path.read_text() for path in registry)
    names = set(re.findall(r'FindingKind\(\s*"([a-z0-9-]+)"', text))
    assert len(names) > 40
    assert [name for name in sorted(names) if f"`{name}`" not in README] == []

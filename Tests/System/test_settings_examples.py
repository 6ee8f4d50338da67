"""The settings' examples in cloud-init/ are valid, complete, and in step with the binary and the reference."""

import re
import subprocess
import tomllib

import pytest

from pages import PAGES
from relaylab import paths

FOLDER = paths.REPOSITORY / "cloud-init"
FULL = (FOLDER / "config.full.toml").read_text()
REFERENCE = PAGES["units/REFERENCE.md"]


def flat(table: dict, prefix: str = "") -> dict:
    """Each setting by its whole name; the parameters of [postfix] are one."""
    settings = {}
    for key, value in table.items():
        settings |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) and key != "postfix" else {f"{prefix}{key}": value}
    return settings


@pytest.fixture(scope="module")
def shown(binary) -> dict[str, str]:
    """Each setting that the binary knows, with its default as it is shown."""
    text = subprocess.run([binary, "config", "show", "--no-tags", "--set", "mail.domain=example.com"],
                          capture_output=True, text=True, check=True).stdout
    return dict(re.fullmatch(r"(\S+) = (.*?) +# .*", line).groups() for line in text.splitlines())


def with_examples(*left_out: str) -> str:
    """The full example with what is an example in force as well, but for some settings."""
    lines, section = [], ""
    for line in FULL.splitlines():
        line = line.removeprefix("#") if re.match(r"#\[|#[a-z_]+ = ", line) else line
        section = line.strip("[]") + "." if line.startswith("[") else section
        if section + line.split(" = ")[0] not in left_out:
            lines.append(line)
    return "\n".join(lines)


@pytest.mark.parametrize("name", ["config.minimal.toml", "config.full.toml"])
def test_an_example_is_valid(binary, name):
    result = subprocess.run([binary, "config", "check", "--config", FOLDER / name], capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "The settings are in order.\n"), result.stderr


# Keys of which only one may be set.
FILES = ("mail.upstream.password_file", "mail.dkim.key_file", "mail.destination.rate")
PARAMETERS = ("mail.upstream.password_parameter", "mail.dkim.key_parameter", "mail.destination.concurrency")


@pytest.mark.parametrize("other", [FILES, PARAMETERS], ids=["parameters", "files"])
def test_what_the_full_example_leaves_to_choose_is_valid_as_well(binary, tmp_path, other):
    path = tmp_path / "config.toml"
    path.write_text(with_examples(*other))
    result = subprocess.run([binary, "config", "check", "--config", path], capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "The settings are in order.\n"), result.stderr


def test_the_full_example_names_every_setting_and_no_other(shown):
    assert set(flat(tomllib.loads(with_examples()))) == set(shown)


def test_what_is_in_force_in_the_full_example_is_the_default(shown):
    in_force = flat(tomllib.loads(FULL))
    # A list of tables that is empty can't stand beside the example of one.
    defaults = {name: tomllib.loads(f"value = {value}")["value"] for name, value in shown.items()
                if value != "(not set)" and name not in (
                    "mail.transport", "mail.destination", "mail.dkim", "mail.client", "mail.rewrite.map")}
    assert in_force == defaults


def test_the_reference_has_the_same_defaults(shown):
    for name, value in shown.items():
        default, = re.findall(rf"^\| `{re.escape(name)}` \|[^|]*\| ([^|]*) \|", REFERENCE, re.M)
        if value != "(not set)" and name != "mail.domain":
            assert default.strip("`") in (value, value.strip('"'))
        if value == "(not set)":
            # In words, or another setting's value.
            assert default


def test_each_setting_of_the_full_example_is_explained():
    lines = FULL.splitlines()
    for before, line in zip(lines, lines[1:]):
        if re.match(r"#?[a-z_]+ = ", line):
            # In a line of its own, or together with the one before.
            assert re.match(r"# |#?[a-z_]+ = |#\[\[", before), line

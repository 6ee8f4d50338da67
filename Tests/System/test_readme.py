"""The pages: links work, each command is run by a test, tables agree with the code, and the reference is the program's own."""

import os
import re
import shlex
import subprocess

import pytest

from pages import ALL, PAGES, ROOT, anchors, blocks, code, kinds, lines, links, section

SOURCES = ROOT / "Sources"
# Each is run by a test: 'sh' and 'sh lab' by test_lab.py, 'sh aws' by test_stack_options.py and test_stack_monitoring.py,
# 'sh session' by test_sessions.py, 'sh release' and 'sh checks' by test_release.py, 'sh inbox' by test_inbox.py,
# 'sh monitoring' by test_monitoring.py, and the others here.
KINDS = {"sh", "sh here", "sh lab", "sh inbox", "sh node", "sh aws", "sh session", "sh release", "sh checks", "sh monitoring",
         "toml", "python", "text"}


# Links


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    for link in links(PAGES[page]):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = (ROOT / page).parent / name if name else ROOT / page
        assert target.exists(), link
        assert ROOT in target.resolve().parents, link
        if anchor:
            assert anchor in anchors(target.read_text()), link


def test_every_page_can_be_reached_from_the_first():
    reached, waiting = set(), ["README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        for link in links(PAGES[page]):
            target = ((ROOT / page).parent / link.split("#")[0]).resolve()
            name = target.relative_to(ROOT).as_posix() if ROOT in target.parents else ""
            if name in PAGES and name not in reached:
                waiting.append(name)
    assert reached == set(PAGES)


def test_the_first_page_has_two_screens():
    assert len(PAGES["README.md"].splitlines()) <= 110


# Commands


def test_every_code_block_is_of_a_kind_that_is_tested():
    for page, text in PAGES.items():
        assert set(kinds(text)) <= KINDS, page


def test_the_commands_for_this_machine_are_the_two_that_are_tested():
    # test_lab.py runs the first, and this test is run by the second.
    assert lines("sh") == ["Tests/Lab/lab demo", "Tests/run"]


@pytest.mark.parametrize("command", lines("sh here"))
def test_each_command_for_any_machine_works(binary, tmp_path, command):
    path = f"{binary.parent}:{os.environ['PATH']}"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", lines("sh node"))
def test_each_command_for_a_node_works_there(lab, command):
    result = lab.relays[0].exec("sh", "-c", command, check=False)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("settings", blocks("toml"))
def test_each_example_of_settings_is_valid(binary, tmp_path, settings):
    path = tmp_path / "config.toml"
    path.write_text(settings)
    checked = subprocess.run([binary, "config", "check", "--config", path], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("example", blocks("python"))
def test_each_example_of_a_test_is_one(example):
    assert [path.name for path in (ROOT / "Tests/System").glob("test_*.py") if example in path.read_text()]


def subcommands(binary, *words: str) -> set[str]:
    text = subprocess.run([binary, *words, "--help"], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"^  ([a-z-]+)(?:  |$)", text.split("SUBCOMMANDS:\n")[1], re.M))


def test_every_command_of_the_program_in_running_text_exists(binary):
    known = subcommands(binary) | {"help"}
    found = [word for word in code(ALL) if re.match(r"(\S*/)?smtp-relay-agent(\.previous)? ", word)]
    assert len(found) > 10
    for command in found:
        words = shlex.split(command)[1:]
        assert words[0] in known, command
        if words[0] == "config":
            assert words[1] in subcommands(binary, "config"), command
        # Flags too.
        for flag in (word for word in words if word.startswith("--")):
            shown = subprocess.run([binary, words[0], "--help"], capture_output=True, text=True, check=True).stdout
            assert flag in shown, command


def test_every_command_of_the_lab_in_running_text_exists():
    source = (ROOT / "Tests/Lab/relaylab/__main__.py").read_text()
    found = [word for word in code(ALL) if re.match(r"(Tests/Lab/)?lab ", word)]
    assert found
    for command in found:
        assert f'("{command.split()[1]}", ' in source, command


def test_every_call_of_the_lab_in_running_text_exists():
    text = "".join(path.read_text() for path in (ROOT / "Tests/Lab/relaylab").glob("*.py"))
    calls = {found.group(2) for word in code(PAGES["Tests/README.md"])
             if (found := re.match(r"(relay|lab)\.(\w+)\(", word))}
    assert len(calls) > 10
    assert [name for name in sorted(calls) if f"def {name}(self" not in text] == []


def test_every_file_that_a_page_names_exists():
    for page, text in PAGES.items():
        for name in code(text):
            if re.fullmatch(r"(Tests|Sources|cloud-init|units|System)/[\w./-]+", name):
                assert [place for place in (ROOT, ROOT / page, ROOT / "Tests") if (place / name).exists()], f"{page}: {name}"


# Tables


def test_every_promise_has_tests_that_exist():
    rows = re.findall(r"^\| (.*) \| (.*) \|$", section("README.md", "## What it promises"), re.M)[2:]
    assert len(rows) >= 10
    for promise, proof in rows:
        files = re.findall(r"`(test_\w+\.py)`", proof)
        assert files, promise
        texts = [(ROOT / "Tests/System" / name).read_text() for name in files]
        for prefix in re.findall(r"`(test_\w+)_\.\.\.`", proof):
            assert any(f"def {prefix}" in text for text in texts), prefix


def test_the_map_of_the_code_has_every_module():
    modules = {path.name for path in SOURCES.iterdir() if path.is_dir()}
    assert {name for name in code(PAGES["Sources/README.md"])} >= modules


def test_every_finding_of_the_doctor_is_in_the_reference():
    text = "".join(path.read_text() for path in (SOURCES / "Doctor/Registry").glob("*.swift"))
    names = set(re.findall(r'FindingKind\(\s*"([a-z0-9-]+)"', text))
    table = section("units/REFERENCE.md", "## Findings")
    assert len(names) > 40
    assert [name for name in sorted(names) if f"| `{name}` |" not in table] == []


# The reference


def test_the_reference_is_what_the_program_says(binary):
    """After a change: .build/release/smtp-relay-agent help --markdown > units/REFERENCE.md"""
    page = subprocess.run([binary, "help", "--markdown"], capture_output=True, text=True, check=True).stdout
    assert PAGES["units/REFERENCE.md"].splitlines() == page.splitlines()


TOPICS = re.findall(r"^- `smtp-relay-agent help ([a-z]+)`: ", PAGES["units/REFERENCE.md"], re.M)


def test_the_reference_has_these_topics():
    assert set(TOPICS) >= {"settings", "metrics", "findings", "errors"}


@pytest.mark.parametrize("topic", TOPICS)
def test_help_shows_each_row_of_a_topic(binary, topic):
    shown = subprocess.run([binary, "help", topic], capture_output=True, text=True, check=True).stdout
    rows = re.findall(r"^\| `([^`]+)` \|", section("units/REFERENCE.md", f"## {topic.capitalize()}"), re.M)
    assert len(rows) > 15
    assert [row for row in rows if f"\n{row}\n" not in shown] == []
    assert max(map(len, shown.splitlines())) <= 100 and "`" not in shown


@pytest.mark.parametrize("words, seen", [
    ((), "SUBCOMMANDS:"), (("drain",), "USAGE: smtp-relay-agent drain"), (("config", "check"), "USAGE: smtp-relay-agent config check"),
])
def test_help_shows_commands_as_well(binary, words, seen):
    shown = subprocess.run([binary, "help", *words], capture_output=True, text=True, check=True).stdout
    assert seen in shown


def test_help_on_anything_else_names_the_topics(binary):
    refused = subprocess.run([binary, "help", "nonsense"], capture_output=True, text=True)
    assert refused.returncode == 64
    assert f"'nonsense' is neither a command nor a topic; the topics are {', '.join(TOPICS)}" in refused.stderr


@pytest.mark.parametrize("settings", [["mail.domain=example.com"], ["role=sender", "sender.relayhost=[10.0.0.25]"]])
def test_every_setting_is_in_the_reference(binary, settings):
    flags = [word for setting in settings for word in ("--set", setting)]
    shown = subprocess.run([binary, "config", "show", "--no-tags", *flags], capture_output=True, text=True, check=True).stdout
    table = section("units/REFERENCE.md", "## Settings")
    for line in shown.splitlines():
        assert f"| `{line.split(' = ')[0]}` |" in table


def test_every_metric_of_a_node_is_in_the_reference(lab):
    relay = lab.relays[0]
    shown = relay.shell("curl -fsS http://127.0.0.1/metrics")
    table = section("units/REFERENCE.md", "## Metrics")
    names = set(re.findall(r"^# TYPE (\S+) ", shown, re.M))
    assert len(names) > 10
    for name in names:
        labels = set(re.findall(rf"^{name}{{(\w+)=", shown, re.M))
        row, = re.findall(rf"^\| `{name}` \|.*\|$", table, re.M)
        assert row.endswith(f"| `{labels.pop()}` |" if labels else "| |"), row


# The texts of nginx, not of this program.
FROM_ELSEWHERE = {"bind() to ... failed (13: Permission denied)"}


def test_the_words_of_each_error_stand_in_the_sources():
    rows = re.findall(r"^\| `([^`]+)` \|", section("units/REFERENCE.md", "## Errors"), re.M)
    places = [path for path in SOURCES.rglob("*.swift") if "Reference" not in path.parts]
    # Texts that are written over several lines are one.
    text = re.sub(r"\\\n\s*", "", "\n".join(path.read_text() for path in places))
    missing = [f"{row}: {words}" for row in rows if row not in FROM_ELSEWHERE
               for words in row.split("...") if words.strip(" :") and words.strip(" :") not in text]
    assert missing == []

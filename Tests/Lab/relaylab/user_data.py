"""The user-data of cloud-init/: its copies, and the script with values in place of its examples.

user-data.sh is the source. The other files of cloud-init/ can't include it, so they hold a copy that this program writes:
PYTHONPATH=Tests/Lab python3 -m relaylab.user_data
"""

import re
import textwrap
from pathlib import Path

from . import paths

FOLDER = paths.REPOSITORY / "cloud-init"
URL = "http://artifacts.lab.internal/smtp-relay-agent"
# The examples in user-data.sh that every user replaces.
EXAMPLE_URL, EXAMPLE_SHA256 = "https://example.com/smtp-relay-agent", "SHA256_OF_THE_BINARY"
EXAMPLE_JOINED, EXAMPLE_PROXY, EXAMPLE_DIRECT = 'classic = ["smtp-relay"]', "proxy=''", "direct=''"
EXAMPLE_REGION, EXAMPLE_DOMAIN = "region=''", "domain=''"
BEFORE_SETTINGS, AFTER_SETTINGS = "<<'SETTINGS'\n", "SETTINGS\n"


def cloud_config(sha256: str, settings: str = "") -> str:
    """With more settings, where a test wants them, at the end of the settings' file."""
    return _of_lab("user-data.yaml", sha256, settings)


def shell_script(sha256: str, settings: str = "") -> str:
    """The same as a script."""
    return _of_lab("user-data.sh", sha256, settings)


def multipart(sha256: str, settings: str = "") -> str:
    """The same as multipart MIME."""
    return _of_lab("user-data.mime", sha256, settings)


def fetch_to(path: str) -> str:
    """User-data that only brings the agent to a path."""
    return f"#!/bin/sh\ncurl -fsS -o {path} {URL}\nchmod 755 {path}\n"


def filled(text: str, values: dict[str, str]) -> str:
    """The text with a value in place of each example. Each example stands in it once."""
    for example, value in values.items():
        if text.count(example) != 1:
            raise ValueError(f"the user-data should have {example} once")
        text = text.replace(example, value)
    return text


def copies() -> dict[Path, str]:
    """The text of each file that holds settings or the script of another file of the folder."""
    settings = (FOLDER / "config.minimal.toml").read_text().split("\n\n", 1)[1]
    shell = _between("user-data.sh", BEFORE_SETTINGS, AFTER_SETTINGS, settings)
    script = "set -eu\n" + shell.split("set -eu\n")[1]
    return {
        FOLDER / "user-data.sh": shell,
        # A subshell: 'set', 'exit' and 'exec' end it, and the entries after it run.
        FOLDER / "user-data.yaml": _between("user-data.yaml", "  - |\n    (\n", "    )\n", _indented(4, script)),
        FOLDER / "user-data.mime": _between("user-data.mime", "#!/bin/sh\n", "\n--smtp-relay-agent--\n", script),
        FOLDER / "stack.yaml": _between("stack.yaml", "          Fn::Base64: !Sub\n          - |\n",
                                        "          - Url:", _indented(12, in_stack(shell))),
    }


def in_stack(shell: str) -> str:
    """The script as the stack's template has it: with settings of its own, and parameters in place of the examples."""
    settings = (FOLDER / "stack.yaml").read_text().split(BEFORE_SETTINGS)[1].split(" " * 12 + AFTER_SETTINGS)[0]
    head, rest = short(shell).replace("${", "${!").split(BEFORE_SETTINGS)
    return filled(head + BEFORE_SETTINGS + textwrap.dedent(settings) + AFTER_SETTINGS + rest.split(AFTER_SETTINGS, 1)[1], {
        EXAMPLE_URL: "${Url}", EXAMPLE_SHA256: "${Sha256}", EXAMPLE_PROXY: "proxy='${Proxy}'",
        EXAMPLE_DIRECT: "direct='${NoProxy}'", EXAMPLE_REGION: "region='${AWS::Region}'",
        EXAMPLE_DOMAIN: "domain='${AWS::URLSuffix}'"})


def short(shell: str) -> str:
    """The script without its comments, and with narrow indentation: a template may not be longer than 51,200 bytes."""
    bare = re.sub("^ *# .*\n", "", shell, flags=re.M)
    return re.sub("^(?: {4})+", lambda indentation: " " * (len(indentation[0]) // 4), bare, flags=re.M)


def _of_lab(name: str, sha256: str, settings: str) -> str:
    text = filled((FOLDER / name).read_text(), {EXAMPLE_URL: URL, EXAMPLE_SHA256: sha256})
    before, after = text.split(EXAMPLE_JOINED)
    indentation = before.rsplit("\n", 1)[1]
    return before + f"\n{indentation}".join([EXAMPLE_JOINED, *settings.splitlines()]) + after


def _between(name: str, before: str, after: str, text: str) -> str:
    """A file of the folder with this text between two others."""
    head, rest = (FOLDER / name).read_text().split(before, 1)
    return head + before + text + after + rest.split(after, 1)[1]


def _indented(columns: int, text: str) -> str:
    return "".join(" " * columns + line if line.strip() else line for line in text.splitlines(keepends=True))


if __name__ == "__main__":
    for path, text in copies().items():
        path.write_text(text)

"""The pages' commands for the stack's nodes: those that Session Manager runs there, and those that ask AWS."""

import re
import shlex

import botocore.session
import pytest

from conftest import boot_pair
from pages import ALL
from relaylab.lab import Lab

BLOCKS = re.findall(r"^ *```sh session\n(.*?)^ *```$", ALL, re.S | re.M)
COMMANDS = [command for block in BLOCKS for command in block.replace("\\\n", " ").splitlines()]
RUN = [re.search(r'command="sudo (.*)"', command)[1] for command in COMMANDS if "start-session" in command]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_one_of_the_aws_command_line(command):
    program, service, verb, *options = shlex.split(command)
    model = botocore.session.get_session().get_service_model(service)
    name = "".join(word.capitalize() for word in verb.split("-"))
    assert program == "aws" and name in model.operation_names
    known = {re.sub(r"(?<!^)([A-Z])", r"-\1", member).lower() for member in model.operation_model(name).input_shape.members}
    assert {option.removeprefix("--") for option in options[::2]} <= known | {"query"}


def test_each_command_for_a_node_works_there(binary):
    """'drain' on one after the other: the first hands its mail over, and the last one delivers it."""
    assert {command.split()[-1] for command in RUN} == {"doctor", "status", "drain"}
    with Lab(binary) as lab:
        boot_pair(lab, "")
        # sudo has no other way to find it on some systems.
        assert all(command.startswith("/usr/local/bin/smtp-relay-agent ") for command in RUN)
        for command in RUN:
            if not command.endswith("drain"):
                lab.relays[0].shell(command, check=command.endswith("status"))
        subjects = lab.send(4)
        for relay in lab.relays:
            relay.shell(next(command for command in RUN if command.endswith("drain")))
        assert sorted(mail["subject"] for mail in lab.wait_for_mails(subjects)) == sorted(subjects)

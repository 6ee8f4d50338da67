"""The program reads and writes main.cf and master.cf as Postfix 3.5, 3.7 and 3.10 read them.

The program's side is said by postfix-model (Tests/PostfixModel), Postfix's by its own postconf. The files are made by
chance, the same ones at every run; more of them, or others, by FUZZ_ROUNDS=2000 FUZZ_SEED=7.
"""

import json
import os
import random
import re
import shutil
import subprocess
import uuid

import pytest

from relaylab import image
from relaylab.shell import run

RELEASES = {"bullseye": "3.5", "bookworm": "3.7", "trixie": "3.10"}
ROUNDS = int(os.environ.get("FUZZ_ROUNDS", 50))
SEED = int(os.environ.get("FUZZ_SEED", 1))

FACTS = {
    "instanceID": "i-0123456789abcdef0", "region": "eu-central-1", "partition": "aws", "servicesDomain": "amazonaws.com",
    "availabilityZone": "eu-central-1a", "vpcID": "vpc-1", "subnetID": "subnet-1", "mac": "0e:49:61:0f:c3:11",
    "privateAddress": "10.0.1.10", "ipv6Addresses": ["2001:db8:1::10"],
    "vpcNetworks": ["10.0.0.0/16", "10.1.0.0/16", "2001:db8:1::/56"], "subnetNetwork": "10.0.1.0/24", "tags": {},
    "tagSource": "metadata",
    "operatingSystem": {"id": "amzn", "idLike": [], "versionID": "2023", "prettyName": "Amazon Linux 2023"},
}

# Some that the agent sets and some that it does not; postconf takes any text for them, and prints it as it is.
PARAMETERS = ("mydestination mynetworks relayhost smtpd_banner relay_domains myorigin smtpd_relay_restrictions "
              "smtpd_recipient_restrictions home_mailbox debugger_command "
              "transport_maps smtp_sasl_password_maps virtual_alias_maps header_checks").split()
WORDS = ("permit_mynetworks", "$mydomain", "${mail_name}", "${x?{a}:{b}}", "10.0.0.0/8", "[::1]/128", "a=b", "=", "==", "#no",
         "x,", ",", "hash:/etc/aliases", "\"q\"", "\\", "Ä", "\u0301x", "e\u0301", "\u00a0", "\u2028", "{", "}", "(", ";", "'")
SPACES = (" ", "  ", "\t", " \t ", "\r", "\v", "\f")
SETTINGS = (
    ["mail.domain=example.com"],
    ["mail.domain=example.com", "mail.hostname=relay.example.com", "mail.destinations=a.example,b.example"],
    ["mail.domain=x.example", "mail.networks=subnet,192.168.7.0/24,2001:db8:9::/64"],
    ["mail.domain=x.example", "mail.networks=203.0.0.0/16", "mail.allow_public_networks=203.0.0.0/16"],
)


def main_cf(chance: random.Random) -> str:
    lines = [chance.choice(("# a comment", "", " # an indented comment", "\t", " leading = orphan"))]
    for _ in range(chance.randrange(12)):
        name = chance.choice(PARAMETERS)
        before, after = (chance.choice(("", *SPACES)) for _ in range(2))
        lines.append(name + before + "=" + after + text(chance))
        for _ in range(chance.choice((0, 0, 0, 1, 3))):
            lines.append(chance.choice(("# in between", "", " ", "#\u0301", chance.choice(SPACES) + text(chance),
                                        chance.choice(SPACES) + "#" + text(chance))))
    return "\n".join(lines) + chance.choice(("", "\n", "\r\n"))


def text(chance: random.Random) -> str:
    return chance.choice(SPACES).join(chance.choice(WORDS) for _ in range(chance.randrange(4))) + chance.choice(("", " "))


# postconf(1) takes "-vorelayhost=x" apart at its last "o", unlike the servers themselves; so there is one "o" in it.
OPTIONS = ("-v", "-o a=b", "-oa=b", "-vo relayhost=x", "-vob=x", "-o {mynetworks = 10.0.0.0/8 10.1.0.0/16}",
           "-o { smtpd_banner = x y }", "-o {relayhost=}", "-o smtpd_banner=", "-o {a=\n  b}", "-o\n\tmydestination=$x",
           "-o smtpd_relay_restrictions=permit_mynetworks,reject", "-o b=c=d", "-o syslog_name=postfix/$service_name",
           "\n# in between\n  -o b=Ä", "\n\n  -o a=\u0301", "-o {b = ${x?{1 2}:{3}} }", "-D")


def master_cf(chance: random.Random) -> str:
    entries = ["# service type  private unpriv  chroot  wakeup  maxproc command", ""]
    services = ["smtp inet", "submission inet", "127.0.0.1:10025 inet", "pickup unix", "relay unix", "smtp unix", "[::1]:26 inet"]
    for service in chance.sample(services, chance.randrange(len(services) + 1)):
        command = {"pickup unix": "pickup", "relay unix": "smtp", "smtp unix": "smtp"}.get(service, "smtpd")
        fields = [*service.split(), "n", "-", chance.choice("ny"), "-", chance.choice(("-", "10")), command]
        options = chance.sample(OPTIONS, chance.randrange(4))
        entries.append(chance.choice((" ", "\t", "   ", "\n  ")).join(fields) + "".join(f" {option}" for option in options))
        entries.append(chance.choice(("", "#smtps inet n - y - - smtpd", "  # a comment", "  ")))
    return "\n".join(entries) + chance.choice(("", "\n", "\r\n"))


@pytest.fixture(scope="module")
def cases(binary):
    """Files made by chance, each with what the model says of it."""
    chance = random.Random(SEED)
    cases = [{
        "main": main_cf(chance), "master": master_cf(chance), "settings": chance.choice(SETTINGS), "facts": FACTS,
        "edits": [[chance.choice(PARAMETERS), " ".join(text(chance).split())] for _ in range(2)],
    } for _ in range(ROUNDS)]
    said = subprocess.run([binary.parent / "postfix-model"], input=json.dumps(cases), capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    return list(zip(cases, json.loads(said.stdout), strict=True))


@pytest.fixture(scope="module", params=RELEASES)
def postfix(request):
    """A root with a release's Postfix."""
    root = image.postfix(request.param)
    version = run("chroot", root, "postconf", "-hd", "mail_version").stdout.strip()
    assert re.match(re.escape(RELEASES[request.param]) + r"\.\d+$", version)
    return root


def postconf(root, files: dict[str, dict]) -> dict[str, dict]:
    """The output of postconf for files, by the names of their folders: each option's status and output."""
    folder = f"tmp/{uuid.uuid4()}"
    try:
        for name, pair in files.items():
            (root / folder / name).mkdir(parents=True)
            for file in ("main", "master"):
                (root / folder / name / f"{file}.cf").write_text(pair[file], newline="")
        ask = ('cd "$0"; for name in *; do for option in n M P; do'
               ' postconf -c "$0/$name" -$option >$name/$option 2>$name/$option.err; echo $? >$name/$option.status;'
               ' done; done')
        run("chroot", root, "sh", "-c", ask, f"/{folder}", timeout=3600)

        def answer(name: str, option: str) -> str:
            place = root / folder / name
            assert (place / f"{option}.status").read_text() == "0\n", (files[name], (place / f"{option}.err").read_text())
            return (place / option).read_bytes().decode()

        return {name: {option: answer(name, option) for option in "nMP"} for name in files}
    finally:
        shutil.rmtree(root / folder)


def folded(value: str) -> str:
    """With a space for any white space of C's, as the program has it; Python's own would take more for white space."""
    return re.sub(r"[ \t\r\v\f]+", " ", value).strip(" ")


def assignments(printed: str) -> dict[str, str]:
    """The lines of 'postconf -n' and 'postconf -P'. What Unicode calls a line's end is none to Postfix.

    Older postconf lists the folder that it was told to read, too, which is in none of the files.
    """
    pairs = [line.split("=", 1) for line in printed.split("\n") if line and not line.startswith("config_directory =")]
    return {folded(name): folded(value) for name, value in pairs}


def assert_agrees(read: dict, said: dict) -> None:
    """That postconf reads of a pair of files what the model says of it."""
    values = assignments(read["n"])
    # The names are Postfix's own, so that it prints every one.
    assert values == {name: folded(value) for name, value in said["values"].items()}, said["main"]
    services = [line.split() for line in read["M"].split("\n") if line]
    assert [(fields[0], fields[1], fields[7]) for fields in services] == [
        (service["name"], service["type"], service["command"]) for service in said["services"]], said["master"]
    overrides = {f"{service['name']}/{service['type']}/{name}": folded(value)
                 for service in said["services"] for name, value in service["overrides"]}
    assert assignments(read["P"]) == overrides, said["master"]


STATES = ("found", "edited", "node")


@pytest.fixture(scope="module")
def read(postfix, cases):
    """The values that a release reads in the files of each case, in each of their states."""
    files = {f"{number}-{state}": answer[state]
             for number, (_, answer) in enumerate(cases) for state in STATES if answer.get(state)}
    return postconf(postfix, files)


@pytest.mark.parametrize("state", STATES)
def test_postfix_reads_what_the_model_says(read, cases, state):
    said = {f"{number}-{state}": answer[state] for number, (_, answer) in enumerate(cases) if answer.get(state)}
    assert len(said) > ROUNDS / 5
    for name, files in said.items():
        assert_agrees(read[name], files)


def test_an_edit_means_to_postfix_what_it_was_to_mean_and_nothing_else(read, cases):
    for number, (case, answer) in enumerate(cases):
        found, edited = read[f"{number}-found"], read[f"{number}-edited"]
        wanted = assignments(found["n"]) | {name: folded(value) for name, value in case["edits"]}
        assert assignments(edited["n"]) == wanted, answer["edited"]["main"]
        services = [folded(line) for line in edited["M"].split("\n")]
        others = [line for line in map(folded, found["M"].split("\n")) if not line.startswith(SET)]
        assert [line for line in services if not line.startswith(SET)] == others, answer["edited"]["master"]
        ours = [line for line in services if line.startswith(SET)]
        assert ours == [SET + "inet n - n - 2 smtpd -o biff=no"], answer["edited"]["master"]


# The service that the model sets in each file.
SET = "127.0.0.1:10025 "


def test_a_nodes_postfix_is_what_its_settings_mean(read, cases):
    for number, (case, answer) in enumerate(cases):
        if not answer.get("node"):
            continue
        node = read[f"{number}-node"]
        values = assignments(node["n"])
        assert {key: values.get(key) for key in answer["parameters"]} == answer["parameters"], answer["node"]["main"]
        services = [folded(line) for line in node["M"].split("\n")]
        assert any(line.startswith(("smtp inet ", "25 inet ")) for line in services), case["master"]
        # The agent has no listener of its own there, and what is somebody else's stays.
        found = [folded(line) for line in read[f"{number}-found"]["M"].split("\n")]
        own = [[line for line in lines if line.startswith(SET)] for lines in (found, services)]
        assert own[0] == own[1], case["master"]
        if not answer["isProvable"]:
            continue
        # Nothing opens port 25 behind main.cf's back.
        policy = r"smtp/inet/(mynetworks|mydestination|relay_domains|smtpd_(relay|recipient|data)_restrictions)$"
        opened = {key: value for key, value in assignments(node["P"]).items()
                  if re.match(policy, key) and value != "permit_mynetworks,reject"}
        assert not opened, case["master"]

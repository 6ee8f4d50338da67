"""The oldest that a node may have: systemd 219, and the system calls of Linux 3.2."""

import re

import pytest

from pages import PAGES
from relaylab import paths, systemd_219, systems, user_data
from relaylab.lab import Lab

AGENT = "/usr/local/bin/smtp-relay-agent"
MAIN = "/etc/postfix/main.cf"
UNITS = sorted(path for kind in ("service", "timer") for path in (paths.REPOSITORY / "units").glob(f"*.{kind}"))
# The properties that the agent asks systemd for, of src/core/dbus-unit.c and dbus-service.c.
PROPERTIES = {"Id", "LoadState", "ActiveState", "UnitFileState", "MainPID"}
# May fail: the comment beside it says so.
MAY_FAIL = ["--relinquish-var"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_each_line_of_a_unit_is_read_or_can_do_without(unit):
    lines = systemd_219.assignments(unit.read_text())
    for section, key, value in lines:
        assert systemd_219.reads(section, key, value) or key in systemd_219.NEWER.get(section, {}), (
            f"what does systemd 219 make of '{key}={value}' in {unit.name}? systemd_219.py does not know yet")
    keys = [key for _, key, _ in lines]
    # There, a list that allows groups of system calls allows none of them.
    assert all(value.startswith("~") for _, key, value in lines if key == "SystemCallFilter")
    # RHEL's up to 7.2 took what a second line leaves out from what the first one gave: config_parse_bounding_set().
    assert keys.count("CapabilityBoundingSet") <= 1
    assert ("Restart" in keys) <= ("StartLimitInterval" in keys)


def test_nothing_is_listed_that_no_unit_says():
    said = {(section, key) for unit in UNITS for section, key, _ in systemd_219.assignments(unit.read_text())}
    for table in (systemd_219.KNOWN, systemd_219.NEWER):
        assert {(section, key) for section in table for key in table[section]} <= said


def test_what_it_does_not_read_is_undone_for_the_systemd_that_plays_it():
    unit = "[Service]\nProtectSystem=full\nProtectSystem=strict\nPrivateTmp=yes\nSystemCallFilter=@system-service \\\n @mount\n"
    assert systemd_219.drop_in(unit).splitlines() == [
        "[Service]", "ProtectSystem=no", "ProtectSystem=full",
        "[Service]", "SystemCallFilter=", "SystemCallFilter=execve exit exit_group rt_sigreturn sigreturn",
        "[Service]", "UnsetEnvironment=JOURNAL_STREAM INVOCATION_ID"]


def test_no_call_of_the_program_has_an_option_of_a_later_systemctl_or_journalctl():
    calls = []
    for path in (paths.REPOSITORY / "Sources").rglob("*.swift"):
        text = path.read_text()
        # Calls: a program and the list of its arguments. Of systemctl's own file, each list.
        calls += [("journalctl", words) for words in re.findall(r'"journalctl",\s*(?://.*\s*)*\[([^]]*)\]', text)]
        if path.name == "Systemd.swift":
            calls += [("systemctl", words) for words in re.findall(r'(?:, |\()\[("[a-z-]+"[^]]*)\]', text)]
    lists = [(program, re.findall(r'"((?:[^"\\]|\\\()+)"', words)) for program, words in calls]
    assert {program for program, _ in lists} == {"journalctl", "systemctl"}
    refused = [arguments for program, arguments in lists if systemd_219.refusal(program, arguments)]
    assert refused == [MAY_FAIL]
    systemd = (paths.REPOSITORY / "Sources/Host/Services/Systemd.swift").read_text()
    assert set(re.search(r'"--property=([A-Za-z,]+)"', systemd).group(1).split(",")) <= PROPERTIES


def test_no_command_that_people_are_told_has_one():
    places = [*(paths.REPOSITORY / "Sources").rglob("*.swift"), *(paths.REPOSITORY / "cloud-init").iterdir(),
              *(path for path in (paths.REPOSITORY / "units").rglob("*") if path.is_file()), *(paths.REPOSITORY / page for page in PAGES)]
    commands = [words for path in places
                for words in re.findall(r"\b(?:systemctl|journalctl) (?:[a-z-][^;|&`'\"\n<>]*|)", path.read_text())]
    assert len(commands) > 5
    for command in commands:
        program, *arguments = command.replace(")", " ").split()
        assert systemd_219.refusal(program, arguments) is None, command


# In the lab

@pytest.fixture(scope="module")
def lab(binary):
    with Lab(binary) as lab:
        relay = lab.add_relay(user_data.shell_script(lab.sha256), system=systems.AMAZON_LINUX_2, boot=False)
        systems.make_old(relay)
        relay.boot()
        lab.add_sender()
        relay.wait_for_cloud_init()
        yield lab


@pytest.fixture
def relay(lab):
    return lab.relays[0]


def test_the_machine_is_as_old_as_it_says(relay):
    later = relay.exec("systemctl", "disable", "--now", "nginx", check=False)
    assert (later.returncode, later.stdout) == (1, "systemctl: unrecognized option '--now'\n")
    later = relay.exec("journalctl", "--relinquish-var", check=False)
    assert (later.returncode, later.stdout) == (1, "journalctl: unrecognized option '--relinquish-var'\n")
    # memfd_create is of Linux 3.17, for the machine's own init as for what is run in it.
    call = "import errno, os\ntry: os.memfd_create('x')\nexcept OSError as error: print(errno.errorcode[error.errno])"
    assert relay.exec("python3", "-c", call).stdout.strip() == "ENOSYS"
    assert "Seccomp:\t2" in relay.shell("cat /proc/1/status")


def test_user_data_brings_the_node_into_service(lab, relay):
    lab.wait_for_backend(relay, "UP")
    assert relay.shell("cloud-init status").strip() == "status: done", relay.log()
    subjects = lab.send(3)
    assert sorted(mail["subject"] for mail in lab.wait_for_mails(subjects)) == sorted(subjects)
    relay.wait_for_agent()


def test_its_units_mean_what_they_mean_there(relay):
    def properties(unit: str, *names: str) -> dict[str, str]:
        shown = relay.shell(f"systemctl show -p {','.join(names)} {unit}")
        return dict(line.split("=", 1) for line in shown.splitlines())

    names = ("LockPersonality", "ProtectSystem", "SystemCallFilter", "StartLimitIntervalUSec", "ProtectHome")
    health = properties("smtp-relay-agent-health", *names)
    assert health == {"LockPersonality": "no", "ProtectSystem": "full", "SystemCallFilter": "~",
                      "StartLimitIntervalUSec": "0", "ProtectHome": "yes"}
    assert properties("smtp-relay-agent", *names) == health | {"ProtectSystem": "no", "ProtectHome": "read-only"}
    assert "JOURNAL_STREAM" not in relay.shell(
        "tr '\\0' '\\n' </proc/$(systemctl show -p MainPID smtp-relay-agent | cut -d= -f2)/environ")


def test_what_drifts_is_repaired_and_logged_with_its_priority(relay):
    relay.wait_until(f"{AGENT} plan", 60, "a node with nothing to do")
    relay.shell(f"sed -i 's/^biff = no/biff = yes/' {MAIN}; systemctl stop nginx; systemctl disable nginx")
    relay.wait_until("[ $(postconf -h biff) = no ] && systemctl is-active nginx && systemctl is-enabled nginx", 60, "the repair")
    relay.wait_until("journalctl -u smtp-relay-agent -o json -p 6 --no-pager | grep 'postfix: edit' | "
                     "grep -q '\"PRIORITY\" : \"6\"\\|\"PRIORITY\":\"6\"'", 10, "the line")
    assert "<6>" not in relay.shell("journalctl -u smtp-relay-agent -o cat --no-pager")
    relay.wait_until(f"{AGENT} plan", 60, "a node with nothing to do")


def test_health_goes_with_postfix_and_comes_back_with_it(lab, relay):
    health = "/run/smtp-relay-agent/www/health"
    relay.shell(f"systemctl stop postfix; test ! -e {health}")
    # The resident agent starts it.
    relay.wait_until(f"systemctl is-active postfix && test -e {health}", 30, "the health file")
    lab.wait_for_backend(relay, "UP", 30)


def test_every_command_works(relay):
    for command in ("status", "facts", "probe", "reconcile", "config check", "config show"):
        result = relay.agent(*command.split())
        assert result.returncode == 0, result.stdout
    doctor = relay.agent("doctor", "--json")
    assert doctor.returncode in (0, 2, 3), doctor.stdout
    assert "examination-failed" not in doctor.stdout and "examination-timed-out" not in doctor.stdout
    relay.agent("drain", check=True)
    relay.agent("undrain", check=True)


def test_it_leaves_and_comes_back_with_a_reboot(lab, relay):
    lab.wait_for_backend(relay, "UP", 60)
    calls = len(lab.api_calls(relay))
    relay.reboot()
    assert lab.api_calls(relay)[calls:].count("DeregisterInstancesFromLoadBalancer") == 1
    lab.wait_for_backend(relay, "UP", 120)
    relay.wait_for_agent()


def test_uninstall_leaves_nothing(lab, relay):
    result = relay.agent("uninstall", timeout=300)
    assert result.returncode == 0, result.stdout
    assert relay.shell("ls /etc/systemd/system | grep smtp-relay || :") == ""
    assert relay.exec("test", "-e", AGENT, check=False).returncode == 1
    lab.wait_for_backend(relay, None, 30)

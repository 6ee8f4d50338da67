#!/usr/bin/python3
"""systemd 219, which CentOS 7 and Amazon Linux 2 run: what it makes of units and options, from its source.

There is no package of it to boot, so a newer one plays it. In a machine, this file is a generator that has the agent's units
mean what 219 reads in them, and stands in front of systemctl and journalctl to refuse what 219's refuse. What programs
send to systemd is understood all the same.

Sources: github.com/redhat-plumbers/systemd-rhel7, src/core/load-fragment-gperf.gperf.m4 and load-fragment.c (an unknown
key or value is logged and ignored), src/systemctl/systemctl.c, src/journal/journalctl.c; versions from systemd's own
manual pages. Red Hat's has more than the first 219; what counts here is what both have.
"""

import getopt
import os
import re
import shutil
import sys
from pathlib import Path

_ANY, _FLAG, _TIME = ".+", "yes|no|true|false", r"\d+(s|min)?"
# The keys of each section that it reads as today's systemd does, with the values of each.
KNOWN = {
    "Unit": {"Description": _ANY, "Wants": _ANY, "After": _ANY, "Before": _ANY, "BindsTo": _ANY},
    "Service": {
        "Type": "notify|oneshot", "NotifyAccess": "main", "RemainAfterExit": _FLAG, "ExecStart": "/.+", "ExecStop": "/.+",
        "ExecReload": "/.+", "Restart": "always", "RestartSec": _TIME, "WatchdogSec": _TIME, "TimeoutStartSec": _TIME,
        "TimeoutStopSec": _TIME, "StartLimitInterval": _TIME, "KillMode": "mixed", "CapabilityBoundingSet": "CAP_[A-Z_ ]+",
        "RuntimeDirectory": "[a-z-]+",
        "PrivateDevices": _FLAG, "PrivateTmp": _FLAG, "ProtectHome": f"{_FLAG}|read-only", "ProtectSystem": f"{_FLAG}|full",
        "NoNewPrivileges": _FLAG, "RestrictAddressFamilies": "AF_[A-Z0-9_ ]+", "SystemCallArchitectures": "native", "SystemCallErrorNumber": "EPERM",
    },
    "Timer": {"OnBootSec": _TIME, "OnCalendar": _ANY, "Persistent": _FLAG, "AccuracySec": _TIME},
    "Install": {"WantedBy": _ANY},
}
_LACKS = "without it the service may do more, and nothing else changes"
# The keys that it does not know: the version that brought each, the unit's replacement, and why that will do.
NEWER = {
    "Unit": {"StartLimitIntervalSec": (230, "10s", "of timers, there is no start limit; services have StartLimitInterval")},
    "Service": {
        "LockPersonality": (235, "no", _LACKS),
        "MemoryDenyWriteExecute": (231, "no", _LACKS),
        "ProtectClock": (245, "no", _LACKS),
        "ProtectControlGroups": (232, "no", _LACKS),
        "ProtectHostname": (242, "no", _LACKS),
        "ProtectKernelLogs": (244, "no", _LACKS),
        "ProtectKernelModules": (232, "no", _LACKS),
        "ProtectKernelTunables": (232, "no", _LACKS),
        "ProtectSystem": (232, "no", "the value 'strict'; the one before it holds"),
        "ReadWritePaths": (231, "", "an exception to ProtectSystem=strict, which is not there either"),
        "RestrictNamespaces": (233, "no", _LACKS),
        "RestrictRealtime": (231, "no", _LACKS),
        "RestrictSUIDSGID": (242, "no", _LACKS),
        "SystemCallFilter": (231, "", "groups; a list of what is denied denies nothing then, but one that allows allows nothing"),
    },
    "Timer": {"RandomizedDelaySec": (229, "0", "RHEL's has it from 7.3 on, and Amazon's; elsewhere passes come at once")},
}
# The calls that any list of allowed ones has in it there.
_DEFAULT_CALLS = "execve exit exit_group rt_sigreturn sigreturn"
# Variables that services get from newer ones: JOURNAL_STREAM is of 231, INVOCATION_ID of 232.
_NEWER_VARIABLES = "JOURNAL_STREAM INVOCATION_ID"

# Short and long options as getopt has them; where a value is optional in journalctl, it stands for one that must be.
_OPTIONS = {
    "systemctl": ("ht:p:alqfs:H:M:n:o:ir", """
        help version type= property= all reverse after before show-types failed full job-mode= fail irreversible
        ignore-dependencies ignore-inhibitors user system global no-block no-legend no-pager no-wall quiet root= force
        no-reload kill-who= signal= no-ask-password host= machine= runtime lines= output= plain state= recursive
        preset-mode="""),
    "journalctl": ("hefo:aln:qmbkD:p:c:S:U:t:u:F:xrM:", """
        help version no-pager pager-end follow force output= all full no-full lines= no-tail new-id128 quiet merge boot
        list-boots this-boot dmesg system user directory= file= root= header identifier= priority= setup-keys interval=
        verify verify-key= disk-usage cursor= after-cursor= show-cursor since= until= unit= user-unit= field= catalog
        list-catalog dump-catalog update-catalog reverse machine= utc flush vacuum-size= vacuum-time="""),
}
_VERBS = """
    list-units list-unit-files list-sockets list-timers list-jobs list-machines clear-jobs cancel start stop condstop reload
    restart try-restart reload-or-restart reload-or-try-restart force-reload condreload condrestart isolate kill is-active
    check is-failed show cat status help snapshot delete daemon-reload daemon-reexec show-environment set-environment
    unset-environment import-environment halt poweroff reboot kexec suspend hibernate hybrid-sleep default rescue emergency
    exit reset-failed enable disable is-enabled reenable preset preset-all mask unmask link switch-root list-dependencies
    set-default get-default set-property is-system-running add-wants add-requires edit"""


def refusal(program: str, arguments: list[str]) -> str | None:
    """The error of 219's systemctl or journalctl for arguments that it does not know."""
    short, long = _OPTIONS[program]
    try:
        _, rest = getopt.gnu_getopt(arguments, short, long.split())
    except getopt.GetoptError as error:
        kind = f"unrecognized option '--{error.opt}'" if len(error.opt) > 1 else f"invalid option -- '{error.opt}'"
        return f"{program}: {kind}"
    if program == "systemctl" and rest and rest[0] not in _VERBS.split():
        return f"Unknown operation '{rest[0]}'."
    return None


def assignments(unit: str) -> list[tuple[str, str, str]]:
    """The lines of a unit file that count, as section, key and value."""
    section, found = "", []
    for line in re.sub(r"\\\n", " ", unit).splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line[1:-1]
        elif line and line[0] not in "#;":
            key, _, value = line.partition("=")
            found.append((section, key.strip(), " ".join(value.split())))
    return found


def reads(section: str, key: str, value: str) -> bool:
    """Whether 219 reads a line as today's does."""
    return re.fullmatch(KNOWN.get(section, {}).get(key, ""), value) is not None


def drop_in(unit: str) -> str:
    """Lines with which a newer systemd reads a unit as 219 does: they undo the lines that 219 does not know."""
    lines = assignments(unit)
    text = []
    for section, key in dict.fromkeys((section, key) for section, key, value in lines if not reads(section, key, value)):
        values = [value for where, what, value in lines if (where, what) == (section, key)]
        text += [f"[{section}]", f"{key}={NEWER[section][key][1]}"]
        if key == "SystemCallFilter":
            text += [] if values[0].startswith("~") else [f"{key}={_DEFAULT_CALLS}"]
        else:
            text += [f"{key}={value}" for value in values if reads(section, key, value)]
    if any(section == "Service" for section, _, _ in lines):
        text += ["[Service]", f"UnsetEnvironment={_NEWER_VARIABLES}"]
    return "\n".join(text) + "\n"


_REAL = Path("usr/lib/systemd-of-this-image")


def install(root: Path) -> None:
    """Have a machine that is off run it."""
    (root / _REAL).mkdir()
    for program in _OPTIONS:
        (root / "usr/bin" / program).rename(root / _REAL / program)
    for place in (*(f"usr/bin/{program}" for program in _OPTIONS), "etc/systemd/system-generators/systemd-219"):
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(__file__, root / place)
        (root / place).chmod(0o755)


def _generate(folder: Path) -> None:
    for unit in Path("/etc/systemd/system").glob("smtp-relay-agent*.*"):
        if unit.is_file():
            (folder / f"{unit.name}.d").mkdir(exist_ok=True)
            (folder / f"{unit.name}.d/systemd-219.conf").write_text(drop_in(unit.read_text()))


def _main(called: str, arguments: list[str]) -> None:
    if called == "systemd-219":
        # The second of systemd.generator(7)'s folders comes before /etc.
        return _generate(Path(arguments[1]))
    if called in _OPTIONS and (words := refusal(called, arguments)):
        sys.exit(words)
    # The links call systemctl as reboot and poweroff, too.
    real = Path("/") / _REAL / (called if called in _OPTIONS else "systemctl")
    os.execv(real, [called, *arguments])


if __name__ == "__main__":
    _main(Path(sys.argv[0]).name, sys.argv[1:])

"""The time of a node into service, from a stock and from a baked image, and the cost of a pass with nothing to do."""

import json
import statistics
from pathlib import Path

from . import user_data
from .lab import Lab

_IDLE = """
import json, os, subprocess, time
runs = []
for _ in range(%d):
    began = time.monotonic()
    child = subprocess.Popen(["/usr/local/bin/smtp-relay-agent", "reconcile"], stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    runs.append({"status": status, "wall": time.monotonic() - began, "cpu": usage.ru_utime + usage.ru_stime,
                 "rss": usage.ru_maxrss})
print(json.dumps(runs))
"""


def _timed(text: str) -> str:
    """User-data that notes when its first instruction ran, and when the node was in service."""
    command = "exec /usr/local/bin/smtp-relay-agent bootstrap"
    text = text.replace("set -eu\n", "set -eu\ndate +%s.%N >/var/began\n", 1)
    return text.replace(command, "/usr/local/bin/smtp-relay-agent bootstrap\ndate +%s.%N >/var/ended")


def _baked(lab: Lab) -> str:
    """The disk of a machine that was baked."""
    text = user_data.shell_script(lab.sha256)
    builder = lab.add_relay(text.replace("agent bootstrap", "agent --version"))
    builder.wait_for_cloud_init()
    builder.agent("bake", check=True)
    builder.power_off()
    return builder.disk()


def _to_service(lab: Lab, disk: str | None) -> float:
    """The seconds that a node takes from its user-data's first instruction to being in service."""
    text = _timed(user_data.shell_script(lab.sha256))
    if disk:
        # The image has the packages already, so none is downloaded.
        settings = "\nSETTINGS\n"
        begin, end = text.index(settings) + len(settings), text.index("/usr/local/bin/smtp-relay-agent bootstrap")
        text = text[:begin] + text[end:]
    relay = lab.add_relay(text, disk=disk)
    relay.wait_for_cloud_init()
    began, ended = (float(relay.shell(f"cat /var/{word}")) for word in ("began", "ended"))
    return ended - began


def measure(binary: Path, say, boots: int, runs: int) -> None:
    """Print medians."""
    medians = []
    for name, is_baked in (("a stock image", False), ("a baked image", True)):
        times = []
        for _ in range(boots):
            with Lab(binary) as lab:
                times.append(_to_service(lab, _baked(lab) if is_baked else None))
        medians.append(statistics.median(times))
        say(f"user-data to in service, {name}: median {medians[-1]:.1f} s of {len(times)}")
    say(f"a baked image saves {medians[0] - medians[1]:.1f} s of {medians[0]:.1f} s")
    with Lab(binary) as lab:
        relay = lab.add_relay()
        relay.wait_for_cloud_init()
        results = json.loads(relay.shell(f"python3 -c '{_IDLE % runs}'", timeout=60 + 5 * runs))
        assert all(result["status"] == 0 for result in results)
        for key, unit, scale in (("wall", "ms", 1000), ("cpu", "ms of processor time", 1000), ("rss", "MB at most", 1 / 1024)):
            median = statistics.median(result[key] for result in results) * scale
            say(f"a pass with nothing to do: median {median:.1f} {unit} of {runs}")
        trace = "strace -f -qq -e trace=execve -o /tmp/trace /usr/local/bin/smtp-relay-agent reconcile 2>/dev/null; "
        children = int(relay.shell(trace + "grep -c 'execve(.* = 0' /tmp/trace")) - 1
        say(f"a pass with nothing to do: {children} child process{'' if children == 1 else 'es'}")

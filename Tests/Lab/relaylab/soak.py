"""Hours of a resident agent's life in minutes: a pass each second or two, with mail, drift and faults in between. What grows is a leak."""

import time
from dataclasses import dataclass
from pathlib import Path

from . import user_data
from .idle import Agent
from .lab import Lab
from .machine import Relay

SETTINGS = '[reconcile]\ninterval = "1s"\njitter = "1s"'
STATE = "/run/smtp-relay-agent /var/lib/smtp-relay-agent"
SERVING = 30


@dataclass
class Sample:
    """The agent between two rounds, in service and with nothing to do."""

    passes: int
    # Megabytes that belong to no file.
    memory: float
    descriptors: int
    threads: int
    children: int
    # The files that it keeps.
    files: int
    kilobytes: float
    # The lines since the last sample.
    log_lines: int

    def __str__(self) -> str:
        return (f"soak: after {self.passes} passes: {self.memory:.1f} MB, {self.descriptors} descriptors, {self.threads} threads, "
                f"{self.children} children, {self.files} files of {self.kilobytes:.0f} KB; {self.log_lines} lines logged")


def rounds(binary: Path):
    """Boot a relay, and give a sample after each round. A round has each kind of disturbance, and takes half a minute."""
    with Lab(binary) as lab:
        relay = lab.add_relay(user_data.cloud_config(lab.sha256, SETTINGS), preinstalled=True)
        lab.add_sender()
        relay.wait_for_cloud_init()
        lab.wait_for_backend(relay, "UP")
        relay.wait_for_agent()
        logged = Agent(relay).log_lines()
        while True:
            _disturb(lab, relay)
            before, logged = logged, Agent(relay).log_lines()
            yield _sample(relay, logged - before)


def grown(earlier: Sample, later: Sample) -> list[str]:
    """What a later sample has more of than chance allows for."""
    # A second connection to the metadata service stays open for a minute after two requests at a time.
    allowed = {"memory": 1, "descriptors": 1, "threads": 0, "children": 0, "files": 0, "kilobytes": 16,
               "log_lines": earlier.log_lines / 2}
    return [name for name, more in allowed.items() if getattr(later, name) > getattr(earlier, name) + more]


def measure(binary: Path, minutes: float, say) -> bool:
    """Say each sample. Returns whether nothing has grown since the second; the first has what comes once."""
    began, samples = time.monotonic(), []
    for sample in rounds(binary):
        samples.append(sample)
        say(str(sample))
        if len(samples) > 2 and time.monotonic() - began > 60 * minutes:
            break
    names = grown(samples[1], samples[-1])
    say(f"soak: {', '.join(names)} GROWS" if names else "soak: nothing grows")
    return not names


def _disturb(lab: Lab, relay: Relay) -> None:
    """Each thing that an agent meets in its life, and after each the node is in service again."""
    subjects = lab.send(5)
    lab.submit(relay, 2, recipient="refused@example.net")
    for script in ("echo '# drift' >> /etc/postfix/main.cf", "sed -i s/listen/lisden/ /etc/nginx/nginx.conf", "systemctl stop nginx",
                   "systemctl reload postfix", "kill -9 $(tr -d ' ' </var/spool/postfix/pid/master.pid)",
                   "echo 'no_such_key = 1' >> /etc/smtp-relay-agent/config.toml; sleep 2; "
                   "sed -i /no_such_key/d /etc/smtp-relay-agent/config.toml"):
        relay.shell(script)
        time.sleep(2)
    lab.deregister(relay)
    for fault in ("unavailable", "slow"):
        lab.metadata_fault(relay, fault)
        time.sleep(2)
        lab.metadata_fault(relay, "")
    lab.api_fault(of="elasticloadbalancing", unavailable=True)
    time.sleep(2)
    lab.api_fault()
    relay.wait_until("curl -sf -o /dev/null http://127.0.0.1/health", SERVING, "its health after the disturbances")
    lab.wait_for_backend(relay, "UP", SERVING)
    lab.wait_for_mails(subjects)


def _sample(relay: Relay, log_lines: int) -> Sample:
    agent = Agent(relay)
    passes = agent.passes()
    # A pass that is under way has more of everything.
    looks = []
    for _ in range(10):
        time.sleep(0.35)
        descriptors, children = relay.shell(f"ls /proc/{agent.pid}/fd | wc -l; cat /proc/{agent.pid}/task/*/children | wc -w").split()
        looks.append((agent.memory("status", "RssAnon"), int(descriptors), agent.threads(), int(children)))
    memory, descriptors, threads, children = (min(look[place] for look in looks) for place in range(4))
    files, kilobytes = relay.shell(f"find {STATE} -type f | wc -l; du -ck --apparent-size {STATE} | tail -n 1 | cut -f 1").split()
    return Sample(passes, memory, descriptors, threads, children, int(files), float(kilobytes), log_lines)

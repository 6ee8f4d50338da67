"""The cost of a resident agent while nothing happens, each figure with its budget."""

import json
import os
import re
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from . import user_data
from .lab import Lab
from .machine import Relay

UNIT = "smtp-relay-agent.service"


@dataclass
class Figure:
    """Something measured; the budget is the most that it may be, where there is one."""

    what: str
    value: float
    unit: str
    budget: float | None = None

    @property
    def holds(self) -> bool:
        return self.budget is None or self.value <= self.budget

    def __str__(self) -> str:
        text = f"idle: {self.what}: {self.value:.4g} {self.unit}"
        if self.budget is None:
            return text
        return f"{text}, budget {self.budget:g}: {'holds' if self.holds else 'DOES NOT HOLD'}"


class Agent:
    """The resident agent of a relay, as the kernel sees it."""

    def __init__(self, relay: Relay):
        self.relay = relay
        self.pid = relay.shell(f"systemctl show -p MainPID --value {UNIT}").strip()

    def processor_time(self) -> float:
        """Seconds so far, those of children included."""
        text = self.relay.shell(f"cat /sys/fs/cgroup/system.slice/{UNIT}/cpu.stat")
        return int(re.search(r"^usage_usec (\d+)", text, re.M).group(1)) / 1e6

    def children_time(self) -> float:
        """Seconds so far, of the children that have ended; exact to a hundredth."""
        fields = self.relay.shell(f"cat /proc/{self.pid}/stat").rsplit(")", 1)[1].split()
        return (int(fields[13]) + int(fields[14])) / 100

    def switches(self) -> dict[str, int]:
        """The number of runs of each present thread: after each it began to wait, or had to make way."""
        # A thread may end while they are looked at.
        text = self.relay.shell(f"grep ctxt_switches /proc/{self.pid}/task/*/status || true")
        counts: dict[str, int] = {}
        for thread, count in re.findall(r"/task/(\d+)/status:\w*ctxt_switches:\s+(\d+)", text):
            counts[thread] = counts.get(thread, 0) + int(count)
        return counts

    def threads(self) -> int:
        return int(self.relay.shell(f"ls /proc/{self.pid}/task | wc -l"))

    def memory(self, file: str, field: str) -> float:
        """Megabytes, by a field of a file in /proc."""
        text = self.relay.shell(f"cat /proc/{self.pid}/{file}")
        return int(re.search(rf"^{field}:\s+(\d+) kB", text, re.M).group(1)) / 1024

    def log_lines(self) -> int:
        return int(self.relay.shell(f"journalctl -u {UNIT} -o cat --no-pager | wc -l"))

    def passes(self) -> int:
        return json.loads(self.relay.shell("cat /run/smtp-relay-agent/status.json"))["counters"]["passes"]

    def reload(self) -> None:
        """Have the agent make a pass, and wait for its end."""
        before = self.passes()
        self.relay.shell(f"kill -HUP {self.pid}")
        deadline = time.monotonic() + 20
        while self.passes() == before:
            assert time.monotonic() < deadline, "a pass did not end"
            time.sleep(0.05)

    def traced(self, options: str, script: str) -> str:
        """The output of strace while a script runs; strace slows the agent down, so nothing else is measured meanwhile."""
        return self.relay.shell(
            f"strace -f -qq {options} -o /tmp/idle-trace -p {self.pid} 2>/dev/null & tracer=$!; sleep 0.5; {script}; "
            "kill -INT $tracer; wait $tracer; cat /tmp/idle-trace", timeout=300)


def measure(binary: Path, minutes: float) -> list[Figure]:
    """Boot a relay with default settings, and look at its agent for some minutes while nothing happens."""
    with Lab(binary) as lab:
        relay = lab.add_relay(user_data.shell_script(lab.sha256), preinstalled=True)
        lab.set_metadata(relay, "instance-life-cycle", "on-demand")
        relay.wait_for_cloud_init()
        lab.wait_for_backend(relay, "UP")
        relay.wait_for_agent()
        agent = Agent(relay)
        agent.reload()
        figures = _idling(lab, agent, minutes)
        return figures + _passes(agent) + _calls(agent, seconds=min(60, 15 * minutes)) + [
            Figure("a fixed piece of work, to compare machines by", yardstick(), "ms of processor time")]


def yardstick() -> float:
    """Milliseconds of processor time that a fixed piece of work takes here: files that are looked at, and text that is sorted.

    Machines differ by half, and so does one machine from day to day. The ratio to this can be compared between them.
    """
    def work() -> float:
        began = time.process_time()
        for _ in range(10_000):
            os.stat("/proc/self/stat")
        sorted(str(number) for number in range(50_000))
        return 1000 * (time.process_time() - began)

    return statistics.median(work() for _ in range(9))


def _idling(lab: Lab, agent: Agent, minutes: float) -> list[Figure]:
    relay = agent.relay
    before = (len(lab.api_calls(relay)), len(lab.metadata_calls(relay)), agent.log_lines(), agent.passes(),
              agent.processor_time())
    began = time.monotonic()
    resident = 0.0
    switches_before = agent.switches()
    # Also of threads that have ended, as far as they were seen.
    switches_seen = dict(switches_before)
    while time.monotonic() - began < 60 * minutes:
        resident = max(resident, agent.memory("status", "VmRSS"))
        switches_seen.update(agent.switches())
        time.sleep(min(10, 60 * minutes / 4))
    seconds = time.monotonic() - began
    processor_time = agent.processor_time() - before[4]
    calls, metadata, lines, passes = (after - earlier for after, earlier in zip(
        (len(lab.api_calls(relay)), len(lab.metadata_calls(relay)), agent.log_lines(), agent.passes()), before))
    switches_seen.update(agent.switches())
    switches = sum(switches_seen.values()) - sum(switches_before.values())
    per_minute = 60 / seconds
    return [
        Figure("time", seconds / 60, "minutes"),
        Figure("passes", passes, "in that time"),
        Figure("resident memory at most", resident, "MB", 20),
        Figure("share of memory (PSS)", agent.memory("smaps_rollup", "Pss"), "MB"),
        Figure("threads", agent.threads(), "in all"),
        Figure("processor time", 100 * processor_time / seconds, "% of one core", 0.1),
        Figure("context switches", switches * per_minute, "a minute"),
        Figure("AWS calls", calls * per_minute, "a minute", 1),
        Figure("metadata calls", metadata * per_minute, "a minute"),
        Figure("log lines", lines, "in that time", 0),
    ]


def _passes(agent: Agent, count: int = 10) -> list[Figure]:
    before = agent.processor_time(), agent.children_time()
    for _ in range(count):
        agent.reload()
    # The work right after a pass belongs to it, too.
    time.sleep(0.5)
    spent, of_children = (1000 * (after - earlier) / count for after, earlier in zip(
        (agent.processor_time(), agent.children_time()), before))
    trace = agent.traced("-e trace=execve", f"kill -HUP {agent.pid}; sleep 2")
    return [
        Figure(f"a pass with nothing to do, mean of {count}", spent, "ms of processor time", 15),
        Figure("its child process, of that", of_children, "ms"),
        Figure("a pass with nothing to do", len(re.findall(r"execve\(.* = 0$", trace, re.M)), "child processes", 1),
    ]


def _calls(agent: Agent, seconds: float) -> list[Figure]:
    summary = agent.traced("-c", f"sleep {seconds}")
    total = re.search(r"^100\.00\s+\S+\s+(?:\d+\s+)?(\d+)\s+(?:\d+\s+)?total$", summary, re.M)
    assert total, summary
    return [Figure(f"system calls, of {seconds:g} s", int(total.group(1)) * 60 / seconds, "a minute")]

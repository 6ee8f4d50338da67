"""The metrics that the agent counts from the mail log, as a test reads and waits for them."""

import re
import time


def metrics(relay) -> dict[str, float]:
    """Each sample of the agent's metrics, by its name and labels."""
    text = relay.shell("curl -sf http://127.0.0.1/metrics")
    samples = re.findall(r"^smtp_relay_agent_(\S+) (\S+)$", text, re.M)
    return {name: float(value) for name, value in samples}


def value(relay, name: str, *labels: str) -> float:
    """The sum of a metric's samples that have these labels."""
    found = metrics(relay).items()
    return sum(number for key, number in found if key.split("{")[0] == name and all(label in key for label in labels))


def wait_for(relay, wanted: float, name: str, *labels: str, seconds: float = 60) -> None:
    """Wait until a metric has this value."""
    deadline = time.monotonic() + seconds
    while (seen := value(relay, name, *labels)) != wanted:
        assert time.monotonic() < deadline, f"{name} {labels}: {seen}, not {wanted}"
        time.sleep(0.5)


def send(lab, relay, count: int) -> None:
    """Have the application host send so many messages by ten connections at once."""
    lab.sender.exec("smtp-source", "-s", str(min(10, count)), "-m", str(count), "-f", "app@example.com",
                    "-t", "someone@example.net", f"{relay.address}:25", timeout=60 + count)

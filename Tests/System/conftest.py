"""System tests: the release binary in the lab, on real parts."""

import os
import sys
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "Tests" / "Lab"))

from relaylab import user_data  # noqa: E402
from relaylab.lab import Lab  # noqa: E402

# Their failed assertions are shown as those of the tests are.
pytest.register_assert_rewrite("departure", "departure_conditions", "departure_ends", "departure_places")


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true", help="run every case of the large matrices, and not a selection")


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Failures(config), "failures-at-once")
    config.addinivalue_line("markers", "matrix(every): of these cases each so-manieth is run, all of them with --all")
    config.addinivalue_line("markers", "large: is run with --all alone, since it takes minutes")


class Failures:
    """Tells each failure when it happens. A run that is cut short would tell none: its report comes at the end."""

    def __init__(self, config):
        self.config = config

    def pytest_runtest_logreport(self, report):
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            message = crash.message if crash else str(report.longrepr)
            self.config.get_terminal_writer().line(f"\n{report.nodeid} ({report.when}): {message[:4000]}")


# A module that fails for a cause of its own does not boot a lab for each of its tests.
RENEWALS = 3
_renewals: dict[Path, int] = {}
_failed = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """After a failed test, the next one gets new labs: what the test broke is not a failure of the tests after it."""
    report = yield
    if report.when == "call":
        item.stash[_failed] = report.failed
    if report.when == "teardown" and item.stash.get(_failed, False) and _renewals.get(item.path, 0) < RENEWALS:
        _renewals[item.path] = _renewals.get(item.path, 0) + 1
        for definitions in item._fixtureinfo.name2fixturedefs.values():
            for definition in definitions:
                # Those of pytest itself have no place of their own.
                if definition.baseid and definition.scope != "function":
                    definition.finish(item._request)
    return report


# The files that take longest, longest first. The last files to begin are short ones, so that no worker waits for another.
LONGEST = [f"test_{name}.py" for name in (
    "departure", "departure_orders", "mail_metrics", "fleet", "departure_combined", "deaf", "doctor", "system_v", "lifecycle",
    "leaving", "departure_places", "guards", "failures", "departure_succession", "account", "opened", "units", "proxy_protocol",
    "tags", "harmless", "resident", "target_groups", "doors", "cloudwatch", "generations_store", "lab", "signer", "doors_proxied",
    "false_alarms", "release", "sender", "repair", "destinations")]


def pytest_collection_modifyitems(config, items):
    """Without --all, of a test with a large matrix the first case is run, and each so-manieth after it; and no large test."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))
    if config.getoption("--all"):
        return
    seen: dict[str, int] = {}
    left_out = []
    for item in items:
        if item.get_closest_marker("large"):
            left_out.append(item)
            continue
        matrix = item.get_closest_marker("matrix")
        if matrix is None:
            continue
        name = item.nodeid.split("[")[0]
        seen[name] = seen.get(name, -1) + 1
        if seen[name] % matrix.kwargs["every"] != 0:
            left_out.append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


@pytest.fixture(scope="session")
def binary() -> Path:
    path = Path(os.environ.get("LAB_BINARY", REPOSITORY / ".build/release/smtp-relay-agent"))
    assert path.exists(), "build it first: swift build -c release"
    return path


@pytest.fixture(scope="session")
def lab(binary):
    """Two relays in service and a sender, from nothing but user-data. Tests leave them as they found them.

    Passes come by the timer, which is held, so that a test sees what its own pass does.
    """
    with Lab(binary) as lab:
        boot_pair(lab, "[reconcile]\nresident = false")
        for relay in lab.relays:
            hold_timer(relay)
        yield lab


@pytest.fixture
def relay(lab):
    """The only relay of a file's own lab, with its resident agent ready."""
    relay = lab.relays[0]
    relay.wait_for_agent()
    return relay


def boot_pair(lab: Lab, settings: str) -> None:
    """Two relays, one from each kind of user-data, and a sender."""
    lab.add_relay(user_data.cloud_config(lab.sha256, settings))
    lab.add_relay(user_data.shell_script(lab.sha256, settings))
    lab.add_sender()
    wait_until_all_serve(lab)


def wait_until_all_serve(lab: Lab) -> None:
    """Wait until every relay's user-data has run, and the load balancer calls it in service."""
    for relay in lab.relays:
        relay.wait_for_cloud_init()
    for relay in lab.relays:
        lab.wait_for_backend(relay, "UP")


def send_by_all(lab: Lab) -> None:
    """Send mails from the application host: each arrives once, and every relay has its share."""
    subjects = lab.send(6)
    arrived = lab.wait_for_mails(subjects)
    assert sorted(mail["subject"] for mail in arrived) == sorted(subjects)
    assert {mail["client"] for mail in arrived} == {relay.address for relay in lab.relays}


def repaired(relay, broken: str, state: str, seconds: float) -> bool:
    """Break something, and see whether what a shell's script shows is the same again in time."""
    before = relay.shell(state)
    relay.shell(broken)
    deadline = time.monotonic() + seconds
    while relay.shell(state, check=False) != before:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


HOLD = "/run/systemd/system/smtp-relay-agent-reconcile.service.d"


def hold_timer(relay) -> None:
    """Keep the timer's passes from coming in between, without touching anything of the agent's."""
    relay.write(f"{HOLD}/hold.conf", "[Unit]\nConditionPathExists=/let-the-timer-run\n")
    relay.shell("systemctl daemon-reload")
    relay.wait_until("! systemctl show -p ActiveState smtp-relay-agent-reconcile.service | grep -q activating", 60,
                     "the end of the timer's pass")


def fetch_only(lab: Lab) -> str:
    """User-data that installs the agent, but does not run it."""
    text = user_data.shell_script(lab.sha256)
    command = "exec /usr/local/bin/smtp-relay-agent bootstrap"
    assert command in text
    return text.replace(command, "")


@pytest.fixture(scope="module")
def stock(binary):
    """A node of a stock image, with the agent fetched but not run: neither Postfix nor nginx is there."""
    with Lab(binary) as lab:
        relay = lab.add_relay(fetch_only(lab))
        relay.wait_for_cloud_init()
        hold_timer(relay)
        relay.lab = lab
        yield relay


@pytest.fixture(scope="module")
def baked(binary):
    """The same, with the packages already there."""
    with Lab(binary) as lab:
        relay = lab.add_relay(fetch_only(lab), preinstalled=True)
        relay.wait_for_cloud_init()
        hold_timer(relay)
        relay.lab = lab
        yield relay

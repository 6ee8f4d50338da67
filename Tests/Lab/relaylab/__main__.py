"""The lab's commands."""

import argparse
import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from . import haproxy, idle, image, measure, network, paths, progress, soak, suites, system_v, throughput, user_data
from .lab import Lab
from .ledger import Ledger
from .mail import send
from .shell import CommandError

START = time.monotonic()


def say(text: str) -> None:
    print(f"[{time.monotonic() - START:6.1f} s] {text}", flush=True)


def built_binary() -> Path:
    """The release build of this source, or the file that LAB_BINARY names."""
    if named := os.environ.get("LAB_BINARY"):
        return Path(named)
    binary = paths.REPOSITORY / ".build/release/smtp-relay-agent"
    if not binary.exists():
        say("the first run builds the program and the nodes' images: about 15 minutes on two cores; later ones take one")
    progress.build(["-c", "release"], paths.REPOSITORY)
    return binary


class _Say(logging.Handler):
    """Writes what the lab's parts tell of long work."""

    def __init__(self, tell):
        super().__init__(logging.INFO)
        self.tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        self.tell(record.getMessage())


def show(tell) -> None:
    progress.LOG.handlers = [_Say(tell)]
    progress.LOG.setLevel(logging.INFO)


def bring_up(lab: Lab, tell) -> None:
    """Two relays, one by cloud-config and one by shell script, and a sender."""
    tell(f"lab {lab.id}: metadata, AWS API over HTTPS, DNS, yum repository, load balancer, a mail server outside")
    relays = [lab.add_relay(), lab.add_relay(user_data.shell_script(lab.sha256))]
    tell("booting r1 (cloud-config) and r2 (shell script): cloud-init fetches the agent and runs 'bootstrap'")
    lab.add_sender()
    for relay in relays:
        relay.wait_for_cloud_init()
        for line in relay.log().splitlines():
            if " smtp-relay-agent: " in line:
                tell(f"  {relay.name} | {line}")
    for relay in relays:
        lab.wait_for_backend(relay, "UP")
        tell(f"{relay.name} ({relay.address}) is in service after {time.monotonic() - relay.booted:.1f} s from power-on")


def demo(arguments) -> int:
    binary = built_binary()
    say(f"binary: {binary.stat().st_size / 1e6:.1f} MB; bringing up the VPC (the first time makes the images)")
    with Lab(binary) as lab:
        bring_up(lab, say)
        say(f"sending {arguments.mails} mails from the application host through {network.LOAD_BALANCER}")
        subjects = lab.send(arguments.mails)
        arrived = lab.wait_for_mails(subjects)
        for mail in sorted(arrived, key=lambda mail: mail["time"]):
            say(f"  arrived: {mail['subject']}  from {mail['from']} to {mail['to'][0]}, by relay {mail['client']}")
        say(f"  a host outside the VPC was answered: {lab.try_relay(lab.relays[0].address)}")
        for relay in lab.relays:
            say(f"  {relay.name} ({relay.address}): {lab.backends()[relay.address]}")
        complete = sorted(mail["subject"] for mail in arrived) == sorted(subjects)
        both = {mail["client"] for mail in arrived} == {relay.address for relay in lab.relays}
    if not complete or not both:
        say("mails are missing, or came twice, or one relay had none")
        return 1
    say("the lab is down")
    print(NEXT, flush=True)
    return 0


NEXT = """
Try next:
  Tests/Lab/lab up                                     the same lab, and it stays
  Tests/Lab/lab shell r1 smtp-relay-agent status       how a relay is
  Tests/Lab/lab shell r1 smtp-relay-agent doctor       what may be wrong with it
  Tests/Lab/lab shell r1 smtp-relay-agent drain        it leaves; 'undrain' brings it back
  Tests/Lab/lab send --mails 20                        mails from the application host
  Tests/Lab/lab status                                 the load balancer's word, and the mails that arrived
  Tests/Lab/lab down                                   the end
"""


def up(arguments) -> int:
    binary = built_binary()
    read, write = os.pipe()
    keeper = os.fork()
    if keeper == 0:
        os.close(read)
        sys.exit(keep(binary, write))
    os.close(write)
    try:
        with os.fdopen(read) as told:
            last = ""
            for last in told:
                print(last, end="", flush=True)
    except BaseException:
        # A person who gives up waiting, by Ctrl-C or by closing the pipe, gets no lab.
        os.kill(keeper, signal.SIGTERM)
        os.waitpid(keeper, 0)
        raise
    return 0 if last.strip() == "up" else 1


def keep(binary: Path, write: int) -> int:
    """Bring a lab up, tell so, and hold it until a signal comes."""
    os.setsid()
    # A program that waits for the end of 'up's output must not wait for the lab's end.
    with open(os.devnull, "r+") as nothing:
        for descriptor in (0, 1, 2):
            os.dup2(nothing.fileno(), descriptor)
    with os.fdopen(write, "w", buffering=1) as pipe:
        def tell(text: str) -> None:
            pipe.write(f"[{time.monotonic() - START:6.1f} s] {text}\n")

        show(tell)
        try:
            lab = Lab(binary)
            try:
                bring_up(lab, tell)
                (lab.folder / "owner").write_text(json.dumps({"process": os.getpid(), "kept": True}))
                tell(f"lab {lab.id} is up; 'lab down' ends it")
                pipe.write("up\n")
            except BaseException:
                lab.down()
                raise
        except Exception as error:
            tell(str(error))
            return 1
    with lab:
        while True:
            signal.pause()


def states() -> list[dict]:
    """The labs that 'up' left running on this machine."""
    folders = sorted((paths.CACHE / "run").glob("*"))
    kept = [folder for folder in folders if json.loads((folder / "owner").read_text())["kept"]]
    return [json.loads((folder / "state.json").read_text()) for folder in kept]


def current() -> dict:
    found = states()
    if not found:
        raise CommandError("no lab is up; 'lab up' starts one")
    return found[-1]


def down(arguments) -> int:
    """End the labs that 'up' left running, and what a crash left of any."""
    for folder in sorted((paths.CACHE / "run").glob("*")):
        owner = json.loads((folder / "owner").read_text())
        try:
            if not owner["kept"]:
                os.kill(owner["process"], 0)
                say(f"{folder.name} belongs to process {owner['process']}, which ends it itself")
                continue
            os.kill(owner["process"], signal.SIGTERM)
            for _ in range(200):
                if not folder.exists():
                    break
                time.sleep(0.1)
        except ProcessLookupError:
            pass
        Ledger(folder / "ledger.jsonl").undo()
        say(f"{folder.name} is down")
    return 0


def shell(arguments) -> int:
    relay = current()["relays"].get(arguments.node)
    if relay is None:
        raise CommandError(f"no node {arguments.node}; there are {', '.join(current()['relays'])}")
    command = arguments.command or ["bash", "-l"]
    return subprocess.call(["nsenter", "-t", str(relay["leader"]), "-a", "--", *command])


def send_mails(arguments) -> int:
    for subject in send(current()["sender"], arguments.mails, "mail", arguments.to):
        say(f"submitted: {subject}")
    return 0


def measured(arguments) -> int:
    if arguments.idle:
        figures = idle.measure(built_binary(), arguments.idle)
        for figure in figures:
            say(str(figure))
        return 0 if all(figure.holds for figure in figures) else 1
    if arguments.soak:
        return 0 if soak.measure(built_binary(), arguments.soak, say) else 1
    measure.measure(built_binary(), say, arguments.boots, arguments.runs)
    return 0


def throughput_of_signing(arguments) -> int:
    throughput.measure(built_binary(), say, arguments.rounds, arguments.messages)
    return 0


def images(arguments) -> int:
    """Make the images of all machines, so that no test waits for one."""
    for suite in suites.ALL:
        image.relay(suite)
        image.postfix(suite.name)
    image.sender()
    image.foreign()
    system_v.root()
    return 0


def status(arguments) -> int:
    state = current()
    folder = paths.CACHE / "run" / state["id"]
    checks = haproxy.states(folder)
    print(f"lab {state['id']}")
    for name, relay in state["relays"].items():
        print(f"  {name}  {relay['instance']}  {relay['address']}  {checks.get(relay['address'], 'not registered')}")
    mails = folder / "mails.jsonl"
    print(f"  mails that arrived outside: {len(mails.read_text().splitlines()) if mails.exists() else 0}")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="lab", description="A VPC with relays, on one machine, of real parts.")
    commands = parser.add_subparsers(required=True)
    for name, function, text in (
        ("demo", demo, "build, boot two relays from user-data, send mails through the load balancer, show, and end"),
        ("up", up, "the same as far as the relays and the sender, and leave it running"),
        ("down", down, "end what is running, also after a crash"),
        ("shell", shell, "a shell on a node, or one command there"),
        ("send", send_mails, "send mails from the application host through the load balancer"),
        ("images", images, "make the images of all machines; without it, each is made when it is first needed"),
        ("measure", measured, "time the way into service, and what a pass or a resident agent with nothing to do costs"),
        ("throughput", throughput_of_signing, "messages a second through a relay, with and without the DKIM signer"),
        ("status", status, "each node and its health at the load balancer, and the mails that arrived"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(function=function)
        if name in ("demo", "send"):
            command.add_argument("--mails", type=int, default=6, help="how many (default: 6)")
        if name == "measure":
            command.add_argument("--boots", type=int, default=3, help="how many boots of each kind (default: 3)")
            command.add_argument("--runs", type=int, default=20, help="how many idle passes (default: 20)")
            command.add_argument("--idle", type=float, metavar="MINUTES",
                                 help="instead, what a resident agent costs in some minutes of idling")
            command.add_argument("--soak", type=float, metavar="MINUTES",
                                 help="instead, whether anything grows while a pass comes each second, among mail and faults")
        if name == "throughput":
            command.add_argument("--rounds", type=int, default=5, help="how many runs of each kind (default: 5)")
            command.add_argument("--messages", type=int, default=1000, help="how many in each run (default: 1000)")
        if name == "send":
            command.add_argument("--to", default="someone@example.net", help="the recipient")
        if name == "shell":
            command.add_argument("node", help="r1 or r2")
            command.add_argument("command", nargs=argparse.REMAINDER, help="the command (default: a login shell)")
    arguments = parser.parse_args()
    show(say)
    try:
        return arguments.function(arguments)
    except CommandError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Python writes out what is left when it ends, and would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *unused: sys.exit(1))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

"""What may be in the way of a node that leaves: each condition is there while it is entered, and takes itself away.

One that has queued mail of its own gives its subjects.
"""

import json
import secrets
import threading
import time
from contextlib import contextmanager

from departure import CONFIG, Pair
from relaylab.shell import CommandError


@contextmanager
def plain(pair: Pair):
    yield


@contextmanager
def meanwhile(pair: Pair, act, after: float = 0, once_leaving: bool = False):
    """Have something happen so many seconds after the end has begun, or once the node itself has begun to leave."""
    def wait():
        time.sleep(after)
        if once_leaving:
            try:
                pair.leaving.wait_until(_LEAVES, 30, "the order to leave")
            except CommandError:
                # It has left already.
                return
        act()

    thread = threading.Thread(target=wait)
    pair.begun.append(thread.start)
    yield
    thread.join()


_LEAVES = "cat /run/smtp-relay-agent/drain.json /var/lib/smtp-relay-agent/drain.json 2>/dev/null | grep -q phase"


def with_parameter(relay, line: str) -> None:
    """Add a line of nobody's to a relay's main.cf, which its agent leaves alone."""
    relay.write("/root/line", f"{line}\n")
    relay.shell("cat /root/line >> /etc/postfix/main.cf; postfix reload")


def without_parameter(name: str) -> str:
    """The script that takes such a line away."""
    return f"sed -i '/^{name} = /d' /etc/postfix/main.cf; postfix reload || true"


@contextmanager
def rate_delay(pair: Pair):
    slow = '[mail]\ndefault_destination_rate_delay = "1s"\ndefault_destination_concurrency_limit = 1'
    pair.leaving.write(CONFIG, pair.leaving.shell("cat /root/good.toml").replace("[mail]", slow, 1))
    assert pair.leaving.agent("reconcile").returncode == 0
    yield


@contextmanager
def transport(pair: Pair):
    """A way of its own for a domain, which leads nowhere now."""
    pair.configure(pair.leaving, '\n[[mail.transport]]\ndomain = "example.net"\nnexthop = "[198.51.100.99]:25"\n')
    yield


@contextmanager
def paced(pair: Pair):
    """A pace by which the mail of the domain would take hours."""
    pair.configure(pair.leaving, '\n[[mail.destination]]\ndomain = "example.net"\nrate = "2/m"\ntls = "secure"\n')
    yield


@contextmanager
def smarthost(pair: Pair):
    pair.configure(pair.leaving, '\n[mail.upstream]\nhost = "nowhere.example.net"\nport = 587\n')
    yield


@contextmanager
def sender_dependent(pair: Pair):
    pair.leaving.write("/etc/postfix/by-sender", "@example.com [198.51.100.99]:25\n")
    with_parameter(pair.leaving, "sender_dependent_relayhost_maps = texthash:/etc/postfix/by-sender")
    pair.undo.append(without_parameter("sender_dependent_relayhost_maps"))
    yield


@contextmanager
def refusing(pair: Pair, answer: str = "554 5.7.1 not this one"):
    """The other relay refuses the leaving one's mail until 5 s after it has refused some."""
    other = pair.other
    other.write("/etc/postfix/refused", f"leaving.example.com {answer}\n")
    with_parameter(other, "smtpd_helo_restrictions = check_helo_access texthash:/etc/postfix/refused")
    pair.balancers.wait_for(other, "UP", 30)
    before = int(other.shell(f"{_REFUSALS} || true"))

    def take():
        try:
            # A busy host asks later, and has to find a relay that refuses.
            other.wait_until(f"[ $({_REFUSALS}) -gt {before} ]", 40, "the other relay's refusals")
            time.sleep(5)
        finally:
            other.shell(without_parameter("smtpd_helo_restrictions"))

    with meanwhile(pair, take):
        yield
    assert int(other.shell(f"{_REFUSALS} || true")) > before


# The count of the messages that a relay has refused to a leaving one.
_REFUSALS = "journalctl -o cat _COMM=smtpd | grep -c 'NOQUEUE: reject.*helo=<leaving'"


@contextmanager
def deferring(pair: Pair):
    with refusing(pair, "450 4.7.1 not now"):
        yield


@contextmanager
def late(pair: Pair):
    """The other relay is registered 30 s after the node has begun to leave."""
    # Its own agent would put it back at once.
    pair.other.shell("systemctl stop smtp-relay-agent", timeout=90)
    pair.balancers.deregister(pair.other)
    with meanwhile(pair, lambda: pair.balancers.register(pair.other), after=30):
        yield
    pair.other.shell("systemctl start --no-block smtp-relay-agent")


# Larger than the smallest message_size_limit that a relay may have, and than what the other relay takes.
_LIMIT, _LARGE = 20_000, 50_000


@contextmanager
def larger(pair: Pair):
    """The other relay takes smaller messages than this one, until 20 s after it was asked."""
    with limited(pair), meanwhile(pair, lambda: pair.other.shell(without_parameter("message_size_limit")), after=20):
        yield [large(pair)]


@contextmanager
def too_large(pair: Pair):
    """The same for good: what is too large stays here."""
    with limited(pair):
        subject = large(pair)
        pair.expect(stays=(subject,))
        yield [subject]


@contextmanager
def limited(pair: Pair):
    """The other relay takes small messages only."""
    with_parameter(pair.other, f"message_size_limit = {_LIMIT}")
    pair.balancers.wait_for(pair.other, "UP", 30)
    try:
        yield
    finally:
        pair.other.shell(without_parameter("message_size_limit"))


def large(pair: Pair) -> str:
    pair.lab.sink_down()
    return pair.lab.submit_large(pair.leaving, _LARGE, proxied=pair.balancers.place.proxied)


@contextmanager
def throttled(pair: Pair):
    pair.begun.append(lambda: pair.lab.api_fault(throttle=12))
    yield


@contextmanager
def no_answer(pair: Pair):
    """AWS answers nothing for 20 s."""
    def fail():
        pair.lab.api_fault(unavailable=True)
        time.sleep(20)
        pair.lab.api_fault()

    with meanwhile(pair, fail):
        yield


@contextmanager
def denied(pair: Pair):
    """The role may do nothing with load balancers any more."""
    calls = ["DescribeInstanceHealth", "DescribeLoadBalancers", "DescribeLoadBalancerAttributes",
             "DescribeLoadBalancerPolicies", "DeregisterInstancesFromLoadBalancer", "RegisterInstancesWithLoadBalancer",
             "DescribeTargetHealth", "DescribeTargetGroups", "DescribeTargetGroupAttributes", "DescribeListeners",
             "DeregisterTargets", "RegisterTargets"]
    pair.begun.append(lambda: pair.lab.api_fault(denied=calls))
    # It is in the load balancer still, which sends it nothing.
    pair.expect(word="DOWN")
    yield
    pair.lab.api_fault()


@contextmanager
def deleted(pair: Pair, at_once: bool = False):
    """The load balancer is deleted, and the world takes mail 20 s later: there is no way to another relay then."""
    pair.expect(by={pair.leaving.address, pair.other.address})

    def go():
        if not at_once:
            pair.balancers.delete()
        time.sleep(20)
        pair.lab.sink_up()

    if at_once:
        pair.balancers.delete()
    try:
        with meanwhile(pair, go, once_leaving=not at_once):
            yield
    finally:
        pair.balancers.make()
        pair.balancers.register(pair.other)


@contextmanager
def deleted_before(pair: Pair):
    with deleted(pair, at_once=True):
        yield


@contextmanager
def slow_check(pair: Pair):
    """The load balancer's checks take longer than half of the time to leave: it goes on sending."""
    pair.begun.append(lambda: pair.balancers.hold_checks(pair.leaving))
    try:
        yield
    finally:
        pair.balancers.resume_checks(pair.leaving)


@contextmanager
def slow_metadata(pair: Pair):
    """Each answer takes a second."""
    pair.begun.append(lambda: pair.lab.metadata_fault(pair.leaving, "slow"))
    yield


@contextmanager
def silent_metadata(pair: Pair):
    """Metadata answers no more, once its notice has been seen. A command has no credentials then to leave with."""
    if pair.way in ("drain", "uninstall"):
        pair.expect(word="DOWN")
    with meanwhile(pair, lambda: pair.lab.metadata_fault(pair.leaving, "silent"),
                   once_leaving=pair.way in ("scale-in", "spot")):
        yield


@contextmanager
def maildrop(pair: Pair):
    """The program that takes mail of this host's own into the queue is stuck."""
    yield own_mail(pair, "kill -STOP $(pgrep -x -P $(head -n 1 /var/spool/postfix/pid/master.pid) pickup)")


@contextmanager
def stopped(pair: Pair):
    """Somebody has stopped Postfix, and the host has sent mail of its own since."""
    yield own_mail(pair, "systemctl stop postfix")


def own_mail(pair: Pair, before: str, count: int = 5) -> list[str]:
    """Have the leaving relay itself send mails that nobody takes now, after a script."""
    pair.lab.sink_down()
    subjects = [f"own {secrets.token_hex(4)}" for _ in range(count)]
    pair.begun.append(lambda: pair.leaving.shell(before + "".join(
        f"; printf 'Subject: {subject}\\n\\nHello\\n' | sendmail -f app@example.com someone@example.net"
        for subject in subjects)))
    return subjects


@contextmanager
def mistake(pair: Pair):
    """A key that nobody knows."""
    pair.leaving.shell(f"printf '\\n[oops]\\nkey = 1\\n' >> {CONFIG}")
    yield


@contextmanager
def newer(pair: Pair):
    """A newer version has run here, and both settings and what it has kept of them have keys that this one does not know."""
    relay = pair.leaving
    kept = "/var/lib/smtp-relay-agent/settings.json"
    text = json.loads(relay.shell(f"cat {kept}"))
    text["text"] += "\n[oops]\nkey = 1\n"
    relay.shell("systemctl stop smtp-relay-agent", timeout=90)
    relay.write(kept, json.dumps({**text, "more": {"of": "a newer version"}}))
    relay.shell(f"printf '\\n[oops]\\nkey = 1\\n' >> {CONFIG}; systemctl start --no-block smtp-relay-agent")
    relay.wait_for_agent()
    yield


@contextmanager
def postfix_down(pair: Pair):
    """Its master is killed once the node leaves, and systemd does not start it again."""
    relay = pair.leaving
    relay.write("/run/systemd/system/postfix.service.d/no.conf", "[Service]\nRestart=no\n")
    relay.shell("systemctl daemon-reload")
    pair.undo.append("rm -f /run/systemd/system/postfix.service.d/no.conf; systemctl daemon-reload")
    with meanwhile(pair, lambda: relay.shell("systemctl kill -s KILL postfix", check=False), once_leaving=True):
        yield


@contextmanager
def nginx_down(pair: Pair):
    pair.begun.append(lambda: pair.leaving.shell("systemctl kill -s KILL nginx"))
    yield


@contextmanager
def without_other(pair: Pair):
    """The other relay is not registered: nobody takes mail over."""
    # Its own agent would put it back at once.
    pair.other.shell("systemctl stop smtp-relay-agent", timeout=90)
    pair.balancers.deregister(pair.other)
    try:
        yield
    finally:
        pair.balancers.register(pair.other)
        pair.other.shell("systemctl start --no-block smtp-relay-agent")


CONDITIONS = {
    "nothing": plain, "rate-delay": rate_delay, "transport": transport, "paced": paced,
    "smarthost": smarthost, "sender-dependent": sender_dependent, "refusing": refusing, "deferring": deferring, "late": late, "larger": larger,
    "too-large": too_large, "throttled": throttled, "no-answer": no_answer, "denied": denied, "deleted": deleted,
    "deleted-before": deleted_before, "slow-check": slow_check, "slow-metadata": slow_metadata,
    "silent-metadata": silent_metadata, "maildrop": maildrop, "stopped": stopped, "mistake": mistake, "newer": newer,
    "postfix-down": postfix_down, "nginx-down": nginx_down,
}

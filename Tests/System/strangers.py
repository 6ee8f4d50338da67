"""A relay of which a host outside tries to make use."""

import json
from contextlib import contextmanager


@contextmanager
def nothing_gets_through(lab, mark: str):
    """A relay in service; at the end it has neither sent nor kept anything of the stranger's, whose mails have a mark."""
    relay = lab.relays[0]
    relay.hostname = relay.shell("postconf -hx myhostname").strip()
    before = {mail["id"] for mail in lab.mails()}
    yield relay
    # A mail from inside comes last, by the same queue and to the same sink: what was accepted before it would be there.
    lab.wait_for_mails(lab.submit(relay, 1))
    relay.wait_until("cd /var/spool/postfix && test -z \"$(find maildrop incoming active deferred hold -type f)\"", 60,
                     "an empty queue")
    arrived = [mail for mail in lab.mails() if mail["id"] not in before]
    assert [mail for mail in arrived if mark in json.dumps(mail) or "victim" in json.dumps(mail).lower()] == []
    # The relay's own mailboxes got no mail either, and no report was sent.
    assert [mail for mail in arrived if mail["report"]] == []
    relay.shell(f"! grep -rqF '{mark}' /var/mail")

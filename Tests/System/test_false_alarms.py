"""No false alarm: what hardens Postfix, or uses it in other ways that are in order, leaves the node in service.

The node's health is asked for all the time, from the edit until a pass and the proofs of that edit are long over.
"""

import subprocess
import sys
import time

import pytest
from service import INTERVAL, MAIN, MASTER, POSTSCREEN, SMTPD, also, below, boot, instead

from relaylab import paths
from relaylab.shell import die_with_parent, start

# Every pass that the edit calls for has ended, and a regular one.
WATCHED = INTERVAL + 3


@pytest.fixture(scope="module")
def service(binary):
    for service in boot(binary):
        service.relay.shell("openssl req -x509 -newkey rsa:2048 -nodes -days 5 -subj /CN=lab -keyout /etc/lab.pem "
                            "-out /root/lab.crt 2>/dev/null; cat /root/lab.crt >> /etc/lab.pem")
        yield service


def assert_unmoved(service, main: str = "", master=None, then: str = "postfix reload", mend: str = "",
                   watched: float = WATCHED, **mail) -> None:
    """After an edit the node serves on without a pause, senders' mail flows, a stranger gets nothing, no error is told."""
    cursor = service.mark()
    try:
        since = service.edit(main, master, then)
        service.assert_mail_flows(**mail)
        service.assert_closed(within=0)
        service.assert_serving(since, watched)
        said = service.log(cursor) + service.relay.agent("probe").stdout
        assert "open relay" not in said and "refuses" not in said, said
        service.assert_mail_flows(**mail)
    finally:
        service.mend(mend)


# Each harmless, most of them from guides to hardening. What is not preceded by permit_mynetworks holds for senders as well.
HARDENED = {
    "senders' domains": "smtpd_sender_restrictions = reject_non_fqdn_sender, reject_unknown_sender_domain",
    "senders' domains of strangers": "smtpd_sender_restrictions = permit_mynetworks, reject_non_fqdn_sender, reject_unknown_sender_domain",
    "greetings": "smtpd_helo_required = yes\n"
                 "smtpd_helo_restrictions = reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname, reject_unknown_helo_hostname",
    "greetings of strangers": "smtpd_helo_restrictions = permit_mynetworks, reject_non_fqdn_helo_hostname, reject_unknown_helo_hostname",
    "clients' names": "smtpd_client_restrictions = reject_unknown_client_hostname",
    "clients' names of strangers": "smtpd_client_restrictions = permit_mynetworks, reject_unknown_client_hostname",
    "clients' reverse names": "smtpd_client_restrictions = reject_unknown_reverse_client_hostname",
    "all in the sender's restrictions": "smtpd_sender_restrictions = reject_unknown_client_hostname, reject_unknown_helo_hostname, "
                                        "reject_non_fqdn_sender, reject_unknown_sender_domain, reject_non_fqdn_recipient",
    "recipients' domains": "smtpd_client_restrictions = permit_mynetworks, reject_unknown_recipient_domain",
    "recipients' domains of all": "smtpd_sender_restrictions = reject_unknown_recipient_domain",
    "strangers are refused at once": "smtpd_client_restrictions = permit_mynetworks, reject",
    "strangers are put off": "smtpd_client_restrictions = permit_mynetworks, defer",
    "another code for relaying": "relay_domains_reject_code = 550",
    "other codes": "reject_code = 550\naccess_map_reject_code = 521\nmaps_rbl_reject_code = 550\nunknown_client_reject_code = 550",
    "a code of try again": "relay_domains_reject_code = 454\nreject_code = 450",
    "soft_bounce": "soft_bounce = yes",
    "no delay of refusals": "smtpd_delay_reject = no",
    "no delay and early refusals": "smtpd_delay_reject = no\nsmtpd_client_restrictions = permit_mynetworks, reject",
    "no delay and known greetings": "smtpd_delay_reject = no\nsmtpd_helo_required = yes\n"
                                    "smtpd_helo_restrictions = permit_mynetworks, reject_unknown_helo_hostname",
    "VRFY and strict envelopes": "disable_vrfy_command = yes\nstrict_rfc821_envelopes = yes\nsmtpd_reject_unlisted_sender = yes",
    "keywords that are not said": "smtpd_discard_ehlo_keywords = chunking, etrn, dsn, pipelining",
    "keywords, XCLIENT among them": "smtpd_discard_ehlo_keywords = xclient, xforward, chunking",
    "another banner": "smtpd_banner = $myhostname ESMTP no UCE, please",
    "errors cost time": "smtpd_error_sleep_time = 3s\nsmtpd_soft_error_limit = 1",
    "one error ends a session": "smtpd_hard_error_limit = 1",
    "junk commands": "smtpd_junk_command_limit = 1\nsmtpd_recipient_limit = 1\nsmtpd_forbid_bare_newline = yes",
    "two connections a client": "smtpd_client_connection_count_limit = 2\nsmtpd_client_connection_rate_limit = 20",
    "few recipients a client": "smtpd_client_recipient_rate_limit = 30\nsmtpd_client_message_rate_limit = 30",
    "virtual domains": "virtual_alias_domains = other.example\nvirtual_alias_maps = static:someone@example.net",
    "TLS for who wants it": "smtpd_tls_security_level = may\nsmtpd_tls_auth_only = yes\nsmtpd_tls_cert_file = /etc/lab.pem\n"
                            "smtpd_tls_key_file = /etc/lab.pem",
    "recipients that are checked": "address_verify_map =\nsmtpd_recipient_limit = 100\nsmtpd_timeout = 60s",
    "small mails": "message_size_limit = 20480",
}


@pytest.mark.parametrize("kind", HARDENED)
def test_hardening_leaves_the_node_in_service(service, kind):
    assert_unmoved(service, HARDENED[kind] + "\n")



HARMLESS = {
    "a name in the log": below("\n  -o syslog_name=postfix/door"),
    "limits": below("\n  -o smtpd_client_connection_count_limit=40\n  { -o smtpd_recipient_limit = 500 }"),
    "hardening": below("\n  -o smtpd_sender_restrictions=reject_non_fqdn_sender\n"
                       "  -o { smtpd_helo_restrictions = permit_mynetworks, reject_unknown_helo_hostname }\n"
                       "  -o smtpd_client_restrictions=permit_mynetworks,reject"),
    "TLS and SASL": below("\n  -o smtpd_tls_security_level=may\n  -o smtpd_sasl_auth_enable=no"),
    "no filter and no milter": below("\n  -o content_filter=\n  -o smtpd_milters="),
    "more processes": instead("smtp inet n - n - 50 smtpd"),
    "verbose": below(" -v"),
    "by its path": instead("smtp inet n - n - - ../sbin/smtpd"),
    "by its number": instead("25 inet n - n - - smtpd"),
    "another door": also(f"2525 inet {SMTPD}\n  -o syslog_name=postfix/more"),
    "10025 for everyone, closed": also(f"10025 inet {SMTPD}"),
    "postscreen": instead(POSTSCREEN % ""),
    "a comment": also("# a comment"),
}


@pytest.mark.parametrize("kind", HARMLESS)
def test_a_harmless_master_cf_is_served(service, kind):
    assert_unmoved(service, master=HARMLESS[kind])


def test_postscreen_is_served_and_refuses_a_stranger(service):
    try:
        since = service.edit(master=instead(POSTSCREEN % "\n  -o syslog_name=postfix/behind"))
        service.assert_mail_flows()
        service.assert_serving(since, WATCHED)
        answers = service.stranger()
        assert answers[3][:1] == "5", answers
        assert service.relay.agent("probe").returncode == 0
    finally:
        service.mend()


def test_submission_with_tls_for_all_is_served(service):
    """Its senders have to begin TLS first, which is no refusal of theirs."""
    entry = (f"submission inet {SMTPD}\n  -o smtpd_tls_security_level=encrypt\n  -o smtpd_tls_cert_file=/etc/lab.pem\n"
             "  -o smtpd_tls_key_file=/etc/lab.pem")
    assert_unmoved(service, master=also(entry))


# Programs beside Postfix


def run_beside(service, module: str, *arguments: str) -> str:
    """Have one of the lab's small programs run on the relay. Returns what ends it."""
    service.relay.write(f"/root/{module}.py", (paths.SOURCES / f"{module}.py").read_text())
    service.relay.shell(f"systemd-run -q --unit=lab-{module} python3 /root/{module}.py {' '.join(arguments)}")
    service.relay.wait_until(f"ss -Hltn 'sport = :{arguments[0]}' | grep -q .", 20, module)
    return f"systemctl stop lab-{module}"


def test_a_milter_that_accepts_everything(service):
    end = run_beside(service, "milter", "8891")
    try:
        assert_unmoved(service, "smtpd_milters = inet:127.0.0.1:8891\n")
    finally:
        service.relay.shell(end)


REINJECTION = """\
scan      unix  -       -       n       -       2       smtp
  -o smtp_send_xforward_command=yes
  -o disable_mime_output_conversion=yes
%s inet n  -       n       -       10      smtpd
  -o content_filter=
  -o receive_override_options=no_unknown_recipient_checks,no_header_body_checks,no_milters
  -o smtpd_helo_restrictions=
  -o smtpd_client_restrictions=
  -o smtpd_sender_restrictions=
  -o smtpd_recipient_restrictions=permit_mynetworks,reject
  -o mynetworks=127.0.0.0/8
  -o smtpd_authorized_xforward_hosts=127.0.0.0/8"""


@pytest.mark.parametrize("name", ["127.0.0.1:10025", "localhost:10025", "127.0.0.1:10026"])
def test_a_content_filter_and_its_own_listener(service, name):
    """As FILTER_README has it: each mail goes through the filter, comes back to the listener, and arrives once."""
    port = name.rsplit(":", 1)[1]
    end = run_beside(service, "filter", "10024", port)
    entry = REINJECTION % name
    try:
        since = service.edit("content_filter = scan:[127.0.0.1]:10024\n", also(entry))
        subjects = [service.mail() for _ in range(3)]
        service.assert_serving(since, WATCHED)
        arrived = service.lab.wait_for_mails(subjects, 30)
        assert sorted(mail["subject"] for mail in arrived) == sorted(subjects)
        assert f"\n{entry}\n" in service.relay.shell(f"cat {MASTER}")
        service.assert_closed(within=0)
        # It was filtered: by the relay from itself, and before that from the senders' host.
        assert all(len(mail["received"]) == 2 for mail in arrived), arrived
    finally:
        service.mend()
        service.relay.shell(end)


# Edits, loads and load


def test_edits_and_reloads_one_after_the_other(service):
    relay = service.relay
    try:
        since = time.time()
        for number in range(5):
            relay.shell(f"echo '# edit {number}' >> {MAIN}; postfix reload")
            time.sleep(1.5)
        service.assert_serving(since, 20)
        service.assert_mail_flows()
    finally:
        service.mend()


def test_edits_without_a_reload(service):
    relay = service.relay
    try:
        since = time.time()
        for number in range(3):
            relay.shell(f"postconf -e 'smtpd_banner = $myhostname ESMTP {number}' || true; touch /etc/postfix/canonical")
            time.sleep(2)
        service.assert_serving(since, WATCHED)
    finally:
        service.mend("rm -f /etc/postfix/canonical")


def test_a_restart_by_hand_costs_no_more_than_itself(service):
    since = service.change("systemctl restart postfix")
    seconds = service.stays_back(since, 8)
    assert seconds is not None
    service.lab.wait_for_backend(service.relay, "UP", 10)
    service.assert_mail_flows()


_HOLD = """
import socket, sys, time
held = []
for _ in range(int(sys.argv[2])):
    connection = socket.create_connection((sys.argv[1], 25), 10)
    held.append(connection)
time.sleep(float(sys.argv[3]))
"""


def test_a_door_that_is_busy_is_not_a_dead_one(service):
    """All of its processes hold a sender that says nothing; the next one has to wait, here as everywhere."""
    service.edit("default_process_limit = 3\n")
    time.sleep(5)
    since = time.time()
    holder = start("ip", "netns", "exec", service.lab.application, sys.executable, "-c", _HOLD, service.relay.address, "10",
                   "20", stdin=subprocess.DEVNULL, prepare=die_with_parent)
    try:
        service.assert_serving(since, 20)
    finally:
        holder.kill()
        holder.wait()
        service.mend()
    service.assert_mail_flows()


def test_senders_in_a_row_are_served_meanwhile(service):
    """The agent's own proofs take no sender's place: with two processes in all, mail flows during edits."""
    try:
        since = service.edit("default_process_limit = 2\n")
        subjects = []
        for number in range(4):
            service.relay.shell(f"echo '# {number}' >> {MAIN}")
            subjects.append(service.mail())
            time.sleep(1)
        service.lab.wait_for_mails(subjects, 30)
        service.assert_serving(since, WATCHED)
    finally:
        service.mend()


def test_what_the_doctor_and_the_probe_do_takes_nobody_out(service):
    since = time.time()
    for _ in range(2):
        assert service.relay.agent("probe").returncode == 0
        service.relay.agent("doctor")
    service.assert_serving(since, 5)
    # And neither is a mail to anybody.
    queued = service.relay.shell("cd /var/spool/postfix; find incoming active deferred maildrop hold -type f | wc -l")
    assert queued.strip() == "0"

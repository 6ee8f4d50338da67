"""No false alarm: a master.cf with harmless options, programs beside Postfix, edits one after the other, and load leave the
node in service. Its health is asked for all the time. test_false_alarms.py has the settings that harden Postfix.
"""

import subprocess
import sys
import time

import pytest
from service import (
    MAIN, MASTER, POSTSCREEN, SMTPD, WATCHED, also, assert_unmoved, below, boot_for_long, instead,
)

from relaylab import paths
from relaylab.shell import die_with_parent, start


@pytest.fixture(scope="module")
def service(binary):
    yield from boot_for_long(binary)


HARMLESS = {
    "a name in the log": below("\n  -o syslog_name=postfix/door"),
    "limits": below("\n  -o smtpd_client_connection_count_limit=40\n  { -o smtpd_recipient_limit = 500 }"),
    "hardening": below("\n  -o smtpd_sender_restrictions=reject_non_fqdn_sender\n"
                       "  -o { smtpd_helo_restrictions = permit_mynetworks, reject_unknown_helo_hostname }\n"
                       "  -o smtpd_client_restrictions=permit_mynetworks,reject"),
    "codes and words": below("\n  -o unknown_client_reject_code=550 -o defer_code=451 -o unknown_address_reject_code=550"
                             "\n  -o unverified_sender_reject_reason=no -o unknown_helo_hostname_tempfail_action=defer"),
    "restrictions in upper case": below("\n  -o smtpd_relay_restrictions=PERMIT_MYNETWORKS,REJECT"),
    "restrictions with arguments": below("\n  -o { smtpd_recipient_restrictions = permit_mynetworks, warn_if_reject "
                                         "reject_rbl_client bl.example.net, defer_unauth_destination, reject }"),
    "587 as packages have it": also(f"587 inet {SMTPD}\n  -o smtpd_hide_client_session=yes\n"
                                    "  -o local_header_rewrite_clients=static:all -o smtpd_reject_unlisted_recipient=no"),
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


@pytest.mark.matrix(every=7)
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


@pytest.mark.matrix(every=3)
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
        # Mail that goes round in a loop would go on for ever.
        service.relay.shell(f"{end}; postsuper -d ALL")


# Edits, loads and load


def test_edits_and_reloads_one_after_the_other(service):
    relay = service.relay
    try:
        since = time.time()
        for number in range(5):
            relay.shell(f"echo '# edit {number}' >> {MAIN}; postfix reload")
            time.sleep(1.5)
        service.assert_serving(since, 18)
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
    # Two loads are proven by then: that of the edit, and that of the agent, which reads all of it.
    time.sleep(15)
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


def test_an_edit_that_postfix_lets_cool_down_first_takes_nobody_out(service):
    """Postfix's programs do not go by a main.cf of the last two seconds: until then nothing can be proven."""
    try:
        since = time.time()
        for number in range(4):
            service.edit(f"# {number}\n")
            service.relay.shell(f"echo '# and once more' >> {MAIN}")
            time.sleep(4)
        service.assert_serving(since, 16)
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

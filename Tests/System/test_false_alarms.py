"""No false alarm: what hardens Postfix, or uses it in other ways that are in order, leaves the node in service.

The node's health is asked for all the time, from the edit until a pass and the proofs of that edit are long over.
test_harmless.py has more of them: master.cf, other programs, and load.
"""

import time

import pytest
from service import assert_unmoved, boot_for_long


@pytest.fixture(scope="module")
def service(binary):
    yield from boot_for_long(binary)


# Each harmless, most of them from guides to hardening. What no permit_mynetworks precedes holds for senders as well.
HARDENED = {
    "senders' domains": "smtpd_sender_restrictions = reject_non_fqdn_sender, reject_unknown_sender_domain",
    "senders' domains of strangers": """\
smtpd_sender_restrictions = permit_mynetworks, reject_non_fqdn_sender, reject_unknown_sender_domain""",
    "greetings": """\
smtpd_helo_required = yes
smtpd_helo_restrictions = reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname, reject_unknown_helo_hostname""",
    "greetings of strangers": "smtpd_helo_restrictions = permit_mynetworks, reject_unknown_helo_hostname",
    "clients' names": "smtpd_client_restrictions = reject_unknown_client_hostname",
    "clients' names of strangers": "smtpd_client_restrictions = permit_mynetworks, reject_unknown_client_hostname",
    "clients' reverse names": "smtpd_client_restrictions = reject_unknown_reverse_client_hostname",
    "all of these for senders": """\
smtpd_sender_restrictions = reject_unknown_client_hostname, reject_unknown_helo_hostname,
  reject_non_fqdn_sender, reject_unknown_sender_domain, reject_non_fqdn_recipient""",
    "recipients' domains": """\
smtpd_client_restrictions = permit_mynetworks, reject_unknown_recipient_domain
smtpd_sender_restrictions = permit_mynetworks, reject_unknown_recipient_domain""",
    "strangers are refused at once": "smtpd_client_restrictions = permit_mynetworks, reject",
    "strangers are put off": "smtpd_client_restrictions = permit_mynetworks, defer",
    "another code for relaying": "relay_domains_reject_code = 550",
    "other codes": "reject_code = 550\naccess_map_reject_code = 521\nunknown_client_reject_code = 550",
    "codes of 'try again'": "relay_domains_reject_code = 454\nreject_code = 450",
    "soft_bounce": "soft_bounce = yes",
    "no delay of refusals": """\
smtpd_delay_reject = no
smtpd_helo_required = yes
smtpd_client_restrictions = permit_mynetworks, reject
smtpd_helo_restrictions = permit_mynetworks, reject_unknown_helo_hostname""",
    "VRFY, envelopes, junk": """\
disable_vrfy_command = yes
strict_rfc821_envelopes = yes
smtpd_reject_unlisted_sender = yes
smtpd_junk_command_limit = 1
smtpd_recipient_limit = 100
smtpd_timeout = 60s
message_size_limit = 20480""",
    "a table of senders": "smtpd_sender_restrictions = check_sender_access inline:{example.net=OK, example.com=OK}, reject",
    "no null sender": "smtpd_sender_restrictions = check_sender_access inline:{{<>=REJECT}}",
    "a table of greetings": "smtpd_helo_restrictions = check_helo_access inline:{example.net=OK, example.com=OK}, reject",
    "tables of all": """\
smtpd_helo_restrictions = check_helo_access inline:{{mx.example.net=OK}, {$myhostname=OK}}, reject
smtpd_sender_restrictions = check_sender_access inline:{example.net=OK, example.com=OK},
  check_recipient_access inline:{{example.net=OK}, {$mydomain=OK}}, reject""",
    "a missing table behind one that is asked first": "sender_bcc_maps = pipemap:{inline:{a=b}, hash:/etc/postfix/nosuch}",
    "header checks": "header_checks = regexp:{{/^Subject: .*viagra/ REJECT}}, inline:{a=REJECT}",
    "a missing table that no sender's mail needs": "alias_maps = hash:/etc/postfix/nosuch",
    "keywords that are not said": "smtpd_discard_ehlo_keywords = chunking, etrn, dsn, pipelining",
    "keywords, XCLIENT among them": "smtpd_discard_ehlo_keywords = xclient, xforward, chunking",
    "another banner": "smtpd_banner = $myhostname ESMTP no UCE, please",
    "the first error costs time": "smtpd_soft_error_limit = 1",
    "the first error costs much time": "smtpd_error_sleep_time = 4s\nsmtpd_soft_error_limit = 1",
    "the second error costs much time": "smtpd_error_sleep_time = 20s\nsmtpd_soft_error_limit = 2",
    "one error ends a session": "smtpd_hard_error_limit = 1",
    "limits for a client": """\
smtpd_client_connection_count_limit = 2
smtpd_client_connection_rate_limit = 20
smtpd_client_recipient_rate_limit = 30
smtpd_client_message_rate_limit = 30""",
    "virtual domains": "virtual_alias_domains = other.example\nvirtual_alias_maps = inline:{a@other.example=b@example.net}",
    "TLS for who wants it": """\
smtpd_tls_security_level = may
smtpd_tls_cert_file = /etc/lab.pem
smtpd_tls_key_file = /etc/lab.pem""",
}


@pytest.mark.matrix(every=4)
@pytest.mark.parametrize("kind", HARDENED)
def test_hardening_leaves_the_node_in_service(service, kind):
    assert_unmoved(service, HARDENED[kind] + "\n")


@pytest.mark.parametrize("seconds", [1, 4])
def test_a_door_that_has_each_stranger_wait_stays_in_service(service, seconds):
    """A proof waits for the refusals of its strangers, and begins anew where a reload comes in between."""
    assert_unmoved(service, f"smtpd_error_sleep_time = {seconds}s\nsmtpd_soft_error_limit = 1\n",
                   then="postfix reload; sleep 0.5; postfix reload", watched=16)

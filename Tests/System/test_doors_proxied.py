"""Never open and never deaf where senders come by the PROXY protocol: a resident agent behind a classic load balancer that
puts the header, so that who may relay is the sender's own address.
"""

import time

import pytest
from service import BACK, DOOR, INTERVAL, MASTER, POSTSCREEN, SMTPD, Service, also, below, instead
from test_proxy_protocol import POLICY

from relaylab import network, user_data
from relaylab.client import Client
from relaylab.dialogue import speak
from relaylab.lab import Lab
from relaylab.machine import Relay

SETTINGS = {"proxy_protocol": "true", "networks": "10.0.2.0/24,10.0.1.0/24", "reconcile.interval": "10s",
            "reconcile.jitter": "1s"}


def boot_behind_proxy(lab: Lab, settings: dict[str, str]) -> Relay:
    """A relay in service behind the classic load balancer, which puts the header at port 25."""
    relay = lab.add_relay(user_data.cloud_config(lab.sha256), boot=False)
    relay.give(settings)
    call = Client(relay.namespace, lab.folder)
    for action, arguments in (
            ("create_load_balancer_policy", {
                "PolicyName": POLICY, "PolicyTypeName": "ProxyProtocolPolicyType",
                "PolicyAttributes": [{"AttributeName": "ProxyProtocol", "AttributeValue": "true"}]}),
            ("set_load_balancer_policies_for_backend_server", {"InstancePort": 25, "PolicyNames": [POLICY]})):
        answer = call("elb", action, LoadBalancerName="smtp-relay", **arguments)
        assert "Error" not in answer, answer
    call.close()
    relay.boot()
    relay.wait_for_cloud_init()
    lab.wait_for_backend(relay, "UP")
    return relay


@pytest.fixture(scope="module")
def service(binary):
    with Lab(binary) as lab:
        boot_behind_proxy(lab, SETTINGS).wait_for_agent()
        yield Service(lab)


def header(address: str, relay: str) -> bytes:
    return f"PROXY TCP4 {address} {relay} 40000 25\r\n".encode()


MAIL = ["EHLO host.example.net", "MAIL FROM:<a@example.org>", "RCPT TO:<victim@example.net>"]


def answer_to(service, address: str, port: int = 25, lines=tuple(MAIL)) -> str:
    """The last answer to who comes, by the load balancer's word, from an address."""
    # From the load balancer's own namespace there would be nothing else to see: what counts is the header.
    answers = speak(service.lab.application, service.relay.address, list(lines), port, header(address, service.relay.address))
    return answers[-1] if answers else ""


def neighbour(service) -> str:
    """The answers through the load balancer to a host of the VPC that is in none of the networks."""
    return service.lab.try_relay(network.LOAD_BALANCER, neighbour=True)


OPEN = {
    "plain": (below("\n  -o mynetworks=0.0.0.0/0"), "smtp"),
    "in braces": (below("\n  { -o mynetworks = 0.0.0.0/0 }"), "smtp"),
    "behind postscreen": (instead(POSTSCREEN % "\n  -o mynetworks=0.0.0.0/0"), "smtpd"),
}


@pytest.mark.matrix(every=2)
@pytest.mark.parametrize("kind", OPEN)
def test_an_open_door_is_out_of_service(service, kind):
    edit, name = OPEN[kind]
    main = "postscreen_upstream_proxy_protocol = haproxy\n" if "postscreen" in kind else ""
    with service.broken(main, edit) as (since, cursor):
        service.assert_withdrawn(since)
        service.wait_for_log(cursor, name)
    service.assert_mail_flows()
    assert neighbour(service).startswith("554 ")


def test_the_header_of_a_stranger_is_believed_and_refused(service):
    assert answer_to(service, network.OUTSIDER).startswith("554 ")
    assert answer_to(service, network.GATEWAY).startswith("554 ")
    assert answer_to(service, "10.0.3.0").startswith("554 ")
    assert answer_to(service, network.SENDER).startswith("250 ")


def test_nobody_is_believed_to_be_another_by_xclient(service):
    relay = service.relay
    lines = ("EHLO x", "XCLIENT ADDR=10.0.2.20")
    for address in (network.OUTSIDER, network.SENDER, network.GATEWAY, "127.0.0.1"):
        assert answer_to(service, address, lines=lines).startswith("5"), address
    assert speak(service.lab.application, network.LOAD_BALANCER, list(lines))[2].startswith("5")
    # A host that can write headers can claim to be the node itself. The security group has to prevent that.
    assert "XCLIENT" not in speak(service.lab.application, relay.address, ["EHLO x"],
                                  header=header(network.SENDER, relay.address))[1]


@pytest.mark.parametrize("kind", ["bare", "quoted"])
def test_a_strangers_mail_to_postmaster_goes_nowhere(service, kind):
    recipient = {"bare": "<postmaster>", "quoted": '<"Postmaster">'}[kind]
    lines = ("EHLO host.example.org", "MAIL FROM:<a@example.org>", f"RCPT TO:{recipient}", "DATA")
    answer = answer_to(service, network.OUTSIDER, lines=lines)
    assert answer[:1] in ("4", "5"), answer


def test_a_listener_on_loopback_may_do_without_the_header(service):
    """It has to, where the header is expected in main.cf (postconf(5), smtpd_upstream_proxy_protocol)."""
    entry = "127.0.0.1:10026 inet n - n - - smtpd\n  -o smtpd_upstream_proxy_protocol=\n  -o mynetworks=127.0.0.0/8"
    try:
        since = service.edit(master=also(entry))
        service.assert_serving(since, INTERVAL + 3)
        assert f"\n{entry}\n" in service.relay.shell(f"cat {MASTER}")
        assert "250" in service.relay.shell("printf 'EHLO x\r\nQUIT\r\n' | curl -s -m 5 telnet://127.0.0.1:10026", check=False)
        service.assert_mail_flows()
    finally:
        service.mend()


@pytest.mark.parametrize("knows", [True, False], ids=["with the header", "without"])
def test_postscreen_is_served_or_refused_by_name(service, knows):
    """Either senders get in by their own addresses, or the node is out of service and says why; it is never deaf."""
    main = "postscreen_upstream_proxy_protocol = haproxy\n" if knows else ""
    cursor = service.mark()
    try:
        since = service.edit(main, instead(POSTSCREEN % ""))
        # postscreen has who is in none of the networks wait for six seconds, the node itself too.
        time.sleep(14)
        if service.health.samples(time.time() - 1)[-1]["code"] == 200:
            service.assert_serving(time.time(), INTERVAL)
            service.assert_mail_flows()
            assert neighbour(service).startswith("5")
            assert answer_to(service, network.SENDER).startswith("250 ")
        else:
            service.assert_withdrawn(since)
            service.wait_for_log(cursor, "postscreen")
    finally:
        service.mend()


def test_hardening_and_edits_leave_it_in_service(service):
    try:
        since = service.edit("smtpd_sender_restrictions = reject_non_fqdn_sender, reject_unknown_sender_domain\n"
                             "smtpd_helo_restrictions = permit_mynetworks, reject_unknown_helo_hostname\n"
                             "relay_domains_reject_code = 550\nsoft_bounce = yes\n")
        service.assert_serving(since, INTERVAL + 3)
        service.assert_mail_flows()
    finally:
        service.mend()


def test_a_door_that_is_missing_is_put_back(service):
    try:
        began = service.edit(master=instead("#" + DOOR))
        assert service.stays_back(began, BACK) is not None
        service.lab.wait_for_backend(service.relay, "UP", 10)
        service.assert_mail_flows()
    finally:
        service.mend()


def test_senders_that_are_refused_take_it_out(service):
    with service.broken("smtpd_client_restrictions = reject\n") as (since, _):
        service.assert_withdrawn(since)

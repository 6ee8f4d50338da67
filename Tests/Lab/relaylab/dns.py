"""The VPC's name server: dnsmasq, which knows the lab's own names and no other."""

from . import network
from .account import HOSTS, REGION

_NAMES = {
    **{host: network.API for host in HOSTS},
    "repo.lab.internal": network.REPOSITORY,
    "office.lab.internal": network.OFFICE,
    "artifacts.lab.internal": network.ARTIFACTS,
    "mx.example.net": network.SINK,
    "smarthost.example.net": network.SINK,
    "email-smtp.eu-central-1.amazonaws.com": network.SINK,
    # A name that its certificate does not have.
    "false.example.net": network.SINK,
    "mailbox.example.com": network.MAILBOX,
    # The names with which the relays greet.
    **{f"ip-10-0-1-{10 + number}.example.com": f"10.0.1.{10 + number}" for number in range(8)},
    # The load balancers' addresses have names that lead back to them, as every private address of a VPC has.
    "ip-10-0-0-25.example.com": network.LOAD_BALANCER,
    "ip-10-0-0-26.example.com": network.NETWORK_LOAD_BALANCER,
    # A public address whose name leads back to it.
    "mail.example.com": "198.51.100.78",
    # And one with the name that AWS gives it by itself.
    "ec2-198-51-100-80.eu-central-1.compute.amazonaws.com": "198.51.100.80",
}
# Text records: a domain's own, two too many, one that leads to that, and one that leads to a domain without.
_TEXTS = [("example.com", "v=spf1 ip4:198.51.100.0/24 ~all"), ("example.com", "something-else=1"),
          ("twice.example.com", "v=spf1 ~all"), ("twice.example.com", "v=spf1 -all"),
          ("included.example.com", "v=spf1 include:example.com -all"),
          ("broken.example.com", "v=spf1 include:example.net ~all"),
          # More than fits into a datagram.
          ("many.example.com", "v=spf1 ip4:198.51.100.0/24 ~all"),
          *(("many.example.com", f"verification-{number}={'x' * 100}") for number in range(20))]
# An address whose name does not lead back to it.
_POINTERS = {"77.100.51.198.in-addr.arpa": "mx.example.net"}
# moto puts every classic load balancer's name into us-east-1, and the others' into their region.
_WILDCARDS = {
    "us-east-1.elb.amazonaws.com": network.LOAD_BALANCER,
    f"{REGION}.elb.amazonaws.com": network.NETWORK_LOAD_BALANCER,
}


def command() -> list[str]:
    """The command line of the name server."""
    records = [f"--host-record={name},{address}" for name, address in _NAMES.items()]
    wildcards = [f"--address=/{name}/{address}" for name, address in _WILDCARDS.items()]
    records += [f"--txt-record={name},{text}" for name, text in _TEXTS]
    records += [f"--ptr-record={name},{target}" for name, target in _POINTERS.items()]
    return ["dnsmasq", "--keep-in-foreground", "--user=root", "--conf-file=/dev/null", "--pid-file=", "--no-hosts",
            "--no-resolv", f"--listen-address={network.RESOLVER}", "--bind-interfaces", "--address=/#/",
            "--mx-host=example.net,mx.example.net,10", *records, *wildcards]

"""The VPC's name server: dnsmasq, which knows the lab's own names and no other."""

from . import network
from .account import HOSTS, REGION

_NAMES = {
    **{host: network.API for host in HOSTS},
    "repo.lab.internal": network.REPOSITORY,
    "artifacts.lab.internal": network.ARTIFACTS,
    "mx.example.net": network.SINK,
    "smarthost.example.net": network.SINK,
    "mailbox.example.com": network.MAILBOX,
}
# moto puts every classic load balancer's name into us-east-1, and the others' into their region.
_WILDCARDS = {
    "us-east-1.elb.amazonaws.com": network.LOAD_BALANCER,
    f"{REGION}.elb.amazonaws.com": network.NETWORK_LOAD_BALANCER,
}


def command() -> list[str]:
    """The command line of the name server."""
    records = [f"--host-record={name},{address}" for name, address in _NAMES.items()]
    wildcards = [f"--address=/{name}/{address}" for name, address in _WILDCARDS.items()]
    return ["dnsmasq", "--keep-in-foreground", "--user=root", "--conf-file=/dev/null", "--pid-file=", "--no-hosts",
            "--no-resolv", f"--listen-address={network.RESOLVER}", "--bind-interfaces", "--address=/#/",
            "--mx-host=example.net,mx.example.net,10", *records, *wildcards]

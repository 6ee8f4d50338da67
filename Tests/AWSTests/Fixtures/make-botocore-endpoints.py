#!/usr/bin/env python3
"""Writes ../BotocoreEndpoints.swift: the host of each service that the agent calls, as botocore's rule sets name it.

Run it from anywhere: python3 make-botocore-endpoints.py. With --print it only prints. It needs botocore and nothing else,
and goes to no network.
"""

import json
import pathlib
import sys
from urllib.parse import urlsplit

import botocore
import botocore.session
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointResolutionError

SERVICES = ["autoscaling", "cloudformation", "cloudwatch", "ec2", "elb", "elbv2", "logs", "s3", "ssm"]
# FIPS, dual-stack: in the order of the table's columns.
KINDS = [(False, False), (True, False), (False, True), (True, True)]


def partitions(loader) -> dict[str, list[str]]:
    """The regions of each partition's domain. A partition's global pseudo region is none."""
    found: dict[str, list[str]] = {}
    for partition in loader.load_data("partitions")["partitions"]:
        regions = [region for region in partition["regions"] if not region.endswith("-global")]
        found.setdefault(partition["outputs"]["dnsSuffix"], []).extend(regions)
    return found


def hosts(provider: EndpointProvider, region: str) -> list[str]:
    """The host of each kind; the empty text where there is none."""
    found = []
    for fips, dual in KINDS:
        try:
            answer = provider.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual)
            found.append(urlsplit(answer.url).netloc)
        except EndpointResolutionError:
            found.append("")
    return found


def table() -> list[tuple[str, str, str, list[str]]]:
    """Service, domain, region, and the hosts by kind."""
    loader = botocore.session.get_session().get_component("data_loader")
    data = loader.load_data("partitions")
    rows = []
    for service in SERVICES:
        provider = EndpointProvider(loader.load_service_model(service, "endpoint-rule-set-1"), data)
        for domain, regions in sorted(partitions(loader).items()):
            rows += [(service, domain, region, hosts(provider, region)) for region in sorted(regions)]
    return rows


def source() -> str:
    rows = "".join(
        f"        .init({json.dumps(service)}, {json.dumps(domain)}, {json.dumps(region)}, {json.dumps(found)}),\n"
        for service, domain, region, found in table()
    )
    return f"""// Made by Fixtures/make-botocore-endpoints.py. Change it there.
// swift-format-ignore-file

/// The hosts of a service in a region, as botocore's rule sets name them.
struct BotocoreEndpoint: Sendable, CustomStringConvertible {{
    let service: String
    /// The domain of the partition's services.
    let domain: String
    let region: String
    /// As it is, FIPS, dual-stack, and both. The empty text stands for an endpoint that does not exist.
    let hosts: [String]

    init(_ service: String, _ domain: String, _ region: String, _ hosts: [String]) {{
        (self.service, self.domain, self.region, self.hosts) = (service, domain, region, hosts)
    }}

    var description: String {{ "\\(service) in \\(region)" }}
}}

enum BotocoreEndpoints {{
    static let all: [BotocoreEndpoint] = [
{rows}    ]
}}
"""


if __name__ == "__main__":
    if sys.argv[1:] == ["--print"]:
        print(source(), end="")
    else:
        path = pathlib.Path(__file__).resolve().parents[1] / "BotocoreEndpoints.swift"
        path.write_text(source())
        print(path)

"""The endpoints that the agent calls, in every partition and region: botocore's rule sets are the judge."""

import importlib.util
import json
import os
import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
FIXTURE = REPOSITORY / "Tests/AWSTests/Fixtures/make-botocore-endpoints.py"
MAC = "0e:49:61:0f:c3:11"
INTERFACE = f"network/interfaces/macs/{MAC}"
KEYS = {"Code": "Success", "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "x", "Token": "x",
        "Expiration": "2099-01-01T00:00:00Z"}


def fixture():
    spec = importlib.util.spec_from_file_location("endpoints", FIXTURE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_of_the_unit_tests_is_botocores():
    table = (REPOSITORY / "Tests/AWSTests/BotocoreEndpoints.swift").read_text()
    assert table == fixture().source(), f"write it again: {FIXTURE}"


class Metadata(BaseHTTPRequestHandler):
    values: dict[str, str] = {}

    def do_PUT(self):
        self.answer(200, "token")

    def do_GET(self):
        path = self.path.removeprefix("/latest/meta-data/")
        self.answer(200 if path in self.values else 404, self.values.get(path, ""))

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def metadata():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Metadata)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@pytest.fixture
def proxy():
    """A listener that takes the first request of a proxy's client."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        yield server


def values(domain: str, region: str) -> dict[str, str]:
    # There are no tags, so that the agent asks EC2 for them.
    return {
        "instance-id": "i-0123456789abcdef0", "placement/region": region, "placement/availability-zone": f"{region}a",
        "services/domain": domain, "services/partition": "aws", "mac": MAC, "local-ipv4": "10.0.1.10",
        f"{INTERFACE}/vpc-id": "vpc-1", f"{INTERFACE}/subnet-id": "subnet-1",
        f"{INTERFACE}/vpc-ipv4-cidr-blocks": "10.0.0.0/16", f"{INTERFACE}/subnet-ipv4-cidr-block": "10.0.1.0/24",
        "iam/security-credentials/": "relay", "iam/security-credentials/relay": json.dumps(KEYS),
    }


def start(binary, metadata, **variables: str) -> subprocess.Popen:
    environment = {
        "PATH": os.environ["PATH"], "SMTP_RELAY_DOMAIN": "example.com",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://127.0.0.1:{metadata.server_port}", **variables}
    return subprocess.Popen([binary, "facts"], env={key: value for key, value in environment.items() if value},
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def asked(binary, metadata, proxy, **variables: str) -> str:
    """The host and port that the program asks the proxy for."""
    process = start(binary, metadata, HTTPS_PROXY=f"http://127.0.0.1:{proxy.getsockname()[1]}", **variables)
    try:
        connection, _ = proxy.accept()
        with connection:
            line = connection.recv(4096).decode().splitlines()[0]
    finally:
        process.kill()
        process.communicate()
    method, place, _ = line.split()
    assert method == "CONNECT"
    return place


def rows():
    """EC2's hosts, of each region."""
    return [row for row in fixture().table() if row[0] == "ec2"]


@pytest.mark.parametrize("service, domain, region, hosts", rows(), ids=lambda value: value if isinstance(value, str) else "")
def test_the_program_asks_for_botocores_host(binary, metadata, proxy, service, domain, region, hosts):
    Metadata.values = values(domain, region)
    for (fips, dual), host in zip(fixture().KINDS, hosts):
        found = asked(binary, metadata, proxy, AWS_USE_FIPS_ENDPOINT=str(fips).lower(),
                      AWS_USE_DUALSTACK_ENDPOINT=str(dual).lower())
        assert found == f"{host}:443"


@pytest.mark.parametrize("variables, words", [
    ({"AWS_USE_FIPS_ENDPOINT": "yes"}, "environment AWS_USE_FIPS_ENDPOINT: 'yes' is neither true nor false"),
    ({"AWS_USE_DUALSTACK_ENDPOINT": "1"}, "environment AWS_USE_DUALSTACK_ENDPOINT: '1' is neither true nor false"),
    ({"AWS_USE_FIPS_ENDPOINT": "true", "AWS_ENDPOINT_URL": "https://x.example"},
     "environment AWS_USE_FIPS_ENDPOINT, AWS_ENDPOINT_URL: nothing shows that a named endpoint is of the kind"),
])
def test_a_choice_that_leads_nowhere_is_told(binary, metadata, variables, words):
    Metadata.values = values("amazonaws.com", "eu-central-1")
    process = start(binary, metadata, **variables)
    output, _ = process.communicate(timeout=60)
    assert words in output


@pytest.mark.parametrize("mode, words", [
    ("ipv5", "environment AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: 'ipv5' is of no use here, unlike IPv4 or IPv6"),
])
def test_a_mode_of_metadata_that_is_none_is_told_at_once(binary, metadata, mode, words):
    began = time.monotonic()
    process = start(binary, metadata, AWS_EC2_METADATA_SERVICE_ENDPOINT="", AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=mode)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1 and words in output, output
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("entry", ["ec2.eu-central-1.amazonaws.com:443", "AMAZONAWS.COM.", "*.amazonaws.com", "*", "127.0.0.7/8"])
def test_no_proxy_keeps_the_proxy_out(binary, metadata, proxy, entry):
    """The name does not resolve here, so a call without the proxy ends without a question to it."""
    Metadata.values = values("amazonaws.com", "eu-central-1")
    named = {} if "/" not in entry else {"AWS_ENDPOINT_URL": "https://127.9.9.9:1"}
    process = start(binary, metadata, HTTPS_PROXY=f"http://127.0.0.1:{proxy.getsockname()[1]}", NO_PROXY=entry, **named)
    try:
        proxy.settimeout(3)
        with pytest.raises(TimeoutError):
            proxy.accept()
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("entry", ["10.*", "http://a.example", "10.0.0.0/33"])
def test_a_form_of_no_proxy_that_nobody_understands_is_said_once(binary, metadata, entry):
    Metadata.values = {**values("amazonaws.com", "eu-central-1"), "tags/instance": ""}
    process = start(binary, metadata, HTTPS_PROXY="http://127.0.0.1:9", NO_PROXY=f"{entry},localhost")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert output.count(f"environment NO_PROXY: '{entry}' counts for nothing") == 1, output


def test_a_proxy_that_speaks_tls_is_refused(binary, metadata):
    process = start(binary, metadata, HTTPS_PROXY="https://proxy.example:3128")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "environment HTTPS_PROXY: 'https://proxy.example:3128' is not a proxy's address, such as http://" in output

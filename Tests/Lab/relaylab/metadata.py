"""The instance metadata service: version 2, one tree a client address.

Runs as a program in the VPC's namespace and reads what to say from a file at each request, so that a test can change
it, or break it, at any time. Every request is written down, also one that is not answered.
"""

import json
import secrets
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

from . import jsonfile, network, records


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one write: apart, each answer would wait for a delayed acknowledgement.
    wbufsize = -1
    folder: Path
    tokens: set[str] = set()

    def do_PUT(self):
        node = self._node()
        if node is None:
            return
        if self.path != "/latest/api/token":
            return self._answer(404)
        if node.get("fault") == "token":
            return self._answer(503)
        if node.get("fault") == "no-token-answer":
            time.sleep(5)
            self.close_connection = True
            return
        token = secrets.token_urlsafe(40)
        self.tokens.add(token)
        self._answer(200, token, {"X-aws-ec2-metadata-token-ttl-seconds": "21600"})

    def do_GET(self):
        node = self._node()
        if node is None:
            return
        if self.path == "/":
            return self._answer(200, "latest\n")
        # cloud-init does not see EC2's hypervisor in a container, and then asks without a token. Nobody else may.
        is_cloud_init = self.headers.get("User-Agent", "").startswith(("Cloud-Init/", "python-requests/"))
        if self.headers.get("X-aws-ec2-metadata-token") not in self.tokens and not is_cloud_init:
            return self._answer(401)
        parts = [unquote(part) for part in self.path.split("/") if part][1:]
        if parts == ["user-data"]:
            return self._answer(200, node["user-data"])
        value = {"meta-data": node["meta-data"], "dynamic": node["dynamic"]}
        for part in parts:
            if not isinstance(value, dict) or part not in value:
                return self._answer(404)
            value = value[part]
        if isinstance(value, dict):
            value = "\n".join(key + ("/" if isinstance(inner, dict) else "") for key, inner in value.items())
        self._answer(200, value)

    def _node(self):
        client = self.client_address[0]
        records.append(self.folder / "metadata-calls.jsonl", client=client, method=self.command, path=self.path)
        node = jsonfile.read(self.folder / "metadata.json").get(client)
        fault = (node or {}).get("fault")
        if node is None or fault == "disabled":
            self._answer(403)
        elif fault == "down":
            self.close_connection = True
        elif fault == "unavailable":
            self._answer(503)
        elif fault == "silent":
            time.sleep(20)
            self.close_connection = True
        else:
            if fault == "slow":
                time.sleep(1)
            return node
        return None

    def _answer(self, status: int, text: str = "", headers=None):
        body = text.encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *arguments):
        pass


def tree(instance: str, address: str, mac: str, tags: dict[str, str] | None, role: bool) -> dict:
    """The instance metadata of EC2."""
    interface = {
        "device-number": "0", "interface-id": f"eni-{mac.replace(':', '')}", "local-hostname": _hostname(address),
        "local-ipv4s": address, "mac": mac, "owner-id": "123456789012", "security-group-ids": "sg-0123456789abcdef0",
        "security-groups": "relay", "subnet-id": "subnet-0a1b2c3d4e5f60718", "subnet-ipv4-cidr-block": network.SUBNET,
        "vpc-id": "vpc-0123456789abcdef0", "vpc-ipv4-cidr-block": network.VPC, "vpc-ipv4-cidr-blocks": network.VPC,
    }
    data = {
        "ami-id": "ami-0123456789abcdef0", "hostname": _hostname(address), "instance-id": instance,
        "instance-type": "t3.micro", "local-hostname": _hostname(address), "local-ipv4": address, "mac": mac,
        "network": {"interfaces": {"macs": {mac: interface}}},
        "placement": {"availability-zone": "eu-central-1a", "region": "eu-central-1"},
        "services": {"domain": "amazonaws.com", "partition": "aws"},
        "security-groups": "relay",
    }
    if role:
        data["iam"] = {"security-credentials": {"smtp-relay": json.dumps({
            "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-01-01T00:00:00Z",
            "AccessKeyId": "ASIALABLABLABLABLAB1", "SecretAccessKey": "lab-secret-access-key-never-printed",
            "Token": "lab-session-token-never-printed", "Expiration": "2099-01-01T00:00:00Z",
        })}}
    if tags is not None:
        data["tags"] = {"instance": tags}
    return data


def edit(data: dict, path: str, value: str | None) -> None:
    """Set the value at a path below meta-data/, or with None take it away.

    A folder goes with the last that was in it, as on EC2. Only tags/instance stays: empty, it says that tags are on.
    """
    name, _, rest = path.partition("/")
    if rest:
        stays = name == "instance" and name in data
        folder = data.setdefault(name, {})
        edit(folder, rest, value)
        if not folder and not stays:
            del data[name]
    elif value is None:
        data.pop(name, None)
    else:
        data[name] = value


def _hostname(address: str) -> str:
    return f"ip-{address.replace('.', '-')}.eu-central-1.compute.internal"


def identity(instance: str, address: str) -> dict:
    """The instance identity document's folder."""
    document = {"instanceId": instance, "region": "eu-central-1", "privateIp": address, "accountId": "123456789012",
                "availabilityZone": "eu-central-1a", "imageId": "ami-0123456789abcdef0"}
    return {"instance-identity": {"document": json.dumps(document)}}


class Server(ThreadingHTTPServer):
    # Python's own five are full while a node boots: the sixth connection is dropped, and comes back seconds later.
    request_queue_size = 128


if __name__ == "__main__":
    Handler.folder = Path(sys.argv[1])
    Server((network.METADATA, 80), Handler).serve_forever()

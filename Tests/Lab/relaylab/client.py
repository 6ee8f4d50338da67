"""AWS's own client, boto3, in the namespace of a host of the VPC: its address, its names, its role's credentials.

The class is for tests; as a program the file is the other end, which makes the calls.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from . import network, paths


class Client:
    """Makes calls until it is closed."""

    def __init__(self, namespace: str, folder: Path):
        resolver = folder / "resolv.conf"
        resolver.write_text(f"nameserver {network.RESOLVER}\n")
        # 'ip netns exec' has made a mount namespace, where nobody else sees this.
        script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", namespace, "sh", "-c", script, resolver, sys.executable, "-m", "relaylab.client"],
            cwd=paths.SOURCES.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={"PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": "eu-central-1", "AWS_MAX_ATTEMPTS": "1",
                 # Checksums would come in chunks, which the lab's server does not put together.
                 "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
                 "AWS_CA_BUNDLE": str(folder / "ca.pem")},
        )

    def __call__(self, service: str, call: str, **arguments) -> dict:
        """The answer of a call; where the call fails, the answer has an 'Error' with 'Code' and 'Message'."""
        self.process.stdin.write(json.dumps([service, call, arguments]) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(10)


def serve() -> None:
    import boto3
    from botocore.exceptions import ClientError

    for line in sys.stdin:
        service, call, arguments = json.loads(line)
        try:
            answer = getattr(boto3.client(service), call)(**arguments)
        except ClientError as error:
            answer = error.response
        print(json.dumps(answer, default=str), flush=True)


if __name__ == "__main__":
    serve()

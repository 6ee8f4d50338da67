"""What AWS's own library says of a signed request."""

import re
from http.server import BaseHTTPRequestHandler

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def signature(handler: BaseHTTPRequestHandler, url: str, body: str = "") -> str:
    """The right signature of a request, by the role's keys of test_user_data.py.

    A request whose token is not signed gives another one, as AWS answers then.
    """
    given = re.match(r"AWS4-HMAC-SHA256 Credential=ASIAROLE/\d+/([\w-]+)/(\w+)/aws4_request, ?SignedHeaders=([\w;-]+),",
                     handler.headers["Authorization"])
    region, service, names = given.groups()
    assert "x-amz-security-token" in names.split(";"), names
    assert service != "s3" or handler.headers["x-amz-content-sha256"]
    auth = (S3SigV4Auth if service == "s3" else SigV4Auth)(Credentials("ASIAROLE", "the/secret+key"), service, region)
    request = AWSRequest(handler.command, url, {name: handler.headers[name] for name in names.split(";")}, body)
    request.context["timestamp"] = handler.headers["x-amz-date"]
    return auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)

#!/usr/bin/env python3
"""Writes ../BotocoreSignatures.swift: requests, and the Authorization that botocore's own signer gives them.

Run it from anywhere: python3 make-botocore-signatures.py. It needs botocore and nothing else, and goes to no network.
"""

import datetime
import pathlib
from urllib.parse import quote, urlencode

import botocore
import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaDGV1LWNlbnRyYWwtMSJHMEUCIQ=="
FORM = "application/x-www-form-urlencoded; charset=utf-8"


def form(action, version, *pairs):
    fields = [("Action", action), ("Version", version), *pairs]
    return "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in fields)


def elb(action, *pairs):
    return form(action, "2012-06-01", *pairs)


def ec2(action, *pairs):
    return form(action, "2016-11-15", *pairs)


def query(*pairs):
    return "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in pairs)


ELB = "https://elasticloadbalancing.eu-central-1.amazonaws.com/"
EC2 = "https://ec2.eu-central-1.amazonaws.com/"
NAME = ("LoadBalancerName", "mail-relay")
INSTANCE = ("Instances.member.1.InstanceId", "i-0123456789abcdef0")
POST = [("Content-Type", FORM)]

# name, method, url, headers, body, service, region, token, seconds since 1970
CASES = [
    ("describe", "POST", ELB, POST, elb("DescribeLoadBalancers", ("LoadBalancerNames.member.1", "mail-relay"))),
    ("health", "POST", ELB, POST, elb("DescribeInstanceHealth", NAME, INSTANCE)),
    ("register", "POST", ELB, POST, elb("RegisterInstancesWithLoadBalancer", NAME, INSTANCE)),
    ("deregister", "POST", ELB, POST, elb("DeregisterInstancesFromLoadBalancer", NAME, INSTANCE)),
    ("policies", "POST", ELB, POST, elb("DescribeLoadBalancerPolicies", NAME)),
    ("session token", "POST", ELB, POST, elb("DescribeLoadBalancers"), {"token": TOKEN}),
    ("tags", "POST", EC2, POST, ec2("DescribeTags", ("Filter.1.Name", "resource-id"), ("Filter.1.Value.1", "i-1"))),
    ("security groups with token", "POST", EC2, POST, ec2("DescribeSecurityGroups", ("GroupId.1", "sg-1")), {"token": TOKEN}),
    ("UTF-8 form", "POST", EC2, POST, ec2("DescribeTags", ("Filter.1.Value.1", "Größe ☃ 日本"))),
    ("odd characters in a form", "POST", EC2, POST, ec2("DescribeTags", ("Filter.1.Value.1", "a b+c&d=e/f*g~h'(i)%j"))),
    ("empty value", "POST", EC2, POST, ec2("DescribeTags", ("NextToken", ""))),
    ("China", "POST", "https://ec2.cn-north-1.amazonaws.com.cn/", POST, ec2("DescribeTags"), {"region": "cn-north-1"}),
    ("GovCloud", "POST", "https://elasticloadbalancing.us-gov-west-1.amazonaws.com/", POST, elb("DescribeLoadBalancers"), {"region": "us-gov-west-1"}),
    ("port in the host", "POST", "http://127.0.0.1:5000/", POST, elb("DescribeLoadBalancers")),
    ("default port", "POST", "https://ec2.eu-central-1.amazonaws.com:443/", POST, ec2("DescribeTags")),
    ("IPv6 host", "POST", "http://[fd00:ec2::23]:8080/", POST, ec2("DescribeTags")),
    ("endpoint with a path", "POST", "https://proxy.example.com/aws/elb/", POST, elb("DescribeLoadBalancers")),
    ("host in capitals", "POST", "https://EC2.EU-Central-1.amazonaws.com/", POST, ec2("DescribeTags")),
    ("GET without query", "GET", EC2, [], ""),
    ("GET in order", "GET", EC2 + "?" + query(("Action", "DescribeTags"), ("Version", "2016-11-15")), [], ""),
    ("GET out of order", "GET", EC2 + "?" + query(("b", "2"), ("a", "2"), ("a", "1"), ("A", "1"), ("a-b", "3")), [], ""),
    ("GET with odd characters", "GET", EC2 + "?" + query(("key with space", "v/a=l+u&e"), ("~._-", "*'()!"), ("%", "%41")), [], ""),
    ("GET with UTF-8", "GET", EC2 + "?" + query(("ü", "ß"), ("日", "本"), ("☃", "")), [], ""),
    ("GET with a token", "GET", EC2 + "?" + query(("Action", "DescribeTags")), [], "", {"token": TOKEN}),
    ("white space in headers", "GET", EC2, [("X-Test", "  a   b\tc  "), ("X-Other", "z")], ""),
    ("headers in capitals", "GET", EC2, [("X-B", "B"), ("x-a", "a"), ("X-C", "c")], ""),
    ("path with odd characters", "GET", "https://example.amazonaws.com/a%20b/c~d/$e", [], ""),
    ("path to be normalized", "GET", "https://example.amazonaws.com/a/./b/../c//d/", [], ""),
    ("turn of the year", "POST", ELB, POST, elb("DescribeLoadBalancers"), {"seconds": 1735689599}),
    ("leap day", "POST", ELB, POST, elb("DescribeLoadBalancers"), {"seconds": 1709164800}),
    ("long body", "POST", EC2, POST, "x" * 70000),
]


def literal(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return f'"{escaped}"'


def entry(name, method, url, headers, body, options=None):
    options = options or {}
    seconds = options.get("seconds", 1440938160)
    region = options.get("region", "eu-central-1")
    service = "ec2" if body.find("2012-06-01") < 0 else "elasticloadbalancing"
    token = options.get("token")
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    botocore.auth.get_current_datetime = lambda *_: moment
    request = AWSRequest(method=method, url=url, data=body.encode(), headers=dict(headers))
    botocore.auth.SigV4Auth(Credentials(KEY, SECRET, token), service, region).add_auth(request)
    authorization = request.headers["Authorization"]
    lines = [f"name: {literal(name)}, method: .{method.lower()}", f"url: {literal(url)}"]
    if headers == POST:
        lines.append("headers: form")
    elif headers:
        lines.append("headers: [" + ", ".join(f"HTTPHeader({literal(k)}, {literal(v)})" for k, v in headers) + "]")
    if len(body) > 1000:
        lines.append(f"body: String(repeating: {literal(body[0])}, count: {len(body)})")
    elif body:
        lines.append(f"body: {literal(body)}")
    scope = f"service: {literal(service)}, region: {literal(region)}"
    if token:
        scope += ", sessionToken: token"
    if seconds != 1440938160:
        scope += f", seconds: {seconds}"
    lines.append(scope)
    prefix, _, rest = authorization.partition(", ")
    lines.append(f"authorization: {literal(prefix + ', ')}\n                + {literal(rest)}")
    return "        BotocoreSignature(\n" + ",\n".join("            " + line for line in lines) + "\n        ),\n"


entries = "".join(entry(*case) for case in CASES)
source = f"""// Made by Fixtures/make-botocore-signatures.py with botocore {botocore.__version__}. Change it there.
// swift-format-ignore-file
import HTTP

/// A request and what botocore's signer says of it.
struct BotocoreSignature: Sendable, CustomStringConvertible {{
    let name: String
    let method: HTTPRequest.Method
    let url: String
    var headers: [HTTPHeader] = []
    var body = ""
    let service: String
    let region: String
    var sessionToken: String?
    var seconds: Double = 1_440_938_160
    let authorization: String

    var description: String {{ name }}

    static let accessKeyID = {literal(KEY)}
    static let secretAccessKey = {literal(SECRET)}
    private static let token = {literal(TOKEN)}
    private static let form = [HTTPHeader("Content-Type", {literal(FORM)})]

    static let table: [BotocoreSignature] = [
{entries}    ]
}}
"""
target = pathlib.Path(__file__).resolve().parent.parent / "BotocoreSignatures.swift"
target.write_text(source, encoding="utf-8")
print(f"{target}: {len(CASES)} signatures")

"""The AWS APIs: moto over HTTPS, at the names of the real ones, with a classic load balancer that is HAProxy.

What moto makes up, DescribeInstanceHealth, is answered from what HAProxy's checks see. Runs as a program in the VPC's
namespace; faults are read from a file at each request, and every call is written down.
"""

import calendar
import csv
import io
import json
import socket
import sys
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs

import boto3
from moto.backends import get_backend
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from . import network

NAME = "smtp-relay"
ACCOUNT = "123456789012"
REGION = "eu-central-1"
HOSTS = [f"{service}.{REGION}.amazonaws.com" for service in ("ec2", "elasticloadbalancing")]


class Balancer:
    """Keeps HAProxy's servers equal to what is registered, and knows what its checks say."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.registered: dict[str, bool] = {}
        self.states: dict[str, dict] = {}

    def command(self, text: str) -> str:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(2)
            client.connect(str(self.folder / "haproxy.sock"))
            client.sendall(text.encode() + b"\n")
            answer = b""
            while chunk := client.recv(65536):
                answer += chunk
            return answer.decode()

    def addresses(self) -> dict[str, str]:
        return json.loads((self.folder / "instances.json").read_text())

    def follow(self) -> None:
        backend = get_backend("elb")[ACCOUNT][REGION]
        while True:
            try:
                instances = set(backend.load_balancers[NAME].instance_ids)
                for instance, address in self.addresses().items():
                    wanted = instance in instances
                    if wanted != self.registered.get(instance, False):
                        slot = "r" + address.rsplit(".", 1)[1]
                        for section in ("smtp", "submission"):
                            state = "ready" if wanted else "maint"
                            self.command(f"set server {section}/{slot} state {state}")
                            if wanted:
                                self.command(f"set server {section}/{slot} health down")
                        self.registered[instance] = wanted
                rows = csv.DictReader(io.StringIO(self.command("show stat").removeprefix("# ")))
                self.states = {row["svname"]: row for row in rows if row["pxname"] == "smtp"}
            except (OSError, KeyError):
                pass
            time.sleep(0.25)

    def health(self, instance: str) -> dict[str, str] | None:
        if not self.registered.get(instance):
            return None
        address = self.addresses()[instance]
        row = self.states.get("r" + address.rsplit(".", 1)[1], {})
        if row.get("status", "").startswith("UP"):
            return {"State": "InService", "ReasonCode": "N/A", "Description": "N/A"}
        text = "Instance has failed at least the UnhealthyThreshold number of health checks consecutively."
        return {"State": "OutOfService", "ReasonCode": "Instance", "Description": text}


class Application:
    """moto, with the load balancer's true word on health, and with faults."""

    def __init__(self, folder: Path):
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.folder = folder
        self.balancer = Balancer(folder)

    def __call__(self, environ, start_response):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        fields = {key: values[0] for key, values in parse_qs(body.decode()).items()}
        action = fields.get("Action", "")
        if environ["REMOTE_ADDR"].startswith("10.0.1."):
            call = {"time": time.time(), "client": environ["REMOTE_ADDR"], "action": action}
            with (self.folder / "calls.jsonl").open("a") as file:
                file.write(json.dumps(call) + "\n")
            fault = json.loads((self.folder / "faults.json").read_text())
            if answer := self._fault(fault, action, environ, start_response):
                return answer
        if action == "DescribeInstanceHealth" and "Instances.member.1.InstanceId" in fields:
            return self._health(fields["Instances.member.1.InstanceId"], start_response)
        return self.moto(environ, start_response)

    def _fault(self, fault: dict, action: str, environ, start_response):
        if fault.get("hang"):
            time.sleep(fault["hang"])
        if fault.get("unavailable"):
            return self._error(start_response, "503 Service Unavailable", "ServiceUnavailable", "try later")
        if action in fault.get("denied", []):
            return self._error(start_response, "403 Forbidden", "AccessDenied", f"not authorized to perform {action}")
        if fault.get("throttle", 0) > 0:
            fault["throttle"] -= 1
            (self.folder / "faults.json").write_text(json.dumps(fault))
            return self._error(start_response, "400 Bad Request", "Throttling", "Rate exceeded")
        if skew := fault.get("skew"):
            stamp = time.strptime(environ["HTTP_X_AMZ_DATE"], "%Y%m%dT%H%M%SZ")
            now = time.time() + skew
            if abs(now - calendar.timegm(stamp)) > 300:
                return self._error(start_response, "403 Forbidden", "SignatureDoesNotMatch", "Signature expired")
        return None

    def _health(self, instance: str, start_response):
        health = self.balancer.health(instance)
        if health is None:
            message = f"Could not find EC2 instance {instance}."
            return self._error(start_response, "400 Bad Request", "InvalidInstance", message)
        state = "".join(f"<{key}>{value}</{key}>" for key, value in health.items())
        return self._xml(start_response, "200 OK", (
            '<DescribeInstanceHealthResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/">'
            f"<DescribeInstanceHealthResult><InstanceStates><member><InstanceId>{instance}</InstanceId>{state}</member>"
            "</InstanceStates></DescribeInstanceHealthResult></DescribeInstanceHealthResponse>"
        ))

    def _error(self, start_response, status: str, code: str, message: str):
        text = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>" \
               "<RequestId>lab</RequestId></ErrorResponse>"
        return self._xml(start_response, status, text)

    @staticmethod
    def _xml(start_response, status: str, text: str):
        start_response(status, [("Content-Type", "text/xml")])
        return [text.encode()]


class Handler(WSGIRequestHandler):
    """Answers with the time that the server believes it is."""

    folder: Path

    def date_time_string(self, timestamp=None):
        skew = json.loads((self.folder / "faults.json").read_text()).get("skew", 0)
        return super().date_time_string(time.time() + skew)


def seed(folder: Path) -> None:
    """The account's VPC, instances and load balancer."""
    options = {"region_name": REGION, "endpoint_url": f"https://{network.API}", "verify": str(folder / "ca.pem"),
               "aws_access_key_id": "lab", "aws_secret_access_key": "lab"}
    ec2 = boto3.client("ec2", **options)
    vpc = ec2.create_vpc(CidrBlock=network.VPC)["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=network.SUBNET)["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="relay", Description="relay", VpcId=vpc)["GroupId"]
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    made = ec2.run_instances(ImageId=image, MinCount=8, MaxCount=8, SubnetId=subnet)["Instances"]
    instances = {made[i]["InstanceId"]: f"10.0.1.{10 + i}" for i in range(8)}
    elb = boto3.client("elb", **options)
    elb.create_load_balancer(
        LoadBalancerName=NAME, Scheme="internal", Subnets=[subnet], SecurityGroups=[group],
        Listeners=[{"Protocol": "TCP", "LoadBalancerPort": port, "InstanceProtocol": "TCP", "InstancePort": port}
                   for port in (25, 587)],
    )
    elb.configure_health_check(LoadBalancerName=NAME, HealthCheck={
        "Target": "HTTP:80/health", "Interval": 5, "Timeout": 2, "UnhealthyThreshold": 2, "HealthyThreshold": 2})
    # A load balancer that would make an open relay: anyone may come in, and Postfix sees its address, not theirs.
    door = ec2.create_security_group(GroupName="door", Description="open to the world", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=door, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 25, "ToPort": 25, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    elb.create_load_balancer(
        LoadBalancerName="open-door", Scheme="internet-facing", Subnets=[subnet], SecurityGroups=[door],
        Listeners=[{"Protocol": "TCP", "LoadBalancerPort": 25, "InstanceProtocol": "TCP", "InstancePort": 25}],
    )
    ec2.create_tags(Resources=list(instances), Tags=[{"Key": "Purpose", "Value": "relay"}])
    (folder / "instances.json").write_text(json.dumps(instances))
    (folder / "account.json").write_text(json.dumps({"vpc": vpc, "subnet": subnet, "group": group}))


if __name__ == "__main__":
    run_folder = Path(sys.argv[1])
    application = Application(run_folder)
    Handler.folder = run_folder
    certificate = (str(run_folder / "api.pem"), str(run_folder / "api.key"))
    server = make_server(network.API, 443, application, threaded=True, ssl_context=certificate,
                         request_handler=Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    seed(run_folder)
    (run_folder / "api.ready").touch()
    application.balancer.follow()

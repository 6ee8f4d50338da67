"""The AWS APIs: moto over HTTPS, at the names of the real ones, with load balancers that are HAProxy.

What moto makes up is answered by the lab itself, from what is so. Runs as a program in the VPC's namespace; faults are
read from a file at each request, and every call is written down.
"""

import io
import re
import sys
import threading
import time
from pathlib import Path

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from . import cloudformation, haproxy, network, query, records
from .account import seed
from .classic import ClassicLoadBalancer
from .faults import Faults
from .lifecycle import Lifecycles
from .target_groups import TargetGroups


class Application:
    """moto, with the lab's own answers in place of what it makes up, and with faults."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.calls = folder / "calls.jsonl"
        self.faults = Faults(folder)
        self.classic = ClassicLoadBalancer(folder)
        self.target_groups = TargetGroups(folder)
        lifecycles = Lifecycles(folder)
        # The answer of each service that a call is signed for. One that gives None leaves the call to moto.
        self.answers = {
            ("elasticloadbalancing", "RegisterInstancesWithLoadBalancer"): self.classic.register,
            ("elasticloadbalancing", "DeregisterInstancesFromLoadBalancer"): self.classic.deregister,
            ("elasticloadbalancing", "DescribeInstanceHealth"): self.classic.health,
            ("elasticloadbalancing", "DeleteLoadBalancer"): self.target_groups.delete_load_balancer,
            ("elasticloadbalancing", "RegisterTargets"): self.target_groups.register,
            ("elasticloadbalancing", "DeregisterTargets"): self.target_groups.deregister,
            ("elasticloadbalancing", "DescribeTargetHealth"): self.target_groups.health,
            ("autoscaling", "DescribeAutoScalingInstances"): lifecycles.describe,
            ("autoscaling", "CompleteLifecycleAction"): lifecycles.complete,
            ("autoscaling", "RecordLifecycleActionHeartbeat"): lifecycles.heartbeat,
            ("cloudformation", "SignalResource"): cloudformation.signal,
        }

    def __call__(self, environ, start_response):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        try:
            text = self._answer(query.fields(body), environ)
        except query.QueryError as error:
            start_response(error.status, [("Content-Type", "text/xml")])
            return [error.xml().encode()]
        if text is None:
            return self.moto(environ, start_response)
        start_response("200 OK", [("Content-Type", "text/xml")])
        return [text.encode()]

    def _answer(self, form: dict[str, str], environ) -> str | None:
        # In the JSON protocol a header names the action, and the body is no form.
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        if target:
            form = {}
        action = form.get("Action", "") or target.rpartition(".")[2]
        # In S3's protocol the method is the action.
        scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
        service = scope.group(1) if scope else ""
        if service == "s3":
            action = environ["REQUEST_METHOD"].capitalize() + "Object"
        if environ["REMOTE_ADDR"].startswith("10.0.1."):
            parameters = {name: value for name, value in form.items() if name not in ("Action", "Version")}
            # A request without both is a look whether there is a way to the API.
            if service or action:
                records.append(self.calls, client=environ["REMOTE_ADDR"], service=service, action=action, fields=parameters)
            self.faults.strike(service, action, environ.get("HTTP_X_AMZ_DATE", ""), environ.get("HTTP_AUTHORIZATION", ""))
        if own := self.answers.get((service, action)):
            return own(form)
        if service in ("autoscaling", "cloudformation"):
            # moto has them too, but knows nothing of the lab's instances there.
            message = f"Could not find operation {action} for version {form.get('Version')}"
            raise query.QueryError("InvalidAction", message)
        return None

    def follow(self) -> None:
        """Keep HAProxy equal to what is registered, for ever."""
        while True:
            try:
                self.classic.follow()
                self.target_groups.follow()
                statistics = haproxy.statistics(self.folder)
                self.classic.see(statistics)
                self.target_groups.see(statistics)
            except OSError:
                # HAProxy is not up yet.
                pass
            time.sleep(0.25)


class Handler(WSGIRequestHandler):
    """Answers with the time that the server believes it is."""

    faults: Faults

    def date_time_string(self, timestamp=None):
        return super().date_time_string(time.time() + self.faults.skew())


if __name__ == "__main__":
    run_folder = Path(sys.argv[1])
    application = Application(run_folder)
    Handler.faults = application.faults
    certificate = (str(run_folder / "api.pem"), str(run_folder / "api.key"))
    server = make_server(network.API, 443, application, threaded=True, ssl_context=certificate,
                         request_handler=Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    seed(run_folder)
    (run_folder / "api.ready").touch()
    application.follow()

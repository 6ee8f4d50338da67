"""The user-data in cloud-init/: what it fetches, from where, how often, and what it does with the wrong thing.

Run in a node's root with its own curl, against a server in this process; the labs boot real nodes from the same files.
"""

import email
import hashlib
import json
import re
import shutil
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import pytest
import yaml

from relaylab import aws_requests, image, user_data
from relaylab.lab import Lab
from relaylab.user_data import FOLDER

AGENT = b"#!/bin/sh\necho \"$@\" >/agent-arguments\nenv >/agent-environment\n"
SHA256 = hashlib.sha256(AGENT).hexdigest()
INSTALLED = "usr/local/bin/smtp-relay-agent"


KEYS = {"AccessKeyId": "ASIAROLE", "SecretAccessKey": "the/secret+key", "Token": "the/token+=="}
SETTINGS = """[auto_scaling]
launch_hook = "relay-launching"

[cloudformation]
stack = "relays"
resource = "RelayNodes"
"""


def script(kind: str) -> str:
    """The script in a kind of user-data."""
    if kind == "yaml":
        return yaml.safe_load((FOLDER / "user-data.yaml").read_text())["runcmd"][0]
    if kind == "mime":
        only, = email.message_from_bytes((FOLDER / "user-data.mime").read_bytes()).get_payload()
        return only.get_payload()
    return (FOLDER / "user-data.sh").read_text()


class Server(ThreadingHTTPServer):
    """Answers with these, one after the other, and then with the agent; keeps what was asked for. Also metadata and AWS's APIs."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[int] = []
        self.asked: list[str] = []
        # Each signed request: service, host, and path or form.
        self.signed: list[tuple[str, str, str]] = []
        self.metadata = {"placement/region": "cn-north-1", "services/domain": "amazonaws.com.cn",
                         "iam/security-credentials/": "relay-role", "iam/security-credentials/relay-role": json.dumps(KEYS, indent=2)}
        self.seconds_ahead = 0
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_PUT(self):
        assert self.path == "/latest/api/token" and self.headers["X-aws-ec2-metadata-token-ttl-seconds"]
        self.reply(200, b"a-token")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        service = self.headers["Host"].split(".")[0]
        right = aws_requests.signature(self, f"https://{self.headers['Host']}{self.path}", body)
        assert f"Signature={right}" in self.headers["Authorization"]
        self.server.signed.append((service, self.headers["Host"], body))
        self.reply(200, b"<R><AutoScalingGroupName>the-group</AutoScalingGroupName></R>" if "Describe" in body else b"<R/>")

    def do_GET(self):
        if self.path.startswith("/latest/"):
            known = self.server.metadata.get(self.path.removeprefix("/latest/meta-data/"))
            self.reply(200 if known else 404, (known or "").encode())
            return
        if "Authorization" in self.headers:
            right = aws_requests.signature(self, f"https://{self.headers['Host']}{self.path}")
            assert f"Signature={right}" in self.headers["Authorization"]
            self.server.signed.append(("s3", self.headers["Host"], self.path))
        self.server.asked.append(self.path)
        status = self.server.answers.pop(0) if self.server.answers else 200
        if status == 0:
            # No answer at all.
            self.close_connection = True
            return
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/moved")
        self.send_header("Content-Length", str(len(AGENT)))
        self.end_headers()
        # One that breaks off in the middle.
        self.wfile.write(AGENT[:10] if status == 206 else AGENT)
        self.close_connection = True

    def reply(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def date_time_string(self, timestamp=None):
        return super().date_time_string(time.time() + self.server.seconds_ahead)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class Node:
    """A node's root, in which nobody waits: what a script would have slept is written down."""

    def __init__(self, root):
        self.root = root
        # Nobody answers there.
        self.metadata = "http://127.0.0.1:9"
        self.program("sleep", 'echo "$1" >>/slept')

    def program(self, name: str, script: str) -> None:
        path = self.root / "usr/local/bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def without(self, name: str) -> None:
        """Have this program not installed."""
        for folder in ("usr/bin", "bin", "usr/local/bin"):
            (self.root / folder / name).unlink(missing_ok=True)

    def aws_endpoints(self, server: Server) -> None:
        """Have the server be metadata, and each host that curl asks."""
        self.metadata = server.url
        self.program("curl", 'i=0; for word; do set -- "$@" "$(echo "$word" | sed s,^https:,http:,)"; shift; done\n'
                             'echo "$@" >>/curl-arguments\n'
                             f'exec /usr/bin/curl --connect-to ::127.0.0.1:{server.server_port} "$@"')
        cloud_init = self.root / "var/lib/cloud/data"
        cloud_init.mkdir(parents=True, exist_ok=True)
        (cloud_init / "instance-id").write_text("i-0123456789abcdef0\n")

    def run(self, url: str, sha256: str = SHA256, proxy: str = "", shell: str = "sh", kind: str = "sh", direct: str = "",
            settings: str = ""):
        """Run a kind of user-data with these in the places of its examples. Its exit status and what it says."""
        (self.root / "user-data").write_text(user_data.filled(script(kind), {
            user_data.EXAMPLE_URL: url, user_data.EXAMPLE_SHA256: sha256, user_data.EXAMPLE_PROXY: f"proxy='{proxy}'",
            user_data.EXAMPLE_DIRECT: f"direct='{direct}'",
            user_data.EXAMPLE_JOINED: f"{user_data.EXAMPLE_JOINED}\n\n{settings}",
        }))
        result = subprocess.run(["/usr/sbin/chroot", self.root, shell, "/user-data"], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
                                env={"PATH": "/usr/local/bin:/usr/bin:/bin", "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.metadata})
        return result.returncode, result.stdout

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def slept(self) -> list[str]:
        return self.read("slept").split() if (self.root / "slept").exists() else []


@pytest.fixture
def node(tmp_path):
    for part in ("upper", "work", "root"):
        (tmp_path / part).mkdir()
    root = tmp_path / "root"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o",
                    f"lowerdir={image.relay()},upperdir={tmp_path}/upper,workdir={tmp_path}/work", root], check=True)
    yield Node(root)
    subprocess.run(["umount", root], check=True)


# The files


def test_each_copy_is_as_its_source():
    for path, text in user_data.copies().items():
        assert path.read_text() == text, "write it: PYTHONPATH=Tests/Lab python3 -m relaylab.user_data"


@pytest.mark.parametrize("kind", ["sh", "yaml", "mime"])
def test_the_settings_are_the_minimal_example(kind):
    minimal = (FOLDER / "config.minimal.toml").read_text().split("\n\n", 1)[1]
    assert script(kind).split("<<'SETTINGS'\n")[1].split("SETTINGS\n")[0] == minimal


def test_cloud_init_finds_the_cloud_config_valid(node):
    shutil.copy(FOLDER / "user-data.yaml", node.root)
    result = subprocess.run(["chroot", node.root, "cloud-init", "schema", "--config-file", "/user-data.yaml"],
                            capture_output=True, text=True)
    assert result.returncode == 0 and "Valid" in result.stdout, result.stdout + result.stderr


def test_each_file_begins_with_what_it_is_for():
    for path in FOLDER.iterdir():
        if path.suffix == ".json":
            # It has no comments.
            assert json.loads(path.read_text())["description"]
            continue
        head = path.read_text()[:600]
        assert [line for line in head.splitlines() if line.startswith("# ")][:1], path


def test_shellcheck_has_no_remark():
    subprocess.run(["shellcheck", FOLDER / "user-data.sh"], check=True)
    subprocess.run(["shellcheck", "--shell=sh", "-"], input="#!/bin/sh\n" + script("yaml"), text=True, check=True)


def test_user_data_fits_into_an_instance():
    assert all(len(path.read_bytes()) < 16384 for path in FOLDER.glob("user-data.*"))


# The scripts at work


@pytest.mark.parametrize("kind", ["sh", "yaml", "mime"])
def test_the_agent_is_installed_and_run(node, server, kind):
    assert node.run(f"{server.url}/agent", kind=kind) == (0, "")
    assert (node.root / INSTALLED).read_bytes() == AGENT
    assert (node.root / INSTALLED).stat().st_mode & 0o7777 == 0o755
    assert node.read("agent-arguments") == "bootstrap\n"
    assert "[load_balancer]" in node.read("etc/smtp-relay-agent/config.toml")
    assert not list((node.root / "tmp").iterdir())


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_what_fails_is_tried_again_with_longer_and_longer_waits(node, server, shell):
    # An error, none at all, and half of it: the fourth is whole.
    server.answers = [503, 0, 206]
    status, text = node.run(f"{server.url}/agent", shell=shell)
    assert status == 0
    assert server.asked == ["/agent"] * 4
    assert node.slept() == ["2", "4", "6"]
    assert text.count("curl: ") == 3
    assert node.read("agent-arguments") == "bootstrap\n"


def test_it_gives_up_after_eight_attempts_and_says_why(node, server):
    server.answers = [404] * 20
    status, text = node.run(f"{server.url}/agent")
    assert status == 1
    assert len(server.asked) == 8
    assert sum(map(int, node.slept())) == 56
    assert text.splitlines()[-1] == \
        f"the agent can't be fetched from {server.url}/agent: 8 attempts failed, the last as said above"
    assert "404" in text.splitlines()[-2]
    assert not (node.root / INSTALLED).exists()
    assert not list((node.root / "tmp").iterdir())


def test_a_name_that_does_not_resolve_is_tried_again(node):
    status, text = node.run("http://no-such-host.invalid/agent")
    assert status == 1 and text.count("Could not resolve") == 8


def test_another_binary_than_the_checksums_is_not_installed(node, server):
    status, text = node.run(f"{server.url}/agent", sha256="0" * 64)
    assert status == 1
    assert text.splitlines()[-1] == \
        f"the agent from {server.url}/agent is not the one with SHA-256 {'0' * 64}: not installed"
    assert not (node.root / INSTALLED).exists()
    assert not (node.root / "agent-arguments").exists()
    assert not list((node.root / "tmp").iterdir())
    # Another attempt would bring the same.
    assert len(server.asked) == 1


def test_it_goes_where_it_is_sent(node, server):
    server.answers = [302]
    assert node.run(f"{server.url}/latest")[0] == 0
    assert server.asked == ["/latest", "/moved"]


def test_through_a_proxy_which_the_agent_takes_too(node, server):
    assert node.run("http://artifacts.invalid/agent", proxy=server.url)[0] == 0
    assert server.asked == ["http://artifacts.invalid/agent"]
    environment = dict(line.split("=", 1) for line in node.read("agent-environment").splitlines())
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        assert environment[name] == server.url
    for name in ("no_proxy", "NO_PROXY"):
        assert environment[name].split(",") == ["169.254.169.254", "fd00:ec2::254", "localhost", "127.0.0.1"]


def test_hosts_that_need_no_proxy_are_added_to_the_list(node, server):
    assert node.run(f"{server.url}/agent", proxy=server.url, direct=".amazonaws.com,10.0.0.0/8")[0] == 0
    environment = dict(line.split("=", 1) for line in node.read("agent-environment").splitlines())
    assert environment["no_proxy"] == environment["NO_PROXY"]
    assert environment["no_proxy"].split(",")[-2:] == [".amazonaws.com", "10.0.0.0/8"]


def test_without_a_proxy_there_are_no_variables_of_one(node, server):
    node.run(f"{server.url}/agent")
    assert "proxy" not in node.read("agent-environment").lower()


def test_from_s3_the_aws_command_line_fetches_it(node):
    (node.root / "object").write_bytes(AGENT)
    # The last of its arguments is the place to copy to. The first time the role has no credentials yet.
    node.program("aws", 'echo "$@" >>/aws-arguments\nfor to; do :; done\n'
                        '[ -e /tried ] || { touch /tried; echo "Unable to locate credentials" >&2; exit 1; }\n'
                        'cp /object "$to"')
    assert node.run("s3://bucket/agents/1.0/agent") == (0, "Unable to locate credentials\n")
    first, second = node.read("aws-arguments").splitlines()
    assert first == second and first.startswith("s3 cp --only-show-errors ")
    assert first.split()[-2] == "s3://bucket/agents/1.0/agent"
    assert node.slept() == ["2"]
    assert (node.root / INSTALLED).read_bytes() == AGENT
    assert node.read("agent-arguments") == "bootstrap\n"


@pytest.mark.parametrize("bucket", ["bucket", "releases.example.cn"])
def test_from_s3_curl_signs_where_there_is_no_aws_command_line(node, server, bucket):
    """With the role's keys, in the instance's region and partition. The dots of a bucket's name fit into no certificate."""
    node.aws_endpoints(server)
    assert node.run(f"s3://{bucket}/agents/1.0/smtp-relay-agent") == (0, "")
    assert server.signed == [("s3", "s3.cn-north-1.amazonaws.com.cn", f"/{bucket}/agents/1.0/smtp-relay-agent")]
    assert node.read("agent-arguments") == "bootstrap\n"
    # Nobody sees the keys in a list of processes.
    assert not [key for key in KEYS.values() if key in node.read("curl-arguments")]


def test_the_aws_command_line_hears_the_region(node, server):
    """Version 1 takes none from metadata."""
    (node.root / "object").write_bytes(AGENT)
    node.aws_endpoints(server)
    node.program("aws", 'echo "$AWS_DEFAULT_REGION" >/aws-region\nfor to; do :; done\ncp /object "$to"')
    assert node.run("s3://bucket/agent") == (0, "")
    assert node.read("aws-region") == "cn-north-1\n"


def test_only_options_that_an_old_curl_has(node, server):
    """CentOS 7 has curl 7.29, Amazon Linux 1 has 7.61."""
    node.program("curl", 'echo "$@" >/curl-arguments\nexec /usr/bin/curl "$@"')
    node.run(f"{server.url}/agent")
    options = [word for word in node.read("curl-arguments").split() if word.startswith("-")]
    assert options == ["-fsSL", "--connect-timeout", "--max-time", "-o"]


# Failures that end it, with one line


OLD_CURL = 'case $1 in --version) echo "curl 7.76.1 (x86_64-redhat-linux-gnu) libcurl/7.76.1" ;; *) exec /usr/bin/curl "$@" ;; esac'
ENDS = {
    "unknown architecture": ("https://example.com/agent", lambda node, server: node.program("uname", "echo riscv64"),
                             "the agent does not run on riscv64: launch an instance type for x86_64 or arm64"),
    "no curl": ("https://example.com/agent", lambda node, server: node.without("curl"),
                "there is no curl to fetch https://example.com/agent: install it in the image"),
    "no curl, from s3": ("s3://bucket/agent", lambda node, server: node.without("curl"),
                         "s3://bucket/agent needs the AWS command line, or curl 7.88 or later: install one in the image, or give an "
                         "https:// address"),
    "an old curl, from s3": ("s3://bucket/agent", lambda node, server: node.program("curl", OLD_CURL),
                             "s3://bucket/agent needs the AWS command line, or curl 7.88 or later: install one in the image, or give an "
                             "https:// address"),
}


@pytest.mark.parametrize("case", ENDS)
def test_what_cannot_work_ends_at_once_with_what_to_do(node, server, case):
    url, breaks, line = ENDS[case]
    breaks(node, server)
    assert node.run(url) == (1, line + "\n")
    assert node.slept() == [] and server.asked == []


def test_a_binary_that_does_not_run_here_is_named(node, server):
    """As one for another architecture."""
    broken = b"\x7fELF of another machine"
    (node.root / "object").write_bytes(broken)
    node.program("curl", 'while [ "$1" != -o ]; do shift; done\ncp /object "$2"')
    status, text = node.run("https://example.com/agent", sha256=hashlib.sha256(broken).hexdigest())
    assert (status, text) == (1, "the agent from https://example.com/agent does not run on this x86_64 machine: "
                                 "give the address of the binary for it\n")


FAILURES = {
    "no CA bundle": ("curl: (77) error setting certificate file: /etc/ssl/certs/ca-certificates.crt",
                     "no CA certificate here proves the server of https://example.com/agent: install the package ca-certificates in "
                     "the image"),
    "an incomplete CA bundle": ("curl: (60) SSL certificate problem: unable to get local issuer certificate",
                                "no CA certificate here proves the server of https://example.com/agent: install the package "
                                "ca-certificates in the image"),
    "an old curl": ("curl: (35) error:1407742E:SSL routines:SSL23_GET_SERVER_HELLO:tlsv1 alert protocol version",
                    "curl has no TLS in common with the server of https://example.com/agent: install a newer curl in the image"),
    "an expired certificate": ("curl: (60) SSL certificate problem: certificate has expired",
                               "https://example.com/agent is not valid at .*, this machine's time: set the clock, or renew the server's "
                               "certificate"),
    "a clock before the certificate": ("curl: (60) SSL certificate problem: certificate is not yet valid",
                                       "https://example.com/agent is not valid at .*, this machine's time: set the clock, or renew the "
                                       "server's certificate"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_what_goes_on_failing_ends_with_what_to_do(node, case):
    said, line = FAILURES[case]
    node.program("curl", f"echo '{said}' >&2; exit 60")
    status, text = node.run("https://example.com/agent")
    assert status == 1 and re.fullmatch(line, text.splitlines()[-1]), text
    # The log has curl's own words as well.
    assert text.count(said) == 8


def test_curl_itself_says_so_where_there_is_no_ca_bundle(node, server):
    (node.root / "etc/ssl/certs/ca-certificates.crt").unlink()
    url = f"https://127.0.0.1:{server.server_port}/agent"
    status, text = node.run(url)
    assert status == 1 and text.splitlines()[-1] == \
        f"no CA certificate here proves the server of {url}: install the package ca-certificates in the image"


@pytest.mark.parametrize("seconds", [-86400, 86400])
def test_a_clock_that_metadata_contradicts_is_named(node, server, seconds):
    """S3 then answers 403, which may mean many things."""
    node.aws_endpoints(server)
    server.seconds_ahead, server.answers = seconds, [403] * 8
    status, text = node.run(f"{server.url}/agent")
    assert status == 1
    assert re.fullmatch("this machine's clock is wrong, it says .*: set it, for example with 'chronyc makestep'", text.splitlines()[-1])


# The stack and the hook hear of it


def test_a_curl_that_can_sign_tells_the_stack_and_the_hook(node, server):
    node.aws_endpoints(server)
    assert node.run(f"{server.url}/agent", sha256="0" * 64, settings=SETTINGS)[0] == 1
    forms = [(host, dict(parse_qsl(form))) for _, host, form in server.signed]
    assert forms == [
        ("cloudformation.cn-north-1.amazonaws.com.cn",
         {"Version": "2010-05-15", "Action": "SignalResource", "StackName": "relays", "LogicalResourceId": "RelayNodes",
          "UniqueId": "i-0123456789abcdef0", "Status": "FAILURE"}),
        ("autoscaling.cn-north-1.amazonaws.com.cn",
         {"Version": "2011-01-01", "Action": "DescribeAutoScalingInstances", "InstanceIds.member.1": "i-0123456789abcdef0"}),
        ("autoscaling.cn-north-1.amazonaws.com.cn",
         {"Version": "2011-01-01", "Action": "CompleteLifecycleAction", "LifecycleHookName": "relay-launching",
          "AutoScalingGroupName": "the-group", "InstanceId": "i-0123456789abcdef0", "LifecycleActionResult": "ABANDON"})]


def test_the_aws_command_line_tells_the_stack_and_the_hook(node, server):
    """Also where there is no curl."""
    node.aws_endpoints(server)
    node.without("curl")
    node.program("aws", 'echo "$@" >>/aws-arguments\ncase $2 in describe-*) echo the-group ;; esac')
    assert node.run("https://example.com/agent", settings=SETTINGS)[0] == 1
    assert node.read("aws-arguments").splitlines() == [
        "cloudformation signal-resource --stack-name relays --logical-resource-id RelayNodes --unique-id i-0123456789abcdef0 "
        "--status FAILURE",
        "autoscaling describe-auto-scaling-instances --instance-ids i-0123456789abcdef0 --output text "
        "--query AutoScalingInstances[0].AutoScalingGroupName",
        "autoscaling complete-lifecycle-action --lifecycle-hook-name relay-launching --auto-scaling-group-name the-group "
        "--instance-id i-0123456789abcdef0 --lifecycle-action-result ABANDON"]


def test_without_a_stack_and_a_hook_nobody_is_told(node, server):
    node.aws_endpoints(server)
    assert node.run(f"{server.url}/agent", sha256="0" * 64)[0] == 1
    assert server.signed == []


# Together with parts of one's own, by a booted node's cloud-init

OWN = "#cloud-config\nwrite_files: [{path: /etc/own-file, content: own}]\n"


def test_a_part_that_writes_files_erases_no_settings_and_later_commands_run(binary):
    """One node for each order of the parts, and one whose agent can't be installed."""
    with Lab(binary) as lab:
        wrong = user_data.cloud_config("0" * 64)
        relays = [lab.add_relay(text) for text in (
            multipart(("x-shellscript", fetched(lab, "sh")), ("cloud-config", OWN)),
            multipart(("cloud-config", OWN + "runcmd: [touch /ran]\n"), ("cloud-config", fetched(lab, "yaml"))),
            wrong + "  - touch /ran\nwrite_files: [{path: /etc/own-file, content: own}]\n",
        )]
        for relay in relays:
            relay.shell("cloud-init status --wait || true")
            assert "[load_balancer]" in relay.shell("cat /etc/smtp-relay-agent/config.toml")
            assert relay.shell("cat /etc/own-file") == "own"
        assert relays[0].shell("ls /usr/local/bin/smtp-relay-agent") and relays[1].shell("ls /usr/local/bin/smtp-relay-agent /ran")
        assert relays[2].shell("ls /ran; ls /usr/local/bin").split() == ["/ran"]


def fetched(lab: Lab, kind: str) -> str:
    """User-data that installs the agent, but does not run it."""
    text = {"sh": user_data.shell_script, "yaml": user_data.cloud_config}[kind](lab.sha256)
    return text.replace("exec /usr/local/bin/smtp-relay-agent bootstrap", "true")


def multipart(*parts: tuple[str, str]) -> str:
    return "Content-Type: multipart/mixed; boundary=part\nMIME-Version: 1.0\n\n" + "".join(
        f"--part\nContent-Type: text/{kind}\n\n{text}\n" for kind, text in parts) + "--part--\n"

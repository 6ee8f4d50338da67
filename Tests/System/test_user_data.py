"""The user-data in cloud-init/: what it fetches, from where, how often, and what it does with the wrong thing.

Run in a node's root with its own curl, against a server in this process; the labs boot real nodes from the same files.
"""

import email
import hashlib
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml

from relaylab import image, user_data
from relaylab.user_data import FOLDER

AGENT = b"#!/bin/sh\necho \"$@\" >/agent-arguments\nenv >/agent-environment\n"
SHA256 = hashlib.sha256(AGENT).hexdigest()
INSTALLED = "usr/local/bin/smtp-relay-agent"


def parts() -> list[email.message.Message]:
    return email.message_from_bytes((FOLDER / "user-data.mime").read_bytes()).get_payload()


def script(kind: str) -> str:
    """The script in a kind of user-data."""
    if kind == "yaml":
        return yaml.safe_load((FOLDER / "user-data.yaml").read_text())["runcmd"][0]
    if kind == "mime":
        return parts()[1].get_payload()
    return (FOLDER / "user-data.sh").read_text()


class Server(ThreadingHTTPServer):
    """Answers with these, one after the other, and then with the agent; keeps what was asked for."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[int] = []
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
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
        self.program("sleep", 'echo "$1" >>/slept')

    def program(self, name: str, script: str) -> None:
        path = self.root / "usr/local/bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def run(self, url: str, sha256: str = SHA256, proxy: str = "", shell: str = "sh", kind: str = "sh"):
        """Run a kind of user-data with these in the places of its examples. Its exit status and what it says."""
        (self.root / "user-data").write_text(user_data.filled(script(kind), {
            user_data.EXAMPLE_URL: url, user_data.EXAMPLE_SHA256: sha256, user_data.EXAMPLE_PROXY: f"proxy='{proxy}'",
        }))
        result = subprocess.run(["/usr/sbin/chroot", self.root, shell, "/user-data"], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
                                env={"PATH": "/usr/local/bin:/usr/bin:/bin"})
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


def test_the_settings_are_the_minimal_example():
    minimal = (FOLDER / "config.minimal.toml").read_text().split("\n\n", 1)[1]
    for text in ((FOLDER / "user-data.yaml").read_text(), parts()[0].get_payload()):
        written, = yaml.safe_load(text)["write_files"]
        assert written == {"path": "/etc/smtp-relay-agent/config.toml", "content": minimal}


def test_cloud_init_finds_the_cloud_config_valid(node):
    (node.root / "part.yaml").write_text(parts()[0].get_payload())
    shutil.copy(FOLDER / "user-data.yaml", node.root)
    for path in ("/user-data.yaml", "/part.yaml"):
        result = subprocess.run(["chroot", node.root, "cloud-init", "schema", "--config-file", path],
                                capture_output=True, text=True)
        assert result.returncode == 0 and "Valid" in result.stdout, result.stdout + result.stderr


def test_each_file_begins_with_what_it_is_for():
    for path in FOLDER.iterdir():
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
        assert "169.254.169.254" in environment[name].split(",")


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


def test_from_s3_it_is_fetched_over_https_where_there_is_no_aws_command_line(node):
    (node.root / "object").write_bytes(AGENT)
    node.program("curl", 'echo "$@" >/curl-arguments\nwhile [ "$1" != -o ]; do shift; done\ncp /object "$2"')
    assert node.run("s3://bucket/agents/1.0/agent") == (0, "")
    assert node.read("curl-arguments").split()[-1] == "https://bucket.s3.amazonaws.com/agents/1.0/agent"
    assert node.read("agent-arguments") == "bootstrap\n"


def test_only_options_that_an_old_curl_has(node, server):
    """CentOS 7 has curl 7.29, Amazon Linux 1 has 7.61."""
    node.program("curl", 'echo "$@" >/curl-arguments\nexec /usr/bin/curl "$@"')
    node.run(f"{server.url}/agent")
    options = [word for word in node.read("curl-arguments").split() if word.startswith("-")]
    assert options == ["-fsSL", "--connect-timeout", "--max-time", "-o"]

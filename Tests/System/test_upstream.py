"""A smarthost that wants TLS and a password, which changes and is nobody's to see."""

import time

import pytest

from relaylab.lab import Lab
from test_doctor import examine
from test_resident import after, mark, quiet

CONFIG = "/etc/smtp-relay-agent/config.toml"
PASSWORD = "/etc/smtp-relay-agent/upstream-password"
TABLE = "/etc/postfix/sasl_password_table"
SECRET = "never-printed-upstream-password"
SETTINGS = f"""
[mail.upstream]
host = "smarthost.example.net"
username = "relay"
password_file = "{PASSWORD}"
"""


def give_password(relay, text: str) -> None:
    """As an operator's own rotation writes it: the new file whole in the old one's place."""
    relay.write(f"{PASSWORD}.new", text + "\n")
    relay.shell(f"chmod 600 {PASSWORD}.new && mv {PASSWORD}.new {PASSWORD}")


@pytest.fixture(scope="module")
def node(binary):
    """A relay with a resident agent that is told of the smarthost while it runs."""
    with Lab(binary) as lab:
        relay = lab.add_relay()
        relay.lab = lab
        relay.wait_for_cloud_init()
        lab.wait_for_backend(relay, "UP")
        give_password(relay, SECRET)
        relay.shell(f"cat >> {CONFIG}; systemctl reload smtp-relay-agent", input=SETTINGS)
        relay.wait_until(f"test -e {TABLE} && postfix status", 60, "the smarthost in Postfix's settings")
        quiet(relay)
        lab.wait_for_backend(relay, "UP")
        yield relay


def delivered(node) -> dict:
    return node.lab.wait_for_mails(node.lab.submit(node, 1))[0]


def test_mail_goes_by_the_smarthost_with_tls_and_the_user(node):
    mail = delivered(node)
    assert (mail["by"], mail["user"], mail["tls"]) == ("smarthost.example.net", "relay", True)
    assert node.shell("postmap -q '[smarthost.example.net]:587' texthash:/etc/postfix/tls_policy_table").strip() == "secure"
    assert node.shell(f"stat -c '%a %U' {TABLE}").split() == ["600", "root"]
    assert node.shell("rpm -q cyrus-sasl-plain").startswith("cyrus-sasl-plain-")


def test_the_doctor_logs_in_and_has_no_finding(node):
    assert examine(node) == {}


def test_the_doctor_finds_a_login_that_is_refused(node):
    node.lab.smarthost_password("relay", "another")
    found = examine(node)
    node.lab.smarthost_password("relay", SECRET)
    assert list(found) == ["smarthost-refuses-login"]
    assert "user relay: " in found["smarthost-refuses-login"]["seen"]
    assert "answered the login with '535 " in found["smarthost-refuses-login"]["seen"]
    assert SECRET not in str(found)


def test_a_new_password_is_taken_up_without_a_restart(node):
    master = node.shell("systemctl show -p MainPID --value postfix")
    cursor = mark(node)
    node.lab.smarthost_password("relay", SECRET + "-2")
    give_password(node, SECRET + "-2")
    node.wait_until(f"grep -q password-2 {TABLE}", 3, "the new password")
    quiet(node)
    assert delivered(node)["user"] == "relay"
    assert node.shell("systemctl show -p MainPID --value postfix") == master
    log = after(node, cursor)
    assert f"edit {TABLE}" in log and "reload postfix" in log
    assert SECRET not in log


def test_a_table_that_is_changed_by_hand_is_back_at_once(node):
    quiet(node)
    for change in (f"echo '[x]:25 a:b' >> {TABLE}", f"rm {TABLE}", f"chmod 644 {TABLE}", ": > /etc/postfix/tls_policy_table"):
        state = f"cat {TABLE} /etc/postfix/tls_policy_table | sha256sum; stat -c %a {TABLE}"
        before = node.shell(state)
        node.shell(change)
        # Its passes come minutes apart.
        node.wait_until(f"[ \"$({state})\" = '{before.rstrip()}' ]", 5, f"what was before '{change}'")
        quiet(node)
    assert delivered(node)["user"] == "relay"


def test_a_password_that_is_no_secret_is_told_and_the_relay_goes_on(node):
    cursor = mark(node)
    node.shell(f"chmod 644 {PASSWORD}")
    node.wait_until(f"journalctl -u smtp-relay-agent --after-cursor='{cursor}' | grep -q 'users other than root can read'", 5,
                    "the error")
    assert f"run 'chown root {PASSWORD}' and 'chmod 600 {PASSWORD}'" in after(node, cursor)
    # All else is looked after as before.
    node.shell("sed -i 's/^mynetworks = .*/mynetworks = 0.0.0.0\\/0/' /etc/postfix/main.cf")
    node.wait_until("[ \"$(postconf -h mynetworks)\" = '127.0.0.0/8 10.0.0.0/16' ]", 3, "the networks")
    quiet(node)
    assert delivered(node)["user"] == "relay"
    node.shell(f"rm {PASSWORD}")
    assert "there is no such file" in node.agent("reconcile").stdout
    give_password(node, SECRET + "-2")
    quiet(node)
    result = node.agent("reconcile")
    assert result.returncode == 0 and "password_file" not in result.stdout


def test_the_secret_is_in_no_log_diff_status_or_process_list(node):
    node.shell(f"systemctl stop smtp-relay-agent; echo '# more' >> {TABLE}")
    plan = node.agent("plan")
    assert plan.returncode == 2 and f"edit {TABLE}" in plan.stdout and SECRET not in plan.stdout
    # Every process that starts meanwhile is looked at, too.
    node.shell("for i in $(seq 1 300); do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ; sleep 0.02; done "
               ">/tmp/processes 2>/dev/null & smtp-relay-agent reconcile --log-format json >/tmp/reconcile 2>&1; wait",
               timeout=60)
    node.shell("systemctl start smtp-relay-agent")
    agent = "/usr/local/bin/smtp-relay-agent"
    found = node.shell(
        f"{{ cat /tmp/processes /tmp/reconcile; journalctl --no-pager; cat /var/log/*.log; postconf -n; ls -lR /etc;"
        f"  {agent} status; {agent} status --json; {agent} facts; {agent} config show; {agent} plan; }} 2>&1"
        f" | grep -ac {SECRET}", check=False)
    assert found.strip() == "0"
    # Where it has to be it is root's alone.
    holders = node.shell(f"grep -rlF {SECRET} /etc /run /var /usr/local /tmp 2>/dev/null", check=False).split()
    assert TABLE in holders and PASSWORD in holders
    for path in holders:
        # Users other than root can't open it, for its own mode or its folder's.
        denied = node.exec("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "cat", path, check=False)
        assert denied.returncode != 0, path


def smarthost(node, host: str, port: int) -> None:
    """Have the agent told of another one."""
    node.shell(f"sed -i '/^port = /d; s/^host = .*/host = \"{host}\"\\nport = {port}/' {CONFIG}; "
               "systemctl reload smtp-relay-agent")
    node.wait_until(f"grep -qF '[{host}]:{port} ' /etc/postfix/tls_policy_table && postfix status", 20, "the other one")
    quiet(node)


def test_mail_goes_by_tls_from_the_first_byte_on_port_465(node):
    smarthost(node, "smarthost.example.net", 465)
    mail = delivered(node)
    assert (mail["by"], mail["port"], mail["user"], mail["tls"]) == ("smarthost.example.net", 465, "relay", True)
    assert examine(node) == {}
    node.lab.smarthost_password("relay", "another")
    refused = examine(node)
    node.lab.smarthost_password("relay", SECRET + "-2")
    assert list(refused) == ["smarthost-refuses-login"]


def test_bounces_through_ses_are_refused_and_the_doctor_says_so(node):
    smarthost(node, "email-smtp.eu-central-1.amazonaws.com", 587)
    cursor = mark(node)
    node.lab.submit(node, 1, "refused@example.net")
    node.wait_until(f"journalctl -u postfix --after-cursor='{cursor}' | grep 'to=<app@example.com>' | "
                    "grep -q 'status=bounced .*501 Invalid MAIL FROM'", 30, "the bounce's refusal")
    found = examine(node)["bounces-through-ses"]
    assert found["severity"] == "info" and "to example.com go to email-smtp.eu-central-1" in found["seen"]
    cured = examine(node, "--set", "mail.transport=example.com=[mailbox.example.com]:25")
    assert "bounces-through-ses" not in cured


def test_a_smarthost_that_can_not_prove_its_name_is_told_no_password(node):
    """The lab's certificates are not for this name of it."""
    smarthost(node, "false.example.net", 587)
    subjects = node.lab.submit(node, 1)
    node.wait_until("mailq | grep -q 'Server certificate not verified'", 20, "the deferral")
    assert not [mail for mail in node.lab.mails() if mail["subject"] in subjects]
    found = examine(node)["smarthost-not-verified"]
    assert found["severity"] == "critical" and "no TLS with 198.51.100.10:587" in found["seen"]
    assert "-verify_hostname false.example.net" in found["fix"]
    smarthost(node, "false.example.net", 465)
    assert "smarthost-not-verified" in examine(node)


def test_the_password_comes_from_a_parameter_and_a_new_one_is_taken_up(node):
    name = "/relay/upstream-password"
    node.shell("postsuper -d ALL")
    node.lab.smarthost_password("relay", SECRET + "-3")
    node.lab.put_parameter(node, name, SECRET + "-3")
    node.shell(f"sed -i '/^port = /d; s/^host = .*/host = \"smarthost.example.net\"/; s,^password_file.*,password_parameter = \"{name}\",' "
               f"{CONFIG}; printf '\\n[reconcile]\\ninterval = \"2s\"\\njitter = \"1s\"\\n' >> {CONFIG}; "
               "systemctl reload smtp-relay-agent")
    node.wait_until(f"grep -q 'smarthost.*password-3' {TABLE} && postfix status", 20, "the parameter's password")
    quiet(node)
    assert delivered(node)["user"] == "relay"
    node.lab.smarthost_password("relay", SECRET + "-4")
    node.lab.put_parameter(node, name, SECRET + "-4")
    node.wait_until(f"grep -q 'smarthost.*password-4' {TABLE}", 30, "the new password")
    quiet(node)
    assert delivered(node)["user"] == "relay"
    # A change by hand is undone by what is known, not by asking.
    asked = node.lab.api_calls(node).count("GetParameter")
    node.shell(f"echo '[x]:25 a:b' >> {TABLE}")
    node.wait_until(f"! grep -q a:b {TABLE}", 3, "the table as it was")
    assert node.lab.api_calls(node).count("GetParameter") <= asked + 1
    node.lab.api_fault(denied=["GetParameter"])
    result = node.agent("reconcile")
    node.lab.api_fault()
    assert result.returncode == 0 and "allow ssm:GetParameter" in result.stdout
    assert SECRET not in node.shell("journalctl --no-pager")


def test_without_it_nothing_of_it_is_left(node):
    node.shell("postsuper -d ALL; sed -i '/^\\[mail.upstream\\]/,$d' " + CONFIG + "; systemctl reload smtp-relay-agent")
    node.wait_until(f"! test -e {TABLE} && ! test -e /etc/postfix/tls_policy_table", 20, "the tables' end")
    quiet(node)
    assert "relayhost" not in node.shell("postconf -n")
    assert node.shell("ls /etc/postfix | grep _table").split() == ["leaving_table"]
    assert delivered(node)["by"] == "mx.example.net"
    node.shell(f"rm {PASSWORD}")
    flags = ("host=smarthost.example.net", "username=relay", f"password_file={PASSWORD}")
    result = node.agent("reconcile", *(word for flag in flags for word in ("--set", f"mail.upstream.{flag}")))
    assert result.returncode == 1 and "there is no such file; write the password into it" in result.stdout
    assert "relayhost" not in node.shell("postconf -n")

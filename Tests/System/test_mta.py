"""Hosts as they are found: another mail server on port 25, IPv6 switched off, and a name that is none."""

import json

import pytest

from conftest import fetch_only, hold_timer
from relaylab import debs
from relaylab.lab import Lab
from relaylab.shell import run

CLEAN = "Nothing to do.\n"


@pytest.fixture(scope="module")
def relay(binary):
    """A node with exim as the system's mail server, and the name 'localhost'; the agent was fetched, but not run."""
    with Lab(binary) as lab:
        relay = lab.add_relay(fetch_only(lab), boot=False)
        debs.install(relay.root, debs.EXIM)
        (relay.root / "etc/hostname").write_text("localhost\n")
        relay.boot()
        relay.wait_for_cloud_init()
        # cloud-init sets the name that metadata has.
        relay.shell("hostnamectl set-hostname localhost 2>/dev/null || hostname localhost")
        relay.lab = lab
        yield relay


def listener(relay) -> str:
    """The program that listens on port 25."""
    return relay.shell("ss -ltnpH 'sport = :25'")


def settled(relay) -> None:
    """A relay in service that nothing is left to be done on."""
    assert '"master"' in listener(relay)
    # The load balancer may have asked nginx while that started anew, and says so one or two checks later.
    relay.wait_until(f"[ \"$(smtp-relay-agent plan)\" = '{CLEAN.strip()}' ]", 20, "a plan with nothing to do")
    relay.lab.wait_for_backend(relay, "UP")


def test_exim_is_planned_to_go_and_goes(relay):
    assert '"exim4"' in listener(relay)
    plan = relay.agent("plan")
    assert plan.returncode == 2, plan.stdout
    assert "stop and disable exim4: Postfix is to have its port" in plan.stdout
    assert '"exim4"' in listener(relay)
    result = relay.agent("bootstrap", "--set", "reconcile.resident=false")
    assert result.returncode == 0, result.stdout
    assert "stop and disable exim4" in result.stdout
    hold_timer(relay)
    settled(relay)
    assert relay.exec("systemctl", "is-active", "exim4", check=False).stdout.strip() == "inactive"
    assert relay.shell("ls /etc/rc3.d | grep '^S..exim4'", check=False) == ""


def test_a_host_named_localhost_greets_with_the_name_of_the_settings(relay):
    assert relay.shell("uname -n").strip() == "localhost"
    for name in ("localhost", "relay"):
        relay.shell(f"hostname {name}; systemctl restart postfix")
        assert relay.agent("reconcile").returncode == 0
        answer = relay.shell("(sleep 0.5; printf 'EHLO x\\r\\n'; sleep 0.5; printf 'QUIT\\r\\n') | curl -s -m 5 telnet://127.0.0.1:25",
                             check=False)
        assert answer.startswith("220 ip-10-0-1-10.example.com ESMTP"), answer
        assert "250-ip-10-0-1-10.example.com" in answer
        settled(relay)
    mail, = relay.lab.wait_for_mails(relay.lab.submit(relay, 1))
    assert mail["helo"] == "ip-10-0-1-10.example.com"


SENDMAIL = """\
[Unit]
Description=A stand-in for sendmail, which holds its port as sendmail does
[Service]
ExecStart=/usr/bin/python3 -c "import socket, time; s = socket.create_server(('', 25)); time.sleep(9999)"
[Install]
WantedBy=multi-user.target
"""


def test_sendmail_goes_and_alternatives_mean_postfix(relay):
    relay.write("/usr/lib/systemd/system/sendmail.service", SENDMAIL)
    relay.write("/usr/lib/systemd/system/sm-client.service", SENDMAIL.replace("25", "2525"))
    # Debian's tool is what the one of the RPM distributions was modelled on, and takes the same options.
    relay.shell("""
        ln -s /usr/bin/update-alternatives /usr/sbin/alternatives
        cp /usr/sbin/sendmail /usr/sbin/sendmail.postfix; cp /bin/true /usr/sbin/sendmail.sendmail
        alternatives --install /usr/bin/mta-sendmail mta /usr/sbin/sendmail.postfix 60
        alternatives --install /usr/bin/mta-sendmail mta /usr/sbin/sendmail.sendmail 90
        systemctl daemon-reload; systemctl stop postfix; systemctl enable --now sendmail sm-client
    """)
    relay.wait_until("ss -ltn 'sport = :25' | grep -q LISTEN", 10, "the stand-in")
    assert relay.shell("readlink /etc/alternatives/mta").strip() == "/usr/sbin/sendmail.sendmail"
    plan = relay.agent("plan").stdout
    for line in ("stop and disable sendmail: ", "stop and disable sm-client: ",
                 "have alternatives' mta be /usr/sbin/sendmail.postfix"):
        assert line in plan
    assert "python3" in listener(relay)
    result = relay.agent("reconcile")
    assert result.returncode == 0, result.stdout
    assert relay.shell("readlink /etc/alternatives/mta").strip() == "/usr/sbin/sendmail.postfix"
    assert relay.exec("systemctl", "is-enabled", "sendmail", "sm-client", check=False).stdout.split() == ["disabled"] * 2
    settled(relay)
    # A service that is not the node's is in no status, and one that is only enabled goes before a boot brings it up.
    services = [service["name"] for service in json.loads(relay.agent("status", "--json").stdout)["services"]]
    assert "postfix" in services and "sendmail" not in services
    relay.shell("systemctl enable sendmail")
    assert relay.agent("reconcile", "--detailed-exit-status").returncode == 2
    assert relay.exec("systemctl", "is-enabled", "sendmail", check=False).stdout.strip() == "disabled"
    settled(relay)


def test_a_pass_with_nothing_to_do_still_starts_one_process(relay):
    """Also where other mail servers are installed."""
    # Only those that become another program: the agent's own threads are none.
    trace = relay.shell("strace -f -qq -e trace=execve -o /tmp/trace /usr/local/bin/smtp-relay-agent reconcile; "
                        "grep -c 'execve(.* = 0' /tmp/trace")
    assert "nothing to do" in trace
    assert int(trace.splitlines()[-1]) == 2, relay.shell("cat /tmp/trace")


def test_any_other_program_on_port_25_is_named_with_the_cure(relay):
    relay.shell("systemctl stop postfix; systemd-run -q --unit=squatter python3 -c "
                "\"import socket, time; s = socket.create_server(('127.0.0.1', 25)); time.sleep(9999)\"")
    relay.wait_until("ss -ltn 'sport = :25' | grep -q LISTEN", 10, "the squatter")
    process = relay.shell("systemctl show -p MainPID --value squatter").strip()
    for command in ("plan", "reconcile"):
        result = relay.agent(command)
        assert result.returncode == 1, result.stdout
        assert f"Postfix can't have port 25, which is held by process {process} (" in result.stdout
        assert "python3 -c import socket" in result.stdout
        assert f"'systemctl status {process}' shows its service" in result.stdout
    relay.shell("systemctl stop squatter")
    assert relay.agent("reconcile").returncode == 0
    settled(relay)


def test_a_postfix_that_was_started_by_hand_is_brought_back_into_its_unit(relay):
    relay.shell("systemctl stop postfix; postfix start")
    relay.wait_until("ss -ltn 'sport = :25' | grep -q LISTEN", 10, "Postfix")
    assert "stop the Postfix that was started past the service manager" in relay.agent("plan").stdout
    result = relay.agent("reconcile")
    assert result.returncode == 0, result.stdout
    relay.shell("systemctl is-active -q postfix")
    settled(relay)


def test_a_postfix_of_another_configuration_is_told(relay):
    """It is not the one that the agent looks after."""
    relay.shell("systemctl stop postfix; cp -a /etc/postfix /root/other; mkdir -p /var/spool/other /var/lib/other; "
                "postconf -c /root/other -e queue_directory=/var/spool/other data_directory=/var/lib/other "
                "multi_instance_name=; chown postfix /var/lib/other; postfix -c /root/other start")
    relay.wait_until("ss -ltn 'sport = :25' | grep -q LISTEN", 10, "Postfix")
    result = relay.agent("reconcile")
    relay.shell("postfix -c /root/other stop")
    assert result.returncode == 1
    assert "it is a Postfix of another configuration" in result.stdout
    assert relay.agent("reconcile").returncode == 0
    settled(relay)


def test_where_ipv6_is_switched_off_nothing_speaks_it(relay):
    interface = f"network/interfaces/macs/{relay.lab.nodes[relay.address]['meta-data']['mac']}"
    relay.lab.set_metadata(relay, f"{interface}/ipv6s", "2001:db8:1::10")
    relay.lab.set_metadata(relay, f"{interface}/vpc-ipv6-cidr-blocks", "2001:db8:1::/56")
    switch = ["ip", "netns", "exec", relay.namespace, "sysctl", "-qw"]
    try:
        result = relay.agent("reconcile")
        assert result.returncode == 0, result.stdout[-1500:]
        assert relay.shell("postconf -h inet_protocols").strip() == "all"
        assert "listen [::]:80" in relay.shell("cat /etc/nginx/nginx.conf")
        run(*switch, "net.ipv6.conf.all.disable_ipv6=1")
        result = relay.agent("reconcile")
        assert result.returncode == 0, result.stdout
        assert relay.shell("postconf -h inet_protocols").strip() == "ipv4"
        assert "::" not in relay.shell("cat /etc/nginx/nginx.conf")
        assert relay.shell("postconf -h mynetworks").strip() == "127.0.0.0/8 10.0.0.0/16"
        assert relay.shell("ss -ltnH6 'sport = :25 or sport = :80'") == ""
        settled(relay)
    finally:
        run(*switch, "net.ipv6.conf.all.disable_ipv6=0")
        relay.lab.set_metadata(relay, f"{interface}/ipv6s", None)
        relay.lab.set_metadata(relay, f"{interface}/vpc-ipv6-cidr-blocks", None)
    assert relay.agent("reconcile").returncode == 0
    settled(relay)


def test_uninstall_brings_back_who_was_there_before(relay):
    """exim as it came with the system, sendmail as it was found later, and alternatives."""
    relay.shell("cp /usr/local/bin/smtp-relay-agent /root/agent")
    result = relay.exec("/root/agent", "uninstall", check=False, timeout=180)
    assert result.returncode == 0, result.stdout
    for service in ("exim4", "sendmail", "sm-client"):
        assert f"{service} is running, enabled, as it was before" in result.stdout
    assert relay.shell("ls /etc/rc3.d | grep '^S..exim4'").strip() != ""
    assert relay.exec("systemctl", "is-enabled", "sendmail", "sm-client").stdout.split() == ["enabled"] * 2
    # The stand-in for sendmail came when exim was gone; both want the same port.
    assert relay.exec("systemctl", "is-active", "exim4", "sm-client").stdout.split() == ["active"] * 2
    assert relay.exec("systemctl", "is-active", "postfix", check=False).stdout.strip() == "inactive"
    assert '"master"' not in listener(relay) and listener(relay) != ""
    assert relay.shell("readlink /etc/alternatives/mta").strip() == "/usr/sbin/sendmail.sendmail"
    # Nobody had chosen it.
    assert "auto" in relay.shell("alternatives --query mta | grep ^Status:")

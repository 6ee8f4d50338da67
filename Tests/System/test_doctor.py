"""The doctor's findings: each cause is made for real, and found by its name."""

import json
import re
import time

import pytest

from conftest import hold_timer
from relaylab import network, user_data
from relaylab.client import Client
from relaylab.lab import Lab
from relaylab.shell import run

STATUS = {None: 0, "info": 0, "warning": 2, "critical": 3}


@pytest.fixture(scope="module")
def clinic(binary):
    """A relay in service behind the classic load balancer, and a sender."""
    with Lab(binary) as lab:
        lab.add_relay(user_data.cloud_config(lab.sha256, "[reconcile]\nresident = false"))
        lab.add_sender()
        lab.relays[0].wait_for_cloud_init()
        lab.wait_for_backend(lab.relays[0], "UP")
        hold_timer(lab.relays[0])
        lab.aws = Client(lab.relays[0].namespace, lab.folder)
        yield lab
        lab.aws.close()


@pytest.fixture
def relay(clinic):
    """The relay, with nothing of the test before in its mail log."""
    relay = clinic.relays[0]
    relay.shell("journalctl --rotate --vacuum-size=1 -q")
    return relay


def examine(relay, *arguments: str) -> dict[str, dict]:
    """The findings, by name; of several of a name the gravest."""
    result = relay.exec("/usr/local/bin/smtp-relay-agent", "doctor", "--json", *arguments, check=False)
    report = json.loads(result.stdout[result.stdout.index("{"):result.stdout.rindex("}") + 1])
    order = {"critical": 0, "warning": 1, "info": 2}
    causes = [order[finding["severity"]] for finding in report["findings"] if "follows_from" not in finding]
    assert causes == sorted(causes)
    gravest = report["findings"][0]["severity"] if report["findings"] else None
    # A finding that follows from another does not count.
    assert result.returncode == STATUS[gravest], result.stdout
    names = [finding["name"] for finding in report["findings"]]
    for index, finding in enumerate(report["findings"]):
        assert finding["seen"] and finding["why"] and finding["fix"], finding
        assert finding.get("follows_from", names[0]) in names[:index + 1], finding
    return {finding["name"]: finding for finding in reversed(report["findings"])}


def account(clinic) -> dict:
    return json.loads((clinic.folder / "account.json").read_text())


def call(clinic, service: str, action: str, **arguments) -> dict:
    answer = clinic.aws(service, action, **arguments)
    assert "Error" not in answer, answer
    return answer


def permission(port: int, cidr: str = network.VPC) -> list[dict]:
    return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": cidr}]}]


# A healthy relay


def test_a_healthy_relay_has_no_finding(clinic, relay):
    clinic.wait_for_mails(clinic.send(2))
    assert examine(relay) == {}
    text = relay.agent("doctor")
    assert (text.returncode, text.stdout.startswith("Nothing found; looked at: services, passes, listeners,")) == (0, True)


def test_a_relay_with_a_resident_agent_has_none_either(binary):
    with Lab(binary) as lab:
        relay = lab.add_relay()
        relay.wait_for_cloud_init()
        lab.wait_for_backend(relay, "UP")
        # It is ready only after a pass of its own.
        relay.wait_for_agent()
        assert examine(relay) == {}
        # On its way it is not down.
        relay.write("/run/systemd/system/smtp-relay-agent.service.d/slow.conf", "[Service]\nExecStartPre=sleep 600\n")
        relay.shell("systemctl daemon-reload; systemctl restart --no-block smtp-relay-agent")
        relay.wait_until("systemctl show -p SubState smtp-relay-agent | grep -q start-pre", 30, "the slow start")
        assert examine(relay) == {}
        relay.shell("systemctl stop smtp-relay-agent")
        # An agent that stops leaves the relay as it is.
        assert list(examine(relay)) == ["service-drift", "agent-down"]


def test_it_only_reads(clinic, relay):
    state = ("find /etc /var/lib/smtp-relay-agent /run/smtp-relay-agent -type f ! -name 'api-calls.*' "
             "-exec stat -c '%n %i %Y %s' {} + | sort; systemctl show -p MainPID postfix nginx")
    before, calls = relay.shell(state), len(clinic.api_calls(relay))
    assert examine(relay, "--from", network.SENDER) == {}
    assert relay.shell(state) == before
    assert {action[:8] for action in clinic.api_calls(relay)[calls:]} == {"Describe"}


# The node


def test_a_service_that_is_down(relay):
    relay.shell("systemctl stop postfix")
    found = examine(relay)
    relay.agent("reconcile", check=True)
    assert found["service-down"]["severity"] == "critical"
    assert "postfix" in found["no-listener"]["seen"] and "port 25" in found["no-listener"]["seen"]
    assert {"smtp-no-answer", "health-check-fails", "service-drift"} <= found.keys()
    # One cause, and one alarm.
    assert {name for name in found if "follows_from" not in found[name]} == {"service-down"}


def test_a_service_that_does_not_come_up_with_the_system(relay):
    relay.shell("systemctl disable nginx")
    found = examine(relay)
    relay.agent("reconcile", check=True)
    assert found["service-not-enabled"]["fix"] == "systemctl enable nginx"


def test_an_agent_that_is_off(relay):
    relay.shell("systemctl stop smtp-relay-agent-reconcile.timer")
    found = examine(relay)
    relay.agent("reconcile", check=True)
    assert found["agent-down"]["severity"] == "warning"


@pytest.mark.parametrize("service, port", [("postfix", 25), ("nginx", 80)])
def test_another_program_on_a_services_port(relay, service, port):
    squat = f"import socket,time; s = socket.create_server(('', {port})); time.sleep(600)"
    relay.shell(f"systemctl stop {service}; systemd-run -q --unit=squatter python3 -c \"{squat}\"")
    relay.wait_until(f"ss -Hltn 'sport = :{port}' | grep -q .", 20, "the other program")
    process = relay.shell("systemctl show -p MainPID --value squatter").strip()
    found = examine(relay)
    relay.shell(f"systemctl stop squatter; systemctl start {service}")
    relay.agent("reconcile", check=True)
    seen = found["port-held-by-other"]["seen"]
    assert seen.startswith(f"port {port}, which is {service}'s, is held by process {process} (")
    assert "python3 -c import socket" in seen
    assert "no-listener" not in found


def test_a_relay_that_listens_for_itself_alone(relay):
    relay.shell("postconf -e inet_interfaces=loopback-only; systemctl restart postfix")
    found = examine(relay)
    relay.agent("reconcile", check=True)
    assert "port 25" in found["listener-on-loopback"]["seen"]


CHAIN = "nft add table inet filter; nft 'add chain inet filter input { type filter hook input priority 0; }'; "
# As in the files that RHEL and Amazon Linux have kept for iptables.
REJECTS = ("iptables -A INPUT -m state --state ESTABLISHED,RELATED -j ACCEPT; iptables -A INPUT -i lo -j ACCEPT; "
           "iptables -A INPUT -p icmp -j ACCEPT; iptables -A INPUT -p tcp -m state --state NEW -m tcp --dport 80 -j ACCEPT; "
           "iptables -A INPUT -j REJECT --reject-with icmp-host-prohibited")


@pytest.mark.parametrize("rules", [
    CHAIN + "nft add rule inet filter input tcp dport 25 drop",
    CHAIN + "nft add rule inet filter input ct state established,related accept; nft add rule inet filter input iif lo accept; "
    "nft 'add rule inet filter input tcp dport { 22, 80 } accept'; "
    "nft 'add chain inet filter input { policy drop; }'",
    "update-alternatives --set iptables /usr/sbin/iptables-nft; " + REJECTS,
    "update-alternatives --set iptables /usr/sbin/iptables-legacy; " + REJECTS,
], ids=["nft", "nft-policy", "iptables-nft", "iptables-legacy"])
def test_the_hosts_own_firewall_and_its_cure(clinic, relay, rules):
    def lets_in() -> bool:
        script = f"timeout 2 bash -c 'exec 3<>/dev/tcp/{relay.address}/25 && head -c 3 <&3'"
        return clinic.sender.exec("sh", "-c", script, check=False).stdout == "220"

    assert lets_in()
    relay.shell(rules)
    try:
        assert not lets_in()
        for _ in ("one port", "and the other"):
            found = examine(relay)
            if "host-firewall" in found:
                # The files of a host are its own: the lab has none.
                relay.shell(found["host-firewall"]["fix"].split(", and the same")[0])
        assert lets_in()
        assert "host-firewall" not in examine(relay)
    finally:
        relay.shell("nft flush ruleset; iptables-legacy -P INPUT ACCEPT; iptables-legacy -F; "
                    "update-alternatives --auto iptables")


def test_a_file_that_was_changed(relay):
    relay.shell("postconf -e 'smtpd_banner = hello'")
    found = examine(relay)
    relay.agent("reconcile", check=True)
    assert list(found) == ["configuration-drift"]
    assert "main.cf" in found["configuration-drift"]["seen"]


def test_an_open_relay(relay):
    # Postfix itself does not run with a mere "permit".
    everyone = "check_client_access static:OK, reject"
    relay.shell(f"postconf -e 'smtpd_relay_restrictions={everyone}' 'smtpd_recipient_restrictions={everyone}'; "
                "postfix reload")
    found = examine(relay)
    relay.agent("reconcile", check=True)
    assert found["open-relay"]["severity"] == "critical"


def test_a_relay_that_refuses_its_own(relay):
    relay.shell("echo 'smtpd_client_restrictions = reject' >> /etc/postfix/main.cf; postfix reload")
    found = examine(relay)
    relay.shell("sed -i '/^smtpd_client_restrictions/d' /etc/postfix/main.cf; postfix reload")
    relay.agent("reconcile", check=True)
    assert "refuses-own-senders" in found


def test_a_health_check_that_fails(relay):
    relay.shell("rm /run/smtp-relay-agent/www/health")
    found = examine(relay)
    relay.agent("reconcile", check=True)
    assert "503" in found["health-check-fails"]["seen"]


def test_mail_that_waits_and_why(clinic, relay):
    clinic.sink_down()
    subjects = clinic.submit(relay, 2)
    relay.wait_until("[ $(find /var/spool/postfix/deferred -type f | wc -l) = 2 ]", 30, "two deferred messages")
    found = examine(relay)
    relay.shell("postsuper -h $(basename $(find /var/spool/postfix/deferred -type f | head -1))")
    held = examine(relay)
    clinic.sink_up()
    relay.shell("postsuper -H ALL; postqueue -f")
    clinic.wait_for_mails(subjects)
    assert "2 messages wait" in found["mail-deferred"]["seen"]
    assert "Connection refused" in found["mail-deferred"]["seen"]
    assert "2 of 2 deliveries were put off" in found["deliveries-deferred"]["seen"]
    # Two are too few to say that mail does not flow.
    assert found["deliveries-deferred"]["severity"] == "info"
    assert "1 message is" in held["mail-on-hold"]["seen"]


def test_mail_that_is_refused_for_good(clinic, relay):
    clinic.submit(relay, 1, "somebody@unknown.example.net")
    relay.wait_until("journalctl -u postfix | grep -q status=bounced", 30, "the refusal")
    found = examine(relay)["deliveries-bounced"]
    assert "deliveries were refused for good" in found["seen"] and "Host or domain name not found" in found["seen"]


def test_what_selinux_denies(relay):
    """As its audit log has it: the lab's kernel has no SELinux that could write there itself."""
    denial = ("type=AVC msg=audit({time}.123:456): avc:  denied  {{ name_bind }} for  pid=1234 comm=\"nginx\" src=8123 "
              "scontext=system_u:system_r:httpd_t:s0 tcontext=system_u:object_r:unreserved_port_t:s0 tclass=tcp_socket "
              "permissive=0\n")
    relay.write("/var/log/audit/audit.log", denial.format(time=int(time.time()) - 7200))
    before = examine(relay)
    relay.write("/var/log/audit/audit.log", denial.format(time=int(time.time()) - 60))
    found = examine(relay)
    relay.shell("rm -r /var/log/audit")
    assert before == {}
    assert list(found) == ["selinux-denials"]
    assert "denied nginx { name_bind } of tcp_socket 8123" in found["selinux-denials"]["seen"]
    assert found["selinux-denials"]["fix"].startswith("semanage port -a -t http_port_t -p tcp 8123")


def test_passes_that_fail(clinic, relay):
    clinic.api_fault(denied=["DescribeInstanceHealth"])
    failed = relay.agent("reconcile")
    clinic.api_fault()
    found = examine(relay)
    relay.agent("reconcile", check=True)
    assert failed.returncode == 1, failed.stdout
    assert "DescribeInstanceHealth" in found["passes-fail"]["seen"]
    assert "passes-fail" not in examine(relay)


def test_metrics_are_for_prometheus(relay):
    relay.shell("systemctl disable nginx")
    metrics = relay.exec("/usr/local/bin/smtp-relay-agent", "doctor", "--metrics", check=False).stdout
    relay.agent("reconcile", check=True)
    assert 'smtp_relay_agent_finding{name="service-not-enabled",severity="warning"} 1' in metrics
    assert 'name="service-down"' not in metrics


def test_a_disk_without_room(relay):
    relay.shell("mount -t tmpfs -o size=32m tmpfs /var/spool/postfix")
    try:
        found = examine(relay)
    finally:
        # A program of Postfix's that was started meanwhile works there, so that it is busy.
        relay.shell("umount -l /var/spool/postfix; systemctl restart postfix")
        relay.agent("reconcile", check=True)
    assert found["disk-full"]["severity"] == "critical"


@pytest.mark.parametrize("others, severity", [
    ("", "critical"), pytest.param(f"nameserver {network.RESOLVER}\n", "warning", marks=pytest.mark.large),
])
def test_a_name_server_that_is_dead(relay, others, severity):
    relay.write("/etc/resolv.conf", "nameserver 10.0.0.99\n" + others)
    found = examine(relay)
    relay.write("/etc/resolv.conf", f"nameserver {network.RESOLVER}\n")
    assert "10.0.0.99" in found["dns-no-answer"]["seen"]
    assert found["dns-no-answer"]["severity"] == severity


def test_a_clock_that_is_wrong(clinic, relay):
    clinic.api_fault(skew=600)
    found = examine(relay)
    clinic.api_fault()
    assert "behind AWS's" in found["clock-wrong"]["seen"]
    assert found["clock-wrong"]["severity"] == "critical"


def test_metadata_that_is_off_leaves_the_host_to_look_at(clinic, relay):
    clinic.metadata_fault(relay, "disabled")
    relay.shell("systemctl disable nginx")
    found = examine(relay)
    clinic.metadata_fault(relay, "")
    relay.agent("reconcile", check=True)
    assert list(found) == ["service-not-enabled", "metadata-unreachable"]


def test_settings_that_are_refused(relay):
    found = examine(relay, "--set", "mail.networks=0.0.0.0/0")
    assert "open relay" in found["settings-refused"]["seen"]


def test_a_node_that_was_drained(clinic, relay):
    relay.agent("drain", check=True)
    found = examine(relay)
    relay.agent("undrain", check=True)
    clinic.wait_for_backend(relay, "UP")
    assert found["node-drained"]["fix"] == "smtp-relay-agent undrain"
    assert found["not-in-service"]["follows_from"] == "node-drained"


# The mail log


def test_a_sender_that_was_refused_is_told_with_the_range_to_add(clinic, relay):
    assert clinic.try_relay(relay.address).startswith("554")
    found = examine(relay)["relay-access-denied"]
    assert found["seen"].startswith(f"{network.OUTSIDER} was refused once")
    assert f'networks = ["vpc", "{network.OUTSIDER}/32"]' in found["fix"]
    # A stranger is meant to be refused.
    assert found["severity"] == "info"


def test_a_mail_log_in_a_file_is_read_as_well(clinic, relay):
    relay.shell("cp -p /etc/postfix/main.cf /etc/postfix/master.cf /root; "
                "postconf -e maillog_file=/var/log/maillog maillog_file_prefixes=/var; "
                "postconf -M postlog/unix-dgram='postlog unix-dgram n - n - 1 postlogd'; systemctl stop postfix; "
                "journalctl --rotate --vacuum-size=1 -q; systemctl start postfix")
    answer = clinic.try_relay(relay.address)
    found = examine(relay)
    relay.shell("cp -p /root/main.cf /root/master.cf /etc/postfix; systemctl restart postfix; rm /var/log/maillog")
    relay.agent("reconcile", check=True)
    assert answer.startswith("554")
    assert found["relay-access-denied"]["seen"].startswith(f"{network.OUTSIDER} was refused once")


def test_a_mail_log_with_times_of_rfc_3339_is_read(relay):
    now = time.strftime("%Y-%m-%dT%H:%M:%S.118733+00:00", time.gmtime())
    line = (f"{now} relay postfix/smtpd[4242]: NOQUEUE: reject: RCPT from unknown[10.9.0.5]: 554 5.7.1 <a1@example.net>: "
            "Relay access denied; from=<b@example.com> to=<a1@example.net> proto=ESMTP helo=<app>\n")
    relay.shell("cp -p /etc/postfix/main.cf /root; postconf -e maillog_file=/var/log/maillog maillog_file_prefixes=/var")
    relay.write("/var/log/maillog", line * 5)
    found = examine(relay)
    relay.write("/var/log/maillog", line[33:] * 5)
    unreadable = examine(relay)
    relay.shell("cp -p /root/main.cf /etc/postfix; rm /var/log/maillog")
    relay.agent("reconcile", check=True)
    assert found["relay-access-denied"]["severity"] == "critical"
    assert "10.9.0.5 was refused 5 times" in found["relay-access-denied"]["seen"]
    assert "mail-log-unreadable" in unreadable


def test_journald_keeps_all_lines_of_the_mail_log_unless_an_operator_limits_them(clinic, relay):
    def burst() -> None:
        for _ in range(2):
            clinic.sender.exec("smtp-source", "-s", "5", "-m", "60", "-f", "app@example.com", "-t", "someone@example.net",
                               f"{relay.address}:25", timeout=60)
            # journald tells with the first line after the interval how many there were.
            time.sleep(3)

    limit, override = "/run/systemd/journald.conf.d/limit.conf", "/etc/systemd/system/postfix.service.d/zz.conf"
    relay.shell(f"mkdir -p {limit.rpartition('/')[0]}")
    relay.write(limit, "[Journal]\nRateLimitIntervalSec=2s\nRateLimitBurst=5\n")
    relay.shell("systemctl restart systemd-journald")
    try:
        burst()
        assert "mail-log-suppressed" not in examine(relay)
        relay.write(override, "[Service]\nLogRateLimitIntervalSec=2s\nLogRateLimitBurst=5\n")
        relay.shell("systemctl daemon-reload; systemctl restart postfix")
        clinic.wait_for_backend(relay, "UP")
        burst()
    finally:
        relay.shell(f"rm -f {limit} {override}; systemctl daemon-reload; systemctl restart systemd-journald postfix")
    finding = examine(relay)["mail-log-suppressed"]
    assert finding["severity"] == "warning"
    assert int(re.search(r"dropped (\d+) lines", finding["seen"])[1]) > 50
    assert "RateLimitBurst" in finding["fix"]


def test_a_sender_behind_a_load_balancer_that_hides_it(clinic, relay):
    relay.agent("reconcile", "--set", "mail.networks=10.0.2.0/24", check=True)
    clinic.wait_for_backend(relay, "UP")
    answer = clinic.try_relay(network.LOAD_BALANCER, inside=True)
    found = examine(relay, "--set", "mail.networks=10.0.2.0/24")
    relay.agent("reconcile", check=True)
    assert answer.startswith("554")
    assert f"{network.LOAD_BALANCER} was refused" in found["relay-access-denied"]["seen"]
    assert "load balancer smtp-relay, which hides the senders'" in found["relay-access-denied"]["seen"]


def test_handshakes_that_fail(clinic, relay):
    for name in ("api.pem", "api.key"):
        relay.write(f"/etc/postfix/{name}", (clinic.folder / name).read_text())
    relay.shell("postconf -e smtpd_tls_security_level=may smtpd_tls_cert_file=/etc/postfix/api.pem "
                "smtpd_tls_key_file=/etc/postfix/api.key; postfix reload")
    relay.shell("timeout 10 sh -c '(sleep 1; printf \"EHLO x.example.com\\r\\n\"; sleep 1; printf \"STARTTLS\\r\\n\"; "
                "sleep 1; printf \"not TLS at all, whatever it is\\r\\n\"; sleep 1) | curl -s telnet://127.0.0.1:25' "
                "|| true")
    relay.wait_until("journalctl -u postfix | grep -q 'SSL_accept error from'", 20, "the failure")
    found = examine(relay)
    relay.shell("sed -i '/^smtpd_tls/d' /etc/postfix/main.cf; rm /etc/postfix/api.*; postfix reload")
    relay.agent("reconcile", check=True)
    assert "1 TLS handshakes failed: 1 x SSL_accept error from" in found["tls-failures"]["seen"]


def test_port_25_outbound_is_blocked(clinic, relay):
    blackhole = ["ip", "netns", "exec", clinic.network.router, "ip", "route"]
    run(*blackhole, "add", "blackhole", "203.0.113.0/24")
    relay.shell("postconf -e smtp_connect_timeout=2s; postfix reload")
    for host in ("203.0.113.1", "203.0.113.2"):
        clinic.submit(relay, 1, f"somebody@[{host}]")
    relay.wait_until("[ $(journalctl -u postfix | grep -c 'status=deferred.*timed out') -ge 2 ]", 60, "two time-outs")
    found = examine(relay)
    relay.shell("postsuper -d ALL; sed -i '/^smtp_connect_timeout/d' /etc/postfix/main.cf; postfix reload")
    run(*blackhole, "del", "blackhole", "203.0.113.0/24")
    relay.agent("reconcile", check=True)
    assert "203.0.113.1, 203.0.113.2" in found["outbound-25-blocked"]["seen"]
    assert "587" in found["outbound-25-blocked"]["fix"]


@pytest.mark.parametrize("relayhost, name", [
    (f"[{network.SINK}]:2587", "smarthost-unreachable"), ("[nowhere.example.net]:587", "smarthost-unknown"),
    ("[mx.example.net]:25", None),
])
def test_a_smarthost_is_tried(relay, relayhost, name):
    relay.shell(f"postconf -e 'relayhost = {relayhost}'; postfix reload")
    found = examine(relay)
    relay.shell("sed -i '/^relayhost/d' /etc/postfix/main.cf; postfix reload")
    relay.agent("reconcile", check=True)
    assert [finding for finding in found if finding.startswith("smarthost-")] == ([name] if name else [])
    if name:
        assert relayhost in found[name]["seen"]


# One sender


def test_a_sender_that_would_be_served(relay):
    result = relay.agent("doctor", "--from", network.SENDER)
    assert result.returncode == 0
    assert f"Mail from {network.SENDER} is stopped nowhere" in result.stdout


def test_a_sender_whom_the_load_balancer_does_not_let_in(relay):
    found = examine(relay, "--from", network.OUTSIDER)
    assert list(found) == ["sender-stopped-by-security-group"]
    assert f"--port 25 --cidr {network.OUTSIDER}/32" in found["sender-stopped-by-security-group"]["fix"]


def test_a_sender_by_ipv6_where_postfix_speaks_ipv4(relay):
    found = examine(relay, "--from", "2001:db8::5", "--set", "load_balancer.classic=")
    assert "sender-by-ipv6-only" in found and "examination-failed" not in found


def test_a_sender_that_is_in_no_network(relay):
    found = examine(relay, "--from", network.OUTSIDER, "--set", "load_balancer.classic=")
    assert {"sender-not-in-networks", "sender-refused-by-relay"} <= found.keys()
    assert "Relay access denied" in found["sender-refused-by-relay"]["seen"]
    text = relay.agent("doctor", "--from", network.OUTSIDER, "--set", "load_balancer.classic=").stdout
    assert f"Mail from {network.OUTSIDER} is stopped." in text


@pytest.fixture
def acl(clinic):
    """Puts entries into the subnet's network ACL, and takes them out again."""
    subnet = [{"Name": "association.subnet-id", "Values": [account(clinic)["subnet"]]}]
    name = call(clinic, "ec2", "describe_network_acls", Filters=subnet)["NetworkAcls"][0]["NetworkAclId"]
    made = []

    def deny(cidr: str, ports: tuple[int, int], egress: bool = False) -> str:
        call(clinic, "ec2", "create_network_acl_entry", NetworkAclId=name, RuleNumber=50 + len(made), Protocol="6",
             RuleAction="deny", Egress=egress, CidrBlock=cidr, PortRange={"From": ports[0], "To": ports[1]})
        made.append((50 + len(made), egress))
        return name

    yield deny
    for number, egress in made:
        call(clinic, "ec2", "delete_network_acl_entry", NetworkAclId=name, RuleNumber=number, Egress=egress)


def test_a_sender_whom_a_network_acl_stops(relay, acl):
    name = acl("10.0.2.0/24", (25, 25))
    found = examine(relay, "--from", network.SENDER)
    assert list(found) == ["sender-stopped-by-network-acl"]
    assert name in found["sender-stopped-by-network-acl"]["seen"]


def test_a_sender_whom_a_network_acl_stops_on_submission(clinic, relay, acl):
    """By network load balancers, of which one shows the sender itself to the node."""
    groups = ["--from", network.SENDER, "--set", "load_balancer.classic=",
              "--set", f"load_balancer.target_groups={','.join(clinic.target_groups.values())}"]
    shows = {"Key": "preserve_client_ip.enabled", "Value": "true"}
    arn = clinic.target_groups["relay-25"]
    call(clinic, "elbv2", "modify_target_group_attributes", TargetGroupArn=arn, Attributes=[shows])
    acl("10.0.2.0/24", (587, 587))
    found = examine(relay, *groups)
    assert "subnet subnet-" in found["sender-stopped-by-network-acl"]["seen"]
    assert "in on port 587" in found["sender-stopped-by-network-acl"]["seen"]
    result = relay.agent("doctor", *groups, "--set", "mail.submission=true").stdout
    call(clinic, "elbv2", "modify_target_group_attributes", TargetGroupArn=arn, Attributes=[{**shows, "Value": "false"}])
    assert f"of this instance's subnet does not let {network.SENDER} in on port 587" in result


# Places that may not be looked at

ACTIONS = [
    ("elasticloadbalancing", "DescribeLoadBalancers"), ("elasticloadbalancing", "DescribeInstanceHealth"),
    ("elasticloadbalancing", "DescribeLoadBalancerAttributes"), ("ec2", "DescribeSecurityGroups"),
    ("ec2", "DescribeNetworkAcls"), ("ec2", "DescribeRouteTables"), ("ec2", "DescribeNatGateways"),
]


@pytest.mark.parametrize("service, action", ACTIONS)
def test_a_missing_permission_is_named_and_stops_nothing_else(clinic, relay, service, action):
    relay.shell("systemctl disable nginx")
    clinic.api_fault(denied=[action])
    found = examine(relay)
    clinic.api_fault()
    relay.agent("reconcile", check=True)
    assert found["missing-permission"]["fix"] == f"allow {service}:{action} in the policy of the instance's role"
    assert set(found) == {"service-not-enabled", "service-drift", "missing-permission"}


@pytest.mark.parametrize("action", ["DescribeTargetHealth", "DescribeTargetGroups", "DescribeTargetGroupAttributes",
                                    "DescribeListeners", "DescribeLoadBalancerAttributes"])
def test_a_missing_permission_for_target_groups_is_named(clinic, relay, action):
    clinic.api_fault(denied=[action])
    found = examine(relay, "--set", "load_balancer.classic=",
                    "--set", f"load_balancer.target_groups={clinic.target_groups['relay-25']}")
    clinic.api_fault()
    assert found["missing-permission"]["fix"] == (
        f"allow elasticloadbalancing:{action} in the policy of the instance's role")


def test_an_api_that_does_not_answer_stops_nothing_else(clinic, relay):
    relay.shell("systemctl disable nginx")
    clinic.api_fault(hang=25)
    started = time.monotonic()
    found = examine(relay)
    took = time.monotonic() - started
    clinic.api_fault()
    relay.agent("reconcile", check=True)
    assert {"service-not-enabled", "examination-timed-out"} <= found.keys()
    assert took < 60


# The load balancers


@pytest.fixture
def health_check(clinic):
    def target(text: str) -> None:
        call(clinic, "elb", "configure_health_check", LoadBalancerName="smtp-relay", HealthCheck={
            "Target": text, "Interval": 5, "Timeout": 2, "UnhealthyThreshold": 2, "HealthyThreshold": 2})

    yield target
    target("HTTP:80/health")


@pytest.mark.parametrize("target, name", [("TCP:25", "health-check-of-mail"), ("HTTP:80/", "wrong-health-check")])
def test_a_health_check_of_the_wrong_thing(relay, health_check, target, name):
    health_check(target)
    found = examine(relay)
    assert list(found) == [name]
    assert "Target=HTTP:80/health" in found[name]["fix"]


def test_a_load_balancer_without_a_listener(clinic, relay):
    for port in (25, 587):
        call(clinic, "elb", "delete_load_balancer_listeners", LoadBalancerName="smtp-relay", LoadBalancerPorts=[port])
    found = examine(relay)
    call(clinic, "elb", "create_load_balancer_listeners", LoadBalancerName="smtp-relay", Listeners=[
        {"Protocol": "TCP", "LoadBalancerPort": port, "InstanceProtocol": "TCP", "InstancePort": port}
        for port in (25, 587)])
    assert found["no-load-balancer-listener"]["severity"] == "critical"


def test_a_connection_that_is_cut_too_early(clinic, relay):
    def idle(seconds: int) -> None:
        call(clinic, "elb", "modify_load_balancer_attributes", LoadBalancerName="smtp-relay",
             LoadBalancerAttributes={"ConnectionSettings": {"IdleTimeout": seconds}})

    idle(30)
    found = examine(relay)
    idle(60)
    assert list(found) == ["idle-timeout-too-short"]
    assert "30 s" in found["idle-timeout-too-short"]["seen"]


def test_a_node_that_was_taken_out(clinic, relay):
    clinic.deregister(relay)
    found = examine(relay)
    relay.agent("reconcile", check=True)
    clinic.wait_for_backend(relay, "UP")
    assert "not registered" in found["not-in-service"]["seen"]


def test_a_load_balancer_that_makes_an_open_relay(relay):
    found = examine(relay, "--set", "load_balancer.classic=open-door")
    assert "revoke-security-group-ingress" in found["open-relay-by-load-balancer"]["fix"]
    assert found["smtp-open-to-world"]["severity"] == "critical"


def test_a_load_balancer_that_is_not_there(relay):
    assert "no-such-load-balancer" in examine(relay, "--set", "load_balancer.classic=nowhere")


def test_a_load_balancer_in_another_vpc(clinic, relay):
    vpc = call(clinic, "ec2", "create_vpc", CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    subnet = call(clinic, "ec2", "create_subnet", VpcId=vpc, CidrBlock="10.7.1.0/24")["Subnet"]["SubnetId"]
    call(clinic, "elb", "create_load_balancer", LoadBalancerName="elsewhere", Scheme="internal", Subnets=[subnet],
         Listeners=[{"Protocol": "TCP", "LoadBalancerPort": 25, "InstanceProtocol": "TCP", "InstancePort": 25}])
    found = examine(relay, "--set", "load_balancer.classic=elsewhere")
    call(clinic, "elb", "delete_load_balancer", LoadBalancerName="elsewhere")
    assert vpc in found["other-vpc"]["seen"]


def test_zones_that_send_to_their_own_relays_alone(clinic, relay):
    # The subnets are given by zones: moto does not tell the zone of a subnet.
    call(clinic, "elb", "create_load_balancer", LoadBalancerName="zones", Scheme="internal",
         AvailabilityZones=["eu-central-1b", "eu-central-1c"],
         Listeners=[{"Protocol": "TCP", "LoadBalancerPort": 25, "InstanceProtocol": "TCP", "InstancePort": 25}])
    found = examine(relay, "--set", "load_balancer.classic=zones")
    call(clinic, "elb", "delete_load_balancer", LoadBalancerName="zones")
    assert "eu-central-1b, eu-central-1c" in found["cross-zone-off"]["seen"]
    assert "eu-central-1a" in found["zone-not-enabled"]["seen"]


def test_a_proxy_protocol_that_postfix_does_not_expect(clinic, relay):
    call(clinic, "elb", "create_load_balancer_policy", LoadBalancerName="smtp-relay", PolicyName="proxy",
         PolicyTypeName="ProxyProtocolPolicyType",
         PolicyAttributes=[{"AttributeName": "ProxyProtocol", "AttributeValue": "true"}])
    for port in (25, 587):
        call(clinic, "elb", "set_load_balancer_policies_for_backend_server", LoadBalancerName="smtp-relay",
             InstancePort=port, PolicyNames=["proxy"])
    found = examine(relay)
    for port in (25, 587):
        call(clinic, "elb", "set_load_balancer_policies_for_backend_server", LoadBalancerName="smtp-relay",
             InstancePort=port, PolicyNames=[])
    assert list(found) == ["proxy-protocol-mismatch"]


def test_what_is_wrong_with_a_target_group(clinic, relay):
    arn = clinic.target_groups["relay-25"]
    groups = ["--set", f"load_balancer.target_groups={arn}"]
    relay.agent("reconcile", *groups, check=True)
    assert examine(relay, *groups) == {}
    call(clinic, "elbv2", "modify_target_group", TargetGroupArn=arn, HealthCheckProtocol="TCP", HealthCheckPort="25")
    trap = examine(relay, *groups)
    call(clinic, "elbv2", "modify_target_group", TargetGroupArn=arn, HealthCheckProtocol="HTTP", HealthCheckPort="80",
         HealthCheckPath="/health")
    attribute = {"Key": "proxy_protocol_v2.enabled", "Value": "true"}
    call(clinic, "elbv2", "modify_target_group_attributes", TargetGroupArn=arn, Attributes=[attribute])
    proxied = examine(relay, *groups)
    call(clinic, "elbv2", "modify_target_group_attributes", TargetGroupArn=arn,
         Attributes=[{**attribute, "Value": "false"}])
    call(clinic, "elbv2", "deregister_targets", TargetGroupArn=arn, Targets=[{"Id": relay.instance}])
    out = examine(relay, *groups)
    # The node leaves what the settings no longer name, and the tests that follow find nothing left to do.
    relay.agent("reconcile", check=True)
    assert relay.agent("plan").returncode == 0
    assert list(trap) == ["health-check-of-mail"]
    # Its health checks have the header, too, and fail.
    assert {"proxy-protocol-mismatch"} <= proxied.keys() <= {"proxy-protocol-mismatch", "not-in-service"}
    assert "target group relay-25" in out["not-in-service"]["seen"]


# The network


@pytest.mark.parametrize("port", [25, 80, 587])
def test_an_instance_that_does_not_let_the_load_balancer_in(clinic, relay, port):
    rule = {"GroupId": account(clinic)["node-group"], "IpPermissions": permission(port)}
    call(clinic, "ec2", "revoke_security_group_ingress", **rule)
    found = examine(relay)
    call(clinic, "ec2", "authorize_security_group_ingress", **rule)
    assert list(found) == ["instance-closed-to-load-balancer"]
    assert f"--port {port} --source-group {account(clinic)['group']}" in found["instance-closed-to-load-balancer"]["fix"]


def test_a_load_balancer_that_lets_nobody_in(clinic, relay):
    rule = {"GroupId": account(clinic)["group"], "IpPermissions": permission(587)}
    call(clinic, "ec2", "revoke_security_group_ingress", **rule)
    found = examine(relay)
    call(clinic, "ec2", "authorize_security_group_ingress", **rule)
    assert list(found) == ["load-balancer-closed"]


@pytest.mark.parametrize("group, name", [("group", "load-balancer-egress-closed"),
                                         ("node-group", "instance-egress-closed")])
def test_a_group_that_lets_nothing_out(clinic, relay, group, name):
    rule = {"GroupId": account(clinic)[group],
            "IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]}
    call(clinic, "ec2", "revoke_security_group_egress", **rule)
    found = examine(relay)
    call(clinic, "ec2", "authorize_security_group_egress", **rule)
    assert list(found) == [name]


def test_an_instance_that_is_open_to_the_world(clinic, relay):
    rule = {"GroupId": account(clinic)["node-group"], "IpPermissions": permission(25, "0.0.0.0/0")}
    call(clinic, "ec2", "authorize_security_group_ingress", **rule)
    found = examine(relay)
    call(clinic, "ec2", "revoke_security_group_ingress", **rule)
    assert list(found) == ["smtp-open-to-world"]


@pytest.mark.parametrize("cidr, ports, egress, what", [
    (f"{network.LOAD_BALANCER}/32", (25, 25), False, "port 25 from load balancer smtp-relay"),
    (f"{network.LOAD_BALANCER}/32", (80, 80), False, "port 80 from load balancer smtp-relay"),
    (f"{network.LOAD_BALANCER}/32", (1024, 65535), True, "answers to load balancer smtp-relay"),
    ("0.0.0.0/0", (25, 25), True, "port 25 of the internet out"),
    ("0.0.0.0/0", (40000, 65535), False, "answers from the internet in"),
])
def test_a_network_acl_that_stops_mail(relay, acl, cidr, ports, egress, what):
    name = acl(cidr, ports, egress)
    found = examine(relay)
    assert list(found) == ["network-acl-blocks-mail"]
    assert name in found["network-acl-blocks-mail"]["seen"] and what in found["network-acl-blocks-mail"]["seen"]


def test_a_subnet_without_a_way_out(clinic, relay):
    vpc = [{"Name": "vpc-id", "Values": [account(clinic)["vpc"]]}]
    table = call(clinic, "ec2", "describe_route_tables", Filters=vpc)["RouteTables"][0]
    way = next(route for route in table["Routes"] if route["DestinationCidrBlock"] == "0.0.0.0/0")
    entry = {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": "0.0.0.0/0"}
    call(clinic, "ec2", "delete_route", **entry)
    none = examine(relay)
    gateway = call(clinic, "ec2", "create_internet_gateway")["InternetGateway"]["InternetGatewayId"]
    call(clinic, "ec2", "attach_internet_gateway", InternetGatewayId=gateway, VpcId=account(clinic)["vpc"])
    call(clinic, "ec2", "create_route", GatewayId=gateway, **entry)
    private = examine(relay)
    call(clinic, "ec2", "delete_route", **entry)
    call(clinic, "ec2", "create_route", NatGatewayId=way["NatGatewayId"], **entry)
    assert "has no route to 8.0.0.25" in none["no-route-to-internet"]["seen"]
    assert f"{gateway}, but this instance has no public address" in private["no-route-to-internet"]["seen"]
    assert examine(relay) == {}


# Reputation


@pytest.fixture
def public(clinic, relay):
    yield lambda address: clinic.set_metadata(relay, "public-ipv4", address)
    clinic.set_metadata(relay, "public-ipv4", None)


@pytest.mark.parametrize("address, name", [("198.51.100.79", "no-reverse-dns"), ("198.51.100.77", "reverse-dns-mismatch")])
def test_what_a_public_address_is_called(relay, public, address, name):
    public(address)
    found = examine(relay)
    assert list(found) == [name]
    assert address in found[name]["seen"]
    assert relay.agent("plan").returncode == 0


def test_it_greets_with_the_name_of_its_public_address(clinic, relay, public):
    def greeting() -> str:
        return relay.shell("postconf -hx smtp_helo_name").strip()

    def sent_as() -> set[str]:
        return {mail["helo"] for mail in clinic.wait_for_mails(clinic.submit(relay, 1))}

    own = relay.shell("postconf -h myhostname").strip()
    assert (greeting(), sent_as()) == (own, {own})
    public("198.51.100.78")
    plan = relay.agent("plan")
    assert plan.returncode == 2 and "+smtp_helo_name = mail.example.com" in plan.stdout
    # The gathered facts are all that a plan needs, also where no name server answers.
    relay.shell("smtp-relay-agent facts 2>/dev/null > /tmp/facts.json; echo 'nameserver 10.0.0.99' > /etc/resolv.conf")
    elsewhere = relay.agent("plan", "--facts", "/tmp/facts.json")
    relay.write("/etc/resolv.conf", f"nameserver {network.RESOLVER}\n")
    assert elsewhere.returncode == 2 and "+smtp_helo_name = mail.example.com" in elsewhere.stdout
    relay.agent("reconcile", check=True)
    assert (greeting(), sent_as()) == ("mail.example.com", {"mail.example.com"})
    assert relay.shell("postconf -h myhostname").strip() == own
    assert "198.51.100.78, mail.example.com in DNS" in relay.agent("status").stdout
    assert examine(relay) == {}
    # A name server that is dead changes nothing.
    relay.write("/etc/resolv.conf", "nameserver 10.0.0.99\n")
    began = time.monotonic()
    dead = relay.agent("plan", "--set", "load_balancer.classic=")
    took = time.monotonic() - began
    relay.write("/etc/resolv.conf", f"nameserver {network.RESOLVER}\n")
    # Without a load balancer in the settings nothing is asked of AWS, and the node is to leave the one that it was in.
    assert dead.returncode == 2 and dead.stdout.count("\n") == 3, dead.stdout
    assert "leave load balancer smtp-relay, which the settings do not name any more" in dead.stdout
    assert took < 6
    # A name that a setting gives the host is the one that it goes by.
    relay.agent("reconcile", "--set", f"mail.hostname={own}", check=True)
    assert (greeting(), sent_as()) == (own, {own})
    found = examine(relay, "--set", f"mail.hostname={own}")
    assert list(found) == ["greeting-is-not-reverse-name"]
    assert "198.51.100.78" in found["greeting-is-not-reverse-name"]["seen"]
    public("198.51.100.80")
    relay.agent("reconcile", check=True)
    assert greeting() == "ec2-198-51-100-80.eu-central-1.compute.amazonaws.com"
    assert list(examine(relay)) == ["generic-reverse-name"]
    public(None)
    relay.agent("reconcile", check=True)
    assert "smtp_helo_name" not in relay.shell("postconf -n")


def test_a_greeting_that_nobody_can_look_up(relay):
    relay.shell("postconf -e myhostname=nowhere.example.com; postfix reload")
    found = examine(relay)
    # With a smarthost it is that one's greeting that receivers look up.
    relay.shell("postconf -e 'relayhost = [mx.example.net]:25'; postfix reload")
    handed_on = examine(relay)
    relay.shell("sed -i '/^relayhost/d' /etc/postfix/main.cf; postfix reload")
    relay.agent("reconcile", check=True)
    assert "nowhere.example.com" in found["greeting-does-not-resolve"]["seen"]
    assert list(handed_on) == ["configuration-drift"]


def test_behind_a_nat_gateway_its_address_is_looked_at(clinic, relay):
    """The lab's has a good name; another gateway's address has none, and the SPF record does not name it."""
    vpc = [{"Name": "vpc-id", "Values": [account(clinic)["vpc"]]}]
    table = call(clinic, "ec2", "describe_route_tables", Filters=vpc)["RouteTables"][0]
    way = next(route for route in table["Routes"] if route["DestinationCidrBlock"] == "0.0.0.0/0")
    address = call(clinic, "ec2", "allocate_address", Domain="vpc", Address="203.0.113.9")["AllocationId"]
    gateway = call(clinic, "ec2", "create_nat_gateway", SubnetId=account(clinic)["subnet"],
                   AllocationId=address)["NatGateway"]["NatGatewayId"]
    entry = {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": "0.0.0.0/0"}
    call(clinic, "ec2", "replace_route", NatGatewayId=gateway, **entry)
    found = examine(relay)
    call(clinic, "ec2", "replace_route", NatGatewayId=way["NatGatewayId"], **entry)
    assert set(found) == {"no-reverse-dns", "spf-without-relay"}
    assert "203.0.113.9" in found["no-reverse-dns"]["seen"] and "203.0.113.9" in found["spf-without-relay"]["seen"]


def test_a_domain_with_many_text_records_is_read_over_tcp(relay):
    found = examine(relay, "--set", "mail.domain=many.example.com")
    assert set(found) == {"configuration-drift"}


def test_a_record_that_includes_another_is_evaluated_with_that(relay):
    found = examine(relay, "--set", "mail.domain=included.example.com")
    assert set(found) == {"configuration-drift"}


@pytest.mark.parametrize("domain, name", [("example.net", "no-spf"), ("twice.example.com", "several-spf-records"),
                                          ("broken.example.com", "spf-broken")])
def test_a_domain_that_does_not_say_who_sends(relay, domain, name):
    assert domain in examine(relay, "--set", f"mail.domain={domain}")[name]["seen"]


def test_a_domain_that_says_that_others_send(relay, public):
    public("203.0.113.9")
    assert "does not name 203.0.113.9" in examine(relay)["spf-without-relay"]["seen"]


# The command


def test_who_is_not_root_is_told_so(relay):
    result = relay.exec("setpriv", "--reuid=65534", "--clear-groups", "/usr/local/bin/smtp-relay-agent", "doctor",
                        check=False)
    assert result.returncode == 1 and "must be run as root" in result.stdout

"""From user-data to a mail delivered through the load balancer."""

import json
import re
import time

SERVICES = "postfix nginx smtp-relay-agent-health smtp-relay-agent-reconcile.timer"


def fingerprint(relay) -> str:
    """The values that a start, a reload or a write would change."""
    return relay.shell(
        f"systemctl show -p Id -p ActiveEnterTimestampMonotonic -p MainPID -p UnitFileState {SERVICES};"
        "stat -c '%n %i %y %z' /etc/postfix /etc/postfix/* /etc/nginx/nginx.conf /etc/systemd/system/smtp-relay-agent*;"
        "journalctl -u postfix -u nginx -o cat | grep -cE 'reload|starting the Postfix' "
    )


def test_both_nodes_are_in_service_from_user_data(lab):
    assert lab.backends() == {relay.address: "UP" for relay in lab.relays}
    for relay in lab.relays:
        assert relay.shell("cloud-init status").strip() == "status: done"
        assert relay.shell(f"systemctl is-active {SERVICES}").split() == ["active"] * 4
        assert relay.shell("systemctl is-enabled postfix nginx").split() == ["enabled"] * 2


def test_cloud_inits_log_has_one_plain_line_a_step(lab):
    for relay in lab.relays:
        lines = [line for line in relay.log().splitlines() if "smtp-relay-agent: " in line]
        assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ smtp-relay-agent: ", line) for line in lines)
        steps = [line.split("smtp-relay-agent: ")[1].split(":")[0] for line in lines]
        # The health unit may have published already, when Postfix came up.
        steps = [step for step in steps[:-1] if step != "health"]
        assert steps == ["packages", "units", "postfix", "nginx", "load balancer smtp-relay"]
        assert "the node is as it should be" in lines[-1]
        assert "\x1b" not in relay.log().split("modules:final")[1]


def test_mails_arrive_exactly_once_by_both_relays(lab):
    subjects = lab.send(10)
    arrived = lab.wait_for_mails(subjects)
    time.sleep(2)
    arrived = [mail for mail in lab.mails() if mail["subject"] in subjects]
    assert sorted(mail["subject"] for mail in arrived) == sorted(subjects)
    assert {mail["client"] for mail in arrived} == {relay.address for relay in lab.relays}
    assert {mail["helo"] for mail in arrived} == {"ip-10-0-1-10.example.com", "ip-10-0-1-11.example.com"}


def test_a_host_outside_the_vpc_is_refused(lab):
    for relay in lab.relays:
        assert re.match(r"554 5\.7\.1 .*Relay access denied", lab.try_relay(relay.address))


def test_the_health_check_is_for_the_vpc_alone(lab):
    address = lab.relays[0].address
    ask = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"http://{address}/health"]
    from relaylab.shell import output

    assert output("ip", "netns", "exec", lab.outsider, *ask) == "403"
    assert output("ip", "netns", "exec", f"{lab.id}-app", *ask) == "200"
    assert output("ip", "netns", "exec", f"{lab.id}-app", *ask[:-1], f"http://{address}/") == "404"


def test_health_checks_leave_no_line_in_the_mail_log_over_a_minute(lab):
    relay = lab.relays[0]
    relay.shell("rm -f /tmp/cursor; journalctl --cursor-file=/tmp/cursor -n 0 -o cat")
    size = "cat /var/log/nginx/*.log | wc -c"
    before = relay.shell(size)
    time.sleep(61)
    lines = relay.shell("journalctl --cursor-file=/tmp/cursor -o short --no-pager")
    assert [line for line in lines.splitlines() if "postfix/smtpd" in line or "nginx" in line] == []
    assert relay.shell(size) == before
    assert lab.backends()[relay.address] == "UP"


def test_plan_on_a_converged_node_is_empty(lab):
    for relay in lab.relays:
        result = relay.agent("plan")
        assert (result.returncode, result.stdout) == (0, "Nothing to do.\n")


def test_a_second_reconcile_changes_starts_and_reloads_nothing(lab):
    for relay in lab.relays:
        before = fingerprint(relay)
        result = relay.agent("reconcile", "--detailed-exit-status")
        assert result.returncode == 0
        assert "nothing to do: all 9 parts are as they should be" in result.stdout
        assert len(result.stdout.splitlines()) == 1
        assert fingerprint(relay) == before


def test_postfix_reads_in_main_cf_what_the_agent_means(lab):
    relay = lab.relays[0]
    values = dict(line.split(" = ", 1) if " = " in line else (line.removesuffix(" ="), "")
                  for line in relay.shell("postconf -n").splitlines())
    assert values["mydomain"] == "example.com"
    assert values["myhostname"] == "ip-10-0-1-10.example.com"
    assert values["mydestination"] == "$myhostname, localhost.$mydomain, localhost"
    assert values["mynetworks"] == "127.0.0.0/8 10.0.0.0/16"
    assert values["inet_interfaces"] == "all"
    assert values["inet_protocols"] == "ipv4"
    assert values["relay_domains"] == ""
    policy = "permit_mynetworks, reject_unauth_destination, reject"
    assert values["smtpd_relay_restrictions"] == policy
    leaving = "check_client_access proxy:cidr:/etc/postfix/leaving_table"
    assert values["smtpd_recipient_restrictions"] == f"{leaving}, {policy}"
    assert values["smtpd_data_restrictions"] == "permit_mynetworks, reject"
    assert values["smtpd_authorized_xclient_hosts"] == "10.0.1.10"
    assert relay.exec("postfix", "check").stdout == ""


def test_main_cfs_comments_order_and_foreign_settings_are_kept(lab):
    relay = lab.relays[0]
    old = relay.shell("cat /etc/postfix/main.cf.before-smtp-relay-agent").splitlines()
    new = relay.shell("cat /etc/postfix/main.cf").splitlines()
    changed = ("inet_interfaces =", "inet_protocols =", "mydestination =")
    kept = [line for line in old if not line.startswith(changed)]
    assert [line for line in new if line in kept][: len(kept)] == kept
    assert "unknown_local_recipient_reject_code = 550" in new
    assert relay.shell("stat -c '%a %U' /etc/postfix/main.cf").split() == ["644", "root"]


def test_the_distributions_nginx_conf_is_kept_beside_ours(lab):
    relay = lab.relays[0]
    assert "default_type        application/octet-stream" in relay.shell("cat /etc/nginx/nginx.conf.before-smtp-relay-agent")
    assert "user nginx;" in relay.shell("cat /etc/nginx/nginx.conf")


def test_facts_are_json_and_plan_reads_them_back_anywhere(lab):
    relay = lab.relays[0]
    facts = json.loads(relay.exec("/usr/local/bin/smtp-relay-agent", "facts", stderr=None).stdout)
    assert facts["instanceID"] == relay.instance
    assert facts["privateAddress"] == relay.address
    assert facts["vpcNetworks"] == ["10.0.0.0/16"]
    assert facts["tagSource"] == "metadata"
    # A host that is not on EC2, has neither Postfix nor systemd's units of ours, and a user without rights there.
    other = lab.sender
    other.write("/tmp/facts.json", json.dumps(facts))
    other.shell("cat > /usr/local/bin/agent && chmod 755 /usr/local/bin/agent",
                stdin=(lab.folder / "artifacts/smtp-relay-agent").open("rb"))
    plan = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/local/bin/agent", "plan",
            "--set", "mail.domain=example.com", "--set", "load_balancer.classic=smtp-relay", "--facts", "/tmp/facts.json"]
    result = other.exec(*plan, check=False)
    assert result.returncode == 2, result.stdout
    assert "install nginx" in result.stdout
    assert "+mynetworks = 127.0.0.0/8 10.0.0.0/16" in result.stdout
    assert "--- /dev/null\n+++ /etc/nginx/nginx.conf\n" in result.stdout
    assert f"register {relay.instance} with load balancer smtp-relay" in result.stdout
    assert other.exec("ls", "/etc/nginx", check=False).returncode != 0


def test_json_log_and_no_colour_where_none_is_wanted(lab):
    result = lab.relays[0].agent("reconcile", "--log-format", "json")
    entry = json.loads(result.stdout.splitlines()[-1])
    assert entry["level"] == "info"
    assert entry["message"].startswith("nothing to do")


def test_on_a_terminal_there_are_steps_with_marks_and_times(lab):
    relay = lab.relays[0]
    text = relay.shell("script -qec '/usr/local/bin/smtp-relay-agent reconcile' /dev/null")
    assert "✓" in text and "\x1b[" in text
    assert re.search(r"postfix +as it should be.*\d\.\d\d s", text)


def test_config_show_tells_each_values_source(lab):
    text = lab.relays[0].agent("config", "show", "--set", "health.port=8080").stdout
    assert re.search(r'mail.domain = "example.com" +# /etc/smtp-relay-agent/config.toml:2:1', text)
    assert re.search(r"health.port = 8080 +# flag --set health.port", text)
    assert re.search(r'mail.networks = \["vpc"\] +# default', text)


def test_no_secret_is_in_any_log_or_file(lab):
    for relay in lab.relays:
        relay.agent("reconcile", "--log-format", "json")
        found = relay.shell(
            "{ journalctl --no-pager; cat /var/log/cloud-init-output.log; cat /var/lib/smtp-relay-agent/* 2>/dev/null;"
            "  cat /etc/smtp-relay-agent/*; /usr/local/bin/smtp-relay-agent facts; } | grep -c never-printed", check=False)
        assert found.strip() == "0"


def test_a_pass_waits_for_another_and_names_it(lab):
    relay = lab.relays[0]
    script = ("flock /run/smtp-relay-agent/lock sleep 2 & sleep 0.5; printf 'process 77: somebody' "
              "> /run/smtp-relay-agent/lock; /usr/local/bin/smtp-relay-agent reconcile; wait")
    text = relay.shell(script)
    assert "another pass is under way: process 77: somebody" in text
    assert "nothing to do" in text


def test_a_node_whose_passes_come_by_a_timer_leaves_in_time_for_a_spot_interruption(lab):
    relay = lab.relays[0]
    try:
        notice = {"action": "terminate", "time": "2026-11-24T18:22:00Z"}
        lab.set_metadata(relay, "spot/instance-action", json.dumps(notice))
        # The timer's passes are held.
        lab.wait_for_backend(relay, None, 40)
        relay.wait_until("grep -q doneAt /run/smtp-relay-agent/drain.json", 20, "the end of leaving")
    finally:
        lab.set_metadata(relay, "spot/instance-action", None)
        back = relay.agent("undrain")
    assert back.returncode == 0, back.stdout
    lab.wait_for_backend(relay, "UP", 20)

"""Labels of what the agent writes, as far as a kernel without SELinux can show: it keeps labels, and makes nothing of them."""

import time

import pytest

AGENT = "/usr/local/bin/smtp-relay-agent"
LABELS = {
    "/etc/postfix/main.cf": "system_u:object_r:postfix_etc_t:s0",
    "/etc/systemd/system/smtp-relay-agent.service": "system_u:object_r:systemd_unit_file_t:s0",
    "/etc/nginx/nginx.conf": "system_u:object_r:httpd_config_t:s0",
    AGENT: "system_u:object_r:bin_t:s0",
    "/run/smtp-relay-agent/www": "system_u:object_r:var_run_t:s0",
}
CONTENT = "system_u:object_r:httpd_sys_content_t:s0"
WRONG = "system_u:object_r:user_tmp_t:s0"
RESTORECON = "/usr/local/sbin/restorecon"
# The acts and the output of restorecon(8), for the files of which the test knows the right label.
STAND_IN = f"""#!/usr/bin/python3
import os, sys
with open("/root/restored", "a") as log:
    print(*sys.argv[1:], file=log)
for path, right in {LABELS}.items():
    if path not in sys.argv or not os.path.exists(path):
        continue
    found = os.getxattr(path, "security.selinux").decode().rstrip(chr(0))
    if found != right and "-v" in sys.argv:
        print("Would relabel", path, "from", found, "to", right)
    if found != right and "-n" not in sys.argv:
        os.setxattr(path, "security.selinux", right.encode() + bytes(1))
"""
ON = "mount -t tmpfs tmpfs /sys/fs && mkdir /sys/fs/selinux && echo 1 > /sys/fs/selinux/enforce"


def python(relay, script: str) -> str:
    return relay.exec("python3", "-c", script).stdout.strip()


def label(relay, path: str) -> str:
    return python(relay, f"import os; print(os.getxattr('{path}', 'security.selinux').decode().rstrip(chr(0)))")


def set_label(relay, path: str, own: str) -> None:
    python(relay, f"import os; os.setxattr('{path}', 'security.selinux', b'{own}' + bytes(1))")


def restored(relay) -> list[str]:
    return relay.shell("cat /root/restored 2>/dev/null", check=False).splitlines()


def agent(relay, *arguments: str, status: int = 0) -> str:
    """Run the agent where SELinux seems to be on, for that one process alone."""
    result = relay.exec("unshare", "-m", "sh", "-c", f"{ON} && exec {AGENT} {' '.join(arguments)}", check=False)
    assert result.returncode == status, result.stdout
    return result.stdout


@pytest.fixture
def relay(lab):
    relay = lab.relays[0]
    relay.write(RESTORECON, STAND_IN)
    relay.shell(f"chmod 755 {RESTORECON}")
    for path, own in LABELS.items():
        set_label(relay, path, own)
    yield relay
    relay.shell(f"rm -f {RESTORECON} /root/restored /run/smtp-relay-agent/labels")


def test_what_is_put_back_keeps_its_label_and_the_policy_is_asked_for_new_ones(relay):
    agent(relay, "reconcile")
    relay.shell("rm -f /root/restored")
    agent(relay, "reconcile")
    # Nothing is asked where nothing has changed.
    assert restored(relay) == []
    written = list(LABELS)[:2]
    inodes = relay.shell(f"stat -c %i {' '.join(written)}")
    # In place, as an editor that keeps the file, and its label, would.
    python(relay, "p = '/etc/postfix/main.cf'; text = open(p).read(); "
                  "open(p, 'w').write(text.replace('smtpd_banner = $myhostname ESMTP', 'smtpd_banner = hello'))")
    relay.shell("echo '# more' >> /etc/systemd/system/smtp-relay-agent.service")
    agent(relay, "reconcile")
    assert relay.shell("postconf -h smtpd_banner").strip() == "$myhostname ESMTP"
    assert set(relay.shell(f"stat -c %i {' '.join(written)}").split()).isdisjoint(inodes.split())
    assert {path: label(relay, path) for path in LABELS} == LABELS
    orders = [line.split() for line in restored(relay) if "-n" not in line.split()]
    assert len(orders) == 1
    assert orders[0][:2] == ["-F", "-i"] and {*LABELS, "/var/lib/smtp-relay-agent"} <= set(orders[0])


@pytest.mark.parametrize("path", LABELS)
def test_a_wrong_label_alone_is_drift(relay, path):
    agent(relay, "reconcile")
    set_label(relay, path, WRONG)
    change = f"restore the SELinux label of {path}"
    assert change in agent(relay, "plan", status=2)
    assert label(relay, path) == WRONG
    assert change in agent(relay, "reconcile", "--detailed-exit-status", status=2)
    assert label(relay, path) == LABELS[path]
    # With all labels as they were, nobody is asked.
    count = len(restored(relay))
    agent(relay, "reconcile", "--detailed-exit-status")
    agent(relay, "reconcile", "--detailed-exit-status")
    assert len(restored(relay)) <= count + 1


def test_the_resident_agent_puts_a_wrong_label_right_at_once(relay):
    process = relay.shell(f"setsid unshare -m sh -c '{ON} && exec {AGENT} run' >/root/run.log 2>&1 </dev/null & echo $!").strip()
    try:
        relay.wait_for_agent()
        files = {path: LABELS[path] for path in ("/etc/postfix/main.cf", "/etc/nginx/nginx.conf")}
        for path, right in {**files, "/run/smtp-relay-agent/www/health": CONTENT}.items():
            set_label(relay, path, WRONG)
            deadline = time.monotonic() + 5
            while label(relay, path) != right:
                assert time.monotonic() < deadline, relay.shell("cat /root/run.log")
    finally:
        relay.shell(f"kill {process}; while [ -e /proc/{process} ]; do sleep 0.1; done", check=False)


def test_what_nginx_shows_is_a_web_servers(relay):
    agent(relay, "reconcile")
    agent(relay, "probe", "--publish")
    for name in ("www/health", "metrics"):
        assert label(relay, f"/run/smtp-relay-agent/{name}") == CONTENT

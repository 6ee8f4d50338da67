"""Labels of what the agent writes, as far as a kernel without SELinux can show: it keeps labels, and makes nothing of them."""

import pytest

AGENT = "/usr/local/bin/smtp-relay-agent"
LABELS = {
    "/etc/postfix/main.cf": "system_u:object_r:postfix_etc_t:s0",
    "/etc/systemd/system/smtp-relay-agent.service": "system_u:object_r:systemd_unit_file_t:s0",
}
CONTENT = "system_u:object_r:httpd_sys_content_t:s0"
RESTORECON = "/usr/local/sbin/restorecon"


def python(relay, script: str) -> str:
    return relay.exec("python3", "-c", script).stdout.strip()


def label(relay, path: str) -> str:
    return python(relay, f"import os; print(os.getxattr('{path}', 'security.selinux').decode().rstrip(chr(0)))")


def agent(relay, *arguments: str) -> None:
    """Run the agent where SELinux seems to be on, for that one process alone."""
    on = "mount -t tmpfs tmpfs /sys/fs && mkdir /sys/fs/selinux && echo 1 > /sys/fs/selinux/enforce"
    result = relay.exec("unshare", "-m", "sh", "-c", f"{on} && exec {AGENT} {' '.join(arguments)}", check=False)
    assert result.returncode == 0, result.stdout


@pytest.fixture
def relay(lab):
    relay = lab.relays[0]
    relay.write(RESTORECON, '#!/bin/sh\necho "$*" >> /root/restored\n')
    relay.shell(f"chmod 755 {RESTORECON}")
    for path, own in LABELS.items():
        python(relay, f"import os; os.setxattr('{path}', 'security.selinux', b'{own}' + bytes(1))")
    yield relay
    relay.shell(f"rm -f {RESTORECON} /root/restored")


def test_what_is_put_back_keeps_its_label_and_the_policy_is_asked_for_new_ones(relay):
    agent(relay, "reconcile")
    assert relay.exec("test", "-e", "/root/restored", check=False).returncode != 0
    inodes = relay.shell(f"stat -c %i {' '.join(LABELS)}")
    # In place, as an editor that keeps the file, and its label, would.
    python(relay, "p = '/etc/postfix/main.cf'; text = open(p).read(); "
                  "open(p, 'w').write(text.replace('smtpd_banner = $myhostname ESMTP', 'smtpd_banner = hello'))")
    relay.shell("echo '# more' >> /etc/systemd/system/smtp-relay-agent.service")
    agent(relay, "reconcile")
    assert relay.shell("postconf -h smtpd_banner").strip() == "$myhostname ESMTP"
    assert set(relay.shell(f"stat -c %i {' '.join(LABELS)}").split()).isdisjoint(inodes.split())
    assert {path: label(relay, path) for path in LABELS} == LABELS
    restored = relay.shell("cat /root/restored").splitlines()
    assert len(restored) == 1
    words = restored[0].split()
    assert words[:2] == ["-R", "-i"] and {*LABELS, AGENT, "/var/lib/smtp-relay-agent"} <= set(words)


def test_what_nginx_shows_is_a_web_servers(relay):
    agent(relay, "reconcile")
    agent(relay, "probe", "--publish")
    for name in ("www/health", "metrics"):
        assert label(relay, f"/run/smtp-relay-agent/{name}") == CONTENT

"""The effect of other users, and of a hardened shell of root's, on the agent's own files."""

import pytest

AGENT = "/usr/local/bin/smtp-relay-agent"
LOCKS = ("lock", "launch.lock", "api-calls.lock")


@pytest.mark.parametrize("mask", ["027", "077"])
def test_a_strict_umask_at_bootstrap_leaves_the_health_check_at_200(baked, mask):
    baked.shell("rm -rf /run/smtp-relay-agent /var/lib/smtp-relay-agent")
    result = baked.exec("sh", "-c", f"umask {mask}; exec {AGENT} bootstrap --set reconcile.resident=false", check=False,
                        timeout=240)
    assert result.returncode == 0, result.stdout
    assert baked.shell("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1/health") == "200"
    modes = baked.shell("stat -c %a /run/smtp-relay-agent /run/smtp-relay-agent/www /var/lib/smtp-relay-agent")
    assert modes.split() == ["755"] * 3


def test_nobody_but_root_can_take_a_lock(lab):
    relay = lab.relays[1]
    relay.shell(f"cd /run/smtp-relay-agent; touch {' '.join(LOCKS)}; chmod 644 {' '.join(LOCKS)}")
    assert relay.agent("reconcile").returncode == 0
    for name in LOCKS:
        path = f"/run/smtp-relay-agent/{name}"
        taken = relay.exec("setpriv", "--reuid=65534", "--clear-groups", "flock", "-n", path, "true", check=False)
        # The lock of launches is for the next bootstrap to close.
        assert (taken.returncode != 0) == (name != "launch.lock"), taken.stdout
    # Each command that runs makes the counts of calls its own.
    assert relay.shell("stat -c %a /run/smtp-relay-agent/lock /run/smtp-relay-agent/api-calls.lock").split() == ["600"] * 2


@pytest.mark.parametrize("placed", ["mkfifo -m 666 {}", "ln -s /etc/postfix/main.cf {}", "touch {0}; chown nobody {0}"])
def test_what_stands_in_a_locks_place_stops_no_pass(lab, placed):
    relay = lab.relays[1]
    before = relay.shell("sha256sum /etc/postfix/main.cf")
    relay.shell(f"cd /run/smtp-relay-agent; rm -f lock; {placed.format('lock')}")
    result = relay.agent("reconcile", timeout=60)
    assert result.returncode == 0, result.stdout
    assert relay.shell("stat -c '%F %a %U' /run/smtp-relay-agent/lock").strip() == "regular file 600 root"
    assert relay.shell("sha256sum /etc/postfix/main.cf") == before


@pytest.mark.parametrize("place", ["/root/mine.toml", "/tmp/mine.toml", "/home/mine.toml", "/run/user/mine.toml"])
def test_settings_that_the_units_do_not_see_are_refused(baked, place):
    baked.shell(f"mkdir -p $(dirname {place}); cp /etc/smtp-relay-agent/config.toml {place}; ln -sfn {place} /etc/link.toml")
    for given in (place, "/etc/link.toml"):
        result = baked.agent("bootstrap", "--config", given)
        assert result.returncode == 1
        assert f"{place}: later passes read this file too, and the agent's units do not see" in result.stdout
        assert "install -m 600" in result.stdout


def test_settings_of_another_user_that_root_may_not_read_by_their_mode_are_refused(baked):
    baked.shell("cp /etc/smtp-relay-agent/config.toml /etc/mine.toml; chown nobody /etc/mine.toml; chmod 600 /etc/mine.toml")
    result = baked.agent("bootstrap", "--config", "/etc/mine.toml")
    assert result.returncode == 1
    assert "/etc/mine.toml belongs to user 65534" in result.stdout and "chown root /etc/mine.toml" in result.stdout


def test_a_candidate_is_judged_in_private_also_where_unshare_leaves_mounts_shared(lab):
    """As of util-linux before 2.27."""
    relay = lab.relays[1]
    relay.write("/usr/local/bin/unshare", '#!/bin/sh\nexec /usr/bin/unshare --propagation unchanged "$@"\n')
    relay.shell("chmod 755 /usr/local/bin/unshare; sed -i 's/^mynetworks = .*/mynetworks = 10.9.0.0\\/16/' /etc/postfix/main.cf")
    try:
        result = relay.agent("reconcile")
        mounted = relay.exec("findmnt", "/etc/postfix", check=False)
    finally:
        relay.shell("rm -f /usr/local/bin/unshare; umount /etc/postfix 2>/dev/null || true")
    assert result.returncode == 0, result.stdout
    assert mounted.returncode != 0, mounted.stdout

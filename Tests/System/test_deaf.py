"""Never deaf: a node that can't take its senders' mail is out of service in seconds, says why, and comes back by itself."""

import itertools
import time

import pytest
from service import BACK, CONFIG, DOOR, INTERVAL, MAIN, WITHDRAWN, below, boot, instead, slow_unit

from relaylab.shell import output

# A fault that no edit, reload or kill shows is seen by the next look, which takes its time with a door that hangs.
SEEN = INTERVAL + 10


@pytest.fixture(scope="module")
def service(binary):
    yield from boot(binary)


# Edits that Postfix runs with

REFUSING = {
    "smtpd does not start": ("", below("\n  -o smtpd_relay_restrictions=permit\n  -o smtpd_recipient_restrictions=permit"),
                             "smtpd_re"),
    "smtpd does not start by main.cf": ("smtpd_client_restrictions = check_client_access nosuch:/etc/nothing\n", None, ""),
    "everyone is refused": ("smtpd_client_restrictions = reject\n", None, "refuse"),
    "everyone is refused at the door": ("", below("\n  -o smtpd_client_restrictions=reject"), "refuse"),
    "everyone is refused at HELO": ("smtpd_helo_restrictions = reject\n", None, "refuse"),
    "every sender is refused": ("smtpd_sender_restrictions = check_sender_access static:REJECT\n", None, "refuse"),
    "everyone is put off": ("smtpd_client_restrictions = defer\n", None, "450"),
    "no service on the network": ("master_service_disable = inet\n", None, ""),
    "no service on port 25": ("master_service_disable = smtp/inet\n", None, ""),
    "a dead milter": ("smtpd_milters = inet:127.0.0.1:8891\n", None, "451"),
    "a table that is missing": ("virtual_alias_maps = hash:/etc/postfix/nosuch\n", None, "tables"),
    "more free space is wanted": ("queue_minfree = 999999999999\n", None, "queue_minfree"),
    # This refuses the message at its end, after all that a proof says.
    "the end of data": ("smtpd_end_of_data_restrictions = reject\n", None, "smtpd_end_of_data_restrictions"),
    "a type of table that is missing": ("header_checks = nosuchtype:/etc/postfix/x\n", None, "header_checks nosuchtype"),
    "a forgotten postmap": ("sender_canonical_maps = hash:/etc/postfix/nosuch\n", None, "sender_canonical_maps postmap"),
    "a forgotten postmap in a table of tables": ("sender_bcc_maps = unionmap:{inline:{a=b}, hash:/etc/postfix/nosuch}\n", None,
                                                 "sender_bcc_maps postmap"),
    "a dead filter": ("smtpd_proxy_filter = 127.0.0.1:10024\nsmtpd_proxy_options = speed_adjust\n", None, "filter"),
    "a tiny limit": ("message_size_limit = 100\n", None, "message_size_limit"),
    "all headers": ("header_checks = inline:{nothing=OK}, regexp:/etc/postfix/refuse_all\n", None, "header_checks REJECT"),
}


@pytest.mark.matrix(every=5)
@pytest.mark.parametrize("kind", REFUSING)
def test_a_node_that_refuses_its_senders_leaves_and_comes_back(service, kind):
    main, master, words = REFUSING[kind]
    if "refuse_all" in main:
        service.relay.shell("echo '/^/ REJECT' > /etc/postfix/refuse_all")
    with service.broken(main, master, mend="rm -f /etc/postfix/refuse_all") as (since, cursor):
        service.assert_withdrawn(since)
        # A pass first waits some seconds for a door that does not answer, and restarts Postfix.
        log = service.wait_for_log(cursor, *words.split(), seconds=40)
        said = log + service.relay.agent("probe").stdout + service.relay.agent("doctor").stdout
        assert "open relay" not in said, said
        # A pass waits some seconds for a door that does not answer.
        service.relay.wait_until("smtp-relay-agent status | grep -q FAILED", 25, "a failed probe in the status")
    service.assert_mail_flows()


def test_an_edit_that_is_loaded_later_is_seen_when_it_is_loaded(service):
    """Whether or not the agent has loaded it meanwhile: senders that are refused are never sent here."""
    with service.broken("smtpd_client_restrictions = reject\n", then="true"):
        time.sleep(12)
        since = service.change("postfix reload")
        service.assert_withdrawn(since)


def test_a_foreign_edit_is_loaded_at_once_so_that_the_files_are_what_runs(service):
    with service.broken("smtpd_client_restrictions = reject\n", then="true") as (since, _):
        service.assert_withdrawn(since)


# No door for the senders

DOORS = {
    "loopback's name": instead("localhost:25  inet  n       -       n       -       -       smtpd"),
    "loopback's address": instead("127.0.0.1:smtp inet n     -       n       -       -       smtpd"),
    "none, but a comment": instead("#" + DOOR),
    "none at all": instead("# smtp was here"),
    "another port": instead(DOOR.replace("smtp      ", "2525      ", 1)),
}


@pytest.mark.matrix(every=2)
@pytest.mark.parametrize("kind", DOORS)
def test_a_missing_door_is_put_back_and_mail_flows(service, kind):
    try:
        began = service.edit(master=DOORS[kind])
        deadline = began + BACK
        while True:
            # Through the load balancer, as long as it sends anybody here.
            try:
                service.mail()
                break
            except (AssertionError, IndexError):
                assert time.time() < deadline, "the senders' host still gets no mail in"
                time.sleep(0.5)
        # Meanwhile it was not in service for longer than it may be.
        closed = [sample["code"] for sample in service.health.samples(began + WITHDRAWN, time.time())]
        listeners = service.relay.shell("ss -Hltn 'sport = :25'").splitlines()
        assert any(line.split()[3] in ("0.0.0.0:25", "*:25", f"{service.relay.address}:25") for line in listeners), (
            listeners, closed)
        service.lab.wait_for_backend(service.relay, "UP", 20)
        service.assert_mail_flows()
        service.assert_closed()
    finally:
        service.mend()


# A Postfix that hangs, and one that is dead


def test_a_postfix_that_hangs_is_seen_by_the_next_look(service):
    relay = service.relay
    processes = "$(tr -d ' ' </var/spool/postfix/pid/master.pid) $(pgrep -x smtpd)"
    try:
        since = service.change(f"kill -STOP {processes}")
        service.assert_withdrawn(since, SEEN)
    finally:
        relay.shell("kill -CONT $(tr -d ' ' </var/spool/postfix/pid/master.pid) $(pgrep -x smtpd)", check=False)
        service.mend()


SPOOL = "/var/spool/postfix"
# Each fault and its end, where that is no restart of Postfix.
HUNG = {
    "cleanup's socket": (f"rm {SPOOL}/public/cleanup", "systemctl restart postfix"),
    "rewrite's socket": (f"rm {SPOOL}/private/rewrite", "systemctl restart postfix"),
    "the folder of new mail": (f"chmod 0 {SPOOL}/incoming; chown root {SPOOL}/incoming",
                               f"chown postfix {SPOOL}/incoming; chmod 700 {SPOOL}/incoming"),
    "the folder of sockets": (f"chmod 0 {SPOOL}/public", f"chmod 710 {SPOOL}/public"),
    "trivial-rewrite": ("pkill -STOP -x trivial-rewrite", "pkill -CONT -x trivial-rewrite"),
    "cleanup": ("pkill -STOP -x cleanup", "pkill -CONT -x cleanup"),
    "smtpd": ("pkill -STOP -x smtpd", "pkill -CONT -x smtpd"),
    "proxymap": ("pkill -STOP -x proxymap", "pkill -CONT -x proxymap"),
    "proxymap's socket": (f"rm {SPOOL}/private/proxymap", "systemctl restart postfix"),
}


@pytest.mark.matrix(every=4)
@pytest.mark.parametrize("kind", HUNG)
def test_what_has_senders_wait_is_seen_in_seconds(service, kind):
    fault, mend = HUNG[kind]
    service.assert_mail_flows()
    cursor = service.mark()
    try:
        since = service.change(fault)
        # It is looked for every two seconds.
        service.assert_withdrawn(since, 5)
        service.wait_for_log(cursor, "senders wait in vain")
    finally:
        service.mend(mend)
    service.assert_mail_flows()


POLICY = """
import socketserver
class Policy(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            if line == b"\\n":
                self.wfile.write(b"action=dunno\\n\\n")
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("127.0.0.1", 8892), Policy).serve_forever()
"""


def test_a_policy_service_that_hangs_is_deaf_and_not_busy(service):
    relay = service.relay
    relay.write("/root/policy.py", POLICY)
    relay.shell("systemd-run -q --unit=lab-policy python3 /root/policy.py")
    relay.wait_until("ss -Hltn 'sport = :8892' | grep -q .", 20, "a policy service")
    try:
        since = service.edit("smtpd_sender_restrictions = check_policy_service inet:127.0.0.1:8892\n")
        service.assert_serving(since, 5)
        cursor = service.mark()
        since = service.change("systemctl kill -s STOP lab-policy")
        service.assert_withdrawn(since, SEEN + 5)
        service.wait_for_log(cursor, "does not answer RCPT", "smtpd_sender_restrictions", seconds=30)
    finally:
        service.mend("systemctl kill -s KILL lab-policy || true")


def test_a_table_outside_of_postfixs_folder_is_proven_with_each_version(service):
    relay = service.relay
    relay.shell("echo '192.0.2.1 REJECT' > /opt/blocked; postmap hash:/opt/blocked")
    try:
        since = service.edit("smtpd_client_restrictions = check_client_access hash:/opt/blocked\n")
        service.assert_serving(since, 5)
        since = service.change("echo '10.0 REJECT' >> /opt/blocked; postmap hash:/opt/blocked")
        service.assert_withdrawn(since, SEEN)
    finally:
        service.mend("rm -f /opt/blocked*")


DEAD = {
    "stopped": "systemctl stop postfix",
    "stopped by its own command": "postfix stop",
    "killed": "kill -9 $(tr -d ' ' </var/spool/postfix/pid/master.pid)",
    "all killed": "kill -9 $(tr -d ' ' </var/spool/postfix/pid/master.pid) $(pgrep -x smtpd) $(pgrep -x qmgr) || true",
}


@pytest.mark.matrix(every=2)
@pytest.mark.parametrize("settings", ["right", "wrong"])
@pytest.mark.parametrize("kind", DEAD)
def test_a_dead_postfix_is_started_again_though_the_settings_are_wrong(service, kind, settings):
    cursor = service.mark()
    if settings == "wrong":
        service.relay.shell(f"echo 'no_such_key = 1' >> {CONFIG}")
        service.wait_for_log(cursor, "no_such_key", seconds=INTERVAL + 5)
    try:
        since = service.change(DEAD[kind])
        service.relay.wait_until("ss -Hltn 'sport = :25' | grep -q .", 10, "Postfix again")
        assert service.stays_back(since, 15) is not None, "the node is not back within 15 s"
        service.lab.wait_for_backend(service.relay, "UP", 10)
        service.assert_mail_flows()
        if settings == "wrong":
            status = service.relay.agent("status").stdout
            assert "no_such_key" in status, status
    finally:
        service.mend()


# The part of a service that takes long, so that an operator's stop comes before it, in it, or after it.
SLOW = {"stop": "ExecStopPost=/bin/sleep 1", "reload": "ExecReload=/bin/sleep 1", "start": "ExecStartPost=/bin/sleep 1"}
SERVICES = {"postfix": MAIN, "nginx": "/etc/nginx/nginx.conf"}


@pytest.fixture(params=[(name, what) for name in SERVICES for what in SLOW], ids="-".join)
def slow(service, request):
    """One of the services, of which something takes long."""
    name, what = request.param
    with slow_unit(service.relay, name, SLOW[what]):
        yield name, what
    service.mend()


def test_an_operators_stop_is_not_broken_off(service, slow):
    """An operator stops a service while a pass is about to reload or start it. The agent waits for the end of the stop."""
    (name, what), relay = slow, service.relay
    cursor = service.mark()
    for delay in (0, 0.2, 0.5, 0.8, 1.2):
        before = f"systemctl stop {name}" if what == "start" else f"echo '# a comment' >> {SERVICES[name]}"
        # A stop that is broken off fails.
        since = service.change(f"{before}; sleep {delay}; systemctl stop {name}")
        relay.wait_until(f"systemctl is-active -q {name}", 15, f"{name} again, {delay} s")
        # The load balancer may not have seen yet that the node was out of service.
        assert service.stays_back(since, 15) is not None, service.log(cursor)
        service.lab.wait_for_backend(relay, "UP", 20)
    service.assert_mail_flows()
    log = service.log(cursor)
    assert "canceled" not in log and "inactive" not in log and "not active" not in log, log


# Whatever else has Postfix end while a pass brings it into its files.
ENDS = ("systemctl stop postfix", "systemctl restart postfix", "kill -9 $(tr -d ' ' </var/spool/postfix/pid/master.pid)")


@pytest.mark.parametrize("slow", [("postfix", what) for what in SLOW], ids="-".join, indirect=True)
def test_an_end_from_outside_says_nothing_about_the_files_that_a_pass_has_just_written(service, slow):
    relay, cursor = service.relay, service.mark()
    settings = relay.shell(f"cat {CONFIG}")
    for number, (end, delay) in enumerate(itertools.product(ENDS, (0.3, 0.6, 1.1, 1.8))):
        wanted = f"{31 + number}s"
        relay.write("/root/changed.toml", f'{settings}\n[postfix]\nsmtp_helo_timeout = "{wanted}"\n')
        since = service.change(f"mv /root/changed.toml {CONFIG}; sleep {delay}; {end}")
        relay.wait_until(f"systemctl is-active -q postfix && test $(postconf -h smtp_helo_timeout) = {wanted}", 15,
                         f"Postfix with its new file, {end} after {delay} s")
        assert service.stays_back(since, 15) is not None, service.log(cursor)
        service.lab.wait_for_backend(relay, "UP", 20)
    service.assert_mail_flows()
    log = service.log(cursor)
    assert "did not work with its new configuration" not in log, log


# One that runs where its unit does not know it. The agent's unit may not see who holds its ports.
STRAY = {
    "by hand": "postfix stop; postfix start",
    "in a scope of its own": "postfix stop; systemd-run -q --scope postfix start",
    "beside a unit that failed": "postfix stop; postfix start; systemctl start postfix || true",
}


@pytest.mark.parametrize("kind", STRAY)
def test_a_postfix_that_was_started_past_its_unit_is_brought_back_into_it(service, kind):
    relay, cursor = service.relay, service.mark()
    agent = relay.shell("systemctl show -p MainPID --value smtp-relay-agent").strip()
    try:
        # Otherwise the agent may be the first to start Postfix.
        since = service.change(f"kill -STOP {agent}; {STRAY[kind]} 2>/dev/null; kill -CONT {agent}")
        service.wait_for_log(cursor, "stop the Postfix that was started past the service manager")
        relay.wait_until("systemctl is-active -q postfix", 15, "Postfix's unit")
        master = relay.shell("cat /proc/$(tr -d ' ' </var/spool/postfix/pid/master.pid)/cgroup")
        assert "/postfix" in master and ".service" in master, master
        assert service.stays_back(since, 15) is not None, service.log(cursor)
        service.lab.wait_for_backend(relay, "UP", 10)
        service.assert_mail_flows()
    finally:
        service.mend()


# The agent's own files are spoiled

STATE = [*(f"/run/smtp-relay-agent/{name}" for name in
           ("proof", "busy-looks", "loaded", "self-test.json", "facts.json", "status.json", "labels", "www/health")),
         *(f"/var/lib/smtp-relay-agent/{name}" for name in ("instance", "settings.json", "load-balancers.json", "before.json"))]
SPOILED = {
    "a folder": "rm -f $file; mkdir $file",
    "a folder with a file": "rm -f $file; mkdir $file; echo mine > $file/mine",
    "a FIFO": "rm -f $file; mkfifo $file",
    "nonsense": "printf 'no\\0nsense {' > $file",
}


@pytest.mark.parametrize("kind", SPOILED)
def test_spoiled_state_of_the_agent_is_cleared_by_itself(service, kind):
    relay, cursor = service.relay, service.mark()
    before = "/var/lib/smtp-relay-agent/before.json"
    relay.shell(f"cp {before} /root/before.json")
    try:
        since = service.change(f"for file in {' '.join(STATE)}; do {SPOILED[kind]}; done; postfix reload")
        assert service.stays_back(since, 20) is not None, service.log(cursor)
        if kind != "nonsense":
            # A pass that is under way may write some of them anew by itself.
            log = service.wait_for_log(cursor, "/var/lib/smtp-relay-agent/instance was ")
            assert log.count("/run/smtp-relay-agent/proof was ") <= 1, log
        if kind == "a folder with a file":
            assert relay.shell("cat /run/smtp-relay-agent/proof.set-aside-*/mine") == "mine\n"
        again = relay.agent("reconcile")
        assert again.returncode == 0 and "was " not in again.stdout, again.stdout
    finally:
        service.mend(f"cp /root/before.json {before}; rm -rf {' '.join(path + '.set-aside-*' for path in STATE)}")


def test_a_wrong_setting_is_shown_and_nothing_stale_with_it(service):
    """A sample that the last pass did not take is not shown as one of now."""
    relay, cursor = service.relay, service.mark()
    relay.shell(f"echo 'no_such_key = 1' >> {CONFIG}")
    try:
        service.wait_for_log(cursor, "no_such_key", seconds=INTERVAL + 5)
        since = service.edit("smtpd_client_restrictions = reject\n")
        service.assert_withdrawn(since)
        metrics = run_in(service, "curl", "-s", f"http://{relay.address}/metrics")
        told = [line for line in metrics.splitlines() if "probe_success{" in line and "relay policy" in line]
        assert not told or told[0].split()[-1] == "0", metrics
        status = relay.agent("status").stdout
        assert "no_such_key" in status and "probe relay policy  passed" not in " ".join(status.split()), status
    finally:
        service.mend()


def run_in(service, *argv: str) -> str:
    return output("ip", "netns", "exec", service.lab.application, *argv)


# A spool without room


@pytest.fixture(scope="module")
def small_spool(service):
    """Postfix's spool on a small file system of its own, as an operator's volume would be."""
    relay = service.relay
    relay.shell("systemctl stop smtp-relay-agent postfix; cp -a /var/spool/postfix /root/spool; "
                "mount -t tmpfs -o size=160m,nr_inodes=4000,mode=755 spool /var/spool/postfix; "
                "cp -a /root/spool/. /var/spool/postfix/; systemctl start postfix; systemctl start --no-block smtp-relay-agent",
                timeout=120)
    relay.wait_until("systemctl is-active -q smtp-relay-agent && curl -sf http://127.0.0.1/health", 60, "the node again")
    service.lab.wait_for_backend(relay, "UP", 30)
    yield service
    relay.shell("systemctl stop smtp-relay-agent postfix; umount -l /var/spool/postfix; systemctl start postfix; "
                "systemctl start --no-block smtp-relay-agent", timeout=120)
    relay.wait_until("systemctl is-active -q smtp-relay-agent && curl -sf http://127.0.0.1/health", 60, "the node again")


FILLING = {
    "bytes": ("head -c 120M /dev/zero > /var/spool/postfix/filler", "rm /var/spool/postfix/filler"),
    "all bytes": ("cat /dev/zero > /var/spool/postfix/filler", "rm /var/spool/postfix/filler"),
    "inodes": ("mkdir /var/spool/postfix/filler; cd /var/spool/postfix/filler; seq 5000 | xargs touch",
               "rm -r /var/spool/postfix/filler"),
}


@pytest.mark.parametrize("kind", FILLING)
def test_a_spool_without_room_takes_the_node_out_until_there_is_some(small_spool, kind):
    service = small_spool
    fill, clear = FILLING[kind]
    try:
        since = service.change(f"({fill}) 2>/dev/null || true")
        service.assert_withdrawn(since, INTERVAL + 5)
        assert "/var/spool/postfix" in service.relay.agent("status").stdout
    finally:
        cleared = service.change(clear)
        back = service.stays_back(cleared)
        service.mend()
    assert back is not None, f"it did not come back within {BACK:.0f} s of there being room"
    service.assert_mail_flows()

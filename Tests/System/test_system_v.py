"""Hosts that System V init has booted, with service and chkconfig: the whole path, from user-data to 'uninstall'."""

import json
import re
import threading
import time

import pytest

from conftest import repaired
from relaylab import network, paths, system_v, user_data
from relaylab.lab import Lab
from relaylab.shell import run
from test_image import BOOTSTRAP, record_package_calls

AGENT = "smtp-relay-agent"
SCRIPTS = (AGENT, f"{AGENT}-health", f"{AGENT}-reconcile")
# It is there while mail is signed.
SIGNER = f"{AGENT}-signer"
PLACES = [f"/etc/init.d/{name}" for name in SCRIPTS] + [f"/etc/cron.d/{AGENT}", f"/etc/logrotate.d/{AGENT}"]
LOG = f"/var/log/{AGENT}.log"
MAIN = "/etc/postfix/main.cf"
RELAYHOST = "[smtp-relay.us-east-1.elb.amazonaws.com]:25"


@pytest.fixture(scope="module")
def lab(binary):
    with Lab(binary) as lab:
        relay = lab.add_relay(user_data.shell_script(lab.sha256), disk=str(system_v.root()))
        lab.add_sender()
        relay.wait_for_cloud_init()
        yield lab


@pytest.fixture
def relay(lab):
    return lab.relays[0]


@pytest.fixture(scope="module")
def other(lab):
    """A second relay: an instance of an image that was baked on such a host."""
    builder = lab.add_relay(user_data.fetch_to(f"/tmp/{AGENT}"), disk=str(system_v.root()))
    builder.wait_for_cloud_init()
    builder.write(LOG, f"of {builder.instance}\n")
    baked = builder.exec(f"/tmp/{AGENT}", "bake", check=False)
    assert baked.returncode == 0, baked.stdout
    states = builder.shell(f"for name in postfix nginx {' '.join(SCRIPTS)}; do "
                           "chkconfig --list $name; service $name status; done", check=False)
    builder.power_off()
    node = lab.add_relay(BOOTSTRAP, disk=builder.disk(), boot=False)
    record_package_calls(node)
    node.baked, node.states_baked, node.log_baked = baked.stdout, states, (node.root / LOG.lstrip("/")).read_text()
    node.boot()
    node.wait_for_cloud_init()
    return node


def examine(host) -> dict[str, dict]:
    """The doctor's findings, by name."""
    report = json.loads(host.exec(f"/usr/local/bin/{AGENT}", "doctor", "--json", check=False, stderr=None).stdout)
    return {finding["name"]: finding for finding in report["findings"]}


def without_systemd(text: str) -> bool:
    return "systemctl" not in text and "journalctl" not in text


def process(relay, name: str = AGENT) -> str:
    return relay.shell(f"cat /var/run/{name}.pid").strip()


def wait_for_another(relay, old: str, seconds: float, name: str = AGENT) -> str:
    """Wait until a pid file names another process, which lives."""
    relay.wait_until(f'now=$(cat /var/run/{name}.pid) && [ "$now" != {old} ] && [ -e /proc/$now ]', seconds,
                     f"another process of {name}")
    return process(relay, name)


@pytest.mark.parametrize("name", [*SCRIPTS, SIGNER])
def test_shellcheck_finds_nothing_in_the_scripts(name):
    script = paths.REPOSITORY / "units" / f"{name}.init"
    found = run("shellcheck", "--shell=sh", script, check=False)
    assert found.returncode == 0, found.stdout
    text = script.read_text()
    assert "\n# chkconfig: " in text and "### BEGIN INIT INFO" in text


def test_init_is_system_v(relay):
    assert relay.shell("cat /proc/1/comm").strip() == "init"
    assert relay.exec("test", "-e", "/run/systemd/system", check=False).returncode == 1


def test_the_labs_chkconfig_does_as_the_real_one(relay):
    """Its words and exit statuses, as chkconfig(8) of the RPM distributions has them."""
    unknown = relay.exec("chkconfig", "--list", "nobody", check=False)
    assert (unknown.returncode, "error reading information on service nobody" in unknown.stdout) == (1, True)
    script = "#!/bin/sh\n# chkconfig: - 61 39\n# description: Nothing.\nexit 3\n"
    relay.write("/etc/init.d/nothing", script)
    relay.shell("chmod 755 /etc/init.d/nothing")
    unmanaged = relay.exec("chkconfig", "--list", "nothing", check=False)
    assert (unmanaged.returncode, "is not referenced in any runlevel" in unmanaged.stdout) == (1, True)
    relay.shell("chkconfig --add nothing")
    assert relay.exec("chkconfig", "nothing", check=False).returncode == 1
    relay.shell("chkconfig nothing on")
    assert relay.exec("chkconfig", "nothing", check=False).returncode == 0
    assert relay.shell("chkconfig --list nothing").split() == ["nothing", "0:off", "1:off", "2:on", "3:on", "4:on",
                                                              "5:on", "6:off"]
    assert relay.shell("ls /etc/rc3.d /etc/rc6.d | grep nothing").split() == ["S61nothing", "K39nothing"]
    relay.shell("chkconfig nothing off; chkconfig --del nothing; rm /etc/init.d/nothing")
    assert relay.shell("ls /etc/rc?.d | grep -c nothing || :").strip() == "0"


def test_user_data_brings_the_node_into_service(lab, relay):
    lab.wait_for_backend(relay, "UP")
    assert relay.shell("cloud-init status").strip() == "status: done", relay.log()
    for name in ("postfix", "nginx", AGENT, f"{AGENT}-health"):
        assert "3:on" in relay.shell(f"chkconfig --list {name}")
        relay.shell(f"service {name} status")
    # The resident agent takes its place.
    assert "3:on" not in relay.shell(f"chkconfig --list {AGENT}-reconcile || :")
    for path in PLACES:
        assert relay.shell(f"stat -c %a {path}").strip() == ("755" if "init.d" in path else "644")
    subjects = lab.send(3)
    assert {mail["client"] for mail in lab.wait_for_mails(subjects)} == {relay.address}


def test_a_second_pass_has_nothing_to_do(relay):
    again = relay.agent("reconcile", "--detailed-exit-status")
    assert again.returncode == 0, again.stdout


def test_a_killed_agent_is_started_again_and_says_so_in_its_log(relay):
    old = process(relay)
    relay.shell(f"kill -9 {old}")
    wait_for_another(relay, old, 10)
    assert "it ended with status 137 and is started again" in relay.shell(f"cat {LOG}")
    relay.shell(f"service {AGENT} status")


def test_cron_starts_a_killed_keeper_again_and_the_agent_goes_on_meanwhile(relay):
    agent, keeper = process(relay), process(relay, f"{AGENT}-keeper")
    relay.shell(f"kill -9 {keeper}")
    assert relay.exec("service", AGENT, "status", check=False).returncode == 2
    keeper = wait_for_another(relay, keeper, 75, f"{AGENT}-keeper")
    assert process(relay) == agent
    # It keeps that one, too.
    relay.shell(f"kill -9 {agent}")
    wait_for_another(relay, agent, 15)


@pytest.mark.parametrize("broken", [
    "echo 'mynetworks = 0.0.0.0/0' >>/etc/postfix/main.cf",
    f"echo '# more' >>/etc/init.d/{AGENT}-health",
    f"rm /etc/cron.d/{AGENT}",
    f"chmod 644 /etc/init.d/{AGENT}-reconcile",
    # It waits for the end of what the agent has started anew by then, and calls that a failure.
    "service postfix stop >/dev/null || :",
    "postfix stop 2>/dev/null; postfix start 2>/dev/null || :",
])
def test_what_was_broken_is_repaired_by_the_resident_agent(lab, relay, broken):
    state = (f"postconf -h mynetworks; sha256sum {' '.join(PLACES)}; stat -c %a {' '.join(PLACES)}; "
             "service postfix status | cut -d ' ' -f 1,4-; test -e /run/smtp-relay-agent/www/health; echo $?")
    assert repaired(relay, broken, state, 20), relay.shell(f"{state}; tail -n 20 {LOG}", check=False)


def test_the_log_is_rotated_while_the_agent_writes_on(relay):
    relay.shell(f"logrotate --force /etc/logrotate.d/{AGENT}")
    # The agent may have written something since.
    assert "status 137" not in relay.shell(f"cat {LOG}")
    assert "status 137" in relay.shell(f"cat {LOG}.1")
    old = process(relay)
    relay.shell(f"kill -9 {old}")
    wait_for_another(relay, old, 10)
    assert "status 137" in relay.shell(f"cat {LOG}")


def test_syslogs_file_is_followed_through_its_rotation(lab, relay):
    """By the agent, for the metrics of the mail log: there is no journal."""
    counted = "curl -s http://127.0.0.1/metrics | sed -n 's/^smtp_relay_agent_smtpd_messages_total //p'"
    before = int(relay.shell(counted) or 0)
    lab.submit(relay, 5)
    relay.shell("mv /var/log/maillog /var/log/maillog-20261201; kill -HUP $(pidof rsyslogd)")
    lab.submit(relay, 5)
    relay.wait_until(f"[ $({counted}) = {before + 10} ]", 30, "all messages in the metrics")
    relay.shell("gzip /var/log/maillog-20261201")
    lab.submit(relay, 5)
    relay.wait_until(f"[ $({counted}) = {before + 15} ]", 30, "each message once")
    # The same file goes on with times of the other form.
    form = "sed -i 's/RSYSLOG_{}FileFormat/RSYSLOG_{}FileFormat/' /etc/rsyslog.conf; " \
        "kill $(pidof rsyslogd); while pidof -s rsyslogd >/dev/null; do sleep 0.1; done; service rsyslog start"
    relay.shell(form.format("Traditional", ""))
    try:
        lab.submit(relay, 5)
        relay.wait_until("grep -qE '^20[0-9-]{8}T.* status=sent ' /var/log/maillog", 30, "a time of RFC 3339")
        relay.wait_until(f"[ $({counted}) = {before + 20} ]", 30, "each message once, in either form")
        shown = relay.agent("trace", "--recipient", "someone@example.net", check=True).stdout
        assert shown.count(" sent to someone@example.net ") >= 20, shown
    finally:
        relay.shell(form.format("", "Traditional"))


def test_an_idle_pass_runs_no_program(relay):
    """Neither the resident agent's, nor one by cron, which begins with no memory."""
    relay.wait_until(f"{AGENT} status | grep -q 'last pass .*: 0 changes'", 90, "a pass with nothing to do")
    traced = ("strace -f -qq -e trace=execve -o /tmp/trace {}; grep -c 'execve(.* = 0' /tmp/trace || :")
    assert relay.shell(traced.format(f"{AGENT} reconcile")).splitlines()[-1] == "1"
    passes = "sed -n 's/.*\"passes\" *: *\\([0-9]*\\).*/\\1/p' /run/smtp-relay-agent/status.json"
    wait = (f"kill -HUP {process(relay)}; for i in $(seq 100); do [ $({passes}) != $before ] && break; sleep 0.1; done; "
            "sleep 1; kill -INT $tracer; wait $tracer")
    resident = f"-p {process(relay)} & tracer=$!; sleep 0.5; before=$({passes}); {wait}; [ $({passes}) != $before ] || exit 1"
    assert relay.shell(traced.format(resident)).splitlines()[-1] == "0"


# The doctor


def test_what_the_doctor_says_to_do_mends_it(lab, relay):
    relay.shell(f"service {AGENT} stop; chkconfig {AGENT} off; chkconfig postfix off; chkconfig nginx off; "
                "service postfix stop")
    text = relay.agent("doctor").stdout
    found = examine(relay)
    assert without_systemd(text + relay.agent("status").stdout)
    assert found["service-down"]["seen"] == "postfix does not run"
    assert found["agent-down"]["seen"] == f"{AGENT} does not run"
    for name in ("service-down", "service-not-enabled", "smtp-no-answer", "agent-down"):
        relay.shell(found[name]["fix"])
    relay.wait_until(f"{AGENT} doctor", 30, "a doctor that finds nothing")
    for name in ("postfix", "nginx", AGENT):
        assert "3:on" in relay.shell(f"chkconfig --list {name}")
    lab.wait_for_backend(relay, "UP")


def test_another_program_on_postfixs_port_is_told_with_commands_that_work(relay):
    relay.shell(f"service {AGENT} stop; service postfix stop")
    squat = "import socket,time; s = socket.create_server(('', 25)); time.sleep(600)"
    squatter = relay.shell(f'python3 -c "{squat}" >/dev/null 2>&1 & echo $!').strip()
    relay.wait_until("ss -Hltn 'sport = :25' | grep -q .", 20, "the other program")
    found = examine(relay)
    result = relay.agent("reconcile")
    shown = relay.shell(f"ps -fp {squatter}")
    relay.shell(f"kill {squatter}; service postfix start; service {AGENT} start")
    assert result.returncode == 1
    assert f"stop it for good ('ps -fp {squatter}' shows its service" in result.stdout
    assert found["port-held-by-other"]["fix"].startswith(
        f"ps -fp {squatter}; stop and disable what that names (service NAME stop; chkconfig NAME off), ")
    assert "import socket" in shown
    assert without_systemd(result.stdout + json.dumps(found))


# A baked image


@pytest.fixture
def signing(relay):
    """The relay signs the mail of example.com."""
    config, key = "/etc/smtp-relay-agent/config.toml", "/etc/smtp-relay-agent/sysv.pem"
    made = relay.agent("dkim", "generate", "--domain", "example.com", "--selector", "sysv", "--file", key)
    assert made.returncode == 0, made.stdout
    relay.write("/root/dkim.toml", f'\n[[mail.dkim]]\ndomain = "example.com"\nselector = "sysv"\nkey_file = "{key}"\n')
    relay.shell(f"cp {config} /root/unsigned.toml; cat /root/dkim.toml >> {config}")
    try:
        done = relay.agent("reconcile")
        assert done.returncode == 0, done.stdout
        yield relay
    finally:
        relay.shell(f"cp /root/unsigned.toml {config}; rm {key}")
        done = relay.agent("reconcile")
        assert done.returncode == 0, done.stdout


def signatures(lab, relay) -> list[int]:
    """The number of signatures of each of three mails that have arrived outside."""
    return [(mail["whole"] or "").count("DKIM-Signature:") for mail in lab.wait_for_mails(lab.submit(relay, 3))]


def test_the_signer_is_a_service_that_comes_back(lab, signing):
    relay = signing
    relay.shell(f"service {SIGNER} status")
    assert "3:on" in relay.shell(f"chkconfig --list {SIGNER}")
    assert signatures(lab, relay) == [1, 1, 1]
    # Its first process starts another one that signs, and a pass starts the first one.
    first = process(relay, SIGNER)
    worker = relay.shell(f"pgrep -P {first}").strip()
    relay.shell(f"kill -KILL {worker}")
    relay.wait_until(f"pgrep -P {first} | grep -qvx {worker} && smtp-relay-agent probe", 20, "another process that signs")
    assert signatures(lab, relay) == [1, 1, 1]
    relay.shell(f"kill -KILL {first}")
    assert relay.agent("reconcile").returncode == 0
    wait_for_another(relay, first, 20, SIGNER)
    assert signatures(lab, relay) == [1, 1, 1]
    second = process(relay, SIGNER)
    relay.shell(f"service {SIGNER} restart")
    wait_for_another(relay, second, 20, SIGNER)
    relay.wait_until("smtp-relay-agent probe", 20, "a signer that answers")
    assert signatures(lab, relay) == [1, 1, 1]


@pytest.mark.parametrize("name", [AGENT, SIGNER])
def test_a_restart_ends_though_somebody_else_starts_the_service_meanwhile(lab, signing, name):
    """A pass or cron starts what it finds stopped. The restart waits for the process that it ends, and for no other."""
    relay = signing
    old = process(relay, name)
    relay.shell("touch /run/starting; setsid sh -c "
                f"'while [ -e /run/starting ]; do service {name} start; sleep 0.1; done' >/dev/null 2>&1 &")
    try:
        relay.shell(f"timeout 60 service {name} restart", timeout=90)
    finally:
        relay.shell("rm -f /run/starting")
    wait_for_another(relay, old, 20, name)
    relay.shell(f"service {name} status")
    lab.wait_for_backend(relay, "UP", 30)
    relay.wait_until("smtp-relay-agent probe", 20, "a signer that answers")
    assert signatures(lab, relay) == [1, 1, 1]


@pytest.mark.parametrize("name", [AGENT, SIGNER])
def test_a_start_just_before_a_stop_removes_the_pid_files_is_known_to_the_script(signing, name):
    """The removal takes three seconds here. Another start comes in them, as one of a pass or of cron may."""
    relay = signing
    remove = "/usr/local/sbin/rm"
    relay.write(remove, f'#!/bin/sh\ncase "$*" in *{name}*.pid*) setsid service {name} start 9>&- & sleep 3 ;; esac\n'
                        'exec /bin/rm "$@"\n')
    try:
        relay.shell(f"chmod 755 {remove}; service {name} stop", timeout=120)
    finally:
        relay.shell(f"/bin/rm {remove}")
    relay.wait_until(f"service {name} status", 20, f"{name} again")
    old = process(relay, name)
    relay.shell(f"service {name} restart")
    wait_for_another(relay, old, 20, name)
    relay.wait_until("smtp-relay-agent probe", 20, "a signer that answers")


@pytest.mark.parametrize(("name", "words"), [(AGENT, "run"), (SIGNER, "sign")])
def test_starts_at_the_same_time_start_one(signing, name, words):
    """A pass, cron and a person may do so."""
    relay = signing
    for _ in range(5):
        relay.shell(f"service {name} stop; for n in 1 2 3 4; do service {name} start >/dev/null 2>&1 & done; wait")
        relay.wait_until(f"service {name} status", 10, f"{name} again")
        # The one that signs is a child of the one that was started.
        started = relay.shell(f"for p in $(pgrep -f 'smtp-relay-agent {words}( |$)'); do "
                              f"pgrep -P $p -f 'smtp-relay-agent {words}( |$)' >/dev/null || echo $p; done").split()
        assert len(started) == 1, (started, process(relay, name))


def test_without_keys_nothing_is_left_of_it(lab, relay):
    assert signatures(lab, relay) == [0, 0, 0]
    relay.shell(f"! test -e /etc/init.d/{SIGNER} && ! ls /etc/rc?.d | grep {SIGNER} && ! test -e /run/{SIGNER} && "
                f"! test -e /var/run/{SIGNER}.pid && ! pgrep -f 'smtp-relay-agent sign( |$)'")


def test_a_baked_image_holds_all_and_serves_nothing(other):
    assert "packages   postfix, nginx, cyrus-sasl-plain" in other.baked
    assert f"emptied    {LOG}" in other.baked and other.log_baked == ""
    assert ":on" not in other.states_baked
    # None is known to chkconfig even: their packages and the agent have added none.
    assert other.states_baked.count("is not referenced in any runlevel") == 5
    assert "running" not in other.states_baked
    listeners = other.shell("cat /var/listeners-before")
    assert not re.search(r":(25|80|587)\s", listeners), listeners


def test_its_instance_comes_into_service_without_a_package_call(lab, other):
    assert other.shell("cloud-init status").strip() == "status: done", other.log()
    assert "the node is as it should be" in other.log()
    assert other.exec("cat", "/var/package-calls", check=False).returncode != 0
    lab.wait_for_backend(other, "UP")
    refused = other.agent("bake")
    assert (refused.returncode, "this host is a relay node" in refused.stdout) == (1, True)


# A host that sends


def test_a_sender_is_made_and_kept_and_examined(lab, relay):
    office = lab.add_office(str(system_v.root()), "[ -e /var/lock/subsys/rsyslog ]")
    office.write(f"/etc/{AGENT}/config.toml", f'role = "sender"\n[sender]\nrelayhost = "{RELAYHOST}"\n')
    made = office.exec(AGENT, "bootstrap", check=False)
    assert made.returncode == 0, made.stdout
    assert "install postfix" in made.stdout
    for name in ("postfix", AGENT):
        assert "3:on" in office.shell(f"chkconfig --list {name}")
        office.shell(f"service {name} status")
    # A relay has more.
    assert office.shell(f"ls /etc/nginx /etc/init.d/{AGENT}-health 2>/dev/null", check=False) == ""
    office.wait_for_agent()
    office.shell(f"sed -i 's/^relayhost = .*/relayhost = [10.0.0.7]:25/' {MAIN}")
    office.wait_until(f"grep -qF 'relayhost = {RELAYHOST}' {MAIN}", 5, "the relayhost again")
    office.shell("printf 'Subject: from the office\n\nHello.\n' | sendmail -f office@example.com someone@example.net")
    lab.wait_for_mails(["from the office"])
    office.wait_until(f"{AGENT} doctor", 30, "a doctor that finds nothing")
    office.shell(f"service {AGENT} stop; service postfix stop")
    found = examine(office)
    assert without_systemd(json.dumps(found))
    for name in ("service-down", "agent-down"):
        office.shell(found[name]["fix"])
    office.shell("service postfix status")
    gone = office.exec(AGENT, "uninstall", check=False)
    assert gone.returncode == 0, gone.stdout
    assert office.shell("postconf -h relayhost").strip() == ""
    office.stop()


# Passes by cron, and the end


def test_the_agent_stops_before_all_that_it_needs(relay):
    for level in "06":
        order = [link[3:] for link in relay.shell(f"ls /etc/rc{level}.d").split() if link.startswith("K")]
        needed = [AGENT, f"{AGENT}-health", "nginx", "postfix", "sendsigs"]
        assert [name for name in order if name in needed] == needed


def test_passes_by_cron_repair_and_end_before_the_system_does(lab, other):
    other.shell(f"printf '[reconcile]\nresident = false\n' >>/etc/{AGENT}/config.toml")
    result = other.agent("reconcile")
    assert result.returncode == 0, result.stdout
    assert other.exec("service", AGENT, "status", check=False).returncode == 3
    other.shell(f"service {AGENT}-reconcile status")
    order = other.shell("ls /etc/rc6.d").split()
    assert order.index(f"K05{AGENT}-reconcile") < order.index(f"K08{AGENT}-health")
    line, = [line for line in other.shell(f"cat /etc/cron.d/{AGENT}").splitlines() if line.startswith("*/5 ")]
    command = line.split(" root ")[1].replace("\\%", "%").replace("60", "1")
    assert command.endswith(f"/etc/init.d/{AGENT}-reconcile pass")
    other.shell(f"echo 'mynetworks = 0.0.0.0/0' >>{MAIN}")
    other.shell(command)
    assert other.shell("postconf -h mynetworks").strip() == "127.0.0.0/8 10.0.0.0/16"
    assert "-mynetworks = 0.0.0.0/0" in other.shell(f"cat {LOG}")
    # The system goes down while a pass is under way.
    other.write("/usr/local/sbin/runlevel", "#!/bin/sh\necho 3 6\n")
    other.shell("chmod 755 /usr/local/sbin/runlevel")
    seconds = float(other.shell(f"flock /run/{AGENT}/lock sleep 3 & sleep 0.3; began=$(date +%s.%N); "
                                f"service {AGENT}-reconcile stop; echo \"$(date +%s.%N) $began\" | awk '{{ print $1 - $2 }}'"))
    other.shell("rm /usr/local/sbin/runlevel")
    assert 2 < seconds < 10
    # Then none begins.
    before = other.shell(f"cat {LOG}")
    other.shell(f"echo 'mynetworks = 10.0.0.0/8' >>{MAIN}; {command}; /etc/init.d/{AGENT}-reconcile pass", check=False)
    assert other.shell("postconf -h mynetworks 2>/dev/null").strip() == "10.0.0.0/8"
    assert other.shell(f"cat {LOG}") == before
    assert other.agent("reconcile").returncode == 0
    other.reboot()
    other.wait_until(f"service {AGENT}-reconcile status && service {AGENT}-health status", 60, "both after the boot")
    lab.wait_for_backend(other, "UP")
    assert other.exec("service", AGENT, "status", check=False).returncode == 3


def test_a_shutdown_leaves_first_and_hands_the_queue_over(lab, relay, other):
    # The host is as systems where /run is on the disk.
    relay.write("/etc/init.d/lasting", "#!/bin/sh\n# chkconfig: 2345 11 99\n# description: Keeps /run.\n"
                f"ln -sfn /var/lasting /run/{AGENT}\n")
    relay.shell(f"chmod 755 /etc/init.d/lasting; chkconfig lasting on; service {AGENT} stop; "
                f"mv /run/{AGENT} /var/lasting; service lasting start; service {AGENT} start")
    relay.wait_for_agent()
    lab.sink_down()
    subjects = lab.submit(relay, 20)
    relay.wait_until("[ $(find /var/spool/postfix/deferred -type f | wc -l) = 20 ]", 30, "20 deferred mails")
    deferred = examine(relay)["deliveries-deferred"]
    assert "Connection refused" in deferred["seen"]
    assert "tail -n 20000 /var/log/maillog | grep status=deferred" in deferred["fix"]
    assert relay.shell(deferred["fix"]).count("status=deferred") >= 20
    calls = len(lab.api_calls(relay))
    down = threading.Thread(target=relay.power_off)
    down.start()
    seen = []
    deadline = time.monotonic() + 60
    while relay.address in (backends := lab.backends()) and time.monotonic() < deadline:
        seen.append(backends[relay.address])
        time.sleep(0.1)
    down.join()
    # It left only when the load balancer's own checks had it down, and before its power was off.
    assert (seen[0], seen[-1], lab.backends().get(relay.address)) == ("UP", "DOWN", None)
    assert lab.api_calls(relay)[calls:].count("DeregisterInstancesFromLoadBalancer") == 1
    lab.sink_up()
    other.shell("postqueue -f")
    arrived = lab.wait_for_mails(subjects, 90)
    assert sorted(mail["subject"] for mail in arrived) == sorted(subjects)
    assert {mail["client"] for mail in arrived} == {other.address}


def test_after_a_boot_it_is_in_service_again(lab, relay):
    relay.boot()
    lab.wait_for_backend(relay, "UP", 90)
    relay.wait_until(f"service {AGENT} status", 60, "the agent")
    # This is left of the order to leave, which ended with the boot before.
    assert '"reason":"the system shuts down"' in relay.shell("cat /var/lasting/drain.json")
    assert "drained" not in relay.agent("status").stdout
    subjects = lab.submit(relay, 1)
    assert {mail["client"] for mail in lab.wait_for_mails(subjects)} == {relay.address}


def test_uninstall_leaves_nothing(lab, relay):
    relay.shell(f"cp /usr/local/bin/{AGENT} /root/agent; rm -f /etc/rc?.d/*lasting /etc/init.d/lasting;"
                f" logrotate --force /etc/logrotate.d/{AGENT}")
    result = relay.agent("uninstall", timeout=300)
    assert result.returncode == 0, result.stdout
    lab.wait_for_backend(relay, None)
    left = relay.shell(f"find /etc /usr/local /run /var/lib /var/lock -xdev -name '*{AGENT}*'").split()
    assert left == [f"/etc/{AGENT}"]
    # The log is kept, as a journal would be, and that is said.
    logs = relay.shell(f"ls {LOG}*").split()
    assert LOG in logs and len(logs) > 1
    assert f"its logs stay: {', '.join(logs)}" in result.stdout
    again = relay.exec("/root/agent", "uninstall", check=False)
    assert "nothing to do" in again.stdout and "its logs stay: " in again.stdout
    assert relay.shell(f"pgrep -f '[b]in/{AGENT}|[i]nit.d/{AGENT}' || :").strip() == ""

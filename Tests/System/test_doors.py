"""Never open: whatever is written into Postfix's files, no stranger's mail is accepted for longer than three seconds.

An edit of master.cf that opens a door, or may open it, takes the node out of service and is named with its cure.
"""

import re

import pytest
from service import (
    INTERVAL, MASTER, POSTSCREEN, SMTPD, WITHDRAWN, also, assert_unmoved, below, boot, instead,
)

from relaylab import network
from relaylab.dialogue import speak


@pytest.fixture(scope="module")
def service(binary):
    yield from boot(binary)


# Doors in master.cf

# The ways to write one and the same override (master(5), multi_server(8), getopt(3)), behind the entry of port 25.
FORMS = {
    "plain": "\n  -o mynetworks=0.0.0.0/0",
    "on the entry's line": " -o mynetworks=0.0.0.0/0",
    "attached": "\n  -omynetworks=0.0.0.0/0",
    "behind another flag": "\n  -vo mynetworks=0.0.0.0/0",
    "behind another flag, attached": "\n  -vomynetworks=0.0.0.0/0",
    "value in braces": "\n  -o { mynetworks = 0.0.0.0/0 }",
    "all in braces": "\n  { -o mynetworks = 0.0.0.0/0 }",
    "all in braces, attached": "\n  {-omynetworks=0.0.0.0/0}",
    "each in braces": "\n  {-o} {mynetworks = 0.0.0.0/0}",
    "in braces on two lines": "\n  { -o mynetworks =\n    0.0.0.0/0 }",
    "on two lines": "\n  -o\n  mynetworks=0.0.0.0/0",
    "behind a comment": "\n# a comment\n\n  -o mynetworks=0.0.0.0/0",
    "with tabs": "\n\t-o\tmynetworks=0.0.0.0/0",
    "with CRLF": "\n  -o mynetworks=0.0.0.0/0\r",
    "behind a harmless one": "\n  -o syslog_name=postfix/door\n  -o mynetworks=0.0.0.0/0",
    "halves of the world": "\n  -o mynetworks=0.0.0.0/1,128.0.0.0/1",
    "by a name": "\n  -o mynetworks=$lab_networks",
    "by a name in braces": "\n  { -o mynetworks = ${lab_networks} }",
    "by a table": "\n  -o mynetworks=cidr:/etc/lab-networks",
}


@pytest.mark.matrix(every=6)
@pytest.mark.parametrize("form", FORMS)
def test_mynetworks_of_port_25_is_seen_however_it_is_written(service, form):
    service.relay.write("/etc/lab-networks", "0.0.0.0/0 permit\n")
    main = "lab_networks = 0.0.0.0/0\n" if "name" in form else ""
    with service.broken(main, below(FORMS[form])) as (since, cursor):
        # Postfix does read it as it was meant here, so that this is the test of an open door.
        service.assert_open()
        service.assert_withdrawn(since, balancer=False)
        service.wait_for_log(cursor, "smtp", "mynetworks")


PATH = "../../../../usr/lib/postfix/sbin/smtpd"

# Postfix itself does not run with a mere "permit".
EVERYONE = "check_client_access,static:OK,reject"

# Further doors and overrides: what is added to master.cf, the service's name and the parameter that are to be named, and
# the port at which a stranger is answered 250 meanwhile, if any.
DOORS = {
    "a port of its own": (also(f"2525 inet {SMTPD}\n  -o mynetworks=0.0.0.0/0"), "2525", "mynetworks", 2525),
    "smtpd by its path": (also(f"2525 inet n - n - - {PATH}\n  -o mynetworks=0.0.0.0/0"), "2525", "mynetworks", 2525),
    "smtpd by a shorter path": (also("2525 inet n - n - - ./smtpd -o mynetworks=0.0.0.0/0"), "2525", "mynetworks", 2525),
    "submission": (also(f"submission inet {SMTPD}\n  -o mynetworks=0.0.0.0/0"), "submission", "mynetworks", 587),
    "587 by its number": (also(f"587 inet {SMTPD}\n  {{ -o mynetworks = 0.0.0.0/0 }}"), "587", "mynetworks", 587),
    "465 with TLS": (also(f"465 inet {SMTPD}\n  -o smtpd_tls_wrappermode=yes\n  -o mynetworks=0.0.0.0/0"), "465",
                     "mynetworks", None),
    "10025 for everyone": (also(f"10025 inet {SMTPD}\n  -o mynetworks=0.0.0.0/0"), "10025", "mynetworks", 10025),
    "the private address": (also(f"10.0.1.10:2525 inet {SMTPD}\n  -o mynetworks=0.0.0.0/0"), "10.0.1.10:2525", "mynetworks",
                            2525),
    "every address": (also(f"0.0.0.0:2525 inet {SMTPD}\n  -o mynetworks=0.0.0.0/0"), "0.0.0.0:2525", "mynetworks", 2525),
    "port 25 once more, which counts": (also(f"smtp inet {SMTPD}\n  -o mynetworks=0.0.0.0/0"), "smtp", "mynetworks", 25),
    # Postfix 3.6 and later have the kernel share the connections out between the two.
    "port 25 by its number, too": (also(f"25 inet {SMTPD}\n  -o mynetworks=0.0.0.0/0"), "25", "mynetworks", None),
    "behind postscreen": (instead(POSTSCREEN % "\n  -o mynetworks=0.0.0.0/0"), "smtpd", "mynetworks", 25),
    "behind postscreen by its path": (
        instead((POSTSCREEN % "\n  { -o mynetworks = 0.0.0.0/0 }").replace("  smtpd\n", f"  {PATH}\n")), "smtpd",
        "mynetworks", 25),
    "restrictions": (below(f"\n  -o smtpd_relay_restrictions={EVERYONE}\n"
                           f"  -o smtpd_recipient_restrictions={EVERYONE}"), "smtp", "smtpd_", 25),
    "a class of restrictions": (
        below("\n  -o smtpd_restriction_classes=lab_class\n  { -o lab_class = check_client_access static:OK }\n"
              "  -o smtpd_relay_restrictions=lab_class,reject\n  -o smtpd_recipient_restrictions=lab_class,reject"),
        "smtp", "smtpd_", 25),
    "restrictions in braces": (
        below("\n  { -o smtpd_relay_restrictions = check_client_access static:OK, reject }\n"
              "  { -o smtpd_recipient_restrictions = check_client_access static:OK, reject }"), "smtp", "smtpd_", 25),
    "half of the restrictions": (below("\n  -o smtpd_relay_restrictions=permit"), "smtp", "smtpd_relay_restrictions", None),
    "the restrictions at DATA": (below("\n  -o smtpd_data_restrictions="), "smtp", "smtpd_data_restrictions", None),
    "own destinations": (below("\n  -o mydestination=$myhostname,example.net"), "smtp", "mydestination", None),
    "relayed domains": (below("\n  -o relay_domains=example.net"), "smtp", "relay_domains", None),
    "virtual domains": (also(f"2525 inet {SMTPD}\n  -o virtual_alias_domains=static:x"), "2525", "virtual_alias_domains",
                        None),
    "virtual mailboxes": (below("\n  -o virtual_mailbox_domains=example.net"), "smtp", "virtual_mailbox_domains", None),
    "XCLIENT for everyone": (below("\n  -o smtpd_authorized_xclient_hosts=0.0.0.0/0"), "smtp",
                             "smtpd_authorized_xclient_hosts", None),
    "a header that a stranger forges": (also(f"2525 inet {SMTPD}\n  -o smtpd_upstream_proxy_protocol=haproxy"), "2525",
                                        "smtpd_upstream_proxy_protocol", None),
    "commands that are rewritten": (below("\n  -o smtpd_command_filter=regexp:/etc/lab-networks"), "smtp",
                                    "smtpd_command_filter", None),
}


@pytest.mark.matrix(every=6)
@pytest.mark.parametrize("kind", DOORS)
def test_a_door_that_may_be_open_is_out_of_service_and_named(service, kind):
    edit, name, parameter, port = DOORS[kind]
    service.relay.write("/etc/lab-networks", "/^NOTHING/ NOOP\n")
    with service.broken(master=edit) as (since, cursor):
        if port:
            service.assert_open(port)
        service.assert_withdrawn(since)
        service.assert_named(cursor, name, parameter, "remove")


def test_another_folder_of_settings_or_a_chroot_is_not_served(service):
    """The meaning of -c has changed between releases; Postfix's own services in master.cf have no use for it."""
    with service.broken(master=below("\n  -c /etc/other")) as (since, _):
        service.assert_withdrawn(since)


def test_a_program_that_is_smtpd_by_another_name_is_no_way_in(service):
    link = "ln -sf smtpd /usr/lib/postfix/sbin/taker"
    edit = also("2525 inet n - n - - taker\n  -o mynetworks=0.0.0.0/0")
    with service.broken(master=edit, then=f"{link}; postfix reload", mend="rm -f /usr/lib/postfix/sbin/taker") as (since, _):
        service.assert_withdrawn(since)


# Other programs, other settings, and instances beside the host's own. Only 198.51.100.66 gets in by them, whom no proof plays.

NARROW = "127.0.0.0/8,10.0.0.0/16,198.51.100.66/32"
SBIN = "/usr/lib/postfix/sbin"
# A folder of links to Postfix's programs, with another smtpd.
WRAPPER = (f"mkdir -p /opt/d; ln -sf {SBIN}/* /opt/d/; rm /opt/d/smtpd; "
           f"printf '#!/bin/sh\\nexec {SBIN}/smtpd \"$@\" -o mynetworks={NARROW}\\n' > /opt/d/smtpd; chmod 755 /opt/d/smtpd")
TAKER = (POSTSCREEN % "").replace("  smtpd\n", f"  taker\n  -o mynetworks={NARROW}\n")
SECOND = "/etc/postfix/second"
COPY = f"mkdir -p {SECOND}; cp /etc/postfix/*.cf {SECOND}/; echo 'mynetworks = {NARROW}' >> {SECOND}/main.cf"

# The preparation, main.cf, master.cf, and the name that the log has to have.
MISLED = {
    "a wrapper by its path": (WRAPPER, "", also("2525 inet n - n - - ../../../../opt/d/smtpd"), ("2525", "opt/d/smtpd")),
    "a wrapper in daemon_directory": (WRAPPER, "daemon_directory = /opt/d", None, ("daemon_directory", "/opt/d")),
    "another heir of postscreen": (f"ln -sf smtpd {SBIN}/taker", "", instead(TAKER), ("smtpd", "taker")),
    "settings by the environment": (COPY, f"import_environment = MAIL_CONFIG={SECOND}", None,
                                    ("import_environment", SECOND)),
}


@pytest.mark.matrix(every=2)
@pytest.mark.parametrize("kind", MISLED)
def test_another_program_or_other_settings_are_out_of_service_and_named(service, kind):
    prepare, main, edit, words = MISLED[kind]
    service.relay.shell(prepare)
    with service.broken(main, edit, mend=f"rm -rf /opt/d {SECOND} {SBIN}/taker") as (since, cursor):
        service.assert_withdrawn(since, balancer=False)
        service.assert_named(cursor, *words)


def test_a_daemon_directory_of_links_to_postfixs_programs_is_served(service):
    service.relay.shell(f"mkdir -p /opt/links; ln -sf {SBIN}/* /opt/links/")
    assert_unmoved(service, "daemon_directory = /opt/links", also(f"2525 inet n - n - - ../..{SBIN}/smtpd"),
                   mend="rm -rf /opt/links")


def test_a_further_instance_is_out_of_service_while_it_runs(service):
    """Its files alone are a copy that somebody keeps."""
    queue = "for name in queue data; do mkdir -p /opt/second/$name; chown postfix /opt/second/data; " \
            f"echo \"${{name}}_directory = /opt/second/$name\" >> {SECOND}/main.cf; done"
    files = f"{COPY}; {queue}; sed -i 's/^smtp  *inet/2525 inet/' {SECOND}/master.cf"
    assert_unmoved(service, f"alternate_config_directories = {SECOND}", then=f"{files}; postfix reload", mend="true")
    end = f"postfix -c {SECOND} stop; rm -rf {SECOND} /opt/second"
    with service.broken(f"alternate_config_directories = {SECOND}", then=f"{files}; postfix -c {SECOND} start",
                        mend=end) as (since, cursor):
        service.assert_withdrawn(since, INTERVAL + WITHDRAWN, balancer=False)
        service.assert_named(cursor, f"{SECOND}/master.cf", "2525", f"postfix -c {SECOND} stop")


def test_a_postfix_that_runs_with_other_files_is_out_of_service_and_named(service):
    """The same queue, the same port, and other networks."""
    drop_in = "/etc/systemd/system/postfix.service.d/lab.conf"
    start = f"{COPY}; mkdir -p {drop_in.rsplit('/', 1)[0]}; printf '[Service]\\nEnvironment=MAIL_CONFIG={SECOND}\\n' > " \
            f"{drop_in}; systemctl daemon-reload; systemctl restart postfix"
    end = f"rm -rf {drop_in}; systemctl daemon-reload; systemctl restart postfix; rm -rf {SECOND}"
    with service.broken(then=start, mend=end) as (since, cursor):
        service.wait_for_log(cursor, f"the settings in {SECOND}", "systemctl restart postfix")
        service.assert_withdrawn(since, balancer=False)


@pytest.mark.matrix(every=2)
@pytest.mark.parametrize("name", ["cleanup", "rewrite", "qmgr"])
def test_a_service_that_the_doors_need_is_named_where_it_is_missing(service, name):
    with service.broken(master=lambda text: text.replace(f"\n{name} ", f"\n#{name} ")) as (since, cursor):
        service.assert_withdrawn(since, balancer=False)
        service.wait_for_log(cursor, f"no '{name}' service", "restore the entry")


def test_the_cure_is_all_that_it_takes(service):
    """As a person does it who was told: only the option is removed, and nothing is reloaded."""
    with service.broken(master=below("\n  -o mynetworks=0.0.0.0/0")) as (since, _):
        service.assert_withdrawn(since)
        cured = service.change(f"sed -i '/-o mynetworks=/d' {MASTER}")
        seconds = service.stays_back(cured, 10)
        assert seconds is not None
        service.assert_closed()
        service.lab.wait_for_backend(service.relay, "UP", 10)
        service.assert_mail_flows()


def test_an_edit_that_is_not_loaded_is_out_of_service_as_well(service):
    """The next smtpd that Postfix starts after any reload would have it."""
    with service.broken(master=below("\n  { -o mynetworks = 0.0.0.0/0 }"), then="true") as (since, cursor):
        service.assert_withdrawn(since)
        service.wait_for_log(cursor, "smtp", "mynetworks")


# Listeners that only this host reaches

LOOPBACK = {
    "127.0.0.1:10025": "\n  -o content_filter=\n  -o mynetworks=127.0.0.0/8\n"
                       "  -o smtpd_recipient_restrictions=permit_mynetworks,reject",
    "localhost:10025": "\n  -o content_filter=\n  -o mynetworks=127.0.0.0/8",
    "127.0.0.1:10026": "\n  -o mynetworks=127.0.0.0/8\n  -o smtpd_upstream_proxy_protocol=\n"
                       "  -o smtpd_relay_restrictions=permit_mynetworks,reject",
    "127.0.0.1:2525": "\n  { -o mynetworks = 127.0.0.0/8 }\n  -o smtpd_authorized_xclient_hosts=127.0.0.0/8",
}


@pytest.mark.matrix(every=2)
@pytest.mark.parametrize("name", LOOPBACK)
def test_a_listener_on_loopback_stays_as_it_is(service, name):
    entry = f"{name} inet n - n - 10 smtpd{LOOPBACK[name]}"
    cursor = service.mark()
    try:
        since = service.edit(master=also(entry))
        service.assert_serving(since, INTERVAL + 3)
        assert f"\n{entry}\n" in service.relay.shell(f"cat {MASTER}")
        port = name.rsplit(":", 1)[1]
        listeners = service.relay.shell(f"ss -Hltn 'sport = :{port}'").splitlines()
        assert [line.split()[3] for line in listeners] == [f"127.0.0.1:{port}"]
        assert "error" not in service.log(cursor).lower()
    finally:
        service.mend()


def test_there_is_no_listener_of_the_agents_own(service):
    assert "10025" not in service.relay.shell(f"cat {MASTER}")
    assert service.relay.shell("ss -Hltn 'sport = :10025'") == ""


OLD_LISTENER = """\
127.0.0.1:10025 inet n - n - 2 smtpd
  -o syslog_name=postfix/self-test
  -o smtpd_authorized_xclient_hosts=127.0.0.0/8
  -o smtpd_upstream_proxy_protocol="""


def test_the_listener_of_older_agents_is_taken_out(service):
    since = service.edit(master=also(f"# of an older agent\n{OLD_LISTENER}"))
    service.relay.wait_until(f"! grep -q 10025 {MASTER}", 10, "an end of the old listener")
    service.assert_serving(since, INTERVAL)
    service.mend()


# XCLIENT: only the node itself is believed


XCLIENT = ("XCLIENT ADDR=10.0.0.9 NAME=app.example.com", "XCLIENT ADDR=127.0.0.1", "XCLIENT LOGIN=root",
           "XCLIENT ADDR=10.0.1.10")


@pytest.mark.parametrize("who", ["stranger", "sender", "router", "load balancer", "loopback"])
def test_nobody_else_is_believed_to_be_another(service, who):
    lab, relay = service.lab, service.relay
    places = {"stranger": (lab.outsider, relay.address), "sender": (lab.application, relay.address),
              "router": (lab.network.router, relay.address), "load balancer": (lab.application, network.LOAD_BALANCER),
              "loopback": (relay.namespace, "127.0.0.1")}
    namespace, server = places[who]
    for line in XCLIENT:
        greeting, hello, answer = speak(namespace, server, ["EHLO host.example.net", line])
        assert "XCLIENT" not in hello, hello
        assert re.match(r"5\d\d ", answer), (who, line, answer)

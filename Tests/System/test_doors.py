"""Never open: whatever is written into Postfix's files, no stranger's mail is accepted for longer than three seconds.

An edit of master.cf that opens a door, or may open it, takes the node out of service and is named with its cure. An edit
of main.cf is undone. All else that is wrong with the node meanwhile delays neither.
"""

import re
import time

import pytest
from service import BACK, CONFIG, DOOR, INTERVAL, MAIN, MASTER, POSTSCREEN, WITHDRAWN, also, below, boot, instead

from relaylab import certificates, network
from relaylab.dialogue import speak
from relaylab.shell import run


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


@pytest.mark.parametrize("form", FORMS)
def test_mynetworks_of_port_25_is_seen_however_it_is_written(service, form):
    service.relay.write("/etc/lab-networks", "0.0.0.0/0 permit\n")
    main = "lab_networks = 0.0.0.0/0\n" if "name" in form else ""
    with service.broken(main, below(FORMS[form])) as (since, cursor):
        # Postfix does read it as it was meant here, so that this is the test of an open door.
        assert service.stranger()[3].startswith("250 ")
        service.assert_withdrawn(since)
        service.wait_for_log(cursor, "smtp", "mynetworks")


SMTPD = "n       -       n       -       -       smtpd"
PATH = "../../../../usr/lib/postfix/sbin/smtpd"

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
    "restrictions": (below("\n  -o smtpd_relay_restrictions=permit,reject\n"
                           "  -o smtpd_recipient_restrictions=permit,reject"), "smtp", "smtpd_", 25),
    "restrictions in braces": (below("\n  { -o smtpd_relay_restrictions = permit, reject }\n"
                                     "  { -o smtpd_recipient_restrictions = permit, reject }"), "smtp", "smtpd_", 25),
    "a class of restrictions": (
        below("\n  -o smtpd_restriction_classes=lab_class\n  -o lab_class=permit\n"
              "  -o smtpd_relay_restrictions=lab_class,reject\n  -o smtpd_recipient_restrictions=lab_class,reject"),
        "smtp", "smtpd_", 25),
    "restrictions by an access table": (
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


@pytest.mark.parametrize("kind", DOORS)
def test_a_door_that_may_be_open_is_out_of_service_and_named(service, kind):
    edit, name, parameter, port = DOORS[kind]
    service.relay.write("/etc/lab-networks", "/^NOTHING/ NOOP\n")
    with service.broken(master=edit) as (since, cursor):
        if port:
            assert service.stranger(port)[3].startswith("250 "), kind
        service.assert_withdrawn(since)
        service.assert_named(cursor, name, parameter, "remove")


def test_another_folder_of_settings_or_a_chroot_is_not_served(service):
    """What -c means has changed between releases; Postfix's own services in master.cf have no use for it."""
    with service.broken(master=below("\n  -c /etc/other")) as (since, cursor):
        service.assert_withdrawn(since)
        service.wait_for_log(cursor, "smtp")


def test_a_program_that_is_smtpd_by_another_name_is_no_way_in(service):
    link = "ln -sf smtpd /usr/lib/postfix/sbin/taker"
    edit = also("2525 inet n - n - - taker\n  -o mynetworks=0.0.0.0/0")
    with service.broken(master=edit, then=f"{link}; postfix reload", mend="rm -f /usr/lib/postfix/sbin/taker") as (since, _):
        service.assert_withdrawn(since)


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
    "127.0.0.1:10025": "\n  -o content_filter=\n  -o mynetworks=127.0.0.0/8\n  -o smtpd_recipient_restrictions=permit_mynetworks,reject",
    "localhost:10025": "\n  -o content_filter=\n  -o mynetworks=127.0.0.0/8",
    "127.0.0.1:10026": "\n  -o mynetworks=127.0.0.0/8\n  -o smtpd_upstream_proxy_protocol=\n  -o smtpd_relay_restrictions=permit_mynetworks,reject",
    "127.0.0.1:2525": "\n  { -o mynetworks = 127.0.0.0/8 }\n  -o smtpd_authorized_xclient_hosts=127.0.0.0/8",
}


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
    since = service.edit(master=lambda text: text.replace(OLD_LISTENER, "").rstrip("\n") + f"\n{OLD_LISTENER}\n")
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


# main.cf: it is put right at once

MAIN_CF = {
    "mynetworks": f"sed -i 's,^mynetworks = .*,mynetworks = 0.0.0.0/0,' {MAIN}",
    "mynetworks, later": f"echo 'mynetworks = 0.0.0.0/0' >> {MAIN}",
    "mynetworks, on two lines": f"printf 'mynetworks =\\n  127.0.0.0/8,\\n# more\\n  0.0.0.0/0\\n' >> {MAIN}",
    "no mynetworks, but a style": f"sed -i '/^mynetworks = /d' {MAIN}; echo 'mynetworks_style = class' >> {MAIN}",
    "restrictions": f"printf 'smtpd_relay_restrictions = permit, reject\\nsmtpd_recipient_restrictions = permit, reject\\n' >> {MAIN}",
    "own destinations": f"echo 'mydestination = example.net' >> {MAIN}",
    "XCLIENT for everyone": f"echo 'smtpd_authorized_xclient_hosts = 0.0.0.0/0' >> {MAIN}",
    "no restrictions at DATA": f"echo 'smtpd_data_restrictions =' >> {MAIN}",
    "a header that a stranger forges": f"echo 'smtpd_upstream_proxy_protocol = haproxy' >> {MAIN}",
}


@pytest.mark.parametrize("then", ["postfix reload", "sleep 12; postfix reload"])
@pytest.mark.parametrize("kind", MAIN_CF)
def test_an_opened_main_cf_is_put_right_and_the_node_stays(service, kind, then):
    if "sleep" in then and kind not in ("mynetworks", "restrictions"):
        then = "true"
    relay = service.relay
    names = "mynetworks smtpd_relay_restrictions smtpd_recipient_restrictions mydestination " \
            "smtpd_authorized_xclient_hosts smtpd_data_restrictions smtpd_upstream_proxy_protocol"
    before = relay.shell(f"postconf -h {names}")
    try:
        since = service.change(f"{MAIN_CF[kind]}; {then}")
        service.assert_closed(within=WITHDRAWN)
        relay.wait_until(f"[ \"$(postconf -h {names})\" = \"{before.strip(chr(10))}\" ]", WITHDRAWN, "main.cf as it was")
        xclient = service.stranger(lines=("XCLIENT ADDR=10.0.0.9",))
        assert xclient[2][:1] == "5", xclient
        assert service.stays_back(since, 10) is not None
        service.assert_mail_flows()
    finally:
        service.mend()


# Both at once, and with the node in trouble elsewhere

OPENED = "mynetworks = 0.0.0.0/0\n"


def assert_main_cf_is_closed(service, since: float) -> None:
    """main.cf is put right, and a stranger is refused, whatever else is wrong."""
    deadline = since + WITHDRAWN + 2
    while "0.0.0.0/0" in service.relay.shell("postconf -h mynetworks"):
        assert time.time() < deadline, "mynetworks in main.cf is still open"
        time.sleep(0.1)
    service.assert_closed()


def test_main_cf_does_not_wait_for_a_refused_master_cf(service):
    edit = also(f"2525 inet {SMTPD}\n  -o mydestination=x.example")
    with service.broken(OPENED, edit) as (since, cursor):
        assert_main_cf_is_closed(service, since)
        service.assert_withdrawn(since)
        service.wait_for_log(cursor, "2525", "mydestination")
        # Nor does the next edit.
        assert_main_cf_is_closed(service, service.edit(OPENED))


def test_main_cf_does_not_wait_for_a_master_cf_that_postfix_can_not_read(service):
    with service.broken(OPENED, also("nonsense"), then="true") as (since, _):
        assert_main_cf_is_closed(service, since)


def unit_as_folder(service):
    unit = "/etc/systemd/system/smtp-relay-agent-reconcile.service"
    service.relay.shell(f"cp -p {unit} /root/unit; rm {unit}; mkdir {unit}; touch {unit}/in-the-way")
    return f"rm -rf {unit}; cp -p /root/unit {unit}; systemctl daemon-reload"


def broken_settings(service):
    service.relay.shell(f"echo 'nonsense = 1' >> {CONFIG}")
    return ""


def wrong_value(service):
    service.relay.shell(f"sed -i 's/^domain = .*/domain = \"not a domain\"/' {CONFIG}")
    return ""


def no_metadata(service):
    service.lab.metadata_fault(service.relay, "unavailable")
    return ""


def no_api(service):
    service.lab.api_fault(hang=30)
    return ""


def no_package(service):
    """It is gone for rpm, and the mirror is down; the program still runs."""
    service.relay.shell("sed -i 's,repo.lab.internal/,repo.lab.internal/gone/,' /etc/yum.repos.d/lab.repo; "
                        "rpm -e --nodeps --noscripts --justdb nginx; mv /usr/sbin/nginx /root/nginx")
    return ("mv /root/nginx /usr/sbin/nginx; sed -i 's,repo.lab.internal/gone/,repo.lab.internal/,' /etc/yum.repos.d/lab.repo; "
            "rpm -i --justdb --nodeps --noscripts /root/nginx.rpm")


TROUBLE = {"settings with an unknown key": broken_settings, "a setting with a wrong value": wrong_value,
           "no metadata": no_metadata, "an API that hangs": no_api, "a unit that can't be written": unit_as_folder,
           "a package that can't be had": no_package}


@pytest.fixture
def trouble(service, request):
    """Something else is wrong, and passes fail of it or hang in it."""
    from relaylab import packages
    if request.param is no_package:
        package = next(packages.build().glob("nginx-*.rpm"))
        service.relay.shell("cat > /root/nginx.rpm", stdin=package.open("rb"))
    mend = request.param(service)
    # A pass is under way, or was.
    time.sleep(INTERVAL + 3)
    yield service
    service.lab.metadata_fault(service.relay, "")
    service.lab.api_fault()
    if mend:
        service.relay.shell(mend)
    service.mend()
    service.lab.wait_for_backend(service.relay, "UP", 60)


@pytest.mark.parametrize("trouble", TROUBLE.values(), ids=TROUBLE.keys(), indirect=True)
def test_an_opening_is_seen_and_main_cf_put_right_whatever_else_is_wrong(trouble):
    service = trouble
    # The trouble alone is no reason to leave.
    assert service.health.samples(time.time() - 1)[-1]["code"] == 200
    assert_main_cf_is_closed(service, service.edit(OPENED))
    since = service.edit(master=below("\n  { -o mynetworks = 0.0.0.0/0 }"))
    service.assert_withdrawn(since)
    cured = service.change(f"sed -i '/-o mynetworks/d' {MASTER}; postfix reload")
    assert service.stays_back(cured) is not None, "the trouble keeps out a node whose doors are closed again"


CERTIFICATE = "/etc/pki/tls/certs/relay.pem"
KEY = "/etc/pki/tls/private/relay.key"


def give_certificate(service, days: int) -> None:
    certificates.issue(service.lab.folder, "relay", ["mail.example.com"], service.relay.address, days=days)
    service.relay.write("/root/relay.pem", (service.lab.folder / "relay.pem").read_text())
    service.relay.write("/root/relay.key", (service.lab.folder / "relay.key").read_text())
    service.relay.shell(f"mkdir -p $(dirname {CERTIFICATE}) $(dirname {KEY}); cat /root/relay.pem > {CERTIFICATE}; "
                        f"install -m 600 /root/relay.key {KEY}")


def test_a_certificate_that_has_ended_delays_no_repair(service):
    relay = service.relay
    give_certificate(service, 300)
    relay.shell(f"sed -i 's,^\\[mail\\]$,[mail]\\ntls.certificate = \"{CERTIFICATE}\"\\ntls.key = \"{KEY}\",' {CONFIG}; "
                "systemctl reload smtp-relay-agent")
    try:
        relay.wait_until(f"[ \"$(postconf -h smtpd_tls_cert_file)\" = {CERTIFICATE} ]", 20, "the certificate in main.cf")
        give_certificate(service, 0)
        time.sleep(INTERVAL + 2)
        since = service.change(f"printf '# changed\\n{OPENED.strip()}\\n' >> {MAIN}; postfix reload")
        assert_main_cf_is_closed(service, since)
        assert service.stays_back(since) is not None, "an ended certificate is no reason to leave"
        since = service.edit(master=below("\n  { -o mynetworks = 0.0.0.0/0 }"))
        service.assert_withdrawn(since)
    finally:
        service.mend("systemctl reload smtp-relay-agent")


def test_a_broken_filter_of_commands_never_serves(service):
    """The restrictions stand, but never see the recipient."""
    service.relay.write("/etc/lab-filter", "/^RCPT TO/ NOOP\n")
    with service.broken("smtpd_command_filter = regexp:/etc/lab-filter\n") as (since, cursor):
        assert service.stranger()[3].startswith("250 ")
        service.assert_withdrawn(since)
        service.wait_for_log(cursor, "open relay")


def test_a_running_door_is_proven_not_the_files(service):
    """What a table says is in none of Postfix's own files."""
    service.relay.write("/etc/lab-filter", "/^NOTHING/ NOOP\n")
    try:
        since = service.edit("smtpd_command_filter = regexp:/etc/lab-filter\n")
        service.assert_serving(since, INTERVAL)
        since = service.change("echo '/^RCPT TO/ NOOP' > /etc/lab-filter; postfix reload")
        service.assert_withdrawn(since)
    finally:
        service.mend()

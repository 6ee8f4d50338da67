"""Never open: an opened main.cf is put right at once, and an opened master.cf takes the node out of service. Nothing else
that is wrong with the node delays that: settings, metadata, the AWS API, packages, units, a certificate, the other file.
"""

import time

import pytest
from service import CONFIG, INTERVAL, MAIN, MASTER, SMTPD, WITHDRAWN, also, below, boot

from relaylab import certificates, packages


@pytest.fixture(scope="module")
def service(binary):
    yield from boot(binary)


# main.cf: it is put right at once

MAIN_CF = {
    "mynetworks": f"sed -i 's,^mynetworks = .*,mynetworks = 0.0.0.0/0,' {MAIN}",
    "mynetworks, later": f"echo 'mynetworks = 0.0.0.0/0' >> {MAIN}",
    "mynetworks, on two lines": f"printf 'mynetworks =\\n  127.0.0.0/8,\\n# more\\n  0.0.0.0/0\\n' >> {MAIN}",
    "no mynetworks, but a style": f"sed -i '/^mynetworks = /d' {MAIN}; echo 'mynetworks_style = class' >> {MAIN}",
    # Postfix itself does not run with a mere "permit".
    "restrictions": f"for name in relay recipient; do echo \"smtpd_${{name}}_restrictions = check_client_access static:OK, "
                    f"reject\"; done >> {MAIN}",
    "own destinations": f"echo 'mydestination = example.net' >> {MAIN}",
    "XCLIENT for everyone": f"echo 'smtpd_authorized_xclient_hosts = 0.0.0.0/0' >> {MAIN}",
    "no restrictions at DATA": f"echo 'smtpd_data_restrictions =' >> {MAIN}",
    "a header that a stranger forges": f"echo 'smtpd_upstream_proxy_protocol = haproxy' >> {MAIN}",
}


NAMES = ("mynetworks", "smtpd_relay_restrictions", "smtpd_recipient_restrictions", "mydestination",
         "smtpd_authorized_xclient_hosts", "smtpd_data_restrictions", "smtpd_upstream_proxy_protocol")
LOADED = {"loaded": "postfix reload", "not loaded": "true", "loaded later": "sleep 12; postfix reload"}


@pytest.mark.matrix(every=5)
@pytest.mark.parametrize("kind, loaded", [
    *((kind, loaded) for loaded in ("loaded", "not loaded") for kind in MAIN_CF),
    ("mynetworks", "loaded later"), ("restrictions", "loaded later"),
])
def test_an_opened_main_cf_is_put_right_and_the_node_stays(service, kind, loaded):
    def read() -> list[str]:
        return [service.main_cf(name) for name in NAMES]

    before = read()
    try:
        since = service.change(f"{MAIN_CF[kind]}; {LOADED[loaded]}")
        service.assert_closed(within=WITHDRAWN)
        deadline = since + WITHDRAWN + 1
        while read() != before:
            assert time.time() < deadline, "main.cf is not as it was"
        assert service.stays_back(since, 10) is not None
        assert service.stranger(lines=("XCLIENT ADDR=10.0.0.9",))[2].startswith("5")
        service.assert_mail_flows()
    finally:
        service.mend()


def test_an_opened_main_cf_that_is_a_mount_is_named_with_the_cure(service):
    cursor = service.mark()
    try:
        since = service.change(f"cp {MAIN} /root/opened.cf; echo 'mynetworks = 0.0.0.0/0' >> /root/opened.cf; "
                               f"mount --bind /root/opened.cf {MAIN}; postfix reload")
        service.assert_withdrawn(since)
        service.wait_for_log(cursor, f"another file is mounted at {MAIN}", f"umount {MAIN}", "-mynetworks = 0.0.0.0/0")
        assert "umount" in service.relay.agent("status").stdout
    finally:
        back = service.change(f"umount {MAIN}; postfix reload")
        service.mend()
    assert service.stays_back(back) is not None


# Both at once, and with the node in trouble elsewhere

OPENED = "mynetworks = 0.0.0.0/0\n"


def assert_main_cf_is_closed(service, since: float) -> None:
    """main.cf is put right, and a stranger is refused, whatever else is wrong."""
    deadline = since + WITHDRAWN + 2
    while "0.0.0.0/0" in service.main_cf("mynetworks"):
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
    if request.param is no_package:
        package = next(packages.build().glob("nginx-*.rpm"))
        service.relay.shell("cat > /root/nginx.rpm", stdin=package.open("rb"))
    # Where the pass can't end, it has nothing to publish.
    service.comes_back = request.param not in (no_package, unit_as_folder)
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


@pytest.mark.matrix(every=2)
@pytest.mark.parametrize("trouble", TROUBLE.values(), ids=TROUBLE.keys(), indirect=True)
def test_an_opening_is_seen_and_main_cf_put_right_whatever_else_is_wrong(trouble):
    service = trouble
    # The trouble alone is no reason to leave.
    assert service.health.samples(time.time() - 1)[-1]["code"] == 200
    assert_main_cf_is_closed(service, service.edit(OPENED))
    since = service.edit(master=below("\n  { -o mynetworks = 0.0.0.0/0 }"))
    service.assert_withdrawn(since)
    cured = service.change(f"sed -i '/-o mynetworks/d' {MASTER}; postfix reload")
    service.assert_closed()
    if service.comes_back:
        assert service.stays_back(cured) is not None, (
            "the trouble keeps out a node whose doors are closed again; the agent's log:\n"
            + service.relay.shell("journalctl -u smtp-relay-agent -n 25 -o short-precise --no-pager"))


def test_without_metadata_a_withdrawn_node_comes_back_with_files_that_were_never_in_service(service):
    """The agent waits for metadata while nobody repairs main.cf, which is repaired to something else than it was before."""
    service.relay.shell("systemctl stop smtp-relay-agent")
    service.lab.metadata_fault(service.relay, "unavailable")
    try:
        since = service.edit("# a comment that stays\n" + OPENED, then="systemctl start --no-block smtp-relay-agent")
        assert service.health.first(since, 5, serving=False) is not None
        assert service.stays_back(since, 20) is not None
        service.assert_closed()
        assert "# a comment that stays" in service.relay.shell(f"cat {MAIN}")
    finally:
        service.lab.metadata_fault(service.relay, "")
        service.mend()


def test_a_pass_that_waits_for_metadata_does_not_hold_up_a_repair(service):
    service.relay.wait_for_agent()
    service.lab.metadata_fault(service.relay, "unavailable")
    try:
        for _ in range(2):
            # The signal calls for a pass over everything, which waits five seconds for metadata.
            service.relay.shell("systemctl kill -s HUP --kill-who=main smtp-relay-agent; sleep 0.3")
            since = service.edit(OPENED, then="true")
            while "0.0.0.0/0" in service.main_cf("mynetworks"):
                assert time.time() < since + 4.5, "mynetworks in main.cf is still open"
            time.sleep(5)
    finally:
        service.lab.metadata_fault(service.relay, "")
        service.mend()


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
        service.assert_open()
        service.assert_withdrawn(since)
        service.wait_for_log(cursor, "open relay")


def test_a_running_door_is_proven_not_the_files(service):
    """A table's content is in none of Postfix's own files."""
    service.relay.write("/etc/lab-filter", "/^NOTHING/ NOOP\n")
    try:
        since = service.edit("smtpd_command_filter = regexp:/etc/lab-filter\n")
        service.assert_serving(since, INTERVAL)
        since = service.change("echo '/^RCPT TO/ NOOP' > /etc/lab-filter; postfix reload")
        service.assert_withdrawn(since)
    finally:
        service.mend()

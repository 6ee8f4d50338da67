"""Repositories as systems differ in them: nginx as a module of RHEL 8, and EPEL on CentOS 7. Both with a real dnf."""

import re

import pytest

from relaylab import repositories, systems
from relaylab.lab import Lab
from relaylab.shell import run

MODULE = "'dnf -y module enable nginx', which enables the repository of nginx"
RELEASE = "the package 'epel-release', which brings the repository of nginx"


@pytest.fixture(scope="module")
def lab(binary):
    """A relay of RHEL 8's family whose module is disabled, and one that is CentOS 7."""
    with Lab(binary) as lab:
        rocky = lab.add_relay(system=systems.ROCKY_8, boot=False)
        rocky.stream = repositories.appstream(rocky.root)
        run("chroot", rocky.root, "dnf", "-y", "--disablerepo=lab", "module", "disable", "nginx")
        rocky.boot()
        centos = lab.add_relay(system=systems.CENTOS_7, boot=False)
        repositories.centos_7(centos.root)
        centos.boot()
        lab.add_sender()
        for relay in lab.relays:
            relay.wait_for_cloud_init()
        for relay in lab.relays:
            lab.wait_for_backend(relay, "UP")
        yield lab


@pytest.fixture
def rocky(lab):
    return lab.relays[0]


@pytest.fixture
def centos(lab):
    return lab.relays[1]


def take_out(relay, *packages: str) -> None:
    """Have the next pass bring packages, seen by its test: the resident agent, which would at once, rests till then."""
    relay.shell(f"systemctl stop smtp-relay-agent; rpm -e {' '.join(packages)}")


def origin(relay, package: str) -> str:
    """The repository that an installed package is from."""
    return relay.shell(f"dnf -q repoquery --installed --qf '%{{from_repo}}' {package} 2>/dev/null").strip().lstrip("@")


def streams(relay) -> dict[str, list[str]]:
    """The streams of nginx, as dnf marks them."""
    text = relay.shell("dnf -q module list nginx 2>/dev/null")
    return {line.split()[1]: re.findall(r"\[(.)\]", line) for line in text.splitlines() if line.startswith("nginx ")}


def test_both_deliver_mail(lab):
    subjects = lab.send(6)
    arrived = lab.wait_for_mails(subjects)
    assert sorted(mail["subject"] for mail in arrived) == sorted(subjects)
    assert {mail["client"] for mail in arrived} == {relay.address for relay in lab.relays}


def test_a_disabled_module_is_enabled_with_its_default_stream_and_said(rocky):
    assert rocky.log().count(MODULE) == 1
    assert origin(rocky, "nginx") == "appstream"
    assert streams(rocky) == {rocky.stream: ["d", "e"], "1.99": []}


def test_where_the_default_stream_is_in_force_no_step_is_taken(rocky):
    """As on a fresh RHEL 8: 'dnf install nginx' takes the default stream by itself."""
    take_out(rocky, "nginx")
    rocky.shell("dnf -y module reset nginx")
    assert streams(rocky) == {rocky.stream: ["d"], "1.99": []}
    result = rocky.agent("reconcile")
    assert result.returncode == 0, result.stdout
    assert "module enable" not in result.stdout
    assert origin(rocky, "nginx") == "appstream"
    assert streams(rocky) == {rocky.stream: ["d", "e"], "1.99": []}


def test_without_a_default_stream_the_error_says_how_to_choose_one(rocky):
    take_out(rocky, "nginx")
    rocky.shell("dnf -y module reset nginx")
    repositories.without_default_stream(rocky.root)
    before = rocky.shell("rpm -qa | sort; cat /etc/dnf/modules.d/*")
    result = rocky.agent("reconcile")
    assert result.returncode == 1, result.stdout
    assert re.search(r"packages: .*'dnf -y module enable nginx' failed", result.stdout), result.stdout
    assert "none of the streams are enabled or default" in result.stdout
    assert rocky.shell("rpm -qa | sort; cat /etc/dnf/modules.d/*") == before
    cure = re.search(r"enable one of them: (dnf module enable nginx:)STREAM", result.stdout).group(1)
    rocky.shell(f"{cure}{rocky.stream} -y")
    result = rocky.agent("reconcile")
    assert result.returncode == 0, result.stdout
    assert "module enable" not in result.stdout
    assert origin(rocky, "nginx") == "appstream"


def test_centos_7_installs_epels_file_and_says_so(centos):
    assert centos.log().count(RELEASE) == 1
    assert origin(centos, "epel-release") == "extras"
    assert origin(centos, "nginx") == "epel"
    assert "is not a system that is known" not in centos.log()


def test_where_epel_is_not_to_be_had_nothing_is_half_done(centos):
    take_out(centos, "nginx", "epel-release")
    centos.shell("echo exclude=epel-release >>/etc/yum.repos.d/extras.repo")
    before = centos.shell("rpm -qa | sort; ls /etc/yum.repos.d; md5sum /etc/postfix/*.cf")
    result = centos.agent("reconcile")
    assert result.returncode == 1, result.stdout
    assert re.search(r"packages: .*install epel-release' failed", result.stdout), result.stdout
    assert "CentOS's own repository 'extras' has it" in result.stdout
    assert "All matches were filtered out by exclude filtering for argument: epel-release" in result.stdout
    assert centos.shell("rpm -qa | sort; ls /etc/yum.repos.d; md5sum /etc/postfix/*.cf") == before
    centos.shell("sed -i /^exclude/d /etc/yum.repos.d/extras.repo")
    result = centos.agent("reconcile")
    assert result.returncode == 0, result.stdout
    assert RELEASE in result.stdout
    assert origin(centos, "nginx") == "epel"


def test_where_epels_file_is_there_and_its_package_is_not_the_next_pass_goes_on(centos):
    take_out(centos, "nginx", "epel-release")
    centos.shell("mv /srv/epel/nginx-*.rpm /srv")
    repositories.publish(centos.root, repositories.EPEL)
    result = centos.agent("reconcile")
    assert result.returncode == 1, result.stdout
    assert result.stdout.count(RELEASE) == 1
    assert "no enabled repository has nginx" in result.stdout
    assert origin(centos, "epel-release") == "extras"
    centos.shell("mv /srv/nginx-*.rpm /srv/epel")
    repositories.publish(centos.root, repositories.EPEL)
    result = centos.agent("reconcile")
    assert result.returncode == 0, result.stdout
    assert RELEASE not in result.stdout
    assert origin(centos, "nginx") == "epel"

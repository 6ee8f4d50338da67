"""Repositories as systems differ in them: nginx as a module of RHEL 8, and EPEL on CentOS 7. Both with a real dnf."""

import re
import shlex

import pytest

from conftest import send_by_all, wait_until_all_serve
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
        wait_until_all_serve(lab)
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
    send_by_all(lab)


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
    rocky.shell("dnf clean expire-cache")
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


@pytest.mark.parametrize("line", ["excludepkgs=nginx*", "exclude=nginx"])
def test_a_package_that_somebody_excludes_is_not_worked_around(rocky, line):
    """No module is enabled for it, and the error names the line."""
    take_out(rocky, "nginx")
    rocky.shell(f"dnf -y module disable nginx; cp /etc/dnf/dnf.conf /root/dnf.conf; echo '{line}' >>/etc/dnf/dnf.conf")
    before = rocky.shell("rpm -qa | sort; cat /etc/dnf/modules.d/*")
    try:
        result = rocky.agent("reconcile")
        assert result.returncode == 1, result.stdout
        assert f"excludes nginx (/etc/dnf/dnf.conf: {line})" in result.stdout
        assert "module enable" not in result.stdout
        assert rocky.shell("rpm -qa | sort; cat /etc/dnf/modules.d/*") == before
        assert "yum --disableexcludes=all install nginx" in result.stdout
    finally:
        rocky.shell(f"mv /root/dnf.conf /etc/dnf/dnf.conf; dnf -y module reset nginx; dnf -y module enable nginx:{rocky.stream}")
    result = rocky.agent("reconcile")
    assert result.returncode == 0, result.stdout


def test_centos_7_installs_epels_file_and_says_so(centos):
    assert centos.log().count(RELEASE) == 1
    assert origin(centos, "epel-release") == "extras"
    assert origin(centos, "nginx") == "epel"
    assert "is not a known system" not in centos.log()


def test_where_epel_is_not_to_be_had_nothing_is_half_done(centos):
    take_out(centos, "nginx", "epel-release")
    centos.shell("echo exclude=epel-release >>/etc/yum.repos.d/extras.repo")
    before = centos.shell("rpm -qa | sort; ls /etc/yum.repos.d; md5sum /etc/postfix/*.cf")
    result = centos.agent("reconcile")
    assert result.returncode == 1, result.stdout
    assert re.search(r"packages: .*install epel-release' failed", result.stdout), result.stdout
    assert "CentOS's own repository 'extras' has it" in result.stdout
    assert "left out of a repository by /etc/yum.repos.d/extras.repo: exclude=epel-release" in result.stdout
    assert "All matches were filtered out by exclude filtering for argument: epel-release" in result.stdout
    assert centos.shell("rpm -qa | sort; ls /etc/yum.repos.d; md5sum /etc/postfix/*.cf") == before
    centos.shell("sed -i /^exclude/d /etc/yum.repos.d/extras.repo")
    result = centos.agent("reconcile")
    assert result.returncode == 0, result.stdout
    # The resident agent may have come first.
    assert RELEASE in result.stdout + centos.shell("journalctl -u smtp-relay-agent -o cat --no-pager --since=-2min")
    assert origin(centos, "nginx") == "epel"


def test_where_epels_file_is_there_and_its_package_is_not_the_next_pass_goes_on(centos):
    take_out(centos, "nginx", "epel-release")
    centos.shell("mv /srv/epel/nginx-*.rpm /srv; yum clean all")
    repositories.publish(centos.root, repositories.EPEL)
    result = centos.agent("reconcile")
    assert result.returncode == 1, result.stdout
    assert result.stdout.count(RELEASE) == 1
    assert "no enabled repository has nginx" in result.stdout
    assert origin(centos, "epel-release") == "extras"
    # The pass has started the resident agent, which would ask the repositories while they change.
    centos.shell("systemctl stop smtp-relay-agent; mv /srv/nginx-*.rpm /srv/epel")
    repositories.publish(centos.root, repositories.EPEL)
    centos.shell(re.search(r"'(yum clean [a-z-]+)'", result.stdout).group(1))
    result = centos.agent("reconcile")
    assert result.returncode == 0, result.stdout
    assert RELEASE not in result.stdout
    assert origin(centos, "nginx") == "epel"


# The texts of yum 3 of CentOS 7 (the sources are in Tests/HostTests/YumTests.swift), and the files as its packages have
# them, as far as its addresses go.
SAYS = """\
#!/bin/sh
cat >&2 <<'END'
{words}
END
exit 1
"""
BASE = """\
[base]
name=CentOS-$releasever - Base
mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=os&infra=$infra
#baseurl=http://mirror.centos.org/centos/$releasever/os/$basearch/
"""
EPEL = """\
[epel]
name=Extra Packages for Enterprise Linux 7 - $basearch
#baseurl=http://download.fedoraproject.org/pub/epel/7/$basearch
metalink=https://mirrors.fedoraproject.org/metalink?repo=epel-7&arch=$basearch&infra=$infra&content=$contentdir
failovermethod=priority
"""
CURES = {
    "vault": ("""Could not retrieve mirrorlist http://mirrorlist.centos.org/?release=7&arch=x86_64&repo=os&infra=genclo error was
14: curl#6 - "Could not resolve host: mirrorlist.centos.org; Unknown error"
Cannot find a valid baseurl for repo: base/7/x86_64""",
              "the mirrors of CentOS 7 are gone", "CentOS-Base.repo", BASE, {
                  "mirrorlist": None, "baseurl": "http://vault.centos.org/centos/$releasever/os/$basearch/"}),
    "archive": ("Cannot retrieve metalink for repository: epel/x86_64. Please verify its path and try again",
                "the list of EPEL's mirrors does not answer", "epel.repo", EPEL, {
                    "metalink": None, "baseurl": "https://archives.fedoraproject.org/pub/archive/epel/7/$basearch"}),
}


@pytest.mark.parametrize("cure", CURES)
def test_the_commands_that_errors_give_lead_to_what_is_still_there(centos, cure):
    """yum 3 itself is not to be had here, so a script says its words."""
    words, error, name, text, addresses = CURES[cure]
    take_out(centos, "nginx")
    centos.shell("cp -a /etc/yum.repos.d /root/before; rm /usr/bin/yum")
    try:
        centos.write("/usr/bin/yum", SAYS.format(words=words))
        centos.shell("chmod +x /usr/bin/yum; echo 198.51.100.1 vault.centos.org >>/etc/hosts")
        centos.write(f"/etc/yum.repos.d/{name}", text)
        result = centos.agent("reconcile", "--set", "packages.timeout=5s")
        assert result.returncode == 1, result.stdout
        assert error in result.stdout
        command = next(line[line.index("sed -i"):] for line in result.stdout.splitlines() if "sed -i" in line)
        assert shlex.split(command)[-1].startswith("/etc/yum.repos.d/")
        centos.shell(command)
        lines = centos.shell(f"cat /etc/yum.repos.d/{name}").splitlines()
        settings = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
        assert {key: settings.get(key) for key in addresses} == addresses
    finally:
        centos.shell("rm -rf /etc/yum.repos.d; mv /root/before /etc/yum.repos.d; ln -sf dnf-3 /usr/bin/yum;"
                     "sed -i /vault.centos.org/d /etc/hosts")
        result = centos.agent("reconcile")
    assert result.returncode == 0, result.stdout


def test_without_dns_it_is_not_for_the_mirrors(centos):
    words = CURES["vault"][0]
    take_out(centos, "nginx")
    centos.shell("rm /usr/bin/yum")
    try:
        centos.write("/usr/bin/yum", SAYS.format(words=words))
        centos.shell("chmod +x /usr/bin/yum")
        result = centos.agent("reconcile", "--set", "packages.timeout=5s")
        assert result.returncode == 1, result.stdout
        assert "a package mirror's name can't be resolved" in result.stdout
        assert "vault" not in result.stdout
    finally:
        centos.shell("ln -sf dnf-3 /usr/bin/yum")
        result = centos.agent("reconcile")
    assert result.returncode == 0, result.stdout

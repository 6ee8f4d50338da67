"""The machines' root file systems, made once from Debian's packages and cached."""

import shutil
from pathlib import Path

from . import packages, paths, progress
from .shell import run
from .suites import BOOKWORM, Suite

SENDER_PACKAGES = "postfix libsasl2-2 iproute2 procps netbase ca-certificates"
FOREIGN_PACKAGES = "ca-certificates netbase libnss-myhostname libnss-resolve"

CLOUD_CONFIG = """\
datasource_list: [Ec2]
datasource:
  Ec2:
    strict_id: false
    metadata_urls: ["http://169.254.169.254"]
    max_wait: 30
    timeout: 5
network: {config: disabled}
locale: C.UTF-8
ssh_deletekeys: false
ssh_genkeytypes: []
output: {all: '| tee -a /var/log/cloud-init-output.log'}
"""

REPOSITORY = """\
[lab]
name=The lab's packages
baseurl=http://repo.lab.internal/{suite}/
enabled=1
gpgcheck=0
metadata_expire=0
"""


def relay(suite: Suite = BOOKWORM) -> Path:
    """An image as EC2 has it: cloud-init and yum, but neither Postfix nor nginx."""
    return made(f"relay-{suite.name}", suite.name, suite.image, lambda root: as_relay(root, suite), relay_recipe())


def as_relay(root: Path, suite: Suite = BOOKWORM) -> None:
    """Set a root up as EC2's images of RPM distributions are."""
    (root / "usr/bin/yum").symlink_to("dnf-3")
    (root / "etc/cloud/cloud.cfg.d/99-lab.cfg").write_text(CLOUD_CONFIG)
    # It speaks to udev, which does not run in a container.
    modules = (root / "etc/cloud/cloud.cfg").read_text()
    (root / "etc/cloud/cloud.cfg").write_text(modules.replace(" - install-hotplug\n", ""))
    (root / "etc/cloud/ds-identify.cfg").write_text("policy: enabled\n")
    (root / "etc/yum.repos.d").mkdir(parents=True, exist_ok=True)
    (root / "etc/yum.repos.d/lab.repo").write_text(REPOSITORY.format(suite=suite.name))
    # Debian's rpm keeps root's database in the home folder; RPM distributions do not.
    (root / "etc/rpm").mkdir(exist_ok=True)
    (root / "etc/rpm/macros").write_text("%_dbpath /var/lib/rpm\n")
    (root / "etc/hostname").unlink(missing_ok=True)
    (root / "etc/machine-id").write_text("")
    # Debian's services that no EC2 image of an RPM distribution has.
    for unit in ("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer",
                 "fstrim.timer", "systemd-resolved.service", "getty@tty1.service", "console-getty.service"):
        (root / "etc/systemd/system" / unit).unlink(missing_ok=True)
        (root / "etc/systemd/system").mkdir(parents=True, exist_ok=True)
        (root / "etc/systemd/system" / unit).symlink_to("/dev/null")
    base = packages.build(suite) / packages.BASE
    shutil.copy(base, root / "tmp/base.rpm")
    run("chroot", root, "rpm", "-i", "--justdb", "--nodeps", "/tmp/base.rpm")
    (root / "tmp/base.rpm").unlink()


def relay_recipe() -> str:
    """All that as_relay() puts there, besides this file."""
    return CLOUD_CONFIG + REPOSITORY + packages.recipe()


def sender() -> Path:
    """An application host: Postfix as Debian has it."""
    return made("sender", "bookworm", SENDER_PACKAGES, lambda root: None, "")


def postfix(suite: str) -> Path:
    """A root with a Debian release's Postfix, never booted."""
    return made(f"postfix-{suite}", suite, "postfix", lambda root: None, "")


def foreign() -> Path:
    """A root with another glibc, whose name service names modules that only it can load."""

    def finish(root: Path) -> None:
        text = (root / "etc/nsswitch.conf").read_text()
        lines = [line for line in text.splitlines() if not line.startswith("hosts:")]
        lines.append("hosts: files myhostname resolve [!UNAVAIL=return] dns")
        (root / "etc/nsswitch.conf").write_text("\n".join(lines) + "\n")

    return made("foreign", "trixie", FOREIGN_PACKAGES, finish, "")


def made(name: str, suite: str, wanted: str, finish, recipe: str) -> Path:
    """The image of a name, made where there is none that was made of just this.

    finish does the rest once the packages are there; recipe is the text of all that it works by.
    """
    source = Path(__file__).read_bytes()
    root = paths.CACHE / "images" / f"{name}-{paths.key(suite, wanted, recipe, source)}"
    if not root.exists():
        with paths.making(root) as is_missing:
            if is_missing:
                with progress.shown(f"making the image '{name}' of Debian's {suite}"):
                    _make(root, suite, wanted, finish)
    return root


def _make(root: Path, suite: str, wanted: str, finish) -> None:
    temporary = root.with_suffix(".new")
    if temporary.exists():
        shutil.rmtree(temporary)
    run(
        # Its mounts end with it, also where it is killed: one that stays would keep the next lab from making the image.
        "unshare", "--mount", "mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(wanted.split())}",
        "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*",
        "--dpkgopt=path-exclude=/usr/share/locale/*",
        suite, str(temporary), "http://deb.debian.org/debian", timeout=900,
    )
    finish(temporary)
    temporary.rename(root)

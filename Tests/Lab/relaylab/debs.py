"""Packages of Debian for a machine that is about to boot: downloaded once, installed as dpkg does."""

import shutil
from pathlib import Path

from . import paths
from .shell import run

# exim, and what of its dependencies the relays' image does not have.
EXIM = "exim4-base exim4-config exim4-daemon-light libgnutls-dane0 libunbound8 libevent-2.1-7 libidn12"


def install(root: Path, names: str) -> None:
    """Install packages in a machine's root. They start nothing before it boots."""
    folder = paths.CACHE / "debs" / paths.key(names)
    if not folder.exists():
        with paths.making(folder) as is_missing:
            if is_missing:
                _download(folder, names)
    place = root / "tmp/debs"
    shutil.copytree(folder, place)
    # Without that, their scripts would start services of this machine.
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    script = "DEBIAN_FRONTEND=noninteractive dpkg --force-depends -i /tmp/debs/*.deb; rm -r /tmp/debs"
    run("chroot", root, "sh", "-ec", script, timeout=180)
    policy.unlink()


def _download(folder: Path, names: str) -> None:
    temporary = folder.with_suffix(".new")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    run("apt-get", "-qq", "update", timeout=300)
    run("apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", *names.split(), cwd=temporary, timeout=300)
    temporary.rename(folder)

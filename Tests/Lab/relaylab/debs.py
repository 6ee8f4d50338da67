"""Debian's packages, for the images and for machines that are about to boot."""

import shutil
import tempfile
from pathlib import Path

from . import paths
from .shell import run

_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
# exim, and what of its dependencies the relays' image does not have.
EXIM = "exim4-base exim4-config exim4-daemon-light libgnutls-dane0 libunbound8 libevent-2.1-7 libidn12"


def install(root: Path, names: str) -> None:
    """Install packages of Debian 12 in a machine's root, as dpkg does. They start nothing before it boots."""
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
    download("bookworm", names.split(), temporary)
    temporary.rename(folder)


def download(suite: str, names: list[str], folder: Path) -> dict[str, Path]:
    """Download packages of any release of Debian into a folder. Their files by their names."""
    with tempfile.TemporaryDirectory() as scratch:
        sources = Path(scratch) / "sources.list"
        sources.write_text(f"deb [signed-by={_KEYS}] http://deb.debian.org/debian {suite} main\n")
        for place in ("lists/partial", "cache/archives/partial"):
            (Path(scratch) / place).mkdir(parents=True)
        places = {"Etc::SourceList": sources, "Etc::SourceParts": "-", "State::Lists": f"{scratch}/lists",
                  "State::Status": "/dev/null", "Cache": f"{scratch}/cache"}
        apt = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root"]
        for place, path in places.items():
            apt += ["-o", f"Dir::{place}={path}"]
        run(*apt, "update", timeout=300)
        run(*apt, "download", *names, cwd=folder, timeout=300)
    return {name: next(folder.glob(f"{name}_*.deb")) for name in names}

"""A machine that can't run the lab says so at once, and how to cure it."""

import os
import subprocess
import sys
import time

import pytest

from conftest import REPOSITORY

CHECK = REPOSITORY / "Tests/Lab/check"
# Each lacks one thing, in mounts of its own.
LACKS = {
    "root": ("exec setpriv --reuid=65534 --clear-groups $CHECK", "need root"),
    "Debian": ("mount -t tmpfs none /mnt; printf 'ID=fedora\\nVERSION_ID=43\\n' >/mnt/release; "
               "mount --bind /mnt/release /etc/os-release; exec $CHECK", "this is 'fedora 43'"),
    "Debian 12": ("mount -t tmpfs none /mnt; printf 'ID=debian\\nVERSION_ID=\"11\"\\n' >/mnt/release; "
                  "mount --bind /mnt/release /etc/os-release; exec $CHECK", "this is 'debian 11'"),
    "Swift": ("PATH=/usr/sbin:/usr/bin:/sbin:/bin; exec $CHECK", "there is no 'swift' in PATH"),
    "a new Swift": ("mount -t tmpfs none /mnt; printf '#!/bin/sh\\necho \"Swift version 5.10.1\"\\n' >/mnt/swift; "
                    "chmod 755 /mnt/swift; PATH=/mnt:$PATH; exec $CHECK", "says '5 10'"),
    "namespaces": ("exec setpriv --bounding-set=-sys_admin $CHECK", "--privileged"),
    "disk space": ("mount -t tmpfs -o size=1M none $BUILD; exec $CHECK", "and needs 8 GB"),
}


def check(script: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "CHECK": str(CHECK), "BUILD": str(REPOSITORY / ".build")}
    environment.pop("LAB_BINARY", None)
    return subprocess.run(["unshare", "--mount", "sh", "-ec", script], env=environment, text=True, timeout=30,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.mark.parametrize("lack", LACKS)
def test_what_is_missing_is_named_with_its_cure(lack):
    script, words = LACKS[lack]
    began = time.monotonic()
    result = check(script)
    assert result.returncode == 1
    assert result.stdout.count("\n") == 1
    assert result.stdout.startswith("this machine can't run the lab: ") and words in result.stdout
    # Before anything is installed or built.
    assert time.monotonic() - began < 10


def test_this_machine_lacks_nothing():
    result = check("exec $CHECK")
    assert (result.returncode, result.stdout) == (0, "")


def test_long_work_shows_how_far_it_is():
    script = f"""
import logging, time
logging.basicConfig(level=logging.INFO, format='%(message)s')
import sys; sys.path.insert(0, {str(REPOSITORY / "Tests" / "Lab")!r})
from relaylab import progress
progress.PACE = 0.2
with progress.shown("building", lambda: "3 of 7"):
    time.sleep(0.5)
"""
    result = subprocess.run([sys.executable, "-c", script], text=True, timeout=30, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)
    first, *middle, last = result.stdout.splitlines()
    assert first == "building" and last.startswith("building: done after ")
    assert middle and all(line.startswith("building: 3 of 7, ") for line in middle)

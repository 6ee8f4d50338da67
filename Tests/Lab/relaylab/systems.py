"""Operating systems' own names, for machines that are to be taken for one of them.

The agent reads them; the machine's parts are the image's all the same.
"""

from pathlib import Path

from . import old_kernel, systemd_219
from .machine import Machine

# Real ones, which the unit tests of detection read, too.
_TEXTS = Path(__file__).resolve().parent / "os-release"

# The system that the image stands for: its dnf is RHEL 9's engine.
ALMA_9 = (_TEXTS / "almalinux-9").read_text()
# Their neighbours: github.com/chef/os_release, rocky_8 and alma_10, in the form of alma_9.
ROCKY_8 = (_TEXTS / "rocky-8").read_text()
ALMA_10 = (_TEXTS / "almalinux-10").read_text()
# The text of centos-release 7.
CENTOS_7 = (_TEXTS / "centos-7").read_text()
# docs.aws.amazon.com/linux/al2023/ug/ident-os-release.html
AMAZON_LINUX_2 = (_TEXTS / "amazon-linux-2").read_text()
UNKNOWN = """\
NAME="Some Linux"
ID=some
ID_LIKE="fedora"
VERSION_ID=1
PRETTY_NAME="Some Linux 1"
"""


def name(root: Path, text: str) -> None:
    """Have a machine that is off take itself for another system."""
    (root / "etc/os-release").unlink(missing_ok=True)
    (root / "etc/os-release").write_text(text)


def make_old(machine: Machine) -> None:
    """Put a machine that is off on the oldest systemd and kernel that a node may have."""
    systemd_219.install(machine.root)
    machine.enter = old_kernel.enter

"""A root that System V init boots, with service and chkconfig, as Amazon Linux 1 has them."""

import shutil
from pathlib import Path

from . import image, paths
from .shell import run
from .suites import BOOKWORM

_FILES = paths.SOURCES / "sysv"
# sysvinit-core in place of systemd-sysv; what every EC2 image of that time has besides.
_PACKAGES = ("sysvinit-core sysv-rc initscripts insserv init-system-helpers cron logrotate rsyslog "
             + BOOKWORM.image.replace("systemd systemd-sysv dbus ", "").replace("libnss-myhostname ", ""))


def root() -> Path:
    """The relay's image on another init. The scripts of Postfix and nginx are there before their packages."""

    def finish(made: Path) -> None:
        image.as_relay(made)
        # Lines for a console's terminals are left out, since this machine has none. The run level is that of the RPM
        # distributions.
        inittab = [line.replace("id:2:", "id:3:") for line in (made / "etc/inittab").read_text().splitlines()
                   if "getty" not in line]
        (made / "etc/inittab").write_text("\n".join(inittab) + "\n")
        # Scripts run by the order of their links, as on the RPM distributions, not by Debian's own tables.
        with (made / "etc/default/rcS").open("a") as settings:
            settings.write("CONCURRENCY=none\n")
        for table in (made / "etc/init.d").glob(".depend.*"):
            table.unlink()
        _order(made)
        for name, place in {"chkconfig": "sbin", "postfix": "etc/init.d", "nginx": "etc/init.d",
                            "rsyslog": "etc/init.d"}.items():
            shutil.copy(_FILES / name, made / place / name)
            (made / place / name).chmod(0o755)
        shutil.copy(_FILES / "rsyslog.conf", made / "etc")
        run("chroot", made, "chkconfig", "--add", "rsyslog")

    recipe = "".join(path.read_text() for path in sorted(_FILES.iterdir())) + Path(__file__).read_text()
    return image.made("relay-system-v", "bookworm", _PACKAGES, finish, recipe + image.relay_recipe())


def _order(made: Path) -> None:
    """Give the system's own links the places that they have on the RPM distributions: what ends all processes, and the
    system, comes after all services; cloud-init comes after syslog."""
    for level in "06":
        for link in (made / f"etc/rc{level}.d").glob("K0*"):
            link.rename(link.with_name(f"K9{link.name[2:]}"))
    for level in "2345":
        for link in (made / f"etc/rc{level}.d").glob("S0*cloud-*"):
            link.rename(link.with_name(f"S5{link.name[2:]}"))

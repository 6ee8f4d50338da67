"""Debian's releases: each stands for a generation of glibc, systemd, cloud-init, rpm, Postfix and nginx."""

from dataclasses import dataclass

# The packages of an EC2 image of an RPM distribution that matter to the agent: systemd, cloud-init, yum, and the
# libraries that Postfix and nginx need.
_IMAGE = ("systemd systemd-sysv dbus udev iproute2 cloud-init ca-certificates procps netbase curl dnf rpm libnsl2 libsasl2-2 "
          "libcrypt1 zlib1g libnss-myhostname ssl-cert cpio strace")


@dataclass(frozen=True)
class Suite:
    """A release by its name in Debian's archive."""

    name: str
    # The package names of Postfix and nginx in this release.
    libraries: str
    # Its packages that Postfix's RPM and nginx's are made of. The first gives the version.
    postfix: tuple[str, ...]
    nginx: tuple[str, ...]
    # The type of tables that Postfix has where none is named.
    tables: str = "hash"

    @property
    def image(self) -> str:
        """The packages of a relay's image."""
        return f"{_IMAGE} {self.libraries}"


# Postfix 3.5 and systemd 247, between RHEL 8's 239 and RHEL 9's 252. usrmerge makes one folder of /bin and /usr/bin, as all
# RPM distributions with systemd have it.
BULLSEYE = Suite("bullseye", "libdb5.3 libicu67 libssl1.1 libpcre3 usrmerge", ("postfix",), ("nginx-core", "nginx-common"))
BOOKWORM = Suite("bookworm", "libdb5.3 libicu72 libssl3 libpcre2-8-0 nftables iptables", ("postfix",), ("nginx", "nginx-common"))
# Postfix as RHEL 10 has it: without Berkeley DB.
TRIXIE = Suite("trixie", "libdb5.3t64 liblmdb0 libicu76 libssl3t64 libtlsrpt0 libpcre2-8-0", ("postfix", "postfix-lmdb"),
               ("nginx", "nginx-common"), tables="lmdb")
ALL = (BOOKWORM, BULLSEYE, TRIXIE)

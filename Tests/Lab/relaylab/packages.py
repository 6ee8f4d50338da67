"""Postfix, SASL's mechanisms and nginx as RPMs: Debian's programs, set up as the packages of an RPM distribution are."""

import shutil
import tempfile
from pathlib import Path

from . import debs, paths, progress
from .shell import output, run
from .suites import BOOKWORM, Suite

BASE = "lab-base-1-1.noarch.rpm"
_FILES = paths.SOURCES / "rpm"


def recipe() -> str:
    """All that the packages are made of."""
    return "".join(path.read_text() for path in sorted(_FILES.iterdir())) + Path(__file__).read_text()


def build(suite: Suite = BOOKWORM) -> Path:
    """The folder of a yum repository with the packages, made once."""
    repository = paths.CACHE / "rpms" / f"{suite.name}-{paths.key(recipe(), repr(suite))}"
    if not repository.exists():
        with paths.making(repository) as is_missing:
            if is_missing:
                with progress.shown(f"making the packages of Debian's {suite.name}"):
                    _make(repository, suite)
    return repository


def _make(repository: Path, suite: Suite) -> None:
    with tempfile.TemporaryDirectory(dir=repository.parent) as scratch:
        work = Path(scratch)
        work.chmod(0o755)
        out = work / "out"
        out.mkdir()
        archives = debs.download(suite.name, [*suite.postfix, *suite.nginx, "libsasl2-modules"], work)
        for name, parts in {"lab-base": (), "lab-slow": (), "postfix": suite.postfix, "nginx": suite.nginx,
                            "cyrus-sasl-plain": ("libsasl2-modules",)}.items():
            root = work / name
            root.mkdir()
            for part in parts:
                run("dpkg-deb", "-x", archives[part], root)
            _prepare(name, root, suite)
            _pack(name, _version(archives[parts[0]]) if parts else "1", root, work, out)
        run("createrepo_c", "--quiet", out)
        out.rename(repository)


def _version(archive: Path) -> str:
    """The version of what Debian has packed, without its own additions."""
    packed = output("dpkg-deb", "-f", archive, "Version").strip()
    return packed.rpartition("-")[0].rpartition(":")[2].partition("+")[0]


def _prepare(name: str, root: Path, suite: Suite) -> None:
    """Put the distribution's own configuration in place of Debian's."""
    for folder in ("usr/share/doc", "usr/share/man", "usr/share/lintian", "usr/share/bug", "lib/systemd", "usr/lib/systemd",
                   "etc/init.d", "etc/default", "etc/ufw", "etc/logrotate.d", "etc/network", "etc/ppp", "etc/resolvconf",
                   "etc/insserv.conf.d", "etc/rsyslog.d"):
        shutil.rmtree(root / folder, ignore_errors=True)
    units = root / "usr/lib/systemd/system"
    if name == "postfix":
        units.mkdir(parents=True)
        shutil.copy(_FILES / "postfix.service", units)
        (root / "etc/postfix/main.cf").write_text((_FILES / "main.cf").read_text().replace("TABLES", suite.tables))
        shutil.copy(_FILES / "master.cf", root / "etc/postfix/master.cf")
        (root / "etc/aliases").write_text("postmaster: root\n")
        if suite.tables != "hash":
            # The lines are those of Debian's script of that package (postfix's dynamicmaps.cf).
            words = f"{suite.tables} postfix-{suite.tables}.so dict_{suite.tables}_open mkmap_{suite.tables}_open\n"
            (root / "etc/postfix/dynamicmaps.cf").write_text(words)
    if name == "nginx":
        shutil.rmtree(root / "etc/nginx/sites-enabled", ignore_errors=True)
        shutil.rmtree(root / "etc/nginx/sites-available", ignore_errors=True)
        units.mkdir(parents=True)
        shutil.copy(_FILES / "nginx.service", units)
        shutil.copy(_FILES / "nginx.conf", root / "etc/nginx/nginx.conf")


def _pack(name: str, version: str, root: Path, work: Path, out: Path) -> None:
    spec = work / f"{name}.spec"
    files = [f'"/{path.relative_to(root)}"' for path in sorted(root.rglob("*")) if not path.is_dir() or path.is_symlink()]
    lines = "\n".join(files)
    spec.write_text((_FILES / f"{name}.spec").read_text() + f"\n%files\n%defattr(-,root,root,-)\n{lines}\n")
    run(
        "rpmbuild", "-bb", "--quiet", "--buildroot", work / "buildroot",
        "--define", f"_topdir {work / 'rpmbuild'}", "--define", f"_rpmdir {out}",
        "--define", "_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
        "--define", "__os_install_post %{nil}", "--define", "_build_id_links none", "--define", "_unpackaged_files_terminate_build 0",
        "--define", f"payload {root}", "--define", f"packed_version {version}", spec, timeout=180,
    )


def version(name: str, suite: Suite = BOOKWORM) -> str:
    """A package's version in the repository."""
    package = next(build(suite).glob(f"{name}-*.rpm"))
    return output("rpm", "-qp", "--qf", "%{VERSION}", package).strip()

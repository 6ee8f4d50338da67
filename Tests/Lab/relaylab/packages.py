"""Postfix, SASL's mechanisms and nginx as RPMs: Debian's programs, set up as the packages of an RPM distribution are."""

import shutil
import tempfile
from pathlib import Path

from . import paths
from .shell import output, run

BASE = "lab-base-1-1.noarch.rpm"
_FILES = paths.SOURCES / "rpm"


def recipe() -> str:
    """All that the packages are made of."""
    return "".join(path.read_text() for path in sorted(_FILES.iterdir())) + Path(__file__).read_text()


def build() -> Path:
    """The folder of a yum repository with the packages, made once."""
    repository = paths.CACHE / "rpms" / paths.key(recipe())
    if not repository.exists():
        with paths.making(repository) as is_missing:
            if is_missing:
                _make(repository)
    return repository


def _make(repository: Path) -> None:
    with tempfile.TemporaryDirectory(dir=repository.parent) as scratch:
        work = Path(scratch)
        work.chmod(0o755)
        out = work / "out"
        out.mkdir()
        run("apt-get", "-qq", "update", timeout=300)
        for name, debs in {"lab-base": [], "lab-slow": [], "postfix": ["postfix"], "nginx": ["nginx", "nginx-common"],
                           "cyrus-sasl-plain": ["libsasl2-modules"]}.items():
            root = work / name
            root.mkdir()
            for deb in debs:
                run("apt-get", "-qq", "download", deb, cwd=work, timeout=120)
                archive = next(work.glob(f"{deb}_*.deb"))
                run("dpkg-deb", "-x", archive, root)
            _prepare(name, root)
            _pack(name, root, work, out)
        run("createrepo_c", "--quiet", out)
        out.rename(repository)


def _prepare(name: str, root: Path) -> None:
    """Put the distribution's own configuration in place of Debian's."""
    for folder in ("usr/share/doc", "usr/share/man", "usr/share/lintian", "usr/share/bug", "lib/systemd", "etc/init.d",
                   "etc/default", "etc/ufw", "etc/logrotate.d", "etc/network", "etc/ppp", "etc/resolvconf",
                   "etc/insserv.conf.d", "etc/rsyslog.d"):
        shutil.rmtree(root / folder, ignore_errors=True)
    units = root / "usr/lib/systemd/system"
    if name == "postfix":
        units.mkdir(parents=True)
        shutil.copy(_FILES / "postfix.service", units)
        shutil.copy(_FILES / "main.cf", root / "etc/postfix/main.cf")
        shutil.copy(_FILES / "master.cf", root / "etc/postfix/master.cf")
        (root / "etc/aliases").write_text("postmaster: root\n")
    if name == "nginx":
        shutil.rmtree(root / "etc/nginx/sites-enabled", ignore_errors=True)
        shutil.rmtree(root / "etc/nginx/sites-available", ignore_errors=True)
        units.mkdir(parents=True)
        shutil.copy(_FILES / "nginx.service", units)
        shutil.copy(_FILES / "nginx.conf", root / "etc/nginx/nginx.conf")


def _pack(name: str, root: Path, work: Path, out: Path) -> None:
    spec = work / f"{name}.spec"
    files = [f'"/{path.relative_to(root)}"' for path in sorted(root.rglob("*")) if not path.is_dir() or path.is_symlink()]
    lines = "\n".join(files)
    spec.write_text((_FILES / f"{name}.spec").read_text() + f"\n%files\n%defattr(-,root,root,-)\n{lines}\n")
    run(
        "rpmbuild", "-bb", "--quiet", "--buildroot", work / "buildroot",
        "--define", f"_topdir {work / 'rpmbuild'}", "--define", f"_rpmdir {out}",
        "--define", "_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
        "--define", "__os_install_post %{nil}", "--define", "_build_id_links none", "--define", "_unpackaged_files_terminate_build 0",
        "--define", f"payload {root}", spec, timeout=180,
    )


def version(name: str) -> str:
    """A package's version in the repository."""
    package = next(build().glob(f"{name}-*.rpm"))
    return output("rpm", "-qp", "--qf", "%{VERSION}", package).strip()

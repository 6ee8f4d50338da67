"""Package repositories as systems differ in them: Amazon Linux 2's extras, RHEL 8's modules, and EPEL, which a package brings.

They are folders in a machine's own root, which may be off; its yum is real, and knows modules.
"""

import shutil
import tempfile
from pathlib import Path

from . import packages
from .shell import output, run

TOPIC, MODULAR, MODULES, EXTRAS, EPEL = "srv/nginx1", "srv/appstream", "srv/modules", "srv/extras", "srv/epel"

# The parts that dnf reads (modulemd's modulemd_stream_v2.md and modulemd_defaults_v1.md).
_STREAM = """\
---
document: modulemd
version: 2
data:
  name: nginx
  stream: "{stream}"
  version: 1
  context: lab
  arch: x86_64
  summary: nginx webserver
  description: nginx webserver
  license: {{module: [MIT]}}
  artifacts: {{rpms: ["{artifact}"]}}
...
"""
_DEFAULT = """\
---
document: modulemd-defaults
version: 1
data: {{module: nginx, stream: "{stream}", profiles: {{}}}}
...
"""

# The part of the real program that is used.
_EXTRAS_PROGRAM = """\
#!/bin/sh
[ "$*" = "enable nginx1" ] || { echo "Topic $* is not found." >&2; exit 1; }
sed -i s/enabled=0/enabled=1/ /etc/yum.repos.d/lab-extras.repo
"""

_RELEASE_SPEC = """\
Name: epel-release
Version: 7
Release: 14
Summary: Extra Packages for Enterprise Linux repository configuration
License: GPLv2
BuildArch: noarch
AutoReqProv: no

%description
What of the real one the agent meets: the repository's file.

%install
mkdir -p %{{buildroot}}/etc/yum.repos.d
cat > %{{buildroot}}/etc/yum.repos.d/epel.repo <<'END'
{repository}END

%files
%config(noreplace) /etc/yum.repos.d/epel.repo
"""


def _repository(name: str, folder: str, enabled: int = 1) -> str:
    return f"[{name}]\nname={name}\nbaseurl=file:///{folder}\nenabled={enabled}\ngpgcheck=0\n"


def publish(root: Path, folder: str) -> None:
    """Have a repository offer what packages are in its folder, to who does not take its list from a cache of two days."""
    run("createrepo_c", "--quiet", root / folder)


def _hide_nginx(root: Path) -> None:
    """Leave nginx to another repository than the lab's own."""
    with (root / "etc/yum.repos.d/lab.repo").open("a") as file:
        file.write("exclude=nginx\n")


def _nginx(folder: Path) -> Path:
    folder.mkdir(parents=True)
    package = next(packages.build().glob("nginx-*.rpm"))
    shutil.copy(package, folder)
    return package


def amazon_linux_2(root: Path) -> None:
    """Have a repository with nginx that is not enabled, and the program that enables it."""
    _hide_nginx(root)
    _nginx(root / TOPIC)
    publish(root, TOPIC)
    (root / "etc/yum.repos.d/lab-extras.repo").write_text(_repository("lab-extras", TOPIC, enabled=0))
    program = root / "usr/bin/amazon-linux-extras"
    program.write_text(_EXTRAS_PROGRAM)
    program.chmod(0o755)


def appstream(root: Path) -> str:
    """Have a modular repository with nginx, as RHEL 8 does: of two streams, one has the package, and is the default.

    Its name is returned.
    """
    _hide_nginx(root)
    folder = root / MODULAR
    package = _nginx(folder)
    stream = ".".join(packages.version("nginx").split(".")[:2])
    artifact = output("rpm", "-qp", "--qf", "%{NAME}-0:%{VERSION}-%{RELEASE}.%{ARCH}", package).strip()
    modules = "".join(_STREAM.format(stream=name, artifact=of)
                      for name, of in ((stream, artifact), ("1.99", "nginx-0:1.99.0-1.x86_64")))
    (root / MODULES).mkdir()
    (root / MODULES / "without-default.yaml").write_text(modules)
    (root / MODULES / "with-default.yaml").write_text(modules + _DEFAULT.format(stream=stream))
    (root / "etc/yum.repos.d/appstream.repo").write_text(_repository("appstream", MODULAR))
    _publish_modules(root, "with-default")
    return stream


def without_default_stream(root: Path) -> None:
    """Take the default stream away, as an administrator may in /etc/dnf/modules.defaults.d."""
    _publish_modules(root, "without-default")


def _publish_modules(root: Path, metadata: str) -> None:
    publish(root, MODULAR)
    run("modifyrepo_c", "--mdtype=modules", root / MODULES / f"{metadata}.yaml", root / MODULAR / "repodata")


def centos_7(root: Path) -> None:
    """Have the repositories as CentOS 7 has them: nginx in EPEL, and EPEL's file in a package of CentOS's 'extras'."""
    _hide_nginx(root)
    _nginx(root / EPEL)
    publish(root, EPEL)
    (root / EXTRAS).mkdir()
    with tempfile.TemporaryDirectory() as scratch:
        spec = Path(scratch) / "epel-release.spec"
        spec.write_text(_RELEASE_SPEC.format(repository=_repository("epel", EPEL)))
        run("rpmbuild", "-bb", "--quiet", "--define", f"_topdir {scratch}", "--define", f"_rpmdir {root / EXTRAS}",
            "--define", "_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm", spec)
    publish(root, EXTRAS)
    (root / "etc/yum.repos.d/extras.repo").write_text(_repository("extras", EXTRAS))

"""The build on machines with other compilers and libraries than CI has."""

import os
import re
import subprocess

import pytest

from relaylab import paths

PACKAGE = """
let package = Package(
    name: "Warns",
    targets: [.target(name: "CNewer"), .target(name: "Warns", dependencies: ["CNewer"], swiftSettings: strict)]
)
"""
HEADER = 'int used(void) __attribute__((deprecated("use another one")));\n'
MODULE = 'module CNewer {\n  header "CNewer.h"\n  export *\n}\n'
SOURCE = "import CNewer\n\nfunc call() -> Int32 { used() }\n"


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A package with this project's settings, whose C library has deprecated a function that it calls."""
    folder = tmp_path_factory.mktemp("warns")
    ours = (paths.REPOSITORY / "Package.swift").read_text()
    settings = re.search(r"let warnings:.*?\n    \]\n", ours, re.DOTALL)
    files = {"Package.swift": f"// swift-tools-version: 6.2\n\nimport PackageDescription\n\n{settings[0]}{PACKAGE}",
             "Sources/CNewer/include/CNewer.h": HEADER, "Sources/CNewer/include/module.modulemap": MODULE,
             "Sources/CNewer/newer.c": "int used(void) { return 1; }\n", "Sources/Warns/Warns.swift": SOURCE}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def build(package, **variables: str) -> subprocess.CompletedProcess:
    environment = {name: value for name, value in os.environ.items() if name != "WARNINGS_AS_ERRORS"}
    return subprocess.run(["swift", "build", "--package-path", package], env=environment | variables,
                          capture_output=True, text=True, timeout=300)


def test_what_a_newer_library_deprecates_stops_no_users_build(package):
    built = build(package)
    assert built.returncode == 0, built.stdout + built.stderr
    assert "use another one" in built.stdout + built.stderr


def test_it_stops_the_build_of_ci(package):
    said = (paths.REPOSITORY / ".ci/run").read_text()
    name, value = re.search(r"^export (\w+)=(\w+)$", said, re.MULTILINE).groups()
    built = build(package, **{name: value})
    assert built.returncode != 0
    assert re.search(r"error: .*use another one", built.stdout + built.stderr)

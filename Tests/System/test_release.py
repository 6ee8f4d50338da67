""".ci/release: the binary, its archive, its components, checksums and signature, from the release build that is there."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from pages import blocks
from relaylab import paths

NAME = "smtp-relay-agent"


def clone(place):
    """The commit, as a clone that shares the build's folder."""
    subprocess.run(["git", "clone", "-q", paths.REPOSITORY, place], check=True)
    (place / ".build").symlink_to(paths.REPOSITORY / ".build")
    return place


def release(place, binary, output, *options: str) -> subprocess.CompletedProcess:
    return subprocess.run([place / ".ci/release", "--binary", binary, "--output", output, *options],
                          capture_output=True, text=True)


def git(place, *words: str) -> str:
    return subprocess.run(["git", "-C", place, *words], capture_output=True, text=True, check=True).stdout.strip()


class Release:
    """A release, its archive unpacked."""

    def __init__(self, place, binary, output, *options: str):
        self.clone, self.folder = place, output
        made = release(place, binary, output, *options)
        assert made.returncode == 0, made.stderr
        self.binary = output / NAME
        self.described = subprocess.run([self.binary, "--version"], capture_output=True, text=True, check=True).stdout
        self.version = self.described.split()[0]
        archive = output / f"{NAME}-{self.version}.tar.gz"
        with tarfile.open(archive) as opened:
            self.members = opened.getmembers()
        subprocess.run(["tar", "-xf", archive, "-C", output.parent], check=True)
        self.unpacked = output.parent / f"{NAME}-{self.version}"

    def facts(self) -> dict[str, str]:
        """The archive's own description."""
        return dict(line.split(" ", 1) for line in (self.unpacked / "RELEASE").read_text().splitlines())


@pytest.fixture(scope="module")
def made(binary, tmp_path_factory):
    """A release from a clean clone."""
    folder = tmp_path_factory.mktemp("release")
    return Release(clone(folder / "clone"), binary, folder / "files")


def test_shellcheck_has_no_remark():
    subprocess.run(["shellcheck", paths.REPOSITORY / ".ci/release"], check=True)


def test_the_checksums_are_those_of_each_file(made):
    files = {NAME, f"{NAME}-{made.version}.tar.gz", f"{NAME}-{made.version}.cdx.json"}
    assert {path.name for path in made.folder.iterdir()} == files | {"SHA256SUMS"}
    checked = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=made.folder, capture_output=True, text=True, check=True)
    assert set(checked.stdout.splitlines()) == {f"{name}: OK" for name in files}


def test_version_and_commit_are_in_the_binary_and_in_the_archive(made):
    commit = git(made.clone, "rev-parse", "HEAD")
    assert made.described == f"{made.version} (commit {commit})\n"
    hashed = hashlib.sha256(made.binary.read_bytes()).hexdigest()
    assert made.facts() == {"version": made.version, "commit": commit, "binary-sha256": hashed}


def test_only_the_commit_tells_the_binary_from_the_build(made, binary):
    ours, built = made.binary.read_bytes(), binary.read_bytes()
    commit = git(made.clone, "rev-parse", "HEAD").encode()
    at = ours.index(commit)
    assert built[at:at + 64] == bytes(64)
    assert ours == built[:at] + commit + built[at + len(commit):]
    assert os.access(made.binary, os.X_OK)


def test_one_command_builds_and_packs(tmp_path):
    """In this folder, where the build is there already; a release's own refusal of what is not committed has its own test."""
    output = tmp_path / "files"
    made = subprocess.run([paths.REPOSITORY / ".ci/release", "--allow-dirty", "--output", output], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    built, ours = (paths.REPOSITORY / ".build/release" / NAME).read_bytes(), (output / NAME).read_bytes()
    at = ours.index(git(paths.REPOSITORY, "rev-parse", "HEAD").encode())
    assert ours[:at] + bytes(64) + ours[at + 64:] == built
    assert made.stdout.endswith(f" in {output}\n")
    assert len(list(output.iterdir())) == 4


# The list of components


def bom(made) -> dict:
    return json.loads((made.folder / f"{NAME}-{made.version}.cdx.json").read_text())


def test_the_list_of_components_is_cyclonedx(made):
    text = (made.folder / f"{NAME}-{made.version}.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_the_list_is_of_this_binary(made):
    root = bom(made)["metadata"]["component"]
    assert (root["name"], root["version"]) == (NAME, made.version)
    assert root["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(made.binary.read_bytes()).hexdigest()}]
    assert root["properties"] == [{"name": f"{NAME}:commit", "value": git(made.clone, "rev-parse", "HEAD")}]


def test_each_package_that_was_resolved_is_a_component_with_its_licence(made):
    resolved = json.loads((paths.REPOSITORY / "Package.resolved").read_text())["pins"]
    components = {one["name"]: one for one in bom(made)["components"]}
    assert len(resolved) > 10
    for pin in resolved:
        one, state = components[pin["identity"]], pin["state"]
        assert one["version"] == state["version"], one
        assert one["purl"] == f"pkg:swift/{pin['location'].removeprefix('https://').removesuffix('.git')}@{state['version']}"
        assert one["externalReferences"][0]["comment"] == f"revision {state['revision']}"
        assert one["licenses"][0]["expression"].startswith("Apache-2.0"), one


def test_copies_in_packages_and_static_libraries_are_components(made):
    found = {(one["name"], one["licenses"][0]["expression"]) for one in bom(made)["components"]}
    assert {("boringssl", "Apache-2.0"), ("llhttp", "MIT"), ("sha1", "BSD-3-Clause"), ("xkcp", "CC0-1.0"), ("zlib", "Zlib"),
            ("swift", "Apache-2.0 WITH Swift-exception"), ("libc6-dev", "LGPL-2.1-or-later"), ("libexpat1-dev", "MIT")} <= found
    # The binary tells some versions itself.
    program = made.binary.read_bytes()
    zlib, = (one["version"] for one in bom(made)["components"] if one["name"] == "zlib")
    assert f"inflate {zlib.partition('-')[0]} ".encode() in program


@pytest.mark.parametrize(("file", "text", "words"), [
    ("swift-log/LICENSE.txt", "Ask the author.\n", ["the licence of", "swift-log"]),
    ("swift-log/Sources/CNew/new.c", "int new;\n", ["whose sources", "swift-log/Sources/CNew"]),
    ("swift-nio-extras/Sources/CNIOExtrasZlib/vendored-zlib.version", "", ["vendored-zlib.version tells no version of zlib"]),
    ("swift-crypto/Sources/CXKCP/vendored-sources.txt", None, ["vendored-sources.txt tells no version of xkcp"]),
])
def test_what_is_not_known_of_a_package_gives_no_release(made, tmp_path, file, text, words):
    build = tmp_path / ".build"
    build.mkdir()
    (tmp_path / ".ci").mkdir()
    shutil.copy(made.clone / ".ci/sbom", tmp_path / ".ci/sbom")
    shutil.copy(paths.REPOSITORY / ".build/workspace-state.json", build)
    shutil.copytree(paths.REPOSITORY / ".build/checkouts", build / "checkouts",
                    ignore=lambda folder, names: [name for name in names if name.endswith(".swift") or name == ".git"])
    command = [tmp_path / ".ci/sbom", "1.0", "0" * 40, "1790000000", "0" * 64]
    assert subprocess.run(command, capture_output=True).returncode == 0
    changed = build / "checkouts" / file
    changed.parent.mkdir(exist_ok=True)
    changed.unlink(missing_ok=True)
    if text is not None:
        changed.write_text(text)
    refused = subprocess.run(command, capture_output=True, text=True)
    assert refused.returncode == 1 and refused.stdout == ""
    assert all(word in refused.stderr for word in words), refused.stderr


# The signature


@pytest.fixture(scope="module")
def signed(binary, tmp_path_factory):
    """A release that is signed with a key of its own."""
    folder = tmp_path_factory.mktemp("signed")
    subprocess.run(["minisign", "-G", "-W", "-p", folder / "key.pub", "-s", folder / "key.sec"], capture_output=True, check=True)
    return Release(clone(folder / "clone"), binary, folder / "files", "--sign-key", folder / "key.sec")


def verify(signed, key) -> subprocess.CompletedProcess:
    return subprocess.run(["minisign", "-V", "-p", key, "-m", "SHA256SUMS"], cwd=signed.folder, capture_output=True, text=True)


def test_the_checksums_are_signed(signed):
    checked = verify(signed, signed.folder.parent / "key.pub")
    assert checked.returncode == 0, checked.stderr
    # The signed comment names the release, so that an older one does not pass for it.
    assert signed.described.strip() in checked.stdout


def test_the_page_says_how_a_release_is_checked(signed):
    block, = blocks("sh checks")
    shutil.copy(signed.folder.parent / "key.pub", signed.folder / "relay.pub")
    try:
        subprocess.run(["sh", "-ec", block], cwd=signed.folder, check=True, capture_output=True)
        signed.binary.write_bytes(signed.binary.read_bytes() + b"\n")
        assert subprocess.run(["sh", "-ec", block], cwd=signed.folder, capture_output=True).returncode != 0
    finally:
        (signed.folder / "relay.pub").unlink()
        signed.binary.write_bytes(signed.binary.read_bytes().removesuffix(b"\n"))


def test_another_key_and_another_file_do_not_pass(signed, tmp_path):
    subprocess.run(["minisign", "-G", "-W", "-p", tmp_path / "key.pub", "-s", tmp_path / "key.sec"], capture_output=True, check=True)
    assert verify(signed, tmp_path / "key.pub").returncode != 0
    sums = signed.folder / "SHA256SUMS"
    text = sums.read_text()
    sums.write_text(text.replace(text[0], "f" if text[0] != "f" else "0", 1))
    try:
        assert verify(signed, signed.folder.parent / "key.pub").returncode != 0
    finally:
        sums.write_text(text)


def test_a_release_without_a_key_leaves_no_signature_of_an_earlier_one(signed, binary):
    release(signed.clone, binary, signed.folder)
    assert not (signed.folder / "SHA256SUMS.minisig").exists()


@pytest.mark.parametrize(("key", "words"), [("missing", "can't be read"), ("README.md", "could not sign")])
def test_a_key_that_is_none_gives_no_release(made, binary, tmp_path, key, words):
    refused = release(made.clone, binary, tmp_path / "files", "--sign-key", paths.REPOSITORY / key)
    assert refused.returncode == 1 and words in refused.stderr
    assert not (tmp_path / "files").exists()


def test_the_compiler_has_its_memory_in_one_place(made, tmp_path):
    """ADDR_NO_RANDOMIZE of personality(2), where the kernel lets it be set."""
    allowed = subprocess.run(["setarch", "-R", "cat", "/proc/self/personality"], capture_output=True, text=True)
    swift = tmp_path / "swift"
    swift.write_text("#!/bin/sh\ncat /proc/self/personality >&2\nexit 1\n")
    swift.chmod(0o755)
    refused = subprocess.run([made.clone / ".ci/release", "--output", tmp_path / "files"], capture_output=True, text=True,
                             env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert refused.returncode == 1
    expected = allowed.stdout if allowed.returncode == 0 else "00000000\n"
    assert refused.stderr == expected + "no release: 'swift build' ended with status 1\n"


def test_the_archive_holds_what_the_repository_has(made):
    tracked = set(git(made.clone, "ls-files", "units", "cloud-init").splitlines())
    assert {"cloud-init/stack.yaml", "units/smtp-relay-agent.service"} <= tracked
    # Swift's is a source of the binary, and no unit.
    tracked = {name for name in tracked if not name.endswith(".swift")}
    found = {str(path.relative_to(made.unpacked)) for path in made.unpacked.rglob("*") if path.is_file()}
    assert found == tracked | {"RELEASE", "SHA256SUMS", f"man/{NAME}.8", f"completions/{NAME}.bash", f"completions/_{NAME}",
                               f"completions/{NAME}.fish"}
    for name in tracked:
        assert (made.unpacked / name).read_bytes() == (made.clone / name).read_bytes(), name


def test_the_archive_checks_itself(made):
    listed = {line.split("  ")[1] for line in (made.unpacked / "SHA256SUMS").read_text().splitlines()}
    assert listed == {str(path.relative_to(made.unpacked)) for path in made.unpacked.rglob("*")
                      if path.is_file()} - {"SHA256SUMS"}
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=made.unpacked, check=True)


def test_the_archive_has_nothing_of_the_machine_that_made_it(made):
    moment = int(git(made.clone, "show", "-s", "--format=%ct", "HEAD"))
    assert [member.name for member in made.members] == sorted(member.name for member in made.members)
    for member in made.members:
        assert (member.uid, member.gid, member.uname, member.gname, member.mtime) == (0, 0, "", "", moment)
        is_program = member.isdir() or os.access(made.clone / member.name.partition("/")[2], os.X_OK)
        assert member.mode == (0o755 if is_program else 0o644), member.name


def test_the_same_source_gives_the_same_bytes_in_another_place_at_another_time(made, binary, tmp_path):
    place = clone(tmp_path / "elsewhere" / "clone")
    for path in place.rglob("*"):
        if not path.is_symlink() and ".build" not in path.parts and ".git" not in path.parts:
            os.utime(path, (1, 1))
            # The modes are those of a stricter umask.
            path.chmod(path.stat().st_mode & 0o700)
    # Also of a binary that has been stamped before.
    again = Release(place, made.binary, tmp_path / "files")
    for path in made.folder.iterdir():
        assert path.read_bytes() == (again.folder / path.name).read_bytes(), path.name


def test_what_is_not_committed_is_no_release(made, binary, tmp_path):
    place = clone(tmp_path / "clone")
    readme, stray = place / "README.md", place / "units" / "stray.service"
    readme.write_text(readme.read_text() + "\n")
    stray.write_text("")
    refused = release(place, binary, tmp_path / "files")
    assert refused.returncode == 1
    assert " M README.md" in refused.stderr and "?? units/stray.service" in refused.stderr
    assert "--allow-dirty" in refused.stderr
    assert not (tmp_path / "files").exists()
    allowed = Release(place, binary, tmp_path / "files", "--allow-dirty")
    commit = git(place, "rev-parse", "HEAD")
    assert allowed.described == f"{allowed.version} (commit {commit}, changed)\n"
    assert allowed.facts()["commit"] == f"{commit}, changed"


def test_another_program_is_no_release(made, tmp_path):
    refused = release(made.clone, shutil.which("true"), tmp_path / "files")
    assert refused.returncode == 1 and "no section .relay_commit" in refused.stderr
    assert not (tmp_path / "files").exists()


# Texts that the argument parser makes


def commands(binary, *words: str) -> list[str]:
    """The subcommands that help lists."""
    text = subprocess.run([binary, *words, "--help"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^  ([a-z-]+)(?:  |$)", text.split("SUBCOMMANDS:\n")[1], re.M)


def test_the_manual_page_is_without_a_fault_and_has_every_command(made):
    page = made.unpacked / f"man/{NAME}.8"
    shown = subprocess.run(["groff", "-mdoc", "-Tutf8", "-ww", "-P-cbou", page], capture_output=True, text=True, check=True)
    assert shown.stderr == ""
    found = commands(made.binary)
    assert {"bootstrap", "bake", "uninstall", "doctor"} <= set(found)
    for command in found:
        assert re.search(rf"^ +{command}( |$)", shown.stdout, re.M), command
    assert "SMTP-RELAY-AGENT(8)" in shown.stdout and "Exit status: 0 the node is in service" in shown.stdout


def test_the_page_says_how_they_are_installed(made, tmp_path):
    block, = blocks("sh release")
    subprocess.run(["sh", "-ec", block.replace(" /", f" {tmp_path}/")], cwd=made.unpacked, check=True)
    installed = {path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert installed == {path.read_bytes() for name in ("man", "completions") for path in (made.unpacked / name).iterdir()}


def with_binary(made) -> dict[str, str]:
    """An environment in which the release's binary is found by its name, as completions call it."""
    return {**os.environ, "PATH": f"{made.folder}:{os.environ['PATH']}"}


def complete(made, line: str) -> set[str]:
    """The words that bash offers at the end of a line, with the completion script sourced."""
    script = r"""
        source "$1"
        read -ra COMP_WORDS <<<"$2"
        [[ $2 == *" " ]] && COMP_WORDS+=("")
        COMP_LINE=$2 COMP_POINT=${#2} COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        spec=$(complete -p smtp-relay-agent)
        [[ $spec =~ -F\ ([^ ]+) ]]
        "${BASH_REMATCH[1]}" smtp-relay-agent "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    """
    offered = subprocess.run(["bash", "-c", script, "bash", made.unpacked / f"completions/{NAME}.bash", line],
                             capture_output=True, text=True, check=True, env=with_binary(made))
    assert offered.stderr == ""
    return {word.strip() for word in offered.stdout.splitlines()}


def test_bash_completes_commands_and_flags(made):
    assert set(commands(made.binary)) <= complete(made, f"{NAME} ")
    assert complete(made, f"{NAME} boots") == {"bootstrap"}
    assert {"check", "show"} <= complete(made, f"{NAME} config ")
    assert complete(made, f"{NAME} drain --log-f") == {"--log-format"}


def test_fish_completes_commands_and_flags(made):
    def complete(line: str) -> set[str]:
        script = 'source $argv[1]; complete -C "$argv[2]"'
        offered = subprocess.run(["fish", "--no-config", "-c", script, made.unpacked / f"completions/{NAME}.fish", line],
                                 capture_output=True, text=True, check=True, env=with_binary(made))
        assert offered.stderr == ""
        return {word.split("\t")[0] for word in offered.stdout.splitlines()}

    assert set(commands(made.binary)) <= complete(f"{NAME} ")
    assert complete(f"{NAME} boots") == {"bootstrap"}
    assert {"check", "show"} <= complete(f"{NAME} config ")
    assert complete(f"{NAME} drain --log-f") == {"--log-format"}


@pytest.mark.parametrize(("line", "completed"), [
    (f"{NAME} boots", f"{NAME} bootstrap"), (f"{NAME} config ch", f"{NAME} config check"),
    (f"{NAME} drain --log-f", f"{NAME} drain --log-format"), (f"{NAME} drain --log-format js", f"{NAME} drain --log-format json"),
])
def test_zsh_completes_commands_and_flags(made, line, completed):
    """Typed into a shell on a terminal, which is where its completions work."""
    script = r"""
        zmodload zsh/zpty
        zpty shell zsh -f -i
        zpty -w shell "PS1= fpath=($1 \$fpath); autoload -U compinit; compinit -u -D; print rea''dy"
        zpty -r shell shown '*ready*'
        zpty -w -n shell "$2"$'\t'
        zpty -r shell shown "*$3*"
    """
    subprocess.run(["zsh", "-f", "-c", script, "zsh", made.unpacked / "completions", line, completed],
                   check=True, timeout=20, env=with_binary(made))

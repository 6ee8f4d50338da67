"""The lab's own certificate authority, and the AWS APIs' certificate by it."""

from pathlib import Path

from .shell import run


def issue(folder: Path, names: list[str], address: str) -> None:
    """Write ca.pem, api.pem and api.key."""
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=The lab's CA",
        "-keyout", folder / "ca.key", "-out", folder / "ca.pem")
    run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={names[0]}",
        "-keyout", folder / "api.key", "-out", folder / "api.csr")
    extensions = folder / "api.ext"
    extensions.write_text("subjectAltName=" + ",".join([*(f"DNS:{name}" for name in names), f"IP:{address}"]) + "\n")
    run("openssl", "x509", "-req", "-days", "30", "-in", folder / "api.csr", "-CA", folder / "ca.pem",
        "-CAkey", folder / "ca.key", "-CAcreateserial", "-extfile", extensions, "-out", folder / "api.pem")

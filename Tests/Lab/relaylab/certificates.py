"""The lab's own certificate authority, and its certificates for the servers of the lab."""

from pathlib import Path

from .shell import run


def authority(folder: Path) -> None:
    """Write ca.pem and ca.key."""
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=The lab's CA",
        "-keyout", folder / "ca.key", "-out", folder / "ca.pem")


def issue(folder: Path, server: str, names: list[str], *addresses: str, days: int = 30) -> None:
    """Write a server's .pem and .key by the authority."""
    run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={names[0]}",
        "-keyout", folder / f"{server}.key", "-out", folder / f"{server}.csr")
    extensions = folder / f"{server}.ext"
    wanted = [*(f"DNS:{name}" for name in names), *(f"IP:{address}" for address in addresses)]
    extensions.write_text("subjectAltName=" + ",".join(wanted) + "\n")
    run("openssl", "x509", "-req", "-days", days, "-in", folder / f"{server}.csr", "-CA", folder / "ca.pem",
        "-CAkey", folder / "ca.key", "-CAcreateserial", "-extfile", extensions, "-out", folder / f"{server}.pem")

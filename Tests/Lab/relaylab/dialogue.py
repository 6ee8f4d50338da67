"""An SMTP client that says exactly what it is told to: one line, then the whole answer to it, then the next.

smtplib mends addresses and knows better in other ways, which is no good for an attack. Run as a program, in the namespace
of the host that speaks, with an order as JSON; prints the answers as JSON.
"""

import json
import socket
import sys

from . import paths
from .shell import output


def speak(namespace: str, server: str, lines: list[str], port: int = 25, header: bytes = b"") -> list[str] | None:
    """Say lines to a server from a host. Returns its answers, the greeting first; None where nothing listens there.

    Fewer answers than lines mean that the server has hung up, or says nothing for half a minute. What comes first of all
    may be a proxy's header.
    """
    order = json.dumps({"server": server, "port": port, "lines": lines, "header": header.hex()})
    said = output("ip", "netns", "exec", namespace, sys.executable, "-m", "relaylab.dialogue", order,
                  cwd=paths.SOURCES.parent, timeout=120)
    return json.loads(said)


def _converse(server: str, port: int, lines: list[str], header: bytes) -> list[str] | None:
    try:
        connection = socket.create_connection((server, port), 30)
    except ConnectionRefusedError:
        return None
    with connection, connection.makefile("rb") as answers:
        connection.sendall(header)
        heard = [_reply(answers)]
        if not heard[0]:
            return heard
        for line in lines:
            try:
                connection.sendall(line.encode("utf-8", "surrogateescape") + b"\r\n")
            except ConnectionError:
                break
            reply = _reply(answers)
            if not reply:
                break
            heard.append(reply)
        return heard


def _reply(answers) -> str:
    """A reply's lines; empty where the server has hung up."""
    text = ""
    try:
        while line := answers.readline().decode(errors="replace"):
            text += line
            if line[3:4] != "-":
                break
    except (ConnectionError, TimeoutError):
        pass
    return text.replace("\r\n", "\n").rstrip("\n")


if __name__ == "__main__":
    order = json.loads(sys.argv[1])
    print(json.dumps(_converse(order["server"], order["port"], order["lines"], bytes.fromhex(order["header"]))))

"""Submits mails over SMTP, spread evenly over a time. Runs as a program in the namespace of the host that sends."""

import json
import smtplib
import sys
import time


def numbered(stem: str, count: int) -> list[str]:
    """The subjects of so many mails."""
    return [f"{stem}-{number}" for number in range(1, count + 1)]


def submit(server: str, port: int, stem: str, count: int, recipient: str, seconds: float, size: int, proxied: bool) -> None:
    """A connection a mail, as from so many programs; of at least so many bytes each."""
    began = time.monotonic()
    for number, subject in enumerate(numbered(stem, count)):
        time.sleep(max(0.0, began + number * seconds / count - time.monotonic()))
        with _client(server, port, proxied) as client:
            client.sendmail("app@example.com", [recipient], _text(recipient, subject, size))


class _ByBalancer(smtplib.SMTP):
    """A client whose connection begins with a header of the PROXY protocol, as a load balancer puts it."""

    def _get_socket(self, *where):
        connection = super()._get_socket(*where)
        (own, own_port), (server, port) = connection.getsockname(), connection.getpeername()
        connection.sendall(f"PROXY TCP4 {own} {server} {own_port} {port}\r\n".encode())
        return connection


def _client(server: str, port: int, proxied: bool) -> smtplib.SMTP:
    return (_ByBalancer if proxied else smtplib.SMTP)(server, port, "app.example.com", timeout=20)


def submit_at_once(server: str, port: int, stem: str, count: int, recipient: str, proxied: bool) -> None:
    """All by one connection, as from a program with much to send."""
    with _client(server, port, proxied) as client:
        for subject in numbered(stem, count):
            client.sendmail("app@example.com", [recipient], _text(recipient, subject))


def _text(recipient: str, subject: str, size: int = 0) -> str:
    text = f"From: app@example.com\r\nTo: {recipient}\r\nSubject: {subject}\r\n\r\nHello.\r\n"
    return text + ("x" * 68 + "\r\n") * (max(0, size - len(text)) // 70 + 1 if size else 0)


if __name__ == "__main__":
    order = json.loads(sys.argv[1])
    if order.pop("at_once"):
        submit_at_once(**{key: order[key] for key in ("server", "port", "stem", "count", "recipient", "proxied")})
    else:
        submit(**order)

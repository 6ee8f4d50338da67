"""Submits mails over SMTP, spread evenly over a time. Runs as a program in the namespace of the host that sends."""

import json
import smtplib
import sys
import time


def numbered(stem: str, count: int) -> list[str]:
    """The subjects of so many mails."""
    return [f"{stem}-{number}" for number in range(1, count + 1)]


def submit(server: str, port: int, stem: str, count: int, recipient: str, seconds: float) -> None:
    """A connection a mail, as from so many programs."""
    began = time.monotonic()
    for number, subject in enumerate(numbered(stem, count)):
        time.sleep(max(0.0, began + number * seconds / count - time.monotonic()))
        text = f"From: app@example.com\r\nTo: {recipient}\r\nSubject: {subject}\r\n\r\nHello.\r\n"
        with smtplib.SMTP(server, port, "app.example.com", timeout=20) as client:
            client.sendmail("app@example.com", [recipient], text)


if __name__ == "__main__":
    submit(**json.loads(sys.argv[1]))

"""The mail server outside: keeps each message's envelope and headers, a line of JSON each."""

import json
import sys
import threading
import time
from email import message_from_bytes
from pathlib import Path

from aiosmtpd.controller import Controller

from . import network


class Keeper:
    def __init__(self, path: Path):
        self.path = path

    async def handle_DATA(self, server, session, envelope):
        message = message_from_bytes(envelope.content)
        entry = {
            "time": time.time(), "client": session.peer[0], "helo": session.host_name, "from": envelope.mail_from,
            "to": envelope.rcpt_tos, "subject": message["Subject"], "id": message["Message-ID"],
            "received": message.get_all("Received", []),
        }
        with self.path.open("a") as file:
            file.write(json.dumps(entry) + "\n")
        return "250 kept"


if __name__ == "__main__":
    Controller(Keeper(Path(sys.argv[1])), hostname=network.SINK, port=25, server_hostname="mx.example.net").start()
    threading.Event().wait()

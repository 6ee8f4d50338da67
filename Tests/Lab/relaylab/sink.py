"""The mail server outside: keeps each message's envelope and headers, and can be switched off and on."""

import asyncio
import sys
from email import message_from_bytes
from pathlib import Path

from aiosmtpd.smtp import SMTP

from . import network, records


class Sink:
    """Listens for mail while it is up, and for its switch always."""

    def __init__(self, folder: Path):
        self.path = folder / "mails.jsonl"
        self.server: asyncio.Server | None = None

    async def up(self) -> None:
        if self.server is None:
            loop = asyncio.get_running_loop()
            self.server = await loop.create_server(self._session, network.SINK, 25)

    async def down(self) -> None:
        if self.server is not None:
            self.server.close()
            self.server = None

    def _session(self) -> SMTP:
        return SMTP(self, hostname="mx.example.net", enable_SMTPUTF8=True)

    async def switch(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Do as the line 'up' or 'down' says, and answer when it is done."""
        order = (await reader.readline()).decode().strip()
        await {"up": self.up, "down": self.down}[order]()
        writer.write(f"{order}\n".encode())
        await writer.drain()
        writer.close()

    # What aiosmtpd calls

    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        # A session from before the switch may end its mail, else it would come twice, but not begin another.
        if self.server is None:
            return "421 4.3.2 mx.example.net is going down"
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return "250 2.1.0 OK"

    async def handle_DATA(self, server, session, envelope):
        message = message_from_bytes(envelope.content)
        records.append(
            self.path, client=session.peer[0], helo=session.host_name, to=envelope.rcpt_tos, subject=message["Subject"],
            id=message["Message-ID"], received=message.get_all("Received", []), **{"from": envelope.mail_from},
        )
        return "250 kept"


async def serve(folder: Path) -> None:
    sink = Sink(folder)
    await sink.up()
    switch = await asyncio.start_unix_server(sink.switch, folder / "sink.sock")
    await switch.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))

"""The mail servers that relays deliver to: each keeps every message's envelope and headers.

In the world outside there are the mail exchanger of example.net, which can be switched off and on, and a smarthost, which
wants TLS and a password, and is Amazon SES by another name. In the VPC there is the host that has the mailboxes of example.com.
"""

import asyncio
import ssl
import sys
from collections import Counter
from email import message_from_bytes
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult

from . import jsonfile, network, records

MX = "mx.example.net"
SMARTHOST = "smarthost.example.net"
SES = "email-smtp.eu-central-1.amazonaws.com"
MAILBOX = "mailbox.example.com"


class Sink:
    """A mail server that takes everything but mail to users called 'refused'."""

    # Whether TLS begins with the first byte.
    implicit = False

    def __init__(self, folder: Path, name: str, address: str, port: int = 25):
        self.folder = folder
        self.name = name
        self.place = (address, port)
        self.server: asyncio.Server | None = None
        # The messages that are being taken, by their recipients' domain.
        self.busy: Counter[str] = Counter()
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(folder / "mail.pem", folder / "mail.key")

    async def up(self) -> None:
        if self.server is None:
            loop = asyncio.get_running_loop()
            self.server = await loop.create_server(self._session, *self.place, ssl=self.tls if self.implicit else None)

    async def down(self) -> None:
        if self.server is not None:
            self.server.close()
            self.server = None

    def _session(self) -> SMTP:
        tls = self.tls if self._manner().get("tls", True) else None
        return SMTP(self, hostname=self.name, enable_SMTPUTF8=True, tls_context=tls)

    def _manner(self) -> dict:
        """Whether it knows TLS, and the seconds that it takes for a message, where a test wants others."""
        path = self.folder / "sink.json"
        return jsonfile.read(path) if path.exists() else {}

    async def switch(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Do as the line 'up' or 'down' says, and answer when it is done."""
        order = (await reader.readline()).decode().strip()
        await {"up": self.up, "down": self.down}[order]()
        writer.write(f"{order}\n".encode())
        await writer.drain()
        writer.close()

    # The methods that aiosmtpd calls

    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        # A session from before the switch may end its mail, else it would come twice, but not begin another.
        if self.server is None:
            return f"421 4.3.2 {self.name} is going down"
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("refused"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        message = message_from_bytes(envelope.content)
        domain = envelope.rcpt_tos[0].rpartition("@")[2]
        self.busy[domain] += 1
        together = self.busy[domain]
        await asyncio.sleep(self._manner().get("seconds", 0))
        self.busy[domain] -= 1
        # A header with other bytes than ASCII is no text until it is made one.
        subject = None if message["Subject"] is None else str(message["Subject"])
        # A bounce has none, which aiosmtpd writes so that it is not taken for a missing one.
        sender = envelope.mail_from.strip("<>")
        records.append(
            self.folder / "mails.jsonl", by=self.name, client=session.peer[0], helo=session.host_name,
            port=self.place[1], tls=self.implicit or session.ssl is not None, user=session.auth_data, to=envelope.rcpt_tos, subject=subject,
            id=message["Message-ID"], received=message.get_all("Received", []), **{"from": sender},
            # The messages for the same domain that it was taking when this one came, with this one.
            together=together,
            # A bounce is kept whole: it tells which mail came back, and why.
            report=envelope.content.decode(errors="replace") if not sender else None,
            # A signed mail is kept whole, byte by byte, for whoever verifies it.
            whole=envelope.content.decode("latin-1") if "DKIM-Signature" in message else None,
        )
        return "250 kept"


class Smarthost(Sink):
    """A mail server that takes mail of its one user alone, and a password by TLS alone; and as SES none without a sender."""

    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        if not address.strip("<>"):
            return "501 Invalid MAIL FROM address provided"
        return await super().handle_MAIL(server, session, envelope, address, mail_options)

    def _session(self) -> SMTP:
        return SMTP(self, hostname=self.name, tls_context=self.tls, require_starttls=True, auth_required=True,
                    auth_require_tls=True, authenticator=self._authenticate)

    def _authenticate(self, server, session, envelope, mechanism, data) -> AuthResult:
        user = jsonfile.read(self.folder / "smarthost.json")
        given = {"user": data.login.decode(), "password": data.password.decode()}
        return AuthResult(success=given == user, handled=False, auth_data=given["user"])


class ImplicitSmarthost(Smarthost):
    """The same where TLS begins with the first byte, of which aiosmtpd itself knows nothing."""

    implicit = True

    def _session(self) -> SMTP:
        return SMTP(self, hostname=self.name, auth_required=True, auth_require_tls=False,
                    authenticator=self._authenticate)


async def serve(folder: Path, names: list[str]) -> None:
    sinks = {
        "mx": lambda: Sink(folder, MX, network.SINK),
        "smarthost": lambda: Smarthost(folder, SMARTHOST, network.SINK, 587),
        "smarthosts": lambda: ImplicitSmarthost(folder, SMARTHOST, network.SINK, 465),
        "mailbox": lambda: Sink(folder, MAILBOX, network.MAILBOX),
    }
    running = {name: sinks[name]() for name in names}
    for sink in running.values():
        await sink.up()
    if "mx" in running:
        await asyncio.start_unix_server(running["mx"].switch, folder / "sink.sock")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2:]))

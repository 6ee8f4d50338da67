"""A content filter behind Postfix's queue (FILTER_README): it takes mail on one port of loopback and hands it back to
another, with a header of its own. Run inside a machine, as milter.py is.
"""

import smtplib
import socketserver
import sys


class Session(socketserver.StreamRequestHandler):
    """Takes mails as a server that knows just enough of SMTP for Postfix's client."""

    def handle(self) -> None:
        self._say("220 filter")
        sender, recipients = "", []
        while line := self.rfile.readline().decode(errors="replace").strip():
            verb = line.upper()
            if verb.startswith(("EHLO", "HELO")):
                self._say("250 filter")
            elif verb.startswith("MAIL FROM:"):
                sender, recipients = self._address(line), []
                self._say("250 2.1.0 ok")
            elif verb.startswith("RCPT TO:"):
                recipients.append(self._address(line))
                self._say("250 2.1.5 ok")
            elif verb == "DATA":
                self._say("354 go on")
                self._say(self._hand_back(sender, recipients, self._content()))
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _content(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        return b"".join(lines)

    @staticmethod
    def _hand_back(sender: str, recipients: list[str], content: bytes) -> str:
        try:
            with smtplib.SMTP("127.0.0.1", int(sys.argv[2]), "filter", timeout=30) as client:
                client.sendmail(sender, recipients, b"X-Filtered: yes\r\n" + content)
        except (OSError, smtplib.SMTPException) as error:
            return f"451 4.3.0 {type(error).__name__}"
        return "250 2.0.0 handed back"

    @staticmethod
    def _address(line: str) -> str:
        return line[line.index("<") + 1:line.index(">")]

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), Session).serve_forever()

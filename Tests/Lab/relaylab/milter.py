"""A mail filter that lets everything pass, by Sendmail's milter protocol as Postfix speaks it. Run inside a machine.

It is one file without the lab's own modules, since machines have Python, but not the lab.
"""

import socketserver
import struct
import sys


class Accepting(socketserver.BaseRequestHandler):
    """One session: options are agreed on, and each event that wants an answer is answered 'continue'."""

    # Macros, an abort and the ends of a session are not answered.
    SILENT = (b"D", b"A", b"K")

    def handle(self) -> None:
        while packet := self._packet():
            command = packet[:1]
            if command == b"Q":
                return
            if command == b"O":
                # Version 6, no changes to the mail, no event left out.
                self._answer(b"O" + struct.pack("!III", 6, 0, 0))
            elif command not in self.SILENT:
                self._answer(b"c")

    def _packet(self) -> bytes:
        head = self._exactly(4)
        return self._exactly(struct.unpack("!I", head)[0]) if head else b""

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self.request.recv(count - len(data))
            if not part:
                return b""
            data += part
        return data

    def _answer(self, packet: bytes) -> None:
        self.request.sendall(struct.pack("!I", len(packet)) + packet)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), Accepting).serve_forever()

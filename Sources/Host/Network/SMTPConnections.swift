import SystemPackage
import Vocabulary

/// The connections of other hosts to this one's SMTP ports, from `/proc/net/tcp` (proc_pid_net(5)).
///
/// A connection that has ended stays in the table for a minute (TIME_WAIT), so a look every few seconds misses none.
package struct SMTPConnections: Sendable {
    private let files: FileSystem

    package init(files: FileSystem) {
        self.files = files
    }

    /// Each connection by its remote address and port and the local port, as the kernel writes them.
    package func current() -> Set<String> {
        Set(others.map { "\($0.remote)-\($0.local.suffix(4))" })
    }

    /// Whether a host has one open now.
    package var isAnyOpen: Bool { others.contains(where: \.isEstablished) }

    private var others: [TCPSocket] {
        TCPSocket.all(files).filter {
            !$0.isListening && !TCPSocket.isLoopback($0.remote) && MailPort.all.contains($0.port)
        }
    }
}

extension SMTPConnections {
    /// Whether anything on this host takes SMTP connections of others.
    package var isListened: Bool {
        TCPSocket.all(files).contains { socket in
            socket.isListening && MailPort.all.contains(socket.port) && !TCPSocket.isLoopback(socket.local)
        }
    }
}

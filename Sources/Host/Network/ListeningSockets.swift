import SystemPackage

/// The TCP ports that this host listens on, from `/proc/net/tcp` (proc_pid_net(5)).
package struct ListeningSockets: Sendable {
    private let files: FileSystem

    package init(files: FileSystem) {
        self.files = files
    }

    /// Each port, with whether other hosts reach it: `false` where only loopback does.
    package func current() -> [UInt16: Bool] {
        var ports: [UInt16: Bool] = [:]
        for socket in TCPSocket.all(files) where socket.isListening {
            ports[socket.port] = ports[socket.port] == true || !TCPSocket.isLoopback(socket.local)
        }
        return ports
    }

    /// The number of connections to a port that its program has not accepted yet; `nil` where nobody listens there.
    package func waiting(at port: UInt16) -> Int? {
        let sockets = TCPSocket.all(files).filter { $0.isListening && $0.port == port }
        return sockets.isEmpty ? nil : sockets.map(\.waiting).reduce(0, +)
    }
}

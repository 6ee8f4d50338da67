import SystemPackage

/// The TCP ports that this host listens on, from `/proc/net/tcp` (proc_pid_net(5)).
package struct ListeningSockets: Sendable {
    private let files: FileSystem

    package init(files: FileSystem) {
        self.files = files
    }

    /// Each port, with whether other hosts reach it: `false` where only loopback does.
    package func current() -> [UInt16: Bool] {
        let tables: [FilePath] = ["/proc/net/tcp", "/proc/net/tcp6"]
        var ports: [UInt16: Bool] = [:]
        for line in tables.flatMap({ (try? files.bytes(at: $0)) ?? [] }).split(separator: UInt8(ascii: "\n")) {
            let fields = String(decoding: line, as: UTF8.self).split(separator: " ")
            guard fields.count > 3, fields[3] == Self.listening,
                let port = fields[1].split(separator: ":").last.flatMap({ UInt16($0, radix: 16) })
            else { continue }
            ports[port] = ports[port] == true || !SMTPConnections.isLoopback(fields[1])
        }
        return ports
    }

    private static let listening = "0A"
}

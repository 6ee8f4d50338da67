import SystemPackage

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
        let tables: [FilePath] = ["/proc/net/tcp", "/proc/net/tcp6"]
        return Set(
            tables.flatMap { (try? files.bytes(at: $0)) ?? [] }.split(separator: UInt8(ascii: "\n")).compactMap(
                Self.key
            )
        )
    }

    private static func key(_ line: ArraySlice<UInt8>) -> String? {
        let fields = String(decoding: line, as: UTF8.self).split(separator: " ")
        guard fields.count > 3, fields[3] != listening, !isLoopback(fields[2]),
            let port = fields[1].split(separator: ":").last, ports.contains(String(port))
        else { return nil }
        return "\(fields[2])-\(port)"
    }

    /// 25 and 587.
    private static let ports: Set = ["0019", "024B"]
    private static let listening = "0A"

    /// 127.0.0.0/8 in host byte order, `::1`, and the former inside of IPv6.
    static func isLoopback(_ address: Substring) -> Bool {
        let host = address.prefix { $0 != ":" }
        return host.hasSuffix("7F") && (host.count == 8 || host.hasPrefix("0000000000000000FFFF0000"))
            || host == "00000000000000000000000001000000"
    }
}

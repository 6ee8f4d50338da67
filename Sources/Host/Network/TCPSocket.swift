import SystemPackage

/// A socket in the kernel's tables of TCP, `/proc/net/tcp` and `tcp6` (proc_pid_net(5)).
struct TCPSocket {
    /// Address and port, as the kernel writes them.
    let local: Substring
    let remote: Substring
    let isListening: Bool
    /// Whether both ends may send.
    let isEstablished: Bool
    /// The local port.
    let port: UInt16
    /// The number of connections that a listening one has not accepted yet.
    let waiting: Int
    /// The inode that a process's descriptor links to; `nil` where the line is cut short.
    let inode: Substring?
    /// The number of the user who made it; `nil` where the line is cut short.
    let user: Substring?

    /// All of this host, as far as they can be read.
    static func all(_ files: FileSystem) -> [TCPSocket] {
        let tables: [FilePath] = ["/proc/net/tcp", "/proc/net/tcp6"]
        let lines = tables.flatMap { (try? files.bytes(at: $0)) ?? [] }.split(separator: UInt8(ascii: "\n"))
        return lines.compactMap(Self.init)
    }

    private init?(_ line: ArraySlice<UInt8>) {
        let fields = String(decoding: line, as: UTF8.self).split(separator: " ")
        guard fields.count > 3, let port = fields[1].split(separator: ":").last.flatMap({ UInt16($0, radix: 16) })
        else { return nil }
        self.local = fields[1]
        self.remote = fields[2]
        self.isListening = fields[3] == "0A"
        self.isEstablished = fields[3] == "01"
        self.inode = fields.count > 9 ? fields[9] : nil
        self.user = fields.count > 9 ? fields[7] : nil
        self.port = port
        self.waiting = fields.count > 4 ? fields[4].split(separator: ":").last.flatMap { Int($0, radix: 16) } ?? 0 : 0
    }

    /// 127.0.0.0/8 in host byte order, `::1`, and the former inside of IPv6.
    static func isLoopback(_ address: Substring) -> Bool {
        let host = address.prefix { $0 != ":" }
        return host.hasSuffix("7F") && (host.count == 8 || host.hasPrefix("0000000000000000FFFF0000"))
            || host == "00000000000000000000000001000000"
    }
}

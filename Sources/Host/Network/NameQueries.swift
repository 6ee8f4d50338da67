import SystemPackage

extension FileSystem {
    /// Whether a user's programs wait for a name server just now: Linux lists each socket with its user and its peer
    /// (proc_pid_net(5)).
    package func isAskingNameServer(user: UInt32) -> Bool {
        ["udp", "udp6", "tcp", "tcp6"].contains { protocolName in
            guard let bytes = try? bytes(at: FilePath("/proc/net/\(protocolName)")) else { return false }
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n").contains { line in
                let fields = line.split(separator: " ")
                return fields.count > 7 && fields[2].hasSuffix(Self.nameServerPort) && fields[7] == "\(user)"
            }
        }
    }

    /// Port 53, as the kernel writes it.
    private static let nameServerPort = ":0035"
}

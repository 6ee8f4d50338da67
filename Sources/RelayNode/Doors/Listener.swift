package import Vocabulary

/// The address and port of an `inet` service of master.cf (master(5): `port`, `host:port` or `[host]:port`).
package struct Listener: Sendable, Hashable {
    package enum Host: Sendable, Hashable {
        /// The addresses of inet_interfaces.
        case all
        case address(IPAddress)
        /// A name that only DNS or /etc/hosts can tell the address of.
        case named(String)
    }

    package let host: Host
    /// `nil` where it is a name that is in no list here.
    package let port: UInt16?

    /// - Parameter service: The first field of a master.cf entry.
    init(_ service: String) {
        let (host, port) = Self.split(service)
        self.port = UInt16(port) ?? Self.ports[port]
        self.host =
            switch host {
            case nil, "": .all
            case let host? where Self.loopbackNames.contains(host.lowercased()):
                .address(IPAddress(bytes: [127, 0, 0, 1]))
            case let host?: (try? IPAddress(host)).map(Host.address) ?? .named(host)
            }
    }

    /// Whether only this host itself can reach it.
    package var isLoopback: Bool {
        guard case .address(let address) = host else { return false }
        return IPNetwork.ipv4Loopback.contains(address) || IPNetwork.ipv6Loopback.contains(address)
    }

    /// Whether a connection to one of the node's own addresses gets there.
    package func serves(_ address: IPAddress) -> Bool {
        switch host {
        case .all: true
        case .address(let own): own == address || own.isUnspecified && own.family == address.family
        case .named: false
        }
    }

    private static func split(_ service: String) -> (host: String?, port: String) {
        if service.hasPrefix("["), let end = service.firstIndex(of: "]") {
            let host = String(service[service.index(after: service.startIndex)..<end])
            let rest = service[service.index(after: end)...]
            return (host, String(rest.drop { $0 == ":" }))
        }
        guard let colon = service.lastIndex(of: ":") else { return (nil, service) }
        return (String(service[..<colon]), String(service[service.index(after: colon)...]))
    }

    /// The names that /etc/services has for the ports of mail.
    private static let ports: [String: UInt16] = [
        "smtp": 25, "mail": 25, "submission": 587, "msa": 587, "submissions": 465, "smtps": 465, "ssmtp": 465,
        "urd": 465,
        "qmqp": 628, "lmtp": 24,
    ]
    private static let loopbackNames: Set = ["localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"]
}

extension IPAddress {
    /// `0.0.0.0` or `::`, which stand for every address of the host.
    fileprivate var isUnspecified: Bool { bytes.allSatisfy { $0 == 0 } }
}

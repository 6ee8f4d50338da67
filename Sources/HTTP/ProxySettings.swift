package import Vocabulary

/// Which requests go through a proxy, by the variables that curl and the AWS tools read.
package struct ProxySettings: Sendable, Equatable {
    /// A proxy's address.
    package struct Server: Sendable, Equatable {
        package let host: String
        package let port: Int
        /// `user:password`, if it wants them.
        let credentials: String?
    }

    private let https: Server?
    private let http: Server?
    private let exceptions: [String]

    package init(environment: [String: String]) throws(InvalidValue) {
        func variable(_ name: String) -> String? {
            [name.lowercased(), name].compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        self.https = try variable("HTTPS_PROXY").map(Self.server)
        // HTTP_PROXY in capitals can be set by a request's header in CGI programs (httpoxy), but this is none.
        self.http = try variable("HTTP_PROXY").map(Self.server)
        self.exceptions = (variable("NO_PROXY") ?? "").split(separator: ",")
            .map { $0.filter { !$0.isWhitespace }.lowercased() }.filter { !$0.isEmpty }
    }

    /// The proxy for a host; `nil` where it is reached directly. Instance metadata and loopback always are.
    package func server(forHost host: String, scheme: String) -> Server? {
        let address = try? IPAddress(host)
        if host == "localhost" || Self.neverProxied.contains(where: { network in address.map(network.contains) ?? false }) {
            return nil
        }
        let name = host.lowercased()
        let isException = exceptions.contains { exception in
            if exception == "*" { return true }
            if let network = try? IPNetwork(exception) { return address.map(network.contains) ?? false }
            let suffix = exception.hasPrefix(".") ? String(exception.dropFirst()) : exception
            return name == suffix || name.hasSuffix(".\(suffix)")
        }
        if isException { return nil }
        return scheme == "https" ? https : http
    }

    private static let neverProxied: [IPNetwork] = [
        .ipv4Loopback,
        .ipv6Loopback,
        IPNetwork(around: IPAddress(bytes: [169, 254, 0, 0]), prefixLength: 16),
        // The metadata service's IPv6 address, fd00:ec2::254.
        IPNetwork(
            around: IPAddress(bytes: [0xFD, 0, 0x0E, 0xC2] + [UInt8](repeating: 0, count: 10) + [0x02, 0x54]),
            prefixLength: 128
        ),
    ]

    private static func server(_ text: String) throws(InvalidValue) -> Server {
        let failure = InvalidValue(
            text.contains("@") ? "a proxy with a password" : text,
            expected: "a proxy's address, such as http://proxy.example.com:3128"
        )
        var rest = text[...]
        if let scheme = rest.firstRange(of: "://") {
            guard rest[..<scheme.lowerBound] == "http" else { throw failure }
            rest = rest[scheme.upperBound...]
        }
        var credentials: String?
        if let at = rest.lastIndex(of: "@") {
            credentials = String(rest[..<at])
            rest = rest[rest.index(after: at)...]
        }
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
        guard let host = parts.first, !host.isEmpty, parts.count <= 2 else { throw failure }
        guard parts.count == 2 else { return Server(host: String(host), port: 3128, credentials: credentials) }
        guard let port = UInt16(parts[1]) else { throw failure }
        return Server(host: String(host), port: Int(port), credentials: credentials)
    }
}

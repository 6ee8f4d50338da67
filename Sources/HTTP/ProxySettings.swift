import Vocabulary

/// The proxy for each request, by the variables that curl and the AWS tools read.
package struct ProxySettings: Sendable, Equatable {
    /// A proxy's address. It prints without the password.
    package struct Server: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
        package let host: String
        package let port: Int
        let user: String?
        let password: String

        package var description: String { "\(host):\(port)" }
        package var debugDescription: String { description }
    }

    /// The proxy for `https` addresses.
    let https: Server?
    /// The proxy for `http` addresses.
    let http: Server?
    private let exceptions: ProxyExceptions
    /// The variable whose value the exceptions are, as it was found.
    private let exceptionsVariable: String

    package init(environment: [String: String]) throws(TransportSettingsFailure) {
        func given(_ name: String) -> (name: String, value: String)? {
            guard let value = environment[name], !value.isEmpty else { return nil }
            return (name, value)
        }
        func variable(_ name: String) -> (name: String, value: String)? {
            given(name.lowercased()) ?? given(name)
        }
        func server(_ name: String) throws(TransportSettingsFailure) -> Server? {
            guard let (name, value) = variable(name) else { return nil }
            guard let server = Self.server(value) else {
                // Quoted only where it can't hold a password.
                let given = value.contains("@") ? "the address" : "'\(value.escapedForDisplay)'"
                throw TransportSettingsFailure(
                    variable: name,
                    reason: "\(given) is not a proxy's address, such as http://proxy.example.com:3128"
                )
            }
            return server
        }
        self.https = try server("HTTPS_PROXY")
        // HTTP_PROXY in capitals can be set by a request's header in CGI programs (httpoxy), but this is none.
        self.http = try server("HTTP_PROXY")
        let given = variable("NO_PROXY")
        self.exceptions = ProxyExceptions(given?.value ?? "")
        self.exceptionsVariable = given?.name ?? ""
    }

    /// The entries of `NO_PROXY` that count for nothing, in words; `nil` where there are none, or no proxy.
    package var warning: String? {
        guard https != nil || http != nil, !exceptions.unknown.isEmpty else { return nil }
        let words = exceptions.unknown.map { "'\($0.escapedForDisplay)'" }.joined(separator: ", ")
        return """
            environment \(exceptionsVariable): \(words) counts for nothing; write a name, .name, *.name, an address or a \
            range such as 10.0.0.0/8, a name or an address with a port, or *
            """
    }

    /// The proxy for a host; `nil` where it is reached directly. Instance metadata and loopback always are.
    ///
    /// - Parameter port: `nil` for the scheme's own.
    package func server(forHost host: String, scheme: String, port: Int? = nil) -> Server? {
        let name = host.lowercased()
        let address = try? IPAddress(name)
        if name == "localhost" || Self.neverProxied.contains(where: { Self.contains($0, address) }) { return nil }
        if exceptions.cover(name, port: port ?? (scheme == "https" ? 443 : 80)) { return nil }
        return scheme == "https" ? https : http
    }

    private static func contains(_ network: IPNetwork, _ address: IPAddress?) -> Bool {
        address.map(network.contains) ?? false
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

    /// Reads `http://user:password@host:port/`, of which only the host must be there.
    private static func server(_ text: String) -> Server? {
        let scheme = text.firstRange(of: "://")
        guard scheme.map({ text[..<$0.lowerBound].lowercased() == "http" }) ?? true else { return nil }
        var rest = text[(scheme?.upperBound ?? text.startIndex)...]
        var user: String?
        var password = ""
        if let at = rest.lastIndex(of: "@") {
            let pair = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            user = pair.first?.percentDecoded
            password = pair.count == 2 ? pair[1].percentDecoded : ""
            rest = rest[rest.index(after: at)...]
        }
        guard let parts = URLParts("http://\(rest)"), parts.path == "/" else { return nil }
        return Server(host: parts.host, port: parts.port ?? 80, user: user, password: password)
    }
}

extension StringProtocol {
    /// The text with `%41` read as `A`; a stray percent sign stays as it is.
    package var percentDecoded: String {
        var bytes: [UInt8] = []
        var rest = Array(utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2, let high = rest[rest.startIndex].hexDigit,
                let low = rest[rest.startIndex + 1].hexDigit
            {
                bytes.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension UInt8 {
    fileprivate var hexDigit: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

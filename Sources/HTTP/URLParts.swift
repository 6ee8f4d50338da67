/// The parts of an address that decide where a request goes.
package struct URLParts: Sendable, Equatable {
    package let scheme: String
    /// A name or an address, in lower case, without brackets.
    package let host: String
    package let port: Int?
    /// The path from the first slash on, with the query; "/" where there is none.
    package let path: String

    /// Takes `http` and `https` apart; `nil` for anything else, and for an address with a user or password in it.
    package init?(_ url: String) {
        guard let colon = url.firstIndex(of: ":"), url[colon...].hasPrefix("://") else { return nil }
        let scheme = url[..<colon].lowercased()
        guard scheme == "http" || scheme == "https" else { return nil }
        let rest = url[colon...].dropFirst(3)
        let pathStart = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        var authority = rest[..<pathStart]
        var port: Int?
        let afterBrackets = authority.lastIndex(of: "]") ?? authority.startIndex
        if let colon = authority[afterBrackets...].lastIndex(of: ":") {
            guard let number = UInt16(authority[authority.index(after: colon)...]) else { return nil }
            port = Int(number)
            authority = authority[..<colon]
        }
        let host = authority.filter { $0 != "[" && $0 != "]" }
        guard !host.isEmpty, !host.contains("@"), !host.contains(where: \.isWhitespace) else { return nil }
        self.scheme = scheme
        self.host = host.lowercased()
        self.port = port
        let path = rest[pathStart...]
        self.path = path.hasPrefix("/") ? String(path) : "/" + path
    }

    /// The value of the Host header (RFC 9110, section 7.2): the port only where it is not the scheme's own.
    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        guard let port, port != (scheme == "https" ? 443 : 80) else { return name }
        return "\(name):\(port)"
    }
}

import Host
import SMTP
import Vocabulary

/// Whether the host that all mail is handed to can be reached, and speaks SMTP.
struct SmarthostExamination: Examination {
    let name = "smarthost"
    /// As main.cf has it; empty where each mail's own domain is looked up.
    let relayhost: String
    let names: HostNames

    let limit: Duration = .seconds(30)

    func findings() async throws -> [Finding] {
        guard let next = Self.parse(relayhost) else { return [] }
        var addresses = [try? IPAddress(next.host)].compactMap(\.self)
        if addresses.isEmpty { addresses = try await names.addresses(next.host) }
        guard !addresses.isEmpty else {
            return [finding("smarthost-unknown", "\(next.host.escapedForDisplay) has no address", next)]
        }
        var failures: [String] = []
        for address in addresses.prefix(3) {
            do {
                let server = SMTPServer(address, port: next.port)
                try await SMTPSession.withSession(to: server, greeting: Self.greeting, timeout: .seconds(8)) { _ in }
                return []
            } catch let failure as SMTPFailure {
                // Who speaks TLS from the first byte on waits for the other side to begin (RFC 8314, section 3.3).
                if case .silent = failure.reason, next.port == 465 { return [] }
                failures.append("\(failure)")
            }
        }
        return [finding("smarthost-unreachable", failures.joined(separator: "; "), next)]
    }

    private func finding(_ name: String, _ seen: String, _ next: (host: String, port: UInt16)) -> Finding {
        Finding(
            .critical,
            name,
            seen: "relayhost = \(relayhost.escapedForDisplay): \(seen)",
            why: "all mail is handed to that host, so none is delivered",
            fix: """
                postconf relayhost; timeout 5 bash -c '</dev/tcp/\(next.host.escapedForDisplay)/\(next.port)'; check that \
                this instance's security groups let port \(next.port) out
                """
        )
    }

    private static let greeting = "smtp-relay-agent.invalid"

    /// Reads `[host]:port` (postconf(5), relayhost); `nil` where it is empty, or where MX records say which host it is,
    /// as without brackets.
    static func parse(_ relayhost: String) -> (host: String, port: UInt16)? {
        guard relayhost.hasPrefix("["), let end = relayhost.firstIndex(of: "]") else { return nil }
        let inner = relayhost[relayhost.index(after: relayhost.startIndex)..<end]
        let host = inner.lowercased().hasPrefix("ipv6:") ? inner.dropFirst(5) : inner
        let rest = relayhost[relayhost.index(after: end)...]
        guard !host.isEmpty else { return nil }
        if rest.isEmpty { return (String(host), 25) }
        let named: [Substring: UInt16] = ["smtp": 25, "submission": 587, "submissions": 465, "smtps": 465]
        let service = rest.dropFirst()
        guard rest.hasPrefix(":"), let port = UInt16(service) ?? named[service] else { return nil }
        return (String(host), port)
    }
}

import Host
import SMTP
import Vocabulary

/// Whether the host that all mail is handed to can be reached, proves its name, and takes the user and the password. No
/// mail is sent.
struct SmarthostExamination: Examination {
    let name = "smarthost"
    /// The relayhost as main.cf has it; empty where each mail's own domain is looked up.
    let relayhost: String
    let access: SmarthostAccess
    let names: HostNames

    let limit: Duration = .seconds(30)

    func findings() async throws -> [Finding] {
        guard let next = Self.parse(relayhost) else { return [] }
        var addresses = [try? IPAddress(next.host)].compactMap(\.self)
        if addresses.isEmpty { addresses = try await names.addresses(next.host) }
        guard !addresses.isEmpty else {
            return [unreachable(.smarthostUnknown, "\(next.host.escapedForDisplay) has no address", next)]
        }
        var failures: [SMTPFailure] = []
        for address in addresses.prefix(3) {
            do {
                try await visit(SMTPServer(address, port: next.port), next.host)
                return []
            } catch let failure as SMTPFailure {
                failures.append(failure)
            }
        }
        return [judge(failures, next)]
    }

    private func visit(_ server: SMTPServer, _ host: String) async throws {
        let isImplicit = server.port == 465
        guard let authorities = access.authorities else {
            do {
                try await SMTPSession.withSession(to: server, greeting: Self.greeting, timeout: .seconds(8)) { _ in }
            } catch let failure as SMTPFailure {
                // With implicit TLS, the server waits for the client to begin (RFC 8314, section 3.3).
                guard isImplicit else { throw failure }
                switch failure.reason {
                case .silent, .timedOut: return
                default: throw failure
                }
            }
            return
        }
        let login = access.login
        try await SMTPSession.withSession(
            to: server,
            greeting: Self.greeting,
            timeout: .seconds(8),
            encryption: SMTPEncryption(host: host, authorities: authorities, isImplicit: isImplicit)
        ) { session in
            guard let login else { return }
            try await session.logIn(login.user, login.password)
        }
    }

    /// The address that let the node come furthest tells most.
    private func judge(_ failures: [SMTPFailure], _ next: (host: String, port: UInt16)) -> Finding {
        for failure in failures {
            switch failure.reason {
            case .loginRefused, .noLogin: return refusesLogin(failure)
            default: continue
            }
        }
        for failure in failures {
            if case .notEncrypted = failure.reason { return notVerified(failure, next) }
        }
        let seen = failures.map(\.description).joined(separator: "; ")
        return unreachable(.smarthostUnreachable, seen, next)
    }

    private func refusesLogin(_ failure: SMTPFailure) -> Finding {
        let user = access.login.map { "\($0.user)" } ?? ""
        return Finding(
            .smarthostRefusesLogin,
            seen: "relayhost = \(relayhost.escapedForDisplay), user \(user): \(failure)",
            fix: """
                put the right password where mail.upstream.password_file or password_parameter says, or the right user \
                into mail.upstream.username; then 'smtp-relay-agent reconcile' and 'postqueue -f'
                """
        )
    }

    private func notVerified(_ failure: SMTPFailure, _ next: (host: String, port: UInt16)) -> Finding {
        let host = next.host.escapedForDisplay
        let start = next.port == 465 ? "" : " -starttls smtp"
        return Finding(
            .smarthostNotVerified,
            seen: "relayhost = \(relayhost.escapedForDisplay): \(failure)",
            fix: """
                openssl s_client -connect \(host):\(next.port)\(start) -verify_hostname \(host) </dev/null; \
                mail.upstream.host must be a name in that certificate, and its authority one of the system's \
                (update-ca-trust)
                """
        )
    }

    private func unreachable(_ kind: FindingKind, _ seen: String, _ next: (host: String, port: UInt16)) -> Finding {
        Finding(
            kind,
            seen: "relayhost = \(relayhost.escapedForDisplay): \(seen)",
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

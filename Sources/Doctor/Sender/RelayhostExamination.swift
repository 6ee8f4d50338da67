import Host
import RelayNode
import Resources
import SMTP
import Vocabulary

/// Whether a relay answers at the load balancer that a sender's mail goes to.
struct RelayhostExamination: Examination {
    let name = "relayhost"
    let way: RelayHostWay

    let limit: Duration = .seconds(30)

    func findings() async throws -> [Finding] {
        do {
            try await way.greet()
            return []
        } catch let failure as RelayHostIsThisHost {
            return [
                finding(.relayhostIsThisHost, "\(failure)", fix: "correct sender.relayhost, then \(Self.again)")
            ]
        } catch let failure as RelayHostUnknown {
            return [finding(.relayhostUnknown, "\(failure)", fix: Self.lookUp)]
        } catch let failure as DNSFailure {
            return [finding(.relayhostUnknown, "\(way.relayhost) can't be looked up: \(failure)", fix: Self.lookUp)]
        } catch let failure as RelayHostUnreachable {
            let seen = failure.failures.map(\.description).joined(separator: "; ")
            return [finding(.relayhostUnreachable, "\(way.relayhost): \(seen)", fix: fix(failure.failures))]
        }
    }

    private func finding(_ kind: FindingKind, _ seen: String, fix: String) -> Finding {
        Finding(kind, seen: seen, fix: fix)
    }

    /// An error or a greeting shows that a host is there; silence means a closed door or no host.
    private func fix(_ failures: [SMTPFailure]) -> String {
        let isThere = failures.contains { if case .notConnected = $0.reason { false } else { true } }
        guard !isThere else {
            return "the load balancer has no relay in service: run 'smtp-relay-agent doctor' on the relays"
        }
        return """
            let this host's addresses into the load balancer's security group at port \(way.relayhost.port) (aws ec2 \
            authorize-security-group-ingress), and look at the route to it; on a relay: smtp-relay-agent doctor --from \
            ADDRESS
            """
    }

    private static let again = "smtp-relay-agent reconcile"
    private static let lookUp = "correct sender.relayhost, or /etc/resolv.conf; then smtp-relay-agent reconcile"
}

/// Whether the operator's own settings send mail another way than by the relayhost.
struct RelayhostOverrideExamination: Examination {
    let name = "other ways"
    let overrides: [RelayhostOverride]

    func findings() -> [Finding] {
        overrides.map { override in
            Finding(
                .relayhostOverridden,
                seen: "\(override)"
            )
        }
    }
}

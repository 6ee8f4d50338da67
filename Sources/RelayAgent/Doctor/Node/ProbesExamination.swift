import Host
import Resources

/// Whether Postfix answers, and relays for its own networks and for nobody else.
struct RelayExamination: Examination {
    let name = "relay"
    let verifier: NodeVerifier
    let commands: any ServiceCommands

    func findings() async -> [Finding] {
        do {
            try await verifier.checkPolicy()
        } catch let failure as RelayPolicyFailure {
            return [Self.judge(failure)]
        } catch {
            let postfix = ServiceName("postfix")
            return [
                Finding(
                    .critical,
                    "smtp-no-answer",
                    seen: "\(error)",
                    why: "Postfix does not take mail",
                    fix: "\(commands.status(of: postfix)); \(commands.log(of: postfix))"
                )
            ]
        }
        return []
    }

    static func judge(_ failure: RelayPolicyFailure) -> Finding {
        let fix = "postconf -n; postconf -P; smtp-relay-agent reconcile"
        switch failure.isOpen {
        case true:
            return Finding(
                .critical,
                "open-relay",
                seen: "\(failure)",
                why: "strangers send by this node, and its addresses will be blocked everywhere",
                fix: fix
            )
        case false:
            return Finding(
                .critical,
                "refuses-own-senders",
                seen: "\(failure)",
                why: "mail of allowed senders is refused",
                fix: fix
            )
        }
    }
}

/// Whether nginx answers the health check, as the load balancer asks it.
struct HealthExamination: Examination {
    let name = "health check"
    let endpoint: any HealthChecking
    let health: String

    func findings() async -> [Finding] {
        do {
            let status = try await endpoint.status()
            return status == 200 ? [] : [failing("it answers with \(status) in place of 200")]
        } catch {
            return [failing("\(error)")]
        }
    }

    private func failing(_ what: String) -> Finding {
        Finding(
            .critical,
            "health-check-fails",
            seen: "\(health): \(what)",
            why: "the load balancer takes this node out of service",
            fix: "smtp-relay-agent probe; smtp-relay-agent reconcile"
        )
    }
}

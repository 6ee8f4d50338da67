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
                    .smtpNoAnswer,
                    of: "\(postfix)",
                    seen: "\(error)",
                    fix: "\(commands.status(of: postfix)); \(commands.log(of: postfix))"
                )
            ]
        }
        return []
    }

    static func judge(_ failure: RelayPolicyFailure) -> Finding {
        Finding(failure.isOpen ? .openRelay : .refusesOwnSenders, of: "postfix", seen: "\(failure)")
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
            .healthCheckFails,
            seen: "\(health): \(what)"
        )
    }
}

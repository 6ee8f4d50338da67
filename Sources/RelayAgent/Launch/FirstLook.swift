import AWS
import AgentLog
import HTTP
import Vocabulary

/// Says at a launch, while the first parts are put in place, that the instance lacks what the calls of AWS's APIs need: a
/// role, or a way out of its subnet. Otherwise that shows only when packages and services are done.
struct FirstLook: Sendable {
    let situation: Situation
    let transport: any HTTPTransport
    let log: StepLog

    /// The time that an answer may take.
    private static let patience: Duration = .seconds(8)

    func run() async {
        let services = situation.services
        guard !services.isEmpty else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await lookForKeys() }
            for url in Set(services.compactMap { try? situation.account.url(of: $0) }) {
                group.addTask { await lookForWay(to: url) }
            }
        }
    }

    private func lookForKeys() async {
        do {
            try await CallDeadline.by(.now + Self.patience) { _ = try await situation.account.credentials() }
        } catch {
            warn("without keys it can't call AWS: \(error)")
        }
    }

    /// Any answer will do: the request is not signed.
    private func lookForWay(to url: String) async {
        do throws(HTTPFailure) {
            _ = try await transport.send(HTTPRequest(.get, url), timeout: Self.patience)
        } catch {
            warn(
                """
                no answer from \(error.host): \(error.reason); check the way out of the subnet \(situation.facts.subnetID) \
                (NAT gateway, VPC endpoint or proxy), and the security groups on it
                """
            )
        }
    }

    private func warn(_ what: String) {
        if !Task.isCancelled { log.warning("aws", "this node can't come into service like this: \(what)") }
    }
}

extension Situation {
    /// The services whose APIs the settings need.
    fileprivate var services: [ServiceEndpoint.Service] {
        var services: [ServiceEndpoint.Service] = []
        if settings.loadBalancer.count > 0 { services.append(.elasticLoadBalancing) }
        if case .parameter = settings.mail.upstream?.login?.password { services.append(.ssm) }
        if settings.launch.hook != nil { services.append(.autoScaling) }
        if settings.launch.signal != nil { services.append(.cloudFormation) }
        return services
    }
}

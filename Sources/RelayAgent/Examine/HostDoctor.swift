import AWS
import AgentLog
package import Doctor
import Facts
import HTTP
import Host
import RelayNode
import Reports
import Resources
import Settings
import Signer
package import Vocabulary

/// Gives the doctor what it looks at on this host, whatever its role.
package struct HostDoctor: Sendable {
    private let gatherer: Gatherer
    private let host: HostAccess
    private let pass: Pass

    package init(gatherer: Gatherer, host: HostAccess, pass: Pass) {
        self.gatherer = gatherer
        self.host = host
        self.pass = pass
    }

    /// The time that metadata may take. A person does not wait as long as a node that boots.
    private static let patience: Duration = .seconds(20)

    /// - Parameter sender: Follows the way of this sender's mail as well.
    package func examine(sender: IPAddress? = nil) async -> DoctorReport {
        let doctor = Doctor(examinedHost)
        let isRelay = gatherer.role == .relay
        do {
            if !isRelay, case .sender(let resolved) = try await gatherer.settings().0 {
                return await doctor.examine(sender: resolved.settings)
            }
            return await doctor.examine(relay: try await examinedNode(), sender: sender)
        } catch {
            return await doctor.examine(unknown: Self.unknown(error), isRelay: isRelay, sender: sender)
        }
    }

    /// Looks at what costs little and asks nobody else.
    func glance() async -> DoctorReport { await Doctor(examinedHost).glance() }

    /// Looks at a domain that mail is sent for, as the receivers of this relay's mail do.
    ///
    /// - Throws: The reason why it is not known what this node should be.
    package func examine(_ question: DomainQuestion) async throws -> DomainReport {
        try gatherer.requireRelay(for: "doctor --domain")
        let node: ExaminedNode
        do {
            node = try await examinedNode()
        } catch is TookTooLong {
            throw MetadataLate(patience: Self.patience)
        }
        return await Doctor(examinedHost).examine(question, by: node)
    }

    private var examinedHost: ExaminedHost {
        ExaminedHost(
            files: host.files,
            runner: host.runner,
            services: host.services,
            relay: host.relay,
            transport: host.transport,
            healthCheck: { HTTPHealthCheck(port: $0, path: $1, transport: host.transport) },
            plan: {
                do {
                    return try await pass.planOfHost()
                } catch let failure as StepFailure {
                    throw UnplannableHost(step: failure.step, cause: failure.cause)
                }
            },
            order: {
                try DrainOrders(files: host.files).current().map {
                    OrderToLeave(reason: $0.reason.rawValue, isByHand: $0.reason == .byHand)
                }
            },
            lastPass: {
                guard let status = StatusFile(files: host.files).read(), let last = status.lastPass else { return nil }
                return PassResult(
                    trigger: last.trigger,
                    startedAt: last.startedAt,
                    failure: last.failure,
                    lastSuccessAt: status.lastSuccessAt
                )
            },
            now: Timestamp.seconds
        )
    }

    private func examinedNode() async throws -> ExaminedNode {
        let situation = try await within(Self.patience) { try await gatherer.situation(for: "doctor") }
        let (settings, facts, account) = (situation.settings, situation.facts, situation.account)
        let node = try RelayNode(settings: settings, facts: facts)
        var readPassword: (@Sendable () async throws -> Void)?
        if let place = settings.mail.upstream?.login?.password {
            readPassword = { _ = try await UpstreamPassword(files: host.files).read(place, account.ssm) }
        }
        return ExaminedNode(
            facts: facts,
            settings: settings,
            node: node,
            cloud: account.readings,
            places: situation.places(node.allowed, host),
            securityGroups: { try await account.metadata.reader().securityGroups(of: facts.mac) },
            readPassword: readPassword,
            readKeys: { [files = host.files] in
                var selectors: [ExaminedSelector] = []
                for key in settings.mail.dkim {
                    do {
                        let signing = try await key.signingKey(files: files) { account.ssm }
                        selectors.append(ExaminedSelector(key, record: .success(signing.record)))
                    } catch {
                        selectors.append(ExaminedSelector(key, record: .failure(error)))
                    }
                }
                return selectors
            }
        )
    }

    private static func unknown(_ error: any Error) -> UnknownNode {
        if error is SettingsProblems || error is RefusedNetworks { return .settingsRefused("\(error)") }
        let isLate = error is TookTooLong
        return .metadataUnreachable(isLate ? "instance metadata did not answer within \(patience)" : "\(error)")
    }
}

/// Instance metadata, which tells the addresses that mail leaves by, does not answer.
private struct MetadataLate: Error, CustomStringConvertible {
    let patience: Duration

    var description: String {
        "instance metadata did not answer within \(patience); see what 'smtp-relay-agent doctor' says of that"
    }
}

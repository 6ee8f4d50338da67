import Reconcile

/// Whether the host is configured as its settings have it.
struct ConfigurationExamination: Examination {
    let name = "configuration"
    /// The changes that a pass would make on the host.
    let plan: @Sendable () async throws -> Plan
    /// The order to leave that is in force.
    let order: @Sendable () throws -> OrderToLeave?

    let limit: Duration = .seconds(60)

    func findings() async throws -> [Finding] {
        let left = try order().map(Self.drained).map { [$0] } ?? []
        do {
            return left + Self.judge(try await plan())
        } catch let failure as UnplannableHost {
            return left + [Self.refused(failure)]
        }
    }

    static func judge(_ plan: Plan) -> [Finding] {
        guard !plan.isEmpty else { return [] }
        return [
            Finding(
                plan.changes.allSatisfy { $0.kind == .service } ? .serviceDrift : .configurationDrift,
                seen: "a pass would change: " + plan.changes.map(\.summary).joined(separator: "; ")
            )
        ]
    }

    private static func refused(_ failure: UnplannableHost) -> Finding {
        Finding(
            .configurationRefused,
            seen: "\(failure.step): \(failure.cause)",
            fix: "correct what is named there, then run 'smtp-relay-agent reconcile'"
        )
    }

    static func drained(_ order: OrderToLeave) -> Finding {
        Finding(
            .nodeDrained,
            seen: "this node was told to leave its load balancers (\(order.reason))",
            fix: order.isByHand ? "smtp-relay-agent undrain" : "nothing: it is about to end"
        )
    }
}

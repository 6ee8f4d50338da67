import Reconcile

/// Whether the host is configured as its settings have it.
struct ConfigurationExamination: Examination {
    let name = "configuration"
    /// What a pass would change on the host.
    let plan: @Sendable () async throws -> Plan
    /// The order to leave that is in force.
    let order: @Sendable () throws -> DrainOrder?

    let limit: Duration = .seconds(60)

    func findings() async throws -> [Finding] {
        let left = try order().map(Self.drained).map { [$0] } ?? []
        do {
            return left + Self.judge(try await plan())
        } catch let failure as StepFailure {
            return left + [Self.refused(failure)]
        }
    }

    static func judge(_ plan: Plan) -> [Finding] {
        guard !plan.isEmpty else { return [] }
        return [
            Finding(
                .warning,
                "configuration-drift",
                seen: "a pass would change: " + plan.changes.map(\.summary).joined(separator: "; "),
                why: "the node is not what its settings say, and the rest of what is found may come of that",
                fix: "smtp-relay-agent plan; smtp-relay-agent reconcile"
            )
        ]
    }

    private static func refused(_ failure: StepFailure) -> Finding {
        Finding(
            .critical,
            "configuration-refused",
            seen: "\(failure.step): \(failure)",
            why: "the node can't be brought to what its settings say",
            fix: "correct what is named there, then run 'smtp-relay-agent reconcile'"
        )
    }

    static func drained(_ order: DrainOrder) -> Finding {
        Finding(
            .warning,
            "node-drained",
            seen: "this node was told to leave its load balancers (\(order.reason.rawValue))",
            why: "no mail comes to it",
            fix: order.reason == .byHand ? "smtp-relay-agent undrain" : "nothing: it is about to end"
        )
    }
}

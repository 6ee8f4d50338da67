/// Whether the agent's passes succeed.
struct PassesExamination: Examination {
    let name = "passes"
    /// What the last passes left.
    let status: @Sendable () -> NodeStatus?
    /// Seconds since 1970.
    let now: Int

    func findings() -> [Finding] { status().map { Self.judge($0, now: now) } ?? [] }

    static func judge(_ status: NodeStatus, now: Int) -> [Finding] {
        guard let last = status.lastPass, let failure = last.failure else { return [] }
        let since = status.lastSuccessAt.map { "; the last that succeeded was \(max(0, now - $0)) s ago" } ?? ""
        return [
            Finding(
                .passesFail,
                seen:
                    "the last pass (\(last.trigger)), \(max(0, now - last.startedAt)) s ago, failed: \(failure)\(since)"
            )
        ]
    }
}

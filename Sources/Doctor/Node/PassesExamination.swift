/// Whether the agent's passes succeed.
struct PassesExamination: Examination {
    let name = "passes"
    let isCheap = true
    let last: @Sendable () -> PassResult?
    /// Seconds since 1970.
    let now: Int

    func findings() -> [Finding] { last().map { Self.judge($0, now: now) } ?? [] }

    static func judge(_ last: PassResult, now: Int) -> [Finding] {
        guard let failure = last.failure else { return [] }
        let since = last.lastSuccessAt.map { "; the last that succeeded was \(max(0, now - $0)) s ago" } ?? ""
        return [
            Finding(
                .passesFail,
                seen:
                    "the last pass (\(last.trigger)), \(max(0, now - last.startedAt)) s ago, failed: \(failure)\(since)"
            )
        ]
    }
}

import AgentLog
import Host

// `bake` and `uninstall` change the whole host, so no pass may run meanwhile, and each of their steps has a name.

extension HostAccess {
    /// Waits for the pass that is under way, and keeps others from starting.
    ///
    /// - Returns: The lock. Passes stay locked out for as long as it lives.
    func lockOutPasses(_ log: StepLog) async throws -> HostLock {
        try await HostLock.acquire(Pass.lock, wait: .seconds(600), in: files) { holder in
            log.notice("lock", "a pass is under way: \(holder)")
        }
    }
}

extension StepFailure {
    /// Does a step; an error that it throws gets the step's name.
    static func inStep<Result>(
        _ step: String,
        _ body: () async throws -> Result
    ) async throws(StepFailure) -> Result {
        do {
            return try await body()
        } catch {
            throw StepFailure(step: step, cause: error)
        }
    }
}

import Reconcile

/// The results of the steps of a pass.
struct StepResults: Sendable {
    private(set) var changes: [Change] = []
    private(set) var failures: [StepFailure]

    init(failures: [StepFailure] = []) {
        self.failures = failures
    }

    mutating func add(_ results: [Result<[Change], StepFailure>]) {
        for result in results {
            switch result {
            case .success(let made): changes += made
            case .failure(let failure): failures.append(failure)
            }
        }
    }

    /// Says of what failed that it did while the node leaves.
    mutating func markLeaving() {
        failures = failures.map { StepFailure(step: $0.step, cause: $0.cause, isLeaving: true) }
    }

    mutating func fail(_ step: String, _ cause: any Error) { failures.append(StepFailure(step: step, cause: cause)) }

    /// Does something that belongs to a step, and notes that it failed.
    mutating func note(_ step: String, _ body: () throws -> Void) {
        do {
            try body()
        } catch {
            fail(step, error)
        }
    }
}

extension [Result<[Change], StepFailure>] {
    var hasFailed: Bool {
        contains { if case .failure = $0 { true } else { false } }
    }
}

import AgentLog
import Vocabulary

/// Puts the node back to the fleet's settings of before, where a new version keeps it from its service.
struct FleetFallback: Sendable {
    let store: FleetStore
    let log: StepLog

    /// - Parameter pass: Converges the node by the version in force.
    func converge(
        _ request: PassRequest,
        _ record: PassRecord,
        pass: () async throws -> PassOutcome
    ) async throws -> PassOutcome {
        let reason: String
        do {
            let outcome = try await pass()
            guard let trial = trial(record), !outcome.isLeaving else { return outcome }
            let memberships = request.scope == .everything ? record.memberships : nil
            switch try trial.verdict(memberships, patience: record.joiningTime) {
            case .open: return outcome
            case .works:
                try? trial.prove()
                return outcome
            case .failed(let because): reason = because
            }
        } catch let failure as StepFailure {
            guard let trial = trial(record), trial.isSuspect(record.stepFailures) else { throw failure }
            reason = "\(failure)"
        }
        guard let trial = trial(record), let document = try trial.goBack(because: reason) else {
            throw StepFailure(step: "settings", cause: NothingToGoBackTo())
        }
        record.goBack()
        // If the node fails without the version as well, it was not the cause, and may be tried again.
        let outcome = try await pass()
        try trial.refuse(document, because: reason)
        return outcome
    }

    /// A pass learns its settings while it runs.
    private func trial(_ record: PassRecord) -> FleetTrial? {
        record.fleet.map { FleetTrial(store: store, place: $0.place, log: log) }
    }
}

/// The version of the fleet's settings that a pass has tried is gone from the disk meanwhile.
struct NothingToGoBackTo: Error, CustomStringConvertible {
    let description = "fleet.settings: the version on trial is gone; run 'smtp-relay-agent reconcile'"
}

import AgentLog
import Reconcile

/// Puts right what a stage of a pass holds, and tells the log and the record what becomes of it.
struct StageRunner: Sendable {
    let log: StepLog
    let record: PassRecord
    /// Whether the log shows what was undone in files, line by line.
    let showsDiffs: Bool

    /// Does the chains of a stage at the same time.
    ///
    /// - Returns: What came of each, in their order.
    func run(_ stage: [Chain]) async -> [Result<[Change], StepFailure>] {
        await withTaskGroup(of: (Int, Result<[Change], StepFailure>).self) { group in
            for (index, chain) in stage.enumerated() {
                group.addTask {
                    do throws(StepFailure) {
                        return (index, .success(try await run(chain)))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            var results: [(Int, Result<[Change], StepFailure>)] = []
            for await result in group { results.append(result) }
            return results.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func run(_ chain: Chain) async throws(StepFailure) -> [Change] {
        var stepStarted = ContinuousClock.now
        do throws(ReconcileFailure) {
            return try await Reconciler(chain).converge { event in
                record.observe(event)
                let elapsed = ContinuousClock.now - stepStarted
                switch event {
                case .inSync(let resource): log.unchanged(resource, after: elapsed)
                case .applying(let resource, let changes): log.started(resource, summary(of: changes, diffs: false))
                case .applied(let resource, let changes):
                    log.done(resource, summary(of: changes, diffs: showsDiffs), after: elapsed)
                }
                if case .applying = event { return }
                stepStarted = ContinuousClock.now
            }
        } catch {
            throw StepFailure(step: error.resource, cause: error.cause)
        }
    }

    private func summary(of changes: [Change], diffs: Bool) -> String {
        let summary = changes.map(\.summary).joined(separator: ", ")
        let texts = diffs ? changes.compactMap(\.diff) : []
        return ([summary] + texts.flatMap { $0.split(separator: "\n").map(String.init) }).joined(separator: "\n")
    }
}

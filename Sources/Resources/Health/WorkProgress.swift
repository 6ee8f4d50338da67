package import Host
package import SMTP
import Synchronization

/// The signs that the work on the host goes on: a program that has ended, a door that has answered.
///
/// A busy host takes more time than a change is given for its repair and its proof. These signs tell it from one that hangs.
package final class WorkProgress: Sendable {
    private let last = Mutex<ContinuousClock.Instant?>(nil)

    package init() {}

    fileprivate func note() { last.withLock { $0 = .now } }

    /// The time in which the next sign is due; zero where there was none, and negative where it is overdue.
    var timeLeft: Duration { last.withLock { $0.map { Self.pause - (.now - $0) } } ?? .zero }

    /// The longest pause between two signs on a host that is only busy.
    private static let pause: Duration = .seconds(1)

    package func noting(_ runner: any CommandRunner) -> some CommandRunner {
        NotingRunner(runner: runner, progress: self)
    }

    package func noting(_ probe: any RelayProbing) -> some RelayProbing { NotingProbe(probe: probe, progress: self) }
}

private struct NotingRunner: CommandRunner {
    let runner: any CommandRunner
    let progress: WorkProgress

    func run(_ command: Command) async throws(CommandFailure) -> CommandOutput {
        let output = try await runner.run(command)
        progress.note()
        return output
    }
}

private struct NotingProbe: RelayProbing {
    let probe: any RelayProbing
    let progress: WorkProgress

    func attempts(_ attempts: [RelayAttempt], at door: ProbedDoor) async throws -> [RelayAnswers] {
        let answers = try await probe.attempts(attempts, at: door)
        progress.note()
        return answers
    }

    func separately(
        _ attempts: [RelayAttempt],
        at door: ProbedDoor,
        check: (RelayAttempt, RelayAnswers) throws -> Void
    ) async throws {
        try await probe.separately(attempts, at: door) { attempt, answers in
            try check(attempt, answers)
            progress.note()
        }
    }
}

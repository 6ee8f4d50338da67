import Host
import Resources
import Synchronization

/// Looks every two seconds at what no event tells of: a full disk, a Postfix that was stopped.
final class FitnessWatch: Sendable {
    private let healthGuard: HealthGuard
    /// As it was after the last pass, so that a look reads no settings.
    private let fitness: Mutex<PostfixFitness?>
    private let known = Mutex(PostfixProcesses.KnownPrograms())

    private static let interval: Duration = .seconds(2)

    init(_ healthGuard: HealthGuard) {
        self.healthGuard = healthGuard
        self.fitness = Mutex(healthGuard.fitness)
    }

    /// Goes by what the last pass has left.
    func renew() {
        let now = healthGuard.fitness
        fitness.withLock { $0 = now }
    }

    /// Looks until its task is cancelled.
    func run(_ sender: AsyncStream<Resident.Event>.Continuation, on thread: LookThread) async {
        await thread.wait(pause: Self.interval) { [self] in
            guard let fitness = fitness.withLock(\.self) else { return false }
            // The passes report what cannot be read here.
            let reason = try? known.withLock { try healthGuard.withdraw(unless: fitness, known: &$0) }
            if let reason { sender.yield(.withdrawn("\(reason)")) }
            return false
        }
    }
}

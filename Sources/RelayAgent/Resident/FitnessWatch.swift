import Host
import Resources
import Synchronization

/// Looks every two seconds at what no event tells of: a full disk, a Postfix that was stopped.
final class FitnessWatch: Sendable {
    private let healthGuard: HealthGuard
    /// As it was after the last pass, so that a look reads no settings.
    private let fitness: Mutex<PostfixFitness?>

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
    func run(_ sender: AsyncStream<Resident.Event>.Continuation) async {
        var known = PostfixProcesses.KnownPrograms()
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: Self.interval)
                guard let fitness = fitness.withLock({ $0 }) else { continue }
                if let reason = try healthGuard.withdraw(unless: fitness, known: &known) {
                    sender.yield(.withdrawn("\(reason)"))
                }
            } catch {
                // The passes report what cannot be read here.
                continue
            }
        }
    }
}

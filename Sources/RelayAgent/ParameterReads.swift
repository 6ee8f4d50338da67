import AWS
import Host
import Synchronization
import Vocabulary

/// Reads SSM parameters for passes, so that not every pass of a fleet asks for them.
final class ParameterReads: Sendable {
    private let last = Mutex<[ParameterName: ContinuousClock.Instant]>([:])

    /// The intervals between passes from one read to the next.
    private static let intervals = 5
    /// The time that a read may take where the host has a value to go on with.
    private static let patience: Duration = .seconds(10)

    /// Reads a parameter whose value is not known.
    ///
    /// - Parameter parse: Makes the value of the text, or throws what is wrong with it.
    /// - Throws: An `AWSFailure`, or the error of `parse`.
    func read<Value: Sendable>(
        _ name: ParameterName,
        from parameters: any ParameterReading,
        parse: @Sendable (String) throws -> Value
    ) async throws -> Value {
        do {
            let value = try parse(try await parameters.parameter(name).value)
            last.withLock { $0[name] = .now }
            return value
        } catch {
            failed(name)
            throw error
        }
    }

    /// Reads a parameter again whose value is known. It waits for its turn, and a pass does not wait for it for long.
    ///
    /// - Parameters:
    ///   - scope: That of the pass. A look at the host alone asks nobody.
    ///   - interval: The time from one pass to the next.
    /// - Returns: `nil` where the host goes on with the value that it has.
    /// - Throws: `TookTooLong`, besides what `read` throws. The parameter is due again then.
    func readAgain<Value: Sendable>(
        _ name: ParameterName,
        from parameters: any ParameterReading,
        scope: PassScope,
        interval: Duration,
        parse: @escaping @Sendable (String) throws -> Value
    ) async throws -> Value? {
        guard scope == .everything, isDue(name, every: interval * Self.intervals) else { return nil }
        do {
            return try await within(Self.patience) { try await self.read(name, from: parameters, parse: parse) }
        } catch {
            failed(name)
            throw error
        }
    }

    /// Whether it is time to read a parameter; if so, it counts as read.
    func isDue(_ name: ParameterName, every interval: Duration, at now: ContinuousClock.Instant = .now) -> Bool {
        last.withLock { last in
            if let before = last[name], now < before + interval { return false }
            last[name] = now
            return true
        }
    }

    /// It could not be read, and is due at the next chance.
    private func failed(_ name: ParameterName) { last.withLock { $0[name] = nil } }
}

/// The time that a service may take to answer after a start or a reload.
enum Patience {
    private static let limit: Duration = .seconds(10)
    /// For a service of which nothing is to be seen: what is on its way is there by then.
    private static let shortLimit: Duration = .seconds(4)
    /// Each may take five seconds, for the header of the PROXY protocol that it waits for (postconf(5),
    /// smtpd_upstream_proxy_timeout).
    private static let mostAnswersOfBefore = 3

    /// Tries until it works, or until one more try like the last would take too long, and throws what came last.
    ///
    /// - Parameters:
    ///   - isPlain: Whether a failure says that nothing is there, in place of something slow.
    ///   - isOfBefore: Whether a process of before a reload may have answered. Such a process takes one connection more at most,
    ///     and ends with it.
    static func untilAnswering(
        isPlain: (any Error) -> Bool = { _ in false },
        isOfBefore: (any Error) -> Bool = { _ in false },
        _ attempt: () async throws -> Void
    ) async throws {
        let begin = Waiting.now
        var answersOfBefore = 0
        while true {
            let started = Waiting.now
            do {
                return try await attempt()
            } catch {
                let now = Waiting.now
                if isOfBefore(error), answersOfBefore < mostAnswersOfBefore {
                    answersOfBefore += 1
                    continue
                }
                let deadline = begin + (isPlain(error) ? shortLimit : limit)
                guard now + (now - started) < deadline else { throw error }
                try await Waiting.sleep(for: .milliseconds(200))
            }
        }
    }

    /// Tries a few times, a moment apart, since one failure alone may be chance; what says that the relay is open is no chance.
    ///
    /// - Parameter isFinal: Whether the caller has its own way to try again after a failure.
    static func severalTimes<Result>(
        unless isFinal: (any Error) -> Bool = { _ in false },
        _ attempt: () async throws -> Result
    ) async throws -> Result {
        for _ in 1..<3 {
            do {
                return try await attempt()
            } catch let failure as RelayPolicyFailure where failure.isOpen {
                throw failure
            } catch {
                if isFinal(error) { throw error }
                try await Waiting.sleep(for: .milliseconds(300))
            }
        }
        return try await attempt()
    }
}

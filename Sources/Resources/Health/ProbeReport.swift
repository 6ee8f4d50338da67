/// The result of a look at the node's own service, for `status` and the metrics.
package struct ProbeReport: Sendable, Equatable, Codable {
    package enum Probe: String, Sendable, Codable, CaseIterable {
        /// Whether Postfix relays for the allowed networks and for nobody else.
        case relayPolicy = "relay policy"
        /// Whether Postfix answers on port 25.
        case smtp
        /// Whether there is room for what Postfix accepts.
        case queueDisk = "queue disk"
        /// Whether nginx answers the load balancer's health check with 200.
        case healthCheck = "health check"
    }

    package let probe: Probe
    /// The attempts.
    package let subject: String
    /// Why it failed; `nil` where it passed.
    package let failure: String?
    /// Seconds since 1970; `nil` for just now.
    package var at: Int?
    /// Whether it is of an earlier pass, and not of the last one.
    package var isOld: Bool?

    package init(_ probe: Probe, _ subject: String, failure: String? = nil, at: Int? = nil) {
        self.probe = probe
        self.subject = subject
        self.failure = failure
        self.at = at
    }
}

/// Is told of every look at the node's own service.
package struct ProbeObserver: Sendable {
    let report: @Sendable (ProbeReport) -> Void

    package init(report: @escaping @Sendable (ProbeReport) -> Void) {
        self.report = report
    }

    /// For who only wants to know whether it works.
    package static let none = ProbeObserver { _ in }

    /// Takes a look, and reports what came of it.
    func observing<Result>(
        _ probe: ProbeReport.Probe,
        _ subject: String,
        _ look: () async throws -> Result
    ) async throws -> Result {
        do {
            let result = try await look()
            report(ProbeReport(probe, subject))
            return result
        } catch is CancellationError {
            // A cancelled probe has no result.
            throw CancellationError()
        } catch {
            report(ProbeReport(probe, subject, failure: "\(error)"))
            throw error
        }
    }
}

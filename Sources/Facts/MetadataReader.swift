import HTTP

/// Reads instance metadata for one purpose, until one deadline.
package struct MetadataReader: Sendable {
    package let client: MetadataClient
    /// When it began to wait.
    let began: ContinuousClock.Instant
    /// No read goes on for longer. Work that has an earlier deadline (`CallDeadline`) keeps that.
    let deadline: ContinuousClock.Instant
    /// Whether it tries only once where the service did not answer the read before.
    let trustsSilence: Bool

    /// A value that must exist: its absence is waited out, since a service that is only half up answers 404.
    ///
    /// - Parameter absence: What its absence means.
    package func required(
        _ path: String,
        absence: MetadataFailure.Reason = .missing
    ) async throws(MetadataFailure) -> String {
        try await client.read(path, absence: .isWaitedOut(absence), for: self)
    }

    /// A value that need not exist: 404 is an answer, and no value.
    package func optional(_ path: String) async throws(MetadataFailure) -> String? {
        do throws(MetadataFailure) {
            return try await client.read(path, absence: .isAnswer, for: self)
        } catch {
            if error.reason == .missing { return nil }
            throw error
        }
    }

    func failure(_ path: String, _ reason: MetadataFailure.Reason) -> MetadataFailure {
        MetadataFailure(path: path, reason: reason, waited: client.time.now() - began)
    }
}

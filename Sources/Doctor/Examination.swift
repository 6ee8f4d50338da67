import AWS
import Host

/// A look at one thing that mail depends on. It changes nothing.
///
/// A further one is one file with a type that conforms to this, and one line in `Doctor`'s lists.
package protocol Examination: Sendable {
    /// The subject, as a person says it: `mail log`.
    var name: String { get }
    /// The time that the examination may take.
    var limit: Duration { get }
    /// Whether it costs little and asks nobody else, so that monitoring can look often.
    var isCheap: Bool { get }
    /// The faults. An error says that the examination could not look, and is reported as a finding of its own.
    func findings() async throws -> [Finding]
}

extension Examination {
    package var limit: Duration { .seconds(15) }
    package var isCheap: Bool { false }

    /// Its findings, or the one that says why there are none: a look that fails or hangs stops no other.
    func outcome() async -> [Finding] {
        do {
            return try await within(limit) { try await findings() }
        } catch is TookTooLong {
            return [
                Finding(
                    .examinationTimedOut,
                    seen: "the look at the \(name) did not end within \(limit)"
                )
            ]
        } catch {
            return [Finding(notExamined: name, error)]
        }
    }
}

extension Finding {
    /// An examination that could not be made.
    init(notExamined name: String, _ error: any Error) {
        guard let failure = error as? AWSFailure, let cure = failure.cureOfDenial else {
            self.init(
                .examinationFailed,
                seen: "the \(name) could not be looked at: \(error)"
            )
            return
        }
        self.init(
            .missingPermission,
            seen: "the \(name) could not be looked at: \(failure)",
            fix: cure
        )
    }
}

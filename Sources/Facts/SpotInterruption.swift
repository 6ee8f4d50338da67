import AWS
import FoundationEssentials
import Vocabulary

/// The announcement that EC2 stops, hibernates or terminates a spot instance (EC2 User Guide, "Spot Instance interruption
/// notices").
package struct SpotInterruption: Sendable, Equatable, CustomStringConvertible {
    /// The action and its time, as in `terminate at 2026-11-24T08:22:00Z`.
    package let description: String
    /// When EC2 acts, in seconds since 1970; `nil` where that can't be read.
    private let time: Int?

    /// EC2 announces an interruption this many seconds before it.
    private static let notice = 120

    /// - Parameter text: As metadata has it; what can't be read is an interruption all the same.
    package init(reading text: String) {
        let document = try? JSONDecoder().decode(Document.self, from: Data(text.utf8))
        description = (document.map { "\($0.action) at \($0.time)" } ?? String(text.prefix(200))).escapedForDisplay
        time = document.flatMap { CivilDate.seconds(iso8601: $0.time) }.map { Int($0) }
    }

    /// For how long the instance runs on, in seconds.
    ///
    /// A time that no notice has, as a wrong clock makes it, counts as two minutes from now.
    package func secondsLeft(at now: Int) -> Int {
        guard let time, (1...Self.notice).contains(time - now) else { return Self.notice }
        return time - now
    }

    private struct Document: Decodable {
        let action: String
        let time: String
    }
}

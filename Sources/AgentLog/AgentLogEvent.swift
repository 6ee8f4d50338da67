import Logging

/// An event of the log, for another reader than the log itself.
package struct AgentLogEvent: Sendable, Equatable {
    /// Seconds since 1970.
    package let time: Int
    /// `info`, `warning` or `error`.
    package let level: String
    /// The step: "packages", "postfix".
    package let step: String?
    package let text: String

    package init(time: Int, level: String, step: String?, text: String) {
        self.time = time
        self.level = level
        self.step = step
        self.text = text
    }
}

/// Gets each event that is written to the log. It must return at once, and must not log itself.
package protocol AgentLogListener: Sendable {
    func heard(_ event: AgentLogEvent)
}

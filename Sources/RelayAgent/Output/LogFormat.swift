/// How the log is written.
package enum LogFormat: String, Sendable, CaseIterable {
    /// `terminal` where standard error is one, `plain` elsewhere.
    case auto
    /// For people who watch: marks, colour, the step under way.
    case terminal
    /// For cloud-init's log and the journal: one line a step.
    case plain
    /// For log pipelines: one object a line.
    case json
}

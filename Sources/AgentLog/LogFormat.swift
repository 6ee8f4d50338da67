/// The format in which the log is written.
package enum LogFormat: String, Sendable, CaseIterable {
    /// `terminal` or `journal` where standard error is one, `plain` elsewhere.
    case auto
    /// For people who watch: marks, colour, the step under way.
    case terminal
    /// For cloud-init's log: one line a step.
    case plain
    /// The same for the journal, with priorities.
    case journal
    /// For log pipelines: one object a line.
    case json
}

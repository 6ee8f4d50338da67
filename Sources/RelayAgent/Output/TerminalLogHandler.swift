package import Logging

/// A line a step that changes while the step is under way: a mark, the step, what it did, how long it took.
package struct TerminalLogHandler: LogHandler {
    /// Steps with nothing to do are shown too: a person is watching.
    package var logLevel = Logger.Level.debug
    package var metadata: Logger.Metadata = [:]
    private let sink: any LogSink
    private let colours: Bool

    /// - Parameter colours: Whether to use them: not where the environment has `NO_COLOR` (no-color.org).
    package init(sink: any LogSink, colours: Bool) {
        self.sink = sink
        self.colours = colours
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }
        let step = fields[StepMetadata.step].map { "\($0)" } ?? ""
        let state = fields[StepMetadata.state].flatMap { StepState(rawValue: "\($0)") }
        let seconds = fields[StepMetadata.seconds].map { "  \($0) s" } ?? ""
        let lines = "\(event.message)".split(separator: "\n", omittingEmptySubsequences: false)
        let head = step.isEmpty ? "" : step.padded(to: 14) + "  "
        let line = "\(mark(for: event.level, state)) \(head)\(lines.first ?? "")\(dim(seconds))"
        // A step under way has no line end: what comes next takes its place.
        let end = state == .started ? "" : "\n"
        sink.write("\r\u{1B}[K" + line + end + lines.dropFirst().map { "    \($0)\n" }.joined())
    }

    private func mark(for level: Logger.Level, _ state: StepState?) -> String {
        switch (level, state) {
        case (.error, _), (.critical, _): colour("✗", 31)
        case (.warning, _): colour("!", 33)
        case (_, .started): "…"
        case (_, .done): colour("✓", 32)
        case (_, .unchanged): dim("✓")
        default: " "
        }
    }

    private func colour(_ text: String, _ code: Int) -> String {
        colours ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    private func dim(_ text: String) -> String { text.isEmpty ? "" : colour(text, 2) }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}

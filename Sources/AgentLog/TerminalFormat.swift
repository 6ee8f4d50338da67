import Logging

/// One line for each step, which changes while the step is under way: a mark, the step, its work, its time.
struct TerminalFormat: RecordFormat {
    /// Whether to use colours: not where the environment has `NO_COLOR` (no-color.org).
    let colours: Bool

    /// Steps with nothing to do are shown too: a person is watching.
    var level: Logger.Level { .debug }

    func text(of record: LogRecord) -> String {
        let (first, rest) = record.lines
        let head = record.step.map { $0.padded(to: 14) + "  " } ?? ""
        let seconds = record.seconds.map { "  \($0) s" } ?? ""
        let line = "\(mark(for: record.level, record.state)) \(head)\(first)\(dim(seconds))"
        // A step under way has no line end: the next output takes its place.
        let end = record.state == .started ? "" : "\n"
        return "\r\u{1B}[K" + line + end + rest.map { "    \($0)\n" }.joined()
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

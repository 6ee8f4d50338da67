import Logging

/// One event of the log: a step, how far the step is, and what there is to say.
struct LogRecord {
    let level: Logger.Level
    /// The step: "packages", "postfix".
    let step: String?
    let state: StepState?
    /// The step's duration, in seconds.
    let seconds: String?
    let message: String

    /// The message's first line, and the further ones, such as a program's last words.
    var lines: (first: Substring, rest: ArraySlice<Substring>) {
        let lines = message.split(separator: "\n", omittingEmptySubsequences: false)
        return (lines.first ?? "", lines.dropFirst())
    }

    /// The first line with the step before it and the time after it, as in `packages: install postfix (12.3 s)`; the further
    /// lines are indented under it.
    var plainLines: [String] {
        let (first, rest) = lines
        let head = step.map { "\($0): " } ?? ""
        let tail = seconds.map { " (\($0) s)" } ?? ""
        return ["\(head)\(first)\(tail)"] + rest.map { "    \($0)" }
    }
}

/// The progress of a step.
enum StepState: String {
    /// Under way.
    case started
    /// Over, with something done.
    case done
    /// Over, with nothing to do.
    case unchanged
    case failed
}

/// A way to write an event.
protocol RecordFormat: Sendable {
    /// The least level that is written.
    var level: Logger.Level { get }

    func text(of record: LogRecord) -> String
}

extension RecordFormat {
    var level: Logger.Level { .info }
}

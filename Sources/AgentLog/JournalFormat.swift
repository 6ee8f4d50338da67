import Logging

/// The format for the journal, which adds the time and the program's name: each line begins with its priority, as
/// sd-daemon(3) has it, and journald takes that away.
struct JournalFormat: RecordFormat {
    func text(of record: LogRecord) -> String {
        record.plainLines.map { "<\(priority(of: record.level))>\($0)\n" }.joined()
    }

    /// The priority as syslog(3) numbers it.
    private func priority(of level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}

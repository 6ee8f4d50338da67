import Logging

/// For the journal, which has the time and the program's name already: each line begins with its priority, as
/// sd-daemon(3) has it, and journald takes that away.
struct JournalFormat: RecordFormat {
    func text(of record: LogRecord) -> String {
        record.plainLines.map { "<\(priority(of: record.level))>\($0)\n" }.joined()
    }

    /// As syslog(3) numbers them.
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

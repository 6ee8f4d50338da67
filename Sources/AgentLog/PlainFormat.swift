import Logging
import Vocabulary

/// One line an event: `2026-11-23T22:36:54Z smtp-relay-agent: packages: install postfix (12.3 s)`.
struct PlainFormat: RecordFormat {
    func text(of record: LogRecord) -> String {
        let level =
            switch record.level {
            case .warning: "warning: "
            case .error, .critical: "error: "
            default: ""
            }
        let lines = record.plainLines
        let first = "\(Timestamp.now) smtp-relay-agent: \(level)\(lines[0])"
        return ([first] + lines.dropFirst()).map { "\($0)\n" }.joined()
    }
}

package import Logging

/// For the journal, which has the time and the program's name already: each line begins with its priority, as
/// sd-daemon(3) has it, and journald takes that away.
package struct JournalLogHandler: LogHandler {
    package var logLevel = Logger.Level.info
    package var metadata: Logger.Metadata = [:]
    private let sink: any LogSink

    package init(sink: any LogSink) {
        self.sink = sink
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }
        let step = fields[StepMetadata.step].map { "\($0): " } ?? ""
        let seconds = fields[StepMetadata.seconds].map { " (\($0) s)" } ?? ""
        let lines = "\(event.message)".split(separator: "\n", omittingEmptySubsequences: false)
        let texts = ["\(step)\(lines.first ?? "")\(seconds)"] + lines.dropFirst().map { "    \($0)" }
        sink.write(texts.map { "<\(priority(of: event.level))>\($0)\n" }.joined())
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

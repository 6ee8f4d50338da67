package import Logging

/// One line an event: `2026-11-23T22:36:54Z smtp-relay-agent: packages: install postfix (12.3 s)`.
///
/// The further lines of a message, such as a program's last words, are indented under it.
package struct PlainLogHandler: LogHandler {
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
        let level =
            switch event.level {
            case .warning: "warning: "
            case .error, .critical: "error: "
            default: ""
            }
        let step = fields[StepMetadata.step].map { "\($0): " } ?? ""
        let seconds = fields[StepMetadata.seconds].map { " (\($0) s)" } ?? ""
        let lines = "\(event.message)".split(separator: "\n", omittingEmptySubsequences: false)
        let first = "\(Timestamp.now) smtp-relay-agent: \(level)\(step)\(lines.first ?? "")\(seconds)\n"
        sink.write(first + lines.dropFirst().map { "    \($0)\n" }.joined())
    }
}

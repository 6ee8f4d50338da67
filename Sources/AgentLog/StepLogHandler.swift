import Logging
import Vocabulary

/// Writes each event to a sink, in a format.
struct StepLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    private let format: any RecordFormat
    private let sink: any LogSink
    private let listener: (any AgentLogListener)?

    init(_ format: any RecordFormat, sink: any LogSink, listener: (any AgentLogListener)? = nil) {
        self.logLevel = format.level
        self.format = format
        self.sink = sink
        self.listener = listener
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }
        func field(_ field: Field) -> String? { fields[field.rawValue].map { "\($0)" } }
        let record = LogRecord(
            level: event.level,
            step: field(.step),
            state: field(.state).flatMap(StepState.init),
            seconds: field(.seconds),
            message: "\(event.message)"
        )
        sink.write(format.text(of: record))
        tell(record)
    }

    /// A person who watches sees more than an operator's log has.
    private func tell(_ record: LogRecord) {
        guard let listener, record.level >= .info else { return }
        let text = record.seconds.map { "\(record.message) (\($0) s)" } ?? record.message
        listener.heard(
            AgentLogEvent(time: Timestamp.seconds, level: record.level.rawValue, step: record.step, text: text)
        )
    }

    /// The names under which an event carries what its step is about.
    enum Field: String {
        case step, seconds, state
    }
}

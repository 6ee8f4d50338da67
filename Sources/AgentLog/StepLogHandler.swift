import Logging

/// Writes each event to a sink, in a format.
struct StepLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    private let format: any RecordFormat
    private let sink: any LogSink

    init(_ format: any RecordFormat, sink: any LogSink) {
        self.logLevel = format.level
        self.format = format
        self.sink = sink
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
    }

    /// The names under which an event carries what its step is about.
    enum Field: String {
        case step, seconds, state
    }
}

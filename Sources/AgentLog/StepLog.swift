package import Logging

/// Logs the program's work, step by step, with the time of each.
package struct StepLog: Sendable {
    private let logger: Logger
    /// The notices that are not logged again.
    private let memory: NoticeMemory?

    package init(_ logger: Logger, memory: NoticeMemory? = nil) {
        self.logger = logger
        self.memory = memory
    }

    /// A log in a format.
    ///
    /// - Parameter listener: Gets each event beside the log.
    package init(
        _ format: LogFormat,
        environment: [String: String],
        sink: any LogSink = StandardError(),
        memory: NoticeMemory? = nil,
        listener: (any AgentLogListener)? = nil
    ) {
        let written: any RecordFormat =
            switch format {
            case .auto where StandardError.isTerminal && environment["TERM"] != "dumb", .terminal:
                TerminalFormat(colours: (environment["NO_COLOR"] ?? "").isEmpty)
            case .auto where StandardError.isJournal, .journal: JournalFormat()
            case .auto, .plain: PlainFormat()
            case .json: JSONFormat()
            }
        let handler = StepLogHandler(written, sink: sink, listener: listener)
        self.init(Logger(label: "smtp-relay-agent", factory: { _ in handler }), memory: memory)
    }

    package func started(_ step: String, _ what: String) {
        log(.debug, what, step, .started, nil)
    }

    package func done(_ step: String, _ what: String, after duration: Duration) {
        log(.info, what, step, .done, duration)
    }

    /// Something was read, with nothing changed by it: shown where a person watches.
    package func gathered(_ step: String, _ what: String, after duration: Duration) {
        log(.debug, what, step, .unchanged, duration)
    }

    package func unchanged(_ step: String, after duration: Duration) {
        log(.debug, "as it should be", step, .unchanged, duration)
    }

    /// Something that does not stop the work, but that an operator should know.
    package func warning(_ step: String, _ what: String) {
        if isNews(step, what) { log(.warning, what, step, nil, nil) }
    }

    /// Something that an operator may want to know.
    package func notice(_ step: String, _ what: String) {
        if isNews(step, what) { log(.info, what, step, nil, nil) }
    }

    package func failed(_ step: String?, _ what: String) {
        if isNews(step ?? "", what) { log(.error, what, step, .failed, nil) }
    }

    /// Ends a resident agent's pass: a text that it did not log is over.
    package func passEnded() { memory?.passEnded() }

    private func isNews(_ step: String, _ what: String) -> Bool { memory?.isNews(step, what) ?? true }

    /// The last line of a command.
    package func summary(_ what: String) {
        log(.info, what, nil, nil, nil)
    }

    private func log(_ level: Logger.Level, _ what: String, _ step: String?, _ state: StepState?, _ time: Duration?) {
        var metadata: Logger.Metadata = [:]
        func set(_ field: StepLogHandler.Field, _ value: String?) {
            if let value { metadata[field.rawValue] = "\(value)" }
        }
        set(.step, step)
        set(.state, state?.rawValue)
        set(.seconds, time?.inHundredths)
        logger.log(level: level, "\(what)", metadata: metadata)
    }
}

extension Duration {
    /// Seconds with two digits after the point.
    package var inHundredths: String {
        let hundredths = components.seconds * 100 + components.attoseconds / 10_000_000_000_000_000
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
    }
}

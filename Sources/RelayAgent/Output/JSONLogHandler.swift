package import Logging

/// One JSON object a line: `time`, `level`, `message`, and what the event carries.
package struct JSONLogHandler: LogHandler {
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
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        var members = [
            ("time", "\(Timestamp.now)".jsonQuoted),
            ("level", event.level.rawValue.jsonQuoted),
            ("message", "\(event.message)".jsonQuoted),
        ]
        for (key, value) in fields {
            let text = "\(value)"
            members.append((key, key == StepMetadata.seconds ? text : text.jsonQuoted))
        }
        sink.write("{" + members.map { "\($0.jsonQuoted):\($1)" }.joined(separator: ",") + "}\n")
    }
}

extension String {
    /// The text as a JSON string (RFC 8259, section 7).
    fileprivate var jsonQuoted: String {
        var result = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

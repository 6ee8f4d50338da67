import Logging
import Vocabulary

/// One JSON object a line: `time`, `level`, `message`, and the fields of the event.
struct JSONFormat: RecordFormat {
    func text(of record: LogRecord) -> String {
        let members = [
            ("time", "\(Timestamp.now)".quotedAsJSON),
            ("level", record.level.rawValue.quotedAsJSON),
            ("message", record.message.quotedAsJSON),
            // A number, as programs add these up.
            ("seconds", record.seconds),
            ("state", record.state?.rawValue.quotedAsJSON),
            ("step", record.step?.quotedAsJSON),
        ]
        let texts = members.compactMap { name, value in value.map { "\(name.quotedAsJSON):\($0)" } }
        return "{" + texts.joined(separator: ",") + "}\n"
    }
}

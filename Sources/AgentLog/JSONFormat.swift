import Logging
import Vocabulary

/// One JSON object a line: `time`, `level`, `message`, and the fields of the event.
struct JSONFormat: RecordFormat {
    func text(of record: LogRecord) -> String {
        let members = [
            ("time", "\(Timestamp.now)".jsonQuoted),
            ("level", record.level.rawValue.jsonQuoted),
            ("message", record.message.jsonQuoted),
            // A number, as programs add these up.
            ("seconds", record.seconds),
            ("state", record.state?.rawValue.jsonQuoted),
            ("step", record.step?.jsonQuoted),
        ]
        let texts = members.compactMap { name, value in value.map { "\(name.jsonQuoted):\($0)" } }
        return "{" + texts.joined(separator: ",") + "}\n"
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

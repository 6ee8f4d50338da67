import AWS

/// The form of a file of events: on each line the milliseconds since 1970, a blank, and the message.
enum SpoolFile {
    static func bytes(of events: [LogEvent]) -> [UInt8] {
        var bytes: [UInt8] = []
        for event in events {
            bytes += "\(event.time) ".utf8
            // A line break would end the line. JSON has none outside of its texts, where it is escaped.
            bytes += event.message.utf8.lazy.map { $0 == newline ? blank : $0 }
            bytes.append(newline)
        }
        return bytes
    }

    /// Lines of another form are left out.
    static func events(in bytes: [UInt8]) -> [LogEvent] {
        bytes.split(separator: newline).compactMap { line in
            guard let end = line.firstIndex(of: blank), let time = Int(String(decoding: line[..<end], as: UTF8.self))
            else { return nil }
            return LogEvent(time: time, message: String(decoding: line[line.index(after: end)...], as: UTF8.self))
        }
    }

    private static let newline = UInt8(ascii: "\n")
    private static let blank = UInt8(ascii: " ")
}

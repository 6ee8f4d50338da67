/// The records of a message in Postfix's queue (Postfix's rec_type.h and record.c): a type, a length of seven bits a byte, and data.
struct QueueFile {
    /// Types of records.
    enum Kind {
        static let attribute = UInt8(ascii: "A")
        static let sender = UInt8(ascii: "S")
        static let recipient = UInt8(ascii: "R")
        static let size = UInt8(ascii: "C")
        static let time = UInt8(ascii: "T")
        /// The message begins; what stands before is the envelope.
        static let content = UInt8(ascii: "M")
        static let end = UInt8(ascii: "E")
        /// The place of the next record; 0 where it is the next one. A milter's changes stand at the end of the file.
        static let pointer = UInt8(ascii: "p")
    }

    struct Record: Equatable {
        let kind: UInt8
        let data: String
    }

    /// The records before the message; of a file that is cut short, those that are whole.
    let envelope: [Record]
    /// Whether the end of the envelope was found.
    let isWhole: Bool

    /// When the message came, in seconds since 1970.
    var arrival: Int? {
        let time = envelope.first { $0.kind == Kind.time }
        return time?.data.split(separator: " ").first.flatMap { Int($0) }
    }

    init(_ bytes: [UInt8]) {
        var records: [Record] = []
        var position = 0
        var jumps = 0
        var isWhole = false
        while let (record, next) = Self.record(bytes, at: position) {
            position = next
            if record.kind == Kind.pointer {
                let target = Int(record.data.drop { $0 == " " }.prefix { $0.isNumber }) ?? 0
                guard target != 0 else { continue }
                jumps += 1
                guard target < bytes.count, jumps < Self.mostJumps else { break }
                position = target
                continue
            }
            if record.kind == Kind.content || record.kind == Kind.end {
                isWhole = true
                break
            }
            records.append(record)
        }
        self.envelope = records
        self.isWhole = isWhole
    }

    /// A file is no maze.
    private static let mostJumps = 10_000

    /// The record at a place, and the place behind it.
    private static func record(_ bytes: [UInt8], at start: Int) -> (Record, Int)? {
        var position = start + 1
        guard start < bytes.count else { return nil }
        var length = 0
        var shift = 0
        while true {
            guard position < bytes.count, shift < 28 else { return nil }
            let byte = bytes[position]
            length |= Int(byte & 0x7F) << shift
            position += 1
            shift += 7
            if byte & 0x80 == 0 { break }
        }
        guard position + length <= bytes.count else { return nil }
        let data = String(decoding: bytes[position..<position + length], as: UTF8.self)
        return (Record(kind: bytes[start], data: data), position + length)
    }
}

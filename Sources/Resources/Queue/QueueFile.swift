/// The records of a message in Postfix's queue (Postfix's rec_type.h and record.c): a type, a length of seven bits a byte, and data.
///
/// The envelope stands before the message. Recipients that Postfix took from the message's header, or added, stand behind it,
/// and a milter's changes at the end of the file.
struct QueueFile {
    /// Types of records.
    enum Kind {
        static let attribute = UInt8(ascii: "A")
        static let sender = UInt8(ascii: "S")
        static let recipient = UInt8(ascii: "R")
        /// The message's size, the place of its first record, and more.
        static let size = UInt8(ascii: "C")
        static let time = UInt8(ascii: "T")
        /// The message begins.
        static let content = UInt8(ascii: "M")
        static let end = UInt8(ascii: "E")
        /// The place of the next record; 0 where it is the next one.
        static let pointer = UInt8(ascii: "p")
    }

    struct Record: Equatable {
        let kind: UInt8
        let data: String
    }

    /// The records but for the message's; of a file that is cut short, those that are whole.
    private(set) var envelope: [Record] = []

    /// When the message came, in seconds since 1970.
    var arrival: Int? { numbers(of: Kind.time).first }
    /// Bytes.
    var size: Int? { numbers(of: Kind.size).first }

    /// - Parameter bytes: Some bytes of the file from a place on, and none where it ends.
    init(_ bytes: (Int) -> [UInt8]) {
        var window = Window(start: 0, bytes: bytes(0))
        var position = 0
        var jumps = 0
        func jump(to place: Int) -> Bool {
            jumps += 1
            position = place
            return jumps < Self.mostJumps
        }
        while true {
            var found = window.record(at: position)
            if found == nil {
                window = Window(start: position, bytes: bytes(position))
                found = window.record(at: position)
            }
            guard let (record, next) = found else { return }
            position = next
            switch record.kind {
            case Kind.pointer:
                let target = Self.numbers(record.data).first ?? 0
                if target > 0, !jump(to: target) { return }
            case Kind.content:
                // The records of the message itself are passed over.
                let sizes = numbers(of: Kind.size)
                guard sizes.count > 1, sizes[0] >= 0, sizes[1] >= position, sizes[0] < Self.largest,
                    jump(to: sizes[1] + sizes[0])
                else { return }
            case Kind.end: return
            default: envelope.append(record)
            }
        }
    }

    /// The records of bytes that are a whole file, or its beginning.
    init(_ bytes: [UInt8]) { self.init { Array(bytes.dropFirst($0)) } }

    /// A file is no maze.
    private static let mostJumps = 10_000
    /// Bytes.
    private static let largest = 1 << 40

    private func numbers(of kind: UInt8) -> [Int] {
        envelope.first { $0.kind == kind }.map { Self.numbers($0.data) } ?? []
    }

    private static func numbers(_ data: String) -> [Int] { data.split(separator: " ").prefix(2).compactMap { Int($0) } }

    /// A part of a file.
    private struct Window {
        let start: Int
        let bytes: [UInt8]

        /// The record at a place, and the place behind it; `nil` where it is not here, or not whole.
        func record(at place: Int) -> (Record, Int)? {
            var position = place - start
            guard position >= 0, position < bytes.count else { return nil }
            let kind = bytes[position]
            var (length, shift) = (0, 0)
            repeat {
                position += 1
                guard position < bytes.count, shift < 28 else { return nil }
                length |= Int(bytes[position] & 0x7F) << shift
                shift += 7
            } while bytes[position] & 0x80 != 0
            position += 1
            guard position + length <= bytes.count else { return nil }
            let data = String(decoding: bytes[position..<position + length], as: UTF8.self)
            return (Record(kind: kind, data: data), start + position + length)
        }
    }
}

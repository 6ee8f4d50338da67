/// A header field as it was received: the name without the colon, and all that follows the colon, without the last line
/// end. Both are bytes: SMTPUTF8 and old programs put any into headers.
package struct HeaderField: Sendable, Hashable {
    package let name: [UInt8]
    package let value: [UInt8]

    package init(name: [UInt8], value: [UInt8]) {
        self.name = name
        self.value = value
    }

    package init(_ name: String, _ value: String) {
        self.init(name: Array(name.utf8), value: Array(value.utf8))
    }

    /// The name as it is compared: in lower case, without white space before the colon.
    package var key: String {
        String(decoding: Self.trimmed(name.map(\.lowercased)), as: UTF8.self)
    }

    /// The field in its canonical form, with the final CRLF.
    package func canonical(_ form: Canonicalization) -> [UInt8] {
        switch form {
        case .simple:
            name + [.colon] + Self.withStandardLineEnds(value) + [.carriageReturn, .lineFeed]
        case .relaxed:
            Self.trimmed(name.map(\.lowercased)) + [.colon] + Self.relaxed(value) + [.carriageReturn, .lineFeed]
        }
    }

    /// Unfolds the value, and makes each run of white space one space, without those at both ends (section 3.4.2).
    ///
    /// Postfix hands folds over as a bare LF, and sends CRLF; both are removed. A bare CR stays.
    static func relaxed(_ value: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(value.count)
        var hasPendingSpace = false
        for byte in withoutLineEnds(value) {
            if byte.isBlank {
                hasPendingSpace = true
            } else {
                if hasPendingSpace, !result.isEmpty { result.append(.space) }
                hasPendingSpace = false
                result.append(byte)
            }
        }
        return result
    }

    private static func withoutLineEnds(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        for byte in bytes {
            if byte == .lineFeed {
                if result.last == .carriageReturn { result.removeLast() }
            } else {
                result.append(byte)
            }
        }
        return result
    }

    private static func withStandardLineEnds(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        for byte in bytes {
            if byte == .lineFeed, result.last != .carriageReturn { result.append(.carriageReturn) }
            result.append(byte)
        }
        return result
    }

    private static func trimmed(_ bytes: [UInt8]) -> [UInt8] {
        Array(bytes.drop { $0.isBlank }.reversed().drop { $0.isBlank }.reversed())
    }
}

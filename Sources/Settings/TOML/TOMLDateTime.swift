import Vocabulary

/// A date, a time, or both. No setting has one, so only its validity is checked, and its text is kept.
struct TOMLDateTime: Sendable, Equatable {
    enum Kind: Sendable { case offsetDateTime, localDateTime, localDate, localTime }

    let kind: Kind
    /// As in RFC 3339, with `T` and `Z` in capital letters.
    let text: String

    /// - Returns: `nil` where the word does not have the form of one, or names a day or an hour that does not exist.
    init?(_ word: [UInt8]) {
        var rest = word[...]
        let hasDate = Self.skipDate(&rest)
        if hasDate, !rest.isEmpty {
            guard let separator = rest.popFirst(), "Tt ".utf8.contains(separator) else { return nil }
        } else if hasDate {
            (kind, text) = (.localDate, String(decoding: word, as: UTF8.self))
            return
        }
        guard Self.skipTime(&rest) else { return nil }
        let isLocal = rest.isEmpty
        guard isLocal || hasDate && Self.skipOffset(&rest), rest.isEmpty else { return nil }
        kind = !hasDate ? .localTime : isLocal ? .localDateTime : .offsetDateTime
        text = String(decoding: word, as: UTF8.self).uppercased().replacing(" ", with: "T")
    }

    /// Whether a word is a date alone, so that a time may follow after a blank.
    static func isDate(_ word: [UInt8]) -> Bool {
        var rest = word[...]
        return skipDate(&rest) && rest.isEmpty
    }

    private static func skipDate(_ rest: inout ArraySlice<UInt8>) -> Bool {
        var copy = rest
        guard let year = number(&copy, digits: 4), skip("-", &copy),
            let month = number(&copy, digits: 2), (1...12).contains(month), skip("-", &copy),
            let day = number(&copy, digits: 2), day >= 1, day <= days(in: month, of: year)
        else { return false }
        rest = copy
        return true
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// The second 60 is a leap second (RFC 3339, 5.7).
    private static func skipTime(_ rest: inout ArraySlice<UInt8>) -> Bool {
        guard skipClock(&rest), skip(":", &rest), let second = number(&rest, digits: 2), second <= 60 else {
            return false
        }
        guard skip(".", &rest) else { return true }
        let fraction = rest.prefix(while: \.isDigit)
        rest = rest.dropFirst(fraction.count)
        return !fraction.isEmpty
    }

    private static func skipOffset(_ rest: inout ArraySlice<UInt8>) -> Bool {
        skip("Z", &rest) || skip("z", &rest) || (skip("+", &rest) || skip("-", &rest)) && skipClock(&rest)
    }

    private static func skipClock(_ rest: inout ArraySlice<UInt8>) -> Bool {
        guard let hour = number(&rest, digits: 2), hour < 24, skip(":", &rest),
            let minute = number(&rest, digits: 2), minute < 60
        else { return false }
        return true
    }

    private static func skip(_ character: Unicode.Scalar, _ rest: inout ArraySlice<UInt8>) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    private static func number(_ rest: inout ArraySlice<UInt8>, digits: Int) -> Int? {
        let part = rest.prefix(digits)
        guard part.count == digits, part.allSatisfy(\.isDigit) else { return nil }
        rest = rest.dropFirst(digits)
        return part.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
}

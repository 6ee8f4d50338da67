import Vocabulary

/// A point in time in the forms that AWS's protocols use, by the proleptic Gregorian calendar in UTC.
package struct CivilDate: Sendable, Equatable {
    /// `20150830T123600Z` (ISO 8601, basic).
    package let basic: String
    /// `20150830`.
    package let day: String

    package init(secondsSinceEpoch seconds: Double) {
        let whole = Int(seconds.rounded(.down))
        let days = Self.floorDivided(whole, 86400)
        let rest = whole - days * 86400
        let date = Self.date(ofDay: days)
        let day = Self.padded(date.year, 4) + Self.padded(date.month, 2) + Self.padded(date.day, 2)
        let clock = [rest / 3600, rest / 60 % 60, rest % 60].map { Self.padded($0, 2) }.joined()
        self.day = day
        self.basic = "\(day)T\(clock)Z"
    }

    /// Reads `2015-08-30T12:36:00Z`, with or without a fraction, which is dropped, as metadata and XML answers have it.
    ///
    /// - Returns: Seconds since 1970; `nil` for any other form.
    package static func seconds(iso8601 text: String) -> Double? {
        guard text.hasSuffix("Z") else { return nil }
        let halves = text.dropLast().split(separator: "T", omittingEmptySubsequences: false)
        guard halves.count == 2 else { return nil }
        let date = halves[0].split(separator: "-", omittingEmptySubsequences: false)
        let clock = halves[1].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard date.count == 3, let year = number(date[0], digits: 4), let month = number(date[1], digits: 2),
            let day = number(date[2], digits: 2)
        else { return nil }
        if clock.count == 2, clock[1].isEmpty || !clock[1].utf8.allSatisfy(\.isDigit) { return nil }
        return seconds(year: year, month: month, day: day, clock: clock[0])
    }

    /// Reads `Sun, 30 Aug 2015 12:36:00 GMT`, as HTTP's Date header has it (RFC 9110, section 5.6.7).
    ///
    /// - Returns: Seconds since 1970; `nil` for any other form.
    package static func seconds(httpDate text: String) -> Double? {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 6, words[5] == "GMT", let day = number(words[1], digits: 2),
            let month = EnglishMonth.abbreviations.firstIndex(of: words[2]), let year = number(words[3], digits: 4)
        else { return nil }
        return seconds(year: year, month: month + 1, day: day, clock: words[4])
    }

    private static func seconds(year: Int, month: Int, day: Int, clock: Substring) -> Double? {
        let parts = clock.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, let hour = number(parts[0], digits: 2), let minute = number(parts[1], digits: 2),
            let second = number(parts[2], digits: 2),
            // 60 is a leap second.
            (1...12).contains(month), hour < 24, minute < 60, second <= 60
        else { return nil }
        let days = dayNumber(year: year, month: month, day: day)
        guard date(ofDay: days) == (year, month, day) else { return nil }
        return Double(days * 86400 + hour * 3600 + minute * 60 + second)
    }

    /// Days since 1970-01-01. The year begins in March here, so that the leap day is its last
    /// (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    private static func dayNumber(year: Int, month: Int, day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = floorDivided(year, 400)
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func date(ofDay number: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = number + 719_468
        let era = floorDivided(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func floorDivided(_ number: Int, _ divisor: Int) -> Int {
        (number >= 0 ? number : number - divisor + 1) / divisor
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    private static func number(_ text: Substring, digits: Int) -> Int? {
        text.utf8.count == digits && text.utf8.allSatisfy(\.isDigit) ? Int(text) : nil
    }
}

import Glibc

/// A point in time in the forms that AWS's protocols use.
package struct CivilDate: Sendable, Equatable {
    /// `20150830T123600Z` (ISO 8601, basic).
    package let basic: String
    /// `20150830`.
    package let day: String

    package init(secondsSinceEpoch seconds: Double) {
        var time = time_t(seconds.rounded(.down))
        var parts = tm()
        gmtime_r(&time, &parts)
        let day = [parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday].map(Self.twoDigits).joined()
        let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map(Self.twoDigits).joined()
        self.day = day
        self.basic = "\(day)T\(clock)Z"
    }

    /// Reads `2015-08-30T12:36:00Z`, with or without a fraction, as metadata and XML answers have it.
    ///
    /// - Returns: Seconds since 1970; `nil` for any other form.
    package static func seconds(iso8601 text: String) -> Double? {
        let numbers = text.prefix(19).split { !$0.isASCII || !$0.isNumber }.compactMap { Int32($0) }
        guard text.utf8.count >= 19, numbers.count == 6 else { return nil }
        return seconds(numbers[0], numbers[1], numbers[2], clock: numbers[3...])
    }

    /// Reads `Sun, 30 Aug 2015 12:36:00 GMT`, as HTTP's Date header has it (RFC 9110, section 5.6.7).
    ///
    /// - Returns: Seconds since 1970; `nil` for any other form.
    package static func seconds(httpDate text: String) -> Double? {
        let words = text.split(separator: " ")
        guard words.count == 6, let day = Int32(words[1]), let year = Int32(words[3]),
            let month = months.firstIndex(of: words[2])
        else { return nil }
        let clock = words[4].split(separator: ":").compactMap { Int32($0) }
        guard clock.count == 3 else { return nil }
        return seconds(year, Int32(month) + 1, day, clock: clock[...])
    }

    private static let months: [Substring] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func seconds(_ year: Int32, _ month: Int32, _ day: Int32, clock: ArraySlice<Int32>) -> Double {
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (year - 1900, month - 1, day)
        let clock = Array(clock)
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (clock[0], clock[1], clock[2])
        return Double(timegm(&parts))
    }

    private static func twoDigits(_ number: Int32) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}

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
        parse(text, "%Y-%m-%dT%H:%M:%S")
    }

    /// Reads `Sun, 30 Aug 2015 12:36:00 GMT`, as HTTP's Date header has it (RFC 9110, section 5.6.7).
    ///
    /// - Returns: Seconds since 1970; `nil` for any other form.
    package static func seconds(httpDate text: String) -> Double? {
        parse(text, "%a, %d %b %Y %H:%M:%S")
    }

    private static func parse(_ text: String, _ format: String) -> Double? {
        var parts = tm()
        guard strptime(text, format, &parts) != nil else { return nil }
        return Double(timegm(&parts))
    }

    private static func twoDigits(_ number: Int32) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}

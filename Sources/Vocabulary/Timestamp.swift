import Glibc

/// A point in time as RFC 3339 writes it, in UTC.
package struct Timestamp: CustomStringConvertible {
    package let description: String

    /// - Parameter seconds: Since 1970.
    package init(secondsSinceEpoch seconds: Int) {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        let date = [Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday)]
        let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map(Int.init)
        self.description =
            date.map(Self.twoDigits).joined(separator: "-") + "T" + clock.map(Self.twoDigits).joined(separator: ":")
            + "Z"
    }

    package static var now: Timestamp { Timestamp(secondsSinceEpoch: seconds) }

    /// Seconds since 1970.
    package static var seconds: Int { Int(time(nil)) }

    private static func twoDigits(_ number: Int) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}

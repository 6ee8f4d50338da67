import Glibc
import Vocabulary

/// The time that a line of syslog's begins with: `2026-11-24T11:31:19.123456+01:00` (RFC 3339), or `Nov 24 11:31:19`, of
/// this year or, before it has come, the last one, in the host's own zone.
package enum SyslogTime {
    /// Seconds since 1970; `nil` where the line begins with neither.
    package static func seconds(of line: Substring, now: Int) -> Int? {
        line.first?.isNumber == true ? seconds(rfc3339: line.prefix { $0 != " " }) : seconds(ofMonth: line, now: now)
    }

    private static func seconds(rfc3339 text: Substring) -> Int? {
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int32? {
            guard range.upperBound <= bytes.count, bytes[range].allSatisfy(\.isDigit) else { return nil }
            return bytes[range].reduce(0) { $0 * 10 + Int32($1 - 0x30) }
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19), bytes[4] == 0x2D, bytes[7] == 0x2D,
            [0x54, 0x74].contains(bytes[10]), bytes[13] == 0x3A, bytes[16] == 0x3A, (1970...9999).contains(year),
            (1...12).contains(month), (1...31).contains(day), (0...23).contains(hour), (0...59).contains(minute),
            (0...60).contains(second)
        else { return nil }
        // A fraction of a second may stand between the time and the zone.
        let zone = text.utf8.dropFirst(19).drop { $0 == 0x2E || $0.isDigit }
        var offset = 0
        if zone.first == 0x2B || zone.first == 0x2D {
            let start = bytes.count - zone.count
            guard let hours = number(start + 1..<start + 3), let minutes = number(start + 4..<start + 6), hours <= 23,
                minutes <= 59
            else { return nil }
            offset = Int(hours * 3600 + minutes * 60) * (zone.first == 0x2B ? 1 : -1)
        } else if zone.first != 0x5A, zone.first != 0x7A {
            return nil
        }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (year - 1900, month - 1, day)
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (hour, minute, second)
        return Int(timegm(&parts)) - offset
    }

    private static func seconds(ofMonth line: Substring, now: Int) -> Int? {
        var time = time_t(now)
        var parts = tm()
        localtime_r(&time, &parts)
        let words = line.split(separator: " ", maxSplits: 3)
        guard words.count > 2, let month = EnglishMonth.abbreviations.firstIndex(of: words[0]),
            let day = Int32(words[1])
        else { return nil }
        let clock = words[2].split(separator: ":").compactMap { Int32($0) }
        guard clock.count == 3, (1...31).contains(day), (0...23).contains(clock[0]), (0...59).contains(clock[1]),
            (0...60).contains(clock[2])
        else { return nil }
        var read = parts
        (read.tm_mon, read.tm_mday) = (Int32(month), day)
        (read.tm_hour, read.tm_min, read.tm_sec, read.tm_isdst) = (clock[0], clock[1], clock[2], -1)
        let seconds = Int(mktime(&read))
        // A day is more than any clock's slip.
        guard seconds > now + 86400 else { return seconds }
        read.tm_year -= 1
        read.tm_isdst = -1
        return Int(mktime(&read))
    }
}

import RelayTestSupport
import Testing

@testable import MailLogs

struct SyslogTimeFuzzTests {
    @Test func aLineOfAFileHasATimeOrNone() async throws {
        // 24 November 2026, in UTC.
        let now = 1_795_521_600
        await fuzz(300) { chance in
            let samples = ["Nov 24 11:31:19 r1 x", "Dec  1 00:00:00 r1 x", "2026-11-24T11:31:19.123+01:00 r1 x"]
            let line = Substring(chance.mutation(of: samples))
            // A day more than now is of last year, where no year is named.
            guard line.first?.isNumber != true else {
                #expect(SyslogTime.seconds(of: line, now: now).map { $0 >= -86400 } ?? true, "\(chance) \(line)")
                return
            }
            #expect(SyslogTime.seconds(of: line, now: now).map { $0 <= now + 86400 } ?? true, "\(chance) \(line)")
        }
    }
}

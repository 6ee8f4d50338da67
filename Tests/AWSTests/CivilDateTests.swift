import AWS
import Testing

@Suite struct CivilDateTests {
    @Test(arguments: [
        (0, "19700101T000000Z"),
        (1_440_938_160, "20150830T123600Z"),
        (1_709_164_800, "20240229T000000Z"),
        (1_709_251_199, "20240229T235959Z"),
        (951_782_400, "20000229T000000Z"),
        (4_107_542_400, "21000301T000000Z"),
        (1_735_689_599.999, "20241231T235959Z"),
        (-1, "19691231T235959Z"),
    ])
    func writesDates(seconds: Double, expected: String) {
        let date = CivilDate(secondsSinceEpoch: seconds)
        #expect(date.basic == expected)
        #expect(date.day == String(expected.prefix(8)))
    }

    @Test func readsWhatItWritesForFourCenturies() {
        for day in stride(from: 0.0, to: 146_097, by: 97) {
            let seconds = day * 86400 + 3723
            let text = CivilDate(secondsSinceEpoch: seconds).basic
            let parts = [0..<4, 4..<6, 6..<8].map { String(Array(text)[$0]) }.joined(separator: "-")
            #expect(CivilDate.seconds(iso8601: "\(parts)T01:02:03Z") == seconds)
        }
    }

    @Test(arguments: [
        ("2015-08-30T12:36:00Z", 1_440_938_160.0), ("2015-08-30T12:36:00.987Z", 1_440_938_160),
        ("2016-12-31T23:59:60Z", 1_483_228_800),
        ("2015-08-30T12:36:00", nil), ("2015-08-30 12:36:00Z", nil), ("2015-8-30T12:36:00Z", nil),
        ("2015-02-29T00:00:00Z", nil), ("2015-13-01T00:00:00Z", nil), ("2015-00-01T00:00:00Z", nil),
        ("2015-08-30T24:00:00Z", nil), ("2015-08-30T12:60:00Z", nil), ("2015-08-30T12:36:00.Z", nil),
        ("2015-08-30T12:36:00+02:00", nil), ("", nil), ("Z", nil), ("TZ", nil),
    ])
    func readsISODates(text: String, expected: Double?) {
        #expect(CivilDate.seconds(iso8601: text) == expected)
    }

    @Test(arguments: [
        ("Sun, 30 Aug 2015 12:36:00 GMT", 1_440_938_160.0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Sunday, 30-Aug-15 12:36:00 GMT", nil), ("Sun, 30 Aug 2015 12:36:00 CET", nil),
        ("Sun, 31 Feb 2015 12:36:00 GMT", nil), ("Sun, 30 aug 2015 12:36:00 GMT", nil), ("", nil),
    ])
    func readsHTTPDates(text: String, expected: Double?) {
        #expect(CivilDate.seconds(httpDate: text) == expected)
    }
}

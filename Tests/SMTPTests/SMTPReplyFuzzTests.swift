import RelayTestSupport
import Testing

@testable import SMTP

/// Random lines of a server, or of something that is none.
struct SMTPReplyFuzzTests {
    @Test func aReplyHasACodeAndBoundedLinesOrIsNone() async {
        var replies = 0
        await fuzz(800) { chance in
            var parser = SMTPReplyParser()
            let text = chance.mutation(of: Self.replies)
            var taken = 0
            for line in text.split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init) {
                do throws(SMTPSyntaxError) {
                    taken += 1
                    guard let reply = try parser.take(line) else { continue }
                    replies += 1
                    #expect((0...999).contains(reply.code), "\(chance)")
                    #expect(reply.lines.count == taken && taken <= 100, "\(chance)")
                    #expect(
                        line.hasPrefix("\(String(repeating: "0", count: 3 - "\(reply.code)".count))\(reply.code)"),
                        "\(chance)"
                    )
                    taken = 0
                } catch {
                    #expect(error.line == line, "\(chance)")
                    break
                }
            }
        }
        #expect(replies > 0)
    }

    private static let replies = [
        "220 relay.example ESMTP\r\n", "250-relay.example\r\n250-SIZE 10240000\r\n250 8BITMIME\r\n", "250\r\n",
        "554 5.7.1 <a@b>: Relay access denied\r\n", "HTTP/1.1 400 Bad Request\r\n",
        String(repeating: "250-x\r\n", count: 120),
    ]
}

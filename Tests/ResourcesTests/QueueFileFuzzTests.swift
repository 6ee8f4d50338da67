import Host
import RelayTestSupport
import Resources
import SystemPackage
import Testing

/// Postfix's queue files, of which one may be cut off, or be anything.
struct QueueFileFuzzTests {
    @Test func everyFileIsCountedWhateverIsInIt() async throws {
        let whole = Array("C\u{5}12345T\u{11}1700000000 123456A\u{1}xS\u{3}a@b".utf8)
        try await withTemporaryRoot { files in
            try files.createDirectory("/var/spool/postfix/deferred/A")
            try await fuzz(60) { chance in
                let bytes = chance.mutation(of: [
                    whole, [], Array("T\u{1}1".utf8), Array("T\u{0}".utf8), [0x54, 0xFF, 0x31],
                ])
                try files.put(bytes, at: "/var/spool/postfix/deferred/A/A0123456789")
                let counts = try PostfixQueue(files: files).counts()
                #expect(counts.deferred == 1 && counts.waiting == 1, "\(chance)")
                if bytes == whole { #expect(counts.oldestDeferred == 1_700_000_000, "\(chance)") }
            }
        }
    }
}

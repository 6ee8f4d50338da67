import Glibc
import RelayTestSupport
import Testing

@testable import Signer

/// RFC 6376, section 3.4.
struct CanonicalFormTests {
    private func body(_ form: Canonicalization, _ pieces: [[UInt8]]) -> String {
        String(decoding: canonicalBody(form, pieces), as: UTF8.self)
    }

    private func body(_ form: Canonicalization, _ text: String) -> String { body(form, [Array(text.utf8)]) }

    /// Section 3.4.5, examples 1 and 2.
    @Test func theExamplesOfTheRFC() {
        let fields = [HeaderField("A", " X"), HeaderField("B ", " Y\t\r\n\tZ  ")]
        #expect(String(decoding: fields.flatMap { $0.canonical(.relaxed) }, as: UTF8.self) == "a:X\r\nb:Y Z\r\n")
        #expect(
            String(decoding: fields.flatMap { $0.canonical(.simple) }, as: UTF8.self)
                == "A: X\r\nB : Y\t\r\n\tZ  \r\n"
        )
        let text = " C \r\nD \t E\r\n\r\n\r\n"
        #expect(body(.relaxed, text) == " C\r\nD E\r\n")
        #expect(body(.simple, text) == " C \r\nD \t E\r\n")
    }

    /// The hashes that sections 3.4.3 and 3.4.4 give for an empty body.
    @Test(arguments: [
        (Canonicalization.simple, "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY="),
        (.relaxed, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
    ])
    func anEmptyBody(_ form: Canonicalization, _ hash: String) {
        for text in ["", "\r\n", "\r\n\r\n\r\n", "\n", "\n\r\n"] {
            var bodyHash = BodyHash(form)
            bodyHash.update(Array(text.utf8))
            #expect(base64(bodyHash.finish()) == hash, "\(text.debugDescription)")
        }
    }

    @Test(arguments: [
        ("a", "a\r\n"), ("a\r\n", "a\r\n"), ("a\r\n\r\n\r\n", "a\r\n"), ("\r\n\r\na", "\r\n\r\na\r\n"),
        ("a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n"),
        // White space.
        (" ", ""), (" \t\r\n\t\r\n", ""), ("a \t\r\n", "a\r\n"), ("\ta  b\r\n", " a b\r\n"), ("a\r\n \r\n", "a\r\n"),
        ("a\r\n \r\nb", "a\r\n\r\nb\r\n"), ("a ", "a\r\n"), ("a\u{A0}b\u{0B}\u{0C}", "a\u{A0}b\u{0B}\u{0C}\r\n"),
        // A bare LF ends a line, a bare CR is an ordinary byte.
        ("a\nb\n\n", "a\r\nb\r\n"), ("a \n b", "a\r\n b\r\n"), ("a\rb", "a\rb\r\n"), ("a\r", "a\r\r\n"),
        ("a\r\r\nb", "a\r\r\nb\r\n"), ("\r", "\r\r\n"), ("a \rb", "a \rb\r\n"), ("a\r \r\n", "a\r\r\n"),
        ("\r\n\r", "\r\n\r\r\n"),
        ("ü\u{0}\r\n", "ü\u{0}\r\n"),
    ])
    func relaxedBodies(_ text: String, _ canonical: String) {
        #expect(body(.relaxed, text) == canonical)
    }

    @Test(arguments: [
        ("a", "a\r\n"), ("", "\r\n"), ("a \t\r\n", "a \t\r\n"), (" ", " \r\n"), ("a\r\n \r\n", "a\r\n \r\n"),
        ("a\nb", "a\r\nb\r\n"), ("a\r", "a\r\r\n"), ("a\r\n\r\n", "a\r\n"),
    ])
    func simpleBodies(_ text: String, _ canonical: String) {
        #expect(body(.simple, text) == canonical)
    }

    @Test(arguments: Canonicalization.allCases)
    func theCutOfTheBodyDoesNotMatter(_ form: Canonicalization) {
        let text = Array("a \r\n\r\n \t\r\nb\rc\r\r\nd\n\n e  f\t\r\n\r\n\r\n".utf8)
        let whole = canonicalBody(form, [text])
        #expect(canonicalBody(form, text.map { [$0] }) == whole)
        for cut in 0...text.count {
            #expect(canonicalBody(form, [Array(text[..<cut]), [], Array(text[cut...])]) == whole, "\(cut)")
        }
    }

    @Test func aVeryLongLineAndManyEmptyLines() {
        let line = [UInt8](repeating: 0x78, count: 100_000)
        #expect(canonicalBody(.relaxed, [line]) == line + [13, 10])
        let lines = [UInt8](repeating: 0x0A, count: 100_000)
        #expect(canonicalBody(.relaxed, [lines]) == [])
        #expect(canonicalBody(.relaxed, [lines, [0x78]]).count == 200_003)
    }

    @Test(arguments: [
        ("Subject", "no space", "subject:no space"), ("SUBJECT", "  a\t \tb  ", "subject:a b"),
        ("Subject", " a\n\tb\n c", "subject:a b c"), ("Subject", " a\r\n\r\n b", "subject:a b"),
        ("Subject", "", "subject:"), ("Subject", " \t\r\n ", "subject:"), ("Subject", "\n a", "subject:a"),
        ("Subject \t", " a", "subject:a"), ("X:Y", ": a: b", "x:y:: a: b"),
        ("Subject", " Grüße", "subject:Grüße"), ("Subject", " a\rb", "subject:a\rb"),
        ("Subject", " a\nb", "subject:ab"),
    ])
    func relaxedHeaders(_ name: String, _ value: String, _ canonical: String) {
        let bytes = HeaderField(name, value).canonical(.relaxed)
        #expect(String(decoding: bytes, as: UTF8.self) == canonical + "\r\n")
    }

    @Test func bytesThatAreNoTextStayAsTheyAre() {
        let field = HeaderField(name: Array("X".utf8), value: [0x20, 0xFC, 0xFF, 0x20, 0x80])
        #expect(field.canonical(.relaxed) == Array("x:".utf8) + [0xFC, 0xFF, 0x20, 0x80, 13, 10])
        #expect(canonicalBody(.relaxed, [[0xFF, 0xC3], [0x28]]) == [0xFF, 0xC3, 0x28, 13, 10])
    }

    /// 100 MB stream by; the memory does not grow by more than a few of them, whatever other tests do beside.
    @Test func aHundredMegabytesNeedNoMemory() throws {
        let line = "The quick brown fox jumps over the lazy dog. \t Again and again.   \r\n\r\n"
        let piece = Array(String(repeating: line, count: 65536 / line.utf8.count).utf8)
        var hash = BodyHash()
        hash.update(piece)
        let before = try residentBytes()
        for _ in 0..<(100_000_000 / piece.count) { hash.update(piece) }
        #expect(try residentBytes() - before < 50_000_000)
        #expect(hash.finish().count == 32)
    }

    private func residentBytes() throws -> Int {
        let file = try #require(fopen("/proc/self/statm", "r"))
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 200)
        _ = fgets(&line, 200, file)
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let words = text.split(separator: " ")
        return try #require(words.count > 1 ? Int(words[1]) : nil) * sysconf(CInt(_SC_PAGESIZE))
    }
}

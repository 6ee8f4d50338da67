import Testing

@testable import Settings

/// A few cases for each rule of TOML 1.0; `TOMLJudgeTests` has more.
struct TOMLReaderTests {
    private func read(_ toml: String) throws(TOMLError) -> TOMLTable { try TOMLReader.read(Array(toml.utf8)) }

    private func error(_ bytes: [UInt8]) -> String {
        do throws(TOMLError) {
            let table = try TOMLReader.read(bytes)
            return "none: \(table)"
        } catch {
            return "\(error.position.line):\(error.position.column) \(error)"
        }
    }

    @Test(arguments: TOMLSamples.valid)
    func whatIsTOMLIsRead(toml: String, table: String) throws {
        #expect(try read(toml).description == table)
    }

    @Test(arguments: TOMLSamples.invalid)
    func whatIsNoTOMLIsRefusedWithItsPlace(toml: String, words: String) {
        #expect(error(Array(toml.utf8)).hasPrefix(words + "; "))
    }

    @Test(arguments: [
        ([0x61, 0x3D, 0x22, 0xC3, 0x22], "1:4 the byte 0xC3"), ([0x23, 0x20, 0xED, 0xA0, 0x80], "1:3 the byte 0xED"),
        ([0x23, 0x0A, 0xC3, 0xA4, 0x80], "2:2 the byte 0x80"), ([0xFF, 0xFE, 0x61, 0x00], "1:1 the byte 0xFF"),
        ([0xF8], "1:1 the byte 0xF8"), ([0x61, 0x3D, 0x31, 0xE2, 0x82], "1:4 the byte 0xE2"),
    ])
    func whatIsNotUTF8IsRefusedWithItsPlace(bytes: [UInt8], words: String) {
        #expect(error(bytes) == words + " is not UTF-8; save the file as text in UTF-8")
    }

    @Test func eachKeyAndValueHasItsPlace() throws {
        let toml = """
            \u{FEFF}one = 'ä' # a comment
            "ü".b = [ 1,
              'x' ]
            [t]
              k = {a = 1, b.c = "2"}
            [[t.list]]
            """
        func places(_ table: TOMLTable) -> [String] {
            table.entries.flatMap { entry in
                let (key, value) = (entry.position, entry.value.position)
                let own = "\(entry.key) \(key.line):\(key.column) \(value.line):\(value.column)"
                return switch entry.value.content {
                case .table(let inner): [own] + places(inner)
                case .array(let items): [own] + items.map { "\($0.position.line):\($0.position.column)" }
                default: [own]
                }
            }
        }
        #expect(
            try places(read(toml)) == [
                "one 1:1 1:7", "ü 2:1 2:1", "b 2:1 2:9", "2:11", "3:3", "t 4:1 4:1", "k 5:3 5:7", "a 5:8 5:12",
                "b 5:15 5:15", "c 5:15 5:21", "list 6:1 6:1", "6:1",
            ]
        )
    }

    /// A level again and again, what stands in it, and its end as often; the bound is a hundred.
    @Test(arguments: [
        ("a = ", "[", "", "]", 99), ("a = ", "{b=", "1", "}", 49), ("a = ", "[{b=", "1", "}]", 33),
        ("", "a.", "a = 1", "", 99),
        ("[", "a.", "a]", "", 99), ("[[", "a.", "a]]", "", 99), ("[a.a]\nb.c = {", "b.", "b = 1}", "", 94),
    ])
    func whatIsTooDeepIsRefused(start: String, level: String, inside: String, end: String, most: Int) throws {
        func nested(_ times: Int) -> String {
            start + String(repeating: level, count: times) + inside + String(repeating: end, count: times)
        }
        _ = try read(nested(most))
        for times in [most + 1, 100_000] {
            #expect(error(Array(nested(times).utf8)).contains("more than 100 levels deep"))
        }
    }

    /// Work that grows with the square of the length would take minutes here. A `%` is the number of the part.
    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            (10_000, "", "k% = 1\n", ""), (10_000, "", "[a.b%]\nc.d = 1\n", ""), (10_000, "", "[[a.b]]\nc = 1\n", ""),
            (12_000, "a = [", "%,", "]"), (10_000, "a = {", "k%=1,", "z=1}"), (12_000, "a = \"", "\\u00e4", "\""),
            (12_000, "a = '''", "''\n", "'''"), (25_000, "a = \"\"\"\\", " \n", "\"\"\""),
            (50_000, "a = ", "1", ".0"),
            (25_000, "# ", "x\t", "\na = 1"), (10_000, "[a]\n", "a.b.c% = 1\n", ""), (50_000, "a = 1", " ", ""),
        ]
    )
    func aLongFileIsReadInATimeThatGrowsWithItsLength(
        count: Int,
        start: String,
        part: String,
        end: String
    ) throws {
        let around = part.split(separator: "%", omittingEmptySubsequences: false)
        let parts = (0..<count).map { around.joined(separator: "\($0)") }
        #expect(try !read(start + parts.joined() + end).entries.isEmpty)
    }

    @Test(arguments: [
        ("", "write a key, and put it in quotes where it has other characters than A-Z, a-z, 0-9, - and _", "= 1"),
        (
            "", "write KEY = VALUE, and put a key in quotes where it has other characters than A-Z, a-z, 0-9, - and _",
            "a"
        ),
        ("a = ", "put a text in quotes: \"b.c\"", "b.c"), ("a = ", "write true in small letters", "TRUE"),
        ("a = ", "put a text in plain quotes, \" or '", "“b”"), ("a = ", "remove the 0, or put a text in quotes", "01"),
        ("a = ", "write one that is nearer to 0", "99999999999999999999"),
        ("a = ", "write a value, such as \"text\", 25, true or [\"a\", \"b\"]", ""),
        ("a = ", "write \" at its end, on the same line", "\"b"), ("a = ", "write ''' at its end", "'''b"),
        ("a = ", "write \\\\ for a backslash, or put the text in single quotes", "\"C:\\x\""),
        ("a = ", "write its number in Unicode with 4 hexadecimal digits, or \\\\ for a backslash", "\"\\users\""),
        ("a = ", "write a comma between two entries, and ']' after the last", "[1 2]"),
        ("a = ", "write it on one line, or as [NAME] with each key on a line of its own below", "{\n}"),
        ("a = 1 ", "write one KEY = VALUE or [NAME] in a line, and '#' before a comment", "b = 2"),
        ("[", "write [NAME]", "]"), ("[[", "write [[NAME]]", "]]"), ("[a", "write ']' after the table's name", ""),
        ("a = 1\n", "remove one of the two", "a = 1"), ("a = {}\n", "write all its keys there", "[a.b]"),
        ("a = 1\n", "rename one of the two", "a.b = 1"), ("# ", "save the file as text in UTF-8", "\0"),
        ("# ", "remove it, or write it in double quotes, such as \"\\u001B\"", "\u{1B}"),
    ])
    func anErrorSaysHowToPutItRight(before: String, cure: String, toml: String) {
        #expect(error(Array((before + toml).utf8)).hasSuffix("; " + cure))
    }

    @Test func aLongWordIsCutInAMessage() {
        let long = String(repeating: "x", count: 100_000)
        #expect(error(Array("a = \(long)".utf8)).utf8.count < 200)
        #expect(error(Array("\(long) = 1\n\(long) = 1".utf8)).utf8.count < 200)
    }
}

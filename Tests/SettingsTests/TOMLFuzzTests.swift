import RelayTestSupport
import Testing

@testable import Settings

/// Bytes of any kind, and TOML with something wrong: they are read or refused, and never end the process.
struct TOMLFuzzTests {
    private static let samples = TOMLSamples.valid.map { Array($0.0.utf8) } + [whole]

    @Test func anyBytesAreReadOrRefused() async {
        await fuzz(500) { chance in
            let syntax = Array("[]{}=.,#\"'\\\n\r\t \0_-+:aeTZux0123456789\u{FEFF}".utf8)
            let bytes = (0..<chance.below(60)).map { _ in
                chance.below(8) == 0 ? UInt8.random(in: 0...255, using: &chance) : chance.pick(syntax)
            }
            expectSound(bytes, chance)
        }
    }

    @Test func wrongTOMLIsReadOrRefused() async {
        await fuzz(1000) { chance in
            expectSound(chance.mutation(of: Self.samples), chance)
        }
    }

    /// A table means the same when it is written out and read again. An error's place is in the text.
    private func expectSound(_ bytes: [UInt8], _ chance: Chance) {
        do throws(TOMLError) {
            let table = try TOMLReader.read(bytes)
            let text = "x = \(table)"
            #expect(table.description.isOnePlainLine, "\(chance)")
            let again = try TOMLReader.read(Array(text.utf8))
            #expect(again.description == "{ \(text) }", "\(chance)")
        } catch {
            let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let place = error.position
            #expect((1...lines.count).contains(place.line), "\(chance)")
            #expect((1...lines[place.line - 1].count + 1).contains(place.column), "\(chance)")
            #expect(!error.problem.isEmpty && !error.cure.isEmpty, "\(chance)")
        }
    }

    private static let whole = Array(
        """
        # a comment
        title = "a \\u00e4 \\U0001F600 \\n"
        [mail]
        networks = ["vpc", '10.0.0.0/8', \"\"\"192.168.7.0/24\"\"\", '''
        x''']
        point = { x = 1, y.z = -0.5e3, t = [ {}, [1979-05-27T07:32:00Z, 07:32:00.5] ] }
        [[mail.transport]]
        domain = "a.b"
        "next hop" = 0x1F
        [[mail.transport]]
        flags = [ true, # one
          false, ]

        """.utf8
    )
}

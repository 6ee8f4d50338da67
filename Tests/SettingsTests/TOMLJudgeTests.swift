import FoundationEssentials
import Testing

@testable import Settings

/// Each case of the project's own, and of toml-lang/toml-test where that lies beside the project.
struct TOMLJudgeTests {
    private func value(_ json: [UInt8]) throws -> TaggedValue {
        try JSONDecoder().decode(TaggedValue.self, from: Data(json))
    }

    @Test func whatIsTOMLIsReadAsTheJSONBesideItSays() throws {
        let cases = Self.ownCases + (try TOMLJudge()?.valid ?? [])
        for one in cases {
            #expect(throws: Never.self, "\(one.name)") {
                let read = TaggedValue(try TOMLReader.read(one.toml))
                #expect(try read == value(one.json), "\(one.name)")
            }
        }
        print("TOML: \(cases.count) valid texts, \(cases.count - Self.ownCases.count) of them by toml-test")
    }

    @Test func whatIsNoTOMLIsRefused() throws {
        let own = TOMLSamples.invalid.map { TOMLJudge.Invalid(name: $0.0, toml: Array($0.0.utf8)) }
        let cases = own + (try TOMLJudge()?.invalid ?? [])
        for one in cases {
            #expect(throws: TOMLError.self, "\(one.name)") { try TOMLReader.read(one.toml) }
        }
        print("TOML: \(cases.count) invalid texts, \(cases.count - own.count) of them by toml-test")
    }

    /// What TOML 1.1 alone allows is refused; it is never read as anything else.
    @Test func whatIsOfALaterVersionIsRefusedOrReadRight() throws {
        let own = TOMLJudge.Valid(name: "1.1", toml: Array("a = {\nb = 1 }".utf8), json: Array("{}".utf8))
        for one in [own] + (try TOMLJudge()?.later ?? []) {
            let read = (try? TOMLReader.read(one.toml)).map { TaggedValue($0) }
            #expect(try read == nil || read == value(one.json), "\(one.name)")
        }
    }

    private static let ownCases: [TOMLJudge.Valid] = [
        ("a.b = [ 1, \"x\" ]", #"{"a": {"b": [{"type": "integer", "value": "1"}, {"type": "string", "value": "x"}]}}"#),
        (
            "type = 'x'\nvalue = 1.50",
            #"{"type": {"type": "string", "value": "x"}, "value": {"type": "float", "value": "1.5"}}"#
        ),
        (
            "[[t]]\nd = 1979-05-27 07:32:00.50z",
            #"{"t": [{"d": {"type": "datetime", "value": "1979-05-27T07:32:00.500Z"}}]}"#
        ),
    ].map { toml, json in TOMLJudge.Valid(name: toml, toml: Array(toml.utf8), json: Array(json.utf8)) }
}

import Testing

@testable import Host

struct ProcessStatTests {
    private static let rest = "1 456 456 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2"

    @Test(arguments: ["master", "a b", "odd) S 9 (x", ")", "("])
    func theNameMayHoldAnything(name: String) throws {
        let stat = try #require(ProcessStat(Array("456 (\(name)) T \(Self.rest)\n".utf8)))
        #expect(stat.name == name && stat.state == "T" && stat.parent == 1 && stat.startTime == "98765")
    }

    @Test(arguments: ["", "456", "456 (master)", "456 (master) S", "456 (master) S 1 456", ")456 (", "456 master S 1"])
    func whatIsCutOffTellsNothing(text: String) {
        #expect(ProcessStat(Array(text.utf8)) == nil)
    }

    @Test func emptyFieldsCountAsFields() throws {
        let stat = try #require(ProcessStat(Array("456 (master) S \(String(repeating: " ", count: 25))\n".utf8)))
        #expect(stat.parent == nil && stat.startTime.isEmpty)
    }
}

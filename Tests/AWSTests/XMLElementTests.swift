import AWS
import Testing

@Suite struct XMLElementTests {
    private func parse(_ text: String) throws(XMLFailure) -> XMLElement {
        try XMLElement.parse(Array(text.utf8))
    }

    @Test func buildsATree() throws {
        let root = try parse(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <Answer xmlns="http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/">
              <List><member>one</member><member> two </member></List>
              <Empty/>
              <Text>a &lt;b&gt; &#228;<![CDATA[ & c]]></Text>
            </Answer>
            """
        )
        #expect(root.name == "Answer")
        #expect(root.children.map(\.name) == ["List", "Empty", "Text"])
        #expect(root.list("List").map(\.text) == ["one", "two"])
        #expect(root.value("Text") == "a <b> ä & c")
        #expect(root.value("Empty") == nil)
        #expect(root.value("Missing") == nil)
        #expect(root["Missing"] == nil)
        #expect(root.list("Missing").isEmpty)
        #expect(root.firstDescendant("member")?.text == "one")
        #expect(root.firstDescendant("nothing") == nil)
    }

    @Test(arguments: ["", "<a>", "<a></b>", "no XML", "<a/><b/>", "<a>&unknown;</a>", "<a>\u{1}</a>"])
    func refusesWhatIsNotWellFormed(text: String) {
        #expect(throws: XMLFailure.self) { try parse(text) }
    }

    @Test func refusesInvalidUTF8() {
        #expect(throws: XMLFailure.self) { try XMLElement.parse(Array("<a>".utf8) + [0xFF] + Array("</a>".utf8)) }
    }

    @Test func refusesADocumentType() {
        let bomb = """
            <!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;">]><a>&d;</a>
            """
        #expect(throws: XMLFailure(reason: "it declares a document type")) { try parse(bomb) }
        #expect(throws: XMLFailure(reason: "it declares a document type")) {
            try parse("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>")
        }
    }

    @Test func refusesWhatIsTooDeep() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        }
        _ = try parse(nested(64))
        #expect(throws: XMLFailure(reason: "it is nested more than 64 deep")) { try parse(nested(65)) }
    }

    @Test func refusesWhatIsTooLarge() {
        let bytes = Array("<a>".utf8) + [UInt8](repeating: 0x20, count: 1 << 20) + Array("</a>".utf8)
        #expect(throws: XMLFailure(reason: "it is larger than 1 MiB")) { try XMLElement.parse(bytes) }
    }
}

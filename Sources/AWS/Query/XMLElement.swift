import CExpat

/// An element of an XML answer, with its text and children. Attributes and namespaces are not kept: the query protocol
/// says nothing with them.
package struct XMLElement: Sendable, Equatable {
    package let name: String
    /// The text directly within, white space around it dropped.
    package let text: String
    package let children: [XMLElement]

    /// The first child of that name.
    package subscript(_ name: String) -> XMLElement? {
        children.first { $0.name == name }
    }

    /// The elements of a list: the children of the child of that name (`<Instances><member>...`).
    package func list(_ name: String) -> [XMLElement] { self[name]?.children ?? [] }

    /// The text of the child of that name; `nil` where it is missing or empty.
    package func value(_ name: String) -> String? {
        self[name].flatMap { $0.text.isEmpty ? nil : $0.text }
    }

    /// The first element of that name, at any depth.
    package func firstDescendant(_ name: String) -> XMLElement? {
        for child in children {
            if child.name == name { return child }
            if let found = child.firstDescendant(name) { return found }
        }
        return nil
    }

    /// Bytes; larger than any answer of the APIs in use.
    private static let sizeLimit = 1 << 20

    /// Parses a document, by expat.
    ///
    /// - Throws: `XMLFailure` for what is not well-formed, too large, too deep, or brings a document type, whose
    ///   entities could be made to grow without bound.
    package static func parse(_ bytes: [UInt8]) throws(XMLFailure) -> XMLElement {
        guard bytes.count <= sizeLimit else { throw XMLFailure(reason: "it is larger than \(sizeLimit >> 20) MiB") }
        guard let parser = XML_ParserCreate("UTF-8") else { throw XMLFailure(reason: "no memory for the parser") }
        defer { XML_ParserFree(parser) }
        let builder = Builder(parser: parser)
        XML_SetUserData(parser, Unmanaged.passUnretained(builder).toOpaque())
        XML_SetElementHandler(
            parser,
            { data, name, _ in Builder.from(data)?.start(name.map { String(cString: $0) } ?? "") },
            { data, _ in Builder.from(data)?.end() }
        )
        XML_SetCharacterDataHandler(parser) { data, text, length in
            guard let text else { return }
            Builder.from(data)?.add(UnsafeBufferPointer(start: text, count: Int(length)).map { UInt8(bitPattern: $0) })
        }
        XML_SetStartDoctypeDeclHandler(parser) { data, _, _, _, _ in
            Builder.from(data)?.stop("it declares a document type")
        }
        let status = bytes.withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { XML_Parse(parser, $0.baseAddress, Int32($0.count), 1) }
        }
        return try withExtendedLifetime(builder) { () throws(XMLFailure) in
            if let reason = builder.refusal { throw XMLFailure(reason: reason) }
            guard status == XML_STATUS_OK, let root = builder.root else {
                let message = XML_ErrorString(XML_GetErrorCode(parser)).map { String(cString: $0) } ?? "not XML"
                throw XMLFailure(reason: "line \(XML_GetCurrentLineNumber(parser)): \(message)")
            }
            return root
        }
    }
}

/// An answer that is not the XML that was expected.
package struct XMLFailure: Error, Sendable, Equatable {
    package let reason: String

    package init(reason: String) { self.reason = reason }
}

/// Puts the tree together from expat's events.
private final class Builder {
    /// Deeper than any answer of the APIs in use.
    private static let depthLimit = 64
    private let parser: XML_Parser
    private var open: [(name: String, text: [UInt8], children: [XMLElement])] = []
    private(set) var root: XMLElement?
    private(set) var refusal: String?

    init(parser: XML_Parser) { self.parser = parser }

    static func from(_ data: UnsafeMutableRawPointer?) -> Builder? {
        data.map { Unmanaged<Builder>.fromOpaque($0).takeUnretainedValue() }
    }

    func start(_ name: String) {
        guard open.count < Self.depthLimit else { return stop("it is nested more than \(Self.depthLimit) deep") }
        open.append((name, [], []))
    }

    func add(_ text: [UInt8]) {
        guard !open.isEmpty else { return }
        open[open.count - 1].text += text
    }

    func end() {
        guard let last = open.popLast() else { return }
        let text = String(decoding: last.text, as: UTF8.self)
        let trimmed = text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()
        let element = XMLElement(name: last.name, text: String(trimmed), children: last.children)
        if open.isEmpty { root = element } else { open[open.count - 1].children.append(element) }
    }

    func stop(_ reason: String) {
        refusal = refusal ?? reason
        XML_StopParser(parser, 0)
    }
}

import FoundationEssentials

extension Encodable {
    /// The value as JSON for programs and people: indented, with its keys in the order of the alphabet.
    ///
    /// - Throws: An `EncodingError`; a number that is none, such as infinity, is no JSON.
    package func indentedJSON() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}

/// The list `tag=value; tag=value` of signatures and public keys (RFC 6376, section 3.2).
struct TagList {
    /// The tags' names in their order.
    let names: [String]
    private let values: [String: String]

    /// - Returns: `nil` for a list that is not well formed, or has a tag twice.
    init?(_ bytes: [UInt8]) {
        var names: [String] = []
        var values: [String: String] = [:]
        let parts = bytes.split(separator: .semicolon, omittingEmptySubsequences: false)
        for (place, part) in parts.enumerated() {
            let tag = Self.trimmed(part)
            // A semicolon may end the list.
            if tag.isEmpty, place == parts.count - 1, place > 0 { break }
            guard let equals = tag.firstIndex(of: UInt8(ascii: "=")),
                let name = String(validating: Self.trimmed(tag[..<equals]), as: UTF8.self), name.isTagName,
                let value = String(validating: Self.trimmed(tag[(equals + 1)...]), as: UTF8.self),
                values.updateValue(value, forKey: name) == nil
            else { return nil }
            names.append(name)
        }
        (self.names, self.values) = (names, values)
    }

    subscript(name: String) -> String? { values[name] }

    /// The words of a list with colons, in lower case.
    func words(_ name: String) -> [String]? {
        self[name].map { value in
            value.split(separator: ":", omittingEmptySubsequences: false).map { $0.withoutFolding.lowercased() }
        }
    }

    /// The field's value with an empty tag `b`, as it was signed (section 3.7).
    static func withoutSignature(_ value: [UInt8]) -> [UInt8] {
        let parts = value.split(separator: .semicolon, omittingEmptySubsequences: false)
        let kept = parts.map { part -> ArraySlice<UInt8> in
            guard let equals = part.firstIndex(of: UInt8(ascii: "=")),
                Self.trimmed(part[..<equals]).elementsEqual("b".utf8)
            else { return part }
            return part[...equals]
        }
        return Array(kept.joined(separator: [UInt8.semicolon]))
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var rest = bytes
        while let byte = rest.first, byte.isFolding { rest.removeFirst() }
        while let byte = rest.last, byte.isFolding { rest.removeLast() }
        return rest
    }
}

extension StringProtocol {
    /// Without any white space, as in base64 that was folded.
    var withoutFolding: String { String(decoding: utf8.filter { !$0.isFolding }, as: UTF8.self) }

    fileprivate var isTagName: Bool {
        utf8.first.map { (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) } == true
            && utf8.allSatisfy {
                switch $0 {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
                default: false
                }
            }
    }
}

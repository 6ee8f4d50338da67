/// Postfix's parameters by name, with their `$name`, `${name}` and `$(name)` put in (postconf(5)).
package struct ParameterValues: Sendable {
    private let values: [String: String]

    package init(_ values: [String: String]) { self.values = values }

    /// The same where an entry of master.cf overrides some.
    package func overridden(by entry: MasterCf.Entry?) -> ParameterValues {
        guard let entry else { return self }
        return ParameterValues(values.merging(entry.overrides.map { ($0.name, $0.value) }) { _, last in last })
    }

    /// `nil` where it is not set, or names a parameter that is not, whose default is not known here.
    package subscript(_ name: String) -> String? { expanded(name, depth: 0) }

    private func expanded(_ name: String, depth: Int) -> String? {
        guard let value = values[name] ?? Self.known[name], depth < Self.deepest else { return nil }
        var text = ""
        var rest = value.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "$" else {
                text.unicodeScalars.append(scalar)
                continue
            }
            if rest.first == "$" {
                rest.removeFirst()
                text += "$"
                continue
            }
            let closing: Unicode.Scalar? = rest.first == "{" ? "}" : rest.first == "(" ? ")" : nil
            if closing != nil { rest.removeFirst() }
            let named = rest.prefix(while: \.isParameterCharacter)
            rest = rest[named.endIndex...]
            // The text after a name in braces may be a condition.
            if let closing { guard rest.popFirst() == closing else { return nil } }
            guard let part = expanded(String(named), depth: depth + 1) else { return nil }
            text += part
        }
        return text
    }

    /// Parameters may name each other in a circle.
    private static let deepest = 10
    /// Defaults that tables are named by. They are the same in each package of Postfix for these systems.
    private static let known = ["config_directory": "/etc/postfix"]
}

extension Unicode.Scalar {
    fileprivate var isParameterCharacter: Bool {
        isASCII && properties.isAlphabetic || ("0"..."9").contains(self) || self == "_"
    }
}

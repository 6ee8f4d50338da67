/// Names as the records of SPF lead to them.
enum SPFName {
    /// Whether such a name can be asked for. A name that can't be does not exist (RFC 7208, section 4.3).
    static func isValid(_ name: String) -> Bool {
        name.utf8.count <= 253
            && name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy {
                (1...63).contains($0.utf8.count)
            }
    }

    /// Whether a sender's domain can have a record: it has two labels at least, and is no address in brackets.
    static func isDomain(_ name: String) -> Bool {
        isValid(name) && name.contains(".") && !name.hasPrefix("[")
    }

    /// A name that came of macros, without its final dot, and without labels on its left where it is longer than a name can
    /// be (RFC 7208, section 7.3).
    static func shortened(_ text: String) -> String {
        var name = text.hasSuffix(".") ? text.dropLast() : Substring(text)
        while name.utf8.count > 253, let dot = name.firstIndex(of: ".") {
            name = name[name.index(after: dot)...]
        }
        return String(name)
    }

    /// Whether a name is the domain's own, or below it. Names have no case.
    static func isWithin(_ name: String, _ domain: String) -> Bool {
        let (name, domain) = (name.lowercased(), domain.lowercased())
        return name == domain || name.hasSuffix(".\(domain)")
    }
}

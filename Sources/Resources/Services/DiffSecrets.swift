/// Takes secrets of the operator's out of a file's text before its diff, which goes to the journal: main.cf may hold a
/// password, and lines that did not change are shown around those that did.
enum DiffSecrets {
    private static let mask = "***"
    /// A parameter with one of these in its name holds a secret, unless it names a file.
    private static let words = [
        "password", "passwd", "passphrase", "secret", "bind_pw", "token", "credential", "api_key", "api-key", "apikey",
    ]
    /// Tables that hold their values themselves (DATABASE_README).
    private static let tables = ["static:", "inline:"]

    static func masked(_ text: String) -> String {
        var isOfSecret = false
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let line = String(line)
            let content = line.drop(while: \.isWhitespace)
            if content.isEmpty || content.hasPrefix("#") { return masked(line: line) }
            // A line that begins with white space continues the one before (postconf(5)); a diff may not show that one.
            guard line.first?.isWhitespace == true, isOfSecret else {
                isOfSecret = beginsSecret(line)
                return masked(line: line)
            }
            return isFile(content) || content.hasPrefix("$") ? line : line.prefix(while: \.isWhitespace) + mask
        }
        return lines.joined(separator: "\n")
    }

    /// Whether a line gives a parameter whose name tells of a secret.
    private static func beginsSecret(_ line: String) -> Bool {
        guard let equals = line.firstIndex(of: "="), !line.hasPrefix("@") else { return false }
        let name = line[..<equals].lowercased()
        return words.contains { name.contains($0) }
    }

    /// Whether a value names a file, with the types of its tables in front, as in proxy:hash:/etc/postfix/x.
    private static func isFile(_ value: some StringProtocol) -> Bool {
        value.drop { $0.isLetter || $0 == ":" }.hasPrefix("/")
    }

    private static func masked(line: String) -> String {
        var line = line
        for table in tables { line = masked(table, in: line) }
        line = maskedParameter(in: line)
        line = maskedDirective(in: line)
        line = maskedHeader(in: line)
        return maskedAddress(in: line)
    }

    /// `static:user:password`, `inline:{key=user:password}`; a value alone, as in `static:encrypt`, is none.
    private static func masked(_ table: String, in line: String) -> String {
        guard let start = line.firstRange(of: table)?.upperBound else { return line }
        let rest = line[start...]
        let end = rest.first == "{" ? rest.endIndex : rest.firstIndex { $0.isWhitespace || $0 == "," } ?? rest.endIndex
        guard rest[..<end].contains(":") else { return String(line[..<start]) + masked(table, in: String(rest)) }
        return String(line[..<start]) + mask + masked(table, in: String(rest[end...]))
    }

    /// `ldap_bind_pw = secret`.
    private static func maskedParameter(in line: String) -> String {
        let lowered = line.lowercased()
        guard lowered.utf8.count == line.utf8.count else { return line }
        for word in words {
            guard let found = lowered.firstRange(of: word),
                let equals = lowered[found.upperBound...].firstIndex(of: "="),
                lowered[found.upperBound..<equals].allSatisfy({ $0 == "_" || $0 == " " || $0.isLetter || $0.isNumber })
            else { continue }
            let value = lowered[equals...].dropFirst().drop { $0.isWhitespace }
            guard !value.isEmpty, !isFile(value), !value.hasPrefix("$"), !tables.contains(where: value.hasPrefix) else {
                return line
            }
            let kept = line.utf8.prefix(lowered.utf8.distance(from: lowered.startIndex, to: value.startIndex))
            return String(decoding: kept, as: UTF8.self) + mask
        }
        return line
    }

    /// `secure_link_secret hunter2;`
    private static func maskedDirective(in line: String) -> String {
        guard line.last == ";", !line.contains("=") else { return line }
        let names = line.split(whereSeparator: \.isWhitespace).dropLast()
        guard let name = names.last(where: { name in words.contains { name.lowercased().contains($0) } }),
            case let value = line[name.endIndex...].drop(while: \.isWhitespace), !isFile(value), !value.hasPrefix("$")
        else { return line }
        return "\(line[..<value.startIndex])\(mask);"
    }

    /// `proxy_set_header Authorization "Basic ...";`
    private static func maskedHeader(in line: String) -> String {
        guard let found = line.lowercased().firstRange(of: "authorization"),
            case let count = line.lowercased().utf8.distance(from: line.lowercased().startIndex, to: found.upperBound),
            line.utf8.count > count
        else { return line }
        return String(decoding: line.utf8.prefix(count), as: UTF8.self) + " " + mask
    }

    /// `mysql://user:password@host`.
    private static func maskedAddress(in line: String) -> String {
        guard let start = line.firstRange(of: "://")?.upperBound, let end = line[start...].firstIndex(of: "@"),
            line[start..<end].contains(":"), !line[start..<end].contains(where: \.isWhitespace)
        else { return line }
        return String(line[..<start]) + mask + String(line[end...])
    }
}

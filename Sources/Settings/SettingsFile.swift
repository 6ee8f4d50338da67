import Vocabulary

/// The settings' file.
package struct SettingsFile: Sendable {
    package let path: String
    package let text: String
    let entries: [SettingEntry]
    /// The problems of its form.
    let problems: [SettingsProblem]

    package init(path: String, text: String) { self.init(path: path, bytes: Array(text.utf8)) }

    package init(path: String, bytes: [UInt8]) {
        self.path = path
        self.text = String(decoding: bytes, as: UTF8.self)
        do throws(TOMLError) {
            var reader = SettingsTableReader(path: path)
            reader.read(try TOMLReader.read(bytes), below: [])
            (self.entries, self.problems) = (reader.entries, reader.problems)
        } catch {
            let place = error.position
            self.entries = []
            self.problems = [.syntax(path, line: place.line, column: place.column, error.description)]
        }
    }
}

/// A setting's value in one source.
struct SettingEntry: Sendable {
    let key: SettingKey
    let value: RawValue
    let source: ValueSource
}

/// Finds the settings in the tables of their file.
private struct SettingsTableReader {
    let path: String
    var entries: [SettingEntry] = []
    var problems: [SettingsProblem] = []

    /// - Parameter sections: The keys that lead to the table.
    mutating func read(_ table: TOMLTable, below sections: [String]) {
        for entry in table.entries {
            let keys = sections + [entry.key]
            let name = keys.map(\.keyForTOML).joined(separator: ".")
            let source = ValueSource.file(path: path, line: entry.position.line, column: entry.position.column)
            if case .table(let inner) = entry.value.content, Self.isSection(name) {
                read(inner, below: keys)
            } else if case .table(let inner) = entry.value.content, let known = SettingKey.named(name),
                known.form == .parameters
            {
                readParameters(inner, of: known, in: source)
            } else if let known = SettingKey.named(name) {
                if let raw = RawValue(entry.value.content, as: known.form), raw.fits(known.form) {
                    entries.append(SettingEntry(key: known, value: raw, source: source))
                } else {
                    let wrong = InvalidValue(entry.value.description, expected: known.form.expectation)
                    problems.append(.invalid(name, in: source, wrong))
                }
            } else {
                let names = SettingKey.all.map(\.name) + (sections.isEmpty ? Self.sections : [])
                problems.append(.unknown(name, in: source, nearest: SettingKey.nearest(to: name, among: names)))
            }
        }
    }

    private mutating func readParameters(_ table: TOMLTable, of key: SettingKey, in source: ValueSource) {
        var parameters: [RawParameter] = []
        for entry in table.entries {
            if let parameter = RawParameter(entry) {
                parameters.append(parameter)
            } else {
                let place = ValueSource.file(path: path, line: entry.position.line, column: entry.position.column)
                let wrong = InvalidValue(
                    entry.value.description,
                    expected: "a text, a whole number, true or false, or a list of these"
                )
                problems.append(.invalid("\(key.name).\(entry.key.keyForTOML)", in: place, wrong))
            }
        }
        entries.append(SettingEntry(key: key, value: .parameters(parameters), source: source))
    }

    private static func isSection(_ name: String) -> Bool { SettingKey.all.contains { $0.name.hasPrefix(name + ".") } }

    private static let sections = Set(
        SettingKey.all.compactMap { $0.name.split(separator: ".").first.map(String.init) }
    ).sorted()
}

extension RawValue {
    /// `nil` for what no setting has: tables, dates, fractions, lists of anything but texts.
    fileprivate init?(_ value: TOMLValue.Content, as form: SettingKey.Form) {
        switch value {
        case .string(let text): self = .text(text)
        case .boolean(let flag): self = .boolean(flag)
        case .integer(let number): self = .number(Int(number))
        case .array(let items):
            var texts: [String] = []
            for item in items {
                guard let text = Self.text(of: item.content, as: form) else { return nil }
                texts.append(text)
            }
            self = .list(texts)
        case .float, .dateTime, .table: return nil
        }
    }

    /// One of a list: a text, or a table of the two texts of a pair.
    private static func text(of item: TOMLValue.Content, as form: SettingKey.Form) -> String? {
        switch (item, form) {
        case (.string(let text), _): return text
        case (.table(let table), .pairs(let first, let second)):
            guard table.entries.count == 2, case .string(let left)? = table[first]?.content else { return nil }
            switch table[second]?.content {
            case .string(let right)? where second != "senders" || !right.contains(":"):
                return "\(left)=\(right)"
            case .array(let items)? where second == "senders":
                let words = items.compactMap { item in
                    if case .string(let word) = item.content, !word.contains(":") { word } else { nil }
                }
                return words.count == items.count ? "\(left)=\(words.joined(separator: ":"))" : nil
            default: return nil
            }
        case (.table(let table), .signingKeys): return signingKey(table)
        case (.table(let table), .receivingDomains): return receivingDomain(table)
        default: return nil
        }
    }

    /// A table of `[[mail.dkim]]` as one text.
    private static func signingKey(_ table: TOMLTable) -> String? {
        guard table.entries.count == 3, case .string(let domain)? = table["domain"]?.content,
            case .string(let selector)? = table["selector"]?.content, !selector.contains(":")
        else { return nil }
        switch (table["key_file"]?.content, table["key_parameter"]?.content) {
        case (.string(let path)?, nil) where path.hasPrefix("/"): return "\(domain)=\(selector):\(path)"
        case (nil, .string(let name)?): return "\(domain)=\(selector):ssm:\(name)"
        default: return nil
        }
    }

    /// A table of `[[mail.destination]]` as one text.
    private static func receivingDomain(_ table: TOMLTable) -> String? {
        guard case .string(let domain)? = table["domain"]?.content else { return nil }
        var parts: [String] = []
        for name in ["concurrency", "rate", "tls"] {
            switch (name, table[name]?.content) {
            case (_, nil): continue
            case ("concurrency", .integer(let limit)?): parts.append("concurrency:\(limit)")
            // A text with a separator of the other form would be read as several.
            case ("rate", .string(let text)?), ("tls", .string(let text)?):
                guard !text.contains(";") else { return nil }
                parts.append("\(name):\(text)")
            default: return nil
            }
        }
        guard !parts.isEmpty, table.entries.count == parts.count + 1 else { return nil }
        return "\(domain)=\(parts.joined(separator: ";"))"
    }
}

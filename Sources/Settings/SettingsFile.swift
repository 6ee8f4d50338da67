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
            guard table.entries.count == 2, case .string(let left)? = table[first]?.content,
                case .string(let right)? = table[second]?.content
            else { return nil }
            return "\(left)=\(right)"
        default: return nil
        }
    }
}

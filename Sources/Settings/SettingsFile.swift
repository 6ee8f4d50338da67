import TOMLKit
import Vocabulary

/// The settings' file.
package struct SettingsFile: Sendable {
    package let path: String
    package let text: String
    let entries: [SettingEntry]
    /// What is wrong with its form.
    let problems: [SettingsProblem]

    package init(path: String, text: String) {
        self.path = path
        self.text = text
        (self.entries, self.problems) = Self.parse(text, of: path)
    }

    private static func parse(_ text: String, of file: String) -> ([SettingEntry], [SettingsProblem]) {
        if let hazard = TOMLHazard(in: text) {
            return ([], [.syntax(file, line: hazard.place.line, column: hazard.place.column, hazard.reason)])
        }
        let table: TOMLTable
        do {
            table = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            let place = error.source.begin
            return ([], [.syntax(file, line: place.line, column: place.column, error.description)])
        } catch {
            return ([], [.syntax(file, line: 1, column: 1, "\(error)")])
        }
        let positions = TOMLPositions(text).positions
        var entries: [SettingEntry] = []
        var problems: [SettingsProblem] = []
        func visit(_ table: TOMLTable, _ prefix: [String]) {
            for key in table.keys {
                guard let value = table[key] else { continue }
                let path = prefix + [key]
                let name = path.joined(separator: ".")
                let place = positions[name] ?? TOMLPositions.Position(line: 1, column: 1)
                let source = ValueSource.file(path: file, line: place.line, column: place.column)
                let isSection = SettingKey.all.contains { $0.name.hasPrefix(name + ".") }
                if isSection, let inner = value.table {
                    visit(inner, path)
                } else if let known = SettingKey.named(name) {
                    if let raw = RawValue(value, as: known.form), raw.fits(known.form) {
                        entries.append(SettingEntry(key: known, value: raw, source: source))
                    } else {
                        let wrong = InvalidValue(value.debugDescription, expected: known.form.expectation)
                        problems.append(.invalid(name, in: source, wrong))
                    }
                } else {
                    let sections = Set(
                        SettingKey.all.compactMap { $0.name.split(separator: ".").first.map(String.init) }
                    )
                    let names = SettingKey.all.map(\.name) + (prefix.isEmpty ? Array(sections).sorted() : [])
                    problems.append(.unknown(name, in: source, nearest: SettingKey.nearest(to: name, among: names)))
                }
            }
        }
        visit(table, [])
        return (entries, problems)
    }
}

/// A setting's value in one source.
struct SettingEntry: Sendable {
    let key: SettingKey
    let value: RawValue
    let source: ValueSource
}

extension RawValue {
    /// `nil` for what no setting has: tables, dates, fractions, lists of anything but texts.
    fileprivate init?(_ value: any TOMLValueConvertible, as form: SettingKey.Form) {
        if case .pairs(let first, let second) = form, let tables = value.array?.map(\.table), !tables.contains(nil) {
            var items: [String] = []
            for case .some(let table) in tables {
                guard table.keys.count == 2, let left = table[first]?.string, let right = table[second]?.string else {
                    return nil
                }
                items.append("\(left)=\(right)")
            }
            self = .list(items)
        } else if let text = value.string {
            self = .text(text)
        } else if let flag = value.bool {
            self = .boolean(flag)
        } else if let number = value.int {
            self = .number(number)
        } else if let array = value.array {
            let items = array.map(\.string)
            guard items.allSatisfy({ $0 != nil }) else { return nil }
            self = .list(items.compactMap(\.self))
        } else {
            return nil
        }
    }
}

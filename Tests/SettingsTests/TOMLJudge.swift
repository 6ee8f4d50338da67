import FoundationEssentials

@testable import Settings

/// The cases of toml-lang/toml-test, where they lie beside the project.
struct TOMLJudge {
    struct Valid: Sendable {
        let name: String
        let toml: [UInt8]
        /// The value as tagged JSON.
        let json: [UInt8]
    }

    struct Invalid: Sendable {
        let name: String
        let toml: [UInt8]
    }

    /// Of TOML 1.0.
    let valid: [Valid]
    /// Of TOML 1.1 alone.
    let later: [Valid]
    let invalid: [Invalid]

    /// - Returns: `nil` where they do not lie beside the project.
    init?() throws {
        // The project's folder is three above this file.
        let beside = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let folder = "/\(beside)/shared/judges/toml-test/tests"
        guard let list = Self.bytes("\(folder)/files-toml-1.0.0") else { return nil }
        let current = Set(String(decoding: list, as: UTF8.self).split(separator: "\n").map(String.init))
        func read(_ kind: String) throws -> [String] {
            try FileManager.default.subpathsOfDirectory(atPath: "\(folder)/\(kind)")
                .filter { $0.hasSuffix(".toml") }.map { "\(kind)/\($0)" }.sorted()
        }
        let all = try read("valid").map { name in
            Valid(
                name: name,
                toml: Self.bytes("\(folder)/\(name)") ?? [],
                json: Self.bytes("\(folder)/\(name.dropLast(5)).json") ?? []
            )
        }
        valid = all.filter { current.contains($0.name) }
        later = all.filter { !current.contains($0.name) }
        invalid = try read("invalid").map { Invalid(name: $0, toml: Self.bytes("\(folder)/\($0)") ?? []) }
    }

    private static func bytes(_ path: String) -> [UInt8]? {
        FileManager.default.contents(atPath: path).map { Array($0) }
    }
}

/// A value as the judge's JSON has it: a type and a text for each that is no array and no table.
indirect enum TaggedValue: Decodable, Equatable {
    case scalar(type: String, value: String)
    case array([TaggedValue])
    case table([String: TaggedValue])

    init(from decoder: any Decoder) throws {
        if let items = try? [TaggedValue](from: decoder) {
            self = .array(items)
        } else if let scalar = try? [String: String](from: decoder), let type = scalar["type"],
            let value = scalar["value"], scalar.count == 2
        {
            self = Self.scalar(type: type, value: Self.canonical(value, of: type))
        } else {
            self = .table(try [String: TaggedValue](from: decoder))
        }
    }

    init(_ table: TOMLTable) {
        self = .table(Dictionary(uniqueKeysWithValues: table.entries.map { ($0.key, TaggedValue($0.value)) }))
    }

    init(_ value: TOMLValue) {
        func scalar(_ type: String, _ text: String) -> TaggedValue {
            .scalar(type: type, value: Self.canonical(text, of: type))
        }
        switch value.content {
        case .string(let text): self = scalar("string", text)
        case .integer(let number): self = scalar("integer", "\(number)")
        case .float(let number): self = scalar("float", "\(number)")
        case .boolean(let flag): self = scalar("bool", "\(flag)")
        case .dateTime(let dateTime):
            let type =
                switch dateTime.kind {
                case .offsetDateTime: "datetime"
                case .localDateTime: "datetime-local"
                case .localDate: "date-local"
                case .localTime: "time-local"
                }
            self = scalar(type, dateTime.text)
        case .array(let items): self = .array(items.map { TaggedValue($0) })
        case .table(let table): self.init(table)
        }
    }

    /// One text for all that mean the same number or time: without zeros at a fraction's end.
    private static func canonical(_ text: String, of type: String) -> String {
        if type == "float" { return Double(text).map { "\($0)" } ?? text }
        guard type.contains("time"), let dot = text.firstIndex(of: ".") else { return text }
        let digits = text[dot...].dropFirst().prefix { $0.isNumber }
        let kept = String(digits.reversed().drop { $0 == "0" }.reversed())
        return text[..<dot] + (kept.isEmpty ? "" : ".\(kept)") + text[digits.endIndex...]
    }
}

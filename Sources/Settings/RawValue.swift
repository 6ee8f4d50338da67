import Vocabulary

/// A value before it is parsed into its type: as TOML has it, or split out of a text.
enum RawValue: Sendable, Equatable {
    case text(String)
    case list([String])
    case boolean(Bool)
    case number(Int)
    case parameters([RawParameter])

    /// Reads a text of the environment, a tag or a flag: lists are separated by commas.
    init(_ text: String, as form: SettingKey.Form) throws(InvalidValue) {
        switch form {
        case .text, .duration: self = .text(text)
        case .list, .pairs, .signingKeys, .receivingDomains:
            let items = text.split(separator: ",").map { item in
                String(item.drop(while: { $0 == " " }).reversed().drop(while: { $0 == " " }).reversed())
            }
            self = .list(items.filter { !$0.isEmpty })
        case .parameters:
            var parameters: [RawParameter] = []
            for item in text.split(separator: ",") { parameters.append(try RawParameter(item)) }
            self = .parameters(parameters)
        case .boolean:
            guard let value = Bool(text) else { throw InvalidValue(text, expected: form.expectation) }
            self = .boolean(value)
        case .number:
            guard let value = Int(text) else { throw InvalidValue(text, expected: form.expectation) }
            self = .number(value)
        }
    }

    /// Whether a value of TOML has the form that the setting wants.
    func fits(_ form: SettingKey.Form) -> Bool {
        switch (self, form) {
        case (.text, .text), (.text, .duration), (.number, .duration), (.list, .list), (.list, .pairs),
            (.list, .signingKeys), (.list, .receivingDomains), (.boolean, .boolean), (.number, .number),
            (.parameters, .parameters):
            true
        default: false
        }
    }
}

extension RawValue: CustomStringConvertible {
    /// As it would stand in TOML.
    var description: String {
        switch self {
        case .text(let text): text.quotedForTOML
        case .list(let items): "[" + items.map(\.quotedForTOML).joined(separator: ", ") + "]"
        case .boolean(let value): "\(value)"
        case .number(let value): "\(value)"
        case .parameters(let parameters):
            "{ " + parameters.map { "\($0.name.keyForTOML) = \($0.value.quotedForTOML)" }.joined(separator: ", ") + " }"
        }
    }
}

extension Duration {
    /// Parses `90s`, `5m`, `1h`, or a number of seconds.
    init(setting value: RawValue) throws(InvalidValue) {
        switch value {
        case .number(let seconds) where (1...86400).contains(seconds): self = .seconds(seconds)
        case .text(let text):
            let units = ["s": 1, "m": 60, "h": 3600]
            let digits = text.prefix { $0.isASCII && $0.isNumber }
            let unit = digits.count == text.count ? 1 : units[String(text.dropFirst(digits.count))]
            guard let number = Int(digits), let unit, number > 0, number <= 86400 / unit else {
                throw InvalidValue(text, expected: Self.expected)
            }
            self = .seconds(number * unit)
        default: throw InvalidValue("\(value)", expected: Self.expected)
        }
    }

    private static let expected = "a duration of 1s to a day, such as 90s, 5m or 1h"
}

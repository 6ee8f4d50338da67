import RelayNode
import Vocabulary

/// A JSON Schema (draft 2020-12) of the settings' file, made of the declarations of the settings.
package struct SettingsSchema: CustomStringConvertible {
    package let description: String

    package init() {
        let document: [(String, JSONText)] =
            [
                ("$schema", .text("https://json-schema.org/draft/2020-12/schema")),
                ("title", .text("Settings of smtp-relay-agent")),
                (
                    "description",
                    .text("The file /etc/smtp-relay-agent/config.toml, and the settings of a fleet (fleet.settings).")
                ),
            ] + Self.table(below: [])
        self.description = JSONText.object(document).written() + "\n"
    }

    /// The table that these keys lead to.
    private static func table(below keys: [String]) -> [(String, JSONText)] {
        var properties: [(String, JSONText)] = []
        for key in SettingKey.all {
            let names = key.name.split(separator: ".").map(String.init)
            guard names.starts(with: keys), names.count > keys.count else { continue }
            let name = names[keys.count]
            guard !properties.contains(where: { $0.0 == name }) else { continue }
            let isSetting = names.count == keys.count + 1
            properties.append((name, .object(isSetting ? key.schema : table(below: keys + [name]))))
        }
        return [
            ("type", .text("object")), ("additionalProperties", .boolean(false)), ("properties", .object(properties)),
        ]
    }
}

extension SettingKey {
    /// The form, the allowed values, the default and the meaning.
    fileprivate var schema: [(String, JSONText)] {
        let words: [(String, JSONText)] = [("description", .text(summary))]
        let fallback: [(String, JSONText)] = standard.map { [("default", $0.json)] } ?? []
        return words + formSchema + fallback
    }

    private var formSchema: [(String, JSONText)] {
        switch form {
        case .text, .number: values.schema
        case .boolean: [("type", .text("boolean"))]
        case .list: [("type", .text("array")), ("items", .object(values.schema))]
        case .parameters:
            [
                ("type", .text("object")),
                (
                    "propertyNames",
                    .object([
                        ("pattern", .text("^[A-Za-z0-9_-]{1,128}$(?!\\n)")),
                        (
                            "not",
                            .object([("enum", .list(PostfixConfiguration.refusedNames.map(JSONText.text)))])
                        ),
                    ])
                ),
                ("additionalProperties", .object([("anyOf", .list(Self.parameterForms))])),
            ]
        case .duration:
            [
                (
                    "anyOf",
                    .list([
                        .object(ValueKind.integer(1...86400).schema),
                        .object(ValueKind.text(.duration).schema),
                    ])
                )
            ]
        case .pairs(let first, let second): tables(pair(first, second))
        case .signingKeys: tables(signingKey)
        case .receivingDomains: tables(receivingDomain)
        }
    }

    /// The forms of a parameter of Postfix: one of these, or a list of them.
    private static let parameterForms: [JSONText] = {
        let plain = ["integer", "boolean"].map { JSONText.object([("type", .text($0))]) }
        // A line of main.cf has no control characters, and no blanks at its ends.
        let control = "[\\u0000-\\u001f\\u007f-\\u009f]"
        let line = "^(?! )(?![\\s\\S]*\(control))(?![\\s\\S]* $)"
        let text = [("type", JSONText.text("string")), ("maxLength", .number(4096)), ("pattern", .text(line))]
        let items = JSONText.object([("anyOf", .list([.object(text + [("minLength", .number(1))])] + plain))])
        return [.object(text)] + plain + [.object([("type", .text("array")), ("items", items)])]
    }()

    /// Tables of this form, or texts.
    private func tables(_ table: [(String, JSONText)]) -> [(String, JSONText)] {
        [
            ("type", .text("array")),
            ("items", .object([("anyOf", .list([.object(table), .object(values.schema)]))])),
        ]
    }

    private var signingKey: [(String, JSONText)] {
        let kinds: [(String, ValueKind)] = [
            ("domain", .domain), ("selector", .text(.selector)), ("key_file", .path), ("key_parameter", .parameterName),
        ]
        return [
            ("type", .text("object")), ("additionalProperties", .boolean(false)),
            ("required", .list([.text("domain"), .text("selector")])),
            (
                "oneOf",
                .list(
                    ["key_file", "key_parameter"].map { .object([("required", .list([.text($0)]))]) }
                )
            ),
            ("properties", .object(kinds.map { ($0.0, .object($0.1.schema)) })),
        ]
    }

    private var receivingDomain: [(String, JSONText)] {
        let kinds: [(String, ValueKind)] = [
            ("domain", .domain), ("concurrency", .integer(Destination.concurrencies)), ("rate", .text(.messageRate)),
            ("tls", .words(Destination.levels.map(\.rawValue))),
        ]
        let required = { (names: [String]) in JSONText.object([("required", .list(names.map(JSONText.text)))]) }
        return [
            ("type", .text("object")), ("additionalProperties", .boolean(false)),
            ("required", .list([.text("domain")])),
            ("anyOf", .list(kinds.dropFirst().map { required([$0.0]) })),
            ("not", required(["concurrency", "rate"])),
            ("properties", .object(kinds.map { ($0.0, .object($0.1.schema)) })),
        ]
    }

    private func pair(_ first: String, _ second: String) -> [(String, JSONText)] {
        [
            ("type", .text("object")), ("additionalProperties", .boolean(false)),
            ("required", .list([.text(first), .text(second)])),
            (
                "properties",
                .object([(first, .object(Self.partOfPair(first))), (second, .object(Self.partOfPair(second)))])
            ),
        ]
    }

    private static func partOfPair(_ name: String) -> [(String, JSONText)] {
        switch name {
        case "nexthop": return ValueKind.text(.nexthop).schema
        case "network": return ValueKind.network.schema
        case "from": return ValueKind.mailSender.schema
        case "to": return ValueKind.text(.mailAddress).schema
        case "senders":
            let sender = JSONText.object(ValueKind.mailSender.schema)
            let list: [(String, JSONText)] = [("type", .text("array")), ("items", sender), ("minItems", .number(1))]
            return [("anyOf", .list([sender, .object(list)]))]
        default: return ValueKind.domain.schema
        }
    }
}

extension RawValue {
    fileprivate var json: JSONText {
        switch self {
        case .text(let text): .text(text)
        case .list(let items): .list(items.map(JSONText.text))
        case .boolean(let value): .boolean(value)
        case .number(let value): .number(value)
        case .parameters(let parameters): .object(parameters.map { ($0.name, .text($0.value)) })
        }
    }
}

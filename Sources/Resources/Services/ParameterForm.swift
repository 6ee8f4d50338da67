/// The form that Postfix's programs want a parameter's value in, as its default shows.
///
/// A program of Postfix's ends at a value of another form (conv_time(3), mail_conf_int(3)), and postconf(1) says nothing of
/// that. Delivery would stop, which no door shows.
enum ParameterForm {
    case number
    case time
    case boolean

    /// - Parameter standard: The default as postconf(1) prints it.
    init?(of name: String, standard: String?) {
        guard let standard, !Self.isText(name) else { return nil }
        let digits = standard.prefix { $0.isASCII && $0.isNumber }
        switch standard.dropFirst(digits.count) {
        case "" where !digits.isEmpty: self = .number
        case "s" where !digits.isEmpty, "m" where !digits.isEmpty, "h" where !digits.isEmpty, "d" where !digits.isEmpty,
            "w" where !digits.isEmpty:
            self = .time
        case "yes", "no": self = .boolean
        default: return nil
        }
    }

    /// Texts whose default looks like a number or a boolean.
    private static func isText(_ name: String) -> Bool {
        name.hasSuffix("_feedback") || name.hasPrefix("smtpd_forbid_")
            || ["compatibility_level", "mail_release_date", "mail_version", "process_id"].contains(name)
    }

    var expectation: String {
        switch self {
        case .number: "a whole number"
        case .time: "a time, such as 30s, 5m or 1h"
        case .boolean: "yes or no"
        }
    }

    /// Whether a value has the form; one that names another parameter may have any.
    func allows(_ value: String) -> Bool {
        if value.contains("$") { return true }
        let digits = value.prefix { $0.isASCII && $0.isNumber }
        return switch self {
        case .number: !digits.isEmpty && digits.count == value.count && Int32(digits) != nil
        case .time:
            !digits.isEmpty && Int32(digits) != nil
                && ["", "s", "m", "h", "d", "w"].contains(value.dropFirst(digits.count).lowercased())
        case .boolean: ["yes", "no"].contains(value.lowercased())
        }
    }
}

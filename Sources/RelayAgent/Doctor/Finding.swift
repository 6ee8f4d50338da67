/// Something that keeps mail from flowing, or will.
package struct Finding: Sendable, Equatable, Codable {
    package enum Severity: String, Sendable, Codable, Comparable {
        /// Worth knowing; nothing has to be done.
        case info
        /// Some mail does not flow, or soon will not.
        case warning
        /// Mail does not flow, or flows for strangers.
        case critical

        package static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }

        private var rank: Int {
            switch self {
            case .info: 0
            case .warning: 1
            case .critical: 2
            }
        }
    }

    package let severity: Severity
    /// What it is called, for programs and for a search: `outbound-25-blocked`.
    package let name: String
    /// What was seen, with the numbers and names in it.
    package let seen: String
    /// Why that matters to mail.
    package let why: String
    /// The command that mends it; where none can, what to do.
    package let fix: String

    package init(_ severity: Severity, _ name: String, seen: String, why: String, fix: String) {
        self.severity = severity
        self.name = name
        self.seen = seen
        self.why = why
        self.fix = fix
    }
}

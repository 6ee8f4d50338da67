/// Something that keeps mail from flowing, or will.
package struct Finding: Sendable, Equatable {
    package enum Severity: String, Sendable, Codable, Comparable {
        /// Worth knowing; nothing has to be done.
        case info
        /// Some mail does not flow, or soon will not.
        case warning
        /// Mail does not flow, or flows for strangers.
        case critical

        package static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }

        /// The severity as a number from 1, as a metric shows it; there, 0 is no finding.
        package var rank: Int {
            switch self {
            case .info: 1
            case .warning: 2
            case .critical: 3
            }
        }
    }

    package let kind: FindingKind
    package let severity: Severity
    /// The service or load balancer of the finding, where several may have one of this kind.
    package let subject: String?
    /// The fault as it was seen, with its numbers and names.
    package let seen: String
    /// Why that matters to mail.
    package let why: String
    /// The command that mends it; where none can, what to do.
    package let fix: String
    /// The DNS records that mend it, where they are known to the letter.
    package let records: [RecordToPublish]

    package var name: String { kind.name }

    /// - Parameters:
    ///   - severity: One of those that the kind can have; its first where none is named.
    ///   - why: The kind's own where none is named.
    ///   - fix: The kind's own where none is named.
    ///   - records: The DNS records that mend it.
    package init(
        _ kind: FindingKind,
        _ severity: Severity? = nil,
        of subject: String? = nil,
        seen: String,
        why: String? = nil,
        fix: String? = nil,
        records: [RecordToPublish] = []
    ) {
        assert(severity.map(kind.severities.contains) ?? true, "\(kind.name) is declared with this severity")
        self.kind = kind
        self.severity = severity ?? kind.severities[0]
        self.subject = subject
        self.seen = seen
        self.why = why ?? kind.why
        self.fix = fix ?? kind.cure
        self.records = records
    }

    package static func == (left: Finding, right: Finding) -> Bool {
        left.name == right.name && left.severity == right.severity && left.subject == right.subject
            && left.seen == right.seen && left.why == right.why && left.fix == right.fix
            && left.records == right.records
    }
}

extension Finding {
    /// Whether it comes of another. A cause is at least as grave, or ordered; otherwise a warning could hide an outage.
    func follows(from other: Finding) -> Int? {
        guard other.severity >= severity || other.kind.isOrdered else { return nil }
        return kind.causes.firstIndex { cause in
            cause.name == other.name && (!cause.isOfSameSubject || subject == other.subject)
        }
    }
}

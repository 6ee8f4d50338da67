/// One thing that receivers judge a domain's mail by: its lines of the table, and its findings.
struct DomainPart: Sendable {
    var lines: [DomainLine] = []
    var findings: [Finding] = []

    init(_ lines: [DomainLine] = [], _ findings: [Finding] = []) {
        self.lines = lines
        self.findings = findings
    }

    /// One line, and the findings that make its verdict.
    init(_ name: String, _ seen: String, _ findings: [Finding] = []) {
        self.init([DomainLine(part: name, verdict: DomainVerdict(findings), seen: seen)], findings)
    }

    static func + (left: DomainPart, right: DomainPart) -> DomainPart {
        DomainPart(left.lines + right.lines, left.findings + right.findings)
    }
}

/// A line of the table.
struct DomainLine: Sendable, Equatable, Encodable {
    /// The part that it is about: `SPF`.
    let part: String
    let verdict: DomainVerdict
    /// The receivers' view, in a few words.
    let seen: String
}

/// The judgement of one line.
enum DomainVerdict: String, Sendable, Equatable, Encodable {
    case ok
    /// It can't be told from here.
    case unknown
    case info
    case warning
    case critical

    /// The gravest of these findings.
    init(_ findings: [Finding]) {
        switch findings.map(\.severity).max() {
        case nil: self = .ok
        case .info: self = .info
        case .warning: self = .warning
        case .critical: self = .critical
        }
    }
}

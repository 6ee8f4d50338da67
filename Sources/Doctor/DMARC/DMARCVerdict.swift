/// The judgement of a message: whether SPF or DKIM vouches for the domain that its reader sees (RFC 7489, section 4.2).
struct DMARCVerdict: Sendable, Equatable {
    /// A domain that SPF or DKIM has passed, with the organization that it belongs to.
    struct Identity: Sendable, Equatable {
        let domain: String
        let organization: String

        init(domain: String, organization: String) {
            self.domain = domain.lowercased()
            self.organization = organization.lowercased()
        }

        init(_ walk: DMARCWalk) { self.init(domain: walk.domain, organization: walk.organization) }

        func isAligned(with other: Identity, _ alignment: DMARCRecord.Alignment) -> Bool {
            alignment == .strict ? domain == other.domain : organization == other.organization
        }
    }

    let isSPFAligned: Bool
    let isDKIMAligned: Bool

    /// One of the two is enough.
    var passes: Bool { isSPFAligned || isDKIMAligned }

    /// - Parameters:
    ///   - from: The domain of the `From` header.
    ///   - spf: The domain of the envelope's sender, where SPF passes.
    ///   - dkim: The domains whose signatures are good.
    init(from: Identity, spf: Identity?, dkim: [Identity], _ record: DMARCRecord) {
        isSPFAligned = spf.map { $0.isAligned(with: from, record.spf) } ?? false
        isDKIMAligned = dkim.contains { $0.isAligned(with: from, record.dkim) }
    }
}

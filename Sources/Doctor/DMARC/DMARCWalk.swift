import Host
import Vocabulary

/// The records of a domain and of those above it, which tell its organization without a list of public suffixes: a "tree
/// walk" (draft-ietf-dmarc-dmarcbis-41, section 4.10).
struct DMARCWalk: Sendable, Equatable {
    struct Step: Sendable, Equatable {
        let domain: String
        let record: DMARCRecord
    }

    let domain: String
    /// The domains that have a record, the walk's own first.
    let steps: [Step]

    /// Asks for the records.
    ///
    /// - Throws: A failure of the name servers; the organization is unknown then.
    static func from(_ domain: DomainName, _ names: any DNSAnswering) async throws(DNSFailure) -> DMARCWalk {
        var steps: [Step] = []
        for name in path("\(domain)") {
            // If there are several records, none counts.
            let texts = try await names.texts("_dmarc.\(name)").filter(DMARCRecord.isRecord)
            guard texts.count == 1, let record = DMARCRecord(texts[0]) else { continue }
            steps.append(Step(domain: name, record: record))
            if record.publicSuffix != .unknown { break }
        }
        return DMARCWalk(domain: "\(domain)", steps: steps)
    }

    /// The domain, and those above it. Long names are cut, so that there are eight questions at most.
    static func path(_ domain: String) -> [String] {
        let labels = domain.split(separator: ".")
        let above = (1..<max(labels.count, 1)).map { labels.dropFirst($0) }.filter { $0.count < 8 }
        return [domain] + above.map { $0.joined(separator: ".") }
    }

    /// The domain of the organization: names below it are aligned with each other.
    var organization: String {
        if let step = steps.last, step.record.publicSuffix == .no { return step.domain }
        // Below a public suffix, the next name is an organization's.
        if let step = steps.last, step.record.publicSuffix == .yes, step.domain != domain {
            let labels = domain.split(separator: ".")
            return labels.suffix(step.domain.split(separator: ".").count + 1).joined(separator: ".")
        }
        return steps.last?.domain ?? domain
    }

    /// The record that counts for mail in the domain's name, and the policy that it has for that.
    var policy: (domain: String, record: DMARCRecord, policy: DMARCRecord.Policy)? {
        let own = steps.first { $0.domain == domain }
        let further = steps.first { $0.domain == organization } ?? steps.last { $0.record.publicSuffix == .yes }
        guard let step = own ?? further else { return nil }
        return (step.domain, step.record, step.domain == domain ? step.record.policy : step.record.subdomainPolicy)
    }
}

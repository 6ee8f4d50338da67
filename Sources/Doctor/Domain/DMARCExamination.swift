import Host
import Vocabulary

/// The domain's policy, and whether SPF or DKIM fulfils it (RFC 7489, and the tree walk of its successor).
struct DMARCExamination: DomainExamination {
    let name = "DMARC"
    let domain: DomainName
    /// Whether SPF passes for each address that mail leaves by; `nil` where that is not known. So for DKIM.
    let spf: Bool?
    let dkim: Bool?
    let names: any DNSAnswering

    private var place: String { "_dmarc.\(domain)" }

    func part() async throws -> DomainPart {
        let texts = try await names.texts(place).filter(Self.isMeant)
        let walk = try await DMARCWalk.from(domain, names)
        let faults = faults(texts, walk)
        let seen =
            walk.policy.map { policy in
                "policy \(policy.policy.rawValue)\(policy.record.isTest ? ", only tested" : ""), of \(policy.domain)"
            } ?? faults.first?.seen ?? "no record"
        return DomainPart(name, seen, faults) + verdict(walk)
    }

    /// Whether a text is a record of DMARC's, or was meant as one.
    private static func isMeant(_ text: String) -> Bool {
        DMARCRecord.isRecord(text) || text.filter { !$0.isWhitespace }.lowercased().hasPrefix("v=dmarc")
    }

    private func faults(_ texts: [String], _ walk: DMARCWalk) -> [Finding] {
        let valid = texts.filter { DMARCRecord($0) != nil }
        if texts.count(where: DMARCRecord.isRecord) > 1 {
            let old = "all DMARC records of \(domain)"
            let record = valid.first.map { RecordToPublish(place, .txt, $0, inPlaceOf: old) }
            return [
                Finding(
                    .severalDMARCRecords,
                    seen: "\(place) has \(texts.count) DMARC records",
                    fix: record.map { "a TXT record of \(place): \($0.value), in place of them all" },
                    records: [record].compactMap(\.self)
                )
            ]
        }
        if let text = texts.first, valid.isEmpty {
            return [
                fault(
                    .dmarcBroken,
                    "the DMARC record of \(domain) is not valid: \(text.escapedForDisplay)",
                    "the TXT record of \(place)"
                )
            ]
        }
        guard walk.policy == nil else { return [] }
        return [fault(.noDMARC, "neither \(domain) nor a domain above it has a DMARC record", nil)]
    }

    /// A finding that the weakest policy mends. The operator raises it when the reports show no mail that fails.
    private func fault(_ kind: FindingKind, _ seen: String, _ old: String?) -> Finding {
        let record = RecordToPublish(place, .txt, "v=DMARC1; p=none", inPlaceOf: old)
        return Finding(kind, seen: seen, fix: "a TXT record of \(place): \(record.value)", records: [record])
    }

    /// The line about alignment. Signatures and the envelope's sender are of the domain itself, so that its records decide.
    private func verdict(_ walk: DMARCWalk) -> DomainPart {
        guard let policy = walk.policy else { return DomainPart() }
        let own = DMARCVerdict.Identity(walk)
        let verdict = DMARCVerdict(
            from: own,
            spf: spf == true ? own : nil,
            dkim: dkim == true ? [own] : [],
            policy.record
        )
        func word(_ isAligned: Bool, _ passes: Bool?) -> String {
            isAligned ? "passes, aligned" : passes == nil ? "is not known" : "does not pass"
        }
        let seen = "SPF \(word(verdict.isSPFAligned, spf)); DKIM \(word(verdict.isDKIMAligned, dkim))"
        if verdict.passes { return DomainPart(name, seen) }
        // An unknown one may pass: of DKIM a selector, of SPF the smarthost's addresses.
        guard spf == false else { return .unknown(name, seen) }
        return DomainPart(
            name,
            seen,
            [
                Finding(
                    .dmarcFails,
                    seen: "mail in the name of \(domain) fails DMARC: \(seen)",
                    why: policy.policy == .none
                        ? nil : "its policy asks receivers to \(policy.policy.rawValue) such mail"
                )
            ]
        )
    }
}

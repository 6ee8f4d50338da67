import Host
import Vocabulary

/// The domain's SPF record, and the result of each address that mail leaves by.
struct SPFDomainExamination: DomainExamination {
    let name = "SPF"
    let examination: SPFExamination
    /// The host that all mail is handed to; `nil` where the node delivers itself.
    var smarthost: String?

    func part() async -> DomainPart { await reading().part }

    /// The part, and whether the result of each address is a pass; `nil` where no address is known.
    struct Reading: Sendable {
        var part: DomainPart
        var passes: Bool?
    }

    func reading() async -> Reading {
        let reading = await examination.reading()
        // A greeting needs no record of its own.
        if examination.isGreeting, reading.texts.isEmpty { return Reading(part: DomainPart(), passes: nil) }
        // The record's terms are the smarthost's, which are not known here.
        if let smarthost, reading.findings.map(\.name) == [FindingKind.noSPF.name] {
            let seen = "\(examination.domain) has no record; the operator of \(smarthost) says which one it needs"
            return Reading(part: .unknown(name, seen), passes: nil)
        }
        let isUnknown = reading.texts.isEmpty && reading.findings.contains { $0.kind.name != FindingKind.noSPF.name }
        let seen = reading.texts.isEmpty ? "no record" : reading.texts.joined(separator: " and ")
        var part = DomainPart(name, "\(examination.domain): \(seen)", reading.findings)
        if isUnknown {
            part = .unknown(name, reading.findings.first?.seen ?? seen, reading.findings)
        }
        part.lines += reading.outcomes.map { address, outcome in
            DomainLine(
                part: name,
                verdict: Self.verdict(of: outcome.result),
                seen: "\(address): \(outcome.result.rawValue), as \(outcome.reason)"
            )
        }
        let results = reading.outcomes.map(\.outcome.result)
        let isComplete = results.count == examination.addresses.count
        let passes = isComplete && results.allSatisfy { $0 == .pass }
        return Reading(part: part, passes: examination.addresses.isEmpty || isUnknown ? nil : passes)
    }

    private static func verdict(of result: SPFResult) -> DomainVerdict {
        switch result {
        case .pass: .ok
        case .neutral: .info
        case .none, .fail, .softfail, .temperror, .permerror: .warning
        }
    }
}

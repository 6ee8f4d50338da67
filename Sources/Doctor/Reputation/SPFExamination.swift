import Host
import Vocabulary

/// The domain's SPF record, as receivers evaluate it for the addresses that mail leaves by.
struct SPFExamination: Sendable {
    var domain: DomainName
    let addresses: [IPAddress]
    let greeting: String
    let names: any DNSAnswering
    /// The time that one evaluation may take.
    var limit = SPFLimits.time
    /// Whether the domain is the name that Postfix greets with. It needs no record of its own, and where it has one, receivers
    /// judge bounces by that (RFC 7208, section 2.4).
    var isGreeting = false

    /// Addresses that no host of the internet can have (RFC 1112, section 4; RFC 4291, section 2.4, and IANA's registry of
    /// IPv6). A record that lets one of them send lets everybody send.
    private static let strangers = [
        IPAddress(bytes: [240, 0, 0, 1]), IPAddress(bytes: [0xFE] + [UInt8](repeating: 0, count: 14) + [1]),
    ]

    func findings() async -> [Finding] { await reading().findings }

    /// The receivers' view of the domain.
    struct Reading: Sendable {
        /// The domain's SPF records.
        var texts: [String] = []
        /// The result for each address; none where there is no record, or more than one.
        var outcomes: [(address: IPAddress, outcome: SPFOutcome)] = []
        var findings: [Finding] = []
    }

    func reading() async -> Reading {
        let names = RememberedAnswers(names)
        var reading = Reading()
        do throws(DNSFailure) {
            reading.texts = try await names.texts("\(domain)").filter(SPFRecord.isRecord)
        } catch {
            reading.findings = isGreeting ? [] : [Finding(notExamined: "SPF record of \(domain)", error)]
            return reading
        }
        guard let text = reading.texts.first else {
            reading.findings = isGreeting ? [] : [withoutRecord]
            return reading
        }
        guard reading.texts.count == 1 else {
            reading.findings = [await severalRecords(reading.texts, names)]
            return reading
        }
        let publication = SPFPublication(domain: domain, text: text)
        var foreign = await answer(for: Self.strangers[0], names)
        if foreign.result != .pass, !foreign.tookTooLong {
            let other = await answer(for: Self.strangers[1], names)
            if other.result == .pass { foreign = other }
        }
        // One that takes too long is enough; the others would ask the same servers.
        for address in addresses where !(reading.outcomes.last?.outcome ?? foreign).tookTooLong {
            reading.outcomes.append((address, await answer(for: address, names)))
        }
        reading.findings =
            foreign.result == .pass
            ? [allowsEverybody(foreign, publication)]
            : withoutRelay(reading.outcomes, publication) + broken(reading.outcomes.map(\.outcome), foreign)
        return reading
    }

    private func answer(for address: IPAddress, _ names: any DNSAnswering) async -> SPFOutcome {
        let question = SPFQuestion(address, sender: "postmaster@\(domain)", greeting: greeting)
        let answer = try? await within(limit) { await SPFEvaluation.answer(to: question, by: names) }
        return answer ?? SPFOutcome(result: .temperror, reason: .tookTooLong(limit))
    }

    private var withoutRecord: Finding {
        let named = addresses.isEmpty ? ["ip4:PUBLIC-ADDRESS"] : addresses.map(SPFPublication.term)
        let record = ([SPFRecord.version] + named + ["~all"]).joined(separator: " ")
        let publication = SPFPublication(domain: domain, text: record)
        return Finding(
            .noSPF,
            seen: "\(domain) has no SPF record",
            fix: publication.order,
            records: addresses.isEmpty ? [] : [publication.record(isFirst: true)]
        )
    }

    private func severalRecords(_ texts: [String], _ names: RememberedAnswers) async -> Finding {
        var publication = SPFPublication(domain: domain, merging: texts)
        if let merged = publication {
            let amended = AmendedAnswers(names: names, publication: merged)
            var missing: [IPAddress] = []
            for address in addresses where await answer(for: address, amended).result != .pass {
                missing.append(address)
            }
            publication = merged.adding(missing)
        }
        return Finding(
            .severalSPFRecords,
            seen: "\(domain) has \(texts.count) SPF records",
            fix: publication.map { "\($0.order), in place of them all" },
            records: publication.map { [$0.record()] } ?? []
        )
    }

    private func allowsEverybody(_ outcome: SPFOutcome, _ publication: SPFPublication) -> Finding {
        let closed = publication.closed(naming: addresses)
        return Finding(
            .spfAllowsEverybody,
            seen: """
                the SPF record of \(domain) lets every host of the world send, as \(outcome.reason): \(publication.shown)
                """,
            fix: closed?.order,
            records: closed.map { [$0.record()] } ?? []
        )
    }

    /// The addresses that the record does not vouch for, those with the same answer together.
    private func withoutRelay(
        _ outcomes: [(address: IPAddress, outcome: SPFOutcome)],
        _ publication: SPFPublication
    ) -> [Finding] {
        let left = outcomes.filter { Self.consequence(of: $0.outcome.result) != nil }
        let amended = publication.adding(left.map(\.address))
        let results: [SPFResult] = [.fail, .softfail, .neutral]
        return results.compactMap { result in
            let alike = left.filter { $0.outcome.result == result }
            guard let first = alike.first, let consequence = Self.consequence(of: result) else { return nil }
            let list = alike.map { "\($0.address)" }.list
            return Finding(
                .spfWithoutRelay,
                consequence.severity,
                seen: """
                    the SPF record of \(domain) does not name \(list): \(publication.shown) (\(result.rawValue), as \
                    \(first.outcome.reason))\(publication.misspelling)
                    """,
                why: isGreeting
                    ? "it is the name that Postfix greets with, by which receivers judge bounces" : consequence.text,
                fix: amended.order,
                records: [amended.record()]
            )
        }
    }

    /// The effect of a result on mail at its receivers (RFC 7208, section 8).
    private static func consequence(of result: SPFResult) -> (severity: Finding.Severity, text: String)? {
        switch result {
        case .fail: (.warning, "receivers refuse this node's mail as forged")
        case .softfail: (.warning, "receivers suspect this node's mail, and may call it spam")
        case .neutral: (.info, "the record does not vouch for this node's mail")
        case .none, .pass, .temperror, .permerror: nil
        }
    }

    /// The places where the evaluation breaks, each once.
    private func broken(_ outcomes: [SPFOutcome], _ foreign: SPFOutcome) -> [Finding] {
        let own = outcomes.isEmpty ? [foreign] : outcomes
        var seen: [SPFReason] = []
        var findings: [Finding] = []
        for outcome in own where !seen.contains(outcome.reason) {
            seen.append(outcome.reason)
            let text = "the SPF record of \(domain) can't be evaluated: \(outcome.reason)"
            switch outcome.result {
            case .permerror: findings.append(Finding(.spfBroken, seen: text, fix: outcome.reason.cure))
            case .temperror: findings.append(Finding(.spfLookUpFails, seen: text, fix: outcome.reason.cure))
            case .none, .neutral, .pass, .fail, .softfail: break
            }
        }
        if findings.isEmpty, case .tooManyLookUps = foreign.reason {
            findings.append(
                Finding(
                    .spfBroken,
                    .info,
                    seen: "the SPF record of \(domain) can't be evaluated for other senders: \(foreign.reason)",
                    why: "this node's addresses come before that place; the domain's senders after it do not count",
                    fix: foreign.reason.cure
                )
            )
        }
        return findings
    }
}

extension SPFOutcome {
    fileprivate var tookTooLong: Bool { if case .tookTooLong = reason { true } else { false } }
}

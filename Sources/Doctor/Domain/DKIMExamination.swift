import Host
import Signer
import Vocabulary

/// The public keys that receivers verify a domain's signatures with (RFC 6376, section 3.6).
struct DKIMExamination: DomainExamination {
    let name = "DKIM"
    let domain: DomainName
    let selectors: [ExaminedSelector]
    let names: any DNSAnswering

    func part() async -> DomainPart { await reading().part }

    /// The part, and whether a signature under one of the selectors verifies; `nil` where that is not known.
    struct Reading: Sendable {
        var part: DomainPart
        var passes: Bool?
    }

    func reading() async -> Reading {
        guard !selectors.isEmpty else {
            let seen =
                "no selector is known, and mail.dkim has none; name that of your signatures (their tag s) with --selector"
            return Reading(part: .unknown(name, seen), passes: nil)
        }
        var reading = Reading(part: DomainPart(), passes: false)
        for selector in selectors {
            let key = Key(selector: selector, name: selector.recordName(in: domain))
            if let failure = selector.failure {
                reading.part.findings.append(Finding(notExamined: "DKIM key of \(key.name)", failure))
            }
            do throws(DNSFailure) {
                let texts = try await names.texts(key.name)
                let findings = key.findings(texts)
                reading.part = reading.part + DomainPart(name, key.seen(texts, findings), findings)
                if findings.allSatisfy({ $0.severity == .info }) { reading.passes = true }
            } catch {
                let seen = "\(key.name) could not be looked up: \(error)"
                reading.part = reading.part + .unknown(name, seen, [Finding(notExamined: "record \(key.name)", error)])
                if reading.passes == false { reading.passes = nil }
            }
        }
        return reading
    }
}

/// One selector, and the records that it may have.
private struct Key {
    let selector: ExaminedSelector
    let name: String

    /// The line of the table.
    func seen(_ texts: [String], _ findings: [Finding]) -> String {
        if let finding = findings.first { return finding.seen }
        let key = texts.first.flatMap { try? PublicKey(record: $0, name: name) }
        return "\(name): \(key?.rsaBits.map { "an RSA key of \($0) bits" } ?? "an Ed25519 key")"
    }

    func findings(_ texts: [String]) -> [Finding] {
        guard let text = texts.first else { return [finding(.dkimNoRecord, "has no TXT record", otherwise: nil)] }
        guard texts.count == 1 else {
            let fix = "keep the one of the key that signs as the TXT record of \(name)"
            return [finding(.dkimSeveralRecords, "has \(texts.count) TXT records", otherwise: fix)]
        }
        // A revoked key has no cure but another one: receivers remember the empty record.
        guard !PublicKey.isRevoked(record: text) else {
            return [Finding(.dkimRevoked, of: name, seen: "\(name) has a revoked key (its tag p is empty)")]
        }
        let key: PublicKey
        do throws(VerificationFailure) {
            key = try PublicKey(record: text, name: name)
        } catch {
            return [finding(.dkimBroken, "can't be used: \(error.reason)", otherwise: nil)]
        }
        if let wanted = selector.wanted, let own = try? PublicKey(record: wanted.value, name: name),
            !key.isSameKey(as: own)
        {
            return [finding(.dkimKeyDiffers, "has another key than the one that signs", otherwise: nil)]
        }
        return (key.isTesting ? [testMode(text)] : []) + weakness(key)
    }

    private func weakness(_ key: PublicKey) -> [Finding] {
        guard let bits = key.rsaBits, bits < 2048 else { return [] }
        return [Finding(.dkimKeyWeak, of: name, seen: "\(name) has an RSA key of \(bits) bits only")]
    }

    private func testMode(_ text: String) -> Finding {
        let record = RecordToPublish(name, .txt, Self.withoutTestMode(text), inPlaceOf: "the TXT record of \(name)")
        return Finding(
            .dkimTestMode,
            of: name,
            seen: "\(name) says that DKIM is only tested (t=y)",
            fix: "publish the record of \(name) without the flag y",
            records: [record]
        )
    }

    /// A finding that the record of the key that signs mends, where that key is known.
    private func finding(_ kind: FindingKind, _ seen: String, otherwise fix: String?) -> Finding {
        guard let wanted = selector.wanted else { return Finding(kind, of: name, seen: "\(name) \(seen)", fix: fix) }
        let old = kind.name == FindingKind.dkimNoRecord.name ? nil : "all TXT records of \(name)"
        return Finding(
            kind,
            of: name,
            seen: "\(name) \(seen)",
            fix: "publish the record of the key that signs as the TXT record of \(name)",
            records: [RecordToPublish(name, .txt, wanted.value, inPlaceOf: old)]
        )
    }

    /// The record with all that it has but the flag `y` of its tag `t`.
    static func withoutTestMode(_ text: String) -> String {
        let tags = text.split(separator: ";").compactMap { tag -> String? in
            let pair = tag.split(separator: "=", maxSplits: 1).map { $0.filter { !$0.isWhitespace } }
            guard pair.count == 2, pair[0] == "t" else { return String(tag) }
            let flags = pair[1].split(separator: ":").filter { $0.lowercased() != "y" }
            return flags.isEmpty ? nil : " t=\(flags.joined(separator: ":"))"
        }
        return tags.joined(separator: ";")
    }
}

extension VerificationFailure {
    /// The fault of a record, without its name.
    fileprivate var reason: String { if case .record(_, let reason) = self { reason } else { "\(self)" } }
}

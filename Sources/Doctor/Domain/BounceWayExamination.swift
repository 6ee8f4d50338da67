import Host
import Vocabulary

/// The hosts that take the domain's mail, and so its bounces (RFC 5321, section 5.1).
struct BounceWayExamination: DomainExamination {
    let name = "bounces"
    let domain: DomainName
    let names: any DNSAnswering

    func part() async throws -> DomainPart {
        let exchangers = try await names.records("\(domain)", .mx).compactMap { record -> (UInt16, String)? in
            if case .exchanger(let preference, let host) = record { (preference, host) } else { nil }
        }.sorted { $0 < $1 }
        guard !exchangers.isEmpty else { return try await withoutExchanger() }
        guard exchangers.contains(where: { !$0.1.isEmpty }) else {
            return lost("\(domain) takes no mail (null MX record)")
        }
        var (reachable, missing) = ([String](), [String]())
        for (preference, host) in exchangers where !host.isEmpty {
            let addresses = try await names.addresses(host)
            if addresses.isEmpty {
                missing.append(host)
            } else {
                reachable.append("\(preference) \(host) (\(addresses.map(\.description).list))")
            }
        }
        let findings = missing.map { host in
            Finding(
                .mxWithoutAddress,
                reachable.isEmpty ? .warning : .info,
                of: host,
                seen: "the MX record of \(domain) names \(host.escapedForDisplay), which has no address",
                why: reachable.isEmpty ? nil : "non-delivery reports can reach the other hosts only"
            )
        }
        let seen = reachable.isEmpty ? findings.map(\.seen) : ["MX \(reachable.joined(separator: ", "))"]
        return DomainPart(name, seen.joined(separator: "; "), findings)
    }

    /// Mail for a domain without an MX record goes to the domain's own address.
    private func withoutExchanger() async throws -> DomainPart {
        let addresses = try await names.addresses("\(domain)")
        guard addresses.isEmpty else {
            return DomainPart(name, "no MX record, so to the domain's address \(addresses.map(\.description).list)")
        }
        return lost("\(domain) has neither an MX record nor an address")
    }

    private func lost(_ seen: String) -> DomainPart {
        let fix = "publish an MX record of \(domain) that names the host of its mailboxes, such as: MX 10 HOST"
        return DomainPart(name, seen, [Finding(.bouncesLost, seen: seen, fix: fix)])
    }
}

import Host
import Vocabulary

/// The records that receivers look up before they trust a sender: the name of its address, the name of its greeting,
/// and the domain's SPF record.
struct ReputationExamination: Examination {
    let name = "reputation"
    let publicAddress: IPAddress?
    /// The addresses of the NAT gateway that a node without a public address sends from.
    let translatedAddresses: @Sendable () async throws -> [IPAddress]
    /// The IPv6 addresses that Postfix may send from before it tries IPv4.
    let preferredIPv6: @Sendable () async throws -> [IPAddress]
    /// The name that it greets other servers with.
    let greeting: String
    let domain: DomainName
    /// Whether it delivers to the internet itself, and by no smarthost.
    let deliversDirectly: Bool
    let names: HostNames

    let limit: Duration = .seconds(30)

    /// Each question fails for itself; the findings of the others are reported all the same.
    func findings() async throws -> [Finding] {
        guard deliversDirectly else { return [] }
        var findings: [Finding] = []
        var addresses = [publicAddress].compactMap(\.self)
        if addresses.isEmpty {
            addresses = await ask("address of the NAT gateway", &findings, translatedAddresses) ?? []
        }
        for address in addresses {
            let found = await ask("name of \(address)", &findings) { try await nameFindings(address) }
            findings += found ?? []
        }
        let ipv6 = await ask("way out by IPv6", &findings, preferredIPv6) ?? []
        for address in ipv6 {
            let found = await ask("name of \(address)", &findings) { try await nameFindings(ipv6: address) }
            findings += found ?? []
        }
        let greeted = await ask("address of \(greeting)", &findings) { try await names.addresses(greeting) }
        if greeted?.isEmpty == true { findings.append(Self.unknownGreeting(greeting, addresses, isOwn: hasOwnAddress)) }
        let texts = await ask("SPF record of \(domain)", &findings) { try await names.texts("\(domain)") }
        return findings + (texts.map { Self.judge(spf: $0, domain, addresses + ipv6) } ?? [])
    }

    /// Whether the address that the world sees is this node's alone. A NAT gateway's has one name for all nodes behind it.
    private var hasOwnAddress: Bool { publicAddress != nil }

    private func ask<Answer>(
        _ what: String,
        _ findings: inout [Finding],
        _ question: () async throws -> Answer
    ) async -> Answer? {
        do {
            return try await question()
        } catch {
            findings.append(Finding(notExamined: what, error))
            return nil
        }
    }

    private func nameFindings(_ address: IPAddress) async throws -> [Finding] {
        let pointers = try await names.names(of: address)
        var forward: [IPAddress] = []
        for name in pointers.prefix(5) { forward += try await names.addresses(name) }
        return Self.judge(address, pointers, forward, greeting: hasOwnAddress ? greeting : nil)
    }

    private func nameFindings(ipv6 address: IPAddress) async throws -> [Finding] {
        guard try await names.confirmedName(of: address) == nil else { return [] }
        return [
            Finding(
                .ipv6WithoutName,
                seen: """
                    Postfix may send from \(address), which has no name that leads back to it, before it tries IPv4 \
                    (smtp_address_preference)
                    """
            )
        ]
    }

    static func judge(
        _ address: IPAddress,
        _ pointers: [String],
        _ forward: [IPAddress],
        greeting: String?
    ) -> [Finding] {
        guard let pointer = pointers.first else {
            return [
                Finding(
                    .noReverseDNS,
                    seen: "the address that this node sends from, \(address), has no name (no PTR record)",
                    fix: """
                        aws ec2 modify-address-attribute --allocation-id ALLOCATION --domain-name \(greeting ?? "NAME")
                        """
                )
            ]
        }
        if !forward.contains(address) {
            return [
                Finding(
                    .reverseDNSMismatch,
                    seen: """
                        \(address) has the name \(pointer.escapedForDisplay), which has \
                        \(forward.isEmpty ? "no address" : forward.map(\.description).joined(separator: ", "))
                        """,
                    fix: "give \(pointer.escapedForDisplay) an A record of \(address)"
                )
            ]
        }
        var findings: [Finding] = []
        if let greeting, !pointers.contains(greeting.lowercased()) {
            findings.append(
                Finding(
                    .greetingIsNotReverseName,
                    seen: "Postfix greets as \(greeting), but \(address) has the name \(pointer.escapedForDisplay)",
                    fix: """
                        mail.hostname = "\(pointer.escapedForDisplay)", or none, which takes that name by itself; then \
                        'smtp-relay-agent reconcile'
                        """
                )
            )
        }
        if isGeneric(pointer) {
            findings.append(
                Finding(
                    .genericReverseName,
                    seen: "\(address) has the name \(pointer.escapedForDisplay), which AWS gives to every address",
                    fix: """
                        give a name of your own an A record of \(address), then: aws ec2 modify-address-attribute \
                        --allocation-id ALLOCATION --domain-name NAME
                        """
                )
            )
        }
        return findings
    }

    /// Whether it is AWS's own name of an address, as `ec2-192-0-2-25.eu-central-1.compute.amazonaws.com` (Amazon VPC
    /// User Guide, "DNS attributes for your VPC").
    private static func isGeneric(_ name: String) -> Bool {
        name.hasPrefix("ec2-") && [".amazonaws.com", ".amazonaws.com.cn"].contains { name.hasSuffix($0) }
    }

    /// - Parameters:
    ///   - addresses: Those that the world sees mail from.
    ///   - isOwn: Whether they are this node's alone; behind a NAT gateway few receivers can tell the nodes apart.
    static func unknownGreeting(_ greeting: String, _ addresses: [IPAddress], isOwn: Bool) -> Finding {
        let record = addresses.first.map { "an A record of \($0)" } ?? "an A record"
        return Finding(
            .greetingDoesNotResolve,
            isOwn ? .warning : .info,
            seen: "Postfix greets as \(greeting), a name that has no address",
            why: isOwn ? nil : "some receivers count that against mail",
            fix: "give it \(record), or set mail.hostname to a name that has one, then 'smtp-relay-agent reconcile'"
        )
    }

    /// - Parameter texts: The domain's text records; those of SPF begin with its version (RFC 7208, section 4.5).
    static func judge(spf texts: [String], _ domain: DomainName, _ addresses: [IPAddress]) -> [Finding] {
        let records = texts.filter { $0.lowercased() == "v=spf1" || $0.lowercased().hasPrefix("v=spf1 ") }
        func mechanism(_ address: IPAddress) -> String { "ip\(address.family == .ipv4 ? 4 : 6):\(address)" }
        switch records.count {
        case 0:
            let named = addresses.isEmpty ? "ip4:PUBLIC-ADDRESS" : addresses.map(mechanism).joined(separator: " ")
            let fix = "a TXT record of \(domain): v=spf1 \(named) ~all"
            return [Finding(.noSPF, seen: "\(domain) has no SPF record", fix: fix)]
        case 1:
            let record = SPFRecord(records[0])
            let shown = records[0].escapedForDisplay
            if record.allowsEverybody {
                return [Finding(.spfAllowsEverybody, seen: "the SPF record of \(domain) ends with '+all': \(shown)")]
            }
            return addresses.compactMap { address in
                guard let consequence = consequence(of: record.result(for: address)) else { return nil }
                return Finding(
                    .spfWithoutRelay,
                    consequence.severity,
                    seen: "the SPF record of \(domain) does not name \(address): \(shown)",
                    why: consequence.text,
                    fix: "add \(mechanism(address)) to it"
                )
            }
        case let count:
            return [Finding(.severalSPFRecords, seen: "\(domain) has \(count) SPF records")]
        }
    }

    /// The effect of a result on mail at its receivers (RFC 7208, section 8).
    private static func consequence(of result: SPFRecord.Result) -> (severity: Finding.Severity, text: String)? {
        switch result {
        case .pass, .unknown: nil
        case .fail: (.warning, "receivers refuse this node's mail as forged")
        case .softFail: (.warning, "receivers suspect this node's mail, and may call it spam")
        case .neutral: (.info, "the record does not vouch for this node's mail")
        }
    }
}

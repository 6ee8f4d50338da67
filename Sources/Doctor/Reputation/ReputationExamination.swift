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

    let limit: Duration = .seconds(60)

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
        var spf = SPFExamination(domain: domain, addresses: addresses + ipv6, greeting: greeting, names: names)
        findings += await spf.findings()
        guard let name = try? DomainName(greeting), name != domain else { return findings }
        (spf.domain, spf.isGreeting) = (name, true)
        return await findings + spf.findings()
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
        return [Self.withoutName(ipv6: address)]
    }

    static func withoutName(ipv6 address: IPAddress) -> Finding {
        Finding(
            .ipv6WithoutName,
            seen: """
                Postfix may send from \(address), which has no name that leads back to it, before it tries IPv4 \
                (smtp_address_preference)
                """
        )
    }

    /// - Parameters:
    ///   - forward: The addresses of the names.
    ///   - greeting: The name that the address should have; `nil` where it is shared by nodes that greet differently.
    ///   - greetingAddresses: The addresses that the greeting has already.
    static func judge(
        _ address: IPAddress,
        _ pointers: [String],
        _ forward: [IPAddress],
        greeting: String?,
        greetingAddresses: [IPAddress] = []
    ) -> [Finding] {
        guard let pointer = pointers.first else {
            return [
                Finding(
                    .noReverseDNS,
                    seen: "the address that this node sends from, \(address), has no name (no PTR record)",
                    fix: """
                        aws ec2 modify-address-attribute --allocation-id ALLOCATION --domain-name \(greeting ?? "NAME")
                        """,
                    records: greeting.map { name in
                        // AWS gives an address a name only where the name leads to the address.
                        let leads = greetingAddresses.contains(address)
                        return (leads ? [] : [RecordToPublish(name, leadingTo: address)]) + [
                            RecordToPublish(naming: address, name)
                        ]
                    } ?? []
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
                    fix: "give \(pointer.escapedForDisplay) an A record of \(address)",
                    records: [RecordToPublish(pointer, leadingTo: address)]
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
            fix: "give it \(record), or set mail.hostname to a name that has one, then 'smtp-relay-agent reconcile'",
            records: isOwn ? addresses.prefix(1).map { RecordToPublish(greeting, leadingTo: $0) } : []
        )
    }
}

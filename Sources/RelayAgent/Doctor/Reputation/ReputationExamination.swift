import Host
import Vocabulary

/// What receivers look up of a sender before they believe it: the name of its address, its greeting's name, and the
/// domain's SPF record.
struct ReputationExamination: Examination {
    let name = "reputation"
    let publicAddress: IPAddress?
    /// The name that it greets other servers with.
    let greeting: String
    let domain: DomainName
    /// Whether it delivers to the internet itself, and by no smarthost.
    let deliversDirectly: Bool
    let names: HostNames

    let limit: Duration = .seconds(30)

    func findings() async throws -> [Finding] {
        guard deliversDirectly else { return [] }
        var findings: [Finding] = []
        if let address = publicAddress {
            let pointers = try await names.names(of: address)
            var forward: [IPAddress] = []
            for name in pointers.prefix(5) { forward += try await names.addresses(name) }
            findings += Self.judge(address, pointers, forward, greeting: greeting)
        }
        if try await names.addresses(greeting).isEmpty { findings.append(Self.unknownGreeting(greeting)) }
        return findings + Self.judge(spf: try await names.texts("\(domain)"), domain, publicAddress)
    }

    static func judge(
        _ address: IPAddress,
        _ pointers: [String],
        _ forward: [IPAddress],
        greeting: String
    ) -> [Finding] {
        guard let pointer = pointers.first else {
            return [
                Finding(
                    .noReverseDNS,
                    seen: "this node's public address \(address) has no name (no PTR record)",
                    fix: """
                        aws ec2 modify-address-attribute --allocation-id ALLOCATION --domain-name \(greeting)
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
        if !pointers.contains(greeting.lowercased()) {
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

    static func unknownGreeting(_ greeting: String) -> Finding {
        Finding(
            .greetingDoesNotResolve,
            seen: "Postfix greets as \(greeting), a name that has no address",
            fix: "give it an A record, or set mail.hostname to a name that has one, then 'smtp-relay-agent reconcile'"
        )
    }

    /// - Parameter texts: The domain's text records; those of SPF begin with its version (RFC 7208, section 4.5).
    static func judge(spf texts: [String], _ domain: DomainName, _ address: IPAddress?) -> [Finding] {
        let records = texts.filter { $0.lowercased() == "v=spf1" || $0.lowercased().hasPrefix("v=spf1 ") }
        let mechanism = address.map { "ip\($0.family == .ipv4 ? 4 : 6):\($0)" } ?? "ip4:PUBLIC-ADDRESS"
        let fix = "a TXT record of \(domain): v=spf1 \(mechanism) ~all"
        switch records.count {
        case 0:
            return [
                Finding(
                    .noSPF,
                    seen: "\(domain) has no SPF record",
                    fix: fix
                )
            ]
        case 1:
            guard let address, isLeftOut(address, of: records[0]) else { return [] }
            return [
                Finding(
                    .spfWithoutRelay,
                    seen: "the SPF record of \(domain) does not name \(address): \(records[0].escapedForDisplay)",
                    fix: "add \(mechanism) to it"
                )
            ]
        case let count:
            return [
                Finding(
                    .severalSPFRecords,
                    seen: "\(domain) has \(count) SPF records",
                    fix: "make them one"
                )
            ]
        }
    }

    /// Whether a record says by addresses alone who sends, and the node's is not among them. What else a record can say
    /// needs further questions, and is given the benefit of the doubt.
    private static func isLeftOut(_ address: IPAddress, of record: String) -> Bool {
        let terms = record.lowercased().split(separator: " ").dropFirst()
        for term in terms {
            let term = term.first.map { "+-~?".contains($0) } == true ? term.dropFirst() : term
            if term == "all" { continue }
            guard term.hasPrefix("ip4:") || term.hasPrefix("ip6:") else { return false }
            guard let network = try? IPNetwork(term.dropFirst(4)) else { return false }
            if network.contains(address) { return false }
        }
        return true
    }
}

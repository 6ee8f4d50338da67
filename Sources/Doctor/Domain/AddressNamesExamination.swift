import Host
import Vocabulary

/// The names of the addresses that mail leaves by, and the name that Postfix greets with.
struct AddressNamesExamination: DomainExamination {
    let name = "PTR"
    let addresses: [IPAddress]
    /// Whether the IPv4 addresses are this node's alone, and no NAT gateway's.
    let isOwn: Bool
    let greeting: String
    let names: any DNSAnswering

    func part() async throws -> DomainPart {
        var part = DomainPart()
        let greeted = try await names.addresses(greeting)
        for address in addresses { part = try await part + self.part(of: address, greeted) }
        guard greeted.isEmpty else {
            return part + DomainPart("greeting", "\(greeting) (\(greeted.map(\.description).list))")
        }
        let finding = ReputationExamination.unknownGreeting(greeting, addresses, isOwn: isOwn)
        return part + DomainPart("greeting", "\(greeting) has no address", [finding])
    }

    private func part(of address: IPAddress, _ greeted: [IPAddress]) async throws -> DomainPart {
        let pointers = try await names.names(of: address)
        var forward: [IPAddress] = []
        for name in pointers.prefix(5) { forward += try await names.addresses(name) }
        var findings: [Finding] = []
        if address.family == .ipv4 {
            findings = ReputationExamination.judge(
                address,
                pointers,
                forward,
                greeting: isOwn ? greeting : nil,
                greetingAddresses: greeted
            )
        } else if !forward.contains(address) {
            findings = [ReputationExamination.withoutName(ipv6: address)]
        }
        guard let pointer = pointers.first else { return DomainPart(name, "\(address) has no name", findings) }
        let note = forward.contains(address) ? "which leads back to it" : "which does not lead back to it"
        return DomainPart(name, "\(address) has the name \(pointer), \(note)", findings)
    }
}

package import Vocabulary

/// Answers questions about names, whichever server knows them.
package protocol DNSAnswering: Sendable {
    /// The records of a name; none where there is no such name, or none of the kind.
    func records(_ name: String, _ kind: DNSRecord.Kind) async throws(DNSFailure) -> [DNSRecord]
}

extension DNSAnswering {
    /// The texts of a name, each of its strings joined.
    package func texts(_ name: String) async throws(DNSFailure) -> [String] {
        try await records(name, .txt).compactMap { if case .text(let text) = $0 { text } else { nil } }
    }

    package func addresses(_ name: String) async throws(DNSFailure) -> [IPAddress] {
        let records = try await records(name, .a) + records(name, .aaaa)
        return records.compactMap { if case .address(let address) = $0 { address } else { nil } }
    }

    /// The names that an address has.
    package func names(of address: IPAddress) async throws(DNSFailure) -> [String] {
        try await records(address.reverseName, .ptr).compactMap {
            if case .pointer(let name) = $0 { name.lowercased() } else { nil }
        }
    }

    /// The name of an address that leads back to it; of several the first by the alphabet, as a server may turn their
    /// order around.
    package func confirmedName(of address: IPAddress) async throws(DNSFailure) -> DomainName? {
        for text in try await names(of: address).sorted().prefix(5) {
            guard let name = try? DomainName(text) else { continue }
            let records = try await records(text, address.family == .ipv4 ? .a : .aaaa)
            if records.contains(.address(address)) { return name }
        }
        return nil
    }
}

extension HostNames: DNSAnswering {}

/// Asks each question once, and gives the same answer or failure to all who ask it again.
package actor RememberedAnswers: DNSAnswering {
    private struct Question: Hashable {
        let name: String
        let kind: DNSRecord.Kind
    }

    private let names: any DNSAnswering
    private var answers: [Question: Result<[DNSRecord], DNSFailure>] = [:]

    package init(_ names: any DNSAnswering) {
        self.names = names
    }

    package func records(_ name: String, _ kind: DNSRecord.Kind) async throws(DNSFailure) -> [DNSRecord] {
        let question = Question(name: name.lowercased(), kind: kind)
        if let known = answers[question] { return try known.get() }
        do throws(DNSFailure) {
            let records = try await names.records(name, kind)
            answers[question] = .success(records)
            return records
        } catch {
            // A question that was cut short may get an answer later.
            if !Task.isCancelled { answers[question] = .failure(error) }
            throw error
        }
    }
}

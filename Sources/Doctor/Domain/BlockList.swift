import Host
import Vocabulary

/// A public list of addresses that send spam, asked through DNS (RFC 5782).
struct BlockList: Sendable, Equatable {
    /// The name below which it answers.
    let zone: String

    /// Lists that many receivers go by, and that answer without a contract.
    static let common = [
        BlockList(zone: "zen.spamhaus.org"), BlockList(zone: "bl.spamcop.net"), BlockList(zone: "psbl.surriel.com"),
    ]

    /// The answer about an address.
    enum Answer: Sendable, Equatable {
        case absent
        /// The list has the address; its text often has a page about it.
        case listed(reason: String?)
        /// The list does not tell this host's name server, or does not answer.
        case silent(String)
    }

    func answer(about address: IPAddress, _ names: any DNSAnswering) async -> Answer {
        do throws(DNSFailure) {
            let codes = try await codes(address, names)
            if codes.isEmpty { return .absent }
            // Spamhaus and others say so to a resolver that asks for too many.
            if let error = codes.first(where: { $0.bytes.starts(with: [127, 255, 255]) }) {
                return .silent("refuses this host's name server (\(error))")
            }
            guard codes.allSatisfy({ $0.bytes.first == 127 }) else { return .silent("is no block list any more") }
            // A list that has given up may list everybody; none has this address (RFC 5782, section 5).
            guard try await self.codes(Self.neverListed, names).isEmpty else { return .silent("lists every address") }
            let texts = try await names.texts(name(of: address))
            return .listed(reason: texts.first)
        } catch {
            return .silent("does not answer (\(error))")
        }
    }

    private static let neverListed = IPAddress(bytes: [127, 0, 0, 1])

    private func codes(_ address: IPAddress, _ names: any DNSAnswering) async throws(DNSFailure) -> [IPAddress] {
        try await names.records(name(of: address), .a).compactMap {
            if case .address(let code) = $0 { code } else { nil }
        }
    }

    /// The address's labels as in its reverse name, below the list's own name (RFC 5782, section 2).
    func name(of address: IPAddress) -> String {
        let labels = address.reverseName.split(separator: ".").dropLast(2)
        return "\(labels.joined(separator: ".")).\(zone)"
    }
}

/// Whether block lists have an address that mail leaves by.
struct BlockListExamination: DomainExamination {
    let name = "lists"
    let addresses: [IPAddress]
    /// None where block lists are not to be asked.
    let lists: [BlockList]
    let names: any DNSAnswering

    func part() async -> DomainPart {
        guard !lists.isEmpty else { return .unknown(name, "block lists were not asked") }
        return await addresses.mapAtOnce { await part(of: $0) }.reduce(DomainPart(), +)
    }

    private func part(of address: IPAddress) async -> DomainPart {
        var (absent, silent) = ([String](), [String]())
        var findings: [Finding] = []
        let answers = await lists.mapAtOnce { [names] in await $0.answer(about: address, names) }
        for (list, answer) in zip(lists, answers) {
            switch answer {
            case .absent: absent.append(list.zone)
            case .silent(let why): silent.append("\(list.zone) \(why)")
            case .listed(let reason):
                let note = reason.map { ": \($0.escapedForDisplay)" } ?? ""
                findings.append(
                    Finding(.onBlockList, of: "\(address) \(list.zone)", seen: "\(address) is on \(list.zone)\(note)")
                )
            }
        }
        let parts = findings.map(\.seen) + (absent.isEmpty ? [] : ["\(address) is not on \(absent.list)"]) + silent
        let seen = parts.joined(separator: "; ")
        let isUnknown = findings.isEmpty && absent.isEmpty
        return isUnknown ? .unknown(name, "\(address): \(seen)") : DomainPart(name, seen, findings)
    }
}

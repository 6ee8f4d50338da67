import Host
import Vocabulary

/// The mechanisms (RFC 7208, section 5).
extension SPFEvaluation {
    /// - Returns: `nil` where it does not match; else the terms of included records that did.
    mutating func match(_ mechanism: SPFMechanism, _ place: SPFPlace) async throws(SPFFailure) -> [SPFPlace]? {
        switch mechanism {
        case .all: return []
        case .network(let network): return network.contains(question.address) ? [] : nil
        case .include(let domain): return try await matchIncluded(domain, place)
        case .address(let domain, let lengths):
            try limits.count(place)
            return try await hasAddress(try await name(domain, place), lengths, place) ? [] : nil
        case .exchanger(let domain, let lengths):
            return try await matchExchangers(domain, lengths, place) ? [] : nil
        case .pointer(let domain):
            try limits.count(place)
            let name = try await name(domain, place)
            return try await ownNames(place).contains { SPFName.isWithin($0, name) } ? [] : nil
        case .exists(let domain):
            try limits.count(place)
            // The kind is A for senders by IPv6, too.
            return try await records(try await name(domain, place), .a, place).isEmpty ? nil : []
        }
    }

    /// Only a pass of the other record matches; its refusals are its own.
    private mutating func matchIncluded(
        _ domain: SPFMacroString,
        _ place: SPFPlace
    ) async throws(SPFFailure) -> [SPFPlace]? {
        try limits.count(place)
        let name = try await name(domain, place)
        guard case .decided(let decision) = try await check(name) else {
            throw .permanent(.leadsNowhere(place, name: name))
        }
        guard decision.result == .pass, case .matched(let places) = decision.reason else { return nil }
        return places
    }

    private mutating func matchExchangers(
        _ domain: SPFMacroString?,
        _ lengths: SPFPrefixLengths,
        _ place: SPFPlace
    ) async throws(SPFFailure) -> Bool {
        try limits.count(place)
        let found = try await records(try await name(domain, place), .mx, place)
        let hosts = found.compactMap {
            if case .exchanger(let preference, let host) = $0 { (preference, host) } else { nil }
        }
        guard hosts.count <= SPFLimits.names else { throw .permanent(.tooManyExchangers(place, count: hosts.count)) }
        for (_, host) in hosts.sorted(by: { $0 < $1 }) where try await hasAddress(host, lengths, place) { return true }
        return false
    }

    /// Whether the sending address lies in a range around one of the name's addresses.
    private mutating func hasAddress(
        _ name: String,
        _ lengths: SPFPrefixLengths,
        _ place: SPFPlace
    ) async throws(SPFFailure) -> Bool {
        try await records(name, question.address.family == .ipv4 ? .a : .aaaa, place).contains { record in
            if case .address(let address) = record {
                lengths.range(around: address).contains(question.address)
            } else {
                false
            }
        }
    }

    /// The names of the sending address that lead back to it (RFC 7208, section 5.5). Where a look-up fails, there is one
    /// less.
    private mutating func ownNames(_ place: SPFPlace) async throws(SPFFailure) -> [String] {
        if let validatedNames { return validatedNames }
        let pointers = try await recordsUnlessFailed(question.address.reverseName, .ptr, place)
        var confirmed: [String] = []
        for case .pointer(let name) in pointers.prefix(SPFLimits.names) {
            let kind: DNSRecord.Kind = question.address.family == .ipv4 ? .a : .aaaa
            let addresses = try await recordsUnlessFailed(name, kind, place)
            if addresses.contains(.address(question.address)) { confirmed.append(name) }
        }
        validatedNames = confirmed
        return confirmed
    }

    /// The records of a name. A name that can't be asked for has none.
    private mutating func records(
        _ name: String,
        _ kind: DNSRecord.Kind,
        _ place: SPFPlace
    ) async throws(SPFFailure) -> [DNSRecord] {
        guard SPFName.isValid(name) else { return [] }
        let found: [DNSRecord]
        do throws(DNSFailure) {
            found = try await names.records(name, kind)
        } catch {
            if error == .badName { return [] }
            throw .temporary(.lookUpFailed(name, kind, error))
        }
        if found.isEmpty { try limits.countVoid(place, name, kind) }
        return found
    }

    private mutating func recordsUnlessFailed(
        _ name: String,
        _ kind: DNSRecord.Kind,
        _ place: SPFPlace
    ) async throws(SPFFailure) -> [DNSRecord] {
        do throws(SPFFailure) {
            return try await records(name, kind, place)
        } catch {
            guard error.isTemporary else { throw error }
            return []
        }
    }

    /// The name that a term is about: the record's own domain where it names none.
    mutating func name(_ text: SPFMacroString?, _ place: SPFPlace) async throws(SPFFailure) -> String {
        guard let text else { return place.domain }
        return SPFName.shortened(text.expanded(try await values(for: text, place)))
    }

    mutating func values(for text: SPFMacroString, _ place: SPFPlace) async throws(SPFFailure) -> SPFMacroValues {
        let own = text.needsValidatedName ? try await ownNames(place) : []
        // The domain's own name is the best one, then a name below it, then any (RFC 7208, section 7.3).
        let best =
            own.first { $0.lowercased() == place.domain.lowercased() } ?? own.first {
                SPFName.isWithin($0, place.domain)
            }
            ?? own.first
        return SPFMacroValues(question: question, domain: place.domain, validatedName: best)
    }
}

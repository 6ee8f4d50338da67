/// The counts of what the mail log has told.
package struct MailCounts: Sendable, Equatable, Codable {
    package enum Result: String, Sendable, CaseIterable, Codable, CodingKeyRepresentable {
        case sent, deferred, bounced, expired
    }

    /// The versions of TLS that are told apart.
    package enum TLSVersion: String, Sendable, CaseIterable, Codable, CodingKeyRepresentable {
        case v1 = "TLSv1"
        case v11 = "TLSv1.1"
        case v12 = "TLSv1.2"
        case v13 = "TLSv1.3"
        case other
    }

    /// Messages that came from other hosts.
    package internal(set) var accepted = 0
    package internal(set) var rejects: [RejectReason: Int] = [:]
    /// Tries to deliver a message to one recipient.
    package internal(set) var deliveries: [Result: [Provider: Int]] = [:]
    /// The recipients who got their mail within each of `delayBounds`, and above the one before; the last count is above all.
    package internal(set) var delays = Array(repeating: 0, count: delayBounds.count + 1)
    /// Seconds.
    package internal(set) var delaySum = 0.0
    package internal(set) var incomingTLS: [TLSVersion: Int] = [:]
    package internal(set) var outgoingTLS: [TLSVersion: Int] = [:]

    /// Seconds: from 'at once' to the times after which Postfix, and then a person, gives up.
    package static let delayBounds: [Double] = [1, 5, 15, 60, 300, 900, 3600, 14_400, 86_400]

    package init() {}

    /// The tries with one result, to all providers.
    package subscript(_ result: Result) -> Int { (deliveries[result] ?? [:]).values.reduce(0, +) }

    mutating func count(_ result: Result, to provider: Provider) {
        deliveries[result, default: [:]][provider, default: 0] += 1
    }

    mutating func count(delay: Double) {
        delays[Self.delayBounds.firstIndex { delay <= $0 } ?? Self.delayBounds.count] += 1
        delaySum += delay
    }

    mutating func count(_ direction: ConnectionEvent.Direction, version: String) {
        let version = TLSVersion(rawValue: version) ?? .other
        switch direction {
        case .incoming: incomingTLS[version, default: 0] += 1
        case .outgoing: outgoingTLS[version, default: 0] += 1
        }
    }
}

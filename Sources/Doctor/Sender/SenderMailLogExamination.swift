import Host
import MailLogs
import Vocabulary

/// The last hour's mail log of a sender: whether the relays take its mail.
struct SenderMailLogExamination: Examination {
    let name = "mail log"
    let log: MailLog
    let commands: any ServiceCommands
    /// The addresses that the relays may see this host as.
    let own: [IPAddress]

    let limit: Duration = .seconds(30)

    func findings() async throws -> [Finding] {
        let reading = try await log.read()
        let unreadable = reading.unreadable.map { [MailLogExamination.unreadable($0)] } ?? []
        return unreadable + Self.judge(MailLogDigest(reading.entries), own, commands)
    }

    static func judge(
        _ digest: MailLogDigest,
        _ own: [IPAddress],
        _ commands: any ServiceCommands
    ) -> [Finding] {
        let refused = digest.bounced.merging(digest.deferred, uniquingKeysWith: +)
            .filter { $0.key.contains("Relay access denied") }
        let count = refused.values.reduce(0, +)
        let others = MailLogExamination.deliveries(digest, commands)
        guard count > 0, let reason = refused.keys.min() else { return others }
        let ranges = own.filter { !$0.isLocal }
            .map { IPNetwork(around: $0, prefixLength: $0.family.bits).description }
        let add = ranges.isEmpty ? "this host's address" : ranges.joined(separator: " or ")
        let finding = Finding(
            .relayRefusesThisHost,
            seen: """
                the relays refused \(count) \(count == 1 ? "delivery" : "deliveries") of this host: \
                \(reason.escapedForDisplay)
                """,
            fix: """
                on the relays, add \(add) to networks below [mail] in /etc/smtp-relay-agent/config.toml, then \
                'smtp-relay-agent reconcile'; 'smtp-relay-agent doctor' there names the address that they see
                """
        )
        return [finding] + others
    }
}

extension IPAddress {
    /// Loopback's, or one that counts on its own link alone.
    fileprivate var isLocal: Bool {
        family == .ipv4
            ? bytes[0] == 127 || (bytes[0] == 169 && bytes[1] == 254)
            : bytes[0] == 0 || (bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80)
    }
}

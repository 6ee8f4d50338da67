package import Doctor
import Signer
package import Vocabulary

/// The senders in a mail log whose mail new settings would refuse, for `plan`.
package struct SenderForecast: Sendable, CustomStringConvertible {
    package let description: String

    /// Lines.
    private static let shown = 20

    /// - Returns: `nil` where all of them may send.
    package init?(_ logged: LoggedSenders, _ rules: SenderRules, domain: DomainName) {
        let check = SenderJudge(rules, domain: domain)
        var counts: [String: Int] = [:]
        for (key, count) in logged.counts where !check.permits(key.sender, from: key.client) {
            counts[key.sender, default: 0] += count
        }
        guard !counts.isEmpty else { return nil }
        let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        var text = "# senders of the last day that mail.senders does not name\n"
        for (sender, count) in sorted.prefix(Self.shown) {
            text += "<\(sender.escapedForDisplay)>: \(count) \(count == 1 ? "message" : "messages")\n"
        }
        if sorted.count > Self.shown { text += "and \(sorted.count - Self.shown) further senders\n" }
        self.description = text
    }
}

package import Host
import Vocabulary

/// The mail that stays on the disk of a node that leaves.
package struct LeftBehind: Sendable, Equatable, Codable {
    /// The messages for a domain.
    package struct Share: Sendable, Equatable, Codable {
        package let domain: String
        package let messages: Int

        package init(domain: String, messages: Int) {
            self.domain = domain
            self.messages = messages
        }
    }

    /// The messages that Postfix could not deliver or hand over.
    package var waiting = 0
    /// The messages that an operator holds.
    package var held = 0
    /// The messages by domain, most first: of a few domains, where there are many. A message with several receivers
    /// counts for each.
    package var shares: [Share] = []

    package init(waiting: Int = 0, held: Int = 0, shares: [Share] = []) {
        self.waiting = waiting
        self.held = held
        self.shares = shares
    }

    package var total: Int { waiting + held }

    /// Counts the messages in the queue.
    ///
    /// - Throws: A `FileFailure` where the queue may not be read.
    package static func count(_ queue: PostfixQueue, _ runner: any CommandRunner) async throws -> LeftBehind {
        let counts = try queue.counts()
        var left = LeftBehind(waiting: counts.waiting, held: counts.hold)
        guard left.total > 0 else { return left }
        // The number counts where the queue is too long to be listed.
        let list = try? await runner.run(Command("postqueue", ["-p"]))
        left.shares = list.map { shares(in: $0.standardOutput) } ?? []
        return left
    }

    /// Reads the list that `postqueue -p` prints: a message begins at the line's start, its receivers are indented.
    static func shares(in list: String) -> [Share] {
        var counts: [String: Int] = [:]
        var domains: Set<String> = []
        func endMessage() {
            for domain in domains { counts[domain, default: 0] += 1 }
            domains = []
        }
        for line in list.split(separator: "\n") {
            guard line.first == " " else {
                endMessage()
                continue
            }
            let text = line.drop { $0 == " " }
            // Why a receiver was not reached stands in parentheses.
            guard text.first != "(", let at = text.lastIndex(of: "@") else { continue }
            domains.insert(text[text.index(after: at)...].lowercased().escapedForDisplay)
        }
        endMessage()
        let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return sorted.prefix(shown).map { Share(domain: $0.key, messages: $0.value) }
    }

    private static let shown = 20
}

extension LeftBehind: CustomStringConvertible {
    package var description: String {
        let number = waiting == 1 ? "1 message is" : "\(waiting) messages are"
        let first = shares.prefix(5).map { "\($0.messages) for \($0.domain)" }.joined(separator: ", ")
        let rest = shares.count > 5 ? " and others" : ""
        return "\(number) still queued here"
            + (held == 0 ? "" : ", and \(held) on hold") + (shares.isEmpty ? "" : ": \(first)\(rest)")
    }
}

import RelayNode
import SMTP
import Vocabulary

/// Postfix as it runs: with its files as they stood when it last loaded them.
struct ModelPostfix: Equatable {
    let main: String
    let master: String

    private static let strangers = ["192.0.2.25", "203.0.113.7", "8.8.8.8", "10.255.255.254", "172.31.255.254"]
    private static let senders = ["10.0.0.1", "10.0.200.9"]
    private static let foreign = "nobody@elsewhere.invalid"
    private static let own = "postmaster@example.com"

    /// A listener of master.cf with the parameters that its smtpd has.
    private struct Door {
        let host: String?
        let port: UInt16
        let parameters: [String: String]

        var isLoopback: Bool { host?.hasPrefix("127.") == true || host == "localhost" }
    }

    private var doors: [Door] {
        let values = MainCf(main).values
        return MasterCf(master).entries.compactMap { entry in
            guard entry.type == "inet", entry.program == "smtpd" else { return nil }
            let words = entry.service.split(separator: ":").map(String.init)
            let names: [String: UInt16] = ["smtp": 25, "submission": 587]
            guard let last = words.last, let port = UInt16(last) ?? names[last] else { return nil }
            let overrides = entry.overrides.map { ($0.name, $0.value) }
            let parameters = values.merging(overrides) { _, last in last }
            return Door(host: words.count > 1 ? words[0] : nil, port: port, parameters: parameters)
        }
    }

    /// The ports that its master holds.
    var ports: [UInt16] { doors.map(\.port) }

    /// Whether its master starts with these files: each line of master.cf has eight fields.
    static func starts(master: String) -> Bool {
        let lines = master.split(separator: "\n").filter { !$0.hasPrefix("#") && $0.first?.isWhitespace == false }
        return !lines.isEmpty && MasterCf(master).entries.count == lines.count
    }

    // The treatment of clients

    /// Whether a stranger can hand in a message at any door, wherever it goes.
    var isOpen: Bool {
        doors.contains { door in
            !door.isLoopback
                && Self.strangers.contains { stranger in
                    [Self.foreign, Self.own, "postmaster"].contains { takes(door, stranger, $0) }
                        && takesData(door, stranger)
                }
        }
    }

    /// Whether a stranger is refused where he names a recipient, at each door.
    var refusesEarly: Bool {
        !doors.contains { door in
            !door.isLoopback
                && Self.strangers.contains { stranger in
                    [Self.foreign, Self.own].contains { takes(door, stranger, $0) }
                }
        }
    }

    /// Whether every sender is served at port 25.
    var serves: Bool {
        guard let door = doors.first(where: { $0.port == 25 && !$0.isLoopback }) else { return false }
        return Self.senders.allSatisfy { sender in
            [Self.foreign, Self.own].allSatisfy { takes(door, sender, $0) } && takesData(door, sender)
        }
    }

    /// The same answers, as the agent gets them.
    func answers(_ attempts: [RelayAttempt], at door: ProbedDoor) throws(SMTPFailure) -> [RelayAnswers] {
        let host = "\(door.server.address)"
        let found = doors.first { $0.port == door.server.port && ($0.host == nil || $0.host == host) }
        guard let found else { throw SMTPFailure(server: door.server, reason: .notConnected("connection refused")) }
        guard isAlive(found) else { throw SMTPFailure(server: door.server, reason: .silent(after: "the connection")) }
        return attempts.map { attempt in
            let client: IPAddress =
                switch attempt.client {
                case .thisHost: door.source
                case .told(let client), .proxied(let client): client
                }
            let taken = attempt.recipients.map { takes(found, "\(client)", $0) }
            var answers = RelayAnswers(recipients: taken.map { reply($0 ? 250 : 554) })
            if attempt.goesToData, taken.contains(true) {
                answers.data = reply(takesData(found, "\(client)") ? 354 : 554)
            }
            return answers
        }
    }

    private func reply(_ code: Int) -> SMTPReply { SMTPReply(code: code, lines: ["so says the model"]) }

    /// Without a restriction that ends in a refusal, smtpd does not start (SMTPD_ACCESS_README).
    private func isAlive(_ door: Door) -> Bool {
        let lists = [relay(door), door.parameters["smtpd_recipient_restrictions"] ?? ""]
        return lists.contains { $0.contains("reject") || $0.contains("defer") }
    }

    private func relay(_ door: Door) -> String {
        door.parameters["smtpd_relay_restrictions"] ?? "permit_mynetworks, defer_unauth_destination"
    }

    private func takes(_ door: Door, _ client: String, _ recipient: String) -> Bool {
        guard isAlive(door) else { return false }
        // Mail for postmaster is taken by any list (RFC 5321, section 4.5.1).
        if recipient == "postmaster" { return true }
        let names = ["client", "helo", "sender", "recipient"].map { "smtpd_\($0)_restrictions" }
        let lists = names.map { door.parameters[$0] ?? "" } + [relay(door)]
        return lists.allSatisfy { passes($0, door, client, recipient) }
    }

    private func takesData(_ door: Door, _ client: String) -> Bool {
        isAlive(door) && passes(door.parameters["smtpd_data_restrictions"] ?? "", door, client, Self.own)
    }

    private func passes(_ list: String, _ door: Door, _ client: String, _ recipient: String) -> Bool {
        for word in list.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
            switch word {
            case "permit": return true
            case "reject": return false
            case "permit_mynetworks" where isIn(door.parameters["mynetworks"] ?? "127.0.0.0/8", client): return true
            case "reject_unauth_destination" where recipient.hasSuffix(".invalid"): return false
            case "defer_unauth_destination" where recipient.hasSuffix(".invalid"): return false
            default: continue
            }
        }
        return true
    }

    private func isIn(_ networks: String, _ client: String) -> Bool {
        guard let client = try? IPAddress(client) else { return false }
        return networks.split { $0 == "," || $0.isWhitespace }.contains { word in
            (try? IPNetwork(String(word)))?.contains(client) ?? false
        }
    }
}

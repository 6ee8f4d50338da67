import Vocabulary

extension MailEvent {
    /// Reads a line of one of Postfix's programs, of any version since 2.3; `nil` where it tells nothing of a message.
    package init?(_ entry: MailLogEntry) {
        let text = entry.message[...]
        guard let colon = text.firstPlace(of: ": ") else { return nil }
        let word = text[..<colon.lowerBound]
        let rest = text[colon.upperBound...]
        if word == "NOQUEUE" {
            guard let verdict = Verdict(rest) else { return nil }
            self = .verdict(nil, verdict)
            return
        }
        guard let id = QueueID(word), let event = Self.read(rest, of: entry.program, id) else { return nil }
        self = event
    }

    private static func read(_ text: Substring, of program: String, _ id: QueueID) -> MailEvent? {
        // Postfix's other programs bounce mail, too.
        if let delivery = Delivery(text) { return .delivery(id, delivery) }
        if let verdict = Verdict(text) { return .verdict(id, verdict) }
        switch program {
        case "smtpd", "qmqpd":
            return text.dropping("client=").map { .accepted(id, from: Client($0.prefix(before: UInt8(ascii: ",")))) }
        case "pickup":
            guard text.hasPrefix("uid=") else { return nil }
            let former = text.firstPlace(of: " orig_id=").flatMap {
                QueueID(text[$0.upperBound...].prefix { $0 != " " })
            }
            return .submitted(id, formerly: former)
        case "cleanup":
            guard let name = text.dropping("message-id="), !name.isEmpty else { return nil }
            return .identified(id, messageID: String(name))
        case "qmgr", "nqmgr": return queueManager(text, id)
        case "bounce":
            guard let sign = text.firstPlace(of: "notification: "), let notice = QueueID(text[sign.upperBound...]),
                text.hasPrefix("sender ")
            else { return nil }
            return .notice(id, id: notice)
        case "postsuper":
            switch text {
            case "placed on hold": return .held(id)
            case "released from hold": return .released(id)
            case "requeued": return .requeued(id)
            case "removed": return .deleted(id)
            default: return nil
            }
        default: return nil
        }
    }

    private static func queueManager(_ text: Substring, _ id: QueueID) -> MailEvent? {
        if text == "removed" { return .removed(id) }
        guard let sender = MailAddressText(text, after: "from=<") else { return nil }
        if sender.rest.hasPrefix(", status=expired") || sender.rest.hasPrefix(", status=force-expired") {
            return .expired(id)
        }
        func number(after name: String) -> Int? {
            sender.rest.firstPlace(of: name).flatMap { Int(sender.rest[$0.upperBound...].prefix(while: \.isNumber)) }
        }
        guard let size = number(after: ", size=") else { return nil }
        return .queued(id, sender: sender.address, size: size, recipients: number(after: ", nrcpt=") ?? 0)
    }
}

extension MailEvent.Client {
    /// Reads `NAME[ADDRESS]`.
    init(_ text: Substring) {
        let name = text.prefix(before: UInt8(ascii: "["))
        self.init(name: name.isEmpty ? "unknown" : String(name), address: MailEvent.address(in: text))
    }
}

extension MailEvent.Delivery {
    /// Reads `to=<RECIPIENT>, relay=SERVER, delay=1.2, ..., dsn=2.0.0, status=sent (TEXT)`.
    init?(_ text: Substring) {
        guard let recipient = MailAddressText(text, after: "to=<") else { return nil }
        var rest = recipient.rest
        let original = MailAddressText(rest, after: ", orig_to=<")
        if let original { rest = original.rest }
        var fields: [Substring: Substring] = [:]
        while let field = rest.dropping(", ") {
            guard let sign = field.utf8.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            let name = field[..<sign]
            let value = field[field.utf8.index(after: sign)...]
            let end = name == "status" ? nil : value.firstPlace(of: ", ")?.lowerBound
            fields[name] = value[..<(end ?? value.endIndex)]
            rest = end.map { value[$0...] } ?? ""
        }
        guard let outcome = fields["status"] else { return nil }
        let word = outcome.prefix(before: UInt8(ascii: " "))
        // With soft_bounce, mail that the receiver refuses waits (postconf(5)).
        guard let status = word == "SOFTBOUNCE" ? .deferred : Status(rawValue: String(word)) else { return nil }
        // The text may have been cut short, as syslog cuts long lines.
        var words = outcome.dropFirst(word.count).drop { $0 == " " }
        if words.first == "(" { words = words.dropFirst() }
        if words.last == ")" { words = words.dropLast() }
        self.init(
            recipient: recipient.address,
            originalRecipient: original?.address,
            relay: fields["relay"].flatMap { $0 == "none" ? nil : String($0) },
            delay: fields["delay"].flatMap { Double(String($0)) } ?? 0,
            code: String(fields["dsn"] ?? ""),
            status: status,
            text: String(words)
        )
    }
}

extension MailEvent.Verdict {
    private static let verbs: [(String, Kind)] = [
        ("reject: ", .refused), ("milter-reject: ", .refused), ("proxy-reject: ", .refused), ("hold: ", .held),
        ("milter-hold: ", .held), ("discard: ", .discarded), ("milter-discard: ", .discarded),
    ]

    /// Reads `reject: RCPT from NAME[ADDRESS]: 554 5.7.1 TEXT; from=<SENDER> to=<RECIPIENT> proto=ESMTP helo=<NAME>`, the verdicts of
    /// milters, and those of header_checks(5), where the answer comes last.
    init?(_ text: Substring) {
        guard let (verb, kind) = Self.verbs.first(where: { text.begins(with: $0.0) }) else { return nil }
        let rest = text.dropFirst(verb.count)
        if let stage = ["header", "body", "content"].first(where: { rest.hasPrefix("\($0) ") }) {
            self.init(kind, stage: stage, rule: rest)
            return
        }
        guard let from = rest.firstPlace(of: " from "), let colon = rest[from.upperBound...].firstPlace(of: ": ") else {
            return nil
        }
        let said = rest[colon.upperBound...]
        // The answer may quote the client's words, but stands before them.
        let start = said.firstPlace(of: "; from=<") ?? said.firstPlace(of: "; to=<") ?? said.firstPlace(of: "; proto=")
        let envelope = Envelope(start.map { said[$0.lowerBound...].dropFirst(2) } ?? "")
        self.init(
            kind: kind,
            stage: String(rest[..<from.lowerBound]),
            client: MailEvent.Client(rest[from.upperBound..<colon.lowerBound]),
            answer: String(said[..<(start?.lowerBound ?? said.endIndex)]),
            sender: envelope.sender,
            recipient: envelope.recipient,
            isByMilter: verb.hasPrefix("milter-")
        )
    }

    /// The line that a rule matched may have anything in it, so what stands behind it is looked for from the end.
    private init?(_ kind: Kind, stage: String, rule text: Substring) {
        guard let end = text.lastPlace(of: "; from=<") else { return nil }
        let envelope = Envelope(text[end.lowerBound...].dropFirst(2))
        let matched = text[..<end.lowerBound]
        let client = matched.lastPlace(of: " from ").map { matched[$0.upperBound...] } ?? ""
        let answer = envelope.rest.firstPlace(of: ": ").map { envelope.rest[$0.upperBound...] } ?? ""
        self.init(
            kind: kind,
            stage: stage,
            client: MailEvent.Client(client),
            answer: String(answer),
            sender: envelope.sender,
            recipient: envelope.recipient
        )
    }

    /// `from=<SENDER> to=<RECIPIENT> REST`; postscreen(8) writes commas between them.
    private struct Envelope {
        let sender: String?
        let recipient: String?
        let rest: Substring

        init(_ text: Substring) {
            let from = MailAddressText(text, after: "from=<")
            let behind = (from?.rest ?? text).drop { $0 == " " || $0 == "," }
            let to = MailAddressText(behind, after: "to=<")
            (self.sender, self.recipient, self.rest) = (from?.address, to?.address, to?.rest ?? behind)
        }
    }
}

/// An address in angle brackets at the beginning of a text. A quoted local part may have any character (RFC 5321, 4.1.2).
private struct MailAddressText {
    let address: String
    /// The text behind the closing bracket.
    let rest: Substring

    init?(_ text: Substring, after start: String) {
        guard let text = text.dropping(start) else { return nil }
        var isQuoted = false
        var isEscaped = false
        let end = text.utf8.firstIndex { byte in
            defer { isEscaped = byte == UInt8(ascii: "\\") && !isEscaped }
            if isEscaped { return false }
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            return byte == UInt8(ascii: ">") && !isQuoted
        }
        guard let end else { return nil }
        self.address = String(text[..<end])
        self.rest = text[text.utf8.index(after: end)...]
    }
}

import Vocabulary

extension MailEvent {
    /// Reads a line of one of Postfix's programs, of any version since 2.3; `nil` where it tells nothing of a message.
    package init?(_ entry: MailLogEntry) {
        let text = entry.message[...]
        guard let colon = text.firstRange(of: ": ") else { return nil }
        let word = text[..<colon.lowerBound]
        let rest = text[colon.upperBound...]
        if word == "NOQUEUE" {
            guard let refusal = Refusal(rest) else { return nil }
            self = .refusal(nil, refusal)
            return
        }
        guard let id = QueueID(word), let event = Self.read(rest, of: entry.program, id) else { return nil }
        self = event
    }

    private static func read(_ text: Substring, of program: String, _ id: QueueID) -> MailEvent? {
        switch program {
        case "smtpd", "qmqpd":
            guard text.hasPrefix("client=") else { return Refusal(text).map { .refusal(id, $0) } }
            return .accepted(id, from: Client(text.dropFirst("client=".count).prefix { $0 != "," }))
        case "pickup":
            guard text.hasPrefix("uid=") else { return nil }
            let former = text.firstRange(of: " orig_id=").flatMap {
                QueueID(text[$0.upperBound...].prefix { $0 != " " })
            }
            return .submitted(id, formerly: former)
        case "cleanup":
            if text.hasPrefix("message-id=") {
                let name = text.dropFirst("message-id=".count)
                return name.isEmpty ? nil : .identified(id, messageID: String(name))
            }
            if text.hasPrefix("hold: ") { return .held(id) }
            return Refusal(text).map { .refusal(id, $0) }
        case "qmgr", "nqmgr":
            if text == "removed" { return .removed(id) }
            guard let sender = MailAddressText(text, after: "from=<") else { return nil }
            if sender.rest.hasPrefix(", status=expired") || sender.rest.hasPrefix(", status=force-expired") {
                return .expired(id)
            }
            guard sender.rest.hasPrefix(", size=") else { return nil }
            let size = sender.rest.dropFirst(", size=".count).prefix(while: \.isNumber)
            return .queued(id, sender: sender.address, size: Int(size) ?? 0)
        case "bounce", "cleanup/bounce":
            guard let sign = text.firstRange(of: "notification: "), let notice = QueueID(text[sign.upperBound...]),
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
        default:
            return Delivery(text).map { .delivery(id, $0) }
        }
    }
}

extension MailEvent.Client {
    /// Reads `NAME[ADDRESS]`.
    init(_ text: Substring) {
        self.init(name: String(text.prefix { $0 != "[" }), address: MailEvent.address(in: text))
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
        while rest.hasPrefix(", ") {
            let field = rest.dropFirst(2)
            guard let sign = field.firstIndex(of: "=") else { return nil }
            let name = field[..<sign]
            let value = field[field.index(after: sign)...]
            let end = name == "status" ? nil : value.firstRange(of: ", ")?.lowerBound
            fields[name] = value[..<(end ?? value.endIndex)]
            rest = end.map { value[$0...] } ?? ""
        }
        guard let outcome = fields["status"] else { return nil }
        let word = outcome.prefix { $0 != " " }
        guard let status = Status(rawValue: String(word)) else { return nil }
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

extension MailEvent.Refusal {
    /// Reads `reject: RCPT from NAME[ADDRESS]: 554 5.7.1 TEXT; from=<SENDER> to=<RECIPIENT> proto=ESMTP helo=<NAME>`, and what a
    /// milter refuses.
    init?(_ text: Substring) {
        guard let verb = ["reject: ", "milter-reject: "].first(where: { text.hasPrefix($0) }) else { return nil }
        let rest = text.dropFirst(verb.count)
        guard let from = rest.firstRange(of: " from "), let colon = rest[from.upperBound...].firstRange(of: ": ") else {
            return nil
        }
        let said = rest[colon.upperBound...]
        // The client says what stands behind; the answer may quote it, too, but stands before.
        let envelope =
            said.firstRange(of: "; from=<") ?? said.firstRange(of: "; to=<") ?? said.firstRange(of: "; proto=")
        let tail = envelope.map { said[$0.lowerBound...].dropFirst(2) } ?? ""
        let sender = MailAddressText(tail, after: "from=<")
        let behind = sender?.rest.drop { $0 == " " } ?? tail
        self.init(
            stage: String(rest[..<from.lowerBound]),
            client: MailEvent.Client(rest[from.upperBound..<colon.lowerBound]),
            answer: String(said[..<(envelope?.lowerBound ?? said.endIndex)]),
            sender: sender?.address,
            recipient: MailAddressText(behind, after: "to=<")?.address
        )
    }
}

/// An address in angle brackets at the beginning of a text. A quoted local part may have any character (RFC 5321, 4.1.2).
private struct MailAddressText {
    let address: String
    /// The text behind the closing bracket.
    let rest: Substring

    init?(_ text: Substring, after start: String) {
        guard text.hasPrefix(start) else { return nil }
        let text = text.dropFirst(start.count)
        var isQuoted = false
        var isEscaped = false
        let end = text.firstIndex { character in
            defer { isEscaped = character == "\\" && !isEscaped }
            if isEscaped { return false }
            if character == "\"" { isQuoted.toggle() }
            return character == ">" && !isQuoted
        }
        guard let end else { return nil }
        self.address = String(text[..<end])
        self.rest = text[text.index(after: end)...]
    }
}

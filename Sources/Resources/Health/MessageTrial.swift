import Host
import RelayNode
import SMTP
import Vocabulary

/// Looks for what refuses a sender's message at its end, which a proof that sends none can't try.
///
/// It tells only what is certain. What depends on other hosts, or on the message, is not judged.
struct MessageTrial: Sendable {
    let main: MainCf
    let master: MasterCf
    let runner: any CommandRunner

    /// - Throws: `RefusedMessage`.
    func judge(_ door: Door) async throws {
        let entry = master.entries.first { $0.service == door.service && $0.type == "inet" }
        let base = ParameterValues(main.values)
        let values = base.overridden(by: speaker(of: entry))
        try judgeRestrictions(values["smtpd_end_of_data_restrictions"] ?? "", door)
        try judgeSize(values["message_size_limit"])
        try await judgeProxyFilter(values, door)
        let cleanup = values["cleanup_service_name"] ?? "cleanup"
        let writer = master.entries.first { $0.service == cleanup && $0.type == "unix" }
        // Without an entry of that name, it is not known what the writer reads.
        guard writer != nil else { return }
        let options = Set((values["receive_override_options"] ?? "").postfixListWords)
        try await judgeTables(base.overridden(by: writer), options)
    }

    /// The smtpd behind a door: postscreen(8) hands its clients to another entry.
    private func speaker(of entry: MasterCf.Entry?) -> MasterCf.Entry? {
        guard entry?.program == "postscreen" else { return entry }
        return master.entries.first { $0.type == "pass" && $0.program == "smtpd" }
    }

    /// A list that refuses everyone before it could have let anyone pass.
    private func judgeRestrictions(_ list: String, _ door: Door) throws {
        var words = list.postfixListWords[...]
        while let word = words.popFirst()?.lowercased() {
            switch word {
            case "reject", "defer", "defer_if_permit":
                throw RefusedMessage.restriction(word, door)
            case "warn_if_reject", "sleep": _ = words.popFirst()
            case _ where word.hasPrefix("reject_"): continue
            // It may permit.
            default: return
            }
        }
    }

    private func judgeSize(_ limit: String?) throws {
        guard let limit, let bytes = Int(limit), bytes > 0, bytes < Self.smallestLimit else { return }
        throw RefusedMessage.size(bytes)
    }

    /// The headers of an ordinary mail that came over some hosts are about as long.
    private static let smallestLimit = 1_000

    /// With speed_adjust, smtpd(8) turns to its filter only when it has the whole message.
    private func judgeProxyFilter(_ values: ParameterValues, _ door: Door) async throws {
        let options = (values["smtpd_proxy_options"] ?? "").postfixListWords
        guard let filter = values["smtpd_proxy_filter"], options.contains("speed_adjust") else { return }
        let words = filter.split(separator: ":").map(String.init).drop { $0 == "inet" }
        guard let last = words.last, let port = UInt16(last), words.count <= 2 else { return }
        let host = words.count == 2 ? words.first ?? "" : "127.0.0.1"
        guard let address = try? IPAddress(host == "localhost" ? "127.0.0.1" : host) else { return }
        let server = SMTPServer(address, port: port)
        do {
            try await SMTPSession.withSession(to: server, greeting: "[\(door.address)]", timeout: .seconds(2)) { _ in }
        } catch let failure as SMTPFailure {
            guard case .notConnected(let why) = failure.reason, why.lowercased().contains("refused") else { return }
            throw RefusedMessage.proxyFilter(filter)
        }
    }

    // Tables

    /// The tables that cleanup(8) reads for each message or recipient. It refuses the message where it can't read one.
    private static let addressTables = [
        "canonical_maps", "sender_canonical_maps", "recipient_canonical_maps", "virtual_alias_maps", "sender_bcc_maps",
        "recipient_bcc_maps",
    ]
    private static let contentTables = ["header_checks", "mime_header_checks", "body_checks"]

    private func judgeTables(_ values: ParameterValues, _ options: Set<String>) async throws {
        var names: [String] = []
        if !options.contains("no_address_mappings") { names += Self.addressTables }
        if !options.contains("no_header_body_checks") { names += Self.contentTables }
        for name in names {
            let words = (values[name] ?? "").postfixListWords.map(\.withoutProxy)
            for word in words where Self.canBeJudged(word) {
                guard let problem = try await problem(of: word) else { continue }
                let tables = TableReference.all(in: word)
                let table = tables.first { problem.contains($0.name) } ?? tables[0]
                throw RefusedMessage.table(table, parameter: name, problem: problem)
            }
            if name == "header_checks", !words.isEmpty, words.allSatisfy(Self.canBeJudged),
                let action = try await refusalOfAll(words)
            {
                throw RefusedMessage.headers(words, action: action)
            }
        }
    }

    /// Whether what postmap(1) says of a table, or of a table of tables, holds for cleanup(8).
    ///
    /// In a pipe, cleanup(8) asks the second table only where the first one has the key, and may never do so.
    private static func canBeJudged(_ word: String) -> Bool {
        let tables = TableReference.all(in: word)
        return !tables.isEmpty && !word.contains("proxy:") && !word.contains("pipemap:")
            && tables.allSatisfy { table in
                if unjudged.contains(table.type) { return false }
                if !filed.contains(table.type) { return true }
                return table.name.hasPrefix("/") && !hidden.contains(where: table.name.hasPrefix)
            }
    }

    /// Types that ask other hosts, or that have no table to open.
    private static let unjudged: Set = [
        "ldap", "mysql", "pgsql", "mongodb", "memcache", "nis", "nisplus", "netinfo", "tcp", "socketmap", "unix",
        "environ", "static", "fail", "randmap", "internal", "sqlite",
    ]
    /// Types whose name is a path.
    private static let filed: Set = [
        "hash", "btree", "lmdb", "cdb", "dbm", "sdbm", "regexp", "pcre", "cidr", "texthash",
    ]

    /// Folders that the units see otherwise than Postfix does (systemd.exec(5), ProtectHome and PrivateTmp).
    private static let hidden = ["/home/", "/root/", "/tmp/", "/var/tmp/", "/run/user/"]

    /// The words of postmap(1) about a table that it can't open.
    private func problem(of table: String) async throws -> String? {
        let output = try await answer(of: [table], to: "self-test.smtp-relay-agent.invalid")
        guard let output, output.status != 0 else { return nil }
        // Status 1 alone says that there is no such key.
        let lines = output.standardError.split(separator: "\n")
        let problem = lines.first { $0.contains("fatal:") || $0.contains("error:") }
        // The health unit may read less than Postfix.
        if problem?.contains("Permission denied") == true { return nil }
        return problem?.escapedForDisplay
    }

    /// The first answer of some tables.
    private func answer(of tables: [String], to key: String) async throws -> CommandOutput? {
        do {
            return try await runner.run(Command("postmap", ["-q", key] + tables))
        } catch {
            // The whole proof was cancelled, or postmap can't be run, which says nothing of the table.
            try Task.checkCancellation()
            return nil
        }
    }

    /// The action by which header_checks(5) refuse each header of an ordinary mail.
    private func refusalOfAll(_ tables: [String]) async throws -> String? {
        var found: String?
        for header in Self.ordinaryHeaders {
            guard let output = try await answer(of: tables, to: header), output.status == 0 else { return nil }
            let word = output.standardOutput.split(whereSeparator: \.isWhitespace).first.map { $0.uppercased() } ?? ""
            guard Self.refusals.contains(word) else { return nil }
            found = found ?? word
        }
        return found
    }

    private static let refusals: Set = ["REJECT", "DISCARD", "HOLD"]
    private static let ordinaryHeaders = [
        "Subject: Hello", "From: a@example.com", "To: b@example.net", "Date: Mon, 5 Jan 2026 08:00:00 +0000",
        "Message-ID: <1@example.com>",
        "Received: from mx.example.com (mx.example.com [192.0.2.1]) by relay.example.com",
    ]
}

/// Something refuses each sender's message when all of it was sent.
enum RefusedMessage: Error, CustomStringConvertible {
    /// A table that can't be opened.
    case table(TableReference, parameter: String, problem: String)
    /// Tables that refuse all headers.
    case headers([String], action: String)
    /// A word of smtpd_end_of_data_restrictions.
    case restriction(String, Door)
    case size(Int)
    case proxyFilter(String)

    var description: String { "the relay refuses each message at its end: \(cause)" }

    private var cause: String {
        switch self {
        case .table(let table, let parameter, let problem):
            """
            \(parameter) names \(table), which can't be opened (\(problem)); \(Self.cure(of: table)), or remove it from \
            \(parameter)
            """
        case .headers(let tables, let action):
            "header_checks names \(tables.joined(separator: ", ")), which answers every header with \(action); correct it"
        case .restriction(let word, let door):
            """
            smtpd_end_of_data_restrictions begins with '\(word)' at the '\(door.service)' service; put permit_mynetworks \
            before it
            """
        case .size(let bytes):
            "message_size_limit is \(bytes) bytes, which is smaller than ordinary mail; make it larger"
        case .proxyFilter(let filter):
            "smtpd_proxy_filter is \(filter), where no program listens; start the filter, or remove the parameter"
        }
    }

    private static func cure(of table: TableReference) -> String {
        switch table.type {
        case "hash", "btree", "lmdb", "cdb", "dbm", "sdbm":
            "run 'postmap \(table)', or install the package of that type if 'postconf -m' does not list it"
        case "regexp", "cidr", "texthash", "inline": "correct it"
        default: "install the package of the type \(table.type), such as postfix-\(table.type)"
        }
    }
}

extension String {
    /// Without the prefix of a table that proxymap(8) opens.
    fileprivate var withoutProxy: String { hasPrefix("proxy:") ? String(dropFirst("proxy:".count)) : self }
}

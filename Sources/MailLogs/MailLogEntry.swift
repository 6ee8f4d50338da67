/// A line of a program of Postfix.
package struct MailLogEntry: Sendable, Equatable {
    /// Seconds since 1970; `nil` where the line has none that can be read.
    package let time: Int?
    /// The program, such as `smtpd`.
    package let program: String
    package let message: String

    package init(time: Int? = nil, program: String, message: String) {
        self.time = time
        self.program = program
        self.message = message
    }

    /// Reads `... postfix/smtpd[123]: MESSAGE`; `nil` for lines of other programs, and of the self-test. A service may have
    /// a name of its own after Postfix's, as `postfix/submission/smtpd` or `postfix-out/smtp`.
    ///
    /// - Parameters:
    ///   - name: The name of Postfix in the log (postconf(5), syslog_name).
    ///   - now: Seconds since 1970, for times that do not name their year.
    package init?(_ line: Substring, of name: String = "postfix", now: Int) {
        guard let (program, message) = Self.parts(of: line, name), !Self.isSelfTest(message) else { return nil }
        self.init(time: SyslogTime.seconds(of: line, now: now), program: String(program), message: String(message))
    }

    /// An entry of the journal.
    ///
    /// - Parameters:
    ///   - tag: The name that the program logs by, such as `postfix/smtpd`.
    ///   - name: The name of Postfix in the log (postconf(5), syslog_name).
    init?(tag: Substring, message: Substring, of name: String, time: Int) {
        guard let program = Self.program(of: tag, name), !Self.isSelfTest(message) else { return nil }
        self.init(time: time, program: String(program), message: String(message))
    }

    /// Whether a line is one of Postfix's, also of the self-test.
    static func isPostfix(_ line: Substring, _ name: String) -> Bool { parts(of: line, name) != nil }

    /// The program and the message. The agent's own services are called `postfix/...`, whatever Postfix's name is.
    private static func parts(of line: Substring, _ name: String) -> (program: Substring, message: Substring)? {
        guard let colon = line.firstPlace(of: "]: "), let bracket = line[..<colon.lowerBound].lastIndex(of: "["),
            let tag = line[..<bracket].split(separator: " ").last, let program = program(of: tag, name)
        else { return nil }
        return (program, line[colon.upperBound...])
    }

    private static func program(of tag: Substring, _ name: String) -> Substring? {
        // A service may have a name of its own between Postfix's and the program's.
        guard let path = tag.dropping(name) ?? tag.dropping("postfix/").map({ _ in tag }),
            let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        else { return nil }
        let program = path[path.utf8.index(after: slash)...]
        return program.isEmpty ? nil : program
    }

    private static func isSelfTest(_ message: Substring) -> Bool { marks.contains(where: message.has) }
}

extension MailLogEntry {
    /// The marks of the self-test's conversations: the client's name, the recipient, the stranger's greeting.
    fileprivate static let marks = [
        "self-test.smtp-relay-agent.internal", "@relay-self-test.invalid", "helo=<[192.0.2.25]>",
    ]
}

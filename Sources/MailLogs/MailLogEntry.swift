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

    /// Reads `... postfix/smtpd[123]: MESSAGE`; `nil` for lines of other programs, and of the self-test.
    ///
    /// - Parameter now: Seconds since 1970, for times that do not name their year.
    package init?(_ line: Substring, now: Int) {
        self.init(line, of: "postfix", now: now)
    }

    init?(_ line: Substring, of name: PostfixName, now: Int) {
        guard let (program, message) = Self.parts(of: line, name), !Self.isSelfTest(message) else { return nil }
        self.init(time: SyslogTime.seconds(of: line, now: now), program: String(program), message: String(message))
    }

    /// An entry of the journal.
    ///
    /// - Parameters:
    ///   - tag: The name that the program logs by, such as `postfix/smtpd`.
    ///   - time: Seconds since 1970.
    init?(tag: Substring, message: Substring, of name: PostfixName, time: Int) {
        guard let program = name.program(of: tag), !Self.isSelfTest(message) else { return nil }
        self.init(time: time, program: String(program), message: String(message))
    }

    /// Whether a line is one of Postfix's, also of the self-test.
    static func isPostfix(_ line: Substring, _ name: PostfixName) -> Bool { parts(of: line, name) != nil }

    /// The program and the message.
    private static func parts(of line: Substring, _ name: PostfixName) -> (program: Substring, message: Substring)? {
        guard let colon = line.firstPlace(of: "]: "), let bracket = line[..<colon.lowerBound].lastIndex(of: "["),
            let tag = line[..<bracket].split(separator: " ").last, let program = name.program(of: tag)
        else { return nil }
        return (program, line[colon.upperBound...])
    }

    private static func isSelfTest(_ message: Substring) -> Bool { marks.contains(where: message.has) }
}

extension MailLogEntry {
    /// The marks of the self-test's conversations: the client's name, the recipient, the stranger's greeting.
    fileprivate static let marks = [
        "self-test.smtp-relay-agent.internal", "@relay-self-test.invalid", "helo=<[192.0.2.25]>",
    ]
}

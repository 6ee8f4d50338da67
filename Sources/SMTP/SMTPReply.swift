import Vocabulary

/// A server's answer: a code and one or more lines (RFC 5321, section 4.2).
package struct SMTPReply: Sendable, Equatable, CustomStringConvertible {
    /// Three digits; 2xx is yes.
    package let code: Int
    /// The text of each line, without the code.
    package let lines: [String]

    package init(code: Int, lines: [String]) {
        self.code = code
        self.lines = lines
    }

    package var isPositive: Bool { (200..<300).contains(code) }

    /// The reply on one line. A server's text may hold control characters, for the terminal or journal that it is shown
    /// in.
    package var description: String { "\(code) \(lines.joined(separator: " / ").escapedForDisplay)" }
}

/// Puts an answer together from its lines: `250-first`, `250 last`.
struct SMTPReplyParser {
    /// More lines than any server's EHLO has: past it, something else than SMTP is talking.
    private static let lineLimit = 100
    private var code: Int?
    private var lines: [String] = []

    /// Takes the next line, without its line end; returns the answer when the line is its last.
    ///
    /// - Throws: `SMTPFailure.Reason.notSMTP` for a line that no SMTP server sends.
    mutating func take(_ line: String) throws(SMTPSyntaxError) -> SMTPReply? {
        let digits = line.utf8.prefix(3)
        guard digits.count == 3, digits.allSatisfy(\.isDigit), let number = Int(line.prefix(3)),
            code == nil || code == number, lines.count < Self.lineLimit
        else {
            throw SMTPSyntaxError(line: line)
        }
        let rest = line.dropFirst(3)
        guard rest.isEmpty || rest.first == " " || rest.first == "-" else { throw SMTPSyntaxError(line: line) }
        code = number
        lines.append(String(rest.dropFirst()))
        guard rest.first != "-" else { return nil }
        defer { self = SMTPReplyParser() }
        return SMTPReply(code: number, lines: lines)
    }
}

/// A line that is no part of an SMTP answer.
struct SMTPSyntaxError: Error, Equatable {
    let line: String
}

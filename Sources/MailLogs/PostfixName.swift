/// The name by which Postfix's programs log (postconf(5), syslog_name).
struct PostfixName: Sendable, Equatable, ExpressibleByStringLiteral {
    /// Lines by one of these are Postfix's; `nil` where any name will do.
    private let names: [String]?

    private init(names: [String]?) {
        self.names = names
    }

    init(_ name: String) {
        self.init(names: [name])
    }

    init(stringLiteral name: String) {
        self.init(name)
    }

    /// Whatever the name is, or was when the line was written.
    static let any = PostfixName(names: nil)

    /// This name, and one that programs logged by before, and may for as long as they live.
    func or(_ former: PostfixName) -> PostfixName {
        guard let names, let others = former.names else { return .any }
        return PostfixName(names: names + others.filter { !names.contains($0) })
    }

    /// The program that logs by a tag, such as `smtpd` for `postfix/smtpd`; `nil` for programs of others. A service may have a
    /// name of its own after Postfix's, as `postfix/submission/smtpd` or `postfix-out/smtp`.
    func program(of tag: Substring) -> Substring? {
        guard let slash = tag.utf8.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        let program = tag[tag.utf8.index(after: slash)...]
        guard !program.isEmpty, slash != tag.startIndex else { return nil }
        guard let names else { return Self.programs.contains(program) ? program : nil }
        // The agent's own services are called `postfix/...`, whatever Postfix's name is.
        let isPostfixs = tag.begins(with: "postfix/") || names.contains { tag[...slash].begins(with: $0) }
        return isPostfixs ? program : nil
    }

    /// The programs whose lines tell something of a message.
    private static let programs: Set<Substring> = [
        "bounce", "cleanup", "defer", "discard", "error", "lmtp", "local", "nqmgr", "oqmgr", "pickup", "pipe",
        "postscreen", "postsuper", "qmgr", "qmqpd", "smtp", "smtpd", "trace", "virtual",
    ]
}

import FoundationEssentials
package import Vocabulary

extension SMTPSession {
    /// Logs in (RFC 4954) by PLAIN, or by LOGIN where that alone is offered: the two that Postfix uses here.
    ///
    /// - Throws: `SMTPFailure`, in which neither the user nor the password is.
    package mutating func logIn(_ user: UserName, _ password: Secret) async throws {
        let offered = offers.first { $0.uppercased().hasPrefix("AUTH ") }.map { $0.uppercased().split(separator: " ") }
        let reply: SMTPReply
        if offered?.contains("PLAIN") == true {
            reply = try await say("AUTH PLAIN \(Self.base64("\0\(user)\0\(password.value)"))")
        } else if offered?.contains("LOGIN") == true {
            var answer = try await say("AUTH LOGIN")
            for word in ["\(user)", password.value] where answer.code == Self.goOn {
                answer = try await say(Self.base64(word))
            }
            reply = answer
        } else {
            let mechanisms = offered?.dropFirst().joined(separator: " ") ?? ""
            throw SMTPFailure(server: server, reason: .noLogin(offered: mechanisms))
        }
        guard reply.isPositive else { throw SMTPFailure(server: server, reason: .loginRefused(reply)) }
    }

    private mutating func say(_ secret: String) async throws -> SMTPReply {
        try await send(secret, shownAs: "the login")
    }

    /// The code that asks for the next word of a login.
    private static let goOn = 334

    private static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
}

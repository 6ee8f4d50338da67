package import Vocabulary

/// A conversation with an SMTP server that broke off, or was not SMTP.
package struct SMTPFailure: Error, Sendable, CustomStringConvertible {
    package enum Reason: Sendable, Equatable {
        /// Nothing listens there.
        case notConnected(String)
        /// The server closed the connection.
        case silent(after: String)
        /// The server kept the connection, and said nothing for too long.
        case timedOut(after: String)
        /// The server's line was no SMTP reply.
        case notSMTP(line: String)
        /// The server said no where it should say yes.
        case refused(command: String, reply: SMTPReply)
        /// TLS failed: as a rule, the certificate is not the server's, or no known authority has signed it.
        case notEncrypted(String)
        /// It takes neither of the ways to log in that Postfix uses here.
        case noLogin(offered: String)
        /// It does not take the user or the password.
        case loginRefused(SMTPReply)
    }

    package let server: SMTPServer
    package let reason: Reason

    package init(server: SMTPServer, reason: Reason) {
        self.server = server
        self.reason = reason
    }

    package var description: String {
        switch reason {
        case .notConnected(let why): "no connection to \(server): \(why)"
        case .silent(let command): "\(server) gave no answer to \(command)"
        case .timedOut(let command): "\(server) gave no answer to \(command) in time"
        case .notSMTP(let line): "\(server) does not speak SMTP: it said '\(line.prefix(80).escapedForDisplay)'"
        case .refused(let command, let reply): "\(server) answered \(command) with '\(reply)'"
        case .notEncrypted(let why): "no TLS with \(server): \(why.prefix(200).escapedForDisplay)"
        case .noLogin(let offered):
            "\(server) offers no login by PLAIN or LOGIN (\(offered.isEmpty ? "none at all" : offered.escapedForDisplay))"
        case .loginRefused(let reply): "\(server) answered the login with '\(reply)'"
        }
    }
}

/// The address and port of an SMTP server.
package struct SMTPServer: Sendable, Hashable, CustomStringConvertible {
    package let address: IPAddress
    package let port: UInt16

    package init(_ address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }

    package var description: String {
        address.family == .ipv4 ? "\(address):\(port)" : "[\(address)]:\(port)"
    }
}

/// A host that takes all mail and sends it on: a smarthost, such as Amazon SES.
package struct Upstream: Sendable, Equatable {
    package var host: DomainName
    package var port: UInt16
    /// The login of the node; `nil` where the host knows the node by its address.
    package var login: Login?

    package init(host: DomainName, port: UInt16 = 587, login: Login? = nil) {
        self.host = host
        self.port = port
        self.login = login
    }

    /// A user, and where the password is.
    package struct Login: Sendable, Equatable {
        package var user: UserName
        package var password: Place

        package init(user: UserName, password: Place) {
            self.user = user
            self.password = password
        }
    }

    /// The place of a password.
    package enum Place: Sendable, Hashable {
        /// A file that only root may read, with the password as its one line.
        case file(PlainPath)
        /// A parameter of AWS Systems Manager, as a rule a SecureString.
        case parameter(ParameterName)
    }

    /// The upstream as Postfix writes it.
    package var nexthop: NextHop { NextHop(host: host, port: port) }

    /// Whether TLS begins with the first byte there, without STARTTLS (RFC 8314, section 3.3).
    package var isImplicitTLS: Bool { port == 465 }
}

/// A name that a server knows a user by: printable ASCII, without the colon that ends it in Postfix's table.
package struct UserName: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ text: some StringProtocol) throws(InvalidValue) {
        let allowed = text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ":") }
        guard !text.isEmpty, allowed else {
            throw InvalidValue(text, expected: "a user's name of printable ASCII without blanks and colons")
        }
        self.description = String(text)
    }
}

/// A parameter of AWS Systems Manager, by its name or its ARN (Systems Manager API Reference, GetParameter).
package struct ParameterName: Sendable, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ text: some StringProtocol) throws(InvalidValue) {
        let allowed = text.utf8.allSatisfy { $0.isLetterDigitOrHyphen || "/._:".utf8.contains($0) }
        guard (1...2048).contains(text.utf8.count), allowed else {
            throw InvalidValue(text, expected: "a parameter's name, such as /relay/upstream-password, or its ARN")
        }
        self.description = String(text)
    }
}

/// A text that nothing prints.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    package let value: String

    package init(_ value: String) { self.value = value }

    package var description: String { "(secret)" }
    package var debugDescription: String { description }
}

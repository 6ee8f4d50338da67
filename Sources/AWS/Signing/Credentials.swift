/// Keys that prove to AWS who asks. They print as the key's id alone, never the secret.
package struct Credentials: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible {
    package let accessKeyID: String
    package let secretAccessKey: String
    /// The token of temporary credentials, such as a role's.
    package let sessionToken: String?
    /// When they end, in seconds since 1970; `nil` for keys that do not.
    package let expiration: Double?

    package init(accessKeyID: String, secretAccessKey: String, sessionToken: String?, expiration: Double?) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.expiration = expiration
    }

    package var description: String { "credentials \(accessKeyID)" }
    package var debugDescription: String { description }
}

extension Credentials: CustomReflectable {
    /// `dump` and string interpolation of enclosing values look here, and must not find the secret either.
    package var customMirror: Mirror { Mirror(self, children: ["accessKeyID": accessKeyID]) }
}

/// The source of credentials.
package protocol CredentialSource: Sendable {
    /// Credentials that are good for some minutes at least.
    func credentials() async throws -> Credentials
    /// Makes the next call fetch new credentials, after AWS has refused the present ones.
    ///
    /// - Returns: Whether there can be new ones.
    func invalidate() async -> Bool
}

/// Reads the credentials of the instance's role once.
package protocol RoleCredentialReading: Sendable {
    func roleCredentials() async throws -> Credentials
}

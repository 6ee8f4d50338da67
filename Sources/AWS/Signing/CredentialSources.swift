package import HTTP

/// Keys from `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
package struct EnvironmentCredentials: CredentialSource {
    private let found: Credentials

    /// `nil` where the environment has no keys.
    package init?(_ environment: [String: String]) {
        guard let id = environment["AWS_ACCESS_KEY_ID"], !id.isEmpty,
            let secret = environment["AWS_SECRET_ACCESS_KEY"], !secret.isEmpty
        else { return nil }
        let token = environment["AWS_SESSION_TOKEN"].flatMap { $0.isEmpty ? nil : $0 }
        self.found = Credentials(accessKeyID: id, secretAccessKey: secret, sessionToken: token, expiration: nil)
    }

    package func credentials() -> Credentials { found }

    package func invalidate() -> Bool { false }
}

/// The credentials of the instance's role, kept until shortly before they end.
///
/// A failed fetch is not remembered: the next call tries again.
package actor InstanceRoleCredentials: CredentialSource {
    private let reader: any RoleCredentialReading
    private let time: TimeSource
    private var current: Credentials?
    /// Whether AWS has refused those at hand.
    private var isRefused = false

    /// Seconds: AWS has new credentials at hand five minutes before the old ones end.
    private static let margin: Double = 300

    package init(reader: any RoleCredentialReading, time: TimeSource = .system) {
        self.reader = reader
        self.time = time
    }

    package func credentials() async throws -> Credentials {
        if let current, !isRefused, isGood(current, for: Self.margin) { return current }
        do {
            let fresh = try await reader.roleCredentials()
            current = fresh
            isRefused = false
            return fresh
        } catch {
            // Metadata may be away for a moment while the credentials at hand still count.
            if let current, isGood(current, for: 0) { return current }
            throw error
        }
    }

    package func invalidate() -> Bool {
        isRefused = true
        return true
    }

    private func isGood(_ credentials: Credentials, for seconds: Double) -> Bool {
        guard let end = credentials.expiration else { return true }
        return time.secondsSinceEpoch() < end - seconds
    }
}

import AWS

/// Whether the smarthost's password can be read where the settings say that it is.
///
/// The passes read a parameter only now and then, and Postfix keeps the password that it has, so a fault of the
/// parameter would show only on the next new node.
struct PasswordExamination: Examination {
    let name = "smarthost's password"
    /// Reads it, and throws why it can't be read; `nil` where there is none.
    let read: (@Sendable () async throws -> Void)?

    func findings() async -> [Finding] {
        do {
            try await read?()
            return []
        } catch {
            return [Self.judge(error)]
        }
    }

    static func judge(_ error: any Error) -> Finding {
        let fix = (error as? AWSFailure)?.cureOfDenial
        return Finding(.passwordUnreadable, seen: "\(error)", fix: fix)
    }
}

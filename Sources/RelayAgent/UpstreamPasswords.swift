import AgentLog
import Host
import RelayNode
import Resources
import Vocabulary

/// The smarthost's password, wherever it is.
struct UpstreamPasswords: Sendable {
    let files: FileSystem
    let log: StepLog
    private let reads = ParameterReads()

    init(files: FileSystem, log: StepLog) {
        self.files = files
        self.log = log
    }

    /// The smarthost's password; `nil` where there is none to know, or where Postfix goes on with the one that it has.
    func password(_ situation: Situation, _ request: PassRequest) async throws -> Secret? {
        let settings = situation.settings
        guard let login = settings.mail.upstream?.login else { return nil }
        let canWait = try PostfixService.hasWorked(with: .passwords, files: files)
        do {
            switch login.password {
            case .file(let path): return try UpstreamPassword(files: files).read(path)
            case .parameter(let name):
                let parse = { @Sendable (text: String) in
                    guard let secret = UpstreamPassword.line(of: text) else { throw UnusableParameter(name: name) }
                    return secret
                }
                let parameters = situation.account.ssm
                guard canWait else { return try await reads.read(name, from: parameters, parse: parse) }
                return try await reads.readAgain(
                    name,
                    from: parameters,
                    scope: request.scope,
                    interval: settings.reconcile.interval,
                    parse: parse
                )
            }
        } catch  where canWait {
            // A slip in a rotation leaves the relay at work, and all else in its place.
            log.warning("postfix", "\(error)")
            return nil
        } catch {
            throw StepFailure(step: "settings", cause: error)
        }
    }
}

/// The parameter's value can't be a password.
struct UnusableParameter: Error, CustomStringConvertible {
    let name: ParameterName

    var description: String {
        "mail.upstream.password_parameter: \(name) must hold one line of text"
    }
}

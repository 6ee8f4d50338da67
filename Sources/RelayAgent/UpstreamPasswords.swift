import AWS
import AgentLog
import Host
import RelayNode
import Resources
import Synchronization
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
                let isDue = request.scope == .everything && reads.isDue(name, every: settings.reconcile.interval * 5)
                guard canWait else { return try await parameter(name, situation.account) }
                // Postfix has one to go on with, and the rest of the host does not wait for long.
                return isDue ? try await within(.seconds(10)) { try await parameter(name, situation.account) } : nil
            }
        } catch  where canWait {
            // A slip in a rotation leaves the relay at work, and all else in its place.
            log.warning("postfix", "\(error)")
            return nil
        } catch {
            throw StepFailure(step: "settings", cause: error)
        }
    }

    private func parameter(_ name: ParameterName, _ account: AWSAccount) async throws -> Secret {
        do {
            let value = try await account.ssm.parameter(name).value
            guard let secret = UpstreamPassword.line(of: value) else { throw UnusableParameter(name: name) }
            return secret
        } catch {
            reads.failed(name)
            throw error
        }
    }
}

/// When parameters were read last, so that not every pass of a fleet asks for them.
final class ParameterReads: Sendable {
    private let last = Mutex<[ParameterName: ContinuousClock.Instant]>([:])

    /// Whether it is time to read a parameter; if so, it counts as read.
    func isDue(_ name: ParameterName, every interval: Duration, at now: ContinuousClock.Instant = .now) -> Bool {
        last.withLock { last in
            if let before = last[name], now < before + interval { return false }
            last[name] = now
            return true
        }
    }

    /// It could not be read, and is due at the next chance.
    func failed(_ name: ParameterName) { last.withLock { $0[name] = nil } }
}

/// The parameter's value can't be a password.
struct UnusableParameter: Error, CustomStringConvertible {
    let name: ParameterName

    var description: String {
        "mail.upstream.password_parameter: \(name) must hold one line of text"
    }
}
